"""The problems of allocation in trees, and the optima of a loss surface that the labs show.

``values`` maps the law's constants to arrays (draws,) or numbers; all results have the shape of the
draws. No solution is NaN. Each optimum is the root of a gradient, not the minimum of a value: it is
exact to the last digits, and the browser's answer can be held against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..lawbook import expression as ex
from ..lawbook.frontier import FLOPS_PER_PARAMETER_TOKEN, compute_optimal
from ..lawbook.precision import BASELINE, BITS
from .cost import SERVED_PER_TRAINED, Array
from .solver.problem import Axis, Problem, Relation, Values
from .solver.search import solve

# Wider than any model or corpus: an optimum at an end is no plan.
N_AXIS, D_AXIS = Axis("N", 1.0, 1e26), Axis("D", 1.0, 1e30)

# Names that no equation can have: they have spaces.
BUDGET, TARGET, SERVED = "the budget", "the target", "tokens served, as trained"


def training_cost(bits: ex.Tree = BASELINE) -> ex.Tree:
    """6ND in 16-bit operations."""
    return _cost(ex.multiply("D", ex.divide(bits, BASELINE)))


def lifetime_cost(bits: ex.Tree = BASELINE) -> ex.Tree:
    """Training and serving, in training FLOPs: what is served counts as tokens trained on."""
    return _cost(("+", ex.multiply("D", ex.divide(bits, BASELINE)), SERVED))


def _cost(tokens: ex.Tree) -> ex.Tree:
    return ("*", ("*", FLOPS_PER_PARAMETER_TOKEN, "N"), tokens)


def least_loss(
    loss: ex.Tree, cost: ex.Tree, axes: tuple[Axis, ...], limits: tuple[Relation, ...] = ()
) -> Problem:
    """The least loss where ``cost`` is :data:`BUDGET`."""
    return Problem(loss, axes, Relation(cost, BUDGET), limits)


def least_cost(
    loss: ex.Tree, cost: ex.Tree, axes: tuple[Axis, ...], limits: tuple[Relation, ...] = ()
) -> Problem:
    """The least ``cost`` where the loss is :data:`TARGET`."""
    return Problem(("log", cost), axes, Relation(loss, TARGET, log=False), limits)


def quantities(problem: Problem, t: Array) -> dict[str, Array]:
    """The chosen quantities (rows,) at positions (rows, axes); NaN where one has run away."""
    free = np.array([not axis.given for axis in problem.axes])
    lost = np.isnan(t).any(axis=1) | (problem.at_end(t) & free).any(axis=1)
    return {
        axis.name: np.where(lost, np.nan, axis.quantity(t[:, i]))
        for i, axis in enumerate(problem.axes)
    }


def budget_optimum(tree: ex.Tree, values: Values, C: Array) -> tuple[Array, Array]:
    """N and D of least loss with 6ND = C (Chinchilla)."""
    return compute_optimal(tree, values, np.asarray(C, dtype=float))


def demand_optimum(
    tree: ex.Tree, values: Values, loss: Array, tokens: Array
) -> tuple[Array, Array]:
    """N and D of least 6ND + 2N tokens at the given loss (Sardana et al. 2024, Eq. 2).

    With ``tokens`` 0 it is the Chinchilla model of that loss. NaN where it cannot be reached.
    """
    problem = least_cost(tree, lifetime_cost(), (N_AXIS, D_AXIS))
    given = {TARGET: loss, SERVED: np.asarray(tokens, dtype=float) / SERVED_PER_TRAINED}
    found = _solved(problem, tree, values, given)
    return found["N"], found["D"]


def tied_bits(tree: ex.Tree) -> ex.Tree:
    """The loss with weights, activations and KV cache at the same bits P."""
    return ex.substitute(tree, dict.fromkeys(BITS, "P"))


def bits_axis(bits: tuple[float, float]) -> Axis:
    """The bits in training."""
    return Axis("P", *bits, given=True)


def precision_optimum(
    tied: ex.Tree, values: Values, C: Array, bits: tuple[float, float]
) -> tuple[Array, Array, Array]:
    """N, D and training bits P of least loss with (6/16) N D P = C (Kumar et al. 2024, Sec. 4.3).

    ``tied`` is the loss in N, D and P. P lies within ``bits``; where the loss has no interior
    minimum over P, the better end is taken.
    """
    problem = least_loss(tied, training_cost("P"), (N_AXIS, D_AXIS, bits_axis(bits)))
    found = _solved(problem, tied, values, {BUDGET: C})
    return found["N"], found["D"], found["P"]


def _solved(
    problem: Problem, tree: ex.Tree, values: Values, given: Mapping[str, Any]
) -> dict[str, Array]:
    """The quantities of a problem's optimum, of the shape that the numbers broadcast to."""
    needed = {name: values[name] for name in values if name in ex.symbols(tree)}
    cells = {k: np.asarray(v, dtype=float) for k, v in {**needed, **given}.items()}
    shape = np.broadcast_shapes(*(v.shape for v in cells.values()))
    rows = int(np.prod(shape))
    flat = {k: np.broadcast_to(v, shape).ravel() if v.ndim else v for k, v in cells.items()}
    found = quantities(problem, solve(problem, flat, rows))
    return {k: v.reshape(shape) for k, v in found.items()}
