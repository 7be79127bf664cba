"""Width and depth of models of one size. No values, only cells."""

from __future__ import annotations

from collections.abc import Container

from ...lawbook import closed_form as published
from ...lawbook import expression as ex
from .. import topics
from ..solves import NO_SLOPE, reach
from ..vocabulary import Axis, Contours, Curve, Marker, Plot, Points, Solve, Table
from .cells import Formulas, beyond, halves, law_behind, tree
from .runs import residual_plot
from .worth import MANY, both

GEMSTONES_VOCABULARY = 50_304
# Of the models of McLeish et al., exactly, but the two of width 384 (2 % fewer a layer): a layer
# has 15 width**2 + 2 width, then both embeddings and the last norm. Counted in their run table.
_A_LAYER = "(15*{w}**2 + 2*{w})"
_OUTSIDE = 2 * GEMSTONES_VOCABULARY + 1

# --- formulas -------------------------------------------------------------------------------------


def _width_of(depth: str) -> ex.Tree:
    """The width of a model of N parameters: the positive root of the count above."""
    linear = f"(2*{depth} + {_OUTSIDE})"
    return ex.parse(f"(sqrt({linear}**2 + 60*{depth}*N) - {linear})/(30*{depth})")


def _depth_of(width: str) -> ex.Tree:
    return ex.parse(f"(N - {_OUTSIDE}*{width})/{_A_LAYER.format(w=width)}")


def _shaped(width: ex.Tree, depth: ex.Tree, N: ex.Tree, D: ex.Tree) -> ex.Tree:
    return tree("shape", w=width, l=depth, P=N, T=D)


def formulas() -> Formulas:
    """At N parameters training FLOPs, memory and inference cost are the same for every shape: what
    is left to compare is the tokens that the best shape would need."""
    runs = law_behind("shape").valid
    narrow = published("mcleish2025_gemstones.width_depth")
    counted = ex.parse(f"axis_l*{_A_LAYER.format(w='axis_w')} + {_OUTSIDE}*axis_w")
    found: Formulas = {
        "width": _width_of("depth"),
        "aspect": "width/depth",
        "shape_loss": _shaped("width", "depth", "N", "D"),
        "narrow_loss": ex.substitute(
            narrow.tree, {**narrow.values, "w": "width", "l": "depth", "T": "D"}
        ),
        "best_width": _width_of("best_depth"),
        "best_aspect": "best_width/best_depth",
        "best_shape_loss": _shaped("best_width", "best_depth", "N", "D"),
        "shape_worth": "shape_like_D/D",
        "plane_loss": _shaped("axis_w", "axis_l", counted, "D"),
        "plane_depth": _depth_of("axis_w"),
        "shape_beyond": beyond(
            {"width": runs["w"], "depth": runs["l"], "N": runs["P"], "D": runs["T"]}
        ),
        "shape_residual": ("log", ("/", "run_loss", _shaped("run_w", "run_l", "run_N", "run_D"))),
        "run_aspect": "run_w/run_l",
    }
    drawn = ("shape_worth", "shape_loss", "narrow_loss")
    split = {n: f for cell in drawn for n, f in halves(cell, "shape_beyond").items()}
    return found | split | _vision_formulas()


def _vision_formulas() -> Formulas:
    """What SoViT's exponents make of ten times the compute, or as much as ``growth`` says."""
    growth = published("alabdulmohsin2023_sovit.dimension")
    encoder = published("alabdulmohsin2023_sovit.params")
    start = {name: ex.parse(text) for name, text in encoder.defaults.items()}

    def size(tau: ex.Tree) -> ex.Tree:
        return ex.substitute(encoder.tree, {**encoder.values, **start, "tau": tau})

    found: Formulas = {"vision_params": ex.divide(size("growth"), size(1.0))}
    for part in ("width", "depth", "mlp"):
        at: dict[str, ex.Tree] = {**growth.sets[part].values, "x_0": 1.0, "w": 1 / 3}
        found[f"vision_{part}"] = ex.substitute(growth.tree, {**at, "tau": "growth"})
    return found


def solves() -> list[Solve]:
    return [
        _best_depth(),
        reach("shape_like_D", _shaped("best_width", "best_depth", "N", "D"), "shape_loss"),
    ]


def _best_depth() -> Solve:
    """Where what depth gains and what the width that it costs loses are even."""
    loss = _shaped(_width_of("D"), "D", "N", 1.0)  # tokens are no part of the balance
    gained = ex.derivative(ex.substitute(loss, {"shape_A": 0.0}), "D")
    lost = ex.derivative(ex.substitute(loss, {"shape_B": 0.0}), "D")
    return reach("best_depth", ex.negate(ex.divide(gained, lost)), "one", slope=NO_SLOPE)


# --- what is on the screen ------------------------------------------------------------------------


def plots(measured: bool) -> list[Plot]:
    layers = Axis("layers (the width follows)", format=".3~g")
    aspect = Axis("width / layers", format=".3~g")
    models = {"model_w": "shapes_w", "model_l": "shapes_l"}
    return [
        Plot(
            "shape",
            "Loss at N parameters against depth",
            layers,
            Axis("loss (nats/token)", "linear", format=".3f"),
            [
                *both("depth", "shape_loss", "width, depth and parameters", "law"),
                *both("depth", "narrow_loss", "width and depth alone", "chinchilla"),
                Marker("best_depth", "best_shape_loss", "best", "law", "square"),
                Marker("depth", "shape_loss", "yours", "hand", drag="depth"),
            ],
            visible="on_shape",
        ),
        Plot(
            "worth",
            "Tokens that the best shape would need, over yours: FLOPs, memory alike",
            layers,
            Axis("share of the tokens", "linear", format=".0%", domain=(0.0, 1.05)),
            [
                *both("depth", "shape_worth", "best shape", "law"),
                Marker("depth", "shape_worth", "yours", "hand", drag="depth"),
            ],
            visible="on_shape",
        ),
        Plot(
            "plane",
            "Lines of equal loss over width and depth at your tokens, and of equal parameters",
            Axis("width", domain=(200.0, 6000.0), format=".4~g"),
            Axis("layers", domain=(2.0, 200.0), format=".3~g"),
            [
                Contours(
                    "axis_w", "axis_l", "plane_loss", "levels", "equal loss", "law", format=".1f"
                ),
                Curve("axis_w", "plane_depth", "equal parameters", "muted"),
                Points(
                    models, "model_w", "model_l", "models trained", names="shapes_name", radius=3.5
                ),
                Marker("best_width", "best_depth", "best", "law", "square"),
                Marker("width", "depth", "yours", "hand"),
            ],
            wide=True,
            visible="on_shape",
        ),
        *([residual_plot("shape", "shape", "run_aspect", aspect, "on_shape")] if measured else []),
    ]


def tables(drawn: Container[str]) -> list[Table]:
    known = "shape" in drawn

    def shape(prefix: str, loss: str) -> list[tuple[str, str, str]]:
        depth, width, aspect = (
            f"{prefix}{name}" if prefix else name for name in ("depth", "width", "aspect")
        )
        return [
            ("Layers", depth, MANY),
            ("Width", width, ".0f"),
            ("Width / layers", aspect, MANY),
            ("Loss", loss, ".4f"),
        ]

    grown = [
        ("Width, times", "vision_width", MANY),
        ("Depth, times", "vision_depth", MANY),
        ("MLP, times", "vision_mlp", MANY),
        ("Parameters, times", "vision_params", MANY),
    ]
    worth = ("Tokens that it would need", "shape_worth", ".1%")
    return [
        topics.table("on_shape", "Your shape", shape("", "shape_loss"), known),
        topics.table(
            "on_shape",
            "Best shape, same parameters",
            [*shape("best_", "best_shape_loss"), worth],
            known,
        ),
        topics.table("on_shape", "SoViT: a grown vision model", grown, False),
    ]
