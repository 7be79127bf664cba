"""Granularity: experts that are sliced finer. No values, only cells."""

from __future__ import annotations

from collections.abc import Container
from itertools import pairwise

from ...lawbook import expression as ex
from .. import topics
from ..solves import NO_SLOPE, compute_optimal, reach
from ..vocabulary import Axis, Curve, Marker, Plot, Points, Rule, Solve, Table
from .cells import Formulas, beyond, halves, law_behind, tree
from .worth import MANY, both, even, like, parts, worth_plot, worth_table

GRANULARITIES = tuple(2.0**power for power in range(8))  # powers of two, as Table 2 has them
_KRAJEWSKI = (1.0, 16.0)  # granularities of the runs

# --- formulas -------------------------------------------------------------------------------------


def _token(N: ex.Tree, G: ex.Tree) -> ex.Tree:
    """Training FLOPs a token, the router's among them."""
    return tree("moe", "cost", N_act=N, D=1.0, G=G, E=64.0)


def _total(N: ex.Tree) -> ex.Tree:
    return tree("moe", "total", N_act=N, E=64.0)


def _mixture(F: ex.Tree, N: ex.Tree, G: ex.Tree) -> ex.Tree:
    """The loss of N active parameters on the tokens that F training FLOPs allow."""
    return tree("moe", N=_total(N), D=ex.divide(F, _token(N, G)), G=G)


def formulas() -> Formulas:
    """Krajewski et al.: 64 experts' worth of parameters, sliced G times finer."""
    found: Formulas = {
        "moe_token": _token("N", "G"),
        "moe_C": "moe_token*D",
        "moe_total": _total("N"),
        "moe_loss": tree("moe", N="moe_total", D="D", G="G"),
        "moe_best_loss": _mixture("moe_C", "moe_best_N", "G"),
        "plain_loss": tree("plain", N="plain_N", D="plain_D"),
        "moe_compute": "6*moe_like_N*moe_like_D/moe_C",
        "moe_memory": "moe_even/moe_total",
        "moe_served": "moe_even*6/moe_token",  # the router works for each served token too
        "moe_beyond": _beyond_mixtures("moe_total", "D", "G"),
        "sliced_loss": _mixture("moe_C", "sliced_N", "axis_G"),
    }
    along: dict[str, ex.Tree] = {"by_C": "G", "whole": 1.0}
    for key, G in along.items():  # at any training compute
        total, tokens = f"{key}_total", f"{key}_tokens"
        found |= {
            f"{key}_loss": _mixture("axis_C", f"{key}_N", G),
            key: f"6*{key}_like_N*{key}_like_D/axis_C",
            total: _total(f"{key}_N"),
            tokens: ex.divide("axis_C", _token(f"{key}_N", G)),
            f"{key}_beyond": _beyond_mixtures(total, tokens, G),
        } | halves(key, f"{key}_beyond")
    for at, G in enumerate(GRANULARITIES):
        found[f"slice_{at}_loss"] = _mixture("moe_C", f"slice_{at}_N", G)
    return found | parts("moe") | _best_granularity()


def _beyond_mixtures(total: str, tokens: str, G: ex.Tree) -> ex.Tree:
    runs = law_behind("moe").valid
    ranges = {total: runs["N"], tokens: runs["D"]}
    return beyond({**ranges, G: runs["G"]} if isinstance(G, str) else ranges)


def _best_granularity() -> Formulas:
    """The power of two with the least loss: from the finest down, each takes the lead or not."""
    last = len(GRANULARITIES) - 1
    found: Formulas = {f"lead_{last}": f"slice_{last}_loss", f"finest_{last}": GRANULARITIES[last]}
    for finer, at in pairwise(reversed(range(last + 1))):
        ahead = f"slice_{at}_loss < lead_{finer}"
        found[f"lead_{at}"] = f"min(slice_{at}_loss, lead_{finer})"
        found[f"finest_{at}"] = f"where({ahead}, {GRANULARITIES[at]!r}, finest_{finer})"
    return {**found, "best_G": "finest_0", "best_G_loss": "lead_0"}


def solves() -> list[Solve]:
    plain = tree("plain", N="N", D="D")
    return [
        even("moe", plain),
        like("moe", plain, "moe_best_loss"),
        like("by_C", plain, "by_C_loss"),
        like("whole", plain, "whole_loss"),
        compute_optimal(["plain_N", "plain_D"], plain, "moe_C"),
        _best_size("moe_best_N", "moe_C", "G"),
        _best_size("sliced_N", "moe_C", "axis_G"),
        _best_size("by_C_N", "axis_C", "G"),
        _best_size("whole_N", "axis_C", 1.0),
        *(_best_size(f"slice_{at}_N", "moe_C", G) for at, G in enumerate(GRANULARITIES)),
    ]


def _best_size(output: str, budget: str, G: ex.Tree) -> Solve:
    """The best active parameters for a budget that the router shares, so that it is no 6*N*D:
    where a hundredth more of them gains as much as the tokens that it costs lose."""
    surface = tree("moe", N="N", D="T", G=G)
    token = _token("D", G)
    gained = ex.multiply("N", ex.derivative(surface, "N"))
    lost = ex.multiply("T", ex.derivative(surface, "T"))
    dearer = ex.divide(ex.multiply("D", ex.derivative(token, "D")), token)
    even = ex.divide(gained, ex.multiply(lost, dearer))
    at = {"N": _total("D"), "T": ex.divide(budget, token)}
    return reach(output, ex.substitute(even, at), "one", slope=NO_SLOPE)


# --- what is on the screen ------------------------------------------------------------------------


def plots() -> list[Plot]:
    axis = Axis("granularity G", format=".3~g")
    claims = {"claim_C": "claimed_C", "claim": "claimed_times"}
    return [
        worth_plot(
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


def tables(drawn: Container[str]) -> list[Table]:
    known = "moe" in drawn or "plain" in drawn
    yours = [
        ("Loss", "moe_loss", ".4f"),
        ("Training FLOPs, with router", "moe_C", "quantity"),
        ("Parameters in memory", "moe_total", "quantity"),
        ("Equal dense model, same tokens", "moe_even", "quantity"),
        ("Decades beyond the runs", "moe_beyond", ".2~f"),
    ]
    best = [
        ("Granularity", "best_G", MANY),
        ("Loss", "best_G_loss", ".4f"),
        ("Active parameters at your G", "moe_best_N", "quantity"),
        ("Loss of the best dense model", "plain_loss", ".4f"),
    ]
    return [
        worth_table("granularity", "moe", known),
        topics.table("on_granularity", "Your mixture", yours, known),
        topics.table("on_granularity", "Best for your FLOPs", best, False),
    ]
