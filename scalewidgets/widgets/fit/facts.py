"""What the FitLab's kernel tells the browser: arrays of curves, valley, draws and multiverse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any

import numpy as np
import polars as pl

from ...fitting import Bootstrap, Fit, FitError, IsoFlop, approach_2
from ...fitting.approaches.isoline import CURVES
from ...fitting.multiverse import multiverse
from ...fitting.uncertainty import bootstrap_chunks
from ...fitting.universe import usual
from ..study import Array

_CURVE_POINTS = 33
_LEVELS = 9  # lines of equal loss
_REGIONS = (0.68, 0.95)
_VALLEY_POINTS = 33
_CHUNK = 25  # draws between two looks at the kernel's queue
_CHOICES = 4  # the same

Facts = dict[str, Any]
Named = tuple[str, float, float]
"""A name, and the power law of the optimum: N_opt = factor C^exponent near C."""


def loss_levels(runs: pl.DataFrame) -> Array:
    """Losses, evenly spaced in their logarithm, at which lines of equal loss are drawn."""
    loss = np.log(runs["loss"].to_numpy())
    return np.asarray(np.exp(np.linspace(loss.min() - 0.1 * np.ptp(loss), loss.max(), _LEVELS)))


def curve_facts(iso: IsoFlop | None) -> Facts:
    """The curves of approach 2 with gaps between them, their lowest points, the power law."""
    if iso is None:
        arrays = ("curve_N", "curve_loss", "lowest_C", "lowest_N", "lowest_loss")
        numbers = {"has_curves": 0.0, "a2_k": np.nan, "a2_a": np.nan}
        return {**dict.fromkeys(arrays, np.empty(0)), **numbers}
    gap = pl.lit(np.nan).alias("loss")
    curves = iso.curves(_CURVE_POINTS).partition_by("budget", maintain_order=True)
    lines = pl.concat([piece for c in curves for piece in (c, c[:1].with_columns(gap))])
    lowest = iso.budgets.filter("minimum")
    return {
        "curve_N": lines["N"].to_numpy(),
        "curve_loss": lines["loss"].to_numpy(),
        "lowest_C": lowest["budget"].to_numpy(),
        "lowest_N": lowest["N_opt"].to_numpy(),
        "lowest_loss": lowest["loss_opt"].to_numpy(),
        "has_curves": 1.0,
        "a2_k": iso.k_N,
        "a2_a": iso.a_N,
    }


def valley_steps(fit: Fit, pair: Sequence[str]) -> Iterator[Facts]:
    """The valley over two constants; empty where there are not two, or no scatter to judge by."""
    try:
        x, y = pair
        found = fit.valley(x, y, levels=_REGIONS, points=_VALLEY_POINTS)
    except (ValueError, FitError):
        found = None
    if found is None:
        yield {f"valley_{name}": np.empty(0) for name in ("x", "y", "rise", "inner", "outer")}
        return
    inner, outer = _REGIONS
    yield {
        "valley_x": found.x,
        "valley_y": found.y,
        "valley_rise": found.rise.ravel(),
        "valley_inner": np.array([found.limits[inner]]),
        "valley_outer": np.array([found.limits[outer]]),
    }


def draw_steps(
    fit: Fit, iso: IsoFlop | None, names: Sequence[str], count: int
) -> Iterator[tuple[Bootstrap, Facts]]:
    """The bootstrap so far and the draws of both approaches, as many of one as of the other."""
    laws = np.full((count, 2), np.nan)
    centres = dict(fit.params)
    if iso is not None:
        centres |= {"a2_k": iso.k_N, "a2_a": iso.a_N}
        if iso.curve != "interpolated":  # it goes through every run: no resample tells its error
            drawn = iso.bootstrap(count).draws.select("k_N", "a_N").to_numpy()
            laws[: len(drawn)] = drawn
    parts: list[pl.DataFrame] = []
    failed = 0
    for draws, lost in bootstrap_chunks(fit, count, seed=0, chunk=_CHUNK):
        parts.append(draws)
        failed += lost
        boot = Bootstrap(pl.concat(parts), count, failed, fit)
        facts = {f"draws_{n}": boot.draws[n].to_numpy() for n in names}
        facts |= {f"draws_a2_{n}": laws[: len(boot.draws), i] for i, n in enumerate("ka")}
        yield boot, facts | {f"centre_{n}": value for n, value in centres.items()}


def strip_steps(
    fit: Fit,
    C: float,
    grouped: pl.DataFrame | None,
    embedding: str | float | None = None,
    before: Facts | None = None,
) -> Iterator[Facts]:
    """The optimum at C under each choice in use, a few choices more at each step.

    ``grouped`` holds the runs that are in and have a ``budget``, for approach 2; ``embedding`` says
    how many parameters are embeddings, as :func:`scalewidgets.multiverse` takes it. Choices that
    are still to come stand as in the strip ``before``, so that it does not shrink and grow.
    """
    old = _rows(before) if before else []
    rows: list[Named] = []
    choices = chain(_universes(fit, C, embedding), _approaches(grouped))
    while more := list(islice(choices, _CHOICES)):
        rows += more
        done = {name for name, *_ in rows}
        yield _strip([*rows, *(row for row in old if row[0] not in done)])
    yield _strip(rows)


def _strip(rows: Sequence[Named]) -> Facts:
    names, factors, exponents = zip(*rows, strict=True)
    return {
        "strip_k": np.array(factors, dtype=float),
        "strip_a": np.array(exponents, dtype=float),
        "strip_row": np.arange(len(rows), dtype=float),
        "strip_name": list(names),
    }


def _rows(strip: Facts) -> list[Named]:
    return list(zip(strip["strip_name"], strip["strip_k"], strip["strip_a"], strict=True))


def _universes(fit: Fit, C: float, embedding: str | float | None) -> Iterator[Named]:
    """The fit itself, and every usual choice that its runs can tell."""
    for asked in ([], *([one] for one in usual() if one.curve is None)):
        found = multiverse(fit, C=C, universes=asked, embedding=embedding)
        if len(found.table) == len(asked) + 1:
            row = found.table.row(-1, named=True)
            yield row["label"].replace(" on log loss", ""), row["k_N"], row["a_N"]


def _approaches(grouped: pl.DataFrame | None) -> Iterator[Named]:
    """Approach 2 with every curve in use."""
    for curve in CURVES if grouped is not None else ():
        try:
            found = approach_2(grouped, curve=curve)
        except FitError:  # too few sizes for this curve: the strip is the shorter
            continue
        yield f"approach 2, {curve}", found.k_N, found.a_N
