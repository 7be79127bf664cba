"""Resamples of the runs, and how each chunk of them is solved."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import ndtri

from . import workers
from .leverage import leverage
from .objective import Objective
from .problem import Problem
from .solver import minimise
from .types import Array, FitError, one_blas_thread

if TYPE_CHECKING:
    from .result import Fit

Resampling = Literal["plain", "residual", "wild", "cluster"]
Chunk = tuple[dict[str, Array], int]  # constants of the resamples that arrived, how many did not

FEWEST_GROUPS = 5  # of three or four groups too few resamples exist to show how they scatter
_SAME = 1e-9  # budgets that differ by less do so by rounding only: C = 6ND is a product


@dataclass(frozen=True)
class Groups:
    """Whole groups of runs, drawn with replacement: counts by which the weights are multiplied.

    With every run a group of its own this is the plain bootstrap over runs.
    """

    weights: Array  # (runs,)
    group: npt.NDArray[np.intp]  # (runs,), any for runs of weight 0
    count: int

    def __call__(self, rng: np.random.Generator, size: int) -> tuple[Array, None]:
        """Weights (size, runs)."""
        drawn = rng.multinomial(self.count, np.full(self.count, 1.0 / self.count), size=size)
        return drawn[:, self.group] * self.weights, None


@dataclass(frozen=True)
class Residuals:
    """Losses on the fitted law plus residuals drawn with replacement, at the inputs of all runs."""

    weights: Array  # (runs,)
    fitted: Array  # (runs,)
    scatter: Array  # (runs used,)
    smooth: float  # standard deviation of the noise that is added to each residual drawn
    log: bool

    def __call__(self, rng: np.random.Generator, size: int) -> tuple[Array, Array]:
        """Weights (1, runs) and losses (size, runs)."""
        used, n = self.weights > 0, len(self.scatter)
        # a resample after the other, so that chunks of any size draw the same
        u = rng.random((size, 2, n))
        r = np.zeros((size, len(used)))
        r[:, used] = self.scatter[(u[:, 0] * n).astype(np.intp)]
        if self.smooth:
            r[:, used] += self.smooth * ndtri(u[:, 1])
        return self.weights[None], self.fitted * np.exp(-r) if self.log else self.fitted - r


@dataclass(frozen=True)
class Signs:
    """Losses on the fitted law plus each run's own residual, its sign drawn."""

    weights: Array  # (runs,)
    fitted: Array  # (runs,)
    scatter: Array  # (runs,), 0 for runs of weight 0
    smooth: Array  # (runs,), standard deviation of the noise that is added
    log: bool

    def __call__(self, rng: np.random.Generator, size: int) -> tuple[Array, Array]:
        """Weights (1, runs) and losses (size, runs)."""
        # a resample after the other, so that chunks of any size draw the same
        u = rng.random((size, 2, len(self.scatter)))
        r = np.where(u[:, 0] < 0.5, self.scatter, -self.scatter)
        if self.smooth.any():
            r += self.smooth * ndtri(u[:, 1])
        return self.weights[None], self.fitted * np.exp(-r) if self.log else self.fitted - r


Sampler = Groups | Residuals | Signs


@dataclass(frozen=True)
class Task:
    """A chunk of resamples to be solved: all that another process needs for it."""

    problem: Problem
    objective: Objective
    theta: Array
    sampler: Sampler
    rng: np.random.Generator
    size: int

    def solve(self) -> Chunk:
        """Minimises all resamples of the chunk together, from the fit's constants."""
        weights, losses = self.sampler(self.rng, self.size)
        problem = self.problem if losses is None else self.problem.observing(losses)
        start = np.repeat(self.theta[None], self.size, axis=0)
        with one_blas_thread():
            solution = minimise(problem, self.objective, start, weights)
        good = solution.converged
        return problem.constants(solution.theta[good]), int(np.count_nonzero(~good))


def sampler(fit: Fit, kind: Resampling = "plain", by: str | None = None) -> Sampler:
    """How the runs of a fit are to be resampled; refuses what makes no sense."""
    if kind not in get_args(Resampling):
        raise FitError(
            f"bootstrap: unknown kind {kind!r}; there are {', '.join(get_args(Resampling))}"
        )
    if (kind == "cluster") != (by is not None):
        raise FitError(
            'bootstrap: by= names the column whose groups are drawn with kind="cluster", '
            f"here kind={kind!r} and by={by!r}"
        )
    if kind == "residual":
        return _residuals(fit)
    if kind == "wild":
        return _signs(fit)
    if by is not None:
        return _groups(fit, by)
    used = np.flatnonzero(fit.weights > 0)
    own = np.zeros(len(fit.weights), dtype=np.intp)
    own[used] = np.arange(len(used))
    return Groups(fit.weights, own, len(used))


def scatter(fit: Fit) -> Array:
    """Residuals of the runs used, widened for the constants that were fitted to them.

    By sqrt(n/(n - k)) (Davison and Hinkley 1997, Sec. 6.2): a fit comes closer to its own runs than
    the law does.

    Raises
    ------
    FitError
        Where there are no more runs than constants: nothing is left to see scatter by.
    """
    found = fit.residuals[fit.weights > 0]
    spare = len(found) - fit.problem.size
    if spare < 1:
        raise FitError(
            f"{len(found)} runs for {fit.problem.size} constants leave no residuals; add runs"
        )
    return np.asarray(found * np.sqrt(len(found) / spare))


def _residuals(fit: Fit) -> Residuals:
    """The residuals around their own centre, as the objective measures it: resamples then scatter
    about the fitted constants, and not about others.

    Where the density of residuals at zero decides, they are smoothed, as De Angelis, Hall and Young
    (1993, JASA 88) advise for least absolute deviations: a fit runs through as many runs as it has
    constants, and their residuals of zero would count as certainty.
    """
    from scipy.optimize import brentq  # 0.3 s to import, and most sessions never need it

    found, weights = scatter(fit), fit.weights[fit.weights > 0]

    def pull(m: float) -> float:
        return float(weights @ fit.objective.slope(found - m))

    low, high = float(found.min()), float(found.max())
    centre = brentq(pull, low, high) if low < high else low
    fitted = fit.problem.predict(fit.theta[None])[0]
    found = found - centre
    smooth = 0.0
    if fit.objective.kind != "least_squares":
        low, high = np.quantile(found, [0.25, 0.75])
        robust = min(float(np.std(found)), float(high - low) / 1.34)
        smooth = 0.9 * robust * len(found) ** -0.2  # Silverman 1986, Eq. 3.31
    return Residuals(fit.weights, fitted, found, smooth, fit.objective.log)


def _signs(fit: Fit) -> Signs:
    """The residuals of all runs, swollen to the size of the errors by their leverage.

    Where the density of residuals at zero decides they are smoothed, as in :func:`_residuals`, each
    in proportion to how they scatter around it.
    """
    if fit.objective.over != 1.0:
        raise FitError(
            'bootstrap: kind="wild" turns residuals over, and this objective weighs those above '
            f'{fit.objective.over:g} times as much; use kind="plain"'
        )
    predicted, slopes, _ = fit.problem.derivatives(fit.theta[None])
    g = slopes[:, 0] / (predicted[0] if fit.objective.log else 1.0)
    pull = leverage(np.where(fit.problem.pinned(fit.theta)[:, None], 0.0, g), fit.weights)
    used, r = fit.weights > 0, fit.residuals
    smooth = np.zeros_like(r)
    if fit.objective.kind != "least_squares":
        deviation = pull.scatter(r) * np.sqrt(0.5 * np.pi)  # of normal residuals
        smooth = np.where(used, 0.9 * deviation * fit.used**-0.2, 0.0)
    own = np.where(used, r * pull.swelling(), 0.0)
    return Signs(fit.weights, predicted[0], own, smooth, fit.objective.log)


def _groups(fit: Fit, by: str) -> Groups:
    if by not in fit.runs.columns:
        raise FitError(f"bootstrap: no column {by!r} in the runs; there are {fit.runs.columns}")
    used = fit.weights > 0
    column = fit.runs[by].filter(used)
    if column.null_count():
        raise FitError(
            f"bootstrap: {by!r} is empty for {column.null_count()} of {len(column)} runs used; "
            "every run needs its group"
        )
    group = np.zeros(len(used), dtype=np.intp)
    group[used] = numbered(column)
    count = int(group.max()) + 1
    if count < FEWEST_GROUPS:
        raise FitError(
            f"bootstrap: {by!r} has {count} groups among the runs used; from fewer than "
            f'{FEWEST_GROUPS} their scatter cannot be told. Use kind="plain" or "residual".'
        )
    if count == len(column):
        raise FitError(
            f"bootstrap: no two runs share a {by!r}, so there are no groups to draw. Add a column "
            'that names them, for example runs.with_columns(g=pl.col("C").log10().round(1)).'
        )
    return Groups(fit.weights, group, count)


def numbered(column: pl.Series) -> npt.NDArray[np.intp]:
    """The number of each run's group; numbers that differ by rounding only are one group."""
    if not column.dtype.is_float():
        return np.unique(column.cast(pl.String).to_numpy(), return_inverse=True)[1]
    value = column.to_numpy()
    order = np.argsort(value)
    new = np.diff(value[order]) > _SAME * np.abs(value[order[1:]])
    group = np.zeros(len(value), dtype=np.intp)
    group[order[1:]] = np.cumsum(new)
    return group


def tasks(
    fit: Fit, draw: Sampler, resamples: int, seed: int, chunk: int, apart: bool = False
) -> Iterator[Task]:
    """The chunks, all fed by one stream of random numbers.

    So neither the size of a chunk nor who solves it matters to the draws. A task that is solved
    ``apart`` gets a copy of the stream, which here is moved on by drawing what the task will draw:
    2 % of the time that solving takes.
    """
    rng = np.random.default_rng(seed)
    for first in range(0, resamples, chunk):
        size = min(chunk, resamples - first)
        own = deepcopy(rng) if apart else rng
        yield Task(fit.problem, fit.objective, fit.theta, draw, own, size)
        if apart:
            draw(rng, size)


def solve(task: Task) -> Chunk:
    """What a worker is asked. The task's own stream stays where it was, for another try."""
    return replace(task, rng=deepcopy(task.rng)).solve()


def solve_all(todo: Iterator[Task], executor: Executor | None = None) -> Iterator[Chunk]:
    """Chunks in order, solved here or by an executor's workers."""
    here = Task.solve if executor is None else solve
    return workers.solve_all(here, todo, executor, "bootstrap: chunks")


def with_progress(parts: Iterator[Chunk], total: int) -> Iterator[Chunk]:
    """The same chunks, with a bar once they have taken over a second."""
    return workers.with_progress(parts, total, "bootstrap", _size)


def _size(chunk: Chunk) -> int:
    draws, failed = chunk
    return len(next(iter(draws.values()))) + failed
