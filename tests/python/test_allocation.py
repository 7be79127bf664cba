"""Plans: optima by their first-order conditions and by brute force, errors, intervals."""

import re
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scalewidgets as sw
from scalewidgets.allocation import Cluster, inference_flops, optimum, training_flops
from scalewidgets.lawbook.precision import with_precision

pytestmark = pytest.mark.slow

CONSTANTS = {"E": 1.8, "A": 480.0, "alpha": 0.35, "B": 2080.0, "beta": 0.37}
LAW = sw.Law("E + A/N**alpha + B/D**beta", constants=CONSTANTS)
# the same surfaces in texts that the closed form does not know
DISGUISES = [
    "A/N**alpha + E + B/D**beta",
    "E + A*N**(-alpha) + B*D**(-beta)",
    "E + A*exp(-alpha*log(N)) + B/D**beta",
]
SURFACES = ["besiroglu2024", "muennighoff2023", "kaplan2020", "kumar2024_precision"]
BUDGETS = [1e18, 1e21, 1e24, 1e27]
BITS = ["P_w", "P_a", "P_kv"]


def loss(law: sw.Law, plan: sw.Plan) -> float:
    return float(law.predict(N=plan.N, D=plan.D))


def slope(law: sw.Law, name: str, plan: sw.Plan, h: float = 1e-5) -> float:
    """x dL/dx at a plan's N and D, by central differences in log x."""
    at = {"N": plan.N, "D": plan.D}
    up, down = ({**at, name: at[name] * np.exp(s)} for s in (h, -h))
    return float(law.predict(**up) - law.predict(**down)) / (2 * h)


# --- Chinchilla -----------------------------------------------------------------------------


@pytest.mark.parametrize("equation", DISGUISES)
@pytest.mark.parametrize("C", [1e18, 1e27])
def test_the_closed_form_is_what_the_search_finds(equation: str, C: float) -> None:
    closed = sw.allocate(LAW, C=C)
    searched = sw.allocate(sw.Law(equation, constants=CONSTANTS), C=C)
    np.testing.assert_allclose([searched.N, searched.D], [closed.N, closed.D], rtol=1e-9)
    assert searched.loss == pytest.approx(closed.loss, rel=1e-12)


@pytest.mark.parametrize("C", [1e18, 1e25])
@pytest.mark.parametrize("name", SURFACES)
def test_no_other_size_is_better(name: str, C: float) -> None:
    law = sw.law(name)
    plan = sw.allocate(law, C=C)
    assert plan.train_flops == pytest.approx(C, rel=1e-12)
    assert plan.train_flops == 6 * plan.N * plan.D
    assert plan.loss == pytest.approx(loss(law, plan), rel=1e-14)
    n = plan.N * np.geomspace(1e-3, 1e3, 2001)
    assert plan.loss <= law.predict(N=n, D=C / (6 * n)).min() * (1 + 1e-12)
    assert slope(law, "N", plan) == pytest.approx(slope(law, "D", plan), rel=1e-6)
    assert plan.strategy == "chinchilla"
    assert (plan.inference_flops, plan.saving, plan.bits) == (0.0, 0.0, 16.0)
    assert law.N_opt(C) == pytest.approx(plan.N, rel=1e-12)


@pytest.mark.parametrize("name", SURFACES)
def test_a_loss_asks_for_the_model_that_a_budget_gives(name: str) -> None:
    by_budget = sw.allocate(sw.law(name), C=1e22)
    by_loss = sw.allocate(sw.law(name), loss=by_budget.loss)
    np.testing.assert_allclose(by_loss.N, by_budget.N, rtol=1e-6)
    assert by_loss.train_flops == pytest.approx(1e22, rel=1e-6)


# --- inference ------------------------------------------------------------------------------


@pytest.mark.parametrize("tokens", [1e9, 1e16])
@pytest.mark.parametrize("name", SURFACES)
def test_inference_aware(name: str, tokens: float) -> None:
    law = sw.law(name)
    dense = sw.allocate(law, C=1e23)
    plan = sw.allocate(law, C=1e23, inference_tokens=tokens)
    assert plan.strategy == "inference-aware"
    assert plan.loss == pytest.approx(dense.loss, rel=1e-11)
    assert plan.N < dense.N
    assert plan.D > dense.D
    # least cost on the curve of equal loss: N L_N = D L_D (1 + tokens / 3D)
    expected = slope(law, "D", plan) * (1 + tokens / (3 * plan.D))
    assert slope(law, "N", plan) == pytest.approx(expected, rel=1e-6)
    everything = plan.train_flops + plan.inference_flops
    assert plan.total_flops == everything
    assert plan.inference_flops == 2 * plan.N * tokens
    assert plan.saving == pytest.approx(1 - everything / (1e23 + 2 * dense.N * tokens), abs=1e-9)
    assert plan.saving > 0


@settings(max_examples=20, deadline=None)
@given(
    log_c=st.floats(17.0, 27.0),
    log_tokens=st.floats(6.0, 18.0),
    alpha=st.floats(0.1, 0.6),
    beta=st.floats(0.1, 0.6),
)
def test_no_model_of_equal_loss_is_cheaper(
    log_c: float, log_tokens: float, alpha: float, beta: float
) -> None:
    law = LAW.with_constants(alpha=alpha, beta=beta, A=0.3 * 1e9**alpha, B=0.3 * 2e10**beta)
    tokens = 10.0**log_tokens
    plan = sw.allocate(law, C=10.0**log_c, inference_tokens=tokens)
    v = law.values
    n = plan.N * np.geomspace(0.1, 10.0, 401)
    rest = plan.loss - v["E"] - v["A"] / n**alpha
    n, rest = n[rest > 0], rest[rest > 0]
    cost = 6 * n * (v["B"] / rest) ** (1 / beta) + 2 * n * tokens
    assert plan.total_flops <= cost.min() * (1 + 1e-9)


def test_more_demand_means_smaller_models() -> None:
    plans = [sw.allocate(LAW, C=1e23, inference_tokens=t) for t in np.geomspace(1e9, 1e17, 5)]
    for name, sign in (("N", -1), ("D", 1), ("saving", 1), ("tokens_per_parameter", 1)):
        assert np.all(sign * np.diff([getattr(p, name) for p in plans]) > 0), name


# --- precision ------------------------------------------------------------------------------


@pytest.mark.parametrize("served", [4.0, 6.0, 16.0])
@pytest.mark.parametrize("C", [1e19, 1e25])
@pytest.mark.parametrize("name", ["besiroglu2024", "kaplan2020", "kumar2024_precision"])
def test_no_other_precision_is_better(name: str, C: float, served: float) -> None:
    law = with_precision(sw.law(name))
    plan = sw.allocate(sw.law(name), C=C, precision=True, served_bits=served)
    assert plan.strategy == "precision-aware"
    assert 6 * plan.N * plan.D * plan.bits / 16 == pytest.approx(C, rel=1e-12)
    assert 4.0 <= plan.bits <= 16.0

    bits = np.linspace(4.0, 16.0, 25)[:, None]
    n = plan.N * np.geomspace(1e-2, 1e2, 401)
    at = dict.fromkeys(BITS, bits)
    others = law.predict(N=n, D=C * 16 / bits / (6 * n), P_post=served, **at)
    assert plan.loss <= np.nanmin(others) * (1 + 1e-12)


def test_the_best_precision_does_not_depend_on_the_budget() -> None:
    """Kumar et al. 2024, Sec. 4.3.2."""
    found = [sw.allocate(LAW, C=c, precision=True).bits for c in BUDGETS]
    np.testing.assert_allclose(found, found[0], rtol=1e-9)


def test_bits_are_paid_for() -> None:
    plan = sw.allocate(LAW, C=1e22, precision=True)
    dense = sw.allocate(LAW, loss=plan.loss)
    assert plan.saving == pytest.approx(1 - 1e22 / dense.train_flops, abs=1e-9)
    assert plan.loss < sw.allocate(LAW, C=1e22).loss
    served = sw.allocate(LAW, C=1e22, precision=True, served_bits=5)
    assert served.loss > plan.loss


# --- intervals ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fit() -> sw.Fit:
    return sw.fit(LAW, sw.simulate_isoflop_data(LAW, [1e19, 1e20, 1e21], points=11, seed=3))


@pytest.fixture(scope="module")
def draws(fit: sw.Fit) -> sw.Bootstrap:
    return fit.bootstrap(60)


@pytest.mark.parametrize(
    "asked",
    [
        {"C": 1e22},
        {"C": 1e22, "inference_tokens": 1e12},
        {"loss": 2.3, "inference_tokens": 1e12},
        {"C": 1e22, "precision": True, "served_bits": 6.0},
    ],
)
def test_each_draw_is_a_plan_of_its_own(
    fit: sw.Fit, draws: sw.Bootstrap, asked: dict[str, Any]
) -> None:
    plan = sw.allocate(fit, **asked, draws=draws)
    assert plan.N == sw.allocate(fit.law, **asked).N
    for i in (0, 59):
        law = fit.law.with_constants(**draws.draws.row(i, named=True))
        alone = sw.allocate(law, **asked)
        for name, cloud in plan.draws.items():
            assert cloud[i] == pytest.approx(getattr(alone, name), rel=1e-8, abs=1e-10), name
    for name in plan.draws:
        low, high = plan.interval(name)
        wide = plan.interval(name, 0.99)
        assert wide[0] <= low <= high <= wide[1]
    low, high = plan.interval("N")
    assert low < plan.N < high


def test_draws_without_a_solution(fit: sw.Fit, draws: sw.Bootstrap) -> None:
    """A few are left out; where a tail may hold more of them than draws, there is no interval."""
    floor = draws.draws["E"].to_numpy()

    def interval(loss: float) -> tuple[float, float]:
        plan = sw.allocate(fit.law.with_constants(E=floor.min()), loss=loss, draws=draws)
        assert np.isnan(plan.draws["N"]).sum() == (floor >= loss).sum() > 0
        return plan.interval("N")

    assert np.isfinite(interval(float(np.sort(floor)[-2:].mean()))).all()
    assert np.isnan(interval(float(np.median(floor)))).all()


def test_intervals_need_draws_a_name_and_a_level(fit: sw.Fit, draws: sw.Bootstrap) -> None:
    bare, plan = sw.allocate(fit, C=1e22), sw.allocate(fit, C=1e22, draws=draws)
    with pytest.raises(sw.AllocationError, match=r"no draws.*draws=fit\.bootstrap"):
        bare.interval("N")
    with pytest.raises(sw.AllocationError, match="no interval of 'n'"):
        plan.interval("n")
    with pytest.raises(sw.AllocationError, match="level must lie between 0 and 1, not 95"):
        plan.interval("N", 95)


# --- mistakes and text ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, "give one of C (training FLOPs), loss (nats/token), total_flops, dollars"),
        ({"C": 1e20, "loss": 2.5}, "give one budget, not C and loss"),
        ({"C": 1e20, "N": 1e9, "D": 1e9}, "C, N, D together say too much"),
        ({"N": 1e9, "D": 1e9, "tokens_per_parameter": 20}, "together say too much"),
        ({"C": 0.0}, "C must be positive and finite, not 0.0"),
        ({"C": 5.88}, 'C = 5.88 is too little for training FLOPs. Did you mean "5.88 PFLOP-days"'),
        ({"C": 1e20, "D": 1.4}, 'Did you mean "1.4T" or "1.4B"?'),
        ({"C": "1e20 tokens"}, "'1e20 tokens' is"),
        ({"C": float("inf")}, "inf is not a quantity"),
        ({"loss": float("nan")}, "nan is not a quantity"),
        ({"C": 1e20, "inference_tokens": -1.0}, "inference_tokens must be positive"),
        ({"C": 1e20, "inference_tokens": 1e9, "output_tokens": 1e9}, "not both"),
        ({"loss": 1.5}, "typed cannot reach a loss of 1.5: with unlimited N and D it ends at 1.8"),
        ({"loss": 1e6}, "Of a perplexity take the natural logarithm"),
        ({"N": 1e9, "memory": 2e9}, "N, memory together say too much"),
        ({"loss": 1.81, "unique_tokens": 1e9}, "loss of 1.81 with these bits and data: with"),
        ({"N": 1e9, "precision": True}, "precision=True needs a budget or a loss"),
        ({"C": 1e20, "precision": True, "served_bits": 0.0}, "served_bits must be positive"),
        ({"dollars": 1e6}, "dollars needs cluster=, what the money or time buys"),
        ({"C": 1e20, "overhead": 0.1, "N": 1e9}, "and without N"),
        ({"N": 1e9, "overhead": 0.1}, "give it with C or loss, and without N"),
        ({"C": 1e20, "serving": Cluster("H100")}, "serving= needs cluster="),
        ({"N": 1e9, "loss": 1.9}, "has no plan for loss 1.9 and N=1e+09"),
    ],
)
def test_questions_without_an_answer(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(sw.AllocationError, match=re.escape(message)):
        sw.allocate(LAW, **asked)


@pytest.mark.parametrize(
    ("law", "message"),
    [
        (sw.law("porian2024"), "porian2024 is not a loss over N and D; its variables are C"),
        (sw.law("bhagia2024_ladder"), "bhagia2024_ladder gives accuracy (fraction right, ranked"),
        (sw.law("kaplan2020.L_N"), "not a loss over N and D; its variables are N"),
        (sw.Law(LAW.equation, constants=list(CONSTANTS)), "no values for E, A, alpha, B, beta"),
        (LAW.with_constants(alpha=-0.3), "no interior optimum for 1e+20 FLOP: along 6ND = C the"),
    ],
)
def test_laws_without_an_optimum(law: sw.Law, message: str) -> None:
    with pytest.raises(sw.AllocationError, match=re.escape(message)):
        sw.allocate(law, C=1e20)


def test_a_plan_as_text() -> None:
    assert str(sw.allocate(LAW, C=1e22)) == (
        "chinchilla: N=9.72e+09 D=1.715e+11 loss=2.0983 train=1.000e+22 FLOP "
        "inference=0.000e+00 FLOP saving=0.0%"
    )


def test_costs() -> None:
    assert training_flops(70e9, 1.4e12) == 5.88e23
    assert training_flops(70e9, 1.4e12, bits=8) == 2.94e23
    np.testing.assert_array_equal(inference_flops([1.0, 2.0], 3.0), [6.0, 12.0])


def test_thousands_of_surfaces_at_once() -> None:
    rng = np.random.default_rng(0)
    cloud = {k: v * np.exp(0.02 * rng.standard_normal(3000)) for k, v in CONSTANTS.items()}
    disguised = sw.Law(DISGUISES[0], constants=CONSTANTS)
    n, _ = optimum.budget_optimum(disguised.tree, cloud, np.asarray(1e22))
    closed, _ = optimum.budget_optimum(LAW.tree, cloud, np.asarray(1e22))
    np.testing.assert_allclose(n, closed, rtol=1e-9)
    frame = pl.DataFrame(cloud)
    one = LAW.with_constants(**frame.row(17, named=True))
    assert n[17] == pytest.approx(float(one.N_opt(1e22)), rel=1e-9)
