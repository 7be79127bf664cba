"""sw.fit_pass_rates: from counts of right samples to the distribution of success rates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.optimize import minimize, root
from scipy.special import ndtri

from ..lawbook import Law, closed_form
from ..lawbook.door import checked, shown
from ..runs import RunsError, read_observations
from ..runs.sources import Source, as_frame
from .beta_binomial import Counts, likelihood, log_chances
from .types import Array, FitError, one_blas_thread
from .uncertainty import check_level

DISTRIBUTION = "schaeffer2025_monkey_power.scaled_beta"
_ESTIMATOR, _FOR_RATES = "brown2024_monkeys.estimator", "brown2024_monkeys.pass_at_k"
_MOST_TRIES = 1e12
_SHAPES = ("alpha", "beta")
_Coverage = Callable[[float, Array, Array], Array]
_BOUNDS = np.log([1e-4, 1e5])  # shapes beyond say that there is no spread of rates to be seen
_STEP = 1.02  # factor in k of the difference that stands for a slope
_FLAT = 1e-7  # slope of the log-likelihood a problem, by log alpha and log beta, at an optimum


@dataclass(frozen=True, eq=False)
class PassRates:
    """A distribution of the problems' success rates: ``scale`` times a Beta variable.

    Attributes
    ----------
    alpha, beta, scale : float
        Shape parameters, and the largest rate. ``alpha`` is the exponent of the left tail: for many
        tries k the share of problems still unsolved falls as ``k**-alpha``.
    covariance : array (2, 2)
        Of log alpha and log beta, from the curvature of the likelihood, the scale held.
    log_likelihood : float
        At the optimum.
    counts : polars.DataFrame
        One row a problem: ``samples``, ``correct``, and what else the table had.
    """

    alpha: float
    beta: float
    scale: float
    covariance: Array = field(repr=False)
    log_likelihood: float
    counts: pl.DataFrame = field(repr=False)

    @property
    def params(self) -> dict[str, float]:
        """``alpha``, ``beta`` and ``scale``."""
        return {"alpha": self.alpha, "beta": self.beta, "scale": self.scale}

    @property
    def stderr(self) -> dict[str, float]:
        """Standard errors of alpha and beta; of the scale there is none, it was not fitted."""
        spread = np.sqrt(np.diagonal(self.covariance))
        return {n: float(self.params[n] * s) for n, s in zip(_SHAPES, spread, strict=True)}

    @checked(FitError, "pass rates")
    def conf_int(self, level: float = 0.95) -> dict[str, tuple[float, float]]:
        """Intervals of alpha and beta, normal in their logarithms."""
        away = ndtri(0.5 + 0.5 * check_level(level)) * np.sqrt(np.diagonal(self.covariance))
        return {
            n: (float(self.params[n] * np.exp(-a)), float(self.params[n] * np.exp(a)))
            for n, a in zip(_SHAPES, away, strict=True)
        }

    @cached_property
    def law(self) -> Law:
        """The catalogue's law of ``-log(coverage)`` over ``k`` with these constants."""
        return closed_form(DISTRIBUTION).with_constants(**self.params)

    @checked(FitError, "pass rates")
    def predict(self, k: npt.ArrayLike) -> Array:
        """Share of such problems that at least one of k samples solves; shape of ``k``.

        Exact to eight digits at any k; :attr:`law` is good to four for alpha up to 0.5 and k up to
        10,000.
        """
        return self._predict(_tries(k))

    def _predict(self, tries: Array) -> Array:
        log_failure, _, _ = self._failures(tries.ravel())
        return np.asarray(-np.expm1(log_failure)).reshape(tries.shape)

    @checked(FitError, "pass rates")
    def interval(self, k: npt.ArrayLike, level: float = 0.95) -> tuple[Array, Array]:
        """Ends of the interval of :meth:`predict`, by the covariance of alpha and beta.

        Normal in the logarithm of ``-log(coverage)``, so that both ends lie between 0 and 1.
        """
        tries = _tries(k)
        log_failure, slopes, _ = self._failures(tries.ravel())
        solved = -np.expm1(log_failure)
        unsolved = -np.log(solved)
        by_shape = slopes * [self.alpha, self.beta]  # by the shapes' logarithms
        spread = np.sqrt(np.einsum("ki,ij,kj->k", by_shape, self.covariance, by_shape))
        away = ndtri(0.5 + 0.5 * check_level(level)) * spread
        away *= np.exp(log_failure) / (solved * unsolved)
        ends = (np.exp(-unsolved * np.exp(sign * away)) for sign in (1.0, -1.0))
        low, high = (np.asarray(end).reshape(tries.shape) for end in ends)
        return low, high

    @checked(FitError, "pass rates")
    def exponent(self, k: npt.ArrayLike) -> Array:
        """Slope of ``-log(coverage)`` against k in log-log, its sign turned; shape of ``k``.

        It tends to ``alpha`` for many tries. A straight line through measured points estimates this
        slope over the measured range, not alpha.
        """
        tries = _tries(k)
        above, below = (np.log(-np.log(self._predict(tries * f))) for f in (_STEP, 1.0 / _STEP))
        return np.asarray((below - above) / (2.0 * np.log(_STEP)))

    def _failures(self, k: Array) -> tuple[Array, Array, Array]:
        """That no one of k samples is right, as in :func:`.beta_binomial.log_chances`."""
        return log_chances(k, np.zeros(k.shape), self.alpha, self.beta, self.scale)

    @checked(FitError, "pass rates")
    def measured(self, k: npt.ArrayLike) -> Array:
        """Coverage by the unbiased estimator (Brown et al. 2024, Eq. 1), shape of ``k``.

        NaN for more tries than the least sampled problem has samples.
        """
        return self._mean(
            k, lambda n, c, k: closed_form(_ESTIMATOR).predict(n=n, c=c, k=np.minimum(k, n)), True
        )

    @checked(FitError, "pass rates")
    def naive(self, k: npt.ArrayLike) -> Array:
        """Coverage with the observed rates taken for the true ones: too low, as a problem without a
        right sample counts as impossible."""
        return self._mean(k, lambda n, c, k: closed_form(_FOR_RATES).predict(p=c / n, k=k), False)

    def _mean(self, k: npt.ArrayLike, coverage: _Coverage, drawn: bool) -> Array:
        tries = _tries(k)
        total = np.zeros(tries.shape)
        for n in self.counts["samples"].unique().sort().to_list():
            correct = self.counts.filter(samples=n)["correct"].to_numpy()
            here = coverage(n, correct, tries)
            total += len(correct) * np.where((tries > n) & drawn, np.nan, here)
        return total / len(self.counts)

    def __repr__(self) -> str:
        ends = self.conf_int()
        shapes = ", ".join(
            f"{n}={self.params[n]:.4g} [{ends[n][0]:.4g}, {ends[n][1]:.4g}]" for n in _SHAPES
        )
        solved = int((self.counts["correct"] > 0).sum())
        return (
            f"PassRates({solved} of {len(self.counts)} problems solved: {shapes}, "
            f"scale={self.scale:.4g})"
        )


def _tries(k: npt.ArrayLike) -> Array:
    tries = np.asarray(k, dtype=float)
    if not tries.size or not ((tries >= 1) & (tries <= _MOST_TRIES)).all():
        raise FitError(
            f"pass rates: k is numbers of tries, from 1 to {_MOST_TRIES:.0e}: {shown(k)}"
        )
    return tries


@checked(FitError)
def fit_pass_rates(counts: Source, *, scale: float | None = None) -> PassRates:
    """The distribution of success rates behind counts of right samples, by maximum likelihood.

    The likelihood is binomial with rates ``scale`` times a Beta variable, as in Schaeffer et al.
    2025 (arXiv:2502.17578), but of the counts themselves and not of binned rates.

    Parameters
    ----------
    counts : DataFrame and what else :func:`read_runs` takes
        A row a problem: ``correct`` of ``samples`` (or ``attempts``) were right. With a column
        ``problem`` no problem may stand twice.
    scale : float, optional
        Largest possible rate, in (0, 1]. By default (m + 1)/m times the largest observed rate for m
        problems, at most 1, as Schaeffer et al. have it; 1 is the plain beta-binomial.

    Returns
    -------
    PassRates

    Raises
    ------
    FitError
        When counts are no counts, no problem or every sample is solved, the rates do not differ, or
        the scale is no rate.
    RunsError
        When a column is missing or holds no numbers.

    Notes
    -----
    The scale is held: intervals do not count that it was chosen by the data. On the published
    counts of seven Pythia models a scale 10 % larger moves alpha by up to half a standard error, a
    scale of 1 by up to 1.7.

    Examples
    --------
    >>> counts = {"samples": [100] * 6, "correct": [0, 0, 1, 3, 20, 60]}
    >>> rates = fit_pass_rates(counts)
    >>> round(rates.alpha, 2)
    0.19
    """
    table = _checked(counts)
    n, c = (table[name].to_numpy() for name in ("samples", "correct"))
    largest = _scale(scale, float((c / n).max()), len(table))
    pairs, times = np.unique(np.stack([n, c]), axis=1, return_counts=True)
    different = Counts(pairs[0], pairs[1], times.astype(float))
    with one_blas_thread():
        theta, value, hessian = _likeliest(different, largest)
    alpha, beta = map(float, np.exp(theta))
    covariance = np.asarray(np.linalg.inv(-hessian), dtype=float)
    return PassRates(alpha, beta, largest, covariance, value, table)


def _checked(source: Source) -> pl.DataFrame:
    frame = as_frame(source)
    if "samples" not in frame.columns and "attempts" in frame.columns:
        frame = frame.rename({"attempts": "samples"})
    try:
        table = read_observations(frame, ["samples"], "correct").rename({"loss": "correct"})
    except RunsError as error:
        raise RunsError(str(error).replace("runs:", "counts:", 1)) from None
    if len(table) < 2:
        raise FitError(f"counts: {len(table)} problems have no distribution; give a row a problem")
    wrong = table.select(
        bad=(pl.col("samples") < 1)
        | (pl.col("correct") < 0)
        | (pl.col("correct") > pl.col("samples"))
        | (pl.col("correct") % 1 != 0)
        | (pl.col("samples") % 1 != 0)
    )["bad"]
    if wrong.any():
        rows = ", ".join(map(str, wrong.arg_true().head(10)))
        raise FitError(
            f"counts: rows {rows} are no counts: correct must be a whole number from 0 to samples"
        )
    if "problem" in table.columns and table["problem"].is_duplicated().any():
        twice = table["problem"].filter(table["problem"].is_duplicated())[0]
        raise FitError(
            f"counts: problem {twice!r} stands in several rows; give one model and one benchmark, "
            "as in counts.filter(pl.col('model') == ...), or add the rows of a problem up"
        )
    if table["correct"].max() == 0:
        raise FitError(
            "counts: no sample is right, so of the rates nothing can be told but a bound"
        )
    if (table["correct"] == table["samples"]).all():
        raise FitError("counts: every sample is right, so there is no tail of hard problems")
    return table


def _scale(given: float | None, highest: float, problems: int) -> float:
    if given is None:
        return min(1.0, highest * (problems + 1) / problems)
    if not 0.0 < given <= 1.0:
        raise FitError(f"scale, the largest possible rate, must lie in (0, 1], not {given!r}")
    return float(given)


def _likeliest(counts: Counts, scale: float) -> tuple[Array, float, Array]:
    """log alpha and log beta, the log-likelihood and its Hessian there."""

    @cache
    def at(log_alpha: float, log_beta: float) -> tuple[float, Array, Array]:
        shapes = np.exp(np.clip([log_alpha, log_beta], *_BOUNDS))
        found = likelihood(counts, shapes[0], shapes[1], scale)
        slope = shapes * found.gradient
        return found.value, slope, np.outer(shapes, shapes) * found.hessian + np.diag(slope)

    near = minimize(
        lambda theta: -at(*theta)[0],
        np.log([0.3, 2.0]),
        jac=lambda theta: -at(*theta)[1],
        hess=lambda theta: -at(*theta)[2],
        method="trust-exact",
        options={"gtol": 0.1 * _FLAT * counts.problems.sum(), "maxiter": 200},
    ).x
    # the last steps by the slope alone: of 100,000 samples the value has too few digits for them
    found = root(lambda theta: at(*theta)[1], near, jac=lambda theta: at(*theta)[2]).x
    value, slope, hessian = at(*found)
    settled = np.abs(slope).max() <= _FLAT * counts.problems.sum()
    inside = ((found > _BOUNDS[0]) & (found < _BOUNDS[1])).all()
    if not (settled and inside and (np.linalg.eigvalsh(hessian) < 0).all()):
        raise FitError(
            "counts: no most likely distribution at this scale: the rates differ no more than "
            "chance lets counts differ, or too few problems were solved; give more problems or "
            "more samples"
        )
    return found, value, hessian
