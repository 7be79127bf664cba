"""The documentation: its samples run, its links lead somewhere, its words are spelled.

Tests of the built site need `make docs` before them; `make test` sees to it.
"""

from __future__ import annotations

import doctest
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from html.parser import HTMLParser
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import NoReturn
from urllib.parse import unquote, urlsplit

import numpy as np
import polars as pl
import pytest

import scalewidgets as sw
from scalewidgets.lawbook.catalogue import paper

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
RUNNER = DOCS / "sitegen/samples.py"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
WRITTEN = [*PAGES, *(ROOT / name for name in ("CHANGELOG.md", "CONTRIBUTING.md"))]


@pytest.fixture(scope="module")
def sitegen() -> Iterator[Callable[[str], ModuleType]]:
    """Modules of docs/sitegen that need no Sphinx."""
    sys.path.insert(0, str(DOCS / "sitegen"))
    yield import_module
    sys.path.remove(str(DOCS / "sitegen"))


# --- samples ------------------------------------------------------------------------------------


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def run_samples(page: Path, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a page's samples as a person would who copies them: in a process and a folder of their
    own."""
    return subprocess.run(
        [sys.executable, str(RUNNER), str(page)],
        cwd=folder,
        env={**os.environ, "TQDM_DISABLE": "1", **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.slow
@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=name_of)
def test_samples_run_without_data(page: Path, tmp_path: Path) -> None:
    data = tmp_path / "no-data"
    data.mkdir()
    done = run_samples(page, tmp_path, SCALEWIDGETS_DATA=str(data))
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_samples_of_the_readme_run(shared: Path, tmp_path: Path) -> None:
    write_logs(tmp_path / "logs")
    done = run_samples(ROOT / "README.md", tmp_path, SCALEWIDGETS_DATA=str(shared / "data"))
    assert done.returncode == 0, done.stderr


def write_logs(folder: Path) -> None:
    """The training logs of which the README speaks: seven sizes, each trained ever longer."""
    sizes, tokens = 5e7 * 2.0 ** np.arange(7), 2e8 * 1.5 ** np.arange(16)
    N, D = (grid.ravel() for grid in np.meshgrid(sizes, tokens, indexing="ij"))
    loss = sw.law("besiroglu2024").predict(N=N, D=D)
    names = [f"{n:.0e}" for n in N]
    folder.mkdir()
    log = pl.DataFrame({"run_id": names, "N": N, "D": D, "loss": loss})
    log.write_parquet(folder / "first.parquet")


def test_few_samples_are_not_run(sitegen: Callable[[str], ModuleType]) -> None:
    find = sitegen("samples").samples
    found = [sample for page in PAGES for sample in find(page.read_text(encoding="utf-8"))]
    for sample in found:
        compile(sample.code, "sample", "exec")
    left = [sample.not_run for sample in found if sample.not_run]
    assert len(found) > 40
    assert len(left) <= 8, left


PAGE = """# A page

```python
x = 1
print(x)
```

```text
{shown}
```

```python
# Not run in the tests: needs a bucket.
x = 2
```

{more}
"""


def test_the_runner_passes_what_is_right(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE.format(shown="1", more="```python\nassert x == 1\n```"), "utf-8")
    done = run_samples(page, tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("shown", "more", "told"),
    [
        ("2", "", "line 4: the sample prints\n1"),
        ("1", "```python\nassert x == 2\n```", 'page.md", line 18, in <module>'),
        ("1", "```python\nx = = 2\n```", "line 18"),
    ],
)
def test_the_runner_says_where_a_page_is_wrong(
    tmp_path: Path, shown: str, more: str, told: str
) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE.format(shown=shown, more=more), encoding="utf-8")
    done = run_samples(page, tmp_path)
    assert done.returncode == 1
    assert told in done.stderr


def with_examples() -> list[str]:
    """Modules whose docstrings, and so the reference, show examples that can be run."""
    package = Path(sw.__file__).parent
    found = []
    for file in sorted(package.rglob("*.py")):
        lines = file.read_text(encoding="utf-8").splitlines()
        if any(one.lstrip().startswith(">>> ") and "+SKIP" not in one for one in lines):
            found.append(".".join(file.relative_to(package.parent).with_suffix("").parts))
    return found


@pytest.mark.parametrize("module", with_examples())
def test_examples_of_the_reference_come_out(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TQDM_DISABLE", "1")
    found = doctest.testmod(import_module(module), extraglobs={"sw": sw})
    assert found.attempted > 0
    assert found.failed == 0


# --- links in the sources -----------------------------------------------------------------------

_LINK = re.compile(r"\]\(([^)\s]*)\)")
_CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)


@pytest.mark.parametrize("page", WRITTEN, ids=name_of)
def test_links_between_files(page: Path) -> None:
    text = _CODE.sub("", page.read_text(encoding="utf-8"))
    for link in _LINK.findall(text):
        target = urlsplit(link)
        if target.scheme:
            assert_well_formed(link)
        elif target.path and not target.path.startswith("generated/"):
            assert (page.parent / unquote(target.path)).exists(), link


def assert_well_formed(link: str) -> None:
    """Not fetched: an address in the network must be https, or of mail, with nothing odd in it."""
    parts = urlsplit(link)
    assert parts.scheme == "https", link
    assert re.fullmatch(r"([a-z0-9-]+\.)+[a-z]{2,}", parts.netloc), link
    assert not re.search(r"[\s<>\"{}|\\^`]", link), link


# --- the built site -----------------------------------------------------------------------------

FETCHED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}


class Page(HTMLParser):
    """What a page of the site links to, fetches and names."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.ids: set[str] = set()
        self.elements: dict[str, int] = {}
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] = self.elements.get(tag, 0) + 1
        given = dict(attrs)
        self.ids |= {value for value in (given.get("id"), given.get("name")) if value}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"] or "")
        address = given.get(FETCHED.get(tag, ""))
        if address and given.get("rel") not in ("index", "search", "next", "prev"):
            self.fetched.append(address)


@pytest.fixture(scope="module")
def site(unavailable: Callable[[str], NoReturn]) -> Path:
    folder = ROOT / "build/docs/html"
    if not (folder / "index.html").exists():
        unavailable("the site is not built: make docs")
    return folder


@cache
def read(path: Path) -> Page:
    return Page(path)


def pages_of(site: Path) -> list[Path]:
    return [path for path in sorted(site.rglob("*.html")) if "_static" not in path.parts]


@pytest.mark.slow
def test_every_link_of_the_site_leads_somewhere(site: Path) -> None:
    broken = []
    for path in pages_of(site):
        for link in {*read(path).links, *read(path).fetched}:
            parts = urlsplit(link)
            if parts.scheme in ("https", "http"):
                assert_well_formed(link)
            if parts.scheme or link.startswith("data:"):
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            lost = parts.fragment and target.suffix == ".html" and target.exists()
            if not target.exists() or (lost and parts.fragment not in read(target).ids):
                broken.append(f"{path.relative_to(site)}: {link}")
    assert broken == []


@pytest.mark.slow
def test_the_site_fetches_nothing(site: Path) -> None:
    for path in pages_of(site):
        far = [one for one in read(path).fetched if urlsplit(one).scheme not in ("", "data")]
        assert far == [], path
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\(\s*['\"]?(https?:)?//", sheet.read_text("utf-8")), sheet


@pytest.mark.slow
def test_every_law_has_its_equation_and_its_checks(site: Path) -> None:
    table = sw.laws()
    assert table.height > 300
    for name in table["id"].str.split(".").list.first().unique().sort():
        path = site / f"generated/catalogue/{name}.html"
        content, entries = read(path), paper(name)["laws"].values()
        for law in table["id"].to_list():
            if law.partition(".")[0] == name:
                assert f"law-{re.sub('[._]', '-', law).lower()}" in content.ids, law
        assert content.elements.get("math", 0) == sum("equation" in one for one in entries), name
        text = path.read_text(encoding="utf-8")
        wrong = sum("disagrees" in check for one in entries for check in one.get("checks", ()))
        assert text.count("<strong>disagrees</strong>") == wrong, name


@pytest.mark.slow
def test_every_lab_has_a_page_with_the_lab_on_it(site: Path) -> None:
    names = [
        name
        for name in sw.__all__
        if isinstance(found := getattr(sw, name), type)
        and issubclass(found, sw.Lab)
        and found is not sw.Lab
    ]
    assert {"Explorer", "Planner"} <= set(names)
    for name in names:
        text = (site / f"generated/gallery/{name}.html").read_text(encoding="utf-8")
        assert text.count('class="scalewidgets-page"') == 1, name


@pytest.mark.slow
def test_every_public_name_is_in_the_reference(site: Path) -> None:
    ids = {one for path in site.glob("generated/api/*.html") for one in read(path).ids}
    missing = [n for n in sw.__all__ if f"scalewidgets.{n}" not in ids and n != "options"]
    assert missing == []


@pytest.mark.slow
def test_the_course_is_there_and_its_labs_live(site: Path) -> None:
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        text = (site / f"generated/course/{notebook.stem}.html").read_text(encoding="utf-8")
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        shown = [
            output
            for cell in cells
            for output in cell.get("outputs", ())
            if re.match(LABS, "".join(output.get("data", {}).get("text/plain", ())))
        ]
        assert text.count('class="scalewidgets-page"') == len(shown), notebook.name


LABS = r"(Challenge|Explorer|Planner|\w+Lab)\("


# --- spelling -----------------------------------------------------------------------------------


def test_words_are_spelled(unavailable: Callable[[str], NoReturn], tmp_path: Path) -> None:
    if find_spec("codespell_lib") is None:
        unavailable("codespell is not installed: pip install scalewidgets[docs]")
    wrong = tmp_path / "wrong.md"
    wrong.write_text("This is teh only mistake.\n", encoding="utf-8")
    places = [*WRITTEN, DOCS / "sitegen", DOCS / "gallery.toml", ROOT / "notebooks"]
    places += [ROOT / "scalewidgets", ROOT / "benchmarks", wrong]
    command = [sys.executable, "-m", "codespell_lib", "--ignore-words", str(DOCS / "spelling.txt")]
    # pictures in notebooks are no words
    skip = ["--skip", "*.js,*.css,*.png,*.pyc", "--ignore-regex", r'"image/\S+": .*|<svg.*']
    done = subprocess.run(
        [*command, *skip, *map(str, places)], capture_output=True, text=True, timeout=120
    )
    assert done.stdout == f"{wrong}:1: teh ==> the\n"
