"""The catalogue against the notes of facts in ../shared/laws: nothing that was read is missing.

A note and a catalogue file belong together by their arXiv number. What the catalogue leaves out is
listed in ``left_out.toml``, each with the reason or the test in which it stands instead.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from scalewidgets.lawbook import catalogue, findings, paper

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PAPERS: Any = catalogue._files()
LEFT_OUT = tomllib.loads((Path(__file__).parent / "left_out.toml").read_text(encoding="utf-8"))
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:,\d{3})*(?:\.\d+)?(?:[eE][-+]?\d+)?")


def numbers(value: Any) -> Iterator[float]:
    """All numbers in a value, those within texts too."""
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield float(value)
    elif isinstance(value, str):
        yield from (float(found.replace(",", "")) for found in _NUMBER.findall(value))
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from numbers(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from numbers(inner)


@pytest.fixture(scope="module")
def notes(shared: Path) -> dict[str, dict[str, Any]]:
    """The notes by their file's name."""
    return {
        path.stem: tomllib.loads(path.read_text(encoding="utf-8"))
        for path in sorted((shared / "laws").glob("[!_]*.toml"))
    }


def near(value: float, known: Mapping[float, None]) -> bool:
    """Whether a number, or its opposite, is among those known."""
    return any(abs(abs(value) - abs(x)) <= 1e-9 * abs(x) for x in known)


def test_every_paper_has_its_place(notes: dict[str, dict[str, Any]]) -> None:
    placed = {paper(name).get("arxiv") for name in PAPERS}
    told = " ".join(findings()["source"].drop_nulls())
    missing = [n for n, note in notes.items() if note["arxiv"] not in placed]
    assert [n for n in missing if notes[n]["arxiv"] not in told] == []


def test_every_finding_has_its_place(shared: Path) -> None:
    found = tomllib.loads((shared / "laws/_findings.toml").read_text(encoding="utf-8"))["finding"]
    assert {row["title"] for row in found} <= set(findings()["title"])


@pytest.mark.parametrize("name", sorted(PAPERS))
def test_constants_were_read_as_the_notes_have_them(
    notes: dict[str, dict[str, Any]], name: str
) -> None:
    """Each constant that the catalogue calls seen is a number of the notes on that paper."""
    about = paper(name)
    mine = [note for note in notes.values() if note["arxiv"] == about.get("arxiv")]
    if not mine:
        pytest.skip("there are no notes on this paper")
    known = dict.fromkeys(numbers(mine))
    converted = LEFT_OUT.get("converted", {}).get(name, {})
    odd = [
        f"{part}.{set_name}.{key} = {value}"
        for part, entry in about["laws"].items()
        for set_name, table in entry.get("constants", {}).items()
        if table["status"] == "seen"
        for key, value in table.items()
        if isinstance(value, int | float) and not near(value, known)
        if f"{part}.{key}" not in converted and part not in converted
    ]
    assert odd == []


@pytest.fixture(scope="module")
def printed(notes: dict[str, dict[str, Any]]) -> dict[str, dict[float, None]]:
    """By arXiv number: all numbers that the catalogue's checks expect."""
    found: dict[str, dict[float, None]] = defaultdict(dict)
    for name in PAPERS:
        for entry in paper(name)["laws"].values():
            for check in entry.get("checks", ()):
                found[paper(name).get("arxiv", "")][float(check["expect"])] = None
    return found


def test_every_number_that_was_seen_is_checked(
    notes: dict[str, dict[str, Any]], printed: dict[str, dict[float, None]]
) -> None:
    left = {(row["notes"], row["check"]) for row in LEFT_OUT.get("left", ())}
    missing = {
        (name, i): value
        for name, note in notes.items()
        for i, check in enumerate(note["checks"])
        if check.get("status") == "seen" and (name, i) not in left
        for value in numbers(check.get("expect"))
        if not near(value, printed[note["arxiv"]])
    }
    assert missing == {}


def test_what_is_left_out_has_a_reason(root: Path) -> None:
    for row in LEFT_OUT.get("left", ()):
        assert ("why" in row) != ("test" in row), row
        if "test" in row:
            file, _, test = row["test"].partition("::")
            assert f"def {test}(" in (root / "tests" / file).read_text(encoding="utf-8"), row
