"""What yours is worth, in dense models: three comparisons as cells, as a picture and as a table.

In names of cells ``_compute`` is the training compute, over that paid, with which the best dense
model has the loss; ``_memory`` and ``_served`` are the parameters of the dense model that has the
loss after the same tokens, over those held in memory and over those that a token pays for.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...lawbook import expression as ex
from .. import topics
from ..solves import least_compute, reach
from ..vocabulary import Axis, Curve, Marker, Plot, Rule, Solve, Table
from .cells import Formulas, halves

COMPARISONS = {"compute": "training FLOPs", "memory": "memory", "served": "inference cost"}
MANY = ".3~r"
_COLORS = {"compute": "law", "memory": "inference", "served": "precision"}
_SHAPES = {"compute": "square", "memory": "triangle", "served": "circle"}
_DASHES = "3 5"  # as the front end draws what is beyond a range


def parts(role: str) -> Formulas:
    """The three comparisons of a role, each inside and outside of its runs."""
    both = (halves(f"{role}_{name}", f"{role}_beyond") for name in COMPARISONS)
    return {name: formula for one in both for name, formula in one.items()}


def like(key: str, dense: ex.Tree, target: str = "") -> Solve:
    """The dense model of least training compute with this loss."""
    outputs, target = [f"{key}_like_N", f"{key}_like_D"], target or f"{key}_best_loss"
    return least_compute(outputs, dense, target, "none")


def even(key: str, dense: ex.Tree) -> Solve:
    """Parameters of the dense model with the loss of the hand's after the same tokens."""
    return reach(f"{key}_even", ex.substitute(dense, {"N": "D", "D": "same_D"}), f"{key}_loss")


def both(x: str, y: str, label: str, color: str, visible: str | None = None) -> list[Curve]:
    """A curve, dashed where it is beyond the paper's runs."""
    return [
        Curve(x, f"{y}_in", label, color, visible=visible),
        Curve(x, f"{y}_out", "", color, dash=_DASHES, visible=visible),
    ]


def worth_plot(
    plot: str,
    title: str,
    x: Axis,
    cell: str,
    roles: Mapping[str, str | None],
    marker: str,
    plain: str = "dense model",
) -> Plot:
    """The three comparisons along an input; ``roles`` is each role with what it is visible by,
    ``plain`` the model that yours is held against."""
    curves = [
        one
        for role, visible in roles.items()
        for name, label in COMPARISONS.items()
        for one in both(cell, f"{role}_{name}", f"equal {label}", _COLORS[name], visible)
    ]
    dots = [
        Marker(cell, f"{marker}_{name}", "", _COLORS[name], _SHAPES[name], drag=cell)
        for name in COMPARISONS
    ]
    times = Axis(f"times as much, for the {plain}", format=".3~g", holds=["one"])
    rule = Rule("y", "one", plain)
    return Plot(plot, title, x, times, [rule, *curves, *dots], visible=f"on_{plot}")


def worth_table(topic: str, role: str, interval: bool, plain: str = "a dense model") -> Table:
    rows = [(f"equal {label}", f"{role}_{name}", MANY) for name, label in COMPARISONS.items()]
    return topics.table(f"on_{topic}", f"Times as much for {plain}", rows, interval)
