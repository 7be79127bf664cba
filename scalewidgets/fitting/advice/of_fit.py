"""Pitfalls in what was fitted: constants that mean nothing, trends, outliers, the objective."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from ...lawbook.quantity import format_quantity as quantity
from ..objective import HOFFMANN_DELTA, Objective
from ..parametric import solve
from ..types import FitError
from ..universe import OUTLIER, Universe
from ..visit import SCHEMA, Setting, solved
from .note import BESIROGLU, CHOSHEN, CZECH, LI, SARDANA, SKALING, Note
from .study import Study

if TYPE_CHECKING:
    from ..result import Fit

COLLAPSED = 0.1  # share of the least loss; Sardana's fit up to 100 tokens a parameter had 0.07
LOW = 0.4  # Llama 3's fit has 0.3 (Czech exp11), others 0.6 to 0.9
TREND = 0.01  # chance of a trend that counts as seen, over the four tests together
MOVED = (0.03, 0.10)  # relative change of N_opt for a note, for a warning
SPREAD = (1.1, 1.5)  # N_opt's highest over lowest; on Chinchilla's points others report 1.8
OBJECTIVES = {
    "least squares, log": Objective("least_squares"),
    "least squares, raw": Objective("least_squares", log=False),
    "Huber 1e-3, log": Objective("huber", HOFFMANN_DELTA),
    "absolute deviations, log": Objective("lad"),
}


# --- constants ------------------------------------------------------------------------------


def not_the_optimum(study: Study, C: float | None) -> Iterator[Note]:
    """The certificate's verdict on the minimum itself."""
    c = study.fit.certificate
    if not c.remaining < 1e-9:
        yield Note(
            "not_converged",
            "error",
            f"A relative decrease of {c.remaining:.1e} is still in reach.",
            "Fit again with start= near a published constant set.",
            f"{BESIROGLU} (a stopped optimiser made Chinchilla's published constants)",
        )
    elif study.fit.status == "several_optima":
        yield Note(
            "several_optima",
            "warning",
            f"Another start came to rest {c.second_start:.1e} higher (relative).",
            "Compare the valleys, or hold a constant with fixed=.",
            f"{LI}; {CZECH}, Fig. 9",
        )


def at_bound(study: Study, C: float | None) -> Iterator[Note]:
    """Amplitudes other than the floor that went to zero, and constants at bounds set for them."""
    c = study.fit.certificate
    limits = dict(c.limits)
    for name in c.at_bound:
        if name != study.floor or name in limits:
            yield Note(
                "at_bound",
                "warning",
                f"{name} lies at its bound, {limits.get(name, 0.0):.3g}.",
                "Widen the bound or hold the constant with fixed=."
                if name in limits
                else "Leave its term out, hold it with fixed=, or add runs in which it matters.",
                f"{CHOSHEN}, Sec. 9",
            )


def floor(study: Study, C: float | None) -> Iterator[Note]:
    """An irreducible loss of nothing, or far below all losses measured."""
    name = study.floor
    if name is None:
        return
    value, least = study.fit.params[name], float(study.runs["loss"].to_numpy().min())
    share = value / least
    if share >= LOW:
        return
    gone = share < COLLAPSED
    low, high = study.fit.conf_int()[name]
    at_zero = name in study.fit.certificate.at_bound
    sure = "it lies at its bound" if at_zero else f"its 95 % interval is {low:.3g} to {high:.3g}"
    yield Note(
        "floor_collapsed" if gone else "floor_low",
        "warning" if gone else "note",
        f"{name} is {value:.3g}, {share:.0%} of the least loss ({least:.3g}); {sure}.",
        "Do not read it as the entropy of text; add longer and larger runs, or hold it with "
        "fixed= and see what changes.",
        f"{SARDANA}, Table 1; {SKALING}",
    )


def unbounded(study: Study, C: float | None) -> Iterator[Note]:
    """Constants that the runs hardly bound, or that explain the same thing."""
    c = study.fit.certificate
    if c.one_line:
        seen = "All runs lie on one line in log N and log D (one budget, or one D/N)."
        do = "Add runs at another budget and another D/N, or hold constants with fixed=."
        yield Note("one_line", "warning", seen, do, f"{CHOSHEN}, Sec. 9")
    vague = [name for name in c.vague if name not in c.at_bound]
    if vague:
        stderr = study.fit.stderr
        shown = ", ".join(f"{n} = {study.fit.params[n]:.3g} ± {stderr[n]:.2g}" for n in vague)
        do = "Give no meaning to them; add runs over a wider range, or hold them with fixed=."
        yield Note("vague", "warning", f"Hardly bounded: {shown}.", do, f"{CHOSHEN}, Sec. 9")


# --- residuals ------------------------------------------------------------------------------


def lack_of_fit(study: Study, C: float | None) -> Iterator[Note]:
    """Residuals that bend or drift with N, D, C or D/N more than chance lets them (F test)."""
    found = {q: study.trend(q) for q in ("N", "D", "C", "D/N")}
    seen = {q: (p, size) for q, (p, size) in found.items() if p < TREND / len(found)}
    if seen:
        worst = min(seen, key=lambda q: seen[q][0])
        trends = ", ".join(f"log {q}: {size:.2%} (p = {p:.1g})" for q, (p, size) in seen.items())
        yield Note(
            "lack_of_fit",
            "warning",
            f"Residuals of {study.scale:.2%} bend with the runs beyond chance: {trends}.",
            f"Look at the residuals against {worst}; try a law of another form, or a narrower "
            "range of runs. What bends within the runs errs more beyond them.",
            f"{SKALING} (R2 of 0.992 within, errors of 5 % beyond)",
        )


def outliers(study: Study, C: float | None) -> Iterator[Note]:
    """Runs far off the law whose leaving out moves the optimum."""
    far = np.abs(study.residuals) > OUTLIER * study.scale
    left = len(far) - int(far.sum())
    if not study.has_optimum or not far.any() or left <= study.fit.problem.size:
        return
    fit, at = study.fit, C or study.largest
    weights = fit.weights.copy()
    weights[study.used[far]] = 0.0
    without = solve(fit.problem, fit.runs, fit.objective, weights, fit.params)
    change = float(without.N_opt(at) / fit.N_opt(at))
    moved = abs(change - 1.0)
    if not moved >= MOVED[0]:
        return
    rows = study.runs["run"].to_numpy()[far]
    shown = ", ".join(map(str, rows[:10])) + (" ..." if len(rows) > 10 else "")
    yield Note(
        "outliers",
        "warning" if moved >= MOVED[1] else "note",
        f"{len(rows)} of {len(far)} runs lie more than {OUTLIER} robust standard deviations off "
        f"(runs {shown}). Without them N_opt at {quantity(at)} FLOPs changes by a factor of "
        f"{change:.2g}.",
        "Find out what went wrong in them, and report the fit with and without.",
        f"{BESIROGLU}; {CHOSHEN}, Sec. 7",
    )


# --- the objective --------------------------------------------------------------------------


def optima_by_objective(fit: Fit, C: float) -> pl.DataFrame:
    """N_opt and D_opt at ``C`` when the same runs are fitted under the usual objectives.

    Returns
    -------
    polars.DataFrame
        ``objective``, ``N_opt``, ``D_opt``, ``status``: least squares of log and of raw losses,
        Huber with delta 1e-3 and least absolute deviations of log losses.

    Raises
    ------
    FitError
        When the law has no optimum over N and D.
    """
    if not Study(fit).has_optimum:
        raise FitError(f"advise: {fit.law.id} is no loss over N and D, so it has no N_opt")
    universes = [Universe(name, "objective", each) for name, each in OBJECTIVES.items()]
    rows = [solved((Setting(fit, C), universe)).row for universe in universes]
    columns = pl.DataFrame(rows, schema=SCHEMA)
    return columns.select("label", "N_opt", "D_opt", "status").rename({"label": "objective"})


def other_objectives(study: Study, C: float | None) -> Iterator[Note]:
    """How far the optimum depends on the loss function of the residuals."""
    if not study.has_optimum:
        return
    at = C or study.largest
    table = optima_by_objective(study.fit, at).sort("N_opt")
    least, most = table["N_opt"][0], table["N_opt"][-1]
    if not most / least >= SPREAD[0]:
        return
    each = ", ".join(f"{quantity(n)} ({o})" for o, n in table.select("objective", "N_opt").rows())
    yield Note(
        "objective",
        "warning" if most / least >= SPREAD[1] else "note",
        f"N_opt at {quantity(at)} FLOPs depends on the objective by a factor of "
        f"{most / least:.2f}: {each}.",
        "Report the objective with the optimum, and the range; look for outliers and lack of fit.",
        f"{LI}; {CZECH}, Table A2",
    )


RULES = (not_the_optimum, at_bound, floor, unbounded, lack_of_fit, outliers)
