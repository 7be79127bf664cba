"""A law along one variable, its constants and other variables as sliders that need no Python."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import altair as alt
import numpy as np

from ..lawbook import Law, LawError, ranges
from ..lawbook.ranges import Range

_POINTS = 160
_MOST_ITEMS = 100  # Vega has no loop: each item of a sum is written out


def law_chart(
    law: Law, x: str | None = None, at: Mapping[str, float] | None = None
) -> alt.LayerChart:
    """The law against ``x``; every constant and every other variable is a Vega parameter.

    Parameters
    ----------
    law : Law
        Any law of the catalogue or of your own.
    x : str, optional
        The variable of the x axis; the first one if left out.
    at : mapping of str to float, optional
        Where the other variables begin.

    Raises
    ------
    LawError
        When ``x`` or a name of ``at`` is not a variable of the law, the law has none, or it sums
        over more items than can be written out.
    """
    variables = [name for name in law.variables if name not in law.items]
    if not variables:
        raise LawError(f"chart: {law.id} has no variable to be drawn along, only constants")
    x = x or variables[0]
    for name in (x, *(at or {})):
        if name not in variables:
            raise LawError(
                f"chart: {law.id} has the variables {', '.join(variables)}, not {name!r}"
            )
    count = max((len(items) for items in law.default_items.values()), default=0)
    if count > _MOST_ITEMS:
        raise LawError(
            f"chart: {law.id} sums over {count} items, more than the {_MOST_ITEMS} that a chart "
            "without Python can hold"
        )
    starts = {name: value for name, value in law.values.items() if not math.isnan(value)}
    spans = {name: ranges.of_constant(value) for name, value in law.values.items()}
    spans |= {name: ranges.of_variable(law, name) for name in variables}
    starts |= {name: (at or {}).get(name, spans[name].start) for name in variables}

    names = {x: "datum.x"}
    params = []
    for name in (*variables, *law.values):
        if name != x:
            param, names[name] = _slider(name, spans[name], starts.get(name, spans[name].start))
            params.append(param)
    curve = _curve(law, x, spans[x], names).add_params(*params)
    chart = alt.LayerChart(layer=[*_valid(law, x), curve])
    title = f"{law.id}: {law.output} against {x}"
    return chart.properties(title=title, width=520, height=320)


def _slider(name: str, span: Range, start: float) -> tuple[alt.Parameter, str]:
    """A parameter and the Vega text of its value. Vega's sliders are linear: a range of decades is
    that of the exponent."""
    text = f"p_{name}"  # in Vega E and PI are constants: no law's name stands bare
    forward = math.log10 if span.log else float
    bind = alt.binding_range(
        min=forward(min(span.low, start)),
        max=forward(max(span.high, start)),
        step=0.005 if span.log else (span.high - span.low) / 1000.0,
        name=f"log10 {name} " if span.log else f"{name} ",
    )
    param = alt.param(name=text, value=forward(start), bind=bind)
    return param, f"pow(10, {text})" if span.log else text


def _curve(law: Law, x: str, span: Range, names: Mapping[str, str]) -> alt.Chart:
    spaced = np.geomspace if span.log else np.linspace
    grid = [{"x": float(value)} for value in spaced(span.low, span.high, _POINTS)]
    line: alt.Chart = alt.Chart(alt.InlineData(values=grid)).mark_line()
    line = line.transform_calculate(y=law.vega(names)).transform_filter("isFinite(datum.y)")
    unit = f" ({law.unit})" if law.unit else ""
    return line.encode(
        _x(x, span),
        # room for the longest labels: the title does not move when a slider makes them longer
        alt.Y(
            "y:Q",
            scale=alt.Scale(zero=False),
            title=f"{law.output}{unit}",
            axis=alt.Axis(minExtent=50),
        ),
        tooltip=[alt.Tooltip("x:Q", format=".4~g", title=x), alt.Tooltip("y:Q", format=".5~g")],
    )


def _x(name: str, span: Range) -> alt.X:
    if not span.log:
        return alt.X("x:Q", title=name)
    # decades only: Vega thins the labels of a logarithmic axis no more once they are written anew,
    # here with the prefixes of this field, 10B and not 10G
    powers = range(math.ceil(math.log10(span.low)), math.floor(math.log10(span.high)) + 1)
    axis = alt.Axis(
        labelExpr="replace(format(datum.value, '~s'), 'G', 'B')", values=[10.0**p for p in powers]
    )
    return alt.X("x:Q", scale=alt.Scale(type="log"), title=name, axis=axis)


def _valid(law: Law, x: str) -> list[Any]:
    """The range of the paper's runs, shaded."""
    if x not in law.valid:
        return []
    low, high = law.valid[x]
    data = alt.InlineData(values=[{"x": low, "end": high}])
    band: alt.Chart = alt.Chart(data).mark_rect(opacity=0.1)
    return [band.encode(_x(x, ranges.of_variable(law, x)), alt.X2("end"))]
