"""Training logs as rows with canonical names, read once, and what is kept of which runs."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from .files import RunsError, reading
from .log_checks import Faults, Invalid, constants, extremes, report
from .naming import QUANTITIES, choose_columns
from .sources import Source, counts_quickly, scanner
from .stream import Tally, read_once
from .table import read_runs

_CALLER = 5  # frames from a warning to the line that called the public function


@dataclass(frozen=True)
class Logs:
    """Logs of which nothing but the needed columns is read.

    Attributes
    ----------
    source : what :func:`read_runs` takes
    frame : LazyFrame
        ``run``, N (Float64 or text), D, C, loss (Float64; as far as they are there), and
        ``keep:<name>`` for other columns to keep.
    names : mapping
        From these columns to the source's.
    """

    source: Source
    frame: pl.LazyFrame
    names: Mapping[str, str]

    @property
    def progress(self) -> list[str]:
        """What grows along a run: D if it is there, C if it is."""
        return [q for q in ("D", "C") if q in self.names]

    def reduce(self, kept: Tally, invalid: Invalid, who: str) -> tuple[pl.DataFrame, pl.DataFrame]:
        """What a tally keeps of the usable rows; and ``run``, N and kept columns, one row a run.

        Raises
        ------
        RunsError
            For unusable rows unless they are set aside, for what varies within a run but must not,
            and when no row is left.
        KeyboardInterrupt
            When no run was read to its end.
        """
        if invalid not in ("error", "set_aside"):
            raise RunsError(f'runs: invalid is {invalid!r}; it must be "error" or "set_aside"')
        faults = Faults(self.frame.collect_schema())
        called = {q: f"column {s!r}" for q, s in self.names.items() if q == "N" or q[:5] == "keep:"}
        ranges = extremes(list(called))

        def take(batch: pl.DataFrame) -> None:
            faults.tally.add(batch.filter(faults.any))
            usable = batch.filter(~faults.any)
            ranges.add(usable)
            kept.add(usable)

        with reading(self.source):
            take(self.frame.head(0).collect())  # so that there is a table even of no rows
            taken = read_once(self.frame, take, self._count, who)
            tables = [tally.table() for tally in (kept, ranges, faults.tally)]
            if taken is not None:
                tables = self._finished(tables, taken, who)
        rows, found, bad = (table.cast({pl.Categorical: pl.String}) for table in tables)
        report(bad, invalid, _CALLER)
        if rows.is_empty():
            raise RunsError("runs: no row can be used" if len(bad) else "runs: there are no rows")
        return rows, constants(found, called)

    def as_runs(
        self, table: pl.DataFrame, same: pl.DataFrame, units: Mapping[str, str | float] | None
    ) -> pl.DataFrame:
        """A table of ``run``, D, C and loss, with what is the same all along a run, brought through
        the one door under the source's names: it judges units, text and what is plausible."""
        whole = table.join(same, on="run", how="left", maintain_order="left")
        whole = whole.select(self.names.keys()).rename(dict(self.names))
        columns = {q: name for q, name in self.names.items() if q in QUANTITIES}
        return read_runs(whole, columns=columns, units=units)

    def _count(self) -> int | None:
        if not counts_quickly(self.source):
            return None
        return int(self.frame.select(pl.len()).collect().item())

    def _finished(self, tables: list[pl.DataFrame], taken: int, who: str) -> list[pl.DataFrame]:
        """Of each table the runs of which no row is still to be read."""
        going_on = self.frame.slice(taken).select("run").unique().collect(engine="streaming")
        tables = [table.join(going_on, on="run", how="anti") for table in tables]
        runs = tables[1].height
        if not runs:
            raise KeyboardInterrupt
        warnings.warn(
            f"{who} interrupted after {taken:,} rows: {runs} runs, read to their end, are kept; "
            f"{going_on.height} are left out",
            stacklevel=_CALLER,
        )
        return tables


def open_logs(
    source: Source,
    run: str,
    columns: Mapping[str, str],
    keep: Sequence[str],
    storage_options: Mapping[str, Any] | None,
) -> Logs:
    """The needed columns of a source, found by its schema.

    Raises
    ------
    RunsError
        When columns are missing, ambiguous or not numbers, or the source cannot be read.
    """
    with reading(source):
        scan = scanner(source, storage_options)
        found = scan(()).collect_schema().names()
    if not found:
        raise RunsError("runs: the table has no rows")
    _check_there(found, run, keep)
    chosen = choose_columns([name for name in found if name != run], columns)
    measured = {q: chosen[q] for q in ("D", "C", "loss") if q in chosen}
    names = {"run": run, **chosen}
    names |= {f"keep:{name}": name for name in keep if name not in names.values()}
    with reading(source):
        # once more, because the first rows of a text file do not tell whole numbers from others
        frame = scan(list(measured.values()))
        types = {name: frame.collect_schema()[name] for name in names.values()}
    for q, name in measured.items():
        if not types[name].is_numeric():
            raise RunsError(f"runs: column {name!r} ({q}) holds {types[name]}, not numbers")
    plain = [_plain(new, name, types[name]) for new, name in names.items()]
    return Logs(source, frame.select(plain), names)


def _check_there(found: Sequence[str], run: str, keep: Sequence[str]) -> None:
    if isinstance(keep, str):
        raise RunsError(f"runs: keep must be a list of columns: keep=[{keep!r}]")
    for name, what in ((run, "run"), *((name, "keep") for name in keep)):
        if name not in found:
            close = difflib.get_close_matches(name, found, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise RunsError(
                f"runs: {what}= names the column {name!r}, but the table has "
                f"{', '.join(map(repr, found[:30]))}{hint}"
            )


def _plain(new: str, name: str, dtype: pl.DataType) -> pl.Expr:
    """A quantity as Float64, the name of the run as codes, other text as text."""
    column = pl.col(name).alias(new)
    if new in QUANTITIES and dtype.is_numeric():
        return column.cast(pl.Float64)
    if dtype not in (pl.String, pl.Categorical, pl.Enum):
        return column
    text = column.cast(pl.String)
    # a few names, kept as text, would keep the text of the whole batch in memory
    return text.cast(pl.Categorical) if new == "run" else text
