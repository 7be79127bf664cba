"""What a hand moves, and what it presses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


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
