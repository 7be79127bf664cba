r"""Pruned training data and a perceptron: the theory of Sorscher et al. 2022 (arXiv:2206.14486).

A teacher labels isotropic Gaussian examples by the sign of its field. A probe at an angle ``theta``
from the teacher ranks them by the size of its own field; a fraction ``f`` is kept, and a student
of the largest margin learns from these. Parameters and examples go to infinity at a fixed ratio.

Derivation
----------
Seen from the teacher, an example is its field ``z`` and the field ``u`` of the direction
perpendicular to it in the plane of teacher and probe; flipped so that ``z > 0``, it is kept where
``|z cos(theta) + u sin(theta)|`` is below (hard) or above (easy) a bound ``gamma`` that ``f`` sets.
A student ``(R, c, s)``, along the teacher, along ``u`` and across both, of length 1, can have the
margin ``kappa`` as long as (Gordon's comparison; the replica-symmetric saddle point is the same)

.. math:: \alpha_{tot}\, E[(\kappa - R z - c u - s g)_+^2; \text{kept}] \le s^2,

``g`` being standard normal. The student is where ``kappa`` is largest: with ``A = kappa/s``,
``t = R/s``, ``r = c/R`` and the field ``m = A - t (z + r u)``, where

.. math:: \alpha_{tot} E[(m - g)_+^2] = 1, \quad
          E[z (m - g)_+] (1 + t^2 + t^2 r^2) = A t E[(m - g)_+], \quad
          E[u (m - g)_+] = r E[z (m - g)_+].

Its error on new examples is its angle to the teacher, ``atan2(sqrt(s^2 + c^2), R)/pi``.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_END = 8.5  # fields beyond this many standard deviations have no weight
_POINTS = 20  # of Gauss-Legendre in each smooth piece: errors are right to 1e-9 of themselves
_FIRST = 0.05  # examples per parameter at which the way to a solution starts


class _Kept(NamedTuple):
    """Which examples are kept, and how many there were."""

    alpha_tot: float
    f: float
    theta: float
    gamma: float
    hard: bool


def keep_hard(alpha_tot: float, f: float = 1.0, theta: float = 0.0) -> float:
    """The student's error when the examples nearest to the probe's boundary are kept.

    Parameters
    ----------
    alpha_tot : float
        Examples per parameter before pruning.
    f : float
        Fraction kept, 0 to 1 (all of them where left out).
    theta : float
        Angle between probe and teacher in radians, 0 (a perfect metric) to pi/2 (a useless one).

    Returns
    -------
    float
        Probability of a wrong label, 0 to 0.5; NaN for inputs out of range.

    Examples
    --------
    >>> round(keep_hard(8, f=0.4), 5)
    0.06203
    """
    from scipy.special import ndtri

    return _error(_Kept(alpha_tot, f, theta, float(ndtri((1 + f) / 2)), hard=True))


def keep_easy(alpha_tot: float, f: float = 1.0, theta: float = 0.0) -> float:
    """As :func:`keep_hard`, when the examples farthest from the probe's boundary are kept.

    Examples
    --------
    >>> round(keep_easy(8, f=0.4), 5)
    0.07376
    """
    from scipy.special import ndtri

    return _error(_Kept(alpha_tot, f, theta, float(ndtri(1 - f / 2)), hard=False))


def _error(kept: _Kept) -> float:
    sane = 0 < kept.alpha_tot < math.inf and 0 < kept.f <= 1 and 0 <= kept.theta <= math.pi / 2
    student = _student(kept) if sane else None
    if student is None:
        return math.nan
    across, along = math.hypot(1, student[2] * math.exp(student[1])), math.exp(student[1])
    return math.atan2(across, along) / math.pi


def _student(kept: _Kept) -> Array | None:
    """``log A``, ``log t`` and ``r``: at once, or else on a way from few examples to many."""
    found = _root(kept, _guess(kept))
    if found is not None:
        return found
    done, end, step = math.log(min(_FIRST, kept.alpha_tot)), math.log(kept.alpha_tot), 2.0
    kept = kept._replace(alpha_tot=math.exp(done))
    here, slope = _root(kept, _guess(kept)), np.array([-0.5, 0.5, 0.0])
    while here is not None and done < end:
        step = min(step, end - done)
        found = _root(kept._replace(alpha_tot=math.exp(done + step)), here + slope * step)
        if found is not None:
            slope, here, done, step = (found - here) / step, found, done + step, 1.3 * step
        elif step < 1e-3:
            return None
        else:
            step /= 3
    return here


def _guess(kept: _Kept) -> Array:
    """Good for few examples (as by Hebb's rule), and for many when nothing is pruned."""
    alpha_p = kept.f * kept.alpha_tot
    t = math.hypot(0.8 * math.sqrt(alpha_p), 0.64 * kept.alpha_tot)
    return np.array([math.log(math.hypot(1 / math.sqrt(alpha_p), 0.6)), math.log(t), 0.0])


def _root(kept: _Kept, start: Array) -> Array | None:
    from scipy.optimize import root

    with np.errstate(all="ignore"):  # a step too far has no moments left: then there is no root
        found = root(_conditions, start, args=(kept,), jac=True, options={"xtol": 1e-13})
    x: Array = found.x
    return x if np.max(np.abs(found.fun)) < 1e-10 else None


def _conditions(x: Array, kept: _Kept) -> tuple[Array, Array]:
    """What must vanish (logarithms of the three conditions' ratios), and its derivatives."""
    A, t, r = math.exp(min(x[0], 300)), math.exp(min(x[1], 300)), x[2]
    square, first, second = _moments(A, t, r, kept)
    one, z, u = first
    q, t2 = 1 + t * t * (1 + r * r), t * t
    moves = np.array([[A, 0, 0], [0, -t, 0], [0, -r * t, -t]])  # of m by 1, z, u with x
    d_one, d_z, d_u = second @ moves
    values = [np.log(kept.alpha_tot * square), np.log(z * q / (one * A * t)), u / z - r]
    slopes = [
        2 * first @ moves / square,
        d_z / z - d_one / one + np.array([-1, 2 * t2 * (1 + r * r) / q - 1, 2 * t2 * r / q]),
        d_u / z - u * d_z / z**2 - np.array([0, 0, 1]),
    ]
    return np.array(values), np.array(slopes)


def _moments(A: float, t: float, r: float, kept: _Kept) -> tuple[float, Array, Array]:
    """Over what is kept, with ``F = (1, z, u)``: (m-g)_+^2, F (m-g)_+ and F F' where m > g."""
    from scipy.special import ndtr

    z, u, weight = _nodes(A, t, r, kept)
    m = A - t * (z + r * u)
    below = ndtr(m)
    mean = m * below + np.exp(-m * m / 2) / math.sqrt(2 * math.pi)
    F = np.stack([np.ones_like(z), z, u])
    return float(weight @ (m * mean + below)), F @ (weight * mean), (F * (weight * below)) @ F.T


def _nodes(A: float, t: float, r: float, kept: _Kept) -> tuple[Array, Array, Array]:
    """Points ``z``, ``u`` and weights over the kept region, as far as ``m`` is above ``-_END``.

    For each ``u`` the region is an interval of ``z`` (easy: two) between straight lines; in ``u``
    the pieces end where two of these lines cross, so that all is smooth inside.
    """
    sin, cos = math.sin(kept.theta), math.cos(kept.theta)
    bounds = [(-kept.gamma / cos, -sin / cos), (kept.gamma / cos, -sin / cos)]
    top = ((A + _END) / t, -r)
    lines = [(0.0, 0.0), (_END, 0.0), top, *(b for b in bounds if math.isfinite(b[0]))]
    crossings = [(b - a) / (p - q) for (a, p), (b, q) in combinations(lines, 2) if p != q]
    ends = [-_END, -2.5, 2.5, _END, *(x for x in crossings if abs(x) < _END)]
    edges = np.unique(ends)
    u, weight = _gauss(edges[:-1], edges[1:])
    weight = weight * np.exp(-u * u / 2) / math.pi
    last = np.clip(top[0] + top[1] * u, 0, _END)
    low, high = (np.clip(a + p * u, 0, last) for a, p in bounds)
    pieces: Any = [(low, high)] if kept.hard else [(np.zeros_like(low), low), (high, last)]
    starts, stops = (np.concatenate(side) for side in zip(*pieces, strict=True))
    z, inner = _gauss(starts, stops)
    u, weight = (np.tile(x, len(pieces)).repeat(_POINTS) for x in (u, weight))
    return z, u, weight * inner * np.exp(-z * z / 2)


def _gauss(starts: Array, stops: Array) -> tuple[Array, Array]:
    """Gauss-Legendre points and weights on each of several intervals, one after the other."""
    points, weights = np.polynomial.legendre.leggauss(_POINTS)
    length = (stops - starts)[:, None] / 2
    return (starts[:, None] + length * (1 + points)).ravel(), (length * weights).ravel()
