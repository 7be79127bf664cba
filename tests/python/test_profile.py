"""Profile likelihood against closed forms, SciPy and fits with the constant held."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from scipy.optimize import brentq, least_squares
from scipy.stats import linregress, t

import scalewidgets as sw
from scalewidgets.fitting import profile, uncertainty

pytestmark = pytest.mark.slow

TRUTH = {"E": 1.8, "A": 480.0, "alpha": 0.35, "B": 2080.0, "beta": 0.37}
LAW = sw.Law("E + A/N**alpha + B/D**beta", constants=TRUTH)
KINDS = ["huber", "least_squares", "lad"]
RUNS = sw.simulate_isoflop_data(LAW, np.geomspace(6e18, 3e21, 9), 7, width=0.6)


@pytest.fixture(scope="module")
def fitted() -> dict[str, sw.Fit]:
    return {kind: sw.fit(LAW, RUNS, objective=kind) for kind in KINDS}


@pytest.fixture(scope="module")
def profiles(fitted: dict[str, sw.Fit]) -> dict[str, Any]:
    return {kind: fit.profile() for kind, fit in fitted.items()}


# --- closed forms and SciPy -----------------------------------------------------------------


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_on_a_straight_line_it_is_students_interval(level: float) -> None:
    rng = np.random.default_rng(1)
    x = np.linspace(0.0, 3.0, 12)
    loss = 2.0 + 0.5 * x + 0.01 * rng.standard_normal(12)
    runs = pl.DataFrame({"N": [1e9] * 12, "D": [1e10] * 12, "x": x, "loss": loss})
    objective = sw.Objective("least_squares", log=False)
    fit = sw.fit(sw.Law("a + b*x", constants={"a": 1.0, "b": 1.0}), runs, objective=objective)
    line = linregress(x, loss)
    far = t.ppf(0.5 + 0.5 * level, 10)
    found = fit.profile(level=level)
    for name, centre, error in (
        ("b", line.slope, line.stderr),
        ("a", line.intercept, line.intercept_stderr),
    ):
        expected = (centre - far * error, centre + far * error)
        assert found.intervals[name] == pytest.approx(expected, abs=2e-5 * far * error)
        curve = found.curves.filter(pl.col("constant") == name)
        straight = (curve["value"].to_numpy() - centre) / error
        np.testing.assert_allclose(curve["z"], straight, atol=1e-5)


def test_least_squares_is_scipys_profile(profiles: dict[str, Any]) -> None:
    """Everything anew: the law by hand, the other constants by trust region, the end by Brent."""
    log_n, log_d = np.log(RUNS["N"].to_numpy()), np.log(RUNS["D"].to_numpy())
    order = ("E", "A", "alpha", "B", "beta")
    best = np.array([np.log(v) if k in "EAB" else v for k, v in profiles_start(profiles).items()])

    def squares(held: int | None, value: float) -> float:
        def r(y: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
            e, a, alpha, b, beta = y if held is None else np.insert(y, held, value)
            total = np.exp(e) + np.exp(a - alpha * log_n) + np.exp(b - beta * log_d)
            return np.log(total / RUNS["loss"].to_numpy())

        start = best if held is None else np.delete(best, held)
        found = least_squares(r, start, x_scale="jac", xtol=1e-14, ftol=1e-14, gtol=1e-14)
        return 2.0 * float(found.cost)

    least = squares(None, 0.0)
    rise = least / (63 - 5) * t.ppf(0.975, 63 - 5) ** 2
    for name in ("E", "alpha", "B"):
        i = order.index(name)
        ends = np.array(profiles["least_squares"].intervals[name])
        low, high = np.log(ends) if name in "EAB" else ends
        for end, other in ((low, high), (high, low)):
            width = 0.5 * abs(end - other)
            found = brentq(
                lambda c, i=i: squares(i, c) - least - rise,
                end - 0.2 * width,
                end + 0.2 * width,
                xtol=1e-6 * width,
            )
            assert found == pytest.approx(end, abs=1e-4 * width)


def profiles_start(profiles: dict[str, Any]) -> dict[str, float]:
    return dict(profiles["least_squares"].fit.params)


@pytest.mark.parametrize("kind", KINDS)
def test_the_refits_are_fits_with_the_constant_held(
    fitted: dict[str, sw.Fit], profiles: dict[str, Any], kind: str
) -> None:
    """sw.fit searches globally, from nothing; the rounded corner of |r| costs 1e-4 of the rise."""
    fit, found = fitted[kind], profiles[kind]
    for name in ("E", "beta"):
        curve = found.curves.filter(pl.col("constant") == name)
        for end in found.intervals[name]:
            near = curve.row(int((curve["value"] - end).abs().arg_min()), named=True)
            held = sw.fit(LAW, RUNS, objective=fit.objective, fixed={name: near["value"]})
            rise = near["objective"] - fit.value
            assert near["objective"] == pytest.approx(held.value, abs=1e-3 * rise)
            assert near["objective"] >= held.value - 1e-9 * rise


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scatter", ["even", "uneven"])
def test_ends_lie_where_the_rise_says(fitted: dict[str, sw.Fit], kind: str, scatter: Any) -> None:
    fit = fitted[kind]
    found = fit.profile(["alpha"], 0.9, scatter)
    limit = t.ppf(0.95, fit.degrees["alpha"] if scatter == "uneven" else 58)
    curve = found.curves.sort("value")
    ends = np.interp([-limit, limit], curve["z"], curve["value"])
    width = ends[1] - ends[0]
    assert found.intervals["alpha"] == pytest.approx(tuple(ends), abs=1e-4 * width)
    assert (np.diff(curve["z"]) > 0).all()
    assert curve.filter(pl.col("z") == 0)["value"].to_list() == pytest.approx(
        [fit.params["alpha"]], rel=1e-3 if kind == "lad" else 1e-6
    )
    rise = curve["objective"].to_numpy() - fit.value
    scale = uncertainty.bend(fit.problem, found_objective(fit), fit.theta, fit.weights[None])
    divisor = scale.even if scatter == "even" else scale.uneven[2]
    if kind == "lad":  # the profiled Huber loss is delta times as large
        divisor /= found_objective(fit).delta
    np.testing.assert_allclose(2 * rise / divisor, curve["z"] ** 2, atol=5e-3)


def found_objective(fit: sw.Fit) -> sw.Objective:
    return profile._smooth(fit)[0]


@pytest.mark.parametrize(
    ("kind", "expected", "known"),
    [("least_squares", 1e-4, 0.023), ("lad", 0.01 * np.sqrt(np.pi / 2), 0.045)],
)
def test_the_scale_of_normal_residuals_is_known(kind: Any, expected: float, known: float) -> None:
    """tau^2/kappa is sigma^2 for least squares, sigma sqrt(pi/2) for absolute deviations.

    4,000 runs tell a variance to 2.3 %, and the 490 of them within Hall and Sheather's width a
    density to 4.5 %; of one constant, which half of the runs decide, 1.4 times worse.
    """
    law = sw.Law("a + b*x", constants={"a": 2.0, "b": 1.0})
    x = np.linspace(0.0, 1.0, 4000)
    noise = 0.01 * np.random.default_rng(2).standard_normal(4000)
    runs = pl.DataFrame({"N": [1e9] * 4000, "D": [1e10] * 4000, "x": x})
    runs = runs.with_columns(loss=(2.0 + x) * np.exp(noise))
    fit = sw.fit(law, runs, objective=kind, start={"a": 2.0, "b": 1.0})
    objective = found_objective(fit)
    unit = objective.delta if kind == "lad" else 1.0
    bend = uncertainty.bend(fit.problem, objective, fit.theta, fit.weights[None])
    assert bend.even / unit == pytest.approx(expected, rel=3 * known)
    np.testing.assert_allclose(bend.uneven / unit, expected, rtol=3 * 1.4 * known)


def test_uneven_scatter_is_seen() -> None:
    """Errors that grow with x: the slope's even interval holds the truth too seldom."""
    law = sw.Law("a + b*x", constants={"a": 2.0, "b": 1.0})
    x = np.linspace(0.0, 1.0, 60)
    hits = {"even": 0, "uneven": 0}
    for seed in range(100):
        noise = 0.03 * x**4 * np.random.default_rng(seed).standard_normal(60)
        runs = pl.DataFrame({"N": [1e9] * 60, "D": [1e10] * 60, "x": x, "loss": 2.0 + x + noise})
        objective = sw.Objective("least_squares", log=False)
        fit = sw.fit(law, runs, objective=objective, start={"a": 2.0, "b": 1.0})
        for scatter in hits:
            low, high = fit.profile(["b"], scatter=scatter).intervals["b"]  # type: ignore[arg-type]
            hits[scatter] += low <= 1.0 <= high
    assert hits["uneven"] >= 87  # 95 less what chance takes once in 1,000
    assert hits["even"] < 85


# --- Chinchilla's runs ----------------------------------------------------------------------


def test_chinchillas_intervals_are_near_the_published_bootstrap(shared: Any) -> None:
    """Besiroglu et al.'s 4,000 resamples: standard errors of 0.0154 and 0.0206 in the exponents."""
    fit = sw.fit("besiroglu2024", sw.load_runs("chinchilla", directory=shared / "data"))
    found = fit.profile(["alpha", "beta"])
    for name, error in {"alpha": 0.0154, "beta": 0.0206}.items():
        low, high = found.intervals[name]
        assert (high - low) / (2 * 1.96) == pytest.approx(error, rel=0.2)


# --- what has no end, and what has no profile -----------------------------------------------


def test_what_the_runs_do_not_bound_has_no_end() -> None:
    """A short sweep does not know its floor: E may as well be 0."""
    budgets = np.geomspace(1e18, 1e19, 3)
    runs = sw.simulate_isoflop_data(LAW, budgets, 5, 0.02, 1, width=0.3)
    fit = sw.fit(LAW, runs, objective="least_squares")
    found = fit.profile(["E"])
    without = sw.fit(LAW, runs, objective="least_squares", fixed={"E": 0.0})
    rise = (without.value - fit.value) / (2 * fit.value / (15 - 5))
    assert 2 * rise < t.ppf(0.975, 10) ** 2, "else E has a lower end"
    assert found.intervals["E"][0] == 0.0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda fit: fit.profile(["gamma"]), "gamma is no constant of the law; there are E, A"),
        (lambda fit: fit.profile(level=95), "level must lie between 0 and 1, not 95"),
        (lambda fit: fit.profile(scatter="odd"), "scatter is .* not 'odd'"),
    ],
)
def test_what_cannot_be_profiled(
    fitted: dict[str, sw.Fit], change: Callable[[Any], object], told: str
) -> None:
    with pytest.raises(sw.FitError, match=told):
        change(fitted["least_squares"])


def test_bounds_end_an_interval() -> None:
    free = sw.fit(LAW, RUNS, objective="least_squares").profile()
    low, high = free.intervals["E"]
    inner = {"E": (low + 0.3 * (high - low), 3.0)}
    fit = sw.fit(LAW, RUNS, objective="least_squares", bounds=inner)
    assert fit.params["E"] > inner["E"][0]
    assert fit.profile("E").intervals["E"] == pytest.approx((inner["E"][0], high), rel=1e-5)
    at_bound = sw.fit(LAW, RUNS, objective="least_squares", bounds={"E": (1.9, 3.0)})
    found, held = at_bound.profile(), sw.fit(LAW, RUNS, objective="least_squares", fixed={"E": 1.9})
    assert found.intervals["E"][0] == pytest.approx(1.9)
    assert at_bound.stderr["E"] == 0.0
    # n-k counts the constant at its bound: 58 degrees against 59
    for name, error in held.stderr.items():
        assert at_bound.stderr[name] == pytest.approx(error, rel=0.01)


def test_tied_constants_share_their_uncertainty() -> None:
    fit = sw.fit(LAW, RUNS, objective="least_squares", tied={"beta": "alpha"})
    assert fit.stderr["beta"] == fit.stderr["alpha"] > 0
    assert fit.conf_int()["beta"] == fit.conf_int()["alpha"]
    assert set(fit.profile().intervals) == {"E", "A", "alpha", "B"}
    with pytest.raises(sw.FitError, match="beta is tied to alpha"):
        fit.profile("beta")
    draws = fit.bootstrap(10, kind="residual").draws
    assert draws["alpha"].equals(draws["beta"], check_names=False)


def test_fits_without_scatter_or_freedom() -> None:
    held = sw.fit(LAW, RUNS, fixed={"E": 1.8})
    with pytest.raises(sw.FitError, match="E is held; there are A, alpha, B, beta"):
        held.profile("E")
    assert set(held.profile().conf_int()) == {"A", "alpha", "B", "beta"}
    exact = RUNS.with_columns(loss=LAW.predict(N=RUNS["N"], D=RUNS["D"]))
    with pytest.raises(sw.FitError, match="the runs lie on the law"):
        sw.fit(LAW, exact, objective="least_squares").profile()
    few = RUNS.filter(pl.Series(np.isin(np.arange(63), [0, 6, 31, 56, 62])))
    with pytest.raises(sw.FitError, match="5 runs for 5 constants leave no scatter"):
        sw.fit(LAW, few).profile()


def test_a_lower_valley_is_told(fitted: dict[str, sw.Fit]) -> None:
    fit = fitted["least_squares"]
    with pytest.warns(UserWarning, match=r"below the fit's .* Fit again with start=\{'E': 1\."):
        replace(fit, value=1.01 * fit.value).profile(["alpha"])


def test_text_and_order(profiles: dict[str, Any]) -> None:
    found = profiles["least_squares"]
    assert str(found).startswith("0.95 profile of typed, scatter even: E [1.")
    assert profiles["huber"].scatter == profiles["lad"].scatter == "uneven"
    assert found.curves["constant"].unique(maintain_order=True).to_list() == list(TRUTH)
    assert found.conf_int() == found.intervals


@pytest.mark.parametrize("kind", KINDS)
def test_one_sided_objectives_too(kind: Any) -> None:
    """Profile and residual bootstrap know what over-prediction costs."""
    fit = sw.fit(LAW, RUNS, objective=sw.Objective(kind, over=3.0))
    low, high = fit.profile("alpha", 0.6827, "even").intervals["alpha"]
    assert low < fit.params["alpha"] < high
    draws = fit.bootstrap(60, kind="residual").draws["alpha"].to_numpy()
    assert np.std(draws) == pytest.approx(0.5 * (high - low), rel=0.5)
    assert np.mean(draws) == pytest.approx(fit.params["alpha"], abs=0.5 * (high - low))
