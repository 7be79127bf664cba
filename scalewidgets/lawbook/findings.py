"""Findings: what papers claim about scaling without a law (multipliers, sign changes, counts)."""

from __future__ import annotations

import sys
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from .door import checked
from .law import LawError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    import polars as pl

_COLUMNS = ("title", "authors", "year", "source", "family", "claim", "where", "status", "law")


@cache
def _rows() -> list[dict[str, Any]]:
    file = resources.files(__package__) / "findings.toml"
    rows: list[dict[str, Any]] = tomllib.loads(file.read_text(encoding="utf-8"))["finding"]
    return rows


@checked(LawError)
def findings(search: str | None = None, *, family: str | None = None) -> pl.DataFrame:
    """Published findings that are no law: a row a claim.

    Parameters
    ----------
    search : str, optional
        Words that must all occur in a row.
    family : str, optional
        One of the families of :func:`laws`.

    Returns
    -------
    polars.DataFrame
        Columns title, authors, year, source, family, claim, where (in the paper), status
        (``"seen"`` in the source or ``"recalled"``), law (its id in the catalogue where the paper
        has one too). Null where not known.

    Raises
    ------
    LawError
        For a family without a finding.

    Examples
    --------
    >>> findings("diffusion", family="architecture").height > 0
    True
    """
    import polars as pl

    known = sorted({row["family"] for row in _rows()})
    if family is not None and family not in known:
        raise LawError(f"findings: no family {family!r}; there are {', '.join(known)}")
    words = (search or "").lower().split()
    rows = [
        {column: row.get(column) for column in _COLUMNS}
        for row in _rows()
        if family in (None, row["family"])
        and all(word in " ".join(map(str, row.values())).lower() for word in words)
    ]
    schema: dict[str, Any] = {**dict.fromkeys(_COLUMNS, pl.String), "year": pl.Int64}
    return pl.DataFrame(rows, schema=schema)
