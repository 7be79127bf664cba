"""The best schedule under a law of loss curves, against what its authors printed."""

import numpy as np
import pytest

import scalewidgets as sw
from scalewidgets.allocation.schedule import _Course, _rough

PEAK, WARMUP, STEPS = 3e-4, 2160, 24_000
MPL = sw.law("luo2025_multi_power", "m400")
ANNEALING = sw.law("tissue2024_lr_annealing", "refit_400M")
PRINTED = {"m100": 2.794136776132377, "m400": 2.533218602559499}
"""Last lines of the logs of Luo et al.'s repository: warm-up counts in the area alone."""
AREA = 0.5 * PEAK * WARMUP


@pytest.mark.parametrize("size", PRINTED)
def test_it_reaches_the_loss_that_the_authors_print(size: str) -> None:
    """Theirs descends over all 21,840 rates: the same loss to 3e-5 nats, and no worse; a stable
    phase, then a decay in the last eighth or so that is steeper than a straight line."""
    law = sw.law("luo2025_multi_power", size)
    best = sw.optimise_schedule(law, peak=PEAK, steps=STEPS - WARMUP, SW=AREA)
    assert best.converged
    assert best.loss == pytest.approx(PRINTED[size], abs=3e-5)
    assert best.loss < PRINTED[size] + 1e-6
    assert 0.10 < best.decay < 0.13  # theirs: 12.0 % and 11.6 % of all steps
    assert 1.5 < best.power < 2.0
    assert best.heights[-1] == pytest.approx(0.0041, abs=0.0006)  # theirs: 0.0037 and 0.0044
    exact = law.predict(schedule=best.schedule, SW=AREA)
    assert best.loss == pytest.approx(float(exact), rel=1e-12)


@pytest.mark.parametrize("size", ["m25", "m100", "m400"])
def test_it_beats_cosine_and_wsd(size: str) -> None:
    law = sw.law("luo2025_multi_power", size)
    best = sw.optimise_schedule(law, peak=PEAK, steps=STEPS, warmup=WARMUP, pieces=1024)
    loss = {
        "cosine": sw.Schedule.cosine(PEAK, STEPS, WARMUP),
        "wsd": sw.Schedule.wsd(PEAK, STEPS, WARMUP, decay=4000, shape="exponential"),
        "wsdld": sw.Schedule.wsd(PEAK, STEPS, WARMUP, decay=4000),
        "sqrt": sw.Schedule.wsd(PEAK, STEPS, WARMUP, final=0.0, shape="1-sqrt"),
    }
    found = {name: float(law.predict(schedule=one)) for name, one in loss.items()}
    assert best.loss < min(found.values()) - 0.002
    assert found["cosine"] - best.loss > 0.05
    eta = best.schedule.eta
    assert eta.size == STEPS
    assert eta.max() == PEAK
    assert np.diff(eta[WARMUP:]).max() <= 0.0


def test_the_law_itself_prefers_a_sudden_drop() -> None:
    """What the paper does not say: taken at its word, the law's best schedule is no smooth decay.
    One drop to 3 % of the peak is predicted below the loss that is printed as the optimum."""
    rates = np.full(STEPS - WARMUP, PEAK)
    rates[20_250:] *= 0.03
    one = float(MPL.predict(schedule=sw.Schedule(rates, warmup=0), SW=AREA))
    assert one < PRINTED["m400"] - 4e-4
    best = sw.optimise_schedule(
        MPL, peak=PEAK, steps=STEPS - WARMUP, SW=AREA, pieces=512, sudden=True
    )
    assert best.loss < one - 0.002
    assert np.count_nonzero(np.diff(best.heights) < -0.001) <= 6


@pytest.mark.parametrize("law", [MPL, ANNEALING], ids=["luo", "tissue"])
@pytest.mark.parametrize("warmup", [0, WARMUP])
@pytest.mark.parametrize("sudden", [False, True])
def test_derivatives_are_exact(law: sw.Law, warmup: int, sudden: bool) -> None:
    constant = sw.Schedule.constant(PEAK, STEPS, warmup)
    course, heights, h = _Course(law, constant, 40, {}, sudden), _rough(40), 1e-5
    by_height = [
        (course(heights + h * one)[0] - course(heights - h * one)[0]) / (2 * h)
        for one in np.eye(40)
    ]
    assert course(heights)[1] == pytest.approx(by_height, abs=1e-7)


@pytest.mark.parametrize("law", [MPL, ANNEALING], ids=["luo", "tissue"])
def test_the_course_is_the_law(law: sw.Law) -> None:
    """Counted as sudden, the loss of a staircase is that of the schedule step by step."""
    constant, heights = sw.Schedule.constant(PEAK, STEPS, WARMUP), _rough(40)
    rise = constant.warmup or 0
    count = STEPS - rise
    pieces = count // 40 * 40
    whole = sw.Schedule.constant(PEAK, rise + pieces, WARMUP)
    rates = whole.eta.copy()
    rates[rise:] *= np.repeat(heights, pieces // 40)
    exact = law.predict(schedule=sw.Schedule(rates, warmup=rise))
    assert _Course(law, whole, 40, {}, True)(heights)[0] == pytest.approx(float(exact), rel=1e-9)


def test_more_pieces_are_no_worse_for_the_annealing_law() -> None:
    losses = [
        sw.optimise_schedule(ANNEALING, peak=PEAK, steps=STEPS, warmup=WARMUP, pieces=n).loss
        for n in (32, 128)
    ]
    cosine = float(ANNEALING.predict(schedule=sw.Schedule.cosine(PEAK, STEPS, WARMUP)))
    assert losses[1] <= losses[0] + 1e-6
    assert losses[1] < cosine


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"law": "hoffmann2022"}, sw.AllocationError, "knows no schedule"),
        ({"pieces": 1}, sw.AllocationError, "from 2 to 21841"),
        ({"pieces": 30_000}, sw.AllocationError, "from 2 to 21841"),
        ({"peak": -1.0}, sw.FeatureError, "must be positive"),
        ({"warmup": 30_000}, sw.FeatureError, "warmup .of 24000 steps. must be a whole number"),
    ],
)
def test_what_makes_no_schedule_is_refused(
    given: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        sw.optimise_schedule(**{"peak": PEAK, "steps": STEPS, "warmup": WARMUP, **given})  # type: ignore[arg-type]
