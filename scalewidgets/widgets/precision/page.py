"""What the PrecisionLab shows, read from top to bottom like its picture. No values, only cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from ...lawbook import closed_form as published
from ..known_models import marks
from ..vocabulary import (
    Action,
    Axis,
    Band,
    Choice,
    Curve,
    Group,
    Marker,
    Plot,
    Points,
    Readout,
    Rule,
    Slider,
    Table,
)
from .cells import CHEN, KUMAR, SUN

NUMBER_TYPES = {"table2_integer": "integer", "floating_point_weights": "floating-point weights"}
SETTINGS = {
    "W4A4": "weights and activations",
    "W4A16": "weights",
    "W16A4": "activations",
    "W4A4_FC2_8bit": "both, input of FC2 in 8 bits",
    "W16A4_FC2_8bit": "activations, input of FC2 in 8 bits",
}
_INTEGER, _FLOAT, _QAT = "law", "second", "third"
_BAND_POINTS = 24  # some need an optimum a point and draw
_OF_SURFACE = {f"kumar_{name}" for name in ("E", "A", "alpha", "B", "beta")}
_OF_BITS = {"kumar_share", "post_added", "kumar_best_P", "kumar_memory_P"}
_BITS = Axis("bits", "linear", domain=(2.5, 16.0), format=".3~g")
_FEW_BITS = Axis("bits", "linear", domain=(2.5, 12.0), format=".3~g")
_TOKENS = Axis("training tokens D", domain=(1e9, 1e18))


class Measured(NamedTuple):
    """Parameters a model in few bits is worth, as fitted by its authors to their own runs."""

    bits: float
    share: float
    name: str


# QuEST: Panferov et al. 2025, arXiv:2502.05003, output printed in notebooks/plots.ipynb of their
# repository; Quartet: Castro et al. 2025, arXiv:2505.14669, likewise. Three digits of them.
MEASURED = (
    Measured(3.0, 0.433, "QuEST, weights and activations in INT3"),
    Measured(4.0, 0.692, "QuEST, weights and activations in INT4"),
    Measured(8.0, 1.016, "QuEST, weights and activations in INT8"),
    Measured(4.0, 0.630, "QuEST, weights and activations in FP4"),
    Measured(3.0, 0.653, "QuEST, weights in INT3"),
    Measured(4.0, 0.840, "QuEST, weights in INT4"),
    Measured(4.0, 0.645, "Quartet, forward pass in FP4"),
)

TEACHES = "How few bits are best: three published laws laid over each other, and they disagree."
SOURCE = "arXiv:2411.04330 (integer), arXiv:2501.02423 (floating point), arXiv:2505.14302 (QAT)"
NOTES = (
    "Each law was fitted to its own runs of at most 1.7B parameters: losses are compared with the "
    "law's own full precision, never with each other. Dashed is beyond its runs, in tokens or "
    "bits; how far N is beyond them no curve shows.",
    "Cost counts N*D*bits/16 (Kumar et al. 2024, Sec. 4.3; Sun et al. 2025): hardware that is not "
    "so much faster in few bits gains less.",
    "Kumar et al.'s term for quantising afterwards (GPTQ) is for models trained in 16 bits. Sun et "
    "al. and Chen et al. quantise in training, so their critical tokens are another quantity.",
    "Floating-point layouts have 1 + exponent + mantissa bits; between whole bits the law is read "
    "as continuous. Eb and Mb follow the best layout until a hand holds them.",
    "Equal memory counts the weights alone, with the tokens held. Best bits below 3 lie beyond all "
    "runs.",
    "Worth in 16 bits: how many times the compute, or the memory, a model of 16 bits would need to "
    "do as well. At 16 bits Kumar et al. count 99 % of the parameters as effective.",
    "Runs are drawn by what their bits added to the loss of the same N and D in 16 bits. The "
    "integer law takes weights and activations in these bits and the KV cache in 16, floating "
    "point its best layout; QAT is the setting chosen, for runs in 4 bits.",
    "No paper prints errors of its constants. Give the lab a fit of your own runs: bands and "
    "intervals are then of its constants, with Kumar et al.'s bits as they are.",
    "Grey points: parameter efficiencies that Panferov et al. 2025 (QuEST) and Castro et al. 2025 "
    "(Quartet) fitted to runs of their own.",
)


def groups(datasets: Mapping[str, str]) -> list[Group]:
    """``datasets``: names to labels of the runs that can be laid beside the laws."""
    held = Group("Runs", [Choice("dataset", "Hold the laws to runs", datasets)])
    return [_run_group(), _integer_group(), _float_group(), _qat_group(), held]


def _run_group() -> Group:
    return Group(
        "Run",
        [
            Slider("N", "Parameters N", (3e7, 1e12), "params", marks=marks("N")),
            Slider("D", "Training tokens D", (1e9, 1e15), "tokens", marks=marks("D")),
            _bits("P", "Bits", 4.0, help="of all that follows, until a hand holds it"),
        ],
    )


def _bits(cell: str, label: str, low: float, high: float = 16.0, help: str = "") -> Slider:
    handle = None if cell == "P" else {"held": f"held.{cell}", "follows": f"set_{cell}"}
    return Slider(
        cell,
        label,
        (low, high),
        "bits",
        scale="linear",
        step=0.5,
        format=".3~g",
        handle=handle,
        help=help or None,
    )


def _integer_group() -> Group:
    return Group(
        "Integer (Kumar et al. 2024)",
        [
            Choice("number_type", "Weights are", NUMBER_TYPES),
            _bits("P_w", "Weights in training", 3.0),
            _bits("P_a", "Activations in training", 4.0),
            _bits("P_kv", "KV cache in training", 4.0),
            _bits("P_post", "Weights quantised afterwards", 3.0, help="GPTQ; 16 for none"),
        ],
    )


def _float_group() -> Group:
    return Group(
        "Floating point (Sun et al. 2025)",
        [
            _bits("Eb", "Exponent bits", 0.0, 8.0),
            _bits("Mb", "Mantissa bits", 0.0, 10.0),
            Slider("Bk", "Block size", (16.0, 4096.0), "elements", help="that share a scale"),
            Action(
                "Let all bits go",
                {f"held.{n}": False for n in ("P_w", "P_a", "P_kv", "P_post", "Eb", "Mb")},
                help="they follow the one slider again",
                visible="some_held",
            ),
        ],
    )


def _qat_group() -> Group:
    return Group(
        "Quantisation-aware (Chen et al. 2025)", [Choice("setting", "In 4 bits", SETTINGS)]
    )


# --- pictures ---------------------------------------------------------------------------------


def plots(drawn: Sequence[str]) -> list[Plot]:
    """``drawn``: cells of constants of which there are draws, for bands."""
    bands = {
        "tokens": [_band("axis_D", "full_by_D", "muted"), _band("axis_D", "post_by_D")],
        "memory": [_band("axis_P", "post_memory", "chinchilla")],
        "critical": [_band("axis_P", "post_crit_at")],
        "even": [_band("axis_P", "post_even_at", "chinchilla")],
    }
    if _bits_drawn(drawn):
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


def _bits_drawn(drawn: Sequence[str]) -> bool:
    """Whether draws are of constants of the bits: without, an interval of what hangs on these
    alone would have no width, as if they were known exactly."""
    return not _OF_SURFACE.issuperset(drawn)


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


# --- numbers ----------------------------------------------------------------------------------


def tables(drawn: Sequence[str]) -> list[Table]:
    """``drawn``: cells of constants of which there are draws, for intervals."""
    integer = _integer_table()
    if drawn:
        fixed = set() if _bits_drawn(drawn) else _OF_BITS
        rows = [replace(row, interval=row.cell not in fixed) for row in integer.rows]
        integer = Table(integer.label, rows)
    return [integer, _float_table(), _qat_table(), _apart_table()]


def _common(role: str, critical: str, when: str = "in training") -> list[Readout]:
    return [
        Readout("Effective share of N", f"{role}_share", ".1%"),
        Readout("Loss, quantised in training", f"{role}_loss", ".4f"),
        Readout("of it by the bits", f"{role}_added", "+.4f"),
        Readout(f"Tokens that hurt, quantised {when}", critical, help="more training is worse"),
    ]


def _integer_table() -> Table:
    return Table(
        "Integer",
        [
            *_common("kumar", "post_crit", "afterwards"),
            Readout("Loss added by quantising afterwards", "post_added", "+.4f"),
            Readout("Best bits at equal cost", "kumar_best_P", ".2f"),
            Readout("Best bits at equal memory, in training", "kumar_memory_P", ".2f"),
            Readout("Best bits at equal memory, afterwards", "post_memory_P", ".2f"),
            Readout("Tokens up to which they beat 16 there", "post_even", visible="few_post"),
        ],
    )


def _float_table() -> Table:
    return Table(
        "Floating point",
        [
            *_common("sun", "sun_crit"),
            Readout("Bits of your layout", "layout_bits", ".2f"),
            Readout("Best exponent bits at P", "best_Eb", ".2f"),
            Readout("Best bits at equal cost", "sun_best_P", ".2f"),
            Readout("Best bits at equal memory", "sun_memory_P", ".2f"),
            Readout("Tokens up to which P bits beat 16 there", "sun_even", visible="few"),
        ],
    )


def _qat_table() -> Table:
    return Table(
        "QAT in 4 bits",
        [
            *_common("chen", "chen_crit"),
            Readout("At equal cost worth in 16 bits", "chen_best", ".3~r", visible="all_in_4"),
            Readout(
                "At equal memory worth in 16 bits", "chen_memory", ".3~r", visible="weights_in_4"
            ),
            Readout(
                "Tokens up to which it beats 16 bits there", "chen_even", visible="weights_in_4"
            ),
            Readout(
                "Best share of tokens in QAT",
                "qat_fraction",
                ".0%",
                help="for the bits afterwards, weights only: Dremov et al. 2025, arXiv:2509.22935",
            ),
        ],
    )


def _apart_table() -> Table:
    return Table(
        "Floating point against integer, at the same bits",
        [
            Readout("Effective share: times", "apart_share", ".3~r"),
            Readout("Critical tokens: decades", "apart_crit", "+.2f"),
            Readout("Best bits at equal cost: apart", "apart_bits", "+.2f"),
            Readout("Best bits at equal memory: apart", "apart_memory", "+.2f"),
            Readout("Weights in memory", "memory", unit="bytes"),
            Readout("Training", "C", unit="FLOP of 16 bits"),
        ],
    )
