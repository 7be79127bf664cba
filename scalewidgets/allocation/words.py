"""The words of ``optimise``: ranges, numbers, formulas and constraints, read and checked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from ..lawbook import ExpressionError, Law
from ..lawbook import expression as ex
from ..lawbook.door import is_list, is_number, shown
from ..lawbook.quantity import QuantityError, parse_quantity
from .draws import AllocationError, number
from .solver.problem import Array, Axis

Bounds = tuple[float | str, float | str]
Over = Mapping[str, Bounds | Sequence[float] | None]

_ANYWHERE = (1.0, 1e30)  # wider than any model, corpus or budget
_MOST_CHOICES = 1000


def check_words(
    law: Law,
    over: Over,
    cost: str | Law | None,
    budget: str | float | None,
    target: str | float | None,
    at: Mapping[str, str | float],
) -> None:
    if cost is None and (budget is not None or target is not None):
        raise AllocationError("optimise: a budget or target needs cost=, a formula")
    if cost is not None and (budget is None) == (target is None):
        raise AllocationError("optimise: cost= needs one of budget= and target=")
    if isinstance(cost, Law) and any(np.isnan(v) for v in cost.values.values()):
        raise AllocationError(f"optimise: cost: {cost.id} has no values for its constants")
    for name in over:
        if name in law.values:
            raise AllocationError(
                f"optimise: over: {name!r} is a constant of {law.id}; its variables are "
                f"{', '.join(law.variables)}"
            )
    both = sorted(set(over) & set(at))
    if both:
        raise AllocationError(f"optimise: {both} stand in over= and in at=")
    if law.items:
        raise AllocationError(f"optimise: {law.id} adds up items, which are not optimised over")
    unknown = [name for name, value in law.values.items() if np.isnan(value)]
    if unknown:
        raise AllocationError(
            f"optimise: {law.id} has no values for {', '.join(unknown)}; fit it to runs first"
        )


def read_axes(over: Over) -> tuple[tuple[Axis, ...], dict[str, Array]]:
    axes: list[Axis] = []
    lists: dict[str, Array] = {}
    for name, given in over.items():
        if given is None:
            axes.append(Axis(name, *_ANYWHERE))
        elif isinstance(given, tuple) and len(given) == 2:
            low, high = (number("optimise", f"over[{name!r}]", x, zero=True) for x in given)
            if not low < high:
                raise AllocationError(f"optimise: over[{name!r}]: {given!r} is no range")
            axes.append(Axis(name, low, high, log=low > 0 and high / low >= 10, given=True))
        else:
            if isinstance(given, str) or not is_list(given, float):
                raise AllocationError(
                    f"optimise: over[{name!r}] takes (lowest, highest), None or a list of "
                    f"numbers, not {shown(given)}"
                )
            lists[name] = np.asarray(list(given), dtype=float)
    choices = int(np.prod([len(v) for v in lists.values()]))
    if not 1 <= len(axes) <= 3:
        raise AllocationError(
            f"optimise: over= takes one to three variables beside those with lists, not {len(axes)}"
        )
    if not 1 <= choices <= _MOST_CHOICES:
        raise AllocationError(f"optimise: {choices} choices from lists; 1 to {_MOST_CHOICES} go")
    return tuple(axes), lists


def numbers_and_formulas(
    at: Mapping[str, str | float],
) -> tuple[dict[str, float], dict[str, ex.Tree]]:
    """Numbers, and formulas."""
    numbers: dict[str, float] = {}
    formulas: dict[str, ex.Tree] = {}
    for name, given in at.items():
        tree = (
            formula(f"at[{name!r}]", given)
            if isinstance(given, str)
            else _plain_number(name, given)
        )
        if isinstance(tree, float):
            numbers[name] = tree
        else:
            formulas[name] = tree
    return numbers, formulas


def _plain_number(name: str, given: object) -> float:
    if not is_number(given):
        raise AllocationError(
            f"optimise: at[{name!r}] takes a number or a formula, not {shown(given)}"
        )
    return float(given)  # type: ignore[arg-type]


def formula(what: str, text: str) -> ex.Tree:
    """A formula, or a number as people write it."""
    try:
        return parse_quantity(text)
    except QuantityError:
        pass
    try:
        return ex.parse(text)
    except ExpressionError as error:
        raise AllocationError(f"optimise: {what}: {error}") from None


def resolved(formulas: Mapping[str, ex.Tree]) -> dict[str, ex.Tree]:
    """The formulas with one another put in."""
    found = dict(formulas)
    for _ in range(len(found) + 1):
        if not any(set(ex.symbols(tree)) & set(found) for tree in found.values()):
            return found
        found = {name: ex.substitute(tree, found) for name, tree in found.items()}
    raise AllocationError(f"optimise: at: {sorted(found)} refer to each other in a circle")


def cost_tree(cost: str | Law) -> ex.Tree:
    if isinstance(cost, str):
        return formula("cost", cost)
    filled = {k: ex.parse(v) for k, v in cost.defaults.items()}
    return ex.substitute(ex.substitute(cost.tree, cost.values), filled)


def sides_of(constraint: str) -> tuple[ex.Tree, ex.Tree]:
    """The smaller and the larger side."""
    parts = re.split(r"(<=|>=)", constraint)
    if len(parts) != 3:
        raise AllocationError(
            f"optimise: constraints: {constraint!r}: write one comparison, as in 'N*bits/8 <= 80e9'"
        )
    left, sign, right = parts
    sides = [formula(f"constraint {constraint!r}", side) for side in (left, right)]
    return (sides[0], sides[1]) if sign == "<=" else (sides[1], sides[0])
