"""The measured runs of the ScheduleLab: their schedules, and what a law says along them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from ...lawbook import Law, Schedule
from ...lawbook.expression import Array
from ...runs import load_curves
from ...runs.sources import as_frame

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
_PIECES = 256  # to which a rate that changes more often is thinned: within 2e-4 nats
_COLUMNS = ("step", "lr", "loss")


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


def published_curve(model: str, run: str) -> pl.DataFrame:
    """``step``, ``lr`` and ``loss`` of a run of Luo et al.

    Raises
    ------
    DatasetError
        When the runs cannot be had.
    """
    return load_curves(DATASET).filter(run=f"{model} {run}").sort("step").select(_COLUMNS)


def own_curves(source: Any) -> dict[str, pl.DataFrame]:
    """Curves of the user's by the run's name.

    Raises
    ------
    ValueError
        When a column is missing, or holds what is no number.
    """
    table = as_frame(source)
    missing = [name for name in _COLUMNS if name not in table.columns]
    if missing:
        raise ValueError(
            f"curves: needs the columns step, lr (learning rate) and loss; missing: "
            f"{', '.join(missing)}. Rename yours, such as "
            'curves.rename({"learning_rate": "lr"})'
        )
    if "run" not in table.columns:
        table = table.with_columns(run=pl.lit("your run"))
    table = table.with_columns(pl.col(_COLUMNS).cast(pl.Float64, strict=False))
    bad = table.filter(
        pl.any_horizontal(pl.col(name).is_finite().fill_null(False).not_() for name in _COLUMNS)
        | (pl.col("step") < 1)
        | (pl.col("lr") < 0)
    )
    if bad.height:
        raise ValueError(
            f"curves: {bad.height} rows have a step below 1, a negative lr or what is no number, "
            f"the first in run {bad['run'][0]!r}. Drop them, such as curves.drop_nulls()"
        )
    return {
        str(name): rows.sort("step").select(_COLUMNS)
        for (name,), rows in table.group_by("run", maintain_order=True)
    }


def logged(curve: pl.DataFrame, warmup: int) -> Schedule:
    """The schedule that a curve logs: straight between its rows.

    Before the first row the rate rises from 0: to that row where it still rises there, else over
    the given warm-up, whose end the log does not show.
    """
    steps, rates = (curve[name].to_numpy() for name in ("step", "lr"))
    every = np.arange(1, int(steps[-1]) + 1)
    if steps[0] > 1 and rates.size > 1 and rates[1] > rates[0]:
        steps, rates = np.append(0.0, steps), np.append(0.0, rates)
    eta = np.interp(every, steps, rates)
    if steps[0] > warmup > 1:
        eta[:warmup] *= np.minimum(every[:warmup] / (warmup - 1), 1)
        return Schedule(eta, warmup=warmup - 1)
    return Schedule(eta)


def along(law: Law, schedule: Schedule, steps: Array) -> Array:
    """What a law says at these steps of a schedule."""
    return law.predict(schedule=_thinned(schedule).at(steps.astype(int)))


def _thinned(schedule: Schedule) -> Schedule:
    """A schedule whose rate changes more often, as a staircase."""
    rise = schedule.warmup or 0
    after = schedule.eta[rise:]
    if np.count_nonzero(np.diff(after)) <= _PIECES:
        return schedule
    piece = np.arange(after.size) * _PIECES // after.size
    means = np.bincount(piece, after) / np.bincount(piece)
    return Schedule(np.append(schedule.eta[:rise], means[piece]), warmup=rise)


def error(predicted: Array, measured: Array) -> float:
    """Mean absolute error, nats/token."""
    return float(np.abs(predicted - measured).mean())


def errors(laws: Mapping[str, Law], model: str) -> pl.DataFrame:
    """How far laws are from the runs of a model, a row each."""
    rows = []
    for run in RUNS:
        curve = published_curve(model, run)
        steps, losses = curve["step"].to_numpy(), curve["loss"].to_numpy()
        off = {n: error(along(law, schedule_of(run), steps), losses) for n, law in laws.items()}
        rows.append({"run": run, "fitted": run in FITTED_ON, **off})
    return pl.DataFrame(rows)
