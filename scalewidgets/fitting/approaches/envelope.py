"""Chinchilla's approach 1: the lower envelope of training curves, power laws through it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import polars as pl

from ...lawbook.door import check_whole, checked
from ...runs import read_runs
from ..types import Array, FitError
from .curves import Curves, Flags, Hull, Indices, Interpolated
from .frontier import Frontier, FrontierBootstrap, bootstrap, constants

_MOST_POINTS = 1_000_000
HOFFMANN_POINTS = 1500  # Hoffmann et al. 2022, Sec. 3.1


@dataclass(frozen=True, eq=False)
class Envelope(Frontier):
    """The run of least loss at every compute, and the power laws through them.

    Attributes
    ----------
    envelope : polars.DataFrame
        One row a compute value at which some run is best: ``C`` (FLOPs), ``run`` (as the table
        names it), ``N``, ``D``, ``loss``, and ``inside``: whether the best run is neither of the
        smallest nor of the largest size. Where it is not, another size might be better still.
    curves : int
        Number of training runs.
    ends : bool
        Whether rows that are not ``inside`` enter the power laws.
    """

    envelope: pl.DataFrame
    curves: int
    ends: bool
    source: Curves = field(repr=False)

    @checked(FitError)
    def bootstrap(self, resamples: int = 1000, seed: int = 0) -> FrontierBootstrap:
        """Envelopes of ``resamples`` resamples of whole training runs, drawn with replacement; an
        interrupt keeps those made so far."""

        def resample(rng: np.random.Generator, size: int) -> tuple[Array, Array]:
            drawn = rng.integers(self.curves, size=(size, self.curves))
            present = np.zeros((size, self.curves), dtype=bool)
            present[np.arange(size)[:, None], drawn] = True
            best, inside = _best(self.source, present)
            counted = (best >= 0) & (inside | self.ends)
            log_N, log_D = self.source.log_N[best], self.source.reached(best)[0]
            return np.where(counted, log_N, np.nan), np.where(counted, log_D, np.nan)

        width = max(len(self.source.log_C), self.curves)
        return bootstrap(self.source.log_C, resample, resamples, seed, width)

    def summary(self) -> str:
        """A page of text: the sizes on the envelope with their ranges of compute, and the laws."""
        sizes = self.envelope.group_by("N", maintain_order=True).agg(
            pl.col("C").min().alias("from"), pl.col("C").max().alias("to"), pl.len(), "inside"
        )
        rows = [f"{'N':>12}{'from C':>10}{'to C':>10}{'points':>8}"]
        for row in sizes.iter_rows(named=True):
            end = "" if row["inside"][0] else "  at an end of the sizes"
            rows.append(f"{row['N']:12.4g}{row['from']:10.3g}{row['to']:10.3g}{row['len']:8d}{end}")
        return "\n".join([str(self), "", *rows])

    def __str__(self) -> str:
        used = len(self.envelope) if self.ends else int(self.envelope["inside"].sum())
        return (
            f"approach 1 on {self.curves} training curves, {used} of {len(self.envelope)} points "
            f"of the envelope: {self._laws()}"
        )

    def __repr__(self) -> str:
        return f"Envelope({self})"


@checked(FitError)
def approach_1(
    curves: Any,
    *,
    run: str = "run",
    envelope: Literal["curves", "hull"] = "curves",
    points: int = HOFFMANN_POINTS,
    ends: bool = False,
) -> Envelope:
    """Chinchilla's approach 1: the best training run at every compute, power laws through them.

    Hoffmann et al. 2022, Sec. 3.1: each run's training curve, interpolated; at compute values
    spaced evenly in log C the run of least loss; lines through log N and log D against log C.
    Smooth noisy training losses before, and leave out warm-up and what a learning rate that has not
    decayed does not show.

    Parameters
    ----------
    curves : DataFrame and whatever else ``read_runs`` takes
        Checkpoints: ``N``, ``D`` (or C) so far, ``loss`` (nats per token), and a column that names
        the training run to which each belongs.
    run : str
        The name of that column.
    envelope : {"curves", "hull"}
        ``"curves"``: as above, linear between checkpoints in the logs. ``"hull"``: the checkpoints
        on the lower convex hull of log loss against log C (McLeish et al. 2025, who keep the ends).
    points : int
        Compute values between the least and the most compute of any checkpoint, for ``"curves"``.
    ends : bool
        Whether the smallest and the largest size enter the power laws. Where they are best the
        sweep ends, not the optimum: with them 25 simulated curves gave a_N = 0.44 for 0.51. The
        papers keep them, or do not say.

    Returns
    -------
    Envelope
        With ``envelope`` (a table), ``a_N``, ``a_D``, ``k_N``, ``k_D``, ``N_opt(C)``,
        ``D_opt(C)``, ``bootstrap()``, ``summary()``.

    Raises
    ------
    FitError
        No column that names the runs, runs with several sizes or no two checkpoints each, or an
        envelope on which fewer than two sizes count.
    RunsError
        Checkpoints that cannot be read; the message names rows.
    """
    if envelope not in ("curves", "hull"):
        raise FitError(f'approach_1: envelope must be "curves" or "hull", not {envelope!r}')
    check_whole(FitError, "approach_1: points", points, 2, _MOST_POINTS)
    table = _checkpoints(read_runs(curves), run)
    parts = table.partition_by("curve", maintain_order=True)
    source: Curves = Hull.of(parts) if envelope == "hull" else Interpolated.of(parts, points)
    best, inside = _best(source, np.ones((1, len(parts)), dtype=bool))
    log_D, log_loss = source.reached(best)
    names = [p["curve"][0] for p in parts]
    found = pl.DataFrame(
        {
            "C": np.exp(source.log_C),
            "run": [names[i] for i in best[0]],
            "N": np.array([p["N"][0] for p in parts])[best[0]],
            "D": np.exp(log_D[0]),
            "loss": np.exp(log_loss[0]),
            "inside": inside[0],
        }
    ).filter(best[0] >= 0)
    counted = found.filter(pl.col("inside") | ends)
    if counted["N"].n_unique() < 2:
        all_sizes, best_sizes = table["N"].n_unique(), found["N"].n_unique()
        raise FitError(
            f"approach_1: of {all_sizes} sizes {best_sizes} are best at some compute and "
            f"{counted['N'].n_unique()} count for a power law, which needs two (the smallest and "
            f"the largest count with ends=True only). Add sizes, or points, which are {points}"
        )
    log_C, log_N, log_D = (np.log(counted[q].to_numpy()) for q in ("C", "N", "D"))
    return Envelope(*constants(log_C, log_N, log_D), found, len(parts), ends, source)


def _best(source: Curves, present: Flags) -> tuple[Indices, Flags]:
    """The best curves (resamples, points), -1 where none, and whether their size is neither the
    smallest nor the largest present."""
    best = source.best(present)
    low = np.where(present, source.log_N, np.inf).min(axis=1, keepdims=True)
    high = np.where(present, source.log_N, -np.inf).max(axis=1, keepdims=True)
    log_N = source.log_N[best]
    return best, (log_N > low) & (log_N < high)


def _checkpoints(table: pl.DataFrame, run: str) -> pl.DataFrame:
    """C, N, D, loss and the ``curve`` of each checkpoint, by curve and C."""
    # read_runs names rows: a column of the source that bears the same name is kept beside it
    name = f"{run}_source" if f"{run}_source" in table.columns else run
    if name not in table.columns:
        raise FitError(
            f"approach_1: no column {run!r} says to which training run a checkpoint belongs; name "
            "it with run="
        )
    found = table.select(pl.col(name).alias("curve"), "C", "N", "D", "loss")
    sizes = found.group_by("curve", maintain_order=True).agg(pl.col("N").n_unique(), pl.len())
    if sizes["len"].max() == 1:
        raise FitError(
            f"approach_1: every run of column {run!r} has one checkpoint. Give the checkpoints "
            "along training, or use approach_2 on final losses"
        )
    mixed = sizes.filter(pl.col("N") > 1)["curve"]
    if len(mixed):
        shown = ", ".join(map(str, mixed.head(10)))
        raise FitError(
            f"approach_1: {len(mixed)} runs of column {run!r} have checkpoints of several sizes N "
            f"({shown}); a training run has one"
        )
    return found.sort("curve", "C", maintain_order=True)
