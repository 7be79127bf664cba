"""Power laws of the compute-optimal size and tokens: what approaches 1 and 2 end in."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from ...lawbook.door import checked
from ..types import Array, FitError, one_blas_thread
from ..uncertainty import check_draws, check_level

_NAMES = ("a_N", "k_N", "a_D", "k_D")
_CHUNK = 250  # resamples at once, so that an interrupt finds some done
_NUMBERS = 5_000_000  # held at once: 40 MB an array

# From a generator and a number of resamples to log N_opt and log D_opt (resamples, optima), NaN
# where a resample has no optimum.
Resample = Callable[[np.random.Generator, int], tuple[Array, Array]]


def power_laws(log_C: Array, log_optima: Array) -> tuple[Array, Array]:
    """Exponents and log coefficients (...,) of optima (..., m) against compute (m,), natural logs.

    Least squares over the optima that are finite; NaN where fewer than two different budgets have
    one.
    """
    there = np.isfinite(log_optima)
    count = there.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = (there * log_C).sum(axis=-1) / count
        x = np.where(there, log_C - centre[..., None], 0.0)
        y = np.where(there, log_optima, 0.0)
        square = (x * x).sum(axis=-1)
        exponent = np.where(square > 1e-12, (x * y).sum(axis=-1) / square, np.nan)
        return exponent, y.sum(axis=-1) / count - exponent * centre


def constants(log_C: Array, log_N: Array, log_D: Array) -> tuple[float, float, float, float]:
    """a_N, a_D, k_N, k_D of one set of optima (m,), natural logs."""
    (a_N, log_k_N), (a_D, log_k_D) = power_laws(log_C, log_N), power_laws(log_C, log_D)
    return float(a_N), float(a_D), float(np.exp(log_k_N)), float(np.exp(log_k_D))


@dataclass(frozen=True, eq=False)
class Frontier:
    """N_opt = k_N C^a_N and D_opt = k_D C^a_D, with C in training FLOPs.

    Attributes
    ----------
    a_N, a_D : float
        Exponents of the compute-optimal parameters and tokens.
    k_N, k_D : float
        Their coefficients.
    """

    a_N: float
    a_D: float
    k_N: float
    k_D: float

    @checked(FitError)
    def N_opt(self, C: npt.ArrayLike) -> Array:
        """Compute-optimal parameters at ``C`` training FLOPs, any shape."""
        with np.errstate(all="ignore"):  # NaN where there is no such compute
            return np.asarray(self.k_N * np.asarray(C, dtype=float) ** self.a_N)

    @checked(FitError)
    def D_opt(self, C: npt.ArrayLike) -> Array:
        """Compute-optimal training tokens at ``C`` training FLOPs, any shape."""
        with np.errstate(all="ignore"):
            return np.asarray(self.k_D * np.asarray(C, dtype=float) ** self.a_D)

    @property
    def params(self) -> dict[str, float]:
        """The four constants by name."""
        return {"a_N": self.a_N, "k_N": self.k_N, "a_D": self.a_D, "k_D": self.k_D}

    def _laws(self) -> str:
        """Both power laws in a line, to four digits."""
        return f"N_opt = {self.k_N:.4g} C^{self.a_N:.4f}, D_opt = {self.k_D:.4g} C^{self.a_D:.4f}"


@dataclass(frozen=True, eq=False)
class FrontierBootstrap:
    """Frontiers of resampled runs.

    Attributes
    ----------
    optima : array (draws, budgets)
        N_opt at each budget (for an envelope: at each compute value, or checkpoint), NaN where a
        resample has none.
    asked, failed : int
        Resamples asked for, and those with fewer than two optima (they are not in ``draws``);
        fewer draws than ``asked - failed`` mean an interrupt.
    """

    optima: Array
    asked: int
    failed: int
    laws: Array = field(repr=False)  # a_N, log k_N, a_D, log k_D: k alone may overflow

    @cached_property
    def draws(self) -> pl.DataFrame:
        """``a_N``, ``k_N``, ``a_D``, ``k_D``, one row a resample that has a frontier."""
        with np.errstate(over="ignore"):
            columns = [self.laws[:, 0], np.exp(self.laws[:, 1])]
            columns += [self.laws[:, 2], np.exp(self.laws[:, 3])]
        return pl.DataFrame(dict(zip(_NAMES, columns, strict=True)))

    @checked(FitError)
    def conf_int(self, level: float = 0.95) -> dict[str, tuple[float, float]]:
        """Percentile interval of each exponent and coefficient."""
        tail = 0.5 * (1.0 - check_level(level))
        bounds = np.quantile(self.laws, [tail, 1.0 - tail], axis=0)
        with np.errstate(over="ignore"):
            bounds[:, 1::2] = np.exp(bounds[:, 1::2])
        pairs = zip(bounds[0].tolist(), bounds[1].tolist(), strict=True)
        return dict(zip(_NAMES, pairs, strict=True))

    @checked(FitError)
    def interval(
        self, what: Literal["N_opt", "D_opt"], C: npt.ArrayLike, level: float = 0.95
    ) -> tuple[Array, Array]:
        """Percentile interval of the optimum at ``C`` training FLOPs (any shape): low and high.

        Raises
        ------
        FitError
            For another name than ``"N_opt"`` or ``"D_opt"``, or a bad level.
        """
        if what not in ("N_opt", "D_opt"):
            raise FitError(f'interval: there are "N_opt" and "D_opt", not {what!r}')
        tail = 0.5 * (1.0 - check_level(level))
        a, log_k = self.laws[:, :2].T if what == "N_opt" else self.laws[:, 2:].T
        values = log_k + np.log(np.asarray(C, dtype=float))[..., None] * a
        with np.errstate(over="ignore"):
            low, high = np.exp(np.quantile(values, [tail, 1.0 - tail], axis=-1))
        return np.asarray(low), np.asarray(high)

    def __repr__(self) -> str:
        bounds = ", ".join(
            f"{name} {low:.4g} to {high:.4g}" for name, (low, high) in self.conf_int().items()
        )
        return f"FrontierBootstrap({len(self.laws)} of {self.asked} draws, 95 %: {bounds})"


def bootstrap(
    log_C: Array, resample: Resample, resamples: int, seed: int, width: int
) -> FrontierBootstrap:
    """Frontiers of ``resamples`` resamples, each of which needs ``width`` numbers at a time; an
    interrupt keeps those made so far."""
    check_draws(resamples, seed)
    rng = np.random.default_rng(seed)
    laws: list[Array] = []
    optima: list[Array] = []
    failed = 0
    try:
        chunk = max(1, min(_CHUNK, _NUMBERS // width))
        for first in range(0, resamples, chunk):
            with one_blas_thread():
                log_N, log_D = resample(rng, min(chunk, resamples - first))
            found = np.stack([*power_laws(log_C, log_N), *power_laws(log_C, log_D)], axis=1)
            good = np.isfinite(found).all(axis=1)
            laws.append(found[good])
            optima.append(np.exp(log_N[good]))
            failed += int(np.count_nonzero(~good))
    except KeyboardInterrupt:
        if not laws:
            raise
        done = sum(map(len, laws))
        warnings.warn(f"bootstrap interrupted: {done} of {resamples} draws kept", stacklevel=4)
    if not sum(map(len, laws)):
        raise FitError(
            f"bootstrap: none of {resamples} resamples has two budgets with an optimum. Take more "
            "runs a budget"
        )
    return FrontierBootstrap(np.concatenate(optima), resamples, failed, np.concatenate(laws))
