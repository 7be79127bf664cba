"""Whatever holds a table -> one Polars data frame, with nothing renamed and nothing dropped."""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

# pandas, PyArrow and others that speak Arrow's C stream are taken as they are, without importing
# them here, and so have no name in this type
Source = pl.DataFrame | pl.LazyFrame | Mapping[str, Any] | Sequence[Any] | str | Path | Any

_UNDERSTOOD = (
    "a Polars DataFrame or LazyFrame, a pandas DataFrame, a PyArrow Table, a dict of columns, "
    "a list of dicts, or a path or pattern of .csv, .parquet, .json or .jsonl files"
)


class RunsError(ValueError):
    """A table that cannot be used as training runs; the message says what to do about it."""


def as_frame(source: Source) -> pl.DataFrame:
    """The table in a source, columns as they are.

    Raises
    ------
    RunsError
        When the source is of no known kind, or a file is missing or cannot be read.
    """
    try:
        if isinstance(source, pl.DataFrame):
            return source
        if isinstance(source, pl.LazyFrame):
            return source.collect()
        if isinstance(source, (str, os.PathLike)):
            return _from_files(os.fspath(source))
        if isinstance(source, (Mapping, list, tuple)):
            return _from_records(source)
        if type(source).__module__.partition(".")[0] == "pandas":
            return _from_pandas(source)
        if hasattr(source, "__arrow_c_stream__"):
            return pl.DataFrame(source)
    except RunsError:
        raise
    except (pl.exceptions.PolarsError, ImportError, TypeError, OverflowError, ValueError) as error:
        raise RunsError(f"runs: the table cannot be read: {error}") from error
    raise RunsError(f"runs: {type(source).__name__} is not a table; give {_UNDERSTOOD}")


def _from_records(records: Mapping[str, Any] | Sequence[Any]) -> pl.DataFrame:
    if isinstance(records, Mapping):
        return pl.DataFrame([_column(str(name), values) for name, values in records.items()])
    strangers = [i for i, record in enumerate(records) if not isinstance(record, Mapping)]
    if strangers:
        raise RunsError(f"runs: entry {strangers[0]} of the list is not a dict; give {_UNDERSTOOD}")
    if not records:
        return pl.DataFrame()
    return pl.from_dicts(list(records), infer_schema_length=None)


def _column(name: str, values: Any) -> pl.Series:
    if isinstance(values, (str, bytes, Mapping)) or not hasattr(values, "__len__"):
        raise RunsError(f"runs: column {name!r} of the dict is no list or array, but {values!r}")
    if isinstance(values, pl.Series):
        return values.alias(name)
    if hasattr(values, "__array__"):
        array = np.asarray(values)
        if array.dtype.kind in "fiumM":
            # a copy in the machine's byte order: Polars refuses the other
            wide = np.float64 if array.dtype.kind == "f" else array.dtype.newbyteorder("=")
            return pl.Series(name, array.astype(wide))
        values = array.tolist()
    # row by row, Polars finds a common type for 7 and 7.5, for 10**18 and 10**21, for 7 and "7B"
    rows = [{name: value} for value in values]
    frame = pl.from_dicts(rows, infer_schema_length=None) if rows else pl.DataFrame({name: []})
    return frame[name]


def _from_pandas(frame: Any) -> pl.DataFrame:
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    try:
        return pl.from_pandas(frame)
    except (ImportError, OverflowError):
        # without PyArrow Polars takes numbers only, and never integers beyond 64 bits
        plain = frame.astype(object).where(frame.notna(), None)
        return _from_records({str(name): plain[name].tolist() for name in plain.columns})


# --- files ----------------------------------------------------------------------------------


def _from_files(pattern: str) -> pl.DataFrame:
    """All files of a path or pattern, in the order of their names, one below the other."""
    pattern = os.path.expanduser(pattern)
    if os.path.isdir(pattern):
        raise RunsError(f"runs: {pattern} is a directory; give a pattern such as {pattern}/*.csv")
    found = [pattern] if os.path.exists(pattern) else sorted(glob.glob(pattern, recursive=True))
    if not found:
        raise RunsError(f"runs: there is no file {pattern} (seen from {os.getcwd()})")
    tables = []
    for name in found:
        try:
            tables.append(_read(name))
        except RunsError:
            raise
        except (pl.exceptions.PolarsError, OSError, ValueError) as error:
            raise RunsError(f"runs: {name} cannot be read: {error}") from error
    return pl.concat(tables, how="diagonal_relaxed")


def _read(name: str) -> pl.DataFrame:
    lowered = name.lower()
    if lowered.endswith((".csv", ".csv.gz")):
        return _read_csv(name, ",")
    if lowered.endswith(".tsv"):
        return _read_csv(name, "\t")
    if lowered.endswith(".parquet"):
        return pl.read_parquet(name)
    # Python's own reader: unlike Polars' it takes the NaN that Python writes into JSON
    if lowered.endswith((".jsonl", ".ndjson")):
        return _from_records(_json_lines(name))
    if lowered.endswith(".json"):
        records = json.loads(Path(name).read_text(encoding="utf-8"))
        if isinstance(records, (list, dict)):
            return _from_records(records)
        raise RunsError(f"runs: {name} holds neither a list of rows nor a dict of columns")
    raise RunsError(f"runs: {name} is of no known kind; give {_UNDERSTOOD}")


def _read_csv(name: str, separator: str) -> pl.DataFrame:
    try:
        return pl.read_csv(name, infer_schema_length=None, separator=separator)
    except pl.exceptions.ComputeError:
        # FLOPs written out in digits exceed 64 bits, where Polars 1 stops: floats for such columns
        text = pl.read_csv(name, infer_schema=False, separator=separator)
        long = text.select(pl.all().str.contains(r"^\d{19,}$").any()).row(0, named=True)
        floats = {column: pl.Float64 for column, is_long in long.items() if is_long}
        return pl.read_csv(
            name, infer_schema_length=None, separator=separator, schema_overrides=floats
        )


def _json_lines(name: str) -> list[Any]:
    rows = []
    with open(name, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    rows.append(json.loads(line))
                except json.JSONDecodeError as error:
                    raise RunsError(f"runs: {name}, line {number}: {error}") from error
    return rows
