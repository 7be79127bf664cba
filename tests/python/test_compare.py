"""Comparisons of laws: closed forms, SciPy's densities, simulated studies with known truth."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import integrate, optimize, stats

import scalewidgets as sw
from scalewidgets.fitting.compare import (
    best_log_likelihood,
    compare_fits,
    likelihood_ratio,
    log_likelihood,
)
from scalewidgets.fitting.rollout import RollOut, roll_out

pytestmark = pytest.mark.slow

TRUTH = {"E": 1.8, "A": 480.0, "alpha": 0.35, "B": 2080.0, "beta": 0.37}
LAW = sw.Law("E + A/N**alpha + B/D**beta", constants=TRUTH, id="both")
ONLY_N = sw.Law("E + A/N**alpha", constants={k: TRUTH[k] for k in ("E", "A", "alpha")}, id="one")
EXACT = sw.simulate_isoflop_data(LAW, np.geomspace(6e18, 3e21, 6), points=9, noise=0.0, width=0.6)
KINDS = ["huber", "least_squares", "lad"]


def sweep(seed: int = 0, noise: float = 0.005) -> pl.DataFrame:
    scatter = np.random.default_rng(seed).standard_normal(len(EXACT))
    return EXACT.with_columns(pl.col("loss") * np.exp(noise * scatter))


# --- the likelihood -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def r() -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return 0.005 * np.random.default_rng(3).standard_t(3, 200)


def test_least_squares_is_scipys_normal(r: np.ndarray) -> None:  # type: ignore[type-arg]
    expected = stats.norm.logpdf(r, scale=np.sqrt(np.mean(r**2))).sum()
    found = best_log_likelihood(sw.Objective("least_squares"), r, np.ones(len(r)))
    assert found == pytest.approx(expected, rel=1e-12)


def test_absolute_deviations_are_scipys_laplace(r: np.ndarray) -> None:  # type: ignore[type-arg]
    expected = stats.laplace.logpdf(r, scale=np.mean(np.abs(r))).sum()
    found = best_log_likelihood(sw.Objective("lad"), r, np.ones(len(r)))
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    "objective",
    [
        *(sw.Objective("huber", delta) for delta in (1e-4, 5e-3, 1.0)),
        *(sw.Objective(kind, 5e-3, over=3.0) for kind in ("huber", "least_squares", "lad")),
    ],
    ids=str,
)
def test_every_objective_has_a_density(r: np.ndarray, objective: sw.Objective) -> None:  # type: ignore[type-arg]
    """Normalised by quadrature, its scale sought by SciPy over a wide range."""
    delta = objective.delta
    unit = 0.005  # residuals in units of their size suit the quadrature

    def negative(log_scale: float) -> float:
        s = np.exp(log_scale)
        total, _ = integrate.quad(
            lambda x: float(np.exp(-objective.rho(np.array(x * unit)) / s)),
            *(-400, 400),
            points=[-delta / unit, 0, delta / unit],
            limit=500,
        )
        return len(r) * np.log(total * unit) + float(objective.rho(r).sum()) / s

    expected = optimize.minimize_scalar(negative, bounds=(-25.0, -3.0), options={"xatol": 1e-8})
    found = best_log_likelihood(objective, r, np.ones(len(r)))
    assert found == pytest.approx(-expected.fun, rel=1e-7)


# --- compare --------------------------------------------------------------------------------


def test_the_law_that_made_the_runs_wins() -> None:
    runs = sweep()
    table = compare_fits([sw.fit(ONLY_N, runs), sw.fit(LAW, runs)])
    assert table["name"].to_list() == ["both", "one"]
    assert table["constants"].to_list() == [5, 3]
    assert table["delta_AIC"][0] == table["delta_BIC"][0] == 0.0
    assert table["delta_BIC"][1] > 100
    assert table["rmse"][0] == pytest.approx(0.005, rel=0.2)


def test_aic_and_bic_of_least_squares_are_the_textbooks() -> None:
    """Burnham and Anderson 2002, Sec. 2.2: n log(RSS/n) + n (log 2 pi + 1) + 2 (k + 1)."""
    runs = sweep()
    fits = {name: sw.fit(law, runs, objective="least_squares") for name, law in
            {"a": LAW, "b": ONLY_N}.items()}  # fmt: skip
    table = compare_fits(fits)
    for name, k in (("a", 5), ("b", 3)):
        row = table.row(by_predicate=pl.col("name") == name, named=True)
        n, rss = len(runs), 2.0 * fits[name].value
        deviance = n * np.log(2 * np.pi * rss / n) + n
        assert row["AIC"] == pytest.approx(deviance + 2 * (k + 1), rel=1e-12)
        assert row["BIC"] == pytest.approx(deviance + np.log(n) * (k + 1), rel=1e-12)
        assert row["rmse"] == pytest.approx(np.sqrt(rss / n), rel=1e-12)


def test_raw_and_log_losses_have_one_measure() -> None:
    """A normal density of raw losses, as one of log losses: times the loss."""
    runs = sweep(noise=0.02)
    raw = sw.fit(LAW, runs, objective=sw.Objective("least_squares", log=False))
    loss, predicted = runs["loss"].to_numpy(), raw.predict(N=runs["N"], D=runs["D"])
    scale = np.sqrt(np.mean((predicted - loss) ** 2))
    expected = (stats.norm.logpdf(loss, predicted, scale) + np.log(loss)).sum()
    assert log_likelihood(raw) == pytest.approx(expected, rel=1e-9)
    log = sw.fit(LAW, runs, objective="least_squares")
    table = compare_fits([raw, log])
    assert sorted(table["name"]) == ["both", "both (2)"]
    assert table["delta_AIC"][1] < 10


def test_the_scale_of_weights_and_runs_without_weight_do_not_count() -> None:
    runs, keep = sweep(), np.arange(54) % 5 > 0
    few = runs.filter(keep)
    one = compare_fits([sw.fit(LAW, few), sw.fit(ONLY_N, few)])
    weights = np.where(keep, 7.0, 0.0)
    other = compare_fits([sw.fit(LAW, runs, weights=weights), sw.fit(ONLY_N, few)])
    np.testing.assert_allclose(other["AIC"], one["AIC"], rtol=1e-9)


def test_what_cannot_be_compared_is_refused() -> None:
    runs = sweep()
    fit = sw.fit(LAW, runs)
    with pytest.raises(sw.FitError, match="two fits at least"):
        compare_fits([fit])
    with pytest.raises(sw.FitError, match=r"different runs \(54 and 50 used\)"):
        compare_fits([fit, sw.fit(LAW, runs.head(50))])
    with pytest.raises(sw.FitError, match="different runs"):
        compare_fits([fit, sw.fit(LAW, runs.reverse())])
    with pytest.raises(sw.FitError, match="different weights"):
        compare_fits([fit, sw.fit(LAW, runs, weights=np.linspace(1, 2, 54))])
    with pytest.raises(sw.FitError, match="the runs lie on both"):
        compare_fits([sw.fit(LAW, EXACT), sw.fit(ONLY_N, EXACT)])


# --- likelihood ratio -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_p_values_of_true_laws_are_even(kind: str) -> None:
    """alpha and E are held at the truth; absolute deviations take five times as long."""
    p = []
    for seed in range(20 if kind == "lad" else 60):
        runs = sweep(seed)
        large = sw.fit(LAW, runs, objective=kind, start=TRUTH)
        small = sw.fit(LAW, runs, objective=kind, start=TRUTH, fixed={"alpha": 0.35, "E": 1.8})
        found = likelihood_ratio(small, large)
        assert found.dof == 2
        assert found.loose == ()
        p.append(found.p_value)
    assert stats.kstest(p, "uniform").pvalue > 0.005


def test_least_squares_is_the_classical_ratio() -> None:
    runs = sweep()
    large = sw.fit(LAW, runs, objective="least_squares")
    small = sw.fit(LAW, runs, objective="least_squares", fixed={"beta": 0.4})
    rss, more = 2.0 * large.value, 2.0 * small.value
    found = likelihood_ratio(small, large)
    assert found.statistic == pytest.approx((more - rss) / (rss / (54 - 5)), rel=1e-9)
    assert found.p_value == pytest.approx(stats.chi2.sf(found.statistic, 1), rel=1e-9)
    assert str(found).startswith("chi2(1) = ")


def test_nested_laws_of_other_names_are_recognised() -> None:
    """k = 1 of Skaling is Chinchilla (Videau et al. 2026), whatever the constants are called."""
    runs = sweep()
    names = {"e": 1.5, "a": 400.0, "p": 0.3, "b": 2000.0, "q": 0.3, "k": 0.9}
    skaling = sw.fit(sw.Law("e + (a/N**p + b/D**q)**k", constants=names), runs)
    found = likelihood_ratio(sw.fit(LAW, runs), skaling)
    assert found.dof == 1
    assert found.p_value > 0.001


def test_a_term_that_vanishes_is_said_to_be_open() -> None:
    runs = EXACT.with_columns(loss=pl.Series(ONLY_N.predict(N=EXACT["N"])))
    runs = runs.with_columns(
        pl.col("loss") * np.exp(0.005 * np.random.default_rng(0).standard_normal(len(runs)))
    )
    found = likelihood_ratio(sw.fit(ONLY_N, runs), sw.fit(LAW, runs))
    assert set(found.loose) & {"B", "beta"}
    assert "a guide only" in str(found)
    assert found.p_value > 0.01


def test_what_is_not_nested_is_refused() -> None:
    runs = sweep()
    large = sw.fit(LAW, runs)
    in_C = sw.Law("E + A/C**alpha", constants=["E", "A", "alpha"], id="compute")
    with pytest.raises(sw.FitError, match="compute and both are not nested"):
        likelihood_ratio(sw.fit(in_C, runs), large)
    with pytest.raises(sw.FitError, match="5 and 5 free constants"):
        likelihood_ratio(large, large)
    with pytest.raises(sw.FitError, match="different objectives"):
        likelihood_ratio(sw.fit(ONLY_N, runs, objective="lad"), large)
    with pytest.raises(sw.FitError, match="different runs"):
        likelihood_ratio(sw.fit(ONLY_N, sweep(1)), large)


# --- roll-out -------------------------------------------------------------------------------


def test_errors_are_those_of_a_fit_by_hand() -> None:
    runs, cut = sweep(), 1e20
    found = roll_out(LAW, runs, cutoff=cut, objective="lad")
    below, above = runs.filter(pl.col("C") <= cut), runs.filter(pl.col("C") > cut)
    fit = sw.fit(LAW, below, objective="lad")
    expected = np.log(fit.predict(N=above["N"], D=above["D"]) / above["loss"].to_numpy())
    np.testing.assert_allclose(found.errors["error"], expected, rtol=1e-9)
    assert found.errors["run"].to_list() == above["run"].to_list()
    row = found.summary.row(0, named=True)
    assert (row["fitted"], row["held_out"]) == (len(below), len(above))
    assert row["bias"] == pytest.approx(expected.mean(), rel=1e-9)
    assert row["rmse"] == pytest.approx(np.sqrt(np.mean(expected**2)), rel=1e-9)
    assert abs(row["worst"]) == pytest.approx(np.abs(expected).max(), rel=1e-9)
    least = np.log(below["loss"].min() / above["loss"].to_numpy())  # type: ignore[operator]
    assert row["rmse_baseline"] == pytest.approx(np.sqrt(np.mean(least**2)), rel=1e-12)
    assert str(found) == str(roll_out(LAW, runs, cutoff=cut, objective="lad"))


def test_a_true_law_extrapolates_and_a_poor_one_does_not() -> None:
    runs, cuts = sweep(noise=0.001), [3e20, 1e20]
    good, poor = roll_out(LAW, runs, cutoff=cuts), roll_out(ONLY_N, runs, cutoff=cuts)
    assert good.summary["cutoff"].to_list() == [1e20, 3e20]
    assert good.summary["rmse"].max() < 0.01  # type: ignore[operator]
    assert (poor.summary["rmse"] > 3 * good.summary["rmse"]).all()
    assert (good.summary["rmse"] < good.summary["rmse_baseline"]).all()
    assert (poor.summary["bias"].abs() > 0.005).all()


def test_the_budget_at_the_cutoff_is_fitted_whatever_its_last_digit() -> None:
    budgets = [1e19, 1e20, 1e21]
    runs = sw.simulate_isoflop_data(LAW, budgets, points=7, noise=0.001).with_columns(
        C=6.0 * pl.col("N") * pl.col("D") * (1.0 + 1e-15)
    )
    assert roll_out(LAW, runs, cutoff=1e20).summary["fitted"].to_list() == [14]


def test_other_columns_and_weights() -> None:
    runs = sweep()
    by_size = roll_out(LAW, runs, cutoff=2e9, by="N", fixed={"E": 1.8})
    assert (by_size.errors["N"] > 2e9).all()
    assert by_size.fits[0].fixed == {"E": 1.8}
    keep = np.arange(54) % 3 > 0
    weighted = roll_out(LAW, runs, cutoff=1e20, weights=keep)
    assert weighted.summary.equals(roll_out(LAW, runs.filter(keep), cutoff=1e20).summary)


def test_workers_make_the_same_fits(faulty: Any) -> None:
    cuts = [6e19, 1e20, 3e20]
    here = roll_out(LAW, sweep(), cutoff=cuts)
    with ThreadPoolExecutor(2) as pool:
        assert roll_out(LAW, sweep(), cutoff=cuts, executor=pool).errors.equals(here.errors)
    with pytest.warns(UserWarning, match="roll_out: 1 of 3 fits were lost by the executor"):
        there = roll_out(LAW, sweep(), cutoff=cuts, executor=faulty(2))
    assert there.errors.equals(here.errors)
    assert there.summary.equals(here.summary)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cutoff": 1e10}, "parts none of the 54 runs"),
        ({"cutoff": 1e30}, "parts none of the 54 runs"),
        ({"cutoff": float("nan")}, "must be a finite number, not"),
        ({"cutoff": 1e20, "by": "size"}, "by='size' is no column of numbers; there are N, D, C"),
        ({"cutoff": 1e20, "weights": [1.0]}, "weights must be 54 numbers"),
        ({"cutoff": 1e6, "by": "few"}, "with the cutoff few <= .*: fit: 4 runs cannot"),
    ],
)
def test_what_cannot_be_rolled_out_is_refused(options: dict[str, object], message: str) -> None:
    few = pl.when(pl.int_range(54) < 4).then(1.0).otherwise(1e9).alias("few")
    with pytest.raises(sw.FitError, match=message):
        roll_out(LAW, sweep().with_columns(few), **options)  # type: ignore[arg-type]


def test_an_interrupt_keeps_what_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    from scalewidgets.fitting import rollout

    real, calls = rollout.fit_law, iter([1, 2])

    def second_is_interrupted(*args: object, **options: object) -> object:
        if next(calls) == 2:
            raise KeyboardInterrupt
        return real(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(rollout, "fit_law", second_is_interrupted)
    with pytest.warns(UserWarning, match="1 of 2 kept"):
        found = roll_out(LAW, sweep(), cutoff=[1e20, 3e20])
    assert isinstance(found, RollOut)
    assert found.asked == 2
    assert len(found.fits) == len(found.summary) == 1
