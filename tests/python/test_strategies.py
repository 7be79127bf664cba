"""Strategies side by side in the same world."""

import numpy as np
import pytest

import scalewidgets as sw
from scalewidgets.allocation import compare_strategies
from scalewidgets.allocation.surfaces import with_repetition
from scalewidgets.lawbook.precision import with_precision

LAW = sw.law("besiroglu2024")
WORLD = with_precision(with_repetition(LAW))
NAMES = ["chinchilla", "inference-aware", "data-limited", "precision-aware", "all together"]


def test_all_plans_meet_the_same_world() -> None:
    table = compare_strategies(
        LAW, C=1e22, inference_tokens=1e12, unique_tokens="25B", served_bits=4
    )
    assert table["strategy"].to_list() == NAMES
    for row in table.iter_rows(named=True):
        bits = dict.fromkeys(("P_w", "P_a", "P_kv"), row["bits"])
        expected = WORLD.predict(N=row["N"], D=row["D"], U=25e9, P_post=4.0, **bits)
        assert row["loss"] == pytest.approx(float(expected), rel=1e-12)
        assert row["total_flops"] == row["train_flops"] + 2 * row["N"] * 1e12
        assert row["epochs"] == pytest.approx(row["D"] / 25e9)
    best = table.row(4, named=True)
    assert best["loss"] == pytest.approx(best["planned_loss"], rel=1e-12)
    assert best["loss"] == table["loss"].min()
    # whoever forgets the world believes in less loss than there will be
    assert np.all(table["planned_loss"].to_numpy()[:4] < table["loss"].to_numpy()[:4])


def test_a_strategy_plans_with_its_own_concern_only() -> None:
    table = compare_strategies(LAW, C=1e22, inference_tokens=1e12, unique_tokens=25e9)
    plans = [
        sw.allocate(LAW, C=1e22),
        sw.allocate(LAW, C=1e22, inference_tokens=1e12),
        sw.allocate(LAW, C=1e22, unique_tokens=25e9),
        sw.allocate(LAW, C=1e22, precision=True),
    ]
    assert table["N"].to_list()[:4] == [plan.N for plan in plans]
    assert table["planned_loss"].to_list()[:4] == [plan.loss for plan in plans]


def test_only_the_concerns_that_there_are() -> None:
    def names(**asked: float | bool) -> list[str]:
        return compare_strategies(LAW, C=1e22, **asked)["strategy"].to_list()

    assert names(precision=False) == ["chinchilla"]
    assert names() == ["chinchilla", "precision-aware"]
    assert names(precision=False, inference_tokens=1e12) == ["chinchilla", "inference-aware"]
    assert names(inference_tokens=1e12)[-1] == "all together"


def test_intervals_hold_the_plans() -> None:
    fit = sw.fit(LAW, sw.simulate_isoflop_data(LAW, [1e19, 1e20, 1e21], points=11, seed=3))
    boot = fit.bootstrap(100)
    table = compare_strategies(fit, C=1e22, inference_tokens=1e12, unique_tokens=1e11, draws=boot)
    for name in ("N", "D", "loss"):
        low, value, high = (table[c].to_numpy() for c in (f"{name}_low", name, f"{name}_high"))
        assert np.all((low < value) & (value < high)), name
