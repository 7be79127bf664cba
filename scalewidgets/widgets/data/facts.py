"""What the DataLab's kernel sends for each question: numbers, arrays and names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from ...lawbook import Law
from ...lawbook import expression as ex
from ...lawbook.expression import Array
from ...lawbook.quantity import format_quantity
from .mixtures import Mixed, loss_of

_REPEAT_LEVELS = np.linspace(-0.06, 0.3, 10)  # lines of equal loss, in its log, from the best on
# Lines of equal loss over a triangle, as shares of the way from its least loss to its greatest.
_MIX_LEVELS = np.array([0.005, 0.02, 0.05, 0.1, 0.17, 0.26, 0.37, 0.5, 0.65, 0.82])
_BEST_PREDICTED = 16


def repeat_facts(law: Law, least: float, runs: pl.DataFrame | None) -> dict[str, Any]:
    """Constants, lines around the ``least`` loss, and the runs."""
    facts: dict[str, Any] = {f"fit_{name}": value for name, value in law.values.items()}
    facts["levels"] = least * np.exp(_REPEAT_LEVELS)
    if runs is not None:
        facts |= {f"runs_{n}": runs[n].to_numpy() for n in ("N", "D", "U", "loss")}
        facts["runs_name"] = [
            f"N {format_quantity(n)}, D {format_quantity(d)}, U {format_quantity(u)}"
            for n, d, u in runs.select("N", "D", "U").iter_rows()
        ]
    return facts


def with_unique_tokens(runs: pl.DataFrame) -> pl.DataFrame:
    """Runs that say how many of their tokens are different; others are refused."""
    if "U" not in runs.columns:
        raise ValueError(
            "DataLab: the runs have no column U, the unique tokens of each; rename yours to U, or "
            "write runs.with_columns(U=pl.col('D')) where nothing was repeated"
        )
    wrong = runs.filter(~(pl.col("U").cast(pl.Float64) > 0).fill_null(False))["run"].to_list()
    if wrong:
        raise ValueError(f"DataLab: unique tokens U must be positive, not so in runs {wrong[:10]}")
    return runs.with_columns(pl.col("U").cast(pl.Float64))


# --- mixing -----------------------------------------------------------------------------------


def mix_facts(
    shown: Mixed,
    mixture: Mapping[str, float],
    best: Mapping[str, float],
    in_triangle: Mapping[str, float],
    cells: Mapping[str, float],
    runs: pl.DataFrame | None,
) -> dict[str, Any]:
    """The best mixtures, lines of equal loss, and measured mixtures where there are ``runs``.

    ``in_triangle`` is the best while the domains at no corner have their shares of ``mixture``;
    ``cells`` are what the law reads beside shares.
    """
    law = shown.law
    facts: dict[str, Any] = {f"ideal_{name}": share for name, share in best.items()}
    facts |= {f"slice_{name}": in_triangle[name] for name in shown.corners}
    facts |= {f"rest_{name}": mixture[name] for name in shown.others}
    facts |= {
        "mix_levels": _levels(shown, mixture, cells),
        "bar_rows": np.arange(float(len(law.domains))),
        "domain_names": list(law.domains),
    }
    return facts if runs is None else facts | _measured(shown, runs)


def _levels(shown: Mixed, mixture: Mapping[str, float], cells: Mapping[str, float]) -> Array:
    """Levels for the losses that there are in the triangle."""
    top, right = (side.ravel() for side in np.mgrid[0:1:31j, 0:1:31j])
    inside = top + right <= 1.0 + 1e-9
    corners = np.array([1.0 - top - right, right, top])[:, inside].clip(1e-3, None)
    room = sum(mixture[name] for name in shown.corners)
    values: dict[str, Any] = {**cells, **{f"r_{n}": mixture[n] for n in shown.others}}
    values |= {f"r_{n}": room * part for n, part in zip(shown.corners, corners, strict=True)}
    (losses,) = ex.Program([shown.law.tree])(values)
    low, high = float(np.min(losses)), float(np.max(losses))
    return np.asarray(low + (high - low) * _MIX_LEVELS)


def _measured(shown: Mixed, runs: pl.DataFrame) -> dict[str, Any]:
    """The mixtures of RegMix's proxies: their shares, what the law predicts and what was found."""
    from scipy.stats import spearmanr

    law = shown.law
    columns = [f"r_{name}" for name in law.domains]
    (predicted,) = ex.Program([law.tree])({name: runs[name].to_numpy() for name in columns})
    order = np.argsort(predicted)[:_BEST_PREDICTED]
    trusted = {name: float(runs[f"r_{name}"].gather(order).mean()) for name in law.domains}  # type: ignore[arg-type]
    return {
        **{f"runs_{name}": runs[f"r_{name}"].to_numpy() for name in shown.corners},
        "runs_predicted": predicted,
        "runs_loss": runs["loss"].to_numpy(),
        "runs_name": [f"mixture {run}" for run in runs["run"]],
        "rank_correlation": float(spearmanr(predicted, runs["loss"]).statistic),
        "least_measured": float(runs["loss"].min()),  # type: ignore[arg-type]
        "trusted_loss": loss_of(shown.name, trusted, {}),
        "trusted_pile_cc": trusted["pile_cc"],
    }
