"""Approach 1: the envelope of training curves against every size, every pair and NumPy."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

import scalewidgets as sw
from scalewidgets.fitting.approaches import Envelope, approach_1

pytestmark = pytest.mark.slow

Array = npt.NDArray[np.float64]

CONSTANTS = {"E": 1.8, "A": 480, "alpha": 0.35, "B": 2080, "beta": 0.37}
LAW = sw.Law("E + A/N**alpha + B/D**beta", constants=CONSTANTS)
SIZES = np.geomspace(2e7, 2e10, 25)


def training_curves(law: sw.Law = LAW, steps: int = 300, most: float = 400.0) -> pl.DataFrame:
    """Checkpoints of 25 sizes, from 1 to ``most`` tokens a parameter."""
    N = np.repeat(SIZES, steps)
    D = (SIZES[:, None] * np.geomspace(1.0, most, steps)).ravel()
    runs = np.repeat([f"size {i}" for i in range(len(SIZES))], steps)
    return pl.DataFrame({"run": runs, "N": N, "D": D, "loss": law.predict(N=N, D=D)})


def test_the_envelope_is_the_best_size_at_every_compute() -> None:
    found = approach_1(training_curves(steps=2000), points=300)
    C = found.envelope["C"].to_numpy()
    D = C / (6 * SIZES[:, None])
    ratio = D / SIZES[:, None]
    trained = (ratio > 1 - 1e-9) & (ratio < 400 * (1 + 1e-9))
    loss = np.where(trained, LAW.predict(N=SIZES[:, None], D=D), np.inf)
    best = SIZES[loss.argmin(axis=0)]
    assert np.mean(found.envelope["N"].to_numpy() == best) > 0.99  # but for ties at the crossings
    np.testing.assert_allclose(found.envelope["loss"], loss.min(axis=0), rtol=1e-6)
    np.testing.assert_allclose(6 * found.envelope["N"] * found.envelope["D"], C, rtol=1e-9)
    inside = (best > SIZES[0]) & (best < SIZES[-1])
    assert np.mean(found.envelope["inside"].to_numpy() == inside) > 0.99


def test_the_ends_of_the_sweep_bias_the_exponent() -> None:
    truth = 0.37 / 0.72
    found, with_ends = (approach_1(training_curves(), ends=ends) for ends in (False, True))
    assert found.a_N == pytest.approx(truth, abs=0.003)
    assert found.a_D == pytest.approx(1 - truth, abs=0.003)
    assert found.N_opt(1e21) == pytest.approx(LAW.N_opt(1e21), rel=0.03)
    assert with_ends.a_N < truth - 0.05


def test_the_line_through_an_envelope_is_that_of_numpy() -> None:
    found = approach_1(training_curves(), ends=True, points=200)
    log_C, log_N, log_D = np.log(found.envelope.select("C", "N", "D").to_numpy()).T
    assert [found.a_N, np.log(found.k_N)] == pytest.approx(np.polyfit(log_C, log_N, 1), rel=1e-9)
    assert [found.a_D, np.log(found.k_D)] == pytest.approx(np.polyfit(log_C, log_D, 1), rel=1e-9)


def lower_hull(x: Array, y: Array) -> set[int]:
    """Points from which a straight line of falling slope leaves all others above it, by trial of
    every pair."""
    found = set()
    for i in range(len(x)):
        for j in np.flatnonzero((x > x[i]) & (y < y[i])):
            slope = (y[j] - y[i]) / (x[j] - x[i])
            if np.all(y - y[i] - slope * (x - x[i]) > -1e-12):
                found |= {i, int(j)}
    return found


def test_the_hull_is_that_of_all_pairs() -> None:
    rng = np.random.default_rng(0)
    curves = training_curves(steps=8)
    curves = curves.with_columns(pl.col("loss") * np.exp(0.01 * rng.standard_normal(len(curves))))
    found = approach_1(curves, envelope="hull", ends=True)
    x = np.log(6 * curves["N"].to_numpy() * curves["D"].to_numpy())
    expected = sorted(lower_hull(x, np.log(curves["loss"].to_numpy())), key=lambda i: x[i])
    assert len(expected) > 10
    np.testing.assert_allclose(np.log(found.envelope["C"]), x[expected], rtol=1e-12)
    assert found.envelope["N"].to_list() == pytest.approx(curves["N"][expected].to_list())


@pytest.mark.parametrize("envelope", ["curves", "hull"])
@pytest.mark.parametrize("ends", [False, True])
def test_a_resample_is_the_envelope_of_its_runs(envelope: Any, ends: bool) -> None:
    curves = training_curves(steps=20)
    found = approach_1(curves, envelope=envelope, points=150, ends=ends)
    boot = found.bootstrap(5, seed=3)
    rng = np.random.default_rng(3)
    names = curves["run"].unique(maintain_order=True).sort()  # the order in which runs are kept
    for draw, drawn in zip(
        boot.draws.iter_rows(named=True), rng.integers(25, size=(5, 25)), strict=True
    ):
        some = curves.filter(pl.col("run").is_in(names[np.unique(drawn)].to_list()))
        alone = approach_1(some, envelope=envelope, points=20_000, ends=ends)
        # the compute values of fewer runs lie elsewhere
        tolerance = 1e-9 if envelope == "hull" else 0.01
        assert draw["a_N"] == pytest.approx(alone.a_N, abs=tolerance)
        assert draw["a_D"] == pytest.approx(alone.a_D, abs=tolerance)


def test_the_intervals_of_an_envelope() -> None:
    boot = approach_1(training_curves()).bootstrap(300)
    low, high = boot.conf_int()["a_N"]
    assert low < 0.37 / 0.72 < high
    assert boot.failed == 0
    assert boot.draws.equals(approach_1(training_curves()).bootstrap(300).draws)


def test_runs_are_named_by_any_column() -> None:
    curves = training_curves()
    numbered = curves.with_columns(model=pl.col("N").rank("dense")).drop("run")
    assert approach_1(numbered, run="model").params == approach_1(curves).params


@pytest.mark.parametrize(
    ("change", "options", "text"),
    [
        (lambda c: c, {"points": 1}, "points must be a whole number, at least 2 "),
        (lambda c: c, {"envelope": "lower"}, 'envelope must be "curves" or "hull"'),
        (lambda c: c, {"run": "model"}, "no column 'model' says to which training run"),
        (lambda c: c.drop("run"), {}, "every run of column 'run' has one checkpoint"),
        (
            lambda c: c.with_columns(run=pl.lit("one")),
            {},
            r"1 runs of column 'run' have .* several sizes N \(one",
        ),
        (
            lambda c: c.filter(pl.col("run").is_in(["size 3", "size 9"])),
            {},
            r"of 2 sizes 2 are best at some compute and 0 count .* or points, which are \d",
        ),
    ],
)
def test_curves_that_make_no_envelope_are_refused(
    change: Callable[[pl.DataFrame], pl.DataFrame], options: dict[str, Any], text: str
) -> None:
    with pytest.raises(sw.FitError, match=text):
        approach_1(change(training_curves(steps=20)), **options)


def test_an_envelope_as_text() -> None:
    curves = approach_1(training_curves())
    assert str(curves).startswith("approach 1 on 25 training curves, ")
    assert repr(curves) == f"Envelope({curves})"
    assert curves.summary().splitlines()[3].endswith("at an end of the sizes")
    assert isinstance(curves, Envelope)
