"""The Planner without a browser: what is asked of the kernel, its results, its state."""

import json
from typing import Any

import numpy as np
import polars as pl
import pytest
import traitlets

import scalewidgets as sw
from scalewidgets.widgets.planner import lab as planner
from scalewidgets.widgets.wire import unpack


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few draws and no rest: how many there are is not what is tested."""
    monkeypatch.setattr(planner, "DRAWS", 12)
    monkeypatch.setattr(planner, "_PAUSE", 0.0)


@pytest.fixture(scope="module")
def fit() -> sw.Fit:
    return sw.fit("hoffmann2022", sw.load_runs("simulated"))


def numbers(lab: sw.Planner) -> dict[str, float]:
    return dict(zip(lab.facts["names"], unpack(lab.facts["numbers"]), strict=True))


def array(lab: sw.Planner, name: str) -> np.ndarray:
    return np.asarray(unpack(lab.facts["arrays"][name]))


def test_the_plan_is_the_librarys() -> None:
    lab = sw.Planner("besiroglu2024", C="1e24 FLOP", inference_tokens="1T")
    expected = sw.allocate(sw.law("besiroglu2024"), C=1e24, inference_tokens=1e12)
    assert pytest.approx((expected.N, expected.D)) == (lab.plan.N, lab.plan.D)
    assert numbers(lab)["all_N"] == pytest.approx(expected.N)
    lab.serving_utilisation = 0.04  # a served FLOP costs ten times one of training
    dearer = sw.allocate(sw.law("besiroglu2024"), C=1e24, inference_tokens=1e13)
    assert pytest.approx(dearer.N) == lab.plan.N


def test_all_concerns_are_asked_together(fit: sw.Fit) -> None:
    lab = sw.Planner(
        fit, C=1e23, limited=True, unique_tokens="100B", choose_bits=True, served_bits=4.0
    )
    assert lab.plan.strategy == "inference-aware + precision-aware + data-limited"
    assert lab.plan.epochs > 1.0
    low, high = lab.plan.interval("N")
    assert low < lab.plan.N < high
    assert len(array(lab, "draws_all_N")) == len(array(lab, "draws_alpha"))
    table = lab.strategies
    assert table["strategy"].to_list() == [
        "chinchilla",
        "inference-aware",
        "data-limited",
        "precision-aware",
        "all together",
    ]
    assert {"N_low", "N_high"} <= set(table.columns)


def test_the_world_is_the_same_for_all_strategies(fit: sw.Fit) -> None:
    """What the browser says of each strategy's plan is what compare_strategies says."""
    lab = sw.Planner(
        fit, C=1e23, limited=True, unique_tokens="100B", choose_bits=True, served_bits=4.0
    )
    shown = lab.sheet()
    # without the last row: all together is planned in dollars, not FLOPs
    keys = ["chinchilla", "inference", "data", "precision"]
    for key, row in zip(keys, lab.strategies[:4].iter_rows(named=True), strict=True):
        assert shown.get(f"{key}_N") == pytest.approx(row["N"], rel=1e-9)
        assert shown.get(f"{key}_loss") == pytest.approx(row["loss"], rel=1e-9)
        assert shown.get(f"{key}_epochs") == pytest.approx(row["epochs"])
        assert shown.get(f"{key}_planned") == pytest.approx(row["planned_loss"], rel=1e-9)
        assert shown.get(f"{key}_train") == pytest.approx(row["train_flops"])


def test_money_and_time_are_the_clusters() -> None:
    lab = sw.Planner(C=1e24, count=2048, price=2.5, utilisation=0.35, serving_utilisation=0.05)
    plan, cluster = lab.plan, lab.cluster
    shown = lab.sheet()
    assert shown.get("all_hours") == pytest.approx(float(cluster.gpu_hours(plan.train_flops)))
    assert shown.get("all_days") == pytest.approx(float(cluster.days(plan.train_flops)))
    assert shown.get("all_dollars") == pytest.approx(plan.dollars)


def test_what_takes_time_follows(fit: sw.Fit) -> None:
    lab = sw.Planner(fit)
    flat = lab.plan.flat_region()
    assert (numbers(lab)["flat_low"], numbers(lab)["flat_high"]) == pytest.approx(flat.N)
    names = lab.facts["strings"]["bars_name"]
    assert any(name.startswith("beta") for name in names)
    assert any(name.startswith("output_tokens") for name in names)
    assert len(names) == len(array(lab, "bars_low")) == len(array(lab, "bars_high"))
    assert "95 %" in lab.facts["strings"]["markdown"][0]


def test_its_state_restores_the_lab(fit: sw.Fit) -> None:
    for lab in (
        sw.Planner("hoffmann2022", C=3e22, price=1.5, served_bits=5.0),
        sw.Planner(fit, limited=True, unique_tokens=3e11, accelerator="A100 80GB"),
    ):
        again = sw.Planner.from_state(lab.state)
        assert pytest.approx(lab.plan.N, rel=1e-9) == again.plan.N
        assert json.loads(again.state) | {"law": 0} == json.loads(lab.state) | {"law": 0}
        copied = lab.facts["strings"]["state"][0].replace("{{", "{").replace("}}", "}")
        assert copied == lab.state
    for text in ("", "[1]", "{}", "not json"):
        with pytest.raises(ValueError, match="no state of a Planner"):
            sw.Planner.from_state(text)


def test_the_code_makes_the_plan_again(fit: sw.Fit) -> None:
    lab = sw.Planner(fit, C=1e23, served_bits=6.0)
    text = lab.facts["strings"]["code"][0].replace("{{", "{").replace("}}", "}")
    names: dict[str, Any] = {}
    exec(text.replace("print(plan)", ""), names)
    assert pytest.approx(lab.plan.N, rel=1e-9) == names["plan"].N


def test_a_law_that_knows_no_repetition_has_no_data_limit() -> None:
    lab = sw.Planner("kaplan2020", limited=True)
    assert "unique_tokens" not in lab.asked
    labels = [table["label"] for table in lab.spec["tables"]]
    assert "Data-limited" not in labels
    lab.law_name = "hoffmann2022"
    assert "Data-limited" in [table["label"] for table in lab.spec["tables"]]


def test_mistakes_keep_the_last_good_picture() -> None:
    lab = sw.Planner()
    with pytest.raises(traitlets.TraitError, match="there is no 'H1000'; there are"):
        lab.accelerator = "H1000"
    with pytest.raises(traitlets.TraitError, match="C must be positive"):
        lab.C = 0
    with pytest.raises(TypeError, match="Did you mean 'served_bits'"):
        sw.Planner(served_bit=4)
    before = dict(lab.facts["arrays"])
    lab.law_name = "no_such_law"
    assert "no_such_law" in lab.problem
    assert lab.facts["arrays"] == before
    lab.law_name = "besiroglu2024"
    assert lab.problem == ""


@pytest.mark.parametrize("change", [{"count": 1e308}, {"count": 0.5}, {"price": 1e308}])
def test_no_cluster_is_beyond_all_days_and_dollars(change: dict[str, float]) -> None:
    lab = sw.Planner()
    before = repr(lab)
    with pytest.raises(
        traitlets.TraitError, match=rf"{next(iter(change))} takes 1.* to 1e\+09, not"
    ):
        lab.set(**change)
    assert repr(lab) == before


def test_a_law_without_draws_says_so() -> None:
    lab = sw.Planner()
    assert lab.draws is None
    assert "no intervals" in lab.status()[1]
    assert not lab.spec["draws"]
    assert repr(lab).startswith("Planner(besiroglu2024 at 5.88e23 FLOP, inference-aware: N=")
    assert isinstance(lab.strategies, pl.DataFrame)
