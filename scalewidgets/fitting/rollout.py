"""Held-out roll-out: fit the smaller runs, predict the larger ones."""

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
from ..lawbook.door import checked
from ..runs import read_runs
from .parametric import fit as fit_law
from .result import Fit
from .types import Array, FitError
from .workers import solve_all, with_progress

# law, the runs to be fitted, their weights, options of fit
Task = tuple[Law | str, pl.DataFrame, Array, dict[str, Any]]

_ROUNDING = 1e-9  # runs at the cut-off itself count as below it, whatever their last digit


@dataclass(frozen=True)
class RollOut:
    """How well laws fitted below cut-offs predict the runs above.

    Attributes
    ----------
    errors : polars.DataFrame
        One row a held-out run and cut-off: ``cutoff``, ``run``, ``N``, ``D``, ``C``, ``loss``,
        ``predicted`` (both in the law's unit) and ``error`` = log(predicted) - log(loss), above
        zero where the law is too pessimistic.
    summary : polars.DataFrame
        One row a cut-off: ``cutoff``, ``fitted`` and ``held_out`` (runs), ``reach`` (decades from
        the cut-off's largest run to the largest of all), ``bias`` (mean error), ``rmse``, ``worst``
        (error of the largest size), ``rmse_fitted`` (of the fitted runs), ``rmse_baseline`` (of
        taking the least fitted loss for all larger runs, which a law should beat: Choshen et al.
        2024, arXiv:2410.11840, Sec. 5.2) and ``status`` of the fit.
    fits : tuple of Fit
        The fit of each cut-off.
    by : str
        The column that was cut.
    asked : int
        How many cut-offs were asked for; fewer fits mean an interrupt.
    """

    errors: pl.DataFrame
    summary: pl.DataFrame
    fits: tuple[Fit, ...] = field(repr=False)
    by: str
    asked: int

    def __str__(self) -> str:
        each = "; ".join(
            f"{self.by} <= {row['cutoff']:.3g}: {row['fitted']} runs predict {row['held_out']} "
            f"with bias {row['bias']:+.2%}, rmse {row['rmse']:.2%}"
            for row in self.summary.iter_rows(named=True)
        )
        return f"{self.fits[0].law.id} {each}"

    def __repr__(self) -> str:
        return f"RollOut({self})"


@checked(FitError)
def roll_out(
    law: Law | str,
    runs: Any,
    *,
    cutoff: float | Sequence[float],
    by: str = "C",
    weights: npt.ArrayLike | None = None,
    executor: Executor | None = None,
    **options: Any,
) -> RollOut:
    """Fit a law to the runs up to a cut-off and predict the others, for one cut-off or several.

    How well a law fits says nothing of how well it extrapolates (Videau et al. 2026,
    arXiv:2608.07222: R2 of 0.992 within, errors of 5 % beyond).

    Parameters
    ----------
    law : Law or str
        As for :func:`fit`.
    runs : DataFrame and whatever else ``read_runs`` takes
    cutoff : float or sequence of float
        Runs up to and including it are fitted, all others predicted.
    by : str
        The column that is cut: ``"C"`` (FLOPs), ``"N"``, ``"D"`` or any other of numbers.
    weights : array_like (runs,), optional
        As for :func:`fit`; runs of weight 0 are neither fitted nor predicted.
    executor : concurrent.futures.Executor, optional
        Its workers make the fits, with the same results; what a worker loses is fitted here.
    **options
        ``objective``, ``delta``, ``fixed`` and others of :func:`fit`.

    Returns
    -------
    RollOut
        Cut-offs ascending. An interrupt keeps those that are done.

    Raises
    ------
    FitError
        When ``by`` is no column of numbers, a cut-off is no finite number, leaves no run above it
        or too few below.
    RunsError
        Runs that cannot be read.
    """
    table = read_runs(runs)
    values = _column(table, by)
    shares = checked_weights(weights, len(table), "roll_out")
    cuts = np.unique(np.asarray(cutoff, dtype=float))
    if not len(cuts):
        raise FitError("roll_out: cutoff holds no number")
    table, values, shares = table.filter(shares > 0), values[shares > 0], shares[shares > 0]
    for cut in cuts:
        _check(cut, values, by)
    sets = [_below(values, cut) for cut in cuts]
    todo = [(law, table.filter(below), shares[below], options) for below in sets]
    found = solve_all(fitted, todo, executor, "roll_out: fits")
    fits: list[Fit] = []
    try:
        for fit in with_progress(found, len(todo), "roll_out"):
            fits.append(fit)
    except KeyboardInterrupt:
        if not fits:
            raise
        warnings.warn(f"roll_out interrupted: {len(fits)} of {len(cuts)} kept", stacklevel=3)
    except FitError as error:
        cut = cuts[len(fits)]
        raise FitError(f"roll_out: with the cutoff {by} <= {cut:.4g}: {error}") from error
    parts = [_predicted(fit, table, values, cut) for fit, cut in zip(fits, cuts, strict=False)]
    errors = pl.concat([part for part, _ in parts])
    return RollOut(errors, pl.DataFrame([row for _, row in parts]), tuple(fits), by, len(cuts))


def fitted(task: Task) -> Fit:
    """What a worker is asked."""
    law, table, weights, options = task
    return fit_law(law, table, weights=weights, **options)


def checked_weights(weights: npt.ArrayLike | None, count: int, caller: str) -> Array:
    """Weights (runs,), 1 where none are given."""
    shares = np.ones(count) if weights is None else np.asarray(weights, dtype=float)
    if shares.shape != (count,):
        raise FitError(f"{caller}: weights must be {count} numbers, one a run")
    return shares


def held_out_errors(found: Fit, table: pl.DataFrame) -> pl.DataFrame:
    """``run``, N, D, C, ``loss``, ``predicted`` and the error of its logarithm, of other runs."""
    given = {v: table[v].to_numpy() for v in found.law.variables if v in table.columns}
    predicted = found.predict(**given)
    error = np.log(predicted) - np.log(table["loss"].to_numpy())
    columns = table.select("run", "N", "D", "C", "loss")
    return columns.with_columns(predicted=pl.Series(predicted), error=pl.Series(error))


def fitted_rmse(found: Fit) -> float:
    """Root mean square of the log residuals of the fitted runs."""
    within = found.problem.predict(found.theta[None])[0]
    return rms(np.log(within) - np.log(found.runs["loss"].to_numpy()))


def _column(table: pl.DataFrame, by: str) -> Array:
    if by not in table.columns or not table[by].dtype.is_numeric():
        numeric = [c.name for c in table.get_columns() if c.dtype.is_numeric() and c.name != "run"]
        raise FitError(
            f"roll_out: by={by!r} is no column of numbers; there are {', '.join(numeric)}"
        )
    values = table[by].cast(pl.Float64).fill_null(np.nan).to_numpy()
    if not np.isfinite(values).all():
        raise FitError(f"roll_out: the column {by} lacks values; drop those rows")
    return np.asarray(values)


def _below(values: Array, cut: float) -> npt.NDArray[np.bool_]:
    return np.asarray(values <= cut + _ROUNDING * abs(cut))


def _check(cut: float, values: Array, by: str) -> None:
    if not np.isfinite(cut):
        raise FitError(f"roll_out: cutoff must be a finite number, not {cut!r}")
    if _below(values, cut).all() or not _below(values, cut).any():
        raise FitError(
            f"roll_out: a cutoff of {by} <= {cut:.4g} parts none of the {len(values)} runs from "
            f"the others; {by} runs from {values.min():.4g} to {values.max():.4g}"
        )


def _predicted(
    found: Fit, table: pl.DataFrame, values: Array, cut: float
) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Errors of the runs above a cut-off, and their summary."""
    below = _below(values, cut)
    errors = held_out_errors(found, table.filter(~below))
    error, loss = errors["error"].to_numpy(), errors["loss"].to_numpy()
    baseline = np.log(found.runs["loss"].to_numpy().min()) - np.log(loss)
    summary = {
        "cutoff": float(cut),
        "fitted": found.used,
        "held_out": len(errors),
        "reach": float(np.log10(values.max() / values[below].max())),
        "bias": float(error.mean()),
        "rmse": rms(error),
        "worst": float(error[np.argmax(np.abs(error))]),
        "rmse_fitted": fitted_rmse(found),
        "rmse_baseline": rms(baseline),
        "status": found.status,
    }
    return errors.select(pl.lit(float(cut)).alias("cutoff"), pl.all()), summary


def rms(r: Array) -> float:
    return float(np.sqrt(np.mean(r**2)))
