"""Variable projection: where to start, everywhere at once.

Scaling laws are linear in their amplitudes (E, A, B). For given exponents the best amplitudes
follow from a small linear system. On a grid of 16 x 16 exponents a term knows its own exponent
only and is computed at 16; what is left at all 256 is sums of products. Only the best basins are
handed to Newton's method. Constants that are neither amplitudes nor few enough for a grid are
searched over a low-discrepancy sample of their range.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .objective import Objective
from .problem import Problem
from .solver import over_runs, residuals
from .types import Array

_EXPONENTS = (0.02, 1.6)  # all published exponents of loss laws lie within
_AT_ONCE = 4096  # points x runs


def _ranges(problem: Problem) -> tuple[list[str], Array]:
    """Names and search ranges, in coordinates, of the free constants that are not linear."""
    names, ranges = [], []
    for i, c in enumerate(problem.coordinates):
        if c.linear:
            continue
        names.append(c.name)
        value = problem.law.values[c.name]
        if c.sign:
            centre = float(c.from_constant(np.asarray(value)))
            ranges.append((centre - 4.0, centre + 4.0))
        elif np.isnan(value) or 0 < value < 1.2:
            ranges.append(_EXPONENTS)
        else:
            ranges.append((value - 0.8 * abs(value) - 0.2, value + 2.0 * abs(value) + 0.2))
        if problem.box is not None:
            ranges[-1] = _within(ranges[-1], problem.box[0][i], problem.box[1][i])
    return names, np.asarray(ranges, dtype=float).reshape(-1, 2)


def _within(usual: tuple[float, float], low: float, high: float) -> tuple[float, float]:
    """The usual range as far as bounds allow; as long a one at the nearest bound beyond it."""
    length = usual[1] - usual[0]
    if low >= usual[1]:
        return low, min(high, low + length)
    if high <= usual[0]:
        return max(low, high - length), high
    return max(usual[0], low), min(usual[1], high)


def _candidates(ranges: Array, side: int) -> list[Array]:
    """About side squared points that fill the ranges: an array a range, which broadcast."""
    if len(ranges) <= 2:
        count = side if len(ranges) == 2 else side**2
        return list(np.ix_(*(np.linspace(low, high, count) for low, high in ranges)))
    from scipy.stats import qmc  # 0.3 s to import, and most laws never need it

    unit = qmc.Sobol(len(ranges), scramble=False).random(4 * side**2)
    return list(qmc.scale(unit, ranges[:, 0], ranges[:, 1]).T)


def _amplitudes(terms: list[Array], target: Array, shape: tuple[int, ...], floor: float) -> Array:
    """Amplitudes (*shape, terms) with which the terms come closest to the target in least squares.

    Terms and target broadcast to (*shape, runs). An amplitude that comes out negative is set to
    where its term has the size ``floor``: Newton's method decides from there.
    """
    normal = np.empty((*shape, len(terms), len(terms)))
    right = np.empty((*shape, len(terms)))
    for q, term in enumerate(terms):
        right[..., q] = over_runs(term, target)
        for p in range(q + 1):
            normal[..., q, p] = normal[..., p, q] = over_runs(term, terms[p])
    size = np.sqrt(np.einsum("...qq->...q", normal))
    size = np.where(size == 0, 1.0, size)  # a term that none of these runs sees
    normal /= size[..., :, None] * size[..., None, :]
    right /= size
    usable = np.isfinite(normal).all(axis=(-2, -1)) & np.isfinite(right).all(axis=-1)
    normal[~usable] = np.eye(len(terms))
    right[~usable] = 1.0
    solved = np.linalg.solve(normal + 1e-12 * np.eye(len(terms)), right[..., None])
    return np.asarray(np.maximum(solved[..., 0], floor) / size)


@dataclass(frozen=True)
class _Search:
    """Points of the nonlinear coordinates, and what the law's terms are there.

    ``outer`` holds arrays that broadcast to ``shape``; terms and offset broadcast to
    (*shape, runs).
    """

    problem: Problem
    outer: dict[str, Array]
    shape: tuple[int, ...]
    terms: dict[str, Array]
    offset: Array

    @classmethod
    def over(cls, problem: Problem, names: list[str], points: list[Array]) -> _Search:
        outer = dict(zip(names, points, strict=True))
        constants = {
            c.name: c.to_constant(outer[c.name])[..., None]
            for c in problem.coordinates
            if not c.linear
        }
        shape = np.broadcast_shapes((1,), *(p.shape for p in points))
        return cls(problem, outer, shape, *problem.linear_terms(constants))

    def complete(self, weights: Array) -> Array:
        """Coordinates (*shape, k) with the best amplitudes at every point.

        Least squares on relative residuals, which near the optimum are the log residuals.
        """
        scale = np.sqrt(weights) / self.problem.observed
        found = _amplitudes(
            [term * scale for term in self.terms.values()],
            (self.problem.observed - self.offset) * scale,
            self.shape,
            1e-3 * float(np.sqrt(weights.sum())),
        )
        amounts = dict(zip(self.terms, np.moveaxis(found, -1, 0), strict=True))
        theta = np.empty((*self.shape, self.problem.size))
        for i, c in enumerate(self.problem.coordinates):
            theta[..., i] = np.log(amounts[c.name]) if c.linear else self.outer[c.name]
        return theta if self.problem.box is None else np.clip(theta, *self.problem.box)

    def evaluate(self, objective: Objective, theta: Array, weights: Array) -> Array:
        """The objective (*shape,) at the coordinates that ``complete`` found, a piece at a time:
        to give large arrays back and fetch them anew takes longer than to fill them."""
        value = np.empty(self.shape)
        each = len(weights) * int(np.prod(self.shape[1:]))
        length = max(1, _AT_ONCE // each)
        for first in range(0, self.shape[0], length):
            part = slice(first, first + length)
            predicted = self._piece(self.offset, part)
            for i, c in enumerate(self.problem.coordinates):
                if c.linear:
                    size = np.exp(theta[part, ..., i, None])
                    predicted = predicted + size * self._piece(self.terms[c.name], part)
            loss = objective.rho(residuals(self.problem, objective, predicted))
            value[part] = over_runs(weights, loss)
        return np.where(np.isfinite(value), value, np.inf)

    def _piece(self, values: Array, part: slice) -> Array:
        """The part along the first axis of the points, where the values have one."""
        whole = values.ndim == len(self.shape) + 1 and len(values) > 1
        return values[part] if whole else values


def starts(problem: Problem, objective: Objective, weights: Array, count: int, side: int) -> Array:
    """The best ``count`` starts (count, k) of the global search over ``side`` exponents a side.

    Points next to a better one are passed over, so that the starts lie in different basins.
    """
    names, ranges = _ranges(problem)
    with np.errstate(all="ignore"):
        search = _Search.over(problem, names, _candidates(ranges, side))
        theta = search.complete(weights[0])
        value = search.evaluate(objective, theta, weights[0]).ravel()
    theta = theta.reshape(-1, problem.size)
    points = theta[:, [not c.linear for c in problem.coordinates]]
    reach = 0.12 * (ranges[:, 1] - ranges[:, 0])
    chosen: list[int] = []
    for i in np.argsort(value):
        if not np.isfinite(value[i]) or len(chosen) == count:
            break
        apart = [np.any(np.abs(points[i] - points[j]) > reach) for j in chosen]
        if all(apart):
            chosen.append(int(i))
    return theta[chosen]
