"""Files of laws and data sets that are wrong: told with file, line, key and what to mend."""

import re
from importlib import resources
from pathlib import Path

import pytest

from scalewidgets.lawbook import check as laws
from scalewidgets.lawbook.places import lines, placed
from scalewidgets.runs import check as sets

TEXT = '''title = "a"  # a comment = none

[laws.x]
equation = "k*C**a"
text = """
[not.a.header]
key = 1
"""

[laws.x.constants."1.5B"]
k = 1

[[laws.x.checks]]
expect = 1
[[laws.x.checks]]
at = { C = 2 }
tol = -1
'''
LAWS = Path(str(resources.files("scalewidgets.lawbook") / "catalogue"))
SETS = Path(str(resources.files("scalewidgets.runs") / "datasets"))


def test_every_key_has_its_line() -> None:
    assert lines(TEXT) == {
        **{"title": 1, "laws.x": 3, "laws.x.equation": 4, "laws.x.text": 5},
        **{"laws.x.constants.1.5B": 10, "laws.x.constants.1.5B.k": 11},
        **{"laws.x.checks": 13, "laws.x.checks[0]": 13, "laws.x.checks[0].expect": 14},
        **{"laws.x.checks[1]": 15, "laws.x.checks[1].at": 16, "laws.x.checks[1].tol": 17},
    }


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        ("laws.x.checks[1].tol: must be positive", "17"),
        ("laws.x.checks[1].at.C: must be a number", "16"),
        ("laws.x.checks[7].at: must be a table", "13"),
        ("laws.x: unknown key 'text'", "5"),
        ("laws.x.symbols: 'k' is not explained", "3"),
        ("unknown key 'title'", "1"),
        ("the key 'year' is missing", ""),
    ],
)
def test_a_problem_stands_behind_its_line(problem: str, line: str) -> None:
    assert placed(problem, lines(TEXT)) == (f"{line}: {problem}" if line else f" {problem}")


@pytest.mark.parametrize("file", sorted(SETS.glob("*.toml")), ids=lambda file: file.stem)
def test_the_files_of_data_sets_are_well_formed(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sets.main([str(file)]) == 0, capsys.readouterr().out


SLIPS = [
    (r"(?m)^commit = .*$", 'commit = "main"', "source.commit: must be a commit of 40 hex digits"),
    (r"(?m)^sha256 = .*$", 'sha256 = "abc"', r"files\[0\].sha256: must be a SHA-256"),
    (r"(?m)^bytes = .*$", 'bytes = "many"', r"files\[0\].bytes: must be a whole number"),
    (r"(?m)^path = ", "paht = ", r"files\[0\]: unknown key 'paht'. Did you mean 'path'"),
    (r"(?m)^N = .*$", 'N = "params +"', "columns.N: is no SQL expression"),
    (r"(?m)^N = .*$", "N = 7", "columns.N: must be a text"),
    (r"(?m)^rows = ", "row = ", "unknown key 'row'. Did you mean 'rows'"),
]


@pytest.mark.parametrize(("pattern", "new", "told"), SLIPS, ids=[slip[2][:30] for slip in SLIPS])
def test_a_slip_in_a_data_set_is_told_with_its_line(
    pattern: str, new: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = re.sub(pattern, new, (SETS / "chinchilla.toml").read_text("utf-8"), count=1)
    file = tmp_path / "wrong.toml"
    file.write_text(text, encoding="utf-8")
    assert sets.main([str(file)]) == 1
    number = next(i for i, line in enumerate(text.splitlines(), 1) if line.startswith(new))
    assert re.search(rf"^wrong\.toml:{number}: {told}", capsys.readouterr().out, re.MULTILINE)


def test_files_of_data_sets_that_are_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "torn.toml").write_text("title = \n", encoding="utf-8")
    assert sets.main([str(tmp_path / "torn.toml"), str(tmp_path / "none.toml")]) == 1
    torn, none = capsys.readouterr().out.splitlines()
    assert re.match(r"torn\.toml: cannot be read: .*line 1", torn)
    assert none.startswith("none.toml: cannot be read")
    assert sets.problems({}) == [
        *(
            f"the key {key!r} is missing"
            for key in ("title", "citation", "licence", "rows", "notes")
        ),
        "needs one of [[files]], [tidied] and [simulate]: where its rows come from",
        *(f"the key {key!r} is missing" for key in ("source", "columns")),
    ]


def test_a_number_that_does_not_come_out_is_told_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (LAWS / "llama3_2024.toml").read_text("utf-8")
    first = text.index("expect = ")
    wrong = re.sub(r"expect = .*", "expect = 1.0", text, count=1)
    (tmp_path / "wrong.toml").write_text(wrong, encoding="utf-8")
    assert laws.main([str(tmp_path / "wrong.toml")]) == 1
    number = text[:first].count("\n") + 1
    header = max(i for i, s in enumerate(text.splitlines()[:number], 1) if s.startswith("[[laws"))
    assert f"wrong.toml:{header}: laws." in capsys.readouterr().out
