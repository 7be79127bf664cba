"""How sure is a fit: covariance of the constants, and the bootstrap over runs."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy.special import ndtri

from . import intervals, resampling
from .objective import Objective
from .problem import Problem
from .resampling import Resampling
from .solver import gradient_and_hessian, residuals
from .types import Array, FitError

if TYPE_CHECKING:
    from .result import Fit

CHUNK = 250  # resamples at once: their arrays stay in the processor's cache
SMALL_CHUNK = 50  # for other workers: 4,000 resamples are work for 80 of them


@dataclass(frozen=True)
class Bend:
    """How the objective curves around its minimum, in the problem's coordinates.

    Attributes
    ----------
    inverse : array (k, k)
        Inverse of its Hessian; NaN where that is singular, 0 for constants at their bound, which
        stay there.
    middle : array (k, k)
        Sum over runs of psi^2 g g', with n/(n-k).
    even : float
        By how much a rise of the objective is divided to be judged where residuals scatter alike:
        tau^2/kappa, the mean square of psi (of n-k) over the curvature of rho that a residual has
        on average. For least squares their variance.
    uneven : array (k,)
        The same for each coordinate wherever they scatter how: its variance by the sandwich over
        its entry of ``inverse``.
    """

    inverse: Array
    middle: Array
    even: float
    uneven: Array


def bend(problem: Problem, objective: Objective, theta: Array, weights: Array) -> Bend:
    """The objective's curvature and scatter at its minimum ``theta`` (k,); weights (1, runs)."""
    smooth = objective.stages()[-1]
    row = theta[None]
    predicted, slopes, _ = problem.derivatives(row)
    r = residuals(problem, smooth, predicted)
    g = slopes[:, 0] / (predicted if smooth.log else 1.0)
    _, hessian, _ = gradient_and_hessian(problem, smooth, row, weights)
    expected = _expected_curvature(smooth, r, weights)
    curved = hessian[0] + (g * weights * (expected - smooth.curvature(r))) @ g.T
    used = int(np.count_nonzero(weights))
    spare = max(used - problem.size, 1)
    scores = weights * smooth.slope(r) * g
    pinned = problem.pinned(theta)
    apart = pinned[:, None] | pinned
    curved = np.where(apart, np.eye(problem.size), curved)
    width = np.sqrt(np.maximum(np.abs(np.diagonal(curved)), 1e-300))
    # a constant that no run bounds may lie, or vary, beyond the largest number
    with np.errstate(all="ignore"):
        try:
            inverse = np.linalg.inv(curved / np.outer(width, width)) / np.outer(width, width)
        except np.linalg.LinAlgError:
            inverse = np.full((problem.size, problem.size), np.nan)
        inverse = np.where(apart, 0.0, inverse)
        tau = np.sum(weights * smooth.slope(r) ** 2) / spare
        even = tau * np.sum(weights) / np.sum(weights * expected)
        middle = scores @ scores.T * used / spare
        uneven = np.diagonal(inverse @ middle @ inverse) / np.diagonal(inverse)
    return Bend(inverse, middle, float(even), uneven)


def covariance(
    problem: Problem, objective: Objective, theta: Array, weights: Array
) -> tuple[Array, Array]:
    """Covariance (k, k) of the free constants, and the coordinates' standard errors (k,).

    The sandwich estimate of M-estimators, H^-1 (sum psi^2 g g') H^-1 with n/(n-k). NaN where H is
    singular.
    """
    found = bend(problem, objective, theta, weights)
    values = problem.constants(theta[None])
    turn = np.array([values[c.name][0] if c.sign else 1.0 for c in problem.coordinates])
    with np.errstate(all="ignore"):
        spread = found.inverse @ found.middle @ found.inverse
        return spread * turn * turn[:, None], np.sqrt(np.diagonal(spread))


def _expected_curvature(objective: Objective, r: Array, weights: Array) -> Array:
    """The curvature of rho that a residual has on average, shape of ``r``.

    Only residuals within delta curve a Huber loss: where they are few, the sample's own curvature
    is mostly chance. So more are counted, each for less, out to the width of Hall and Sheather
    (1988) for the density of residuals at their median. Without it the 95 % intervals of least
    absolute deviations held the truth in 66 to 89 % of simulated sweeps.
    """
    if objective.kind == "least_squares":
        return objective.curvature(r)
    size = np.abs(r[weights > 0])
    tail = ndtri(0.975) ** (2 / 3) * (1.5 * (0.5 / np.pi) / len(size)) ** (1 / 3)
    sigma = np.median(size) / ndtri(0.75)
    width = max(float(sigma * ndtri(min(0.5 + tail, 0.99))), objective.delta)
    return objective.tilted(np.asarray((np.abs(r) <= width) * objective.delta / width), r)


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
    fit : Fit
        The fit to the runs as they are.
    kind : {"plain", "residual", "cluster"}
        How the runs were resampled.
    """

    draws: pl.DataFrame
    asked: int
    failed: int
    fit: Fit
    kind: Resampling = "plain"

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

    def interval(
        self, quantity: str, level: float = 0.95, *, new_run: bool = False, **at: float
    ) -> tuple[float, float]:
        """Percentile interval of a constant, or of what follows from the constants.

        Parameters
        ----------
        quantity : str
            A constant's name; ``"a_N"`` or ``"a_D"``, the exponents with which the compute-optimal
            N and D grow (at ``C=`` where they change with it); ``"N_opt"``, ``"D_opt"`` or
            ``"tokens_per_parameter"`` at ``C=`` training FLOPs (6ND); ``"loss"`` at ``N=``, ``D=``
            and further variables of the law.
        level : float
            Between 0 and 1.
        new_run : bool
            The interval in which the loss of one new run lies, not the mean of many: the scatter
            of the fitted runs around the law is added. For ``"loss"`` only.
        **at : float
            Where.

        Returns
        -------
        low, high : float
            Draws without a value (no optimum inside) are left out; NaN where they are more than
            one tail holds, as the interval's end then lies among them.

        Raises
        ------
        FitError
            For an unknown quantity, a variable that is missing or not the law's, a bad level.

        Examples
        --------
        >>> boot.interval("N_opt", C=1e24)  # doctest: +SKIP
        """
        return intervals.interval(self, quantity, check_level(level), new_run, at)

    def __str__(self) -> str:
        failed = f", {self.failed} failed" if self.failed else ""
        return (
            f"{len(self.draws)} of {self.asked} draws ({self.kind}{failed}) of "
            f"{', '.join(self.draws.columns)}"
        )

    def __repr__(self) -> str:
        return f"Bootstrap({self})"


def _quantile(column: pl.Series, at: float) -> float:
    return float(np.quantile(column.to_numpy(), at))


def check_level(level: float) -> float:
    if not 0.0 < level < 1.0:
        raise FitError(f"level must lie between 0 and 1, not {level!r}; 0.95 is usual")
    return level


def bootstrap_chunks(
    fit: Fit, resamples: int, seed: int, chunk: int = CHUNK
) -> Iterator[tuple[pl.DataFrame, int]]:
    """Draws of the plain bootstrap and number of failures, a chunk at a time.

    The same seed gives the same draws, whatever the chunks.
    """
    todo = resampling.tasks(fit, resampling.sampler(fit), resamples, seed, chunk)
    for draws, failed in resampling.solve_all(todo):
        yield pl.DataFrame(draws), failed


def bootstrap(
    fit: Fit,
    resamples: int = 1000,
    seed: int = 0,
    kind: Resampling = "plain",
    by: str | None = None,
    executor: Executor | None = None,
) -> Bootstrap:
    """Refit to ``resamples`` resamples of the runs; see :meth:`Fit.bootstrap`."""
    if resamples < 1:
        raise FitError(f"bootstrap needs at least one resample, not {resamples}")
    draw = resampling.sampler(fit, kind, by)
    chunk = CHUNK if executor is None else SMALL_CHUNK
    todo = resampling.tasks(fit, draw, resamples, seed, chunk, apart=executor is not None)
    parts: list[pl.DataFrame] = []
    failed = 0
    try:
        for draws, lost in resampling.with_progress(
            resampling.solve_all(todo, executor), resamples
        ):
            parts.append(pl.DataFrame(draws))
            failed += lost
    except KeyboardInterrupt:
        if not parts:
            raise
        done = sum(len(p) for p in parts)
        warnings.warn(f"bootstrap interrupted: {done} of {resamples} draws kept", stacklevel=3)
    return Bootstrap(pl.concat(parts), resamples, failed, fit, kind)
