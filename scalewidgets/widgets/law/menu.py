"""What the LawLab offers: the laws of the catalogue, and which of them go together."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import polars as pl

from ...lawbook import Law, LawError, Theory, laws, ranges
from ...lawbook import law as published
from .cells import along


def drawable(law: Law | Theory) -> Law | Theory:
    """The law with something to draw where it has no published constants."""
    if not isinstance(law, Law) or not (missing := ranges.placeholders(law)):
        return law
    return replace(law, constants={**law.values, **missing})


def along_any(law: Law | Theory) -> list[str]:
    """The variables that are numbers."""
    return along(law) if isinstance(law, Law) else law.variables


def catalogued(id: str) -> Law | Theory | None:
    try:
        return published(id)
    except LawError:
        return None


@cache
def menu() -> tuple[dict[str, str], dict[str, str]]:
    """Names of all laws, and the family under which each stands."""
    table = laws().sort("family", "id")
    return {n: n for n in table["id"]}, dict(zip(table["id"], table["family"], strict=True))


@cache
def overlays(output: str, unit: str, x: str) -> dict[str, str]:
    """The laws that say the same quantity in the same unit along the same variable."""
    table = laws().filter(
        (pl.col("output") == output)
        & (pl.col("unit") == unit)
        & (pl.col("status") != "form only")
        & pl.col("variables").list.contains(x)
        & (pl.col("constants").list.len() > 0)
    )
    plain = [n for n in table["id"] if isinstance(one := published(n), Law) and not one.items]
    return {n: n for n in plain}
