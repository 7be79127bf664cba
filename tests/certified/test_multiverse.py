"""What one budget is worth on the 240 points of Chinchilla, by who fits them.

The optima that papers' own constants give, and what each paper's choice gives on these points.
"""

from pathlib import Path

import polars as pl
import pytest

import scalewidgets as sw
from scalewidgets.fitting import Multiverse, multiverse

GOPHER = 5.88e23  # FLOPs: 6 times 70e9 parameters and 1.4e12 tokens, Chinchilla's own
NINE = [6e18, 1e19, 3e19, 6e19, 1e20, 3e20, 6e20, 1e21, 3e21]  # Hoffmann et al. 2022, Sec. 3.2


@pytest.fixture(scope="module")
def points(shared: Path) -> pl.DataFrame:
    """The 240 points of Besiroglu et al."""
    return sw.load_runs("chinchilla", directory=shared / "data")


@pytest.fixture(scope="module")
def strip(points: pl.DataFrame) -> Multiverse:
    return multiverse(points, C=GOPHER, budgets=NINE, within=0.12, embedding=47491.0)


def billions(found: Multiverse) -> dict[str, float]:
    return {label: n / 1e9 for label, n in found.table.select("label", "N_opt").rows()}


def test_published_constants_lie_on_the_strip(strip: Multiverse) -> None:
    """Besiroglu et al. printed what least absolute deviations give, and Czech et al. (Table A2)
    what least squares of raw losses give below 1e21 FLOPs."""
    found = billions(strip)
    theirs = float(sw.law("besiroglu2024", "notebook").N_opt(GOPHER)) / 1e9
    assert found["least absolute deviations on log loss"] == pytest.approx(theirs, rel=1e-3)
    assert found["Huber on log loss, delta 1e-05"] == pytest.approx(theirs, rel=1e-3)


def test_czechs_choice_is_two_steps_from_the_baseline(points: pl.DataFrame) -> None:
    """Their VPNLS on the 217 points below 1e21 FLOPs: alpha 0.3511, beta 0.4587, a 0.5665."""
    few = points.filter(pl.col("C") < 1e21)
    row = multiverse(few, C=GOPHER).table.filter(pl.col("label") == "least squares on loss")
    assert len(few) == 217
    assert row["a_N"][0] == pytest.approx(0.5665, abs=5e-5)
    assert row["N_opt"][0] == pytest.approx(126.0e9, rel=1e-3)


def test_objectives_in_use_span_a_third(strip: Multiverse) -> None:
    """From 73.1 to 97.3 billion parameters; least squares of raw losses stands alone."""
    table = strip.table.filter(pl.col("group").is_in(["baseline", "objective", "delta"]))
    assert (table["status"] == "ok").all()
    low, high = table["N_opt"].min() / 1e9, table["N_opt"].max() / 1e9  # type: ignore[operator]
    assert (low, high) == (pytest.approx(73.11, rel=1e-3), pytest.approx(97.31, rel=1e-3))
    assert table.filter(pl.col("N_opt") > 84e9)["label"].to_list() == ["least squares on loss"]


def test_which_runs_are_fitted_matters_more_than_how(strip: Multiverse) -> None:
    runs = strip.table.filter(pl.col("group") == "runs left out")["N_opt"] / 1e9
    assert (runs.min(), runs.max()) == (pytest.approx(54.9, rel=2e-3), pytest.approx(104, rel=2e-3))


def test_all_choices_of_one_step(strip: Multiverse) -> None:
    found = billions(strip)
    assert found["alpha = beta"] == pytest.approx(63.62, rel=1e-3)
    assert found["approach 2, parabola"] == pytest.approx(73.84, rel=1e-3)
    assert found["N without embeddings"] == pytest.approx(97.8, rel=2e-3)
    assert found["C without embeddings"] == pytest.approx(73.89, rel=1e-3)
    assert list(strip.left_out) == ["C as the table counts it"]
