"""What is on the FitLab's screen as a cell of Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..given import GIVEN
from ..study import written
from .study import HIGHEST, HOFFMANN_BUDGETS, LOWEST, TRUTHS

if TYPE_CHECKING:
    from .lab import FitLab


def code(lab: FitLab) -> str:
    """The cell; ``{C}`` in it stands for where the optima are compared."""
    lines = ["import numpy as np", "import polars as pl", "import scalewidgets as sw", ""]
    lines += [*_runs(lab), *_changes(lab), *_fits(lab)]
    return "\n".join(lines) + "\n"


def _runs(lab: FitLab) -> list[str]:
    simulation = lab.simulation
    if simulation is None:
        if lab.dataset == GIVEN:
            return ["runs = sw.read_runs(runs)  # the table that you gave to the lab"]
        return [f"runs = sw.load_runs({lab.dataset!r})"]
    _, law, constants = TRUTHS[lab.truth]
    chosen = "" if constants is None else f", constants={constants!r}"
    grid = "".join(f", {name}={value!r}" for name, value in simulation.grid.items())
    return [
        f"truth = sw.law({law!r}{chosen})",
        f"budgets = np.geomspace({LOWEST!r}, {HIGHEST!r}, {lab.budget_count})",
        f"runs = sw.simulate_isoflop_data(truth, budgets, points={lab.points}, "
        f"noise={lab.noise!r}, seed={lab.seed}{grid})",
    ]


def _changes(lab: FitLab) -> list[str]:
    lines = ["weights = np.ones(len(runs))"]
    if lab.excluded:
        lines.append(f"weights[{sorted(set(lab.excluded))}] = 0.0  # left out")
    if lab.nudged:
        rows = [int(row) for row in lab.nudged[::2]]
        lines += [
            "moved = np.ones(len(runs))",
            f"moved[{rows}] = {list(lab.nudged[1::2])}  # losses changed by hand",
            'runs = runs.with_columns(pl.col("loss") * pl.Series(moved))',
        ]
    return lines


def _fits(lab: FitLab) -> list[str]:
    held = {n: v for n, v in lab.wheel.items() if lab.held.get(n) and n in written(lab.law)}
    given = "law" if lab.law_name == GIVEN else repr(lab.law_name)
    options = [given, "runs", f"objective={lab.objective!r}"]
    if lab.objective == "huber":
        options.append(f"delta={lab.delta!r}")
    if held:
        options.append(f"fixed={held!r}".replace("{", "{{").replace("}", "}}"))
    lines = [
        f"fit = sw.fit({', '.join(options)}, weights=weights)",
        "print(fit.summary())",
        "fit.N_opt({C}), fit.D_opt({C})",
    ]
    if lab.isoflop is None:
        return lines
    budgets = ""
    if lab.dataset == "chinchilla":
        budgets = f", budgets={list(HOFFMANN_BUDGETS)}, within=0.1"
    return [
        f"isoflop = sw.approach_2(runs.filter(weights > 0), curve={lab.curve!r}{budgets})",
        "isoflop.N_opt({C}), isoflop.D_opt({C})",
        *lines,
    ]
