"""The likelihood of counts whose success rates are a scale times a Beta variable.

Counts of different problems are independent; with c of n samples right, a problem's likelihood is

    binom(n, c) scale**c / B(alpha, beta) * integral of x**(c + alpha - 1) (1 - x)**(beta - 1)
    (1 - scale x)**(n - c) dx over 0 to 1.

For scale 1 it has a closed form, below there is none that does not cancel in floating point. In
y = log(x/(1 - x)) the integrand has one mode, the root of a quadratic, and falls exponentially on
both sides: the trapezoid rule over y = mode + width sinh(tau) is exact to ten digits. The mean and
the covariance of log x and log(1 - x) under it give the gradient and the Hessian.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betaln, digamma, gammaln, polygamma

from .types import Array

_NODES = 241
_AT_ONCE = 2000  # counts: a dozen arrays of 4 MB
_DECAYS = 45.0  # e-folds by which the integrand has fallen where the rule ends


@dataclass(frozen=True, eq=False)
class Counts:
    """Different counts, and how many problems have each; all of shape (counts,)."""

    samples: Array
    correct: Array
    problems: Array


@dataclass(frozen=True, eq=False)
class Likelihood:
    """Log-likelihood, with derivatives by alpha and beta: shapes (), (2,) and (2, 2)."""

    value: float
    gradient: Array
    hessian: Array


def likelihood(counts: Counts, alpha: float, beta: float, scale: float) -> Likelihood:
    """Of shape parameters alpha, beta > 0 and a scale in (0, 1]."""
    n, c, problems = counts.samples, counts.correct, counts.problems
    values, slopes, covariances = log_chances(n, c, alpha, beta, scale)
    shared = polygamma(1, alpha + beta)
    prior = np.diag([polygamma(1, alpha), polygamma(1, beta)]) - shared
    return Likelihood(
        float(problems @ values),
        problems @ slopes,
        np.tensordot(problems, covariances, 1) - problems.sum() * prior,
    )


def log_chances(
    n: Array, c: Array, alpha: float, beta: float, scale: float
) -> tuple[Array, Array, Array]:
    """Log of the chance of c right ones in n samples (counts,), its slopes by alpha and beta
    (counts, 2), and the covariance (counts, 2, 2) of log x and log(1 - x), given the count."""
    choose = gammaln(n + 1.0) - gammaln(c + 1.0) - gammaln(n - c + 1.0)
    parts = [
        _moments(n[i : i + _AT_ONCE], c[i : i + _AT_ONCE], alpha, beta, scale)
        for i in range(0, len(n), _AT_ONCE)
    ]
    log_integral, means, covariances = map(np.concatenate, zip(*parts, strict=True))
    both = digamma(alpha + beta)
    prior = np.array([digamma(alpha) - both, digamma(beta) - both])
    values = choose + c * np.log(scale) + log_integral - betaln(alpha, beta)
    return values, means - prior, covariances


def _moments(
    n: Array, c: Array, alpha: float, beta: float, scale: float
) -> tuple[Array, Array, Array]:
    """Log of the integral (counts,), and means (counts, 2) and covariances (counts, 2, 2) of log x
    and log(1 - x) under its integrand."""
    left, wrong = c + alpha, n - c
    mode = _mode(left, wrong, beta, scale)
    bend = mode * (1 - mode) * (left + beta)
    inner = (1 - 2 * mode + scale * mode**2) / (1 - scale * mode) ** 2
    bend = bend + wrong * scale * mode * (1 - mode) * inner
    # where the tail of one side reaches to the mode the curvature says too little
    width = 1.0 / np.sqrt(np.maximum(bend, 1e-3 * np.minimum(left, beta)))
    start = np.arcsinh(-(_DECAYS / left) / width - _DECAYS)
    end = np.arcsinh((_DECAYS / beta) / width + _DECAYS)
    step = (end - start) / (_NODES - 1)
    tau = start[:, None] + step[:, None] * np.arange(_NODES)
    y = np.log(mode / (1 - mode))[:, None] + width[:, None] * np.sinh(tau)
    log_x, log_rest = -np.logaddexp(0.0, -y), -np.logaddexp(0.0, y)
    fail = log_rest if scale == 1.0 else np.log1p(-scale * np.exp(log_x))
    log_weight = left[:, None] * log_x + beta * log_rest + wrong[:, None] * fail
    log_weight += np.log(np.cosh(tau)) + np.log(step * width)[:, None]
    highest = log_weight.max(axis=1, keepdims=True)
    weight = np.exp(log_weight - highest)
    mass = weight.sum(axis=1)
    weight /= mass[:, None]
    means = np.stack([(weight * log_x).sum(axis=1), (weight * log_rest).sum(axis=1)], axis=-1)
    a, b = log_x - means[:, :1], log_rest - means[:, 1:]
    aa, ab, bb = ((weight * one * other).sum(axis=1) for one, other in ((a, a), (a, b), (b, b)))
    covariances = np.stack([aa, ab, ab, bb], axis=-1).reshape(-1, 2, 2)
    return np.log(mass) + highest[:, 0], means, covariances


def _mode(left: Array, wrong: Array, beta: float, scale: float) -> Array:
    """The x at which the integrand over y is greatest, in (0, 1).

    left (1 - x)(1 - scale x) - wrong scale x (1 - x) - beta x (1 - scale x) is positive at 0 and
    negative at 1, so it has one root between.
    """
    if scale == 1.0:
        return left / (left + wrong + beta)
    square = scale * (left + wrong + beta)
    line = left * (1 + scale) + wrong * scale + beta
    # the smaller root of square x**2 - line x + left, without cancellation
    found: Array = 2 * left / (line + np.sqrt(np.maximum(line**2 - 4 * square * left, 0.0)))
    return found
