"""The answer to a request, for one set of constants or thousands at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ..lawbook import expression as ex
from ..lawbook.frontier import chinchilla_form, compute_optimal
from ..lawbook.precision import BASELINE
from .cost import Array, inference_flops, training_flops
from .optimum import (
    BUDGET,
    D_AXIS,
    N_AXIS,
    SERVED,
    TARGET,
    bits_axis,
    least_cost,
    least_loss,
    lifetime_cost,
    quantities,
    training_cost,
)
from .request import DEMAND, FIXED, Request, weight_of_served
from .solver.problem import Axis, Problem, Relation, Values
from .solver.search import solve, within
from .surfaces import TRAINING_BITS, UNIQUE, plain_surface, real_surface

_CEILING = "the ceiling"


@dataclass
class Starts:
    """Where the problems of one answer ended, in order: where those of the next may start.

    ``least`` are N and D of the Chinchilla model of the budget, where one was asked for.
    """

    found: list[Array] = field(default_factory=list)
    given: list[Array] = field(default_factory=list)
    least: tuple[Array, Array] | None = None

    def solve(
        self,
        problem: Problem,
        cells: Values,
        rows: int,
        kept: Mapping[str, Array] | None = None,
    ) -> dict[str, Array]:
        """The quantities of the optimum (rows,); ``kept`` are some at which all holds."""
        place = len(self.found)
        near = self.given[place] if place < len(self.given) else None
        t = solve(problem, cells, rows, near, problem.positions(kept) if kept else None)
        self.found.append(t[0])
        return quantities(problem, t)


@dataclass(frozen=True, eq=False)
class Question:
    """A request in trees."""

    request: Request

    @cached_property
    def plain(self) -> ex.Tree:
        """The loss at 16 bits with data without limit."""
        return plain_surface(self.request.law)

    @cached_property
    def real(self) -> ex.Tree:
        """The loss as asked: repeated data, bits in training and at serving."""
        asked = self.request
        return real_surface(
            asked.law,
            repeated=asked.repeated,
            precision=asked.precision,
            served_bits=asked.served_bits,
        )

    @cached_property
    def fixed(self) -> dict[str, ex.Tree]:
        """N and D where they are given, or follow from what is."""
        asked = self.request.numbers
        found: dict[str, ex.Tree] = {name: _asked(name) for name in ("N", "D") if name in asked}
        if self._fills_memory:
            found["N"] = ("/", ("*", 8.0, _asked("memory")), self.request.served_bits)
        ratio = _asked("tokens_per_parameter")
        if "tokens_per_parameter" in asked and "D" in found:
            found["N"] = ("/", found["D"], ratio)
        elif "tokens_per_parameter" in asked:
            found["D"] = ("*", ratio, found.get("N", "N"))
        return found

    @property
    def _fills_memory(self) -> bool:
        """Whether the memory says how large the model is; beside a budget it is a limit."""
        asked = self.request
        return "memory" in asked.numbers and asked.kind in ("frontier", "given")

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        free = [axis for axis in (N_AXIS, D_AXIS) if axis.name not in self.fixed]
        return (*free, bits_axis(TRAINING_BITS)) if self.request.precision else tuple(free)

    @property
    def bits(self) -> ex.Tree:
        return "P" if self.request.precision else BASELINE

    @cached_property
    def limits(self) -> tuple[Relation, ...]:
        """The memory that the weights may take at serving."""
        if "memory" not in self.request.numbers or self._fills_memory:
            return ()
        weights = ("/", ("*", self._with_fixed("N"), self.request.served_bits), 8.0)
        return (Relation(weights, _asked("memory")),)

    def _with_fixed(self, tree: ex.Tree) -> ex.Tree:
        return ex.substitute(tree, self.fixed)

    def cells(self, constants: Values, changed: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Values of all names; ``changed`` are numbers or prices other than those asked for."""
        given = {**self.request.numbers, **(changed or {})}
        prices = {k: given.get(k, v) for k, v in self.request.prices.items()}
        return {
            **constants,
            **{_asked(name): value for name, value in given.items()},
            UNIQUE: given.get("unique_tokens", np.nan),
            SERVED: weight_of_served(given, prices if self.request.priced else {}),
        }

    def answer(
        self,
        constants: Values,
        rows: int,
        starts: Starts,
        changed: Mapping[str, Any] | None = None,
    ) -> dict[str, Array]:
        """All quantities of a plan (rows,), and where its problems ended in ``starts``."""
        cells = self.cells(constants, changed)
        point = self._point(cells, rows, starts)
        here = {**cells, **point}
        reached = np.broadcast_to(ex.Program([self.real])(here)[0], (rows,))
        tokens = sum(np.asarray(cells.get(_asked(name), 0.0)) for name in DEMAND)
        served, bits = cells[SERVED], point["P"]
        price = {**self.request.prices, **(changed or {})}.get("training", np.nan)
        train = training_flops(point["N"], point["D"], bits)
        total = train + training_flops(point["N"], served)
        least = self._equal(cells, reached, rows, starts)
        equal = training_flops(*least) + training_flops(least[0], served)
        found = {
            "N": point["N"],
            "D": point["D"],
            "loss": reached,
            "bits": bits,
            "epochs": np.maximum(point["D"] / cells[UNIQUE], 1.0) if self.request.repeated else 1.0,
            "train_flops": train,
            "inference_flops": inference_flops(point["N"], tokens),
            # rounded, so that a plan saves nothing against itself, on every machine
            "saving": np.round(1.0 - total / equal, 12) + 0.0,
        }
        if self.request.prices:
            found["dollars"] = (total if self.request.priced else train) * price
        lost = np.isnan(point["N"] + point["D"])
        return {k: np.where(lost, np.nan, np.broadcast_to(v, rows)) for k, v in found.items()}

    def _point(self, cells: dict[str, Any], rows: int, starts: Starts) -> dict[str, Array]:
        """N, D and P."""
        kind = self.request.kind
        kept = None
        if kind == "given":
            return self._completed({}, cells, rows)
        if kind == "frontier":
            return self._on_frontier(cells, rows, starts)
        if kind == "loss":
            cells[TARGET] = cells[_asked("loss")]
        else:
            kept = self._of_budget(cells, rows, starts)
            again = self.request.serves or self._overhead
            if kind == "lifetime" or self._pinned or not again:
                return kept
            cells[TARGET] = ex.Program([self.real])({**cells, **kept})[0]
        if self._overhead:
            return self._smallest(cells, rows, starts)
        problem = least_cost(
            self._with_fixed(self.real), self._cost(lifetime_cost), self.axes, self.limits
        )
        return self._completed(starts.solve(problem, cells, rows, kept), cells, rows)

    @property
    def _pinned(self) -> bool:
        return any(name in self.request.numbers for name in FIXED)

    @property
    def _overhead(self) -> bool:
        return "overhead" in self.request.numbers

    @cached_property
    def _is_chinchilla(self) -> bool:
        """Whether training FLOPs alone decide, on the surface as published: there is a formula, or
        one root."""
        free = self.axes == (N_AXIS, D_AXIS) and not self.limits
        return self.request.kind == "training" and free and self.real == self.plain

    def _cost(self, cost: Any) -> ex.Tree:
        return self._with_fixed(cost(self.bits))

    def _of_budget(self, cells: dict[str, Any], rows: int, starts: Starts) -> dict[str, Array]:
        """The least loss that the budget buys."""
        lifetime = self.request.kind == "lifetime"
        cells[BUDGET] = cells[_asked("total_flops" if lifetime else "C")]
        if self._is_chinchilla:
            budget = np.broadcast_to(np.asarray(cells[BUDGET], dtype=float), (rows,))
            n, d = compute_optimal(self.plain, cells, budget)
            starts.least = n, d
            return self._completed({"N": n, "D": d}, cells, rows)
        cost = self._cost(lifetime_cost if lifetime else training_cost)
        problem = least_loss(self._with_fixed(self.real), cost, self.axes, self.limits)
        return self._completed(starts.solve(problem, cells, rows), cells, rows)

    def _on_frontier(self, cells: dict[str, Any], rows: int, starts: Starts) -> dict[str, Array]:
        """Where the fixed size, tokens or ratio is the best for some budget: there a percent of
        cost buys as much loss by parameters as by tokens."""
        by_n, by_d = (axis.slope(self.real) for axis in (N_AXIS, D_AXIS))
        share = ("/", "D", ("+", "D", SERVED))
        balance = Relation(self._with_fixed(("*", by_n, share)), self._with_fixed(by_d), log=False)
        problem = Problem(self._with_fixed(self.real), self.axes, balance)
        return self._completed(starts.solve(problem, cells, rows), cells, rows)

    def _smallest(self, cells: dict[str, Any], rows: int, starts: Starts) -> dict[str, Array]:
        """The smallest model of the target loss whose training costs so much more than the least
        (de Vries 2023)."""
        cost = training_cost(self.bits)
        best = starts.solve(least_cost(self.real, cost, self.axes), cells, rows)
        least = ex.Program([cost])({**cells, **best})[0]
        ceiling = least * (1.0 + np.asarray(cells[_asked("overhead")]))
        found = within(
            Relation(self.real, TARGET, log=False),
            Relation(cost, _CEILING),
            self.axes,
            {**cells, _CEILING: ceiling},
            best,
            smaller=True,
        )
        return self._completed(found, cells, rows)

    def _completed(self, found: Mapping[str, Array], cells: Values, rows: int) -> dict[str, Array]:
        """N, D and P where some are given."""
        here = {"P": np.asarray(BASELINE), **found}
        names = ("N", "D", "P")
        trees = [self.fixed.get(name, name) for name in names]
        values = ex.Program(trees)({**cells, **here})
        return {
            name: np.broadcast_to(np.asarray(value, dtype=float), (rows,))
            for name, value in zip(names, values, strict=True)
        }

    def _equal(self, cells: Values, loss: Array, rows: int, starts: Starts) -> tuple[Array, Array]:
        """N and D of the Chinchilla model of the same loss: 16 bits, data without limit."""
        if starts.least is not None:
            return starts.least
        form = chinchilla_form(self.plain)
        if form is not None:
            e, a, alpha, b, beta = (cells[name] for name in form)
            with np.errstate(all="ignore"):
                n = (a * (1.0 + alpha / beta) / (loss - e)) ** (1.0 / alpha)
                d = (b * (1.0 + beta / alpha) / (loss - e)) ** (1.0 / beta)
            return n, d
        problem = least_cost(self.plain, training_cost(), (N_AXIS, D_AXIS))
        found = starts.solve(problem, {**cells, TARGET: loss}, rows)
        return found["N"], found["D"]

    def flat_ends(
        self, constants: Values, plan: Mapping[str, float], more: float
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        """The smallest and the largest model of the plan's loss and bits that cost so much more."""
        real, cost = (
            ex.substitute(tree, {"P": float(plan["bits"])})
            for tree in (self.real, lifetime_cost(self.bits))
        )
        cells = {**self.cells(constants), TARGET: plan["loss"]}
        best = {name: np.array([plan[name]]) for name in ("N", "D")}
        ceiling = ex.Program([cost])({**cells, **best})[0] * (1.0 + more)
        low, high = (
            within(
                Relation(real, TARGET, log=False),
                Relation(cost, _CEILING),
                (N_AXIS, D_AXIS),
                {**cells, _CEILING: ceiling},
                best,
                smaller=smaller,
            )
            for smaller in (True, False)
        )
        return low, high

    def cost_curve(self, constants: Values, plan: Mapping[str, float], N: Array) -> Array:
        """Lifetime cost (in training FLOPs) of models of N parameters, of the plan's loss and bits;
        NaN where a model cannot reach that loss."""
        given: dict[str, ex.Tree] = {"P": float(plan["bits"]), "N": _asked("N")}
        real, cost = (ex.substitute(t, given) for t in (self.real, lifetime_cost(self.bits)))
        cells = {**self.cells(constants), TARGET: plan["loss"], _asked("N"): N}
        problem = least_cost(real, cost, (D_AXIS,))
        found = quantities(problem, solve(problem, cells, len(N)))
        return np.asarray(ex.Program([cost])({**cells, **found})[0])


def _asked(name: str) -> str:
    """How an amount asked for is called in trees; no equation can have such a name."""
    return f"asked {name}"
