"""Vocabularies, against the usual one. No values, only cells."""

from __future__ import annotations

from collections.abc import Container

from ...lawbook import closed_form as published
from ...lawbook import expression as ex
from .. import topics
from ..solves import reach
from ..vocabulary import Axis, Curve, Marker, Plot, Points, Rule, Solve, Table
from .cells import Formulas, beyond, law_behind, tree
from .runs import residual_plot
from .worth import parts, worth_plot, worth_table

USUAL_VOCABULARY = 32_000.0  # of Llama 2 (Touvron et al. 2023, Sec. 2.2)
APPROACHES = (1, 2, 3)
_TAO = (33e6, 3e9)  # sizes of the runs

# --- formulas -------------------------------------------------------------------------------------


def _scored(Nnv: ex.Tree, V: ex.Tree, D: ex.Tree, **at: ex.Tree) -> ex.Tree:
    """Tao et al.'s loss; the width is that of the hand's model."""
    return tree("vocab", "", **{"Nnv": Nnv, "V": V, "d": "embedding", "D": D, **at})


def _above(Nnv: ex.Tree, V: ex.Tree, D: ex.Tree) -> ex.Tree:
    """What of the loss size and data remove: positive, where the loss itself is negative."""
    return _scored(Nnv, V, D, E=0.0)


def _width(N: ex.Tree) -> ex.Tree:
    """The embedding width that the authors pair with a size."""
    return ex.substitute(ex.parse(law_behind("vocab").defaults["d"]), {"Nnv": N})


def formulas() -> Formulas:
    """A vocabulary against the usual one, in a model of the same size without it. The compute is
    what the usual one takes for the hand's tokens; a larger one leaves fewer tokens."""
    runs = law_behind("vocab").valid
    text = [tree("vocab", "tokens_per_char", V=V) for V in ("V", "usual_V")]
    found: Formulas = {
        "usual_V": USUAL_VOCABULARY,
        "embedding": _width("N"),
        "usual_total": "N + usual_V*embedding",
        "vocab_C": "6*usual_total*D",
        "vocab_total": "N + V*embedding",
        "vocab_D": "vocab_C/(6*vocab_total)",
        "vocab_loss": _scored("N", "V", "vocab_D"),
        "vocab_above": _above("N", "V", "vocab_D"),
        "usual_loss": _scored("N", "usual_V", "D"),
        "vocab_compute": "vocab_like_D/D",
        "vocab_like_total": "vocab_even + usual_V*embedding",
        "vocab_memory": "vocab_like_total/vocab_total",
        "shorter": ("/", text[0], text[1]),  # the same text in tokens, over that in usual ones
        "vocab_served": "vocab_memory/shorter",
        "vocab_beyond": beyond({"N": runs["Nnv"], "V": runs["V"]}),
        "best_D": "vocab_C/(6*(N + best_V_3*embedding))",
        "best_V_loss": _scored("N", "best_V_3", "best_D"),
        "vocab_residual": (
            "-",
            "run_loss",
            tree("vocab", "as_fitted", Nnv="run_N", V="run_V", d="run_d", H="run_H"),
        ),
    }
    advised = ex.parse(published("tao2024_vocab.V_opt_3").defaults["C"])
    for which in APPROACHES:
        of_size: dict[str, ex.Tree] = {"Nnv": "axis_N", "d": _width("axis_N")}
        of_hand: dict[str, ex.Tree] = {"Nnv": "N", "d": "embedding"}
        if which == 3:  # the only one that knows the compute; the paper's table has the advised
            of_size["C"] = ex.substitute(advised, {"Nnv": "axis_N"})
            of_hand["C"] = "vocab_C"
        found[f"best_V_{which}"] = tree("vocab", f"V_opt_{which}", **of_hand)
        found[f"best_V_{which}_at"] = tree("vocab", f"V_opt_{which}", **of_size)
    return found | parts("vocab")


def solves() -> list[Solve]:
    return [
        reach("vocab_like_D", _above("N", "usual_V", "D"), "vocab_above"),
        reach("vocab_even", _above("D", "usual_V", "vocab_D"), "vocab_above"),
    ]


# --- what is on the screen ------------------------------------------------------------------------


def plots(measured: bool) -> list[Plot]:
    entries = Axis("vocabulary V")
    colors = ("law", "chinchilla", "inference")
    models = {"model_N": "models_N", "model_V": "models_V"}
    return [
        worth_plot(
            "vocabulary",
            "What the vocabulary is worth, in models with 32,000 entries",
            entries,
            "V",
            {"vocab": None},
            "vocab",
            "model with 32K entries",
        ),
        Plot(
            "entries",
            "Loss at your training FLOPs: a larger vocabulary leaves fewer tokens",
            entries,
            Axis("loss less the unigram loss (nats/token)", "linear", format=".3f"),
            [
                Curve("V", "vocab_loss", "approach 3", "law"),
                Marker("best_V_3", "best_V_loss", "best", "law", "square"),
                Rule("x", "best_V_1", "", "chinchilla"),
                Rule("x", "best_V_2", "", "inference"),
                Marker("V", "vocab_loss", "yours", "hand", drag="V"),
            ],
            visible="on_vocabulary",
        ),
        Plot(
            "sizes",
            "Larger models deserve larger vocabularies: the best by three approaches",
            Axis("parameters without vocabulary", domain=(3e7, 1e12)),
            Axis("vocabulary V", domain=(4e3, 1e6)),
            [
                *(
                    Curve("axis_N", f"best_V_{n}_at", f"approach {n}", color, valid=_TAO)
                    for n, color in zip(APPROACHES, colors, strict=True)
                ),
                Points(
                    models,
                    "model_N",
                    "model_V",
                    "published models",
                    names="models_name",
                    radius=4.0,
                ),
                Marker("N", "V", "yours", "hand"),
            ],
            wide=True,
            visible="on_vocabulary",
        ),
        *(
            [residual_plot("vocabulary", "vocab", "run_V", entries, "on_vocabulary", "nats/token")]
            if measured
            else []
        ),
    ]


def tables(drawn: Container[str]) -> list[Table]:
    known = "vocab" in drawn
    yours = [
        ("Training FLOPs", "vocab_C", "quantity"),
        ("All parameters", "vocab_total", "quantity"),
        ("Tokens left", "vocab_D", "quantity"),
        ("Tokens of a text, over usual", "shorter", ".1%"),
        ("Loss less unigram loss", "vocab_loss", ".4f"),
    ]
    best = [(f"Approach {n}", f"best_V_{n}", "quantity") for n in APPROACHES]
    return [
        worth_table("vocabulary", "vocab", known, "32K entries"),
        topics.table("on_vocabulary", "Your vocabulary", yours, known),
        topics.table("on_vocabulary", "Best vocabulary", best, False),
    ]
