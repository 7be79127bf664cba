"""sw.optimise: the best point of any law, over any of its variables, at any cost that a formula
can say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np

from ..fitting import Bootstrap, Fit
from ..lawbook import Law
from ..lawbook import expression as ex
from ..lawbook.door import checked
from ..lawbook.law import spelling_hint
from .draws import AllocationError, columns, interval, number, plain
from .solver.problem import Array, Problem, Relation, Values
from .solver.search import solve
from .words import (
    Over,
    check_words,
    cost_tree,
    numbers_and_formulas,
    read_axes,
    resolved,
    sides_of,
)

_BUDGET, _TARGET = "the budget", "the target"  # no names of an equation: they have spaces


@dataclass(frozen=True, eq=False)
class Optimum:
    """The best point of a law.

    Attributes
    ----------
    at : mapping of str to float
        The chosen variables, and what was given by a formula or number.
    value : float
        The law's value there, in the law's unit.
    cost : float
        The cost there, in the cost's unit; NaN where none was asked for.
    limits : tuple of str
        The constraints that it touches.
    ends : tuple of str
        The variables that stand at an end of their range: there a wider range would do better.
    draws : mapping of str to array (draws,)
        The same numbers for each draw of the constants; empty without draws.
    """

    at: Mapping[str, float]
    value: float
    cost: float
    limits: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    draws: Mapping[str, Array] = field(default_factory=dict, repr=False)

    def __getitem__(self, name: str) -> float:
        return self.at[name]

    @checked(AllocationError, "optimum")
    def interval(self, name: str, level: float = 0.95) -> tuple[float, float]:
        """Percentile interval of a variable, of ``"value"`` or ``"cost"`` over the draws.

        Raises
        ------
        AllocationError
            Without draws, for an unknown name, or a level that is none.
        """
        return interval("optimum", self.draws, name, level)

    def to_dict(self) -> dict[str, Any]:
        """All of it but the draws, ready for JSON."""
        named = {"at": {k: plain(v) for k, v in self.at.items()}}
        return {
            **named,
            "value": plain(self.value),
            "cost": plain(self.cost),
            "limits": list(self.limits),
            "ends": list(self.ends),
        }

    def __str__(self) -> str:
        where = " ".join(f"{name}={value:.4g}" for name, value in self.at.items())
        return f"{where} value={self.value:.4f} cost={self.cost:.4g}"


@checked(AllocationError)
def optimise(
    source: Law | Fit,
    *,
    over: Over,
    cost: str | Law | None = None,
    budget: str | float | None = None,
    target: str | float | None = None,
    at: Mapping[str, str | float] | None = None,
    constraints: Sequence[str] = (),
    draws: Bootstrap | None = None,
) -> Optimum:
    """The best point of any law of the catalogue.

    Give ``cost`` with ``budget`` for the least value of the law where the budget is spent in full;
    ``cost`` with ``target`` for the least cost at which the law has that value; neither for the
    least value of the law.

    Parameters
    ----------
    source : Law or Fit
    over : mapping
        The variables to choose, one to three beside those with lists. Each within (low, high), on
        a logarithmic track where these span a decade; anywhere from 1 on with None; or one of a
        list of values.
    cost : str or Law, optional
        A formula in ``over`` and ``at``, or a law of the catalogue that is one, such as
        ``sw.law("sardana2024.cost")``.
    budget : float or str, optional
        In the cost's unit.
    target : float, optional
        In the law's unit.
    at : mapping of str to float or str, optional
        Other variables: a number, ``"70B"``, or a formula in ``over`` and ``at``
        (``{"P_w": "P", "D": "20*N"}``).
    constraints : sequence of str
        Such as ``"N*P_post/8 <= 80e9"``; both sides must be positive.
    draws : Bootstrap, optional
        From ``fit.bootstrap(...)``: gives intervals.

    Raises
    ------
    AllocationError
        When the question is not well put, nothing keeps the constraints, or the optimum runs away
        along a variable without bounds.

    Notes
    -----
    A grid over all tracks but one, which the budget or target determines, then Newton's method on
    the optimum's conditions with exact curvatures. It finds the lowest valley that the grid sees.

    Examples
    --------
    >>> law = sw.law("abnar2025_sparsity")
    >>> best = sw.optimise(
    ...     law, over={"S": (0, 0.999), "D": None}, at={"N": "10B"}, cost="6*N*(1-S)*D", budget=1e21
    ... )
    >>> round(best["S"], 3)
    0.942
    """
    law = source.law if isinstance(source, Fit) else source
    question = _Question.of(law, over, cost, budget, target, at or {}, constraints)
    found = question.answer(dict(law.values), 1)
    place = question.best(found)
    clouds: dict[str, Array] = {}
    if draws is not None:
        cells = {**law.values, **columns(draws)}
        rows = draws.draws.height
        near = [row[0] for row in found.t]
        everywhere = question.answer(cells, rows, near)
        clouds = question.clouds(everywhere)
    return question.optimum(found, place, clouds)


@dataclass(frozen=True)
class _Answer:
    """For each choice from the lists (choices,): positions, the law's value, the cost."""

    t: Array  # (choices, rows, axes)
    value: Array  # (choices, rows)
    cost: Array
    formulas: Mapping[str, Array]
    cells: Values

    def order(self, least_cost: bool) -> Array:
        score = self.cost if least_cost else self.value
        return np.where(np.isfinite(score) & np.isfinite(self.value), score, np.inf)


@dataclass(frozen=True)
class _Question:
    """A question in trees."""

    law: Law
    problem: Problem
    value: ex.Tree
    cost: ex.Tree | None
    lists: Mapping[str, Array]
    formulas: Mapping[str, ex.Tree]
    numbers: Mapping[str, float]
    constraints: Sequence[str]

    @classmethod
    def of(
        cls,
        law: Law,
        over: Over,
        cost: str | Law | None,
        budget: str | float | None,
        target: str | float | None,
        at: Mapping[str, str | float],
        constraints: Sequence[str],
    ) -> _Question:
        check_words(law, over, cost, budget, target, at)
        axes, lists = read_axes(over)
        numbers, formulas = numbers_and_formulas(at)
        defaults = {k: ex.parse(v) for k, v in law.defaults.items() if k not in {*over, *at}}
        names = resolved({**defaults, **formulas})
        known = {*over, *numbers}

        def closed(what: str, tree: ex.Tree, more: Mapping[str, Any]) -> ex.Tree:
            tree = ex.substitute(tree, names)
            for name in ex.symbols(tree):
                if name not in known and name not in more:
                    hint = spelling_hint(name, known)
                    raise AllocationError(
                        f"optimise: {what} needs {name}: put it in over= or at={hint}"
                    )
            return tree

        value = closed(law.id, law.tree, law.values)
        price = None if cost is None else closed("cost", cost_tree(cost), {})
        sides = ((f"constraint {text!r}", *sides_of(text)) for text in constraints)
        limits = tuple(Relation(closed(w, a, {}), closed(w, b, {})) for w, a, b in sides)
        if budget is not None:
            numbers[_BUDGET] = number("optimise", "budget", budget)
            assert price is not None
            problem = Problem(value, axes, Relation(price, _BUDGET), limits)
        elif target is not None:
            numbers[_TARGET] = number("optimise", "target", target)
            assert price is not None
            problem = Problem(("log", price), axes, Relation(value, _TARGET, log=False), limits)
        else:
            problem = Problem(value, axes, None, limits)
        shown = {k: closed(k, v, law.values) for k, v in formulas.items()}
        return cls(law, problem, value, price, lists, shown, numbers, tuple(constraints))

    def answer(self, constants: Values, rows: int, near: Sequence[Array] | None = None) -> _Answer:
        """The best point for each choice from the lists and each row of the constants."""
        chosen = list(product(*self.lists.values()))
        cells = {**constants, **self.numbers}
        program = ex.Program([self.value, self.cost or 0.0, *self.formulas.values()])
        found, results = [], []
        for k, choice in enumerate(chosen):
            here = {**cells, **dict(zip(self.lists, choice, strict=True))}
            start = near[k] if near is not None and np.isfinite(near[k]).all() else None
            t = solve(self.problem, here, rows, start)
            found.append(t)
            results.append([np.broadcast_to(r, rows) for r in program(self.problem.cells(t, here))])
        outputs = np.moveaxis(np.array(results, dtype=float), 1, 0)
        lost = np.isnan(np.array(found)).any(axis=-1)
        value, cost, *formulas = np.where(lost, np.nan, outputs)
        return _Answer(
            np.array(found), value, cost, dict(zip(self.formulas, formulas, strict=True)), cells
        )

    @property
    def _least_cost(self) -> bool:
        return _TARGET in self.numbers

    def best(self, answer: _Answer) -> int:
        """The best choice from the lists for the constants themselves."""
        order = answer.order(self._least_cost)[:, 0]
        place = int(np.argmin(order))
        if not np.isfinite(order[place]):
            raise AllocationError(_nothing(self))
        t = answer.t[place, 0]
        runs = self._ends(t, given=False)
        if runs:
            what = "the cost" if self._least_cost else self.law.id
            ends = zip(self.problem.axes, np.atleast_1d(t), strict=True)
            where = ", ".join(f"{a.name}={float(a.quantity(end)):.2g}" for a, end in ends)
            asked = {name: self.numbers.get(name) for name in (_BUDGET, _TARGET)}
            for_it = "".join(f" at {k} of {v:g}" for k, v in asked.items() if v is not None)
            raise AllocationError(
                f"optimise: no optimum{for_it}: {what} goes on falling towards {where}, so that "
                f"{' and '.join(runs)} runs away. Give it a range in over=, or add a constraint."
            )
        return place

    def _ends(self, t: Array, given: bool) -> list[str]:
        at_end = self.problem.at_end(t)
        return [
            axis.name
            for axis, end in zip(self.problem.axes, at_end, strict=True)
            if end and axis.given == given
        ]

    def clouds(self, answer: _Answer) -> dict[str, Array]:
        """All numbers of the best choice, for each draw (draws,)."""
        order = answer.order(self._least_cost)
        best, rows = np.argmin(order, axis=0), np.arange(order.shape[1])
        t = answer.t[best, rows]
        t = np.where(self._lost(t)[:, None], np.nan, t)
        chosen = np.array(list(product(*self.lists.values())), dtype=float)
        found = {
            **{axis.name: axis.quantity(t[:, i]) for i, axis in enumerate(self.problem.axes)},
            **{name: chosen[best, i] for i, name in enumerate(self.lists)},
            **{name: array[best, rows] for name, array in answer.formulas.items()},
            "value": answer.value[best, rows],
            "cost": answer.cost[best, rows],
        }
        return {k: np.where(np.isnan(t).any(axis=1), np.nan, v) for k, v in found.items()}

    def _lost(self, t: Array) -> Array:
        free = np.array([not axis.given for axis in self.problem.axes])
        return np.asarray((self.problem.at_end(t) & free).any(axis=1))

    def optimum(self, answer: _Answer, place: int, clouds: Mapping[str, Array]) -> Optimum:
        t = answer.t[place, 0]
        choice = list(product(*self.lists.values()))[place]
        chosen = {k: float(v) for k, v in zip(self.lists, choice, strict=True)}
        axes = {axis.name: float(axis.quantity(t[i])) for i, axis in enumerate(self.problem.axes)}
        formulas = {k: float(v[place, 0]) for k, v in answer.formulas.items()}
        numbers = {k: v for k, v in self.numbers.items() if k not in (_BUDGET, _TARGET)}
        cells = self.problem.cells(t, {**answer.cells, **chosen})
        touched = ex.Program([limit.residual for limit in self.problem.limits])(cells)
        return Optimum(
            {**axes, **chosen, **formulas, **numbers},
            float(answer.value[place, 0]),
            float(answer.cost[place, 0]) if self.cost is not None else float("nan"),
            tuple(c for c, r in zip(self.constraints, touched, strict=True) if abs(r) < 1e-6),
            tuple(self._ends(t, given=True)),
            clouds,
        )


def _nothing(question: _Question) -> str:
    wanted = []
    if _TARGET in question.numbers:
        wanted.append(f"reaches {question.numbers[_TARGET]:g} {question.law.unit}")
    if _BUDGET in question.numbers:
        wanted.append(f"costs {question.numbers[_BUDGET]:.4g}")
    wanted += [f"keeps {text}" for text in question.constraints]
    return (
        f"optimise: {question.law.id}: no point within over= "
        f"{' and '.join(wanted) or 'has a value'}. Widen the ranges, or ask for less."
    )
