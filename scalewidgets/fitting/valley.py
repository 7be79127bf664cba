"""The valley in which a fit lies: how the objective rises over two constants at once."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.polynomial import Polynomial
from numpy.polynomial.chebyshev import chebpts1, chebvander2d

from ..lawbook.door import check_whole
from .certificate import AGREEMENT
from .objective import Objective
from .profile import Scatter
from .solver import evaluate, exact, minimise
from .types import Array, FitError, one_blas_thread
from .uncertainty import bend, check_level

if TYPE_CHECKING:
    from .result import Fit

_FEWEST, _MOST = 5, 500  # points a side
_BEYOND = 1.1  # how much farther than the region the grid goes
# Where the region's ends are sought, in half widths that the curvature expects of it; a constant
# that the runs do not bound is drawn as far as the last.
_STEPS = np.array([-3.0, -2.2, -1.6, -1.2, -0.8, -0.4, 0.0, 0.4, 0.8, 1.2, 1.6, 2.2, 3.0])
_REACH = {True: 30.0, False: 5.0}  # farthest, in coordinates: of an amplitude and of an exponent
_BENT = 4  # degree of the floor
_FAR = 4.0  # half widths of the region beside its floor: there the rise is 16 times the limit
_NODES = 9  # places a side at which constants are refitted
# The corner of |r| is rounded off at this share of the median residual to find the constants; the
# sum is then taken exactly.
_ROUNDED = 0.1
_ANGLES = 64
_AT_ONCE = 60_000  # rows x runs kept in the processor's cache


@dataclass(frozen=True)
class Valley:
    """The rise of a fit's objective over a grid of two constants, all others refitted.

    All constants are refitted on 9 by 9 places; in between they follow polynomials, at which the
    objective is taken. So the rise is never too low, and too high by the square of their error: on
    Chinchilla's 240 runs by less than 1e-6 of the 95 % limit with least squares, by up to 2 % of it
    with Huber's loss and 9 % with absolute deviations, whose own kinks are of that size. Two
    constants that make up for each other (A and alpha) have a valley so narrow that few places of a
    grid lie in it; pairs such as the two exponents show theirs better.

    A joint confidence region holds the pairs at which the rise stays below the level's limit. Where
    residuals scatter alike (``scatter="even"``) the limit is ``scale`` times the quantile of
    Fisher's F with 2 and n-k degrees (Bates and Watts 1988, Sec. 6.1), with the scale of
    :class:`Profile`. Where they do not, twice the rise of the true pair is distributed as
    l1 u1^2 + l2 u2^2 with standard normal u (Kent 1982, Biometrika 69), where l1 and l2 are
    eigenvalues of the pair's covariance by the sandwich over that by the curvature alone; the limit
    is a quantile of that, with the same allowance for n-k.

    Attributes
    ----------
    fit : Fit
    names : (str, str)
        The constants along x and y.
    x, y : array (points,)
        Their values, rising: evenly spaced, those of amplitudes in their logarithm.
    rise : array (points, points)
        Objective less its minimum, ``rise[j, i]`` at ``x[i]`` and ``y[j]``, in the objective's unit
        (a sum over runs). NaN where the law has no value, and far beside a narrow valley's floor.
    limits : dict of float to float
        For each level the rise within which the pair lies with that confidence.
    scatter : {"even", "uneven"}
    """

    fit: Fit
    names: tuple[str, str]
    x: Array = field(repr=False)
    y: Array = field(repr=False)
    rise: Array = field(repr=False)
    limits: dict[float, float]
    scatter: Scatter

    def __str__(self) -> str:
        limits = ", ".join(f"{level:g} within {rise:.4g}" for level, rise in self.limits.items())
        spans = (
            f"{name} {values[0]:.4g} to {values[-1]:.4g}"
            for name, values in zip(self.names, (self.x, self.y), strict=True)
        )
        return (
            f"valley of {self.fit.law.id}, {len(self.x)} by {len(self.y)}: {', '.join(spans)}; "
            f"rise {limits}; scatter {self.scatter}"
        )

    def __repr__(self) -> str:
        return f"Valley({self})"


def valley(
    fit: Fit, x: str, y: str, levels: Iterable[float], points: int, scatter: Scatter | None
) -> Valley:
    """See :meth:`Fit.valley`."""
    if scatter is None:
        scatter = "even" if fit.objective.kind == "least_squares" else "uneven"
    if scatter not in ("even", "uneven"):
        raise FitError(f'valley: scatter is "even" or "uneven", not {scatter!r}')
    check_whole(FitError, "valley: points", points, _FEWEST, _MOST)
    asked = [check_level(level, "valley: each of levels") for level in levels]
    if not asked:
        raise FitError("valley: levels holds none; (0.68, 0.95) is usual")
    pair = _pair(fit, x, y)
    with one_blas_thread():
        ground = _Ground(fit, pair)
        limits = {level: ground.limit(level, scatter) for level in asked}
        if not min(limits.values()) > 0:
            raise FitError(f"valley: levels: at {min(asked):g} the region is but a point")
        sides, rise = ground.grid(max(limits.values()), points)
    _warn_if_lower(fit, rise)
    values = [
        fit.problem.coordinates[i].to_constant(side) for i, side in zip(pair, sides, strict=True)
    ]
    return Valley(fit, (x, y), values[0], values[1], rise, limits, scatter)


def _pair(fit: Fit, x: str, y: str) -> list[int]:
    """The two constants' places among the coordinates; refuses what has no valley."""
    problem = fit.problem
    for name in (x, y):
        if name not in problem.free:
            why = "is held" if name in fit.fixed else "is no constant of the law"
            why = f"is tied to {problem.tied[name]}" if name in problem.tied else why
            raise FitError(f"valley: {name!r} {why}; there are {', '.join(problem.free)}")
        if problem.pinned(fit.theta)[problem.free.index(name)]:
            raise FitError(f"valley: {name} lies at its bound; widen its bounds and fit again")
    if x == y:
        raise FitError(f"valley: x and y are both {x}; take two constants")
    if fit.used <= problem.size:
        raise FitError(
            f"valley: {fit.used} runs for {problem.size} constants leave no scatter to judge by; "
            "add runs, or hold constants with fixed={...}"
        )
    if fit.value <= exact(problem, fit.objective, fit.weights[None])[0]:
        raise FitError("valley: the runs lie on the law, without scatter to judge by")
    return [problem.free.index(name) for name in (x, y)]


def _warn_if_lower(fit: Fit, rise: Array) -> None:
    lowest = float(np.min(rise, where=~np.isnan(rise), initial=0.0))
    if lowest < -AGREEMENT * fit.value:
        warnings.warn(
            f"valley: the objective falls {-lowest:.3g} below the fit's {fit.value:.6g}: these "
            "limits are not to be trusted. Fit again from a start in the deeper valley",
            stacklevel=5,
        )


class _Ground:
    """The objective around a fit, along two of its coordinates."""

    def __init__(self, fit: Fit, pair: list[int]) -> None:
        self.fit, self.problem, self.pair = fit, fit.problem, pair
        self.weights = fit.weights[None]
        self.objective = _rounded(fit)
        self.around = bend(fit.problem, fit.objective, fit.theta, self.weights)
        self.own = self.around.inverse[np.ix_(pair, pair)]
        if not (np.isfinite(self.own).all() and np.linalg.det(self.own) > 0):
            x, y = (self.problem.free[i] for i in pair)
            raise FitError(
                f"valley: the runs do not determine {x} and {y}; add runs that differ more, or "
                "hold constants with fixed={...}"
            )

    def limit(self, level: float, scatter: Scatter) -> float:
        """The rise that bounds the joint region of a level."""
        scales = np.full(2, self.around.even)
        if scatter == "uneven":
            spread = self.around.spread[np.ix_(self.pair, self.pair)]
            ratio = np.linalg.solve(self.own, spread)
            scales = np.real(np.linalg.eigvals(ratio))
        return 0.5 * _quantile(scales, level, self.fit.used - self.problem.size)

    def grid(self, limit: float, points: int) -> tuple[list[Array], Array]:
        """Coordinates along x and y, and the rise (points, points) there.

        Polynomials are taken along the valley's floor and across it: where two constants make up
        for each other it is a narrow strip from corner to corner.
        """
        (i, j), theta = self.pair, self.fit.theta
        lines = [self._along(axis, limit) for axis in (0, 1)]
        sides = [np.linspace(*self._ends(axis, lines[axis], limit), points) for axis in (0, 1)]
        floor = Polynomial.fit(lines[0][:, i], lines[0][:, j], _BENT)
        x, y = np.tile(sides[0], points), np.repeat(sides[1], points)
        across = y - floor(x)
        spread = np.linalg.det(self.own) / self.own[0, 0]  # of y while x is kept
        wide = min(_FAR * float(np.sqrt(2.0 * limit * spread)), float(np.max(np.abs(across))))
        near = np.abs(across) <= wide
        middle, half = 0.5 * (x[0] + x[-1]), 0.5 * (x[-1] - x[0])

        u, v = np.tile(chebpts1(_NODES), _NODES), np.repeat(chebpts1(_NODES), _NODES)
        places = np.stack([middle + half * u, floor(middle + half * u) + wide * v], axis=-1)
        follow = np.linalg.solve(self.own, self.around.inverse[self.pair])
        trace = np.nan_to_num(follow)  # how the others follow; those that are not determined stay
        start = theta + (places - theta[self.pair]) @ trace
        known = self._refit(start, self.pair)
        through = np.linalg.solve(_powers(u, v), known)
        followed = _powers((x[near] - middle) / half, across[near] / wide) @ through
        followed[:, i], followed[:, j] = x[near], y[near]
        rise = np.full(len(x), np.nan)
        rise[near] = self._rise(followed)
        return sides, rise.reshape(points, points)

    def _along(self, axis: int, limit: float) -> Array:
        """Refits (steps, k) with one of the two constants kept at steps from the fit."""
        i = self.pair[axis]
        expected = float(np.sqrt(2.0 * limit * self.own[axis, axis]))
        width = min(expected, _REACH[self.problem.coordinates[i].sign != 0] / _STEPS[-1])
        trace = np.nan_to_num(self.around.inverse[i] / self.own[axis, axis])
        return self._refit(self.fit.theta + width * _STEPS[:, None] * trace, [i])

    def _ends(self, axis: int, line: Array, limit: float) -> tuple[float, float]:
        """Coordinates at which the grid begins and ends: just beyond the region."""
        i = self.pair[axis]
        z = np.sqrt(np.maximum(self._rise(line), 0.0) / limit)
        z = np.nan_to_num(z, nan=np.inf)  # where the law ends, so does the grid
        away = line[:, i] - self.fit.theta[i]
        low, high = (_BEYOND * _crossing(away[s], z[s]) for s in (_STEPS <= 0, _STEPS >= 0))
        ends = self.fit.theta[i] + np.array([low, high])
        if self.problem.box is not None:
            ends = np.clip(ends, self.problem.box[0][i], self.problem.box[1][i])
        # of an amplitude below zero the coordinate falls while the constant rises
        first, last = ends if self.problem.coordinates[i].sign >= 0 else ends[::-1]
        return float(first), float(last)

    def _refit(self, start: Array, columns: list[int]) -> Array:
        """Coordinates (rows, k) with those of ``columns`` kept at their start."""
        held = np.zeros(start.shape, dtype=bool)
        held[:, columns] = True
        return minimise(self.problem, self.objective, start, self.weights, held).theta

    def _rise(self, theta: Array) -> Array:
        """Of the fit's own objective (rows,); NaN where the law has no value."""
        size = max(1, _AT_ONCE // len(self.fit.weights))
        parts = [
            evaluate(self.problem, self.fit.objective, theta[first : first + size], self.weights)
            for first in range(0, len(theta), size)
        ]
        value = np.concatenate(parts) if parts else np.empty(0)
        return np.where(np.isfinite(value), value - self.fit.value, np.nan)


def _rounded(fit: Fit) -> Objective:
    """The objective by which constants are refitted."""
    if fit.objective.kind != "lad":
        return fit.objective
    delta = _ROUNDED * float(np.median(np.abs(fit.residuals[fit.weights > 0])))
    return Objective("huber", delta, fit.objective.log, fit.objective.over)


def _powers(u: Array, v: Array) -> Array:
    """Products of Chebyshev polynomials (places, terms), as many as there are nodes."""
    return np.asarray(chebvander2d(u, v, [_NODES - 1, _NODES - 1]))


def _crossing(away: Array, z: Array) -> float:
    """The place nearest to the fit at which z passes 1; the farthest where it never does."""
    order = np.argsort(np.abs(away))
    away, z = away[order], z[order]
    above = np.flatnonzero(z >= 1.0)
    if not len(above):
        return float(away[-1])
    i = above[0]
    return float(away[i - 1] + (away[i] - away[i - 1]) * (1.0 - z[i - 1]) / (z[i] - z[i - 1]))


def _quantile(scales: Array, level: float, spare: int) -> float:
    """Quantile of (l1 u1^2 + l2 u2^2) / s^2 for scales l (2,), normal u and s^2 of ``spare``
    degrees of freedom.

    (u1, u2) has any direction alike and a length whose square over 2 s^2 has Fisher's F of 2 and
    ``spare`` degrees, which exceeds f by the chance (1 + 2 f/spare)^(-spare/2).
    """
    from scipy.optimize import brentq  # 0.3 s to import, and most sessions never need it

    angle = (np.arange(_ANGLES) + 0.5) * np.pi / _ANGLES
    along = scales[0] * np.cos(angle) ** 2 + scales[1] * np.sin(angle) ** 2

    def excess(q: float) -> float:
        return float(np.mean((1.0 + q / (spare * along)) ** (-0.5 * spare))) - (1.0 - level)

    alike = spare * ((1.0 - level) ** (-2.0 / spare) - 1.0)  # with both scales 1
    return float(brentq(excess, 0.99 * alike * scales.min(), 1.01 * alike * scales.max()))
