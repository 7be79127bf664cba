"""Laws against each other on the same runs: information criteria and the likelihood ratio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import chdtrc, erf

from ..lawbook.door import checked, shown
from .certificate import VAGUE
from .objective import Objective
from .parametric import solve
from .result import Fit
from .solver import exact
from .types import Array, FitError, one_blas_thread
from .uncertainty import bend

NESTED = 1e-6  # root mean square, in log loss, to which the larger law must meet the smaller one


# --- information criteria -------------------------------------------------------------------


@checked(FitError, "compare")
def compare_fits(fits: Mapping[str, Fit] | Sequence[Fit]) -> pl.DataFrame:
    """Fits to the same runs side by side, the lowest AIC first.

    The likelihood is that whose maximum the objective finds: residuals with density
    exp(-rho(r)/s)/Z(s), normal for least squares, Laplace's for absolute deviations, Huber's in
    between, with the scale s at its own best. It is a density of log losses under every objective,
    so that fits to raw and to log losses can be compared. Differences in AIC below 2 say little,
    above 10 almost all (Burnham and Anderson 2002, Sec. 2.6) - provided that runs scatter
    independently, which checkpoints of one training do not.

    Parameters
    ----------
    fits : mapping of names to fits, or sequence of fits
        Two at least. Without names they go by their laws.

    Returns
    -------
    polars.DataFrame
        ``name``, ``objective``, ``status``, ``runs`` (with a weight), ``constants`` (free ones; the
        scale counts as one more in AIC and BIC), ``log_likelihood``, ``AIC``, ``BIC``,
        ``delta_AIC``, ``delta_BIC`` (above the lowest) and ``rmse`` (of log loss).

    Raises
    ------
    FitError
        Fewer than two fits, fits to different runs or with different weights, a law on which the
        runs lie exactly.
    """
    named = _named(fits)
    names = list(named)
    if len(named) < 2:
        raise FitError("compare: give two fits at least")
    for name in names[1:]:
        _check_same_runs(named[names[0]], named[name], f"compare: {names[0]} and {name}")
    rows = []
    for name, fit in named.items():
        r, w = _log_residuals(fit), _shares(fit)
        likelihood = log_likelihood(fit)
        count = fit.problem.size + 1
        rows.append(
            {
                "name": name,
                "objective": str(fit.objective),
                "status": fit.status,
                "runs": fit.used,
                "constants": fit.problem.size,
                "log_likelihood": likelihood,
                "AIC": 2.0 * count - 2.0 * likelihood,
                "BIC": count * np.log(fit.used) - 2.0 * likelihood,
                "rmse": float(np.sqrt(np.mean(w * r**2))),
            }
        )
    above = [(pl.col(c) - pl.col(c).min()).alias(f"delta_{c}") for c in ("AIC", "BIC")]
    table = pl.DataFrame(rows).with_columns(above).sort("AIC", maintain_order=True)
    return table.select(pl.exclude("rmse"), "rmse")


def _named(fits: Mapping[str, Fit] | Sequence[Fit]) -> dict[str, Fit]:
    if isinstance(fits, Mapping):
        for name, given in fits.items():
            if not isinstance(given, Fit):
                raise FitError(f"compare: fits[{name!r}] must be a Fit, not {shown(given)}")
        return dict(fits)
    named: dict[str, Fit] = {}
    for fit in fits:
        name, again = fit.law.id, 2
        while name in named:
            name, again = f"{fit.law.id} ({again})", again + 1
        named[name] = fit
    return named


def log_likelihood(fit: Fit) -> float:
    """Highest log likelihood of the log losses over the scale of the residuals; see compare_fits.

    Raises
    ------
    FitError
        When the runs lie on the law: then it has no bound.
    """
    if fit.value <= exact(fit.problem, fit.objective, fit.weights[None])[0]:
        raise FitError(f"compare: the runs lie on {fit.law.id}, so its likelihood has no bound")
    used = fit.weights > 0
    found = best_log_likelihood(fit.objective, fit.residuals[used], _shares(fit))
    if not fit.objective.log:  # a density of losses, turned into one of their logarithms
        found += float(np.sum(_shares(fit) * np.log(fit.problem.observed[used])))
    return found


def best_log_likelihood(objective: Objective, r: Array, weights: Array) -> float:
    """Log likelihood of residuals ``r`` (runs,) at the scale that suits them best."""
    from scipy.optimize import minimize_scalar

    mean = float(np.mean(weights * objective.rho(r)))

    def per_run(log_scale: float) -> float:
        scale = float(np.exp(log_scale))
        return _log_normaliser(objective, scale) + mean / scale

    if objective.kind == "lad":
        best = per_run(np.log(mean))
    elif objective.kind == "least_squares":
        best = per_run(np.log(2.0 * mean))
    else:  # between Laplace's scale and the normal's
        span = (np.log(0.5 * mean), np.log(4.0 * mean))
        best = minimize_scalar(per_run, bounds=span, options={"xatol": 1e-9}).fun
    return float(-len(r) * best)


def _log_normaliser(objective: Objective, scale: float) -> float:
    """Log of the integral of exp(-rho(r)/scale): half for either sign of r, if these differ."""
    below, above = (_log_symmetric(objective, s) for s in (scale, scale / objective.over))
    return float(np.logaddexp(below, above) - np.log(2.0))


def _log_symmetric(objective: Objective, scale: float) -> float:
    if objective.kind == "lad":
        return float(np.log(2.0 * scale))
    normal = np.sqrt(2.0 * np.pi * scale)
    if objective.kind == "least_squares":
        return float(np.log(normal))
    delta = objective.delta
    middle = normal * erf(delta / np.sqrt(2.0 * scale))
    return float(np.log(middle + 2.0 * scale / delta * np.exp(-(delta**2) / (2.0 * scale))))


def _log_residuals(fit: Fit) -> Array:
    """log(predicted) - log(observed) of the runs used, whatever the objective."""
    predicted = fit.problem.predict(fit.theta[None])[0]
    return np.asarray((np.log(predicted) - fit.problem.log_observed)[fit.weights > 0])


def _shares(fit: Fit) -> Array:
    """Weights of the runs used, 1 on average: their scale says nothing of the scatter."""
    used = fit.weights[fit.weights > 0]
    return np.asarray(used / used.mean())


def _check_same_runs(one: Fit, other: Fit, what: str) -> None:
    names = ["N", "D", "C", *one.law.variables, *other.law.variables, "loss"]
    tables = [
        fit.runs.select(n for n in dict.fromkeys(names) if n in fit.runs.columns).filter(
            fit.weights > 0
        )
        for fit in (one, other)
    ]
    if not tables[0].equals(tables[1]):
        raise FitError(
            f"{what} were fitted to different runs ({tables[0].height} and {tables[1].height} "
            "used). Fit both to one table, its rows in one order, then compare."
        )
    if not np.allclose(_shares(one), _shares(other), rtol=1e-12):
        raise FitError(f"{what} were fitted with different weights; use the same for both")


# --- likelihood ratio -----------------------------------------------------------------------


@dataclass(frozen=True)
class LikelihoodRatio:
    """Whether a larger law fits better than chance would let it.

    Attributes
    ----------
    statistic : float
        Twice the fall of the objective over its scale: the likelihood ratio for least squares, and
        what takes its place for robust objectives, whose density the runs need not follow
        (Schrader and Hettmansperger 1980, Biometrika 67; see :class:`Profile`).
    dof : int
        Free constants of the larger law beyond those of the smaller one.
    p_value : float
        Chance of such a statistic, or a larger one, if the smaller law holds (chi-square).
    loose : tuple of str
        Constants of the larger law that the runs leave open where it meets the smaller one, as the
        exponent of a term that vanishes there. Then chi-square is no more than a guide: in 100
        simulated studies without a term in D, 3 % of the p-values of a law with one were below
        0.05.
    """

    statistic: float
    dof: int
    p_value: float
    loose: tuple[str, ...] = ()

    def __str__(self) -> str:
        guide = f" (a guide only: {', '.join(self.loose)} open)" if self.loose else ""
        return f"chi2({self.dof}) = {self.statistic:.4g}, p = {self.p_value:.3g}{guide}"

    def __repr__(self) -> str:
        return f"LikelihoodRatio({self})"


@checked(FitError)
def likelihood_ratio(small: Fit, large: Fit) -> LikelihoodRatio:
    """Test of a law against one that contains it, fitted to the same runs.

    It is contained when the larger law can be brought to within 1e-6 (root mean square, log loss)
    of its predictions at the runs used, as by constants that are held in one fit only.

    Raises
    ------
    FitError
        When runs, weights or objectives differ, ``large`` has no more free constants, does not
        contain ``small`` or fits worse, or the runs lie on it.
    """
    what = f"likelihood_ratio: {small.law.id} and {large.law.id}"
    _check_same_runs(small, large, what)
    if small.objective != large.objective:
        raise FitError(f"{what} minimise different objectives; fit both with the same one")
    dof = large.problem.size - small.problem.size
    if dof < 1:
        raise FitError(
            f"{what} have {small.problem.size} and {large.problem.size} free constants; the second "
            "fit must have more than the first"
        )
    if large.value <= exact(large.problem, large.objective, large.weights[None])[0]:
        raise FitError(f"likelihood_ratio: the runs lie on {large.law.id}, without scatter")
    loose = _meeting(small, large, what)
    # both sums with the weights of one fit: only their ratios count
    fall = small.value * large.weights.sum() / small.weights.sum() - large.value
    if fall < -1e-9 * large.value:
        raise FitError(
            f"{what}: the larger law fits worse, so it is not at its optimum. Fit it again with "
            "start= near the smaller one's constants"
        )
    statistic = max(2.0 * fall / _scale(large), 0.0)
    return LikelihoodRatio(statistic, dof, float(chdtrc(dof, statistic)), loose)


def _scale(fit: Fit) -> float:
    """What the objective rises by when chance costs one constant, twice over: the variance of the
    residuals for least squares, E psi^2 / E psi' for robust objectives."""
    return bend(fit.problem, fit.objective, fit.theta, fit.weights[None]).even


def _meeting(small: Fit, large: Fit, what: str) -> tuple[str, ...]:
    """Constants of ``large`` left open where it imitates ``small``; refuses where it cannot."""
    observed = large.problem.observed.copy()
    observed[large.weights > 0] *= np.exp(_log_residuals(small))
    problem = large.problem.observing(observed)
    shared = {k: v for k, v in small.params.items() if k in large.problem.free}
    starts: list[dict[str, float] | None] = [{**large.params, **shared}, large.params, None]
    closest = np.inf
    for start in starts:
        found = solve(problem, large.runs, Objective("least_squares"), large.weights, start)
        distance = float(np.sqrt(np.mean(_log_residuals(found) ** 2)))
        if distance < NESTED:
            return _loose(found, float(np.std(_log_residuals(small))))
        closest = min(closest, distance)
    raise FitError(
        f"{what} are not nested: on these runs the second law comes no closer to the first than "
        f"{closest:.1e} in log loss. Compare them by AIC, or hold constants of the second with "
        "fixed={...} to make the first."
    )


def _loose(found: Fit, scatter: float) -> tuple[str, ...]:
    """Constants whose standard error, with such a scatter of the runs, would be beyond use."""
    predicted, slopes, _ = found.problem.derivatives(found.theta[None])
    columns = (slopes[:, 0] / predicted).T[found.weights > 0]
    length = np.maximum(np.linalg.norm(columns, axis=0), 1e-150)
    with one_blas_thread():
        _, size, axes = np.linalg.svd(columns / length, full_matrices=False)
    spread = axes / np.maximum(size, 1e-16 * size[0])[:, None]
    with np.errstate(over="ignore"):
        errors = scatter * np.linalg.norm(spread, axis=0) / length
    # a term that is not there at all, at any exponent
    errors[length <= 1e-12] = np.inf
    return tuple(
        c.name
        for c, error in zip(found.problem.coordinates, errors, strict=True)
        if not error <= (VAGUE if c.sign else 1.0)
    )
