"""What a fit's runs look like as a study: its budgets, its grids, its residuals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import fdtrc, ndtri

from ...lawbook import Law
from ...lawbook import expression as ex
from ..types import Array, one_blas_thread

if TYPE_CHECKING:
    from ..result import Fit

Rows = npt.NDArray[np.intp]

BUDGET = 0.02  # decades: runs miss their budget by 1 % or so, and budgets lie further apart
WIDEST = 0.05  # decades of C within one budget: what is wider is no isoFLOP curve
SIZES = 4  # models on an isoFLOP curve: three make a parabola, a fourth could contradict it
CLIP = 3.0  # standard deviations at which residuals are cut before they are tested for trends


@dataclass(frozen=True)
class Slice:
    """One isoFLOP curve: its budget (FLOPs) and the rows, among the runs used, that lie on it."""

    C: float
    rows: Rows
    N: Array


@dataclass(frozen=True)
class Study:
    """The runs of a fit that have a weight above zero, and what the fit says about them."""

    fit: Fit

    @cached_property
    def used(self) -> Rows:
        """Rows of ``fit.runs`` that have a weight above zero."""
        return np.flatnonzero(self.fit.weights > 0)

    @cached_property
    def runs(self) -> pl.DataFrame:
        return self.fit.runs[self.used]

    @property
    def largest(self) -> float:
        """Compute of the largest run used, in FLOPs."""
        return float(10.0 ** self.logs["C"].max())

    @cached_property
    def weights(self) -> Array:
        """Weight of each used run, 1 on average."""
        weights = self.fit.weights[self.used]
        return np.asarray(weights / weights.mean())

    @cached_property
    def logs(self) -> dict[str, Array]:
        """log10 of N, D and C of each used run."""
        return {q: np.log10(self.runs[q].to_numpy()) for q in ("N", "D", "C")}

    @cached_property
    def residuals(self) -> Array:
        """log(predicted) - log(observed) of each used run, whatever the objective."""
        predicted = self.fit.problem.predict(self.fit.theta[None])[0]
        return np.asarray((np.log(predicted) - self.fit.problem.log_observed)[self.used])

    @cached_property
    def scale(self) -> float:
        """Robust standard deviation of the residuals: the median size over that of a normal."""
        return float(np.median(np.abs(self.residuals)) / ndtri(0.75))

    @cached_property
    def slopes(self) -> Array:
        """Derivatives (runs, k) of the log prediction in the fit's coordinates, with root weights,
        each column of length 1."""
        predicted, gradient, _ = self.fit.problem.derivatives(self.fit.theta[None])
        found = (gradient[:, 0] / predicted).T[self.used] * np.sqrt(self.weights)[:, None]
        length = np.linalg.norm(found, axis=0)
        return np.asarray(found / np.where(length > 0, length, 1.0))

    @cached_property
    def leverage(self) -> Array:
        """How much of each used run's prediction follows from its own loss, 0 to 1."""
        with one_blas_thread():
            u, size, _ = np.linalg.svd(self.slopes, full_matrices=False)
        return np.asarray(np.sum(u[:, size > 1e-12 * size[0]] ** 2, axis=1))

    @cached_property
    def has_optimum(self) -> bool:
        """Whether the law is a loss over N and D, others of its variables having defaults."""
        law = self.fit.law
        needed = set(law.variables) - set(law.defaults)
        return {"N", "D"} <= set(law.variables) and needed <= {"N", "D"}

    @cached_property
    def floor(self) -> str | None:
        """The free constant that is added to every loss (``E``), if the law has one."""
        tree = self.fit.problem.tree
        for name in self.fit.problem.free:
            if ex.derivative(tree, name) == 1.0:
                return name
        return None

    @cached_property
    def slices(self) -> tuple[Slice, ...]:
        """isoFLOP curves in the order of their budgets; empty where the runs have no such grid."""
        order = np.argsort(self.logs["C"], kind="stable")
        at = self.logs["C"][order]
        found = []
        for rows in np.split(order, np.flatnonzero(np.diff(at) > BUDGET) + 1):
            c, sizes = self.logs["C"][rows], self.runs["N"].to_numpy()[rows]
            if np.ptp(c) <= WIDEST and len(sizes_of(sizes)) >= SIZES:
                found.append(Slice(float(10 ** np.median(c)), rows, sizes))
        return tuple(found)

    @cached_property
    def is_isoflop(self) -> bool:
        """Whether most runs lie on isoFLOP curves."""
        return sum(len(s.rows) for s in self.slices) > 0.5 * len(self.used)

    def trend(self, quantity: str) -> tuple[float, float]:
        """F test of log ``quantity`` and its square as further terms of the log residuals.

        Both are added to the law linearised at its optimum. Residuals are cut at three robust
        standard deviations, so that no outlier makes or hides a trend.

        Returns
        -------
        p : float
            Chance of such a trend in runs that scatter about the law (1 where nothing can be said).
        size : float
            Root mean square of the trend, in log loss.
        """
        x = self.logs["D"] - self.logs["N"] if quantity == "D/N" else self.logs[quantity]
        u = (x - x.mean()) / max(float(np.ptp(x)), 1e-12)
        root = np.sqrt(self.weights)
        added = np.stack([u, u**2], axis=1) * root[:, None]
        r = np.clip(self.residuals, -CLIP * self.scale, CLIP * self.scale) * root
        if self.scale < 1e-9:  # the runs lie on the law
            return 1.0, 0.0
        with one_blas_thread():
            before, rank = _unexplained(self.slopes, r)
            after, full = _unexplained(np.hstack([self.slopes, added]), r)
        extra, left = full - rank, len(r) - full
        gained = float(before @ before - after @ after)
        if extra == 0 or left < SIZES or gained <= 0:
            return 1.0, 0.0
        ratio = gained / extra / (float(after @ after) / left)
        return float(fdtrc(extra, left, ratio)), float(np.sqrt(gained / len(r)))


def _unexplained(columns: Array, r: Array) -> tuple[Array, int]:
    """What least squares on the columns leaves of ``r``, and the columns' rank."""
    length = np.linalg.norm(columns, axis=0)
    scaled = columns / np.where(length > 0, length, 1.0)
    solved, _, rank, _ = np.linalg.lstsq(scaled, r, rcond=1e-9)
    return np.asarray(r - scaled @ solved), int(rank)


def sizes_of(values: Array) -> Array:
    """Different values, those within 1 % counted as one."""
    at = np.sort(np.log10(values))
    return np.asarray(10 ** at[np.r_[True, np.diff(at) > np.log10(1.01)]])


def parabola_optimum(
    law: Law, grids: Sequence[tuple[float, Array]], C: float
) -> tuple[float, float]:
    """N at ``C`` and exponent a_N that approach 2 would find on runs that lie on ``law``.

    A parabola in log N through the losses of each grid, and a line through the logarithms of their
    lowest points (Hoffmann et al. 2022, Sec. 3.2). What differs from the law's own optimum is bias
    of the method on these grids, not noise (Czech et al. 2026, arXiv:2603.22339).

    Parameters
    ----------
    grids : sequence of (float, array)
        Budget (FLOPs) and sizes of each isoFLOP curve, two at least.
    """
    budgets, lowest = [], []
    for budget, n in grids:
        x = np.log10(n)
        bend, slope, _ = np.polyfit(x - x.mean(), law.predict(N=n, D=budget / (6.0 * n)), 2)
        if bend > 0:
            budgets.append(np.log10(budget))
            lowest.append(x.mean() - slope / (2.0 * bend))
    if len(budgets) < 2:
        return float("nan"), float("nan")
    a, intercept = np.polyfit(budgets, lowest, 1)
    return float(10 ** (intercept + a * np.log10(C))), float(a)
