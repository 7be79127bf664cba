"""The project's own part of its site: generated pages, and equations in MathML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from . import api, catalogue, course, data, gallery, live, mathml
from .writing import Pages


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx for the extension ``sitegen`` of conf.py."""
    mathml.register(app)
    app.connect("builder-inited", _write)
    app.connect("autodoc-process-docstring", api.escape_bars)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _write(app: Sphinx) -> None:
    source = Path(app.srcdir)
    pages = Pages(source / "generated")
    catalogue.write(pages)
    gallery.write(pages)
    api.write(pages)
    data.write(pages)
    live.write(pages, source)
    course.write(pages, source.parent / "notebooks")
    pages.remove_others()
