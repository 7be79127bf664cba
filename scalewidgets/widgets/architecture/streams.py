"""Parallel streams, against models of one stream. No values, only cells."""

from __future__ import annotations

from collections.abc import Container

from .. import topics
from ..vocabulary import Axis, Curve, Marker, Plot, Points, Table
from .cells import Formulas, beyond, law_behind, of_kind, tree
from .runs import residual_plot
from .worth import parts, worth_plot, worth_table

STREAMS = (1, 2, 4, 8)  # of the runs
_PARSCALE = (5.4e8, 4.4e9)  # sizes of the runs

# --- formulas -------------------------------------------------------------------------------------


def formulas() -> Formulas:
    """ParScale's law knows no tokens: all models saw the same, so the dense one does, too."""
    runs = law_behind("stream").valid
    found: Formulas = {
        "stream_loss": tree("stream", N="N", P="P"),
        "stream_even": tree("stream", "equivalent", N="N", P="P", P_other=1.0),
        "stream_memory": "stream_even/N",
        "stream_served": "stream_even/(N*P)",  # each stream is a pass of its own
        "stream_compute": "stream_served",  # in training, too
        "stream_beyond": beyond({"N": runs["N"], "P": runs["P"]}),
        "stream_shown": of_kind("corpus"),
        "stream_measured": "stream_shown*run_loss",
        "stream_residual": (
            "log",
            ("/", "stream_measured", tree("stream", N="run_N", P="run_P")),
        ),
    }
    for P in STREAMS:
        found[f"stream_{P}"] = tree("stream", N="axis_N", P=float(P))
    return found | parts("stream")


# --- what is on the screen ------------------------------------------------------------------------


def plots(measured: bool) -> list[Plot]:
    colors = ("muted", "chinchilla", "inference", "law")
    streams = Axis("streams P", format=".3~g")
    return [
        worth_plot(
            "streams",
            "What streams are worth in models of one stream",
            Axis("parallel streams P", format=".3~g"),
            "P",
            {"stream": None},
            "stream",
            "model of one stream",
        ),
        Plot(
            "stacked",
            "Streams bend the curve as more parameters would",
            Axis("parameters N", domain=(2e8, 1e10)),
            Axis("loss (nats/token)", "linear", format=".2f"),
            [
                *(
                    Curve("axis_N", f"stream_{P}", f"P = {P}", color, valid=_PARSCALE)
                    for P, color in zip(STREAMS, colors, strict=True)
                ),
                *(
                    [
                        Points(
                            {f"run_{name}": f"streams_{name}" for name in ("N", "loss", "kind")},
                            "run_N",
                            "stream_measured",
                            "runs",
                            names="streams_name",
                        )
                    ]
                    if measured
                    else []
                ),
                Marker("stream_even", "stream_loss", "one stream", "muted", "diamond"),
                Marker("N", "stream_loss", "yours", "hand", drag="N"),
            ],
            visible="on_streams",
        ),
        *([residual_plot("streams", "stream", "run_P", streams, "on_streams")] if measured else []),
    ]


def tables(drawn: Container[str]) -> list[Table]:
    known = "stream" in drawn
    yours = [
        ("Loss", "stream_loss", ".4f"),
        ("Equal model of one stream", "stream_even", "quantity"),
        ("Decades beyond the runs", "stream_beyond", ".2~f"),
    ]
    return [
        worth_table("streams", "stream", known, "one stream"),
        topics.table("on_streams", "Your streams", yours, known),
    ]
