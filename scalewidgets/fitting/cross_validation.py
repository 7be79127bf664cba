"""Cross-validation: every run predicted by a law that has not seen it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from ..lawbook import Law
from ..lawbook.door import check_whole, checked
from ..runs import read_runs
from .resampling import numbered
from .result import Fit
from .rollout import checked_weights, fitted, fitted_rmse, held_out_errors, rms
from .types import FitError
from .workers import solve_all, with_progress

FOLDS = 10
Folds = npt.NDArray[np.intp]


@dataclass(frozen=True)
class CrossValidation:
    """How well a law predicts runs within the range of those that it was fitted to.

    Attributes
    ----------
    errors : polars.DataFrame
        One row a run: ``fold``, ``run``, ``N``, ``D``, ``C``, ``loss``, ``predicted`` (by the fit
        to the other folds) and ``error`` = log(predicted) - log(loss).
    summary : polars.DataFrame
        One row a fold: ``fold``, ``fitted`` and ``held_out`` (runs), ``bias`` (mean error),
        ``rmse``, ``rmse_fitted`` (of the fitted runs) and ``status`` of the fit.
    fits : tuple of Fit
        The fit without each fold.
    asked : int
        How many folds there are; fewer fits mean an interrupt.
    """

    errors: pl.DataFrame
    summary: pl.DataFrame
    fits: tuple[Fit, ...] = field(repr=False)
    asked: int

    @property
    def rmse(self) -> float:
        """Root mean square error of all runs held out, in log loss."""
        return rms(self.errors["error"].to_numpy())

    def __str__(self) -> str:
        bias = self.errors["error"].to_numpy().mean()
        within = self.summary["rmse_fitted"].to_numpy().mean()
        return (
            f"{self.fits[0].law.id}, {len(self.fits)} of {self.asked} folds: {len(self.errors)} "
            f"runs held out with bias {bias:+.2%}, rmse {self.rmse:.2%} (fitted {within:.2%})"
        )

    def __repr__(self) -> str:
        return f"CrossValidation({self})"


@checked(FitError)
def cross_validate(
    law: Law | str,
    runs: Any,
    *,
    folds: int | None = None,
    by: str | None = None,
    seed: int = 0,
    weights: npt.ArrayLike | None = None,
    executor: Executor | None = None,
    **options: Any,
) -> CrossValidation:
    """Fit a law to all folds of the runs but one, and predict that one; each fold in turn.

    It tells laws that follow the runs' scatter from those that follow the runs. It does not tell
    how a law extrapolates (:func:`roll_out` does), nor find runs that went wrong (Choshen et al.
    2024, arXiv:2410.11840, Sec. 7). Rosenfeld et al. (2020, arXiv:1909.12673) use ten folds.

    Parameters
    ----------
    law : Law or str
        As for :func:`fit`.
    runs : DataFrame and whatever else ``read_runs`` takes
    folds : int, optional
        How many, 2 at least: 10 without ``by``, and one a group with it.
    by : str, optional
        A column whose groups stay together: runs of one budget (``"C"``) or size (``"N"``) that
        err together must not predict each other. Numbers that differ by rounding are one group.
    seed : int
        Of the dealing into folds.
    weights : array_like (runs,), optional
        As for :func:`fit`; runs of weight 0 are neither fitted nor predicted.
    executor : concurrent.futures.Executor, optional
        Its workers make the fits, with the same results; what a worker loses is fitted here.
    **options
        ``objective``, ``delta``, ``fixed`` and others of :func:`fit`.

    Returns
    -------
    CrossValidation
        An interrupt keeps the folds that are done.

    Raises
    ------
    FitError
        When ``by`` is no column or lacks values, there are fewer groups than folds, or what is left
        beside a fold is too little for the law.
    RunsError
        Runs that cannot be read.
    """
    table = read_runs(runs)
    shares = checked_weights(weights, len(table), "cross_validate")
    table, shares = table.filter(shares > 0), shares[shares > 0]
    if folds is None and by is None:
        folds = FOLDS
    fold = _dealt(_groups(table, by), folds, seed)
    asked = int(fold.max()) + 1
    todo = [(law, table.filter(fold != i), shares[fold != i], options) for i in range(asked)]
    found = solve_all(fitted, todo, executor, "cross_validate: fits")
    fits: list[Fit] = []
    try:
        for fit in with_progress(found, asked, "cross_validate"):
            fits.append(fit)
    except KeyboardInterrupt:
        if not fits:
            raise
        kept = f"{len(fits)} of {asked} folds kept"
        warnings.warn(f"cross_validate interrupted: {kept}", stacklevel=3)
    parts = [held_out_errors(fit, table.filter(fold == i)) for i, fit in enumerate(fits)]
    return _collected(fits, parts, asked)


def _groups(table: pl.DataFrame, by: str | None) -> Folds:
    """The number of each run's group; without ``by`` every run is its own."""
    if by is None:
        return np.arange(len(table))
    if by not in table.columns:
        raise FitError(f"cross_validate: no column {by!r}; there are {', '.join(table.columns)}")
    if table[by].null_count():
        raise FitError(
            f"cross_validate: {by!r} is empty for {table[by].null_count()} of {len(table)} runs; "
            "every run needs its group"
        )
    return numbered(table[by])


def _dealt(group: Folds, folds: int | None, seed: int) -> Folds:
    """The fold (runs,) of each run: groups shuffled and dealt like cards; without a number of folds
    every group is one."""
    count = int(group.max()) + 1
    if folds is None and count > 1:
        return group
    check_whole(FitError, "cross_validate: seed", seed)
    if folds is None or not 2 <= folds <= count:
        raise FitError(
            f"cross_validate: {count} groups of runs make no {2 if folds is None else folds} "
            "folds; folds are 2 or more, and each needs a run or a group of its own"
        )
    place = np.empty(count, dtype=np.intp)
    place[np.random.default_rng(seed).permutation(count)] = np.arange(count) % folds
    return np.asarray(place[group])


def _collected(fits: Sequence[Fit], parts: Sequence[pl.DataFrame], asked: int) -> CrossValidation:
    rows = []
    for i, (fit, part) in enumerate(zip(fits, parts, strict=True)):
        error = part["error"].to_numpy()
        held_out = {"held_out": len(part), "bias": float(error.mean()), "rmse": rms(error)}
        within = {"rmse_fitted": fitted_rmse(fit), "status": fit.status}
        rows.append({"fold": i, "fitted": fit.used, **held_out, **within})
    numbered_parts = [
        part.select(pl.lit(i, pl.Int64).alias("fold"), pl.all()) for i, part in enumerate(parts)
    ]
    return CrossValidation(pl.concat(numbered_parts), pl.DataFrame(rows), tuple(fits), asked)
