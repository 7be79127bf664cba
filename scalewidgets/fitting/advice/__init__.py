"""Known pitfalls of scaling studies, turned into coded notes on a fit.

Each rule is a small function: its threshold has a name and a source, and it says nothing without
evidence in the runs. Rules on the runs are in ``of_runs.py``, those on the fit in
``of_fit.py``; facts about runs and residuals come from ``study.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np

from ...lawbook.door import checked
from ...lawbook.quantity import format_quantity as quantity
from ..types import FitError
from . import of_fit, of_runs
from .note import CHOSHEN, KAPLAN, SARDANA, Note
from .study import Study

if TYPE_CHECKING:
    from ..result import Fit

_GRAVITY: dict[str, int] = {"error": 0, "warning": 1, "note": 2}

# Decades beyond the runs: 34 times in parameters was still reliable (Choshen Sec. 7), and at a
# steady D/N that is twice as many decades of compute.
FAR = {"N": np.log10(34.0), "D": np.log10(34.0), "C": 2.0 * np.log10(34.0)}
NEAR = 0.05  # decades: closer to the largest run than its neighbours are
FAR_RATIO = 1.0  # decades of D/N: fits up to 100 tokens a parameter fail at 10,000 (Sardana Tab. 1)


@checked(FitError)
def advise(fit: Fit, C: float | None = None, *, objectives: bool = False) -> tuple[Note, ...]:
    """The known pitfalls that a fit and its runs show, gravest first.

    Parameters
    ----------
    fit : Fit
    C : float, optional
        Training FLOPs for which the fit is to be used; without it nothing is said of extrapolation,
        and optima are compared at the largest run's compute.
    objectives : bool
        Refit under other objectives too and compare their optima (some ten refits' time).

    Returns
    -------
    tuple of Note
        Empty when nothing was found. The same fit gives the same notes.

    Raises
    ------
    FitError
        When ``C`` is not a positive number, or the runs have no N, D and C.
    """
    if not {"N", "D", "C"} <= set(fit.runs.columns):
        raise FitError("advise: its rules are about N, D and C, which these runs do not have")
    if C is not None:
        C = _budget(C)
    study = Study(fit)
    rules = [extrapolation, ratio, *of_runs.RULES, *of_fit.RULES]
    if objectives:
        rules.append(of_fit.other_objectives)
    found = [note for rule in rules for note in rule(study, C)]
    return tuple(sorted(found, key=lambda note: _GRAVITY[note.severity]))


def _budget(C: float) -> float:
    if not isinstance(C, Real) or not 1.0 <= float(C) < np.inf:
        raise FitError(f"advise: C must be a number of FLOPs, 1 or more, not {C!r}")
    return float(C)


# --- where the fit is used ------------------------------------------------------------------


def extrapolation(study: Study, C: float | None) -> Iterator[Note]:
    """Decades between the optimum asked for and the runs."""
    if C is None:
        return
    asked = {"C": C}
    if study.has_optimum:
        asked |= {"N": float(study.fit.N_opt(C)), "D": float(study.fit.D_opt(C))}
        if not np.isfinite([*asked.values()]).all():
            yield Note(
                "no_optimum",
                "error",
                f"The fitted law has no optimum of N and D at {quantity(C)} FLOPs.",
                "Do not extrapolate this fit so far; fit another form, or add runs near there.",
                f"{KAPLAN}, Sec. 6.3",
            )
            return
    beyond = {}
    for name, value in asked.items():
        low, high = study.logs[name].min(), study.logs[name].max()
        beyond[name] = max(float(np.log10(value) - high), float(low - np.log10(value)))
    out = {name: by for name, by in beyond.items() if by > NEAR}
    if out:
        far = any(by > FAR[name] for name, by in out.items())
        distances = ", ".join(f"{by:.1f} in {name}" for name, by in out.items())
        yield Note(
            "extrapolation",
            "warning" if far else "note",
            f"{quantity(C)} FLOPs lie outside the runs (decades: {distances}).",
            "Hold out the largest runs and see how well the rest predicts them (roll_out); add "
            "runs nearer to the target.",
            f"{CHOSHEN}, Sec. 7",
        )


def ratio(study: Study, C: float | None) -> Iterator[Note]:
    """Tokens per parameter of the optimum asked for against those tried."""
    if C is None or not study.has_optimum:
        return
    at = float(np.log10(study.fit.D_opt(C) / study.fit.N_opt(C)))
    tried = study.logs["D"] - study.logs["N"]
    beyond = max(at - tried.max(), tried.min() - at)
    if beyond > NEAR:
        yield Note(
            "tokens_per_parameter",
            "warning" if beyond > FAR_RATIO else "note",
            f"The optimum has {10**at:.3g} tokens a parameter, the runs "
            f"{10 ** tried.min():.3g} to {10 ** tried.max():.3g}.",
            "Add runs with such a ratio: what is fitted at few tokens a parameter does not carry "
            "over to many.",
            f"{SARDANA}, Table 1",
        )
