"""Why there is no plan: what the surface does where the optimum should be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..lawbook import expression as ex
from .cost import Array
from .question import Question

if TYPE_CHECKING:
    from ..lawbook import Law


def why_not(question: Question) -> str:
    """The reason, for people: a loss below the floor, or an optimum that runs away and whither."""
    asked = question.request
    law, numbers = asked.law, asked.numbers
    if "loss" in numbers:
        floor = floor_of(question)
        if numbers["loss"] <= floor:
            limit = " with these bits and data" if question.real != question.plain else ""
            return (
                f"allocate: {law.id} cannot reach a loss of {numbers['loss']:g}{limit}: with "
                f"unlimited N and D it ends at {floor:.4g} {law.unit}"
            )
    what = _what(question)
    if "memory" in numbers or len(question.axes) < 2:
        return (
            f"allocate: {law.id} has no plan for {what}: with what is fixed no N and D reach it. "
            "Leave a limit out, or ask for less."
        )
    if "C" not in numbers:
        return (
            f"allocate: {law.id} has no interior optimum for {what}: one of N and D runs away to "
            "the edge. Look at law.predict along the budget."
        )
    return f"allocate: {law.id} has no interior optimum for {what}: {_along_the_budget(question)}"


def floor_of(question: Question) -> float:
    """The least loss that the surface has anywhere."""
    law = question.request.law
    N, D = np.meshgrid(np.geomspace(1.0, 1e26, 105), np.geomspace(1.0, 1e30, 121))
    cells = {**question.cells(law.values), "N": N, "D": D, "P": 16.0}
    return float(np.nanmin(ex.Program([question.real])(cells)[0]))


def _what(question: Question) -> str:
    numbers = question.request.numbers
    said = [f"{numbers['C']:.3g} FLOP"] if "C" in numbers else []
    said += [f"loss {numbers['loss']:g}"] if "loss" in numbers else []
    rest = [f"{k}={v:.4g}" for k, v in numbers.items() if k not in ("C", "loss")]
    return " and ".join([*said, *rest])


def _along_the_budget(question: Question) -> str:
    """What the loss does along 6ND = C."""
    law, C = question.request.law, question.request.numbers["C"]
    N = np.geomspace(1.0, C / 6.0, 2001)
    cells = {**question.cells(law.values), "N": N, "D": C / (6.0 * N), "P": 16.0}
    loss = np.broadcast_to(ex.Program([question.real])(cells)[0], N.shape)
    inner = _local_minimum(loss)
    if inner is None:
        way = "rises" if loss[-1] > loss[0] else "falls"
        return (
            f"along 6ND = C the loss {way} with N all the way, so one of N and D runs away to the "
            f"edge.{_out_of_range(law, N)}"
        )
    return (
        f"along 6ND = C there is a valley at N={N[inner]:.3g}, D={C / (6 * N[inner]):.3g} "
        f"(loss {loss[inner]:.4g}), but the loss is lower still at the edge ({np.nanmin(loss):.4g} "
        f"at N={N[np.nanargmin(loss)]:.3g}). If the valley is meant, ask "
        'sw.optimise(law, over={"N": (low, high), "D": None}, cost="6*N*D", budget=C) within a '
        f"range around it.{_out_of_range(law, N)}"
    )


def _local_minimum(loss: Array) -> int | None:
    lower = (loss[1:-1] < loss[:-2]) & (loss[1:-1] <= loss[2:])
    return int(np.argmax(lower)) + 1 if lower.any() else None


def _out_of_range(law: Law, N: Array) -> str:
    if "N" not in law.valid:
        return ""
    low, high = law.valid["N"]
    return f" The law was fitted for N from {low:.3g} to {high:.3g}."
