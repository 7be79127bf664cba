"""Formulas of which the cells of many labs are made: a law's symbols, choices and values."""

from __future__ import annotations

from collections.abc import Sequence

from ..lawbook import expression as ex

# A law may have an ``x`` or an ``equation`` of its own: in formulas its symbols have a prefix.
_PREFIX = "s_"


def symbol(name: str) -> str:
    """The cell of a law's symbol."""
    return _PREFIX + name


def pick(choice: str, values: Sequence[ex.Tree]) -> ex.Tree:
    """The value at the position of a choice."""
    *others, last = values
    tree = last
    for position in reversed(range(len(others))):
        tree = ("where", ("<", choice, position + 0.5), others[position], tree)
    return tree


def chosen(choice: str, position: int) -> str:
    """1 where a choice stands at a position, else 0."""
    return (
        f"where({choice} < {position} - 0.5, 0, where({choice} < {position} + 0.5, 1, 0))"
        if position
        else f"where({choice} < 0.5, 1, 0)"
    )
