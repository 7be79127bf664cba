"""A lab that does not move, for places that strip scripts: its first plot and its readouts."""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode
from collections.abc import Iterator, Mapping
from html import escape
from importlib.util import find_spec
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from ..lawbook.expression import Array
from .evaluate import Sheet
from .picture import ends, sketched
from .readouts import readouts
from .vocabulary import Axis, Curve, Marker, Plot, Points, Sketch, Slider, Trace

if TYPE_CHECKING:
    import altair as alt

_CURVE_POINTS = 80
_SIZE = {"width": 560, "height": 320}
_SIGNATURE = 8  # bytes of a PNG before its first chunk


def tables(sheet: Sheet) -> str:
    """The readouts as an HTML table."""
    rows = []
    for table, entries in readouts(sheet).items():
        rows.append(f'<tr><th colspan="3" scope="rowgroup">{escape(table)}</th></tr>')
        for label, entry in entries.items():
            interval = ", ".join(f"{end:.4g}" for end in entry.get("interval", ()))
            cells = (entry["text"], f"[{interval}]" if interval else "")
            data = "".join(f"<td>{escape(text)}</td>" for text in cells)
            rows.append(f'<tr><th scope="row">{escape(label)}</th>{data}</tr>')
    return "\n".join(["<table>", *rows, "</table>"]) if rows else ""


# --- the picture: runs, curves and markers; bands and contours are left to the live lab ----------


def picture(sheet: Sheet) -> str:
    """The first plot as an HTML image; empty without vl-convert, which draws it."""
    plot = next((one for one in sheet.page.plots if sheet.visible(one.visible)), None)
    if plot is None or find_spec("vl_convert") is None:
        return ""
    import altair as alt  # takes longer to import than all the rest

    png = BytesIO()
    with alt.data_transformers.enable("default", max_rows=None):  # however many runs there are
        _chart(sheet, plot).save(png, format="png", engine="vl-convert")
    data = b64encode(_deflated(png.getvalue())).decode()
    return f'<p><img alt="{escape(plot.title)}" src="data:image/png;base64,{data}"></p>\n'


def _deflated(png: bytes) -> bytes:
    """The same image in a quarter of the bytes and less: vl-convert hardly compresses."""
    chunks, pixels, at = [], b"", _SIGNATURE
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += length + 12
        if kind == b"IDAT":
            pixels += data
            continue
        if kind == b"IEND":
            chunks.append((b"IDAT", zlib.compress(zlib.decompress(pixels), 9)))
        chunks.append((kind, data))
    return png[:_SIGNATURE] + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def _chart(sheet: Sheet, plot: Plot) -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    def along(axis: Axis) -> dict[str, Any]:
        labels = "~s" if axis.format == "quantity" else axis.format
        scale = alt.Scale(type=_kind(sheet, axis), zero=False, nice=False)
        return {"title": axis.label, "scale": scale, "axis": alt.Axis(format=labels)}

    table = _table(sheet, plot)
    layers = [
        alt.Chart(table.filter(kind="points")).mark_circle(size=28, opacity=0.45),
        alt.Chart(table.filter(kind="line")).mark_line(),
        alt.Chart(table.filter(kind="marker")).mark_point(size=90, filled=True, opacity=1.0),
    ]
    encoded = [
        layer.encode(
            x=alt.X("x:Q", **along(plot.x)),
            y=alt.Y("y:Q", **along(plot.y)),
            color=alt.Color("label:N", title=None),
            order="row:Q",
        )
        for layer in layers
    ]
    return alt.layer(*encoded, title=plot.title, **_SIZE)


def _kind(sheet: Sheet, axis: Axis) -> Literal["log", "linear"]:
    log = axis.scale == "log" if axis.log is None else sheet.visible(axis.log)
    return "log" if log else "linear"


def _table(sheet: Sheet, plot: Plot) -> pl.DataFrame:
    """``kind``, ``label``, ``row``, ``x`` and ``y`` of all that has a name in the legend.

    What an axis cannot show is null, which breaks a line.
    """
    found = list(_drawn(sheet, plot))
    table = pl.DataFrame(
        {
            "kind": [kind for kind, _, x, _ in found for _ in x],
            "label": [label for _, label, x, _ in found for _ in x],
            "x": np.concatenate([np.empty(0), *(x for *_, x, _ in found)]),
            "y": np.concatenate([np.empty(0), *(y for *_, y in found)]),
        },
        schema_overrides={"kind": pl.String, "label": pl.String},
    )
    for name, axis in (("x", plot.x), ("y", plot.y)):
        low = 0.0 if _kind(sheet, axis) == "log" else -np.inf
        seen = pl.col(name).is_finite() & (pl.col(name) > low)
        table = table.with_columns(pl.when(seen).then(pl.col(name)))
    return table.with_row_index("row")


def _drawn(sheet: Sheet, plot: Plot) -> Iterator[tuple[str, str, Array, Array]]:
    marks = [m for m in plot.marks if m.label and sheet.visible(getattr(m, "visible", None))]
    placed = [(kind, mark.label, x, y) for mark in marks for kind, x, y in _placed(sheet, mark)]
    yield from placed
    grid = _grid(sheet, plot, {kind: x for kind, _, x, _ in placed if len(x)})
    for mark in marks:
        if isinstance(mark, Curve):
            yield "line", mark.label, grid, sheet.tabulate(mark.y, mark.x, grid)


def _placed(sheet: Sheet, mark: Any) -> Iterator[tuple[str, Array, Array]]:
    """Kind and places of a mark that does not run along an axis."""
    match mark:
        case Points():
            x, y = sheet.rows([mark.x, mark.y], mark.rows)
            yield "points", x, y
        case Trace():
            yield "line", sheet.array(mark.x), sheet.array(mark.y)
        case Sketch():
            yield "line", *sketched(sheet, mark)
        case Marker():
            yield "marker", np.array([sheet.get(mark.x)]), np.array([sheet.get(mark.y)])


def _grid(sheet: Sheet, plot: Plot, places: Mapping[str, Array]) -> Array:
    """Where curves are computed: over the axis, over what else is drawn, or over the slider."""
    log = _kind(sheet, plot.x) == "log"
    known = np.concatenate([np.empty(0), *places.values()])
    known = known[np.isfinite(known) & ((known > 0.0) | (not log))]
    low, high = known.min(initial=np.inf), known.max(initial=-np.inf)
    if not places.keys() - {"marker"}:
        low, high = _slid(sheet, plot) or (1.0, 10.0)
    low, high = ends(sheet, plot.x) or (low, high)
    spaced = np.geomspace if log and low > 0.0 else np.linspace
    return np.asarray(spaced(low, high, _CURVE_POINTS))


def _slid(sheet: Sheet, plot: Plot) -> tuple[float, float] | None:
    """The domain of the slider that runs along the x axis."""
    cells = {mark.x for mark in plot.marks if isinstance(mark, Curve)}
    cells |= {mark.drag for mark in plot.marks if isinstance(mark, Marker) and mark.drag}
    controls = [control for group in sheet.page.groups for control in group.controls]
    sliders = [one for one in controls if isinstance(one, Slider) and one.cell in cells]
    return sliders[0].domain if sliders else None
