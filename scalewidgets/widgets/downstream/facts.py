"""What the DownstreamLab asks of the kernel: runs of a task, both steps fitted, models, numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from ...fitting import Fit, FitError, Objective
from ...fitting import fit as fit_law
from ...lawbook.expression import Array
from ...lawbook.quantity import format_quantity
from ...runs import load_runs, read_runs
from . import capability, emergence, ladder, signal, ushape
from .figures import SIGNAL_TO_NOISE, TARGETS, TASKS

DRAWS = 200
_GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0
_SEED = 7
_PLAIN = Objective("least_squares", log=False)


# --- runs -------------------------------------------------------------------------------------


def scored_runs(runs: Any) -> pl.DataFrame:
    """Runs with the loss of a task and its ``accuracy``, which ``1 - error`` is taken for.

    Raises
    ------
    ValueError
        Without either column, or where it is not between 0 and 1; rows are named.
    RunsError
        Runs that cannot be read.
    """
    table = read_runs(runs)
    if "accuracy" not in table.columns:
        if "error" not in table.columns:
            raise ValueError(
                "DownstreamLab: the runs have no column accuracy (nor error) beside N, D and the "
                f"loss of the task; they have {', '.join(table.columns)}"
            )
        table = table.with_columns(accuracy=1.0 - pl.col("error").cast(pl.Float64))
    table = table.with_columns(pl.col("accuracy").cast(pl.Float64))
    within = pl.col("accuracy").is_between(0.0, 1.0).fill_null(False)
    wrong = table.filter(~within)["run"].to_list()
    if wrong:
        raise ValueError(
            f"DownstreamLab: accuracy must be between 0 and 1, not so in runs {wrong[:10]}; "
            "divide percentages by 100"
        )
    return table


def published_runs(task: str) -> pl.DataFrame:
    """The runs behind a task's published constants, with those kept to see them foretold.

    Raises
    ------
    DatasetError
        When they cannot be had.
    """
    if task in TASKS:
        column = TASKS[task].column
        runs = load_runs("olmo_ladder", selection="all").filter(
            pl.col("role") == "ladder", ~pl.col("rerun"), pl.col("multiple") >= 1
        )
        return runs.with_columns(loss=pl.col(f"bpb_{column}"), accuracy=pl.col(f"acc_{column}"))
    data, count = task.rsplit("_", 1)
    runs = load_runs("gadre").filter(pl.col("data").str.to_lowercase() == data)
    return runs.with_columns(accuracy=1.0 - pl.col(f"error_{count}"))


def run_facts(runs: pl.DataFrame) -> dict[str, Any]:
    """Array facts of runs, and a name for each."""
    found: dict[str, Any] = {
        array: runs[cell.removeprefix("run_")].to_numpy() for cell, array in ladder.RUN_ROWS.items()
    }
    found["runs_name"] = [
        f"N {format_quantity(n)}, D {format_quantity(d)}, loss {loss:.3f}, score {score:.1%}"
        for n, d, loss, score in runs.select("N", "D", "loss", "accuracy").iter_rows()
    ]
    return found


# --- both steps, fitted -----------------------------------------------------------------------


@dataclass(frozen=True)
class Steps:
    """Both steps of a form, fitted to the same runs: a loss over N and D, a score over the loss."""

    form: str
    loss: Fit
    score: Fit

    def constants(self) -> dict[str, float]:
        """Cell to value."""
        return {
            ladder.fitted_cell(self.form, name): value
            for fit in (self.loss, self.score)
            for name, value in fit.params.items()
        }

    def draws(self) -> dict[str, Array]:
        """Cell to draws (draws,): each step's own bootstrap of its runs.

        The two are drawn apart, so that what they share of a run's luck is not in the intervals.
        """
        found: dict[str, Array] = {}
        for seed, fit in enumerate((self.loss, self.score)):
            drawn = fit.bootstrap(DRAWS, seed=seed).draws
            for name in fit.params:
                found[ladder.fitted_cell(self.form, name)] = drawn[name].to_numpy()
        whole = min(map(len, found.values()))  # of a draw that has no fit there is none
        return {cell: values[:whole] for cell, values in found.items()}


def fit_steps(form: str, runs: pl.DataFrame, largest: float) -> Steps:
    """Fits both steps to the models up to a size, as the papers did.

    Bhagia et al.: Huber on log loss; then least squares of the score with a point (loss 0, score 1)
    put in, -1 <= a <= 0 and 0 <= b <= 1; end points in place of their smoothed checkpoints. Gadre
    et al.: least squares of the loss and of the error, as they are.

    Parameters
    ----------
    form : str
        ``"ladder"`` or ``"gadre"``.
    runs : DataFrame
        Columns N, D, loss and accuracy.
    largest : float
        Parameters of the largest model that may be used.

    Raises
    ------
    FitError
        When there are no more of them than constants of the loss.
    """
    used = runs.filter(pl.col("N") < 1.001 * largest)
    first, second = ladder.steps(form)
    if used.height <= len(first.values):
        raise FitError(
            f"largest: {used.height} runs have at most {format_quantity(largest)} parameters, too "
            f"few for the {len(first.values)} constants of the loss; raise it"
        )
    output = second.output
    points = used.select(
        L="loss", **{output: pl.col("accuracy") if output == "accuracy" else 1 - pl.col("accuracy")}
    )
    losses = used.select("N", "D", "loss")
    if form == "gadre":
        return Steps(
            form,
            fit_law(first, losses, objective=_PLAIN),
            fit_law(second, points, objective=_PLAIN),
        )
    ideal = pl.DataFrame({"L": [0.0], output: [1.0]})
    return Steps(
        form,
        fit_law(first, losses, bounds={"E": (0.0, np.inf)}),
        fit_law(
            second,
            pl.concat([points, ideal]),
            objective=_PLAIN,
            bounds={"a": (-1.0, 0.0), "b": (0.0, 1.0)},
        ),
    )


# --- models -----------------------------------------------------------------------------------


def scored_models(models: Any) -> pl.DataFrame:
    """Models with their training compute ``C`` and their scores on the eight benchmarks.

    Raises
    ------
    ValueError
        When a column is missing, or a value is not a number in its range; rows are named.
    """
    table = models if isinstance(models, pl.DataFrame) else pl.DataFrame(models)
    needed = ["C", *capability.BENCHMARKS]
    missing = [name for name in needed if name not in table.columns]
    if missing:
        raise ValueError(
            f"DownstreamLab: the models have no column {missing[0]!r}; they need C (training "
            f"FLOPs) and scores from 0 to 1 as {', '.join(capability.BENCHMARKS)}"
        )
    table = table.with_columns(pl.col(needed).cast(pl.Float64))
    for name in needed:
        right = pl.col(name) > 0 if name == "C" else pl.col(name).is_between(0.0, 1.0)
        wrong = table.with_row_index().filter(~right.fill_null(False))["index"].to_list()
        if wrong:
            range_ = "positive" if name == "C" else "between 0 and 1"
            raise ValueError(
                f"DownstreamLab: {name} of the models must be {range_}, not so in rows {wrong[:10]}"
            )
    return table


def model_facts(models: pl.DataFrame) -> dict[str, Any]:
    """Array facts of models, and a name for each."""
    found: dict[str, Any] = {
        array: models[array.removeprefix("models_")].to_numpy()
        for array in capability.MODEL_ROWS.values()
    }
    named = models["model"].cast(pl.String).to_list() if "model" in models.columns else []
    found["models_name"] = named or [f"model {row}" for row in range(models.height)]
    return found


# --- numbers that never change ----------------------------------------------------------------


def still_facts() -> Mapping[str, Any]:
    """Rows, names and random numbers: the same in each lab, so that pictures can be compared."""
    from scipy.special import stdtrit  # 0.1 s to import

    rng = np.random.default_rng(_SEED)
    count = emergence.MOST_QUESTIONS
    chance = rng.random(count)
    noise = rng.standard_normal(count)
    noise = (noise - noise.mean()) / noise.std()  # the law of noise sees no luck
    sizes = np.geomspace(1e7, 1e13, 25)
    waits = rng.exponential(size=(emergence.MOST_PASSES, len(sizes)))
    found: dict[str, Any] = {
        "never": float("nan"),
        "zero": 0.0,
        "item_rank": np.arange(float(count)),
        "item_chance": chance,
        "item_noise": noise,
        "item_student": stdtrit(np.maximum(1.0, np.arange(float(count))), 0.975),
        "models_N": sizes,
        "models_turn": np.arange(len(sizes)) * _GOLDEN % 1.0,
        **{f"models_wait_{k}": wait for k, wait in enumerate(waits)},
        "target_rows": np.arange(float(len(TARGETS))),
        "target_N": np.array([n for n, _ in TARGETS.values()]),
        "target_D": np.array([d for _, d in TARGETS.values()]),
        "target_names": [f"{size}, measured" for size in TARGETS],
        "bar_rows": np.arange(float(len(TASKS))),
        "task_names": [task.label for task in TASKS.values()],
        "axis_rows": np.arange(float(len(capability.BENCHMARKS))),
        "axis_names": [name.replace("ARC_C", "ARC-Challenge") for name in capability.BENCHMARKS],
        "skill_rows": np.arange(float(len(capability.SLOTH))),
        "skill_names": [name.replace("_", " ") for name in capability.SLOTH],
        "u_rows": np.arange(float(ushape.MODELS)),
        "u_noise": noise[: ushape.MODELS],
        "snr_rows": np.arange(float(len(SIGNAL_TO_NOISE))),
        "snr_values": np.array(list(SIGNAL_TO_NOISE.values())),
        "snr_names": signal.snr_names(),
    }
    for size in TARGETS:
        one, two = ladder.printed_errors(size)
        found |= {f"bars_one_{size}": np.array(one), f"bars_two_{size}": np.array(two)}
    return found
