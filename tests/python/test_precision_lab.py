"""The PrecisionLab without a browser: its cells are what the library and the papers say."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import traitlets

import scalewidgets as sw
from scalewidgets.allocation.optimum import demand_optimum
from scalewidgets.widgets.lab import Lab
from scalewidgets.widgets.precision.lab import PrecisionLab
from scalewidgets.widgets.precision.runs import ROWS

KUMAR, SUN, CHEN = (
    sw.law(name)
    for name in ("kumar2024_precision", "sun2025_fp_quant.surface", "chen2025_qat.loss")
)
BITS = np.linspace(4.0, 15.0, 12)


def best_layout(P: float) -> dict[str, float]:
    laws = {name: sw.law(f"sun2025_fp_quant.{name}_opt") for name in ("Eb", "Mb")}
    return {name: float(law.predict(P=P)) for name, law in laws.items()}


def test_the_hand_is_where_the_laws_say() -> None:
    lab = PrecisionLab(N="1B", D="1T", P=5, P_w=4, P_post=6, Eb=4, Mb=3, Bk=256, setting="W4A16")
    shown = lab.sheet()
    trained = KUMAR.predict(N=1e9, D=1e12, P_w=4, P_a=5, P_kv=5)
    assert shown.get("kumar_loss") == pytest.approx(trained, rel=1e-12)
    at_16 = KUMAR.predict(N=1e9, D=1e12)
    assert shown.get("kumar_added") == pytest.approx(trained - at_16, rel=1e-9)
    afterwards = KUMAR.predict(N=1e9, D=1e12, P_post=6) - at_16
    assert shown.get("post_added") == pytest.approx(afterwards, rel=1e-9)
    layout = SUN.predict(N=1e9, D=1e12, Eb=4, Mb=3, Bk=256)
    assert shown.get("sun_loss") == pytest.approx(layout, rel=1e-12)
    qat = CHEN.with_constants("W4A16").predict(N=1e9, D=1e12, G=256)
    assert shown.get("chen_loss") == pytest.approx(qat, rel=1e-12)
    full = sw.law("chen2025_qat.bf16").predict(N=1e9, D=1e12)
    assert shown.get("chen_added") == pytest.approx(qat - full, rel=1e-9)


def test_effective_parameters_give_the_same_loss_in_full_precision() -> None:
    lab = PrecisionLab(P=5, P_a=6)
    shown, table = lab.sheet(), lab.compared
    share = dict(zip(table["law"], table["effective_share"], strict=True))
    at = {"N": lab.N, "D": lab.D}
    effective = sw.law("kumar2024_precision.N_eff").predict(N=lab.N, P_w=5, P_a=6, P_kv=5)
    assert share["integer"] * lab.N == pytest.approx(effective, rel=1e-12)
    best = sw.law("sun2025_fp_quant.N_eff").predict(**at, P=5, Bk=128)
    assert share["floating point"] * lab.N == pytest.approx(best, rel=1e-9)
    plain = sw.law("chen2025_qat.bf16").predict(N=share["QAT"] * lab.N, D=lab.D)
    assert shown.get("chen_loss") == pytest.approx(plain, rel=1e-9)
    assert shown.get("sun_share_P") == pytest.approx(share["floating point"], rel=1e-9)


def test_published_numbers_come_out() -> None:
    shown = PrecisionLab(N="1B", P=4, Eb=4, Mb=3).sheet()
    assert shown.get("sun_crit") == pytest.approx(27e12, rel=0.02)  # Sun et al., Sec. 4.3
    assert 7.0 <= shown.get("kumar_best_P") <= 8.0  # Kumar et al., Sec. 4.3
    assert 1 / shown.get("kumar_share") > 4  # Kumar et al., Sec. 4.3.2
    at_1e21 = PrecisionLab(P=16, N="1B", D=1e21 / 6e9).sheet()
    assert at_1e21.get("sun_best_P") == pytest.approx(4.190, abs=5e-4)  # Sun et al., Fig. 18


def test_the_best_floating_bits_are_the_papers_closed_form() -> None:
    lab = PrecisionLab(N="70B", D="1.4T", P=8)
    shown = lab.sheet()
    C = shown.get("C")
    assert pytest.approx(6 * 70e9 * 1.4e12 * 8 / 16) == C
    expected = sw.law("sun2025_fp_quant.P_opt_C").predict(C=C, Bk=128)
    assert shown.get("sun_best_P") == pytest.approx(expected, rel=1e-9)
    apart = shown.get("sun_best_P") - shown.get("kumar_best_P")
    assert shown.get("apart_bits") == pytest.approx(apart)


@pytest.mark.parametrize("D", ["10B", "10T"])
def test_more_tokens_hurt_beyond_the_turn(D: str) -> None:
    """The curves turn where the closed forms say, whatever the hand's tokens are."""
    lab = PrecisionLab(D=D, P=5)
    shown = lab.sheet()
    for key in ("post", "sun", "chen"):
        turn = shown.get(f"{key}_crit")
        around = turn * np.array([0.97, 1.0, 1.03])
        left, least, right = shown.tabulate(f"{key}_by_D", "axis_D", around)
        assert least < min(left, right), key
        assert shown.get(f"{key}_least") == pytest.approx(least)
    expected = sw.law("kumar2024_precision.D_crit").predict(N=lab.N, P_post=5)
    assert shown.get("post_crit") == pytest.approx(expected, rel=1e-12)


def test_worth_at_equal_cost_is_compute_in_full_precision() -> None:
    """The model of full precision that is as good is bought for so many times the cost."""
    lab = PrecisionLab(N="1B", D="20B", P=6)
    shown = lab.sheet()
    C = shown.get("C")
    tied = dict.fromkeys(("P_w", "P_a", "P_kv"), 6.0)
    N, D = KUMAR.N_opt(C * 16 / 6, **tied), KUMAR.D_opt(C * 16 / 6, **tied)
    loss = KUMAR.predict(N=N, D=D, **tied)
    plain = sw.law("besiroglu2024").with_constants(
        E=2.7648, B=18060.0, alpha=0.4965, beta=0.4965, A=4299.0 * _share_at_16() ** -0.4965
    )
    N, D = demand_optimum(plain.tree, plain.values, np.asarray(loss), np.asarray(0.0))
    worth = shown.tabulate("kumar_cost", "axis_P", np.array([6.0]))[0]
    assert worth == pytest.approx(6 * N * D / C, rel=1e-6)
    assert shown.get("kumar_best") >= shown.tabulate("kumar_cost", "axis_P", BITS).max()
    assert shown.get("sun_best") >= shown.tabulate("sun_cost", "axis_P", BITS).max()


def _share_at_16() -> float:
    return float(sw.law("kumar2024_precision.N_eff").predict(N=1.0))


def test_worth_at_equal_memory_is_memory_in_16_bits() -> None:
    lab = PrecisionLab(N="1B", D="100B", P=4)
    shown = lab.sheet()
    assert shown.get("memory") == 0.5e9  # bytes
    for bits, worth in zip(BITS, shown.tabulate("post_memory", "axis_P", BITS), strict=True):
        here = KUMAR.predict(N=4e9 / bits, D=1e11, P_post=bits)
        assert KUMAR.predict(N=4e9 / 16 * worth, D=1e11) == pytest.approx(here, rel=1e-9)
    four = CHEN.predict(N=1e9, D=1e11, G=128)
    plain = sw.law("chen2025_qat.bf16").predict(N=4e9 / 16 * shown.get("chen_memory"), D=1e11)
    assert plain == pytest.approx(four, rel=1e-9)
    for key in ("kumar", "post", "sun"):
        grid = np.linspace(2.0, 15.5, 200)
        worths = shown.tabulate(f"{key}_memory", "axis_P", grid)
        best = shown.get(f"{key}_memory_P")
        assert best == pytest.approx(grid[np.nanargmax(worths)], abs=0.07), key


def test_16_bits_are_better_beyond_the_tokens_that_it_says() -> None:
    lab = PrecisionLab(N="1B", P=5, P_post=4)
    shown = lab.sheet()
    bits = {"post": 4.0, "sun": 5.0, "chen": 4.0}
    for key, P in bits.items():
        even = shown.get(f"{key}_even")
        for factor, better in ((0.5, True), (2.0, False)):
            there = PrecisionLab(N="1B", P=5, P_post=4, D=even * factor).sheet()
            worth = there.tabulate(f"{key}_memory", "axis_P", np.array([P]))[0]
            assert bool(worth > 1) is better, key
    at_5 = shown.tabulate("sun_even_at", "axis_P", np.array([5.0]))[0]
    assert shown.get("sun_even") == pytest.approx(at_5, rel=1e-9)


def test_bits_follow_until_they_are_held() -> None:
    lab = PrecisionLab(P=6)
    shown = lab.sheet()
    assert [shown.get(f"set_{n}") for n in ("P_w", "P_a", "P_kv", "P_post")] == [6.0] * 4
    assert shown.get("set_Eb") == pytest.approx(best_layout(6)["Eb"])
    assert shown.get("layout_bits") == pytest.approx(6.0)
    assert shown.get("some_held") == 0
    lab.P_w = 8.0
    lab.P = 5.0
    shown = lab.sheet()
    assert (shown.get("set_P_w"), shown.get("set_P_a")) == (8.0, 5.0)
    lab.held = {}
    assert lab.sheet().get("set_P_w") == 5.0


def test_number_types_and_settings_are_the_published_sets() -> None:
    lab = PrecisionLab(number_type="floating_point_weights", setting="W16A4")
    shown = lab.sheet()
    for name, value in KUMAR.sets["floating_point_weights"].values.items():
        assert shown.get(f"kumar_{name}") == value
    for name, value in CHEN.sets["W16A4"].values.items():
        assert shown.get(f"chen_{name}") == value
    assert (shown.get("weights_in_4"), shown.get("all_in_4")) == (0, 0)
    for setting, all_in_4 in (("W4A4_FC2_8bit", 0), ("W4A16", 0), ("W4A4", 1)):
        lab.setting = setting
        shown = lab.sheet()
        assert (shown.get("weights_in_4"), shown.get("all_in_4")) == (1, all_in_4)


def test_a_surface_of_the_users_takes_kumars_place() -> None:
    law = sw.law("besiroglu2024")
    shown = PrecisionLab(law, N="7B", D="2T", P=16).sheet()
    assert (shown.get("kumar_E"), shown.get("kumar_beta")) == (law.values["E"], law.values["beta"])
    at_16 = law.predict(N=7e9 * _share_at_16(), D=2e12)
    assert shown.get("kumar_loss") == pytest.approx(at_16, rel=1e-12)
    fit = sw.fit("hoffmann2022", sw.load_runs("simulated"))
    assert PrecisionLab(fit).sheet().get("kumar_A") == fit.params["A"]
    own = KUMAR.with_constants(gamma_w=3.0)
    assert PrecisionLab(own).sheet().get("kumar_gamma_w") == 3.0
    with pytest.raises(ValueError, match="kaplan2020 is neither"):
        PrecisionLab(sw.law("kaplan2020"))


# --- intervals ----------------------------------------------------------------------------------


def test_a_fit_brings_intervals_of_what_hangs_on_its_constants() -> None:
    fit = sw.fit("hoffmann2022", sw.load_runs("simulated"))
    lab = PrecisionLab(fit, N="7B", D="2T", P=6)
    sheet = lab.sheet()
    for cell in ("kumar_loss", "kumar_added", "post_crit", "post_memory_P", "post_even"):
        ((low, high),) = sheet.intervals([cell])
        assert low < sheet.get(cell) < high, cell
    shown = lab.snapshot()["readouts"]["Integer"]
    told = {label for label, row in shown.items() if "interval" in row}
    # what hangs on Kumar et al.'s bits alone would have an interval of no width
    hidden = ("share", "added by quantising", "equal cost", "equal memory, in training")
    assert len(told) == len(shown) - len(hidden)
    assert not any(part in label for part in hidden for label in told)
    for cell in ("kumar_share", "post_added", "kumar_best_P", "kumar_memory_P"):
        assert sheet.intervals([cell])[0] == pytest.approx([sheet.get(cell)] * 2, rel=1e-4)
    assert "interval" not in lab.snapshot()["readouts"]["Floating point"]["Best bits at equal cost"]
    table = lab.compared
    assert table["added_low"][0] < table["added"][0] < table["added_high"][0]
    assert table["critical_tokens_low"][1:].to_list() == [None, None]
    bands = [mark for plot in lab.spec["plots"] for mark in plot["marks"] if mark["kind"] == "band"]
    assert {band["y"] for band in bands} >= {"post_memory", "post_by_D", "post_crit_at"}
    assert not {band["y"] for band in bands} & {"kumar_share_at", "kumar_cost"}


def test_without_a_fit_there_are_no_intervals() -> None:
    lab = PrecisionLab()
    assert lab.draws is None
    assert lab.spec["draws"] == []
    assert lab.compared["added_low"].to_list() == [None] * 3
    assert not any("interval" in row for row in lab.snapshot()["readouts"]["Integer"].values())


# --- runs ---------------------------------------------------------------------------------------


def test_runs_are_held_to_what_bits_add() -> None:
    """Runs of a law of their own: Kumar et al.'s at other constants of the surface."""
    own = KUMAR.with_constants(E=1.9, A=3000.0)
    n, d = np.array([1e8, 1e8, 4e8, 4e8, 1e9]), np.array([2e9, 8e9, 2e9, 8e9, 5e9])
    rows = []
    for P in (16, 4, 6):
        loss = own.predict(N=n, D=d, P_w=P, P_a=P)
        pairs = zip(n, d, loss, strict=True)
        rows += [{"N": a, "D": b, "P": float(P), "loss": c} for a, b, c in pairs]
    rows = [row for row in rows if not (row["N"] == 1e9 and row["P"] == 16)]  # without a partner
    lab = PrecisionLab(own, runs=pl.DataFrame(rows))
    found = lab.errors
    assert found is not None
    assert len(found) == 8
    assert found["integer"].to_numpy() == pytest.approx(0.0, abs=1e-12)
    assert found.filter(pl.col("P") == 6)["QAT"].is_nan().all()
    assert found.filter(pl.col("P") == 4)["QAT"].is_finite().all()
    (predicted,) = lab.sheet().rows(["run_chen"], ROWS)
    first = found.row(0, named=True)
    ratio = CHEN.predict(N=first["N"], D=first["D"], G=128) / sw.law("chen2025_qat.bf16").predict(
        N=first["N"], D=first["D"]
    )
    assert predicted[0] == pytest.approx(np.log(ratio))
    assert found["added"][0] == pytest.approx(np.log(first["loss"] / first["full"]))
    assert "8 runs" in lab.facts["status"]["text"]
    lab.dataset = "none"
    assert lab.runs is None
    assert "residuals" not in [plot["id"] for plot in lab.spec["plots"]]


def test_quartets_runs_have_their_partners(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCALEWIDGETS_DATA", str(shared / "data"))
    lab = PrecisionLab(runs="quartet")
    found = lab.errors
    assert found is not None
    assert set(found["P"]) == {4.0}
    again = PrecisionLab(runs=sw.load_runs("quartet")).errors
    assert again is not None
    assert again["added"].to_list() == found["added"].to_list()
    # notebook 06: integers promise too much loss, floats too little
    medians = [float(found[name].median()) for name in ("integer", "floating_point", "QAT")]  # type: ignore[arg-type]
    assert medians == pytest.approx([-0.171, 0.022, 0.005], abs=5e-4)


def test_runs_that_do_not_say_their_bits_are_refused() -> None:
    table = {"N": [1e9, 1e9], "D": [1e10, 1e10], "loss": [2.5, 2.6]}
    with pytest.raises(ValueError, match="no column P"):
        PrecisionLab(runs=table)
    with pytest.raises(ValueError, match=r"bits must be 1 to 16, not so in runs \[1\]"):
        PrecisionLab(runs={**table, "P": [16, 0]})
    with pytest.raises(ValueError, match="no run in fewer than 16 bits has a partner"):
        PrecisionLab(runs={**table, "P": [4, 8]})
    with pytest.raises(traitlets.TraitError, match="there is no 'quartett'; there are none"):
        PrecisionLab(runs="quartett")


def test_mistakes_are_refused_and_the_picture_stays() -> None:
    lab = PrecisionLab()
    before = lab.sheet().get("kumar_loss")
    with pytest.raises(traitlets.TraitError, match="N must be positive"):
        lab.N = 0
    with pytest.raises(traitlets.TraitError, match="P_a"):
        lab.P_a = 2.0  # the activations' factor has no value there
    with pytest.raises(TypeError, match="Did you mean 'setting'"):
        PrecisionLab(settings="W4A4")
    assert lab.sheet().get("kumar_loss") == before


def test_it_shows_the_same_text_and_a_page_without_python() -> None:
    lab: Lab = PrecisionLab()
    assert repr(lab) == repr(PrecisionLab()) == str(lab)
    assert "integer 0.191, floating point 0.886, QAT 0.738" in repr(lab)
    shown = lab.snapshot()
    assert shown["readouts"]["Integer"]["Best bits at equal cost"]["text"] == "7.00"
    assert "Equal cost" in lab.to_html()


def test_runs_that_cannot_be_had_are_told_and_the_picture_stays(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SCALEWIDGETS_DATA", str(tmp_path))
    lab = PrecisionLab()
    before = dict(lab.facts)
    lab.dataset = "quartet"
    assert repr(lab).startswith("PrecisionLab(problem: datasets: quartet is not in")
    assert lab.facts == before
