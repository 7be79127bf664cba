"""What follows from a fit's constants, draw by draw: exponents, optima, losses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ..lawbook import Law
from ..lawbook import expression as ex
from ..lawbook.frontier import chinchilla_form, compute_optimal
from ..lawbook.law import spelling_hint
from .resampling import scatter
from .types import Array, FitError

if TYPE_CHECKING:
    from .uncertainty import Bootstrap

# Of 300 draws the usual method leaves 0.3 % more beyond either end than was asked for, this none.
QUANTILE: Final = "weibull"
OPTIMA = ("N_opt", "D_opt", "tokens_per_parameter")
EXPONENTS = ("a_N", "a_D")
_STEP = 1e-3  # in log C, to either side: the slope of a smooth curve to about 1e-7
_MOST_RESIDUALS = 400  # quantiles stand for more: they tell a 99 % interval to a percent


def interval(
    boot: Bootstrap, quantity: str, tail: float, new_run: bool, at: Mapping[str, float]
) -> tuple[float, float]:
    """Percentiles ``tail`` and 1 - ``tail`` of a quantity; see :meth:`Bootstrap.interval`."""
    law = boot.fit.law
    draws = {name: boot.draws[name].to_numpy() for name in boot.draws.columns}
    if new_run and quantity != law.output:
        raise FitError(f"interval: new_run adds the scatter of runs to {law.output!r} only")
    with np.errstate(all="ignore"):  # no finite value at an input of 0
        cloud = values(law, quantity, draws, at)
        if new_run:
            cloud = _as_runs(boot, cloud)
        if np.mean(np.isnan(cloud)) > tail:
            return float("nan"), float("nan")
        low, high = np.nanquantile(cloud, [tail, 1.0 - tail], method=QUANTILE)
    return float(low), float(high)


def values(
    law: Law, quantity: str, constants: Mapping[str, Array], at: Mapping[str, float]
) -> Array:
    """A quantity for each set of constants, in their shape (draws,)."""
    if quantity in constants:
        _check(law, quantity, [], at)
        return constants[quantity]
    if quantity in EXPONENTS:
        return _exponent(law, quantity, constants, at)
    if quantity in OPTIMA:
        n, d = _optimum(law, quantity, constants, at)
        return {"N_opt": n, "D_opt": d, "tokens_per_parameter": d / n}[quantity]
    if quantity == law.output:
        tree = _tree(law, at)
        _check(law, quantity, _inputs(law, tree), at)
        shape = np.shape(next(iter(constants.values())))
        with np.errstate(all="ignore"):
            found = ex.Program([tree])({**constants, **_arrays(at)})[0]
        return np.broadcast_to(np.asarray(found, dtype=float), shape)
    known = [*constants, *EXPONENTS, *OPTIMA, law.output]
    raise FitError(
        f"interval: unknown quantity {quantity!r}{spelling_hint(quantity, known)}; there are "
        f"{', '.join(known)}"
    )


def _exponent(
    law: Law, quantity: str, constants: Mapping[str, Array], at: Mapping[str, float]
) -> Array:
    """d log N_opt / d log C (a_N) or d log D_opt / d log C (a_D)."""
    form = chinchilla_form(_tree(law, at))
    if form is not None:
        _check(law, quantity, [], {k: v for k, v in at.items() if k != "C"})
        _, _, alpha, _, beta = (constants[name] for name in form)
        n = np.asarray(beta / (alpha + beta))  # Hoffmann et al. 2022, Eq. 4
    else:
        _check(law, quantity, ["C", *_others(law, at)], at)
        above, below = (
            _optimum(law, quantity, constants, {**at, "C": at["C"] * np.exp(step)})[0]
            for step in (_STEP, -_STEP)
        )
        n = np.log(above / below) / (2.0 * _STEP)
    return n if quantity == "a_N" else 1.0 - n


def _optimum(
    law: Law, quantity: str, constants: Mapping[str, Array], at: Mapping[str, float]
) -> tuple[Array, Array]:
    """Compute-optimal N and D of each draw; NaN where there is none inside."""
    tree = _tree(law, at)
    if not {"N", "D"} <= set(ex.symbols(tree)):
        raise FitError(
            f"interval: {law.id} has no optimum over N and D; its variables are "
            f"{', '.join(law.variables)}"
        )
    _check(law, quantity, ["C", *_others(law, at)], at)
    given = _arrays(at)
    budget = np.full(np.shape(next(iter(constants.values()))), given.pop("C"))
    return compute_optimal(tree, {**constants, **given}, budget)


def _tree(law: Law, at: Mapping[str, float]) -> ex.Tree:
    """The law with the variables that are left out at their defaults."""
    filled = {k: ex.parse(text) for k, text in law.defaults.items() if k not in at}
    return ex.substitute(law.tree, filled)


def _inputs(law: Law, tree: ex.Tree) -> list[str]:
    return [name for name in ex.symbols(tree) if name not in law.values]


def _others(law: Law, at: Mapping[str, float]) -> list[str]:
    """Variables beside N and D that an optimum needs to know."""
    return [name for name in _inputs(law, _tree(law, at)) if name not in ("N", "D")]


def _arrays(at: Mapping[str, float]) -> dict[str, Any]:
    return {name: np.asarray(value, dtype=float) for name, value in at.items()}


def _check(law: Law, quantity: str, needed: list[str], at: Mapping[str, float]) -> None:
    missing = [name for name in needed if name not in at]
    if missing:
        asked = ", ".join(f"{name}=" for name in missing)
        raise FitError(f"interval: {quantity!r} needs {asked} to say where")
    for name, value in at.items():
        if name not in needed:
            takes = ", ".join(needed) or "nothing"
            raise FitError(f"interval: {quantity!r} of {law.id} takes {takes}, not {name!r}")
        if np.ndim(value) or not np.isfinite(value):
            raise FitError(f"interval: {name} must be one finite number, not {value!r}")


def _as_runs(boot: Bootstrap, cloud: Array) -> Array:
    """Losses (draws x residuals,) of new runs: each draw's law with each residual of the fit.

    No randomness is added, and no shape of the scatter is assumed.
    """
    found = scatter(boot.fit)
    if len(found) > _MOST_RESIDUALS:
        found = np.quantile(found, (np.arange(_MOST_RESIDUALS) + 0.5) / _MOST_RESIDUALS)
    runs = cloud[:, None] * np.exp(-found) if boot.fit.objective.log else cloud[:, None] - found
    return np.asarray(runs.ravel())
