"""What the HyperparameterLab shows, read from top to bottom. No values, only cells."""

from __future__ import annotations

from collections.abc import Mapping

from ...allocation.compute.hyperparameters import ADVICE
from ...lawbook import closed_form as published
from ..vocabulary import (
    Axis,
    Choice,
    Contours,
    Curve,
    Group,
    Marker,
    Page,
    Plot,
    Points,
    Readout,
    Rule,
    Slider,
    Table,
)
from .cells import AXES, COMPLETE, DECAY, PAPERS, QUANTITIES, advised, drawn, formulas, paper

ASKS = ("dataset",)
POINT = ("N", "D")
"""Asked of the kernel only while there are runs: the basin is the one nearest to it."""
_COLORS = {
    "li2025_step_law": "law",
    "bergsma2025_power_lines": "inference",
    "deepseek2024": "chinchilla",
    "porian2024": "precision",
    "minicpm2024": "muted",
    "kaplan2020": "hand",
}
_SHAPES = dict(zip(COMPLETE, ("circle", "square", "triangle", "cross"), strict=True))
_LABELS = {
    "N": "parameters N, at your D",
    "D": "training tokens D, at your N",
    "C": "training compute C, FLOP, at your tokens per parameter",
}
# Quantity to the title of its plots, the unit of its axis, and how it is written.
_PLOTS = {
    "lr": ("Peak learning rate", "peak learning rate", ".3~g"),
    "batch": ("Batch", "batch, tokens", "quantity"),
    "critical": ("Critical batch", "batch, tokens", "quantity"),
    "decay": ("Weight decay for rate and batch", "weight decay", ".3~g"),
}
_SIZES, _TOKENS, _BATCHES = (1e6, 1e12), (1e8, 1e14), (1e4, 1e9)
_BUDGETS = (6 * _SIZES[0] * _TOKENS[0], 6 * _SIZES[1] * _TOKENS[1])
_CRITICAL = "critical batch"
_DASHES = {"inside": None, "outside": "6 4", "anywhere": "1 4"}


def hyperparameter_page(datasets: Mapping[str, str], with_runs: bool) -> Page:
    return Page(
        title="Hyperparameter lab",
        teaches="Laws of learning rate and batch agree less than their fits suggest: each belongs "
        "to one laboratory's data, optimiser and schedule.",
        source="Step Law 2503.04715, Power Lines 2505.13738, DeepSeek 2401.02954, Porian et al. "
        "2406.19146, MiniCPM 2404.06395, Kaplan et al. 2001.08361 (arXiv)",
        notes=_notes(),
        groups=[_point_group(), _run_group(), _runs_group(datasets)],
        formulas=formulas(),
        plots=[
            _strip(),
            *(_curves(slot, axis) for axis in AXES for slot in _PLOTS),
            _trade(),
            *([_basin()] if with_runs else []),
        ],
        tables=[
            *(_advice_table(quantity) for quantity in QUANTITIES),
            _run_table(),
            _beyond_table(),
            *([_basin_table()] if with_runs else []),
        ],
        asks=(*ASKS, *POINT) if with_runs else ASKS,
    )


def _notes() -> list[str]:
    return [
        "Curves are dashed outside of the runs of their paper, and dotted where these are not "
        "known.",
        *(f"{PAPERS[name]}: {note}" for name, note in _noted()),
        *(
            f"{PAPERS[name]}: constants of the {what} are {status}."
            for name, what, status in _doubts()
        ),
        "Bjorck et al. 2024 are left out: the unit of their coefficient is not known.",
        "Decades beyond the runs count the laws of rate and batch whose runs are known.",
        "At the critical batch tokens and steps are both twice their least.",
        "Weight decay is that of Power Lines, at the rate and batch of each law.",
        f"Weight decay: {DECAY.symbols['eta']}; the laws' own rates are put in as they are.",
        "A usual weight decay is 0.1 (Brown et al. 2020, Appendix B).",
        "The loss is predicted by Besiroglu et al. 2024, on another corpus than the laws had, "
        "until a hand holds it.",
        "C = 6ND. DeepSeek counts attention too, without embeddings.",
    ]


def _noted() -> list[tuple[str, str]]:
    """Papers with what is to be said of them."""
    return sorted({(paper(one.law), one.note) for one in ADVICE if one.note})


def _doubts() -> list[tuple[str, str, str]]:
    """Laws whose constants nobody has seen in their paper: paper, quantity, status."""
    laws = [(one, published(one.law).status) for one in ADVICE]
    return [(paper(one.law), one.quantity, told) for one, told in laws if "recalled" in told]


# --- controls ---------------------------------------------------------------------------------


def _point_group() -> Group:
    return Group(
        "Your point",
        [
            Slider("N", "Parameters N", _SIZES, "params"),
            Slider("D", "Training tokens D", _TOKENS, "tokens"),
            _handle("loss", "Loss", (1.5, 6.0), "nats/token", "predicted_loss", scale="linear"),
            Choice("along", "Along", {axis: axis for axis in AXES}),
        ],
    )


def _run_group() -> Group:
    return Group(
        "Your run",
        [
            Choice("follow", "Follow", {name: PAPERS[name] for name in COMPLETE}),
            _handle("lr", "Peak learning rate", (1e-6, 1e-1), "", "lr_followed", format=".2~g"),
            _handle("batch", "Batch", _BATCHES, "tokens", "batch_followed", format="quantity"),
        ],
    )


def _handle(
    slot: str,
    label: str,
    domain: tuple[float, float],
    unit: str,
    follows: str,
    scale: str = "log",
    format: str = ".3~g",
) -> Slider:
    handle = {"held": f"held.{slot}", "follows": follows}
    return Slider(
        f"wheel.{slot}",
        label,
        domain,
        unit,
        scale,
        0.001 if scale == "linear" else None,
        format,
        handle=handle,
    )


def _runs_group(datasets: Mapping[str, str]) -> Group:
    return Group("Runs", [Choice("dataset", "Loss basin of", datasets, help="downloaded once")])


# --- pictures ---------------------------------------------------------------------------------


def _strip() -> Plot:
    colors = {"lr": "law", "batch": "inference", "critical": "precision"}
    return Plot(
        "strip",
        "How far apart the laws are at your point",
        Axis("times their geometric mean", format=".3~g"),
        Axis("", "linear", names="papers", format=".0f"),
        [
            Rule("x", "one", "mean"),
            *(
                Points(
                    {"row": "rows"},
                    f"{slot}_over_mean",
                    "row",
                    quantity,
                    colors[slot],
                    names="papers",
                    radius=5.0,
                )
                for quantity, slot in QUANTITIES.items()
            ),
        ],
        wide=True,
    )


def _curves(slot: str, axis: str) -> Plot:
    """What each law says along N, D or C."""
    title, label, format = _PLOTS[slot]
    by_slot = {of: advised(quantity) for quantity, of in QUANTITIES.items()}
    marks: list[Curve | Marker | Rule] = []
    for name in by_slot.get(slot, COMPLETE):
        for part, cell in drawn(slot, name).items():
            told = "" if part == "outside" or slot == "critical" else PAPERS[name]
            marks.append(Curve(axis, cell, told, _COLORS[name], _DASHES[part]))
    if slot == "decay":
        marks.append(Rule("y", "usual_decay", "0.1"))
    if slot != "critical":
        drag = axis if axis != "C" else None
        marks.append(Marker(axis, f"{slot}_yours", "yours", "hand", "diamond", drag=drag))
    else:
        marks += [Marker(axis, f"{slot}_{n}", PAPERS[n], _COLORS[n]) for n in advised(_CRITICAL)]
    return Plot(
        f"{slot}_{axis}",
        title,
        Axis(_LABELS[axis], domain=_BUDGETS if axis == "C" else None),
        Axis(label, format=format),
        marks,
        visible=f"on_{axis}",
    )


def _trade() -> Plot:
    marks: list[Curve | Marker | Rule] = []
    for name in advised(_CRITICAL):
        label, color = PAPERS[name], _COLORS[name]
        marks += [
            Curve("batch_yours", f"tokens_{name}", f"tokens, {label}", color),
            Curve("batch_yours", f"steps_{name}", f"steps, {label}", color, "2 3"),
        ]
    lines = "bergsma2025_power_lines"
    marks += [
        Marker("batch_yours", f"tokens_{lines}", "your tokens", "inference", "circle"),
        Marker("batch_yours", f"steps_{lines}", "your steps", "inference", "square"),
    ]
    return Plot(
        "trade",
        "What a batch costs: tokens (compute) against steps (time)",
        Axis("batch, tokens", domain=_BATCHES),
        Axis("times the least that the loss takes", domain=(1.0, 100.0), format=".3~g"),
        marks,
        wide=True,
    )


def _basin() -> Plot:
    rows = {"run_lr": "basin_lr", "run_batch": "basin_batch", "run_near": "basin_near"}
    with_batch = [name for name in advised("batch") if name not in COMPLETE]
    return Plot(
        "basin",
        "Loss above the best run of the nearest N and D",
        Axis("peak learning rate", format=".3~g"),
        Axis("batch, tokens"),
        [
            Contours(
                *("grid_lr", "grid_batch", "grid_excess", "levels", "equal loss", "muted"),
                grid=True,
                format=".2~%",
            ),
            Points(
                rows, "run_lr", "run_batch", "runs", weight="run_near", names="basin_name", radius=3
            ),
            Marker("best_lr", "best_batch", "best run", "good", "diamond"),
            *(
                Marker(f"at_lr_{n}", f"at_batch_{n}", PAPERS[n], _COLORS[n], _SHAPES[n])
                for n in COMPLETE
            ),
            *(Rule("y", f"at_batch_{n}", PAPERS[n], _COLORS[n]) for n in with_batch),
        ],
        wide=True,
    )


# --- numbers ----------------------------------------------------------------------------------


def _advice_table(quantity: str) -> Table:
    slot = QUANTITIES[quantity]
    format, unit = (".3~g", None) if slot == "lr" else ("quantity", "tokens")
    rows = [Readout(PAPERS[n], f"{slot}_{n}", format, unit) for n in advised(quantity)]
    spread = Readout("Largest over smallest", f"{slot}_spread", ".3~r")
    return Table(quantity[0].upper() + quantity[1:], [*rows, spread])


def _run_table() -> Table:
    lines = "bergsma2025_power_lines"
    over = [
        Readout(f"Batch over critical, {PAPERS[n]}", f"over_critical_{n}", ".3~r")
        for n in advised(_CRITICAL)
    ]
    return Table(
        "Your run",
        [
            Readout("Compute C", "C", unit="FLOP"),
            Readout("Tokens per parameter", "ratio", ".3~r"),
            Readout("Peak learning rate", "lr_yours", ".3~g"),
            Readout("Batch", "batch_yours", unit="tokens"),
            Readout("Weight decay, Power Lines", "decay_yours", ".3~g"),
            *over,
            Readout("Tokens it takes, Power Lines", "needed_tokens", unit="tokens"),
            Readout("Tokens over the least", f"tokens_{lines}", ".3~r"),
            Readout("Steps it takes, Power Lines", "needed_steps"),
            Readout("Steps over the least", f"steps_{lines}", ".3~r"),
        ],
    )


def _beyond_table() -> Table:
    known = [n for n in PAPERS if f"beyond_{n}" in formulas()]
    return Table(
        "Decades beyond the runs",
        [Readout(PAPERS[n], f"beyond_{n}", ".2~f") for n in known],
    )


def _basin_table() -> Table:
    return Table(
        "Loss above the best run",
        [
            Readout("N of the runs", "nearest_N", unit="params"),
            Readout("D of the runs", "nearest_D", unit="tokens"),
            Readout("Best loss", "best_loss", ".4f"),
            *(Readout(PAPERS[n], f"at_excess_{n}", ".2%") for n in COMPLETE),
        ],
    )
