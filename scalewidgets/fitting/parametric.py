"""sw.fit: a law, runs, an objective; out comes the optimum with its proof."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from ..lawbook import Law
from ..lawbook import law as published
from ..runs import read_runs
from .certificate import certify
from .objective import HOFFMANN_DELTA, Kind, Objective
from .problem import Problem
from .result import Fit
from .separable import starts
from .solver import Solution, minimise
from .types import Array, FitError, one_blas_thread
from .uncertainty import covariance

_BASINS = 4  # starts of the global search that are followed to their optimum
_NUDGE = 0.1  # where a warm refit's second start lies, in coordinates


def fit(
    law: Law | str,
    runs: Any,
    *,
    objective: Kind | Objective = "huber",
    delta: float = HOFFMANN_DELTA,
    start: Mapping[str, float] | None = None,
    fixed: Mapping[str, float] | None = None,
    weights: npt.ArrayLike | None = None,
) -> Fit:
    """Fit a law to training runs.

    By default Hoffmann et al.'s third approach (2022, App. D.2): Huber loss with delta 1e-3 on
    log loss, summed over runs, brought to its exact optimum.

    Parameters
    ----------
    law : Law or str
        The law, or its name in the catalogue.
    runs : DataFrame and whatever else ``read_runs`` takes
        Columns for the law's variables (``N`` parameters, ``D`` tokens) and ``loss`` (nats/token).
    objective : {"huber", "least_squares", "lad"} or Objective
        Loss function of the log residuals.
    delta : float
        Huber's delta.
    start : mapping, optional
        Constants to start from. Without it exponents are searched globally.
    fixed : mapping, optional
        Constants to hold, for example ``{"E": 1.7}``.
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
        Fewer runs than free constants; unknown constants; bad weights.
    RunsError
        Runs that cannot be read; the message names rows.
    """
    if isinstance(law, str):
        law = published(law)
    if not isinstance(objective, Objective):
        objective = Objective(objective, delta)
    table = read_runs(runs)
    columns = {v: table[v].to_numpy() for v in law.variables if v in table.columns}
    problem = Problem(law, columns, table["loss"].to_numpy(), fixed)
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
        if start is None:
            solution = _global(problem, objective, row)
        else:
            first = problem.theta(start)[None]
            solution = minimise(problem, objective, np.vstack([first, first + _NUDGE]), row)
            if not np.isfinite(solution.value).any():
                solution = _global(problem, objective, row)
        best = int(np.argmin(solution.value))
        theta = solution.theta[best]
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


def _global(problem: Problem, objective: Objective, weights: Array) -> Solution:
    """Optima from the best basins of the global search and from the law's published constants."""
    found = starts(problem, objective, weights, _BASINS)
    known = {name: problem.law.values[name] for name in problem.free}
    if not any(np.isnan(v) for v in known.values()):
        found = np.vstack([found, problem.theta(known)[None]])
    if not len(found):
        raise FitError(
            f"fit: {problem.law.id} is not defined at any start of the search on these runs; give "
            "start={...} with constants at which it is"
        )
    return minimise(problem, objective, found, weights)
