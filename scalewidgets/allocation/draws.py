"""What all answers share: the error, numbers as people write them, intervals from draws."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..fitting import Bootstrap
from ..lawbook.quantity import QuantityError, parse_quantity
from .solver.problem import Array


class AllocationError(ValueError):
    """A plan that cannot be made; the text says why and what would make it possible."""


def number(who: str, name: str, given: str | float, *, zero: bool = False) -> float:
    """A positive finite number (or zero) out of a number or a text such as ``"70B"``."""
    try:
        value = parse_quantity(given) if isinstance(given, str) else float(given)
    except (QuantityError, TypeError, ValueError) as error:
        raise AllocationError(f"{who}: {name}: {error}") from None
    if not (0.0 if zero else np.nextafter(0.0, 1.0)) <= value < np.inf:
        what = "zero or positive and finite" if zero else "positive and finite"
        raise AllocationError(f"{who}: {name} must be {what}, not {given!r}")
    return value


def columns(draws: Bootstrap) -> dict[str, Array]:
    """The constants of each draw, by name."""
    return {name: draws.draws[name].to_numpy() for name in draws.draws.columns}


def interval(who: str, clouds: Mapping[str, Array], name: str, level: float) -> tuple[float, float]:
    """Percentile interval of one quantity over the draws, those without a solution left out; NaN
    where they are more than one tail holds, as the interval's end then lies among them."""
    if not clouds:
        raise AllocationError(
            f"{who}: no draws, so no interval. Pass draws=fit.bootstrap(...) when asking for it."
        )
    if name not in clouds:
        raise AllocationError(f"{who}: no interval of {name!r}; there are {list(clouds)}")
    if not 0.0 < level < 1.0:
        raise AllocationError(f"{who}: level must lie between 0 and 1, not {level!r}")
    tail = 0.5 * (1.0 - level)
    cloud = clouds[name]
    if np.mean(np.isnan(cloud)) > tail:
        return float("nan"), float("nan")
    low, high = np.nanquantile(cloud, [tail, 1.0 - tail])
    return float(low), float(high)


def plain(value: Any) -> Any:
    """A NumPy number as Python's own, for JSON; not a number and infinity as None."""
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value
