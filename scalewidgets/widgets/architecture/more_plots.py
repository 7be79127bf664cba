"""The ArchitectureLab's pictures of vocabularies, streams, shapes, other families, and of runs held
to the laws. No values, only cells."""

from __future__ import annotations

from collections.abc import Container

from ..vocabulary import Axis, Contours, Curve, Marker, Plot, Points, Rule
from .facts import COLUMNS
from .more_cells import APPROACHES, DIFFUSION, LINEAR, OPTIMISERS, STREAMS
from .plots import both, worth


def vocabulary_plots() -> list[Plot]:
    entries = Axis("vocabulary V")
    colors = ("law", "chinchilla", "inference")
    models = {"model_N": "models_N", "model_V": "models_V"}
    return [
        worth(
            "vocabulary",
            "What the vocabulary is worth, in models with 32,000 entries",
            entries,
            "V",
            {"vocab": None},
            "vocab",
            "model with 32K entries",
        ),
        Plot(
            "entries",
            "Loss at your training FLOPs: a larger vocabulary leaves fewer tokens",
            entries,
            Axis("loss less the unigram loss (nats/token)", "linear", format=".3f"),
            [
                Curve("V", "vocab_loss", "approach 3", "law"),
                Marker("best_V_3", "best_V_loss", "best", "law", "square"),
                Rule("x", "best_V_1", "", "chinchilla"),
                Rule("x", "best_V_2", "", "inference"),
                Marker("V", "vocab_loss", "yours", "hand", drag="V"),
            ],
            visible="on_vocabulary",
        ),
        Plot(
            "sizes",
            "Larger models deserve larger vocabularies: the best by three approaches",
            Axis("parameters without vocabulary", domain=(3e7, 1e12)),
            Axis("vocabulary V", domain=(4e3, 1e6)),
            [
                *(
                    Curve("axis_N", f"best_V_{n}_at", f"approach {n}", color, valid=_TAO)
                    for n, color in zip(APPROACHES, colors, strict=True)
                ),
                Points(
                    models,
                    "model_N",
                    "model_V",
                    "published models",
                    names="models_name",
                    radius=4.0,
                ),
                Marker("N", "V", "yours", "hand"),
            ],
            wide=True,
            visible="on_vocabulary",
        ),
    ]


_TAO = (33e6, 3e9)  # sizes of the runs


def stream_plots(runs: bool) -> list[Plot]:
    colors = ("muted", "chinchilla", "inference", "law")
    return [
        worth(
            "streams",
            "What streams are worth in models of one stream",
            Axis("parallel streams P", format=".3~g"),
            "P",
            {"stream": None},
            "stream",
            "model of one stream",
        ),
        Plot(
            "stacked",
            "Streams bend the curve as more parameters would",
            Axis("parameters N", domain=(2e8, 1e10)),
            Axis("loss (nats/token)", "linear", format=".2f"),
            [
                *(
                    Curve("axis_N", f"stream_{P}", f"P = {P}", color, valid=_PARSCALE)
                    for P, color in zip(STREAMS, colors, strict=True)
                ),
                *(
                    [
                        Points(
                            {f"run_{name}": f"streams_{name}" for name in ("N", "loss", "kind")},
                            "run_N",
                            "stream_measured",
                            "runs",
                            names="streams_name",
                        )
                    ]
                    if runs
                    else []
                ),
                Marker("stream_even", "stream_loss", "one stream", "muted", "diamond"),
                Marker("N", "stream_loss", "yours", "hand", drag="N"),
            ],
            visible="on_streams",
        ),
    ]


_PARSCALE = (5.4e8, 4.4e9)


def shape_plots() -> list[Plot]:
    layers = Axis("layers (the width follows)", format=".3~g")
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
    ]


def family_plots() -> list[Plot]:
    budget = Axis("training compute C (FLOP)")
    colors = dict(zip(LINEAR, ("law", "chinchilla", "inference"), strict=True))
    linear = [Curve("budget", f"{n}_compute", label, colors[n]) for n, label in LINEAR.items()]
    named = {"mdm": "masked diffusion", "plaid": "continuous diffusion"}
    ranges = {"mdm": (6e18, 1e20), "plaid": (1e16, 1.024e19)}
    diffusion = [
        Curve("budget", f"{n}_compute", named[n], "precision", dash, valid=ranges[n])
        for n, dash in zip(DIFFUSION, (None, "5 4"), strict=True)
    ]
    optimisers = [
        Curve("budget", f"{n}_compute", label, "muted", dash="1 4")
        for n, label in OPTIMISERS.items()
    ]
    return [
        Plot(
            "families",
            "Compute of a transformer with the same loss, over that paid",
            budget,
            Axis("times as much", format=".3~g", holds=["one"]),
            [
                Rule("y", "one", "transformer, AdamW"),
                *linear,
                *diffusion,
                *optimisers,
                Rule("x", "budget", "yours", "hand"),
            ],
            wide=True,
            visible="on_families",
        ),
        Plot(
            "linear",
            "Linear-complexity models: loss against compute",
            budget,
            Axis("loss (nats/token)", format=".2f"),
            [
                Curve("budget", "softmax_loss", "LLaMA", "muted", dash="5 4"),
                *(Curve("budget", f"{n}_loss", label, colors[n]) for n, label in LINEAR.items()),
                Marker("budget", "softmax_loss", "yours", "hand", drag="budget"),
            ],
            visible="on_families",
        ),
        Plot(
            "linear_sizes",
            "Parameters of LLaMA with the same loss, over theirs: memory and serving",
            budget,
            Axis("times as many", format=".3~g", holds=["one"]),
            [
                Rule("y", "one", "LLaMA"),
                *(Curve("budget", f"{n}_size", label, colors[n]) for n, label in LINEAR.items()),
                Rule("x", "budget", "yours", "hand"),
            ],
            visible="on_families",
        ),
    ]


def residual_plots(topics: Container[str], given: bool) -> list[Plot]:
    """The laws of ``topics`` held to runs. Clark et al.'s say nothing of another paper's law."""

    def plot(topic: str, role: str, x: str, axis: Axis, visible: str, unit: str) -> Plot:
        rows = {f"run_{name}": f"{topic}_{name}" for name in (*COLUMNS[topic], "kind")}
        dots = Points(rows, x, f"{role}_residual", "runs", names=f"{topic}_name")
        return Plot(
            f"{topic}_residuals",
            "Runs held to the law: measured over predicted",
            axis,
            Axis(unit, "linear", format="+.3f"),
            [Rule("y", "none", ""), dots],
            wide=True,
            visible=visible,
        )

    sparse = "on_experts" if given else "on_clark"
    log = "log of the ratio"
    ratio = Axis("width / layers", format=".3~g")
    plots = {
        "experts": plot(
            "experts", "sparse", "run_E", Axis("experts E", format=".3~g"), sparse, log
        ),
        "vocabulary": plot(
            "vocabulary", "vocab", "run_V", Axis("vocabulary V"), "on_vocabulary", "nats/token"
        ),
        "streams": plot(
            "streams", "stream", "run_P", Axis("streams P", format=".3~g"), "on_streams", log
        ),
        "shape": plot("shape", "shape", "run_aspect", ratio, "on_shape", log),
    }
    return [one for topic, one in plots.items() if topic in topics]
