"""The loss along one budget as a curve, and its minimum, for many resamples at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from ..types import Array

if TYPE_CHECKING:
    from scipy.interpolate import Akima1DInterpolator

Curve = Literal["parabola", "cubic", "interpolated"]
# Different sizes that a curve needs
SIZES: dict[Curve, int] = {"parabola": 3, "cubic": 4, "interpolated": 3}
CURVES = tuple(SIZES)


@dataclass(frozen=True, eq=False)
class Profile:
    """Runs of one budget in ascending order of x.

    Attributes
    ----------
    x : array (runs,)
        log10 of N (or D), ascending.
    loss : array (runs,)
    order : array (runs,)
        From this order to that in which the runs were given.
    starts : array (sizes,)
        Where each different x begins.
    """

    x: Array
    loss: Array
    order: npt.NDArray[np.intp]
    starts: npt.NDArray[np.intp]

    @classmethod
    def of(cls, quantity: Array, loss: Array) -> Profile:
        """The profile of runs in any order."""
        order = np.argsort(quantity, kind="stable")
        x = np.log10(quantity[order])
        starts = np.flatnonzero(np.diff(x, prepend=-np.inf) > 0)
        return cls(x, loss[order], order, starts)

    @property
    def size(self) -> int:
        """Number of runs."""
        return len(self.x)

    @cached_property
    def _middle(self) -> tuple[float, float]:
        """Middle and half the range of x: in these units polynomials are well conditioned."""
        return 0.5 * (self.x[0] + self.x[-1]), 0.5 * (self.x[-1] - self.x[0])

    def minima(
        self, curve: Curve, counts: Array | None = None, errors: Array | None = None
    ) -> tuple[Array, Array]:
        """x of the minimum and the loss there (resamples,), NaN where the curve has none.

        ``counts`` (resamples, runs) says how often each run was drawn, ``errors`` what is added to
        its loss, both in the order in which runs were given; without either there is one resample.
        """
        loss = self.loss if errors is None else self.loss + errors[:, self.order]
        if curve == "interpolated":
            return self._interpolated_minima(np.atleast_2d(loss))
        middle, half = self._middle
        weights = np.ones((1, self.size)) if counts is None else counts[:, self.order]
        c = self._polynomials(curve, weights, loss)
        u = lowest(*([np.zeros(len(c))] if curve == "parabola" else []), *c[:, :-1].T)
        value = sum(c[:, -1 - power] * u**power for power in range(c.shape[1]))
        return middle + half * u, np.asarray(value)

    def _polynomials(self, curve: Curve, weights: Array, loss: Array) -> Array:
        """Weighted least squares (resamples, terms), highest power first, in the scaled x."""
        middle, half = self._middle
        terms = SIZES[curve]
        basis = np.vander((self.x - middle) / half, terms)
        squares = (basis[:, :, None] * basis[:, None, :]).reshape(self.size, -1)
        normal = (weights @ squares).reshape(-1, terms, terms)
        right = (weights * loss) @ basis
        enough = (np.add.reduceat(weights, self.starts, axis=1) > 0).sum(axis=1) >= terms
        normal = np.where(enough[:, None, None], normal, np.eye(terms))
        found = np.linalg.solve(normal, right[..., None])
        return np.where(enough[:, None], found[..., 0], np.nan)

    def _interpolator(self, loss: Array) -> Akima1DInterpolator:
        """Akima's curve through the log of the best loss (resamples, runs) of each x."""
        from scipy.interpolate import Akima1DInterpolator

        best = np.minimum.reduceat(loss, self.starts, axis=1)
        return Akima1DInterpolator(self.x[self.starts], np.log(best).T)

    def _interpolated_minima(self, loss: Array) -> tuple[Array, Array]:
        c = self._interpolator(loss).c  # (powers 3 to 0, intervals, resamples)
        knots = self.x[self.starts]
        width = np.diff(knots)[:, None]
        inner = lowest(c[0], c[1], c[2])
        within = (inner > 0) & (inner < width)
        t = np.where(within, inner, 0.0)  # or the run at which the interval begins
        value = ((c[0] * t + c[1]) * t + c[2]) * t + c[3]
        best = np.argmin(value, axis=0)
        column = np.arange(value.shape[1])
        t, value = t[best, column], value[best, column]
        w = width[-1, 0]
        last = ((c[0, -1] * w + c[1, -1]) * w + c[2, -1]) * w + c[3, -1]
        # the lowest loss at an end is no minimum: a smaller or larger model might be better
        none = ((best == 0) & (t == 0)) | (last <= value)
        return np.where(none, np.nan, knots[best] + t), np.where(none, np.nan, np.exp(value))

    def values(self, curve: Curve, x: Array) -> Array:
        """Loss on the fitted curve at ``x`` (log10)."""
        if curve == "interpolated":
            return np.asarray(np.exp(self._interpolator(self.loss[None])(x)[:, 0]))
        middle, half = self._middle
        c = self._polynomials(curve, np.ones((1, self.size)), self.loss)
        return np.asarray(np.polyval(c[0], (x - middle) / half))


def lowest(c3: Array, c2: Array, c1: Array) -> Array:
    """Where c3 t^3 + c2 t^2 + c1 t has its minimum, elementwise; NaN where it has none."""
    with np.errstate(all="ignore"):
        root = np.sqrt(c2 * c2 - 3.0 * c3 * c1)  # half the curvature at the minimum
        t = np.where(c2 > 0, -c1 / (c2 + root), (root - c2) / (3.0 * c3))
        return np.where((root > 0) & np.isfinite(t), t, np.nan)
