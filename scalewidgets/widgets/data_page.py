"""What the DataLab shows, read from top to bottom like its picture. No values, only cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..lawbook import Law
from .data_cells import RUN_ROWS, SPLITS, TOPICS, formulas, solves
from .data_facts import FIRST_SAMPLES, MIXING, MOST_SAMPLES, ONE_POOL, SMALLEST_POOL, domains, known
from .data_tables import filter_tables, mix_tables, split_tables
from .law_cells import symbol
from .vocabulary import (
    Action,
    Axis,
    Band,
    Bars,
    Choice,
    Contours,
    Curve,
    Group,
    Marker,
    Page,
    Plot,
    Points,
    Rule,
    Slider,
    Span,
)

ASKS = (
    *("topic", "law_name", "dataset", "C", "unique_tokens"),
    *("scored", "pool", "b_1", "tau_1", "b_2", "tau_2", "weights"),
)
_COLORS = {"own": "hand", "best": "law", "new": "chinchilla"}
_SHAPES = {"own": "circle", "best": "square", "new": "diamond"}
_DOMAIN_COLORS = ("law", "chinchilla", "inference", "precision", "muted")


@dataclass(frozen=True)
class Shown:
    """What a page is made of."""

    law: Law
    laws: Mapping[str, str]
    datasets: Mapping[str, str]
    drawn: Sequence[str]
    """Constants of which there are draws."""
    runs: bool
    """Whether there are runs to hold the law to."""


def data_page(shown: Shown) -> Page:
    law = shown.law
    repeating = [_epochs_plot(shown), _worth_plot(), _plane()]
    return Page(
        title="Data lab",
        teaches="Data run out, differ in quality and in kind: repeat them, filter them, mix them.",
        source="; ".join([law.source, known(ONE_POOL).source, known(MIXING).source]),
        groups=[
            Group("Question", [Choice("topic", "What is asked", TOPICS)]),
            _repeat_group(shown),
            _filter_group(),
            *_mix_groups(),
        ],
        items={symbol("j"): "later_epochs"},
        formulas=formulas(law),
        solves=solves(law),
        draws=[
            {
                "cell": symbol(name),
                "array": f"draws_{name}",
                "centre": f"centre_{name}",
                "positive": law.values[name] > 0,
            }
            for name in shown.drawn
        ],
        plots=[
            *repeating,
            *([_residual_plot()] if shown.runs else []),
            *(_error_plot(), _lead_plot()),
            *(_shares_plot(), _change_plot(), _which_plot()),
        ],
        tables=[*split_tables(bool(shown.drawn)), *filter_tables(), *mix_tables()],
        asks=ASKS,
        notes=[
            "Repeating: a law of Chinchilla's form takes the decay constants of Muennighoff et al. "
            "2023, which is this library's step, not a published fit. Their form never says that "
            "repetition hurts: the runs in which it did were left out of the fit. On the 182 runs "
            "of that fit the published law predicts 7.6 % too little loss in the median, 12 % "
            "where nothing was repeated and 1 % beyond fifty epochs.",
            "Filtering: exponents and half-lives of the paper's pools are in no public copy, so "
            "those here are yours. Error is 1 - accuracy; both pools have the same size.",
            "Mixing: 70M parameters, 30,000 steps, five groups of Pile domains; the loss is "
            "weighted by the validation set's shares, and no mixture is best for every set.",
        ],
    )


# --- controls ---------------------------------------------------------------------------------


def _repeat_group(shown: Shown) -> Group:
    on = "on_repeat"
    return Group(
        "Compute and data",
        [
            Choice("law_name", "Law", shown.laws, visible=on),
            Slider("C", "Training compute C", (1e18, 1e27), "FLOP", visible=on),
            Slider("unique_tokens", "Unique tokens", (1e8, 1e14), "tokens", visible=on),
            Slider(
                "epochs",
                "Epochs over them",
                (0.1, 1000.0),
                format=".3~g",
                help="the compute fixes the parameters: N = C/(6D); or drag the dot in the plot",
                visible=on,
            ),
            Choice("dataset", "Hold the law to runs", shown.datasets, visible=on),
        ],
    )


def _filter_group() -> Group:
    on = "on_filter"

    def pool(which: int, what: str) -> list[Slider]:
        return [
            Slider(
                f"b_{which}",
                f"Utility exponent, {what}",
                (-0.5, -0.02),
                scale="linear",
                step=0.005,
                format=".3~f",
                help="lower: better data",
                visible=on,
            ),
            Slider(
                f"tau_{which}",
                f"Half-life, {what}",
                (0.5, 50.0),
                "epochs",
                format=".3~g",
                help="epochs over this pool alone after which a sample teaches half as much",
                visible=on,
            ),
        ]

    sets = known(ONE_POOL).sets
    return Group(
        "Two pools",
        [
            Choice("scored", "Scored by, error on", {n: _told(n) for n in sets}, visible=on),
            Slider("samples", "Samples seen", (FIRST_SAMPLES, MOST_SAMPLES), "samples", visible=on),
            Slider("pool", "Samples in each pool", (SMALLEST_POOL, 4e8), "samples", visible=on),
            *pool(1, "better pool"),
            *pool(2, "other pool"),
        ],
    )


def _told(name: str) -> str:
    score, benchmark = name.split("_")
    scores = {"tmars": "T-MARS", "clip": "CLIP score"}
    benchmarks = {"imagenet1k": "ImageNet", "18tasks": "mean of 18 tasks"}
    return f"{scores[score]}, {benchmarks[benchmark]}"


def _mix_groups() -> list[Group]:
    on = "on_mix"

    def amounts(trait: str, help: str) -> list[Slider]:
        return [
            Slider(
                f"{trait}.{name}",
                name,
                (0.0, 1.0),
                scale="linear",
                step=0.005,
                format=".3~f",
                help=help,
                visible=on,
            )
            for name in domains()
        ]

    weights = {f"shares.{n}": known(MIXING).values[f"s_{n}"] for n in domains()}
    equal = {f"shares.{name}": 1.0 / len(domains()) for name in domains()}
    return [
        Group(
            "Training mixture",
            [
                *amounts("shares", "an amount: the shares sum to 1 whatever you set"),
                Action("Equal shares", equal, visible=on),
                Action("As in the paper's validation set", weights, visible=on),
            ],
        ),
        Group("What counts in validation", amounts("weights", "an amount: weights sum to 1")),
    ]


# --- repeating --------------------------------------------------------------------------------


def _epochs_plot(shown: Shown) -> Plot:
    bands = [Band("epochs", "own_loss", "95 %", "law")] if shown.drawn else []
    return Plot(
        "epochs",
        "Loss at this compute against epochs: few and large, or many and small",
        Axis("epochs over the unique tokens", format=".5~g"),
        Axis("loss (nats/token)", "linear", format=".2f"),
        [
            *bands,
            Curve("epochs", "own_loss", "as repeated data are worth", "law"),
            Curve("epochs", "as_new", "were all tokens new", "chinchilla", dash="5 4"),
            Marker("best_epochs", "best_loss", "best", "law", "square"),
            Marker("new_epochs", "new_loss", "best were all new", "chinchilla", "diamond"),
            Marker("epochs", "own_loss", "yours", "hand", drag="epochs"),
        ],
        visible="on_repeat",
    )


def _worth_plot() -> Plot:
    return Plot(
        "worth",
        "What a token is worth, in new ones",
        Axis("epochs over the unique tokens", format=".5~g"),
        Axis("worth of a token", "linear", domain=(0.0, 1.05), format=".0%"),
        [
            Curve("epochs", "value", "mean over all epochs", "law"),
            Curve("epochs", "last_value", "of one more token", "inference"),
            Marker("best_epochs", "best_value", "best", "law", "square"),
            Marker("epochs", "value", "yours", "hand", drag="epochs"),
        ],
        visible="on_repeat",
    )


def _plane() -> Plot:
    return Plot(
        "plane",
        "Lines of equal loss with so many unique tokens, and the line of equal compute",
        Axis("parameters N", holds=["low_N", "high_N"]),
        Axis("training tokens D", holds=["low_D", "high_D"]),
        [
            Contours("axis_N", "axis_D", "world_at", "levels", "repeated", "law", format=".2f"),
            Contours("axis_N", "axis_D", "plain_at", "levels", "all new", "chinchilla", dash="3 4"),
            Curve("axis_N", "budget_D", "equal compute", "muted"),
            Rule("y", "unique_tokens", "unique tokens"),
            *(
                Marker(f"{key}_N", f"{key}_D", label, _COLORS[key], _SHAPES[key])
                for key, label in SPLITS.items()
            ),
        ],
        wide=True,
        visible="on_repeat",
    )


def _residual_plot() -> Plot:
    return Plot(
        "residuals",
        "Runs held to the law: log of measured over predicted loss",
        Axis("epochs over the unique tokens", format=".5~g"),
        Axis("log residual", "linear", format="+.3f"),
        [
            Rule("y", "zero", ""),
            Points(RUN_ROWS, "run_epochs", "residual", "runs", names="runs_name"),
        ],
        wide=True,
        visible="on_repeat",
    )


# --- filtering --------------------------------------------------------------------------------


def _error_plot() -> Plot:
    return Plot(
        "error",
        "Error against samples seen: strict filter, or twice the data",
        Axis("samples seen"),
        Axis("error (1 - accuracy)", "linear", format=".2f"),
        [
            Span("first_sample", "pool", "first epoch of the better pool"),
            Curve("samples", "rest_error", "other pool alone", "muted", dash="5 4"),
            Curve("samples", "loose_error", "both pools (looser filter)", "inference"),
            Curve("samples", "strict_error", "better pool alone (strict filter)", "law"),
            Rule("x", "crossing", "looser wins"),
            Marker("samples", "strict_error", "strict", "law", "square", drag="samples"),
            Marker("samples", "loose_error", "looser", "inference", "triangle", drag="samples"),
        ],
        visible="on_filter",
    )


def _lead_plot() -> Plot:
    return Plot(
        "lead",
        "What the looser filter saves in error",
        Axis("samples seen"),
        Axis("strict less looser", "linear", format="+.2f"),
        [
            Rule("y", "zero", ""),
            Rule("x", "crossing", "looser wins"),
            Curve("samples", "lead", "saved", "inference"),
            Marker("samples", "lead", "here", "hand", drag="samples"),
        ],
        visible="on_filter",
    )


# --- mixing -----------------------------------------------------------------------------------


def _shares_plot() -> Plot:
    rows = {"bar_row": "bar_rows"}
    return Plot(
        "shares",
        "Your mixture and the predicted best one",
        Axis("share of training", "linear", format=".0%", holds=["zero"]),
        Axis("", "linear", names="domain_names", format=".0f"),
        [
            Bars(rows, "zero", "row_share", "bar_row", "yours", "law", "zero"),
            Points(rows, "row_ideal", "bar_row", "predicted best", "inference", radius=5.0),
        ],
        visible="on_mix",
    )


def _change_plot() -> Plot:
    rows = {"bar_row": "bar_rows"}
    return Plot(
        "change",
        "What the best mixture would change",
        Axis("loss on the domain, best less yours", "linear", format="+.2f"),
        Axis("", "linear", names="domain_names", format=".0f"),
        [
            Rule("x", "zero", ""),
            Bars(rows, "zero", "row_change", "bar_row", "better to the left", "inference", "zero"),
        ],
        visible="on_mix",
    )


def _which_plot() -> Plot:
    colors = dict(zip(domains(), _DOMAIN_COLORS, strict=True))
    return Plot(
        "which",
        "Which domain should have more? The others shrink alike",
        Axis("share of the domain", "linear", domain=(0.0, 1.0), format=".0%"),
        Axis("weighted loss (nats/token)", "linear", format=".2f"),
        [
            *(Curve("axis_share", f"if_{n}", n, color) for n, color in colors.items()),
            Rule("y", "ideal_mix_loss", "predicted best", "inference"),
            *(Marker(f"r_{n}", "mix_loss", "", color) for n, color in colors.items()),
        ],
        wide=True,
        visible="on_mix",
    )
