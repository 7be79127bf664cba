"""Whatever holds a table -> one Polars data frame, with nothing renamed and nothing dropped."""

from __future__ import annotations

import glob
import gzip
import json
import os
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
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
_REMOTE = ".parquet, .csv, .tsv or .jsonl files"
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_SCANNED = {
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
    **dict.fromkeys((".csv", ".csv.gz"), "csv"),
    ".tsv": "tsv",
    **dict.fromkeys((".jsonl", ".ndjson"), "jsonl"),
}
_INFERRED_ROWS = 10_000  # from which a csv or jsonl file's types are taken
# Beyond these a file is no table of runs: a few kB of gzip or Parquet can unpack to all memory.
_UNPACKED = 2**29  # bytes of text
_CELLS = 1_000_000_000  # of a Parquet file: 8 GB
_TOLD = 500  # characters of a name, or of what Polars says: it quotes whole files
# what Polars asks for where the environment does not say it
_ACCESS = {
    **dict.fromkeys(("s3", "s3a"), ("aws_region", "aws_access_key_id", "aws_secret_access_key")),
    **dict.fromkeys(("gs", "gcs"), ("google_service_account",)),
    **dict.fromkeys(
        ("az", "azure", "abfs", "abfss", "adl"),
        ("azure_storage_account_name", "azure_storage_account_key"),
    ),
}


class RunsError(ValueError):
    """A table that cannot be used as training runs; the message says what to do about it."""


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
            name = os.fspath(source)
            if _URL.match(name):
                return _scan_one(name, storage_options).collect(engine="streaming")
            return _from_files(name)
        if isinstance(source, (Mapping, list, tuple)):
            return _from_records(source)
        if type(source).__module__.partition(".")[0] == "pandas":
            return _from_pandas(source)
        if hasattr(source, "__arrow_c_stream__"):
            return pl.DataFrame(source)
    raise RunsError(f"runs: {type(source).__name__} is not a table; give {_UNDERSTOOD}")


def scan(
    source: Source,
    storage_options: Mapping[str, Any] | None = None,
    floats: Sequence[str] = (),
) -> pl.LazyFrame:
    """The table in a source, of which files and URLs are read only as far as a query needs.

    Parameters
    ----------
    source, storage_options : as for :func:`read_runs`
    floats : sequence of str
        Columns that are read as floats from text files, whatever their first rows look like.

    Raises
    ------
    RunsError
        As :func:`as_frame`; when collected, wrap the query in :func:`reading`.
    """
    with reading(source):
        if isinstance(source, pl.LazyFrame):
            return source
        if isinstance(source, (str, os.PathLike)):
            name = os.fspath(source)
            files = [name] if _URL.match(name) else _found(name)
            if all(_kind(file) for file in files):
                parts = [_scan_one(file, storage_options, floats) for file in files]
                # files that need no reconciling are best left to one scan
                return parts[0] if len(parts) == 1 else pl.concat(parts, how="diagonal_relaxed")
        return as_frame(source).lazy()


def counts_quickly(source: Source) -> bool:
    """Whether the number of rows can be known without reading them: Parquet files tell."""
    return isinstance(source, (str, os.PathLike)) and _kind(os.fspath(source)) == "parquet"


@contextmanager
def reading(source: Source) -> Iterator[None]:
    """What goes wrong inside, as a :class:`RunsError` that names the source."""
    try:
        yield
    except RunsError:
        raise
    except (
        *(pl.exceptions.PolarsError, ImportError, TypeError, OverflowError, ValueError),
        *(OSError, EOFError, RecursionError, MemoryError, zlib.error),
        pl.exceptions.PanicException,  # of a damaged Parquet file; no Exception to Python
    ) as error:
        said = shortened(str(error))
        if not isinstance(source, (str, os.PathLike)):
            raise RunsError(f"runs: the table cannot be read: {said}") from error
        name = os.fspath(source)
        advice = _access(name) if _URL.match(name) else ""
        if "TapeError" in str(error):
            advice = ". JSON has no NaN: write null for it, or Parquet"
        raise RunsError(f"runs: {shortened(name)} cannot be read: {said}{advice}") from error


def shortened(text: str) -> str:
    """The text as far as a message has room for it."""
    return text if len(text) <= _TOLD else f"{text[:_TOLD]} ..."


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
    tables = []
    for name in _found(pattern):
        with reading(name):
            tables.append(_read(name))
    return pl.concat(tables, how="diagonal_relaxed")


def _found(pattern: str) -> list[str]:
    pattern = os.path.expanduser(pattern)
    if os.path.isdir(pattern):
        raise RunsError(f"runs: {pattern} is a directory; give a pattern such as {pattern}/*.csv")
    found = [pattern] if os.path.exists(pattern) else sorted(glob.glob(pattern, recursive=True))
    if not found:
        raise RunsError(f"runs: there is no file {shortened(pattern)} (seen from {os.getcwd()})")
    return found


def _read(name: str) -> pl.DataFrame:
    lowered = name.lower()
    if lowered.endswith((".csv", ".csv.gz")):
        return _read_csv(name, ",")
    if lowered.endswith(".tsv"):
        return _read_csv(name, "\t")
    if lowered.endswith(".parquet"):
        _check_size(name)
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


def _check_size(name: str) -> None:
    """Refuses a Parquet file that says itself that it is too large; one that lies fails to read."""
    scanned = pl.scan_parquet(name, glob=False)
    rows, columns = scanned.select(pl.len()).collect().item(), len(scanned.collect_schema())
    if rows * columns > _CELLS:
        raise RunsError(
            f"runs: {shortened(name)} holds {rows:,} rows of {columns:,} columns, too many for a "
            "table with a row a run. Logs are read by read_final_losses and read_curves"
        )


def _read_csv(name: str, separator: str) -> pl.DataFrame:
    content = _unpacked(name)
    try:
        return pl.read_csv(content, infer_schema_length=None, separator=separator)
    except pl.exceptions.ComputeError:
        # FLOPs written out in digits exceed 64 bits, where Polars 1 stops: floats for such columns
        text = pl.read_csv(content, infer_schema=False, separator=separator)
        long = text.select(pl.all().str.contains(r"^\d{19,}$").any()).row(0, named=True)
        floats = {column: pl.Float64 for column, is_long in long.items() if is_long}
        return pl.read_csv(
            content, infer_schema_length=None, separator=separator, schema_overrides=floats
        )


def _unpacked(name: str) -> str | bytes:
    """What gzip holds, or the name of a file that is not packed."""
    with open(name, "rb") as file:
        if file.read(2) != b"\x1f\x8b":
            return name
    with gzip.open(name) as packed:
        content = packed.read(_UNPACKED + 1)
    if len(content) > _UNPACKED:
        raise RunsError(
            f"runs: {shortened(name)} unpacks to over {_UNPACKED >> 20:,} MB, too much for a table "
            "with a row a run. Logs are read by read_final_losses and read_curves"
        )
    return content


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


def _kind(name: str) -> str | None:
    """How Polars scans a file of this name; None where it does not."""
    is_web = name.lower().startswith(("http://", "https://"))
    lowered = (re.split("[?#]", name)[0] if is_web else name).lower()
    return next((kind for end, kind in _SCANNED.items() if lowered.endswith(end)), None)


def _scan_one(
    name: str, storage_options: Mapping[str, Any] | None, floats: Sequence[str] = ()
) -> pl.LazyFrame:
    """A file, or the URL (or pattern of URLs) of Parquet, csv or jsonl files, as a lazy table."""
    is_url = _URL.match(name) is not None
    options = dict(storage_options) if storage_options else None
    types = dict.fromkeys(floats, pl.Float64)
    kind = _kind(name)
    if kind is None:
        raise RunsError(f"runs: {name} is of no kind that is read from a URL; give {_REMOTE}")
    if kind == "parquet":
        # files of one sweep may differ in columns; a quantity that is missing is refused later
        return pl.scan_parquet(
            name,
            glob=is_url,
            storage_options=options,
            missing_columns="insert",
            extra_columns="ignore",
        )
    if kind == "jsonl":
        return pl.scan_ndjson(
            name,
            infer_schema_length=_INFERRED_ROWS,
            schema_overrides=types,
            storage_options=options,
        )
    return pl.scan_csv(
        name,
        separator="\t" if kind == "tsv" else ",",
        infer_schema_length=_INFERRED_ROWS,
        schema_overrides=types,
        glob=is_url,
        storage_options=options,
    )


def _access(url: str) -> str:
    """What to check when a URL cannot be read."""
    keys = _ACCESS.get(url.partition("://")[0].lower())
    if keys is None:
        return ". Check the address, and that it may be read from here without a password"
    options = ", ".join(f'"{key}": ...' for key in keys)
    region = ", the region" if "aws_region" in keys else ""
    return (
        f". Check the address{region} and the credentials, which are taken from the environment "
        f"or from storage_options={{{options}}}"
    )
