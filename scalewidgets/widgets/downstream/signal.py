"""How many questions and checkpoints until two models can be told apart. No values, only cells."""

from __future__ import annotations

from statistics import NormalDist

from ...lawbook import closed_form as published
from ...lawbook import expression as ex
from .. import topics
from ..vocabulary import (
    Action,
    Axis,
    Curve,
    Group,
    Marker,
    Plot,
    Points,
    Rule,
    Slider,
    Table,
)
from .figures import SIGNAL_TO_NOISE, TASKS
from .ushape import NOISE

ON = "on_signal"
_SURE = NormalDist().inv_cdf(0.975)
_POWER = _SURE + NormalDist().inv_cdf(0.8)
"""Standard errors that a difference must have to be found in four of five repetitions."""
_ROWS = {"bar_row": "snr_rows", "row_snr": "snr_values"}


# --- formulas ---------------------------------------------------------------------------------


def formulas() -> dict[str, ex.Tree | str]:
    """All formulas: the difference of two scores, what it takes to see it, signal over noise."""
    law = published("heineman2025_signal_noise")
    models: dict[str, ex.Tree] = {
        "m_max": "score + spread/2",
        "m_min": "score - spread/2",
        "m_mean": "score",
    }
    models = {name: ex.parse(str(text)) for name, text in models.items()}
    checkpoints = ex.parse(f"score + wobble*{NOISE}")
    return {
        "better": "min(1, score + gap/2)",
        "worse": "max(0, score - gap/2)",
        # variance of a difference, of one question answered by both
        "question_variance": "better*(1 - better) + worse*(1 - worse) "
        "- 2*paired*sqrt(better*(1 - better)*worse*(1 - worse))",
        "checkpoint_variance": "2*wobble**2",
        "by_questions": "sqrt(question_variance/test_questions)",
        "by_checkpoints": "sqrt(checkpoint_variance/checkpoints)",
        "standard_error": "sqrt(by_questions**2 + by_checkpoints**2)",
        "half_width": f"{_SURE!r}*standard_error",
        "difference": "better - worse",
        "difference_low": "difference - half_width",
        "difference_high": "difference + half_width",
        "questions_needed": _needed("question_variance", "checkpoint_variance/checkpoints"),
        "checkpoints_needed": _needed("checkpoint_variance", "question_variance/test_questions"),
        "snr": ex.substitute(law.tree, {**models, "x": checkpoints}),
    }


def _needed(own: str, other: str) -> str:
    """So many that the difference is found in four of five repetitions; never if the other source
    of noise alone is too large."""
    left = f"(difference**2 - {_POWER**2!r}*{other})"
    return f"where({left} > 0, max(1, {_POWER**2!r}*{own}/{left}), never)"


# --- what is on the screen --------------------------------------------------------------------


def groups() -> list[Group]:
    def share(cell: str, label: str, domain: tuple[float, float], help: str) -> Slider:
        return Slider(cell, label, domain, format=".2~%", help=help, visible=ON)

    return [
        Group(
            "Two models",
            [
                Slider(
                    "score", "Mean score", (0.05, 0.95), scale="linear", step=0.005,
                    format=".1%", visible=ON,
                ),
                share("gap", "True difference", (0.001, 0.3), "in points of the score"),
                share("spread", "Best less worst of many models", (0.005, 0.5), "the signal"),
            ],
        ),
        Group(
            "The benchmark",
            [
                Slider(
                    "test_questions", "Questions", (30.0, 1e5), format="quantity", visible=ON
                ),
                Slider(
                    "paired", "Correlation of the two models' answers", (0.0, 0.95),
                    scale="linear", step=0.01, format=".2f",
                    help="models that fail on the same questions are easier to tell apart",
                    visible=ON,
                ),
                share("wobble", "Wobble between checkpoints", (0.0002, 0.05), "standard deviation"),
                Slider(
                    "checkpoints", "Checkpoints averaged", (1.0, 30.0), scale="linear", step=1.0,
                    format=".0f", visible=ON,
                ),
                *(
                    Action(
                        task.label,
                        {
                            "score": round(task.accuracy_13B, 3),
                            "wobble": task.wobble,
                            "test_questions": float(task.questions),
                        },
                        help="13B's score, the 1.3B run's wobble, the public set's size",
                        visible=ON,
                    )
                    for task in TASKS.values()
                ),
            ],
        ),
    ]  # fmt: skip


def _against(id: str, title: str, x: Axis, cell: str, needed: str) -> Plot:
    return Plot(
        id,
        title,
        x,
        Axis("difference of the scores", "linear", format="+.1%"),
        [
            Rule("y", "zero", ""),
            Curve(cell, "difference_high", "95 % of studies, upper end", "law", dash="4 4"),
            Curve(cell, "difference", "true difference", "muted"),
            Curve(cell, "difference_low", "lower end", "law"),
            Rule("x", needed, "4 of 5"),
            Marker(cell, "difference_low", "yours", "hand", drag=cell),
        ],
        visible=ON,
    )


def plots() -> list[Plot]:
    return [
        _against(
            "by_questions",
            "More questions",
            Axis("questions of the test"),
            "test_questions",
            "questions_needed",
        ),
        _against(
            "by_checkpoints",
            "More checkpoints",
            Axis("checkpoints averaged", "linear", format=".0f"),
            "checkpoints",
            "checkpoints_needed",
        ),
        Plot(
            "snr",
            "Signal over noise of benchmarks, at 1B parameters",
            Axis("spread of models over wobble of checkpoints", format=".3~g"),
            Axis("", "linear", names="snr_names", format=".0f"),
            [
                Points(_ROWS, "row_snr", "bar_row", "Heineman et al.", "runs", radius=5.0),
                Rule("x", "snr", "yours", "law"),
            ],
            wide=True,
            visible=ON,
        ),
    ]


def snr_names() -> list[str]:
    """Benchmarks of the plot, from the top."""
    return list(SIGNAL_TO_NOISE)


def tables() -> list[Table]:
    return [
        topics.table(
            ON,
            "Measured difference",
            [
                ("expected", "difference", "+.2%"),
                ("95 % from", "difference_low", "+.2%"),
                ("to", "difference_high", "+.2%"),
            ],
        ),
        topics.table(
            ON,
            "Its standard error",
            [
                ("by questions", "by_questions", ".2%"),
                ("by checkpoints", "by_checkpoints", ".2%"),
                ("together", "standard_error", ".2%"),
            ],
        ),
        topics.table(
            ON,
            "To be told apart in 4 of 5 studies",
            [
                ("Questions", "questions_needed", "quantity"),
                ("or checkpoints", "checkpoints_needed", ".3~g"),
                ("Signal over noise", "snr", ".3~r"),
            ],
        ),
    ]
