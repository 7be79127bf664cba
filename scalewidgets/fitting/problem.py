"""A law over a set of runs, in coordinates in which it is easily minimised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from numbers import Real

import numpy as np

from ..lawbook import Law
from ..lawbook import expression as ex
from .types import Array, FitError

# Beyond this size a constant that is not linear (Kaplan's N_c) moves on a log scale.
_LARGE = 4.0


@dataclass(frozen=True)
class Coordinate:
    """How one free constant moves: ``sign * exp(t)`` for amplitudes, ``t`` itself for exponents."""

    name: str
    sign: int  # 0: the coordinate is the constant itself
    linear: bool

    def tree(self) -> ex.Tree:
        if self.sign == 0:
            return self.name
        return ("exp", self.name) if self.sign > 0 else ("neg", ("exp", self.name))

    def from_constant(self, value: Array) -> Array:
        if self.sign == 0:
            return value
        with np.errstate(divide="ignore"):
            return np.log(np.maximum(self.sign * value, 1e-300))

    def to_constant(self, t: Array) -> Array:
        return t if self.sign == 0 else self.sign * np.exp(t)


def check_constants(law: Law, given: Mapping[str, float], what: str) -> None:
    """Refuses names that the law does not have and values that are no finite number."""
    for name, value in given.items():
        if name not in law.values:
            raise FitError(f"fit: {what} names {name!r}, but {law.id} has {', '.join(law.values)}")
        if not isinstance(value, Real) or not np.isfinite(float(value)):
            raise FitError(f"fit: {what} must give {name} a finite number, not {value!r}")


@lru_cache(maxsize=64)
def _linear(tree: ex.Tree, names: tuple[str, ...]) -> frozenset[str]:
    """The largest leading set of constants in which the law is jointly linear."""
    chosen: list[str] = []
    for name in names:
        slope = ex.derivative(tree, name)
        if not {name, *chosen} & set(ex.symbols(slope)):
            chosen.append(name)
    return frozenset(chosen)


@lru_cache(maxsize=64)
def _programs(
    tree: ex.Tree, coordinates: tuple[Coordinate, ...]
) -> tuple[ex.Program, ex.Program, tuple[tuple[int, int], ...]]:
    """The law; the law with its gradient and Hessian; which Hessian entries are not zero."""
    inner = ex.substitute(tree, {c.name: c.tree() for c in coordinates})
    slopes = [ex.derivative(inner, c.name) for c in coordinates]
    second, pairs = [], []
    for i, slope in enumerate(slopes):
        for j in range(i, len(slopes)):
            bend = ex.derivative(slope, coordinates[j].name)
            if bend != 0.0:
                second.append(bend)
                pairs.append((i, j))
    return ex.Program([inner]), ex.Program([inner, *slopes, *second]), tuple(pairs)


class Problem:
    """Which constants of a law are sought from which runs.

    Parameters
    ----------
    law : Law
        Its constants' values give the scale and sign to begin with.
    columns : mapping of str to array (runs,)
        A value a run for every variable of the law.
    observed : array (runs,)
        Losses in the law's unit, positive.
    fixed : mapping of str to float
        Constants that are held.

    Raises
    ------
    FitError
        Fewer runs than free constants; unknown constants or values that are no number; a variable
        without a column.
    """

    def __init__(
        self,
        law: Law,
        columns: Mapping[str, Array],
        observed: Array,
        fixed: Mapping[str, float] | None = None,
    ) -> None:
        self.law = law
        self.fixed = dict(fixed or {})
        check_constants(law, self.fixed, "fixed")
        self.free = [name for name in law.values if name not in self.fixed]
        if not self.free:
            raise FitError("fit: every constant is fixed; leave at least one free")
        if len(observed) < len(self.free):
            raise FitError(
                f"fit: {len(observed)} runs cannot determine {len(self.free)} constants "
                f"({', '.join(self.free)}). Add runs, or hold constants with fixed={{...}}."
            )
        self.tree = self._tree(columns)
        self.columns = {
            v: np.asarray(columns[v], dtype=float)
            for v in ex.symbols(self.tree)
            if v not in law.values
        }
        self.observed: Array = np.asarray(observed, dtype=float)
        self.log_observed: Array = np.log(self.observed)

    def _tree(self, columns: Mapping[str, Array]) -> ex.Tree:
        """The law with variables that have no column put at their defaults."""
        absent: dict[str, ex.Tree] = {}
        for name in self.law.variables:
            if name in columns:
                continue
            if name not in self.law.defaults:
                raise FitError(f"fit: {self.law.id} needs a column {name!r} in the runs")
            absent[name] = ex.parse(self.law.defaults[name])
        return ex.substitute(self.law.tree, absent)

    @cached_property
    def linear(self) -> frozenset[str]:
        """Free constants in which the law is jointly linear (found from its derivatives)."""
        return _linear(self.tree, tuple(self.free))

    @cached_property
    def coordinates(self) -> tuple[Coordinate, ...]:
        """Amplitudes and large scales on a log scale, exponents as they are."""
        found = []
        for name in self.free:
            value = self.law.values[name]
            scaled = name in self.linear or abs(value) > _LARGE
            found.append(
                Coordinate(name, (-1 if value < 0 else 1) if scaled else 0, name in self.linear)
            )
        return tuple(found)

    @property
    def size(self) -> int:
        return len(self.coordinates)

    def theta(self, constants: Mapping[str, float] | Mapping[str, Array]) -> Array:
        """Coordinates (..., constants) of given constants."""
        return np.stack(
            [c.from_constant(np.asarray(constants[c.name], dtype=float)) for c in self.coordinates],
            axis=-1,
        )

    def constants(self, theta: Array) -> dict[str, Array]:
        """Free and fixed constants, each of the shape of theta without its last axis."""
        free = {c.name: c.to_constant(theta[..., i]) for i, c in enumerate(self.coordinates)}
        return {
            name: free[name] if name in free else np.full(theta.shape[:-1], self.fixed[name])
            for name in self.law.values
        }

    def _cells(self, theta: Array) -> dict[str, Array | float]:
        moving = {c.name: theta[:, i : i + 1] for i, c in enumerate(self.coordinates)}
        return {**self.columns, **self.fixed, **moving}

    def predict(self, theta: Array) -> Array:
        """Predictions (batch, runs) for theta (batch, constants)."""
        program, _, _ = _programs(self.tree, self.coordinates)
        return self._full(program(self._cells(theta))[0], len(theta))

    def derivatives(self, theta: Array) -> tuple[Array, Array, dict[tuple[int, int], Array]]:
        """Predictions (batch, runs), gradient (constants, batch, runs), Hessian entries by pair."""
        _, program, pairs = _programs(self.tree, self.coordinates)
        value, *rest = program(self._cells(theta))
        gradient = np.empty((self.size, len(theta), len(self.observed)))
        for i in range(self.size):
            gradient[i] = rest[i]
        return (
            self._full(value, len(theta)),
            gradient,
            dict(zip(pairs, rest[self.size :], strict=True)),
        )

    def _full(self, value: Array, batch: int) -> Array:
        return np.broadcast_to(value, (batch, len(self.observed)))

    def linear_basis(self, constants: Mapping[str, Array]) -> tuple[list[str], Array, Array]:
        """For variable projection: linear names, basis (linear, batch, runs), offset (batch, runs).

        ``constants`` holds arrays (batch,) for the free constants that are not linear.
        """
        names = [c.name for c in self.coordinates if c.linear]
        program = _basis_program(self.tree, tuple(names))
        cells = {
            **self.columns,
            **self.fixed,
            **dict.fromkeys(names, 0.0),
            **{k: v[:, None] for k, v in constants.items()},
        }
        offset, *basis = program(cells)
        batch = max((len(v) for v in constants.values()), default=1)
        full = [self._full(np.asarray(b, dtype=float), batch) for b in (offset, *basis)]
        return names, np.stack(full[1:]) if names else np.empty((0, batch, 0)), full[0]


@lru_cache(maxsize=64)
def _basis_program(tree: ex.Tree, names: Sequence[str]) -> ex.Program:
    return ex.Program([tree, *(ex.derivative(tree, name) for name in names)])
