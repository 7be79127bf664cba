"""What the DownstreamLab shows: five topics, of which one is on the screen. No values, only
cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...lawbook import closed_form as published
from ...lawbook import expression as ex
from ..given import draws_of
from ..topics import asked, question
from ..vocabulary import Page
from . import capability, emergence, ladder, ladder_page, signal, ushape

TOPICS = {
    "ladder": "From loss to score",
    "emergence": "Sudden, or only measured so?",
    "capability": "One axis behind many benchmarks?",
    "ushape": "Worse before it gets better",
    "signal": "Can the test tell two models apart?",
}
ASKS = ("dataset", "task", "constants", "form", "largest")
_SOURCES = (
    *("bhagia2024_ladder", "gadre2024", "schaeffer2023_mirage", "hu2023_passuntil"),
    *("ruan2024_observational", "maiapolo2024_sloth", "caballero2022_bnsl"),
    "heineman2025_signal_noise",
)
_NOTES = (
    "From loss to score: constants of the task ladder come from the authors' code on the authors' "
    "16 runs (three of eight tasks have exponents out of the ordinary). N counts the output head "
    "and not the input embedding. Errors by step: at the measured loss only step 2 errs, the rest "
    "is what the predicted loss adds. Gadre et al.'s exponential can pass a score of 1. Where both "
    "steps are fitted here, intervals are 95 % over 200 bootstrap draws, each step's own, and end "
    "points stand for the smoothed checkpoints of the authors.",
    "Emergence: every token is right with probability exp(-cross-entropy), independently. c and "
    "alpha are yours: the papers print none. The Brier score is of a question whose right choice "
    "has that probability, three wrong ones sharing the rest. Tests and samples are simulated with "
    "the same random numbers each time; PassUntil stops after 100,000 samples, as its authors do.",
    "Capability: slopes and loadings were computed from the authors' table of 77 models; families "
    "of two models and fewer have none. Sloth's loadings were read, its biases are not printed, so "
    "that benchmarks start at one half here.",
    "Worse before better: the form is Caballero et al.'s broken law, its constants are yours. Of "
    "the 11 tasks of the Inverse Scaling Prize 4 still got worse up to PaLM 540B, 6 turned, 1 rose "
    "(Wei et al. 2022, abstract). The interval is that of least squares on the logs of the models "
    "seen, for one new model.",
    "Two models: questions are drawn from many alike, answers are right or wrong, checkpoints "
    "scatter independently. Sizes of test sets are those of the public sets, from memory. Signal "
    "over noise as Heineman et al. define it; theirs divides by the number of checkpoints.",
)


@dataclass(frozen=True)
class Shown:
    """What a page is made of."""

    tasks: Mapping[str, str]
    runs: bool
    """Whether there are runs to hold the laws to."""
    drawn: Sequence[str]
    """Cells of fitted constants of which there are, or will be, draws."""
    models: bool
    """Whether there are models to put on the axis."""


def downstream_page(shown: Shown) -> Page:
    drawn = bool(shown.drawn)
    return Page(
        title="Downstream lab",
        teaches="A score follows from the loss, but through a curve, a metric, a test and a few "
        "checkpoints: each can hide what the loss shows, or show what is not there.",
        source="; ".join(published(name).source for name in _SOURCES),
        groups=[
            question(TOPICS),
            *ladder_page.groups(shown.tasks),
            *emergence.groups(),
            *capability.groups(),
            *ushape.groups(),
            *signal.groups(),
        ],
        items={
            emergence.RANK: "item_rank",
            emergence.CHANCE: "item_chance",
            ushape.NOISE: "item_noise",
            ushape.STUDENT: "item_student",
        },
        formulas=formulas(list(shown.tasks)),
        draws=[draws_of(cell, positive=False) for cell in shown.drawn],
        plots=[
            *ladder_page.plots(shown.runs, drawn),
            *emergence.plots(),
            *capability.plots(shown.models),
            *ushape.plots(),
            *signal.plots(),
        ],
        tables=[
            *ladder_page.tables(drawn),
            *emergence.tables(),
            *capability.tables(),
            *ushape.tables(),
            *signal.tables(),
        ],
        asks=ASKS,
        notes=_NOTES,
    )


def formulas(tasks: Sequence[str]) -> dict[str, ex.Tree | str]:
    """All formulas of all topics; ``tasks`` are those to choose from."""
    return {
        **asked(TOPICS),
        "on_models": "on_ladder + on_emergence",
        "on_compute": "on_capability + on_ushape",
        **ladder.formulas(tasks),
        **emergence.formulas(),
        **capability.formulas(),
        **ushape.formulas(),
        **signal.formulas(),
    }
