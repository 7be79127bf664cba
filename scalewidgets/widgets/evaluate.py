"""The spreadsheet of a lab in Python: what its cells are worth, without a browser.

A small twin of js/src/engine/sheet.ts for snapshots, tests and pages without scripts. It solves
with the room ``allocation`` and not with the browser's root finder; tests/golden holds the two to
each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..allocation.optimum import D_AXIS, demand_optimum, precision_optimum
from ..lawbook import expression as ex
from ..lawbook.expression import Array
from ..lawbook.frontier import FLOPS_PER_PARAMETER_TOKEN, compute_optimal, root
from .vocabulary import Choice, Page, Series, Slider, Solve, Toggle
from .wire import unpack

_UNKNOWNS = ("N", "D", "P")


def plain(cell: str) -> str:
    """A cell as formulas name it: a dotted one is a key of a dictionary input."""
    return cell.replace(".", "_")


class Sheet:
    """The values of all cells of a page for the present inputs and facts.

    Parameters
    ----------
    page : Page
        What is on the screen.
    facts : Mapping
        The kernel's answer as it travels (``Lab.facts``).
    inputs : Mapping
        Input to value: a number, a text, a truth value, a list, or a dictionary of numbers.

    Raises
    ------
    ValueError
        When formulas read each other in a circle, naming the cells.

    Notes
    -----
    Within, a value has the shape (lanes, 1), or (1,) where all lanes share it: the last axis is
    that of the items over which sums run.
    """

    def __init__(self, page: Page, facts: Mapping[str, Any], inputs: Mapping[str, Any]) -> None:
        self.page = page
        self._formulas: dict[str, ex.Tree] = {
            plain(cell): ex.parse(formula) if isinstance(formula, str) else formula
            for cell, formula in page.formulas.items()
        }
        self._solves = {plain(output): one for one in page.solves for output in one.outputs}
        self.inputs = inputs
        self._strings: Mapping[str, list[str]] = facts["strings"]
        self._arrays: dict[str, Array] = {n: unpack(v) for n, v in facts["arrays"].items()}
        if page.nudge is not None and page.nudge["array"] in self._arrays:
            self._nudge(page.nudge["array"], self.entries(page.nudge["cell"]))
        self._items: dict[str, Array] = {}
        named = zip(map(plain, facts["names"]), unpack(facts["numbers"]).ravel(), strict=True)
        self._known = {n: np.array([v]) for n, v in (*self._numbers(), *named)}
        self._reads: dict[str, frozenset[str]] = {}
        for one in page.series:
            self._make(one)
        self._items |= {n: self.array(array) for n, array in (page.items or {}).items()}
        for cell in (*self._formulas, *self._solves):
            self._read_by(cell)  # refuses circles

    # --- what is asked of it ------------------------------------------------------------------

    def get(self, cell: str) -> float:
        """The present value; NaN where unknown. A choice is the position of its option, a
        list its length."""
        return float(np.squeeze(self._value(plain(cell), self._known)))

    def text(self, cell: str) -> str:
        """The value of a choice or a text input; empty where unknown."""
        value = self.inputs.get(cell, "")
        return value if isinstance(value, str) else ""

    def entries(self, cell: str | None) -> Sequence[float]:
        """A list input such as the rows left out; empty where unknown."""
        return self.inputs.get(cell, []) if cell is not None else []

    def array(self, name: str) -> Array:
        """An array fact, as a hand has moved its entries; a series; the entries of a list input;
        empty where unknown."""
        if name in self._arrays:
            return self._arrays[name]
        return np.asarray(self.entries(name), dtype=float)

    def strings(self, name: str | None) -> Sequence[str]:
        """A text fact; empty where unknown."""
        return self._strings.get(name, []) if name is not None else []

    def visible(self, cell: str | None) -> bool:
        """Whether what hangs on this cell is shown: unless it is zero or unknown."""
        return cell is None or bool(np.nan_to_num(self.get(cell)))

    def tabulate(self, y: str, x: str, grid: Array) -> Array:
        """``y`` with the cell ``x`` taking the grid's values (points,), all else as it is."""
        return self._over([y], {x: grid})[0]

    def rows(self, cells: Sequence[str], rows: Mapping[str, str]) -> list[Array]:
        """The cells for each row, which sets the cells of ``rows`` to its values in array facts."""
        return self._over(cells, {cell: self.array(name) for cell, name in rows.items()})

    def intervals(self, cells: Sequence[str], level: float = 0.95) -> list[tuple[float, float]]:
        """Central intervals over the draws of the constants; NaN where there are none, or where
        more draws than a tail of the interval holds have no value."""
        return [_interval(column, level) for column in self._over(cells, self._draws())]

    # --- how it is computed -------------------------------------------------------------------

    def _numbers(self) -> Iterator[tuple[str, float]]:
        """Number cells of the inputs, those that a dictionary does not have being off."""
        controls = [control for group in self.page.groups for control in group.controls]
        for control in controls:
            if isinstance(control, Toggle):
                yield plain(control.cell), 0.0
            elif isinstance(control, Slider) and control.handle:
                yield plain(control.handle["held"]), 0.0
        for name, value in self.inputs.items():
            for key, number in value.items() if isinstance(value, Mapping) else [("", value)]:
                if isinstance(number, bool | int | float):
                    yield f"{name}_{key}" if key else name, float(number)
            if isinstance(value, list):
                yield name, float(len(value))
        for control in controls:
            if isinstance(control, Choice) and self.text(control.cell) in control.options:
                yield plain(control.cell), float([*control.options].index(self.text(control.cell)))

    def _nudge(self, name: str, pairs: Sequence[float]) -> None:
        """Multiplies entries as ``row, factor, row, factor, ...`` says."""
        moved = self._arrays[name].copy()
        for row, factor in zip(pairs[::2], pairs[1::2], strict=True):
            moved[int(row)] *= factor
        self._arrays[name] = moved

    def _make(self, series: Series) -> None:
        """The arrays of a series."""
        values = self.rows([series.cell], series.rows)[0]
        self._arrays[series.array] = values
        self._arrays[series.falls] = -np.diff(values, prepend=1.0)
        self._arrays[series.before] = np.cumsum(values) - values

    def _draws(self) -> dict[str, Array]:
        """The draws, moved to where a hand has taken the constants."""
        found = {}
        for draw in self.page.draws:
            values = self.array(draw["array"])
            present, middle = self.get(draw["cell"]), self.get(draw["centre"])
            with np.errstate(all="ignore"):
                scaled = values * np.divide(present, middle)
            found[draw["cell"]] = scaled if draw["positive"] else values + (present - middle)
        return found

    def _over(self, cells: Sequence[str], columns: Mapping[str, Array]) -> list[Array]:
        """The cells while others take these values, one a lane."""
        lanes = max((len(column) for column in columns.values()), default=0)
        if lanes == 0:
            return [np.empty(0) for _ in cells]
        known: dict[str, Any] = {plain(n): np.reshape(v, (-1, 1)) for n, v in columns.items()}
        moved = frozenset(known)
        found = []
        for cell in map(plain, cells):
            value = self._value(cell, known, moved)
            found.append(np.array(np.broadcast_to(value, (lanes, 1))[:, 0]))
        return found

    def _value(
        self, cell: str, known: dict[str, Any], moved: frozenset[str] = frozenset()
    ) -> Array:
        """A cell's value, which is kept in ``known``; what ``moved`` does not move is shared."""
        if cell in known:
            return np.asarray(known[cell])
        if known is not self._known and not moved & self._read_by(cell):
            return self._value(cell, self._known)
        if cell in self._items:
            return self._items[cell]
        if cell in self._solves:
            with np.errstate(all="ignore"):
                found = self._solved(self._solves[cell], known, moved)
            known.update({n: v for n, v in found.items() if n not in known})  # what is given stays
        elif cell in self._formulas:
            tree = self._formulas[cell]
            values = {name: self._value(name, known, moved) for name in ex.symbols(tree)}
            known[cell] = np.atleast_1d(ex.Program([tree])(values)[0])
        else:
            return np.array([np.nan])
        return np.asarray(known[cell])

    def _read_by(self, cell: str, path: tuple[str, ...] = ()) -> frozenset[str]:
        """The cell and all that it is computed from."""
        if cell in path:
            circle = " reads ".join((*path[path.index(cell) :], cell))
            raise ValueError(f"formulas read each other in a circle: {circle}")
        if cell not in self._reads:
            parts = (self._read_by(name, (*path, cell)) for name in self._direct(cell))
            self._reads[cell] = frozenset([cell]).union(*parts)
        return self._reads[cell]

    def _direct(self, cell: str) -> list[str]:
        if cell in self._solves:
            solve = self._solves[cell]
            goals = (solve.budget, solve.target, solve.demand, solve.at)
            return [*(plain(goal) for goal in goals if goal is not None), *_constants(solve)]
        return ex.symbols(self._formulas[cell]) if cell in self._formulas else []

    def _solved(
        self, solve: Solve, known: dict[str, Any], moved: frozenset[str]
    ) -> dict[str, Array]:
        """Values of the outputs of a small problem; see ``Solve`` in js/src/spec/relations.ts."""

        def goal(cell: str | None) -> Array:
            if cell is None:
                raise ValueError(f"the solve of {', '.join(solve.outputs)} lacks a goal")
            return self._value(plain(cell), known, moved)

        tree = solve.loss
        values = {name: self._value(name, known, moved) for name in _constants(solve)}
        factor = solve.factor or FLOPS_PER_PARAMETER_TOKEN
        found: tuple[Array, ...]
        if solve.solve == "budget":
            found = compute_optimal(tree, values, goal(solve.budget), factor)
        elif solve.solve == "demand":
            found = demand_optimum(tree, values, goal(solve.target), goal(solve.demand))
        elif solve.solve == "precision":
            budget = goal(solve.budget) * (FLOPS_PER_PARAMETER_TOKEN / factor)
            found = precision_optimum(tree, values, budget, solve.bits or (1.0, 16.0))
        else:
            found = (_tokens_to_reach(tree, values, goal(solve.target), goal(solve.at)),)
        return dict(zip(map(plain, solve.outputs), found, strict=True))


def _constants(solve: Solve) -> list[str]:
    """The cells that a solve reads beside its goals."""
    return [name for name in ex.symbols(solve.loss) if name not in _UNKNOWNS]


def _tokens_to_reach(tree: ex.Tree, values: Mapping[str, Array], target: Array, N: Array) -> Array:
    """The D from 1 to 1e30 at which a model of N parameters has the target loss, or NaN."""
    loss = ex.Program([tree])

    def above(v: Array, target: Array, N: Array, *rest: Array) -> Array:
        cells = dict(zip(values, rest, strict=True))
        return np.asarray(np.log(loss({**cells, "N": N, "D": np.exp(v)})[0] / target))

    low, high = (np.asarray(end) for end in D_AXIS.track)
    return np.asarray(np.exp(root(above, low, high, target, N, *values.values())))


def _interval(values: Array, level: float) -> tuple[float, float]:
    """The two ends of the central interval, linear between order statistics."""
    known = values[~np.isnan(values)]
    tail = (1.0 - level) / 2.0
    # a hair of slack: a tail of 2.5 % of 200 draws holds five, whatever rounding says
    if len(known) == 0 or len(values) - len(known) > tail * len(values) + 1e-9:
        return np.nan, np.nan
    with np.errstate(all="ignore"):
        low, high = np.quantile(known, [tail, 1.0 - tail])
    return float(low), float(high)
