"""The ArchitectureLab's tables of published figures, and the runs to which its laws are held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from ...lawbook.quantity import format_quantity
from ...runs import load_runs
from .cells import KINDS


class Claim(NamedTuple):
    """Training compute of the best dense model over that of the best mixture of the same loss."""

    C: float
    times: float
    name: str


# Krajewski et al. 2024, abstract.
CLAIMS = (
    Claim(1e20, 20.0, "Krajewski et al., abstract: 20 times"),
    Claim(1e25, 40.0, "Krajewski et al., abstract: more than 40 times"),
)


class Vocabulary(NamedTuple):
    name: str
    N: float
    V: float


# Nominal sizes. Touvron et al. 2023 (arXiv:2307.09288), Sec. 2.2; Llama team 2024, Table 3.
VOCABULARIES = (
    Vocabulary("Llama 2 7B", 7e9, 32_000.0),
    Vocabulary("Llama 2 13B", 13e9, 32_000.0),
    Vocabulary("Llama 2 70B", 70e9, 32_000.0),
    Vocabulary("Llama 3 8B", 8e9, 128_000.0),
    Vocabulary("Llama 3 70B", 70e9, 128_000.0),
    Vocabulary("Llama 3 405B", 405e9, 128_000.0),
)

# Width and layers of the models of McLeish et al. 2025 (arXiv:2502.06857), their run table.
SHAPES = (
    *((256, 23), (256, 27), (256, 71), (256, 80), (384, 13), (384, 36), (512, 11), (512, 12)),
    *((512, 13), (512, 14), (512, 16), (768, 3), (768, 45), (1024, 28), (1280, 15), (1280, 36)),
    *((1536, 50), (1792, 7), (1792, 18), (2048, 27), (2560, 8), (3072, 12)),
)
# Columns of the runs that each topic's law is held to.
COLUMNS = {
    "experts": ("N", "D", "E", "loss"),
    "vocabulary": ("N", "V", "d", "H", "loss"),
    "streams": ("N", "P", "loss"),
    "shape": ("N", "D", "w", "l", "loss"),
}
LEVELS = np.arange(2.0, 4.05, 0.1)  # of loss, nats/token
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


def figures() -> Mapping[str, Any]:
    """The published figures, as facts."""
    width, layers = np.array(SHAPES, dtype=float).T
    return {
        "claimed_C": np.array([one.C for one in CLAIMS]),
        "claimed_times": np.array([one.times for one in CLAIMS]),
        "claimed_by": [one.name for one in CLAIMS],
        "models_N": np.array([one.N for one in VOCABULARIES]),
        "models_V": np.array([one.V for one in VOCABULARIES]),
        "models_name": [one.name for one in VOCABULARIES],
        "shapes_w": width,
        "shapes_l": layers,
        "shapes_name": [f"width {w}, {depth} layers" for w, depth in SHAPES],
        "levels": LEVELS,
    }
