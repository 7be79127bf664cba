"""Small problems that the browser solves in the frame, each with the slopes of its own loss."""

from __future__ import annotations

from collections.abc import Sequence

from ..lawbook import expression as ex
from .vocabulary import Solve

# For a tree that is a slope itself its own is ten times as long: the root finder takes secants.
NO_SLOPE: ex.Tree = ("/", 0.0, 0.0)


def compute_optimal(outputs: Sequence[str], loss: ex.Tree, budget: str) -> Solve:
    """N and D of least loss whose training, 6 N D, takes what a cell says."""
    return Solve("budget", outputs, loss, *_slopes(loss), budget=budget, factor=6.0)


def bit_optimal(
    outputs: Sequence[str], loss: ex.Tree, budget: str, bits: tuple[float, float]
) -> Solve:
    """N, D and P of least loss whose training, 6 N D P/16, takes what a cell says."""
    slopes = (*_slopes(loss), ex.derivative(loss, "P"))
    return Solve("precision", outputs, loss, *slopes, budget=budget, factor=6.0, bits=bits)


def least_compute(outputs: Sequence[str], loss: ex.Tree, target: str, demand: str) -> Solve:
    """N and D of least training and inference compute with the loss ``target``, while the cell
    ``demand`` says how many tokens are served."""
    return Solve("demand", outputs, loss, *_slopes(loss), target=target, demand=demand)


def reach(
    output: str, falling: ex.Tree, target: str, at: str = "N", slope: ex.Tree | None = None
) -> Solve:
    """The D, whatever it stands for, at which a tree that falls with it has a value; N is the cell
    ``at``."""
    slope = ex.derivative(falling, "D") if slope is None else slope
    return Solve("reach", [output], falling, None, slope, target=target, at=at)


def _slopes(loss: ex.Tree) -> tuple[ex.Tree, ex.Tree]:
    return ex.derivative(loss, "N"), ex.derivative(loss, "D")
