"""What the Challenge shows, read from top to bottom like its picture. No values, only cells."""

from __future__ import annotations

from ...challenge.rules import DEAREST, SMALLEST_D, SMALLEST_N
from ...fitting.objective import KINDS
from ...lawbook import expression as ex
from ..vocabulary import (
    Action,
    Axis,
    Choice,
    Contours,
    Copy,
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

ASKS = ("buy", "submitted", "excluded", "objective")
RUN_ROWS = {f"run_{name}": f"runs_{name}" for name in ("N", "D", "C", "loss")}
CONSTANTS = ("E", "A", "alpha", "B", "beta")


def challenge_page(title: str, brief: str) -> Page:
    """The page of a level."""
    return Page(
        title=f"Challenge: {title}",
        teaches=brief,
        groups=[_next_run(), _fit(), _prediction(), _hidden()],
        links=[Link("C", 6.0, "N", "D", "hold")],
        formulas=_formulas(),
        plots=[_plane(), _loss_plot(), _residual_plot()],
        tables=[_purse(), *_outcomes(), _constants()],
        asks=ASKS,
        notes=[
            "Predict the lowest loss that the hero run can reach, and the N for it. Half of the "
            "100 points are for the loss, halved for each 0.02 nats by which it is wrong; half "
            "are for N, halved for each factor of two.",
        ],
    )


# --- controls ---------------------------------------------------------------------------------


def _next_run() -> Group:
    return Group(
        "Next run",
        [
            Slider("N", "Parameters N", (SMALLEST_N, 1e11), "params"),
            Slider("D", "Training tokens D", (SMALLEST_D, 1e13), "tokens"),
            Slider("C", "Price 6ND", (1e16, DEAREST), "FLOP"),
            Action("Run it", {"buy": True}, visible="is_open", help="pays 6ND and trains"),
        ],
    )


def _fit() -> Group:
    return Group(
        "Your fit",
        [
            Choice("objective", "Objective", KINDS),
            Action("Take all runs back", {"excluded": []}, visible="excluded"),
            Copy("Copy the game as Python", "code", help="plays it again, for a teacher to run"),
        ],
    )


def _prediction() -> Group:
    return Group(
        "The hero run: your prediction",
        [
            Slider(
                "said.loss",
                "Loss",
                (1.4, 2.6),
                "nats/token",
                scale="linear",
                step=0.001,
                format=".3f",
                handle={"held": "held.loss", "follows": "fit_hero_loss"},
                help="follows your fit until you take hold of it",
                visible="is_open",
            ),
            Slider(
                "said.N",
                "Parameters N",
                (1e10, 1e13),
                "params",
                handle={"held": "held.N", "follows": "fit_hero_N"},
                visible="is_open",
            ),
            Action("Submit", {"submitted": True}, visible="is_open", help="ends the game"),
        ],
    )


def _hidden() -> Group:
    """Switches that only buttons turn; the front end knows a cell by its control."""
    return Group("", [Toggle(cell, "", visible="never") for cell in ("buy", "submitted")])


# --- formulas ---------------------------------------------------------------------------------


def _loss(n: str, d: str) -> str:
    return f"fit_E + fit_A/({n})**fit_alpha + fit_B/({d})**fit_beta"


def _formulas() -> dict[str, ex.Tree | str]:
    return {
        "never": 0.0,
        "zero": 0.0,
        "is_open": "1 - is_over",
        "ratio": "D/N",
        "left_after": "left - C",
        "loss_here": _loss("N", "D"),
        "loss_at_C": _loss("N", "C/(6*N)"),
        "residual": f"log(run_loss) - log({_loss('run_N', 'run_D')})",
        "near": "max(0.15, exp(-(log(run_C/C)*log(run_C/C))/0.5))",
        "cost_at": "6*axis_N*axis_D",
        # N = balance (C/6)^(beta/(alpha + beta)) (Hoffmann et al. 2022, Eq. 4), as D over N
        "balance": "(fit_alpha*fit_A/(fit_beta*fit_B))**(1/(fit_alpha + fit_beta))",
        "frontier_D": "(axis_N/balance)**((fit_alpha + fit_beta)/fit_beta)/axis_N",
        "you_loss": "where(held_loss > 0, said_loss, fit_hero_loss)",
        "you_N": "where(held_N > 0, said_N, fit_hero_N)",
        **{f"{who}_D": f"hero/(6*{who}_N)" for who in ("you", "truth", "designer")},
        **{f"{who}_ratio": f"{who}_D/{who}_N" for who in ("you", "truth", "designer")},
    }


# --- pictures ---------------------------------------------------------------------------------


def _runs(x: str, y: str, label: str = "runs", weight: str | None = None) -> Points:
    return Points(RUN_ROWS, x, y, label, excluded="excluded", names="runs_name", weight=weight)


def _plane() -> Plot:
    return Plot(
        "plane",
        "Your runs, and where the hero run is",
        Axis("parameters N", domain=(1e6, 1e12)),
        Axis("training tokens D", domain=(1e7, 1e14)),
        [
            Contours(
                "axis_N", "axis_D", "cost_at", "costs", "equal price", "muted", format="quantity"
            ),
            Curve("axis_N", "frontier_D", "optimum of your fit", "law", visible="is_fitted"),
            _runs("run_N", "run_D"),
            Marker("you_N", "you_D", "your hero run", "law", "diamond"),
            Marker("truth_N", "truth_D", "truth", "chinchilla", "cross", visible="is_over"),
            Marker(
                "designer_N", "designer_D", "designer", "inference", "triangle", visible="is_over"
            ),
            Marker("N", "D", "next run", "hand", drag="N", visible="is_open"),
        ],
        wide=True,
    )


def _loss_plot() -> Plot:
    return Plot(
        "loss",
        "Loss against model size at the price of the next run",
        Axis("parameters N"),
        Axis("loss (nats/token)", "linear", format=".2f"),
        [
            _runs("run_N", "run_loss", "runs (stronger: nearer in price)", weight="near"),
            Curve("N", "loss_at_C", "your fit at this price", "law", visible="is_fitted"),
            Marker("N", "loss_here", "next run", "hand", drag="N", visible="is_open"),
        ],
    )


def _residual_plot() -> Plot:
    return Plot(
        "residuals",
        "Residuals: log of measured over your fit",
        Axis("training tokens D"),
        Axis("log residual", "linear", format="+.3f"),
        [Rule("y", "zero", ""), _runs("run_D", "residual")],
    )


# --- numbers ----------------------------------------------------------------------------------


def _purse() -> Table:
    return Table(
        "Purse",
        [
            Readout("Left", "left", unit="FLOP"),
            Readout("Left after the next run", "left_after", unit="FLOP", visible="is_open"),
            Readout("Runs left", "runs_left", ".0f"),
            Readout("Tokens per parameter", "ratio", ".3~r", visible="is_open"),
        ],
    )


def _outcomes() -> list[Table]:
    def table(who: str, label: str, visible: str | None, scored: bool) -> Table:
        rows = [
            Readout("Loss", f"{who}_loss", ".4f", "nats/token", visible=visible),
            Readout("Parameters N", f"{who}_N", visible=visible),
            Readout("Tokens D", f"{who}_D", visible=visible),
            Readout("Tokens per parameter", f"{who}_ratio", ".3~r", visible=visible),
        ]
        if scored:
            rows.append(Readout("Points", f"{who}_points", ".1f", "of 100", visible="is_over"))
        return Table(label, rows)

    return [
        table("you", "Your hero run", None, scored=True),
        table("truth", "The truth", "is_over", scored=False),
        table("designer", "A designer's", "is_over", scored=True),
    ]


def _constants() -> Table:
    rows = [Readout(name, f"fit_{name}", ".4~g", visible="is_fitted") for name in CONSTANTS]
    return Table("Your fit", rows)
