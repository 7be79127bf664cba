"""Which runs share a compute budget."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from ..types import FitError


def group_by_budget(
    runs: pl.DataFrame, budgets: Sequence[float] | None, within: float
) -> pl.DataFrame:
    """Runs (canonical columns) with their ``budget`` in FLOPs, ascending.

    The budget is the nearest of ``budgets``, runs off all of them left out; else what the column
    ``budget`` says; else the middle (in logs) of the runs with neighbouring C.

    Raises
    ------
    FitError
        For budgets that are not positive, that cannot be told apart, or that no run has.
    """
    if not 0.0 < within < 1.0:
        raise FitError(f"within must lie between 0 and 1, not {within!r}; 0.05 is usual")
    if budgets is not None:
        found = _nearest(runs, budgets, within)
    elif "budget" in runs.columns:
        found = _given(runs["budget"])
    else:
        found = _neighbours(runs["C"], within)
    return (
        runs.with_columns(found.alias("budget"))
        .filter(pl.col("budget").is_not_null())
        .sort("budget", maintain_order=True)
    )


def _nearest(runs: pl.DataFrame, budgets: Sequence[float], within: float) -> pl.Series:
    levels = np.unique(np.asarray(budgets, dtype=float))
    if not (len(levels) and np.isfinite(levels).all() and (levels > 0).all()):
        raise FitError("budgets must be positive numbers of FLOPs")
    C = runs["C"].to_numpy()
    between = np.sqrt(levels[:-1] * levels[1:])
    nearest = levels[np.searchsorted(between, C)]
    found = pl.Series(np.where(np.abs(C / nearest - 1.0) <= within, nearest, np.nan)).fill_nan(None)
    lacking = sorted(set(levels) - set(found.drop_nulls()))
    if lacking:
        raise FitError(
            f"no run lies within {within:.0%} of {', '.join(f'{c:.4g}' for c in lacking)} FLOPs; "
            "leave these budgets out, or widen within="
        )
    return found


def _given(column: pl.Series) -> pl.Series:
    values = column.cast(pl.Float64) if column.dtype.is_numeric() else None
    if values is None or not (values.is_finite() & (values > 0)).fill_null(False).all():
        raise FitError(
            "the column budget must hold a positive number of FLOPs in every row; rename it, or "
            "name the budgets with budgets=[...]"
        )
    return values


def _neighbours(C: pl.Series, within: float) -> pl.Series:
    """The middle of each group of C between gaps wider than ``within``."""
    order = np.argsort(C.to_numpy(), kind="stable")
    log_C = np.log(C.to_numpy())[order]
    group = np.cumsum(np.diff(log_C, prepend=log_C[0]) > np.log1p(within))
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    low, high = np.minimum.reduceat(log_C, starts), np.maximum.reduceat(log_C, starts)
    wide = np.flatnonzero(high - low > 2.0 * np.log1p(within))
    if len(wide):
        i = wide[0]
        raise FitError(
            f"budgets cannot be told apart: {np.count_nonzero(group == i)} runs between "
            f"{np.exp(low[i]):.3g} and {np.exp(high[i]):.3g} FLOPs have no gap of {within:.0%} "
            "among them. Give the table a column budget, or name the budgets with budgets=[...]"
        )
    middle = np.exp(0.5 * (low + high))
    # equal C keep their own value to the last digit
    middle = np.where(low == high, C.to_numpy()[order][starts], middle)
    found = np.empty(len(C))
    found[order] = middle[group]
    return pl.Series(found)
