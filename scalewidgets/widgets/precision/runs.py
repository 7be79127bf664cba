"""Runs in few bits beside the PrecisionLab's laws: each against the same run in 16 bits.

Corpora and tokenisers differ between papers, so that a loss says little by itself. What the bits
have added to it can be compared: the log of a run's loss over that of the same N and D in 16 bits.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from ...lawbook import expression as ex
from ...lawbook.precision import BASELINE
from ...lawbook.quantity import format_quantity
from ...runs import load_runs, read_runs
from ..given import NONE
from ..vocabulary import Axis, Plot, Points, Rule
from .cells import QAT_BITS, full, laid_out, trained, tree

DATASETS = {NONE: "none", "quartet": "Quartet (Castro et al. 2025), forward pass in 4 bits"}
ROWS = {f"run_{name}": f"runs_{name}" for name in ("N", "D", "P", "loss", "full")}
# Law to its colour and label.
LAWS = {
    "kumar": ("law", "integer weights and activations"),
    "sun": ("second", "float, best layout"),
    "chen": ("third", "QAT in 4 bits"),
}
_SAME = 6  # significant digits of N and D by which two runs are of one size and length


def paired(runs: Any) -> pl.DataFrame:
    """Runs in few bits, each with the loss of the same run in 16 bits.

    Parameters
    ----------
    runs : table
        As :func:`scalewidgets.read_runs` takes it, with the column ``P``: bits of weights and
        activations in training, 16 for the runs to compare with. ``forward_bits`` stands for it,
        as in Quartet's table; then runs whose ``backward_bits`` are not 16 are left out, because
        the laws are about the forward pass.

    Returns
    -------
    polars.DataFrame
        ``N``, ``D``, ``P``, ``loss``, ``full`` (loss in 16 bits, the mean where there are several)
        and ``name``. Runs without a partner in 16 bits are left out.

    Raises
    ------
    ValueError
        When bits are missing or wrong, or no run has a partner.
    """
    table = read_runs(runs)
    bits = next((name for name in ("P", "forward_bits") if name in table.columns), None)
    if bits is None:
        raise ValueError(
            "PrecisionLab: the runs have no column P, the bits of weights and activations in "
            "training (16 for full precision); rename yours to P"
        )
    table = table.with_columns(P=pl.col(bits).cast(pl.Float64, strict=False))
    wrong = table.filter(~pl.col("P").is_between(1, BASELINE).fill_null(False))["run"].to_list()
    if wrong:
        raise ValueError(f"PrecisionLab: bits must be 1 to 16, not so in runs {wrong[:10]}")
    if bits == "forward_bits" and "backward_bits" in table.columns:
        table = table.filter(pl.col("backward_bits") == BASELINE)
    size = [pl.col(name).round_sig_figs(_SAME).alias(f"same_{name}") for name in ("N", "D")]
    table = table.with_columns(size)
    same = ["same_N", "same_D"]
    whole = table.filter(pl.col("P") == BASELINE)
    whole = whole.group_by(same).agg(full=pl.col("loss").mean())
    few = table.filter(pl.col("P") < BASELINE).join(whole, on=same, maintain_order="left")
    if few.is_empty():
        raise ValueError(
            "PrecisionLab: no run in fewer than 16 bits has a partner of the same N and D in 16; "
            "the laws are held to what bits add to the loss, so both are needed"
        )
    told = [_name(row) for row in few.iter_rows(named=True)]
    return few.select("N", "D", "P", "loss", "full", name=pl.Series(told))


def _name(row: dict[str, Any]) -> str:
    kind = f"{row['forward']}, " if row.get("forward") else ""
    size = f"N {format_quantity(row['N'])}, D {format_quantity(row['D'])}"
    return f"{kind}{row['P']:g} bits, {size}"


def load(name: str) -> pl.DataFrame:
    """The pairs of a public data set."""
    return paired(load_runs(name))


def run_facts(pairs: pl.DataFrame) -> dict[str, Any]:
    facts: dict[str, Any] = {f"runs_{n}": pairs[n].to_numpy() for n in ("N", "D", "P", "loss")}
    return {**facts, "runs_full": pairs["full"].to_numpy(), "runs_name": pairs["name"].to_list()}


def run_formulas() -> dict[str, ex.Tree | str]:
    """What the bits of a run added, by each law and as measured, in log loss."""
    predicted: dict[str, ex.Tree] = {
        "kumar": trained("run_N", "run_D", P_w="run_P", P_a="run_P"),
        "sun": laid_out("run_N", "run_D", "run_P"),
        "chen": tree("chen", "loss", N="run_N", D="run_D", G="Bk"),
    }
    found: dict[str, ex.Tree | str] = {
        "none_left": 0.0,
        "run_ratio": "run_D/run_N",
        "run_added": "log(run_loss/run_full)",
        # of Chen et al.'s runs none had other bits
        "run_qat": f"where(max(run_P - {QAT_BITS!r}, {QAT_BITS!r} - run_P) < 0.01, 0, 0/0)",
    }
    for role, loss in predicted.items():
        added: ex.Tree = ("log", ("/", loss, full(role, "run_N", "run_D")))
        found[f"run_{role}"] = ("+", added, "run_qat") if role == "chen" else added
        found[f"residual_{role}"] = f"run_added - run_{role}"
    return found


def run_plots() -> list[Plot]:
    ratio = Axis("training tokens per parameter", format=".3~r")

    def points(prefix: str) -> list[Points]:
        return [
            Points(ROWS, "run_ratio", f"{prefix}_{role}", label, color, radius=2.6)
            for role, (color, label) in LAWS.items()
        ]

    measured = Points(
        ROWS, "run_ratio", "run_added", "measured", "runs", names="runs_name", radius=4.0
    )
    return [
        Plot(
            "runs",
            "Runs: what few bits added to the loss, measured and by each law",
            ratio,
            Axis("log of loss over that in 16 bits", "linear", format=".1%"),
            [measured, *points("run")],
        ),
        Plot(
            "residuals",
            "Residuals: measured less predicted",
            ratio,
            Axis("log residual", "linear", format="+.1%"),
            [Rule("y", "none_left", ""), *points("residual")],
        ),
    ]
