"""Schedules: the rates they hold, and what the laws of loss curves read off them."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

import scalewidgets as sw
from scalewidgets.lawbook.features import Featured

Schedule = sw.Schedule
Array = npt.NDArray[np.float64]
MPL = sw.law("luo2025_multi_power")
ANNEALING = sw.law("tissue2024_lr_annealing")

BUMPY = [1e-4, 2e-4, 3e-4, 3e-4, 2.5e-4, 2.5e-4, 1e-4, 2e-4, 2e-4, 5e-5, 0.0, 0.0]
SCHEDULES = {
    "bumpy": Schedule(BUMPY),
    "bumpy without warm-up": Schedule(BUMPY, warmup=0),
    "constant": Schedule.constant(3e-4, 40),
    "constant after warm-up": Schedule.constant(3e-4, 40, warmup=10),
    "cosine": Schedule.cosine(3e-4, 40, warmup=10),
    "wsd": Schedule.wsd(3e-4, 40, warmup=5, final=0.0),
    "one step": Schedule([1e-3]),
    "rising to the end": Schedule([1e-4, 2e-4, 3e-4]),
}
ALL = pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES.keys())


# --- the two laws, written as in the papers -------------------------------------------------


def multi_power(schedule: sw.Schedule, t: int) -> float:
    """L0 + A*(S1 + SW)**-alpha - LD, sum by sum; eta[0] is the rate before the first step."""
    c = MPL.values
    eta = np.concatenate(([0.0 if schedule.warmup else schedule.eta[0]], schedule.eta))
    removed = 0.0
    for k in range(1, t + 1):
        area = eta[k : t + 1].sum()
        if eta[k] == 0.0:  # a rate of zero: nothing until it rises again, then all at once
            gain = float(area > 0)
        else:
            gain = 1 - (c["C"] * eta[k] ** -c["gamma"] * area + 1) ** -c["beta"]
        removed += (eta[k - 1] - eta[k]) * gain
    return float(c["L0"] + c["A"] * eta[1 : t + 1].sum() ** -c["alpha"] - c["B"] * removed)


def annealing(schedule: sw.Schedule, t: int) -> float:
    """L0 + A*S1**-alpha - C*S2 by the recurrence of the momentum, warm-up at the peak rate."""
    c, eta = ANNEALING.values, schedule.eta.copy()
    if schedule.warmup:
        eta[: schedule.warmup] = eta[schedule.warmup - 1]
    momentum = area = 0.0
    before = eta[0]
    for rate in eta[:t]:
        momentum = c["lam"] * momentum + (before - rate)
        area, before = area + momentum, rate
    return float(c["L0"] + c["A"] * eta[:t].sum() ** -c["alpha"] - c["C"] * area)


@ALL
@pytest.mark.parametrize(
    ("law", "slowly"), [(MPL, multi_power), (ANNEALING, annealing)], ids=["luo", "tissue"]
)
def test_laws_agree_with_the_sums_of_the_papers_at_every_step(
    schedule: sw.Schedule, law: sw.Law, slowly: Callable[[sw.Schedule, int], float]
) -> None:
    steps = np.arange(1, schedule.eta.size + 1)
    found = law.predict(schedule=schedule.at(steps))
    assert found == pytest.approx([slowly(schedule, int(t)) for t in steps], rel=1e-12)


@pytest.mark.parametrize("law", [MPL, ANNEALING], ids=["luo", "tissue"])
def test_derivatives_to_all_constants_are_exact(law: sw.Law) -> None:
    asked = SCHEDULES["cosine"].at([5, 20, 40])
    for name, found in law.partials(schedule=asked).items():
        h = 1e-6 * law.values[name]
        up, down = (
            law.with_constants(**{name: law.values[name] + sign * h}).predict(schedule=asked)
            for sign in (1, -1)
        )
        assert found == pytest.approx((up - down) / (2 * h), rel=1e-5), name


@pytest.mark.parametrize("law", [MPL, ANNEALING], ids=["luo", "tissue"])
def test_a_drop_does_nothing_before_it_is_made(law: sw.Law) -> None:
    stays = Schedule.constant(3e-4, 400, warmup=50)
    falls = Schedule.two_stage(3e-4, 400, switch=300, final=0.1, warmup=50)
    before = [10, 60, 299]
    assert np.array_equal(
        law.predict(schedule=stays.at(before)), law.predict(schedule=falls.at(before))
    )
    assert law.predict(schedule=falls.at(300)) != law.predict(schedule=stays.at(300))


def test_the_answer_has_the_shape_of_the_steps() -> None:
    schedule = SCHEDULES["cosine"]
    assert MPL.predict(schedule=schedule).shape == ()
    assert MPL.predict(schedule=schedule.at([7])).shape == (1,)
    square = MPL.predict(schedule=schedule.at([[7, 40], [12, 9]]))
    assert square.shape == (2, 2)
    assert square[0, 1] == pytest.approx(float(MPL.predict(schedule=schedule)), rel=1e-14)


def test_steps_asked_do_not_change_the_schedule() -> None:
    schedule = Schedule(BUMPY)
    later = schedule.at(3)
    assert later.warmup == schedule.warmup == 3
    assert np.array_equal(later.eta, schedule.eta)
    assert int(schedule.features()["s"]) == len(BUMPY)


def test_without_a_schedule_the_law_has_a_coarse_decay_of_its_own() -> None:
    fine = Schedule.wsd(3e-4, 24000, warmup=2160, decay=4000)
    S1 = fine.features()["S1"]
    assert float(MPL.predict(S1=S1)) == pytest.approx(float(MPL.predict(schedule=fine)), abs=5e-3)
    coarse = ANNEALING.predict(S1=S1 + 0.648, s=24000)
    assert float(coarse) == pytest.approx(float(ANNEALING.predict(schedule=fine)), abs=5e-3)


# --- what a schedule holds ------------------------------------------------------------------


def test_features_are_those_of_the_papers() -> None:
    schedule = Schedule([1.0, 2.0, 2.0, 0.5, 0.5, 1.0])
    assert isinstance(schedule, Featured)
    found = schedule.at([1, 4]).features()
    assert {k: v.tolist() for k, v in found.items()} == {
        "s": [1.0, 4.0],
        "S1": [-2.0, 2.5],  # after a warm-up of two steps and an area of 3
        "SW": 3.0,
        "S_peak": [4.0, 4.0],  # both steps at a rate of 2; after the first of them 2 in all
        "drop": [-1.0, -1.0, 1.5],
        "eta": [1.0, 2.0, 0.5],
        "S_before": [-3.0, -2.0, 2.0],
        "anneal": [1.5],
        "k": [4.0],
    }


@pytest.mark.parametrize(
    ("rates", "warmup"),
    [
        ([1, 2, 3, 3, 2], 3),
        ([1, 2, 3], 3),
        ([3, 3, 3], 0),
        ([3, 2, 4], 0),
        ([0, 1, 2, 1], 3),
        ([2], 0),
    ],
)
def test_the_rise_at_the_start_is_warm_up(rates: list[float], warmup: int) -> None:
    assert Schedule(rates).warmup == warmup


@pytest.mark.parametrize(
    ("schedule", "steps", "rates"),
    [
        (Schedule.constant(2.0, 4), [1, 4], [2.0, 2.0]),
        (Schedule.constant(2.0, 9, warmup=5), [1, 2, 4, 5, 9], [0.5, 1.0, 2.0, 2.0, 2.0]),
        (Schedule.cosine(1.0, 20, warmup=10), [9, 10, 15, 20], [1.0, 1.0, 0.55, 0.1]),
        (Schedule.cosine(1.0, 20, final=0.0), [10, 20], [0.5, 0.0]),
        (Schedule.linear(1.0, 20, final=0.2), [10, 20], [0.6, 0.2]),
        (Schedule.wsd(1.0, 20, final=0.2), [16, 18, 20], [1.0, 0.6, 0.2]),
        (Schedule.wsd(1.0, 20, decay=10, shape="exponential"), [10, 15, 20], [1.0, 0.1**0.5, 0.1]),
        (Schedule.wsd(1.0, 20, final=0.0, shape="1-sqrt"), [16, 17, 20], [1.0, 0.5, 0.0]),
        (Schedule.wsd(1.0, 20, final=0.0, shape="cosine"), [16, 18, 20], [1.0, 0.5, 0.0]),
        (Schedule.inverse_sqrt(1.0, 64, warmup=16), [15, 16, 64], [1.0, 1.0, 0.5]),
        (Schedule.inverse_sqrt(1.0, 64), [1, 64], [1.0, 0.125]),
        (Schedule.two_stage(1.0, 20, switch=8, final=0.3), [7, 8, 20], [1.0, 0.3, 0.3]),
        (Schedule.constant(2.0, 3, warmup=1), [1, 3], [2.0, 2.0]),
    ],
)
def test_named_schedules(schedule: sw.Schedule, steps: list[int], rates: list[float]) -> None:
    assert schedule.eta[np.array(steps) - 1] == pytest.approx(rates, abs=1e-15)


@pytest.mark.parametrize("warmup", [2, 7, 2160])
def test_the_area_of_a_linear_warm_up_is_half_of_peak_times_steps(warmup: int) -> None:
    area = Schedule.constant(3e-4, 3000, warmup=warmup).features()["SW"]
    assert float(area) == pytest.approx(0.5 * 3e-4 * warmup, rel=1e-12)


def test_rates_are_a_copy_that_cannot_be_written() -> None:
    mine = np.full(5, 1e-3)
    schedule = Schedule(mine)
    mine[:] = 7.0
    assert schedule.eta.max() == 1e-3
    with pytest.raises(ValueError, match="read-only"):
        schedule.eta[0] = 1.0


def test_it_says_what_it_is() -> None:
    text = repr(Schedule.cosine(3e-4, 24000, warmup=2160).at(100))
    assert text == (
        "Schedule(24000 steps, 2159 of them warm-up, highest rate 0.0003, last 3e-05; "
        "asked at step 100)"
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Schedule("cosine"), "must be numbers"),
        (lambda: Schedule([]), "needs a rate a step"),
        (lambda: Schedule(3e-4), "needs a rate a step"),
        (lambda: Schedule([[1e-4], [2e-4]]), "shape"),
        (lambda: Schedule([1e-4, -1e-4]), "the rate of step 2 is -0.0001"),
        (lambda: Schedule([1e-4, np.nan]), "the rate of step 2 is nan"),
        (lambda: Schedule([0.0, 0.0]), "all rates are 0"),
        (lambda: Schedule([1e-4], warmup=2), "from 0 to 1, not 2"),
        (lambda: Schedule([1e-4], warmup=-1), "from 0 to 1"),
        (lambda: Schedule([1e-4] * 9).at(10), "has the steps 1 to 9"),
        (lambda: Schedule([1e-4] * 9).at([0, 3]), "has the steps 1 to 9"),
        (lambda: Schedule([1e-4] * 9).at(np.inf), "has the steps 1 to 9"),
        (lambda: Schedule([1e-4] * 9).at(2.5), "must be numbers|by their numbers"),
        (lambda: Schedule([1e-4] * 9).at([]), "must be numbers|by their numbers"),
        (lambda: Schedule([1e-4] * 9).at("end"), "must be numbers|by their numbers"),
        (lambda: Schedule.cosine(3e-4, 0), "must be a whole number"),
        (lambda: Schedule.cosine(3e-4, 10, warmup=11), "must be a whole number"),
        (lambda: Schedule.cosine(0.0, 10), "must be positive"),
        (lambda: Schedule.cosine(3e-4, 10, final=1.5), "share of the peak from 0 to 1, not 1.5"),
        (lambda: Schedule.wsd(3e-4, 10, decay=0), "does not fit"),
        (lambda: Schedule.wsd(3e-4, 10, warmup=8, decay=3), "does not fit in the 2 steps"),
        (lambda: Schedule.wsd(3e-4, 10, shape="sqrt"), "there are linear, cosine"),
        (lambda: Schedule.wsd(3e-4, 10, final=0, shape="exponential"), "share of the peak"),
        (lambda: Schedule.two_stage(3e-4, 10, switch=11, final=0.1), "up to 10; not 11"),
        (
            lambda: Schedule.cosine(3e-4, 24000).at(range(1, 24001)).features(),
            r"ask at fewer, such as .at\(range\(46, 24001, 46\)\)",
        ),
    ],
)
def test_what_makes_no_schedule_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(sw.FeatureError, match=message):
        make()
