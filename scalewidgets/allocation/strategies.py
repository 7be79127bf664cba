"""Strategies side by side, and plans for a whole grid of budgets and demands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..fitting import Bootstrap, Fit
from ..lawbook import Law
from ..lawbook import expression as ex
from ..lawbook.door import checked
from .draws import AllocationError, columns, number
from .draws import interval as percentiles
from .plan import Plan, plan_of
from .question import Question, Starts
from .request import DEMAND, Request, amount, read

if TYPE_CHECKING:
    import polars as pl

_GRID = ("N", "D", "loss", "bits", "epochs", "train_flops", "inference_flops", "saving")


@checked(AllocationError)
def compare_strategies(
    source: Law | Fit,
    *,
    C: float | str,
    inference_tokens: float | str = 0.0,
    unique_tokens: float | str | None = None,
    served_bits: float = 16.0,
    precision: bool = True,
    draws: Bootstrap | None = None,
    level: float = 0.95,
) -> pl.DataFrame:
    """What each way of planning does with the same training budget in the same world.

    Each strategy plans as if only its own concern existed: Chinchilla for none, the inference-aware
    for the tokens to serve, the data-limited for the unique tokens, the precision-aware for the
    bits in training (and those at serving); the last one for all of them. Then all plans meet the
    same world: repeated tokens count for less, and the weights are served in ``served_bits``.

    Parameters
    ----------
    source : Law or Fit
        A loss surface over N and D.
    C, inference_tokens, unique_tokens, served_bits, draws
        As in :func:`allocate`.
    precision : bool
        Whether the bits in training may be chosen.
    level : float
        Of the intervals.

    Returns
    -------
    polars.DataFrame
        One row a strategy: ``strategy``, ``N``, ``D``, ``bits``, ``epochs``, ``planned_loss`` (what
        the strategy believes), ``loss`` (in the world), ``train_flops``, ``inference_flops``,
        ``total_flops``; with draws also ``N_low``, ``N_high`` and so on for N, D and loss.

    Raises
    ------
    AllocationError
        As :func:`allocate`.
    """
    import polars as pl

    demand = {"inference_tokens": inference_tokens}
    data = {"unique_tokens": unique_tokens}
    bits = {"precision": precision, "served_bits": served_bits}
    options: dict[str, dict[str, Any]] = {"chinchilla": {}}
    if inference_tokens != 0:
        options["inference-aware"] = demand
    if unique_tokens is not None:
        options["data-limited"] = data
    if precision or served_bits != 16.0:
        options["precision-aware"] = bits
    if len(options) > 2:
        options["all together"] = {**demand, **data, **bits}
    world = Question(read(source, draws, {"C": C, **demand, **data, **bits}))
    found = []
    for name, option in options.items():
        plan = plan_of(read(source, draws, {"C": C, **option}), draws)
        found.append({"strategy": name, **_in_world(plan, world, draws, level)})
    return pl.DataFrame(found)


def _in_world(
    plan: Plan, world: Question, draws: Bootstrap | None, level: float
) -> dict[str, float]:
    """A plan's numbers where all limits hold, with intervals."""
    numbers = world.request.numbers
    unique = numbers.get("unique_tokens", np.inf)
    values = world.request.law.values
    served = sum(numbers.get(name, 0.0) for name in DEMAND)
    flops = 2.0 * plan.N * served
    found = {
        "N": plan.N,
        "D": plan.D,
        "bits": plan.bits,
        "epochs": max(plan.D / unique, 1.0),
        "planned_loss": plan.loss,
        "loss": float(_loss(world, values, plan.N, plan.D, plan.bits)),
        "train_flops": plan.train_flops,
        "inference_flops": flops,
        "total_flops": plan.train_flops + flops,
    }
    if draws is None:
        return found
    cloud = dict(plan.draws)
    cells = {**values, **columns(draws)}
    cloud["loss"] = _loss(world, cells, cloud["N"], cloud["D"], cloud["bits"])
    for name in ("N", "D", "loss"):
        found[f"{name}_low"], found[f"{name}_high"] = percentiles("plan", cloud, name, level)
    return found


def _loss(world: Question, values: Any, N: Any, D: Any, bits: Any) -> Any:
    cells = {**world.cells(values), "N": N, "D": D, "P": bits}
    return ex.Program([world.real])(cells)[0]


@checked(AllocationError)
def allocate_grid(
    source: Law | Fit,
    *,
    C: npt.ArrayLike,
    inference_tokens: npt.ArrayLike = 0.0,
    unique_tokens: float | str | None = None,
    precision: bool = False,
    served_bits: float = 16.0,
) -> pl.DataFrame:
    """Plans for every pair of a training budget and tokens to serve, all at once.

    Parameters
    ----------
    source : Law or Fit
        A loss surface over N and D.
    C : array_like (budgets,)
        Training FLOPs.
    inference_tokens : array_like (demands,)
        Tokens served over the lifetime.
    unique_tokens, precision, served_bits
        As in :func:`allocate`.

    Returns
    -------
    polars.DataFrame (budgets * demands rows)
        ``C``, ``inference_tokens``, and the plan's ``N``, ``D``, ``loss``, ``bits``, ``epochs``,
        ``train_flops``, ``inference_flops`` and ``saving``; the demands of the first budget come
        first, so ``table["N"].to_numpy().reshape(budgets, demands)`` is a matrix. NaN where there
        is no optimum.

    Raises
    ------
    AllocationError
        For numbers that make no sense, and laws that are no loss over N and D.
    """
    import polars as pl

    budgets = _checked("C", C)
    demands = _checked("inference_tokens", inference_tokens)
    options = {
        "C": float(budgets[0]),
        "inference_tokens": float(demands.max()),
        "unique_tokens": unique_tokens,
        "precision": precision,
        "served_bits": served_bits,
    }
    request: Request = read(source, None, options)
    flops, tokens = (a.ravel() for a in np.meshgrid(budgets, demands, indexing="ij"))
    changed = {"C": flops, **({"inference_tokens": tokens} if demands.max() else {})}
    found = Question(request).answer(request.law.values, flops.size, Starts(), changed)
    return pl.DataFrame(
        {"C": flops, "inference_tokens": tokens, **{name: found[name] for name in _GRID}}
    )


def _checked(name: str, given: npt.ArrayLike) -> npt.NDArray[np.float64]:
    values = np.atleast_1d(np.asarray(given, dtype=float))
    if values.ndim != 1 or not values.size:
        raise AllocationError(f"allocate_grid: {name} must be a list of numbers")
    for value in (values.min(), values.max()):
        if value != 0 or name == "C":
            amount(name, value)
        else:
            number("allocate_grid", name, value, zero=True)
    return values
