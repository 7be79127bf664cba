"""What a fit minimises: a loss function of the residuals, summed over runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from .types import Array, FitError

Kind = Literal["huber", "least_squares", "lad"]
KINDS: dict[str, str] = {
    "huber": "Huber on log loss",
    "least_squares": "least squares on log loss",
    "lad": "least absolute deviations on log loss",
}

HOFFMANN_DELTA = 1e-3  # Hoffmann et al. 2022, App. D.2

# A Huber loss with a small delta is reached through those with larger ones, and least absolute
# deviations through the smallest: the corner of |r| gives Newton's method no curvature, the last
# delta leaves a gap below 1e-7 of the sum. At delta 1e-6 that is ten times faster than directly.
_DELTAS = (1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 3e-6, 1e-6, 1e-7, 1e-8, 1e-9)


@dataclass(frozen=True)
class Objective:
    """Sum over runs of weight times rho(residual).

    The residual is log(predicted) - log(observed), or predicted - observed with ``log=False``.
    Huber's rho is r^2/2 up to ``delta`` and delta (|r| - delta/2) beyond; least squares r^2/2;
    least absolute deviations |r|.

    Raises
    ------
    FitError
        For an unknown kind or a delta that is not positive.
    """

    kind: Kind = "huber"
    delta: float = HOFFMANN_DELTA
    log: bool = True

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise FitError(f"fit: unknown objective {self.kind!r}; there are {', '.join(KINDS)}")
        if self.kind == "huber" and not (np.isfinite(self.delta) and self.delta > 0):
            raise FitError(
                f"fit: Huber's delta must be positive, not {self.delta!r} (1e-3 is usual)"
            )

    def stages(self) -> list[Objective]:
        """Smooth objectives to minimise one after the other; the last one counts."""
        if self.kind == "least_squares":
            return [self]
        wider = [d for d in _DELTAS if self.kind == "lad" or d > self.delta]
        stages = [Objective("huber", delta, self.log) for delta in wider]
        return stages if self.kind == "lad" else [*stages, self]

    def rho(self, r: Array) -> Array:
        """Loss of each residual, any shape."""
        size = np.abs(r)
        if self.kind == "least_squares":
            return 0.5 * r * r
        if self.kind == "lad":
            return size
        return np.where(size <= self.delta, 0.5 * r * r, self.delta * (size - 0.5 * self.delta))

    def slope(self, r: Array) -> Array:
        """First derivative of rho."""
        if self.kind == "least_squares":
            return r
        if self.kind == "lad":
            return np.sign(r)
        return np.clip(r, -self.delta, self.delta)

    def curvature(self, r: Array) -> Array:
        """Second derivative of rho (0 where there is none)."""
        if self.kind == "least_squares":
            return np.ones_like(r)
        if self.kind == "lad":
            return np.zeros_like(r)
        return (np.abs(r) <= self.delta).astype(float)

    def __str__(self) -> str:
        text = KINDS[self.kind] if self.log else KINDS[self.kind].replace("log loss", "loss")
        return f"{text}, delta {self.delta:g}" if self.kind == "huber" else text
