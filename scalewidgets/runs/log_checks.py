"""What must hold in training logs: rows that can be used, and runs of one size."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Literal

import polars as pl

from .files import RunsError
from .naming import MEANING
from .stream import Tally
from .table import RunsWarning

Invalid = Literal["error", "set_aside"]

_SHOWN_RUNS = 10


class Faults:
    """Rows without a usable quantity, counted by run.

    Parameters
    ----------
    schema : polars.Schema
        ``run``, and of N, D, C and loss those that are there; N may be text.
    """

    def __init__(self, schema: pl.Schema) -> None:
        self._kinds = {"no run": pl.col("run").is_null()}
        for q in (q for q in MEANING if q in schema):
            value = pl.col(q)
            if not schema[q].is_numeric():
                self._kinds[f"no {q}"] = value.is_null()
                continue
            self._kinds[f"no {q}"] = value.is_null() | value.is_nan()
            self._kinds[f"an infinite {q}"] = value.is_infinite()
            self._kinds[f"{q} <= 0"] = (value <= 0) & value.is_finite()
        self.any = pl.any_horizontal(self._kinds.values()).fill_null(False)  # of a row
        self.tally = Tally(self._counted, _summed)

    def _counted(self, rows: pl.DataFrame) -> pl.DataFrame:
        parts = [
            rows.filter(has).group_by("run").len("rows").with_columns(fault=pl.lit(fault))
            for fault, has in self._kinds.items()
        ]
        return pl.concat(parts)


def _summed(parts: pl.DataFrame) -> pl.DataFrame:
    return parts.group_by("run", "fault").agg(pl.col("rows").sum())


def report(faults: pl.DataFrame, invalid: Invalid, stacklevel: int) -> None:
    """Refuse faulty rows, or warn of those that were set aside.

    Raises
    ------
    RunsError
        If there are any and ``invalid`` is ``"error"``.
    """
    if faults.is_empty():
        return
    sentences = " ".join(
        _sentence(part) for part in faults.sort("fault").partition_by("fault", maintain_order=True)
    )
    if invalid == "error":
        raise RunsError(
            f'runs: {sentences} Pass invalid="set_aside" to leave such rows out (a loss that is '
            "logged now and then, a step 0), or filter the logs"
        )
    warnings.warn(f"runs: rows were set aside. {sentences}", RunsWarning, stacklevel=stacklevel)


def _sentence(fault: pl.DataFrame) -> str:
    """``3 rows have no loss (run a: 2, run b: 1).``, with the first ten runs at most."""
    rows, runs = fault["rows"].sum(), fault.sort("run")
    counts = [f"run {run}: {n}" for run, n in runs.select("run", "rows").head(_SHOWN_RUNS).rows()]
    more = f" and {len(runs) - _SHOWN_RUNS} more runs" if len(runs) > _SHOWN_RUNS else ""
    have = "row has" if rows == 1 else "rows have"
    return f"{rows:,} {have} {fault['fault'][0]} ({', '.join(counts)}{more})."


def extremes(names: Sequence[str]) -> Tally:
    """The least and the most of each column within each run; nulls do not count."""

    def of_rows(rows: pl.DataFrame) -> pl.DataFrame:
        least = [pl.col(name).min().alias(f"least {name}") for name in names]
        most = [pl.col(name).max().alias(f"most {name}") for name in names]
        return rows.group_by("run").agg(*least, *most)

    def of_parts(parts: pl.DataFrame) -> pl.DataFrame:
        least = [pl.col(f"least {name}").min() for name in names]
        most = [pl.col(f"most {name}").max() for name in names]
        return parts.group_by("run").agg(*least, *most)

    return Tally(of_rows, of_parts)


def constants(found: pl.DataFrame, names: Mapping[str, str]) -> pl.DataFrame:
    """The one value of each column in each run, from its :func:`extremes`.

    Parameters
    ----------
    found : polars.DataFrame
        The table of extremes.
    names : mapping
        From its columns to what an error calls them.

    Raises
    ------
    RunsError
        When one varies.
    """
    for name, called in names.items():
        least, most = pl.col(f"least {name}"), pl.col(f"most {name}")
        varying = found.filter(least.ne_missing(most)).sort("run")
        if len(varying):
            run, low, high = varying.select("run", least, most).row(0)
            many = "1 run" if len(varying) == 1 else f"{len(varying)} runs"
            raise RunsError(
                f"runs: {called} varies within {many}, where it must be constant (run {run}: from "
                f"{low} to {high}). Check that run= names the column that tells runs apart"
            )
    return found.select("run", *(pl.col(f"least {name}").alias(name) for name in names))
