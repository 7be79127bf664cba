"""The FitLab without a browser: runs, selection, three approaches, what comes later, its code."""

from typing import Any

import numpy as np
import polars as pl
import pytest
import traitlets

import scalewidgets as sw
from scalewidgets.widgets.fit import facts as fit_facts
from scalewidgets.widgets.fit import lab as fit_lab
from scalewidgets.widgets.wire import unpack

LAW = sw.Law(
    "E + A/N**alpha + B/D**beta",
    constants={"E": 1.8, "A": 480.0, "alpha": 0.35, "B": 2080.0, "beta": 0.37},
    title="mine",
)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few draws and no rest before them: how many there are is not what is tested."""
    monkeypatch.setattr(fit_lab, "DRAWS", 12)
    monkeypatch.setattr(fit_facts, "_CHUNK", 4)
    monkeypatch.setattr(fit_facts, "_VALLEY_POINTS", 7)
    monkeypatch.setattr(fit_lab, "_PAUSE", 0.0)


@pytest.fixture(scope="module")
def runs() -> pl.DataFrame:
    return sw.simulate_isoflop_data(LAW, [1e19, 1e20, 1e21], points=9, noise=0.003, seed=4)


def numbers(lab: sw.FitLab) -> dict[str, float]:
    return dict(zip(lab.facts["names"], unpack(lab.facts["numbers"]), strict=True))


def array(lab: sw.FitLab, name: str) -> np.ndarray:
    return np.asarray(unpack(lab.facts["arrays"][name]))


def at_runs(lab: sw.FitLab, cell: str) -> np.ndarray:
    """What the front end computes for each run."""
    return lab.sheet().rows([cell], lab.spec["refit"]["rows"])[0]


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"off_centre": 0.4, "drift": -0.2, "width": 1.6, "noise": 0.02, "seed": 3},
        {"truth": "asymmetric", "budget_count": 5, "points": 8, "width": 0.5},
        {"nudged": [2.0, 1.05, 7.0, 0.97]},
    ],
)
def test_the_browser_draws_the_very_runs_that_the_kernel_simulates(inputs: dict[str, Any]) -> None:
    lab = sw.FitLab(**inputs)
    assert lab.runs["budget"].n_unique() == lab.budget_count == inputs.get("budget_count", 7)
    for name in ("N", "D", "C", "loss"):
        expected = lab.moved_runs[name].to_numpy()
        assert at_runs(lab, f"run_{name}") == pytest.approx(expected, rel=1e-9), name
    assert at_runs(lab, "residual") == pytest.approx(-lab.fit.residuals, abs=1e-9)


def test_measured_runs_are_shown_as_they_are(runs: pl.DataFrame) -> None:
    lab = sw.FitLab(runs, nudged=[4, 1.1])
    assert lab.dataset == "given"
    assert at_runs(lab, "run_loss") == pytest.approx(lab.moved_runs["loss"].to_numpy())
    assert lab.moved_runs["loss"][4] == pytest.approx(1.1 * runs["loss"][4])
    assert lab.simulation is None
    assert "Truth" not in str(lab.spec["tables"])


def test_both_approaches_are_those_of_the_library(runs: pl.DataFrame) -> None:
    lab = sw.FitLab(runs, excluded=[0, 5], objective="least_squares", curve="cubic")
    weights = np.ones(len(runs))
    weights[[0, 5]] = 0.0
    expected = sw.fit("hoffmann2022", runs, objective="least_squares", weights=weights)
    assert lab.fit.params == pytest.approx(expected.params, rel=1e-6)
    curves = sw.approach_2(runs.filter(pl.Series(weights > 0)), curve="cubic")
    assert lab.isoflop is not None
    assert lab.isoflop.params == pytest.approx(curves.params, rel=1e-9)
    shown = numbers(lab)
    assert shown["a2_a"] == pytest.approx(curves.a_N)
    assert shown["a2_k"] == pytest.approx(curves.k_N)
    assert array(lab, "lowest_N") == pytest.approx(curves.budgets["N_opt"].to_numpy())
    drawn = array(lab, "curve_loss")
    assert np.isnan(drawn).sum() == 3  # a gap behind each of three curves


def test_a_wide_grid_off_centre_biases_approach_2_alone() -> None:
    """Czech et al. 2026: without any noise, on a surface whose exponents differ."""
    lab = sw.FitLab(truth="asymmetric", noise=0.0, width=1.5, objective="least_squares")
    truth = lab.simulation.truth if lab.simulation else LAW
    true = float(truth.N_opt(1e24))
    assert lab.isoflop is not None
    assert abs(float(lab.isoflop.N_opt(1e24)) / true - 1.0) > 0.1
    assert float(lab.fit.N_opt(1e24)) == pytest.approx(true, rel=1e-3)
    lab.truth = "symmetric"
    truth = lab.simulation.truth if lab.simulation else LAW
    assert lab.isoflop is not None
    assert float(lab.isoflop.N_opt(1e24)) == pytest.approx(float(truth.N_opt(1e24)), rel=1e-3)


def test_runs_are_kept_by_a_condition(runs: pl.DataFrame) -> None:
    lab = sw.FitLab(runs)
    lab.keep = "C > 2e19 AND N < 1e11"
    outside = runs.with_row_index().filter((pl.col("C") <= 2e19) | (pl.col("N") >= 1e11))
    assert lab.excluded == outside["index"].to_list()
    assert lab.fit.used == len(runs) - len(outside)
    before = list(lab.excluded)
    for text, mistake in {
        "C >": "parse",
        "params > 3": "there are the columns run, N, D, C, loss, budget",
        "N + D": "no condition",
        "__import__('os')": "",
        "(SELECT 1)": "",
    }.items():
        lab.keep = text
        assert mistake in lab.keep_mistake
        assert lab.keep_mistake
        assert lab.excluded == before
    lab.keep = ""
    assert (lab.keep_mistake, lab.excluded) == ("", [])
    named = sw.FitLab(runs.with_columns(note=pl.format("lr 2e-5, {}", "run")))
    named.keep = "note <> 'lr 2e-5, 3' AND C < 1e30"  # what is in quotes stays as it is
    assert named.excluded == [3]
    lab.keep_only(pl.col("N") > pl.col("N").median())
    assert lab.fit.used == (runs["N"] > runs["N"].median()).sum()


def test_runs_without_budgets_have_no_approach_2() -> None:
    rng = np.random.default_rng(0)
    n, d = 10 ** rng.uniform(7, 10, 60), 10 ** rng.uniform(9, 12, 60)
    table = {"N": n, "D": d, "loss": LAW.predict(N=n, D=d)}
    lab = sw.FitLab(table)
    assert lab.problem == ""
    assert len(array(lab, "valley_x")) == 0  # no scatter to judge by
    assert lab.isoflop is None
    assert numbers(lab)["has_curves"] == 0.0
    level, text = lab.status()
    assert level == "warning"
    assert "No approach 2" in text
    assert lab.fit.params["alpha"] == pytest.approx(0.35, rel=1e-3)


def test_what_takes_time_follows(runs: pl.DataFrame) -> None:
    lab = sw.FitLab(runs)
    assert lab.draws is not None
    assert len(lab.draws.draws) == 12 - lab.draws.failed
    assert len(array(lab, "draws_a2_a")) == len(array(lab, "draws_alpha"))
    assert array(lab, "valley_rise").shape == (49,)
    names = lab.facts["strings"]["strip_name"]
    at = dict(zip(names, array(lab, "strip_k") * 1e24 ** array(lab, "strip_a"), strict=True))
    assert at["Huber, delta 0.001"] == pytest.approx(float(lab.fit.N_opt(1e24)), rel=1e-6)
    raw = sw.fit("hoffmann2022", runs, objective=sw.Objective("least_squares", log=False))
    assert at["least squares on loss"] == pytest.approx(float(raw.N_opt(1e24)), rel=1e-4)
    assert lab.isoflop is not None
    assert at["approach 2, parabola"] == pytest.approx(float(lab.isoflop.N_opt(1e24)))


def test_later_facts_come_a_few_at_a_time(runs: pl.DataFrame) -> None:
    lab = sw.FitLab(runs)
    steps = fit_facts.draw_steps(lab.fit, lab.isoflop, list(lab.fit.params), 12)
    counts = [len(facts["draws_alpha"]) for _, facts in steps]
    assert counts == [4, 8, 12]
    rows = [len(facts["strip_name"]) for facts in fit_facts.strip_steps(lab.fit, 1e24, None)]
    assert rows[:3] == [4, 8, 12]
    before = {"strip_name": ["least squares", "gone"], "strip_k": [1.0, 2.0], "strip_a": [0.5, 0.5]}
    strips = list(fit_facts.strip_steps(lab.fit, 1e24, None, before=before))
    assert strips[0]["strip_name"][4:] == ["gone"]  # until all have come
    assert "gone" not in strips[-1]["strip_name"]


def test_the_code_repeats_what_is_on_the_screen(runs: pl.DataFrame) -> None:
    for lab in (
        sw.FitLab(off_centre=0.3, excluded=[1, 4], nudged=[3, 1.02], objective="lad"),
        sw.FitLab(truth="symmetric", curve="cubic", wheel={"E": 1.7}, held={"E": True}),
        sw.FitLab(runs, excluded=[2], delta=1e-2),
    ):
        text = lab.code.replace("{C}", "1e24").replace("{{", "{").replace("}}", "}")
        names: dict[str, Any] = {"runs": runs}
        exec(text.replace("print(fit.summary())", ""), names)
        assert names["fit"].params == pytest.approx(lab.fit.params, rel=1e-5)
        assert lab.isoflop is not None
        assert names["isoflop"].params == pytest.approx(lab.isoflop.params, rel=1e-9)


def test_a_fit_opens_with_its_own_choices(runs: pl.DataFrame) -> None:
    weights = np.ones(len(runs))
    weights[3] = 0.0
    given = sw.fit(LAW, runs, objective="least_squares", fixed={"E": 1.75}, weights=weights)
    lab = sw.FitLab(given)
    assert lab.fit.params == pytest.approx(given.params, rel=1e-7)
    assert (lab.law_name, lab.objective, lab.excluded) == ("given", "least_squares", [3])
    assert lab.fit.fixed == {"E": 1.75}
    lab.law_name = "hoffmann2022"
    assert lab.fit.fixed == {}


def test_training_curves_give_approach_1(runs: pl.DataFrame) -> None:
    sizes = np.geomspace(1e7, 1e10, 9)
    curves = pl.concat(
        [
            pl.DataFrame({"run": i, "N": n, "D": d, "loss": LAW.predict(N=n, D=d)})
            for i, n in enumerate(sizes)
            for d in [np.geomspace(1e9, 1e12, 40)]
        ]
    )
    lab = sw.FitLab(runs, curves=curves)
    expected = sw.approach_1(curves)
    assert lab.envelope is not None
    assert numbers(lab)["a1_a"] == pytest.approx(expected.a_N)
    assert lab.spec["tables"][0]["label"] == "Approach 1, envelope"


def test_mistakes_keep_the_last_good_picture(runs: pl.DataFrame) -> None:
    lab = sw.FitLab(runs)
    before = dict(lab.facts)
    lab.excluded = list(range(25))
    assert "cannot determine 5 constants" in lab.problem
    assert lab.facts["arrays"] == before["arrays"]
    lab.set(excluded=[], nudged=[99, 1.0])
    assert "none has number 99" in lab.problem
    lab.nudged = [1.0]
    assert "a factor is missing" in lab.problem
    lab.nudged = []
    assert lab.problem == ""
    with pytest.raises(traitlets.TraitError, match="width"):
        lab.width = 9.0
    with pytest.raises(TypeError, match="Did you mean 'off_centre'"):
        sw.FitLab(off_center=0.1)


def test_its_text_is_the_same_from_run_to_run() -> None:
    assert repr(sw.FitLab()) == repr(sw.FitLab())
    assert repr(sw.FitLab()).startswith("FitLab(77 of 77 simulated runs")
