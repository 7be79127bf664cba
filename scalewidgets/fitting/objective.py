"""What a fit minimises: a loss function of the residuals, summed over runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..lawbook.door import checked, shown
from .types import Array, FitError

Kind = Literal["huber", "least_squares", "lad"]
KINDS: dict[str, str] = {
    "huber": "Huber on log loss",
    "least_squares": "least squares on log loss",
    "lad": "least absolute deviations on log loss",
}

_LEAST, _MOST = 1e-100, 1e100  # whose squares are numbers yet
HOFFMANN_DELTA = 1e-3  # Hoffmann et al. 2022, App. D.2

# A Huber loss with a small delta is reached through those with larger ones, and least absolute
# deviations through the smallest: the corner of |r| gives Newton's method no curvature, the last
# delta leaves a gap of half of it a run (1e-9 left 2e-6 of the sum where runs scatter by 1e-4; with
# 1e-11 rounding shows in standard errors). At delta 1e-6 that is ten times faster than directly.
_DELTAS = (1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 3e-6, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10)


@checked(FitError, "fit")
@dataclass(frozen=True)
class Objective:
    """Sum over runs of weight times rho(residual).

    The residual is log(predicted) - log(observed), or predicted - observed with ``log=False``.
    Huber's rho is r^2/2 up to ``delta`` and delta (|r| - delta/2) beyond; least squares r^2/2;
    least absolute deviations |r|. Residuals above zero, where the law predicts too much, weigh
    ``over`` times as much: with least absolute deviations the law then passes above 1/(1 + over) of
    the runs (a quantile; Koenker and Bassett 1978), with least squares it is their expectile (Newey
    and Powell 1987).

    There is no mean beside the sum: dividing by the number of runs moves no optimum. It only
    scales the value, and with it every tolerance that is absolute: on a mean of 1e-6 L-BFGS-B stops
    early, which is where Hoffmann et al.'s third set of constants came from (Besiroglu et al.
    2024). The solver's tolerances are relative, so ``weights=np.full(n, 1 / n)`` gives the mean and
    the same constants.

    Raises
    ------
    FitError
        For an unknown kind, or a delta or ``over`` that is not positive.
    """

    kind: Kind = "huber"
    delta: float = HOFFMANN_DELTA
    log: bool = True
    over: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise FitError(
                f"fit: unknown objective {shown(self.kind)}; there are {', '.join(KINDS)}"
            )
        if self.kind == "huber" and not _LEAST <= self.delta <= _MOST:
            raise FitError(
                f"fit: Huber's delta must be positive and finite, not {self.delta!r} (1e-3 is "
                "usual)"
            )
        if not _LEAST <= self.over <= _MOST:
            raise FitError(
                f"fit: over must be positive and finite, not {self.over!r}; 3 makes too high "
                "predictions cost three times as much as too low ones, 1 the same"
            )

    def stages(self) -> list[Objective]:
        """Smooth objectives to minimise one after the other; the last one counts."""
        if self.kind == "least_squares":
            return [self]
        wider = [d for d in _DELTAS if self.kind == "lad" or d > self.delta]
        stages = [Objective("huber", delta, self.log, self.over) for delta in wider]
        return stages if self.kind == "lad" else [*stages, self]

    def tilted(self, values: Array, r: Array) -> Array:
        """Values, one a residual, times what its sign makes it weigh."""
        return values if self.over == 1.0 else np.where(r > 0, self.over * values, values)

    def rho(self, r: Array) -> Array:
        """Loss of each residual, any shape."""
        if self.kind == "least_squares":
            return self.tilted(0.5 * r * r, r)
        if self.kind == "lad":
            return self.tilted(np.abs(r), r)
        inner = np.minimum(np.maximum(r, -self.delta), self.delta)
        return self.tilted(inner * (r - 0.5 * inner), r)

    def slope(self, r: Array) -> Array:
        """First derivative of rho."""
        if self.kind == "least_squares":
            return self.tilted(r, r)
        if self.kind == "lad":
            return self.tilted(np.sign(r), r)
        # np.clip, and three times faster
        return self.tilted(np.minimum(np.maximum(r, -self.delta), self.delta), r)

    def curvature(self, r: Array) -> Array:
        """Second derivative of rho (0 where there is none)."""
        if self.kind == "least_squares":
            return self.tilted(np.ones_like(r), r)
        if self.kind == "lad":
            return np.zeros_like(r)
        return self.tilted((np.abs(r) <= self.delta).astype(float), r)

    def firmness(self, r: Array) -> Array:
        """Slope over residual, Huber's weights: as the curvature, but nowhere 0."""
        if self.kind == "least_squares":
            return self.tilted(np.ones_like(r), r)
        if self.kind == "lad":
            return self.tilted(1.0 / np.abs(r), r)
        return self.tilted(self.delta / np.maximum(np.abs(r), self.delta), r)

    def __str__(self) -> str:
        text = KINDS[self.kind] if self.log else KINDS[self.kind].replace("log loss", "loss")
        text += f", delta {self.delta:g}" if self.kind == "huber" else ""
        return text if self.over == 1.0 else f"{text}, over-prediction times {self.over:g}"
