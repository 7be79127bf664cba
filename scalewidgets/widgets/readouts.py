"""The numbers that a lab shows in its tables: as JSON, and as a Polars table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from .evaluate import Sheet
from .formats import format_value
from .picture import named, rounded
from .vocabulary import Readout

_COLUMNS = {
    "table": pl.String,
    "quantity": pl.String,
    **dict.fromkeys(("value", "low", "high"), pl.Float64),
}


def readouts(sheet: Sheet) -> dict[str, dict[str, dict[str, Any]]]:
    """Table to label to ``value``, ``text`` as shown and, where there are draws, ``interval``.

    Only what can be seen: a readout that is hidden is left out, and a table without any.
    """
    seen = _seen(sheet)
    intervals = _intervals(sheet, seen)
    return {
        label: named((row.label, row.cell, _read(sheet, row, intervals)) for row in rows)
        for label, rows in seen.items()
        if rows
    }


def numbers(sheet: Sheet) -> pl.DataFrame:
    """The table of :attr:`scalewidgets.Lab.table`."""
    seen = _seen(sheet)
    intervals = _intervals(sheet, seen)
    found = []
    for label, rows in seen.items():
        for row in rows:
            ends = intervals.get(row.cell) if row.interval else None
            found.append((label, row.label, sheet.get(row.cell), *(ends or (None, None))))
    return pl.DataFrame(found, schema=_COLUMNS, orient="row")


def _seen(sheet: Sheet) -> dict[str, list[Readout]]:
    return {
        table.label: [row for row in table.rows if sheet.visible(row.visible)]
        for table in sheet.page.tables
    }


def _intervals(sheet: Sheet, seen: Mapping[str, list[Readout]]) -> dict[str, tuple[float, float]]:
    """Cell to its interval, where there are draws that tell one."""
    cells = [row.cell for rows in seen.values() for row in rows if row.interval]
    found = zip(cells, sheet.intervals(cells), strict=True)
    return {cell: ends for cell, ends in found if np.isfinite(ends).all()}


def _read(
    sheet: Sheet, row: Readout, intervals: Mapping[str, tuple[float, float]]
) -> dict[str, Any]:
    value = sheet.get(row.cell)
    text = format_value(row.format, value)
    found = {"value": rounded(value), "text": f"{text} {row.unit}" if row.unit else text}
    if row.interval and row.cell in intervals:
        found["interval"] = rounded(intervals[row.cell])
    return found
