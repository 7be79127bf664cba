"""Fit: the frozen result, with its intervals and the proof that it holds."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import stdtrit

from ..lawbook import Law
from ..lawbook.door import checked
from . import intervals, render
from .certificate import Certificate
from .objective import Objective
from .problem import Problem
from .profile import Profile, Scatter, profile
from .resampling import Resampling
from .solver import residuals
from .types import Array, FitError
from .uncertainty import Bootstrap, bend, bootstrap, check_level, covariance
from .valley import Valley, valley


@dataclass(frozen=True, eq=False)
class Fit:
    """A law fitted to runs.

    Attributes
    ----------
    law : Law
        The law with the fitted constants; ``fit.law.predict(...)`` is ``fit.predict(...)``.
    objective : Objective
        What was minimised; ``value`` is its minimum (a sum over runs).
    certificate : Certificate
        What was checked and what came out.
    runs : polars.DataFrame
        The runs given; ``used`` of them have a weight above zero.
    fixed : dict
        Constants that were held.
    """

    law: Law
    objective: Objective
    value: float
    certificate: Certificate
    runs: pl.DataFrame
    fixed: dict[str, float]
    problem: Problem = field(repr=False)
    theta: Array = field(repr=False)
    weights: Array = field(repr=False)

    @property
    def params(self) -> dict[str, float]:
        """The constants, fixed ones included."""
        return dict(self.law.values)

    @property
    def status(self) -> str:
        """``ok`` only where every check of the certificate holds; see Certificate.status."""
        return self.certificate.status

    @property
    def used(self) -> int:
        """Number of runs with a weight above zero."""
        return int(np.count_nonzero(self.weights))

    @cached_property
    def covariance(self) -> Array:
        """Covariance (k, k) of the free constants, in the order of ``problem.free``.

        The variance of a constant that the runs do not determine is infinite, its covariance with
        others NaN.
        """
        found, _ = covariance(self.problem, self.objective, self.theta, self.weights[None])
        return found

    @property
    def stderr(self) -> dict[str, float]:
        """Standard error of each constant from the covariance (0 for fixed ones, infinity for
        those that the runs do not determine).

        An approximation by the curvature at the optimum; ``fit.bootstrap()`` does without it.
        """
        with np.errstate(invalid="ignore"):
            free = dict(zip(self.problem.free, np.sqrt(np.diagonal(self.covariance)), strict=True))
        tied = self.problem.tied
        return {name: float(free.get(tied.get(name, name), 0.0)) for name in self.params}

    @cached_property
    def degrees(self) -> dict[str, float]:
        """Degrees of freedom of each constant's standard error: n-k, or fewer where a few runs
        decide it (least squares)."""
        around = bend(self.problem, self.objective, self.theta, self.weights[None])
        free = dict(zip(self.problem.free, around.degrees, strict=True))
        spare, tied = max(self.used - self.problem.size, 1), self.problem.tied
        return {name: float(free.get(tied.get(name, name), spare)) for name in self.params}

    @checked(FitError)
    def conf_int(self, level: float = 0.95) -> dict[str, tuple[float, float]]:
        """Interval of each constant from the covariance: estimate plus or minus t standard errors.

        Student's t has the constant's :attr:`degrees` of freedom. Amplitudes are bounded on a log
        scale, on which they are nearly normal.
        """
        middle = 0.5 + 0.5 * check_level(level)
        ends = {}
        scaled = {c.name for c in self.problem.coordinates if c.sign}
        scaled |= {name for name, other in self.problem.tied.items() if other in scaled}
        for name, value in self.params.items():
            away = float(stdtrit(self.degrees[name], middle)) * self.stderr[name]
            if name in scaled:
                with np.errstate(all="ignore"):  # hardly bounded: the interval is 0 to infinity
                    factor = np.exp(np.float64(away) / abs(value))
                    low, high = sorted((float(value / factor), float(value * factor)))
            else:
                low, high = value - away, value + away
            ends[name] = (low, high)
        return ends

    @cached_property
    def residuals(self) -> Array:
        """log(predicted) - log(observed) of every run (or the plain difference), fitted or not."""
        predicted = self.problem.predict(self.theta[None])
        return np.asarray(residuals(self.problem, self.objective, predicted)[0])

    def predict(self, **variables: npt.ArrayLike) -> Array:
        """Predicted loss; see :meth:`Law.predict`."""
        return self.law.predict(**variables)

    def N_opt(self, C: npt.ArrayLike) -> Array:
        """Compute-optimal parameters at ``C`` training FLOPs (6ND), any shape."""
        return self.law.N_opt(C)

    def D_opt(self, C: npt.ArrayLike) -> Array:
        """Compute-optimal training tokens at ``C`` training FLOPs (6ND), any shape."""
        return self.law.D_opt(C)

    @property
    def a_N(self) -> float:
        """Exponent of the compute-optimal N where it is the same at any compute; see
        :meth:`exponents`."""
        return self.exponents()[0]

    @property
    def a_D(self) -> float:
        """Exponent of the compute-optimal D; see :meth:`exponents`."""
        return self.exponents()[1]

    @checked(FitError)
    def exponents(self, C: float | None = None) -> tuple[float, float]:
        """Exponents a_N and a_D with which the compute-optimal N and D grow with compute.

        Parameters
        ----------
        C : float
            Around how many training FLOPs (6ND). May be left out for E + A/N^alpha + B/D^beta,
            where a_N = beta/(alpha + beta) everywhere (Hoffmann et al. 2022, Eq. 4).

        Returns
        -------
        a_N, a_D : float
            Their sum is 1; NaN where there is no optimum inside.

        Raises
        ------
        FitError
            For a law without N and D, or whose exponents change with compute, without ``C``.
        """
        constants = {name: np.array([value]) for name, value in self.params.items()}
        at = {} if C is None else {"C": C}
        grows = float(intervals.values(self.law, "a_N", constants, at)[0])
        return grows, 1.0 - grows

    @checked(FitError)
    def bootstrap(
        self,
        resamples: int = 1000,
        seed: int = 0,
        kind: Resampling = "plain",
        by: str | None = None,
        executor: Executor | None = None,
    ) -> Bootstrap:
        """Refit to resamples of the runs; an interrupt keeps the draws made so far.

        Parameters
        ----------
        resamples : int
            How many; 1,000 give 95 % intervals to about 5 % of their width.
        seed : int
            The same seed gives the same draws, with any executor or none.
        kind : {"plain", "residual", "wild", "cluster"}
            ``plain`` draws runs with replacement. The next two keep all inputs, for a planned grid:
            ``residual`` draws the residuals around the law, when they scatter alike everywhere
            (Davison and Hinkley 1997, Sec. 7.4); ``wild`` draws the sign of each run's own, however
            they scatter (Wu 1986, Annals of Statistics 14; Feng, He and Hu 2011, Biometrika 98, for
            absolute deviations), which needs errors about as often above the law as below.
            ``cluster`` draws whole groups of runs: when those of one budget or family err together.
        by : str
            With ``cluster``: the column of ``runs`` that names the groups, 5 at least.
        executor : concurrent.futures.Executor
            Its workers solve the resamples: a process pool, Dask's ``client.get_executor()`` and
            the like. What a worker loses is solved here.

        Raises
        ------
        FitError
            No resample asked for; an unknown kind; a column that is missing or names no groups.
        """
        return bootstrap(self, resamples, seed, kind, by, executor)

    @checked(FitError)
    def profile(
        self,
        names: str | Iterable[str] | None = None,
        level: float = 0.95,
        scatter: Scatter | None = None,
    ) -> Profile:
        """Profile-likelihood intervals of the constants ``names`` (all free ones), and the curves.

        Each constant is moved and all others refitted until the objective has risen too much.
        See :class:`Profile` for what that means. ``scatter`` says whether residuals scatter alike
        at all runs: ``"even"`` (for least squares, unless said otherwise) or ``"uneven"``.

        Raises
        ------
        FitError
            For a constant that is unknown or held; a bad level; runs that lie on the law, or that
            are no more than the constants.
        """
        return profile(self, names, check_level(level), scatter)

    @checked(FitError)
    def valley(
        self,
        x: str = "alpha",
        y: str = "beta",
        levels: Iterable[float] = (0.68, 0.95),
        points: int = 49,
        scatter: Scatter | None = None,
    ) -> Valley:
        """How the objective rises over a grid of two constants, all others refitted.

        Parameters
        ----------
        x, y : str
            Two free constants.
        levels : iterable of float
            Of the joint confidence regions whose limits are given; the grid goes a little beyond
            the widest.
        points : int
            A side.
        scatter : {"even", "uneven"}
            Whether residuals scatter alike at all runs, as for :meth:`profile`.

        Raises
        ------
        FitError
            For a constant that is unknown, held, at its bound or not determined by the runs; bad
            levels; runs that lie on the law, or that are no more than the constants.

        Examples
        --------
        >>> ground = fit.valley("alpha", "beta")  # doctest: +SKIP
        >>> inside = ground.rise < ground.limits[0.95]  # doctest: +SKIP
        """
        return valley(self, x, y, levels, points, scatter)

    def summary(self) -> str:
        """A page of text: constants with errors, the objective, the certificate."""
        return render.summary(self)

    def __str__(self) -> str:
        return render.line(self)

    def __repr__(self) -> str:
        return f"Fit({self})"

    def _repr_html_(self) -> str:
        return render.html(self)
