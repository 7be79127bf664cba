"""Runs under the hand: those that are in, those that a hand has moved, and the fit to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from ..fitting import Fit, FitError, Objective
from ..fitting.parametric import solve
from ..fitting.problem import Problem
from ..lawbook import Law
from ..lawbook import expression as ex
from ..lawbook.quantity import format_quantity

Array = npt.NDArray[np.float64]


def written(law: Law) -> list[str]:
    """Constants in the equation's own text. Those in its definitions (bits, repetition) keep their
    published values: runs seldom vary what they multiply."""
    found = ex.symbols(ex.parse(law.equation))
    return [name for name in law.values if name in found]


def weights_without(excluded: Sequence[int], count: int) -> Array:
    """1 for each run that is in, 0 for each that is left out."""
    outside = [i for i in excluded if i >= count]
    if outside:
        raise FitError(f"excluded: there are {count} runs, none has number {outside[0]}")
    weights = np.ones(count)
    weights[list(excluded)] = 0.0
    return weights


def factors_of(nudged: Sequence[float], count: int) -> Array:
    """By what each loss was multiplied, from ``row, factor, row, factor, ...``."""
    pairs = np.asarray(nudged, dtype=float)
    if pairs.size % 2:
        raise FitError("nudged: it must be row, factor, row, factor, ...; a factor is missing")
    rows, by = pairs[::2], pairs[1::2]
    wrong = [r for r in rows if r != int(r) or not 0 <= r < count]
    if wrong:
        raise FitError(f"nudged: there are {count} runs, none has number {wrong[0]:g}")
    if not (np.isfinite(by) & (by > 0)).all():
        raise FitError("nudged: factors must be positive and finite")
    factors = np.ones(count)
    factors[rows.astype(int)] = by
    return factors


def names_of(runs: pl.DataFrame) -> list[str]:
    """A name for each run, as a plot's tooltip shows it."""
    return [
        f"N {format_quantity(n)}, D {format_quantity(d)}, loss {loss:.3f}"
        for n, d, loss in runs.select("N", "D", "loss").iter_rows()
    ]


@dataclass(frozen=True)
class Question:
    """A law to be fitted to runs: what a lab asks again and again while a hand is moving."""

    law: Law
    runs: pl.DataFrame
    objective: Objective
    weights: Array
    held: Mapping[str, float]

    def answer(self, before: Fit | None) -> Fit:
        """The fit, from the constants of the one before where that is of the same law.

        Raises
        ------
        FitError
            When the runs that are in allow none.
        """
        law, free = self.law, written(self.law)
        held = self.held if len(self.held) < len(free) else {}  # else nothing is left to fit
        fixed = {n: v for n, v in law.values.items() if n not in free} | dict(held)
        columns = {v: self.runs[v].to_numpy() for v in law.variables if v in self.runs.columns}
        problem = Problem(law, columns, self.runs["loss"].to_numpy(), fixed)
        used = np.count_nonzero(self.weights)
        if used < problem.size:
            raise FitError(
                f"{used} runs cannot determine {problem.size} constants "
                f"({', '.join(problem.free)}). Take runs back, or hold constants."
            )
        warm = before is not None and before.law.id == law.id
        start = before.params if before is not None and warm else None
        return solve(problem, self.runs, self.objective, self.weights, start)
