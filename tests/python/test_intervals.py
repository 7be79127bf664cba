"""Intervals of what follows from the constants, and how often intervals hold the truth."""

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.stats import binom, norm, t

import scalewidgets as sw

pytestmark = pytest.mark.slow

TRUTH = {"E": 1.8, "A": 480.0, "alpha": 0.35, "B": 2080.0, "beta": 0.37}
LAW = sw.Law("E + A/N**alpha + B/D**beta", constants=TRUTH)
BUDGETS = np.geomspace(6e18, 3e21, 9)


@pytest.fixture(scope="module")
def boot() -> sw.Bootstrap:
    runs = sw.simulate_isoflop_data(LAW, BUDGETS, 7, width=0.6)
    return sw.fit(LAW, runs, objective="least_squares").bootstrap(80)


def one_by_one(boot: sw.Bootstrap, what: Any) -> tuple[float, float]:
    """Percentiles of a quantity of the law, each draw's law made and asked."""
    laws = [boot.fit.law.with_constants(**row) for row in boot.draws.iter_rows(named=True)]
    tail = boot.tail(0.9)
    low, high = np.quantile(
        [float(what(law)) for law in laws], [tail, 1.0 - tail], method="weibull"
    )
    return float(low), float(high)


# --- percentiles ----------------------------------------------------------------------------


@pytest.mark.parametrize("level", [0.5, 0.95])
def test_tails_are_those_of_students_t(boot: sw.Bootstrap, level: float) -> None:
    """63 runs and 5 constants; 9 groups."""
    far = t.ppf(0.5 + 0.5 * level, 58)
    assert replace(boot, kind="wild").tail(level) == pytest.approx(norm.sf(far))
    assert replace(boot, kind="residual").tail(level, "beta") == pytest.approx(norm.sf(far))
    assert boot.tail(level) == pytest.approx(norm.sf(far * np.sqrt(63 / 58)))
    own = t.ppf(0.5 + 0.5 * level, boot.fit.degrees["beta"])
    assert replace(boot, kind="wild").tail(level, "beta") == pytest.approx(norm.sf(own))
    groups = boot.fit.bootstrap(5, kind="cluster", by="budget")
    far = t.ppf(0.5 + 0.5 * level, 8) * np.sqrt(9 / 8)
    assert groups.tail(level) == pytest.approx(norm.sf(far))
    robust = replace(boot, fit=replace(boot.fit, objective=sw.Objective("huber")))
    assert robust.tail(level) == pytest.approx(0.5 - 0.5 * level)
    assert replace(robust, kind="wild").tail(level) == replace(boot, kind="wild").tail(level)
    assert replace(robust, kind="cluster", groups=9).tail(level) == pytest.approx(
        norm.sf(t.ppf(0.5 + 0.5 * level, 8))
    )


def test_percentiles_leave_out_what_they_say(boot: sw.Bootstrap) -> None:
    """Beyond the ends of the draws' interval lies, on average, its tail of what is drawn."""
    tail, rng, beyond = boot.tail(0.9, "E"), np.random.default_rng(0), []
    for _ in range(2000):
        draws = pl.DataFrame({name: rng.standard_normal(60) for name in TRUTH})
        low, high = replace(boot, draws=draws).conf_int(0.9)["E"]
        beyond.append(0.5 * (norm.cdf(low) + norm.sf(high)))
    # one study's mean scatters by 0.02
    assert np.mean(beyond) == pytest.approx(tail, abs=4 * 0.02 / np.sqrt(2000))


# --- quantities -----------------------------------------------------------------------------


def test_constants_are_those_of_conf_int(boot: sw.Bootstrap) -> None:
    for name, ends in boot.conf_int(0.9).items():
        assert boot.interval(name, 0.9) == pytest.approx(ends, rel=1e-12)


@pytest.mark.parametrize(
    ("quantity", "at", "what"),
    [
        ("N_opt", {"C": 1e24}, lambda law: law.N_opt(1e24)),
        ("D_opt", {"C": 1e24}, lambda law: law.D_opt(1e24)),
        ("tokens_per_parameter", {"C": 1e24}, lambda law: law.D_opt(1e24) / law.N_opt(1e24)),
        ("loss", {"N": 70e9, "D": 1.4e12}, lambda law: law.predict(N=70e9, D=1.4e12)),
        ("a_N", {}, lambda law: np.log10(law.N_opt(1e24) / law.N_opt(1e23))),
        ("a_D", {"C": 1e24}, lambda law: np.log10(law.D_opt(1e24) / law.D_opt(1e23))),
    ],
)
def test_quantities_draw_by_draw(
    boot: sw.Bootstrap, quantity: str, at: dict[str, float], what: Any
) -> None:
    assert boot.interval(quantity, 0.9, **at) == pytest.approx(one_by_one(boot, what), rel=1e-9)


def test_other_forms_have_their_exponents_at_a_budget(boot: sw.Bootstrap) -> None:
    """The same surface, written so that its form is not recognised."""
    law = sw.Law("B/D**beta + A/N**alpha + E", constants=TRUTH)
    other = replace(boot, fit=replace(boot.fit, law=law))
    for name in ("a_N", "a_D"):
        assert other.interval(name, C=1e21) == pytest.approx(boot.interval(name), rel=1e-6)
    for name in ("N_opt", "D_opt", "tokens_per_parameter"):
        assert other.interval(name, C=1e21) == pytest.approx(boot.interval(name, C=1e21), rel=1e-6)
    with pytest.raises(sw.FitError, match=r"'a_N' needs C= to say where"):
        other.interval("a_N")


def test_a_fit_has_exponents_of_its_own(boot: sw.Bootstrap) -> None:
    fit = boot.fit
    c = fit.params
    assert fit.a_N == pytest.approx(c["beta"] / (c["alpha"] + c["beta"]), rel=1e-12)
    assert fit.a_N + fit.a_D == pytest.approx(1.0)
    other = replace(fit, law=sw.Law("B/D**beta + A/N**alpha + E", constants=c))
    assert other.exponents(C=1e21) == pytest.approx((fit.a_N, fit.a_D), rel=1e-6)
    assert fit.exponents(C=1e21) == fit.exponents()
    with pytest.raises(sw.FitError, match=r"'a_N' needs C= to say where"):
        _ = other.a_N


def test_variables_with_defaults_may_be_left_out() -> None:
    law = sw.Law("E + A/N**alpha + B/(D*R)**beta", constants=TRUTH, defaults={"R": "1"})
    runs = sw.simulate_isoflop_data(LAW, BUDGETS, 5, width=0.6)
    boot = sw.fit(law, runs, objective="least_squares").bootstrap(20)
    plain = boot.interval("loss", N=1e9, D=1e11)
    assert boot.interval("loss", N=1e9, D=5e10, R=2.0) == pytest.approx(plain, rel=1e-12)
    assert boot.interval("N_opt", C=1e21, R=2.0) != boot.interval("N_opt", C=1e21)


def test_draws_without_an_optimum(boot: sw.Bootstrap) -> None:
    """Left out; and where they are more than a tail holds, they are the end."""
    row = pl.int_range(pl.len())
    for bad, known in ((2, True), (10, False)):
        draws = boot.draws.with_columns(A=pl.when(row < bad).then(-pl.col("A")).otherwise("A"))
        ends = replace(boot, draws=draws).interval("N_opt", 0.9, C=1e24)
        kept = replace(boot, draws=boot.draws.slice(bad)).interval("N_opt", 0.9, C=1e24)
        assert ends == kept if known else np.isnan(ends).all()


@pytest.mark.parametrize(
    ("quantity", "at", "told"),
    [
        ("N_op", {"C": 1e24}, "unknown quantity 'N_op'. Did you mean 'N_opt'"),
        ("N_opt", {}, "'N_opt' needs C= to say where"),
        ("loss", {"N": 1e9}, "'loss' needs D= to say where"),
        ("loss", {"N": 1e9, "D": 1e10, "C": 1e20}, "takes N, D, not 'C'"),
        ("alpha", {"C": 1e20}, "'alpha' of typed takes nothing, not 'C'"),
        ("N_opt", {"C": float("nan")}, "C must be one finite number, not nan"),
        ("N_opt", {"C": [1e20, 1e21]}, "C must be a number"),
        ("N_opt", {"C": 1e20, "level": 95}, "level must lie between 0 and 1, not 95"),
        ("N_opt", {"C": 1e20, "new_run": True}, "new_run adds the scatter of runs to 'loss' only"),
    ],
)
def test_what_has_no_interval(
    boot: sw.Bootstrap, quantity: str, at: dict[str, Any], told: str
) -> None:
    with pytest.raises(sw.FitError, match=told):
        boot.interval(quantity, **at)


def test_a_law_without_N_and_D_has_no_optimum() -> None:
    runs = sw.simulate_isoflop_data(LAW, BUDGETS, 3, width=0.6)
    law = sw.Law("E + A/N**alpha", constants={"E": 1.8, "A": 480.0, "alpha": 0.35})
    boot = sw.fit(law, runs, objective="least_squares").bootstrap(10)
    with pytest.raises(sw.FitError, match="typed has no optimum over N and D; its variables are N"):
        boot.interval("N_opt", C=1e20)


# --- new runs -------------------------------------------------------------------------------


@pytest.mark.parametrize("log", [True, False])
def test_new_runs_fall_into_their_interval(log: bool) -> None:
    """4,000 new runs; 135 residuals know the 2.5 % quantile of their scatter to 1.3 % a side."""
    runs = sw.simulate_isoflop_data(LAW, BUDGETS, 15, 0.005, 3, width=0.6)
    fit = sw.fit(LAW, runs, objective=sw.Objective("least_squares", log=log))
    boot = fit.bootstrap(200)
    at = {"N": 3e9, "D": 3e10}
    low, high = boot.interval("loss", new_run=True, **at)
    scatter = np.random.default_rng(0).standard_normal(4000)
    new = float(LAW.predict(**at)) * np.exp(0.005 * scatter)
    assert 0.95 - 3 * 0.013 * np.sqrt(2) < np.mean((low < new) & (new < high)) < 0.995
    mean = boot.interval("loss", **at)
    assert low < mean[0] < mean[1] < high
    assert mean[1] - mean[0] < 0.3 * (high - low)


# --- coverage -------------------------------------------------------------------------------

CURVE = {"E": 1.8, "A": 480.0, "alpha": 0.35}


def held(count: int, objective: Any, methods: dict[str, Any]) -> Counter[tuple[str, str]]:
    """How many of the simulated studies' 95 % intervals held the truth, by method and constant."""
    law = sw.Law("E + A/N**alpha", constants=CURVE)
    n = np.geomspace(1e7, 1e11, 90)
    hits: Counter[tuple[str, str]] = Counter()
    for seed in range(count):
        noise = 0.005 * np.random.default_rng(seed).standard_normal(len(n))
        runs = pl.DataFrame({"N": n, "D": 20 * n, "loss": law.predict(N=n) * np.exp(noise)})
        fit = sw.fit(law, runs, objective=objective, start=CURVE)
        for method, intervals in methods.items():
            for name, (low, high) in intervals(fit, seed).items():
                hits[method, name] += low <= CURVE[name] <= high
    return hits


METHODS: dict[str, Any] = {
    "covariance": lambda fit, seed: fit.conf_int(),
    "plain": lambda fit, seed: fit.bootstrap(200, seed).conf_int(),
    "residual": lambda fit, seed: fit.bootstrap(200, seed, kind="residual").conf_int(),
    "even": lambda fit, seed: fit.profile(scatter="even").conf_int(),
    "uneven": lambda fit, seed: fit.profile(scatter="uneven").conf_int(),
}


@pytest.mark.parametrize(
    ("objective", "count", "methods"),
    [
        ("least_squares", 150, ["covariance", "plain", "residual", "even"]),
        pytest.param("huber", 100, list(METHODS)),
    ],
)
def test_intervals_hold_the_truth(objective: Any, count: int, methods: list[str]) -> None:
    """Within what chance allows once in 1,000; more studies: benchmarks/coverage.py."""
    hits = held(count, objective, {name: METHODS[name] for name in methods})
    assert len(hits) == 3 * len(methods)
    low, high = binom.ppf([0.0005, 0.9995], count, 0.95)
    assert low <= min(hits.values()) <= max(hits.values()) <= high, dict(hits)
