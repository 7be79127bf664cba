"""What the DataLab needs a solver for: the best mixture, and where a looser filter wins."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache

import numpy as np

from ..lawbook import Law
from ..lawbook import expression as ex
from ..lawbook import law as published
from ..lawbook.expression import Array

MIXING = "ye2024_data_mixing.overall"
ONE_POOL = "goyal2024_qqt"
TWO_POOLS = "goyal2024_qqt.two_pools"
FIRST_SAMPLES = 1e7  # below half of that the filtering laws' errors are above 1
MOST_SAMPLES = 8e8  # the public runs of Goyal et al. end at 6.4e8
SMALLEST_POOL = 6.4e6
EPOCHS = 128  # over which the filtering laws sum: all that there can be over the smallest pool
LATER_EPOCHS = np.arange(2.0, EPOCHS + 1.0)
_CONVERGED = 1e-12  # nats


def known(name: str) -> Law:
    """A law of the catalogue, which is none of the theories."""
    law = published(name)
    assert isinstance(law, Law)
    return law


@cache
def domains() -> tuple[str, ...]:
    """The domains of the mixing law, in its order."""
    law = known(MIXING)
    return tuple(part.removeprefix("r_") for part in law.vectors["r"])


def shares(amounts: Mapping[str, float]) -> dict[str, float]:
    """Amounts of each domain as shares that sum to 1; equal ones where there is nothing at all."""
    total = sum(amounts.values())
    equal = 1.0 / len(amounts)
    return {name: value / total if total > 0 else equal for name, value in amounts.items()}


@lru_cache(maxsize=64)
def best_mixture(weights: tuple[float, ...]) -> tuple[float, ...]:
    """Shares of the domains with the least weighted loss under the mixing law.

    Parameters
    ----------
    weights : tuple of float
        Share of each domain in the validation set, in the order of :func:`domains`.

    Returns
    -------
    tuple of float
        Shares that are not negative and sum to 1.

    Raises
    ------
    ValueError
        When the solver finds none.

    Notes
    -----
    The weighted loss is a sum of exponentials of linear functions, so convex: there is one least
    value, and any descent finds it (Ye et al. 2024, arXiv:2403.16952).
    """
    from scipy.optimize import minimize  # 0.3 s to import

    law, names = known(MIXING), domains()
    constants = {**law.values, **{f"s_{n}": w for n, w in zip(names, weights, strict=True)}}
    parts = [f"r_{name}" for name in names]
    program = ex.Program([law.tree, *(ex.derivative(law.tree, part) for part in parts)])

    def loss(mixture: Array) -> tuple[float, Array]:
        value, *slopes = program({**constants, **dict(zip(parts, mixture, strict=True))})
        return float(value), np.array([float(slope) for slope in slopes])

    found = minimize(
        loss,
        np.full(len(names), 1.0 / len(names)),
        jac=True,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * len(names),
        constraints={"type": "eq", "fun": lambda r: r.sum() - 1.0, "jac": np.ones_like},
        options={"ftol": _CONVERGED, "maxiter": 500},
    )
    if not found.success:
        raise ValueError(f"no best mixture for the weights {weights}: {found.message}")
    mixture = np.clip(found.x, 0.0, None)
    return tuple(float(share) for share in mixture / mixture.sum())


@lru_cache(maxsize=64)
def looser_wins_from(
    scored: str, pool: float, b: tuple[float, float], tau: tuple[float, float]
) -> float:
    """Samples from which on both pools together have less error than the better pool alone.

    Parameters
    ----------
    scored : str
        Constant set of the filtering laws: how pools are scored, and the benchmark.
    pool : float
        Samples in each pool.
    b, tau : pair of float
        Utility exponents and half-lives (epochs) of the better pool and of the other one.

    Returns
    -------
    float
        Samples seen; NaN where the better pool stays ahead to 8e8 samples, or never was.
    """
    from scipy.optimize import brentq

    one, two = (
        known(name).with_constants(**known(name).sets[scored].values)
        for name in (ONE_POOL, TWO_POOLS)
    )

    def lead(samples: float | Array) -> Array:
        seen = {"n": samples, "j": LATER_EPOCHS}
        alone = one.predict(P=pool, b=b[0], tau=tau[0], **seen)
        pools = {"b_1": b[0], "b_2": b[1], "tau_1": tau[0], "tau_2": tau[1]}
        return np.asarray(alone - two.predict(P=2.0 * pool, **pools, **seen))

    # in its first epoch nothing is worn out, so that the better pool leads whatever the half-lives
    seen = np.geomspace(pool, max(MOST_SAMPLES, pool), 120)
    ahead = lead(seen) > 0
    if ahead[0] or not ahead.any():
        return float("nan")
    first = int(np.argmax(ahead))
    return float(brentq(lead, seen[first - 1], seen[first], rtol=1e-12))
