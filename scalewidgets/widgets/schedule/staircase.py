"""The ScheduleLab's schedules step by step: staircases, the inputs of one, and the best of them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ...allocation.schedule import BestSchedule, optimise_schedule
from ...lawbook import Schedule
from ...lawbook import closed_form as published
from ...lawbook.expression import Array
from .cells import LAWS, PIECES

Point = tuple[float, int, int]
"""Peak rate, steps, warm-up."""


def staircase(point: Point, heights: Array) -> Schedule:
    """The schedule with these heights (``PIECES``,), shares of the peak, after warm-up."""
    constant = Schedule.constant(*point)
    rates, rise = constant.eta.copy(), constant.warmup or 0
    after = rates.size - rise
    rates[rise:] *= heights[np.arange(after) * PIECES // after]
    return Schedule(rates, warmup=rise)


def inputs_of(schedule: Schedule) -> dict[str, Any]:
    """The inputs of a schedule, its rates after warm-up averaged over the pieces."""
    rise, eta = schedule.warmup or 0, schedule.eta
    after = eta[rise:]
    if after.size < PIECES:
        raise ValueError(
            f"schedule: the lab needs {PIECES} steps after warm-up or more, not {after.size}"
        )
    piece = np.arange(after.size) * PIECES // after.size
    heights = np.bincount(piece, after) / np.bincount(piece) / eta.max()
    return {
        "peak": float(eta.max()),
        "steps": float(eta.size),
        "warmup": float(max(rise + 1, 2)),
        "drawn": np.clip(heights, 0, 1).tolist(),
        "shape": "hand",
    }


@lru_cache(32)
def best_schedule(
    constants: tuple[tuple[str, float], ...], point: Point, sudden: bool
) -> BestSchedule:
    """The same question is asked again whenever the model or a run changes."""
    law = published(LAWS["mpl"]).with_constants(**dict(constants))
    peak, steps, warmup = point
    return optimise_schedule(
        law, peak=peak, steps=steps, warmup=warmup, pieces=PIECES, sudden=sudden
    )


def staircase_facts(point: Point, best: BestSchedule | None, sudden: bool) -> dict[str, Any]:
    """The pieces of all staircases, and the heights of the best one; not a number without."""
    middles = (np.arange(PIECES) + 0.5) / PIECES
    _, steps, warmup = point
    rise = warmup - 1
    return {
        "middles": middles,
        "pieces": np.arange(PIECES, dtype=float),
        "best_share": np.full(PIECES, np.nan) if best is None else best.heights,
        "best_step": rise + middles * (steps - rise),
        "best_decay": np.nan if best is None else best.decay,
        "best_power": np.nan if best is None or sudden else best.power,
    }
