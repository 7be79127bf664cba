"""The ScheduleLab's cells: shapes of a schedule, and the loss along it by two published laws.

After warm-up a schedule is a staircase of ``PIECES`` equal steps; a shape is its height at the
middle of each. So both laws' sums run over ``PIECES`` drops, and all of it moves in the browser.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

import numpy as np

from ...lawbook import Law
from ...lawbook import closed_form as published
from ...lawbook import expression as ex
from ...lawbook.sums import with_sums
from ..law_cells import pick
from ..vocabulary import Series

PIECES = 128
MULTI_POWER, ANNEALING = "luo2025_multi_power", "tissue2024_lr_annealing"
# Model to its sets of constants in the two laws; those of the annealing law are refits.
MODELS = {
    "25M": ("m25", "refit_25M"),
    "100M": ("m100", "refit_100M"),
    "400M": ("m400", "refit_400M"),
}
LAWS = {"mpl": MULTI_POWER, "ann": ANNEALING}
SHAPES = {
    "hand": "drawn by hand",
    "constant": "constant",
    "cosine": "cosine",
    "linear": "linear",
    "wsd": "WSD, linear decay",
    "sqrt": "WSD, 1 - sqrt decay",
    "exponential": "WSD, exponential decay",
    "drop": "one drop",
}
BESIDE = ("cosine", "linear", "wsd", "sqrt")
"""Shapes that can be drawn beside yours."""
SCHEDULES = ("yours", *BESIDE, "best")
SLOWING = "mircea2025_loss_deceleration"
PEAK, LONGEST = 3e-4, 72_000
"""Peak rate and steps of the runs behind the constants."""
_LEAST = 1e-3  # final share of an exponential decay, which never comes to 0
_TINY = 1e-30  # a rate of 0 has no negative power
_NODES = 8  # of the quadrature over warm-up: within 1e-5 nats of all its steps
_WIDTH = f"(steps - rise)/{PIECES}"


def formulas(given: Mapping[str, Law]) -> dict[str, ex.Tree | str]:
    """All formulas; ``given`` are laws of the user's, by role, as one more model."""
    found: dict[str, ex.Tree | str] = {
        "zero": 0.0,
        "t": "steps",  # tables tell the end of training; curves move it
        "rise": "warmup - 1",  # the peak is reached one step early, as in the runs
        "u": "(t - rise)/(steps - rise)",
        "whole": "max(steps, run_steps)",
        "one": 1.0,
        "warm_share": "where(t > rise + whole/79, 0/0, min(t/rise, 1))",  # to the first place after
        "SW": "peak*warmup/2",
        "area_whole": "area_yours + SW",
        "peak_over": f"peak/{PEAK}",
        "steps_over": f"steps/{LONGEST}",
        "searching": "where(better < 0.5, 0, 1)",
        "fitting": "where(constants < 0.5, 0, 1)",
        **{f"{role}_below": f"{role}_cosine - {role}_yours" for role in LAWS},
        **{
            f"rate_{name}": f"where(t < rise, 0/0, where(t > steps, 0/0, share_{name}))"
            for name in BESIDE
        },
    }
    for role, law in _laws(given).items():
        for name in law[0].values:
            printed = pick("model", [one.values[name] for one in law])
            found[f"{role}_{name}"] = pick("constants", [printed, fitted(role, name)])
    return found | _shapes() | _losses() | _slowing()


def fitted(role: str, name: str) -> str:
    """The fact that holds a constant of a law as it was fitted."""
    return f"fitted_{role}_{name}"


def models(given: Mapping[str, Law]) -> list[str]:
    """The models whose constants can be chosen."""
    return [*MODELS, *(["yours"] if given else [])]


def series() -> list[Series]:
    """Staircases of all schedules: heights, drops, and the sum of heights before each."""
    made = [
        _series(name, f"share_{name}", {"u": "middles", "hand": "drawn"})
        for name in SCHEDULES
        if name != "best"
    ]
    return [*made, _series("best", "best", {"best": "best_share"})]


def _series(name: str, cell: str, rows: Mapping[str, str]) -> Series:
    return Series(f"height_{name}", cell, rows, f"fall_{name}", f"before_{name}")


def items() -> dict[str, str]:
    """Names in sums to arrays."""
    lists = [name for one in series() for name in (one.array, one.falls, one.before)]
    return {"piece": "pieces", **{name: name for name in lists}}


def _laws(given: Mapping[str, Law]) -> dict[str, list[Law]]:
    """For each role the law with the constants of each model."""
    return {
        role: [
            *(published(name).with_constants(sets[k]) for sets in MODELS.values()),
            *([given.get(role) or published(name).with_constants(MODELS["400M"][k])] * bool(given)),
        ]
        for k, (role, name) in enumerate(LAWS.items())
    }


# --- shapes -----------------------------------------------------------------------------------


def _shapes() -> dict[str, ex.Tree | str]:
    """Each shape as a share of the peak at ``u``, the progress after warm-up."""
    linear, sqrt = (
        ex.substitute(published(f"hagele2024.{name}").tree, {"x": "done", "f": "fall_share"})
        for name in ("linear", "one_minus_sqrt")
    )
    return {
        "done": "(rise + u*(steps - rise))/steps",
        "fall_share": "min(decay, (steps - rise)/steps)",
        "fallen": "min(max((done - 1)/fall_share + 1, 0), 1)",
        "share_hand": "hand",
        "share_constant": 1.0,
        "share_cosine": ("+", "final", ("*", ("-", 1.0, "final"), _half_cosine())),
        "share_linear": "1 - (1 - final)*u",
        "share_wsd": ("+", "final", ("*", ("-", 1.0, "final"), linear)),
        "share_sqrt": ("+", "final", ("*", ("-", 1.0, "final"), sqrt)),
        "share_exponential": f"exp(fallen*log(max(final, {_LEAST})))",
        "share_drop": "where(fallen > 0, final, 1)",
        "share_yours": pick("shape", [f"share_{name}" for name in SHAPES]),
    }


def _half_cosine() -> ex.Tree:
    """``(1 + cos(pi*u))/2`` by its series around ``u = 1/2``, to 1e-11: laws know no cosine."""
    x: ex.Tree = ("*", np.pi, ("-", 0.5, "u"))
    square: ex.Tree = ("*", x, x)
    tree: ex.Tree = 1.0
    for k in range(16, 0, -2):
        tree = ("-", 1.0, ("*", ("/", square, float(k * (k + 1))), tree))
    return ("/", ("+", 1.0, ("*", x, tree)), 2.0)


# --- losses -----------------------------------------------------------------------------------


def _losses() -> dict[str, ex.Tree | str]:
    """Loss at step ``t`` of each schedule by each law, and what its shape wins."""
    found: dict[str, ex.Tree | str] = {"area_constant": _within("peak*(t - rise)")}
    for role in LAWS:
        found[f"{role}_constant"] = _filled(role, "area_constant", None)
    for name in SCHEDULES:
        covered = f"sum(height_{name}*min(max(u*{PIECES} - piece, 0), 1))"
        found[f"area_{name}"] = _within(f"peak*{_WIDTH}*{covered}")
        for role in LAWS:
            found[f"{role}_{name}"] = _filled(role, f"area_{name}", name)
            found[f"{role}_won_{name}"] = f"{role}_constant - {role}_{name}"
    return found


def _within(area: str) -> str:
    """Not a number in warm-up and after the end."""
    return f"where(t < rise, 0/0, where(t > steps, 0/0, {area}))"


def _filled(role: str, area: str, name: str | None) -> ex.Tree:
    """A law over cells: its sum runs over the drops of a schedule and over the rise of warm-up."""
    law = published(LAWS[role])

    def summed(body: ex.Tree) -> ex.Tree:
        parts: list[ex.Tree] = [0.0]
        parts += [ex.substitute(body, node) for node in (_WARM if role == "mpl" else [])]
        if name is not None:
            parts.append(("sum", ex.substitute(body, _drops(name))))
        return reduce(ex.add, parts)

    cells: dict[str, ex.Tree] = {n: f"{role}_{n}" for n in law.values}
    cells |= {"S1": area, "S_peak": ("*", "peak", "rise"), "s": "t"}
    return ex.substitute(with_sums(law.tree, summed), cells)


def _drops(name: str) -> dict[str, ex.Tree]:
    """The lists of both laws for the staircase of a schedule."""
    drop: ex.Tree = ("*", "peak", f"fall_{name}")
    return {
        "drop": drop,
        "eta": ("max", ("*", "peak", f"height_{name}"), _TINY),
        "S_before": ex.parse(f"peak*{_WIDTH}*before_{name}"),
        "anneal": drop,
        "k": ex.parse(f"rise + 1 + piece*{_WIDTH}"),
    }


def _warm_up() -> list[dict[str, ex.Tree]]:
    """The rise of warm-up, which the multi-power law counts as drops with a minus sign (see its
    errata), as the nodes of a Gauss-Legendre quadrature. The annealing law leaves it out."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return [
        {
            "drop": ("*", "peak", -float(weight) / 2),
            "eta": ("*", "peak", float(share)),
            "S_before": ("*", "SW", float(share**2 - 1)),
        }
        for share, weight in zip((nodes + 1) / 2, weights, strict=True)
    ]


_WARM = _warm_up()


# --- loss deceleration ------------------------------------------------------------------------


def slow_models() -> list[str]:
    """The models with a curve of one break."""
    return list(published(f"{SLOWING}.loss_curve").sets)


def _slowing() -> dict[str, ex.Tree | str]:
    """The loss curve of one break, and the power law that it ends in."""
    found: dict[str, ex.Tree | str] = {"n": 1.0}
    for part in ("loss_curve", "loss_after"):
        law = published(f"{SLOWING}.{part}")
        sets = [one.values for one in law.sets.values()]
        found |= {f"slow_{n}": pick("slow_model", [one[n] for one in sets]) for n in law.values}
        cells: dict[str, ex.Tree] = {name: f"slow_{name}" for name in law.values}
        found[part] = ex.substitute(law.tree, {**cells, "t": "n"})
    return found
