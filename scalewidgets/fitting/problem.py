"""A law over a set of runs, in coordinates in which it is easily minimised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from ..lawbook import Law
from ..lawbook import expression as ex
from .types import Array, FitError

# Beyond this size a constant that is not linear (Kaplan's N_c) moves on a log scale.
_LARGE = 4.0
_ALL = (-np.inf, np.inf)
_ROUNDING = 1e-12
_AT_ONCE = 16_384  # batch rows x runs whose arrays stay in the processor's cache
_BLOCK = 1024  # runs, at least: shorter blocks take longer to begin than to compute


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

    def interval(self, low: float, high: float) -> tuple[float, float]:
        """The coordinates between which the constant is: open at zero for an amplitude."""
        if self.sign == 0:
            return low, high
        if max(self.sign * low, self.sign * high) <= 0:
            side = "above" if self.sign > 0 else "below"
            raise FitError(
                f"fit: {self.name} stays {side} zero, as its value in the law does, and "
                f"bounds want it between {low:g} and {high:g}"
            )
        ends = sorted((self.sign * low, self.sign * high))
        near, far = (-np.inf if end <= 0 else float(np.log(end)) for end in ends)
        return near, far


def check_constants(law: Law, given: Mapping[str, float], what: str) -> None:
    """Refuses names that the law does not have and values that are no finite number."""
    for name, value in given.items():
        if name not in law.values:
            raise FitError(f"fit: {what} names {name!r}, but {law.id} has {', '.join(law.values)}")
        try:
            finite = isinstance(value, Real) and np.isfinite(float(value))
        except OverflowError:  # of a whole number with over 308 digits
            finite = False
        if not finite:
            raise FitError(f"fit: {what} must give {name} a finite number, not {value!r}")


def check_ties(law: Law, tied: Mapping[str, str], fixed: Mapping[str, float]) -> None:
    """Refuses ties to what is no constant, or is tied itself, and of constants that are held."""
    for name, other in tied.items():
        for constant in (name, other):
            if constant not in law.values:
                known = ", ".join(law.values)
                raise FitError(f"fit: tied names {constant!r}, but {law.id} has {known}")
        if name in fixed:
            raise FitError(f"fit: {name} is both fixed and tied to {other}; leave one of them out")
        if other in tied:
            raise FitError(
                f"fit: {name} is tied to {other}, which is tied to {tied[other]}; tie all of them "
                "to one constant that is not tied itself"
            )


def check_bounds(law: Law, bounds: Mapping[str, tuple[float, float]], free: Sequence[str]) -> None:
    """Refuses bounds of constants that are not free, or that leave them no room."""
    check_constants(law, dict.fromkeys(bounds, 0.0), "bounds")
    for name, pair in bounds.items():
        if name not in free:
            raise FitError(f"fit: {name} is fixed or tied, so it takes no bounds of its own")
        try:
            low, high = map(float, pair)
        except (TypeError, ValueError):
            raise FitError(
                f"fit: bounds must give {name} (lowest, highest), not {pair!r}"
            ) from None
        if not low < high:
            raise FitError(
                f"fit: bounds of {name} leave it no room: {low:g} is not below {high:g}. Hold a "
                "constant with fixed=."
            )


@lru_cache(maxsize=64)
def _linear(tree: ex.Tree, names: tuple[str, ...]) -> frozenset[str]:
    """The largest leading set of constants in which the law is jointly linear."""
    chosen: list[str] = []
    for name in names:
        slope = ex.derivative(tree, name)
        if not {name, *chosen} & set(ex.symbols(slope)):
            chosen.append(name)
    return frozenset(chosen)


@dataclass(frozen=True)
class _Programs:
    """How a law and its derivatives are computed."""

    value: ex.Program
    full: ex.Program  # the law, its slopes, and those of its bends that are not among them
    count: int  # of slopes and further bends
    bends: tuple[tuple[int, int, int], ...]  # Hessian entries (i, j) that are not 0; their places

    @cached_property
    def where(self) -> tuple[npt.NDArray[np.intp], ...]:
        """The bends' rows, columns and places, those below the diagonal too."""
        both = {(a, b, place) for i, j, place in self.bends for a, b in ((i, j), (j, i))}
        rows, columns, places = np.array(sorted(both), dtype=np.intp).reshape(-1, 3).T
        return rows, columns, places


@lru_cache(maxsize=64)
def _programs(tree: ex.Tree, coordinates: tuple[Coordinate, ...]) -> _Programs:
    """A term's bend along its own logarithm is its slope: of Chinchilla's eight bends two are new,
    and only these are stored and summed over the runs."""
    inner = ex.substitute(tree, {c.name: c.tree() for c in coordinates})
    slopes = [ex.derivative(inner, c.name) for c in coordinates]
    parts, bends = list(slopes), []
    for i, slope in enumerate(slopes):
        for j in range(i, len(slopes)):
            bend = ex.derivative(slope, coordinates[j].name)
            if bend == 0.0:
                continue
            if bend not in parts:
                parts.append(bend)
            bends.append((i, j, parts.index(bend)))
    return _Programs(ex.Program([inner]), ex.Program([inner, *parts]), len(parts), tuple(bends))


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
    tied : mapping of str to str
        Constants that equal another one, which itself is not tied.
    bounds : mapping of str to (float, float)
        Lowest and highest value of free constants; infinity where there is none.

    Raises
    ------
    FitError
        Fewer runs than free constants; unknown constants or values that are no number; ties and
        bounds that contradict each other or ``fixed``; a variable without a column.
    """

    def __init__(
        self,
        law: Law,
        columns: Mapping[str, Array],
        observed: Array,
        fixed: Mapping[str, float] | None = None,
        tied: Mapping[str, str] | None = None,
        bounds: Mapping[str, tuple[float, float]] | None = None,
    ) -> None:
        self.law = law
        self.fixed, self.tied, self.bounds = dict(fixed or {}), dict(tied or {}), dict(bounds or {})
        check_constants(law, self.fixed, "fixed")
        self.fixed = {name: float(value) for name, value in self.fixed.items()}
        check_ties(law, self.tied, self.fixed)
        self.free = [n for n in law.values if n not in self.fixed and n not in self.tied]
        check_bounds(law, self.bounds, self.free)
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
        return ex.substitute(self.law.tree, {**absent, **self.tied})

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

    @cached_property
    def box(self) -> tuple[Array, Array] | None:
        """Lowest and highest coordinates (constants,), or None where there are no bounds."""
        if not self.bounds:
            return None
        sides = np.array([c.interval(*self.bounds.get(c.name, _ALL)) for c in self.coordinates])
        return sides[:, 0], sides[:, 1]

    def inside(self, theta: Array) -> Array:
        """The nearest coordinates within the bounds; those that miss one by rounding lie at it."""
        if self.box is None:
            return theta
        low, high = self.box
        return np.where(
            theta < low + _ROUNDING, low, np.where(theta > high - _ROUNDING, high, theta)
        )

    def pinned(self, theta: Array) -> npt.NDArray[np.bool_]:
        """Which coordinates (..., constants) lie at a bound."""
        if self.box is None:
            return np.zeros(theta.shape, dtype=bool)
        return np.asarray((theta <= self.box[0]) | (theta >= self.box[1]))

    @property
    def size(self) -> int:
        return len(self.coordinates)

    def _with(self, columns: Mapping[str, Array], observed: Array, log_observed: Array) -> Problem:
        """The same problem of other runs."""
        other = object.__new__(Problem)
        other.__dict__.update(self.__dict__)
        other.columns, other.observed, other.log_observed = dict(columns), observed, log_observed
        return other

    def observing(self, observed: Array) -> Problem:
        """The same with other losses: (runs,), or (batch, runs) where each row has its own."""
        with np.errstate(all="ignore"):  # a raw objective has no need of their logarithms
            return self._with(self.columns, observed, np.log(observed))

    def rows(self, which: slice | npt.NDArray[np.intp]) -> Problem:
        """The problem of some rows of a batch; itself where all rows share their losses."""
        if self.observed.ndim == 1:
            return self
        return self._with(self.columns, self.observed[which], self.log_observed[which])

    def only(self, runs: slice | npt.NDArray[np.intp]) -> Problem:
        """The problem of some of the runs."""
        columns = {name: column[runs] for name, column in self.columns.items()}
        return self._with(columns, self.observed[..., runs], self.log_observed[..., runs])

    def sample(self, weights: Array, count: int) -> tuple[Problem, Array]:
        """The problem of ``count`` runs drawn from those that count, and their weights (1, runs);
        itself where it has no more."""
        if weights.shape[1] <= count:
            return self, weights
        runs = np.flatnonzero(weights[0])
        if len(runs) > count:
            rng = np.random.default_rng(0)
            runs = np.sort(rng.choice(runs, count, replace=False, shuffle=False))
        return self.only(runs), weights[:, runs]

    def blocks(self, batch: int) -> Iterator[tuple[slice, Problem]]:
        """The runs a block after the other, for sums over them by a batch of this many rows.

        The arrays of a block stay in the processor's cache, and ten million runs take no more
        memory than ten thousand.
        """
        runs = self.observed.shape[-1]
        length = max(_AT_ONCE // batch, _BLOCK)
        if runs <= length:
            yield slice(None), self
            return
        for first in range(0, runs, length):
            part = slice(first, first + length)
            yield part, self.only(part)

    def theta(self, constants: Mapping[str, float] | Mapping[str, Array]) -> Array:
        """Coordinates (..., constants) of given constants."""
        return np.stack(
            [c.from_constant(np.asarray(constants[c.name], dtype=float)) for c in self.coordinates],
            axis=-1,
        )

    def constants(self, theta: Array) -> dict[str, Array]:
        """Every constant of the law, each of the shape of theta without its last axis."""
        known = {c.name: c.to_constant(theta[..., i]) for i, c in enumerate(self.coordinates)}
        for name, pair in self.bounds.items():  # exp(log(1.7)) is not quite 1.7
            known[name] = np.clip(known[name], *pair)
        known |= {name: np.full(theta.shape[:-1], value) for name, value in self.fixed.items()}
        return {name: known[self.tied.get(name, name)] for name in self.law.values}

    def _cells(self, theta: Array) -> dict[str, Array | float]:
        moving = {c.name: theta[:, i : i + 1] for i, c in enumerate(self.coordinates)}
        return {**self.columns, **self.fixed, **moving}

    @cached_property
    def _compiled(self) -> _Programs:
        return _programs(self.tree, self.coordinates)

    def __getstate__(self) -> dict[str, Any]:
        """Without the programs, which another process makes faster than it reads them."""
        return {k: v for k, v in self.__dict__.items() if k != "_compiled"}

    def predict(self, theta: Array) -> Array:
        """Predictions (batch, runs) for theta (batch, constants)."""
        return self._full(self._compiled.value(self._cells(theta))[0], len(theta))

    @property
    def bends(self) -> tuple[npt.NDArray[np.intp], ...]:
        """Rows and columns of the Hessian's entries that are not zero, and where ``parts`` has
        them."""
        return self._compiled.where

    def parts(self, theta: Array) -> tuple[Array, Array]:
        """Predictions (batch, runs), and all that a Hessian is made of (batch, parts, runs): a
        slope by each constant, then the bends that are none of the slopes."""
        value, *rest = self._compiled.full(self._cells(theta))
        parts = np.empty((len(theta), self._compiled.count, self.observed.shape[-1]))
        for i, part in enumerate(rest):
            parts[:, i] = part
        return self._full(value, len(theta)), parts

    def derivatives(self, theta: Array) -> tuple[Array, Array, dict[tuple[int, int], Array]]:
        """Predictions (batch, runs), gradient (constants, batch, runs), Hessian entries by pair."""
        value, parts = self.parts(theta)
        gradient = parts[:, : self.size].transpose(1, 0, 2)
        return value, gradient, {(i, j): parts[:, place] for i, j, place in self._compiled.bends}

    def _full(self, value: Array, batch: int) -> Array:
        return np.broadcast_to(value, (batch, self.observed.shape[-1]))

    def linear_terms(self, constants: Mapping[str, Array]) -> tuple[dict[str, Array], Array]:
        """For variable projection: what each linear coordinate's size is multiplied by, and what
        the law adds to these terms.

        ``constants`` holds the free constants that are not linear, of any shapes (..., 1) that
        broadcast; the results are as small as what they depend on, and broadcast to (..., runs).
        """
        linear = [c for c in self.coordinates if c.linear]
        names = tuple(c.name for c in linear)
        program = _basis_program(self.tree, names)
        offset, *basis = program({**self.columns, **self.fixed, **constants})
        terms = {c.name: np.asarray(c.sign * b) for c, b in zip(linear, basis, strict=True)}
        return terms, np.asarray(offset)


@lru_cache(maxsize=64)
def _basis_program(tree: ex.Tree, names: tuple[str, ...]) -> ex.Program:
    rest = ex.substitute(tree, dict.fromkeys(names, 0.0))
    return ex.Program([rest, *(ex.derivative(tree, name) for name in names)])
