"""What a plan is asked for: one budget, what is fixed, what is to be served. Read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ..fitting import Bootstrap, Fit
from ..lawbook import Law
from ..lawbook.magnitude import check_magnitude
from ..lawbook.precision import BASELINE
from ..lawbook.quantity import QuantityError, parse_quantity
from .compute.cluster import Cluster
from .compute.hardware import HardwareError
from .cost import SERVED_PER_TRAINED
from .draws import AllocationError
from .surfaces import check_repetition, check_surface

Kind = Literal["training", "lifetime", "loss", "frontier", "given"]

BUDGETS = ("C", "total_flops", "loss", "dollars", "gpu_hours", "days")
_MOST_OVERHEAD = 1e6
FIXED = ("N", "D", "tokens_per_parameter")
DEMAND = ("inference_tokens", "input_tokens", "output_tokens")
_UNITS = {
    **dict.fromkeys(("C", "total_flops"), "FLOP"),
    "N": "params",
    **dict.fromkeys(("D", "unique_tokens", *DEMAND), "tokens"),
    "memory": "bytes",
    "dollars": "dollars",
    "days": "days",
    "gpu_hours": "GPU-hours",
}
_SIZES = {
    **{name: name for name in ("C", "total_flops", "loss", *FIXED, "unique_tokens", "memory")},
    **dict.fromkeys(DEMAND, "inference_tokens"),
}


@dataclass(frozen=True, eq=False)
class Request:
    """A question to a loss surface.

    Attributes
    ----------
    kind : str
        What sets the scale: training FLOPs, FLOPs or dollars of the whole lifetime, a loss, the
        compute-optimal frontier at a fixed size or fixed tokens, or nothing, as N and D are given.
    numbers : mapping of str to float
        The amounts asked for, by their names in ``allocate``.
    prices : mapping of str to float
        Dollars a FLOP in ``training``, ``prefill`` and ``generation``; empty without a cluster
        whose price is known.
    uncertain : Law, Fit or Bootstrap
        What knows the standard errors of the constants.
    asked : mapping of str to object
        The arguments as they were given.
    """

    law: Law
    kind: Kind
    numbers: Mapping[str, float]
    prices: Mapping[str, float]
    precision: bool
    served_bits: float
    uncertain: Law | Fit | Bootstrap
    asked: Mapping[str, Any] = field(default_factory=dict)

    @property
    def errors(self) -> Mapping[str, float]:
        """Standard errors of the constants; empty where none are known."""
        return self.uncertain.stderr

    @property
    def repeated(self) -> bool:
        return "unique_tokens" in self.numbers

    @property
    def priced(self) -> bool:
        """Whether what is served is weighed in dollars, not FLOPs."""
        in_flops = "inference_tokens" in self.numbers or "total_flops" in self.asked
        return bool(self.prices) and not in_flops

    @property
    def serves(self) -> bool:
        return any(self.numbers.get(name, 0.0) > 0.0 for name in DEMAND)


def read(source: Law | Fit, draws: Bootstrap | None, asked: Mapping[str, Any]) -> Request:
    """The request that the arguments of ``allocate`` make, or an error that says what is wrong."""
    law = source.law if isinstance(source, Fit) else source
    given = {name: value for name, value in asked.items() if value is not None}
    numbers = {
        name: amount(name, given[name])
        for name in (*BUDGETS, *FIXED, *DEMAND, "memory", "overhead", "unique_tokens")
        if name in given and not (name in DEMAND and given[name] == 0)
    }
    served_bits = amount("served_bits", given.get("served_bits", BASELINE))
    precision = bool(given.get("precision", False))
    check_surface(law)
    if "unique_tokens" in numbers:
        check_repetition(law)
    if "inference_tokens" in numbers and len(set(numbers) & set(DEMAND)) > 1:
        raise AllocationError(
            "allocate: give inference_tokens, or input_tokens and output_tokens, not both"
        )
    prices = _prices(given.get("cluster"), given.get("serving"))
    kind = _kind(numbers, given)
    numbers = _in_flops(numbers, given, prices)
    _check_overhead(numbers, kind)
    if precision and kind == "frontier":
        raise AllocationError("allocate: precision=True needs a budget or a loss")
    uncertain = source if draws is None else draws
    return Request(law, kind, numbers, prices, precision, served_bits, uncertain, given)


def amount(name: str, given: Any) -> float:
    """A positive number out of a number or a text such as ``"70B"`` or ``"30 days"``."""
    try:
        value = parse_quantity(given, _UNITS.get(name))
        if not value > 0:
            raise QuantityError(f"{name} must be positive and finite, not {given!r}")
        if name in _SIZES:
            check_magnitude(_SIZES[name], value)
    except QuantityError as error:
        raise AllocationError(f"allocate: {name}: {error}") from None
    return value


def _kind(numbers: Mapping[str, float], given: Mapping[str, Any]) -> Kind:
    budgets = [name for name in BUDGETS if name in numbers]
    fixed = [name for name in FIXED if name in numbers]
    if not budgets and "memory" in numbers:
        fixed.append("memory")  # the size of a model that fills it
    if len(budgets) > 1:
        raise AllocationError(f"allocate: give one budget, not {' and '.join(budgets)}")
    if len(fixed) > (2 - len(budgets)) or {"N", "memory"} <= set(fixed):
        raise AllocationError(
            f"allocate: {', '.join([*budgets, *fixed])} together say too much: N and D have two "
            "degrees of freedom"
        )
    if not budgets and not fixed:
        raise AllocationError(
            "allocate: give one of C (training FLOPs), loss (nats/token), total_flops, dollars, "
            "gpu_hours, days, N, D, tokens_per_parameter and memory (bytes at serving)"
        )
    if not budgets:
        return "given" if len(fixed) == 2 else "frontier"
    if budgets[0] == "loss":
        return "loss"
    serves = any(name in numbers for name in DEMAND)
    if budgets[0] == "total_flops" or (budgets[0] == "dollars" and serves):
        return "lifetime"
    return "training"


def _in_flops(
    numbers: Mapping[str, float], given: Mapping[str, Any], prices: Mapping[str, float]
) -> dict[str, float]:
    """The numbers with money and time as FLOPs of training: ``C``, or ``total_flops``."""
    found = dict(numbers)
    serves = any(name in numbers for name in DEMAND)
    for name in ("dollars", "gpu_hours", "days"):
        if name not in found:
            continue
        cluster = given.get("cluster")
        if cluster is None:
            raise AllocationError(
                f"allocate: {name} needs cluster=, what the money or time buys, such as "
                'sw.Cluster("H100", count=1024)'
            )
        if name == "dollars" and "inference_tokens" in found:
            raise AllocationError(
                "allocate: dollars for serving differ for tokens read and written: give "
                "input_tokens and output_tokens, not inference_tokens"
            )
        try:
            flops = float(cluster.flops(**{name: found.pop(name)}))
        except HardwareError as error:
            raise AllocationError(f"allocate: {error}") from None
        found["total_flops" if name == "dollars" and serves else "C"] = flops
    return found


def _prices(cluster: Cluster | None, serving: Cluster | None) -> dict[str, float]:
    """Dollars a FLOP that is done."""
    if cluster is None:
        if serving is not None:
            raise AllocationError("allocate: serving= needs cluster=, on which is trained")
        return {}
    servers = serving or cluster
    try:
        return {
            "training": float(cluster.cost(1.0)),
            "prefill": float(servers.cost(1.0, "prefill")),
            "generation": float(servers.cost(1.0, "generation")),
        }
    except HardwareError:  # no price is known; time is
        return {}


def _check_overhead(numbers: Mapping[str, float], kind: Kind) -> None:
    if "overhead" not in numbers:
        return
    if numbers["overhead"] > _MOST_OVERHEAD:
        raise AllocationError(
            f"allocate: overhead is a share of the training compute, at most {_MOST_OVERHEAD:g}, "
            f"not {numbers['overhead']:g}"
        )
    others = [n for n in (*FIXED, *DEMAND, "memory", "unique_tokens") if n in numbers]
    if kind not in ("training", "loss") or others:
        raise AllocationError(
            "allocate: overhead is extra training compute for a smaller model: give it with C or "
            f"loss, and without {', '.join(others) or 'another budget'}"
        )


def weight_of_served(numbers: Mapping[str, Any], prices: Mapping[str, Any]) -> Any:
    """Tokens trained on that cost as much as what is served, in FLOPs or, with prices, in dollars
    (Sardana et al. 2024, Secs. 2 and 3)."""
    if not prices:
        served = sum(np.asarray(numbers.get(name, 0.0)) for name in DEMAND)
    else:
        served = (
            np.asarray(numbers.get("input_tokens", 0.0)) * prices["prefill"]
            + np.asarray(numbers.get("output_tokens", 0.0)) * prices["generation"]
        ) / prices["training"]
    return served / SERVED_PER_TRAINED
