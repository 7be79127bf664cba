"""Solving an equation for a name that stands in it once: the tree of the answer."""

from __future__ import annotations

from collections.abc import Callable

from ...lawbook import expression as ex

Tree = ex.Tree

# What undoes an operation: given the value of the whole and the other operand. A power is undone in
# logarithms, so that a negative value has no root: squared, it would pass for a solution.
_LEFT: dict[str, Callable[[Tree, Tree], Tree]] = {
    "+": lambda value, b: ("-", value, b),
    "-": lambda value, b: ("+", value, b),
    "*": lambda value, b: ("/", value, b),
    "/": lambda value, b: ("*", value, b),
    "**": lambda value, b: ("exp", ("/", ("log", value), b)),
}
_RIGHT: dict[str, Callable[[Tree, Tree], Tree]] = {
    "+": lambda value, a: ("-", value, a),
    "-": lambda value, a: ("-", a, value),
    "*": lambda value, a: ("/", value, a),
    "/": lambda value, a: ("/", a, value),
    "**": lambda value, a: ("/", ("log", value), ("log", a)),
}
_ONLY: dict[str, Callable[[Tree], Tree]] = {
    "neg": ex.negate,
    "exp": lambda value: ("log", value),
    "log": lambda value: ("exp", value),
    "log2": lambda value: ("**", 2.0, value),
    "log10": lambda value: ("**", 10.0, value),
    "sqrt": lambda value: ("**", value, 2.0),
}


def occurrences(tree: Tree, name: str) -> int:
    """How often a name stands in a tree as it is written."""
    if isinstance(tree, tuple):
        return sum(occurrences(operand, name) for operand in tree[1:])
    return int(tree == name)


def isolate(tree: Tree, name: str, value: Tree) -> Tree | None:
    """What ``name`` must be for ``tree`` to equal ``value``; None where no formula says so.

    A formula is found where the name stands once and every operation around it can be undone. Its
    value is NaN where the equation has no solution.
    """
    if occurrences(tree, name) != 1:
        return None
    while isinstance(tree, tuple):
        op, *operands = tree
        if op in _ONLY:
            tree, value = operands[0], _ONLY[op](value)
        elif op not in _LEFT:
            return None
        elif occurrences(operands[0], name):
            tree, value = operands[0], _LEFT[op](value, operands[1])
        else:
            tree, value = operands[1], _RIGHT[op](value, operands[0])
    return value
