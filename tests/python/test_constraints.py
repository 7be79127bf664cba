"""Ties, bounds and asymmetric objectives, against SciPy under the same constraints."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from scipy.optimize import least_squares, linprog, minimize

import scalewidgets as sw
from scalewidgets.fitting.problem import Problem
from scalewidgets.fitting.solver import evaluate, gradient_and_hessian

pytestmark = pytest.mark.slow

Array = npt.NDArray[np.float64]
Bounds = dict[str, tuple[float, float]]

TRUTH = {"E": 1.8, "A": 480.0, "alpha": 0.35, "B": 2080.0, "beta": 0.37}
EXPONENTS = ("alpha", "beta")
LAW = sw.Law("E + A/N**alpha + B/D**beta", constants=TRUTH)
FORM = sw.Law("E + A/N**alpha + B/D**beta", constants=list(TRUTH))
KINDS = ["huber", "least_squares", "lad"]
DELTA = 1e-3
INF = float("inf")


def sweep(seed: int = 0, noise: float = 0.01, law: sw.Law = LAW) -> pl.DataFrame:
    c = np.geomspace(1e18, 1e22, 5)[:, None]
    n = np.sqrt(c / 120.0) * np.geomspace(0.1, 10.0, 9)
    d = c / (6.0 * n)
    scatter = np.random.default_rng(seed).standard_normal(n.shape)
    loss = law.predict(N=n, D=d) * np.exp(noise * scatter)
    return pl.DataFrame({"N": n.ravel(), "D": d.ravel(), "loss": loss.ravel()})


RUNS = sweep()


# --- SciPy's answers, the objective written out by hand ---------------------------------------


def coordinates(constants: dict[str, float]) -> Array:
    """log E, log A, alpha, log B, beta."""
    with np.errstate(divide="ignore"):
        return np.array([v if k in EXPONENTS else np.log(v) for k, v in constants.items()])


def box(bounds: Bounds) -> list[tuple[float, float]]:
    sides = [{name: bounds.get(name, (0.0, INF))[side] for name in TRUTH} for side in (0, 1)]
    low, high = map(coordinates, sides)
    return list(zip(low.tolist(), high.tolist(), strict=True))


def residuals(x: Array, runs: pl.DataFrame) -> tuple[Array, Array]:
    """Log residuals (runs,) and their Jacobian (runs, 5)."""
    log_n, log_d = np.log(runs["N"].to_numpy()), np.log(runs["D"].to_numpy())
    terms = [np.full(len(runs), np.exp(x[0])), np.exp(x[1] - x[2] * log_n)]
    terms.append(np.exp(x[3] - x[4] * log_d))
    total = sum(terms)
    columns = [terms[0], terms[1], -log_n * terms[1], terms[2], -log_d * terms[2]]
    return np.log(total / runs["loss"].to_numpy()), np.stack(columns, axis=1) / total[:, None]


def objective(kind: str, r: Array, over: float = 1.0) -> float:
    size = np.abs(r)
    huber = np.where(size < DELTA, r**2 / 2, DELTA * size - DELTA**2 / 2)
    rho = {"least_squares": r**2 / 2, "lad": size, "huber": huber}[kind]
    return float(np.sum(np.where(r > 0, over, 1.0) * rho))


def linear_programs(x: Array, runs: pl.DataFrame, bounds: Bounds, over: float) -> Array:
    """Least absolute deviations by linear programs within a trust region and the bounds."""
    n, reach = len(runs), 0.1
    while reach > 1e-10:
        r, slopes = residuals(x, runs)
        sides = zip(box(bounds), x, strict=True)
        # r + slopes step = up - down, both positive
        steps = [(max(lo - v, -reach), min(hi - v, reach)) for (lo, hi), v in sides]
        found = linprog(
            np.r_[np.zeros(5), np.full(n, over), np.ones(n)],
            A_eq=np.block([[slopes, -np.eye(n), np.eye(n)]]),
            b_eq=-r,
            bounds=steps + [(0, None)] * (2 * n),
        )
        trial = x + found.x[:5]
        better = objective("lad", residuals(trial, runs)[0], over) < objective("lad", r, over)
        x, reach = (trial, reach * 2) if better else (x, reach / 8)
    return x


def scipys(kind: str, runs: pl.DataFrame, bounds: Bounds, over: float = 1.0) -> float:
    """The lowest objective that SciPy reaches within bounds from near the truth."""
    sides = np.array(box(bounds))

    def roots(x: Array) -> Array:
        r = residuals(x, runs)[0]
        return np.sqrt(np.where(r > 0, over, 1.0)) * r

    def slopes(x: Array) -> Array:
        r, jacobian = residuals(x, runs)
        return np.sqrt(np.where(r > 0, over, 1.0))[:, None] * jacobian

    def huber(x: Array) -> tuple[float, Array]:
        r, jacobian = residuals(x, runs)
        pull = np.where(r > 0, over, 1.0) * np.clip(r, -DELTA, DELTA)
        return objective("huber", r, over) / DELTA**2, jacobian.T @ pull / DELTA**2

    found = []
    for shift in (0.0, 0.03) if kind == "least_squares" else (0.0,):
        inside = np.clip(coordinates(TRUTH) + shift, sides[:, 0] + 1e-3, sides[:, 1] - 1e-3)
        x = least_squares(
            roots, inside, slopes, bounds=sides.T, xtol=1e-15, ftol=1e-15, gtol=1e-15, x_scale="jac"
        ).x
        if kind == "huber":
            options = {"ftol": 1e-16, "gtol": 1e-10, "maxiter": 5000, "maxfun": 50000, "maxcor": 30}
            x = minimize(
                huber, x, jac=True, method="L-BFGS-B", bounds=box(bounds), options=options
            ).x
            tight = {"ftol": 1e-16, "maxiter": 2000}
            x = minimize(huber, x, jac=True, method="SLSQP", bounds=box(bounds), options=tight).x
        if kind == "lad":
            x = linear_programs(x, runs, bounds, over)
        found.append(objective(kind, residuals(np.clip(x, *sides.T), runs)[0], over))
    return min(found)


# --- constants that equal another one ---------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_tied_exponents_are_the_law_with_one(kind: str) -> None:
    one = sw.Law("E + A/N**alpha + B/D**alpha", constants=["E", "A", "alpha", "B"])
    expected = sw.fit(one, RUNS, objective=kind)
    fit = sw.fit(FORM, RUNS, objective=kind, tied={"beta": "alpha"})
    assert fit.status == expected.status == "ok"
    assert fit.value == pytest.approx(expected.value, rel=1e-12)
    assert list(fit.params) == list(TRUTH)
    for name, value in expected.params.items():
        assert fit.params[name] == pytest.approx(value, rel=1e-9)
        assert fit.stderr[name] == pytest.approx(expected.stderr[name], rel=1e-6)
        assert fit.conf_int()[name] == pytest.approx(expected.conf_int()[name], rel=1e-6)
    assert fit.params["beta"] == fit.params["alpha"]
    assert fit.stderr["beta"] == fit.stderr["alpha"]
    assert fit.conf_int()["beta"] == fit.conf_int()["alpha"]


def test_a_tied_bootstrap() -> None:
    one = sw.Law("E + A/N**alpha + B/D**alpha", constants=["E", "A", "alpha", "B"])
    expected = sw.fit(one, RUNS).bootstrap(50, seed=3).draws
    draws = sw.fit(FORM, RUNS, tied={"beta": "alpha"}).bootstrap(50, seed=3).draws
    assert draws["beta"].equals(draws["alpha"].alias("beta"))
    for name in expected.columns:
        np.testing.assert_allclose(draws[name], expected[name], rtol=1e-6)


def test_tied_amplitudes() -> None:
    """A constant in both terms is linear still, and found without a start."""
    truth = {"E": 1.8, "A": 900.0, "alpha": 0.35, "B": 900.0, "beta": 0.33}
    runs = sweep(noise=0.0, law=LAW.with_constants(**truth))
    fit = sw.fit(FORM, runs, tied={"A": "B"})
    assert fit.params == pytest.approx(truth, rel=1e-6)
    assert fit.status == "ok"


def test_tied_to_a_constant_that_is_held() -> None:
    tied = sw.fit(FORM, RUNS, fixed={"alpha": 0.36}, tied={"beta": "alpha"})
    held = sw.fit(FORM, RUNS, fixed={"alpha": 0.36, "beta": 0.36})
    assert tied.params == pytest.approx(held.params, rel=1e-9)
    assert tied.stderr == pytest.approx(held.stderr, rel=1e-6)


# --- bounds -----------------------------------------------------------------------------------

BOXES: dict[str, Bounds] = {
    "not reached": {"alpha": (0.1, 1.0), "E": (0.5, 3.0)},
    "one exponent": {"alpha": (0.1, 0.3)},
    "an amplitude": {"E": (1.95, 2.2)},
    "three": {"E": (0.0, 1.6), "beta": (0.2, 0.3), "A": (100.0, 400.0)},
    "a corner": {"alpha": (0.4, 0.5), "beta": (0.42, 0.5)},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", BOXES)
def test_no_other_optimiser_ends_lower(name: str, kind: str) -> None:
    bounds = BOXES[name]
    fit = sw.fit(FORM, RUNS, objective=kind, bounds=bounds)
    for constant, (low, high) in bounds.items():
        assert low <= fit.params[constant] <= high
    x = coordinates(fit.params)
    assert fit.value == pytest.approx(objective(kind, residuals(x, RUNS)[0]), rel=1e-9)
    theirs = scipys(kind, RUNS, bounds)
    assert theirs <= fit.value * (1 + 1e-5), "SciPy is no judge here"
    assert fit.value <= theirs * (1 + 1e-8)
    assert fit.certificate.remaining < 1e-9
    assert fit.status == ("ok" if name == "not reached" else "at_bound")


@pytest.mark.parametrize("kind", KINDS)
def test_bounds_that_are_not_reached_change_nothing(kind: str) -> None:
    free = sw.fit(FORM, RUNS, objective=kind)
    wide = sw.fit(FORM, RUNS, objective=kind, bounds=BOXES["not reached"])
    assert wide.params == pytest.approx(free.params, rel=1e-7)
    assert wide.stderr == pytest.approx(free.stderr, rel=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_at_its_bound_a_constant_is_held_there(kind: str) -> None:
    bounded = sw.fit(FORM, RUNS, objective=kind, bounds={"alpha": (0.1, 0.3), "E": (0.1, 3.0)})
    held = sw.fit(FORM, RUNS, objective=kind, fixed={"alpha": 0.3})
    assert bounded.params == pytest.approx(held.params, rel=1e-7)
    assert bounded.params["alpha"] == 0.3
    assert bounded.stderr == pytest.approx(held.stderr, rel=1e-3)
    assert np.isfinite(bounded.covariance).all()


def test_the_certificate_says_which_bound() -> None:
    fit = sw.fit(FORM, RUNS, bounds={"E": (0.0, 1.6), "beta": (0.45, INF)})
    assert fit.status == "at_bound"
    assert dict(fit.certificate.limits) == {"E": 1.6, "beta": 0.45}
    assert fit.certificate.at_bound == ("E", "beta")
    notes = " ".join(fit.certificate.notes())
    assert "E lies at its bound 1.6" in notes
    assert "went to zero" not in notes


def test_a_fit_at_its_bounds_is_a_start() -> None:
    for high in np.linspace(1.4, 1.7, 9).tolist():
        fit = sw.fit(FORM, RUNS, bounds={"E": (0.0, high)})
        assert fit.params["E"] == high
        again = sw.fit(FORM, RUNS, bounds={"E": (0.0, high)}, start=fit.params)
        assert again.params == pytest.approx(fit.params, rel=1e-7)


def test_a_term_that_vanishes_within_its_bounds() -> None:
    """Zero itself is no bound that an amplitude reaches: it goes there and is told as before."""
    none = sweep(noise=0.0, law=LAW.with_constants(E=0.0))
    fit = sw.fit(FORM, none, bounds={"E": (0.0, 5.0)})
    assert fit.certificate.at_bound == ("E",)
    assert fit.certificate.limits == ()


def test_bounds_beyond_the_usual_range_of_exponents() -> None:
    truth = {"E": 1.8, "A": 480.0, "alpha": 0.35, "B": 1e22, "beta": 2.2}
    runs = sweep(noise=0.0, law=LAW.with_constants(**truth))
    fit = sw.fit(FORM, runs, objective="least_squares", bounds={"beta": (2.0, 3.0)})
    assert fit.params == pytest.approx(truth, rel=1e-5)
    assert fit.status == "ok"


def test_a_negative_amplitude_and_a_large_scale() -> None:
    law = sw.Law("E - G*log(N)", constants={"E": 5.0, "G": -0.1})
    runs = RUNS.with_columns(loss=2.0 + 0.05 * pl.col("N").log())
    fit = sw.fit(law, runs, objective="least_squares", bounds={"G": (-0.04, -0.01)})
    assert fit.params["G"] == pytest.approx(-0.04, rel=1e-12)
    assert fit.certificate.limits == (("G", -0.04),)
    kaplan = sw.law("kaplan2020")
    runs = sweep(noise=0.0, law=kaplan)
    most = 0.5 * kaplan.values["N_c"]
    fit = sw.fit(kaplan, runs, bounds={"N_c": (1e10, most)})
    assert fit.params["N_c"] == pytest.approx(most, rel=1e-12)
    assert fit.status == "at_bound"


def test_every_draw_of_a_bootstrap_stays_inside() -> None:
    free = sw.fit(FORM, RUNS, objective="least_squares")
    high = free.params["alpha"] + 0.3 * free.stderr["alpha"]
    fit = sw.fit(FORM, RUNS, objective="least_squares", bounds={"alpha": (0.1, high)})
    boot, unbounded = fit.bootstrap(300, seed=1), free.bootstrap(300, seed=1)
    alpha, other = boot.draws["alpha"].to_numpy(), unbounded.draws["alpha"].to_numpy()
    assert boot.failed == unbounded.failed == 0
    assert alpha.max() == pytest.approx(high, rel=1e-12)
    reached = other >= high  # one valley: where the free optimum lies beyond, the bound is best
    assert 0.2 < reached.mean() < 0.6
    np.testing.assert_array_equal(np.isclose(alpha, high, rtol=1e-12), reached)
    np.testing.assert_allclose(alpha[~reached], other[~reached], rtol=1e-6)


# --- objectives that dislike one side ---------------------------------------------------------


@pytest.mark.parametrize("over", [3.0, 0.25])
@pytest.mark.parametrize("kind", KINDS)
def test_asymmetric_objectives_against_scipy(kind: str, over: float) -> None:
    fit = sw.fit(FORM, RUNS, objective=sw.Objective(kind, over=over))  # type: ignore[arg-type]
    x = coordinates(fit.params)
    assert fit.value == pytest.approx(objective(kind, residuals(x, RUNS)[0], over), rel=1e-9)
    theirs = scipys(kind, RUNS, {}, over)
    assert theirs <= fit.value * (1 + 1e-5), "SciPy is no judge here"
    assert fit.value <= theirs * (1 + 1e-8)
    assert fit.status == "ok"


@pytest.mark.parametrize("over", [1.0, 3.0, 9.0, 0.25])
@pytest.mark.parametrize("log", [True, False])
def test_absolute_deviations_are_a_quantile(over: float, log: bool) -> None:
    """The law passes above 1 in 1 + over runs, give or take the k it passes through."""
    runs = sweep(seed=5, noise=0.02)
    fit = sw.fit(FORM, runs, objective=sw.Objective("lad", log=log, over=over))
    above = np.count_nonzero(fit.residuals > 0)
    assert abs(above - len(runs) / (1.0 + over)) <= 5


def test_quantile_regression_is_one_linear_program() -> None:
    """A law that is linear in its constants, on the plain residuals."""
    law = sw.Law("E - A*log(N)", constants=["E", "A"])
    rng = np.random.default_rng(2)
    runs = RUNS.with_columns(loss=5.0 - 0.1 * pl.col("N").log() + pl.Series(rng.gamma(2, 0.1, 45)))
    fit = sw.fit(law, runs, objective=sw.Objective("lad", log=False, over=4.0))
    x, n = np.log(runs["N"].to_numpy()), len(runs)
    found = linprog(
        np.r_[0.0, 0.0, np.full(n, 4.0), np.ones(n)],
        A_eq=np.c_[np.ones(n), -x, -np.eye(n), np.eye(n)],
        b_eq=runs["loss"].to_numpy(),
        bounds=[(None, None)] * 2 + [(0, None)] * (2 * n),
    )
    assert fit.value == pytest.approx(found.fun, rel=1e-7)
    assert fit.params == pytest.approx(dict(zip("EA", found.x[:2], strict=True)), rel=1e-6)


def test_a_mirror_turns_the_penalty_around() -> None:
    """Plain residuals of 10 - loss under the law 10 - E + ... are those of before, negated."""
    law = sw.Law("E - A*log(N)", constants={"E": 5.0, "A": 0.1})
    mirrored = sw.Law("E + A*log(N)", constants={"E": 5.0, "A": 0.1})
    runs = RUNS.with_columns(loss=5.0 - 0.1 * pl.col("N").log() + 0.1 * pl.col("loss").sin())
    turned = runs.with_columns(loss=10.0 - pl.col("loss"))
    fit = sw.fit(law, runs, objective=sw.Objective("huber", 0.01, False, 4.0))
    other = sw.fit(mirrored, turned, objective=sw.Objective("huber", 0.01, False, 0.25))
    assert other.params["A"] == pytest.approx(fit.params["A"], rel=1e-8)
    assert other.params["E"] == pytest.approx(10.0 - fit.params["E"], rel=1e-8)
    assert other.value * 4.0 == pytest.approx(fit.value, rel=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_gradient_and_hessian_of_one_side(kind: str) -> None:
    problem = Problem(
        LAW, {v: RUNS[v].to_numpy() for v in "ND"}, RUNS["loss"].to_numpy(), tied={"A": "B"}
    )
    rng = np.random.default_rng(0)
    theta = problem.theta(TRUTH) + 0.01 * rng.standard_normal((3, problem.size))
    weights = rng.uniform(0.0, 2.0, (3, len(RUNS)))
    one_sided = sw.Objective(kind, 0.03, over=2.5)  # type: ignore[arg-type]

    def differences(f: Callable[[Array], Array]) -> Array:
        steps = 1e-6 * np.eye(problem.size)
        return np.stack([(f(theta + s) - f(theta - s)) / 2e-6 for s in steps], axis=-1)

    gradient, hessian, _ = gradient_and_hessian(problem, one_sided, theta, weights)
    expected = differences(lambda t: evaluate(problem, one_sided, t, weights))
    np.testing.assert_allclose(gradient, expected, atol=1e-6 * np.abs(gradient).max())
    expected = differences(lambda t: gradient_and_hessian(problem, one_sided, t, weights)[0])
    np.testing.assert_allclose(hessian, expected, atol=1e-6 * np.abs(hessian).max())


@pytest.mark.parametrize(("kind", "apart"), [("least_squares", 0.25), ("huber", 0.4), ("lad", 0.4)])
def test_errors_of_one_sided_fits_agree_with_the_bootstrap(kind: str, apart: float) -> None:
    """As roughly as those of the symmetric ones (test_uncertainty.py), of fewer runs."""
    runs = pl.concat([sweep(seed, noise=0.005) for seed in range(4)])
    fit = sw.fit(LAW, runs, objective=sw.Objective(kind, over=3.0))  # type: ignore[arg-type]
    boot = fit.bootstrap(100)
    for name in EXPONENTS:
        assert fit.stderr[name] / boot.stderr[name] == pytest.approx(1.0, abs=apart)


def test_objectives_as_text() -> None:
    assert str(sw.Objective("lad")) == "least absolute deviations on log loss"
    assert str(sw.Objective("huber", over=3.0)) == (
        "Huber on log loss, delta 0.001, over-prediction times 3"
    )


# --- the mean and the sum ---------------------------------------------------------------------


def test_the_mean_is_the_sum_for_us_and_not_for_scipy() -> None:
    """Besiroglu et al. 2024: on the mean, L-BFGS-B's tolerances end it early; ours are relative."""
    count = len(RUNS)
    total = sw.fit(FORM, RUNS)
    mean = sw.fit(FORM, RUNS, weights=np.full(count, 1.0 / count))
    assert mean.status == "ok"
    assert mean.params == pytest.approx(total.params, rel=1e-7)
    assert mean.value * count == pytest.approx(total.value, rel=1e-10)

    def huber(x: Array) -> tuple[float, Array]:
        r, jacobian = residuals(x, RUNS)
        return objective("huber", r) / count, jacobian.T @ np.clip(r, -DELTA, DELTA) / count

    start = {"E": 1.7, "A": 400.0, "alpha": 0.34, "B": 410.0, "beta": 0.28}
    early = minimize(huber, coordinates(start), jac=True, method="L-BFGS-B")
    assert early.success
    assert early.fun > 1.01 * mean.value


# --- mistakes ---------------------------------------------------------------------------------

MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"tied": {"gamma": "alpha"}}, "tied names 'gamma', but typed has E, A, alpha, B, beta"),
    ({"tied": {"beta": "gamma"}}, "tied names 'gamma'"),
    ({"tied": {"beta": "alpha", "A": "beta"}}, "A is tied to beta, which is tied to alpha"),
    ({"tied": {"beta": "beta"}}, "beta is tied to beta, which is tied to beta"),
    ({"tied": {"beta": "alpha"}, "fixed": {"beta": 0.3}}, "beta is both fixed and tied to alpha"),
    ({"bounds": {"gamma": (0, 1)}}, "bounds names 'gamma'"),
    ({"bounds": {"alpha": (0, 1)}, "fixed": {"alpha": 0.3}}, "alpha is fixed or tied"),
    ({"bounds": {"beta": (0, 1)}, "tied": {"beta": "alpha"}}, "beta is fixed or tied"),
    ({"bounds": {"alpha": 0.3}}, r"bounds must give alpha \(lowest, highest\), not 0.3"),
    ({"bounds": {"alpha": (1.0, 0.1)}}, "bounds of alpha leave it no room: 1 is not below 0.1"),
    ({"bounds": {"alpha": (float("nan"), 1.0)}}, "bounds of alpha leave it no room"),
    ({"bounds": {"A": (-5.0, -1.0)}}, "A stays above zero, .* between -5 and -1"),
    ({"bounds": {"alpha": (0.1, 0.2)}, "start": TRUTH}, "start puts alpha at 0.35, outside"),
]


@pytest.mark.parametrize(("given", "message"), MISTAKES)
def test_mistakes_are_told(given: dict[str, Any], message: str) -> None:
    with pytest.raises(sw.FitError, match=message):
        sw.fit(LAW, RUNS, **given)


@pytest.mark.parametrize("over", [0.0, -1.0, float("nan"), INF])
def test_a_penalty_is_positive(over: float) -> None:
    with pytest.raises(sw.FitError, match="over must be positive"):
        sw.Objective(over=over)
