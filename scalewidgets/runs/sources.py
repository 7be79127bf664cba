"""Whatever holds a table -> one Polars data frame, with nothing renamed and nothing dropped."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from .files import File, RunsError, found, kind_of, reading

# pandas, PyArrow and others that speak Arrow's C stream are taken as they are, without importing
# them here, and so have no name in this type
Source = pl.DataFrame | pl.LazyFrame | Mapping[str, Any] | Sequence[Any] | str | Path | Any

_UNDERSTOOD = (
    "a Polars DataFrame or LazyFrame, a pandas DataFrame, a PyArrow Table, a dict of columns, "
    "a list of dicts, or a path or pattern of .csv, .parquet, .json or .jsonl files"
)
_REMOTE = ".parquet, .csv, .tsv or .jsonl files"
_SCANNED = ("parquet", "csv", "tsv", "jsonl")
_SEPARATORS = {"csv": ",", "tsv": "\t"}
_INFERRED_ROWS = 10_000  # from which a csv or jsonl file's types are taken


def as_frame(source: Source, storage_options: Mapping[str, Any] | None = None) -> pl.DataFrame:
    """The table in a source, columns as they are.

    Raises
    ------
    RunsError
        When the source is of no known kind, or a file is missing or cannot be read.
    """
    with reading(source):
        if isinstance(source, pl.DataFrame):
            return source
        if isinstance(source, pl.LazyFrame):
            return source.collect()
        if isinstance(source, (str, os.PathLike)):
            return _from_files(
                found(os.fspath(source), storage_options, batches=False), storage_options
            )
        if isinstance(source, (Mapping, list, tuple)):
            return _from_records(source)
        if type(source).__module__.partition(".")[0] == "pandas":
            return _from_pandas(source)
        if hasattr(source, "__arrow_c_stream__"):
            return pl.DataFrame(source)
    raise RunsError(f"runs: {type(source).__name__} is not a table; give {_UNDERSTOOD}")


def scanner(
    source: Source, storage_options: Mapping[str, Any] | None = None
) -> Callable[[Sequence[str]], pl.LazyFrame]:
    """The table in a source, of which files and addresses are read only as far as a query needs.

    Returns
    -------
    callable
        From the names of columns to the lazy table in which they are read as floats from text
        files, whatever their first rows look like.

    Raises
    ------
    RunsError
        As :func:`as_frame`; when scanned and collected, wrap that in :func:`reading`.
    """
    with reading(source):
        if isinstance(source, pl.LazyFrame):
            return lambda _: source
        if isinstance(source, (str, os.PathLike)):
            files = found(os.fspath(source), storage_options, batches=True)
            if all(file.kind in _SCANNED for file in files):
                return lambda floats: _scan(files, storage_options, floats)
        frame = as_frame(source, storage_options).lazy()
        return lambda _: frame


def counts_quickly(source: Source) -> bool:
    """Whether the number of rows can be known without reading them: Parquet files tell."""
    return isinstance(source, (str, os.PathLike)) and kind_of(os.fspath(source)) == "parquet"


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


def _from_files(files: Sequence[File], storage_options: Mapping[str, Any] | None) -> pl.DataFrame:
    """All files, in the order of their names, one below the other."""
    tables = []
    for file in files:
        with reading(file.name):
            if file.is_remote:
                scanned = _scan_one(file, storage_options)
                tables.append(scanned.collect(engine="streaming"))
            else:
                tables.append(_read(file))
    return pl.concat(tables, how="diagonal_relaxed")


def _read(file: File) -> pl.DataFrame:
    if file.kind in ("csv", "tsv"):
        return _read_csv(file.content, _SEPARATORS[file.kind])
    if file.kind == "parquet":
        return pl.read_parquet(file.content, glob=False)
    # Python's own reader: unlike Polars' it takes the NaN that Python writes into JSON
    if file.kind == "jsonl":
        return _from_records(_json_lines(file))
    if file.kind == "json":
        with file.opened() as text:
            records = json.load(text)
        if isinstance(records, (list, dict)):
            return _from_records(records)
        raise RunsError(f"runs: {file.name} holds neither a list of rows nor a dict of columns")
    raise RunsError(f"runs: {file.name} is of no known kind; give {_UNDERSTOOD}")


def _read_csv(content: str | bytes, separator: str) -> pl.DataFrame:
    read = partial(pl.read_csv, content, separator=separator, glob=False)
    try:
        return read(infer_schema_length=None)
    except pl.exceptions.ComputeError:
        # FLOPs written out in digits exceed 64 bits, where Polars 1 stops: floats for such columns
        text = read(infer_schema=False)
        long = text.select(pl.all().str.contains(r"^\d{19,}$").any()).row(0, named=True)
        floats = {column: pl.Float64 for column, is_long in long.items() if is_long}
        return read(infer_schema_length=None, schema_overrides=floats)


def _json_lines(file: File) -> list[Any]:
    rows = []
    with file.opened() as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    rows.append(json.loads(line))
                except json.JSONDecodeError as error:
                    raise RunsError(f"runs: {file.name}, line {number}: {error}") from error
    return rows


def _scan(
    files: Sequence[File], storage_options: Mapping[str, Any] | None, floats: Sequence[str]
) -> pl.LazyFrame:
    parts = [_scan_one(file, storage_options, floats) for file in files]
    # files that need no reconciling are best left to one scan
    return parts[0] if len(parts) == 1 else pl.concat(parts, how="diagonal_relaxed")


def _scan_one(
    file: File, storage_options: Mapping[str, Any] | None, floats: Sequence[str] = ()
) -> pl.LazyFrame:
    """A file, or the address (or pattern of addresses) of files, as a lazy table."""
    if file.kind not in _SCANNED:
        raise RunsError(f"runs: {file.name} is of no kind that is read from a URL; give {_REMOTE}")
    options = dict(storage_options) if storage_options else None
    types = dict.fromkeys(floats, pl.Float64)
    if file.kind == "parquet":
        # files of one sweep may differ in columns; a quantity that is missing is refused later
        return pl.scan_parquet(
            file.content,
            glob=file.is_remote,
            storage_options=options,
            missing_columns="insert",
            extra_columns="ignore",
        )
    if file.kind == "jsonl":
        return pl.scan_ndjson(
            file.content,
            infer_schema_length=_INFERRED_ROWS,
            schema_overrides=types,
            storage_options=options,
        )
    return pl.scan_csv(
        file.content,
        separator=_SEPARATORS[file.kind],
        infer_schema_length=_INFERRED_ROWS,
        schema_overrides=types,
        glob=file.is_remote,
        storage_options=options,
    )
