"""What the kernel takes for refits, fits from nowhere, intervals and a bootstrap, beside what a
user has (`peers.py`).

The problem is Hoffmann et al.'s third approach (2022, App. D.2) on Chinchilla's 240 runs: Huber
loss, delta 1e-3, of log residuals, summed; and least squares on the plain loss, for those who do
nothing else. Every method has the same start and also says how far above the optimum it ended, and
whether it called that a success. Times are compared, never asserted; our own optimum is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from iminuit import Minuit  # type: ignore[import-untyped]
from scipy.special import stdtrit

from scalewidgets.fitting import Fit
from scalewidgets.fitting.objective import Objective
from scalewidgets.fitting.parametric import solve
from scalewidgets.fitting.problem import Problem
from scalewidgets.fitting.uncertainty import bend
from scalewidgets.lawbook import closed_form
from scalewidgets.runs import load_runs, simulate_isoflop_data

from .peers import (
    NAMES,
    PEERS,
    PLAIN_PEERS,
    Array,
    Case,
    Outcome,
    Peer,
    coordinates,
    installed,
    simple_scaling_laws,
)
from .timing import group

# On its way a peer may try constants that overflow; chinchilla forks workers that it leaves idle.
pytestmark = [
    pytest.mark.filterwarnings("ignore:overflow encountered in exp:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]

LAW = closed_form("besiroglu2024")
PLAIN = Objective("least_squares", log=False)
# Where the replication of Besiroglu et al. 2024 starts: the constants in the paper's TeX source.
EPOCH_START = np.array([6.0073404, 6.0179186, 0.5267228, 0.33917084, 0.2849083])
OPTIMUM = 0.0010182740178  # sum over the 240 published runs, from many starts
RESAMPLES = 4000
PEER_RESAMPLES = 12  # a peer takes a minute or more for all: its time is scaled up
LEFT_OUT = range(0, 240, 20)


peers = pytest.mark.parametrize("peer", PEERS)


@dataclass(frozen=True)
class Chinchilla:
    """The runs, prepared for everyone, and our fit to all of them."""

    published: bool
    runs: pl.DataFrame
    problem: Problem
    case: Case
    fit: Fit
    x: Array  # the fit's constants, in the peers' coordinates


def load() -> tuple[bool, pl.DataFrame]:
    """The 240 published runs where they are at hand, else as many simulated ones."""
    if Path(os.environ.get("SCALEWIDGETS_DATA", "nowhere")).is_dir():
        return True, load_runs("chinchilla")
    budgets = np.geomspace(6e18, 3e21, 16)
    return False, simulate_isoflop_data(LAW, budgets=budgets, points=15, noise=0.005, seed=0)


@pytest.fixture(scope="module")
def chinchilla() -> Chinchilla:
    published, runs = load()
    assert len(runs) == 240
    N, D, loss = (runs[name].to_numpy() for name in ("N", "D", "loss"))
    problem = Problem(LAW, {"N": N, "D": D}, loss)
    fit = solve(problem, runs, Objective(), np.ones(240))
    case = Case(np.log(N), np.log(D), np.log(loss), np.ones(240))
    return Chinchilla(published, runs, problem, case, fit, coordinates(fit.params))


def without(row: int) -> Array:
    weights = np.ones(240)
    weights[row] = 0.0
    return weights


def in_turn(
    benchmark: Any, solver: Callable[[Any], Outcome], problems: Sequence[Any], rounds: int
) -> dict[str, Any]:
    """Time a solver, one problem a round; what it reached on each goes to the final table."""
    reached: dict[int, Outcome] = {}

    def timed(number: int) -> None:
        reached[number] = solver(problems[number])

    turns = iter([i % len(problems) for i in range(rounds + 2)])  # two to warm up
    benchmark.pedantic(timed, setup=lambda: ((next(turns),), {}), rounds=rounds, warmup_rounds=2)
    said = [outcome.success for outcome in reached.values()]
    return {
        "values": [reached[i].value for i in range(len(problems))],
        "success": None if None in said else all(said),
    }


def judged(fit: Fit) -> Outcome:
    return Outcome(fit.value, fit.status == "ok")


# --- a run is clicked out: refit from the constants of before ----------------------------------


@group("warm refit, one run left out")
def test_warm_refit(benchmark: Any, chinchilla: Chinchilla) -> None:
    one, start = chinchilla, chinchilla.fit.params
    problems = [without(row) for row in LEFT_OUT]
    benchmark.extra_info |= in_turn(
        benchmark,
        lambda weights: judged(solve(one.problem, one.runs, Objective(), weights, start)),
        problems,
        rounds=5 * len(problems),
    )
    assert benchmark.extra_info["success"]


@peers
@group("warm refit, one run left out")
def test_warm_refit_by(benchmark: Any, chinchilla: Chinchilla, peer: Peer) -> None:
    problems = [chinchilla.case.only(without(row) > 0) for row in LEFT_OUT]
    benchmark.extra_info |= in_turn(
        benchmark,
        lambda case: peer(case, chinchilla.x),
        problems,
        rounds=2 * len(problems),
    )


# --- a new data set: we search globally, the peers get the start of the published replication ---


@group("cold fit")
def test_cold_fit(benchmark: Any, chinchilla: Chinchilla) -> None:
    one = chinchilla
    benchmark.extra_info |= in_turn(
        benchmark,
        lambda weights: judged(solve(one.problem, one.runs, Objective(), weights)),
        [np.ones(240)],
        rounds=20,
    )
    benchmark.extra_info["note"] = "240 simulated runs"
    if one.published:
        benchmark.extra_info |= {"note": "Chinchilla's 240 runs", "optimum": OPTIMUM}
        assert benchmark.extra_info["values"] == pytest.approx([OPTIMUM], rel=1e-10)
    assert benchmark.extra_info["success"]


@peers
@group("cold fit")
def test_cold_fit_by(benchmark: Any, chinchilla: Chinchilla, peer: Peer) -> None:
    benchmark.extra_info |= in_turn(
        benchmark, lambda case: peer(case, EPOCH_START), [chinchilla.case], rounds=10
    )


# --- bands and intervals: 4,000 resamples ------------------------------------------------------


def resampled() -> Array:
    """The first counts (resamples, runs) that our bootstrap draws with its default seed."""
    shares = np.full(240, 1 / 240)
    drawn = np.random.default_rng(0).multinomial(240, shares, size=PEER_RESAMPLES)
    return drawn.astype(float)


@group("4,000 resamples")
def test_bootstrap(benchmark: Any, chinchilla: Chinchilla) -> None:
    boot = benchmark.pedantic(lambda: chinchilla.fit.bootstrap(RESAMPLES, seed=0), rounds=3)
    first = map(coordinates, boot.draws.head(PEER_RESAMPLES).iter_rows(named=True))
    case = chinchilla.case
    benchmark.extra_info["values"] = [
        Case(case.N, case.D, case.loss, counts).objective(x)
        for counts, x in zip(resampled(), first, strict=True)
    ]
    benchmark.extra_info["success"] = boot.failed == 0
    assert boot.failed == 0


@peers
@group("4,000 resamples")
def test_bootstrap_by(benchmark: Any, chinchilla: Chinchilla, peer: Peer) -> None:
    case = chinchilla.case
    problems = [Case(case.N, case.D, case.loss, counts) for counts in resampled()]
    benchmark.extra_info |= in_turn(
        benchmark,
        lambda resample: peer(resample, chinchilla.x),
        problems,
        rounds=len(problems),
    )
    benchmark.extra_info["of"] = RESAMPLES


# --- profile-likelihood intervals: MINOS makes the same ------------------------------------------


@group("five profile intervals")
def test_profile(benchmark: Any, chinchilla: Chinchilla) -> None:
    fit = chinchilla.fit
    found = benchmark.pedantic(lambda: fit.profile(scatter="even"), rounds=10, warmup_rounds=1)
    assert set(found.intervals) == set(fit.problem.free)


@group("five profile intervals")
def test_profile_by_minos(benchmark: Any, chinchilla: Chinchilla) -> None:
    """To the rise of the objective that ours stops at; how far their ends are from ours is told as
    a share of the intervals' widths."""
    one, k = chinchilla, len(NAMES)
    scale = bend(one.problem, Objective(), one.fit.theta, np.ones((1, 240))).even
    rise = 0.5 * float(stdtrit(240 - k, 0.975)) ** 2 * scale

    def prepared() -> tuple[tuple[Any], dict[str, Any]]:
        problem = Minuit(one.case.objective, one.x, name=NAMES)
        problem.tol, problem.errordef = 1e-9, rise
        return (problem.migrad(),), {}

    found = benchmark.pedantic(lambda problem: problem.minos(), setup=prepared, rounds=10)
    ours = one.fit.profile(scatter="even").intervals
    low, high = (coordinates({n: ends[side] for n, ends in ours.items()}) for side in (0, 1))
    errors = [found.merrors[name] for name in NAMES]
    centre = np.array([found.values[name] for name in NAMES])
    below, above = (np.array([getattr(e, end) for e in errors]) for end in ("lower", "upper"))
    apart = np.abs([centre + below - low, centre + above - high]) / (high - low)
    benchmark.extra_info["name"] = "iminuit, MINOS"
    benchmark.extra_info["says"] = f"ends {apart.max():.0e} of the width from ours"


# --- least squares on the plain loss -------------------------------------------------------------


@group("cold fit, least squares on plain loss")
def test_plain_fit(benchmark: Any, chinchilla: Chinchilla) -> None:
    one = chinchilla
    benchmark.extra_info |= in_turn(
        benchmark,
        lambda weights: judged(solve(one.problem, one.runs, PLAIN, weights)),
        [np.ones(240)],
        rounds=20,
    )
    assert benchmark.extra_info["success"]


@pytest.mark.parametrize("peer", PLAIN_PEERS)
@group("cold fit, least squares on plain loss")
def test_plain_fit_by(benchmark: Any, chinchilla: Chinchilla, peer: Peer) -> None:
    benchmark.extra_info |= in_turn(
        benchmark, lambda case: peer(case, EPOCH_START), [chinchilla.case], rounds=10
    )


@group("4,000 draws, least squares on plain loss")
def test_plain_draws(benchmark: Any, chinchilla: Chinchilla) -> None:
    one = chinchilla
    fit = solve(one.problem, one.runs, PLAIN, np.ones(240))
    boot = benchmark.pedantic(lambda: fit.bootstrap(RESAMPLES, seed=0), rounds=3)
    assert boot.failed == 0


@pytest.mark.parametrize(
    "peer", [installed("simple_scaling_laws", simple_scaling_laws, "simple-scaling-laws")]
)
@group("4,000 draws, least squares on plain loss")
def test_plain_draws_by(benchmark: Any, chinchilla: Chinchilla, peer: Any) -> None:
    """Its wild bootstrap, and the fit that goes before."""
    benchmark.pedantic(lambda: peer(chinchilla.case, EPOCH_START, RESAMPLES), rounds=1)


# --- the expression engine beside the line of NumPy that a user writes -------------------------


@pytest.fixture(scope="module")
def million() -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    return 10 ** rng.uniform(7, 12, 10**6), 10 ** rng.uniform(9, 14, 10**6)


@group("a million predictions")
def test_predict(benchmark: Any, million: tuple[Array, Array]) -> None:
    N, D = million
    found = benchmark(lambda: LAW.predict(N=N, D=D))
    np.testing.assert_allclose(found, by_hand(LAW.values, N, D), rtol=1e-14)


@group("a million predictions")
def test_predict_by_hand(benchmark: Any, million: tuple[Array, Array]) -> None:
    benchmark(lambda: by_hand(LAW.values, *million))


def by_hand(p: dict[str, float], N: Array, D: Array) -> Array:
    return p["E"] + p["A"] / N ** p["alpha"] + p["B"] / D ** p["beta"]
