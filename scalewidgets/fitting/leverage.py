"""How far each run pulls the fit to itself, and how much its residual is the smaller for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .types import Array

# A direction of the constants whose information is this much below the strongest one's is lost in
# rounding: two constants then explain the same thing.
SINGULAR = 1e-13
_CALM = 0.3  # of the mean absolute residual, where the projection falls below
_LEAST = 0.05  # of a residual's variance is left at least: beyond, one run decides a constant alone


@dataclass(frozen=True)
class Leverage:
    """The linearised fit as a projection of what is observed on the slopes of the law.

    Attributes
    ----------
    slopes : array (k, runs)
        Of the residuals in the constants.
    weights : array (runs,)
    inner : array (k, k)
        Generalised inverse of sum w g g'.
    seen : array (k, directions)
        Directions that the runs determine: orthonormal where each constant is measured in ``unit``.
    unit : array (k,)
    """

    slopes: Array
    weights: Array
    inner: Array
    seen: Array
    unit: Array

    @property
    def own(self) -> Array:
        """Leverage (runs,) between 0 and 1: how much of a run's own scatter the fit follows."""
        return np.asarray(self.weights * np.sum(self.slopes * (self.inner @ self.slopes), axis=0))

    def smooth(self, values: Array) -> Array:
        """Values (runs,) projected on the slopes."""
        return np.asarray((self.inner @ (self.slopes @ (self.weights * values))) @ self.slopes)

    def scatter(self, residuals: Array) -> Array:
        """How far residuals lie from zero around each run (runs,), as the law's slopes tell it."""
        size = np.abs(residuals)
        least = _CALM * float(np.mean(size[self.weights > 0]))
        return np.maximum(self.smooth(size), max(least, 1e-300))

    def swelling(self) -> Array:
        """Factor (runs,) that makes residuals scatter as the errors do.

        HC4 of Cribari-Neto (2004, Computational Statistics & Data Analysis 45): a squared residual
        is divided by (1 - h)^d, where d = min(4, h / mean h) grows with the leverage h. Divided by
        1 - h, which suffices where errors scatter alike, intervals held the truth too seldom where
        the runs that pull most also scatter most.
        """
        own = self.own
        power = np.minimum(4.0, own / max(float(np.mean(own[self.weights > 0])), 1e-300))
        return np.asarray(np.maximum(1.0 - own, _LEAST) ** (-0.5 * power))


def leverage(slopes: Array, weights: Array) -> Leverage:
    """Of runs with the slopes (k, runs) of their residuals and weights (runs,).

    Constants whose slopes are all zero (held ones) take no part.
    """
    information = (slopes * weights) @ slopes.T
    width = np.sqrt(np.diagonal(information))
    width = np.where(width > 0, width, 1.0)
    with np.errstate(all="ignore"):
        scaled = np.nan_to_num(information / np.outer(width, width))
    strength, axes = np.linalg.eigh(scaled)
    kept = strength > SINGULAR * strength[-1]
    inner = (axes[:, kept] / strength[kept]) @ axes[:, kept].T
    return Leverage(slopes, weights, inner / np.outer(width, width), axes[:, kept], 1.0 / width)
