"""Training runs drawn from a law: isoFLOP sweeps with noise, off centre and drifting if wanted."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from ..lawbook.door import check_whole, checked, shown
from .files import RunsError

_LOUDEST, _FARTHEST, _MOST_POINTS = 10, 40, 1_000_000
_Array = npt.NDArray[np.float64]


class Predicts(Protocol):
    """What is asked of a law: the loss (nats/token) of arrays of N and D."""

    def predict(self, **variables: Any) -> Any: ...


@checked(RunsError, "simulate")
def simulate_isoflop_data(
    law: Predicts,
    budgets: npt.ArrayLike,
    points: int = 15,
    noise: float = 0.005,
    seed: int = 0,
    *,
    width: float = 1.0,
    off_centre: float = 0.0,
    drift: float = 0.0,
) -> pl.DataFrame:
    """An isoFLOP sweep: at each budget, models of several sizes trained on D = C/(6N) tokens.

    The sizes are spaced evenly in log N around the law's own optimum at that budget. A grid that is
    wide, off centre or drifting biases parabola fits even without noise (Czech et al. 2026,
    arXiv:2603.22339); their grid of +-k times is ``width=log10(k)``.

    Parameters
    ----------
    law
        Anything whose ``predict(N=..., D=...)`` gives the loss in nats per token.
    budgets : sequence of float
        Training compute of each curve, in FLOPs.
    points : int
        Models a budget, at least 2.
    noise : float
        Standard deviation of the log of the loss (0.005 is about half a percent).
    seed : int
        The same seed gives the same table.
    width : float
        Decades of N from the middle of a grid to each end: N runs from ``centre / 10**width`` to
        ``centre * 10**width``.
    off_centre : float
        Decades of N by which every grid's centre lies above the optimum (below, when negative).
    drift : float
        Further decades of N per decade of compute, counted from the middle of the budgets (the
        mean of the lowest and the highest in log C).

    Returns
    -------
    polars.DataFrame
        ``run``, ``N``, ``D``, ``C``, ``loss`` as :func:`scalewidgets.read_runs` gives them, and
        ``budget`` (equal to C), one row a run in the order of the budgets, N ascending.

    Raises
    ------
    RunsError
        When an argument makes no sense, the law has no optimum inside 1 <= N <= C/6, or a grid
        leaves that range or the law's domain.
    """
    if not hasattr(law, "predict"):
        raise RunsError(f"simulate: law takes a law or a fit, which predict, not {shown(law)}")
    levels = _check(budgets, points, noise, seed, width, off_centre, drift)
    log_c = np.log10(levels)
    centres = np.array([_log_optimum(law, c) for c in levels])
    centres += off_centre + drift * (log_c - (log_c.min() + log_c.max()) / 2)
    n = 10.0 ** (centres[:, None] + np.linspace(-width, width, points))
    c = np.broadcast_to(levels[:, None], n.shape)
    d = c / (6.0 * n)
    if n.min() < 1 or d.min() < 1:
        raise RunsError(
            f"simulate: the grid reaches N = {n.min():.2g} and D = {d.min():.2g}; it must stay "
            "above 1. Take a smaller width, off_centre or drift, or larger budgets"
        )
    loss = _losses(law, n.ravel(), d.ravel())
    if not (np.isfinite(loss).all() and (loss > 0).all()):
        raise RunsError("simulate: the law's loss is not finite and positive all over the grid")
    loss = loss * np.exp(noise * np.random.default_rng(seed).standard_normal(loss.size))
    return pl.DataFrame(
        {
            "run": np.arange(n.size, dtype=np.int64),
            "N": n.ravel(),
            "D": d.ravel(),
            "C": c.ravel(),
            "loss": loss,
            "budget": c.ravel(),
        }
    )


def _check(
    budgets: npt.ArrayLike,
    points: int,
    noise: float,
    seed: int,
    width: float,
    off_centre: float,
    drift: float,
) -> _Array:
    """The budgets as an array, once every argument makes sense."""
    try:
        levels = np.array(budgets, dtype=np.float64)
    except (TypeError, ValueError):
        raise RunsError(f"simulate: budgets must be numbers of FLOPs, not {budgets!r}") from None
    if levels.ndim != 1 or levels.size == 0:
        raise RunsError("simulate: budgets must be a list of one or more numbers of FLOPs")
    rules = [
        ("budgets", bool(np.isfinite(levels).all() and (levels > 6).all()), "finite and above 6"),
        ("noise", 0 <= noise <= _LOUDEST, f"zero or positive, and at most {_LOUDEST}"),
        ("width", 0 < width <= _FARTHEST, f"a positive number of decades, up to {_FARTHEST}"),
        (
            "off_centre",
            abs(off_centre) <= _FARTHEST,
            f"a finite number of decades, up to {_FARTHEST}",
        ),
        (
            "drift",
            abs(drift) <= _FARTHEST,
            f"a finite number of decades per decade of compute, up to {_FARTHEST}",
        ),
    ]
    for name, holds, rule in rules:
        if not holds:
            raise RunsError(f"simulate: {name} must be {rule}")
    check_whole(RunsError, "simulate: points", points, 2, _MOST_POINTS)
    check_whole(RunsError, "simulate: seed", seed)
    return levels


def _losses(law: Predicts, n: _Array, d: _Array) -> _Array:
    loss = np.asarray(law.predict(N=n, D=d), dtype=np.float64)
    if loss.shape != n.shape:
        raise RunsError(
            f"simulate: law.predict gave an array of shape {loss.shape} for {n.shape} runs"
        )
    return loss


def _log_optimum(law: Predicts, c: float) -> float:
    """log10 of the N of least loss at ``c`` FLOPs: the best of a scan, then polished."""
    # 0.65 s of import that reading tables does not need
    from scipy.optimize import minimize_scalar

    def loss(log_n: Any) -> _Array:
        n = np.atleast_1d(10.0**log_n)
        return _losses(law, n, c / (6.0 * n))

    scan = np.linspace(0.0, math.log10(c / 6.0), 400)
    losses = loss(scan)
    best = int(np.argmin(np.where(np.isfinite(losses), losses, np.inf)))
    if not 0 < best < scan.size - 1:
        raise RunsError(f"simulate: the law has no optimum of N at {c:.3g} FLOPs")
    bounds = (scan[best - 1], scan[best + 1])
    found = minimize_scalar(
        lambda log_n: float(loss(log_n)[0]),
        bounds=bounds,
        method="bounded",
        options={"xatol": 1e-10},
    )
    return _polished(loss, float(found.x), scan)


def _polished(loss: Callable[[Any], _Array], rough: float, scan: _Array) -> float:
    """A minimum to the last digits: where the slope of a polynomial through half a decade is zero.
    Values alone place the minimum of a flat valley to the root of their rounding, some 1e-6."""
    reach = min(0.25, rough - scan[0], scan[-1] - rough)
    around = np.polynomial.Chebyshev.interpolate(
        loss, 12, domain=[rough - reach, rough + reach]
    ).deriv()
    roots = around.roots()
    real = roots.real[np.abs(roots.imag) < 1e-9]
    near = real[np.abs(real - rough) < 0.01 * reach]
    return float(near[np.argmin(np.abs(near - rough))]) if len(near) else rough
