"""scalewidgets.testing and Lab.snapshot: what course maintainers hold their notebooks to."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import nbformat
import numpy as np
import pytest
import traitlets

import scalewidgets as sw
from scalewidgets.testing import UPDATE, assert_snapshot, differences, sanitize_path
from scalewidgets.widgets.formats import format_value
from scalewidgets.widgets.vocabulary import (
    Axis,
    Bars,
    Choice,
    Curve,
    Group,
    Marker,
    Page,
    Plot,
    Points,
    Readout,
    Rule,
    Slider,
    Solve,
    Span,
    Table,
    Toggle,
    Trace,
)


class Ball(sw.Lab):
    """A lab of one's own with all that a snapshot must tell: s = v t + a t**2 / 2."""

    asks: ClassVar[tuple[str, ...]] = ("v",)

    v = traitlets.Float(2.0).tag(sync=True)
    t = traitlets.Float(3.0).tag(sync=True)
    planet = traitlets.Unicode("moon").tag(sync=True)
    more = traitlets.Bool(False).tag(sync=True)
    out = traitlets.List(traitlets.Int()).tag(sync=True)

    def page(self) -> Page:
        rows = {"row_t": "rows_t"}
        marks = [
            Curve("t", "s", "path", "law"),
            Marker("t", "s", "path", "hand", drag="t"),
            Points(rows, "row_t", "row_s", "measured", excluded="out"),
            Rule("y", "v", ""),
            Span("t", 9.0, "later"),
            Trace("rows_t", "rows_e", "traced", "law"),
            Curve("t", "v", "hidden", "law", visible="more"),
        ]
        bars = Bars({"row_t": "rows_t", "row": "rows"}, "row_t", "t", "row", "spread", "law")
        return Page(
            title="Ball",
            groups=[
                Group(
                    "g",
                    [
                        Slider("t", "time", (1.0, 16.0)),
                        Choice("planet", "Planet", {"earth": "Earth", "moon": "Moon"}),
                        Toggle("more", "More"),
                    ],
                )
            ],
            plots=[
                Plot("p", "Way", Axis("t", "linear"), Axis("s", "linear"), marks),
                Plot("q", "Alone", Axis("t"), Axis("s"), [Curve("t", "s", "path", "law")]),
                Plot("b", "Spread", Axis("t"), Axis("", names="rows_name"), [bars]),
            ],
            tables=[
                Table(
                    "Now",
                    [
                        Readout("Way", "s", ".2f", "m", interval=True),
                        Readout("Time left", "never"),
                        Readout("Hidden", "s", visible="more"),
                    ],
                ),
                Table("None", [Readout("Hidden", "s", visible="more")]),
            ],
            formulas={
                "s": "v*t + a*t**2/2",
                "a": "where(planet > 0.5, g/6, g)",
                "row_s": "v*row_t + a*row_t**2/2",
                "never": "log(0 - t)",
            },
            draws=[{"cell": "g", "array": "draws_g", "centre": "g_at", "positive": True}],
            asks=self.asks,
        )

    def facts_now(self) -> Mapping[str, Any]:
        return {
            "g": 9.6,
            "g_at": 9.6,
            "rows_t": np.array([1.0, 2.0, 4.0]),
            "rows_e": np.array([1.0, np.nan, 3.0]),
            "rows": np.arange(3.0),
            "rows_name": ["one", "two", "three"],
        }

    async def facts_later(self) -> AsyncIterator[Mapping[str, Any]]:
        await asyncio.sleep(0.01)
        yield {"draws_g": np.linspace(9.0, 10.2, 101)}

    def status(self) -> tuple[str, str]:
        return "note", f"thrown at {self.v:g} m/s"


# --- what a snapshot says ---------------------------------------------------------------------


def test_a_snapshot_says_what_is_on_the_screen() -> None:
    found = Ball(out=[1]).snapshot()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert {k: found[k] for k in ("lab", "title", "status", "inputs")} == {
        "lab": "Ball",
        "title": "Ball",
        "status": {"level": "note", "text": "thrown at 2 m/s"},
        "inputs": {"more": False, "out": [1], "planet": "moon", "t": 3.0, "v": 2.0},
    }
    # 2 * 3 + 1.6 * 9 / 2; 95 % of g lie between 9.03 and 10.17
    way = {"value": 13.2, "text": "13.20 m", "interval": [12.7725, 13.6275]}
    assert found["readouts"] == {"Now": {"Way": way, "Time left": {"value": None, "text": "–"}}}
    assert found["plots"]["Alone"] == {
        "path": [[1.0, 2.8], [2.0, 7.2], [4.0, 20.8], [8.0, 67.2], [16.0, 236.8]]
    }
    # 0.15 is the room that an axis leaves beside runs from 1 to 4
    curve = [[t, pytest.approx(2 * t + 0.8 * t * t)] for t in (0.85, 1.675, 2.5, 3.325, 4.15)]
    assert found["plots"]["Way"] == {
        "path": curve,
        "path marker s": [3.0, 13.2],
        "measured": {"count": 3, "left_out": 1, "middle": [2.0, 7.2]},
        "rule v": 2.0,
        "later": [3.0, 9.0],
        "traced": [[1.0, 1.0], [2.0, None], [4.0, 3.0]],
    }
    assert found["plots"]["Spread"] == {
        "spread": {"one": [1.0, 3.0], "two": [2.0, 3.0], "three": [4.0, 3.0]}
    }


def test_a_table_holds_the_numbers_on_the_screen() -> None:
    lab = Ball()
    assert lab.table.columns == ["table", "quantity", "value", "low", "high"]
    way, left = lab.table.rows()
    assert way == ("Now", "Way", *(pytest.approx(x, rel=1e-4) for x in (13.2, 12.7725, 13.6275)))
    assert left == ("Now", "Time left", pytest.approx(np.nan, nan_ok=True), None, None)
    lab.more = True  # the same cell, shown without its interval
    assert lab.table.filter(quantity="Hidden").select("low", "high").rows() == [(None, None)] * 2


def test_what_is_set_is_shown() -> None:
    lab = Ball()
    lab.set(planet="earth", t=1.0, more=True)
    found = lab.snapshot()
    assert found["readouts"]["Now"]["Way"]["value"] == 6.8
    assert found["readouts"]["None"]["Hidden"] == {"value": 6.8, "text": "6.8"}
    assert "hidden" in found["plots"]["Way"]


def test_in_a_cell_a_snapshot_waits_for_all_of_the_answer() -> None:
    async def cell() -> tuple[dict[str, Any], dict[str, Any]]:
        lab = Ball()
        assert "draws_g" not in lab.facts["arrays"]
        first = lab.snapshot()
        await asyncio.sleep(0.05)  # the answer that was under way must not come on top
        return first, lab.snapshot()

    first, second = asyncio.run(cell())
    assert first == second == Ball().snapshot()


def test_a_problem_is_told() -> None:
    lab = sw.LawLab("hoffmann2022")
    assert "problem" not in lab.snapshot()
    lab.problem = "no"
    assert lab.snapshot()["problem"] == "no"


# --- the spreadsheet --------------------------------------------------------------------------


@pytest.mark.parametrize("make", [sw.Explorer, sw.Planner])
def test_optima_are_the_librarys(make: type[sw.Explorer] | type[sw.Planner]) -> None:
    lab = make(C=1e22, inference_tokens=1e12)
    sheet = lab.sheet()
    expected = sw.allocate(lab.law, C=1e22, inference_tokens=1e12)
    assert [sheet.get("inference_N"), sheet.get("inference_D")] == pytest.approx(
        [expected.N, expected.D], rel=1e-9
    )
    plain = sw.allocate(lab.law, C=1e22)
    assert sheet.get("chinchilla_N") == pytest.approx(plain.N, rel=1e-12)


def test_tokens_are_what_a_model_of_that_size_needs() -> None:
    sheet = sw.Planner("hoffmann2022").sheet()
    law = sw.law("hoffmann2022")
    sizes = np.array([1e9, 3e10, 1e12])
    tokens = sheet.tabulate("reached_D", "axis_N", sizes)
    loss = float(law.predict(N=sheet.get("chinchilla_N"), D=sheet.get("chinchilla_D")))
    assert np.isnan(tokens[0])  # too small for that loss, however long it is trained
    np.testing.assert_allclose(law.predict(N=sizes[1:], D=tokens[1:]), loss, rtol=1e-12)


def test_intervals_are_those_of_the_plans() -> None:
    lab = sw.Explorer()
    sheet = lab.sheet()
    cells = ["inference_N", "precision_D"]
    expected = [
        lab.plans["inference-aware"].interval("N"),
        lab.plans["precision-aware"].interval("D"),
    ]
    np.testing.assert_allclose(sheet.intervals(cells), expected, rtol=1e-9)


class Circle(Ball):
    """Its formulas read each other."""

    def page(self) -> Page:
        formulas = {"s": "1 + u", "u": "s*t"}
        rows = [Readout("s", "s")]
        return Page("Circle", groups=[], plots=[], tables=[Table("t", rows)], formulas=formulas)


def test_a_circle_is_told() -> None:
    with pytest.raises(ValueError, match="in a circle: s reads u reads s"):
        Circle().snapshot()


def test_a_solve_without_a_goal_is_told() -> None:
    class Aimless(Ball):
        def page(self) -> Page:
            solve = Solve("budget", ["n", "d"], "v", 0.0, 0.0)
            rows = [Readout("n", "n")]
            return Page("x", groups=[], plots=[], tables=[Table("t", rows)], solves=[solve])

    with pytest.raises(ValueError, match="the solve of n, d lacks a goal"):
        Aimless().snapshot()


@pytest.mark.parametrize(
    ("specifier", "value", "text"),
    [  # the right column is what js/src/format.ts writes
        ("quantity", 7.04e10, "70.4B"),
        ("quantity", float("nan"), "–"),
        (".2f", float("inf"), "–"),
        (".0f", 2.5, "3"),
        (".2f", -0.001, "0.00"),
        ("+.2f", -0.001, "−0.00"),
        ("+.2f", 0.5, "+0.50"),
        (".1%", -0.12345, "−12.3%"),
        (".3~r", 0.0000123456, "0.0000123"),
        (".3~r", 123456.0, "123000"),
        (".3g", 7.0, "7.00"),
        (".3~g", 7.0, "7"),
        (".3~g", 0.0, "0"),
        (".3g", 0.0, "0.00"),
        (".4~g", 9.9999999e-7, "0.000001"),
        (".2~g", 1e-7, "1e-7"),
        (".5~g", 1234567.0, "1.2346e+6"),
        ("g", 0.1 + 0.2, "0.300000"),
    ],
)
def test_values_are_written_as_the_browser_writes_them(
    specifier: str, value: float, text: str
) -> None:
    assert format_value(specifier, value) == text


def test_an_unknown_format_is_told() -> None:
    with pytest.raises(ValueError, match="unknown format '2d'"):
        format_value("2d", 1.0)


# --- comparing --------------------------------------------------------------------------------


def test_a_missing_snapshot_is_never_written_unasked(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"there is no snapshot .*--update-lab-snapshots"):
        assert_snapshot(Ball(), tmp_path / "ball.json")
    assert not list(tmp_path.iterdir())


def test_a_changed_lab_is_noticed_by_label(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "new" / "ball.json"
    monkeypatch.setenv(UPDATE, "1")
    assert_snapshot(Ball(), file)
    monkeypatch.delenv(UPDATE)
    before = file.read_text("utf-8")
    assert_snapshot(Ball(), file)
    with pytest.raises(AssertionError) as told:
        assert_snapshot(Ball(t=3.01), file)
    message = str(told.value)
    assert re.search(r"Ball does not show what ball.json says, in \d+ place", message)
    assert "readouts > Now > Way > value: 13.2681, stored 13.2\n" in message
    assert "inputs > t: 3.01, stored 3\n" in message
    assert file.read_text("utf-8") == before
    file.write_text("{", "utf-8")
    with pytest.raises(AssertionError, match="is not JSON"):
        assert_snapshot(Ball(), file)


@pytest.mark.parametrize(
    ("found", "stored", "told"),
    [
        ({"a": 1.0}, {"a": 1.0 + 1e-7}, []),
        ({"a": 1e-13}, {"a": -3e-14}, []),
        ({"a": 1.0}, {"a": 1.001}, ["a: 1, stored 1.001"]),
        ({"a": None}, {"a": 1.0}, ["a: None, stored 1"]),
        ({"a": True}, {"a": 1}, ["a: True, stored 1"]),
        ({"a": [1, 2]}, {"a": [1, 3]}, ["a > 2: 2, stored 3"]),
        ({"a": [1, 2]}, {"a": [1]}, ["a: [1, 2], stored [1]"]),
        ({"a": 1}, {"b": 2}, ["b: gone; it was 2", "a: new; it is 1"]),
        ({"text": "fit 2"}, {"text": "fit 3"}, ["text: 'fit 2', stored 'fit 3'"]),
        ({"value": 1.0, "text": "−1.00e-7 m"}, {"value": 1.0, "text": "9 m"}, []),
        (
            {"value": 1.0, "text": "1 m"},
            {"value": 1.0, "text": "1 s"},
            ["text: '1 m', stored '1 s'"],
        ),
    ],
)
def test_differences(found: Any, stored: Any, told: list[str]) -> None:
    assert differences(found, stored) == told


def test_the_tolerance_can_be_set() -> None:
    assert differences(1.0, 1.001, rel=0.01) == []


# --- pytest and nbval -------------------------------------------------------------------------


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Only the plugins that are named: whether or not ours is installed as an entry point."""
    plugins = (
        "-p",
        "nbval.plugin",
        "-p",
        "scalewidgets.testing.plugin",
        "-p",
        "no:cacheprovider",
        f"--rootdir={folder}",
    )
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-rA", *plugins, *arguments, str(folder)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def notebook(file: Path, *cells: tuple[str, str]) -> None:
    """A notebook of cells, each a source and the text that it once gave."""
    book = nbformat.v4.new_notebook()
    for count, (source, text) in enumerate(cells, start=1):
        cell = nbformat.v4.new_code_cell(source, execution_count=count)
        if text:
            data = {"text/plain": text}
            output = nbformat.v4.new_output("execute_result", data, execution_count=count)
            cell.outputs = [output]
        book.cells.append(cell)
    nbformat.write(book, file)


def sanitized(text: str) -> str:
    """As nbval does it."""
    pairs = re.findall("^regex: (.*)$\n^replace: (.*)$", sanitize_path().read_text("ascii"), re.M)
    for regex, replace in pairs:
        text = re.sub(regex, replace, text)
    return text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<Foo at 0x7f12ab34cd56>", "<Foo at 0x55aa00bb11cc>"),
        ("IPY_MODEL_" + "0a" * 16, "IPY_MODEL_" + "ff" * 16),
        ("id 123e4567-e89b-12d3-a456-426614174000", "id 00000000-e89b-12d3-a456-426614174001"),
        ('<div id="altair-viz-0f3c9a">', '<div id="altair-viz-77aa01-2">'),
        ("/tmp/ipykernel_12/345.py:1: Warning", "/tmp/ipykernel_9/1.py:1: Warning"),
        (" 10%|#   | 1/10 [00:01<00:09, 1.0it/s]", " 50%|##  | 5/10 [00:02<00:02, 2.0it/s]"),
        ("Wall time: 12 ms", "Wall time: 1.3 s"),
        ("1.2 ms ± 3 µs per loop (mean)", "1.9 ms ± 9 µs per loop (mean)"),
        ("0.0012345678901", "0.0012345679999"),
        ("loss 2.3456781 at -1.8171699", "loss 2.3456789 at -1.8171612"),
        ("70.123456 of 123456.78", "70.123499 of 123456.99"),
        ("5.88000000012e+23", "5.88000000034e+23"),
    ],
)
def test_what_passes_on_every_run_is_left_out(one: str, other: str) -> None:
    assert sanitized(one) == sanitized(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("loss=2.1776", "loss=2.1777"),
        ("N=70B", "N=71B"),
        ("0.00123456", "0.00123457"),
        ("123456.7", "123457.7"),
        ("5.88e+23", "5.88e+24"),
        ("12 ms later", "13 ms later"),
        ("fit ok", "fit at a bound"),
        ("version 1.2.3", "version 1.2.4"),
    ],
)
def test_what_counts_is_kept(one: str, other: str) -> None:
    assert sanitized(one) != sanitized(other)


@pytest.mark.slow
def test_the_option_writes_snapshots_anew(tmp_path: Path) -> None:
    (tmp_path / "test_course.py").write_text(
        "from pathlib import Path\n"
        "import scalewidgets as sw\n"
        "from scalewidgets.testing import assert_snapshot\n"
        "def test_planner():\n"
        "    lab = sw.Planner('besiroglu2024', C='1e24 FLOP')\n"
        "    assert_snapshot(lab, Path(__file__).with_name('planner.json'))\n"
    )
    best = sw.allocate(sw.law("besiroglu2024"), C=1e24)
    assert "there is no snapshot" in run_pytest(tmp_path).stdout
    assert run_pytest(tmp_path, "--update-lab-snapshots").returncode == 0
    stored = json.loads((tmp_path / "planner.json").read_text("utf-8"))
    assert stored["readouts"]["Chinchilla"]["Parameters N"]["value"] == float(f"{best.N:.6g}")
    assert run_pytest(tmp_path).returncode == 0


@pytest.mark.slow
def test_a_course_notebook_passes_and_a_changed_number_fails(tmp_path: Path) -> None:
    shown = repr(sw.LawLab("hoffmann2022", at={"N": "70B", "D": "1.4T"}))
    source = "sw.LawLab('hoffmann2022', at={'N': '70B', 'D': '1.4T'})"
    loss = repr(float(sw.law("hoffmann2022").predict(N=7e10, D=1.4e12)))
    passing = "object(), 0.1234567890123"
    first = ("import scalewidgets as sw", "")
    number = ("float(sw.law('hoffmann2022').predict(N=7e10, D=1.4e12))", loss + "77")
    snapshot = (
        "from scalewidgets.testing import assert_snapshot\n"
        "lab = sw.Explorer()\n"
        "assert_snapshot(lab, 'explorer.json')",
        "",
    )
    address = (passing, "(<object at 0x7f0000000010>, 0.1234567999999)")
    notebook(tmp_path / "sound.ipynb", first, (source, shown), number, address, snapshot)
    changed = re.sub(r"\d(?=\)$)", lambda m: str((int(m[0]) + 1) % 10), shown)
    notebook(tmp_path / "changed.ipynb", first, (source, changed))
    nbval = ("--nbval", "--nbval-current-env", "--nbval-sanitize-with", str(sanitize_path()))

    sound = run_pytest(tmp_path, *nbval, "--update-lab-snapshots", "--ignore", "changed.ipynb")
    assert "5 passed" in sound.stdout, sound.stdout
    stored = json.loads((tmp_path / "explorer.json").read_text("utf-8"))
    assert (
        "interval" in stored["readouts"]["Chinchilla"]["Parameters N"]
    )  # the draws were waited for

    both = run_pytest(tmp_path, *nbval).stdout
    assert "1 failed, 6 passed" in both, both
    assert "FAILED changed.ipynb::Cell 1" in both


def test_the_page_about_it_holds(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The samples of docs/validate_in_ci.md run, and name the option and the variable aright."""
    text = (root / "docs" / "validate_in_ci.md").read_text("utf-8")
    samples = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(samples) == 3
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(UPDATE, "1")
    for sample in samples:
        names: dict[str, Any] = {"__file__": str(tmp_path / "test_labs.py")}
        exec(compile(sample, "docs/validate_in_ci.md", "exec"), names)
        for name in (n for n in names if n.startswith("test_")):
            names[name]()
    assert [file.name for file in tmp_path.rglob("*.json")] == ["served.json"]
    assert f"{UPDATE}=1" in text
    assert "--update-lab-snapshots" in text
