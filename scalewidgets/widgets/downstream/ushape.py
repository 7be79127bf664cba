"""Scores that turn: a law with two breaks, and what a law fitted before them says. No values,
only cells."""

from __future__ import annotations

from ...lawbook import closed_form as published
from ...lawbook import expression as ex
from .. import topics
from ..law_cells import symbol
from ..vocabulary import (
    Axis,
    Curve,
    Group,
    Marker,
    Plot,
    Points,
    Rule,
    Slider,
    Span,
    Table,
)
from .emergence import RANK

ON = "on_ushape"
MODELS = 29
FIRST, STEP = 18.0, 0.25  # log10 of the first model's compute, and from one to the next
# Later items stand for no model: they stay where the last one is, within what numbers can hold.
_LOG_C = f"({FIRST!r} + {STEP!r}*min({{}}, {MODELS - 1}))"
NOISE, STUDENT = symbol("z"), symbol("t")
"""Items: standard normal numbers; the 97.5 % quantile of Student's t at rank degrees of freedom."""
_ROWS = {"row": "u_rows", "row_noise": "u_noise"}
_START = 0.5  # the error of the first model


# --- formulas ---------------------------------------------------------------------------------


def _law() -> ex.Tree:
    """Caballero et al.'s law with two breaks, over the cell ``C``, through the first model."""
    tree = published("caballero2022_bnsl.three_breaks").tree
    slopes: dict[str, ex.Tree] = {
        "c0": "slopes_before",
        "c1": ("-", "slopes_between", "slopes_before"),
        "c2": ("-", "slopes_after", "slopes_between"),
        "c3": 0.0,
    }
    places: dict[str, ex.Tree] = {"d1": "breaks_first", "d2": "breaks_second", "d3": 1.0}
    shape: dict[str, ex.Tree] = {"a": 0.0, "b": 1.0, "f1": "width", "f2": "width", "f3": 1.0}
    whole = ex.substitute(tree, {**slopes, **places, **shape})
    first = ex.substitute(whole, {"x": 10.0**FIRST})
    return ("/", ("*", _START, ex.substitute(whole, {"x": "C"})), first)


def formulas() -> dict[str, ex.Tree | str]:
    """All formulas: the truth, models along it, a straight line through the first of them."""
    truth = _law()

    def at(log_compute: str, noise: str) -> ex.Tree:
        tree = ex.substitute(truth, {"C": ex.parse(f"10**{log_compute}")})
        return ("*", tree, ex.parse(f"exp(noise*{noise})"))

    item, row = _LOG_C.format(RANK), _LOG_C.format("row")
    log_error: ex.Tree = ("log", at(item, NOISE))
    used = f"where({RANK} < {MODELS - 0.5!r}, where(10**{item} < 1.001*cutoff, 1, 0), 0)"

    def total(*factors: ex.Tree) -> ex.Tree:
        tree = ex.parse(used)
        for factor in factors:
            tree = ("*", tree, factor)
        return ("sum", tree)

    away = ex.parse(f"{item} - line_x")
    off: ex.Tree = ("-", log_error, "line_y")
    return {
        "truth": truth,
        "row_C": f"10**{row}",
        "row_error": at(row, "row_noise"),
        "row_used": "where(row_C < 1.001*cutoff, row_error, never)",
        "row_later": "where(row_C < 1.001*cutoff, never, row_error)",
        # least squares of log error on log10 C
        "line_n": total(),
        "line_x": ("/", total(ex.parse(item)), "line_n"),
        "line_y": ("/", total(log_error), "line_n"),
        "line_xx": total(away, away),
        "line_xy": total(away, off),
        "line_yy": total(off, off),
        "line_slope": "line_xy/line_xx",
        "line_freedom": "line_n - 2",
        "line_scatter": "where(line_freedom < 0.5, never, "
        "sqrt(max(0, line_yy - line_slope*line_xy)/line_freedom))",
        "line_t": f"sum(where({RANK} < line_freedom - 0.5, 0, "
        f"where({RANK} < line_freedom + 0.5, {STUDENT}, 0)))",
        "line_exponent": "-line_slope/log(10)",
        "line_exponent_error": "line_t*line_scatter/(sqrt(line_xx)*log(10))",
        **_extrapolation(),
    }


def _extrapolation() -> dict[str, ex.Tree | str]:
    """The line at the cell ``C`` and the interval that 95 % of new models should fall into."""
    far = "(log10(C) - line_x)"
    foretold = ex.parse(f"exp(line_y + line_slope*{far})")
    return {
        "foretold": foretold,
        "foretold_at_cutoff": ex.substitute(foretold, {"C": "cutoff"}),
        "line_spread": f"line_t*line_scatter*sqrt(1 + 1/line_n + {far}*{far}/line_xx)",
        "foretold_low": "foretold*exp(-line_spread)",
        "foretold_high": "foretold*exp(line_spread)",
        "miss": "truth/foretold",
        "miss_low": "exp(-line_spread)",
        "miss_high": "exp(line_spread)",
        "one": 1.0,
    }


# --- what is on the screen --------------------------------------------------------------------


def groups() -> list[Group]:
    def slope(key: str, label: str) -> Slider:
        return Slider(
            f"slopes.{key}",
            label,
            (-0.3, 0.6),
            scale="linear",
            step=0.005,
            format="+.3f",
            help="error falls as C**-slope; below 0 it rises",
            visible=ON,
        )

    return [
        Group(
            "The truth",
            [
                slope("before", "Slope at first"),
                slope("between", "between the breaks"),
                slope("after", "after them"),
                Slider("breaks.first", "First break", (1e18, 1e25), "FLOP", visible=ON),
                Slider("breaks.second", "Second break", (1e18, 1e25), "FLOP", visible=ON),
                Slider(
                    "width", "Width of the breaks", (0.02, 2.0), format=".2~g",
                    help="small is sharp", visible=ON,
                ),
            ],
        ),
        Group(
            "What one has seen",
            [
                Slider(
                    "cutoff",
                    "Models trained so far, up to",
                    (10.0 ** (FIRST + 2 * STEP), 10.0 ** (FIRST + (MODELS - 1) * STEP)),
                    "FLOP",
                    visible=ON,
                ),
                Slider(
                    "noise",
                    "Scatter of a model",
                    (0.001, 0.1),
                    format=".2~%",
                    help="standard deviation of log error",
                    visible=ON,
                ),
            ],
        ),
    ]  # fmt: skip


def plots() -> list[Plot]:
    compute = Axis("training compute C, FLOP")
    return [
        Plot(
            "turning",
            "A law fitted before the turn, with its 95 % interval for new models",
            compute,
            Axis("error (any score of which less is better)", format=".2~g"),
            [
                Curve("C", "truth", "truth", "muted"),
                Curve("C", "foretold", "fitted power law", "law"),
                Curve("C", "foretold_low", "its interval", "law", dash="4 4"),
                Curve("C", "foretold_high", "", "law", dash="4 4"),
                Points(_ROWS, "row_C", "row_used", "seen", "runs"),
                Points(_ROWS, "row_C", "row_later", "to come", "inference"),
                Span(1.0, "cutoff", "fitted here"),
                Marker("cutoff", "foretold_at_cutoff", "seen so far", "hand", drag="cutoff"),
            ],
            wide=True,
            visible=ON,
        ),
        Plot(
            "miss",
            "Truth over prediction: the interval knows of no break to come",
            compute,
            Axis("truth over prediction", format=".2~g"),
            [
                Curve("C", "miss", "truth", "muted"),
                Curve("C", "miss_low", "95 % interval", "law", dash="4 4"),
                Curve("C", "miss_high", "", "law", dash="4 4"),
                Rule("y", "one", ""),
                Rule("x", "cutoff", "seen so far"),
                Marker("C", "miss", "your C", "hand", drag="C"),
            ],
            wide=True,
            visible=ON,
        ),
    ]


def tables() -> list[Table]:
    return [
        topics.table(
            ON,
            "The fit",
            [
                ("Models", "line_n", ".0f"),
                ("Slope", "line_exponent", "+.3f"),
                ("95 %, plus or minus", "line_exponent_error", ".3f"),
            ],
        ),
        topics.table(
            ON,
            "At C",
            [
                ("C", "C", "quantity"),
                ("Predicted error", "foretold", ".3f"),
                ("from", "foretold_low", ".3f"),
                ("to", "foretold_high", ".3f"),
                ("True error", "truth", ".3f"),
            ],
        ),
    ]
