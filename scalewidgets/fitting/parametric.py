"""sw.fit: a law, runs, an objective; out comes the optimum with its proof."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from ..lawbook import Law, Theory
from ..lawbook import closed_form as published
from ..lawbook.door import checked
from ..runs import read_observations, read_runs
from .certificate import AT_REST, certify
from .objective import HOFFMANN_DELTA, Kind, Objective
from .problem import Problem, check_constants
from .result import Fit
from .separable import starts
from .solver import Solution, minimise
from .types import Array, FitError, one_blas_thread
from .uncertainty import covariance

# Starts of the global search that are followed to their optimum, and exponents a side of its grid:
# a start that is given stands against one only.
_COLD = (4, 16)
_WARM = (1, 8)
_NUDGE = 0.1  # where the second start lies when there is one only, in coordinates
_SEARCHED = 2048  # runs that show where to start
_MANY = 50_000  # runs from which on the way down begins on a sample of this many / _THINNED
_THINNED = 10
_SAME = 6  # decimals to which two coordinates agree that are one place


@checked(FitError)
def fit(
    law: Law | str,
    runs: Any,
    *,
    objective: Kind | Objective = "huber",
    delta: float = HOFFMANN_DELTA,
    start: Mapping[str, float] | None = None,
    fixed: Mapping[str, float] | None = None,
    tied: Mapping[str, str] | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    weights: npt.ArrayLike | None = None,
) -> Fit:
    """Fit a law to training runs.

    By default Hoffmann et al.'s third approach (2022, App. D.2): Huber loss with delta 1e-3 on
    log loss, summed over runs, brought to its exact optimum.

    Parameters
    ----------
    law : Law or str
        The law, or its name in the catalogue. Not a theory, nor a law with sums over items.
    runs : DataFrame and whatever else ``read_runs`` takes
        Columns for the law's variables (``N`` parameters, ``D`` tokens) and ``loss`` (nats/token).
        For a law without N, D and C: columns named as its variables, and as its output or ``loss``.
    objective : {"huber", "least_squares", "lad"} or Objective
        Loss function of the log residuals; an ``Objective`` also takes the plain residuals
        (``log=False``) and an asymmetric penalty (``over=``), and says why it is a sum.
    delta : float
        Huber's delta.
    start : mapping, optional
        Every free constant's value to start from. Without it exponents are searched globally.
    fixed : mapping, optional
        Constants to hold, for example ``{"E": 1.7}``.
    tied : mapping, optional
        Constants that equal another one, for example ``{"beta": "alpha"}``: one constant is fitted
        and reported under both names.
    bounds : mapping, optional
        Lowest and highest value of free constants, for example ``{"alpha": (0.1, 1.0)}``; one side
        may be infinite. A constant that ends at its bound makes the status ``"at_bound"``; the
        other constants' standard errors then hold for it held there, and its own is 0.
    weights : array_like (runs,), optional
        Weight of each run, not negative; 0 leaves a run out.

    Returns
    -------
    Fit
        With ``status`` and ``certificate``: a result that is not the optimum, or that the runs do
        not determine, does not say ``"ok"``.

    Raises
    ------
    FitError
        Fewer runs than free constants; unknown constants or bad values of them; ties and bounds
        that contradict each other; bad weights; runs at which the law has no value.
    RunsError
        Runs that cannot be read; the message names rows.
    """
    if isinstance(law, str):
        law = published(law)
    if isinstance(law, Theory):
        raise FitError(f"fit: {law.id} is a theory: it has no constants to fit")
    if law.items:
        raise FitError(
            f"fit: {law.id} sums over {', '.join(law.items)}, which a run has not one of"
        )
    if not isinstance(objective, Objective):
        objective = Objective(objective, delta)
    needed = [v for v in law.variables if v not in law.defaults]
    of_runs = {"N", "D", "C"} & set(law.variables)
    table = read_runs(runs) if of_runs else read_observations(runs, needed, law.output)
    columns = {v: table[v].to_numpy() for v in law.variables if v in table.columns}
    problem = Problem(law, columns, table["loss"].to_numpy(), fixed, tied, bounds)
    if start is not None:
        _check_start(start, problem)
        start = {name: float(value) for name, value in start.items()}
    return solve(problem, table, objective, _weights(weights, problem), start)


def _weights(given: npt.ArrayLike | None, problem: Problem) -> Array:
    count = len(problem.observed)
    weights = np.ones(count) if given is None else np.asarray(given, dtype=float)
    if weights.shape != (count,) or not np.all(np.isfinite(weights)) or np.any(weights < 0):
        raise FitError(
            f"fit: weights must be {count} numbers, one a run, none negative; "
            f"here they have shape {weights.shape}"
        )
    used = int(np.count_nonzero(weights))
    if used < problem.size:
        raise FitError(
            f"fit: {used} runs cannot determine {problem.size} constants "
            f"({', '.join(problem.free)}). Take runs back, or hold constants with fixed={{...}}."
        )
    return weights


def _check_start(start: Mapping[str, float], problem: Problem) -> None:
    check_constants(problem.law, start, "start")
    missing = [name for name in problem.free if name not in start]
    if missing:
        raise FitError(f"fit: start lacks {', '.join(missing)}; give every constant that is free")
    for c in problem.coordinates:
        if c.sign * start[c.name] < 0 or (c.sign and start[c.name] == 0):
            side = "above" if c.sign > 0 else "below"
            given = start[c.name]
            raise FitError(f"fit: {c.name} stays {side} zero; start it there, not at {given!r}")
        low, high = problem.bounds.get(c.name, (-np.inf, np.inf))
        if not low <= start[c.name] <= high:
            raise FitError(
                f"fit: start puts {c.name} at {start[c.name]!r}, outside of its bounds "
                f"({low:g}, {high:g})"
            )


def solve(
    problem: Problem,
    runs: pl.DataFrame,
    objective: Objective,
    weights: Array,
    start: Mapping[str, float] | None = None,
) -> Fit:
    """The fit of a prepared problem: what a lab calls again and again while a hand is moving."""
    with one_blas_thread():
        row = weights[None]
        solution = _optima(problem, objective, row, start)
        best = int(np.argmin(solution.value))
        theta = solution.theta[best]
        _check_defined(problem, theta)
        _, errors = covariance(problem, objective, theta, row)
        certificate = certify(problem, objective, row, solution, best, errors)
    values = {k: float(v[0]) for k, v in problem.constants(theta[None]).items()}
    law = problem.law.with_constants(**values)
    return Fit(
        law,
        objective,
        float(solution.value[best]),
        certificate,
        runs,
        problem.fixed,
        problem,
        theta,
        weights,
    )


def _check_defined(problem: Problem, theta: Array) -> None:
    """Refuses runs at which the law says nothing: even of weight 0, their NaN spoils all sums."""
    found = []
    for runs, block in problem.blocks(1):
        value, parts = block.parts(theta[None])
        defined = np.isfinite(value[0]) & np.isfinite(parts[0, : problem.size]).all(axis=0)
        found.append(np.flatnonzero(~defined) + (runs.start or 0))
    rows = np.concatenate(found)
    if len(rows):
        shown = ", ".join(map(str, rows[:10])) + (" ..." if len(rows) > 10 else "")
        raise FitError(
            f"fit: {problem.law.id} or its derivative has no value at {len(rows)} of "
            f"{len(problem.observed)} runs (rows {shown}). Leave them out of the table."
        )


def _optima(
    problem: Problem, objective: Objective, weights: Array, start: Mapping[str, float] | None
) -> Solution:
    """Optima from the best basins of the global search, and from a start or published constants.

    A start given stands against the best basin only, which takes no longer than a second start
    beside it would, and proves more.
    """
    few = problem.sample(weights, _SEARCHED)
    found = starts(few[0], objective, few[1], *(_COLD if start is None else _WARM))
    known = {name: (start or problem.law.values)[name] for name in problem.free}
    if not any(np.isnan(v) for v in known.values()):
        found = np.vstack([found, problem.theta(known)[None]])
    if not len(found):
        raise FitError(
            f"fit: {problem.law.id} is not defined at any start of the search on these runs; give "
            "start={...} with constants at which it is"
        )
    if len(found) == 1:
        found = np.vstack([found, found + _NUDGE])
    if len(problem.observed) < _MANY:
        return minimise(problem, objective, found, weights)
    return _by_sample(problem, objective, found, weights)


def _by_sample(problem: Problem, objective: Objective, found: Array, weights: Array) -> Solution:
    """Optima of so many runs that descents are long: the starts go down on a sample of them, and
    of those that meet in one place only one goes on, a few steps, on all runs."""
    few, some = problem.sample(weights, _MANY // _THINNED)
    below = minimise(few, objective, found, some)
    rest = below.remaining < AT_REST
    theta = below.theta[rest] if rest.any() else below.theta
    _, first, member = np.unique(theta.round(_SAME), axis=0, return_index=True, return_inverse=True)
    best = minimise(problem, objective, theta[first], weights)
    member = member.ravel()  # NumPy 2.0.0 gave it a second axis
    return Solution(best.theta[member], best.value[member], best.remaining[member], best.iterations)
