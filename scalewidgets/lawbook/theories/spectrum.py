r"""Regression on random features of data with a power-law spectrum.

Latents ``x_I`` are Gaussian with variances ``lam_I``; the target is a linear function of them
without noise; a student learns a ridge regression on ``N`` random linear features of the latents
from ``T`` samples. This is the model of Maloney, Roberts and Sully 2022 (arXiv:2210.16859), and
what gradient flow on that of Bordelon, Atanasov and Pehlevan 2024 (arXiv:2402.01092) tends to.

Derivation
----------
To leading order in large ``N`` and ``T`` all depends on one scale ``Delta``, above which latents
are learned. With ``z = sum lam/(lam + Delta)`` and ``q = sum (lam/(lam + Delta))^2``,

.. math:: \Delta\,(N - z)(T - z) = \text{ridge},

in units of the features' variance per latent; without a ridge ``z = min(N, T)``. The test loss of a
target with powers ``v_I`` (variance of the I-th term) is, as Simon, Karkada, Ghosh and Belkin 2023
(arXiv:2311.14646) derive it for random features in general,

.. math:: L = \frac{T \sum v \Delta\,[(N-q)/(lam+\Delta) - (N-z) lam/(lam+\Delta)^2]}
                   {T (N-q) - q (N-2z) - z^2}.

With ``v = sw2*lam`` it becomes symmetric, ``sw2 Delta N T (z-q)/(N T - (N+T) q + 2 q z - z^2)``,
and without a ridge ``sw2 Delta n/(1 - n/m)``, ``n`` and ``m`` the smaller and larger of N, T.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_EXACT = 20_000  # latents that are summed one by one; beyond, the sum is an integral (to 1e-9)


class _Latents(NamedTuple):
    """Eigenvalues, the target's powers, and the number of latents that each entry is."""

    lam: Array
    power: Array
    number: Array


def power_law(
    N: float,
    T: float,
    alpha: float,
    M: float,
    ridge: float = 0.0,
    lam_1: float = 1.0,
    sw2: float = 1.0,
) -> float:
    """Test loss for the spectrum ``lam_1*I**-(1 + alpha)``.

    Parameters
    ----------
    N, T : float
        Random features, training samples.
    alpha : float
        Exponent of the spectrum beyond 1.
    M : float
        Number of latents, from 1 to 1e15.
    ridge : float
        Ridge parameter of the summed squares, in units of a feature weight's variance.
    lam_1 : float
        Largest eigenvalue.
    sw2 : float
        Variance of the target's weights.

    Returns
    -------
    float
        Mean squared error; infinite at N = T without a ridge, NaN for inputs out of range.

    Examples
    --------
    >>> round(power_law(30, 300, alpha=1, M=1500), 4)
    0.087
    """
    sane = min(N, T) >= 1 and min(alpha, lam_1, sw2) > 0 and 1 <= M <= 1e15 and ridge >= 0
    if not sane or math.isinf(max(N, T)):
        return math.nan
    latents = _latents(1 + alpha, 1 + alpha, M)
    return lam_1 * sw2 * _loss(N, T, latents, _scale(N, T, latents, ridge / lam_1))


def optimal_ridge(
    N: float, T: float, alpha: float, M: float, lam_1: float = 1.0, sw2: float = 1.0
) -> float:
    """As :func:`power_law`, with the ridge at which the loss is least.

    Examples
    --------
    >>> round(optimal_ridge(30, 300, alpha=1, M=1500), 4)
    0.0861
    """
    from scipy.optimize import minimize_scalar

    sane = min(N, T) >= 1 and min(alpha, lam_1, sw2) > 0 and 1 <= M <= 1e15
    if not sane or math.isinf(max(N, T)):
        return math.nan
    latents = _latents(1 + alpha, 1 + alpha, M)
    least = _scale(N, T, latents, 0.0)
    start = math.log(least) if least > 0 else -40.0
    found = minimize_scalar(
        lambda x: _loss(N, T, latents, math.exp(x)),
        bounds=(start, start + 20),
        method="bounded",
        options={"xatol": 1e-9},
    )
    return lam_1 * sw2 * min(float(found.fun), _loss(N, T, latents, least))


def late_time(N: float, P: float, a: float, b: float, M: float = 1e12) -> float:
    """What gradient flow tends to with eigenvalues ``k**-b`` and target powers ``k**-a``.

    Parameters
    ----------
    N, P : float
        Random features, training samples; infinite where they do not limit.
    a, b : float
        Exponents of the task and of the spectrum, above 1.
    M : float
        Number of modes, from 1 to 1e15.

    Returns
    -------
    float
        Mean squared error; infinite at N = P, NaN for inputs out of range.
    """
    if not (min(N, P) >= 1 and a > 1 and b > 1 and 1 <= M <= 1e15) or math.isinf(min(N, P)):
        return math.nan
    latents = _latents(b, a, M)
    return _loss(min(N, 1e30), min(P, 1e30), latents, _scale(N, P, latents, 0.0))


def _latents(b: float, a: float, M: float) -> _Latents:
    first = np.arange(1.0, min(math.floor(M), _EXACT) + 1)
    index, count = first, np.ones_like(first)
    if M > _EXACT:  # the midpoint rule backwards, by Gauss-Legendre in log(index)
        points, weights = np.polynomial.legendre.leggauss(200)
        low, high = math.log(_EXACT + 0.5), math.log(math.floor(M) + 0.5)
        rest = np.exp(low + (high - low) * (1 + points) / 2)
        index = np.concatenate([first, rest])
        count = np.concatenate([count, weights * (high - low) / 2 * rest])
    return _Latents(index**-b, index**-a, count)


def _scale(N: float, T: float, latents: _Latents, ridge: float) -> float:
    """``Delta`` for a ridge; 0 where the features and samples suffice for all latents."""
    from scipy.optimize import brentq

    n, m = min(N, T), max(N, T)

    def learned(log_delta: float) -> float:
        return float(latents.number @ (latents.lam / (latents.lam + math.exp(log_delta))))

    def excess(log_delta: float) -> float:
        z = learned(log_delta)
        return math.exp(log_delta) * (n - z) * (m - z) / ridge - 1

    most = math.log(float(latents.number @ latents.lam) / n) + 1  # z is below n/2 from here on
    least = -700.0
    if n < float(np.sum(latents.number)) * (1 - 1e-9):
        least = brentq(lambda x: learned(x) - n, most - 200, most, xtol=1e-13, rtol=1e-14)
    if ridge > 0:
        most = max(least, most, math.log(4 * ridge / n / m)) + 1
        least = brentq(excess, least, most, xtol=1e-13, rtol=1e-14)
    return math.exp(least) if least > -700 else 0.0


def _loss(N: float, T: float, latents: _Latents, delta: float) -> float:
    if delta == 0:
        return 0.0
    learned = latents.lam / (latents.lam + delta)
    z, q = float(latents.number @ learned), float(latents.number @ learned**2)
    missed = latents.number * latents.power * delta / (latents.lam + delta)
    above = float(missed @ ((N - q) - (N - z) * learned)) / N
    below = (1 - q / N) - (q * (1 - 2 * z / N) + z * z / N) / T
    return above / below if below > 1e-12 else math.inf
