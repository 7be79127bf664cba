"""How sure is a fit: covariance of the constants, and the bootstrap over runs."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import ndtr, ndtri, stdtrit

from ..lawbook.door import check_whole, checked, is_number
from . import intervals, resampling
from .leverage import SINGULAR, Leverage, leverage
from .objective import Objective
from .problem import Problem
from .resampling import Groups, Resampling
from .solver import gradient_and_hessian, residuals
from .types import Array, FitError

if TYPE_CHECKING:
    from .result import Fit

CHUNK = 250  # resamples at once: their arrays stay in the processor's cache
_MOST_DRAWS = 10_000_000
SMALL_CHUNK = 50  # for other workers: 4,000 resamples are work for 80 of them
# A constant of which this share lies outside of what the runs determine is not determined: along
# directions of SINGULAR information it counts against an error of one.
_OUTSIDE = 1e-6


@dataclass(frozen=True)
class Bend:
    """How the objective curves around its minimum, in the problem's coordinates.

    Attributes
    ----------
    inverse : array (k, k)
        Inverse of its Hessian; 0 for constants at their bound, which stay there. For a constant
        that the runs do not determine infinity, and NaN with the others; NaN where the Hessian has
        no value.
    spread : array (k, k)
        Covariance by the sandwich: ``inverse`` on both sides of the sum over runs of psi^2 g g',
        with psi swollen by the run's leverage.
    even : float
        By how much a rise of the objective is divided to be judged where residuals scatter alike:
        tau^2/kappa, the mean square of psi (of n-k) over the curvature of rho that a residual has
        on average. For least squares their variance.
    uneven : array (k,)
        The same for each coordinate wherever they scatter how: its variance by the sandwich over
        its entry of ``inverse``. NaN for what the runs do not determine.
    degrees : array (k,)
        Degrees of freedom of each variance in ``spread``.
    """

    inverse: Array
    spread: Array
    even: float
    uneven: Array
    degrees: Array


def bend(problem: Problem, objective: Objective, theta: Array, weights: Array) -> Bend:
    """The objective's curvature and scatter at its minimum ``theta`` (k,); weights (1, runs).

    In the objective's own unit: a sum of absolute deviations bends as the Huber losses do that lead
    to it, divided by their delta.
    """
    smooth = objective.stages()[-1]
    row, w = theta[None], weights[0]
    predicted, slopes, _ = problem.derivatives(row)
    r = residuals(problem, smooth, predicted)[0]
    g = slopes[:, 0] / (predicted[0] if smooth.log else 1.0)
    pinned = problem.pinned(theta)
    pull = leverage(np.where(pinned[:, None], 0.0, g), w)
    _, hessian, _ = gradient_and_hessian(problem, smooth, row, weights)
    expected = _expected_curvature(smooth, r, pull)
    curved = hessian[0] + (g * w * (expected - smooth.curvature(r))) @ g.T
    score = w * smooth.slope(r) * pull.swelling()
    spare = max(int(np.count_nonzero(w)) - problem.size, 1)
    # a constant that no run bounds may lie, or vary, beyond the largest number
    with np.errstate(all="ignore"):
        inverse, lost = _inverse(curved, pull, pinned)
        tau = np.sum(w * smooth.slope(r) ** 2) / spare
        even = float(tau * np.sum(w) / np.sum(w * expected))
        shifts = inverse @ (g * score)  # what each run moves the constants by
        spread = shifts @ shifts.T
        uneven = np.where(lost, np.nan, np.diagonal(spread) / np.diagonal(inverse))
        degrees = _degrees(smooth, shifts, spare)
    inverse, spread = _unbounded(inverse, lost), _unbounded(spread, lost)
    unit = smooth.delta if objective.kind == "lad" else 1.0
    return Bend(inverse * unit, spread, even / unit, uneven / unit, degrees)


def _degrees(objective: Objective, shifts: Array, spare: int) -> Array:
    """Degrees of freedom (k,) of variances that are sums of the squared ``shifts`` (k, runs).

    By Satterthwaite (1946, Biometrics Bulletin 2), the fourth power of a normal error being three
    times its squared variance: where a tenth of the runs decide a constant, fewer than n-k. The
    psi of robust objectives hardly varies in size, and so neither does its square.
    """
    if objective.kind != "least_squares":
        return np.full(len(shifts), float(spare))
    squares = shifts**2
    found = 3.0 * squares.sum(axis=1) ** 2 / np.sum(squares**2, axis=1)
    return np.asarray(np.fmax(np.fmin(found, spare), 1.0))


def _inverse(
    curved: Array, pull: Leverage, pinned: npt.NDArray[np.bool_]
) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Inverse (k, k) along what the runs determine, and the constants (k,) that lie outside too.

    The slopes of the law say what that is. The Hessian of constants that explain the same thing is
    as good as singular, and what its inverse holds then is rounding, another on every machine.
    """
    scaled = pull.seen.T @ (curved * np.outer(pull.unit, pull.unit)) @ pull.seen
    if not np.isfinite(scaled).all():
        return np.full(curved.shape, np.nan), np.zeros(len(curved), dtype=bool)
    strength, axes = np.linalg.eigh(scaled)
    kept = np.abs(strength) > SINGULAR * np.abs(strength).max(initial=0.0)
    seen = pull.seen @ axes[:, kept]
    outside = 1.0 - np.sum(seen**2, axis=1) > _OUTSIDE**2
    directions = seen * pull.unit[:, None]
    return (directions / strength[kept]) @ directions.T, outside & ~pinned


def _unbounded(matrix: Array, lost: npt.NDArray[np.bool_]) -> Array:
    """With infinity for the constants that are lost, and NaN between them and the others."""
    matrix = np.where(lost[:, None] | lost, np.nan, matrix)
    matrix[lost, lost] = np.inf
    return matrix


def covariance(
    problem: Problem, objective: Objective, theta: Array, weights: Array
) -> tuple[Array, Array]:
    """Covariance (k, k) of the free constants, and errors (k,) of the coordinates by the design.

    The covariance is the sandwich estimate of M-estimators, H^-1 (sum psi^2 g g') H^-1, with the
    allowance for leverage of :class:`Leverage`. Infinite for constants that the runs do not
    determine, NaN where H has no value.

    The second are what the certificate asks about: whether the inputs of the runs determine the
    constants, if residuals scatter alike. Where they hardly do, a single residual of high leverage
    multiplies the sandwich (by 8 for the 34 shortest runs of Sardana et al.).
    """
    found = bend(problem, objective, theta, weights)
    values = problem.constants(theta[None])
    turn = np.array([values[c.name][0] if c.sign else 1.0 for c in problem.coordinates])
    with np.errstate(all="ignore"):
        errors = np.sqrt(np.diagonal(found.inverse) * found.even)
        return found.spread * turn * turn[:, None], errors


def _expected_curvature(objective: Objective, r: Array, pull: Leverage) -> Array:
    """The curvature of rho that each residual (runs,) has on average.

    Only residuals within delta curve a Huber loss: where they are few, the sample's own curvature
    is mostly chance. So more are counted, each for less, out to the width of Hall and Sheather
    (1988, JRSS B 50) for the density of residuals at their median. The width is in proportion to
    how the residuals scatter there, which their absolute values projected on the law's slopes tell:
    with one width for all, the few small models of a sweep that scatter four times as much as the
    rest had none or two of them inside, and 95 % intervals held the truth in 86 %.
    """
    if objective.kind == "least_squares":
        return objective.curvature(r)
    size = np.abs(r)
    used = pull.weights > 0
    local = pull.scatter(r)
    count = int(np.count_nonzero(used))
    tail = ndtri(0.975) ** (2 / 3) * (1.5 * (0.5 / np.pi) / count) ** (1 / 3)
    sigma = np.median((size / local)[used]) / ndtri(0.75)
    width = np.maximum(sigma * ndtri(min(0.5 + tail, 0.99)) * local, objective.delta)
    return objective.tilted((size <= width) * objective.delta / width, r)


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
    kind : {"plain", "residual", "wild", "cluster"}
        How the runs were resampled.
    groups : int, optional
        Of how many groups the resamples were drawn (``cluster``).

    Notes
    -----
    Intervals are percentiles of the draws, a little farther out than the level says: by as much as
    Student's t of n-k degrees (of a constant, of its own: ``Fit.degrees``) lies beyond the normal,
    and where whole runs are drawn sqrt(n/(n-k)) more, as their draws scatter too little by that
    (the expanded percentile interval of Hesterberg 2015, The American Statistician 69). Of m groups
    it is t of m-1 degrees, and sqrt(m/(m-1)). With Huber's loss and absolute deviations draws of
    whole runs scatter too widely by themselves: they are not widened (groups by t alone), as 95 %
    intervals that were held the truth in 98 %.
    """

    draws: pl.DataFrame
    asked: int
    failed: int
    fit: Fit
    kind: Resampling = "plain"
    groups: int | None = None

    @checked(FitError)
    def tail(self, level: float, constant: str | None = None) -> float:
        """Share of the draws that lies beyond either end of an interval of this level.

        Of a constant's if one is named, otherwise of what follows from all of them.
        """
        if constant is not None and constant not in self.fit.params:
            known = ", ".join(self.fit.params)
            raise FitError(f"tail: constant must be one of {known}, not {constant!r}")
        smooth = self.fit.objective.kind == "least_squares"
        if self.kind == "plain" and not smooth:
            return 0.5 * (1.0 - check_level(level))
        count, taken = self.fit.used, self.fit.problem.size
        if self.groups is not None:
            count, taken = self.groups, 1
        spare = max(count - taken, 1)
        degrees = float(spare)
        if constant is not None and self.kind in (
            "plain",
            "wild",
        ):  # each run tells its own scatter
            degrees = self.fit.degrees[constant]
        reach = float(stdtrit(degrees, 0.5 + 0.5 * check_level(level)))
        if smooth and self.kind in ("plain", "cluster"):
            reach *= np.sqrt(count / spare)
        return float(ndtr(-reach))

    @checked(FitError)
    def conf_int(self, level: float = 0.95) -> dict[str, tuple[float, float]]:
        """Percentile interval of each constant."""
        ends = {}
        for name in self.draws.columns:
            tail = self.tail(level, name)
            ends[name] = _quantile(self.draws[name], tail), _quantile(self.draws[name], 1.0 - tail)
        return ends

    @cached_property
    def stderr(self) -> dict[str, float]:
        """Standard deviation of each constant over the draws."""
        return {n: float(np.std(self.draws[n].to_numpy(), ddof=1)) for n in self.draws.columns}

    @checked(FitError)
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
        constant = quantity if quantity in self.draws.columns else None
        return intervals.interval(self, quantity, self.tail(level, constant), new_run, at)

    def __str__(self) -> str:
        failed = f", {self.failed} failed" if self.failed else ""
        return (
            f"{len(self.draws)} of {self.asked} draws ({self.kind}{failed}) of "
            f"{', '.join(self.draws.columns)}"
        )

    def __repr__(self) -> str:
        return f"Bootstrap({self})"


def _quantile(column: pl.Series, at: float) -> float:
    return float(np.quantile(column.to_numpy(), at, method=intervals.QUANTILE))


def check_draws(resamples: int, seed: int) -> None:
    check_whole(FitError, "bootstrap: resamples", resamples, 1, _MOST_DRAWS)
    check_whole(FitError, "bootstrap: seed", seed)


def check_level(level: float, what: str = "level") -> float:
    if not is_number(level) or not 0.0 < level < 1.0:
        raise FitError(f"{what} must lie between 0 and 1, not {level!r}; 0.95 is usual")
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
    check_draws(resamples, seed)
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
        warnings.warn(f"bootstrap interrupted: {done} of {resamples} draws kept", stacklevel=4)
    groups = draw.count if isinstance(draw, Groups) and by is not None else None
    return Bootstrap(pl.concat(parts), resamples, failed, fit, kind, groups)
