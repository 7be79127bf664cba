"""The measured runs of the ScheduleLab: their schedules, and what a law says along them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import polars as pl

from ...fitting.schedule_curves import COLUMNS
from ...lawbook import Schedule
from ...lawbook.expression import Array
from ...runs import load_curves

DATASET = "multi_power"
FITTED_ON = ("cosine_24000", "constant_24000", "wsdcon_9")
RUNS = (
    *FITTED_ON,
    *("constant_72000", "cosine_72000", "wsd_20000_24000", "wsdld_20000_24000"),
    *("wsdcon_3", "wsdcon_18"),
)
"""Schedules of Luo et al. 2025; those on which they fitted come first. wsd decays exponentially,
wsdld linearly, from step 20,000 on; wsdcon falls once, at step 8,000, to so many 1e-5."""
PEAK, WARMUP = 3e-4, 2160


@lru_cache(len(RUNS))
def schedule_of(run: str) -> Schedule:
    """The schedule of a run in :data:`RUNS`, step by step."""
    shape, *numbers = run.split("_")
    steps = int(numbers[-1])
    if shape == "constant":
        return Schedule.constant(PEAK, steps, WARMUP)
    if shape == "cosine":
        return Schedule.cosine(PEAK, steps, WARMUP)
    if shape == "wsdcon":
        return Schedule.two_stage(PEAK, 16_000, 8000, steps * 1e-5 / PEAK, WARMUP)
    decay = {"wsd": "exponential", "wsdld": "linear"}[shape]
    return Schedule.wsd(PEAK, steps, WARMUP, decay=steps - int(numbers[0]), shape=decay)


@lru_cache(3)
def published_curves(model: str) -> dict[str, pl.DataFrame]:
    """``step``, ``lr`` and ``loss`` of the runs of a model of Luo et al., by their names.

    Raises
    ------
    DatasetError
        When the runs cannot be had.
    """
    table = load_curves(DATASET)
    return {run: table.filter(run=f"{model} {run}").sort("step").select(COLUMNS) for run in RUNS}


def error(predicted: Array, measured: Array) -> float:
    """Mean absolute error, nats/token."""
    return float(np.abs(predicted - measured).mean())
