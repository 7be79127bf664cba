"""The words in which a lab is written; js/src/spec/ says what each one does on the screen.

A cell is an input (moved by a hand), a fact (from the kernel) or a formula (of other cells), never
two of them. What is drawn names cells.
"""

from .controls import Action, Choice, Copy, Group, Slider, Text, Toggle
from .marks import (
    Axis,
    Band,
    Bars,
    Contours,
    Curve,
    Marker,
    Plot,
    Points,
    Rule,
    Simplex,
    Sketch,
    Span,
    Trace,
)
from .numbers import Equation, Listing, Readout, Table
from .page import Page, shared
from .relations import Link, Parabolas, Refit, Series, Solve

__all__ = [
    "Action",
    "Axis",
    "Band",
    "Bars",
    "Choice",
    "Contours",
    "Copy",
    "Curve",
    "Equation",
    "Group",
    "Link",
    "Listing",
    "Marker",
    "Page",
    "Parabolas",
    "Plot",
    "Points",
    "Readout",
    "Refit",
    "Rule",
    "Series",
    "Simplex",
    "Sketch",
    "Slider",
    "Solve",
    "Span",
    "Table",
    "Text",
    "Toggle",
    "Trace",
    "shared",
]
