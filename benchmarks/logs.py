"""Training logs far larger than their result: time and memory, beside what one writes by hand.

    python -m benchmarks.logs --rows 100_000_000

Synthetic logs of 1,000 runs, a row a step and seven columns, go into Parquet files of 50 runs each,
written as time passes: the runs of a file are interleaved. Every row of the table is a process of
its own; the last two hold in memory what they read, which is the same four columns.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from scalewidgets.runs import read_curves, read_final_losses

RUNS = 1000
RUNS_A_FILE = 50
NEEDED = ["run_id", "params", "tokens", "train_loss"]


def write(folder: Path, rows: int) -> None:
    """``rows`` rows of logs, all runs equally long."""
    steps = rows // RUNS
    step = np.repeat(np.arange(1, steps + 1), RUNS_A_FILE)
    tokens = step * 2**19
    for first in range(0, RUNS, RUNS_A_FILE):
        rng = np.random.default_rng(first)
        run = np.tile(np.arange(first, first + RUNS_A_FILE), steps)
        params = 1e7 * 10 ** (run / 400)
        clean = 1.8 + 482 / params**0.35 + 2085 / tokens**0.37
        loss = clean + rng.normal(0, 0.05, len(run))
        columns = {"run_id": run, "step": step, "params": params, "tokens": tokens, "lr": 3e-4}
        frame = pl.DataFrame(columns).with_columns(
            pl.format("sweep-{}", pl.col("run_id")).alias("run_id"),
            pl.Series("train_loss", loss.astype(np.float32)),
            pl.Series("grad_norm", rng.random(len(run), dtype=np.float32)),
            host=pl.format("node{}", pl.col("run_id") % 8),
        )
        frame.write_parquet(folder / f"{first:04d}.parquet")


def final_by_hand(files: str) -> pl.DataFrame:
    """The last losses, everything needed read into memory first."""
    frame = pl.read_parquet(files, columns=NEEDED)
    return frame.group_by("run_id").agg(
        pl.col("params").first(), pl.all().exclude("params").sort_by("tokens").last()
    )


def curves_by_hand(files: str) -> pl.DataFrame:
    """Means of windows in log D, everything needed read into memory first."""
    window = (pl.col("tokens").log10() * 50).floor().alias("window")
    frame = pl.read_parquet(files, columns=NEEDED)
    return frame.group_by("run_id", window).agg(
        pl.col("params").first(), pl.col("tokens").log().mean().exp(), pl.col("train_loss").mean()
    )


TASKS: dict[str, Callable[[str], pl.DataFrame]] = {
    "read_final_losses": lambda files: read_final_losses(files, run="run_id"),
    "read_final_losses, last=100": lambda files: read_final_losses(files, run="run_id", last=100),
    "read_curves, points=200": lambda files: read_curves(files, run="run_id", points=200),
    "read_parquet, last of a group": final_by_hand,
    "read_parquet, windows": curves_by_hand,
}


def measure(task: str, files: str) -> None:
    """Print the row of one task: this process does nothing else."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = TASKS[task](files)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{task:32}{len(found):10,}{wall:9.1f}{cpu:9.1f}{peak:9.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--task", choices=["write", *TASKS], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.task == "write":
        write(arguments.folder, arguments.rows)
    elif arguments.task:
        measure(arguments.task, str(arguments.folder / "*.parquet"))
    else:
        compare(arguments.rows)


def compare(rows: int) -> None:
    """Every task in a process of its own. Writing, too: a process's peak counts its parent's."""
    program = [sys.executable, "-m", "benchmarks.logs", "--rows", str(rows)]
    with tempfile.TemporaryDirectory() as folder:
        here = ["--folder", folder]
        subprocess.run([*program, *here, "--task", "write"], check=True)
        size = sum(file.stat().st_size for file in Path(folder).iterdir()) / 1e9
        print(f"{rows:,} rows, {RUNS} runs, {size:.2f} GB of Parquet")
        print(f"{'':32}{'rows':>10}{'s':>9}{'CPU s':>9}{'peak GB':>9}", flush=True)
        for task in TASKS:
            subprocess.run([*program, *here, "--task", task], check=True)


if __name__ == "__main__":
    main()
