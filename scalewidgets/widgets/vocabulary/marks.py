"""What is drawn: marks, the axes that they stand on, and plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


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
    """Shares of parts instead of axes: a triangle; see js/src/spec/marks.ts."""

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
