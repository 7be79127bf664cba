"""A fit does not depend on how its runs were handed over: order, units, types, pieces, threads."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from threadpoolctl import threadpool_limits

import scalewidgets as sw
from scalewidgets.fitting import problem

TRUTH = {"E": 1.8, "A": 480.0, "alpha": 0.35, "B": 2080.0, "beta": 0.37}
LAW = sw.Law("E + A/N**alpha + B/D**beta", constants=TRUTH)
# sizes and tokens that 32 bits hold exactly, so that types can be compared to the last digit
N = np.repeat([2**27, 2**28, 2**30, 2**32], 5)
D = np.tile([2**31, 2**33, 2**34, 2**36, 2**38], 4)
NOISE = np.random.default_rng(0).standard_normal(20)
LOSS = np.round(LAW.predict(N=N, D=D) * np.exp(0.005 * NOISE) * 2**16) / 2**16
RUNS = {"N": N, "D": D, "loss": LOSS}
KINDS = ["huber", "least_squares", "lad"]


@pytest.fixture(scope="module", params=KINDS)
def fitted(request: pytest.FixtureRequest) -> sw.Fit:
    return sw.fit(LAW, RUNS, objective=request.param)


def same(one: sw.Fit, other: sw.Fit, rel: float = 1e-6) -> None:
    assert one.status == other.status == "ok"
    assert one.params == pytest.approx(other.params, rel=rel)
    assert one.value == pytest.approx(other.value, rel=1e-9)
    assert one.stderr == pytest.approx(other.stderr, rel=1e-3)


def columns(dtype: Any) -> dict[str, Any]:
    return {name: values.astype(dtype) for name, values in RUNS.items()}


WAYS: dict[str, Callable[[], Any]] = {
    "float32": lambda: columns(np.float32),
    "float32 in Polars": lambda: pl.DataFrame(columns(np.float32)),
    "whole numbers": lambda: {**RUNS, "N": N.astype(np.int64), "D": D.astype(np.uint64)},
    "big-endian": lambda: columns(">f8"),
    "Decimal": lambda: {k: [Decimal(float(x)) for x in v] for k, v in RUNS.items()},
    "decimals in Polars": lambda: pl.DataFrame(RUNS).with_columns(
        pl.col("loss").cast(pl.Decimal(38, 16)), pl.col("N", "D").cast(pl.Decimal(38, 2))
    ),
    "text": lambda: {k: [repr(float(x)) for x in v] for k, v in RUNS.items()},
    "pandas objects": lambda: pd.DataFrame(RUNS, dtype=object),
    "Arrow": lambda: pa.table(RUNS),
    "a chunk a row": lambda: pl.concat(
        [pl.DataFrame(RUNS)[i : i + 1] for i in range(20)], rechunk=False
    ),
    "lazily": lambda: pl.LazyFrame(RUNS),
    "dicts": lambda: pl.DataFrame(RUNS).to_dicts(),
}


@pytest.mark.parametrize("way", WAYS)
def test_types_and_containers(fitted: sw.Fit, way: str) -> None:
    other = sw.fit(LAW, WAYS[way](), objective=fitted.objective)
    assert other.params == fitted.params
    assert other.covariance.tobytes() == fitted.covariance.tobytes()


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_rows(fitted: sw.Fit, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(20)
    same(sw.fit(LAW, pl.DataFrame(RUNS)[order], objective=fitted.objective), fitted)


def test_units(fitted: sw.Fit) -> None:
    runs = {"params": N / 1e6, "tokens": D / 1e9, "loss": LOSS / np.log(2)}
    table = sw.read_runs(runs, units={"N": "M", "D": "B", "loss": "bits"})
    same(sw.fit(LAW, table, objective=fitted.objective), fitted)


@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1e3, 1e6])
def test_the_scale_of_sizes(fitted: sw.Fit, scale: float) -> None:
    """From thousands to 1e15 and beyond: only A and B change, by what the units say."""
    table = sw.read_runs(RUNS).with_columns(pl.col("N", "D") * scale)
    other = sw.fit(LAW, table, objective=fitted.objective)
    found = dict(other.params)
    found["A"] /= scale ** found["alpha"]
    found["B"] /= scale ** found["beta"]
    assert other.status == "ok"
    assert found == pytest.approx(fitted.params, rel=1e-5)


def test_blocks(fitted: sw.Fit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many runs are summed a block after the other."""
    monkeypatch.setattr(problem, "_AT_ONCE", 1)
    monkeypatch.setattr(problem, "_BLOCK", 3)
    same(sw.fit(LAW, RUNS, objective=fitted.objective), fitted)


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_threads(fitted: sw.Fit, threads: int) -> None:
    with threadpool_limits(threads):
        other = sw.fit(LAW, RUNS, objective=fitted.objective)
        draws = other.bootstrap(20, seed=1).draws
    assert other.params == fitted.params
    assert draws.equals(fitted.bootstrap(20, seed=1).draws)


# --- what is no fit of a surface ------------------------------------------------------------------

SWEEP = sw.simulate_isoflop_data(LAW, [2e18, 2e19, 2e20], points=7).select(
    pl.col("N", "D", "loss").cast(pl.Float32).cast(pl.Float64)
)
CURVES = pl.concat(
    pl.DataFrame({"run": f"r{i}", "N": float(2**n), "D": [2.0**d for d in range(26, 40)]})
    for i, n in enumerate(range(24, 33, 2))
)
CURVES = CURVES.with_columns(
    loss=pl.Series(LAW.predict(N=CURVES["N"], D=CURVES["D"])).cast(pl.Float32).cast(pl.Float64)
)
MEASURED = pl.col("N", "D", "loss")
HANDED: dict[str, Callable[[pl.DataFrame], Any]] = {
    "float32": lambda table: table.with_columns(MEASURED.cast(pl.Float32)),
    "Decimal": lambda table: {
        name: [Decimal(x) if isinstance(x, float) else x for x in table[name]]
        for name in table.columns
    },
    "a chunk a row": lambda table: pl.concat(list(table.iter_slices(1)), rechunk=False),
    "lazily": lambda table: table.lazy(),
    "another order": lambda table: table.sample(fraction=1.0, shuffle=True, seed=1),
    "in thousands": lambda table: table.with_columns(pl.col("N", "D") / 1000),
}
FRONTIERS: dict[str, tuple[pl.DataFrame, Callable[..., Any]]] = {
    "approach 1": (CURVES, sw.approach_1),
    "approach 2": (SWEEP, sw.approach_2),
    "approach 3": (SWEEP, sw.approach_3),
}


@pytest.mark.parametrize("way", HANDED)
@pytest.mark.parametrize("approach", FRONTIERS)
def test_frontiers(approach: str, way: str) -> None:
    table, find = FRONTIERS[approach]
    given = HANDED[way](table)
    if way == "in thousands":
        given = sw.read_runs(given, units={"N": "K", "D": "K"})
    more = {"run": "run"} if approach == "approach 1" else {}
    first, other = find(table, **more), find(given, **more)
    for budget in (1e19, 1e22):
        assert other.N_opt(budget) == pytest.approx(first.N_opt(budget), rel=1e-6)
        assert other.D_opt(budget) == pytest.approx(first.D_opt(budget), rel=1e-6)
