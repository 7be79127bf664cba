"""Sums in the trees of laws, taken apart and put together anew."""

from __future__ import annotations

from collections.abc import Callable

from .expression import Tree


def with_sums(tree: Tree, summed: Callable[[Tree], Tree]) -> Tree:
    """The tree with another one in the place of each ``sum``, made of what it adds up."""
    if not isinstance(tree, tuple):
        return tree
    if tree[0] == "sum":
        return summed(tree[1])
    return (tree[0], *(with_sums(part, summed) for part in tree[1:]))
