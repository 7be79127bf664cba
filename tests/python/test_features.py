"""Inputs that are more than numbers: vectors of parts, lists of items."""

import numpy as np
import pytest

import scalewidgets as sw

MIX = sw.Law(
    "c + k*exp(t1*r_web + t2*r_code)",
    constants={"c": 1.0, "k": 2.0, "t1": -1.0, "t2": 0.5},
    vectors={"r": ["r_web", "r_code"]},
    mixture="r",
)
PASS = sw.Law("1 - sum((1 - p)**k)/sum(1)", items={"p": [0.1, 0.5]}, output="coverage")


def test_a_vector_is_given_by_order_name_or_part() -> None:
    expected = 1 + 2 * np.exp(-0.25 + 0.375)
    for given in (
        {"r": [0.25, 0.75]},
        {"r": {"r_web": 0.25, "r_code": 0.75}},
        {"r": {"web": 0.25, "code": 0.75}},
        {"r_web": 0.25, "r_code": 0.75},
    ):
        assert MIX.predict(**given) == pytest.approx(expected)  # type: ignore[arg-type]
    many = MIX.predict(r=np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]]))
    assert many.shape == (3,)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([0.5, 0.4], "shares must not be negative and sum to 1, here to 0.9"),
        ([1.5, -0.5], "shares must not be negative"),
        ([0.5, 0.25, 0.25], r"takes 2 numbers, r_web, r_code; this has shape \(3,\)"),
        ({"web": 0.5, "books": 0.5}, "needs the parts web, code, not web, books"),
    ],
)
def test_what_is_no_mixture_is_refused(given: object, message: str) -> None:
    with pytest.raises(sw.FeatureError, match=message):
        MIX.predict(r=given)  # type: ignore[arg-type]


def test_items_have_a_list_to_begin_with_and_take_others() -> None:
    k = np.array([1.0, 2.0])
    np.testing.assert_allclose(PASS.predict(k=k), [0.3, 1 - (0.81 + 0.25) / 2])
    np.testing.assert_allclose(PASS.predict(k=k, p=[0.2, 0.2, 0.2, 1.0]), [0.4, 1 - 0.64 * 0.75])
    each = PASS.predict(k=k, p=[[0.5], [1.0]])
    np.testing.assert_allclose(each, [0.5, 1.0])
    assert PASS.predict(k=np.ones((3, 2))).shape == (3, 2)


def test_items_may_be_a_formula_of_their_number() -> None:
    law = sw.Law("sum(q**2)", items={"q": "1/i"}, item_count=3)
    assert law.predict() == pytest.approx(1 + 1 / 4 + 1 / 9)


def test_items_stand_in_sums_and_sums_stand_alone() -> None:
    with pytest.raises(sw.LawError, match=r"the items \['p'\] must stand in sum"):
        sw.Law("p*k", items={"p": [1.0]})
    with pytest.raises(sw.LawError, match="a sum stands in a sum"):
        sw.Law("sum(p*q)", definitions={"q": "sum(p)"}, items={"p": [1.0]})


def test_partials_run_over_items() -> None:
    law = sw.Law("a*sum(p**b)", constants={"a": 2.0, "b": 1.5}, items={"p": [0.25, 1.0]})
    found = law.partials()
    assert found["a"] == pytest.approx(1.125)
    assert found["b"] == pytest.approx(2 * 0.125 * np.log(0.25))


def test_a_law_over_items_is_not_fitted_to_runs() -> None:
    with pytest.raises(sw.FitError, match="sums over p, which a run has not one of"):
        sw.fit(PASS, {"N": [1e9, 2e9], "D": [1e10, 2e10], "loss": [2.0, 2.1]})


def test_a_law_of_other_quantities_is_fitted_to_columns_of_their_names() -> None:
    k = np.geomspace(1, 1e4, 30)
    coverage = np.exp(-2.0 * k**-0.2)
    for name in ("coverage", "loss"):
        found = sw.fit("brown2024_monkeys", {"k": k, name: coverage})
        assert found.status == "ok"
        assert found.params == pytest.approx({"a": -2.0, "b": -0.2}, rel=1e-6)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"k": [1.0, 2.0]}, r"no column 'coverage' \(or 'loss'\); this law needs k, coverage"),
        ({"n": [1.0], "loss": [0.5]}, "no column 'k'; .* the table has n, loss"),
        ({"k": ["a", "b"], "loss": [0.5, 0.6]}, "column 'k' holds String, not numbers"),
        (
            {"k": [1.0, None], "loss": [0.5, np.inf]},
            "column 'k' has no finite number in the rows 1",
        ),
    ],
)
def test_columns_that_a_law_cannot_use_are_refused(table: object, message: str) -> None:
    with pytest.raises(sw.RunsError, match=message):
        sw.fit("brown2024_monkeys", table)


def test_what_is_about_n_and_d_says_so() -> None:
    k = np.geomspace(1, 1e4, 30)
    scattered = np.exp(-2.0 * k**-0.2) * (1 + 0.01 * np.sin(7 * np.arange(30)))
    fit = sw.fit("brown2024_monkeys", {"k": k, "coverage": scattered})
    with pytest.raises(sw.FitError, match="its rules are about N, D and C"):
        sw.advise(fit)
    with pytest.raises(sw.FitError, match="also varies with k; runs can be chosen by N and D"):
        sw.suggest_runs(fit, 1e20)
    held = sw.fit("brown2024_monkeys", fit.runs, fixed={"b": -0.2})
    assert sorted(sw.compare_fits({"free": fit, "held": held})["constants"]) == [1, 2]
