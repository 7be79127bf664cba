"""Pruning: keep the hard examples or the easy ones, by the theory of a perceptron."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ...lawbook import law as published
from ...lawbook.expression import Array
from ..vocabulary import Axis, Group, Marker, Page, Plot, Readout, Rule, Slider, Table, Trace

PRUNING = "sorscher2022_pruning_theory"
ASKS = ("alpha_tot", "kept", "theta")
KINDS = ("hard", "easy", "random")
FACTS = ("error", "by_fraction", "by_amount")  # of each kind, and of all kept
FRACTIONS = np.array([0.05, 0.07, 0.1, 0.14, 0.2, 0.3, 0.4, 0.5, 0.63, 0.8, 1.0])
MOST = 256.0  # examples per parameter; beyond, a solution takes a tenth of a second
AMOUNTS = np.geomspace(0.5, MOST, 13)
_LABELS = {"hard": "hard kept", "easy": "easy kept", "random": "any kept"}
_COLORS = {"hard": "law", "easy": "inference", "random": "muted"}


def prune_page() -> Page:
    return Page(
        title="Data lab",
        teaches="With plenty of data keep the hard examples; with few, the easy ones.",
        source=published(PRUNING).source,
        groups=[
            Group(
                "Examples",
                [
                    Slider(
                        "alpha_tot",
                        "Examples per parameter",
                        (0.5, MOST),
                        format=".3~g",
                        help="before pruning",
                    ),
                    Slider(
                        "kept",
                        "Fraction kept",
                        (0.05, 1.0),
                        scale="linear",
                        step=0.01,
                        format=".2~f",
                    ),
                    Slider(
                        "theta",
                        "Angle of the probe",
                        (0.0, 1.25),
                        "radians",
                        scale="linear",
                        step=0.05,
                        format=".2~f",
                        help="0: it knows which examples are hard; larger: it knows less",
                    ),
                ],
            )
        ],
        formulas={
            "kept_examples": "alpha_tot*kept",
            "hard_times": "error_hard/error_all",
            "easy_times": "error_easy/error_all",
            "random_times": "error_random/error_all",
            "gap": "error_easy/error_hard",
        },
        plots=[_fraction_plot(), _amount_plot()],
        tables=_tables(),
        asks=ASKS,
        notes=[
            "A perceptron learns from examples that a teacher has labelled; hard are those near "
            "the boundary of a probe at an angle to the teacher. The theory is solved by the "
            "kernel as it was derived anew from Sorscher et al. 2022: their equations were not "
            "read.",
            "Any kept is pruning at random: fewer examples of the same kind. Error is the "
            "probability of a wrong label on new examples.",
            "Keeping the hard ones never beats keeping all of the same examples: it saves "
            "training, not error. To drop a few of the hardest can: 0.1793 against 0.1885 with two "
            "examples per parameter, four fifths kept. What beats a power law is to keep the best "
            "fraction of ever more data.",
        ],
    )


# --- what only the kernel knows -----------------------------------------------------------------


@lru_cache(maxsize=4096)
def error(kind: str, alpha_tot: float, kept: float, theta: float) -> float:
    """Probability of a wrong label when the ``"hard"`` or ``"easy"`` examples are kept, or
    (``"random"``) any; see :mod:`scalewidgets.lawbook.theories.perceptron`."""
    if kind == "random":
        return error("hard", alpha_tot * kept, 1.0, 0.0)
    law = published(f"{PRUNING}.keep_{kind}")
    return float(law.predict(alpha_tot=alpha_tot, f=kept, theta=theta))


def prune_facts(alpha_tot: float, kept: float, theta: float) -> Mapping[str, Any]:
    """Errors at the inputs: three solutions of the theory, so at once."""
    found = {f"error_{kind}": error(kind, alpha_tot, kept, theta) for kind in KINDS}
    return {**found, "error_all": error("hard", alpha_tot, 1.0, 0.0)}


async def prune_curves(
    alpha_tot: float, kept: float, theta: float
) -> AsyncIterator[Mapping[str, Any]]:
    """Curves over the fraction kept and over the examples, as they are ready: a second in all, in
    which the kernel hears other questions after each point."""
    yield {"fractions": FRACTIONS, "amounts": AMOUNTS}
    for kind in KINDS:
        points = [(alpha_tot, float(fraction)) for fraction in FRACTIONS]
        yield {f"by_fraction_{kind}": await _curve(kind, points, theta)}
    for kind in KINDS:
        points = [(float(amount), kept) for amount in AMOUNTS]
        yield {f"by_amount_{kind}": await _curve(kind, points, theta)}
    points = [(float(amount), 1.0) for amount in AMOUNTS]
    yield {"by_amount_all": await _curve("hard", points, 0.0)}


async def _curve(kind: str, points: Sequence[tuple[float, float]], theta: float) -> Array:
    found = []
    for alpha_tot, kept in points:
        found.append(error(kind, alpha_tot, kept, theta))
        await asyncio.sleep(0)
    return np.array(found)


# --- pictures ---------------------------------------------------------------------------------


def _fraction_plot() -> Plot:
    return Plot(
        "fraction",
        "Error against the fraction kept",
        Axis("fraction kept", "linear", domain=(0.0, 1.02), format=".0%"),
        Axis("error", format=".2~g"),
        [
            *(
                Trace("fractions", f"by_fraction_{kind}", _LABELS[kind], _COLORS[kind])
                for kind in KINDS
            ),
            Rule("y", "error_all", "all of them", "chinchilla"),
            Marker("kept", "error_hard", "hard", "law", "square", drag="kept"),
            Marker("kept", "error_easy", "easy", "inference", "triangle", drag="kept"),
        ],
    )


def _amount_plot() -> Plot:
    return Plot(
        "amount",
        "Error against how many examples there are",
        Axis("examples per parameter, before pruning", domain=(0.5, MOST), format=".3~g"),
        Axis("error", format=".2~g"),
        [
            Trace("amounts", "by_amount_all", "all kept", "chinchilla"),
            *(
                Trace("amounts", f"by_amount_{kind}", _LABELS[kind], _COLORS[kind])
                for kind in KINDS
            ),
            Marker("alpha_tot", "error_hard", "hard", "law", "square", drag="alpha_tot"),
            Marker("alpha_tot", "error_easy", "easy", "inference", "triangle", drag="alpha_tot"),
        ],
    )


# --- numbers ----------------------------------------------------------------------------------


def _tables() -> list[Table]:
    def table(kind: str, label: str) -> Table:
        return Table(
            label,
            [
                Readout("Error", f"error_{kind}", ".4f"),
                Readout("times that of all examples", f"{kind}_times", ".3~r"),
            ],
        )

    common = [
        Readout("Examples kept per parameter", "kept_examples", ".3~r"),
        Readout("Error with all of them", "error_all", ".4f"),
        Readout("Easy over hard: error", "gap", ".3~r"),
    ]
    names = {"hard": "Hard kept", "easy": "Easy kept", "random": "Any kept"}
    return [*(table(kind, label) for kind, label in names.items()), Table("Examples", common)]
