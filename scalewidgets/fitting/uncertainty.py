"""How sure is a fit: covariance of the constants, and the bootstrap over runs."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from .objective import Objective
from .problem import Problem
from .solver import gradient_and_hessian, minimise, residuals
from .types import Array, FitError, one_blas_thread

if TYPE_CHECKING:
    from .result import Fit

CHUNK = 250  # resamples at once: their arrays stay in the processor's cache


def covariance(
    problem: Problem, objective: Objective, theta: Array, weights: Array
) -> tuple[Array, Array]:
    """Covariance (k, k) of the free constants, and the coordinates' standard errors (k,).

    The sandwich estimate of M-estimators, H^-1 (sum psi^2 g g') H^-1 with n/(n-k). For least
    absolute deviations H does not exist at the optimum: it is taken from a Huber loss whose delta
    is a tenth of the median absolute residual. NaN where H is singular.
    """
    row = theta[None]
    if objective.kind == "lad":
        size = np.median(np.abs(residuals(problem, objective, problem.predict(row))))
        objective = Objective("huber", max(0.1 * float(size), 1e-12), objective.log)
    _, hessian, _ = gradient_and_hessian(problem, objective, row, weights)
    predicted, slopes, _ = problem.derivatives(row)
    r = residuals(problem, objective, predicted)
    scores = weights * objective.slope(r) * slopes[:, 0] / (predicted if objective.log else 1.0)
    used = int(np.count_nonzero(weights))
    middle = scores @ scores.T * used / max(used - problem.size, 1)
    width = np.sqrt(np.maximum(np.abs(np.diagonal(hessian[0])), 1e-300))
    try:
        inverse = np.linalg.inv(hessian[0] / np.outer(width, width)) / np.outer(width, width)
    except np.linalg.LinAlgError:
        inverse = np.full((problem.size, problem.size), np.nan)
    spread = inverse @ middle @ inverse
    values = problem.constants(row)
    turn = np.array([values[c.name][0] if c.sign else 1.0 for c in problem.coordinates])
    with np.errstate(invalid="ignore"):
        return spread * np.outer(turn, turn), np.sqrt(np.diagonal(spread))


@dataclass(frozen=True)
class Bootstrap:
    """Constants refitted to resampled runs.

    Attributes
    ----------
    draws : polars.DataFrame (draws, constants)
        One row a resample that came to its optimum.
    asked : int
        How many resamples were asked for; fewer draws mean an interrupt or failures.
    failed : int
        Resamples that did not come to their optimum (they are not in ``draws``).
    """

    draws: pl.DataFrame
    asked: int
    failed: int
    fit: Fit

    def conf_int(self, level: float = 0.95) -> dict[str, tuple[float, float]]:
        """Percentile interval of each constant."""
        tail = 0.5 * (1.0 - check_level(level))
        return {
            name: (_quantile(self.draws[name], tail), _quantile(self.draws[name], 1.0 - tail))
            for name in self.draws.columns
        }

    @cached_property
    def stderr(self) -> dict[str, float]:
        """Standard deviation of each constant over the draws."""
        return {n: float(np.std(self.draws[n].to_numpy(), ddof=1)) for n in self.draws.columns}


def _quantile(column: pl.Series, at: float) -> float:
    return float(np.quantile(column.to_numpy(), at))


def check_level(level: float) -> float:
    if not 0.0 < level < 1.0:
        raise FitError(f"level must lie between 0 and 1, not {level!r}; 0.95 is usual")
    return level


def bootstrap_chunks(
    fit: Fit, resamples: int, seed: int, chunk: int = CHUNK
) -> Iterator[tuple[pl.DataFrame, int]]:
    """Draws and number of failures, a chunk at a time; the same seed gives the same draws.

    A resample is a set of counts that add up to the number of runs used: it enters as weights, so
    all resamples of a chunk are minimised together.
    """
    rng = np.random.default_rng(seed)
    used = np.flatnonzero(fit.weights > 0)
    for first in range(0, resamples, chunk):
        size = min(chunk, resamples - first)
        counts = rng.multinomial(len(used), np.full(len(used), 1.0 / len(used)), size=size)
        weights = np.zeros((size, len(fit.weights)))
        weights[:, used] = counts * fit.weights[used]
        start = np.repeat(fit.theta[None], size, axis=0)
        with one_blas_thread():
            solution = minimise(fit.problem, fit.objective, start, weights)
        good = solution.converged
        draws = fit.problem.constants(solution.theta[good])
        yield pl.DataFrame(draws), int(np.count_nonzero(~good))


def bootstrap(fit: Fit, resamples: int = 1000, seed: int = 0) -> Bootstrap:
    """Refit to ``resamples`` resamples of the runs. An interrupt keeps the draws made so far."""
    if resamples < 1:
        raise FitError(f"bootstrap needs at least one resample, not {resamples}")
    parts: list[pl.DataFrame] = []
    failed = 0
    try:
        for draws, lost in bootstrap_chunks(fit, resamples, seed):
            parts.append(draws)
            failed += lost
    except KeyboardInterrupt:
        if not parts:
            raise
        done = sum(len(p) for p in parts)
        warnings.warn(f"bootstrap interrupted: {done} of {resamples} draws kept", stacklevel=2)
    return Bootstrap(pl.concat(parts), resamples, failed, fit)
