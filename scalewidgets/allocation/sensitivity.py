"""Which assumption moves a plan most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .draws import AllocationError
from .question import Starts
from .request import DEMAND, Request

if TYPE_CHECKING:
    import polars as pl

    from .plan import Plan

_DEMAND_FACTOR = 2.0  # of tokens to serve and of unique tokens
_PRICE_FACTOR = 1.25  # of an hour's price over the utilisation
_SHOWN = ("N", "D", "loss", "saving")


def sensitivity(plan: Plan) -> pl.DataFrame:
    """The plan made again with one assumption changed at a time (a tornado).

    Constants of the law move by one standard error up and down, where it is known (from the draws,
    else the fit, else the paper); tokens to serve and unique tokens are doubled and halved; dollars
    a FLOP (price over utilisation) change by a quarter. A constant moves alone, though constants of
    a fit move together: then the plan's own interval, from draws, is narrower than the bars.

    Returns
    -------
    polars.DataFrame
        One row an assumption, the largest swing of N first: ``assumption``, ``change``, and each of
        ``N``, ``D``, ``loss`` and ``saving`` with the assumption lowered (``N_low``) and raised
        (``N_high``); ``swing`` is the larger of the two N over the smaller.

    Raises
    ------
    AllocationError
        When nothing can be changed: no standard errors are known, and nothing is served or limited.
    """
    import polars as pl

    request = plan.question.request
    changes = [*_constants(request), *_demand(request), *_prices(request)]
    if not changes:
        raise AllocationError(
            "plan: nothing to change: the law has no standard errors and nothing is served. Make "
            "the plan with draws=fit.bootstrap(...), or for tokens to serve."
        )
    rows = 2 * len(changes)
    moved: dict[str, np.ndarray[Any, Any]] = {}
    for i, (_, _, ends) in enumerate(changes):
        for name, (start, low, high) in ends.items():
            values = moved.setdefault(name, np.full(rows, start))
            values[2 * i : 2 * i + 2] = low, high
    constants = {k: moved.pop(k, v) for k, v in request.law.values.items()}
    found = plan.question.answer(constants, rows, Starts(), moved)
    table = pl.DataFrame(
        {
            "assumption": [name for name, _, _ in changes],
            "change": [change for _, change, _ in changes],
            **{f"{name}_low": found[name][0::2] for name in _SHOWN},
            **{f"{name}_high": found[name][1::2] for name in _SHOWN},
        }
    )
    swing = pl.max_horizontal("N_low", "N_high") / pl.min_horizontal("N_low", "N_high")
    return table.with_columns(swing.alias("swing")).sort("swing", descending=True, nulls_last=True)


_Change = tuple[str, str, dict[str, tuple[float, float, float]]]


def _constants(request: Request) -> list[_Change]:
    """Name, what is done to it, and for each number that it moves its value, lowered and raised."""
    values = request.law.values
    return [
        (name, "1 standard error", {name: (value, value - error, value + error)})
        for name, value in values.items()
        if (error := request.errors.get(name, 0.0)) > 0.0 and np.isfinite(error)
    ]


def _demand(request: Request) -> list[_Change]:
    return [
        (name, "times 2", {name: _by(request.numbers[name], _DEMAND_FACTOR)})
        for name in (*DEMAND, "unique_tokens")
        if name in request.numbers
    ]


def _prices(request: Request) -> list[_Change]:
    """Dollars a FLOP. A budget of money buys as much less as training is dearer."""
    if not request.prices:
        return []
    served = ("prefill", "generation") if request.priced and request.serves else ()
    moved: dict[str, dict[str, tuple[float, float, float]]] = {
        f"price of {name}": {name: _by(request.prices[name], _PRICE_FACTOR)} for name in served
    }
    training = {"training": _by(request.prices["training"], _PRICE_FACTOR)}
    if "dollars" in request.asked:
        name = "total_flops" if request.kind == "lifetime" else "C"
        training[name] = _by(request.numbers[name], 1.0 / _PRICE_FACTOR)
    if served or "dollars" in request.asked:
        moved["price of training"] = training
    return [(name, f"times {_PRICE_FACTOR:g}", ends) for name, ends in moved.items()]


def _by(value: float, factor: float) -> tuple[float, float, float]:
    return value, value / factor, value * factor
