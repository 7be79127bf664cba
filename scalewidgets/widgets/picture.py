"""What a lab's plots show, in numbers: the marks that can be seen and where they stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..lawbook.expression import Array
from .evaluate import Sheet
from .vocabulary import (
    Axis,
    Band,
    Bars,
    Contours,
    Curve,
    Marker,
    Plot,
    Points,
    Rule,
    Sketch,
    Slider,
    Span,
    Trace,
)

_CURVE_POINTS = 5
_WIDEN = 0.05  # as an axis leaves room at both ends; see js/src/plot/domain.ts

_Mark = Curve | Trace | Contours | Span | Band | Bars | Points | Marker | Rule | Sketch


def rounded(value: Any) -> Any:
    """A value as JSON: numbers to six significant digits, what is not finite as None."""
    if isinstance(value, Mapping):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [rounded(one) for one in value]
    if isinstance(value, float | np.floating):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    return value


def named(entries: Iterable[tuple[str, str, Any]]) -> dict[str, Any]:
    """Label to value; where labels are alike or empty, the other name tells them apart."""
    found: dict[str, Any] = {}
    for label, other, value in entries:
        key = label if label and label not in found else f"{label} {other}".strip()
        while key in found:
            key += "+"
        found[key] = value
    return found


def plots(sheet: Sheet) -> dict[str, dict[str, Any]]:
    """Title to label to what is drawn: see :func:`_drawn` for each kind of mark.

    Only what can be seen. Bands are left out: the intervals of the readouts say the same.
    """
    return {
        plot.title: named(
            (mark.label, _other_name(mark), _drawn(sheet, plot, mark))
            for mark in plot.marks
            if not isinstance(mark, Band) and sheet.visible(getattr(mark, "visible", None))
        )
        for plot in sheet.page.plots
        if sheet.visible(plot.visible)
    }


def _other_name(mark: _Mark) -> str:
    """What tells a mark from another one of its label."""
    if isinstance(mark, Span):
        return f"{mark.start}"
    if isinstance(mark, Sketch):
        return mark.array
    return f"{mark.kind} {mark.cell if isinstance(mark, Rule) else mark.y}"


def _drawn(sheet: Sheet, plot: Plot, mark: _Mark) -> Any:
    """A rule's value; ``[x, y]`` of a marker, and of a curve at five places of its axis; a span's
    ends; levels of contours; names of bars to their ends; of points how many there are, how many
    are left out, and the median place."""
    match mark:
        case Rule():
            return rounded(sheet.get(mark.cell))
        case Marker():
            return rounded([sheet.get(mark.x), sheet.get(mark.y)])
        case Span():
            edges = (mark.start, mark.end)
            return rounded([sheet.get(edge) if isinstance(edge, str) else edge for edge in edges])
        case Contours():
            return rounded(sheet.array(mark.levels))
        case Curve():
            grid = _grid(sheet, plot)
            return rounded(np.column_stack([grid, sheet.tabulate(mark.y, mark.x, grid)]))
        case Trace():
            x, y = sheet.array(mark.x), sheet.array(mark.y)
            return rounded(_thinned(x, y))
        case Sketch():
            return rounded(_thinned(*sketched(sheet, mark)))
        case Bars():
            rows, low, high = sheet.rows([mark.y, mark.low, mark.high], mark.rows)
            names = sheet.strings(plot.y.names)
            bars = zip(rows, low, high, strict=True)
            return {_bar(names, row): rounded([a, b]) for row, a, b in bars}
        case Points():
            x, y = sheet.rows([mark.x, mark.y], mark.rows)
            out = sheet.entries(mark.excluded)
            place = [_middle(x), _middle(y)]
            return {"count": len(x), "left_out": len(set(out)), "middle": rounded(place)}
    raise TypeError(f"a snapshot knows no mark {type(mark).__name__}")


def _thinned(x: Array, y: Array) -> Array:
    at = np.linspace(0, max(len(x) - 1, 0), min(len(x), _CURVE_POINTS)).astype(int)
    return np.column_stack([x[at], y[at]])


def sketched(sheet: Sheet, mark: Sketch) -> tuple[Array, Array]:
    """Where the line of a sketch goes; see js/src/plot/sketch.ts."""
    heights, start = sheet.array(mark.array), sheet.get(mark.start)
    width = (sheet.get(mark.end) - start) / max(len(heights), 1)
    return np.asarray(start + (np.arange(len(heights)) + 0.5) * width), heights


def ends(sheet: Sheet, axis: Axis) -> tuple[float, float] | None:
    """The fixed domain of an axis; None where it has none."""
    if axis.domain is None:
        return None
    low, high = (sheet.get(end) if isinstance(end, str) else end for end in axis.domain)
    return low, high


def _bar(names: Sequence[str], row: float) -> str:
    return names[int(row)] if row in range(len(names)) else f"{row:g}"


def _middle(values: Array) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else np.nan


# --- where an axis goes -----------------------------------------------------------------------


def _grid(sheet: Sheet, plot: Plot) -> Array:
    """Five places along the x axis, as js/src/plot/plot.ts sets it at rest."""
    log = sheet.get(plot.x.log) == 1.0 if plot.x.log is not None else plot.x.scale == "log"
    low, high = _domain(sheet, plot, plot.x, log)
    spaced = np.geomspace if log and low > 0 else np.linspace
    return np.asarray(spaced(low, high, _CURVE_POINTS))


def _domain(sheet: Sheet, plot: Plot, axis: Axis, log: bool) -> tuple[float, float]:
    """The axis's own; that of the slider along it; or what is drawn, and a little more."""
    fixed = ends(sheet, axis)
    if fixed is not None:
        return fixed
    seen = [m for m in plot.marks if sheet.visible(getattr(m, "visible", None))]
    placed = [_places(sheet, mark) for mark in seen]
    runs = [x for mark, x in zip(seen, placed, strict=True) if isinstance(mark, Points | Bars)]
    slid = _slid(sheet, plot)
    if slid is not None and not any(len(x) for x in runs):
        return slid
    values = np.concatenate([np.empty(0), *placed])
    values = values[np.isfinite(values) & ((values > 0) | (not log))]
    if not len(values):
        return 1.0, 10.0
    low, high = float(values.min()), float(values.max())
    if log:
        by = 2.0 if low == high else (high / low) ** _WIDEN
        return low / by, high * by
    wider = (abs(low) * 0.1 or 1.0) if low == high else (high - low) * _WIDEN
    return low - wider, high + wider


def _places(sheet: Sheet, mark: _Mark) -> Array:
    """Where along x there is something that the axis must hold."""
    match mark:
        case Points():
            return sheet.rows([mark.x], mark.rows)[0]
        case Bars():
            return np.concatenate(sheet.rows([mark.low, mark.high], mark.rows))
        case Trace():
            return sheet.array(mark.x)
        case Sketch():
            return sketched(sheet, mark)[0]
        case Marker():
            return np.array([sheet.get(mark.x)])
        case Rule(axis="x"):
            return np.array([sheet.get(mark.cell)])
    return np.empty(0)


def _slid(sheet: Sheet, plot: Plot) -> tuple[float, float] | None:
    """The domain of the slider whose cell runs along the x axis."""
    sliders = {
        control.cell: control.domain
        for group in sheet.page.groups
        for control in group.controls
        if isinstance(control, Slider)
    }
    curves = [mark.x for mark in plot.marks if isinstance(mark, Curve)]
    dragged = [mark.drag for mark in plot.marks if isinstance(mark, Marker) and mark.drag]
    return next((sliders[cell] for cell in (*curves, *dragged) if cell in sliders), None)
