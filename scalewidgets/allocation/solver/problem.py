"""A problem of allocation: what is least, over which quantities, and what must hold.

All of it is trees of the equations' grammar, so that values, gradients and curvatures are exact.
A quantity lives on a track, logarithmic or linear; ``t`` below are positions on the tracks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from ...lawbook import expression as ex

Array = npt.NDArray[np.float64]
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Axis:
    """A quantity to choose. ``given`` says that its bounds were asked for; else they are only
    wider than anything sensible, and an optimum at one of them runs away."""

    name: str
    low: float
    high: float
    log: bool = True
    given: bool = False

    @property
    def track(self) -> tuple[float, float]:
        """The ends of the track."""
        low, high = self.low, self.high
        return (float(np.log(low)), float(np.log(high))) if self.log else (low, high)

    def quantity(self, t: Array) -> Array:
        return np.exp(t) if self.log else t

    def slope(self, tree: ex.Tree) -> ex.Tree:
        """The derivative along the track: x d/dx where it is logarithmic."""
        by = ex.derivative(tree, self.name)
        return ex.multiply(self.name, by) if self.log else by


@dataclass(frozen=True)
class Relation:
    """``left`` equal to ``right``, or at most ``right``; compared in logarithms where ``log``."""

    left: ex.Tree
    right: ex.Tree
    log: bool = True

    @property
    def residual(self) -> ex.Tree:
        """Zero where both are equal, negative where left is less."""
        if self.log:
            return ("-", ("log", self.left), ("log", self.right))
        return ("-", self.left, self.right)


@dataclass(frozen=True)
class Problem:
    """Least ``goal`` over the ``axes`` where ``held`` holds and all ``limits`` are kept."""

    goal: ex.Tree
    axes: tuple[Axis, ...]
    held: Relation | None = None
    limits: tuple[Relation, ...] = ()

    def cells(self, t: Array, values: Values) -> dict[str, Any]:
        """Names and values at positions t (..., axes)."""
        return {
            **values,
            **{axis.name: axis.quantity(t[..., i]) for i, axis in enumerate(self.axes)},
        }

    def positions(self, quantities: Mapping[str, Array]) -> Array:
        """Positions (rows, axes) of quantities (rows,)."""
        places = [np.asarray(quantities[axis.name], dtype=float) for axis in self.axes]
        pairs = zip(self.axes, places, strict=True)
        return np.stack([np.log(x) if axis.log else x for axis, x in pairs], axis=-1)

    @property
    def tracks(self) -> Array:
        """Ends of the tracks, (2, axes)."""
        return np.array([axis.track for axis in self.axes], dtype=float).T.reshape(2, -1)

    def at_end(self, t: Array) -> npt.NDArray[np.bool_]:
        """Which positions (..., axes) are ends of their tracks."""
        low, high = self.tracks
        near = 1e-9 * (high - low)
        return np.asarray((t <= low + near) | (t >= high - near))


@lru_cache(maxsize=64)
def values_program(problem: Problem) -> ex.Program:
    """Goal and the limits' residuals."""
    return ex.Program([problem.goal, *(limit.residual for limit in problem.limits)])


@lru_cache(maxsize=128)
def curvature_program(problem: Problem, active: tuple[int, ...]) -> ex.Program:
    """Of the goal, and of each relation that holds: value, slopes and curvatures along the tracks.

    ``active`` are the limits that hold with equality.
    """
    relations = [problem.held] if problem.held else []
    relations += [problem.limits[i] for i in active]
    trees: list[ex.Tree] = []
    for tree in (problem.goal, *(r.residual for r in relations)):
        slopes = [axis.slope(tree) for axis in problem.axes]
        trees += [tree, *slopes]
        for i, slope in enumerate(slopes):
            trees += [axis.slope(slope) for axis in problem.axes[: i + 1]]
    return ex.Program(trees)


def take(values: Values, rows: npt.NDArray[np.intp]) -> dict[str, Any]:
    """The values of some rows; what is one number for all stays so."""
    return {k: v[rows] if np.ndim(v) else v for k, v in values.items()}
