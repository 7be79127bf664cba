"""The PrecisionLab's pictures. No values, only cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...lawbook import closed_form as published
from ..vocabulary import Axis, Band, Curve, Marker, Plot, Points, Rule
from .cells import CHEN, KUMAR, SUN, bits_drawn

_INTEGER, _FLOAT, _QAT = "law", "second", "third"
_BAND_POINTS = 24  # some need an optimum a point and draw
_BITS = Axis("bits", "linear", domain=(2.5, 16.0), format=".3~g")
_FEW_BITS = Axis("bits", "linear", domain=(2.5, 12.0), format=".3~g")
_TOKENS = Axis("training tokens D", domain=(1e9, 1e18))


def plots(drawn: Sequence[str]) -> list[Plot]:
    """``drawn``: cells of constants of which there are draws, for bands."""
    bands = {
        "tokens": [_band("axis_D", "full_by_D", "muted"), _band("axis_D", "post_by_D")],
        "memory": [_band("axis_P", "post_memory", "chinchilla")],
        "critical": [_band("axis_P", "post_crit_at")],
        "even": [_band("axis_P", "post_even_at", "chinchilla")],
    }
    if bits_drawn(drawn):
        bands |= {"share": [_band("axis_P", "kumar_share_at")]}
        bands |= {"cost": [_band("axis_P", "kumar_cost")]}
    found = [
        _share_plot(),
        _tokens_plot(),
        _cost_plot(),
        _memory_plot(),
        _critical_plot(),
        _even_plot(),
    ]
    if not drawn:
        return found
    return [replace(plot, marks=[*bands.get(plot.id, []), *plot.marks]) for plot in found]


def _band(x: str, y: str, color: str = _INTEGER) -> Band:
    return Band(x, y, "95 %", color, points=_BAND_POINTS)


def _valid(bits: str) -> tuple[float, float]:
    """The bits of the runs behind Kumar et al.'s laws, or (P) behind Sun et al.'s."""
    return published(f"{SUN if bits == 'P' else KUMAR}.N_eff").valid[bits]


def _share_plot() -> Plot:
    rows = {"measured_P": "measured_bits", "measured_share": "measured_shares"}
    return Plot(
        "share",
        "What a model is worth: effective over real parameters",
        _BITS,
        Axis("share of N", "linear", domain=(0.0, 1.1), format=".0%"),
        [
            Curve("axis_P", "kumar_share_at", "integer, all parts", _INTEGER, valid=_valid("P_a")),
            Curve(
                "axis_P",
                "weights_table2_integer",
                "integer, weights",
                "chinchilla",
                valid=_valid("P_w"),
            ),
            Curve("axis_P", "weights_floating_point_weights", "float weights", "chinchilla", "4 3"),
            Curve("axis_P", "sun_share_at", "float, best layout", _FLOAT, valid=_valid("P")),
            Points(rows, "measured_P", "measured_share", "measured", names="measured_names"),
            Marker("P", "kumar_share", "your integers", _INTEGER),
            Marker("layout_bits", "sun_share", "your layout", _FLOAT, "square"),
            Marker("qat_bits", "chen_share", "QAT", _QAT, "diamond"),
        ],
        wide=True,
    )


def _tokens_plot() -> Plot:
    kumar, sun, chen = (published(name).valid["D"] for name in (KUMAR, SUN, f"{CHEN}.loss"))
    return Plot(
        "tokens",
        "Does more training hurt? Loss that endless tokens in 16 bits would remove",
        Axis("training tokens D", domain=(1e9, 1e16)),
        Axis("nats/token", domain=(1e-3, 3.0), format=".2~g"),
        [
            Curve("axis_D", "full_by_D", "16 bits", "muted", valid=kumar),
            Curve("axis_D", "post_by_D", "quantised afterwards", _INTEGER, valid=kumar),
            Curve("axis_D", "sun_by_D", "your layout in training", _FLOAT, valid=sun),
            Curve("axis_D", "chen_by_D", "QAT", _QAT, valid=chen),
            Marker("post_crit", "post_least", "afterwards: turns", _INTEGER),
            Marker("sun_crit", "sun_least", "layout: turns", _FLOAT, "square"),
            Marker("chen_crit", "chen_least", "QAT: turns", _QAT, "diamond"),
            Rule("x", "D", "your tokens", "hand"),
        ],
        wide=True,
    )


def _times(label: str) -> Axis:
    return Axis(label, domain=(0.25, 6.0), format=".2~g")


def _cost_plot() -> Plot:
    return Plot(
        "cost",
        "Equal cost: what the best N and D in so many bits are worth",
        _BITS,
        _times("times the compute, in 16 bits"),
        [
            Rule("y", "one", "16 bits"),
            Curve("axis_P", "kumar_cost", "integer, all parts", _INTEGER, valid=_valid("P_a")),
            Curve("axis_P", "sun_cost", "float, best layout", _FLOAT, valid=_valid("P")),
            Marker("kumar_best_P", "kumar_best", "best integer", _INTEGER),
            Marker("sun_best_P", "sun_best", "best float", _FLOAT, "square"),
            Marker("qat_bits", "chen_best", "QAT", _QAT, "diamond", visible="all_in_4"),
        ],
    )


def _memory_plot() -> Plot:
    return Plot(
        "memory",
        "Equal memory and tokens: what more parameters in fewer bits are worth",
        _BITS,
        _times("times the memory, in 16 bits"),
        [
            Rule("y", "one", "16 bits"),
            Curve(
                "axis_P",
                "kumar_memory",
                "integer weights in training",
                _INTEGER,
                valid=_valid("P_w"),
            ),
            Curve("axis_P", "post_memory", "integer weights afterwards", "chinchilla"),
            Curve("axis_P", "sun_memory", "float, best layout", _FLOAT, valid=_valid("P")),
            Marker("post_memory_P", "post_memory_best", "best afterwards", "chinchilla"),
            Marker("sun_memory_P", "sun_memory_best", "best float", _FLOAT, "square"),
            Marker("qat_bits", "chen_memory", "QAT", _QAT, "diamond", visible="weights_in_4"),
        ],
    )


def _even_plot() -> Plot:
    return Plot(
        "even",
        "Equal memory: below these tokens fewer bits beat 16",
        _FEW_BITS,
        _TOKENS,
        [
            Curve("axis_P", "post_even_at", "integer weights afterwards", "chinchilla"),
            Curve("axis_P", "sun_even_at", "float, best layout", _FLOAT),
            Marker("set_P_post", "post_even", "afterwards", "chinchilla", visible="few_post"),
            Marker("P", "sun_even", "float", _FLOAT, "square", visible="few"),
            Marker("qat_bits", "chen_even", "QAT", _QAT, "diamond", visible="weights_in_4"),
            Rule("y", "D", "your tokens", "hand"),
        ],
    )


def _critical_plot() -> Plot:
    return Plot(
        "critical",
        "Tokens beyond which more training hurts",
        _FEW_BITS,
        _TOKENS,
        [
            Curve("axis_P", "post_crit_at", "quantised afterwards", _INTEGER),
            Curve("axis_P", "sun_crit_at", "float in training, best layout", _FLOAT),
            Marker("set_P_post", "post_crit", "afterwards", _INTEGER),
            Marker("layout_bits", "sun_crit", "your layout", _FLOAT, "square"),
            Marker("qat_bits", "chen_crit", "QAT", _QAT, "diamond"),
            Rule("y", "D", "your tokens", "hand"),
        ],
    )
