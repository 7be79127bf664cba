"""What the Planner shows, read from top to bottom like its picture. No values, only cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...lawbook import Law
from ..given import draws_of, draws_of_law
from ..known_models import marks
from ..law_cells import symbol
from ..vocabulary import (
    Axis,
    Bars,
    Choice,
    Contours,
    Copy,
    Curve,
    Group,
    Marker,
    Page,
    Plot,
    Points,
    Readout,
    Slider,
    Span,
    Table,
    Toggle,
)
from .cells import formulas, solves, strategies

ASKS = (
    *("law_name", "C", "inference_tokens", "limited", "unique_tokens", "choose_bits"),
    *("served_bits", "accelerator", "count", "price", "utilisation", "serving_utilisation"),
)
_SHAPES = {
    "chinchilla": "diamond",
    "inference": "triangle",
    "data": "cross",
    "precision": "square",
    "all": "circle",
}
_COLORS = {"data": "second", "all": "hand"}
# What the kernel plans with all concerns, by its name in a plan: it has draws as constants have.
DRAWN = {"all_N": "N", "all_D": "D", "all_P": "bits", "all_planned": "loss"}


@dataclass(frozen=True)
class Shown:
    """What a page is made of."""

    law: Law
    repeats: bool
    """Whether the law can tell what repeated data are worth."""
    drawn: Sequence[str]
    """Constants of which there are draws."""
    laws: Mapping[str, str]
    accelerators: Mapping[str, str]


def planner_page(shown: Shown) -> Page:
    law = shown.law
    return Page(
        title="Planner",
        teaches="One budget, several answers: what you serve, store and repeat decides.",
        source=law.source or None,
        groups=[_budget_group(shown), _world_group(shown), _cluster_group(shown), _export_group()],
        formulas=formulas(law, shown.repeats),
        solves=solves(law, shown.repeats),
        draws=[
            *draws_of_law(law, shown.drawn),
            *(draws_of(cell) for cell in (DRAWN if shown.drawn else ())),
        ],
        plots=[_plane(shown), _cost_plot(), _tornado()],
        tables=[
            _table(key, label, visible)
            for key, (label, visible) in strategies(shown.repeats).items()
        ],
        asks=ASKS,
    )


# --- controls ---------------------------------------------------------------------------------


def _budget_group(shown: Shown) -> Group:
    return Group(
        "Budget",
        [
            Choice("law_name", "Law", shown.laws),
            Slider("C", "Training compute C", (1e18, 1e28), "FLOP", marks=marks("C")),
        ],
    )


def _world_group(shown: Shown) -> Group:
    controls: list[Slider | Toggle] = [
        Slider(
            "inference_tokens",
            "Lifetime inference tokens",
            (1e8, 1e16),
            "tokens",
            help="served over the model's life, input and output; 2N FLOP each",
        ),
        Slider(
            "served_bits",
            "Weights as served",
            (3.0, 16.0),
            "bits",
            scale="linear",
            step=0.5,
            format=".3~g",
        ),
        Toggle("choose_bits", "Choose the bits in training", help="Kumar et al. 2024"),
    ]
    if shown.repeats:
        controls += [
            Toggle("limited", "Unique data are limited", help="Muennighoff et al. 2023"),
            Slider(
                "unique_tokens",
                "Unique tokens",
                (1e9, 1e15),
                "tokens",
                visible="limited",
            ),
        ]
    return Group("What the model is for", controls)


def _cluster_group(shown: Shown) -> Group:
    return Group(
        "Cluster",
        [
            Choice("accelerator", "Accelerator", shown.accelerators),
            Slider("count", "How many", (1.0, 1e6), "chips"),
            Slider("price", "Price", (0.1, 20.0), "$ a chip-hour", format=".3~g"),
            _share("utilisation", "Utilisation in training", "of the peak (MFU)"),
            _share(
                "serving_utilisation",
                "Utilisation in serving",
                "of the peak: near 0.5 for tokens read, 0.01 for tokens written (Sardana et al.)",
            ),
        ],
    )


def _share(cell: str, label: str, help: str) -> Slider:
    return Slider(cell, label, (0.005, 1.0), format=".3~g", help=help)


def _export_group() -> Group:
    return Group(
        "Take away",
        [
            # a page without Python has none of them when a hand has moved on
            Copy("Copy the plan as Markdown", "markdown", visible="plan_N"),
            Copy("Copy as Python", "code", visible="plan_N"),
            Copy(
                "Copy the lab's state",
                "state",
                help="Planner.from_state(...) restores it",
                visible="plan_N",
            ),
        ],
    )


# --- pictures ---------------------------------------------------------------------------------


def _plane(shown: Shown) -> Plot:
    found: list[Contours | Points | Marker] = [
        Contours("axis_N", "axis_D", "loss_at", "levels", "equal loss", "law", format=".2f"),
        Contours("axis_N", "axis_D", "cost_at", "costs", "equal cost", "muted", dash="3 3"),
        Points(
            {"model_N": "models_N", "model_D": "models_D"},
            "model_N",
            "model_D",
            "published models",
            names="models_name",
        ),
    ]
    if shown.drawn:
        rows = {symbol(name): f"draws_{name}" for name in shown.drawn}
        clouds = dict.fromkeys(strategies(shown.repeats), rows)
        clouds["all"] = {"all_N": "draws_all_N", "all_D": "draws_all_D"}
        found += [
            Points(
                clouds[key],
                f"{key}_N",
                f"{key}_D",
                "",
                color=_COLORS.get(key, key),
                radius=1.7,
                visible=visible,
            )
            for key, (_, visible) in strategies(shown.repeats).items()
        ]
    found += [
        Marker(f"{key}_N", f"{key}_D", label, _COLORS.get(key, key), _SHAPES[key], visible=visible)
        for key, (label, visible) in strategies(shown.repeats).items()
    ]
    return Plot(
        "plane",
        "Where each strategy puts its compute",
        Axis("parameters N"),
        Axis("training tokens D"),
        found,
        wide=True,
    )


def _cost_plot() -> Plot:
    return Plot(
        "cost",
        "Lifetime cost of a model as good as the Chinchilla one",
        Axis("parameters N", holds=["smaller", "larger"]),
        Axis("dearer than the best", "linear", domain=(0.0, 1.0), format=".0%"),
        [
            Span("flat_low", "flat_high", "within 1 %", "inference"),
            Curve("axis_N", "extra", "extra cost", "inference"),
            Marker("chinchilla_N", "chinchilla_extra", "Chinchilla", "chinchilla", "diamond"),
            Marker("inference_N", "nothing", "inference-aware", "inference", "triangle"),
        ],
        visible="is_served",
    )


def _tornado() -> Plot:
    rows = {"bar_low": "bars_low", "bar_high": "bars_high", "bar_row": "bars_row"}
    return Plot(
        "tornado",
        "Which assumption moves N most",
        Axis("parameters N of the plan"),
        Axis("", "linear", names="bars_name", format=".0f"),
        [
            Bars(rows, "bar_low", "bar_high", "bar_row", "lowered to raised", "law", "plan_N"),
        ],
    )


# --- numbers ----------------------------------------------------------------------------------


def _table(key: str, label: str, visible: str) -> Table:
    def row(what: str, cell: str, format: str = "quantity", unit: str | None = None) -> Readout:
        interval = cell in ("N", "D", "planned")
        return Readout(what, f"{key}_{cell}", format, unit, interval, visible)

    rows = [
        row("Parameters N", "N"),
        row("Tokens D", "D"),
        row("Tokens per parameter", "ratio", ".3~r"),
        row("Loss as planned", "planned", ".4f"),
        row("Loss as it turns out", "loss", ".4f"),
        row("Training", "train", unit="FLOP"),
        row("Serving", "serve", unit="FLOP"),
        row("Chip-hours of training", "hours"),
        row("Days of training", "days", ".3~r"),
        row("Training and serving", "dollars", unit="$"),
        row("Epochs", "epochs", ".3~r"),
    ]
    if key in ("precision", "all"):
        rows.append(row("Training bits", "P", ".3~g"))
    return Table(label[0].upper() + label[1:], rows)
