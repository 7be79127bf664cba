"""What the TestTimeLab asks of the kernel: a study of counted samples, and roots of sums."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import polars as pl
from scipy.optimize import brentq

from ...fitting import FitError, PassRates, fit_pass_rates
from ...lawbook import Law
from ...lawbook import closed_form as published
from ...lawbook import expression as ex
from ...lawbook.expression import Array

RATES = "schaeffer2025_monkey_power.scaled_beta"
MOST_TRIES = 1e5
_ON_PAPER = 40  # places along k at which a study is drawn


@dataclass(frozen=True)
class Rates:
    """Success rates of a model's problems: ``scale`` times a Beta variable."""

    alpha: float
    beta: float
    scale: float


def node_trees() -> tuple[ex.Tree, ex.Tree]:
    """Weight and success rate of a node ``u``, over ``alpha``, ``beta`` and ``scale``."""
    weight, x = (Law(name, definitions=published(RATES).definitions).tree for name in ("w", "x"))
    return weight, ("*", "scale", x)


def nodes(*rates: Rates) -> Array:
    """Where the integral over success rates is summed; the fewer hard problems, the more places.

    -log(coverage) is good to 1e-3 up to 1e5 tries with 100 places for alpha up to 0.3, and to 2e-3
    up to 1e4 tries with the published law's 200 for alpha up to 0.6; each place costs time at every
    frame of a drag.
    """
    published_count = len(published(RATES).default_items["u"])
    tail = max(one.alpha for one in rates)
    count = published_count // 2 if tail <= 0.3 else published_count
    count = count if tail <= 0.6 else 5 * published_count
    return (np.arange(count) + 0.5) / count


# --- a study ----------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def simulated(rates: Rates, problems: int, samples: int, seed: int) -> pl.DataFrame:
    """Counts of right samples of a study that draws problems and samples at random."""
    rng = np.random.default_rng(seed)
    drawn = rates.scale * rng.beta(rates.alpha, rates.beta, problems)
    return pl.DataFrame({"samples": samples, "correct": rng.binomial(samples, drawn)})


@lru_cache(maxsize=64)
def fitted(rates: Rates, problems: int, samples: int, seed: int) -> PassRates | None:
    """The distribution that such a study finds; None where it finds none."""
    try:
        return fit_pass_rates(simulated(rates, problems, samples, seed))
    except FitError:
        return None


def tries(most: float) -> Array:
    """Whole numbers from 1, evenly spaced in their logarithm."""
    return np.unique(np.geomspace(1.0, most, _ON_PAPER).round())


def line(k: Array, coverage: Array) -> tuple[float, float]:
    """A and b of -log(coverage) = A k**-b, least squares in log-log; NaN with fewer than two."""
    usable = (coverage > 0) & (coverage < 1)
    if usable.sum() < 2:
        return np.nan, np.nan
    y = np.log(-np.log(coverage[usable]))
    slope, height = np.polyfit(np.log(k[usable]), y, 1)
    return float(np.exp(height)), float(-slope)


# --- roots ------------------------------------------------------------------------------------


@cache
def _program(*laws: str) -> ex.Program:
    """Laws whose constants are given with the variables: a root asks them dozens of times."""
    return ex.Program([published(name).tree for name in laws])


def best_tries(share: Array, rate: Array, verifier: Mapping[str, float]) -> float:
    """The tries after which one more loses; infinite where each gains, 0 where the first loses.

    What a try adds, given that it comes to be made, falls with their number as long as a right
    answer is accepted more often than a wrong one (c > 1 - s): the tasks that are left are ever
    harder. So the last try that gains is found by halving.

    Parameters
    ----------
    share, rate : array (kinds,)
        Of each kind of task its share and the probability that a sample is right.
    verifier : mapping
        ``c``, ``s``, ``V_correct`` and ``V_false``, as in Stroebl et al. 2024.
    """

    def gains(k: int) -> bool:
        cells = {**verifier, "p": share, "r": rate, "K": np.array([float(k)])}
        return bool(_program("stroebl2024_inference_flaws.marginal")(cells)[0] > 0)

    if not gains(1):
        return 0.0
    low, high = 1, int(MOST_TRIES)
    if verifier["s"] < 1.0:  # beyond, what is left to be tried is zero in floating point
        high = min(high, int(-650.0 / np.log(verifier["s"])))
    if gains(high):
        return float("inf")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if gains(middle) else (low, middle)
    return float(low)


def weighted(rates: Rates, u: Array) -> tuple[Array, Array]:
    """Shares and success rates of the nodes."""
    weight, rate = _node_program()({**vars(rates), "u": u})
    return weight / weight.sum(), rate


@cache
def _node_program() -> ex.Program:
    return ex.Program(node_trees())


def unsolved(rates: Rates, k: float, u: Array) -> float:
    """-log(coverage) with k tries."""
    cells = {**vars(rates), "u": u, "k": np.array([float(k)])}
    return float(_program(RATES)(cells)[0][0])


def equal_tries(small: Rates, large: Rates) -> float:
    """Tries with which the small model solves what the large one solves at once; 1 where it is no
    worse, NaN where it needs more than :data:`MOST_TRIES`."""
    u = nodes(small, large)
    goal = unsolved(large, 1.0, u)
    return _root(lambda k: float(np.log(unsolved(small, k, u) / goal)))


def even_tries(small: Rates, large: Rates, tries_for: Callable[[float], float]) -> float:
    """Tries of the large model from which on it solves more than the small one at the same price;
    1 where it does at once, NaN where it never does up to :data:`MOST_TRIES`.

    ``tries_for`` says how many tries of the small model so many of the large one would pay.
    """
    u = nodes(small, large)

    def gap(k: float) -> float:
        many = unsolved(small, max(1.0, tries_for(k)), u)
        return float(np.log(unsolved(large, k, u) / many))

    return _root(gap)


def _root(gap: Callable[[float], float]) -> float:
    """The k from 1 to :data:`MOST_TRIES` at which a gap that is positive first is zero."""
    if gap(1.0) <= 0.0:
        return 1.0
    if gap(MOST_TRIES) > 0.0:
        return float("nan")
    return float(np.exp(brentq(lambda v: gap(float(np.exp(v))), 0.0, np.log(MOST_TRIES))))
