"""Variable projection: where to start, everywhere at once.

Scaling laws are linear in their amplitudes (E, A, B). For given exponents the best amplitudes
follow from a small linear system, so a whole grid of exponents is searched by two matrix products,
and only the best of its basins are handed to Newton's method. Constants that are neither amplitudes
nor few enough for a grid are searched over a low-discrepancy sample of their range.
"""

from __future__ import annotations

import numpy as np

from .objective import Objective
from .problem import Problem
from .solver import evaluate
from .types import Array

_EXPONENTS = (0.02, 1.6)  # all published exponents of loss laws lie within


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


def _candidates(ranges: Array, side: int) -> Array:
    """Points (batch, names) that fill the ranges, about side squared."""
    if len(ranges) == 0:
        return np.empty((1, 0))
    if len(ranges) <= 2:
        axes = [np.linspace(lo, hi, side if len(ranges) == 2 else side**2) for lo, hi in ranges]
        return np.stack([a.ravel() for a in np.meshgrid(*axes, indexing="ij")], axis=-1)
    from scipy.stats import qmc  # 0.3 s to import, and most laws never need it

    unit = qmc.Sobol(len(ranges), scramble=False).random(4 * side**2)
    return np.asarray(qmc.scale(unit, ranges[:, 0], ranges[:, 1]))


def _amplitudes(problem: Problem, theta: Array, names: list[str], weights: Array) -> Array:
    """Best linear constants for each row of nonlinear coordinates; theta completed (batch, k).

    Least squares on relative residuals, which near the optimum are the log residuals. An amplitude
    that comes out with the wrong sign is set to a thousandth of the typical loss: Newton's method
    decides from there.
    """
    at = {c.name: i for i, c in enumerate(problem.coordinates)}
    outer = {n: problem.coordinates[at[n]].to_constant(theta[:, at[n]]) for n in names}
    linear, basis, offset = problem.linear_basis(outer)
    if not linear:
        return theta
    scale = np.sqrt(weights[0]) / problem.observed
    with np.errstate(all="ignore"):
        basis = basis * scale
        target = (problem.observed - offset) * scale
        size = np.sqrt(np.einsum("qbn,qbn->qb", basis, basis))
        size = np.where(size == 0, 1.0, size)  # a term that none of these runs sees
        basis = basis / size[:, :, None]
    normal = np.einsum("qbn,pbn->bqp", basis, basis)
    right = np.einsum("qbn,bn->bq", basis, target)
    usable = np.isfinite(normal).all(axis=(1, 2)) & np.isfinite(right).all(axis=1)
    normal[~usable] = np.eye(len(linear))
    ridge = 1e-12 * np.eye(len(linear))
    solved = np.linalg.solve(normal + ridge, np.where(usable[:, None], right, 1.0)[..., None])
    for q, name in enumerate(linear):
        coordinate = problem.coordinates[at[name]]
        amount = solved[:, q, 0] / size[q]
        floor = 1e-3 * np.sqrt(weights[0].sum()) / size[q]
        theta[:, at[name]] = coordinate.from_constant(
            coordinate.sign * np.maximum(coordinate.sign * amount, floor)
        )
    return theta


def starts(problem: Problem, objective: Objective, weights: Array, count: int, side: int) -> Array:
    """The best ``count`` starts (count, k) of the global search over ``side`` exponents a side.

    Points next to a better one are passed over, so that the starts lie in different basins.
    """
    names, ranges = _ranges(problem)
    points = _candidates(ranges, side)
    theta = np.empty((len(points), problem.size))
    at = [i for i, c in enumerate(problem.coordinates) if not c.linear]
    theta[:, at] = points
    theta = _amplitudes(problem, theta, names, weights)
    if problem.box is not None:
        theta = np.clip(theta, *problem.box)
    value = evaluate(problem, objective, theta, weights)
    reach = 0.12 * (ranges[:, 1] - ranges[:, 0])
    chosen: list[int] = []
    for i in np.argsort(value):
        if not np.isfinite(value[i]) or len(chosen) == count:
            break
        apart = [np.any(np.abs(points[i] - points[j]) > reach) for j in chosen]
        if all(apart) or len(points) == 1:
            chosen.append(int(i))
    return theta[chosen]
