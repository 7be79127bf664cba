"""What one universe makes of the runs: its fit, and the optimum that follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from ..lawbook import expression as ex
from ..lawbook.frontier import chinchilla_form
from .approaches.isoflop import IsoFlop, approach_2
from .counting import Cost, Embeddings, measured_cost, optimum
from .parametric import solve
from .problem import Problem
from .result import Fit
from .types import Array, FitError
from .universe import Universe

SCHEMA = {
    **{"label": pl.String, "group": pl.String},
    **dict.fromkeys(("N_opt", "D_opt", "tokens_per_parameter", "a_N", "k_N", "loss"), pl.Float64),
    **{"status": pl.String, "runs": pl.Int64, "source": pl.String},
}
_STEP = 1e-3  # in log C, to either side: the slope of a smooth curve to about 1e-7


@dataclass(frozen=True)
class Setting:
    """What all universes have in common.

    Attributes
    ----------
    baseline : Fit
    C : float
        Training FLOPs.
    counted : Embeddings, optional
        The other count of the runs' parameters, where it is known.
    budgets, within
        Of the isoFLOP curves, as :func:`approach_2` takes them.
    """

    baseline: Fit
    C: float
    counted: Embeddings | None = None
    budgets: tuple[float, ...] | None = None
    within: float = 0.05

    @property
    def first(self) -> Universe:
        """The baseline as a universe."""
        return Universe(str(self.baseline.objective), "baseline")


@dataclass(frozen=True)
class Answer:
    """A universe with its fit and its row of the table, or why there is none."""

    universe: Universe
    fit: Fit | IsoFlop | None = None
    row: dict[str, Any] | None = None
    missing: str = ""


def solved(task: tuple[Setting, Universe]) -> Answer:
    """What a worker is asked. A universe that cannot be had is an answer, no failure."""
    setting, universe = task
    try:
        if universe.curve is not None:
            return _by_curve(setting, universe)
        return _by_law(setting, universe)
    except FitError as error:
        return Answer(universe, missing=str(error))


def surface(fit: Fit) -> ex.Tree:
    """The law with the variables beside N and D at their defaults."""
    defaults = {name: ex.parse(text) for name, text in fit.law.defaults.items()}
    return ex.substitute(fit.law.tree, defaults)


def differs(universe: Universe, baseline: Fit) -> bool:
    """Whether anything in it differs from the baseline."""
    other = universe.objective not in (None, baseline.objective)
    return other or bool(universe.rules or universe.count or universe.tied or universe.curve)


# --- a law ----------------------------------------------------------------------------------


def _by_law(setting: Setting, universe: Universe) -> Answer:
    cost = _cost(setting, universe)
    base = setting.baseline
    weights = _weights(base, universe)
    problem = _problem(setting, universe)
    objective = universe.objective or base.objective
    fit = base
    if problem is not base.problem:
        fit = solve(problem, base.runs, objective, weights)
    elif weights is not base.weights or objective != base.objective:
        fit = solve(problem, base.runs, objective, weights, base.params)
    C = setting.C * np.exp(_STEP * np.array([-1.0, 0.0, 1.0]))
    n, d, loss = optimum(surface(fit), fit.params, C, cost)
    a_N = float(np.log(n[2] / n[0]) / (2.0 * _STEP))
    status = fit.status if np.isfinite(n[1]) else "no_optimum"
    found = {"N_opt": n[1], "D_opt": d[1], "a_N": a_N, "loss": loss[1]}
    return _answer(setting, universe, fit, {**found, "status": status, "runs": fit.used})


def _weights(base: Fit, universe: Universe) -> Array:
    weights = base.weights
    for rule in universe.rules:
        factor = rule(base)
        if (factor[base.weights > 0] == 1.0).all():
            raise FitError(f"{universe.label}: no run is left out by it")
        weights = weights * factor
    used = int(np.count_nonzero(weights))
    if used < base.problem.size:
        raise FitError(
            f"{universe.label}: {used} runs are left, too few for {base.problem.size} constants"
        )
    return weights


def _problem(setting: Setting, universe: Universe) -> Problem:
    """The baseline's, or one with other sizes or with tied exponents."""
    base = setting.baseline.problem
    columns, tied = base.columns, base.tied
    if universe.count in ("size", "both"):
        columns = {**columns, "N": _counted(setting).other}
    if universe.tied:
        form = chinchilla_form(base.tree)
        if form is None or form[2] == form[4]:
            raise FitError(f"{base.law.id} has no two exponents, as in E + A/N^alpha + B/D^beta")
        tied = {**tied, form[4]: form[2]}
    if columns is base.columns and tied is base.tied:
        return base
    return Problem(base.law, columns, base.observed, base.fixed, tied, base.bounds)


def _cost(setting: Setting, universe: Universe) -> Cost:
    if universe.count is None:
        return Cost()
    if universe.count == "measured":
        return measured_cost(setting.baseline.runs.filter(setting.baseline.weights > 0))
    return _counted(setting).cost(
        size=universe.count in ("size", "both"), flops=universe.count in ("compute", "both")
    )


def _counted(setting: Setting) -> Embeddings:
    if setting.counted is None:
        raise FitError(
            "how many of the parameters are embeddings is not known; give embedding= a column or "
            "Pearce and Song's omega"
        )
    return setting.counted


# --- approach 2 -----------------------------------------------------------------------------


def _by_curve(setting: Setting, universe: Universe) -> Answer:
    assert universe.curve is not None
    runs = setting.baseline.runs.filter(setting.baseline.weights > 0)
    found = approach_2(runs, curve=universe.curve, budgets=setting.budgets, within=setting.within)
    inside = found.budgets.filter("minimum")["inside"].all()
    row = {
        **{"N_opt": float(found.N_opt(setting.C)), "D_opt": float(found.D_opt(setting.C))},
        **{"a_N": found.a_N, "loss": np.nan},
        **{"status": "ok" if inside else "outside_grid", "runs": len(found.runs)},
    }
    return _answer(setting, universe, found, row)


def _answer(
    setting: Setting, universe: Universe, fit: Fit | IsoFlop, found: dict[str, Any]
) -> Answer:
    """The row in full: names, and what follows from N_opt, D_opt and a_N."""
    names = {"label": universe.label, "group": universe.group, "source": universe.source}
    with np.errstate(all="ignore"):
        k_N = found["N_opt"] / np.float64(setting.C) ** found["a_N"]
        ratio = {"tokens_per_parameter": np.divide(found["D_opt"], found["N_opt"]), "k_N": k_N}
    return Answer(universe, fit, {**names, **found, **ratio})
