"""Which run to make next: the one that tells most, per FLOP, of the quantity that matters.

Optimal design from the Jacobian (Fedorov 1972): runs give information J'J / scale^2 on a law's
constants, a new run adds the outer product of its own slopes, and the variance of a target is its
gradient's product with the inverse (delta method). All derivatives are exact; those of the
compute-optimal point follow from the condition that it fulfils, so that any law will do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ..lawbook import expression as ex
from ..lawbook.door import check_whole, checked, is_list, is_number, shown
from ..lawbook.frontier import FLOPS_PER_PARAMETER_TOKEN
from ..lawbook.law import spelling_hint
from .leverage import SINGULAR
from .types import Array, FitError, one_blas_thread
from .uncertainty import bend

if TYPE_CHECKING:
    from .result import Fit

OPTIMA = ("N_opt", "D_opt", "a_N", "a_D")
_SHAPES = 201  # tokens per parameter among which a run is chosen, evenly in the logarithm
_NO_SCATTER = 1e-9
_MOST_RUNS = 10_000  # suggested at once
_NO_PULL = 1e-12
_LEAST = 1e-300  # FLOPs: below, no size is a number


@checked(FitError)
def suggest_runs(
    fit: Fit,
    budget: float,
    target: str = "N_opt",
    at: float | tuple[float, float] = 1e24,
    count: int = 1,
    candidates: Any = None,
) -> pl.DataFrame:
    """The runs that shrink the variance of a target most per FLOP, one a row, the best first.

    Parameters
    ----------
    fit : Fit
        A fit to runs with N and D; its covariance says how much runs scatter.
    budget : float
        Training FLOPs (6ND) that each suggested run may cost at most.
    target : str
        ``"N_opt"`` or ``"D_opt"`` at ``at`` FLOPs (the variance is that of the logarithm);
        ``"a_N"`` or ``"a_D"``, the exponents of the optimum there; ``"loss"`` at ``at=(N, D)``;
        or a constant of the law, such as ``"alpha"``.
    at : float, or (float, float)
        Where the target is wanted: training FLOPs, or parameters and tokens for ``"loss"``.
    count : int
        How many runs to suggest: each next one is the best when those above it have been made. The
        same run may be suggested again, as a repetition.
    candidates : DataFrame or mapping, optional
        Columns ``N`` and ``D`` of the runs to choose from. Without them each run costs the whole
        budget and has as many tokens per parameter as some run of the fit or a number between: a
        fit says nothing of other shapes, and among prices the lowest nearly always wins per FLOP,
        as a run tells little more for being ten times as large.

    Returns
    -------
    polars.DataFrame
        ``N``, ``D``, ``C``, ``variance_before`` and ``variance_after`` (of the target, without and
        with the run), ``gain_per_flop`` (their difference over C).

    Raises
    ------
    FitError
        A target that is unknown or held, or has no value there; runs that lie on the law exactly or
        do not determine it; a law of more than N and D; no candidate within the budget.

    Examples
    --------
    >>> suggest_runs(fit, budget=1e22, target="N_opt", at=1e24)  # doctest: +SKIP
    """
    _check_numbers(budget, count)
    _surface(fit)  # refuses a law of other variables before their columns are asked for
    chosen = _default(fit, budget) if candidates is None else _within(candidates, budget)
    with one_blas_thread():
        rows = _greedy(fit, target, at, count, chosen["N"].to_numpy(), chosen["D"].to_numpy())
    columns = ["N", "D", "C", "variance_before", "variance_after"]
    difference = pl.col("variance_before") - pl.col("variance_after")
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.Float64), orient="row").with_columns(
        gain_per_flop=difference / pl.col("C")
    )


def _greedy(
    fit: Fit, target: str, at: float | tuple[float, float], count: int, n: Array, d: Array
) -> list[tuple[float, ...]]:
    """N, D, C, variance before and after of each run chosen."""
    surface = _surface(fit)
    free = ~fit.problem.pinned(fit.theta)
    pull = _target_gradient(fit, surface, target, at)[free]
    if np.abs(pull).max(initial=0.0) < _NO_PULL:
        raise FitError(
            f"suggest_runs: {target} at={at!r} is the same for all constants that are fitted"
        )
    spread, scale = _covariance(fit, surface, free)
    slopes = _slopes(fit, surface, n, d)[free]
    if not np.isfinite(slopes).all():
        raise FitError("suggest_runs: the law has no value at some candidates; leave them out")
    cost = FLOPS_PER_PARAMETER_TOKEN * n * d
    rows: list[tuple[float, ...]] = []
    for _ in range(count):
        told = spread @ slopes
        left = scale**2 + np.einsum("kn,kn->n", slopes, told)  # variance of a new run's residual
        gain = (pull @ told) ** 2 / left
        best = int(np.argmax(gain / cost))
        before = float(pull @ spread @ pull)
        rows.append((n[best], d[best], cost[best], before, before - gain[best]))
        spread = spread - np.outer(told[:, best], told[:, best]) / left[best]
    return rows


def _check_numbers(budget: float, count: int) -> None:
    if not _LEAST <= budget < np.inf:
        raise FitError(f"suggest_runs: budget must be training FLOPs above zero, not {budget!r}")
    check_whole(FitError, "suggest_runs: count", count, 1, _MOST_RUNS)


# --- what may be run ------------------------------------------------------------------------


def _default(fit: Fit, budget: float) -> pl.DataFrame:
    used = fit.runs.filter(pl.Series(fit.weights > 0))
    shape = (used["D"] / used["N"]).to_numpy()
    ratio = np.geomspace(shape.min(), shape.max(), _SHAPES)
    n = np.sqrt(budget / (FLOPS_PER_PARAMETER_TOKEN * ratio))
    return pl.DataFrame({"N": n, "D": ratio * n})


def _within(candidates: Any, budget: float) -> pl.DataFrame:
    try:
        table = candidates if isinstance(candidates, pl.DataFrame) else pl.DataFrame(candidates)
    except Exception as error:  # whatever Polars makes of it
        raise FitError(
            f"suggest_runs: candidates takes a table of N and D, not {shown(candidates)}"
        ) from error
    if not {"N", "D"} <= set(table.columns):
        raise FitError(f"suggest_runs: candidates need columns N and D; they have {table.columns}")
    table = table.select(pl.col("N", "D").cast(pl.Float64, strict=False))
    good = pl.all_horizontal(pl.all().is_finite() & (pl.all() > 0))
    if not table.select(good.fill_null(False).all()).item():
        raise FitError("suggest_runs: N and D of candidates must be positive numbers")
    cost = FLOPS_PER_PARAMETER_TOKEN * pl.col("N") * pl.col("D")
    within = table.filter(cost <= budget * (1 + 1e-9))  # a run of just the budget, rounded up
    if within.is_empty():
        least = (
            ""
            if table.is_empty()
            else f"; the cheapest costs {table.select(cost.min()).item():.3g}"
        )
        raise FitError(
            f"suggest_runs: none of the candidates costs {budget:.3g} FLOPs or less{least}"
        )
    return within


# --- derivatives ----------------------------------------------------------------------------


def _surface(fit: Fit) -> ex.Tree:
    """The loss as a tree in N, D and the coordinates of the free constants."""
    problem = fit.problem
    others = [name for name in problem.columns if name not in ("N", "D")]
    if others:
        raise FitError(
            f"suggest_runs: {fit.law.id} also varies with {', '.join(others)}; runs can be chosen "
            "by N and D only. Fit a law of these two."
        )
    held = {name: float(value) for name, value in problem.fixed.items()}
    return ex.substitute(problem.tree, {**held, **{c.name: c.tree() for c in problem.coordinates}})


def _evaluate(fit: Fit, trees: list[ex.Tree], n: Array, d: Array) -> Array:
    """Values (trees, points) at N and D (points,) and the fit's constants."""
    at = dict(zip((c.name for c in fit.problem.coordinates), fit.theta, strict=True))
    with np.errstate(all="ignore"):
        found = ex.Program(trees)({**at, "N": n, "D": d})
    return np.stack([np.broadcast_to(np.asarray(f, dtype=float), n.shape) for f in found])


def _by_constants(fit: Fit, tree: ex.Tree) -> list[ex.Tree]:
    return [ex.derivative(tree, c.name) for c in fit.problem.coordinates]


def _slopes(fit: Fit, surface: ex.Tree, n: Array, d: Array) -> Array:
    """Slopes (constants, runs) of the residuals of runs at N and D by the coordinates."""
    loss, *slopes = _evaluate(fit, [surface, *_by_constants(fit, surface)], n, d)
    return np.stack(slopes) / (loss if fit.objective.log else 1.0)


def _along(tree: ex.Tree) -> ex.Tree:
    """The derivative by log N along a budget, on which D falls as N grows."""
    by_n, by_d = (ex.multiply(name, ex.derivative(tree, name)) for name in ("N", "D"))
    return ex.subtract(by_n, by_d)


def _target_gradient(
    fit: Fit, surface: ex.Tree, target: str, at: float | tuple[float, float]
) -> Array:
    """Derivatives (constants,) of the target by the coordinates."""
    if target in OPTIMA:
        return _optimum_gradient(fit, surface, target, at)
    if target == fit.law.output:
        if (
            not is_list(at, float)
            or np.shape(at) != (2,)
            or not np.isfinite(at).all()
            or np.min(at) <= 0
        ):
            raise FitError(f"suggest_runs: say where as at=(N, D), two numbers above 0, not {at!r}")
        n, d = np.asarray(at, dtype=float)[:, None]
        found = _evaluate(fit, _by_constants(fit, surface), n, d)[:, 0]
        if not np.isfinite(found).all():
            raise FitError(f"suggest_runs: {fit.law.id} has no value at N, D = {at!r}")
        return found
    name = fit.problem.tied.get(target, target)
    coordinates = {c.name: c for c in fit.problem.coordinates}
    if name not in coordinates:
        known = [*OPTIMA, fit.law.output, *fit.problem.free]
        is_held = target in fit.params
        what = "is held: no run changes it" if is_held else "is no target"
        hint = "" if is_held else spelling_hint(target, known)
        raise FitError(f"suggest_runs: {target!r} {what}; there are {', '.join(known)}{hint}")
    tree = coordinates[name].tree()
    return _evaluate(fit, _by_constants(fit, tree), np.ones(1), np.ones(1))[:, 0]


def _optimum_gradient(fit: Fit, surface: ex.Tree, target: str, at: Any) -> Array:
    """The same for a property of the compute-optimal point, which moves with the constants.

    There the slope along the budget is zero; so log N moves by minus its derivative over the
    curvature, and by log C, of which D alone depends at a given N, likewise.
    """
    if not is_number(at) or not np.isfinite(at) or at <= 0:
        raise FitError(f"suggest_runs: {target} needs at= training FLOPs above zero, not {at!r}")
    if not {"N", "D"} <= set(ex.symbols(surface)):
        raise FitError(f"suggest_runs: {fit.law.id} has no optimum over N and D")
    slope = _along(surface)
    curvature = _along(slope)
    by_d = ex.multiply("D", ex.derivative(slope, "D"))
    exponent = ex.negate(ex.divide(by_d, curvature))
    tree: ex.Tree = {
        "N_opt": ("log", "N"),
        "D_opt": ("log", "D"),
        "a_N": exponent,
        "a_D": ex.subtract(1.0, exponent),
    }[target]
    point = (np.atleast_1d(fit.N_opt(at)), np.atleast_1d(fit.D_opt(at)))
    moves, own = (_evaluate(fit, _by_constants(fit, t), *point)[:, 0] for t in (slope, tree))
    bend, along = _evaluate(fit, [curvature, _along(tree)], *point)[:, 0]
    found = np.asarray(own - along * moves / bend)
    if not np.isfinite(found).all():
        raise FitError(f"suggest_runs: {fit.law.id} has no optimum of N and D at {at:.3g} FLOPs")
    return found


# --- information ----------------------------------------------------------------------------


def _covariance(fit: Fit, surface: ex.Tree, free: Any) -> tuple[Array, float]:
    """Covariance of the free coordinates by their information, and the scale of a run's residual.

    The scale is that at which (J'J)^-1 is the fit's covariance if residuals scatter alike, on
    average over directions: for least squares their standard deviation, for other objectives what
    is as good.
    """
    if fit.certificate.conditioning < SINGULAR or not np.isfinite(fit.covariance).all():
        raise FitError(
            "suggest_runs: the runs do not determine all constants yet, so nothing has a variance. "
            "Hold one with fixed=, or add any runs at another budget first."
        )
    slopes = _slopes(fit, surface, fit.runs["N"].to_numpy(), fit.runs["D"].to_numpy())[free]
    weights = fit.weights / fit.weights[fit.weights > 0].mean()  # a new run weighs as they do
    information = (slopes * weights) @ slopes.T
    around = bend(fit.problem, fit.objective, fit.theta, fit.weights[None])
    soft = float(np.trace(information @ around.inverse[np.ix_(free, free)])) / len(information)
    scale = float(np.sqrt(around.even * soft))
    if not scale > _NO_SCATTER:
        raise FitError("suggest_runs: the runs lie on the law exactly; no run can shrink anything")
    width = np.sqrt(np.diagonal(information))
    shape = np.outer(width, width)
    return scale**2 * np.linalg.inv(information / shape) / shape, scale
