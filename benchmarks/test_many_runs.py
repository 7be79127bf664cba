"""Fits to more runs than anybody has trained: what they take as the runs become more.

Hoffmann et al.'s objective, as in `test_kernel.py`. 4,000 runs are about the checkpoints of the
Gemstones (McLeish et al. 2025, arXiv:2502.06857); where those are at hand they are taken.
"""

from __future__ import annotations

import tracemalloc
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pytest

from scalewidgets.fitting import Fit
from scalewidgets.fitting.objective import Objective
from scalewidgets.fitting.parametric import solve
from scalewidgets.fitting.problem import Problem
from scalewidgets.lawbook import closed_form
from scalewidgets.runs import datasets, load_runs

from .peers import PEERS, Array, Case, Outcome, Peer, coordinates
from .timing import group

pytestmark = [
    pytest.mark.filterwarnings("ignore:overflow encountered in exp:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]

LAW = closed_form("besiroglu2024")
CHECKPOINTS = 4000
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)


@dataclass(frozen=True)
class Many:
    """Many runs, and our fit to all of them."""

    problem: Problem
    runs: pl.DataFrame
    fit: Fit

    @classmethod
    def of(cls, runs: pl.DataFrame) -> Many:
        N, D, loss = (runs[name].cast(pl.Float64).to_numpy() for name in ("N", "D", "loss"))
        problem = Problem(LAW, {"N": N, "D": D}, loss)
        return cls(problem, runs, solve(problem, runs, Objective(), np.ones(len(runs))))

    def refit(self, weights: Array) -> Fit:
        return solve(self.problem, self.runs, Objective(), weights, self.fit.params)


def simulated(count: int) -> pl.DataFrame:
    """Runs anywhere from 10 million to 100 billion parameters, 1 billion to 1 trillion tokens."""
    rng = np.random.default_rng(0)
    N, D = 10 ** rng.uniform(7, 11, count), 10 ** rng.uniform(9, 12, count)
    loss = LAW.predict(N=N, D=D) * np.exp(0.01 * rng.standard_normal(count))
    return pl.DataFrame({"N": N, "D": D, "loss": loss})


def without(count: int, run: int = 0) -> Array:
    weights = np.ones(count)
    weights[run] = 0.0
    return weights


@pytest.fixture(scope="module")
def checkpoints() -> tuple[str, Many]:
    at_hand = datasets().filter(pl.col("available"))["name"]
    if "gemstones" in at_hand:
        return "checkpoints of the Gemstones", Many.of(load_runs("gemstones").head(CHECKPOINTS))
    return "simulated runs", Many.of(simulated(CHECKPOINTS))


@group("warm refit of 4,000")
def test_checkpoints(benchmark: Any, checkpoints: tuple[str, Many]) -> None:
    note, many = checkpoints
    fit = benchmark.pedantic(many.refit, args=(without(CHECKPOINTS),), rounds=20, warmup_rounds=1)
    assert fit.status == "ok"
    benchmark.extra_info |= {"note": note, "values": [fit.value], "success": True}


@pytest.mark.parametrize("peer", PEERS)
@group("warm refit of 4,000")
def test_checkpoints_by(benchmark: Any, checkpoints: tuple[str, Many], peer: Peer) -> None:
    _, many = checkpoints
    N, D = (np.log(many.problem.columns[name]) for name in "ND")
    case = Case(N, D, many.problem.log_observed, np.ones(CHECKPOINTS))
    case = case.only(without(CHECKPOINTS) > 0)
    start = coordinates(many.fit.params)
    found: Outcome = benchmark.pedantic(lambda: peer(case, start), rounds=3, warmup_rounds=1)
    benchmark.extra_info |= {"values": [found.value], "success": found.success}


@pytest.mark.parametrize("count", SIZES, ids="{:,} runs".format)
@group("fit from nowhere, ten times the runs")
def test_more_runs(benchmark: Any, request: pytest.FixtureRequest, count: int) -> None:
    if count == max(SIZES) and not request.config.getoption("--ten-million"):
        pytest.skip("half a minute, and 3 GB: pytest benchmarks --benchmark-only --ten-million")
    runs = simulated(count)
    many = Many.of(runs)
    weights = np.ones(count)
    fit = benchmark.pedantic(
        lambda: solve(many.problem, runs, Objective(), weights), rounds=3 if count < 1e6 else 1
    )
    assert fit.status == "ok"
    tracemalloc.start()
    solve(many.problem, runs, Objective(), weights)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    own = weights.nbytes + many.problem.observed.nbytes * 4  # two inputs, the loss, its logarithm
    took = 1e6 * benchmark.stats.stats.median / count
    benchmark.extra_info["says"] = (
        f"{took:.2f} us a run; memory {peak / own:.1f} times that of the runs"
    )
