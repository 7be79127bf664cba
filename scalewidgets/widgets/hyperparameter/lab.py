"""HyperparameterLab: learning rate, batch and weight decay by each law, and how far they differ."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import polars as pl
import traitlets

from ...allocation.compute.hyperparameters import suggest_hyperparameters
from ...lawbook.quantity import format_quantity, parse_quantity
from ...runs import load_runs, read_runs
from ..given import GIVEN, NONE, offered, one_of
from ..lab import Lab
from ..traits import Quantity
from ..vocabulary import Page
from .cells import COMPLETE, PAPERS, advised, paper
from .page import ASKS, POINT, hyperparameter_page

# Not step_law_moe: its N is what a token uses. With it the advice of Step Law is 1.0 % above the
# best run on average, with the parameters of all experts 0.16 %.
DATASETS = {NONE: "none", "step_law": "Step Law, dense"}
_LEVELS = np.array([0.0025, 0.005, 0.01, 0.02, 0.05])  # 0.25 % is what Step Law and DeepSeek allow
_NEAR = 0.01  # excess of loss at which a run is drawn at 1/e


class HyperparameterLab(Lab):
    """Learning rate, batch and weight decay for a run by each published law, and their spread.

    Parameters
    ----------
    runs : DataFrame and what else ``read_runs`` takes, or str, optional
        A grid of runs over ``lr`` (peak learning rate) and ``batch`` (tokens), or a data set's name
        (``"step_law"``): its loss basin at the N and D nearest to yours is drawn.
    **inputs
        Any input of the lab, such as ``N="7B"``, ``D="1.4T"``, ``along="D"``,
        ``follow="deepseek2024"``; ``loss``, ``lr`` and ``batch`` hold what else would follow.

    Notes
    -----
    Curves are dashed outside of the runs of their paper. See :func:`suggest_hyperparameters` for
    what each law counts.

    Examples
    --------
    >>> lab = HyperparameterLab(N="1B", D="20B", batch="1M")
    >>> lab.compared.filter(quantity="batch")["spread"][0] > 2
    True
    >>> lab
    HyperparameterLab(N=1B D=20B, Step Law: lr=0.000996 batch=1M decay=0.225)
    """

    asks = (*ASKS, *POINT)
    momentary = (
        *("grid_lr", "grid_batch", "grid_excess", "basin_lr", "basin_batch", "basin_near"),
        *("best_lr", "best_batch", "best_loss", "nearest_N", "nearest_D"),
        *(f"at_{slot}_{name}" for name in COMPLETE for slot in ("lr", "batch", "excess")),
        *(f"at_batch_{name}" for name in advised("batch")),
    )

    N = Quantity(5e8).tag(sync=True)
    D = Quantity(2e10).tag(sync=True)
    along = traitlets.Enum(["N", "D", "C"], "N").tag(sync=True)
    follow = traitlets.Enum(COMPLETE, COMPLETE[0]).tag(sync=True)
    dataset = traitlets.Unicode(NONE).tag(sync=True)
    wheel = traitlets.Dict(value_trait=traitlets.Float()).tag(sync=True)
    held = traitlets.Dict(value_trait=traitlets.Bool()).tag(sync=True)

    def __init__(self, runs: Any = None, **inputs: Any) -> None:
        self._given: pl.DataFrame | None = None
        if isinstance(runs, str) and runs in DATASETS:
            inputs.setdefault("dataset", runs)
        elif runs is not None:
            self._given = _checked(read_runs(runs))
            inputs.setdefault("dataset", GIVEN)
        wheel = {
            name: _positive(name, inputs.pop(name))
            for name in ("loss", "lr", "batch")
            if name in inputs
        }
        if wheel:
            inputs["wheel"] = {**inputs.get("wheel", {}), **wheel}
            inputs["held"] = {**inputs.get("held", {}), **dict.fromkeys(wheel, True)}
        super().__init__(**inputs)

    @traitlets.validate("dataset")
    def _known_dataset(self, proposal: Any) -> str:
        return one_of(proposal, self._datasets)

    # --- results as objects -------------------------------------------------------------------

    @property
    def compared(self) -> pl.DataFrame:
        """What each law advises at the point, as :func:`suggest_hyperparameters` gives it."""
        loss = self.wheel["loss"] if self.held.get("loss") and "loss" in self.wheel else None
        return suggest_hyperparameters(N=self.N, D=self.D, loss=loss)

    @property
    def runs(self) -> pl.DataFrame | None:
        """The runs behind the loss basin; None without."""
        if self.dataset == GIVEN:
            return self._given
        return None if self.dataset == NONE else load_runs(self.dataset)

    @property
    def basin(self) -> pl.DataFrame | None:
        """The runs at the N and D nearest to the point, with their ``excess`` of loss over the best
        of them (a share); None without runs."""
        runs = self.runs
        if runs is None:
            return None
        pairs = runs.select("N", "D").unique(maintain_order=True)
        away = np.log(pairs.to_numpy() / [self.N, self.D])
        nearest = runs.join(pairs[[int((away**2).sum(axis=1).argmin())]], on=["N", "D"])
        best = pl.col("loss").min()
        return nearest.with_columns(excess=(pl.col("loss") - best) / best)

    def __repr__(self) -> str:
        if self.problem:
            return f"HyperparameterLab(problem: {self.problem})"
        shown = self.sheet()
        rate, batch, decay = (shown.get(f"{name}_yours") for name in ("lr", "batch", "decay"))
        return (
            f"HyperparameterLab(N={format_quantity(self.N)} D={format_quantity(self.D)}, "
            f"{PAPERS[self.follow]}: lr={rate:.3g} batch={format_quantity(batch)} "
            f"decay={decay:.3g})"
        )

    # --- what the kernel knows ----------------------------------------------------------------

    def key(self) -> Hashable:
        """Without runs all is formulas: what is dragged asks nothing of the kernel."""
        return super().key() if self.dataset != NONE else self.dataset

    @property
    def _datasets(self) -> dict[str, str]:
        return offered(DATASETS, self._given)

    def page(self) -> Page:
        with_runs = self.dataset != NONE
        return self._page_for(with_runs, lambda: hyperparameter_page(self._datasets, with_runs))

    def facts_now(self) -> Mapping[str, Any]:
        facts: dict[str, Any] = {
            "rows": np.arange(len(PAPERS), dtype=float),
            "papers": list(PAPERS.values()),
        }
        basin = self.basin
        return facts if basin is None else facts | _run_facts(basin) | _law_facts(basin)

    def status(self) -> tuple[str, str]:
        if self.dataset == NONE:
            return "note", "No runs: choose a grid under Runs to see its loss basin."
        return "ok", ""


def _positive(name: str, value: Any) -> float:
    try:
        number = parse_quantity(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: {error}") from None
    if not 0 < number < float("inf"):
        raise ValueError(f"{name} must be positive and finite, not {value!r}")
    return number


def _checked(runs: pl.DataFrame) -> pl.DataFrame:
    missing = [name for name in ("lr", "batch") if name not in runs.columns]
    if missing:
        raise ValueError(
            f"runs: a loss basin needs the columns lr (peak learning rate) and batch (tokens); "
            f"missing: {', '.join(missing)}. Rename yours, such as "
            'runs.rename({"learning_rate": "lr"})'
        )
    return runs


# --- the loss basin ---------------------------------------------------------------------------


def _run_facts(basin: pl.DataFrame) -> dict[str, Any]:
    """The runs, their grid (not a number where no run is), and the best of them."""
    grid = basin.pivot("lr", index="batch", values="excess", aggregate_function="min").sort("batch")
    rates = sorted(basin["lr"].unique())
    best = basin.row(int(basin["loss"].to_numpy().argmin()), named=True)
    return {
        "grid_lr": np.array(rates),
        "grid_batch": grid["batch"].to_numpy().astype(float),
        "grid_excess": grid.select(map(str, rates)).to_numpy().astype(float).ravel(),
        "levels": _LEVELS,
        "basin_lr": basin["lr"].to_numpy(),
        "basin_batch": basin["batch"].to_numpy().astype(float),
        "basin_near": np.exp(-basin["excess"].to_numpy() / _NEAR),
        "basin_name": [f"+{excess:.2%}" for excess in basin["excess"]],
        "best_lr": float(best["lr"]),
        "best_batch": float(best["batch"]),
        "best_loss": float(best["loss"]),
        "nearest_N": float(best["N"]),
        "nearest_D": float(best["D"]),
    }


def _law_facts(basin: pl.DataFrame) -> dict[str, Any]:
    """Where each law would train at the N and D of the runs, and what that run gives away."""
    n, d, best = (float(basin[name].min()) for name in ("N", "D", "loss"))  # type: ignore[arg-type]
    table = suggest_hyperparameters(N=n, D=d, loss=best).fill_null(np.nan)
    facts: dict[str, Any] = {}
    for quantity, slot in {"learning rate": "lr", "batch": "batch"}.items():
        for law, value in table.filter(quantity=quantity).select("law", "value").iter_rows():
            facts[f"at_{slot}_{paper(law)}"] = value
    for name in COMPLETE:
        facts[f"at_excess_{name}"] = _given_away(
            basin, facts[f"at_lr_{name}"], facts[f"at_batch_{name}"]
        )
    return facts


def _given_away(basin: pl.DataFrame, rate: float, batch: float) -> float:
    """Loss of the run nearest to a law's advice over the best; not a number outside of the grid."""
    for name, value in {"lr": rate, "batch": batch}.items():
        if not (basin[name] <= value).any() or not (basin[name] >= value).any():
            return float("nan")
    far = (pl.col("lr") / rate).log() ** 2 + (pl.col("batch") / batch).log() ** 2
    return float(basin.sort(far)["excess"][0])
