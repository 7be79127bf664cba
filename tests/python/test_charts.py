"""Charts: what is drawn are the numbers that were asked for."""

from typing import Any

import numpy as np
import polars as pl
import pytest

import scalewidgets as sw
from scalewidgets.charts import loss_chart

LAW = sw.Law(
    "E + A/N**alpha + B/D**beta",
    constants={"E": 1.8, "A": 480.0, "alpha": 0.35, "B": 2080.0, "beta": 0.37},
)
C = 1e20


@pytest.fixture(scope="module")
def fit() -> sw.Fit:
    return sw.fit(LAW, sw.simulate_isoflop_data(LAW, [1e19, 1e20, 1e21], points=9, seed=4))


@pytest.fixture(scope="module")
def draws(fit: sw.Fit) -> sw.Bootstrap:
    return fit.bootstrap(40)


def layers(chart: Any) -> tuple[list[dict[str, Any]], list[pl.DataFrame]]:
    """The layers of a chart as Vega-Lite, and the data of each."""
    spec = chart.to_dict()
    data = [pl.DataFrame(spec["datasets"][one["data"]["name"]]) for one in spec["layer"]]
    return spec["layer"], data


def test_runs_and_curve(fit: sw.Fit) -> None:
    chart = loss_chart(fit.law, fit.runs, C=C)
    (points, line), (runs, curve) = layers(chart)
    assert (points["mark"]["type"], line["mark"]["type"]) == ("circle", "line")
    np.testing.assert_array_equal(runs["loss"], fit.runs["loss"])
    n = curve["N"].to_numpy()
    np.testing.assert_allclose(curve["loss"], fit.predict(N=n, D=C / (6 * n)), rtol=1e-12)
    assert n.min() < fit.runs["N"].min()
    assert n.max() > fit.runs["N"].max()
    for layer in (points, line):
        assert layer["encoding"]["x"]["scale"] == {"type": "log"}
        assert layer["encoding"]["x"]["title"] == "parameters N"
        assert layer["encoding"]["y"]["title"] == "loss (nats/token)"
    assert chart.to_dict()["title"] == "typed at C = 1e+20 FLOP"


def test_runs_near_the_budget_and_those_left_out(fit: sw.Fit) -> None:
    (points, _), (runs, _) = layers(loss_chart(fit.law, fit.runs, C=C, excluded=[0, 9]))
    expected = ["near C" if 9 <= i < 18 else "other C" for i in range(27)]
    expected[0] = expected[9] = "left out"
    assert runs["run"].to_list() == expected
    scale = points["encoding"]["opacity"]["scale"]
    assert set(runs["run"]) == set(scale["domain"])
    strength = dict(zip(scale["domain"], scale["range"], strict=True))
    assert strength["near C"] > strength["other C"] > strength["left out"]


def test_the_band_is_that_of_the_draws(fit: sw.Fit, draws: sw.Bootstrap) -> None:
    kinds, data = layers(loss_chart(fit.law, fit.runs, C=C, draws=draws))
    assert [one["mark"]["type"] for one in kinds] == ["circle", "area", "line"]
    band = data[1]
    for i in (0, 60, 119):
        n = band["N"][i]
        at_n = [
            float(fit.law.with_constants(**row).predict(N=n, D=C / (6 * n)))
            for row in draws.draws.iter_rows(named=True)
        ]
        expected = np.quantile(at_n, [0.025, 0.975])
        np.testing.assert_allclose([band["low"][i], band["high"][i]], expected, rtol=1e-12)
    assert (band["low"] <= data[2]["loss"]).mean() > 0.9


def test_plans_are_marked(fit: sw.Fit) -> None:
    plans = {"chinchilla": sw.allocate(fit, C=C), "larger": sw.allocate(fit, C=1e25)}
    kinds, data = layers(loss_chart(fit.law, fit.runs, C=C, plans=plans))
    marked = data[-1]
    assert marked["strategy"].to_list() == list(plans)
    np.testing.assert_allclose(marked["N"], [plan.N for plan in plans.values()])
    np.testing.assert_allclose(marked["loss"], [plan.loss for plan in plans.values()])
    assert kinds[-1]["encoding"]["shape"]["field"] == "strategy"
    # the curve reaches beyond the largest mark
    assert data[1]["N"].max() > marked["N"].max() > fit.runs["N"].max()


# --- a law along one variable -----------------------------------------------------------------


def test_every_constant_and_other_variable_is_a_slider() -> None:
    chart = LAW.chart(x="D", at={"N": 1e9}).to_dict()
    params = {one["name"]: one["value"] for one in chart["params"]}
    assert set(params) == {"p_N", "p_E", "p_A", "p_alpha", "p_B", "p_beta"}
    assert params["p_N"] == pytest.approx(9.0)  # decades
    assert params["p_alpha"] == 0.35


@pytest.mark.parametrize(
    ("name", "more", "message"),
    [
        ("hoffmann2022", {"x": "C"}, "hoffmann2022 has the variables N, D, not 'C'"),
        ("hoffmann2022", {"at": {"Q": 1.0}}, "has the variables N, D, not 'Q'"),
        ("gadre2024.M_opt", {}, "no variable to be drawn along, only constants"),
        ("bordelon2024_dynamical", {}, "sums over 1000 items, more than the 100"),
    ],
)
def test_a_law_that_cannot_be_drawn_says_why(name: str, more: dict[str, Any], message: str) -> None:
    law = sw.law(name)
    assert isinstance(law, sw.Law)
    with pytest.raises(sw.LawError, match=message):
        law.chart(**more)
