"""What the PrecisionLab shows, read from top to bottom like its picture. No values, only cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..given import draws_of
from ..known_models import marks
from ..vocabulary import Action, Choice, Group, Page, Slider
from .cells import formulas, solves
from .plots import plots
from .runs import run_formulas, run_plots
from .tables import tables

NUMBER_TYPES = {"table2_integer": "integer", "floating_point_weights": "floating-point weights"}
SETTINGS = {
    "W4A4": "weights and activations",
    "W4A16": "weights",
    "W16A4": "activations",
    "W4A4_FC2_8bit": "both, input of FC2 in 8 bits",
    "W16A4_FC2_8bit": "activations, input of FC2 in 8 bits",
}
ASKS = ("dataset",)
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


@dataclass(frozen=True)
class Shown:
    """What a page is made of."""

    constants: Mapping[str, float]
    """Kumar et al.'s constants whose place those of a given law take."""
    datasets: Mapping[str, str]
    drawn: Sequence[str]
    """Cells of constants of which there are draws."""
    runs: bool
    """Whether there are runs to hold the laws to."""


def precision_page(shown: Shown) -> Page:
    return Page(
        title="Precision lab",
        teaches="How few bits are best: three published laws laid over each other, and they "
        "disagree.",
        source="arXiv:2411.04330 (integer), arXiv:2501.02423 (floating point), arXiv:2505.14302 "
        "(QAT)",
        groups=groups(shown.datasets),
        formulas=formulas(shown.constants) | (run_formulas() if shown.runs else {}),
        solves=solves(),
        draws=[draws_of(cell) for cell in shown.drawn],
        plots=[*plots(shown.drawn), *(run_plots() if shown.runs else [])],
        tables=tables(shown.drawn),
        asks=ASKS,
        notes=NOTES,
    )


# --- controls ---------------------------------------------------------------------------------


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
