"""The HyperparameterLab without a browser: its cells are the library's own advice."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import traitlets

import scalewidgets as sw
from scalewidgets.allocation.compute.hyperparameters import suggest_hyperparameters
from scalewidgets.widgets.hyperparameter.cells import COMPLETE, PAPERS, QUANTITIES, paper
from scalewidgets.widgets.hyperparameter.lab import HyperparameterLab

POINTS = [("500M", "20B"), ("3M", "5T"), ("70B", "1.4T"), ("1T", "100M")]


def grid(
    N: float = 5e8, D: float = 2e10, best: tuple[float, float] = (1e-3, 2**19)
) -> pl.DataFrame:
    """Runs over a grid around a best rate and batch, one of them missing."""
    rates, batches = 1e-3 * 2.0 ** np.arange(-3, 4), 2.0 ** np.arange(17, 22)
    rows = [
        {
            **{"N": N, "D": D, "lr": lr, "batch": batch},
            "loss": 2.3 + 0.01 * (np.log2(lr / best[0]) ** 2 + np.log2(batch / best[1]) ** 2),
        }
        for lr in rates
        for batch in batches
    ]
    return pl.DataFrame(rows[:-1])


@pytest.mark.parametrize(("N", "D"), POINTS)
@pytest.mark.parametrize("loss", [None, 3.1])
def test_cells_are_the_librarys_advice(N: str, D: str, loss: float | None) -> None:
    inputs = {} if loss is None else {"loss": loss}
    lab = HyperparameterLab(N=N, D=D, **inputs)
    shown = lab.sheet()
    table = suggest_hyperparameters(N=N, D=D, loss=loss)
    assert lab.compared.equals(table)
    for row in table.fill_null(np.nan).iter_rows(named=True):
        slot = QUANTITIES[row["quantity"]]
        value = shown.get(f"{slot}_{paper(row['law'])}")
        assert value == pytest.approx(row["value"], rel=1e-12, nan_ok=True), row["law"]
        if np.isfinite(value):
            assert shown.get(f"{slot}_spread") == pytest.approx(row["spread"], rel=1e-12)
            over = shown.tabulate(f"{slot}_over_mean", "row", np.arange(float(len(PAPERS))))
            at = list(PAPERS).index(paper(row["law"]))
            assert over[at] == pytest.approx(row["over_mean"], rel=1e-12)
            assert (
                np.isfinite(over).sum() == table.filter(quantity=row["quantity"])["value"].count()
            )


@pytest.mark.parametrize(("N", "D"), POINTS)
def test_dashes_begin_where_the_runs_end(N: str, D: str) -> None:
    shown = HyperparameterLab(N=N, D=D).sheet()
    for row in suggest_hyperparameters(N=N, D=D).iter_rows(named=True):
        slot = f"{QUANTITIES[row['quantity']]}_{paper(row['law'])}"
        if row["value"] is None:
            continue
        drawn = {part: shown.get(f"{slot}_{part}") for part in ("inside", "outside", "anywhere")}
        seen = [part for part, value in drawn.items() if np.isfinite(value)]
        beyond = row["decades_beyond"]
        expected = "anywhere" if beyond is None else "outside" if beyond > 1e-9 else "inside"
        assert seen == [expected], slot
        if beyond is not None:
            assert shown.get(f"{slot}_beyond") == pytest.approx(beyond, abs=1e-12)


def test_the_point_on_the_edge_of_the_runs_is_inside() -> None:
    shown = HyperparameterLab(N="1B", D="100B").sheet()
    assert np.isfinite(shown.get("lr_li2025_step_law_inside"))


@pytest.mark.parametrize("axis", ["N", "D", "C"])
def test_curves_along_each_axis(axis: str) -> None:
    """Along C both N and D move, at the same tokens per parameter."""
    lab = HyperparameterLab(N="1B", D="50B")
    values = {"N": 1e9, "D": 5e10, "C": 3e20}[axis] * np.array([0.01, 1.0, 30.0])
    curves = {
        name: lab.sheet().tabulate(name, axis, values)
        for name in ("lr_li2025_step_law", "batch_minicpm2024", "critical_kaplan2020")
    }
    for i, value in enumerate(values):
        scale = (value / 3e20) ** 0.5
        moved = {"N": 1e9 * scale, "D": 5e10 * scale} if axis == "C" else {axis: value}
        table = suggest_hyperparameters(**{"N": 1e9, "D": 5e10, **moved})
        for name, curve in curves.items():
            slot, _, of = name.partition("_")
            [quantity] = [q for q, s in QUANTITIES.items() if s == slot]
            [row] = table.filter(pl.col("law").str.starts_with(of), quantity=quantity)["value"]
            assert curve[i] == pytest.approx(row, rel=1e-12), name


def test_weight_decay_is_that_of_power_lines() -> None:
    lab = HyperparameterLab(N="1B", D="20B", follow="deepseek2024")
    law = sw.law("bergsma2025_power_lines.weight_decay")
    shown = lab.sheet()
    for name in COMPLETE:
        batch, rate = shown.get(f"batch_{name}"), shown.get(f"lr_{name}")
        expected = law.predict(B=batch, eta=rate, D=2e10, N=1e9)
        assert shown.get(f"decay_{name}") == pytest.approx(expected, rel=1e-12)
    assert shown.get("decay_yours") == shown.get("decay_deepseek2024")
    held = HyperparameterLab(N="1B", D="20B", lr=0.002, batch="1M").sheet()
    assert held.get("decay_yours") == pytest.approx(0.1118, abs=1e-4)  # the catalogue's check


def test_the_trade_of_time_and_compute() -> None:
    """(S/S_min - 1)(D/D_min - 1) = 1 for both laws; at the critical batch both are 2."""
    lab = HyperparameterLab(N="1B", D="100B")
    shown = lab.sheet()
    for name in ("bergsma2025_power_lines", "kaplan2020"):
        critical = shown.get(f"critical_{name}")
        at = critical * np.array([0.01, 0.3, 1.0, 5.0])
        tokens, steps = (
            shown.tabulate(f"{s}_{name}", "batch_yours", at) for s in ("tokens", "steps")
        )
        assert tokens[2] == pytest.approx(2.0)
        assert steps[2] == pytest.approx(2.0)
        np.testing.assert_allclose((tokens - 1.0) * (steps - 1.0), 1.0, rtol=1e-9)
    assert shown.tabulate("needed_tokens", "batch_yours", np.array([5690 * 2048.0]))[0] == (
        pytest.approx(2e11, rel=1e-3)
    )


def test_without_runs_the_kernel_is_not_asked() -> None:
    lab = HyperparameterLab()
    before = lab.facts
    lab.set(N=1e10, D=3e11, follow="porian2024", along="C")
    assert lab.facts is before
    assert lab.runs is None
    assert lab.basin is None


def test_the_basin_is_the_nearest() -> None:
    small, large = grid(1e8, 2e9, (2e-3, 2**18)), grid(1e9, 2e10)
    lab = HyperparameterLab(pl.concat([small, large]), N="800M", D="30B")
    basin = lab.basin
    assert basin is not None
    assert set(basin["N"]) == {1e9}
    shown = lab.sheet()
    assert [shown.get(n) for n in ("best_lr", "best_batch")] == [1e-3, 2**19]
    heights = shown.array("grid_excess").reshape(5, 7)
    assert heights[2, 3] == 0.0
    assert heights[2, 4] == pytest.approx(0.01 / 2.3)  # one rate up: a batch is a row
    assert heights[3, 3] == pytest.approx(0.01 / 2.3)
    assert np.argwhere(np.isnan(heights)).tolist() == [[4, 6]]
    lab.set(N=1.2e8, D=1e9)
    assert [lab.sheet().get(n) for n in ("best_lr", "best_batch")] == [2e-3, 2**18]


def test_what_following_a_law_gives_away() -> None:
    lab = HyperparameterLab(grid(1e9, 2e10), N="1B", D="20B")
    shown = lab.sheet()
    table = suggest_hyperparameters(N=1e9, D=2e10, loss=2.3)
    runs = lab.basin
    assert runs is not None
    for name in COMPLETE:
        rate, batch = (
            table.filter(pl.col("law").str.starts_with(name), quantity=q)["value"][0]
            for q in ("learning rate", "batch")
        )
        assert shown.get(f"at_lr_{name}") == rate
        away = (runs["lr"] / rate).log() ** 2 + (runs["batch"] / batch).log() ** 2
        given_away = shown.get(f"at_excess_{name}")
        if name == "kaplan2020":  # its batch lies above the grid: no run can answer
            assert batch > runs["batch"].max()
            assert np.isnan(given_away)
        else:
            assert given_away == runs["excess"][away.arg_min()]
    far = HyperparameterLab(grid(1e12, 1e14), N="1T", D="100T").sheet()
    assert np.isnan([far.get(f"at_excess_{name}") for name in COMPLETE]).all()


def test_step_laws_own_grid(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mean over the 17 open pairs of N and D: Li et al. 2025 print 0.94 per mille."""
    monkeypatch.setenv("SCALEWIDGETS_DATA", str(shared / "data"))
    lab = HyperparameterLab("step_law")
    gaps = []
    for N, D in sw.load_runs("step_law").select("N", "D").unique().iter_rows():
        lab.set(N=N, D=D)
        shown = lab.sheet()
        assert (shown.get("nearest_N"), shown.get("nearest_D")) == (N, D)
        gaps.append(shown.get("at_excess_li2025_step_law"))
    assert len(gaps) == 17
    assert np.mean(gaps) == pytest.approx(0.94e-3, abs=0.05e-3)


def test_a_choice_that_cannot_be_had_keeps_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(_name: str) -> pl.DataFrame:
        raise sw.DatasetError("datasets: step_law cannot be had")

    monkeypatch.setattr("scalewidgets.widgets.hyperparameter.lab.load_runs", no_network)
    lab = HyperparameterLab(N="7B")
    before = lab.spec
    lab.dataset = "step_law"
    assert "cannot be had" in lab.problem
    assert lab.spec is before
    assert repr(lab) == "HyperparameterLab(problem: datasets: step_law cannot be had)"
    lab.dataset = "none"
    assert lab.problem == ""


def test_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match=r"needs the columns lr .* missing: batch"):
        HyperparameterLab(grid().drop("batch"))
    with pytest.raises(traitlets.TraitError, match="dataset: there is no 'steplaw'"):
        HyperparameterLab(dataset="steplaw")
    with pytest.raises(TypeError, match="Did you mean 'follow'"):
        HyperparameterLab(folow="deepseek2024")
    with pytest.raises(ValueError, match="batch: "):
        HyperparameterLab(batch="much")
    with pytest.raises(ValueError, match="lr must be positive"):
        HyperparameterLab(lr=-1.0)


def test_the_page_says_what_is_not_certain() -> None:
    notes = " ".join(HyperparameterLab().page().notes)
    assert "Power Lines: constants of the batch are recalled, not verified." in notes
    assert "A rule of thumb" in notes
