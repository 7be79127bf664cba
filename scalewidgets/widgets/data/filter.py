"""Filtering: pools of samples of falling quality, and how many of them are worth keeping.

Goyal et al. 2024 (arXiv:2404.07177) sort pools by their utility and mix the best 1, 2, ... of them
in equal parts: exponents are averaged, and as each pool is repeated less often its utility lasts
longer, by the number of pools.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ...lawbook import closed_form
from ...lawbook import expression as ex
from ...lawbook.expression import Array
from ..law_cells import pick, symbol
from ..vocabulary import (
    Axis,
    Choice,
    Curve,
    Group,
    Marker,
    Page,
    Plot,
    Points,
    Readout,
    Rule,
    Slider,
    Span,
    Table,
)

ONE_POOL = "goyal2024_qqt"
POOLS = 4
KEPT = tuple(range(1, POOLS + 1))
FIRST_SAMPLES = 1e7  # below half of that the filtering laws' errors are above 1
MOST_SAMPLES = 8e8  # the public runs of Goyal et al. end at 6.4e8
SMALLEST_POOL = 6.4e6
EPOCHS = 128  # over which the filtering laws sum: all that there can be over the smallest pool
LATER_EPOCHS = np.arange(2.0, EPOCHS + 1.0)

ASKS = ("scored", "pool", *(f"{name}_{i}" for i in KEPT for name in ("b", "tau")))
_LATER = symbol("j")
_COLORS = ("law", "chinchilla", "inference", "precision")


def filter_page() -> Page:
    return Page(
        title="Data lab",
        teaches="The best samples win while compute is small; seen too often, they lose to more.",
        source=closed_form(ONE_POOL).source,
        groups=_groups(),
        items={symbol("j"): "later_epochs"},
        formulas=formulas(),
        plots=[_error_plot(), _kept_plot(), _strictness_plot()],
        tables=_tables(),
        asks=ASKS,
        notes=[
            "Exponents and half-lives of the paper's ten pools are in no public copy, so those "
            "here are yours; scale and irreducible error are the authors'. Error is 1 - accuracy.",
            "Pools have the same size and are mixed in equal parts: exponents are averaged and "
            "half-lives grow with the number of pools, as the paper's mixtures of pools have it.",
            "A pool's utility falls by half each half-life. Over one epoch nothing is worn out, so "
            "that the lowest exponent wins.",
        ],
    )


# --- cells ------------------------------------------------------------------------------------


def kept_error(kept: int) -> ex.Tree:
    """Error with the best ``kept`` pools, from the law of one pool: a mean exponent at first, then
    the mean of what each pool's samples still teach."""
    tree = closed_form(ONE_POOL).tree
    assert isinstance(tree, tuple)
    assert isinstance(tree[2], tuple)
    assert tree[2][0] == "exp"
    first, later = tree[1], tree[2][1]
    size: ex.Tree = ("*", float(kept), "P") if kept > 1 else "P"
    pools = range(1, kept + 1)
    wear: list[ex.Tree] = [
        ex.substitute(later, {"P": size, "b": f"b_{i}", "tau": ("*", float(kept), f"tau_{i}")})
        for i in pools
    ]
    mean_b = _mean([f"b_{i}" for i in pools])
    return ("*", ex.substitute(first, {"P": size, "b": mean_b}), ("exp", _mean(wear)))


def _mean(trees: Sequence[ex.Tree]) -> ex.Tree:
    total = trees[0]
    for tree in trees[1:]:
        total = ("+", total, tree)
    return ("/", total, float(len(trees))) if len(trees) > 1 else total


def formulas() -> dict[str, ex.Tree | str]:
    sets = closed_form(ONE_POOL).sets.values()
    cells = {"n": "samples", "j": _LATER, "a": "scale", "d": "remaining", "P": "pool"}
    found: dict[str, ex.Tree | str] = {
        "scale": pick("scored", [one.values["a"] for one in sets]),
        "remaining": pick("scored", [one.values["d"] for one in sets]),
        "first_sample": f"min(pool, {FIRST_SAMPLES!r})",
        "strict_epochs": "samples/pool",
        "best_error": "error_1",
        "best_kept": 1.0,
        "best_epochs": "samples/(best_kept*pool)",
        "row_place": "row_kept - 1",
        "row_error": pick("row_place", [f"error_{kept}" for kept in KEPT]),
        "crossing_epochs": "crossing/pool",
        "saved": "error_1 - best_error",
    }
    least = "error_1"
    for kept in KEPT:
        found[f"error_{kept}"] = ex.rename(kept_error(kept), cells)
        if kept > 1:
            found[f"best_up_to_{kept}"] = f"min({least}, error_{kept})"
            least = f"best_up_to_{kept}"
    found["best_error"] = least
    kept_of = float(POOLS)
    chosen: ex.Tree = kept_of
    for kept in reversed(KEPT[:-1]):
        chosen = ("where", ("<", f"error_{kept}", ("+", "best_error", 1e-12)), float(kept), chosen)
    found["best_kept"] = chosen
    return found


# --- what only the kernel knows -----------------------------------------------------------------


@lru_cache(maxsize=64)
def more_pays_from(
    scored: str, pool: float, b: tuple[float, ...], tau: tuple[float, ...]
) -> tuple[float, ...]:
    """Samples from which on keeping at least 2, 3, ... pools has less error than any fewer.

    Parameters
    ----------
    scored : str
        Constant set of the filtering laws: how pools are scored, and the benchmark.
    pool : float
        Samples in each pool.
    b, tau : tuple of float
        Utility exponents and half-lives (epochs) of the pools, the best first.

    Returns
    -------
    tuple of float
        Samples seen, one a number of pools from 2 on; NaN where fewer stay ahead to 8e8 samples,
        or never were.
    """
    from scipy.optimize import brentq

    constants = closed_form(ONE_POOL).sets[scored].values
    program = ex.Program([kept_error(kept) for kept in range(1, len(b) + 1)])
    pools = {f"b_{i}": value for i, value in enumerate(b, 1)}
    pools |= {f"tau_{i}": value for i, value in enumerate(tau, 1)}

    def lead(samples: Any, kept: int) -> Array:
        """What the best of at least so many pools saves over the best of fewer."""
        seen = np.reshape(samples, (-1, 1))
        known = {**constants, **pools, "P": pool, "n": seen, "j": LATER_EPOCHS}
        errors = [np.ravel(error) for error in program(known)]
        fewer, more = (np.min(part, axis=0) for part in (errors[: kept - 1], errors[kept - 1 :]))
        return np.asarray(fewer - more)

    # in its first epoch nothing is worn out, so that the best pool leads whatever the half-lives
    seen = np.geomspace(pool, max(MOST_SAMPLES, pool), 120)

    def crossing(kept: int) -> float:
        ahead = lead(seen, kept) > 0
        if ahead[0] or not ahead.any():
            return float("nan")
        first = int(np.argmax(ahead))
        at = brentq(lambda n: lead(n, kept).item(), seen[first - 1], seen[first], rtol=1e-12)
        return float(at)

    return tuple(crossing(kept) for kept in range(2, len(b) + 1))


def filter_facts(crossings: Sequence[float]) -> Mapping[str, Any]:
    return {
        "later_epochs": LATER_EPOCHS,
        "pool_rows": np.array(KEPT, dtype=float),
        "pool_names": [_told(kept) for kept in KEPT],
        "crossing": crossings[0],
        **{f"from_{kept}": at for kept, at in zip(KEPT[1:], crossings, strict=True)},
    }


# --- controls ---------------------------------------------------------------------------------


def _groups() -> list[Group]:
    return [
        Group(
            "Data and compute",
            [
                Choice("scored", "Scored by, error on", scores()),
                Slider(
                    "samples",
                    "Samples seen",
                    (FIRST_SAMPLES, MOST_SAMPLES),
                    "samples",
                    help="the compute budget: each costs the same",
                ),
                Slider("pool", "Samples in each pool", (SMALLEST_POOL, 4e8), "samples"),
            ],
        ),
        *(Group(_pool(i), _pool_controls(i)) for i in KEPT),
    ]


def scores() -> dict[str, str]:
    """The constant sets, by name, in words."""
    scored = {"tmars": "T-MARS", "clip": "CLIP score"}
    benchmarks = {"imagenet1k": "ImageNet", "18tasks": "mean of 18 tasks"}
    names = [name.split("_") for name in closed_form(ONE_POOL).sets]
    return {f"{score}_{on}": f"{scored[score]}, {benchmarks[on]}" for score, on in names}


def _pool(which: int) -> str:
    return {1: "Best pool", POOLS: "Worst pool"}.get(which, f"Pool {which}")


def _pool_controls(which: int) -> list[Slider]:
    return [
        Slider(
            f"b_{which}",
            "Utility exponent",
            (-0.5, -0.02),
            scale="linear",
            step=0.005,
            format=".3~f",
            help="lower: better data",
        ),
        Slider(
            f"tau_{which}",
            "Half-life",
            (0.5, 50.0),
            "epochs",
            format=".3~g",
            help="epochs over this pool alone after which a sample teaches half as much",
        ),
    ]


# --- pictures ---------------------------------------------------------------------------------


def _told(kept: int) -> str:
    return {1: "best pool alone", POOLS: "all pools"}.get(kept, f"best {kept} pools")


def _error_plot() -> Plot:
    return Plot(
        "error",
        "Quality or quantity: error against samples seen, by how many pools are kept",
        Axis("samples seen"),
        Axis("error (1 - accuracy)", "linear", format=".2f"),
        [
            Span("first_sample", "pool", "first epoch of the best pool"),
            *(
                Curve("samples", f"error_{kept}", _told(kept), color)
                for kept, color in zip(KEPT, _COLORS, strict=True)
            ),
            Rule("x", "crossing", "looser wins"),
            Marker("samples", "best_error", "best", "hand", drag="samples"),
        ],
        wide=True,
    )


def _kept_plot() -> Plot:
    return Plot(
        "kept",
        "At this compute: error against pools kept",
        Axis("pools kept, the best first", "linear", domain=(0.5, POOLS + 0.5), format=".0f"),
        Axis("error (1 - accuracy)", "linear", format=".3f"),
        [
            Points(
                {"row_kept": "pool_rows"},
                "row_kept",
                "row_error",
                "so many pools",
                radius=5.0,
                names="pool_names",
            ),
            Marker("best_kept", "best_error", "best", "hand", "square"),
        ],
    )


def _strictness_plot() -> Plot:
    return Plot(
        "strictness",
        "How many pools to keep, by compute",
        Axis("samples seen"),
        Axis("pools kept", "linear", domain=(0.5, POOLS + 0.5), format=".0f"),
        [
            Curve("samples", "best_kept", "best number of pools", "law"),
            Marker("samples", "best_kept", "here", "hand", drag="samples"),
        ],
    )


# --- numbers ----------------------------------------------------------------------------------


def _tables() -> list[Table]:
    errors = [Readout(_told(kept).capitalize(), f"error_{kept}", ".4f") for kept in KEPT]
    starts = [Readout(f"At least {kept} pools", f"from_{kept}", "quantity") for kept in KEPT[1:]]
    return [
        Table("Error at these samples", errors),
        Table(
            "Best filter here",
            [
                Readout("Pools kept", "best_kept", ".0f"),
                Readout("Error", "best_error", ".4f"),
                Readout("saved over the best pool alone", "saved", ".4f"),
                Readout("Epochs over what is kept", "best_epochs", ".3~r"),
                Readout("Epochs over the best pool alone", "strict_epochs", ".3~r"),
            ],
        ),
        Table(
            "Samples from which more data pay",
            [*starts, Readout("Epochs of the best pool by then", "crossing_epochs", ".3~r")],
        ),
    ]
