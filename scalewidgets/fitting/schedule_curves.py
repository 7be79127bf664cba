"""Loss curves with the learning rate that they log: what laws of schedules read off them."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

import numpy as np
import polars as pl

from ..lawbook import Law, Schedule
from ..lawbook.schedules import MOST_TERMS
from ..runs.sources import as_frame
from .types import Array, FitError

COLUMNS = ("step", "lr", "loss")
MEASURES = ("R2", "MAE", "RMSE", "relative", "worst")
_LONGEST = 10_000_000  # steps; a schedule holds a rate for each
_PARTS = 2  # between two places; see `features_at`
_RISE = 64  # parts of a warm-up
_LARGE = 0.01  # of the highest rate: a change that stands for itself
_ALONE = 20.0  # times as large as the changes beside it is a change that came at once


def read_schedule_curves(source: Any) -> dict[str, pl.DataFrame]:
    """Curves by the name of their run, each with ``step``, ``lr`` and ``loss`` and sorted.

    Parameters
    ----------
    source : table
        Columns ``step`` (optimiser steps, from 1), ``lr`` (learning rate) and ``loss``
        (nats/token), and ``run`` where there are several.

    Raises
    ------
    FitError
        When a column is missing or holds what is no number, a step stands twice in a run, or its
        number is above 1e7.
    """
    table = as_frame(source)
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        raise FitError(
            f"curves: needs the columns step, lr (learning rate) and loss; missing: "
            f"{', '.join(missing)}. Rename yours, such as "
            'curves.rename({"learning_rate": "lr"})'
        )
    if "run" not in table.columns:
        table = table.with_columns(run=pl.lit("your run"))
    table = table.with_columns(pl.col(COLUMNS).cast(pl.Float64, strict=False))
    bad = table.filter(
        pl.any_horizontal(pl.col(name).is_finite().fill_null(False).not_() for name in COLUMNS)
        | (pl.col("step") < 1)
        | (pl.col("step") > _LONGEST)
        | (pl.col("lr") < 0)
    )
    if bad.height:
        raise FitError(
            f"curves: {bad.height} rows have a step below 1 or above 1e7, a negative lr or what is "
            f"no number, the first in run {bad['run'][0]!r}. Drop them, such as curves.drop_nulls()"
        )
    twice = table.filter(pl.struct("run", "step").is_duplicated())
    if twice.height:
        raise FitError(
            f"curves: step {twice['step'][0]:g} of run {twice['run'][0]!r} stands in several rows; "
            "give each run a name of its own in the column run, or average the rows"
        )
    return {
        str(name): rows.sort("step").select(COLUMNS)
        for (name,), rows in table.group_by("run", maintain_order=True)
    }


def logged(curve: pl.DataFrame, warmup: int = 0) -> Schedule:
    """The schedule that a curve logs: straight between its rows.

    A change between two rows that stands alone, with the rate level on both sides, counts as sudden
    and halfway between them. Before the first row the rate rises from 0: to that row where it still
    rises there, else over the given warm-up, whose end the log does not show.
    """
    steps, rates = (curve[name].to_numpy() for name in ("step", "lr"))
    every = np.arange(1, int(steps[-1]) + 1)
    hidden = steps[0] >= warmup > 1
    if steps[0] > 1 and rates.size > 1 and rates[1] > rates[0]:
        steps, rates = np.append(0.0, steps), np.append(0.0, rates)
    eta = np.interp(every, *_with_jumps(steps, rates))
    if hidden:
        eta[:warmup] *= np.minimum(every[:warmup] / (warmup - 1), 1)
        return Schedule(eta, warmup=warmup - 1)
    return Schedule(eta)


def _with_jumps(steps: Array, rates: Array) -> tuple[Array, Array]:
    """The corners of the line between rows, with two more where the rate changed at once."""
    change = np.abs(np.diff(rates))
    if change.size < 3:
        return steps, rates
    beside = np.maximum(change[:-2], change[2:])
    jumps = 1 + np.flatnonzero(change[1:-1] > _ALONE * np.maximum(beside, 1e-3 * rates.max()))
    middle = np.floor((steps[jumps] + steps[jumps + 1]) / 2)
    corners = np.stack([np.maximum(middle - 1, steps[jumps]), middle], axis=1).ravel()
    heights = np.stack([rates[jumps], rates[jumps + 1]], axis=1).ravel()
    places = np.repeat(jumps + 1, 2)
    return np.insert(steps, places, corners), np.insert(rates, places, heights)


def features_at(schedule: Schedule, steps: Array) -> dict[str, Array]:
    """What laws read off a schedule at these steps (places,), with far fewer items in their sums.

    Of a rate that changes at every step the changes between two places count as two, each at the
    mean of those it stands for: of a smooth decay within 5e-5 nats on average, at the first place
    after a decay sets in within 5e-4. A change of more than 1 % of the highest rate stands for
    itself, no change is on both sides of a place, and areas are exact.
    """
    asked = steps.astype(int)
    found = _features(schedule, asked)
    warm, after = np.linspace(0, 1, _RISE + 1), np.linspace(0, asked.size, asked.size * _PARTS + 1)
    areas = np.interp(after, np.arange(asked.size + 1), np.append(0.0, found["S1"]))
    first = np.append(schedule.warmup or 0, found["s"])
    ends = np.interp(after, np.arange(asked.size + 1), first)
    areas = np.unique(np.append(-found["SW"] * (1 - warm**2), areas))
    by_area = np.searchsorted(areas, found["S_before"], side="right")
    by_step = np.searchsorted(np.unique(ends), found["k"])
    joined = _joined(found, "drop", ("eta", "S_before"), by_area)
    return found | joined | _joined(found, "anneal", ("k",), by_step)


def _features(schedule: Schedule, asked: Any) -> dict[str, Array]:
    """Those of the schedule, asked a part at a time: only what is joined becomes a sum."""
    changes = np.count_nonzero(np.diff(schedule.eta)) + 1
    parts = min(asked.size, -(-asked.size * changes // MOST_TERMS))
    read = [dict(schedule.at(part).features()) for part in np.array_split(asked, parts)]
    along = {name: np.concatenate([one[name] for one in read]) for name in ("s", "S1", "S_peak")}
    return read[-1] | along


def _joined(
    found: dict[str, Array], size: str, means: tuple[str, ...], group: Any
) -> dict[str, Array]:
    """Lists with one entry for the small changes of a group that have the same sign."""
    falls = found[size]
    if falls.size == 1:
        return {}
    large = np.abs(falls) > _LARGE * found["eta"].max()
    apart = (np.diff(group) != 0) | (np.diff(np.sign(falls)) != 0) | large[1:] | large[:-1]
    first = np.append(0, np.flatnonzero(apart) + 1)
    weights = np.abs(falls)
    whole = np.add.reduceat(weights, first)
    joined = {n: np.add.reduceat(found[n] * weights, first) / whole for n in means}
    return joined | {size: np.add.reduceat(falls, first)}


def along(law: Law, schedule: Schedule, steps: Array) -> Array:
    """What a law says at these steps (places,) of a schedule."""
    found = features_at(schedule, steps)
    return law.predict(**{name: found[name] for name in law.variables if name in found})


def errors_on(
    law: Law,
    curves: Mapping[str, pl.DataFrame],
    schedules: Mapping[str, Schedule],
    fitted: Container[str],
) -> pl.DataFrame:
    """How far a law is from all rows of curves: ``run``, ``fitted``, ``places`` and the measures.

    ``R2`` is one less the squares of the errors over those around the curve's mean; ``MAE`` and
    ``RMSE`` are in nats/token; ``relative`` is the mean and ``worst`` the largest error over the
    loss.
    """
    rows = []
    for name, curve in curves.items():
        loss = curve["loss"].to_numpy()
        off = along(law, schedules[name], curve["step"].to_numpy()) - loss
        varies = np.square(loss - loss.mean()).sum()
        measured = (
            1 - float(off @ off) / varies if varies else np.nan,
            float(np.abs(off).mean()),
            float(np.sqrt(np.square(off).mean())),
            float(np.abs(off / loss).mean()),
            float(np.abs(off / loss).max()),
        )
        row = {"run": name, "fitted": name in fitted, "places": loss.size}
        rows.append(row | dict(zip(MEASURES, measured, strict=True)))
    return pl.DataFrame(rows)


def means(errors: pl.DataFrame) -> dict[str, float]:
    """The mean of each measure over curves, as papers print them; NaN where there is none."""
    return {n: float(errors[n].to_numpy().mean()) if errors.height else np.nan for n in MEASURES}
