"""Measurements for laws that are not of N, D or C: pass rates, areas under schedules, bits."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from .files import RunsError
from .sources import Source, as_frame


def read_observations(source: Source, variables: Sequence[str], output: str) -> pl.DataFrame:
    """A table with a column for each variable of a law and what was measured, as ``loss``.

    Such quantities have names of their own only, no synonyms and no units: the columns must bear
    the names of the law's variables, and that of its output (or ``loss``).

    Parameters
    ----------
    source : as for :func:`read_runs`
    variables : sequence of str
        Names that must be columns.
    output : str
        The law's output, such as ``"coverage"``.

    Raises
    ------
    RunsError
        When a column is missing, or holds what is not a finite number.
    """
    frame = as_frame(source)
    measured = output if output in frame.columns else "loss"
    for name in (*variables, measured):
        if name not in frame.columns:
            wanted = f"{output!r} (or 'loss')" if name == measured else repr(name)
            raise RunsError(
                f"runs: no column {wanted}; this law needs {', '.join([*variables, output])}, the "
                f"table has {', '.join(frame.columns) or 'no columns'}"
            )
        column = frame[name]
        if not column.dtype.is_numeric():
            raise RunsError(f"runs: column {name!r} holds {column.dtype}, not numbers")
        bad = (~column.cast(pl.Float64).is_finite()).fill_null(True)
        if bad.any():
            rows = ", ".join(map(str, bad.arg_true().head(10)))
            raise RunsError(f"runs: column {name!r} has no finite number in the rows {rows}")
    kept = frame.rename({measured: "loss"}) if measured != "loss" else frame
    return kept.with_columns(pl.col(*variables, "loss").cast(pl.Float64))
