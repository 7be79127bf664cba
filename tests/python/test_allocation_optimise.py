"""The optimiser over any law: against brute force, at bounds and limits, and its refusals."""

import json
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scalewidgets as sw
from scalewidgets.allocation import AllocationError, optimise
from scalewidgets.allocation.solver.isolate import isolate
from scalewidgets.lawbook import expression as ex

CONSTANTS = {"E": 1.8, "A": 480.0, "alpha": 0.35, "B": 2080.0, "beta": 0.37}
LAW = sw.Law("E + A/N**alpha + B/D**beta", constants=CONSTANTS)
FREE: dict[str, Any] = {"N": None, "D": None}
# two valleys over x: the left one is the lower, the right one the wider
VALLEYS = sw.Law("(x - 1)**2*(x - 3)**2 + h*(x - 1) + 0*N", constants={"h": 0.1})


# --- against what is known ------------------------------------------------------------------


@pytest.mark.parametrize("C", [1e18, 1e23, 1e28])
def test_chinchilla(C: float) -> None:
    best = optimise(LAW, over=FREE, cost="6*N*D", budget=C)
    assert best["N"] == pytest.approx(float(LAW.N_opt(C)), rel=1e-11)
    assert best["D"] == pytest.approx(float(LAW.D_opt(C)), rel=1e-11)
    assert best.cost == pytest.approx(C, rel=1e-12)
    assert best.value == pytest.approx(float(LAW.predict(N=best["N"], D=best["D"])), rel=1e-14)
    back = optimise(LAW, over=FREE, cost="6*N*D", target=best.value)
    assert (back["N"], back.cost) == (
        pytest.approx(best["N"], rel=1e-6),
        pytest.approx(C, rel=1e-6),
    )


@settings(max_examples=25, deadline=None)
@given(
    log_c=st.floats(18.0, 27.0),
    p=st.floats(0.5, 1.5),
    q=st.floats(0.5, 1.5),
    limit=st.floats(0.1, 10.0),
)
def test_power_laws_of_cost_with_a_limit(log_c: float, p: float, q: float, limit: float) -> None:
    """Lagrange's condition is a formula here; a limit on N holds where it is below it."""
    v, C = CONSTANTS, 10.0**log_c
    cost = {"cost": f"6*N**{p!r}*D**{q!r}", "budget": C}
    best = optimise(LAW, over=FREE, **cost)
    by_n = v["alpha"] * v["A"] / best["N"] ** v["alpha"] / p
    by_d = v["beta"] * v["B"] / best["D"] ** v["beta"] / q
    assert by_n == pytest.approx(by_d, rel=1e-9)
    held = optimise(LAW, over=FREE, **cost, constraints=[f"2*N <= {2 * limit * best['N']!r}"])
    assert held["N"] == pytest.approx(min(limit, 1.0) * best["N"], rel=1e-9)
    assert bool(held.limits) == (limit < 1.0)
    assert held.cost == pytest.approx(C, rel=1e-9)


def test_three_axes_and_two_limits_against_a_grid() -> None:
    law = sw.Law("A/w**0.26 + B/l**0.14 + C/T**0.54", constants={"A": 8.3, "B": 2.1, "C": 1e5})
    limits = ["w/l <= 60", "12*l*w**2 <= 3e9"]
    best = optimise(
        law,
        over={"w": (64, 1e5), "l": (2, 1e3), "T": None},
        cost="72*l*w**2*T",
        budget=1e22,
        constraints=limits,
    )
    w, ell = np.meshgrid(np.geomspace(64, 1e5, 1200), np.geomspace(2, 1e3, 1200))
    kept = (w / ell <= 60) & (12 * ell * w**2 <= 3e9)
    loss = law.predict(w=w, l=ell, T=1e22 / (72 * ell * w**2))
    least = loss[kept].min()
    assert best.value <= least + 1e-12
    assert best.value == pytest.approx(least, rel=1e-4)
    assert 12 * best["l"] * best["w"] ** 2 <= 3e9 * (1 + 1e-9)
    assert best["w"] <= 60 * best["l"] * (1 + 1e-9)


def test_the_lower_of_two_valleys_and_an_end() -> None:
    left = optimise(VALLEYS, over={"x": (0.0, 4.0)}, at={"N": 1})
    assert left["x"] == pytest.approx(0.987, abs=1e-3)
    right = optimise(VALLEYS, over={"x": (2.2, 4.0)}, at={"N": 1})
    assert right["x"] == pytest.approx(2.987, abs=1e-3)
    end = optimise(VALLEYS, over={"x": (3.5, 4.0)}, at={"N": 1})
    assert (end["x"], end.ends) == (3.5, ("x",))
    assert (left.ends, left.limits) == ((), ())


def test_an_equation_that_no_formula_solves() -> None:
    """The budget in D + D**2: found by its sign."""
    best = optimise(LAW, over=FREE, cost="6*N*(D + 1e-12*D**2)", budget=1e24)
    n = best["N"] * np.geomspace(0.5, 2, 1001)
    d = (np.sqrt(1 + 4e-12 * 1e24 / (6 * n)) - 1) / 2e-12
    assert best.value <= LAW.predict(N=n, D=d).min() * (1 + 1e-13)
    assert best.cost == pytest.approx(1e24, rel=1e-12)


def test_lists_formulas_and_other_words() -> None:
    best = optimise(
        LAW,
        over={"D": None, "N": [1e9, 3e9, 1e10, 3e10]},
        at={"active": "N/4", "ratio": "D/active", "wasted": "1B"},
        cost="6*N*D + wasted*N",
        budget="1e22 FLOP",
    )
    losses = {n: float(LAW.predict(N=n, D=(1e22 / n - 1e9) / 6)) for n in (1e9, 3e9, 1e10, 3e10)}
    assert best["N"] == min(losses, key=lambda n: losses[n])
    assert best["ratio"] == pytest.approx(4 * best["D"] / best["N"])
    assert best["wasted"] == 1e9
    told = json.loads(json.dumps(best.to_dict()))
    assert told["at"]["N"] == best["N"]
    assert str(best).startswith("D=1.6")


def test_an_optimum_without_cost() -> None:
    law = sw.law("kumar2024_precision")
    best = optimise(law, over={"D": None}, at={"N": "30M", "P_post": 4})
    assert np.isnan(best.cost)
    assert best.to_dict()["cost"] is None


# --- draws ----------------------------------------------------------------------------------


def test_each_draw_is_an_optimum_of_its_own() -> None:
    fit = sw.fit(LAW, sw.simulate_isoflop_data(LAW, [1e19, 1e20, 1e21], points=11, seed=3))
    boot = fit.bootstrap(40)
    asked: dict[str, Any] = {
        "over": {"N": None, "D": None, "k": [1.0, 2.0, 4.0]},
        "at": {"held": "k*N"},
        "cost": "6*N*D*(1 + k/10)",
        "budget": 1e23,
        "constraints": ["N*k >= 1e10", "N <= 2e10"],
    }
    best = optimise(fit, **asked, draws=boot)
    for i in (0, 39):
        law = fit.law.with_constants(**boot.draws.row(i, named=True))
        alone = optimise(law, **asked)
        for name in ("N", "D", "k", "held"):
            assert best.draws[name][i] == pytest.approx(alone[name], rel=1e-8), name
        assert best.draws["value"][i] == pytest.approx(alone.value, rel=1e-12)
    low, high = best.interval("D")
    assert low <= best["D"] <= high
    with pytest.raises(AllocationError, match="no interval of 'M'"):
        best.interval("M")


# --- solving for a name ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        *("x*a + b", "b - x/a", "a/x", "a - b*x", "b + x**a", "a**x", "exp(x)*a", "log(x) - b"),
        *("log2(x)", "log10(x)", "sqrt(x)", "-x", "((a/x)**0.3 + b/2)**a"),
    ],
)
def test_isolate(text: str) -> None:
    values = {"a": 2.3, "b": 4.5, "x": 1.7}
    tree = ex.parse(text)
    formula = isolate(tree, "x", "y")
    assert formula is not None
    y = ex.Program([tree])(values)[0]
    assert ex.Program([formula])({**values, "y": y})[0] == pytest.approx(1.7, rel=1e-12)


@pytest.mark.parametrize("text", ["x + x**2", "a + b", "min(x, a)"])
def test_what_cannot_be_isolated(text: str) -> None:
    assert isolate(ex.parse(text), "x", "y") is None


def test_a_power_has_no_root_of_a_negative_number() -> None:
    formula = isolate(ex.parse("x**0.5"), "x", "y")
    assert formula is not None
    assert np.isnan(ex.Program([formula])({"y": -2.0})[0])


# --- mistakes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"budget": 1e20}, "a budget or target needs cost="),
        ({"cost": "6*N*D"}, "cost= needs one of budget= and target="),
        ({"cost": "6*N*D", "budget": 1, "target": 2}, "cost= needs one of"),
        ({"cost": "6*N*M", "budget": 1e20}, "cost needs M: put it in over= or at="),
        ({"cost": "6*N*", "budget": 1e20}, "cost: equation, column"),
        ({"cost": "6*N*D", "budget": -1}, "budget must be positive and finite, not -1"),
        ({"cost": "6*N*D", "budget": "1 apple"}, "budget: '1 apple' is not a quantity"),
        ({"over": {"N": None}}, "typed needs D: put it in over= or at="),
        ({"over": {"alpha": (0, 1)}}, "'alpha' is a constant of typed; its variables are N, D"),
        ({"over": {"N": (3, 1), "D": None}}, "over['N']: (3, 1) is no range"),
        ({"over": {"N": [1e9], "D": [1e9]}}, "one to three variables beside those with lists"),
        ({"over": {"N": [], "D": None}}, "0 choices from lists"),
        ({"at": {"N": 1e9}}, "['N'] stand in over= and in at="),
        ({"at": {"a": "b*N", "b": "a*N"}}, "['a', 'b'] refer to each other in a circle"),
        ({"cost": "N*D", "budget": 1e20, "constraints": ["N*2"]}, "write one comparison"),
        ({"cost": "N*D", "budget": 1e20, "constraints": ["N<=1<=2"]}, "write one comparison"),
        (
            {"cost": "N*D", "budget": 1e20, "constraints": ["N >= 1e12", "N <= 1e11"]},
            "no point within over= costs 1e+20 and keeps N >= 1e12 and keeps N <= 1e11",
        ),
        ({"cost": "N*D", "target": 1.7}, "no point within over= reaches 1.7 nats/token"),
        ({}, "typed goes on falling towards N=1e+30, D=1e+30, so that N and D runs away"),
        ({"cost": "N", "budget": 1e9}, "so that D runs away"),
        ({"cost": "N", "budget": 1e9}, "no optimum at the budget of 1e+09: typed goes on falling"),
    ],
)
def test_questions_without_an_answer(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(AllocationError, match=re.escape(message)):
        optimise(LAW, **{"over": FREE, **asked})


@pytest.mark.parametrize(
    ("law", "message"),
    [
        (sw.Law(LAW.equation, constants=list(CONSTANTS)), "no values for E, A, alpha, B, beta"),
        (sw.law("goyal2024_qqt.effective_data"), "adds up items"),
    ],
)
def test_laws_that_are_not_optimised(law: Any, message: str) -> None:
    with pytest.raises(AllocationError, match=re.escape(message)):
        optimise(law, over=FREE)
