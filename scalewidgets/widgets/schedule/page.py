"""What the ScheduleLab shows, read from top to bottom. No values, only cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...lawbook import Law
from ..vocabulary import (
    Action,
    Axis,
    Choice,
    Curve,
    Group,
    Marker,
    Page,
    Plot,
    Points,
    Readout,
    Rule,
    Sketch,
    Slider,
    Table,
    Toggle,
    Trace,
)
from .cells import BESIDE, LAWS, PIECES, SHAPES, formulas, items, models, series, slow_models

ASKS = ("model", "better", "measured", "constants", "fit_on")
POINT = ("peak", "steps", "warmup")
"""Asked of the kernel only while it looks for a better schedule: that is the one for this point.
Curves of the user's ask for the warm-up in any case."""
CONSTANTS = {"published": "as published", "fit": "fitted to these curves"}
BETTER = {"off": "off", "gradual": "gradual", "sudden": "sudden drops too"}
NOTES = [
    f"After warm-up a schedule is a staircase of {PIECES} equal steps. The loss after a smooth "
    "decay is within 0.001 nats of that over all optimiser steps (tests hold it to that).",
    "Multi-power law: constants of the authors' repository, fitted to runs at a peak of 3e-4 with "
    "2,160 steps of warm-up and at most 72,000 steps. At another peak it was never tested.",
    "The rise of warm-up counts in it as drops with a minus sign, as its constants need it.",
    "Annealing law: no constants of the authors were seen for these runs. They were refitted to "
    "three curves of Luo et al. at lam = 0.999; the catalogue says how well.",
    "Fitted: Huber loss with delta 1e-3 on log loss, as in both papers, from several starts to its "
    "optimum; lam stays 0.999. It takes a second or two. Luo et al. fitted the three curves that "
    "are on at first; their constants are not the optimum there, and predict the other six better.",
    "The multi-power law takes each drop at the rate after it, so sudden drops look better than "
    "steep ramps. 'Gradual' counts a drop as a ramp through all rates between: its optimum has the "
    "loss that Luo et al. print. With 'sudden drops too' the law is taken at its word; no run has "
    "shown that.",
    "The law of one break (loss deceleration) is another one, of runs of its own, and knows no "
    "schedule.",
]
_COLORS = {
    "yours": "hand",
    "constant": "muted",
    "cosine": "law",
    "linear": "law",
    "wsd": "inference",
    "sqrt": "inference",
    "best": "good",
}
_LABELS = {"yours": "yours", "best": "better", "constant": "constant rate"}
_LAW_NAMES = {"mpl": "multi-power law", "ann": "annealing law"}
_SETS = {"old": "as published", "new": "fitted"}
_HAND = "hand"


def schedule_page(
    given: Mapping[str, Law],
    measured: Mapping[str, str],
    curves: Mapping[str, str],
    asks: Sequence[str],
) -> Page:
    """``curves`` are those that can be fitted: their keys in ``fit_on``, and their names."""
    return Page(
        title="Schedule lab",
        teaches="Draw a learning rate: high rates make progress, and each drop pays back over the "
        "steps that follow it.",
        source="Multi-power law: Luo et al. 2503.12811; annealing law: Tissue et al. 2408.11029; "
        "1 - sqrt: Hägele et al. 2405.18392; loss deceleration: Mircea et al. 2506.05447 (arXiv)",
        notes=NOTES,
        groups=_groups(given, measured, curves),
        formulas=formulas(given),
        series=series(),
        items=items(),
        plots=[_rates(), *(_losses(role) for role in LAWS), _won(), _off(), _slowing()],
        tables=[
            *(_finals(role) for role in LAWS),
            *(_fit_table(role) for role in LAWS),
            _run_table(),
            _measured_table(),
            _slow_table(),
        ],
        asks=asks,
    )


def label(name: str) -> str:
    """A schedule as people call it."""
    return _LABELS.get(name) or SHAPES[name]


# --- controls ---------------------------------------------------------------------------------


def _groups(
    given: Mapping[str, Law], measured: Mapping[str, str], curves: Mapping[str, str]
) -> list[Group]:
    sizes = {name: "your law" if name == "yours" else name for name in models(given)}
    return [
        Group(
            "Your schedule",
            [
                Choice("shape", "Shape", SHAPES, help="or draw into the plot"),
                Slider("decay", "Decay, of all steps", (0.02, 0.9), "", "linear", 0.01, ".2f"),
                Slider("final", "Final rate, of the peak", (0.0, 0.5), "", "linear", 0.01, ".2f"),
                Action("Find me a better one", {"better": "gradual"}),
                Choice("better", "Better one", BETTER),
            ],
        ),
        Group(
            "Training",
            [
                Choice("model", "Model", sizes),
                Slider("peak", "Peak learning rate", (3e-5, 3e-3), format=".2~g"),
                Slider("steps", "Steps", (4000.0, 200_000.0)),
                Slider("warmup", "Warm-up", (100.0, 3500.0), "steps", "linear", 10.0, ".0f"),
            ],
        ),
        Group(
            "Constants",
            [
                Choice("constants", "Constants", CONSTANTS, help="a fit takes a second or two"),
                *(
                    Toggle(f"fit_on.{key}", f"fit {run}", visible="fitting")
                    for key, run in curves.items()
                ),
            ],
        ),
        Group("Beside it", [Toggle(f"beside.{name}", label(name)) for name in BESIDE]),
        Group("Measured", [Choice("measured", "Run", measured, help="downloaded once")]),
        Group(
            "More",
            [
                Toggle("slowing", "Loss deceleration"),
                Choice(
                    "slow_model",
                    "Its model",
                    {name: name.removeprefix("size_") for name in slow_models()},
                    visible="slowing",
                ),
            ],
        ),
    ]


# --- pictures ---------------------------------------------------------------------------------

_STEPS = Axis("optimiser steps", "linear", domain=(0.0, "whole"))


def _lines(cells: Mapping[str, str]) -> list[Curve]:
    """A curve for each schedule, that of the hand on top."""
    visible = {name: f"beside.{name}" for name in BESIDE} | {"best": "searching"}
    return [
        Curve("t", cell, label(name), _COLORS[name], _dash(name), visible.get(name))
        for name, cell in cells.items()
    ]


def _dash(name: str) -> str | None:
    return "6 4" if name in ("linear", "sqrt") else None


def _rates() -> Plot:
    return Plot(
        "rates",
        "Learning rate: draw here",
        _STEPS,
        Axis("times the peak", "linear", domain=(0.0, 1.06), format=".1f"),
        [
            Curve("t", "warm_share", "", "muted"),
            *_lines({name: f"rate_{name}" for name in BESIDE}),
            Trace("best_step", "best_share", label("best"), _COLORS["best"], "searching"),
            Trace("run_step", "run_share", "measured run", "runs", "run_steps"),
            Sketch(
                "height_yours",
                "rise",
                "steps",
                "drawn",
                (0.0, 1.0),
                label("yours"),
                sets={"shape": _HAND},
            ),
        ],
        wide=True,
    )


def _losses(role: str) -> Plot:
    names = ("constant", *BESIDE, "best", "yours")
    rows = {"run_at": "run_step", "run_loss": "run_loss"}
    return Plot(
        f"loss_{role}",
        f"Loss by the {_LAW_NAMES[role]}",
        _STEPS,
        Axis("loss, nats/token", "linear", format=".2f", holds=[f"{role}_yours", f"{role}_best"]),
        [
            Points(rows, "run_at", "run_loss", "measured run", radius=1.8, visible="run_steps"),
            Trace("run_step", f"run_{role}", "law on its schedule", "precision", "run_steps"),
            *_lines({name: f"{role}_{name}" for name in names}),
        ],
    )


def _won() -> Plot:
    names = (*BESIDE, "best", "yours")
    dashed = [
        Curve("t", f"ann_won_{name}", "", _COLORS[name], "2 4", visible)
        for name, visible in (("cosine", "beside.cosine"), ("yours", None))
    ]
    return Plot(
        "won",
        "What the shape wins over the constant rate (dotted: by the annealing law)",
        _STEPS,
        Axis("nats/token below the constant rate", "linear", format=".2f"),
        [
            Rule("y", "zero", label("constant")),
            *dashed,
            *_lines({name: f"mpl_won_{name}" for name in names}),
        ],
        wide=True,
    )


def _off() -> Plot:
    """Both laws with both sets of constants, on each curve that can be fitted."""
    rows = {"off_row": "off_rows"}
    marks = [
        Points(
            rows | {f"off_{role}_{what}": f"off_{role}_{what}s"},
            f"off_{role}_{what}",
            "off_row",
            f"{_LAW_NAMES[role]}, {_SETS[what]}",
            color,
            names="off_names",
            radius=radius,
        )
        for role, what, color, radius in (
            ("mpl", "old", "law", 3.0),
            ("mpl", "new", "precision", 4.5),
            ("ann", "old", "inference", 3.0),
            ("ann", "new", "runs", 4.5),
        )
    ]
    return Plot(
        "off",
        "How far the laws are from each curve",
        Axis("mean absolute error, nats/token", "linear", holds=["zero"], format=".3f"),
        Axis("", "linear", names="off_names", format=".0f"),
        marks,
        wide=True,
        visible="fitting",
    )


def _slowing() -> Plot:
    return Plot(
        "slowing",
        "Loss deceleration: one break in the loss curve",
        Axis("optimiser steps", domain=(100.0, 1e6)),
        Axis("loss, nats/token", format=".2f"),
        [
            Curve("n", "loss_after", "power law after the break", "muted", "6 4"),
            Curve("n", "loss_curve", "loss", "law", valid=(100.0, 557_000.0)),
            Marker("slow_t_d", "slow_L_d", "deceleration", "hand", "diamond"),
        ],
        wide=True,
        visible="slowing",
    )


# --- numbers ----------------------------------------------------------------------------------


def _finals(role: str) -> Table:
    names = ("yours", "constant", *BESIDE)
    rows = [Readout(_capital(label(name)), f"{role}_{name}", ".4f") for name in names]
    best = Readout("The better one", f"{role}_best", ".4f", visible="searching")
    below = Readout("Yours below cosine", f"{role}_below", ".4f")
    return Table(f"Final loss, {_LAW_NAMES[role]}", [*rows, best, below])


def _fit_table(role: str) -> Table:
    """Means over the curves that were fitted and over those held out, with both constants."""
    measures = (("fit_MAE", "Fitted curves: mean error"), ("held_MAE", "Held out: mean error"))
    rows = [
        Readout(f"{text}, {said}", f"{role}_{cell}_{what}", format, visible="fitting")
        for cell, text, format in (
            *((cell, text, ".4f") for cell, text in measures),
            ("held_R2", "Held out: R2", ".4f"),
        )
        for what, said in _SETS.items()
    ]
    return Table(f"{_capital(_LAW_NAMES[role])} on these curves", rows)


def _run_table() -> Table:
    return Table(
        "Your schedule",
        [
            Readout("Area under the rates", "area_whole", ".3~r"),
            Readout("Warm-up's part of it", "SW", ".3~r"),
            Readout("Peak over that of the runs", "peak_over", ".3~r"),
            Readout("Steps over the longest run", "steps_over", ".3~r"),
            Readout("Better: decay, share after warm-up", "best_decay", ".1%", visible="searching"),
            Readout("Better: power of its decay", "best_power", ".2f", visible="searching"),
        ],
    )


def _measured_table() -> Table:
    return Table(
        "Measured run",
        [
            Readout(_capital(text), f"run_{cell}", format, visible="run_steps")
            for text, cell, format in (
                ("Steps", "steps", "quantity"),
                ("last loss", "last", ".4f"),
                ("mean error, multi-power law", "error_mpl", ".4f"),
                ("mean error, annealing law", "error_ann", ".4f"),
            )
        ],
    )


def _slow_table() -> Table:
    return Table(
        "Loss deceleration",
        [
            Readout("Step of the break", "slow_t_d", visible="slowing"),
            Readout("Loss there", "slow_L_d", ".3f", visible="slowing"),
            Readout("Exponent afterwards", "slow_r_d", ".4f", visible="slowing"),
        ],
    )


def _capital(text: str) -> str:
    return text if text.startswith("WSD") else text[0].upper() + text[1:]


def measured_choices(runs: Sequence[str]) -> dict[str, str]:
    """The runs that can be shown, in the words of people."""
    return {run: run.replace("_", " ") for run in runs}
