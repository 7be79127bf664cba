"""What a lab shows as plain JSON: to be stored beside a course and compared on another machine.

Numbers have six significant digits: enough to notice any change that a reader could see, and too
few for processors and BLAS builds to differ in. There are no ids, no bytes and no pixels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .evaluate import Sheet
from .formats import format_value
from .picture import named, plots, rounded
from .vocabulary import Readout


def snapshot(name: str, sheet: Sheet, status: Mapping[str, str], problem: str) -> dict[str, Any]:
    """The JSON of :meth:`scalewidgets.Lab.snapshot`."""
    found = {
        "lab": name,
        "title": sheet.page.title,
        "inputs": rounded(dict(sorted(sheet.inputs.items()))),
        "status": dict(status),
        "readouts": readouts(sheet),
        "plots": plots(sheet),
    }
    return found | ({"problem": problem} if problem else {})


def readouts(sheet: Sheet) -> dict[str, dict[str, dict[str, Any]]]:
    """Table to label to ``value``, ``text`` as shown and, where there are draws, ``interval``.

    Only what can be seen: a readout that is hidden is left out, and a table without any.
    """
    seen = {
        table.label: [row for row in table.rows if sheet.visible(row.visible)]
        for table in sheet.page.tables
    }
    cells = [row.cell for rows in seen.values() for row in rows if row.interval]
    intervals = dict(zip(cells, sheet.intervals(cells), strict=True))
    return {
        label: named((row.label, row.cell, _read(sheet, row, intervals)) for row in rows)
        for label, rows in seen.items()
        if rows
    }


def _read(
    sheet: Sheet, row: Readout, intervals: Mapping[str, tuple[float, float]]
) -> dict[str, Any]:
    value = sheet.get(row.cell)
    text = format_value(row.format, value)
    found = {"value": rounded(value), "text": f"{text} {row.unit}" if row.unit else text}
    if row.interval and np.isfinite(intervals[row.cell]).all():
        found["interval"] = rounded(intervals[row.cell])
    return found
