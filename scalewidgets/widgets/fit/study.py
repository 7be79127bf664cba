"""The FitLab's runs: a study simulated from sliders, or measured runs with their budgets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from ...fitting import FitError
from ...fitting.approaches.budgets import group_by_budget
from ...lawbook import Law
from ...lawbook import closed_form as published
from ...runs import simulate_isoflop_data
from ..study import Array

# From a menu's value to what it says, the law, and the set of its constants. Czech et al. 2026 bias
# approach 2 on the last two.
TRUTHS = {
    "besiroglu2024": ("Chinchilla, refitted (Besiroglu et al.)", "besiroglu2024", None),
    "symmetric": (
        "symmetric, alpha = beta (Czech et al.)",
        "czech2026_approach2",
        "surface_symmetric",
    ),
    "asymmetric": (
        "asymmetric, alpha = 3 beta (Czech et al.)",
        "czech2026_approach2",
        "surface_asymmetric",
    ),
}
LOWEST, HIGHEST = 1e18, 1e21  # FLOPs of the simulated budgets
# Hoffmann et al. 2022, Fig. 3: the budgets of their isoFLOP curves
HOFFMANN_BUDGETS = (6e18, 1e19, 3e19, 6e19, 1e20, 3e20, 6e20, 1e21, 3e21)
# how far a run may lie from its budget: the published points were read off a plot
_WITHIN = 0.1
# Pearce and Song 2024, Sec. 3: omega N^(1/3) embeddings beside N other parameters
PEARCE_OMEGA = 47491.0
# 1e20 in a condition, or a text in quotes, in which nothing is such a number
_BARE_POWER = re.compile(r"""'[^']*'|"[^"]*"|(?<![\w.])(?P<whole>\d+)(?=[eE][+-]?\d)""")


def truth_law(name: str) -> Law:
    """The law from which a simulated study is drawn."""
    _, law, constants = TRUTHS[name]
    return published(law) if constants is None else published(law).with_constants(constants)


@dataclass(frozen=True)
class Simulation:
    """A simulated isoFLOP study, as its sliders say."""

    truth: Law
    budgets: int
    points: int
    seed: int
    width: float
    off_centre: float
    drift: float
    noise: float

    @property
    def levels(self) -> Array:
        return np.geomspace(LOWEST, HIGHEST, self.budgets)

    @property
    def grid(self) -> dict[str, float]:
        """What places the sizes: keywords of ``simulate_isoflop_data``."""
        return {"width": self.width, "off_centre": self.off_centre, "drift": self.drift}

    def runs(self) -> pl.DataFrame:
        return simulate_isoflop_data(
            self.truth, self.levels, self.points, self.noise, self.seed, **self.grid
        )

    def rows(self) -> dict[str, Array]:
        """What the browser needs to draw the same runs itself while a slider moves: the optimum at
        a run's budget and its place in the grid (decades of N), its noise (standard normal)."""
        plain = simulate_isoflop_data(self.truth, self.levels, self.points, noise=0.0)
        noisy = simulate_isoflop_data(self.truth, self.levels, self.points, 1.0, self.seed)
        log_n = np.log10(plain["N"].to_numpy()).reshape(self.budgets, self.points)
        best = log_n.mean(axis=1, keepdims=True)
        return {
            "row_C": plain["C"].to_numpy(),
            "row_best": np.broadcast_to(best, log_n.shape).ravel(),
            "row_place": (log_n - best).ravel(),
            "row_noise": np.log(noisy["loss"].to_numpy() / plain["loss"].to_numpy()),
        }

    @property
    def middle(self) -> float:
        """log10 of the compute from which drift counts."""
        return 0.5 * float(np.log10(LOWEST) + np.log10(HIGHEST))


def budget_column(runs: pl.DataFrame, budgets: Sequence[float] | None) -> tuple[Array, str]:
    """Each run's budget (FLOPs), NaN where it has none, and why there are no budgets at all."""
    numbered = runs.with_row_index("_row")
    try:
        grouped = group_by_budget(numbered, budgets, _WITHIN if budgets else 0.05)
    except FitError as error:
        return np.full(len(runs), np.nan), str(error)
    found = np.full(len(runs), np.nan)
    found[grouped["_row"].to_numpy()] = grouped["budget"].to_numpy()
    return found, ""


def measured_rows(runs: pl.DataFrame) -> dict[str, Any]:
    """Columns of measured runs as array facts."""
    return {f"row_{name}": runs[name].to_numpy() for name in ("N", "D", "C", "loss")}


def selected(runs: pl.DataFrame, text: str) -> pl.Series:
    """Whether each run answers to a condition such as ``C > 1e20 AND N < 1e10``.

    Polars reads it (its SQL for expressions: names of columns, numbers, comparisons, AND, OR, NOT
    and functions); nothing of it is run as code.

    Raises
    ------
    ValueError
        When it cannot be read, names no column, or is no condition.
    """
    # before 2.0 Polars reads 1.0e20 but not 1e20
    text = _BARE_POWER.sub(lambda m: f"{m[0]}.0" if m["whole"] else m[0], text)
    try:
        found = runs.select(pl.sql_expr(text).alias("kept"))["kept"]
    except pl.exceptions.ColumnNotFoundError:
        raise ValueError(f"there are the columns {', '.join(runs.columns)}") from None
    except pl.exceptions.PolarsError as error:
        raise ValueError(str(error).partition("\n")[0]) from None
    if found.dtype != pl.Boolean or len(found) != len(runs):
        raise ValueError("this is no condition; write one such as C > 1e20 AND N < 1e10")
    return found.fill_null(False)


def excluded_by(runs: pl.DataFrame, text: str) -> list[int]:
    """Numbers of the runs that a condition leaves out; none for an empty text."""
    if not text.strip():
        return []
    return [int(i) for i in np.flatnonzero(~selected(runs, text).to_numpy())]
