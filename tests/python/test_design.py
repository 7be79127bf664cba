"""Which run to make next: against closed forms, refits, brute force and simulated studies."""

from collections.abc import Mapping
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

import scalewidgets as sw
from scalewidgets.fitting.design import _surface, _target_gradient, suggest_runs
from scalewidgets.fitting.problem import Problem
from scalewidgets.fitting.solver import minimise

pytestmark = pytest.mark.slow

Array = npt.NDArray[np.float64]

TRUTH = {"E": 1.8, "A": 480.0, "alpha": 0.35, "B": 2080.0, "beta": 0.37}
LAW = sw.Law("E + A/N**alpha + B/D**beta", constants=TRUTH)
NOISE = 0.004
BUDGETS = np.geomspace(1e18, 1e21, 6)
FLOPS = 1e22  # of the next run


EXACT = sw.simulate_isoflop_data(LAW, BUDGETS, points=9, noise=0.0)


def sweep(law: sw.Law = LAW, seed: int = 0, noise: float = NOISE) -> pl.DataFrame:
    """The runs of one grid under any law."""
    scatter = np.random.default_rng(seed).standard_normal(len(EXACT))
    loss = law.predict(N=EXACT["N"], D=EXACT["D"]) * np.exp(noise * scatter)
    return EXACT.with_columns(loss=loss)


RUNS = sweep()


@pytest.fixture(scope="module")
def fitted() -> sw.Fit:
    return sw.fit(LAW, RUNS, objective="least_squares")


def middle() -> dict[str, list[float]]:
    """The run in the middle of the next budget's grid: the compute-optimal one."""
    n = float(LAW.N_opt(FLOPS))
    return {"N": [n], "D": [FLOPS / 6 / n]}


# --- the target's gradient ------------------------------------------------------------------


def quantity(law: sw.Law, target: str, at: Any) -> float:
    if target == "loss":
        return float(law.predict(N=at[0], D=at[1]))
    if target in ("N_opt", "D_opt"):
        return float(np.log(getattr(law, target)(at)))
    if target in ("a_N", "a_D"):
        step = np.exp([1e-3, -1e-3])
        up, down = np.log(getattr(law, f"{target[-1]}_opt")(at * step))
        return float((up - down) / 2e-3)
    return law.values[target]


TARGETS = [("N_opt", 1e24), ("D_opt", 1e22), ("a_N", 1e24), ("a_D", 1e21), ("loss", (7e10, 1e12))]
LAWS: dict[str, tuple[sw.Law, dict[str, Any]]] = {
    "chinchilla": (LAW, {}),
    "tied and held": (LAW, {"tied": {"beta": "alpha"}, "fixed": {"E": 1.8}}),
    "kaplan": (sw.law("kaplan2020"), {}),
    "not a power law along a budget": (
        sw.Law("E + A/N**alpha + B/D**beta + G/(N*D)**0.1", constants={**TRUTH, "G": 20.0}),
        {"fixed": {"E": 1.8}},
    ),
}


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize(("target", "at"), [*TARGETS, ("first", 0.0)])
def test_gradients_are_differences(name: str, target: str, at: Any) -> None:
    law, given = LAWS[name]
    fit = sw.fit(law, sweep(law), objective="least_squares", start=law.values, **given)
    if target == "first":
        target = fit.problem.free[0]
    found = _target_gradient(fit, _surface(fit), target, at)

    def moved(i: int, step: float) -> float:
        theta = fit.theta.copy()
        theta[i] += step
        constants = {k: float(v) for k, v in fit.problem.constants(theta).items()}
        return quantity(fit.law.with_constants(**constants), target, at)

    steps = [(moved(i, 1e-4) - moved(i, -1e-4)) / 2e-4 for i in range(fit.problem.size)]
    np.testing.assert_allclose(found, steps, rtol=1e-4, atol=1e-7 + 1e-5 * np.abs(steps).max())


# --- variances --------------------------------------------------------------------------------


def test_the_slope_of_a_line_is_the_textbook_one() -> None:
    """Var = s^2 / sum (x - mean)^2, before and after a run."""
    law = sw.Law("E - A*log(N)", constants={"E": 5.0, "A": 0.1})
    rng = np.random.default_rng(1)
    n = np.geomspace(1e8, 1e10, 40)
    loss = law.predict(N=n) + 0.01 * rng.choice([-1.0, 1.0], 40)
    runs = pl.DataFrame({"N": n, "D": np.full(40, 1e10), "loss": loss})
    fit = sw.fit(law, runs, objective=sw.Objective("least_squares", log=False))
    candidates = {"N": [1e9, 1e11, 2e10], "D": [1e10] * 3}
    found = suggest_runs(fit, 1e30, "A", candidates=candidates)

    def spread(sizes: Array) -> float:
        return float(np.sum((np.log(sizes) - np.log(sizes).mean()) ** 2))

    variance = 2 * fit.value / (len(runs) - 2)
    assert found["variance_before"].item() == pytest.approx(variance / spread(n), rel=0.02)
    n_new = found["N"].item()
    shrunk = found["variance_after"].item() / found["variance_before"].item()
    assert shrunk == pytest.approx(spread(n) / spread(np.r_[n, n_new]), rel=1e-9)


@pytest.mark.parametrize("kind", ["huber", "least_squares", "lad"])
def test_before_the_run_it_is_the_fits_own_variance(kind: str) -> None:
    """On average over studies: in one of 108 runs the sandwich strays by up to 40 %."""
    ratios = []
    for first in range(0, 16, 2):
        runs = pl.concat([sweep(seed=first), sweep(seed=first + 1)])
        fit = sw.fit(LAW, runs, objective=kind, start=TRUTH)
        for name in ("E", "alpha", "beta"):
            before = suggest_runs(fit, FLOPS, name)["variance_before"].item()
            ratios.append(np.sqrt(before) / fit.stderr[name])
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize(("target", "at"), [*TARGETS, ("beta", 0.0)])
def test_best_of_all_candidates_by_brute_force(fitted: sw.Fit, target: str, at: Any) -> None:
    """Every candidate's run put into the Jacobian, and the information inverted anew."""
    rng = np.random.default_rng(0)
    n, d = 10 ** rng.uniform(8, 11, 60), 10 ** rng.uniform(9.5, 12, 60)
    found = suggest_runs(fitted, FLOPS, target, at, candidates={"N": n, "D": d})
    pull = _target_gradient(fitted, _surface(fitted), target, at)
    inside = 6 * n * d <= FLOPS
    variances = [variance(fitted, pull, n[i : i + 1], d[i : i + 1]) for i in range(60)]
    before = variance(fitted, pull, n[:0], d[:0])
    per_flop = np.where(inside, (before - np.array(variances)) / (6 * n * d), -1.0)
    best = int(np.argmax(per_flop))
    assert found["N"].item() == n[best]
    assert found["D"].item() == d[best]
    ratio = found["variance_after"].item() / found["variance_before"].item()
    assert ratio == pytest.approx(variances[best] / before, rel=1e-6)
    expected = per_flop[best] * found["variance_before"].item() / before
    assert found["gain_per_flop"].item() == pytest.approx(expected, rel=1e-6)


def variance(fit: sw.Fit, pull: Array, n: Array, d: Array) -> float:
    """pull' (J'J)^-1 pull with further runs, for residuals of variance 1."""
    columns = {"N": np.r_[fit.runs["N"], n], "D": np.r_[fit.runs["D"], d]}
    slopes = fit.law.partials(**columns)
    scale = {c.name: fit.params[c.name] if c.sign else 1.0 for c in fit.problem.coordinates}
    jacobian = np.stack(
        [slopes[name] * scale[name] / fit.predict(**columns) for name in fit.problem.free], axis=1
    )
    return float(pull @ np.linalg.solve(jacobian.T @ jacobian, pull))


def test_several_runs_one_after_the_other(fitted: sw.Fit) -> None:
    candidates = pl.DataFrame({"N": np.geomspace(1e9, 4e10, 7)}).with_columns(
        D=FLOPS / 6 / pl.col("N")
    )
    found = suggest_runs(fitted, FLOPS, "E", count=3, candidates=candidates)
    before, after = found["variance_before"].to_numpy(), found["variance_after"].to_numpy()
    np.testing.assert_allclose(before[1:], after[:-1], rtol=1e-12)
    assert (np.diff(found["gain_per_flop"].to_numpy()) < 0).all()
    pull = np.eye(5)[0] * fitted.params["E"]
    n, d = candidates["N"].to_numpy(), candidates["D"].to_numpy()
    at = variance(fitted, pull, found["N"].to_numpy(), found["D"].to_numpy())
    assert after[-1] / before[0] == pytest.approx(at / variance(fitted, pull, n[:0], d[:0]))
    triples = [list(t) for t in combinations_with_replacement(range(7), 3)]
    best = min(variance(fitted, pull, n[t], d[t]) for t in triples)
    assert best <= at * (1 + 1e-9)
    assert at <= 1.01 * best, "one after the other loses little"


# --- simulated studies ------------------------------------------------------------------------


def refits(extra: Mapping[str, Any] | None, studies: int = 500) -> dict[str, Array]:
    """Constants (studies,) of least squares on as many sweeps, each with a further run or none.

    All see the same noise in the runs that they share.
    """
    n, d = RUNS["N"].to_numpy(), RUNS["D"].to_numpy()
    scatter = NOISE * np.random.default_rng(7).standard_normal((studies, len(n) + 1))
    if extra is None:
        scatter = scatter[:, :-1]
    else:
        n, d = np.r_[n, extra["N"]], np.r_[d, extra["D"]]
    exact = LAW.predict(N=n, D=d)
    problem = Problem(LAW, {"N": n, "D": d}, exact).observing(exact * np.exp(scatter))
    start = np.repeat(problem.theta(TRUTH)[None], studies, axis=0)
    least = sw.Objective("least_squares")
    found = minimise(problem, least, start, np.ones((1, len(n))))
    assert found.converged.all()
    return problem.constants(found.theta)


def spread(constants: dict[str, Array], target: str) -> float:
    a, b, alpha, beta = (constants[k] for k in ("A", "B", "alpha", "beta"))
    if target == "a_N":
        return float(np.var(beta / (alpha + beta)))
    if target == "N_opt":
        log_n = (np.log(alpha * a / (beta * b)) + beta * np.log(1e24 / 6)) / (alpha + beta)
        return float(np.var(log_n))
    return float(np.var(constants[target]))


@pytest.mark.parametrize("target", ["N_opt", "a_N", "E", "alpha"])
def test_studies_with_the_run_scatter_less_as_predicted(target: str) -> None:
    """500 studies that share their noise know a ratio of variances to about 5 %."""
    truth = sw.fit(LAW, RUNS, objective="least_squares")
    suggested = suggest_runs(truth, FLOPS, target)
    ratio = suggested["variance_after"].item() / suggested["variance_before"].item()
    at_middle = suggest_runs(truth, FLOPS, target, candidates=middle())
    assert at_middle["variance_after"].item() > suggested["variance_after"].item()

    alone, with_it = spread(refits(None), target), spread(refits(suggested.to_dict()), target)
    with_middle = spread(refits(middle()), target)
    if target != "E":  # for which the middle is as good
        assert with_it < 0.98 * with_middle
    assert with_it / alone == pytest.approx(ratio, abs=0.08)
    predicted = at_middle["variance_after"].item() / at_middle["variance_before"].item()
    assert with_middle / alone == pytest.approx(predicted, abs=0.08)


def test_predicted_variances_are_those_of_studies() -> None:
    """Over fits to 40 studies the median prediction is the scatter of 500, before and after."""
    tables = [
        suggest_runs(sw.fit(LAW, sweep(seed=s), objective="least_squares", start=TRUTH), FLOPS)
        for s in range(40)
    ]
    assert {t.height for t in tables} == {1}
    run = suggest_runs(sw.fit(LAW, sweep(noise=1e-5), objective="least_squares"), FLOPS)
    before = np.median([t["variance_before"].item() for t in tables])
    after = np.median([t["variance_after"].item() for t in tables])
    assert before == pytest.approx(spread(refits(None), "N_opt"), rel=0.2)
    assert after == pytest.approx(spread(refits(run.to_dict()), "N_opt"), rel=0.2)


# --- what is suggested ------------------------------------------------------------------------


def test_by_default_a_run_of_the_whole_budget_and_a_shape_that_was_seen(fitted: sw.Fit) -> None:
    found = suggest_runs(fitted, FLOPS, count=2)
    assert found.columns == ["N", "D", "C", "variance_before", "variance_after", "gain_per_flop"]
    np.testing.assert_allclose(found["C"], FLOPS, rtol=1e-12)
    np.testing.assert_allclose(6 * found["N"] * found["D"], found["C"], rtol=1e-12)
    seen = (RUNS["D"] / RUNS["N"]).to_numpy()
    shapes = (found["D"] / found["N"]).to_numpy()
    assert (shapes >= seen.min() * 0.999).all()
    assert (shapes <= seen.max() * 1.001).all()
    assert (found["variance_after"] < found["variance_before"]).all()
    assert (found["gain_per_flop"] > 0).all()
    assert found.equals(suggest_runs(fitted, FLOPS, count=2))


def test_of_two_equal_runs_the_cheaper(fitted: sw.Fit) -> None:
    """A law of N alone: tokens cost and tell nothing."""
    law = sw.Law("E + A/N**alpha", constants={"E": 2.0, "A": 480.0, "alpha": 0.35})
    rng = np.random.default_rng(3)
    n = np.geomspace(1e7, 1e10, 30)
    loss = law.predict(N=n) * np.exp(0.002 * rng.standard_normal(30))
    fit = sw.fit(law, pl.DataFrame({"N": n, "D": 20 * n, "loss": loss}))
    found = suggest_runs(fit, 1e24, "alpha", candidates={"N": [1e10, 1e10], "D": [2e11, 1e11]})
    assert found["D"].item() == 1e11


def test_a_constant_at_its_bound_needs_no_runs() -> None:
    bounded = sw.fit(LAW, RUNS, objective="least_squares", bounds={"E": (0.0, 1.7)})
    held = sw.fit(LAW, RUNS, objective="least_squares", fixed={"E": 1.7})
    columns = ["N", "D"]
    one, other = (suggest_runs(f, FLOPS, "alpha").select(columns) for f in (bounded, held))
    np.testing.assert_allclose(one, other, rtol=1e-9)


def test_a_run_without_weight_tells_nothing() -> None:
    weights = np.where(np.arange(len(RUNS)) < 45, 3.0, 0.0)
    fit = sw.fit(LAW, RUNS, objective="least_squares", weights=weights)
    without = sw.fit(LAW, RUNS.head(45), objective="least_squares")
    one, other = (suggest_runs(f, FLOPS).to_numpy() for f in (fit, without))
    np.testing.assert_allclose(one, other, rtol=1e-6)


# --- mistakes ---------------------------------------------------------------------------------

MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"budget": -1.0}, "budget must be training FLOPs above zero, not -1.0"),
    ({"budget": float("nan")}, "budget must be"),
    ({"count": 0}, "count must be a whole number, at least 1 .* not 0"),
    ({"target": "N_op"}, "'N_op' is no target; there are N_opt.* mean 'N_opt'"),
    ({"at": (1e9, 1e10)}, "N_opt needs at= training FLOPs"),
    ({"target": "loss"}, r"say where as at=\(N, D\), two numbers above 0, not 1e\+24"),
    ({"candidates": {"N": [1e9]}}, r"candidates need columns N and D; they have \['N'\]"),
    ({"candidates": {"N": [1e9, -1.0], "D": [1e9, 1e9]}}, "must be positive numbers"),
    ({"candidates": {"N": [1e9, None], "D": [1e9, 1e9]}}, "must be positive numbers"),
    (
        {"candidates": {"N": [1e12], "D": [1e13]}},
        r"none of the candidates costs 1e\+22 FLOPs or less; the cheapest costs 6e\+25",
    ),
    ({"candidates": {"N": [], "D": []}}, r"none of the candidates costs 1e\+22 FLOPs or less$"),
]


@pytest.mark.parametrize(("given", "message"), MISTAKES)
def test_mistakes_are_told(fitted: sw.Fit, given: dict[str, Any], message: str) -> None:
    with pytest.raises(sw.FitError, match=message):
        suggest_runs(**{"fit": fitted, "budget": FLOPS, **given})


def test_a_target_that_is_held() -> None:
    fit = sw.fit(LAW, RUNS, fixed={"E": 1.8}, tied={"beta": "alpha"})
    with pytest.raises(sw.FitError, match="'E' is held: no run changes it; there are N_opt"):
        suggest_runs(fit, FLOPS, "E")
    with pytest.raises(sw.FitError, match=r"a_N .*is the same for all constants that are fitted"):
        suggest_runs(fit, FLOPS, "a_N")
    assert suggest_runs(fit, FLOPS, "beta").equals(suggest_runs(fit, FLOPS, "alpha"))


def test_runs_that_lie_on_the_law() -> None:
    fit = sw.fit(LAW, sweep(noise=0.0))
    with pytest.raises(sw.FitError, match="lie on the law exactly"):
        suggest_runs(fit, FLOPS)


def test_runs_that_determine_nothing() -> None:
    same = pl.DataFrame({"N": [1e9] * 8, "D": [1e10] * 8, "loss": np.linspace(2.4, 2.5, 8)})
    with pytest.raises(sw.FitError, match="do not determine all constants yet"):
        suggest_runs(sw.fit(LAW, same), FLOPS)


def test_a_law_of_more_than_two_inputs() -> None:
    law = sw.Law("E + A/N**alpha + G*U", constants={"E": 1.8, "A": 480.0, "alpha": 0.35, "G": 0.1})
    runs = RUNS.with_columns(U=np.linspace(0.0, 1.0, len(RUNS)))
    with pytest.raises(sw.FitError, match="also varies with U"):
        suggest_runs(sw.fit(law, runs), FLOPS, "alpha")


def test_no_optimum_in_a_law_without_tokens() -> None:
    fit = sw.fit(sw.Law("A/N**alpha", constants={"A": 20.0, "alpha": 0.1}), RUNS)
    with pytest.raises(sw.FitError, match="has no optimum over N and D"):
        suggest_runs(fit, FLOPS)
