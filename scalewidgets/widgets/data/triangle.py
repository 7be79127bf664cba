"""The triangle of three domains in which a mixture is dragged. No values, only cells."""

from __future__ import annotations

from collections.abc import Sequence

from ...lawbook import expression as ex
from ..vocabulary import Axis, Contours, Marker, Plot, Points, Readout, Simplex, Table
from .mixtures import CORNERS, Mixed

TALL = 3.0**0.5 / 2.0  # of a triangle with sides of 1


def formulas(shown: Mixed) -> dict[str, ex.Tree | str]:
    """Where mixtures are in the triangle, and the loss at a place of it."""
    # lines are drawn a little beyond the edges, where a power of a share has no value
    part = "max(1e-9, {})" if shown.law.sized else "{}"
    found: dict[str, ex.Tree | str] = {
        "three": " + ".join(f"r_{name}" for name in shown.corners),
        "axis_top": part.format(f"axis_y/{TALL!r}"),
        "axis_right": part.format(f"axis_x - axis_y/{2.0 * TALL!r}"),
        "axis_left": part.format("1 - axis_right - axis_top"),
    }
    for key, prefix in (("own", "r_"), ("slice", "slice_"), ("ideal", "ideal_"), ("run", "run_")):
        found |= place(key, [f"{prefix}{name}" for name in shown.corners])
    cells: dict[str, ex.Tree] = {name: f"r_{name}" for name in shown.others}
    cells |= {
        name: ("*", "three", f"axis_{corner}")
        for name, corner in zip(shown.corners, CORNERS, strict=True)
    }
    found["loss_at"] = shown.law.at(cells)
    # the kernel's best in the triangle is that of the others' shares that it was asked for
    off = [f"max(r_{name} - rest_{name}, rest_{name} - r_{name})" for name in shown.others]
    found["slice_known"] = f"where({' + '.join(['0', *off])} < 1e-6, 1, 0)"
    found["slice_loss"] = shown.law.at(
        {n: f"slice_{n}" if n in shown.corners else f"r_{n}" for n in shown.law.domains},
    )
    return found


def place(key: str, corners: Sequence[str]) -> dict[str, ex.Tree | str]:
    """Cells ``..._x`` and ``..._y``: the place of three shares, which need not sum to 1."""
    left, right, top = corners
    total = f"({left} + {right} + {top})"
    return {
        f"{key}_x": f"({right} + {top}/2)/{total}",
        f"{key}_y": f"{TALL!r}*{top}/{total}",
        f"{key}_three": total,
    }


def plot(shown: Mixed) -> Plot:
    rows = {f"run_{name}": f"runs_{name}" for name in shown.corners}
    runs = [
        Points(
            rows, "run_x", "run_y", "measured", weight="run_three", names="runs_name", radius=2.5
        )
    ]
    first = f"shares.{shown.corners[0]}"
    return Plot(
        "triangle",
        "Drag the mixture: lines of equal predicted loss",
        Axis("", "linear", domain=(0.0, 1.0), format=".0%"),
        Axis("", "linear", domain=(0.0, TALL), format=".0%"),
        [
            Contours(
                "axis_x", "axis_y", "loss_at", "mix_levels", "equal loss", "law", format=".2f"
            ),
            *(runs if shown.runs else []),
            Marker(
                "slice_x",
                "slice_y",
                "best in the triangle",
                "inference",
                "square",
                visible="slice_known",
            ),
            Marker("own_x", "own_y", "yours", "hand", drag=first),
        ],
        simplex=Simplex(
            [f"shares.{name}" for name in (*shown.corners, *shown.others)], list(shown.corners)
        ),
    )


def table(shown: Mixed) -> Table:
    """The best while the domains that are at no corner keep their shares."""
    best = [(name, f"slice_{name}", ".1%") for name in shown.corners]
    rows = [*best, ("Loss", "slice_loss", ".4f")]
    return Table("Best in the triangle", [Readout(*row, visible="slice_known") for row in rows])
