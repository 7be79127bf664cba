"""Runs the notebooks and stores their outputs as a reader without a network sees them.

``python notebooks/store.py [NOTEBOOK ...]`` after a change; without a name, all of them. nbval
holds the stored outputs in `make test`. Widget state and other passing things (model ids, times)
are left out, so that a second run changes nothing.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

_VIEW = "application/vnd.jupyter.widget-view+json"


def store(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, resources={"metadata": {"path": str(path.parent)}}).execute()
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(_VIEW, None)
        if cell.cell_type == "code":
            cell.outputs = _joined(cell.outputs)
    nbformat.write(notebook, path)


def _joined(outputs: list[Any]) -> list[Any]:
    """What a cell printed in one piece: a busy machine sends it in several."""
    found: list[Any] = []
    for output in outputs:
        before = found[-1] if found else {}
        if output.output_type == "stream" and output.get("name") == before.get("name"):
            before["text"] += output["text"]
        else:
            found.append(output)
    return found


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as empty:
        os.environ["SCALEWIDGETS_DATA"] = empty
        os.environ["TQDM_DISABLE"] = "1"  # a bar shows on a slow machine only
        named = [Path(name) for name in sys.argv[1:]]
        for found in named or sorted(Path(__file__).parent.glob("*.ipynb")):
            store(found)
