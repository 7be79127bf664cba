"""The Planner's cells: what each strategy plans, what it costs, how it turns out in the world."""

from __future__ import annotations

from ...allocation.surfaces import TRAINING_BITS, plain_surface, real_surface
from ...lawbook import Law
from ...lawbook import expression as ex
from ..law_cells import symbol
from ..solves import bit_optimal, compute_optimal, least_compute, reach
from ..vocabulary import Solve

# Strategy to its name and to the cell that says whether there is anything for it to take care of.
STRATEGIES = {
    "chinchilla": ("Chinchilla", "one"),
    "inference": ("inference-aware", "is_served"),
    "data": ("data-limited", "limited"),
    "precision": ("precision-aware", "choose_bits"),
    "all": ("all together", "several"),
}
_UNLIMITED = 1e30  # unique tokens where data are without limit
_SHARE = "utilisation/serving_utilisation"  # by which a served FLOP is dearer than one of training


def over_cells(law: Law, tree: ex.Tree) -> ex.Tree:
    """A surface over N, D and P, all else the lab's cells."""
    return ex.rename(tree, {**{n: symbol(n) for n in law.values}, "U": "unique"})


def surfaces(law: Law, repeats: bool) -> dict[str, ex.Tree]:
    """The loss as each strategy sees it, and as it is in the world; ``repeats`` says whether the
    law can tell what repeated data are worth."""
    served = {"served_bits": "served_bits"}
    found = {
        "chinchilla": plain_surface(law),
        "inference": plain_surface(law),
        "precision": real_surface(law, repeated=False, precision=True, **served),
        "world": real_surface(law, repeated=repeats, precision=True, **served),
    }
    if repeats:
        found["data"] = real_surface(law, repeated=True, precision=False, served_bits=16.0)
    return {name: over_cells(law, tree) for name, tree in found.items()}


def strategies(repeats: bool) -> dict[str, tuple[str, str]]:
    """Those that the law can answer."""
    return {key: told for key, told in STRATEGIES.items() if repeats or key != "data"}


def formulas(law: Law, repeats: bool) -> dict[str, ex.Tree | str]:
    trees = surfaces(law, repeats)
    found: dict[str, ex.Tree | str] = {
        "one": 1.0,
        "is_served": "where(inference_tokens > 0, 1, 0)",
        "several": "where(is_served + limited + choose_bits > 1.5, 1, 0)",
        "unique": f"where(limited > 0, unique_tokens, {_UNLIMITED!r})",
        "weighted": f"inference_tokens*{_SHARE}",
        "flops_an_hour": "3600*peak*utilisation",
        "loss_at": _at(trees["world"], "axis_N", "axis_D", 16.0),
        "cost_at": "6*axis_N*axis_D + 2*axis_N*weighted",
        "extra": "(6*axis_N*reached_D + 2*axis_N*weighted)/inference_cost - 1",
        "inference_cost": "6*inference_N*inference_D + 2*inference_N*weighted",
        "chinchilla_extra": "(C + 2*chinchilla_N*weighted)/inference_cost - 1",
        "nothing": 0.0,
        "smaller": "inference_N/4",
        "larger": "4*inference_N",
        **{symbol(name): f"fit_{name}" for name in law.values},
    }
    for key in strategies(repeats):
        found |= _of_strategy(key, trees)
    return found


def _of_strategy(key: str, trees: dict[str, ex.Tree]) -> dict[str, ex.Tree | str]:
    n, d = f"{key}_N", f"{key}_D"
    bits = f"{key}_P" if key in ("precision", "all") else ""
    found: dict[str, ex.Tree | str] = {
        f"{key}_ratio": f"{d}/{n}",
        f"{key}_epochs": f"max(1, {d}/unique)",
        f"{key}_train": f"6*{n}*{d}" + (f"*{bits}/16" if bits else ""),
        f"{key}_serve": f"2*{n}*inference_tokens",
        f"{key}_hours": f"{key}_train/flops_an_hour",
        f"{key}_days": f"{key}_hours/(24*count)",
        f"{key}_dollars": f"price*({key}_hours + {key}_serve*{_SHARE}/flops_an_hour)",
        f"{key}_loss": _at(trees["world"], n, d, bits or 16.0),
    }
    if key in trees:
        found[f"{key}_planned"] = _at(trees[key], n, d, bits or 16.0)
    return found


def _at(tree: ex.Tree, n: str, d: str, bits: str | float) -> ex.Tree:
    return ex.substitute(tree, {"N": n, "D": d, "P": bits})


def solves(law: Law, repeats: bool) -> list[Solve]:
    trees = surfaces(law, repeats)
    plain = trees["chinchilla"]
    bits = [f"precision_{name}" for name in ("N", "D", "P")]
    found = [
        compute_optimal(["chinchilla_N", "chinchilla_D"], plain, "C"),
        least_compute(["inference_N", "inference_D"], plain, "chinchilla_planned", "weighted"),
        bit_optimal(bits, trees["precision"], "C", TRAINING_BITS),
        # tokens with which a model of any size is as good as the Chinchilla model
        reach("reached_D", plain, "chinchilla_planned", at="axis_N"),
    ]
    if repeats:
        found.append(compute_optimal(["data_N", "data_D"], trees["data"], "C"))
    return found
