"""A whole lab, and the plain JSON in which the front end reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cached_property
from typing import Any
from weakref import WeakValueDictionary

from ...lawbook.expression import Tree, parse
from .controls import Choice, Group
from .marks import Plot
from .numbers import Equation, Listing, Table
from .relations import Link, Parabolas, Refit, Series, Solve


@dataclass(frozen=True)
class Page:
    """A whole lab: what ``Lab.page`` returns."""

    title: str
    groups: Sequence[Group]
    plots: Sequence[Plot]
    tables: Sequence[Table] = ()
    listing: Listing | None = None
    links: Sequence[Link] = ()
    formulas: Mapping[str, Tree | str] = field(default_factory=dict)
    """Cell to formula: a tree, or a text in the grammar of laws."""
    solves: Sequence[Solve] = ()
    refit: Refit | None = None
    parabolas: Parabolas | None = None
    nudge: Mapping[str, str] | None = None
    """``{"array": array fact, "cell": list cell}``: runs that a hand has moved up or down."""
    draws: Sequence[Mapping[str, Any]] = ()
    items: Mapping[str, str] | None = None
    """Lists over which sums run: name in formulas to array fact."""
    series: Sequence[Series] = ()
    equations: Sequence[Equation] = ()
    asks: Sequence[str] = ()
    teaches: str | None = None
    source: str | None = None
    notes: Sequence[str] = ()

    @cached_property
    def spec(self) -> dict[str, Any]:
        """The page as the front end reads it (plain JSON, to be read only)."""
        found: dict[str, Any] = _plain(self)
        found["formulas"] = [
            {"cell": cell, "tree": _formula(formula)} for cell, formula in self.formulas.items()
        ]
        return found


_LIVING: WeakValueDictionary[int, Page] = WeakValueDictionary()


def shared(page: Page) -> Page:
    """The living page that equals this one. A notebook keeps the lab of every run of a cell: what
    they have in common they hold once."""
    for known in list(_LIVING.values()):
        if known == page:
            return known
    _LIVING[id(page)] = page
    return page


def _formula(formula: Tree | str) -> Any:
    return _tree(parse(formula) if isinstance(formula, str) else formula)


def _tree(tree: Tree) -> Any:
    return [tree[0], *map(_tree, tree[1:])] if isinstance(tree, tuple) else tree


def _plain(value: Any) -> Any:
    """Dataclasses as dictionaries, absent entries left out, trees and tuples as lists."""
    if is_dataclass(value):
        entries = {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
        if isinstance(value, Choice):
            groups = entries.pop("groups") or {}
            entries["options"] = [
                {"value": k, "label": v} | ({"group": groups[k]} if k in groups else {})
                for k, v in value.options.items()
            ]
        if isinstance(value, Equation):
            entries["rows"] = [{"name": k, "tree": _tree(v)} for k, v in value.rows.items()]
        if isinstance(value, Solve):
            entries["kind"] = entries.pop("solve")
        elif hasattr(value, "kind"):
            entries["kind"] = value.kind
        return {k: v for k, v in entries.items() if v is not None}
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value
