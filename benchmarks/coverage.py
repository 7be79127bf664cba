"""How often intervals hold the truth: simulated studies, counted. A night's work, not a test.

    python -m benchmarks.coverage --studies 1000 --workers 2

A study is an isoFLOP sweep drawn from Besiroglu et al.'s surface (9 budgets of 15 runs, 0.5 % of
scatter in the loss), fitted and given 95 % intervals by each method. The table shows the share of
studies whose interval held the truth, and in brackets the intervals' typical width over that of the
first method in the table. By chance alone the share of 1,000 studies scatters by 0.7 %. Methods
that presuppose even scatter are not asked about uneven scatter. D_opt = C/(6 N_opt) is held where
N_opt is.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from typing import Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt
import polars as pl

from scalewidgets.fitting import Fit, fit
from scalewidgets.fitting.objective import KINDS, Kind
from scalewidgets.lawbook import Law, closed_form
from scalewidgets.runs import simulate_isoflop_data

Noise = Literal["normal", "heavy", "uneven"]
Method = Literal["covariance", "even", "uneven", "plain", "residual", "wild", "cluster"]
NOISES, METHODS = get_args(Noise), get_args(Method)
EVEN_ONLY = ("even", "residual")
BUDGETS = np.geomspace(6e18, 3e21, 9)
SCATTER = 0.005
FAR = 1e24  # FLOPs at which the optimum is asked: 300 times the largest budget
BIG = {"N": 70e9, "D": 1.4e12}
Intervals = dict[str, tuple[float, float]]
Row = tuple[str, str, bool, float]


class Job(NamedTuple):
    """A study, and by which methods it is judged."""

    kind: Kind
    noise: Noise
    points: int
    methods: Sequence[Method]
    resamples: int
    seed: int


def study(
    truth: Law, kind: Kind, seed: int, points: int = 15, noise: Noise = "normal", width: float = 0.6
) -> Fit:
    """A simulated sweep, fitted from the true constants."""
    clean = simulate_isoflop_data(truth, BUDGETS, points=points, noise=0.0, width=width)
    errors = SCATTER * scatter(np.random.default_rng(seed), clean, noise)
    runs = clean.with_columns(pl.col("loss") * np.exp(errors))
    return fit(truth, runs, objective=kind, start=truth.values)


def scatter(rng: np.random.Generator, runs: pl.DataFrame, noise: Noise) -> npt.NDArray[np.float64]:
    """Errors (runs,) of about unit size: normal, Student's with 3 degrees, or largest in small
    models as in the published runs of Chinchilla."""
    if noise == "heavy":
        return np.asarray(rng.standard_t(3, len(runs)) / np.sqrt(3.0))
    normal = rng.standard_normal(len(runs))
    if noise == "normal":
        return normal
    size = (runs["N"].to_numpy() / runs["N"].median()) ** -0.5
    return np.asarray(normal * np.minimum(size, 4.0))


def intervals(found: Fit, method: Method, resamples: int, seed: int) -> Intervals:
    """95 % intervals of the constants, and from a bootstrap of what follows from them."""
    if method == "covariance":
        return found.conf_int()
    if method in ("even", "uneven"):
        return found.profile(scatter=method).conf_int()
    by = "budget" if method == "cluster" else None
    boot = found.bootstrap(resamples, seed, method, by)
    return boot.conf_int() | {
        "a_N": boot.interval("a_N"),
        "N_opt": boot.interval("N_opt", C=FAR),
        "loss": boot.interval("loss", **BIG),
    }


def answers(truth: Law) -> dict[str, float]:
    """What the intervals should hold."""
    c = truth.values
    return {
        **c,
        "a_N": c["beta"] / (c["alpha"] + c["beta"]),
        "N_opt": float(truth.N_opt(FAR)),
        "loss": float(truth.predict(**BIG)),
    }


def counted(job: Job) -> list[Row]:
    """One study: method, quantity, whether it was held, and how wide the interval was."""
    truth = closed_form("besiroglu2024")
    right = answers(truth)
    found = study(truth, job.kind, job.seed, job.points, job.noise)
    rows: list[Row] = []
    for method in job.methods:
        for name, (low, high) in intervals(found, method, job.resamples, job.seed).items():
            rows.append((method, name, low <= right[name] <= high, high - low))
    return rows


def table(rows: list[Row]) -> str:
    """Methods down, quantities across."""
    found = pl.DataFrame(rows, schema=["method", "name", "held", "width"], orient="row")
    means: dict[tuple[str, str], tuple[float, float]] = {
        (r["method"], r["name"]): (r["held"], r["width"])
        for r in found.group_by("method", "name")
        .agg(pl.col("held").mean(), pl.col("width").median())
        .iter_rows(named=True)
    }
    methods, names = list(dict.fromkeys(found["method"])), list(dict.fromkeys(found["name"]))
    lines = [f"{'':18}" + "".join(f"{name:>16}" for name in names)]
    for method in methods:
        line = f"{method:18}"
        for name in names:
            if (method, name) not in means:
                line += f"{'':>16}"
                continue
            held, width = means[method, name]
            first = next(means[m, name][1] for m in methods if (m, name) in means)
            line += f"{100 * held:.1f} % ({width / first:.2f})".rjust(16)
        lines.append(line)
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--points", type=int, default=15, help="runs a budget")
    parser.add_argument("--objectives", nargs="+", default=list(KINDS))
    parser.add_argument("--noise", nargs="+", choices=NOISES, default=["normal", "uneven"])
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    os.environ["TQDM_DISABLE"] = "1"  # the workers' bars
    with ProcessPoolExecutor(given.workers) as pool:
        for kind, noise in product(given.objectives, given.noise):
            start = time.monotonic()
            methods = [m for m in given.methods if noise != "uneven" or m not in EVEN_ONLY]
            jobs = [
                Job(kind, noise, given.points, methods, given.resamples, seed)
                for seed in range(given.studies)
            ]
            rows = [row for part in pool.map(counted, jobs, chunksize=4) for row in part]
            print(
                f"\n{kind}, {noise} scatter: {given.studies} studies of {9 * given.points} "
                f"runs, {given.resamples} resamples, {time.monotonic() - start:.0f} s"
            )
            print(table(rows), flush=True)


if __name__ == "__main__":
    main()
