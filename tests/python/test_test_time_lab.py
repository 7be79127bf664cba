"""The TestTimeLab without a browser: its cells are what the library and the papers say."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import traitlets

import scalewidgets as sw
from scalewidgets.fitting.beta_binomial import log_chances
from scalewidgets.widgets.evaluate import Sheet
from scalewidgets.widgets.lab import Lab
from scalewidgets.widgets.test_time.facts import Rates, best_tries, unsolved, weighted

RATES = "schaeffer2025_monkey_power.scaled_beta"
K = np.array([1.0, 7.0, 100.0, 1e4])
TOPICS = ("tries", "verify", "cost", "train", "reward")


def opened(counts: object = None, **inputs: object) -> tuple[sw.TestTimeLab, Sheet]:
    lab = sw.TestTimeLab(counts, **inputs)
    return lab, lab.sheet()


# --- tries ------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["pythia_12b", "pythia_70m", "gpt_4o_binned"])
def test_coverage_is_the_published_distribution(model: str) -> None:
    _, shown = opened(model=model, k=37)
    law = sw.law(RATES, model)
    assert shown.tabulate("unsolved", "k", K) == pytest.approx(law.predict(k=K), rel=1e-3)
    law = replace(law, items={"u": shown.array("u")})  # as the lab sums it
    assert shown.get("coverage") == pytest.approx(np.exp(-law.predict(k=37)), rel=1e-12)
    assert shown.tabulate("unsolved", "k", K) == pytest.approx(law.predict(k=K), rel=1e-12)
    around = np.log(law.predict(k=np.array([37 / 1.001, 37 * 1.001])))
    assert shown.get("exponent") == pytest.approx(-np.diff(around)[0] / np.log(1.001**2), rel=1e-5)
    assert shown.get("tail") == pytest.approx(
        sw.law("schaeffer2025_monkey_power.asymptote_beta", "half_tail")
        .with_constants(alpha=law.values["alpha"], beta=law.values["beta"])
        .predict(k=37, scale=law.values["scale"]),
        rel=1e-12,
    )


@pytest.mark.parametrize(("alpha", "beta"), [(0.05, 2.0), (0.3, 0.5), (0.31, 10.0), (0.6, 2.0)])
def test_what_is_drawn_is_the_integral(alpha: float, beta: float) -> None:
    """Against the exact chance that all tries fail, up to 10,000 of them."""
    _, shown = opened(alpha=alpha, beta=beta, scale=0.4)
    fails, _, _ = log_chances(K, 0 * K, alpha, beta, 0.4)
    drawn = shown.tabulate("unsolved", "k", K)
    assert drawn == pytest.approx(-np.log(-np.expm1(fails)), rel=2e-3)


def test_the_exponent_tends_to_that_of_the_tail() -> None:
    _, shown = opened(alpha=0.3, beta=2.0, scale=0.5)
    near, far = shown.tabulate("exponent", "k", np.array([100.0, 1e5]))
    assert far == pytest.approx(0.3, abs=0.01)
    assert near > far
    failing = 1 - shown.tabulate("coverage", "k", np.array([1e5]))
    assert failing == pytest.approx(shown.tabulate("tail", "k", np.array([1e5])), rel=5e-3)


def test_the_study_is_counted_without_bias_and_fitted() -> None:
    lab, shown = opened(alpha=0.25, beta=2, scale=0.3, problems=200, samples=500)
    again = sw.fit_pass_rates(lab.counts)
    assert (len(lab.counts), lab.counts["samples"][0]) == (200, 500)
    assert shown.get("found_alpha") == pytest.approx(again.alpha, rel=1e-12)
    assert shown.array("study_unbiased") == pytest.approx(again.measured(shown.array("study_k")))
    assert shown.array("far_naive") == pytest.approx(again.naive(shown.array("far_k")))
    low, high = again.interval(shown.array("far_k"))
    assert (shown.array("low"), shown.array("high")) == (pytest.approx(low), pytest.approx(high))
    slope, _ = np.polyfit(np.log(shown.array("study_k")), np.log(shown.array("study_tail")), 1)
    assert shown.get("line_b") == pytest.approx(-slope)
    before = shown.get("found_alpha")
    lab.seed = 7.0
    assert lab.sheet().get("found_alpha") != before
    table = lab.compared
    assert table["measured"].is_nan().sum() == (table["k"] > 500).sum()


def test_a_study_that_solves_nothing_says_so() -> None:
    lab, shown = opened(alpha=0.02, beta=50, scale=0.001, problems=5, samples=10)
    assert lab.rates is None
    assert shown.get("found") == 0
    assert lab.status()[0] == "warning"
    assert shown.get("coverage") > 0


def test_counts_of_the_users_take_the_models_place(shared: Path) -> None:
    runs = pl.read_csv(shared / "data/llm_monkeys_pythia_math.csv").filter(model="Pythia 2.8B")
    lab, shown = opened(runs, k=10_000)
    fit = sw.fit_pass_rates(runs)
    assert (lab.model, shown.get("simulated")) == ("given", 0)
    assert shown.get("set_alpha") == shown.get("found_alpha") == pytest.approx(fit.alpha)
    measured = dict(zip(lab.compared["k"], lab.compared["measured"], strict=True))
    assert measured[1.0] == pytest.approx((runs["correct"] / runs["samples"]).mean())
    assert sw.TestTimeLab(fit).sheet().get("set_beta") == pytest.approx(fit.beta)
    lab.model = "pythia_70m"
    assert lab.sheet().get("simulated") == 1
    with pytest.raises(ValueError, match="several rows"):
        sw.TestTimeLab(pl.read_csv(shared / "data/llm_monkeys_pythia_math.csv"))


# --- verifiers --------------------------------------------------------------------------------


@pytest.mark.parametrize(("V_false", "best"), [(-0.7, 3), (-1.0, 2), (-2.0, 1)])
def test_best_tries_of_the_papers_two_kinds_of_tasks(V_false: float, best: int) -> None:
    """Stroebl et al. 2024, from the authors' notebook."""
    share, rate = np.array([0.58, 0.42]), np.array([0.87, 0.13])
    verifier = {"c": 1.0, "s": 0.75, "V_correct": 1.0, "V_false": V_false}
    assert best_tries(share, rate, verifier) == best


@pytest.mark.parametrize(
    ("false_accept", "price"), [(1e-3, 1.0), (1e-4, 0.3), (0.02, 0.1), (1e-5, 2.0)]
)
def test_best_tries_are_those_of_greatest_utility(false_accept: float, price: float) -> None:
    _, shown = opened(model="pythia_12b", false_accept=false_accept, price=price, completeness=0.9)
    k = np.unique(np.geomspace(1, 1e5, 400).round())
    utility = shown.tabulate("utility", "k", k)
    assert shown.get("best_utility") >= utility.max() - 1e-12
    best = shown.get("best_k")
    beside = shown.tabulate("utility", "k", np.array([best - 1, best, best + 1]))
    assert beside[1] == beside.max() == pytest.approx(shown.get("best_utility"))


def test_without_a_price_each_try_gains_and_with_a_bad_verifier_none() -> None:
    assert opened(price=0)[1].get("best_k") == np.inf
    assert opened(false_accept=0.5)[1].get("best_k") == 0


def test_right_and_wrong_answers_are_the_papers() -> None:
    lab, shown = opened(model="pythia_1b", k=50, false_accept=0.003, completeness=0.95, price=0.5)
    share, rate = weighted(Rates(**sw.law(RATES, "pythia_1b").values), shown.array("u"))
    verifier = {"c": 0.95, "s": 0.997}
    law = sw.law("stroebl2024_inference_flaws.correct_accepted").with_constants(**verifier)
    assert shown.get("right") == pytest.approx(float(law.predict(K=50, p=share, r=rate)), rel=1e-9)
    utility = sw.law("stroebl2024_inference_flaws.utility").with_constants(
        **verifier, V_correct=1.0, V_false=-0.5
    )
    expected = float(utility.predict(K=50, p=share, r=rate))
    assert shown.get("utility") == pytest.approx(expected, rel=1e-9)
    gained = shown.get("right") - 0.5 * shown.get("wrong")
    assert shown.get("utility") == pytest.approx(gained, rel=1e-9)
    assert shown.get("ceiling") == pytest.approx(
        shown.tabulate("right", "k", np.array([1e9]))[0], rel=1e-9
    )
    lab.set(false_accept=1e-6, completeness=1.0)
    perfect = lab.sheet()
    assert perfect.get("right") == pytest.approx(perfect.get("coverage"), rel=1e-3)


# --- prices -----------------------------------------------------------------------------------


def test_prices_are_the_papers_count_and_the_crossings_hold() -> None:
    lab, shown = opened(model="pythia_160m", larger="pythia_12b", k=100)
    law = sw.law("brown2024_monkeys.flops")
    tokens = {"prompt_tokens": 500, "decoded_tokens": 200}
    assert shown.get("price_of_k") == law.predict(N=1.6e8, n_samples=100, **tokens)
    assert shown.get("price_of_large") == law.predict(N=1.2e10, n_samples=1, **tokens)
    small, large = (Rates(**sw.law(RATES, f"pythia_{n}").values) for n in ("160m", "12b"))
    equal = shown.get("equal_k")
    u = shown.array("u")
    assert unsolved(small, equal, u) == pytest.approx(unsolved(large, 1.0, u), rel=1e-6)
    even = shown.get("even_price")
    at = [shown.tabulate(f"{n}_solves", "axis_C", np.array([even]))[0] for n in ("small", "large")]
    assert at[0] == pytest.approx(at[1], rel=1e-6)
    cheaper = [
        shown.tabulate(f"{n}_solves", "axis_C", np.array([even / 3]))[0] for n in ("small", "large")
    ]
    assert cheaper[0] > cheaper[1]
    assert np.isnan(shown.tabulate("large_solves", "axis_C", np.array([1e13]))[0])
    lab.N = "12B"  # the small one is no cheaper any more
    assert lab.sheet().get("even_k") == 1
    assert lab.sheet().get("price_of_k") == law.predict(N=1.2e10, n_samples=100, **tokens)


def test_a_worse_large_model_is_never_needed() -> None:
    _, shown = opened(model="pythia_12b", larger="pythia_70m")
    assert shown.get("equal_k") == 1
    assert np.isnan(shown.get("even_price"))


# --- a lifetime -------------------------------------------------------------------------------


def test_the_family_spends_the_same_flops_in_all() -> None:
    lab, shown = opened(queries="10M", lifetime="1e22")
    table = lab.family
    price = sw.law("brown2024_monkeys.flops")
    for N, training, tries, solved in table.iter_rows():
        assert training == pytest.approx(6 * N * 3e11)
        query = price.predict(N=N, prompt_tokens=500, decoded_tokens=200, n_samples=tries)
        assert training + 1e7 * query == pytest.approx(1e22, rel=1e-9)
        assert np.isnan(solved) == (tries < 1)
    best = table.filter(pl.col("solved").fill_nan(0) == table["solved"].fill_nan(0).max())
    assert shown.get("family_N") == best["N"][0]
    assert shown.get("family_solves") == pytest.approx(best["solved"][0])
    sizes = [opened(queries=q)[1].get("family_N") for q in ("10K", "10M", "100M", "1B", "1T")]
    assert sizes[:4] == sorted(sizes[:4], reverse=True)
    assert np.isnan(sizes[4])  # nobody can pay a single try


def test_the_exchange_is_snells() -> None:
    _, shown = opened(queries="1.5B", decoded_tokens=200, N="1B", N_large="14B")
    assert shown.get("R") == pytest.approx(1.0)
    expected = sw.law("snell2024_test_vs_pretrain.exchange").predict(
        M=14, D_pretrain=3e11, D_inference=3e11
    )
    assert shown.get("exchange") == pytest.approx(expected)


@pytest.mark.parametrize("law", ["besiroglu2024", "hoffmann2022"])
def test_tries_are_the_planners_demand(law: str) -> None:
    lab, shown = opened(law=law, topic="train", k=64, queries="1B", C="1e23")
    served = 1e9 * (500 + 64 * 200)
    plan = sw.allocate(sw.law(law), C=1e23, inference_tokens=served)
    assert shown.get("served") == served
    assert (lab.plan.N, lab.plan.D) == (plan.N, plan.D)
    assert shown.get("plan_N") == pytest.approx(plan.N, rel=1e-6)
    assert shown.get("plan_D") == pytest.approx(plan.D, rel=1e-6)
    assert shown.get("plan_saving") == pytest.approx(plan.saving, rel=1e-6)
    few, many = shown.tabulate("plan_N", "k", np.array([1.0, 1e4]))
    assert many < plan.N < few < shown.get("dense_N")


# --- rewards ----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [3e6, 3e8])
def test_a_reward_is_best_where_the_curve_turns(size: float) -> None:
    _, shown = opened(N_reward=size)
    for key in ("bon", "rl"):
        best = shown.get(f"{key}_best_KL")
        low, top, high = shown.tabulate(f"{key}_gold", "KL", best * np.array([0.97, 1, 1.03]))
        assert top > max(low, high), key
        assert top == pytest.approx(shown.get(f"{key}_best_reward"))
    n = shown.get("best_n")
    distance = float(sw.law("gao2022_overoptimization.kl_bon").predict(n=n))
    assert distance == pytest.approx(shown.get("bon_best_KL"), rel=1e-9)
    assert shown.tabulate("n_gold", "n", np.array([n]))[0] == pytest.approx(
        shown.get("bon_best_reward"), rel=1e-9
    )


def test_the_smallest_reward_model_stops_where_the_figure_shows() -> None:
    """Gao et al. 2022, Fig. 1a, read off: 0.5 at 4.2 nats with 3M parameters."""
    _, shown = opened(N_reward="3M")
    assert shown.get("bon_best_KL") == pytest.approx(4.2, abs=0.3)
    assert shown.get("bon_best_reward") == pytest.approx(0.5, abs=0.02)


# --- all --------------------------------------------------------------------------------------


def test_shapes_follow_until_they_are_held() -> None:
    lab, shown = opened(model="pythia_12b", alpha=0.4)
    values = sw.law(RATES, "pythia_12b").values
    assert (shown.get("set_alpha"), shown.get("set_beta")) == (0.4, values["beta"])
    lab.held = {}
    assert lab.sheet().get("set_alpha") == values["alpha"]
    lab.model = "pythia_1b"
    assert lab.sheet().get("set_N") == 1e9


def test_mistakes_are_refused_and_the_picture_stays() -> None:
    lab, shown = opened()
    before = shown.get("coverage")
    with pytest.raises(traitlets.TraitError, match="there is no 'pythia_3b'"):
        lab.model = "pythia_3b"
    with pytest.raises(traitlets.TraitError, match="there is no 'given'"):
        lab.model = "given"
    with pytest.raises(traitlets.TraitError, match="k must lie between 1 and 100000"):
        lab.k = "1M"
    with pytest.raises(traitlets.TraitError, match="alpha"):
        lab.alpha = 3.0
    with pytest.raises(TypeError, match="Did you mean 'false_accept'"):
        sw.TestTimeLab(false_accepts=0.1)
    assert lab.sheet().get("coverage") == before


@pytest.mark.parametrize("topic", TOPICS)
def test_each_question_has_a_stable_text_and_numbers(topic: str) -> None:
    lab: Lab = sw.TestTimeLab(topic=topic)
    assert repr(lab) == repr(sw.TestTimeLab(topic=topic)) == str(lab)
    shown = lab.snapshot()
    for name, rows in shown["readouts"].items():
        for label, row in rows.items():
            assert row["value"] is not None, (name, label)
    assert len(shown["plots"]) >= 2
    assert "Test-time lab" in lab.to_html()
