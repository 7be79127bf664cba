"""Held-out errors: against fits by hand and runs whose law is known."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import polars as pl
import pytest

import scalewidgets as sw
from scalewidgets.fitting import cross_validate, rollout

TRUTH = {"E": 1.8, "A": 480.0, "alpha": 0.35, "B": 2080.0, "beta": 0.37}
LAW = sw.Law("E + A/N**alpha + B/D**beta", constants=TRUTH, id="both")


@pytest.fixture(scope="module")
def runs() -> pl.DataFrame:
    return sw.simulate_isoflop_data(LAW, np.geomspace(6e18, 3e21, 6), 9, 0.005, 0, width=0.6)


def test_a_budget_left_out_is_predicted_by_a_fit_to_the_others(runs: pl.DataFrame) -> None:
    noisy = runs.with_columns(C=pl.col("C") * (1.0 + 1e-15 * pl.col("run")))
    found = cross_validate(LAW, noisy, by="C", objective="lad")
    assert found.asked == len(found.fits) == len(found.summary) == 6
    one = found.errors.filter(pl.col("fold") == 2)
    assert one["run"].to_list() == list(range(18, 27))
    rest, out = runs.filter(~pl.col("run").is_in(one["run"])), runs[18:27]
    fit = sw.fit(LAW, rest, objective="lad")
    expected = np.log(fit.predict(N=out["N"], D=out["D"]) / out["loss"].to_numpy())
    np.testing.assert_allclose(one["error"], expected, rtol=1e-9)
    row = found.summary.row(2, named=True)
    assert (row["fitted"], row["held_out"]) == (45, 9)
    assert row["bias"] == pytest.approx(expected.mean(), rel=1e-9)
    assert row["rmse"] == pytest.approx(np.sqrt(np.mean(expected**2)), rel=1e-9)
    assert row["rmse_fitted"] == pytest.approx(np.sqrt(np.mean(fit.residuals**2)), rel=1e-9)
    assert found.rmse == pytest.approx(np.sqrt(np.mean(found.errors["error"].to_numpy() ** 2)))


def test_every_run_is_held_out_once_in_folds_of_one_size(runs: pl.DataFrame) -> None:
    found = cross_validate(LAW, runs)
    assert sorted(found.errors["run"]) == list(range(54))
    assert sorted(found.summary["held_out"]) == [5] * 6 + [6] * 4
    assert found.errors.equals(cross_validate(LAW, runs).errors)
    assert not found.errors.equals(cross_validate(LAW, runs, seed=1).errors)
    assert str(found).startswith("both, 10 of 10 folds: 54 runs held out with bias ")


def test_noise_is_found_and_a_poorer_law_seen(runs: pl.DataFrame) -> None:
    only_n = sw.Law("E + A/N**alpha", constants={k: TRUTH[k] for k in ("E", "A", "alpha")})
    good = cross_validate(LAW, runs)
    assert good.rmse == pytest.approx(0.005, rel=0.25)
    assert cross_validate(only_n, runs).rmse > 3 * good.rmse


def test_groups_stay_together_and_weights_of_zero_out(runs: pl.DataFrame) -> None:
    keep = np.arange(54) % 9 > 0
    found = cross_validate(LAW, runs, folds=3, by="budget", weights=keep)
    assert found.errors.group_by("fold").agg(pl.len())["len"].to_list() == [16] * 3
    joined = found.errors.join(runs.select("run", "budget"), on="run")
    assert joined.group_by("budget").agg(pl.col("fold").n_unique())["fold"].max() == 1
    assert not found.errors["run"].is_in(runs["run"].filter(~pl.Series(keep))).any()


def test_an_executor_gives_the_same(runs: pl.DataFrame, faulty: Any) -> None:
    here = cross_validate(LAW, runs, folds=4)
    with ThreadPoolExecutor(2) as pool:
        assert cross_validate(LAW, runs, folds=4, executor=pool).errors.equals(here.errors)
    with pytest.warns(UserWarning, match="cross_validate: 2 of 4 fits were lost by the executor"):
        there = cross_validate(LAW, runs, folds=4, executor=faulty(2))
    assert there.errors.equals(here.errors)


def test_an_interrupt_keeps_what_is_done(
    runs: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = rollout.fit_law, iter([1, 2, 3])

    def third_is_interrupted(*args: Any, **options: Any) -> Any:
        if next(calls) == 3:
            raise KeyboardInterrupt
        return real(*args, **options)

    monkeypatch.setattr(rollout, "fit_law", third_is_interrupted)
    with pytest.warns(UserWarning, match="cross_validate interrupted: 2 of 4 folds kept"):
        found = cross_validate(LAW, runs, folds=4)
    assert (found.asked, len(found.fits), len(found.summary)) == (4, 2, 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "size"}, "no column 'size'; there are run, N, D, C"),
        ({"by": "gaps"}, "'gaps' is empty for 1 of 54 runs"),
        ({"folds": 1}, "54 groups of runs make no 1 folds; folds are 2 or more"),
        ({"folds": 0}, "make no 0 folds"),
        ({"folds": 7, "by": "budget"}, "6 groups of runs make no 7 folds"),
        ({"weights": [1.0]}, "cross_validate: weights must be 54 numbers"),
        ({"folds": 2, "by": "few"}, "cannot determine 5 constants"),
    ],
)
def test_what_cannot_be_dealt_is_refused(
    runs: pl.DataFrame, options: dict[str, Any], message: str
) -> None:
    table = runs.with_columns(
        gaps=pl.when(pl.col("run") > 0).then(pl.col("run")), few=(pl.col("run") < 4).cast(pl.Int64)
    )
    with pytest.raises(sw.FitError, match=message):
        cross_validate(LAW, table, **options)
