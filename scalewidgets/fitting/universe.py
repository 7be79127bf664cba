"""Ways to fit the same runs that are all in use: one choice each that could have been another."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

import numpy as np
from scipy.special import ndtri

from ..lawbook.door import checked
from .approaches.isoline import Curve
from .objective import Objective
from .result import Fit
from .types import Array, FitError

Rule = Callable[[Fit], Array]
Count = Literal["size", "compute", "both", "measured"]

OUTLIER = 3.5  # robust standard deviations (Iglewicz and Hoaglin 1993)
HIGHEST = 5  # runs (Besiroglu et al. 2024)
TENTH = 0.1  # of the runs used
_ROUNDING = 1e-9  # C = 6ND is a product: one budget differs in its last digits


@checked(FitError)
@dataclass(frozen=True)
class Universe:
    """One way to fit the runs, by what differs from the baseline (None, False, (): nothing).

    Attributes
    ----------
    label : str
        What is different, for people; the names of universes differ.
    group : str
        ``"objective"``, ``"delta"``, ``"runs left out"``, ``"size"``, ``"compute"``, ``"method"``,
        or a name of your own.
    objective : Objective, optional
    rules : tuple of callables
        From the baseline's fit to factors (runs,) by which its weights are multiplied; 0 leaves a
        run out. For workers in other processes: functions of a module.
    count : {"size", "compute", "both", "measured"}, optional
        What is counted otherwise: the law's N with or without embeddings, the FLOPs 6ND, both; or
        the FLOPs as the table's C counts them.
    tied : bool
        Whether both exponents of Chinchilla's form are one.
    curve : {"parabola", "cubic", "interpolated"}, optional
        Approach 2 with this curve and no law.
    source : str
        Who does it so.
    """

    label: str
    group: str
    objective: Objective | None = None
    rules: tuple[Rule, ...] = ()
    count: Count | None = None
    tied: bool = False
    curve: Curve | None = None
    source: str = ""


# --- weights of runs ------------------------------------------------------------------------


def highest_losses(fit: Fit) -> Array:
    """Without the five highest losses: what Besiroglu et al. did with the 245 points they read."""
    loss = np.where(fit.weights > 0, fit.runs["loss"].to_numpy(), -np.inf)
    return np.asarray(loss < np.sort(loss)[-min(HIGHEST, len(loss))], dtype=float)


def outliers(fit: Fit) -> Array:
    """Without runs more than 3.5 robust standard deviations off the baseline's law."""
    sizes = np.abs(fit.residuals)
    scale = np.median(sizes[fit.weights > 0]) / ndtri(0.75)
    return np.asarray(sizes <= OUTLIER * scale, dtype=float)


def least_compute(fit: Fit) -> Array:
    """Without the tenth of the runs of least compute, whole budgets of an isoFLOP grid."""
    return _without_lowest(fit, fit.runs["C"].to_numpy())


def most_compute(fit: Fit) -> Array:
    """Without the tenth of the runs of most compute, whole budgets of an isoFLOP grid."""
    return _without_lowest(fit, 1.0 / fit.runs["C"].to_numpy())


def smallest_models(fit: Fit) -> Array:
    """Without the tenth of the runs of the smallest models, all runs of a size."""
    return _without_lowest(fit, fit.runs["N"].to_numpy())


def _without_lowest(fit: Fit, values: Array) -> Array:
    end = np.quantile(values[fit.weights > 0], TENTH, method="inverted_cdf")
    return np.asarray(values > end * (1.0 + _ROUNDING), dtype=float)


def undertrained(fit: Fit) -> Array:
    """Without runs of less than one token a parameter."""
    return (fit.runs["D"] >= fit.runs["N"]).to_numpy().astype(float)


def overtrained(fit: Fit) -> Array:
    """Without runs of more than 100 tokens a parameter, Sardana et al.'s lowest cut-off."""
    return (fit.runs["D"] <= 100.0 * fit.runs["N"]).to_numpy().astype(float)


def relative(fit: Fit) -> Array:
    """1/loss^2, scaled to 1 on average: squares of raw residuals become those of relative ones."""
    factor = fit.runs["loss"].to_numpy() ** -2.0
    return np.asarray(factor / np.average(factor, weights=fit.weights))


# --- the usual universes --------------------------------------------------------------------


def _minimising(objective: Objective, group: str, source: str = "") -> Universe:
    return Universe(str(objective), group, objective, source=source)


def _leaving_out(label: str, rule: Rule, source: str = "") -> Universe:
    return Universe(label, "runs left out", rules=(rule,), source=source)


_RAW = Objective("least_squares", log=False)

OBJECTIVES = (
    _minimising(Objective(), "objective", "Hoffmann et al. 2022, App. D.2"),
    _minimising(Objective("lad"), "objective", "the constants of Besiroglu et al. 2024"),
    _minimising(Objective("least_squares"), "objective", "Lin et al. 2024, arXiv:2402.02314"),
    _minimising(_RAW, "objective", "Gadre et al. 2024; Czech et al. 2026"),
    Universe(
        "least squares on relative loss",
        "objective",
        _RAW,
        (relative,),
        source="Rosenfeld et al. 2020, arXiv:1909.12673",
    ),
)

DELTAS = (
    _minimising(Objective(delta=1e-5), "delta"),
    _minimising(Objective(delta=1e-4), "delta", "McLeish et al. 2025"),
    _minimising(Objective(delta=1e-2), "delta", "Ye et al. 2024: 0.01 to 0.05"),
    _minimising(Objective(delta=5e-2), "delta", "Videau et al. 2026, arXiv:2608.07222"),
    _minimising(Objective(delta=1e-1), "delta"),
)

RUNS_LEFT_OUT = (
    _leaving_out(f"{HIGHEST} highest losses", highest_losses, "Besiroglu et al. 2024"),
    _leaving_out(f"beyond {OUTLIER} robust deviations", outliers, "Iglewicz and Hoaglin 1993"),
    _leaving_out("least compute, a tenth", least_compute),
    _leaving_out(
        *("most compute, a tenth", most_compute),
        "Czech et al. 2026, Table A2: the 217 of 240 runs below 1e21 FLOPs",
    ),
    _leaving_out("smallest models, a tenth", smallest_models),
    _leaving_out("below 1 token a parameter", undertrained),
    _leaving_out("above 100 tokens a parameter", overtrained, "Sardana et al. 2024, Table 1"),
)


def counts(other: str = "without embeddings") -> tuple[Universe, ...]:
    """Other counts of parameters and FLOPs; ``other`` says how the table does not count them."""
    table = "C as the table counts it"
    return (
        Universe(f"N {other}", "size", count="size", source="Pearce and Song 2024"),
        Universe(f"N and C {other}", "size", count="both", source="Kaplan et al. 2020"),
        Universe(f"C {other}", "compute", count="compute"),
        Universe(table, "compute", count="measured", source="Hoffmann et al. 2022, App. F"),
    )


METHODS = (
    Universe("alpha = beta", "method", tied=True, source="Muennighoff et al. 2023"),
    Universe(
        "approach 2, parabola",
        "method",
        curve="parabola",
        source="Hoffmann et al. 2022, Sec. 3.2",
    ),
    Universe(
        "approach 2, interpolated", "method", curve="interpolated", source="Porian et al. 2024"
    ),
)


def usual(other: str = "without embeddings") -> tuple[Universe, ...]:
    """All of the above."""
    return (*OBJECTIVES, *DELTAS, *RUNS_LEFT_OUT, *counts(other), *METHODS)


# --- several choices at once ----------------------------------------------------------------


def _axis(universe: Universe) -> str:
    """Choices on one axis exclude each other."""
    return {"delta": "objective", "compute": "size"}.get(universe.group, universe.group)


def crossed(universes: Iterable[Universe]) -> list[Universe]:
    """Every combination of two or more choices that do not exclude each other.

    A curve of approach 2 takes neither an objective nor a count, and stands alone.
    """
    axes: dict[str, list[Universe | None]] = {}
    for universe in universes:
        if universe.curve is None:
            axes.setdefault(_axis(universe), [None]).append(universe)
    chosen = ([u for u in way if u is not None] for way in product(*axes.values()))
    return [_joined(parts) for parts in chosen if len(parts) > 1]


def _joined(parts: list[Universe]) -> Universe:
    first, *rest = parts
    for other in rest:
        first = replace(
            first,
            label=f"{first.label}; {other.label}",
            group="several",
            objective=first.objective or other.objective,
            rules=first.rules + other.rules,
            count=first.count or other.count,
            tied=first.tied or other.tied,
            source="",
        )
    return first


def check(universes: Iterable[Universe]) -> list[Universe]:
    """Refuses labels that two universes share."""
    found = list(universes)
    labels = [u.label for u in found]
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise FitError(f"multiverse: two universes are called {', '.join(twice)}; labels differ")
    return found
