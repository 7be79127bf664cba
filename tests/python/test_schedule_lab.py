"""The ScheduleLab without a browser: its cells are what the two laws say of its schedules."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import traitlets

import scalewidgets as sw
from scalewidgets.widgets.schedule.cells import MODELS, PIECES, SHAPES
from scalewidgets.widgets.schedule.lab import ScheduleLab
from scalewidgets.widgets.schedule.runs import PEAK, RUNS, WARMUP, schedule_of

Schedule = sw.Schedule
STEPS = 24_000
NAMED = {
    "constant": Schedule.constant(PEAK, STEPS, WARMUP),
    "cosine": Schedule.cosine(PEAK, STEPS, WARMUP),
    "linear": Schedule.linear(PEAK, STEPS, WARMUP),
    "wsd": Schedule.wsd(PEAK, STEPS, WARMUP),
    "sqrt": Schedule.wsd(PEAK, STEPS, WARMUP, shape="1-sqrt"),
    "exponential": Schedule.wsd(PEAK, STEPS, WARMUP, shape="exponential"),
    "drop": Schedule.two_stage(PEAK, STEPS, 19_200, 0.1, WARMUP),
}


def laws(model: str) -> tuple[sw.Law, sw.Law]:
    power, annealing = MODELS[model]
    return sw.law("luo2025_multi_power", power), sw.law("tissue2024_lr_annealing", annealing)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("shape", NAMED)
def test_named_shapes_lose_as_the_laws_say_of_all_their_steps(model: str, shape: str) -> None:
    """The staircase of 128 steps is within 0.001 nats, at a sudden drop within 0.002."""
    lab = ScheduleLab(model=model, shape=shape)
    steps = np.array([3000, 12_000, 18_000, 20_500, 22_000, 23_500, STEPS])
    asked, sheet = NAMED[shape].at(steps), lab.sheet()
    for role, law in zip(("mpl", "ann"), laws(model), strict=True):
        off = sheet.tabulate(f"{role}_yours", "t", steps) - law.predict(schedule=asked)
        assert np.abs(off).max() < (2e-3 if shape == "drop" else 1e-3)
        assert abs(off[-1]) < 1e-3


@pytest.mark.parametrize("shape", [shape for shape in NAMED if shape != "drop"])
def test_shapes_are_those_of_the_library(shape: str) -> None:
    lab = ScheduleLab(shape=shape, decay=0.2, final=0.1)
    found, expected = lab.schedule.eta, NAMED[shape].eta
    piece = (STEPS - WARMUP) / PIECES
    steepest = np.abs(np.diff(expected[WARMUP:])).max()
    assert np.abs(found - expected).max() <= steepest * (piece / 2 + 2)
    assert found[: WARMUP - 1] == pytest.approx(expected[: WARMUP - 1])


def test_a_drawn_schedule_has_the_loss_of_its_staircase() -> None:
    rng = np.random.default_rng(3)
    heights = np.sort(rng.uniform(0.02, 1.0, PIECES))[::-1]
    lab = ScheduleLab(drawn=heights.tolist(), shape="hand", peak=5e-4, steps="40k", warmup=1000)
    for law, role in zip(laws("400M"), ("mpl", "ann"), strict=True):
        exact = float(law.predict(schedule=lab.schedule))
        assert lab.sheet().get(f"{role}_yours") == pytest.approx(exact, abs=2e-4)


def test_a_rate_that_falls_to_zero_has_a_loss() -> None:
    lab = ScheduleLab(shape="linear", final=0.0)
    lab.set(shape="hand", drawn=[1.0] * 100 + [0.0] * 28)
    assert np.isfinite(lab.compared["multi_power"].to_numpy()).all()


def test_ranking_of_schedules_is_that_of_the_authors_curves() -> None:
    """Luo et al.: constant above cosine above WSD, and the better one below them all."""
    for model in MODELS:
        table = ScheduleLab(model=model, better="gradual").compared
        loss = dict(table.select("schedule", "multi_power").iter_rows())
        assert loss["constant rate"] > loss["cosine"] > loss["WSD, linear decay"] > loss["better"]
        assert dict(table.select("schedule", "won").iter_rows())["cosine"] > 0


def test_the_better_schedule_is_the_one_for_the_point() -> None:
    lab = ScheduleLab()
    assert lab.best is None
    lab.better = "gradual"
    first = lab.best
    assert first is not None
    assert first.loss == pytest.approx(lab.sheet().get("mpl_best"), abs=1e-4)
    assert first.loss < lab.sheet().get("mpl_yours")
    lab.steps = "48k"
    assert lab.best is not None
    assert lab.best.schedule.eta.size == 48_000
    assert lab.best.loss < first.loss
    assert lab.status()[0] == "ok"
    lab.better = "sudden"
    assert lab.best.loss < lab.sheet().get("mpl_yours")
    assert lab.status()[0] == "warning"


def test_what_is_dragged_asks_nothing_while_no_better_one_is_looked_for() -> None:
    lab = ScheduleLab()
    before, spec = lab.facts, lab.spec
    lab.set(peak=1e-3, steps=50_000, decay=0.5, shape="cosine")
    assert lab.facts is before
    assert lab.spec is spec
    assert "peak" not in spec["asks"]
    lab.better = "gradual"
    assert "peak" in lab.spec["asks"]


def test_a_schedule_is_put_in_as_if_it_were_drawn() -> None:
    lab = ScheduleLab()
    schedule = Schedule.wsd(1e-3, 30_000, 500, decay=0.4, final=0.0, shape="1-sqrt")
    lab.draw(schedule)
    assert (lab.peak, lab.steps, lab.warmup, lab.shape) == (1e-3, 30_000, 500, "hand")
    law = laws("400M")[0]
    exact = float(law.predict(schedule=schedule))
    assert lab.sheet().get("mpl_yours") == pytest.approx(exact, abs=1e-3)
    assert ScheduleLab(schedule=schedule).drawn == lab.drawn


def test_a_law_of_your_own_is_one_more_model() -> None:
    own = sw.law("luo2025_multi_power").with_constants(B=400.0)
    lab = ScheduleLab(own, shape="cosine")
    assert lab.model == "yours"
    exact = float(own.predict(schedule=NAMED["cosine"]))
    assert lab.sheet().get("mpl_yours") == pytest.approx(exact, abs=1e-3)
    assert lab.laws["mpl"].values["B"] == 400.0
    lab.model = "400M"
    assert lab.laws["mpl"].values["B"] != 400.0


def curves(schedule: sw.Schedule, every: int = 250) -> pl.DataFrame:
    steps = np.arange(every, schedule.eta.size + 1, every)
    loss = laws("400M")[0].predict(schedule=schedule.at(steps))
    return pl.DataFrame({"step": steps, "lr": schedule.eta[steps - 1], "loss": loss})


@pytest.mark.parametrize("first", [1, 24])
def test_your_curves_lie_under_the_laws(first: int) -> None:
    """Logged from the first rows on, or only after warm-up."""
    logs = curves(NAMED["cosine"], every=100)[first - 1 :].with_columns(run=pl.lit("mine"))
    lab = ScheduleLab(curves=logs, measured="mine")
    sheet = lab.sheet()
    assert sheet.get("run_error_mpl") < 2e-3
    assert sheet.get("run_error_ann") > sheet.get("run_error_mpl")
    assert sheet.get("run_steps") == STEPS
    assert lab.facts["arrays"].keys() >= {"run_step", "run_loss", "run_mpl", "run_ann"}
    lab.measured = "none"
    assert lab.sheet().get("run_steps") == 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ScheduleLab(sw.law("hoffmann2022")), "is neither luo2025_multi_power nor"),
        (lambda: ScheduleLab(curves={"step": [1], "loss": [3.0]}), "missing: lr"),
        (
            lambda: ScheduleLab(curves={"step": [1, 2], "lr": [1e-3, None], "loss": [3.0, 2.9]}),
            "1 rows have a step below 1",
        ),
        (lambda: ScheduleLab(schedule=Schedule.constant(1e-3, 100)), "needs 128 steps"),
        (lambda: ScheduleLab(drawn=[1.0, 0.5]), "needs 128 heights from 0 to 1"),
        (lambda: ScheduleLab(drawn=[2.0] * PIECES), "drawn"),
        (lambda: ScheduleLab(model="7B"), "there are 25M, 100M, 400M"),
        (lambda: ScheduleLab(measured="cosine"), "there is no 'cosine'"),
        (lambda: ScheduleLab(warmup=1), "2 steps or more"),
        (lambda: ScheduleLab(steps=1000), "ends 128 steps before"),
        (lambda: ScheduleLab(peek=1e-3), "Did you mean 'peak'"),
    ],
)
def test_bad_input_is_refused_with_what_to_do(make, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises((ValueError, TypeError, traitlets.TraitError), match=message):
        make()


def test_it_says_what_it_shows() -> None:
    lab = ScheduleLab(shape="cosine")
    assert repr(lab) == (
        "ScheduleLab(400M, cosine over 24K steps: 2.7571 by the multi-power, 2.7413 by the "
        "annealing law)"
    )
    assert lab.snapshot()["readouts"]["Final loss, multi-power law"]["Cosine"]["text"] == "2.7571"
    assert set(lab.snapshot()["plots"]) >= {"Learning rate: draw here"}


def test_the_page_lives_without_a_kernel(tmp_path: Path) -> None:
    lab = ScheduleLab(better="gradual")
    page = lab.save_html(tmp_path / "page.html").read_text()
    assert "Schedule lab" in page
    assert "<table>" in lab.to_html()


def test_loss_deceleration_is_the_catalogues_curve() -> None:
    lab = ScheduleLab(slowing=True, slow_model="size_144m")
    law = sw.law("mircea2025_loss_deceleration.loss_curve", "size_144m")
    steps = np.array([200.0, 6000.0, 200_000.0])
    found = lab.sheet().tabulate("loss_curve", "n", steps)
    assert found == pytest.approx(law.predict(t=steps), rel=1e-12)
    assert lab.sheet().get("slow_L_d") == pytest.approx(3.246, abs=5e-4)  # table of deceleration


# --- measured runs ----------------------------------------------------------------------------


def test_shapes_have_a_name_for_each_run() -> None:
    assert len(RUNS) == 9
    assert {schedule_of(run).eta.size for run in RUNS} == {16_000, 24_000, 72_000}
    assert set(NAMED) | {"hand"} == set(SHAPES)


@pytest.mark.parametrize(
    ("model", "printed"), [("25M", 0.00376), ("100M", 0.00435), ("400M", 0.00484)]
)
def test_errors_on_measured_runs_are_those_that_the_authors_print(
    shared: Path, monkeypatch: pytest.MonkeyPatch, model: str, printed: float
) -> None:
    """The mean absolute error over six curves, README of the authors' repository."""
    monkeypatch.setenv("SCALEWIDGETS_DATA", str(shared / "data"))
    lab = ScheduleLab(model=model, measured="wsdld_20000_24000")
    unseen = lab.errors.filter(~pl.col("fitted"))
    assert unseen["multi_power"].mean() == pytest.approx(printed, abs=3e-5)
    assert unseen["annealing"].mean() > 1.3 * printed
    row = lab.errors.row(by_predicate=pl.col("run") == lab.measured, named=True)
    assert lab.sheet().get("run_error_mpl") == pytest.approx(row["multi_power"], abs=2e-4)


# --- fits -------------------------------------------------------------------------------------


def several() -> pl.DataFrame:
    """Curves without noise, the third under a name that is no word of formulas."""
    names = {"cosine": "cosine", "constant": "constant", "drop": "one drop, v1.0", "wsd": "wsd"}
    tables = [curves(NAMED[shape]).with_columns(run=pl.lit(name)) for shape, name in names.items()]
    return pl.concat(tables)


def test_laws_are_fitted_to_the_curves_that_are_switched_on() -> None:
    lab = ScheduleLab(curves=several())
    assert set(lab.fit_on) == {"cosine", "constant", "one_drop__v1_0", "wsd"}
    published = lab.sheet().get("mpl_yours")
    lab.set(constants="fit", fit_on={**lab.fit_on, "wsd": False})
    sheet = lab.sheet()
    assert lab.status() == ("ok", "laws fitted to 3 of 4 curves")
    assert sheet.get("mpl_yours") == pytest.approx(published, abs=2e-3)
    for role, fit in lab.fits.items():
        for name, value in fit.params.items():
            assert sheet.get(f"{role}_{name}") == value
        assert sheet.get(f"{role}_held_MAE_new") == pytest.approx(fit.held_out["MAE"])
        assert sheet.get(f"{role}_fit_MAE_new") == pytest.approx(fit.fitted["MAE"])
    assert sheet.get("ann_fit_MAE_new") < sheet.get("ann_fit_MAE_old")
    assert lab.errors["fitted"].to_list() == [True, True, True, False]
    assert lab.laws["mpl"].values == lab.fits["mpl"].params
    assert repr(lab).startswith("ScheduleLab(yours fitted to 3 of 4, WSD")
    lab.constants = "published"
    assert lab.sheet().get("mpl_yours") == published


def test_a_fit_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = ScheduleLab(curves=several(), constants="fit")
    first = lab.fits
    monkeypatch.setattr("scalewidgets.widgets.schedule.fits.fit_schedule_law", None)
    lab.set(measured="wsd", shape="cosine", better="gradual")
    lab.constants = "published"
    lab.constants = "fit"
    assert lab.fits is first
    assert lab.problem == ""
    assert lab.best is not None
    assert lab.best.loss == pytest.approx(lab.sheet().get("mpl_best"), abs=1e-4)


def test_without_a_curve_the_last_fit_stays_and_the_mistake_is_told() -> None:
    lab = ScheduleLab(curves=several(), constants="fit")
    loss = lab.sheet().get("mpl_yours")
    lab.fit_on = {}
    assert "switch at least one curve on" in lab.problem
    assert lab.sheet().get("mpl_yours") == loss
    lab.fit_on = {"cosine": True, "wsd": True}
    assert lab.problem == ""
    with pytest.raises(traitlets.TraitError, match="no curve 'sine'; there are cosine"):
        lab.fit_on = {"sine": True}


def test_curves_that_make_no_fit_are_told() -> None:
    lab = ScheduleLab(curves=curves(NAMED["cosine"])[:3])
    lab.constants = "fit"
    assert "3 places do not determine" in lab.problem
    assert np.isfinite(lab.sheet().get("mpl_yours"))


def test_the_fit_lives_on_a_page_without_a_kernel(tmp_path: Path) -> None:
    lab = ScheduleLab(curves=several(), constants="fit")
    page = lab.save_html(tmp_path / "page.html").read_text()
    assert "How far the laws are from each curve" in page


def test_fits_to_the_authors_split_stand_beside_their_constants(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCALEWIDGETS_DATA", str(shared / "data"))
    lab = ScheduleLab(constants="fit")
    sheet = lab.sheet()
    assert sheet.get("mpl_held_MAE_old") == pytest.approx(0.00484, abs=3e-5)  # as they print it
    assert sheet.get("mpl_held_R2_old") == pytest.approx(0.9978, abs=1e-4)
    assert sheet.get("mpl_held_MAE_new") == pytest.approx(0.0060, abs=1e-4)
    assert sheet.get("mpl_fit_MAE_new") < 0.3 * sheet.get("mpl_fit_MAE_old")
    assert sheet.get("ann_held_MAE_new") == pytest.approx(sheet.get("ann_held_MAE_old"), abs=5e-5)
    assert sheet.strings("off_names")[0] == "cosine 24000, fitted"
    lab.model = "25M"
    assert lab.sheet().get("mpl_held_MAE_old") == pytest.approx(0.00376, abs=3e-5)
