"""Loss at one compute budget: runs, law, band, optima."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import polars as pl

from ..allocation import Plan
from ..fitting import Bootstrap
from ..lawbook import Law

_POINTS = 120
_NEAR = 1.25  # runs within this factor of C belong to its slice


def loss_chart(
    law: Law,
    runs: pl.DataFrame,
    *,
    C: float,
    draws: Bootstrap | None = None,
    plans: Mapping[str, Plan] | None = None,
    excluded: Sequence[int] = (),
    you: tuple[float, float] | None = None,
) -> alt.LayerChart | alt.FacetChart:
    """Loss against N at ``C`` training FLOPs (D = C/6N).

    Parameters
    ----------
    law : Law
        A loss over N and D.
    runs : polars.DataFrame
        Columns N, C, loss; drawn faintly, those near C strongly, excluded ones hardly.
    draws : Bootstrap, optional
        Gives the 95 % band.
    plans : mapping of str to Plan, optional
        Drawn as labelled points.
    you : (N, loss), optional
        One more point, the reader's own model.
    """
    span = [runs["N"].min(), runs["N"].max(), *(p.N for p in (plans or {}).values())]
    low, high = (float(f(np.asarray(span, dtype=float))) for f in (np.min, np.max))
    n = np.geomspace(low / 2.0, high * 2.0, _POINTS)
    curve = {"N": n, "loss": law.predict(N=n, D=C / (6.0 * n))}
    layers = [_runs(runs, C, excluded)]
    if draws is not None:
        cloud = np.stack(
            [
                law.with_constants(**dict(zip(draws.draws.columns, row, strict=True))).predict(
                    N=n, D=C / (6.0 * n)
                )
                for row in draws.draws.iter_rows()
            ]
        )
        edge = np.nanquantile(cloud, [0.025, 0.975], axis=0)
        band = pl.DataFrame({"N": n, "low": edge[0], "high": edge[1]})
        layers.append(
            alt.Chart(band).mark_area(opacity=0.25).encode(_x(), alt.Y("low:Q"), alt.Y2("high:Q"))
        )
    layers.append(alt.Chart(pl.DataFrame(curve)).mark_line().encode(_x(), _y()))
    marked = {k: (p.N, p.loss) for k, p in (plans or {}).items()}
    if you is not None:
        marked["you"] = you
    if marked:
        rows = [{"strategy": k, "N": at, "loss": loss} for k, (at, loss) in marked.items()]
        layers.append(
            alt.Chart(pl.DataFrame(rows))
            .mark_point(size=110, filled=True)
            .encode(_x(), _y(), color="strategy:N", shape="strategy:N")
        )
    title = f"{law.id} at C = {C:.3g} FLOP"
    return alt.layer(*layers).properties(title=title, width=520, height=320)


def _x() -> alt.X:
    return alt.X("N:Q", scale=alt.Scale(type="log"), title="parameters N")


def _y() -> alt.Y:
    return alt.Y("loss:Q", scale=alt.Scale(zero=False), title="loss (nats/token)")


def _runs(runs: pl.DataFrame, C: float, excluded: Sequence[int]) -> alt.Chart:
    near = np.abs(np.log(runs["C"].to_numpy() / C)) < np.log(_NEAR)
    state = ["near C" if is_near else "other C" for is_near in near]
    for i in excluded:
        state[i] = "left out"
    shown = runs.select("N", "loss").with_columns(run=pl.Series(state))
    opacity = alt.Opacity(
        "run:N", scale=alt.Scale(domain=["near C", "other C", "left out"], range=[0.9, 0.25, 0.1])
    )
    chart: alt.Chart = alt.Chart(shown).mark_circle(size=30, color="gray")
    return chart.encode(_x(), _y(), opacity=opacity)
