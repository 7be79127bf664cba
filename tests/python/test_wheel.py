"""What ships: the wheel holds everything that it needs, and nothing that it should not."""

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

BUDGET = 112 * 1024  # bytes of lab.js; js/build.mjs has the reason

# Names of XML vocabularies look like addresses, but nothing is ever fetched from them.
NAMESPACES = re.compile(
    r"http://www\.w3\.org/(2000/svg|2000/xmlns/|1998/Math/MathML|1999/xhtml|1999/xlink|XML/1998/namespace)"
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """The wheel that `make test` installed; elsewhere, one built now."""
    folder = root / "dist"
    if os.environ.get("SCALEWIDGETS_TEST_WHEEL") != "1":
        folder = tmp_path_factory.mktemp("dist")
        command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(root)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (file,) = folder.glob("*.whl")
    with zipfile.ZipFile(file) as opened:
        yield opened


def test_it_holds_the_package_and_no_more(wheel: zipfile.ZipFile, root: Path) -> None:
    source = root / "scalewidgets"
    expected = {
        file.relative_to(root).as_posix()
        for file in source.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert held == expected
    assert {
        "scalewidgets/py.typed",
        "scalewidgets/static/lab.js",
        "scalewidgets/static/lab.css",
        "scalewidgets/testing/sanitize.cfg",
    } < held
    for folder in ("lawbook/catalogue", "runs/datasets"):
        assert any(re.fullmatch(rf"scalewidgets/{folder}/\w+\.toml", name) for name in held), folder


def test_pytest_finds_its_plugin(wheel: zipfile.ZipFile) -> None:
    (name,) = (n for n in wheel.namelist() if n.endswith(".dist-info/entry_points.txt"))
    assert "scalewidgets = scalewidgets.testing.plugin" in wheel.read(name).decode()


def test_it_carries_its_licence(wheel: zipfile.ZipFile) -> None:
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in wheel.namelist())


def test_the_bundle_keeps_its_budget(wheel: zipfile.ZipFile) -> None:
    assert wheel.getinfo("scalewidgets/static/lab.js").file_size <= BUDGET


@pytest.mark.parametrize("name", ["lab.js", "lab.css", "loader.js"])
def test_the_bundle_fetches_nothing_and_evaluates_no_text(
    wheel: zipfile.ZipFile, name: str
) -> None:
    text = wheel.read(f"scalewidgets/static/{name}").decode()
    assert re.findall(r"(?:https?:)?//[\w-]+\.\w[^\s\"'`)]*", NAMESPACES.sub("", text)) == []
    found = re.findall(r"\beval\s*\(|\bFunction\s*\(|\bimport\s*\(|@import\b", text)
    # as anywidget does with the loader itself: the text that the lab carries, as a module
    assert found == (["import("] if name == "loader.js" else [])
