"""One answer under every choice: against fits by hand, SciPy's minima and known truths."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.optimize import minimize_scalar

import scalewidgets as sw
from scalewidgets.fitting import Multiverse, Universe, multiverse, universe, visit, workers

TRUTH = {"E": 1.8, "A": 480.0, "alpha": 0.35, "B": 2080.0, "beta": 0.37}
LAW = sw.Law("E + A/N**alpha + B/D**beta", constants=TRUTH, id="truth")
BUDGETS = np.geomspace(6e18, 3e21, 6)
OMEGA = 47491.0
C = 5.88e23
COLUMNS = [
    *("label", "group", "N_opt", "D_opt", "tokens_per_parameter", "a_N", "k_N", "loss", "status"),
    *("runs", "source"),
]


def sweep(noise: float = 0.005, seed: int = 0) -> pl.DataFrame:
    return sw.simulate_isoflop_data(LAW, BUDGETS, 9, noise, seed, width=0.6)


@pytest.fixture(scope="module")
def runs() -> pl.DataFrame:
    return sweep()


@pytest.fixture(scope="module")
def strip(runs: pl.DataFrame) -> Multiverse:
    return multiverse(runs, C=C, embedding=OMEGA)


def row(found: Multiverse, label: str) -> dict[str, Any]:
    return found.table.row(by_predicate=pl.col("label") == label, named=True)


def least(fit: sw.Fit, size: Any, flops: Any) -> tuple[float, float]:
    """N and D of least loss with flops(N) D = C, by SciPy over the table's N."""

    def loss(u: float) -> float:
        n = np.exp(u)
        return float(fit.predict(N=size(n), D=C / flops(n)))

    n = np.exp(minimize_scalar(loss, bounds=(18, 30), method="bounded", options={"xatol": 1e-9}).x)
    return float(n), float(C / flops(n))


# --- the strip ------------------------------------------------------------------------------


def test_on_runs_that_follow_the_law_most_choices_do_not_matter() -> None:
    found = multiverse(sweep(noise=1e-7), C=C).table
    same = found.filter(pl.col("group").is_in(["baseline", "objective", "delta", "runs left out"]))
    assert len(same) >= 13
    np.testing.assert_allclose(same["N_opt"], float(LAW.N_opt(C)), rtol=1e-4)
    np.testing.assert_allclose(same["a_N"], 0.37 / 0.72, rtol=1e-4)


def test_the_table_is_what_front_ends_are_promised(strip: Multiverse) -> None:
    table = strip.table
    assert table.columns == COLUMNS
    assert table.row(0)[:2] == ("Huber on log loss, delta 0.001", "baseline")
    assert set(table["group"]) == {
        *("baseline", "objective", "delta", "runs left out", "size", "compute", "method")
    }
    assert table["label"].is_unique().all()
    assert set(strip.fits) == set(table["label"])
    assert strip.asked == len(table) + len(strip.left_out)
    n, d = table["N_opt"].to_numpy(), table["D_opt"].to_numpy()
    np.testing.assert_allclose(table["tokens_per_parameter"], d / n, rtol=1e-12)
    np.testing.assert_allclose(table["k_N"] * C ** table["a_N"].to_numpy(), n, rtol=1e-9)
    assert strip.spread == (n.min(), n.max())
    assert str(strip).startswith("hoffmann2022 at 5.88e23 FLOPs: N_opt ")


def test_an_objective_is_a_fit_with_it(strip: Multiverse, runs: pl.DataFrame) -> None:
    for label, objective in {
        "least squares on loss": sw.Objective("least_squares", log=False),
        "least absolute deviations on log loss": sw.Objective("lad"),
        "Huber on log loss, delta 0.05": sw.Objective(delta=0.05),
    }.items():
        fit, found = sw.fit("hoffmann2022", runs, objective=objective), row(strip, label)
        assert found["N_opt"] == pytest.approx(float(fit.N_opt(C)), rel=1e-5)
        assert found["D_opt"] == pytest.approx(float(fit.D_opt(C)), rel=1e-5)
        assert found["loss"] == pytest.approx(
            float(fit.predict(N=found["N_opt"], D=found["D_opt"])), rel=1e-6
        )
        p = fit.params
        assert found["a_N"] == pytest.approx(p["beta"] / (p["alpha"] + p["beta"]), rel=1e-5)
        assert found["status"] == fit.status


def test_relative_losses_are_scipys(strip: Multiverse, runs: pl.DataFrame) -> None:
    fit = strip.fits["least squares on relative loss"]
    assert isinstance(fit, sw.Fit)
    loss = runs["loss"].to_numpy()

    def squares(constants: dict[str, float]) -> float:
        law = fit.law.with_constants(**constants)
        return float(np.sum((law.predict(N=runs["N"], D=runs["D"]) / loss - 1.0) ** 2))

    best = squares(fit.params)
    for name, value in fit.params.items():
        for step in (1.0001, 0.9999):
            assert squares({**fit.params, name: value * step}) > best


@pytest.mark.parametrize(
    ("label", "keep"),
    [
        ("5 highest losses", pl.col("loss") < pl.col("loss").top_k(5).min()),
        ("least compute, a tenth", pl.col("C") > 1.001 * BUDGETS[0]),
        ("most compute, a tenth", pl.col("C") < 0.999 * BUDGETS[-1]),
        ("above 100 tokens a parameter", pl.col("D") / pl.col("N") <= 100),
    ],
)
def test_runs_left_out_are_not_there(
    label: str, keep: pl.Expr, strip: Multiverse, runs: pl.DataFrame
) -> None:
    left = runs.filter(keep)
    assert len(left) < len(runs)
    fit = sw.fit("hoffmann2022", left)
    assert row(strip, label)["runs"] == len(left)
    assert row(strip, label)["N_opt"] == pytest.approx(float(fit.N_opt(C)), rel=1e-4)


def test_a_run_that_went_wrong_is_an_outlier(runs: pl.DataFrame) -> None:
    wrong = runs.with_columns(loss=pl.when(pl.col("run") == 20).then(9.0).otherwise("loss"))
    rule = [u for u in universe.usual() if "robust" in u.label]
    found = multiverse(wrong, C=C, universes=rule)
    fit = found.fits["beyond 3.5 robust deviations"]
    assert isinstance(fit, sw.Fit)
    assert fit.weights[20] == 0.0
    assert fit.used >= len(runs) - 3


def test_tied_exponents_and_approach_2(strip: Multiverse, runs: pl.DataFrame) -> None:
    tied = sw.fit("hoffmann2022", runs, tied={"beta": "alpha"})
    assert row(strip, "alpha = beta")["N_opt"] == pytest.approx(float(tied.N_opt(C)), rel=1e-5)
    curves = sw.approach_2(runs)
    found = row(strip, "approach 2, parabola")
    assert (found["N_opt"], found["a_N"]) == (float(curves.N_opt(C)), curves.a_N)
    assert found["loss"] is None
    assert found["status"] == "ok"


def test_weights_and_other_options_are_those_of_the_baseline(runs: pl.DataFrame) -> None:
    keep = np.arange(len(runs)) % 4 > 0
    few = multiverse(runs.filter(keep), C=C, fixed={"E": 1.8}).table
    weighted = multiverse(runs, C=C, weights=keep, fixed={"E": 1.8})
    assert weighted.table["label"].to_list() == few["label"].to_list()
    np.testing.assert_allclose(weighted.table["N_opt"], few["N_opt"], rtol=1e-4)
    fit = sw.fit("hoffmann2022", runs, weights=keep, fixed={"E": 1.8})
    assert multiverse(fit, C=C).table.equals(weighted.table)


def test_what_is_the_baseline_is_not_listed_again(runs: pl.DataFrame) -> None:
    labels = multiverse(runs, C=C, objective="lad").table["label"].to_list()
    assert labels[0] == "least absolute deviations on log loss"
    assert labels.count(labels[0]) == 1
    assert "Huber on log loss, delta 0.001" in labels


# --- counts ---------------------------------------------------------------------------------


def test_sizes_without_embeddings(strip: Multiverse, runs: pl.DataFrame) -> None:
    """N = M + omega M^(1/3) by the polynomial's root; the optimum by SciPy over M."""

    def others(n: float) -> float:
        x = np.roots([1.0, 0.0, OMEGA, -n])
        return float(x[np.abs(x.imag) < 1e-9 * np.abs(x)].real[0] ** 3)

    small = runs.with_columns(N=pl.Series([others(n) for n in runs["N"]]))
    fit = sw.fit("hoffmann2022", small)
    full = sw.fit("hoffmann2022", runs)
    for label, used, size, flops in [
        ("N without embeddings", fit, others, lambda n: 6 * n),
        ("N and C without embeddings", fit, others, lambda n: 6 * others(n)),
        ("C without embeddings", full, lambda n: n, lambda n: 6 * others(n)),
    ]:
        n, d = least(used, size, flops)
        found = row(strip, label)
        assert found["N_opt"] == pytest.approx(n, rel=1e-4)
        assert found["D_opt"] == pytest.approx(d, rel=1e-4)


def test_a_column_of_embeddings_is_found_by_itself(runs: pl.DataFrame) -> None:
    """The law holds for N without embeddings; with them counted the fit is another."""
    widths = np.cbrt(runs["N"].to_numpy())
    total = runs.with_columns(N=pl.col("N") + OMEGA * widths, N_embedding=OMEGA * widths)
    found = multiverse(total, C=C)
    fit = found.fits["N without embeddings"]
    assert isinstance(fit, sw.Fit)
    np.testing.assert_allclose(fit.problem.columns["N"], runs["N"], rtol=1e-9)
    other = multiverse(
        runs.with_columns(vocabulary=OMEGA * widths), C=C, embedding="vocabulary", included=False
    )
    with_them = other.fits["N with embeddings"]
    assert isinstance(with_them, sw.Fit)
    assert with_them.params == pytest.approx(sw.fit("hoffmann2022", total).params, rel=1e-4)


def test_a_counted_c_moves_the_budget() -> None:
    """FLOPs 6ND (1.02 + 90 N^(-1/3)), as attention costs; the optimum by SciPy."""

    def flops(n: Any) -> Any:
        return 6 * n * (1.02 + 90 / n ** (1 / 3))

    runs = sweep()
    counted = runs.with_columns(C=flops(pl.col("N")) * pl.col("D"))
    n, d = least(sw.fit("hoffmann2022", runs), lambda n: n, flops)
    found = row(multiverse(counted, C=C), "C as the table counts it")
    assert found["N_opt"] == pytest.approx(n, rel=1e-5)
    assert found["D_opt"] == pytest.approx(d, rel=1e-5)


def test_a_law_of_another_form_has_its_exponent_at_c(runs: pl.DataFrame) -> None:
    found = multiverse(runs, "kaplan2020", C=1e21)
    fit = found.baseline
    first = found.table.row(0, named=True)
    up, down = (float(fit.N_opt(1e21 * f)) for f in (1.1, 1 / 1.1))
    assert first["a_N"] == pytest.approx(np.log(up / down) / (2 * np.log(1.1)), rel=1e-3)
    assert first["N_opt"] == pytest.approx(float(fit.N_opt(1e21)), rel=1e-9)


# --- what is left out, and what is refused --------------------------------------------------


def test_what_a_table_cannot_tell_is_said(runs: pl.DataFrame) -> None:
    cloud = runs.drop("budget").with_columns(
        C=pl.col("C") * np.random.default_rng(1).uniform(0.5, 2.0, len(runs))
    )
    found = multiverse(cloud.head(40), "kaplan2020", C=1e21)
    out = found.left_out
    assert "give embedding=" in out["N without embeddings"]
    assert "no function of N" in out["C as the table counts it"]
    assert "no two exponents" in out["alpha = beta"]
    assert "budgets" in out["approach 2, parabola"]
    assert "6ND to 1%" in multiverse(runs, C=C).left_out["C as the table counts it"]
    one = multiverse(runs, C=C, universes=[universe.RUNS_LEFT_OUT[5]])
    assert "no run is left out" in one.left_out["below 1 token a parameter"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"C": -1.0}, "C must be a number of FLOPs from 1 to 1e.300, not -1.0"),
        ({"C": 1.7e308}, "C must be a number of FLOPs from 1 to 1e.300, not 1.7e.308"),
        ({"C": "1e23"}, "C must be a number, not '1e23'"),
        ({"C": C, "embedding": "width"}, "'width' is no column of numbers; there are run, N"),
        ({"C": C, "embedding": -3.0}, "a column or a positive omega, not -3.0"),
        ({"C": C, "embedding": "D"}, "'D' exceeds N in"),
        ({"C": C, "universes": universe.DELTAS * 2}, "two universes are called Huber on log loss"),
    ],
)
def test_what_is_refused(runs: pl.DataFrame, options: dict[str, Any], message: str) -> None:
    with pytest.raises(sw.FitError, match=message):
        multiverse(runs, **options)


def test_a_law_without_n_and_d_is_refused(runs: pl.DataFrame) -> None:
    law = sw.Law("E + A/C**a", constants={"E": 1.8, "A": 480.0, "a": 0.15})
    with pytest.raises(sw.FitError, match="no loss over N and D"):
        multiverse(runs, law, C=C)
    with pytest.raises(sw.FitError, match="the fit has its own delta"):
        multiverse(sw.fit("hoffmann2022", runs), C=C, delta=1e-4)


# --- every combination ----------------------------------------------------------------------


def test_all_combinations_of_choices(runs: pl.DataFrame) -> None:
    chosen = [
        *universe.OBJECTIVES[3:],  # raw and relative squares, which leave no run out
        *universe.RUNS_LEFT_OUT[0:3:2],
        universe.METHODS[0],
        universe.METHODS[1],  # approach 2 stands alone
    ]
    found = multiverse(runs, C=C, universes=chosen, full=True)
    several = found.table.filter(pl.col("group") == "several")
    assert len(several) == 3 * 3 * 2 - 1 - (2 + 2 + 1)
    label = "least squares on relative loss; 5 highest losses; alpha = beta"
    kept = runs.filter(pl.col("loss") < pl.col("loss").top_k(5).min())
    by_hand = sw.fit(
        "hoffmann2022",
        kept,
        objective=sw.Objective("least_squares", log=False),
        weights=kept["loss"] ** -2,
        tied={"beta": "alpha"},
    )
    assert row(found, label)["N_opt"] == pytest.approx(float(by_hand.N_opt(C)), rel=1e-5)


# --- long work ------------------------------------------------------------------------------

FEW = (*universe.OBJECTIVES[1:], *universe.RUNS_LEFT_OUT[:4], universe.METHODS[1])


def test_threads_give_the_same_and_what_is_lost_is_solved_here(
    runs: pl.DataFrame, faulty: Any
) -> None:
    here = multiverse(runs, C=C, universes=FEW).table
    for count in (1, 3):
        with ThreadPoolExecutor(count) as pool:
            assert multiverse(runs, C=C, universes=FEW, executor=pool).table.equals(here)
    with pytest.warns(UserWarning, match="multiverse: 3 of 10 universes were lost by the executor"):
        assert multiverse(runs, C=C, universes=FEW, executor=faulty(3)).table.equals(here)


@pytest.mark.slow
def test_processes_give_the_same(runs: pl.DataFrame) -> None:
    here = multiverse(runs, C=C, universes=FEW)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        there = multiverse(runs, C=C, universes=FEW, executor=pool)
    assert there.table.equals(here.table)
    assert there.left_out == here.left_out


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_worker_of_dask_is_killed(runs: pl.DataFrame, client: Any, meddling: Any) -> None:
    here = multiverse(runs, C=C, universes=FEW).table
    executor = client.get_executor()
    assert multiverse(runs, C=C, universes=FEW, executor=executor).table.equals(here)
    victim = next(iter(client.run(os.getpid).values()))
    deadly = meddling(executor, lambda: os.kill(victim, signal.SIGKILL))
    assert multiverse(runs, C=C, universes=FEW, executor=deadly).table.equals(here)


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Ctrl-C at the fourth universe."""
    real, calls = visit._by_law, iter(range(100))

    def stopping(*args: Any) -> Any:
        if next(calls) == 3:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(visit, "_by_law", stopping)
    return


@pytest.mark.usefixtures("interrupted")
def test_an_interrupt_keeps_what_is_done(runs: pl.DataFrame) -> None:
    with pytest.warns(UserWarning, match="multiverse interrupted: 3 of 9 universes kept"):
        found = multiverse(runs, C=C, universes=FEW[:-1])
    assert len(found.table) == 3
    assert found.asked == 9
    assert str(found).endswith("in 3 of 9 universes")


def test_a_bar_shows_after_a_second_only(
    runs: pl.DataFrame, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    multiverse(runs, C=C, universes=FEW[:2])
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(workers, "PATIENCE", 0.0)
    multiverse(runs, C=C, universes=FEW[:2])
    assert "multiverse" in capsys.readouterr().err


def test_universes_of_ones_own(runs: pl.DataFrame) -> None:
    mine = Universe("one budget less", "mine", rules=(universe.least_compute,))
    found = multiverse(runs, C=C, universes=[mine]).table
    assert found["group"].to_list() == ["baseline", "mine"]
