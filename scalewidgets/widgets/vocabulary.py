"""The words in which a lab is written; js/src/spec.ts says what each one does on the screen.

A cell is an input (moved by a hand), a fact (from the kernel) or a formula (of other cells), never
two of them. What is drawn names cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, ClassVar

from ..lawbook.expression import Tree, parse


@dataclass(frozen=True)
class Slider:
    cell: str
    label: str
    domain: tuple[float, float]
    unit: str = ""
    scale: str = "log"
    step: float | None = None
    format: str = "quantity"
    marks: Sequence[Mapping[str, Any]] | None = None
    handle: Mapping[str, str] | None = None
    """``{"held": toggle cell, "follows": cell}``: shows what it follows until a hand takes hold."""
    help: str | None = None
    visible: str | None = None
    kind: ClassVar[str] = "slider"


@dataclass(frozen=True)
class Choice:
    cell: str
    label: str
    options: Mapping[str, str]
    """Value to label."""
    groups: Mapping[str, str] | None = None
    """Value to the name under which it stands in the menu."""
    help: str | None = None
    visible: str | None = None
    kind: ClassVar[str] = "choice"


@dataclass(frozen=True)
class Text:
    """A line of text; ``mistake`` is the text cell that says what is wrong with it."""

    cell: str
    label: str
    mistake: str
    help: str | None = None
    visible: str | None = None
    kind: ClassVar[str] = "text"


@dataclass(frozen=True)
class Toggle:
    cell: str
    label: str
    help: str | None = None
    visible: str | None = None
    kind: ClassVar[str] = "toggle"


@dataclass(frozen=True)
class Action:
    """A button that sets input cells."""

    label: str
    set: Mapping[str, Any]
    help: str | None = None
    visible: str | None = None
    kind: ClassVar[str] = "action"


@dataclass(frozen=True)
class Copy:
    """A button that copies a text fact, ``{cell}`` in it being the present value of a cell."""

    label: str
    text: str
    help: str | None = None
    visible: str | None = None
    kind: ClassVar[str] = "copy"


@dataclass(frozen=True)
class Group:
    label: str
    controls: Sequence[Slider | Choice | Toggle | Text | Action | Copy]


@dataclass(frozen=True)
class Link:
    """``product = factor * a * b`` stays true; ``hold`` names the choice of what is held."""

    product: str
    factor: float
    a: str
    b: str
    hold: str


@dataclass(frozen=True)
class Solve:
    """Cells that are the optimum of a small problem; see ``Solve`` in js/src/spec.ts."""

    solve: str
    outputs: Sequence[str]
    loss: Tree
    dN: Tree | None
    """None only for ``"reach"``."""
    dD: Tree
    dP: Tree | None = None
    budget: str | None = None
    target: str | None = None
    demand: str | None = None
    at: str | None = None
    factor: float | None = None
    bits: tuple[float, float] | None = None


@dataclass(frozen=True)
class Refit:
    """The browser's Gauss-Newton until the kernel's exact answer; see js/src/spec.ts."""

    constants: Sequence[Mapping[str, Any]]
    loss: Tree
    gradient: Sequence[Tree]
    rows: Mapping[str, str]
    observed: str = "run_loss"
    excluded: str = "excluded"
    objective: str = "objective"
    delta: str = "delta"


@dataclass(frozen=True)
class Parabolas:
    """The browser's approach 2 until the kernel's answer; see js/src/spec.ts."""

    rows: Mapping[str, str]
    group: str
    x: str
    y: str
    active: str
    curves: Mapping[str, str]
    lowest: Mapping[str, str]
    factor: str
    exponent: str
    excluded: str = "excluded"


@dataclass(frozen=True)
class Curve:
    x: str
    y: str
    label: str
    color: str
    dash: str | None = None
    visible: str | None = None
    valid: tuple[float, float] | None = None
    """Where it is known to hold: it is dashed outside."""
    kind: ClassVar[str] = "curve"


@dataclass(frozen=True)
class Trace:
    """A curve that the kernel has computed: two array facts."""

    x: str
    y: str
    label: str
    color: str
    visible: str | None = None
    kind: ClassVar[str] = "trace"


@dataclass(frozen=True)
class Contours:
    """Lines of equal height: of a formula, or with ``grid`` of array facts."""

    x: str
    y: str
    z: str
    levels: str
    label: str
    color: str
    grid: bool | None = None
    dash: str | None = None
    visible: str | None = None
    format: str | None = None
    kind: ClassVar[str] = "contours"


@dataclass(frozen=True)
class Span:
    """A shaded part of the x axis; an end that is a text is that cell."""

    start: float | str
    end: float | str
    label: str
    color: str = "muted"
    kind: ClassVar[str] = "span"


@dataclass(frozen=True)
class Band:
    x: str
    y: str
    label: str
    color: str
    level: float = 0.95
    points: int | None = None
    visible: str | None = None
    kind: ClassVar[str] = "band"


@dataclass(frozen=True)
class Bars:
    """A horizontal bar a row, from ``low`` to ``high``; the halves meet at ``middle``."""

    rows: Mapping[str, str]
    low: str
    high: str
    y: str
    label: str
    color: str
    middle: str | None = None
    visible: str | None = None
    kind: ClassVar[str] = "bars"


@dataclass(frozen=True)
class Points:
    rows: Mapping[str, str]
    x: str
    y: str
    label: str
    color: str = "runs"
    excluded: str | None = None
    weight: str | None = None
    names: str | None = None
    lasso: str | None = None
    nudged: str | None = None
    radius: float | None = None
    visible: str | None = None
    kind: ClassVar[str] = "points"


@dataclass(frozen=True)
class Marker:
    x: str
    y: str
    label: str
    color: str
    shape: str = "circle"
    visible: str | None = None
    drag: str | None = None
    kind: ClassVar[str] = "marker"


@dataclass(frozen=True)
class Rule:
    axis: str
    cell: str
    label: str
    color: str = "muted"
    visible: str | None = None
    kind: ClassVar[str] = "rule"


@dataclass(frozen=True)
class Sketch:
    """A line that a hand draws: heights at equal distances from one cell to another."""

    array: str
    start: str
    end: str
    cell: str
    """List cell that holds the heights once they are drawn."""
    range: tuple[float, float]
    label: str
    color: str = "hand"
    sets: Mapping[str, str] | None = None
    kind: ClassVar[str] = "sketch"


@dataclass(frozen=True)
class Axis:
    label: str
    scale: str = "log"
    log: str | None = None
    """A toggle that makes the axis logarithmic while it is on, whatever ``scale`` says."""
    domain: tuple[float | str, float | str] | None = None
    """An end that is a text is that cell."""
    format: str = "quantity"
    holds: Sequence[str] | None = None
    """Cells whose values it shows, whatever else there is."""
    names: str | None = None
    """Text fact: the names at 0, 1, 2 ..., the first one on top."""


@dataclass(frozen=True)
class Simplex:
    """Shares of parts instead of axes: a triangle; see js/src/spec.ts."""

    cells: Sequence[str]
    """Sliders of amounts: those at the left, right and upper corner, then all others."""
    corners: Sequence[str]
    """Names of the three corners."""


@dataclass(frozen=True)
class Plot:
    id: str
    title: str
    x: Axis
    y: Axis
    marks: Sequence[Curve | Trace | Contours | Span | Band | Bars | Points | Marker | Rule | Sketch]
    wide: bool = False
    visible: str | None = None
    simplex: Simplex | None = None


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


@dataclass(frozen=True)
class Series:
    """An array that is a formula, read for each row; see js/src/spec.ts."""

    array: str
    cell: str
    rows: Mapping[str, str]
    falls: str
    """The array of what each entry is below the one before it, the first below 1."""
    before: str
    """The array of the sums of all entries before each."""


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

    def spec(self) -> dict[str, Any]:
        """The page as the front end reads it (plain JSON)."""
        found: dict[str, Any] = _plain(self)
        found["formulas"] = [
            {"cell": cell, "tree": _formula(formula)} for cell, formula in self.formulas.items()
        ]
        return found


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
