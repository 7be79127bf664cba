"""Repeating: what is on the screen for the question how often to go over the same tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...allocation.surfaces import plain_surface, real_surface, with_repetition
from ...lawbook import Law
from ...lawbook import expression as ex
from ..given import draws_of_law
from ..law_cells import symbol
from ..solves import compute_optimal
from ..vocabulary import (
    Axis,
    Band,
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
    Solve,
    Table,
)

# A split of the compute to its name.
SPLITS = {"own": "yours", "best": "best with repeats", "new": "best were all tokens new"}
RUN_ROWS = {f"run_{name}": f"runs_{name}" for name in ("N", "D", "U", "loss")}
_COLORS = {"own": "hand", "best": "law", "new": "chinchilla"}
_SHAPES = {"own": "circle", "best": "square", "new": "diamond"}

ASKS = ("law_name", "dataset", "C", "unique_tokens")
NOTES = (
    "A law of Chinchilla's form takes the decay constants of Muennighoff et al. 2023, which is "
    "this library's step, not a published fit.",
    "Their form never says that repetition hurts: the runs in which it did were left out of the "
    "fit. On the 182 runs of that fit the published law predicts 7.6 % too little loss in the "
    "median, 12 % where nothing was repeated and 1 % beyond fifty epochs.",
)


@dataclass(frozen=True)
class Repeated:
    """What the page is made of."""

    law: Law
    laws: Mapping[str, str]
    datasets: Mapping[str, str]
    drawn: Sequence[str]
    """Constants of which there are draws."""
    runs: bool
    """Whether there are runs to hold the law to."""


def repeat_page(shown: Repeated) -> Page:
    held = [_residual_plot()] if shown.runs else []
    return Page(
        title="Data lab",
        teaches="Few tokens: a large model once over them, or a small one many times?",
        source=shown.law.source,
        groups=_groups(shown),
        formulas=formulas(shown.law),
        solves=solves(shown.law),
        draws=draws_of_law(shown.law, shown.drawn),
        plots=[_epochs_plot(shown), _worth_plot(), _plane(), *held],
        tables=_tables(bool(shown.drawn)),
        asks=ASKS,
        notes=NOTES,
    )


# --- cells ------------------------------------------------------------------------------------


def repeated_surface(law: Law) -> ex.Tree:
    """The loss over N, D and the cell ``unique_tokens``."""
    tree = real_surface(law, repeated=True, precision=False, served_bits=16.0)
    return _over_cells(law, tree)


def _over_cells(law: Law, tree: ex.Tree) -> ex.Tree:
    return ex.rename(tree, {**{n: symbol(n) for n in law.values}, "U": "unique_tokens"})


def effective_tokens(law: Law) -> ex.Tree:
    """What D tokens are worth in new ones, over the cell ``unique_tokens``.

    Raises
    ------
    ValueError
        For a law of its own words, which does not say so.
    """
    definitions = with_repetition(law).definitions
    if "D_eff" not in definitions:
        raise ValueError(
            f"DataLab: {law.id} does not define D_eff, what repeated tokens are worth; take "
            "muennighoff2023, or a law of the form E + A/N**alpha + B/D**beta"
        )
    return _over_cells(law, Law("D_eff", definitions=definitions).tree)


def _at(tree: ex.Tree, n: str, d: str) -> ex.Tree:
    return ex.substitute(tree, {"N": n, "D": d})


def formulas(law: Law) -> dict[str, ex.Tree | str]:
    """All formulas; ``law`` is a loss over N and D that knows or can be told repeated data."""
    world, plain = repeated_surface(law), _over_cells(law, plain_surface(law))
    worth = effective_tokens(law)
    found: dict[str, ex.Tree | str] = {
        "zero": 0.0,
        **{symbol(name): f"fit_{name}" for name in law.values},
        "own_D": "epochs*unique_tokens",
        "own_N": "C/(6*own_D)",
        "as_new": _at(plain, "own_N", "own_D"),
        "world_at": _at(world, "axis_N", "axis_D"),
        "plain_at": _at(plain, "axis_N", "axis_D"),
        "budget_D": "C/(6*axis_N)",
        "value": ("/", ex.substitute(worth, {"D": "own_D"}), "own_D"),
        "last_value": ex.substitute(ex.derivative(worth, "D"), {"D": "own_D"}),
        "best_value": "best_worth/best_D",
        "run_epochs": "run_D/run_U",
        "residual": (
            "log",
            ("/", "run_loss", ex.rename(_at(world, "run_N", "run_D"), {"unique_tokens": "run_U"})),
        ),
    }
    for axis in ("N", "D"):
        found |= {f"low_{axis}": f"best_{axis}/20", f"high_{axis}": f"20*best_{axis}"}
    for key in SPLITS:
        n, d = f"{key}_N", f"{key}_D"
        found |= {
            f"{key}_loss": _at(world, n, d),
            f"{key}_epochs": f"{d}/unique_tokens",
            f"{key}_ratio": f"{d}/{n}",
            f"{key}_worth": ex.substitute(worth, {"D": d}),
        }
    return found


def solves(law: Law) -> list[Solve]:
    """Best splits of the compute: as the law says, and as it would say were all tokens new."""
    trees = {"best": repeated_surface(law), "new": _over_cells(law, plain_surface(law))}
    return [compute_optimal([f"{key}_N", f"{key}_D"], tree, "C") for key, tree in trees.items()]


# --- controls ---------------------------------------------------------------------------------


def _groups(shown: Repeated) -> list[Group]:
    return [
        Group(
            "Compute and data",
            [
                Choice("law_name", "Law", shown.laws),
                Slider("C", "Training compute C", (1e18, 1e27), "FLOP"),
                Slider("unique_tokens", "Unique tokens", (1e8, 1e14), "tokens"),
                Slider(
                    "epochs",
                    "Epochs over them",
                    (0.1, 1000.0),
                    format=".3~g",
                    help="the compute fixes the parameters: N = C/(6D); or drag the dot",
                ),
                Choice("dataset", "Hold the law to runs", shown.datasets),
            ],
        )
    ]


# --- pictures ---------------------------------------------------------------------------------


def _epochs_plot(shown: Repeated) -> Plot:
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
    )


# --- numbers ----------------------------------------------------------------------------------


def _tables(drawn: bool) -> list[Table]:
    """Each split of the compute, with intervals where constants are ``drawn``."""

    def table(key: str, label: str) -> Table:
        def row(what: str, cell: str, format: str = "quantity") -> Readout:
            interval = drawn and (key != "own" or cell == "loss")
            return Readout(what, f"{key}_{cell}", format, None, interval)

        rows = [
            row("Epochs", "epochs", ".3~r"),
            row("Parameters N", "N"),
            row("Tokens D", "D"),
            row("worth in new tokens", "worth"),
            row("Tokens per parameter", "ratio", ".3~r"),
            row("Loss", "loss", ".4f"),
        ]
        return Table(label[0].upper() + label[1:], rows)

    return [table(key, label) for key, label in SPLITS.items()]
