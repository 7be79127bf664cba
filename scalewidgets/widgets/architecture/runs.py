"""Runs to which the ArchitectureLab's laws are held."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from ...lawbook.quantity import format_quantity
from ...runs import load_runs
from ..vocabulary import Axis, Plot, Points, Rule
from .cells import KINDS

# Columns of the runs that each topic's law is held to.
COLUMNS = {
    "experts": ("N", "D", "E", "loss"),
    "vocabulary": ("N", "V", "d", "H", "loss"),
    "streams": ("N", "P", "loss"),
    "shape": ("N", "D", "w", "l", "loss"),
}
_A_CHECKPOINT = 2385  # steps between those that the authors' fits take


def published_runs(topic: str) -> pl.DataFrame:
    """The runs behind the law of a topic, those that its fits take; ``kind`` is the position of
    the router or corpus among the lab's, -1 for a dense model.

    Raises
    ------
    DatasetError
        When they cannot be had.
    """
    if topic == "experts":
        fitted = (pl.col("routing_frequency") == 0.5) & (pl.col("k") == 1) & (pl.col("seed") == 42)
        return _with_kind(load_runs("routed").filter(fitted), "router", KINDS)
    if topic == "vocabulary":
        return load_runs("vocabulary").rename({"Nnv": "N"})
    if topic == "streams":
        return _with_kind(load_runs("parscale"), "data", ("Stack-V2-Python", "Pile"))
    constant = (pl.col("variant") == "constant_lr") & (pl.col("step") % _A_CHECKPOINT == 0)
    return load_runs("gemstones").filter(constant)


def _with_kind(runs: pl.DataFrame, column: str, kinds: Sequence[str]) -> pl.DataFrame:
    position = pl.col(column).replace_strict(
        {kind: at for at, kind in enumerate(kinds)}, default=-1
    )
    return runs.with_columns(kind=position)


def topics_of(runs: pl.DataFrame) -> tuple[str, ...]:
    """The topics of which runs have all columns.

    Raises
    ------
    ValueError
        Where it is none.
    """
    found = tuple(t for t, columns in COLUMNS.items() if set(columns) <= set(runs.columns))
    if not found:
        wanted = "; ".join(f"{topic} {', '.join(columns)}" for topic, columns in COLUMNS.items())
        raise ValueError(
            f"ArchitectureLab: the runs have the columns {', '.join(runs.columns)}, those of no "
            f"topic: {wanted}"
        )
    return found


def columns_of(topic: str, runs: pl.DataFrame) -> dict[str, Any]:
    """Runs as facts of a topic: an array for each column, and what to call each.

    Raises
    ------
    ValueError
        When a column holds what is no positive number.
    """
    facts: dict[str, Any] = {}
    for name in COLUMNS[topic]:
        values = runs[name].cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
        wrong = ~np.isfinite(values) if name == "loss" else ~(np.isfinite(values) & (values > 0))
        if wrong.any():
            rows = np.flatnonzero(wrong)[:10].tolist()
            raise ValueError(
                f"ArchitectureLab: column {name!r} of the runs must hold positive numbers, not so "
                f"in rows {rows}"
            )
        facts[f"{topic}_{name}"] = values
    told = [name for name in COLUMNS[topic] if name not in ("loss", "d", "H")]
    facts[f"{topic}_name"] = [
        ", ".join(f"{n} {format_quantity(v)}" for n, v in zip(told, row, strict=True))
        for row in runs.select(told).iter_rows()
    ]
    kinds = runs["kind"].to_numpy() if "kind" in runs.columns else np.full(len(runs), -1)
    facts[f"{topic}_kind"] = kinds.astype(float)
    return facts


def residual_plot(
    topic: str, role: str, x: str, axis: Axis, visible: str, unit: str = "log of the ratio"
) -> Plot:
    """The law of a topic held to its runs."""
    rows = {f"run_{name}": f"{topic}_{name}" for name in (*COLUMNS[topic], "kind")}
    dots = Points(rows, x, f"{role}_residual", "runs", names=f"{topic}_name")
    return Plot(
        f"{topic}_residuals",
        "Runs held to the law: measured over predicted",
        axis,
        Axis(unit, "linear", format="+.3f"),
        [Rule("y", "none", ""), dots],
        wide=True,
        visible=visible,
    )
