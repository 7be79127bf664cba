"""The course: every notebook is run, and its labs stay alive on the page.

The kernel has no data and no network, as the stored outputs of the notebooks assume.
"""

from __future__ import annotations

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

import scalewidgets

from .writing import Pages, toctree

_EMBED = "import scalewidgets as sw\n\nsw.options.embed = True"
_VIEW = "application/vnd.jupyter.widget-view+json"


def write(pages: Pages, notebooks: Path) -> None:
    """Runs each notebook that has changed since it was last run, two at a time."""
    paths = sorted(notebooks.glob("*.ipynb"))
    made_with = _hash(sorted(Path(scalewidgets.__file__).parent.rglob("*.*")))
    with ThreadPoolExecutor(2) as pool:
        texts = list(pool.map(partial(_text, pages, made_with), paths))
    for path, text in zip(paths, texts, strict=True):
        pages.write(f"course/{path.name}", text)
    names = [path.stem for path in paths]
    pages.write("course/index.md", f"# The course\n\n{_ABOUT}\n\n{toctree(names)}")


_ABOUT = (
    "Each notebook takes about 45 minutes: a question, predictions to write down first, a lab to "
    "find out, the explanation with the papers' own numbers, exercises that say what is wrong. "
    "The labs on these pages are alive; exercises and what needs Python want the notebook itself, "
    "in the folder `notebooks`. The pages were made without public data: where a notebook would "
    "load real runs, simulated ones stand in, and the page says so."
)


def _text(pages: Pages, made_with: str, path: Path) -> str:
    """The notebook with its outputs; those of an earlier run where nothing has changed since."""
    stamp = sha256((made_with + path.read_text(encoding="utf-8")).encode()).hexdigest()
    before = pages.keep(f"course/{path.name}")
    if before is not None:
        text = before.read_text(encoding="utf-8")
        if nbformat.reads(text, as_version=4).metadata.get("made_with") == stamp:
            return text
    return _run(path, stamp)


def _run(path: Path, stamp: str) -> str:
    notebook = nbformat.read(path, as_version=4)
    first = nbformat.v4.new_code_cell(_EMBED, metadata={"tags": ["remove-cell"]})
    notebook.cells.insert(0, first)
    with tempfile.TemporaryDirectory() as empty:
        environment = {**os.environ, "SCALEWIDGETS_DATA": empty, "TQDM_DISABLE": "1"}
        client = NotebookClient(
            notebook,
            store_widget_state=False,
            timeout=300,
            resources={"metadata": {"path": str(path.parent)}},
        )
        client.execute(env=environment)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            _live(output.get("data", {}))
    notebook.metadata["made_with"] = stamp
    return str(nbformat.writes(notebook))


def _live(data: dict[str, Any]) -> None:
    """Of a lab's forms the page has use for the live one alone."""
    if data.pop(_VIEW, None) is not None and "text/html" in data:
        data.pop("text/plain", None)


def _hash(files: list[Path]) -> str:
    """What the package is made of: its files, by name and content."""
    found = sha256()
    for file in files:
        if file.suffix != ".pyc":
            found.update(file.name.encode() + file.read_bytes())
    return found.hexdigest()
