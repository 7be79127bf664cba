"""Fit: the frozen result, with its intervals and the proof that it holds."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import ndtri

from ..lawbook import Law
from . import render
from .certificate import Certificate
from .objective import Objective
from .problem import Problem
from .profile import Profile, Scatter, profile
from .resampling import Resampling
from .solver import residuals
from .types import Array
from .uncertainty import Bootstrap, bootstrap, check_level, covariance


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
        """Covariance (k, k) of the free constants, in the order of ``problem.free``."""
        found, _ = covariance(self.problem, self.objective, self.theta, self.weights[None])
        return found

    @property
    def stderr(self) -> dict[str, float]:
        """Standard error of each constant from the covariance (0 for fixed ones).

        An approximation by the curvature at the optimum; ``fit.bootstrap()`` does without it.
        """
        with np.errstate(invalid="ignore"):
            free = dict(zip(self.problem.free, np.sqrt(np.diagonal(self.covariance)), strict=True))
        tied = self.problem.tied
        return {name: float(free.get(tied.get(name, name), 0.0)) for name in self.params}

    def conf_int(self, level: float = 0.95) -> dict[str, tuple[float, float]]:
        """Interval of each constant from the covariance: estimate plus or minus z standard errors.

        Amplitudes are bounded on a log scale, on which they are nearly normal.
        """
        z = float(ndtri(0.5 + 0.5 * check_level(level)))
        intervals = {}
        scaled = {c.name for c in self.problem.coordinates if c.sign}
        scaled |= {name for name, other in self.problem.tied.items() if other in scaled}
        for name, value in self.params.items():
            error = self.stderr[name]
            if name in scaled:
                with np.errstate(all="ignore"):  # hardly bounded: the interval is 0 to infinity
                    factor = np.exp(np.float64(z * error) / abs(value))
                    low, high = sorted((float(value / factor), float(value * factor)))
            else:
                low, high = value - z * error, value + z * error
            intervals[name] = (low, high)
        return intervals

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
        kind : {"plain", "residual", "cluster"}
            ``plain`` draws runs with replacement. ``residual`` keeps all inputs and draws the
            residuals around the law: for a planned grid, when they scatter alike everywhere
            (Davison and Hinkley 1997, Sec. 7.4). ``cluster`` draws whole groups of runs: when
            those of one budget or family err together.
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

    def profile(
        self,
        names: Iterable[str] | None = None,
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

    def summary(self) -> str:
        """A page of text: constants with errors, the objective, the certificate."""
        return render.summary(self)

    def __str__(self) -> str:
        return render.line(self)

    def __repr__(self) -> str:
        return f"Fit({self})"

    def _repr_html_(self) -> str:
        return render.html(self)
