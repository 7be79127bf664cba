"""The Explorer without a browser: its inputs, its answers, its results as objects."""

import asyncio
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import scalewidgets as sw
from scalewidgets.widgets import study
from scalewidgets.widgets.explorer import lab as explorer
from scalewidgets.widgets.wire import unpack

TRUTH = {"E": 1.8, "A": 480.0, "alpha": 0.35, "B": 2080.0, "beta": 0.37}
LAW = sw.Law("E + A/N**alpha + B/D**beta", constants=TRUTH, title="mine")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few draws and no rest before them: how many there are is not what is tested."""
    monkeypatch.setattr(explorer, "DRAWS", 12)
    monkeypatch.setattr(explorer, "_CHUNK", 4)
    monkeypatch.setattr(explorer, "_PAUSE", 0.0)


@pytest.fixture
def lab() -> sw.Explorer:
    return sw.Explorer()


@pytest.fixture(scope="module")
def runs() -> pl.DataFrame:
    return sw.simulate_isoflop_data(LAW, [1e19, 1e20, 1e21], points=9, seed=4)


@pytest.fixture
def solved(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry a call of the fit behind the lab: the runs that were in."""
    calls: list[int] = []

    def counted(*args: Any, **more: Any) -> sw.Fit:
        calls.append(int(np.count_nonzero(args[3])))
        return solve(*args, **more)

    monkeypatch.setattr(study, "solve", counted)
    return calls


solve = study.solve


def numbers(lab: sw.Explorer) -> dict[str, float]:
    return dict(zip(lab.facts["names"], unpack(lab.facts["numbers"]).tolist(), strict=True))


def array(lab: sw.Explorer, name: str) -> Any:
    return unpack(lab.facts["arrays"][name])


# --- questions ------------------------------------------------------------------------------


def test_sliders_ask_nothing(lab: sw.Explorer, solved: list[int]) -> None:
    facts = lab.facts
    lab.set(N=1e9, P_w=4, P_post=6, inference_tokens=0, hold="N")
    lab.set_state({"question": 5})
    assert solved == []
    assert lab.facts["serial"] == 5
    assert lab.facts["arrays"] == facts["arrays"]


def test_runs_are_clicked_out_and_in(lab: sw.Explorer, solved: list[int]) -> None:
    first = lab.fit
    lab.set_state({"excluded": [0, 7], "question": 1})
    assert solved == [133]
    assert lab.facts["serial"] == 1
    assert numbers(lab)["fit_alpha"] == lab.fit.params["alpha"] != first.params["alpha"]
    assert lab.sheet().get("excluded") == 2.0  # a list's number is its length
    assert "133 runs, 2 left out" in lab.facts["status"]["text"]
    lab.set_state({"excluded": [], "question": 2})
    assert lab.fit.params == pytest.approx(first.params, rel=1e-6)
    assert lab.plan.N > 0
    assert lab.draws.fit is lab.fit
    assert solved == [133, 135]


def test_the_refit_is_the_fit() -> None:
    lab = sw.Explorer(objective="least_squares", excluded=[3])
    weights = np.arange(135) != 3
    alone = sw.fit("besiroglu2024", lab.runs, objective="least_squares", weights=weights)
    assert lab.fit.params == pytest.approx(alone.params, rel=1e-6)
    assert lab.fit.status == "ok"


def test_facts_are_the_fit_and_its_draws(lab: sw.Explorer) -> None:
    for name, value in lab.fit.params.items():
        assert numbers(lab)[f"fit_{name}"] == numbers(lab)[f"centre_{name}"] == value
        np.testing.assert_array_equal(array(lab, f"draws_{name}"), lab.draws.draws[name])
    np.testing.assert_array_equal(array(lab, "runs_N"), lab.runs["N"])
    assert len(lab.facts["strings"]["runs_name"]) == 135
    assert lab.draws.draws.equals(lab.fit.bootstrap(12).draws)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"dataset": "nope"}, "datasets: no 'nope'"),
        ({"law_name": "nope"}, "no law 'nope'"),
        ({"constants": "nope"}, "no constant set 'nope'"),
        ({"excluded": [300]}, "excluded: there are 135 runs, none has number 300"),
        ({"excluded": list(range(131))}, "4 runs cannot determine 5 constants"),
        ({"steer": True, "held": {"E": True}, "wheel": {"E": float("nan")}}, "a finite number"),
    ],
)
def test_mistakes_are_shown_and_mended(
    lab: sw.Explorer, wrong: dict[str, Any], told: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = {k: v for k, v in lab.facts.items() if k not in ("serial", "status")}
    good = {name: getattr(lab, name) for name in lab.asks}
    lab.set_state({**wrong, "question": 3})
    assert told in lab.problem
    assert not caplog.records, "a mistake that is told needs no traceback"
    kept = {k: v for k, v in lab.facts.items() if k not in ("serial", "status")}
    assert kept == before
    assert lab.facts["serial"] == 3
    assert told in repr(lab)  # a lab that is displayed anew must not raise
    with pytest.raises((ValueError, sw.DatasetError)):
        _ = lab.plan
    lab.set_state({**good, "question": 4})
    assert lab.problem == ""
    assert lab.facts["serial"] == 4
    assert lab.fit.status == "ok"


# --- with a running kernel ------------------------------------------------------------------


def test_in_a_kernel_the_draws_come_later(solved: list[int]) -> None:
    async def session() -> None:
        lab = sw.Explorer()
        assert "draws_E" not in lab.facts["arrays"]
        await asyncio.wait([lab._after])
        assert len(array(lab, "draws_E")) == 12
        assert lab.draws.draws["E"].to_list() == array(lab, "draws_E").tolist()
        assert solved == [135]

    asyncio.run(session())


def test_a_newer_question_stops_an_older_bootstrap(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []

    def counted(fit: sw.Fit, *args: Any, **more: Any) -> Any:
        for part in chunks(fit, *args, **more):
            drawn.append(fit.used)
            yield part

    chunks = explorer.bootstrap_chunks
    monkeypatch.setattr(explorer, "bootstrap_chunks", counted)

    async def session() -> None:
        lab = sw.Explorer()
        while not drawn:
            await asyncio.sleep(0)
        lab.set_state({"excluded": [1], "question": 1})
        # the constants are new, and no draws of the old ones ever arrive
        assert numbers(lab)["fit_E"] == lab.fit.params["E"]
        await asyncio.wait([lab._after])
        assert drawn.count(135) < 3
        assert drawn.count(134) == 3
        assert numbers(lab)["centre_E"] == lab.fit.params["E"]
        assert lab.facts["serial"] == 1

    asyncio.run(session())


# --- what it can be made from ---------------------------------------------------------------


def test_from_a_fit(runs: pl.DataFrame) -> None:
    weights = np.arange(27) % 9 > 0
    fit = sw.fit(LAW, runs, objective="least_squares", weights=weights)
    lab = sw.Explorer(fit)
    assert (lab.dataset, lab.law_name, lab.objective) == ("given", "given", "least_squares")
    assert lab.excluded == [0, 9, 18]
    assert lab.fit.params == pytest.approx(fit.params, rel=1e-6)
    assert lab.fit.value == pytest.approx(fit.value, rel=1e-9)


def test_what_a_fit_held_the_hand_holds(runs: pl.DataFrame) -> None:
    fit = sw.fit(LAW, runs, fixed={"E": 1.7})
    lab = sw.Explorer(fit)
    assert lab.fit.fixed == {"E": 1.7}
    assert lab.fit.params == pytest.approx(fit.params, rel=1e-6)
    lab.steer = False
    assert lab.fit.fixed == {}


def test_answers_are_no_inputs() -> None:
    with pytest.raises(TypeError, match="no input 'facts'"):
        sw.Explorer(facts={})


def test_from_runs(runs: pl.DataFrame) -> None:
    lab = sw.Explorer(runs.to_dict(as_series=False), N="1B")
    assert (lab.dataset, lab.law_name, lab.N) == ("given", "besiroglu2024", 1e9)
    assert len(lab.runs) == 27
    assert next(iter(choices(lab, "dataset"))) == "given"
    lab.dataset = "simulated"
    assert lab.fit.used == 135


def test_from_a_law() -> None:
    lab = sw.Explorer(LAW)
    assert choices(lab, "law_name")["given"] == "mine"
    assert lab.fit.law.id == "typed"
    lab.law_name = "kaplan2020"
    assert lab.fit.law.id == "kaplan2020"


def test_from_chinchillas_points(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCALEWIDGETS_DATA", str(shared / "data"))
    lab = sw.Explorer(dataset="chinchilla", excluded=[5])
    assert (len(lab.runs), lab.fit.used, lab.excluded) == (240, 239, [5])
    lab.dataset = "simulated"
    assert lab.excluded == []


def choices(lab: sw.Explorer, cell: str) -> dict[str, str]:
    controls = [c for group in lab.spec["groups"] for c in group["controls"]]
    (options,) = (c["options"] for c in controls if c.get("cell") == cell)
    return {o["value"]: o["label"] for o in options}


@pytest.mark.slow
@pytest.mark.parametrize("name", explorer.LAWS)
def test_every_law_with_every_choice(name: str) -> None:
    lab = sw.Explorer(law_name=name)
    assert lab.fit.status == "ok"
    assert json.loads(json.dumps(lab.spec)) == lab.spec
    assert set(choices(lab, "constants")) == {"fit", *sw.law(name).sets}
    for objective in choices(lab, "objective"):
        lab.objective = objective
        assert (lab.problem, lab.fit.objective.kind) == ("", objective)
        assert len(array(lab, "draws_" + lab.fit.problem.free[0])) == 12
    for constants in sw.law(name).sets:
        lab.constants = constants
        assert lab.problem == ""
        assert lab.law.values == sw.law(name, constants).values
        assert lab.draws is None
        assert np.isfinite(lab.loss)
        assert constants in lab.facts["status"]["text"]
        assert numbers(lab)["fitted"] == 0.0


def test_another_law_lets_go_of_everything(lab: sw.Explorer) -> None:
    lab.set(constants="notebook", steer=True, held={"E": True}, wheel={"E": 1.7})
    lab.law_name = "hoffmann2022"
    assert (lab.constants, lab.steer, lab.held, lab.wheel) == ("fit", False, {}, {})
    lab.set(law_name="sardana2024", constants="fit_all")
    assert lab.law.values == sw.law("sardana2024", "fit_all").values
    given = sw.Explorer(law_name="hoffmann2022", constants="rounded")
    assert given.law.values == sw.law("hoffmann2022", "rounded").values


# --- taking the wheel -----------------------------------------------------------------------


def test_a_held_constant_is_fixed_and_the_rest_refitted(lab: sw.Explorer) -> None:
    best = lab.fit
    lab.set(steer=True, held={"E": True, "A": False}, wheel={"E": 1.7, "A": 1.0})
    assert lab.fit.params["E"] == lab.law.values["E"] == 1.7
    assert lab.fit.params["A"] != 1.0
    alone = sw.fit("besiroglu2024", lab.runs, fixed={"E": 1.7})
    assert lab.fit.params == pytest.approx(alone.params, rel=1e-6)
    lab.set(steer=False, held={})
    assert lab.fit.params == pytest.approx(best.params, rel=1e-6)


@pytest.mark.parametrize("wheel", [{"A": 1e-5}, {"A": 1e8, "alpha": 1.2, "E": 20.0}])
def test_fit_returns_to_the_optimum_from_anywhere(
    lab: sw.Explorer, wheel: dict[str, float]
) -> None:
    best = lab.fit
    lab.set(steer=True, held=dict.fromkeys(wheel, True), wheel=wheel)
    lab.set(steer=False, held={})
    assert lab.fit.value == pytest.approx(best.value, rel=1e-9)
    assert lab.fit.status == "ok"


def test_all_constants_under_the_hand(lab: sw.Explorer) -> None:
    best = lab.fit
    lab.set(steer=True, held=dict.fromkeys(TRUTH, True), wheel=TRUTH)
    assert lab.law.values == TRUTH
    assert lab.fit.params == pytest.approx(best.params, rel=1e-6)
    assert lab.loss == pytest.approx(float(LAW.predict(N=lab.N, D=lab.D)))


def test_the_wheel_does_nothing_until_it_is_taken(lab: sw.Explorer) -> None:
    lab.set(held={"E": True}, wheel={"E": 1.0})
    assert lab.fit.fixed == {}


# --- results --------------------------------------------------------------------------------


def test_plans_are_those_of_allocate(lab: sw.Explorer) -> None:
    lab.set(C=1e22, P_post=6.0, inference_tokens="2T")
    plans = lab.plans
    aware = sw.allocate(lab.law, C=1e22, inference_tokens=2e12, draws=lab.draws)
    assert str(lab.plan) == str(plans["inference-aware"]) == str(aware)
    assert aware.interval("N") == plans["inference-aware"].interval("N")
    served = sw.allocate(lab.law, C=1e22, precision=True, served_bits=6.0)
    assert str(plans["precision-aware"]) == str(served)
    lab.inference_tokens = 0
    assert str(lab.plan) == str(sw.allocate(lab.law, C=1e22))


def test_the_loss_counts_bits(lab: sw.Explorer) -> None:
    plain = lab.loss
    assert plain == pytest.approx(float(lab.law.predict(N=lab.N, D=lab.D)), rel=1e-12)
    lab.P_w = 4
    trained = lab.loss
    lab.P_post = 4
    assert plain < trained < lab.loss


def test_the_present_picture(lab: sw.Explorer) -> None:
    lab.excluded = [2]
    picture = lab.chart().to_dict()
    assert len(picture["layer"]) == 4
    json.dumps(picture)
    lab.constants = "published"
    assert len(lab.chart().to_dict()["layer"]) == 3


def test_the_picture_counts_bits_and_shows_the_sliders(lab: sw.Explorer) -> None:
    lab.set(P_w=4.0, P_post=5.0)
    picture = lab.chart().to_dict()
    *_, curve, points = (picture["datasets"][one["data"]["name"]] for one in picture["layer"])
    you = next(row for row in points if row["strategy"] == "you")
    assert (you["N"], you["loss"]) == (lab.N, lab.loss)
    on_curve = np.interp(np.log(lab.N), [np.log(r["N"]) for r in curve], [r["loss"] for r in curve])
    assert on_curve == pytest.approx(lab.loss, abs=1e-3)
    assert lab.loss > float(lab.law.predict(N=lab.N, D=lab.D)) + 0.02


def test_printing_is_stable() -> None:
    text = (
        "Explorer(besiroglu2024 on 135 of 135 simulated runs, Huber on log loss, delta 0.001: ok; "
        "N=70B D=1.4T C=5.88e23 loss=1.9761)"
    )
    size = {"N": "70B", "D": "1.4T"}
    assert str(sw.Explorer(**size)) == repr(sw.Explorer(**size)) == text
    out = sw.Explorer(excluded=[1, 1, 2], constants="published")
    assert "on 133 of 135 simulated runs, constants published;" in str(out)


def test_the_same_lab_twice_is_the_same_page() -> None:
    first, second = sw.Explorer(), sw.Explorer()
    assert first.spec == second.spec
    assert first.facts == second.facts


def test_a_page_is_sent_once_a_law(lab: sw.Explorer) -> None:
    sent: list[str] = []
    lab.observe(lambda change: sent.append(change.new["source"]), "spec")
    lab.excluded = [1]
    lab.objective = "least_squares"
    assert sent == []
    lab.law_name = "kaplan2020"
    assert sent == [sw.law("kaplan2020").source]
