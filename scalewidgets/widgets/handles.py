"""Sliders over a range, and constants as handles: what every lab with a law has."""

from __future__ import annotations

from typing import Any

from ..lawbook import Law
from ..lawbook.ranges import Range
from .vocabulary import Slider


def slider(cell: str, span: Range, **more: Any) -> Slider:
    """A slider over the range of a quantity, named by the key of its cell."""
    return Slider(
        cell,
        cell.partition(".")[2],
        (span.low, span.high),
        scale="log" if span.log else "linear",
        step=None if span.log else float(f"{(span.high - span.low) / 1000:.1g}"),
        **more,
    )


def constant(law: Law, name: str, span: Range, follows: str) -> Slider:
    """A constant that a hand can hold; until then it shows the cell ``follows``."""
    handle = {"held": f"held.{name}", "follows": follows}
    help = law.symbols.get(name)
    return slider(f"wheel.{name}", span, format=".5~g", handle=handle, help=help)
