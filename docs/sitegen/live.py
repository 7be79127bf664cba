"""Labs within pages written by hand: the page's own samples make them.

A page that holds ``:file: generated/live/PAGE.fragment.html`` shows what its samples call ``lab``.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .samples import run
from .writing import Pages


def write(pages: Pages, docs: Path) -> None:
    """Runs the samples of each page that shows a lab of its own."""
    for page in sorted(docs.glob("*.md")):
        name = f"live/{page.stem}.fragment.html"
        if f":file: generated/{name}" in page.read_text(encoding="utf-8"):
            with _elsewhere():
                lab = run(page)["lab"]
            pages.write(name, lab.to_html())


@contextmanager
def _elsewhere() -> Iterator[None]:
    """A folder for what samples write."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)
