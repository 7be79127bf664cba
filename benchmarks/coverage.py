"""How often intervals hold the truth: simulated studies, counted. A night's work, not a test.

    python -m benchmarks.coverage --studies 1000 --workers 2

A study is an isoFLOP sweep drawn from Besiroglu et al.'s surface (9 budgets of 15 runs, 0.5 % of
scatter in the loss), fitted and given 95 % intervals by each method. The table shows the share of
studies whose interval held the truth, and in brackets the intervals' typical width over that of the
covariance. By chance alone the share of 1,000 studies scatters by 0.7 %.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import polars as pl

from scalewidgets.fitting import Fit, fit
from scalewidgets.fitting.objective import Kind
from scalewidgets.lawbook import Law, law
from scalewidgets.runs import simulate_isoflop_data

Noise = Literal["normal", "heavy", "uneven"]
NOISES = get_args(Noise)
BUDGETS = np.geomspace(6e18, 3e21, 9)
SCATTER = 0.005
FAR = 1e24  # FLOPs at which the optimum is asked: 300 times the largest budget
BIG = {"N": 70e9, "D": 1.4e12}
Intervals = dict[str, tuple[float, float]]


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
        return rng.standard_t(3, len(runs)) / np.sqrt(3.0)
    normal = rng.standard_normal(len(runs))
    if noise == "normal":
        return normal
    size = (runs["N"].to_numpy() / runs["N"].median()) ** -0.5
    return np.asarray(normal * np.minimum(size, 4.0))


def intervals(found: Fit, resamples: int, seed: int) -> Iterator[tuple[str, Intervals]]:
    """95 % intervals by every method; the bootstraps' of predictions too."""
    yield "covariance", found.conf_int()
    for shape in ("even", "uneven"):
        yield f"profile, {shape}", found.profile(scatter=shape).conf_int()
    for kind in ("plain", "residual"):
        boot = found.bootstrap(resamples, seed, kind=kind)
        yield (
            kind,
            boot.conf_int()
            | {
                "a_N": boot.interval("a_N"),
                "N_opt": boot.interval("N_opt", C=FAR),
                "loss": boot.interval("loss", **BIG),
            },
        )


def answers(truth: Law) -> dict[str, float]:
    """What the intervals should hold."""
    c = truth.values
    return {
        **c,
        "a_N": c["beta"] / (c["alpha"] + c["beta"]),
        "N_opt": float(truth.N_opt(FAR)),
        "loss": float(truth.predict(**BIG)),
    }


def counted(job: tuple[Kind, Noise, int, int, int]) -> list[tuple[str, str, bool, float]]:
    """One study: method, quantity, whether it was held, and how wide the interval was."""
    kind, noise, points, resamples, seed = job
    truth = law("besiroglu2024")
    right = answers(truth)
    found = study(truth, kind, seed, points, noise)
    rows = []
    for method, given in intervals(found, resamples, seed):
        for name, (low, high) in given.items():
            rows.append((method, name, low <= right[name] <= high, high - low))
    return rows


def table(rows: list[tuple[str, str, bool, float]]) -> str:
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
            line += f"{100 * held:>8.1f} % ({width / first:4.2f})"[:16].rjust(16)
        lines.append(line)
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--points", type=int, default=15, help="runs a budget")
    parser.add_argument("--objectives", nargs="+", default=["least_squares", "huber"])
    parser.add_argument("--noise", nargs="+", choices=NOISES, default=["normal", "uneven"])
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    os.environ["TQDM_DISABLE"] = "1"  # the workers' bars
    with ProcessPoolExecutor(given.workers) as pool:
        for kind in given.objectives:
            for noise in given.noise:
                start = time.monotonic()
                jobs: list[Any] = [
                    (kind, noise, given.points, given.resamples, seed)
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
