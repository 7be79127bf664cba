"""fit_pass_rates: by closed forms, by simulation, and on the published counts."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.integrate import quad
from scipy.special import betaln, gammaln
from scipy.stats import betabinom

import scalewidgets as sw
from scalewidgets.fitting.beta_binomial import Counts, likelihood, log_chances

SCHAEFFER = "schaeffer2025_monkey_power"


def drawn(
    alpha: float, beta: float, scale: float, problems: int, samples: int, seed: int
) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    correct = rng.binomial(samples, scale * rng.beta(alpha, beta, problems))
    return pl.DataFrame({"samples": samples, "correct": correct})


def test_chances_are_the_beta_binomial_where_it_has_a_closed_form() -> None:
    rng = np.random.default_rng(0)
    for _ in range(300):
        n = np.floor(10 ** rng.uniform(0, 5))
        c = np.floor(rng.uniform() ** 3 * (n + 1))
        alpha, beta = 10 ** rng.uniform(-2, 2, 2)
        found, _, _ = log_chances(np.array([n]), np.array([c]), alpha, beta, 1.0)
        choose = gammaln(n + 1) - gammaln(c + 1) - gammaln(n - c + 1)
        expected = choose + betaln(alpha + c, beta + n - c) - betaln(alpha, beta)
        assert found[0] == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize(("alpha", "beta", "scale"), [(0.25, 1.8, 0.23), (1.5, 0.7, 0.9)])
@pytest.mark.parametrize(("n", "c"), [(40, 0), (40, 7), (1000, 3)])
def test_chances_below_scale_one_are_the_integral(
    alpha: float, beta: float, scale: float, n: int, c: int
) -> None:
    def chance(t: float) -> float:  # t = x**alpha
        x = t ** (1 / alpha)
        rate = scale * x
        likely = np.exp(gammaln(n + 1) - gammaln(c + 1) - gammaln(n - c + 1))
        return float(likely * rate**c * (1 - rate) ** (n - c) * (1 - x) ** (beta - 1))

    integral, _ = quad(chance, 0, 1, limit=500, epsabs=0, epsrel=1e-10)
    expected = np.log(integral / alpha) - betaln(alpha, beta)
    found, _, _ = log_chances(np.array([float(n)]), np.array([float(c)]), alpha, beta, scale)
    assert found[0] == pytest.approx(expected, abs=1e-7)


def test_slopes_and_bends_are_those_of_the_value() -> None:
    counts = Counts(np.array([50.0, 80.0, 50.0]), np.array([0.0, 3.0, 11.0]), np.array([4, 2, 1.0]))
    at, step = np.array([0.4, 2.5]), 1e-5

    def moved(index: int, sign: float) -> np.ndarray:
        return at + sign * step * np.eye(2)[index]

    here = likelihood(counts, *at, 0.6)
    for k in range(2):
        above, below = (likelihood(counts, *moved(k, sign), 0.6) for sign in (1.0, -1.0))
        slope = (above.value - below.value) / (2 * step)
        assert here.gradient[k] == pytest.approx(slope, rel=1e-6)
        bend = (above.gradient - below.gradient) / (2 * step)
        assert here.hessian[k] == pytest.approx(bend, rel=1e-6)


@pytest.mark.parametrize(
    ("alpha", "beta", "problems", "samples"),
    [(0.3, 2.0, 300, 60), (3.8, 1.5, 20, 32_500), (0.24, 0.29, 469, 4801), (2.0, 0.6, 22, 10**5)],
)
def test_no_other_shapes_are_likelier(
    alpha: float, beta: float, problems: int, samples: int
) -> None:
    counts = drawn(alpha, beta, 1.0, problems, samples, seed=1)
    fit = sw.fit_pass_rates(counts, scale=1.0)
    c = counts["correct"].to_numpy()
    best = betabinom.logpmf(c, samples, fit.alpha, fit.beta).sum()
    assert fit.log_likelihood == pytest.approx(best, rel=1e-9)
    grid = np.exp(np.linspace(-0.1, 0.1, 9))
    others = [
        betabinom.logpmf(c, samples, fit.alpha * a, fit.beta * b).sum() for a in grid for b in grid
    ]
    assert max(others) <= best + 1e-9 * abs(best)


@pytest.mark.slow
@pytest.mark.parametrize(("problems", "samples"), [(128, 1000), (400, 100)])
def test_intervals_hold_the_truth(problems: int, samples: int) -> None:
    """Nominal 95 %; 400 studies leave 1.1 points of chance, and the scale is the true one."""
    held = np.zeros(3)
    for seed in range(400):
        fit = sw.fit_pass_rates(drawn(0.25, 2.0, 0.5, problems, samples, seed), scale=0.5)
        ends = fit.conf_int()
        low, high = fit.interval(10_000)
        true = _coverage(0.25, 2.0, 0.5, 10_000)
        held += [
            ends["alpha"][0] < 0.25 < ends["alpha"][1],
            ends["beta"][0] < 2.0 < ends["beta"][1],
            low < true < high,
        ]
    assert (np.abs(held / 400 - 0.95) < 0.035).all(), held / 400


def _coverage(alpha: float, beta: float, scale: float, k: float) -> float:
    law = sw.law(f"{SCHAEFFER}.scaled_beta").with_constants(alpha=alpha, beta=beta, scale=scale)
    return float(np.exp(-law.predict(k=k)))


def test_the_estimator_is_unbiased_and_the_naive_one_too_low() -> None:
    """Averaged over studies of few samples, at many tries."""
    k, studies = np.array([5.0, 20.0]), 300
    fits = [
        sw.fit_pass_rates(drawn(0.3, 2.0, 0.6, 60, 25, seed), scale=1.0) for seed in range(studies)
    ]
    true = np.array([_coverage(0.3, 2.0, 0.6, n) for n in k])
    measured = np.array([fit.measured(k) for fit in fits])
    naive = np.array([fit.naive(k) for fit in fits])
    chance = measured.std(axis=0) / np.sqrt(studies)
    assert (np.abs(measured.mean(axis=0) - true) < 3.5 * chance).all()
    assert (naive.mean(axis=0) < true - 3.5 * chance)[1]
    assert np.isnan(fits[0].measured(26))


def test_predictions_are_the_law_and_the_exponent_tends_to_alpha() -> None:
    fit = sw.fit_pass_rates(drawn(0.25, 2.0, 0.5, 200, 500, seed=3))
    k = np.array([[1.0, 10.0], [100.0, 10_000.0]])
    assert fit.predict(k) == pytest.approx(np.exp(-fit.law.predict(k=k)), rel=3e-4)
    assert fit.predict(1) == pytest.approx(fit.scale * fit.alpha / (fit.alpha + fit.beta), rel=1e-6)
    assert fit.exponent(1e12) == pytest.approx(fit.alpha, rel=1e-3)
    assert fit.exponent(100.0) > 1.05 * fit.alpha
    low, high = fit.interval(k)
    assert ((low > 0) & (low < fit.predict(k)) & (fit.predict(k) < high) & (high < 1)).all()


def test_different_numbers_of_samples_are_taken_as_they_are() -> None:
    counts = {
        "problem": ["a", "b", "c", "d"],
        "attempts": [10, 20, 40, 40],
        "correct": [0, 1, 9, 30],
    }
    fit = sw.fit_pass_rates(counts, scale=1.0)
    n, c = np.array(counts["attempts"]), np.array(counts["correct"])
    expected = betabinom.logpmf(c, n, fit.alpha, fit.beta).sum()
    assert fit.log_likelihood == pytest.approx(expected, abs=1e-7)
    assert fit.measured(1) == pytest.approx((c / n).mean())
    assert fit.naive(3) == pytest.approx((1 - (1 - c / n) ** 3).mean())
    shuffled = pl.DataFrame(counts).reverse()
    assert sw.fit_pass_rates(shuffled, scale=1.0).alpha == pytest.approx(fit.alpha, rel=1e-9)


@pytest.mark.parametrize("model", ["70M", "160M", "410M", "1B", "2.8B", "6.9B", "12B"])
def test_published_counts_give_the_catalogues_constants(shared: Path, model: str) -> None:
    runs = pl.read_csv(shared / "data/llm_monkeys_pythia_math.csv")
    fit = sw.fit_pass_rates(runs.filter(pl.col("model") == f"Pythia {model}"))
    set_name = f"pythia_{model.lower().replace('.', 'p')}"
    ours = sw.law(f"{SCHAEFFER}.scaled_beta", set_name).values
    assert fit.scale == pytest.approx(ours["scale"], abs=1e-5)
    for name, error in fit.stderr.items():  # they come from a coarser integral
        assert fit.params[name] == pytest.approx(ours[name], abs=0.03 * error)
    # the authors fit binned rates, with the scale at the largest one
    binned = sw.law(f"{SCHAEFFER}.scaled_beta", f"{set_name}_binned").values
    low, high = fit.conf_int()["alpha"]
    assert low < binned["alpha"] < high


def test_the_published_headline_comes_out(shared: Path) -> None:
    """Brown et al. 2024, Sec. 2.2: Pythia-160M solves 0.27 % of MATH at once, 57 % in 10,000."""
    runs = pl.read_csv(shared / "data/llm_monkeys_pythia_math.csv")
    fit = sw.fit_pass_rates(runs.filter(model="Pythia 160M"))
    assert fit.measured([1, 10_000]) == pytest.approx([0.0027, 0.57], abs=5e-3)
    assert fit.measured(1) == pytest.approx(0.0027, abs=5e-5)


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ({"samples": [10, 10], "correct": [0, 11]}, "rows 1 are no counts"),
        ({"samples": [10, 10], "correct": [0, 1.5]}, "rows 1 are no counts"),
        ({"samples": [0, 10], "correct": [0, 1]}, "rows 0 are no counts"),
        ({"samples": [10, 10], "correct": [0, 0]}, "no sample is right"),
        ({"samples": [10, 10], "correct": [10, 10]}, "every sample is right"),
        ({"samples": [10] * 9, "correct": [5] * 9}, "no most likely distribution"),
        ({"samples": [10], "correct": [1]}, "1 problems have no distribution"),
        (
            {"problem": [7, 7], "samples": [10, 10], "correct": [1, 2]},
            "problem 7 stands in several",
        ),
        ({"samples": [10, 10]}, "counts: no column 'correct'"),
        ({"correct": [1, 2]}, "counts: no column 'samples'"),
        ({"samples": [10, None], "correct": [1, 2]}, "no finite number in the rows 1"),
    ],
)
def test_what_is_no_study_is_refused(counts: dict[str, list[float]], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        sw.fit_pass_rates(counts)


@pytest.mark.parametrize("scale", [0.0, 1.5, float("nan")])
def test_a_scale_that_is_no_rate_is_refused(scale: float) -> None:
    with pytest.raises(ValueError, match="scale, the largest possible rate"):
        sw.fit_pass_rates({"samples": [10, 10, 10], "correct": [0, 1, 3]}, scale=scale)


def test_it_says_the_same_twice() -> None:
    counts = {"samples": [100] * 6, "correct": [0, 0, 1, 3, 20, 60]}
    said = repr(sw.fit_pass_rates(counts))
    assert said == repr(sw.fit_pass_rates(counts))
    assert "4 of 6 problems solved" in said
