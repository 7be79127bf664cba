"""The measured runs of the ScheduleLab: their schedules, and what a law says along them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl

from ...fitting.schedule_curves import COLUMNS, along
from ...lawbook import Law, Schedule
from ...lawbook.expression import Array
from ...runs import load_curves
from .cells import LAWS

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
_MOST = 160  # points of a measured curve that are drawn


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


def run_facts(curve: pl.DataFrame, schedule: Schedule, laws: Mapping[str, Law]) -> dict[str, Any]:
    """A measured run, and both laws along its own schedule."""
    steps, losses = (curve[name].to_numpy() for name in ("step", "loss"))
    shown = np.linspace(0, steps.size - 1, min(steps.size, _MOST)).astype(int)
    steps, losses = steps[shown], losses[shown]
    predicted = {role: along(law, schedule, steps) for role, law in laws.items()}
    return {
        "run_step": steps,
        "run_loss": losses,
        "run_share": schedule.eta[steps.astype(int) - 1] / schedule.eta.max(),
        "run_steps": float(steps[-1]),
        "run_last": float(losses[-1]),
        **{f"run_{role}": loss for role, loss in predicted.items()},
        **{f"run_error_{role}": _error(loss, losses) for role, loss in predicted.items()},
    }


def no_run() -> dict[str, Any]:
    """The same cells while no run is shown."""
    arrays = ("run_step", "run_loss", "run_share", *(f"run_{role}" for role in LAWS))
    numbers = ("run_last", *(f"run_error_{role}" for role in LAWS))
    nothing = {**dict.fromkeys(arrays, np.empty(0)), **dict.fromkeys(numbers, np.nan)}
    return {**nothing, "run_steps": 0.0}


def _error(predicted: Array, measured: Array) -> float:
    """Mean absolute error, nats/token."""
    return float(np.abs(predicted - measured).mean())
