"""From the files of a data set to one table, as its TOML says.

Columns and conditions are SQL expressions of the source's columns, which Polars evaluates; a format
that is no table has a reader here. Nothing in a file is ever run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from .sources import as_frame


def tidy(
    files: Sequence[tuple[Path, Mapping[str, Any]]],
    columns: Mapping[str, str],
    reader: Mapping[str, Any],
    where: str = "true",
) -> pl.DataFrame:
    """The files' rows, one file below the other, with the columns asked for.

    Parameters
    ----------
    files : sequence of (path, mapping)
        Where each file lies, and what its name tells of its rows: columns that it lacks.
    columns : mapping
        From names to SQL expressions of the source's columns; ``"``-quoted where they are not
        plain words.
    reader : mapping
        ``kind``, one of :data:`READERS`, and what that needs.
    where : str
        An SQL condition on the source's columns: rows to take.
    """
    options = dict(reader)
    read = READERS[options.pop("kind")]
    parts = [
        read(path, **options).with_columns(
            pl.lit(value).alias(name) for name, value in told.items()
        )
        for path, told in files
    ]
    whole = pl.concat(parts, how="diagonal_relaxed").filter(pl.sql_expr(where))
    return whole.select(pl.sql_expr(sql).alias(name) for name, sql in columns.items())


def _table(path: Path) -> pl.DataFrame:
    return as_frame(path)


def _keyed(path: Path, pattern: str) -> pl.DataFrame:
    """A JSON object of numbers: ``value``, beside the text of the key's groups in the pattern."""
    found = json.loads(path.read_text(encoding="utf-8"))
    table = pl.DataFrame({"key": list(found), "value": list(found.values())})
    return table.with_columns(pl.col("key").str.extract_groups(pattern)).unnest("key")


def _wide(path: Path, keep: Sequence[str], names: str, values: str) -> pl.DataFrame:
    """A table whose other column names are a quantity: ``names``, beside their ``values``."""
    return as_frame(path).unpivot(index=keep, variable_name=names, value_name=values)


READERS: Mapping[str, Callable[..., pl.DataFrame]] = {
    "table": _table,
    "keyed": _keyed,
    "wide": _wide,
}
