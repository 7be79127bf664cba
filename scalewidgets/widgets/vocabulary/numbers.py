"""What is read: tables, listings, equations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...lawbook.expression import Tree


@dataclass(frozen=True)
class Readout:
    label: str
    cell: str
    format: str = "quantity"
    unit: str | None = None
    interval: bool = False
    visible: str | None = None
    help: str | None = None


@dataclass(frozen=True)
class Table:
    label: str
    rows: Sequence[Readout]


@dataclass(frozen=True)
class Listing:
    """The runs as a table: a row that is clicked is left out or taken back."""

    label: str
    rows: Mapping[str, str]
    columns: Sequence[Mapping[str, str]]
    """Each with ``label``, ``cell`` and ``format``."""
    names: str | None = None
    excluded: str = "excluded"


@dataclass(frozen=True)
class Equation:
    """To be typeset; its symbols light up with the controls of the same name."""

    label: str
    rows: Mapping[str, Tree]
    """The law and its definitions."""
    meanings: Mapping[str, str]
    items: Sequence[str] = ()
    color: str = "law"
