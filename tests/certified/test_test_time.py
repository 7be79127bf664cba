"""Test-time laws against counted samples, and optima that no single expression gives."""

from math import log10
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from scipy.optimize import brentq, curve_fit
from scipy.special import gammaln

from scalewidgets.lawbook import law, paper

Values = npt.NDArray[np.float64]

SAMPLES = 10_000
MODELS = ["70M", "160M", "410M", "1B", "2.8B", "6.9B", "12B"]

# The attempts at which Schaeffer et al. draw their lines.
ATTEMPTS: Values = np.array(
    [
        *(*range(1, 11), *range(12, 21, 2), *range(24, 57, 4), *range(64, 101, 4)),
        *(*range(105, 151, 5), 156, 162, 168, 175, 182, 189, 193, 200, 216, 233),
        *(267, 300, 333, 367, 400, 433, 467, *range(500, 1001, 50), 1067, 1133, 1200, 1367),
        *(1500, 1750, 2000, 2333, 2667, 3000, 3333, 3667, 4000, 4333, 4667, 5000),
        *(5333, 5667, 6000, 6333, 6667, 7000, 7333, 7667, *range(8000, 10_001, 500)),
    ],
    dtype=float,
)


def set_of(model: str) -> str:
    return f"pythia_{model.lower().replace('.', 'p')}"


def constants(paper_id: str, part: str, set_name: str) -> Any:
    return paper(paper_id)["laws"][part]["constants"][set_name]


@pytest.fixture(scope="module")
def counts(shared: Path) -> dict[str, Values]:
    """Correct ones of 10,000 samples on each of 128 MATH problems, by the size of Pythia."""
    runs = pl.read_csv(shared / "data/llm_monkeys_pythia_math.csv")
    return {
        m: runs.filter(pl.col("model") == f"Pythia {m}")["correct"].cast(pl.Float64).to_numpy()
        for m in MODELS
    }


def coverage(correct: Values, k: npt.ArrayLike) -> Values:
    return law("brown2024_monkeys.estimator").predict(n=SAMPLES, c=correct, k=k)


# --- Brown et al. ---------------------------------------------------------------------------


@pytest.mark.parametrize(("k", "printed", "tol"), [(1, 0.0027, 5e-5), (10_000, 0.57, 0.005)])
def test_coverage_that_brown_et_al_print(
    counts: dict[str, Values], k: int, printed: float, tol: float
) -> None:
    assert coverage(counts["160M"], k) == pytest.approx(printed, abs=tol)


@pytest.mark.parametrize("model", MODELS)
def test_coverage_refits_of_brown_et_al(counts: dict[str, Values], model: str) -> None:
    k = np.unique(np.logspace(0, 4, 40).round())
    seen = coverage(counts[model], k)
    found, _ = curve_fit(lambda k, a, b: np.exp(a * k**b), k, seen, p0=(-5, -0.3))
    ours = constants("brown2024_monkeys", "coverage", f"{set_of(model)}_math")
    assert found == pytest.approx([ours["a"], ours["b"]], abs=1e-4)


# --- Schaeffer et al. -----------------------------------------------------------------------


def line(neg_log_pass: Values) -> tuple[float, float]:
    """Prefactor and exponent of the straight line in log-log."""
    slope, intercept = np.polyfit(np.log(ATTEMPTS), np.log(neg_log_pass), 1)
    return float(np.exp(intercept)), float(-slope)


@pytest.mark.parametrize("model", MODELS)
def test_power_laws_of_schaeffer_et_al(counts: dict[str, Values], model: str) -> None:
    prefactor, exponent = line(-np.log(coverage(counts[model], ATTEMPTS)))
    ours = constants("schaeffer2025_monkey_power", "power_law", set_of(model))
    assert prefactor == pytest.approx(ours["A"], abs=1e-3)
    assert exponent == pytest.approx(ours["b"], abs=1e-4)


def log_likelihood(correct: Values, alpha: float, beta: float, scale: float) -> float:
    """Of a binomial whose success rate is ``scale`` times a Beta variable."""
    t = (np.arange(4000) + 0.5) / 4000
    x = (t * t * (3 - 2 * t)) ** (1 / alpha)
    weight = t * (1 - t) * (1 - x) ** (beta - 1)
    rate, n = scale * x, SAMPLES
    choose = gammaln(n + 1) - gammaln(correct + 1) - gammaln(n - correct + 1)
    c = correct[:, None]
    chance = np.exp(choose[:, None] + c * np.log(rate) + (n - c) * np.log1p(-rate))
    return float(np.log(chance @ weight / weight.sum()).sum())


@pytest.mark.parametrize("model", MODELS)
def test_distributions_of_schaeffer_et_al_are_the_likeliest(
    counts: dict[str, Values], model: str
) -> None:
    correct = counts[model]
    ours = constants("schaeffer2025_monkey_power", "scaled_beta", set_of(model))
    alpha, beta, scale = ours["alpha"], ours["beta"], ours["scale"]
    assert scale == pytest.approx(129 / 128 * correct.max() / SAMPLES, abs=1e-5)
    best = log_likelihood(correct, alpha, beta, scale)
    for da, db in [(1.02, 1), (0.98, 1), (1, 1.1), (1, 0.9)]:
        assert log_likelihood(correct, alpha * da, beta * db, scale) < best


@pytest.mark.parametrize(("model", "quoted"), [("70M", 0.184), ("12B", 0.328)])
def test_exponents_that_the_distributions_imply(model: str, quoted: float) -> None:
    one = law("schaeffer2025_monkey_power.scaled_beta", set_of(model))
    _, exponent = line(one.predict(k=ATTEMPTS))
    assert exponent == pytest.approx(quoted, abs=5e-4)


# --- Stroebl et al., Villalobos and Atkinson -------------------------------------------------


@pytest.mark.parametrize(
    ("set_name", "best"), [("v_false_0p7", 3), ("v_false_1", 2), ("v_false_2", 1)]
)
def test_best_number_of_attempts(set_name: str, best: int) -> None:
    k = np.arange(1, 101)
    utility = law("stroebl2024_inference_flaws", set_name).predict(K=k)
    assert k[utility.argmax()] == best


def overhead_of_a_smaller_model(name: str, set_name: str, share: float) -> float:
    """Factor in training compute for equal loss with ``share`` of the optimal parameters."""
    one: Any = law(name, set_name)
    n, d = float(one.N_opt(1e24)), float(one.D_opt(1e24))
    goal = float(one.predict(N=n, D=d))

    def gap(log_d: float) -> float:
        return float(one.predict(N=share * n, D=10**log_d)) - goal

    return share * 10 ** float(brentq(gap, log10(d), log10(d) + 20)) / d


@pytest.mark.xfail(
    reason="the printed Chinchilla surface asks for a factor of 85,000, not 100",
    raises=AssertionError,
)
def test_overtraining_saves_a_decade_of_inference_for_two_of_training() -> None:
    overhead = overhead_of_a_smaller_model("hoffmann2022", "rounded", 0.1)
    assert log10(overhead) == pytest.approx(2.0, abs=0.3)
