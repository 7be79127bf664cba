"""Training logs, many rows a run: the final losses, and curves thin enough to draw and to fit.

Logs are read once, in batches, and only the columns that are needed: memory goes with the result,
not with the number of rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from ..lawbook.door import check_whole, checked
from .files import RunsError
from .log_checks import Invalid
from .log_rows import open_logs
from .sources import Source
from .stream import Tally

_MOST = 1_000_000  # rows a run, and windows a decade


@checked(RunsError, "runs")
def read_final_losses(
    source: Source,
    *,
    run: str = "run",
    last: int = 1,
    columns: Mapping[str, str] | None = None,
    units: Mapping[str, str | float] | None = None,
    keep: Sequence[str] = (),
    invalid: Invalid = "error",
    storage_options: Mapping[str, Any] | None = None,
) -> pl.DataFrame:
    """The loss at the end of each training run, from logs of any length: one row a run.

    Parameters
    ----------
    source, columns, units, storage_options
        As for :func:`read_runs`, but with many rows a run, in any order. Files and buckets are read
        in batches; so is a LazyFrame as far as Polars streams its query. Where a log
        counts steps, say how many tokens a step is: ``columns={"D": "step"}, units={"D": 524288}``.
        Where a file is a run, let Polars name it:
        ``pl.scan_csv("logs/*.csv", include_file_paths="run")``.
    run : str
        The column that says to which training run a row belongs.
    last : int
        The loss is the mean over this many last rows (those of most tokens) of a run, or all where
        it has fewer. A training loss is noisy: the mean of k rows has 1/sqrt(k) of the scatter, but
        it lags by the loss's fall over half of these rows. D is always that of the last row.
    keep : sequence of str
        Other columns to keep, constant within a run (where they are not null), such as a seed.
    invalid : {"error", "set_aside"}
        What to do with rows without a usable N, D, C or loss (a loss that is logged now and then, a
        step 0, a diverged loss): refuse the logs, or leave these rows out with a
        :class:`RunsWarning`; either names the runs and counts their rows. The final loss is then
        that of the last usable row: of a run that diverged, from before it did.

    Returns
    -------
    polars.DataFrame
        As :func:`read_runs` gives, sorted by run: ``run``, ``N``, ``D``, ``C``, ``loss``, then the
        column of the run's name (``run_source`` if that is ``run`` and holds text) and ``keep``.

    Raises
    ------
    RunsError
        As :func:`read_runs`; also if N or a kept column varies within a run, or no column bears
        the name ``run``.
    KeyboardInterrupt
        If no run was read to its end. After a later interrupt the runs that were are returned,
        with a warning.

    Examples
    --------
    >>> log = {"run": [7, 7, 8], "N": [1e8, 1e8, 2e8], "D": [1e9, 2e9, 1e9], "loss": [4, 3.5, 3.8]}
    >>> read_final_losses(log).select("run", "D", "loss").rows()
    [(7, 2000000000.0, 3.5), (8, 1000000000.0, 3.8)]
    """
    check_whole(RunsError, "runs: last", last, 1, _MOST)
    logs = open_logs(source, run, columns or {}, keep, storage_options)
    order = logs.progress[0]

    def final_rows(rows: pl.DataFrame) -> pl.DataFrame:
        # a stable sort: of a step that was logged twice (a restart) the later row is the last
        wanted = rows.select("run", *logs.progress, "loss")
        return wanted.sort(order, maintain_order=True).group_by("run").tail(last)

    rows, same = logs.reduce(Tally(final_rows, final_rows), invalid, "read_final_losses")
    table = rows.group_by("run").agg(pl.col(logs.progress).max(), pl.col("loss").mean())
    return logs.as_runs(table.sort("run"), same, units)


@checked(RunsError, "runs")
def read_curves(
    source: Source,
    *,
    run: str = "run",
    points: int = 200,
    columns: Mapping[str, str] | None = None,
    units: Mapping[str, str | float] | None = None,
    keep: Sequence[str] = (),
    invalid: Invalid = "error",
    storage_options: Mapping[str, Any] | None = None,
) -> pl.DataFrame:
    """Training curves, thinned to windows evenly spaced in log D: at most ``points`` rows a run.

    Each window gives the mean of its losses, so that noise is averaged and not sampled, and the
    geometric mean of its tokens. The windows of a run are equally wide, and at least a decade /
    ``points``; a window without rows gives none. For ``approach_1(curves, run=...)``, charts, and
    laws of training curves.

    Parameters
    ----------
    source, run, columns, units, keep, invalid, storage_options
        As for :func:`read_final_losses`.
    points : int
        The most rows of a run, at least 2.

    Returns
    -------
    polars.DataFrame
        As :func:`read_runs` gives, sorted by run and tokens; ``run`` is the row's number, and the
        run's name is in the column that has it in the source (``run_source`` if that is ``run``).

    Raises
    ------
    RunsError, KeyboardInterrupt
        As :func:`read_final_losses`.

    Examples
    --------
    >>> D = [1e8 * i for i in range(1, 10_001)]
    >>> log = {"name": ["a"] * 10_000, "N": [1e8] * 10_000, "D": D, "loss": [3.0] * 10_000}
    >>> len(read_curves(log, run="name", points=50))
    46
    >>> curves = read_curves("s3://bucket/logs/*.parquet", run="name")  # doctest: +SKIP
    """
    check_whole(RunsError, "runs: points", points, 2, _MOST)
    logs = open_logs(source, run, columns or {}, keep, storage_options)
    fine = (pl.col(logs.progress[0]).log10() * points).floor().cast(pl.Int32).alias("window")
    sums = pl.col("rows", "loss", *logs.progress).sum()

    def windows(rows: pl.DataFrame) -> pl.DataFrame:
        means = [pl.col("loss").sum(), pl.col(logs.progress).log().sum()]
        return rows.group_by("run", fine).agg(pl.len().cast(pl.Int64).alias("rows"), *means)

    def merged(parts: pl.DataFrame) -> pl.DataFrame:
        return parts.group_by("run", "window").agg(sums)

    found, same = logs.reduce(Tally(windows, merged), invalid, "read_curves")
    first, end = pl.col("window").min(), pl.col("window").max() + 1
    # as many of the fine windows in one as bring the run down to its points
    width = ((end - first) / points).ceil().cast(pl.Int32)
    coarse = found.with_columns(((pl.col("window") - first) // width).over("run"))
    table = merged(coarse).sort("run", "window")
    mean = pl.col("loss") / pl.col("rows")
    geometric = (pl.col(logs.progress) / pl.col("rows")).exp()
    return logs.as_runs(table.select("run", geometric, mean), same, units)
