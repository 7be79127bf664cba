"""What the Explorer shows, read from top to bottom like its picture. No values, only cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...fitting.objective import KINDS
from ...lawbook import Law
from ...lawbook.precision import SERVED
from ..given import draws_of
from ..known_models import marks
from ..vocabulary import (
    Action,
    Axis,
    Band,
    Choice,
    Curve,
    Group,
    Link,
    Marker,
    Page,
    Plot,
    Points,
    Readout,
    Rule,
    Slider,
    Table,
    Toggle,
)
from .cells import RUN_ROWS, STRATEGIES, formulas, losses, refit, solves


def explorer_page(
    law: Law, free: Sequence[str], datasets: Mapping[str, str], laws: Mapping[str, str]
) -> Page:
    """The page for one law; ``free`` are the constants that are fitted, the rest is held."""
    plain, precise = losses(law)
    return Page(
        title="Scaling law explorer",
        teaches=law.teaches,
        source=law.source,
        groups=[
            *_size_and_data(),
            _precision(),
            _law_and_runs(law, datasets, laws),
            _constants(law, free),
        ],
        links=[Link("C", 6.0, "N", "D", "hold")],
        formulas=formulas(law, free, plain, precise),
        solves=solves(plain, precise),
        refit=refit(free, plain),
        draws=[draws_of(name, positive=law.values[name] > 0) for name in free],
        plots=[_loss_plot(), _frontier_plot(), _residual_plot()],
        tables=_tables(),
        asks=ASKS,
    )


ASKS = (
    "dataset",
    "law_name",
    "constants",
    "objective",
    "delta",
    "excluded",
    "steer",
    "held",
    "wheel",
)


# --- controls ---------------------------------------------------------------------------------


def _size_and_data() -> list[Group]:
    return [
        Group(
            "Model, data, compute",
            [
                Slider("N", "Parameters N", (1e6, 1e13), "params", marks=marks("N")),
                Slider("D", "Training tokens D", (1e8, 1e15), "tokens", marks=marks("D")),
                Slider("C", "Training compute C", (1e16, 1e28), "FLOP", marks=marks("C")),
                Slider(
                    "inference_tokens",
                    "Lifetime inference tokens",
                    (1e9, 1e16),
                    "tokens",
                    help="served over the model's life, input and output; 2N FLOP each",
                ),
            ],
        )
    ]


def _precision() -> Group:
    def bits(cell: str, label: str, lowest: float) -> Slider:
        return Slider(cell, label, (lowest, 16.0), "bits", scale="linear", step=0.5, format=".3g")

    return Group(
        "Precision",
        [
            bits("P_w", "Weights", 3.0),
            bits("P_a", "Activations", 4.0),
            bits("P_kv", "KV cache", 3.0),
            bits(SERVED, "Weights as served", 3.0),
        ],
    )


def _law_and_runs(law: Law, datasets: Mapping[str, str], laws: Mapping[str, str]) -> Group:
    sets = {"fit": "fitted to the runs"} | {
        name: f"{name}, {one.where}" if one.where else name for name, one in law.sets.items()
    }
    return Group(
        "Law and runs",
        [
            Choice("dataset", "Runs", datasets),
            Choice("law_name", "Law", laws),
            Choice("constants", "Constants", sets),
            Choice("objective", "Objective", KINDS),
            Slider("delta", "Huber's delta", (1e-8, 1.0), format=".2~g", visible="is_huber"),
            Action("Take all runs back", {"excluded": []}, visible="excluded"),
        ],
    )


def _constants(law: Law, free: Sequence[str]) -> Group:
    let_go = {f"held.{name}": False for name in free}
    return Group(
        "Constants",
        [
            Toggle("steer", "Take the wheel", help="constants become handles"),
            *(_handle(law, name) for name in free),
            Action(
                "Fit",
                {"steer": False, **let_go},
                visible="steer",
                help="let go of all constants and return to the optimum",
            ),
        ],
    )


def _handle(law: Law, name: str) -> Slider:
    """A constant under the hand; exponents are small numbers, amplitudes span decades."""
    value = law.values[name]
    exponent = not abs(value) >= 1.2
    return Slider(
        f"wheel.{name}",
        name,
        (0.01, 1.2) if exponent else (abs(value) / 100.0, abs(value) * 100.0),
        scale="linear" if exponent else "log",
        step=0.0005 if exponent else None,
        format=".4~g",
        handle={"held": f"held.{name}", "follows": name},
        visible="steer",
        help=law.symbols.get(name),
    )


# --- pictures and numbers ---------------------------------------------------------------------


def _loss_plot() -> Plot:
    return Plot(
        "loss",
        "Loss against model size at the chosen compute",
        Axis("parameters N"),
        Axis("loss (nats/token)", "linear", format=".2f"),
        [
            Points(
                RUN_ROWS,
                "run_N",
                "run_loss",
                "runs (stronger: nearer to C)",
                excluded="excluded",
                weight="near",
                names="runs_name",
            ),
            Band("N", "loss_at_C", "95 % of bootstrap", "law", visible="banded"),
            Curve("N", "loss_at_C", "law at C, your bits", "law"),
            Marker("chinchilla_N", "chinchilla_loss", "Chinchilla", "chinchilla", "diamond"),
            Marker("inference_N", "inference_loss", "inference-aware", "inference", "triangle"),
            Marker("precision_N", "precision_loss", "precision-aware", "precision", "square"),
            Marker("N", "loss", "you", "hand", "circle", drag="N"),
        ],
        wide=True,
    )


def _frontier_plot() -> Plot:
    drawn: list[Band | Curve | Rule | Marker] = [Rule("x", "C", "C")]
    for key, label in STRATEGIES.items():
        # one entry a strategy in the legend: the title tells solid from dashed
        drawn += [
            Band("C", f"{key}_N", "", key, points=13, visible="banded"),
            Band("C", f"{key}_D", "", key, points=13, visible="banded"),
            Curve("C", f"{key}_N", label, key),
            Curve("C", f"{key}_D", "", key, dash="5 4"),
        ]
    return Plot(
        "frontier",
        "Optimal N (solid) and D (dashed) against compute",
        Axis("training compute C (FLOP)", domain=(1e17, 1e27)),
        Axis("N, D", domain=(1e7, 1e15)),
        drawn,
    )


def _residual_plot() -> Plot:
    return Plot(
        "residuals",
        "Residuals: log of measured over law",
        Axis("training compute C (FLOP)"),
        Axis("log residual", "linear", format="+.2f"),
        [
            Rule("y", "zero", ""),
            Points(RUN_ROWS, "run_C", "residual", "runs", excluded="excluded", names="runs_name"),
        ],
    )


def _tables() -> list[Table]:
    you = Table(
        "Your model",
        [
            Readout("Loss", "loss", ".4f", "nats/token", interval=True),
            Readout("Parameters N", "N"),
            Readout("Tokens D", "D"),
            Readout("Tokens per parameter", "tokens_per_parameter", ".3~r"),
            Readout("Training", "train_flops", unit="FLOP"),
            Readout("Inference", "inference_flops", unit="FLOP"),
        ],
    )
    return [you, *(_strategy_table(key, label) for key, label in STRATEGIES.items())]


def _strategy_table(key: str, label: str) -> Table:
    rows = [
        Readout("Loss", f"{key}_loss", ".4f", "nats/token", interval=True),
        Readout("Parameters N", f"{key}_N", interval=True),
        Readout("Tokens D", f"{key}_D", interval=True),
        Readout("Tokens per parameter", f"{key}_ratio", ".3~r", interval=True),
        Readout("Training", f"{key}_train", unit="FLOP"),
        Readout("Inference", f"{key}_inference", unit="FLOP"),
    ]
    if key == "precision":
        rows.append(Readout("Training bits", "precision_P", ".3g"))
    if key != "chinchilla":
        rows.append(
            Readout(
                "Saves",
                f"{key}_saving",
                ".1%",
                interval=True,
                help="of the FLOP of the 16-bit Chinchilla model of equal loss",
            )
        )
    return Table(label[0].upper() + label[1:], rows)
