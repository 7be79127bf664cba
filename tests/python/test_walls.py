"""Walls that import-linter cannot see: what an import loads, and who knows whom in js/src."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"sympy", "altair", "anywidget", "ipywidgets", "IPython"}


def test_importing_the_package_loads_no_notebook_and_no_charts(tmp_path: Path) -> None:
    code = "import sys, scalewidgets; print(*sys.modules)"
    # Elsewhere than in the root, where the source tree would stand before the installed package.
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "scalewidgets" in loaded
    assert not HEAVY & loaded


def imports(file: Path) -> list[str]:
    """The modules that a TypeScript file imports or re-exports from."""
    return re.findall(r"""(?:\bfrom|\bimport)\s*["']([^"']+)["']""", file.read_text())


def test_the_engine_knows_neither_plots_nor_pages(root: Path) -> None:
    source = root / "js" / "src"
    allowed = {source / "spec", source / "wire"}
    for file in (source / "engine").glob("**/*.ts"):
        for name in imports(file):
            target = (file.parent / name).resolve().with_suffix("")
            within = target.is_relative_to(source / "engine") or target in allowed
            assert within or not name.startswith("."), f"{file.name} imports {name}"


@pytest.mark.parametrize("room", ["engine", "plot", "controls"])
def test_only_the_adapters_know_where_a_lab_lives(root: Path, room: str) -> None:
    files = list((root / "js" / "src" / room).glob("**/*.ts"))
    assert files
    for file in files:
        for name in imports(file):
            assert not re.search(r"anywidget|jupyter|/(widget|page|host)(\.ts)?$", name), (
                f"{file.name} imports {name}"
            )
