"""What the DownstreamLab shows of both steps from tokens to a score. No values, only cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..given import GIVEN
from ..vocabulary import (
    Action,
    Axis,
    Band,
    Bars,
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
from .figures import TARGETS
from .ladder import BAR_ROWS, CONSTANTS, DATASETS, FORMS, GADRE, ON, RUN_ROWS, TARGET_ROWS


def groups(tasks: Mapping[str, str]) -> list[Group]:
    kinds = {GIVEN: "your runs"} | dict.fromkeys(GADRE, "Gadre et al. 2024")
    sizes = {size: {"N": n, "D": d} for size, (n, d) in TARGETS.items()}
    return [
        Group(
            "Model and task",
            [
                Choice(
                    "task",
                    "Task",
                    tasks,
                    groups={t: kinds.get(t, "Task ladder, Bhagia et al. 2024") for t in tasks},
                    visible=ON,
                ),
                Choice("form", "From loss to score", FORMS, visible="on_given"),
                Slider("N", "Parameters N", (1e7, 1e13), "params", visible="on_models"),
                Slider("D", "Training tokens D", (1e8, 1e14), "tokens", visible=ON),
                *(
                    Action(f"The {size} model", at, visible="on_tasks")
                    for size, at in sizes.items()
                ),
                Choice(
                    "target",
                    "Errors of the prediction for",
                    {size: size for size in TARGETS},
                    visible="on_tasks",
                ),
            ],
        ),
        Group(
            "Runs",
            [
                Choice("dataset", "Hold the laws to runs", DATASETS, visible="on_published"),
                Choice(
                    "constants",
                    "Constants",
                    CONSTANTS,
                    help="fitted needs runs: both steps anew, in the kernel",
                    visible="on_published",
                ),
                Slider(
                    "largest",
                    "Fit models up to",
                    (1e7, 1e12),
                    "params",
                    help="larger runs are kept to see whether they are foretold",
                    visible="on_runs",
                ),
            ],
        ),
    ]


_Drawn = Band | Curve | Points | Marker


def _over_tokens(
    id: str, title: str, y: Axis, cell: str, runs: Sequence[Points], drawn: bool
) -> Plot:
    what = cell.removeprefix("task_")
    marks: list[_Drawn] = [
        *([Band("D", cell, "95 %", "law")] if drawn else []),
        Curve("D", cell, "law at your N", "law"),
        *runs,
        Points(
            *(TARGET_ROWS, "row_D", f"row_{what}", "7B and 13B, measured", "inference"),
            weight="row_near",
            names="target_names",
            visible="on_tasks",
        ),
        Marker("D", cell, "yours", "hand", drag="D"),
    ]
    return Plot(id, title, Axis("training tokens D", holds=["first_D"]), y, marks, visible=ON)


def _runs(x: tuple[str, str], y: tuple[str, str], weight: str | None = None) -> list[Points]:
    """Runs that a fit may see, and larger ones."""
    told = (("runs", "runs"), ("larger runs", "precision"))
    return [
        Points(RUN_ROWS, *at, *label_color, weight=weight, names="runs_name")
        for at, label_color in zip(zip(x, y, strict=True), told, strict=True)
    ]


def plots(with_runs: bool, drawn: bool) -> list[Plot]:
    loss = "loss (task ladder: bits/byte; Gadre: nats/token)"
    losses = ("run_seen_loss", "run_kept_loss")
    scores = ("run_seen", "run_kept")
    tokens = ("run_D", "run_D")
    score = Axis("score (fraction right)", "linear", format=".0%", holds=["first_accuracy"])

    def runs(x: tuple[str, str], y: tuple[str, str], weight: str | None = None) -> list[Points]:
        return _runs(x, y, weight) if with_runs else []

    second: list[_Drawn] = [
        *([Band("axis_L", "accuracy_over", "95 %", "law")] if drawn else []),
        Curve("axis_L", "accuracy_over", "law", "law"),
        *runs(losses, scores),
        Points(
            *(TARGET_ROWS, "row_loss", "row_accuracy", "7B and 13B, measured", "inference"),
            names="target_names",
            visible="on_tasks",
        ),
        Marker("task_loss", "accuracy", "yours", "hand"),
    ]
    return [
        _over_tokens(
            "first",
            "Step 1: the loss of the task",
            Axis(loss, "linear", format=".2f", holds=["first_loss"]),
            "task_loss",
            runs(tokens, losses, "run_near"),
            drawn,
        ),
        Plot(
            "second",
            "Step 2: from the loss to the score",
            Axis(loss, "linear", format=".2f", holds=["first_loss"]),
            score,
            second,
            visible=ON,
        ),
        _over_tokens(
            "chained",
            "Both steps: the score",
            score,
            "accuracy",
            runs(tokens, scores, "run_near"),
            drawn,
        ),
        Plot(
            "errors",
            "Where the printed prediction went wrong, task by task",
            Axis("predicted less measured score", "linear", format="+.0%", holds=["zero"]),
            Axis("", "linear", names="task_names", format=".0f"),
            [
                Rule("x", "zero", ""),
                Bars(BAR_ROWS, "zero", "bar_one", "bar_one_at", "by step 1", "law", "zero"),
                Bars(BAR_ROWS, "zero", "bar_two", "bar_two_at", "by step 2", "inference", "zero"),
                Points(BAR_ROWS, "bar_both", "bar_row", "together", "hand", radius=4.5),
            ],
            visible="on_tasks",
        ),
    ]


def tables(drawn: bool) -> list[Table]:
    def row(what: str, cell: str, format: str, on: str = ON, interval: bool = False) -> Readout:
        return Readout(what, cell, format, interval=interval and drawn, visible=on)

    return [
        Table(
            "Your model",
            [
                row("Loss of the task", "task_loss", ".4f", interval=True),
                row("Score", "accuracy", ".1%", interval=True),
                row("Tokens per parameter", "ratio", ".3~r"),
            ],
        ),
        Table(
            "The target, predicted and measured",
            [
                row("Loss predicted", "foretold_loss", ".4f", "on_tasks", True),
                row("Loss measured", "target_loss", ".4f", "on_tasks"),
                row("Score predicted", "foretold_accuracy", ".1%", "on_tasks", True),
                row("Score measured", "target_accuracy", ".1%", "on_tasks"),
            ],
        ),
        Table(
            "Its error",
            [
                row("by step 1, the loss", "error_one", "+.1%", "on_tasks", True),
                row("by step 2, the score", "error_two", "+.1%", "on_tasks", True),
                row("together, in points", "error_both", "+.1%", "on_tasks", True),
                row("relative to the score", "error_relative", "+.1%", "on_tasks", True),
            ],
        ),
    ]
