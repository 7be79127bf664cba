"""A plan on paper: Markdown, JSON, and Python that makes it again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..lawbook import Law
from ..lawbook.quantity import format_quantity
from .compute.cluster import Cluster

if TYPE_CHECKING:
    from .plan import Plan

_ROWS = {
    "N": ("parameters", "N"),
    "D": ("training tokens", "D"),
    "tokens_per_parameter": ("tokens per parameter", "D/N"),
    "loss": ("predicted loss", "as served"),
    "bits": ("training bits", "P"),
    "epochs": ("epochs", "passes over the unique tokens"),
    "train_flops": ("training FLOPs", "6ND P/16"),
    "inference_flops": ("inference FLOPs", "2N a token"),
    "dollars": ("dollars", "at the cluster's price"),
    "saving": ("saving", "of lifetime cost, against Chinchilla of equal loss"),
}
_USUAL = {"bits": 16.0, "epochs": 1.0}  # not worth a row
_SERVED_AS_TRAINED = ("served_bits", 16.0)


def numbers_of(plan: Plan) -> dict[str, float]:
    """The plan's quantities by name."""
    return {name: float(getattr(plan, name)) for name in _ROWS}


def law_as_dict(law: Law) -> dict[str, Any]:
    """What names a law: its id, set of constants, equation and source."""
    return {
        "id": law.id,
        "constants": dict(law.values),
        "set": law.set_name,
        "equation": law.equation,
        "source": law.source,
    }


def told(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked for, without what was left at its default."""
    return {
        k: v for k, v in asked.items() if v not in (0.0, False) and (k, v) != _SERVED_AS_TRAINED
    }


def asked_as_dict(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked for, ready for JSON."""
    return {k: asdict(v) if isinstance(v, Cluster) else v for k, v in told(asked).items()}


def _said(value: Any) -> str:
    whole = isinstance(value, int | float) and not isinstance(value, bool) and value >= 1e3
    return format_quantity(value) if whole else str(value)


def markdown(plan: Plan) -> str:
    """A page: the plan as a table, the flat region, what was asked, the law that it rests on."""
    request = plan.question.request
    title = f"# Plan: {format_quantity(plan.N)} parameters on {format_quantity(plan.D)} tokens"
    asked = ", ".join(f"{k} = {_said(v)}" for k, v in told(request.asked).items())
    parts = [
        title,
        f"Strategy: {plan.strategy}.",
        _table(plan),
        _flatness(plan),
        f"Asked: {asked}.",
        _basis(request.law),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _table(plan: Plan) -> str:
    lines = ["| quantity | value | interval (95 %) | |", "|---|---|---|---|"]
    for name, value in numbers_of(plan).items():
        if math.isfinite(value) and value != _USUAL.get(name):
            label, note = _ROWS[name]
            cells = (label, _written(name, value), _interval(plan, name), note)
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _flatness(plan: Plan) -> str:
    flat = plan.flat_region()
    if not all(map(math.isfinite, flat.N)):
        return ""
    return (
        f"Models of the same loss within {flat.within:.0%} of the lifetime cost have from "
        f"{format_quantity(flat.N[0])} to {format_quantity(flat.N[1])} parameters."
    )


def _basis(law: Law) -> str:
    constants = ", ".join(f"{k} = {v:g}" for k, v in law.values.items())
    source = f" {law.source}." if law.source else ""
    return (
        f"Law: `{law.id}` ({law.set_name}), {law.output} = `{law.equation}`; {constants}.{source}"
    )


def _written(name: str, value: float) -> str:
    if name == "saving":
        return f"{value:.1%}"
    if name in ("loss", "bits", "epochs", "tokens_per_parameter"):
        return f"{value:.4g}"
    return f"${format_quantity(value)}" if name == "dollars" else format_quantity(value)


def _interval(plan: Plan, name: str) -> str:
    if name not in plan.draws:
        return ""
    low, high = plan.interval(name)
    return "" if math.isnan(low) else f"{_written(name, low)} to {_written(name, high)}"


def python(plan: Plan) -> str:
    """Code that makes the plan again."""
    request = plan.question.request
    given = told(request.asked)
    arguments = "".join(f"    {name}={value!r},\n" for name, value in given.items())
    return (
        (
            "import scalewidgets as sw\n\n"
            f"law = {_law_in_python(request.law)}\n"
            f"plan = sw.allocate(\n    law,\n{arguments})\nprint(plan)\n"
        )
        .replace("=Cluster(", "=sw.Cluster(")
        .replace("=Accelerator(", "=sw.Accelerator(")
    )


def _law_in_python(law: Law) -> str:
    constants = dict(law.values)
    if law.family == "typed" or "+" in law.id:
        extra = "".join(
            f", {name}={dict(given)!r}"
            for name, given in (("definitions", law.definitions), ("defaults", law.defaults))
            if given
        )
        return f"sw.Law({law.equation!r}, constants={constants!r}{extra})"
    return f"sw.law({law.id!r}).with_constants(**{constants!r})"
