"""Profile likelihood: how far a constant can move before the best of the others fits too badly."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import stdtrit

from .certificate import AGREEMENT
from .objective import Objective
from .solver import evaluate, exact, minimise
from .types import Array, FitError, one_blas_thread
from .uncertainty import bend

if TYPE_CHECKING:
    from .result import Fit

Scatter = Literal["even", "uneven"]

# How far an end is sought, in coordinates: a factor of 1e13 in an amplitude, and exponents beyond
# all that were ever published. What has not risen enough by then never will.
_REACH = {True: 30.0, False: 5.0}
_FIRST = 0.5  # half width to try where the curvature says nothing
_STEPS = np.array([0.2, 0.4, 0.6, 0.8, 1.0, 1.2])  # where the curves are drawn, in half widths
_CLOSE = 1e-5  # of the limit: the ends' error
_TRIES = 60
_SLOW = 12  # refits of a row after which its bracket is halved
# The corner of |r| is rounded off at this share of the median residual: that raises the sum by less
# than 1e-3 of the rise that is sought, and takes half the time.
_ROUNDED = 1e-3


@dataclass(frozen=True)
class Profile:
    """Profile-likelihood intervals of a fit's constants, and the curves behind them.

    An interval holds the values c at which |z(c)| stays below Student's t of n-k degrees, where

        z(c)^2 = 2 (F(c) - F) / scale,

    F(c) is the objective with the constant at c and all others refitted, and F its minimum.

    ``scatter="even"``: residuals scatter alike at all runs. For least squares ``scale`` is their
    variance, and z the classical profile t (Bates and Watts 1988, Sec. 6.1), right for normal
    residuals. For other objectives it is tau^2/kappa, the mean square of psi = rho' over the mean
    curvature of rho. Near the minimum F(c) - F is (c - estimate)^2 kappa / (2 u) with u the
    constant's entry of (sum g g')^-1, and the estimate varies by u tau^2/kappa^2, so that z is a
    standard normal: Schrader and Hettmansperger (1980, Biometrika 67) for Huber's loss, Koenker and
    Bassett (1982, Econometrica 50) for absolute deviations.

    ``scatter="uneven"``: residuals scatter how they will, as long as runs are independent. Each
    constant has its own ``scale``: its variance by the sandwich over that by the curvature alone,
    so that z is a standard normal again (Kent 1982, Biometrika 69), and its own degrees for
    Student's t (``Fit.degrees``), as few runs may tell its variance. On Chinchilla's runs, whose
    small models scatter most, the even intervals are 1.5 to 2 times shorter.

    Both are approximations for many runs, good to the order of the covariance; what they add is the
    objective's own shape away from the minimum. kappa is told by the few residuals near zero:
    where delta is small against them, by a hundred runs to about a fifth, and with it the width of
    an interval to a tenth.

    Weights count as precision: a run of weight 2 is taken to scatter by 1/sqrt(2).

    Attributes
    ----------
    fit : Fit
    level : float
    scatter : {"even", "uneven"}
    intervals : dict of str to (low, high)
        0 or infinity where the objective never rises enough on that side: the runs do not bound the
        constant there. Its bound, where the fit has one.
    curves : polars.DataFrame
        ``constant``, ``value``, ``z`` (signed; a straight line where the covariance says all),
        ``objective``, and all constants as refitted; by constant in the order of ``value``.
    """

    fit: Fit
    level: float
    scatter: Scatter
    intervals: dict[str, tuple[float, float]]
    curves: pl.DataFrame = field(repr=False)

    def conf_int(self) -> dict[str, tuple[float, float]]:
        """Interval of each profiled constant."""
        return dict(self.intervals)

    def __str__(self) -> str:
        ends = ", ".join(f"{k} [{lo:.4g}, {hi:.4g}]" for k, (lo, hi) in self.intervals.items())
        return f"{self.level:g} profile of {self.fit.law.id}, scatter {self.scatter}: {ends}"

    def __repr__(self) -> str:
        return f"Profile({self})"


def profile(
    fit: Fit, names: Iterable[str] | None, level: float, scatter: Scatter | None
) -> Profile:
    """See :meth:`Fit.profile`."""
    if scatter is None:
        scatter = "even" if fit.objective.kind == "least_squares" else "uneven"
    if scatter not in ("even", "uneven"):
        raise FitError(f'profile: scatter is "even" or "uneven", not {scatter!r}')
    asked = _asked(fit, names)
    with one_blas_thread():
        sides = _Sides(fit, asked, level, scatter)
        ends = sides.ends()
        curves = sides.curves()
    _warn_if_lower(fit, curves)
    half = len(asked)
    intervals = {}
    for i, name in enumerate(asked):
        low, high = sorted(sides.constant(row, ends[row]) for row in (i, half + i))
        intervals[name] = (low, high)
    return Profile(fit, level, scatter, intervals, curves)


def _asked(fit: Fit, names: Iterable[str] | None) -> list[str]:
    given = [names] if isinstance(names, str) else names
    asked = list(fit.problem.free if given is None else dict.fromkeys(given))
    if not asked:
        raise FitError(f"profile: names holds none; there are {', '.join(fit.problem.free)}")
    for name in asked:
        if name not in fit.problem.free:
            why = "is held" if name in fit.fixed else "is no constant of the law"
            why = f"is tied to {fit.problem.tied[name]}" if name in fit.problem.tied else why
            raise FitError(f"profile: names: {name} {why}; there are {', '.join(fit.problem.free)}")
    if fit.used <= fit.problem.size:
        raise FitError(
            f"profile: {fit.used} runs for {fit.problem.size} constants leave no scatter to judge "
            "by; add runs, or hold constants with fixed={...}"
        )
    if fit.value <= exact(fit.problem, fit.objective, fit.weights[None])[0]:
        raise FitError("profile: the runs lie on the law, without scatter to judge by")
    return asked


def _warn_if_lower(fit: Fit, curves: pl.DataFrame) -> None:
    best = curves.sort("objective").row(0, named=True)
    if best["objective"] < fit.value * (1.0 - AGREEMENT):
        start = {name: float(f"{best[name]:.6g}") for name in fit.problem.free}
        warnings.warn(
            f"profile: the objective falls to {best['objective']:.6g}, below the fit's "
            f"{fit.value:.6g}: these intervals are not to be trusted. Fit again with start={start}",
            stacklevel=5,
        )


class _Point(NamedTuple):
    """A refit of one row, its constant held ``u`` expected half widths from the minimum."""

    u: float
    z: float
    theta: Array


class _Sides:
    """Both sides of every profiled constant: rows 0 to m-1 go down, m to 2m-1 up.

    A row's coordinate is the fit's plus ``sign * width * u``, where width is what the curvature at
    the minimum expects of the interval: ends lie near u = 1.
    """

    def __init__(self, fit: Fit, names: list[str], level: float, scatter: Scatter) -> None:
        self.fit, self.problem = fit, fit.problem
        coordinates = self.problem.coordinates
        order = [c.name for c in coordinates]
        self.index = np.tile([order.index(name) for name in names], 2)
        self.sign = np.repeat([-1.0, 1.0], len(names))
        self.objective, self.theta, self.least = _smooth(fit)
        around = bend(self.problem, self.objective, fit.theta, fit.weights[None])
        spare = float(fit.used - self.problem.size)
        degrees = around.degrees[self.index] if scatter == "uneven" else spare
        self.limits = np.broadcast_to(stdtrit(degrees, 0.5 + 0.5 * level), self.index.shape)
        own = np.diagonal(around.inverse)[self.index]
        uneven = around.uneven[self.index]
        with np.errstate(all="ignore"):
            self.scale = np.where((scatter == "uneven") & (uneven > 0), uneven, around.even)
            expected = self.limits * np.sqrt(own * self.scale)
            trace = around.inverse[self.index] / own[:, None]  # how the others follow
        self.reach = np.array([_REACH[coordinates[i].sign != 0] for i in self.index])
        self.bounded = np.zeros(len(self.index), dtype=bool)
        if self.problem.box is not None:
            wall = np.where(self.sign < 0, *(side[self.index] for side in self.problem.box))
            self.bounded = np.abs(wall - self.theta[self.index]) < self.reach
            self.reach = np.minimum(self.reach, np.abs(wall - self.theta[self.index]))
        self.width = np.where(expected > 0, np.minimum(expected, 0.2 * self.reach), _FIRST)
        self.trace = np.where(np.isfinite(trace), trace, 0.0)
        # the refits made so far: each next one starts from its nearest neighbour
        self.known = [[_Point(0.0, 0.0, self.theta)] for _ in self.index]

    def constant(self, row: int, t: float) -> float:
        """A row's constant from its coordinate, which may be infinite."""
        with np.errstate(over="ignore"):
            return float(self.problem.coordinates[self.index[row]].to_constant(np.asarray(t)))

    def at(self, row: int, u: float) -> float:
        """A row's coordinate."""
        return float(self.theta[self.index[row]] + self.sign[row] * self.width[row] * u)

    def refit(self, rows: npt.NDArray[np.intp], u: Array) -> None:
        """Holds each row's constant at u, refits the others, all rows together."""
        batch, own = np.arange(len(rows)), self.index[rows]
        start = np.empty((len(rows), self.problem.size))
        for i in batch:
            near = min(self.known[rows[i]], key=lambda point: abs(point.u - u[i]))
            ahead = self.sign[rows[i]] * self.width[rows[i]] * (u[i] - near.u)
            start[i] = near.theta + self.trace[rows[i]] * ahead
        start[batch, own] = [self.at(row, here) for row, here in zip(rows, u, strict=True)]
        held = np.arange(self.problem.size) == own[:, None]
        found = minimise(self.problem, self.objective, start, self.fit.weights[None], held)
        rise = np.maximum(found.value - self.least, 0.0)
        z = np.sqrt(2.0 * rise / self.scale[rows])
        for i in batch:
            points = self.known[rows[i]]
            points.append(_Point(float(u[i]), float(z[i]), found.theta[i]))
            points.sort(key=lambda point: point.u)

    def ends(self) -> Array:
        """Coordinates (rows,) where z reaches its limit; infinite where it never does.

        By false position on z, which is nearly straight: two or three refits after the first grid,
        where a general root finder took eight.
        """
        rows = np.flatnonzero(self.reach).tolist()  # a constant at its bound has no way to go
        self.refit(np.repeat(rows, len(_STEPS)), np.tile(_STEPS, len(rows)))
        for _ in range(_TRIES):
            wanted = {row: u for row in rows if (u := self._next(row)) is not None}
            if not wanted:
                break
            self.refit(np.array(list(wanted)), np.array(list(wanted.values())))
        return np.array([self._end(row) for row in range(len(self.index))])

    def _bracket(self, row: int) -> tuple[_Point, _Point | None]:
        """The last point below the limit and the first one above it, if any."""
        points = self.known[row]
        above = next((i for i, p in enumerate(points) if not p.z < self.limits[row]), None)
        return (points[-1], None) if above is None else (points[above - 1], points[above])

    def _next(self, row: int) -> float | None:
        """Where to refit next; None when the end is known, or known not to be."""
        low, high = self._bracket(row)
        limit = float(self.limits[row])
        if high is None:
            top = float(self.reach[row] / self.width[row])
            ahead = min(max(1.05 * low.u * limit / max(low.z, 1e-9), 1.2 * low.u), 2.0 * low.u)
            return min(ahead, top) if low.u < top else None
        if min(limit - low.z, high.z - limit) < _CLOSE * limit:
            return None
        if high.u - low.u < _CLOSE:
            return None
        if not np.isfinite(high.z) or len(self.known[row]) > _SLOW:
            return 0.5 * (low.u + high.u)
        return low.u + (high.u - low.u) * (limit - low.z) / (high.z - low.z)

    def _end(self, row: int) -> float:
        low, high = self._bracket(row)
        if high is None:
            wall = self.theta[self.index[row]] + self.sign[row] * self.reach[row]
            return float(wall if self.bounded[row] else self.sign[row] * np.inf)
        share = (self.limits[row] - low.z) / (high.z - low.z)
        return self.at(row, low.u + (high.u - low.u) * share)

    def curves(self) -> pl.DataFrame:
        """All refits as a table, the fit itself once for each constant."""
        half = len(self.index) // 2
        places = [
            (row, point)
            for i in range(half)
            for row, points in ((i, self.known[i][:0:-1]), (half + i, self.known[half + i]))
            for point in points
        ]
        rows = np.array([row for row, _ in places])
        theta = np.array([point.theta for _, point in places])
        with np.errstate(over="ignore"):
            constants = self.problem.constants(theta)
        names = [self.problem.coordinates[i].name for i in self.index[rows]]
        weights = self.fit.weights[None]
        table = pl.DataFrame(
            {
                "constant": names,
                "value": [constants[name][i] for i, name in enumerate(names)],
                "z": self.sign[rows] * [point.z for _, point in places],
                "objective": evaluate(self.problem, self.fit.objective, theta, weights),
                **constants,
            }
        )
        order = {name: i for i, name in enumerate(dict.fromkeys(names))}
        return table.sort(pl.col("constant").replace_strict(order), "value")


def _smooth(fit: Fit) -> tuple[Objective, Array, float]:
    """The objective that is profiled, its minimum (k,) and the value there."""
    objective = fit.objective
    if objective.kind == "lad":
        typical = float(np.median(np.abs(fit.residuals[fit.weights > 0])))
        delta = max(_ROUNDED * typical, 1e-9)
        objective = Objective("huber", delta, objective.log, objective.over)
    found = minimise(fit.problem, objective, fit.theta[None], fit.weights[None])
    return objective, found.theta[0], float(found.value[0])
