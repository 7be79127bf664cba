"""The optimum of a law of schedules over loss curves: from where to start to its covariance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.fft import dct
from scipy.optimize import least_squares, nnls
from scipy.stats import qmc

from ..lawbook import Law
from ..lawbook import expression as ex
from .leverage import SINGULAR
from .objective import Objective
from .types import Array

_POINTS, _STARTS = 128, 4  # of the search, and how many of them are followed to their optimum
_FACTOR = 8.0  # how far the search goes from the law's constants, up and down
_LEAST = 1e-3  # share of the loss with which a term begins
_TOLERANCE = 1e-10
_NEAR = 1e-5  # step of the differences that stand for second derivatives, in log constants
_WAVES = 0.4  # over the places to the power 2/3 (Lazarus et al. 2018, Eq. 4)


@dataclass(frozen=True, eq=False)
class Solution:
    """The best optimum that was found.

    Attributes
    ----------
    x : array (k,)
        Logarithms of the free constants.
    values : array (starts,)
        The objective where each start ended, in ascending order.
    ended : bool
        Whether the best search ended by itself.
    """

    x: Array
    values: Array
    ended: bool


@dataclass(frozen=True, eq=False)
class Course:
    """A law over curves as a function of the logarithms of its free constants.

    Parameters
    ----------
    law : Law
        All its constants are positive.
    fixed : mapping
        Constants that are held.
    features : sequence of mapping
        What the law reads off each curve's schedule: numbers (places,), lists (items,).
    losses : sequence of array (places,)
        The curves.
    """

    law: Law
    fixed: Mapping[str, float]
    features: Sequence[Mapping[str, Array]]
    losses: Sequence[Array]

    @cached_property
    def free(self) -> list[str]:
        return [name for name in self.law.values if name not in self.fixed]

    @cached_property
    def _linear(self) -> list[int]:
        """Places of the free constants in which the law is jointly linear."""
        found: list[str] = []
        for name in self.free:
            slope = ex.symbols(ex.derivative(self.law.tree, name))
            if not {name, *found} & set(slope):
                found.append(name)
        return [self.free.index(name) for name in found]

    @cached_property
    def _program(self) -> ex.Program:
        slopes = [ex.derivative(self.law.tree, name) for name in self.free]
        return ex.Program([self.law.tree, *slopes])

    @cached_property
    def _read(self) -> list[dict[str, Array]]:
        """Features as the program takes them: the last axis is that of the items."""
        items, names = self.law.items, set(ex.symbols(self.law.tree))
        return [
            {n: v if n in items else np.asarray(v)[..., None] for n, v in one.items() if n in names}
            for one in self.features
        ]

    @cached_property
    def _observed(self) -> Array:
        return np.concatenate(self.losses)

    def constants(self, x: Array) -> dict[str, float]:
        """All constants at these logarithms of the free ones (k,)."""
        with np.errstate(over="ignore"):
            return {**self.fixed, **dict(zip(self.free, np.exp(x).tolist(), strict=True))}

    def predicted(self, x: Array) -> tuple[Array, Array]:
        """The law at all places (n,), and its slopes by the logarithms (n, k)."""
        constants = self.constants(x)
        parts = []
        for read, losses in zip(self._read, self.losses, strict=True):
            found = self._program({**read, **constants})
            parts.append([np.broadcast_to(one, (losses.size, 1))[:, 0] for one in found])
        value, *slopes = (np.concatenate(one) for one in zip(*parts, strict=True))
        with np.errstate(all="ignore"):
            return value, np.stack(slopes, axis=1) * [constants[name] for name in self.free]

    def residuals(self, x: Array) -> tuple[Array, Array]:
        """Log predicted less log observed (n,), and its slopes (n, k); NaN where there is none.

        A residual without slopes is none: the solver turns back from there.
        """
        value, slopes = self.predicted(x)
        with np.errstate(all="ignore"):
            off, slopes = np.log(value) - np.log(self._observed), slopes / value[:, None]
        return np.where(np.isfinite(slopes).all(axis=1), off, np.nan), slopes

    # --- the optimum ----------------------------------------------------------------------------

    def optimum(self, objective: Objective) -> Solution:
        """Follows the best points of a search over the constants that are not linear."""
        ends = []
        for x in self._starts():
            last = _Last(self)
            ends.append(
                least_squares(
                    lambda at, last=last: last(at)[0],
                    x,
                    lambda at, last=last: last(at)[1],
                    loss="huber",
                    f_scale=objective.delta,
                    x_scale="jac",
                    ftol=_TOLERANCE,
                    xtol=_TOLERANCE,
                    gtol=None,
                )
            )
        ends.sort(key=lambda end: end.cost)
        values = np.array([objective.rho(self.residuals(end.x)[0]).sum() for end in ends])
        return Solution(ends[0].x, values, bool(ends[0].status > 0))

    def _starts(self) -> list[Array]:
        base = np.log([self.law.values[name] for name in self.free])
        base[self._linear] = 0.0
        curved = [i for i in range(base.size) if i not in self._linear]
        points = np.tile(base, (_POINTS if curved else 1, 1))
        if curved:
            unit = qmc.Sobol(len(curved), scramble=False).random(_POINTS)
            points[:, curved] += (2 * unit - 1) * np.log(_FACTOR)
        rated = [found for x in points if (found := self._complete(x)) is not None]
        rated.sort(key=lambda one: one[0])
        return [x for _, x in rated[:_STARTS]]

    def _complete(self, x: Array) -> tuple[float, Array] | None:
        """A point with the best linear constants: least squares on relative residuals."""
        value, slopes = self.predicted(x)
        terms = slopes[:, self._linear]
        target = 1 - (value - terms.sum(axis=1)) / self._observed
        terms = terms / self._observed[:, None]
        if not (np.isfinite(terms).all() and np.isfinite(target).all()):
            return None
        size = np.abs(terms).max(axis=0, initial=0.0)
        size[size == 0] = 1.0  # a term that these curves do not see
        amounts, left = (
            nnls(terms / size, target) if size.size else (size, float(np.linalg.norm(target)))
        )
        at = x.copy()
        at[self._linear] = np.log(np.maximum(amounts, _LEAST) / size)
        return (left, at) if np.isfinite(self.residuals(at)[0]).all() else None

    # --- how sure -------------------------------------------------------------------------------

    def spread(self, objective: Objective, x: Array) -> tuple[float, Array]:
        """What Newton's method still forecasts to win, relative; covariance (k, k) at an optimum.

        The sandwich of the curvature around the slopes' scatter, which is that of their slowest
        waves along each curve, over the degrees of freedom that the fit leaves them. Infinite on
        the diagonal where the curvature does not determine all.
        """
        bend, unknown = self._bend(objective, x), np.diag(np.full(x.size, np.inf))
        if not np.isfinite(bend).all():
            return np.inf, unknown
        width = np.sqrt(np.maximum(np.abs(np.diagonal(bend)), 1e-300))
        spectrum = np.linalg.eigvalsh(bend / np.outer(width, width))
        if spectrum[0] < SINGULAR * spectrum[-1]:
            return 0.0, unknown
        slopes = self._slopes(objective, x)
        total = np.concatenate(slopes).sum(axis=0)
        value = objective.rho(self.residuals(x)[0]).sum()
        remaining = 0.5 * total @ np.linalg.solve(bend, total) / max(value, 1e-300)
        inverse = np.linalg.inv(bend)
        left = self.degrees / (self.degrees + x.size)
        return float(remaining), inverse @ sum(map(_scatter, slopes)) @ inverse / left

    @property
    def degrees(self) -> int:
        """Degrees of freedom of the covariance: waves less constants, at least one."""
        waves = sum(_waves(one.size) for one in self.losses)
        return max(waves - len(self.free), 1)

    def _slopes(self, objective: Objective, x: Array) -> list[Array]:
        """The objective's slope at each place, an array (places, k) a curve."""
        off, slopes = self.residuals(x)
        each = objective.slope(off)[:, None] * slopes
        return np.split(each, np.cumsum([one.size for one in self.losses])[:-1])

    def _bend(self, objective: Objective, x: Array) -> Array:
        """Second derivatives (k, k) of the objective."""
        rows = []
        for step in _NEAR * np.eye(x.size):
            ahead, behind = (
                np.concatenate(self._slopes(objective, at)).sum(axis=0)
                for at in (x + step, x - step)
            )
            rows.append((ahead - behind) / (2 * _NEAR))
        found = np.array(rows)
        return np.asarray((found + found.T) / 2)


class _Last:
    """Residuals and slopes of the last point that was asked: both are computed at once."""

    def __init__(self, course: Course) -> None:
        self._course = course
        self._at: Array | None = None
        self._found: tuple[Array, Array]

    def __call__(self, x: Array) -> tuple[Array, Array]:
        if self._at is None or not np.array_equal(x, self._at):
            self._at, self._found = x.copy(), self._course.residuals(x)
        return self._found


def _waves(places: int) -> int:
    """How many cosines tell the scatter of a sum over a curve, at most one less than its places."""
    return max(1, min(places - 1, int(_WAVES * places ** (2 / 3))))


def _scatter(slopes: Array) -> Array:
    """Covariance (k, k) of the sum of slopes (places, k) along a curve.

    From the slowest cosines alone, in which errors that go together show whole.
    """
    places = len(slopes)
    slow = dct(slopes, type=2, norm="ortho", axis=0)[1 : _waves(places) + 1]
    return np.asarray(places / _waves(places) * slow.T @ slow)
