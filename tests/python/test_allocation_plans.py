"""Budgets, limits and their combinations; what a plan tells about itself."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import scalewidgets as sw
from scalewidgets.allocation import AllocationError, Cluster, allocate_grid
from scalewidgets.allocation.surfaces import with_repetition
from scalewidgets.lawbook.precision import with_precision

LAW = sw.law("besiroglu2024")
CLUSTER = Cluster("H100", count=1024, utilisation=0.4, price_per_hour=2.0)
BITS = ("P_w", "P_a", "P_kv")


def loss(plan: sw.Plan) -> float:
    return float(LAW.predict(N=plan.N, D=plan.D))


# --- budgets --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "flops"),
    [
        ({"C": "1e24 FLOP"}, 1e24),
        ({"C": "1 PFLOP-days"}, 8.64e19),
        ({"days": 30}, 30 * 86_400 * CLUSTER.flops_per_second()),
        ({"days": "720 h"}, 30 * 86_400 * CLUSTER.flops_per_second()),
        ({"gpu_hours": "1M GPU-hours"}, 3.6e9 * CLUSTER.flops_per_second() / 1024),
        ({"dollars": "$2M"}, 3.6e9 * CLUSTER.flops_per_second() / 1024),
    ],
)
def test_what_a_budget_is_in_flops(asked: dict[str, Any], flops: float) -> None:
    plan = sw.allocate(LAW, **asked, cluster=CLUSTER)
    assert plan.train_flops == pytest.approx(flops, rel=1e-12)
    assert pytest.approx(sw.allocate(LAW, C=flops).N, rel=1e-12) == plan.N
    assert plan.dollars == pytest.approx(float(CLUSTER.cost(flops)), rel=1e-12)
    assert np.isnan(sw.allocate(LAW, C=flops).dollars)


@pytest.mark.parametrize("tokens", [1e11, 1e14])
def test_a_budget_for_training_and_serving(tokens: float) -> None:
    plan = sw.allocate(LAW, total_flops=1e24, inference_tokens=tokens)
    assert plan.total_flops == pytest.approx(1e24, rel=1e-12)
    n = plan.N * np.geomspace(0.2, 2.0, 2001)
    d = 1e24 / (6 * n) - tokens / 3
    assert plan.loss <= LAW.predict(N=n[d > 0], D=d[d > 0]).min() * (1 + 1e-12)
    assert plan.saving > 0


def test_money_for_training_and_serving() -> None:
    asked = {"cluster": CLUSTER, "input_tokens": 1e12, "output_tokens": "200B"}
    plan = sw.allocate(LAW, dollars="$2M", **asked)
    assert plan.dollars == pytest.approx(2e6, rel=1e-12)
    parts = (
        CLUSTER.cost(plan.train_flops),
        CLUSTER.cost(2 * plan.N * 1e12, "prefill"),
        CLUSTER.cost(2 * plan.N * 2e11, "generation"),
    )
    assert sum(map(float, parts)) == pytest.approx(2e6, rel=1e-12)
    # the least lifetime cost of that loss is what was paid
    assert sw.allocate(LAW, loss=plan.loss, **asked).dollars == pytest.approx(2e6, rel=1e-6)


def test_dearer_servers_mean_smaller_models() -> None:
    asked = {"loss": 2.0, "cluster": CLUSTER, "input_tokens": 1e12, "output_tokens": 1e12}
    dear = Cluster("H100", price_per_hour=8.0)
    assert sw.allocate(LAW, **asked, serving=dear).N < sw.allocate(LAW, **asked).N
    # with the prices of all work alike the tokens weigh as their FLOPs do
    alike = Cluster("H100", utilisation=0.4, prefill_utilisation=0.4, generation_utilisation=0.4)
    priced = sw.allocate(LAW, **{**asked, "cluster": alike})
    assert pytest.approx(sw.allocate(LAW, loss=2.0, inference_tokens=2e12).N, rel=1e-9) == priced.N


# --- what is fixed --------------------------------------------------------------------------


@pytest.mark.parametrize("served", [0.0, 1e13])
@pytest.mark.parametrize("asked", [{"N": "70B"}, {"D": 1.4e12}, {"memory": "140 GB"}])
def test_the_plan_for_which_a_size_is_the_best(asked: dict[str, Any], served: float) -> None:
    plan = sw.allocate(LAW, **asked, inference_tokens=served)
    again = sw.allocate(LAW, loss=plan.loss, inference_tokens=served)
    assert (
        pytest.approx(again.N, rel=1e-6),
        pytest.approx(again.D, rel=1e-6),
    ) == (plan.N, plan.D)


def test_the_size_for_which_a_ratio_is_the_best() -> None:
    assert sw.allocate(LAW, tokens_per_parameter=25).tokens_per_parameter == pytest.approx(25)
    muennighoff = sw.law("muennighoff2023")  # the same ratio at every compute
    with pytest.raises(AllocationError, match="has no plan for tokens_per_parameter=100"):
        sw.allocate(muennighoff, tokens_per_parameter=100)


@pytest.mark.parametrize(
    "fixed", [{"N": 7e9}, {"D": 1e12}, {"tokens_per_parameter": 200}], ids=["N", "D", "ratio"]
)
def test_one_is_fixed_beside_a_budget(fixed: dict[str, float]) -> None:
    plan = sw.allocate(LAW, C=1e23, **fixed)
    name, value = next(iter(fixed.items()))
    assert getattr(plan, name) == pytest.approx(value, rel=1e-12)
    assert pytest.approx(1e23, rel=1e-12) == 6 * plan.N * plan.D
    assert plan.loss == pytest.approx(loss(plan), rel=1e-14)
    assert plan.saving < 0  # against the Chinchilla model of equal loss
    again = sw.allocate(LAW, loss=plan.loss, **fixed)
    assert pytest.approx(plan.N, rel=1e-9) == again.N


def test_two_are_fixed() -> None:
    plan = sw.allocate(LAW, N="7B", tokens_per_parameter=200)
    assert (plan.N, plan.D) == (7e9, 1.4e12)
    assert sw.allocate(LAW, D=1.4e12, tokens_per_parameter=200).N == 7e9
    assert sw.allocate(LAW, memory="14 GB", D=1.4e12).N == 7e9
    assert plan.loss == pytest.approx(loss(plan), rel=1e-15)


@pytest.mark.parametrize("gigabytes", [20, 400])
def test_memory_is_a_limit_beside_a_budget(gigabytes: int) -> None:
    free = sw.allocate(LAW, C=1e24)
    plan = sw.allocate(LAW, C=1e24, memory=f"{gigabytes} GB")
    assert pytest.approx(min(free.N, gigabytes * 0.5e9), rel=1e-9) == plan.N
    assert pytest.approx(1e24, rel=1e-12) == 6 * plan.N * plan.D
    served = sw.allocate(LAW, C=1e24, memory=f"{gigabytes} GB", inference_tokens=1e11)
    assert served.N <= plan.N * (1 + 1e-9)
    assert served.loss == pytest.approx(plan.loss, rel=1e-11)


@pytest.mark.parametrize("overhead", [0.01, 0.3, 2.0])
@pytest.mark.parametrize("name", ["besiroglu2024", "kaplan2020"])
def test_the_smallest_model_for_an_overhead(name: str, overhead: float) -> None:
    law = sw.law(name)
    dense = sw.allocate(law, C=1e22)
    plan = sw.allocate(law, C=1e22, overhead=overhead)
    assert plan.N < dense.N
    assert plan.train_flops == pytest.approx((1 + overhead) * 1e22, rel=1e-9)
    assert plan.loss == pytest.approx(dense.loss, rel=1e-12)


# --- all together ---------------------------------------------------------------------------


def test_bits_inference_repetition_and_memory_against_brute_force() -> None:
    """The least lifetime cost of the loss that 1e22 FLOPs reach, over N, D and P."""
    asked = {
        "unique_tokens": 25e9,
        "precision": True,
        "served_bits": 4.0,
        "memory": 5e9,
    }
    quality = sw.allocate(LAW, C=1e22, **asked)
    plan = sw.allocate(LAW, C=1e22, inference_tokens=1e12, **asked)
    assert plan.loss == pytest.approx(quality.loss, rel=1e-11)
    world = with_precision(with_repetition(LAW))
    n = (plan.N * np.geomspace(0.5, 2.0, 61))[:, None, None]
    d = (plan.D * np.geomspace(0.5, 2.0, 401))[:, None]
    p = np.clip(plan.bits + np.linspace(-3, 3, 61), 4, 16)
    found = world.predict(N=n, D=d, U=25e9, P_post=4.0, **dict.fromkeys(BITS, p))
    cost = 6 * n * d * p / 16 + 2 * n * 1e12
    good = (found <= plan.loss) & (n / 2 <= 5e9)
    own = world.predict(N=plan.N, D=plan.D, U=25e9, P_post=4.0, **dict.fromkeys(BITS, plan.bits))
    assert own == pytest.approx(plan.loss, rel=1e-13)
    assert plan.N / 2 <= 5e9 * (1 + 1e-9)
    assert plan.total_flops <= cost[good].min() * (1 + 1e-9)
    assert plan.total_flops == pytest.approx(cost[good].min(), rel=0.02)
    assert plan.epochs == plan.D / 25e9
    expected = "in memory + inference-aware + precision-aware + data-limited"
    assert plan.strategy == expected


@pytest.mark.parametrize("C", [1e20, 1e22])
def test_quantised_serving_wants_larger_models_on_fewer_tokens(C: float) -> None:
    """Kumar et al. 2024: more data hurt a model that is quantised afterwards."""
    plan = sw.allocate(LAW, C=C, served_bits=4)
    n = plan.N * np.geomspace(0.01, 100, 4001)
    losses = with_precision(LAW).predict(N=n, D=C / (6 * n), P_post=4.0)
    assert plan.loss <= losses.min() * (1 + 1e-12)
    assert plan.N > sw.allocate(LAW, C=C).N
    assert plan.loss > sw.allocate(LAW, C=C).loss


@pytest.mark.parametrize("name", ["besiroglu2024", "muennighoff2023"])
def test_scarce_data_cost(name: str) -> None:
    law = with_repetition(sw.law(name))
    plan = sw.allocate(sw.law(name), C=1e22, unique_tokens="25B")
    n = plan.N * np.geomspace(0.05, 20, 4001)
    assert plan.loss <= law.predict(N=n, D=1e22 / (6 * n), U=25e9).min() * (1 + 1e-12)
    assert plan.epochs > 4
    assert plan.saving < -0.1
    ample = sw.allocate(sw.law(name), C=1e22, unique_tokens="25T")
    assert pytest.approx(sw.allocate(sw.law(name), C=1e22).N, rel=1e-6) == ample.N
    assert (ample.epochs, ample.saving) == (1.0, pytest.approx(0.0, abs=1e-9))


def test_repetition_is_known_of_few_forms() -> None:
    with pytest.raises(AllocationError, match="needs a law with the variable U, such as muenn"):
        sw.allocate(sw.law("kaplan2020"), C=1e22, unique_tokens="25B")


def test_no_price_is_no_obstacle_to_time() -> None:
    chip = replace(CLUSTER.chip, price_per_hour=None)
    unpriced = Cluster(chip, count=1024, utilisation=0.4)
    plan = sw.allocate(LAW, days=10, cluster=unpriced)
    assert pytest.approx(sw.allocate(LAW, days=10, cluster=CLUSTER).N) == plan.N
    assert np.isnan(plan.dollars)
    with pytest.raises(AllocationError, match="no price is known for H100 SXM"):
        sw.allocate(LAW, dollars=1e6, cluster=unpriced)


# --- draws ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked",
    [
        {"C": 1e22, "unique_tokens": 1e11, "inference_tokens": 1e12},
        {"C": 1e22, "precision": True, "inference_tokens": 1e12, "served_bits": 5.0},
        {"C": 1e22, "memory": 5e9},
        {"C": 1e22, "overhead": 0.2},
        {"N": 7e9},
        {"total_flops": 1e23, "inference_tokens": 1e12},
    ],
)
def test_each_draw_is_a_plan_of_its_own(asked: dict[str, Any]) -> None:
    fit = sw.fit(LAW, sw.simulate_isoflop_data(LAW, [1e19, 1e20, 1e21], points=11, seed=3))
    boot = fit.bootstrap(30)
    plan = sw.allocate(fit, **asked, draws=boot)
    for i in (0, 29):
        alone = sw.allocate(fit.law.with_constants(**boot.draws.row(i, named=True)), **asked)
        for name, cloud in plan.draws.items():
            assert cloud[i] == pytest.approx(getattr(alone, name), rel=1e-8, abs=1e-10), name


# --- what a plan tells ----------------------------------------------------------------------


@pytest.mark.parametrize("within", [0.01, 0.1])
def test_the_flat_region(within: float) -> None:
    plan = sw.allocate(LAW, C=5.88e23, inference_tokens=2e12)
    flat = plan.flat_region(within)
    for n, d in zip(flat.N, flat.D, strict=True):
        assert float(LAW.predict(N=n, D=d)) == pytest.approx(plan.loss, rel=1e-12)
        assert 6 * n * d + 2 * n * 2e12 == pytest.approx((1 + within) * plan.total_flops, rel=1e-9)
    assert flat.N[0] < plan.N < flat.N[1]
    assert plan.cost_curve(flat.N) == pytest.approx([1 + within] * 2, rel=1e-9)
    assert plan.cost_curve([plan.N, 1e7])[0] == pytest.approx(1.0, rel=1e-12)
    assert np.isnan(plan.cost_curve(1e7)).all()
    with pytest.raises(AllocationError, match="within must be a positive share"):
        plan.flat_region(0)


@pytest.mark.parametrize("tokens", [1e13, 5e14, 1.6e15, 1e16])
def test_the_flat_region_where_most_is_served(tokens: float) -> None:
    """There sizes little below the best cannot reach the loss at all."""
    plan = sw.allocate(LAW, C=5.88e23, inference_tokens=tokens)
    flat = plan.flat_region()
    assert flat.N[0] < plan.N < flat.N[1]
    assert plan.cost_curve(flat.N) == pytest.approx([1.01] * 2, rel=1e-9)


def test_the_flat_region_of_weighed_bits() -> None:
    plan = sw.allocate(LAW, C=1e22, precision=True)
    flat = plan.flat_region()
    world = with_precision(LAW)
    for n, d in zip(flat.N, flat.D, strict=True):
        found = world.predict(N=n, D=d, **dict.fromkeys(BITS, plan.bits))
        assert found == pytest.approx(plan.loss, rel=1e-12)
        assert 6 * n * d * plan.bits / 16 == pytest.approx(1.01 * plan.train_flops, rel=1e-9)


def test_sensitivity() -> None:
    plan = sw.allocate(LAW, loss=2.0, cluster=CLUSTER, input_tokens=1e12, output_tokens=1e11)
    table = plan.sensitivity()
    assert list(table["swing"]) == sorted(table["swing"], reverse=True)
    rows = {row["assumption"]: row for row in table.iter_rows(named=True)}
    assert set(rows) >= {"E", "alpha", "input_tokens", "price of training", "price of generation"}
    error = LAW.stderr["E"]
    raised = sw.allocate(
        LAW.with_constants(E=LAW.values["E"] + error),
        **{k: v for k, v in plan.question.request.asked.items() if v},
    )
    assert rows["E"]["N_high"] == pytest.approx(raised.N, rel=1e-9)
    halved = sw.allocate(LAW, loss=2.0, cluster=CLUSTER, input_tokens=5e11, output_tokens=1e11)
    assert rows["input_tokens"]["N_low"] == pytest.approx(halved.N, rel=1e-9)
    assert rows["input_tokens"]["saving_low"] == pytest.approx(halved.saving, abs=1e-9)
    dearer = Cluster("H100", count=1024, utilisation=0.4, price_per_hour=2.5)
    asked = {"input_tokens": 1e12, "output_tokens": 1e11, "serving": CLUSTER}
    trained = sw.allocate(LAW, loss=2.0, cluster=dearer, **asked)
    assert rows["price of training"]["N_high"] == pytest.approx(trained.N, rel=1e-9)


def test_money_buys_less_where_training_is_dearer() -> None:
    table = sw.allocate(LAW, dollars=1e6, cluster=CLUSTER).sensitivity()
    row = next(r for r in table.iter_rows(named=True) if r["assumption"] == "price of training")
    assert row["N_high"] == pytest.approx(sw.allocate(LAW, dollars=8e5, cluster=CLUSTER).N)


def test_nothing_to_be_sensitive_to() -> None:
    bare = sw.Law(LAW.equation, constants=LAW.values)
    with pytest.raises(AllocationError, match="nothing to change"):
        sw.allocate(bare, C=1e22).sensitivity()


def test_export() -> None:
    plan = sw.allocate(
        LAW, loss=2.0, cluster=CLUSTER, input_tokens=1e12, output_tokens="100B", served_bits=8
    )
    told = json.loads(plan.to_json())
    assert told["plan"]["N"] == plan.N
    assert told["asked"]["cluster"]["accelerator"] == "H100"
    assert told["law"]["constants"] == LAW.values
    page = plan.to_markdown()
    assert page.startswith("# Plan: ")
    assert f"| predicted loss | {plan.loss:.4g} |" in page
    assert "within 1% of the lifetime cost" in page
    assert "input_tokens = 1T" in page
    cells: dict[str, Any] = {}
    code = plan.to_python().replace("sw.Cluster", "Cluster").replace("print(plan)", "")
    exec(code, {"Cluster": Cluster}, cells)
    assert cells["plan"].N == plan.N


def test_a_typed_law_is_exported_whole() -> None:
    law = sw.Law("E + A/N**alpha + R", {**LAW.values, "E": 1.7}, definitions={"R": "B/D**beta"})
    plan = sw.allocate(law, C=1e22)
    cells: dict[str, Any] = {}
    exec(plan.to_python().replace("print(plan)", ""), {}, cells)
    assert cells["plan"].N == plan.N
    json.dumps(plan.to_dict())


# --- grids ----------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [{}, {"unique_tokens": 1e11}, {"precision": True}])
def test_a_grid_is_its_plans(more: dict[str, Any]) -> None:
    budgets, demands = [1e20, 1e22, 1e24], [0.0, 1e11, 1e13]
    table = allocate_grid(LAW, C=budgets, inference_tokens=demands, **more)
    assert table.shape == (9, 10)
    n = table["N"].to_numpy().reshape(3, 3)
    for i, C in enumerate(budgets):
        for j, tokens in enumerate(demands):
            plan = sw.allocate(LAW, C=C, inference_tokens=tokens, **more)
            assert n[i, j] == pytest.approx(plan.N, rel=1e-8)
            assert table["saving"][3 * i + j] == pytest.approx(plan.saving, abs=1e-8)


def test_a_grid_without_demand_and_one_that_makes_no_sense() -> None:
    table = allocate_grid(LAW, C=1e22)
    assert table["N"][0] == sw.allocate(LAW, C=1e22).N
    for asked in ({"C": [1e20, -1.0]}, {"C": []}, {"C": 1e20, "inference_tokens": [-1.0]}):
        with pytest.raises(AllocationError):
            allocate_grid(LAW, **asked)
