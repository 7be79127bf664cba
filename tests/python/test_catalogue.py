"""The catalogue: finding laws, and the check that its authors run on their files."""

import copy
import re
import subprocess
import sys
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from scalewidgets import lawbook
from scalewidgets.lawbook import ConstantSet, LawError, Theory, catalogue, check

FILES = sorted(str(f) for f in (resources.files(lawbook) / "catalogue").iterdir())
NAMES = [Path(f).stem for f in FILES if f.endswith(".toml")]
CORE = [
    "besiroglu2024",
    "hoffmann2022",
    "kaplan2020",
    "kumar2024_precision",
    "muennighoff2023",
    "porian2024",
    "sardana2024",
]

# --- finding laws ---------------------------------------------------------------------------


def test_the_core_laws_are_there() -> None:
    assert set(CORE) <= set(NAMES)


def test_the_table_has_a_row_a_law() -> None:
    table = catalogue.laws()
    assert table.columns == [
        "id", "title", "year", "family", "status", "output", "unit", "equation", "variables",
        "constants", "sets", "reproduced", "disagreeing", "source",
    ]  # fmt: skip
    assert table["id"].n_unique() == table.height >= 200
    row = table.row(by_predicate=pl.col("id") == "kaplan2020.L_N", named=True)
    assert row == {
        "id": "kaplan2020.L_N",
        "title": "Scaling Laws for Neural Language Models",
        "year": 2020,
        "family": "loss surface",
        "status": "reproduced",
        "output": "loss",
        "unit": "nats/token",
        "equation": "(N_c/N)**alpha_N",
        "variables": ["N"],
        "constants": ["N_c", "alpha_N"],
        "sets": ["table5"],
        "reproduced": 1,
        "disagreeing": 0,
        "source": "Kaplan, McCandlish, Henighan, Brown, Chess, Child, Gray, Radford, Wu, Amodei "
        "(2020), arXiv:2001.08361",
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", catalogue.laws()["id"].to_list())
def test_every_set_of_every_law_is_whole(name: str) -> None:
    law = catalogue.law(name)
    if isinstance(law, Theory):
        assert set(law.symbols) == set(law.variables)
        return
    assert next(iter(law.sets), "form only") == law.set_name
    for chosen in law.sets:
        other = catalogue.law(name, constants=chosen)
        assert other.constant_names == law.constant_names
        assert other.variables == law.variables
        assert other.set_name == chosen
        assert not any(value != value for value in other.values.values())


def test_laws_are_found_by_family_status_and_words() -> None:
    assert set(catalogue.laws(family="precision")["family"]) == {"precision"}
    assert set(catalogue.laws(status="form only")["status"]) == {"form only"}
    found = catalogue.laws("sparsity experts", family="architecture")
    assert "abnar2025_sparsity" in found["id"].to_list()
    assert 0 < found.height < catalogue.laws().height
    assert catalogue.laws("no such words anywhere").height == 0
    with pytest.raises(LawError, match=r"no family 'precison'; there are .*precision"):
        catalogue.laws(family="precison")
    with pytest.raises(LawError, match=r"no status 'good'; there are .*reproduced"):
        catalogue.laws(status="good")


def test_a_theory_is_no_closed_form() -> None:
    theories = [n for n in catalogue.laws()["id"] if isinstance(catalogue.law(n), Theory)]
    assert theories
    with pytest.raises(LawError, match="a solver computes it"):
        catalogue.closed_form(theories[0])
    with pytest.raises(LawError, match="is a theory and has no sets of constants"):
        catalogue.law(theories[0], constants="published")


def test_a_paper_alone_is_its_first_law() -> None:
    assert catalogue.law("hoffmann2022") is catalogue.law("hoffmann2022.surface")
    assert catalogue.law("hoffmann2022").id == "hoffmann2022"
    assert catalogue.law("hoffmann2022.N_opt").id == "hoffmann2022.N_opt"


def test_what_a_law_knows() -> None:
    law = catalogue.law("besiroglu2024")
    assert law.values["A"] == 482.01
    assert law.stderr["A"] == 124.58
    assert law.valid["N"] == (57.33e6, 16.18e9)
    assert law.symbols["E"] == "irreducible loss, nats/token"
    assert law.source == "Besiroglu, Erdil, Barnett, You (2024), arXiv:2404.10102"
    assert isinstance(law.sets["notebook"], ConstantSet)
    assert law.sets["huber_1e3_optimum"].status == "computed"
    assert any("482.01/2085.43" in erratum for erratum in law.errata)


@pytest.mark.parametrize(
    ("name", "constants", "message"),
    [
        ("hofmann2022", None, "no law 'hofmann2022'. Did you mean hoffmann2022?"),
        ("zzz", None, "no law 'zzz'. sw.laws() lists them all."),
        ("hofmann2022.L", None, "no law 'hofmann2022.L'. Did you mean hoffmann2022?"),
        ("kumar", None, "no law 'kumar'. Did you mean kumar2024_precision?"),
        ("kaplan2020.N_opp", None, "C_excess. Did you mean 'N_opt'?"),
        ("kaplan2020.zzz", None, "kaplan2020 has no law 'zzz'; it has surface, L_N, L_D"),
        ("hoffmann2022", "round", "no constant set 'round'; there are rounded, tex_unrounded"),
        ("hoffmann2022", "round", "Did you mean 'rounded'?"),
    ],
)
def test_unknown_names_get_hints(name: str, constants: str | None, message: str) -> None:
    with pytest.raises(LawError, match=re.escape(message)):
        catalogue.law(name, constants)


# --- the check of catalogue files -----------------------------------------------------------

GOOD: dict[str, Any] = {
    "title": "A law",
    "authors": "Somebody",
    "year": 2024,
    "arxiv": "2401.00001",
    "family": "loss surface",
    "errata": ["One."],
    "laws": {
        "surface": {
            "equation": "E + A/n_eff**alpha",
            "definitions": {"n_eff": "N*bits/16"},
            "defaults": {"bits": "16"},
            "symbols": {
                "N": "parameters",
                "bits": "bits",
                "n_eff": "effective parameters",
                "E": "floor",
                "A": "coefficient",
                "alpha": "exponent",
            },
            "valid": {"N": [1e6, 1e9]},
            "constants": {
                "published": {
                    "E": 1.8, "A": 480, "alpha": 0.35, "stderr": {"A": 3.0},
                    "where": "Table 1", "status": "seen", "note": "Good.",
                },
                "other": {
                    "E": 1.9, "A": 470, "alpha": 0.34, "where": "Table 2", "status": "recalled",
                },
            },
            "checks": [
                {
                    "constants": "published", "at": {"N": 1e9}, "expect": 2.14, "tol": 0.01,
                    "where": "Table 3", "status": "seen",
                },
                {
                    "constants": "other", "at": {"N": 1e9, "bits": 8, "x": 3},
                    "quantity": "alpha*x*n_eff", "expect": 1, "tol": 1,
                    "where": "Table 3", "status": "derived", "disagrees": "misprint",
                },
            ],
        },
        "form": {
            "equation": "k*C**a",
            "symbols": {"C": "compute", "k": "coefficient", "a": "exponent"},
            "form_only": ["k", "a"],
        },
    },
}  # fmt: skip

SURFACE = "laws.surface"
CHECK = "laws.surface.checks[0]"


def remove(path: str) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        table, key = _at(content, path)
        del table[key]

    return change


def put(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        table, key = _at(content, path)
        table[key] = value

    return change


def _at(content: Any, path: str) -> tuple[Any, Any]:
    """The table or list that holds the last key of a path, and that key."""
    *way, last = (int(key) if key.isdigit() else key for key in path.split("/"))
    for key in way:
        content = content[key]
    return content, last


THEORY = {
    "theory": "perceptron_keep_hard",
    "method": "Solved.",
    "symbols": {"f": "fraction kept"},
    "checks": [{"expect": 1.0, "tol": 0.1, "where": "Fig. 1", "status": "seen"}],
}
S = "laws/surface/"
KINDS_OF_PROBLEMS = [
    (remove("title"), "the key 'title' is missing"),
    (remove("laws"), "the key 'laws' is missing"),
    (put("laws", {}), "laws: must be a table that is not empty"),
    (put("titel", "x"), "unknown key 'titel'. Did you mean 'title'?"),
    (put("year", "2024"), "year: must be a whole number"),
    (put("year", True), "year: must be a whole number"),
    (put("title", ""), "title: must be a text that is not empty"),
    (put("family", "loss surfaces"), "family: 'loss surfaces' is none of loss surface, allocation"),
    (put("errata", [1]), "errata: must hold texts"),
    (put("laws/a.b", GOOD["laws"]["form"]), "laws.a.b: a law's name must be letters, digits and _"),
    (put("laws/surface", 3), f"{SURFACE}: must be a table"),
    (put(S + "notes", "x"), f"{SURFACE}: unknown key 'notes'"),
    (put(S + "family", "x"), f"{SURFACE}.family: 'x' is none of"),
    (remove(S + "equation"), f"{SURFACE}: the key 'equation' is missing"),
    (put(S + "equation", "E + A/N^2"), f"{SURFACE}.equation: equation, column 8: '^' is not part"),
    (put(S + "definitions/n_eff", "N*"), f"{SURFACE}.definitions.n_eff: equation, column 3"),
    (put(S + "definitions/n_eff", 3), f"{SURFACE}.definitions.n_eff: must be a text"),
    (
        put(S + "definitions/n_eff", "n_eff*bits"),
        f"{SURFACE}.definitions: law typed: the definitio",
    ),
    (put(S + "definitions/m", "N*2"), f"{SURFACE}.definitions: nothing uses 'm'"),
    (put(S + "defaults/bits", "1 +"), f"{SURFACE}.defaults.bits: equation, column 4"),
    (put(S + "defaults/bit", "16"), f"{SURFACE}.defaults: not a variable: 'bit'. Did you mean 'bi"),
    (put(S + "defaults/bits", "E"), "defaults.bits: a default may use variables without one, not"),
    (
        put(S + "defaults/N", "bits"),
        "defaults.N: a default may use variables without one, not 'bit",
    ),
    (remove(S + "symbols/A"), f"{SURFACE}.symbols: 'A' is not explained"),
    (remove(S + "symbols/n_eff"), f"{SURFACE}.symbols: 'n_eff' is not explained"),
    (put(S + "symbols/D", "tokens"), f"{SURFACE}.symbols: the equation does not contain 'D'"),
    (put(S + "valid/N", [1e9, 1e6]), f"{SURFACE}.valid.N: must be [lowest, highest]"),
    (put(S + "valid/N", [1e9, float("inf")]), f"{SURFACE}.valid.N: must be [lowest, highest]"),
    (put(S + "valid/N", 1e9), f"{SURFACE}.valid.N: must be [lowest, highest]"),
    (put(S + "valid/E", [1, 2]), f"{SURFACE}.valid: not a variable: 'E'"),
    (put(S + "form_only", ["E"]), f"{SURFACE}: needs either tables [constants.NAME] or form_only"),
    (remove("laws/form/form_only"), "laws.form: needs either tables [constants.NAME] or form_only"),
    (
        put("laws/form/form_only", ["k", "b"]),
        "laws.form: the equation does not contain the constant",
    ),
    (put("laws/form/form_only", [1]), "laws.form.form_only: must hold texts"),
    (put("laws/form/form_only", "k"), "laws.form.form_only: must be a list of names, or a table"),
    (put("laws/form/form_only", {"k": "x", "a": 1}), "laws.form.form_only.k: must be a number"),
    (
        put("laws/form/checks", GOOD["laws"]["surface"]["checks"][1:]),
        "laws.form: needs [[checks]] when it has constants, and none",
    ),
    (remove(S + "checks"), f"{SURFACE}: needs [[checks]] when it has constants"),
    (put(S + "constants/other", 3), f"{SURFACE}.constants.other: must be a table"),
    (remove(S + "constants/other/E"), f"{SURFACE}.constants.other: 'E' is missing"),
    (
        put(S + "constants/other/b", 1.0),
        f"{SURFACE}: the equation does not contain the constant 'b'",
    ),
    (put(S + "constants/other/b", 1.0), f"{SURFACE}.constants.published: 'b' is missing"),
    (put(S + "constants/other/E", "1.8"), f"{SURFACE}.constants.other.E: must be a number"),
    (put(S + "constants/other/E", float("nan")), f"{SURFACE}.constants.other.E: must be a number"),
    (remove(S + "constants/other/where"), f"{SURFACE}.constants.other: the key 'where' is missing"),
    (
        put(S + "constants/other/status", "user"),
        "constants.other.status: 'user' is none of seen, co",
    ),
    (put(S + "constants/published/stderr", {"A": 0}), "published.stderr.A: must be a positive num"),
    (put(S + "constants/published/stderr", {"N": 1}), "published.stderr: not a constant: 'N'"),
    (put(S + "checks/0", 3), f"{CHECK}: must be a table"),
    (put(S + "checks/0/expected", 3), f"{CHECK}: unknown key 'expected'. Did you mean 'expect'?"),
    (remove(S + "checks/0/tol"), f"{CHECK}: the key 'tol' is missing"),
    (put(S + "checks/0/tol", 0.0), f"{CHECK}.tol: must be positive"),
    (put(S + "checks/0/expect", [1, 2]), f"{CHECK}.expect: must be a number"),
    (put(S + "checks/0/status", "sure"), f"{CHECK}.status: 'sure' is none of seen"),
    (put(S + "checks/0/constants", "publ"), f"{CHECK}.constants: must be one of published, other"),
    (put(S + "checks/0/at", {"bits": 4}), f"{CHECK}.at: 'N' is missing (no constant, no default)"),
    (put(S + "checks/0/at/N", "1e9"), f"{CHECK}.at.N: must be a number"),
    (put(S + "checks/0/at/D", 1e9), f"{CHECK}.at: not in use: 'D'"),
    (put(S + "checks/0/at/E", 2.0), f"{CHECK}.at: 'E' is a constant: make a set of its own for it"),
    (
        put(S + "checks/0/quantity", "alpha"),
        f"{SURFACE}.checks: one of them must be of the predict",
    ),
    (put(S + "checks/1/quantity", "alpha*"), f"{SURFACE}.checks[1].quantity: equation, column 7"),
    (put(S + "checks/1/quantity", "y*n_eff"), f"{SURFACE}.checks[1].at: 'y' is missing"),
    (put(S + "checks/1/quantity", "n_eff"), f"{SURFACE}.checks[1].at: not in use: 'x'"),
    (remove(S + "checks/0/constants"), f"{CHECK}.constants: must be one of published, other"),
    (put(S + "checks/0/at/N", [1e9, "x"]), f"{CHECK}.at.N: must be a number or a list of numbers"),
    (put(S + "checks/1/quantity", "N_opt"), f"{SURFACE}.checks[1].at: 'C' is missing"),
    (remove("arxiv"), "needs either arxiv, or venue where it is not there"),
    (put("venue", "ICML"), "needs either arxiv, or venue where it is not there"),
    (put(S + "typical", {"N": [1, 2]}), f"{SURFACE}.typical.N: must be [lowest, where to begin, "),
    (put(S + "typical", {"N": [1, 9, 5]}), f"{SURFACE}.typical.N: must be [lowest, where to beg"),
    (put(S + "typical", {"E": [1, 2, 3]}), f"{SURFACE}.typical: not a variable: 'E'"),
    (put(S + "items", {"N": [1.0]}), f"{SURFACE}.items: law: the items ['N'] must stand in sum("),
    (put(S + "items", {"q": [1.0]}), f"{SURFACE}.items: not a variable: 'q'"),
    (put(S + "items", {"N": True}), f"{SURFACE}.items.N: must be a list of numbers, or a formula"),
    (put(S + "vectors", {"v": ["N", "M"]}), f"{SURFACE}.vectors.v: not a variable: 'M'"),
    (put(S + "mixture", "r"), f"{SURFACE}.mixture: not a vector: 'r'"),
    (put("laws/theory", {"theory": "x"}), "laws.theory: the key 'method' is missing"),
    (
        put("laws/theory", THEORY | {"theory": "x"}),
        "laws.theory: scalewidgets.lawbook.theories has",
    ),
    (put("laws/theory", THEORY | {"equation": "x"}), "laws.theory: unknown key 'equation'"),
]


def test_a_good_file_has_no_problems() -> None:
    assert check.problems(GOOD) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    KINDS_OF_PROBLEMS,
    ids=[f"{i}-{p[:40]}" for i, (_, p) in enumerate(KINDS_OF_PROBLEMS)],
)
def test_a_problem_is_told_with_its_place(
    change: Callable[[dict[str, Any]], None], problem: str
) -> None:
    content = copy.deepcopy(GOOD)
    change(content)
    found = check.problems(content)
    assert any(problem in line for line in found), found
    assert len(found) <= 3, "one slip should not bring a flood"


def test_a_constant_that_no_set_has_is_noticed() -> None:
    """It would pass for a variable; the check of the prediction has no value for it."""
    content = copy.deepcopy(GOOD)
    for table in content["laws"]["surface"]["constants"].values():
        del table["alpha"]
    assert f"{CHECK}.at: 'alpha' is missing (no constant, no default)" in check.problems(content)


@pytest.mark.slow
@pytest.mark.parametrize("file", [f for f in FILES if f.endswith(".toml")], ids=NAMES)
def test_the_files_of_the_catalogue_are_well_formed(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check.main([file]) == 0, capsys.readouterr().out


def test_numbers_that_do_not_come_out_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = next(Path(f) for f in FILES if f.endswith("llama3_2024.toml")).read_text("utf-8")
    wrong = re.sub(r"(?m)^A = 0\.299$", "A = 0.399", good)
    assert wrong != good
    (tmp_path / "wrong.toml").write_text(wrong, encoding="utf-8")
    assert check.main([str(tmp_path / "wrong.toml")]) == 1
    assert "comes out, not" in capsys.readouterr().out


def test_the_example_for_contributors_is_well_formed(root: Path, tmp_path: Path) -> None:
    text = (root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", text, flags=re.DOTALL)
    (tmp_path / "llama2024.toml").write_text(example, encoding="utf-8")
    assert check.main([str(tmp_path / "llama2024.toml")]) == 0


def test_the_folder_holds_nothing_else() -> None:
    assert {Path(f).suffix for f in FILES} == {".toml"}


def test_the_command_prints_problems_and_fails(tmp_path: Path) -> None:
    good = Path(FILES[0]).read_text(encoding="utf-8")
    (tmp_path / "fine.toml").write_text(good, encoding="utf-8")
    (tmp_path / "my-law.toml").write_text(good, encoding="utf-8")
    (tmp_path / "torn.toml").write_text("title = ", encoding="utf-8")
    (tmp_path / "bad.toml").write_text(good.replace("year", "yaer"), encoding="utf-8")
    paths = [str(tmp_path / f"{name}.toml") for name in ("fine", "my-law", "torn", "bad", "none")]
    run = subprocess.run(
        [sys.executable, "-m", "scalewidgets.lawbook.check", *paths], capture_output=True, text=True
    )
    lines = run.stdout.splitlines()
    assert run.returncode == 1, run.stderr
    assert [line.split(":")[0] for line in lines] == [
        "my-law.toml",
        "torn.toml",
        "bad.toml",
        "bad.toml",
        "none.toml",
    ]
    assert lines[2] == "bad.toml: the key 'year' is missing"
    number = good.splitlines().index(next(x for x in good.splitlines() if x.startswith("year"))) + 1
    assert lines[3] == f"bad.toml:{number}: unknown key 'yaer'. Did you mean 'year'?"
    assert "cannot be read" in lines[1]
