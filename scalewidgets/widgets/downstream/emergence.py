"""The same loss by several scores, on tests of several sizes. No values, only cells."""

from __future__ import annotations

from collections.abc import Sequence

from ...lawbook import closed_form as published
from ...lawbook import expression as ex
from .. import topics
from ..law_cells import symbol
from ..vocabulary import (
    Axis,
    Curve,
    Group,
    Marker,
    Plot,
    Points,
    Rule,
    Slider,
    Table,
    Toggle,
)

ON = "on_emergence"
CHOICES = 4
"""Answers to choose from where the Brier score is taken."""
MOST_QUESTIONS = 500
MOST_PASSES = 10
LEAST = 1e-7
"""Rate at which a logarithmic picture ends."""
MOST_SAMPLES = 1e5  # after which Hu et al. stop sampling
RANK, CHANCE = symbol("i"), symbol("u")
"""Items: 0, 1, 2 ... and as many numbers drawn evenly between 0 and 1."""
_WAITS = [f"wait_{k}" for k in range(MOST_PASSES)]
MODEL_ROWS = {"model_N": "models_N", "turn": "models_turn"} | {w: f"models_{w}" for w in _WAITS}
_MIRAGE, _PASS = "schaeffer2023_mirage", "hu2023_passuntil"


# --- formulas ---------------------------------------------------------------------------------


def formulas() -> dict[str, ex.Tree | str]:
    """All formulas: scores at N, what a test shows of them, what sampling until it passes tells."""
    exact = ex.substitute(published(_MIRAGE).tree, {"L": "target_tokens"})
    edits = ex.substitute(published(f"{_MIRAGE}.edit_distance").tree, {"L": "target_tokens"})
    return {
        "token": ex.substitute(published(_MIRAGE).tree, {"L": 1.0}),
        "exact": exact,
        "edit_share": ("-", 1.0, ("/", edits, "target_tokens")),
        "brier": ("-", 1.0, ("/", _brier("token"), 2.0)),
        # on a logarithmic axis no test and nobody's patience reaches further down
        "exact_seen": f"where(log_scores*where(exact < {LEAST!r}, 1, 0) > 0, never, exact)",
        "half_N": ex.substitute(published(f"{_MIRAGE}.N_half").tree, {"L": "target_tokens"}),
        # where one right answer is expected: the law solved for N at 1/questions
        "first_N": "c*(log(questions)/target_tokens)**(1/alpha)",
        "resolution": published(f"{_MIRAGE}.resolution").tree,
        "all_wrong": "(1 - exact)**questions",
        "straight": _straight("exact"),
        "straight_end": _straight("resolution"),
        # a model on a test: the same numbers, turned by another angle for each model
        "model_exact": ex.substitute(exact, {"N": "model_N"}),
        "model_right": f"sum(where({RANK} < questions - 0.5, "
        f"where({_turned()} < model_exact, 1, 0), 0))",
        "model_seen": "where(model_right > 0.5, model_right/questions, never)",
        "model_zero": "where(model_right > 0.5, never, where(log_scores > 0, resolution/2, 0))",
        "model_seen_straight": _straight("model_seen"),
        **_sampling(),
    }


def _straight(rate: str) -> ex.Tree:
    """What of a pass rate is a straight line in log N."""
    return ex.substitute(published(f"{_PASS}.F_of_rate").tree, {"PU": rate})


def _turned() -> str:
    return f"where({CHANCE} + turn < 1, {CHANCE} + turn, {CHANCE} + turn - 1)"


def _sampling() -> dict[str, ex.Tree | str]:
    """Samples until so many pass, and the rate that they tell."""
    told = ex.substitute(
        published(f"{_PASS}.estimator").tree, {"r": "passes", "K": "model_samples"}
    )
    # Waiting times are geometric. Half a sample more than the exponential's makes the mean right.
    waits = [
        f"where(passes < {k + 0.5!r}, 0, 0.5 - {wait}/log(1 - model_exact))"
        for k, wait in enumerate(_WAITS)
    ]
    # below 1e-12 the denominator is 0, and nobody waits so long
    found = f"where(model_exact < 1e-12, never, where(model_samples < {MOST_SAMPLES!r}, 1, never))"
    return {
        "model_samples": f"max(passes, {' + '.join(waits)})",
        "model_told": ("*", ex.parse(found), told),
        "model_told_straight": _straight("model_told"),
        "straight_stop": f"log(log({MOST_SAMPLES!r}/passes))",
        "samples_needed": "passes/exact",
        "sampling_error": "sqrt((1 - exact)/passes)",
        "test_error": "sqrt((1 - exact)/(exact*questions))",
    }


def _brier(right: ex.Tree) -> ex.Tree:
    """Of a question whose right choice has this mass, the others sharing the rest evenly."""
    rest = ("/", ("-", 1.0, right), float(CHOICES - 1))
    law = published("schaeffer2024_elusive.brier")
    masses = [right, *[rest] * (CHOICES - 1)]
    return _unrolled(ex.substitute(law.tree, {"p_correct": right}), "p_vocab", masses)


def _unrolled(tree: ex.Tree, item: str, values: Sequence[ex.Tree]) -> ex.Tree:
    """Sums over a few values written out: the lab's own items are many more."""
    if not isinstance(tree, tuple):
        return tree
    if tree[0] != "sum":
        return (tree[0], *(_unrolled(part, item, values) for part in tree[1:]))
    first, *others = (ex.substitute(tree[1], {item: value}) for value in values)
    for other in others:
        first = ("+", first, other)
    return first


# --- what is on the screen --------------------------------------------------------------------


def groups() -> list[Group]:
    return [
        Group(
            "Family and test",
            [
                Slider(
                    "target_tokens",
                    "Tokens of the answer",
                    (1.0, 100.0),
                    format=".3~g",
                    help="all must be right for an exact match",
                    visible=ON,
                ),
                Slider(
                    "questions",
                    "Questions of the test",
                    (10.0, float(MOST_QUESTIONS)),
                    format=".3~g",
                    visible=ON,
                ),
                Slider(
                    "passes",
                    "Passes to wait for",
                    (1.0, float(MOST_PASSES)),
                    scale="linear",
                    step=1.0,
                    format=".0f",
                    help="PassUntil draws samples until so many pass",
                    visible=ON,
                ),
                Slider(
                    "alpha",
                    "Exponent of the loss per token",
                    (-0.6, -0.05),
                    scale="linear",
                    step=0.005,
                    format=".3~f",
                    help="cross-entropy per token is (N/c)**alpha",
                    visible=ON,
                ),
                Slider("c", "c, where a token costs 1 nat", (1e6, 1e11), "params", visible=ON),
                Toggle("log_scores", "Logarithmic scores", visible=ON),
            ],
        )
    ]


def plots() -> list[Plot]:
    def score(label: str) -> Axis:
        return Axis(label, "linear", log="log_scores", format=".3~g")

    size = Axis("parameters N")
    return [
        Plot(
            "scores",
            "One family, one smooth loss, several scores",
            size,
            score("score, 1 is best"),
            [
                Curve("N", "edit_share", "tokens right (edit distance)", "chinchilla"),
                Curve("N", "brier", "1 - Brier/2, four choices", "inference"),
                Curve("N", "exact_seen", "all tokens right (exact match)", "law"),
                Rule("x", "half_N", "half right"),
                Marker("N", "exact_seen", "your N", "hand", drag="N"),
            ],
            visible=ON,
        ),
        Plot(
            "test",
            "What a test with so many questions shows of the exact match",
            size,
            score("share of questions right"),
            [
                Curve("N", "exact_seen", "true rate", "law"),
                Points(MODEL_ROWS, "model_N", "model_seen", "measured", "runs"),
                Points(MODEL_ROWS, "model_N", "model_zero", "measured: none right", "inference"),
                Rule("y", "resolution", "one question"),
                Rule("x", "first_N", "first one right"),
                Marker("N", "exact_seen", "your N", "hand", drag="N"),
            ],
            visible=ON,
        ),
        Plot(
            "straight",
            "log(-log) of the rate: a straight line, if one can see it",
            size,
            Axis("log(-log rate), less is better", "linear", format=".1f"),
            [
                Curve("N", "straight", "law", "law"),
                Points(MODEL_ROWS, "model_N", "model_seen_straight", "by the test", "runs"),
                Points(MODEL_ROWS, "model_N", "model_told_straight", "by PassUntil", "precision"),
                Rule("y", "straight_end", "the test ends"),
                Rule("y", "straight_stop", "PassUntil ends"),
                Marker("N", "straight", "your N", "hand", drag="N"),
            ],
            wide=True,
            visible=ON,
        ),
    ]


def tables() -> list[Table]:
    return [
        topics.table(
            ON,
            "Your N",
            [
                ("One token right", "token", ".2%"),
                ("All tokens right", "exact", ".3~g"),
                ("Tokens right, expected share", "edit_share", ".2%"),
                ("Brier score, four choices: 1 - Brier/2", "brier", ".4f"),
            ],
        ),
        topics.table(
            ON,
            "By a test",
            [
                ("Least score above 0", "resolution", ".3~g"),
                ("Chance that none is right", "all_wrong", ".1%"),
                ("Relative error of the score", "test_error", ".0%"),
                ("First right answer expected at N", "first_N", "quantity"),
            ],
        ),
        topics.table(
            ON,
            "By PassUntil",
            [
                ("Samples needed, on average", "samples_needed", "quantity"),
                ("Relative error of the rate", "sampling_error", ".0%"),
            ],
        ),
    ]
