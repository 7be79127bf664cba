"""Runs by the thousand and the million: sums in blocks, and a way down that begins on a sample."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

import scalewidgets as sw
from scalewidgets.fitting import problem as problems
from scalewidgets.fitting.objective import KINDS
from scalewidgets.fitting.parametric import solve
from scalewidgets.fitting.problem import Problem
from scalewidgets.fitting.solver import evaluate, expand
from scalewidgets.lawbook import closed_form

Array = npt.NDArray[np.float64]

LAW = closed_form("besiroglu2024")
COPIES = 500


def sweep(noise: float = 0.01) -> pl.DataFrame:
    budgets = np.geomspace(1e18, 1e22, 8)
    return sw.simulate_isoflop_data(LAW, budgets=budgets, points=15, noise=noise, seed=0)


def problem_of(runs: pl.DataFrame, copies: int = 1) -> Problem:
    N, D, loss = (np.tile(runs[name].to_numpy(), copies) for name in ("N", "D", "loss"))
    return Problem(LAW, {"N": N, "D": D}, loss)


@pytest.fixture
def short_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of seven runs for a batch of three; the last one is shorter."""
    monkeypatch.setattr(problems, "_AT_ONCE", 21)
    monkeypatch.setattr(problems, "_BLOCK", 1)


@pytest.mark.parametrize("own_losses", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_blocks_add_up(kind: str, own_losses: bool, request: pytest.FixtureRequest) -> None:
    problem, rng = problem_of(sweep()), np.random.default_rng(0)
    theta = problem.theta(LAW.values) + 0.01 * rng.standard_normal((3, 5))
    weights = rng.uniform(0.0, 2.0, (3, len(problem.observed)))
    if own_losses:
        problem = problem.observing(problem.observed * rng.uniform(0.99, 1.01, weights.shape))
    objective = sw.Objective(kind, 0.03)  # type: ignore[arg-type]
    whole = expand(problem, objective, theta, weights)
    value = evaluate(problem, objective, theta, weights)
    request.getfixturevalue("short_blocks")
    assert len(list(problem.blocks(3))) == 18
    parts = expand(problem, objective, theta, weights)
    again = evaluate(problem, objective, theta, weights)
    for other in (value, parts.value, again):
        np.testing.assert_allclose(other, whole.value, rtol=1e-13)
    for name in ("gradient", "hessian", "positive"):
        one = getattr(whole, name)
        np.testing.assert_allclose(getattr(parts, name), one, atol=1e-12 * np.abs(one).max())


@pytest.mark.parametrize("kind", ["huber", "least_squares"])
def test_copies_of_runs_change_nothing(kind: str) -> None:
    """60,000 runs, of which a sample shows where to go: the optimum is that of the 120 runs."""
    runs, objective = sweep(), sw.Objective(kind)  # type: ignore[arg-type]
    few, many = problem_of(runs), problem_of(runs, COPIES)
    one = solve(few, runs, objective, np.ones(len(few.observed)))
    all_of_them = solve(many, runs, objective, np.ones(len(many.observed)))
    assert all_of_them.status == one.status == "ok"
    assert all_of_them.value == pytest.approx(COPIES * one.value, rel=1e-10)
    assert all_of_them.params == pytest.approx(one.params, rel=1e-6)
    assert all_of_them.certificate.starts > 1
    kept = all_of_them.certificate
    assert kept.conditioning == pytest.approx(one.certificate.conditioning, rel=1e-6)


def test_runs_that_do_not_count_are_not_sampled() -> None:
    """Of 60,000 runs those of 120 count; all others are far off."""
    runs = sweep()
    few, many = problem_of(runs), problem_of(runs, COPIES)
    observed, weights = many.observed.copy(), np.zeros(len(many.observed))
    weights[: len(runs)] = 1.0
    observed[len(runs) :] *= 5.0
    one = solve(few, runs, sw.Objective(), np.ones(len(runs)))
    other = solve(many.observing(observed), runs, sw.Objective(), weights)
    assert other.params == pytest.approx(one.params, rel=1e-6)
    assert other.status == "ok"


def test_a_run_far_down_without_a_value_is_named() -> None:
    problem = problem_of(sweep(), COPIES)
    problem.columns["N"] = problem.columns["N"].copy()
    problem.columns["N"][51_234] = 0.0
    weights = np.ones(len(problem.observed))
    with pytest.raises(sw.FitError, match=r"no value at 1 of 60000 runs \(rows 51234\)"):
        solve(problem, sweep(), sw.Objective(), weights)


def test_a_start_far_away_changes_nothing_there() -> None:
    problem = problem_of(sweep(), COPIES)
    weights = np.ones(len(problem.observed))
    cold = solve(problem, sweep(), sw.Objective(), weights)
    start = {"E": 1.0, "A": 50.0, "B": 5e3, "alpha": 0.2, "beta": 0.5}
    warm = solve(problem, sweep(), sw.Objective(), weights, start)
    assert warm.params == pytest.approx(cold.params, rel=1e-6)
    assert warm.certificate.starts == 2
