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
