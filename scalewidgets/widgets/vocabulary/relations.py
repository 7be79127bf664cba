"""What ties cells together beside formulas: products, optima, refits, series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...lawbook.expression import Tree


@dataclass(frozen=True)
class Link:
    """``product = factor * a * b`` stays true; ``hold`` names the choice of what is held."""

    product: str
    factor: float
    a: str
    b: str
    hold: str


@dataclass(frozen=True)
class Solve:
    """Cells that are the optimum of a small problem; see ``Solve`` in js/src/spec/relations.ts."""

    solve: str
    outputs: Sequence[str]
    loss: Tree
    dN: Tree | None
    """None only for ``"reach"``."""
    dD: Tree
    dP: Tree | None = None
    budget: str | None = None
    target: str | None = None
    demand: str | None = None
    at: str | None = None
    factor: float | None = None
    bits: tuple[float, float] | None = None


@dataclass(frozen=True)
class Refit:
    """The browser's Gauss-Newton until the kernel's exact answer; see js/src/spec/relations.ts."""

    constants: Sequence[Mapping[str, Any]]
    loss: Tree
    gradient: Sequence[Tree]
    rows: Mapping[str, str]
    observed: str = "run_loss"
    excluded: str = "excluded"
    objective: str = "objective"
    delta: str = "delta"


@dataclass(frozen=True)
class Parabolas:
    """The browser's approach 2 until the kernel's answer; see js/src/spec/relations.ts."""

    rows: Mapping[str, str]
    group: str
    x: str
    y: str
    active: str
    curves: Mapping[str, str]
    lowest: Mapping[str, str]
    factor: str
    exponent: str
    excluded: str = "excluded"


@dataclass(frozen=True)
class Series:
    """An array that is a formula, read for each row; see js/src/spec/relations.ts."""

    array: str
    cell: str
    rows: Mapping[str, str]
    falls: str
    """The array of what each entry is below the one before it, the first below 1."""
    before: str
    """The array of the sums of all entries before each."""
