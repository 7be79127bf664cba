"""The ArchitectureLab's pictures of experts and granularity. No values, only cells."""

from __future__ import annotations

from collections.abc import Mapping

from ..vocabulary import Axis, Curve, Marker, Plot, Points, Rule
from .cells import COMPARISONS, EXPERTS

_COLORS = {"compute": "law", "memory": "inference", "served": "precision"}
_SHAPES = {"compute": "square", "memory": "triangle", "served": "circle"}
_LAW_COLORS = dict(zip(EXPERTS, ("law", "chinchilla", "inference", "precision"), strict=True))
_DASHES = "3 5"  # as the front end draws what is beyond a range

_KRAJEWSKI = (1.0, 16.0)  # granularities of the runs


def both(x: str, y: str, label: str, color: str, visible: str | None = None) -> list[Curve]:
    """A curve, dashed where it is beyond the paper's runs."""
    return [
        Curve(x, f"{y}_in", label, color, visible=visible),
        Curve(x, f"{y}_out", "", color, dash=_DASHES, visible=visible),
    ]


def worth(
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


def expert_plots(published_runs: bool) -> list[Plot]:
    experts = Axis("experts E", format=".3~g")
    laws = [
        one
        for role, label in EXPERTS.items()
        for one in both("E", f"{role}_served", label, _LAW_COLORS[role])
    ]
    rows = {f"run_{name}": f"experts_{name}" for name in ("N", "E", "loss", "kind")}
    runs = Points(
        rows,
        "run_E",
        "run_served",
        "runs of Clark et al.",
        names="experts_name",
        radius=2.5,
        visible="on_clark",
    )
    routed = [runs] if published_runs else []
    rooms = [
        Curve("axis_E", f"{role}_saved", EXPERTS[role], _LAW_COLORS[role], valid=(1.0, most))
        for role, most in {"ludz": 32.0, "abnar": 50.0}.items()
    ]
    return [
        worth(
            "experts",
            "What so many experts are worth in dense models",
            experts,
            "E",
            {role: f"on_{role}" for role in EXPERTS},
            "sparse",
        ),
        Plot(
            "laws",
            "The laws disagree: parameters of an equal dense model, same tokens",
            experts,
            Axis("over parameters a token passes", format=".3~g", holds=["one"]),
            [Rule("y", "one", "dense"), *laws, *routed, Rule("x", "E", "yours", "hand")],
            visible="on_experts",
        ),
        Plot(
            "room",
            "In your memory, with your training FLOPs: experts against the dense model",
            Axis("experts E", format=".3~g", domain=(1.0, 512.0)),
            Axis("loss saved (nats/token)", "linear", format="+.2f", holds=["none"]),
            [Rule("y", "none", "dense"), *rooms, Rule("x", "E", "yours", "hand")],
            wide=True,
            visible="on_experts",
        ),
    ]


def granularity_plots() -> list[Plot]:
    axis = Axis("granularity G", format=".3~g")
    claims = {"claim_C": "claimed_C", "claim": "claimed_times"}
    return [
        worth(
            "granularity",
            "What finer experts are worth in dense models",
            axis,
            "G",
            {"moe": None},
            "moe",
        ),
        Plot(
            "slices",
            "Loss at your training FLOPs, with the best size for each granularity",
            Axis("granularity G", format=".3~g", domain=(1.0, 128.0)),
            Axis("loss (nats/token)", "linear", format=".3f"),
            [
                Curve("axis_G", "sliced_loss", "64 experts", "law", valid=_KRAJEWSKI),
                Rule("y", "plain_loss", "best dense model"),
                Marker("best_G", "best_G_loss", "best power of two", "law", "square"),
                Marker("G", "moe_best_loss", "yours", "hand", drag="G"),
            ],
            visible="on_granularity",
        ),
        Plot(
            "advantage",
            "Training compute that the best dense model needs for the loss of the best mixture",
            Axis("training compute C (FLOP)", domain=(1e18, 1e26)),
            Axis("times as much", format=".3~g", domain=(5.0, 60.0)),
            [
                *both("axis_C", "by_C", "your granularity", "law"),
                *both("axis_C", "whole", "whole experts, G = 1", "chinchilla"),
                Points(
                    claims,
                    "claim_C",
                    "claim",
                    "claimed",
                    "inference",
                    names="claimed_by",
                    radius=5.0,
                ),
                Marker("moe_C", "moe_compute", "yours", "hand"),
            ],
            wide=True,
            visible="on_granularity",
        ),
    ]


_KRAJEWSKI = (1.0, 16.0)  # granularities of the runs
