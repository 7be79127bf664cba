"""Residual and clustered resamples, and resamples that others solve."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import norm

import scalewidgets as sw
from scalewidgets.fitting import uncertainty, workers

pytestmark = pytest.mark.slow

TRUTH = {"E": 1.8, "A": 480.0, "alpha": 0.35, "B": 2080.0, "beta": 0.37}
LAW = sw.Law("E + A/N**alpha + B/D**beta", constants=TRUTH)
BUDGETS = np.geomspace(6e18, 3e21, 7)


def sweep(seed: int = 0, points: int = 7, noise: float = 0.005) -> pl.DataFrame:
    return sw.simulate_isoflop_data(LAW, BUDGETS, points, noise, seed, width=0.6)


@pytest.fixture(scope="module")
def fit() -> sw.Fit:
    return sw.fit(LAW, sweep(), objective="least_squares")


# --- residuals ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["huber", "least_squares"])
@pytest.mark.parametrize("log", [True, False])
def test_a_draw_is_a_fit_of_the_losses_made_for_it(kind: Any, log: bool) -> None:
    objective = sw.Objective(kind, log=log)
    fit = sw.fit(LAW, sweep(), objective=objective)
    n = fit.used
    widened = fit.residuals * np.sqrt(n / (n - 5))
    centre = minimize_scalar(lambda m: float(objective.rho(widened - m).sum()) * 1e6, tol=1e-10).x
    u = np.random.default_rng(7).random((3, 2, n))
    drawn = (widened - centre)[np.floor(u[:, 0] * n).astype(int)]
    if kind == "huber":
        width = min(np.std(widened), float(np.subtract(*np.quantile(widened, [0.75, 0.25]))) / 1.34)
        drawn += 0.9 * width * n**-0.2 * norm.ppf(u[:, 1])
    boot = fit.bootstrap(3, seed=7, kind="residual")
    on_law = fit.predict(N=fit.runs["N"], D=fit.runs["D"])
    for row, r in zip(boot.draws.iter_rows(named=True), drawn, strict=True):
        loss = on_law * np.exp(-r) if log else on_law - r
        again = sw.fit(LAW, fit.runs.with_columns(loss=pl.Series(loss)), objective=objective)
        assert row == pytest.approx(again.params, rel=1e-4)


def test_on_a_straight_line_the_scatter_is_the_textbooks() -> None:
    """s^2 (X'X)^-1; 2,000 draws know a standard deviation to 1.6 %."""
    rng = np.random.default_rng(1)
    x = np.linspace(0.0, 3.0, 30)
    loss = 2.0 + 0.5 * x + 0.01 * rng.standard_normal(30)
    runs = pl.DataFrame({"N": [1e9] * 30, "D": [1e10] * 30, "x": x, "loss": loss})
    fit = sw.fit(
        sw.Law("a + b*x", constants={"a": 1.0, "b": 1.0}),
        runs,
        objective=sw.Objective("least_squares", log=False),
    )
    design = np.stack([np.ones(30), x], axis=1)
    s2 = np.sum((loss - design @ np.linalg.lstsq(design, loss)[0]) ** 2) / 28
    errors = np.sqrt(s2 * np.diagonal(np.linalg.inv(design.T @ design)))
    boot = fit.bootstrap(2000, kind="residual")
    np.testing.assert_allclose([boot.stderr["a"], boot.stderr["b"]], errors, rtol=0.05)


def test_residuals_of_runs_left_out_are_not_drawn() -> None:
    runs, keep = sweep(), np.arange(49) != 3
    spoilt = runs.with_columns(loss=pl.when(pl.col("run") == 3).then(50.0).otherwise("loss"))
    with_it = sw.fit(LAW, spoilt, weights=keep).bootstrap(20, kind="residual")
    without = sw.fit(LAW, runs.filter(keep)).bootstrap(20, kind="residual")
    for name in TRUTH:
        np.testing.assert_allclose(with_it.draws[name], without.draws[name], rtol=1e-6)


def test_as_many_runs_as_constants_leave_no_residuals() -> None:
    runs = sweep().filter(pl.Series(np.isin(np.arange(49), [0, 6, 24, 42, 48])))
    with pytest.raises(sw.FitError, match="5 runs for 5 constants leave no residuals"):
        sw.fit(LAW, runs).bootstrap(5, kind="residual")


# --- signs ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["huber", "least_squares"])
@pytest.mark.parametrize("log", [True, False])
def test_a_wild_draw_is_a_fit_of_the_losses_made_for_it(kind: Any, log: bool) -> None:
    objective = sw.Objective(kind, log=log)
    fit = sw.fit(LAW, sweep(), objective=objective)
    on_law = fit.predict(N=fit.runs["N"], D=fit.runs["D"])
    slopes = fit.law.partials(N=fit.runs["N"], D=fit.runs["D"])
    design = np.stack([slopes[name] / (on_law if log else 1.0) for name in TRUTH], axis=1)
    h = np.sum(np.linalg.qr(design / np.linalg.norm(design, axis=0))[0] ** 2, axis=1)
    swollen = fit.residuals / (1.0 - h) ** (0.5 * np.minimum(4.0, h * fit.used / 5))
    u = np.random.default_rng(7).random((3, 2, fit.used))
    drawn = np.where(u[:, 0] < 0.5, 1.0, -1.0) * swollen
    if kind == "huber":
        size = np.abs(fit.residuals)
        local = design @ np.linalg.lstsq(design, size)[0]
        width = 0.9 * fit.used**-0.2 * np.maximum(local, 0.3 * size.mean()) * np.sqrt(np.pi / 2)
        drawn += width * norm.ppf(u[:, 1])
    boot = fit.bootstrap(3, seed=7, kind="wild")
    for row, r in zip(boot.draws.iter_rows(named=True), drawn, strict=True):
        loss = on_law * np.exp(-r) if log else on_law - r
        again = sw.fit(LAW, fit.runs.with_columns(loss=pl.Series(loss)), objective=objective)
        assert row == pytest.approx(again.params, rel=1e-4)


def test_on_a_straight_line_wild_draws_scatter_as_the_sandwich_says() -> None:
    """With errors that grow with x; 2,000 draws know a standard deviation to 1.6 %."""
    rng = np.random.default_rng(1)
    x = np.linspace(0.0, 3.0, 30)
    loss = 2.0 + 0.5 * x + 0.01 * x * rng.standard_normal(30)
    runs = pl.DataFrame({"N": [1e9] * 30, "D": [1e10] * 30, "x": x, "loss": loss})
    law = sw.Law("a + b*x", constants={"a": 1.0, "b": 1.0})
    fit = sw.fit(law, runs, objective=sw.Objective("least_squares", log=False))
    boot = fit.bootstrap(2000, kind="wild")
    for name in ("a", "b"):
        assert boot.stderr[name] == pytest.approx(fit.stderr[name], rel=0.05)
        assert np.mean(boot.draws[name].to_numpy()) == pytest.approx(
            fit.params[name], abs=4 * fit.stderr[name] / np.sqrt(2000)
        )


# --- clusters -------------------------------------------------------------------------------


@pytest.mark.parametrize("label", [lambda i: f"{i:02}", lambda i: i + 10, lambda i: i * 1e21 / 3])
def test_runs_given_four_times_are_clusters_of_one(label: Callable[[int], object]) -> None:
    runs = sweep(points=3).with_columns(family=pl.Series([label(i) for i in range(21)]))
    plain = sw.fit(LAW, runs).bootstrap(20, seed=5)
    fourfold = sw.fit(LAW, pl.concat([runs] * 4).drop("run"))
    cluster = fourfold.bootstrap(20, seed=5, kind="cluster", by="family")
    for name in TRUTH:
        np.testing.assert_allclose(cluster.draws[name], plain.draws[name], rtol=1e-6)
    assert str(cluster) == "20 of 20 draws (cluster) of E, A, alpha, B, beta"


def test_budgets_that_err_together_are_less_sure() -> None:
    """With an error in common to each of 12 budgets the truth scatters more than runs tell."""
    budgets = np.geomspace(6e18, 3e21, 12)
    clean = sw.simulate_isoflop_data(LAW, budgets, 7, 0.0, width=0.6)
    found, told = [], {"plain": [], "cluster": []}  # type: ignore[var-annotated]
    for seed in range(25):
        rng = np.random.default_rng(seed)
        shared = np.repeat(rng.standard_normal(12), 7) * 0.004
        own = rng.standard_normal(84) * 0.002
        runs = clean.with_columns(pl.col("loss") * np.exp(shared + own))
        fit = sw.fit(LAW, runs, objective="least_squares", start=TRUTH)
        found.append(fit.params["alpha"])
        told["plain"].append(fit.bootstrap(40, seed).stderr["alpha"])
        told["cluster"].append(fit.bootstrap(40, seed, "cluster", by="budget").stderr["alpha"])
    true = np.std(found, ddof=1)  # known to 14 %
    assert 0.75 * true < np.median(told["cluster"]) < 1.25 * true
    assert np.median(told["plain"]) < 0.7 * true


def test_compute_that_differs_by_rounding_is_one_budget(fit: sw.Fit) -> None:
    runs = fit.runs.with_columns(product=6.0 * pl.col("N") * pl.col("D"))
    assert runs["product"].n_unique() > 7
    again = sw.fit(LAW, runs, objective="least_squares")
    one, other = (again.bootstrap(9, 0, "cluster", by=c).draws for c in ("budget", "product"))
    assert one.equals(other)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"kind": "block"}, "unknown kind 'block'; there are plain, residual, wild, cluster"),
        ({"kind": "cluster"}, "by= names the column"),
        ({"by": "budget"}, "by= names the column"),
        ({"kind": "cluster", "by": "batch"}, "no column 'batch' in the runs; there are"),
        ({"kind": "cluster", "by": "few"}, "'few' has 4 groups .* fewer than 5"),
        ({"kind": "cluster", "by": "N"}, "no two runs share a 'N'"),
        ({"kind": "cluster", "by": "gaps"}, "'gaps' is empty for 7 of 49 runs used"),
    ],
)
def test_what_cannot_be_resampled(fit: sw.Fit, more: dict[str, Any], told: str) -> None:
    runs = fit.runs.with_columns(
        few=pl.col("run") % 4,
        gaps=pl.when(pl.col("run") % 7 > 0).then(pl.col("run") % 7),
    )
    with pytest.raises(sw.FitError, match=told):
        sw.fit(LAW, runs, objective="least_squares").bootstrap(5, **more)


def test_one_sided_objectives_have_no_signs_to_turn() -> None:
    fit = sw.fit(LAW, sweep(), objective=sw.Objective("lad", over=3.0))
    with pytest.raises(sw.FitError, match=r"turns residuals over, .* above 3 times as much"):
        fit.bootstrap(5, kind="wild")


# --- executors ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "how", [{}, {"kind": "residual"}, {"kind": "wild"}, {"kind": "cluster", "by": "budget"}]
)
def test_what_an_executor_loses_is_solved_here(
    how: dict[str, Any], faulty: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = sw.fit(LAW, sweep())
    monkeypatch.setattr(uncertainty, "SMALL_CHUNK", 10)
    here = fit.bootstrap(95, seed=3, **how)
    assert fit.bootstrap(95, seed=3, executor=faulty(99), **how).draws.equals(here.draws)
    with pytest.warns(UserWarning, match="3 of 10 chunks were lost by the executor and solved"):
        there = fit.bootstrap(95, seed=3, executor=faulty(3), **how)
    assert there.draws.equals(here.draws)
    assert (there.failed, there.asked) == (here.failed, 95)


def test_two_processes_of_which_one_dies(fit: sw.Fit, meddling: Any) -> None:
    here = fit.bootstrap(400, seed=1).draws
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        assert fit.bootstrap(400, seed=1, executor=pool).draws.equals(here)
        deadly = meddling(pool, lambda: pool.submit(os._exit, 1).exception())
        with pytest.warns(UserWarning, match="of 8 chunks were lost"):
            assert fit.bootstrap(400, seed=1, executor=deadly).draws.equals(here)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_workers_of_dask_of_which_one_is_killed(fit: sw.Fit, client: Any, meddling: Any) -> None:
    here = fit.bootstrap(400, seed=1).draws
    one = next(iter(client.scheduler_info()["workers"]))
    assert fit.bootstrap(400, seed=1, executor=client.get_executor(workers=[one])).draws.equals(
        here
    )
    two = client.get_executor()
    assert fit.bootstrap(400, seed=1, executor=two).draws.equals(here)
    victim = next(iter(client.run(os.getpid).values()))
    deadly = meddling(two, lambda: os.kill(victim, signal.SIGKILL))
    assert fit.bootstrap(400, seed=1, executor=deadly).draws.equals(here)


# --- long work ------------------------------------------------------------------------------


def test_a_bar_shows_after_a_second_only(
    fit: sw.Fit, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(uncertainty, "CHUNK", 10)
    fit.bootstrap(30)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(workers, "PATIENCE", 0.0)
    assert len(fit.bootstrap(30).draws) == 30
    assert "bootstrap" in capsys.readouterr().err
