"""The ArchitectureLab without a browser: its cells are the papers' figures."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import traitlets

import scalewidgets as sw
from scalewidgets.lawbook import Law
from scalewidgets.lawbook import closed_form as published
from scalewidgets.widgets.architecture.experts import EXPERTS, held
from scalewidgets.widgets.architecture.families import LINEAR
from scalewidgets.widgets.architecture.figures import SHAPES
from scalewidgets.widgets.architecture.lab import ArchitectureLab
from scalewidgets.widgets.architecture.page import TOPICS
from scalewidgets.widgets.architecture.runs import (
    COLUMNS,
    columns_of,
    published_runs,
    topics_of,
)
from scalewidgets.widgets.architecture.worth import COMPARISONS

KRAJEWSKI = "krajewski2024_fine_grained_moe"
# Training FLOPs, active parameters, granularity: Krajewski et al. 2024, Table 2.
TABLE_2 = [
    (2.95e18, 100e6, 8),
    (1.93e20, 1e9, 16),
    (1.41e21, 3e9, 16),
    (6.46e21, 7e9, 32),
    (4.16e23, 70e9, 32),
    (5.69e24, 300e9, 64),
    (4.97e25, 1e12, 64),
]
# Tao et al. 2024, Table 1: parameters without vocabulary, best vocabulary by three approaches.
TABLE_1 = [
    (3e9, 39e3, 43e3, 37e3),
    (7e9, 62e3, 67e3, 60e3),
    (13e9, 83e3, 91e3, 81e3),
    (30e9, 142e3, 154e3, 142e3),
    (70e9, 212e3, 231e3, 218e3),
    (130e9, 237e3, 258e3, 248e3),
    (300e9, 356e3, 389e3, 384e3),
]


def shown(lab: ArchitectureLab, *cells: str) -> list[float]:
    sheet = lab.sheet()
    return [sheet.get(cell) for cell in cells]


def of_size(N: float, F: float, G: float) -> ArchitectureLab:
    """A mixture whose training takes F."""
    token = float(published(f"{KRAJEWSKI}.cost").predict(N_act=N, D=1, G=G))
    return ArchitectureLab(topic="granularity", N=N, D=F / token, G=G)


# --- experts ----------------------------------------------------------------------------------


@pytest.mark.parametrize("role", EXPERTS)
def test_one_expert_is_a_dense_model(role: str) -> None:
    lab = ArchitectureLab(law_name=role, E=1)
    assert lab.compared["worth"].to_list() == pytest.approx([1.0, 1.0, 1.0], rel=1e-6)


@pytest.mark.parametrize("E", [1, 4, 32])
def test_dense_models_that_are_called_equal_have_the_loss(E: int) -> None:
    lab = ArchitectureLab(N="2B", D="50B", E=E)
    variants: dict[str, tuple[Law, dict[str, Any], dict[str, Any]]] = {
        "ludz": (published("ludziejewski2025_joint_moe"), {"E": E}, {"E": 1}),
        "abnar": (published("abnar2025_sparsity.active"), {"S": 1 - 1 / E}, {"S": 0}),
        "frantar": (published("frantar2023_sparse", "t5_c4"), {"S": 1 - 1 / E}, {"S": 0}),
    }
    for role, (law, mine, dense) in variants.items():
        loss, even = shown(lab, f"{role}_loss", f"{role}_even")
        assert loss == pytest.approx(float(law.predict(N=2e9, D=5e10, **mine)))
        assert float(law.predict(N=even, D=5e10, **dense)) == pytest.approx(loss)
        n, d, like_n, like_d, best, paid = shown(
            lab,
            *(f"{role}_best_N", f"{role}_best_D", f"{role}_like_N", f"{role}_like_D"),
            *(f"{role}_best_loss", f"{role}_paid"),
        )
        assert best == pytest.approx(float(law.predict(N=n, D=d, **mine)))
        assert best <= loss * (1 + 1e-12) or role == "frantar"
        assert float(law.predict(N=like_n, D=like_d, **dense)) == pytest.approx(best)
        assert like_n == pytest.approx(float(law.N_opt(6 * like_n * like_d, **dense)), rel=1e-6)
        (worth,) = shown(lab, f"{role}_compute")
        assert worth == pytest.approx(6 * like_n * like_d / paid)


def test_five_million_parameters_with_128_experts_act_like_55_million() -> None:
    """Clark et al. 2022, text."""
    lab = ArchitectureLab(law_name="clark", N=5e6, E=128)
    assert shown(lab, "clark_even") == pytest.approx([55e6], abs=5e6)
    assert shown(lab, "sparse_beyond")[0] == pytest.approx(np.log10(15 / 5))


@pytest.mark.parametrize(("E", "gain"), [(2, 1.60), (4, 2.16), (8, 2.63)])
def test_pruned_weights_multiply_capacity_as_printed(E: int, gain: float) -> None:
    """Frantar et al. 2023, table of gains (T5): 50, 75 and 87.5 % of the weights pruned."""
    lab = ArchitectureLab(law_name="frantar", N=1e7, E=E)
    compute, memory, served = lab.compared["worth"]
    assert (memory, served) == pytest.approx((gain, gain), abs=0.02)
    assert compute < 1  # but training is paid as that of the dense model


@pytest.mark.parametrize("E", [2, 4, 8])
def test_more_experts_and_more_tokens_beat_a_dense_model_in_its_memory(E: int) -> None:
    """Ludziejewski et al. 2025: E times the tokens, in the memory of the best dense model."""
    law = published("ludziejewski2025_joint_moe")
    N, D = float(law.N_opt(1e21, E=1)), float(law.D_opt(1e21, E=1))
    lab = ArchitectureLab(N=N * 12 / (4 + 8 * E), D=E * D, E=E)
    total, loss = shown(lab, "sparse_total", "sparse_loss")
    assert total == pytest.approx(N)
    assert loss < float(law.predict(N=N, D=D, E=1))


def test_in_one_memory_and_with_one_compute_the_axis_begins_at_the_dense_model() -> None:
    lab = ArchitectureLab(E=16)
    for role in ("ludz", "abnar"):
        first, yours = lab.sheet().tabulate(f"{role}_saved", "axis_E", np.array([1.0, 16.0]))
        loss, dense = shown(lab, f"{role}_loss", f"{role}_room_dense")
        assert first == pytest.approx(0.0, abs=1e-12)
        assert yours == pytest.approx(dense - loss)


def test_the_laws_disagree_as_the_course_says() -> None:
    """10B parameters on 200B tokens with 64 experts: worth 2 to 100 times the parameters."""
    worth = shown(ArchitectureLab(N="10B", D="200B", E=64), "clark_served", "abnar_served")
    assert worth == pytest.approx([2.14, 99.6], rel=0.005)


def test_what_16_experts_are_worth_as_the_readme_says() -> None:
    """1B active parameters on 20B tokens, served at the same cost."""
    worth = shown(
        ArchitectureLab(N="1B", D="20B", E=16), "clark_served", "ludz_served", "abnar_served"
    )
    assert worth == pytest.approx([2.1, 2.25, 7.7], rel=0.01)


def test_routed_runs_hold_what_clark_routes(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Total over active parameters, and the scatter of log10 loss around the published law."""
    monkeypatch.setenv("SCALEWIDGETS_DATA", str(shared / "data"))
    routed = published_runs("experts").filter(pl.col("E") > 1)
    assert len(routed) > 100
    columns = routed.select("E", "N", "N_total", "width", "depth")
    for E, N, total, width, depth in columns.iter_rows():
        block = width**2
        assert (total - N) / (E - 1) == pytest.approx(8 * block * depth / 2, rel=0.02)  # router
        if N > 3e8:
            assert pytest.approx(13 * block * depth, rel=0.001) == N
            told = float(Law(_written(held("clark", float(E)))).predict())
            assert told == pytest.approx(total / N, rel=0.01)
    lab = ArchitectureLab(law_name="clark", dataset="published")
    assert rms(lab, "experts", "sparse") / np.log(10) == pytest.approx(0.00369, abs=5e-6)
    rows = {f"run_{name}": f"experts_{name}" for name in ("N", "E", "loss", "kind")}
    experts, sizes, worth = lab.sheet().rows(["run_E", "run_N", "run_served"], rows)
    assert worth[experts == 1] == pytest.approx(1, rel=0.12)  # dense: worth themselves
    assert np.isfinite(worth).sum() == 58  # of one router, and the dense ones
    lab.router = "hash"
    assert rms(lab, "experts", "sparse") / np.log(10) == pytest.approx(0.00525, abs=5e-6)
    routed_128 = [
        np.nanmax(worth[(experts == 128) & (sizes == end)]) for end in (1.652736e7, 1308819456)
    ]
    assert routed_128[0] > 2 * routed_128[1] > 2  # experts fade with size


def _written(tree: Any) -> Any:
    """A tree of numbers as a text that Law reads."""
    if isinstance(tree, tuple):
        op, a, b = tree
        return f"({_written(a)}{op}{_written(b)})"
    return repr(tree)


def rms(lab: ArchitectureLab, topic: str, role: str) -> float:
    rows = {f"run_{name}": f"{topic}_{name}" for name in (*COLUMNS[topic], "kind")}
    (residual,) = lab.sheet().rows([f"{role}_residual"], rows)
    return float(np.sqrt(np.nanmean(residual**2)))


# --- granularity ------------------------------------------------------------------------------


@pytest.mark.parametrize(("F", "N", "G"), TABLE_2)
def test_best_mixtures_are_those_of_the_table(F: float, N: float, G: int) -> None:
    lab = of_size(N, F, G)
    paid, best, size = shown(lab, "moe_C", "best_G", "moe_best_N")
    assert paid == pytest.approx(F)
    assert best == G
    assert size == pytest.approx(N, rel=0.04)


def test_best_size_is_where_the_loss_is_least() -> None:
    lab = of_size(1e9, 1.93e20, 16)
    size, best = shown(lab, "moe_best_N", "moe_best_loss")
    sizes = np.geomspace(1 / 3, 3, 301) * size
    losses = published(f"{KRAJEWSKI}.at_compute").predict(F=1.93e20, N_act=sizes, G=16)
    assert losses.min() == pytest.approx(best, rel=1e-9)
    assert losses.argmin() == 150


def test_dense_models_need_20_times_the_compute_at_1e20_and_not_40_at_1e25() -> None:
    """Abstract: 20 and more than 40 times; the printed digits of the exponents give 32."""
    factors = []
    for F, G in ((1e20, 16), (1e25, 64)):
        grid = np.array([F])
        factors.append(float(of_size(1e9, F, G).sheet().tabulate("by_C", "axis_C", grid)[0]))
    assert factors[0] == pytest.approx(20, abs=2)
    assert factors[1] == pytest.approx(32, abs=0.5)
    claimed = ArchitectureLab().facts_now()
    assert claimed["claimed_C"].tolist() == [1e20, 1e25]
    assert claimed["claimed_times"].tolist() == [20.0, 40.0]


def test_a_mixture_pays_for_its_router_when_it_is_served() -> None:
    lab = ArchitectureLab(topic="granularity", N="1B", D="20B", G=32)
    token, even, worth = shown(lab, "moe_token", "moe_even", "moe_served")
    assert token > 6e9
    assert worth == pytest.approx(even / (token / 6))
    loss = float(published(f"{KRAJEWSKI}.dense").predict(N=even, D=2e10))
    assert loss == pytest.approx(float(published(KRAJEWSKI).predict(N=43e9, D=2e10, G=32)))


# --- vocabulary -------------------------------------------------------------------------------


@pytest.mark.parametrize("row", TABLE_1)
def test_best_vocabularies_are_those_of_the_table(row: tuple[float, ...]) -> None:
    N, *printed = row
    lab = ArchitectureLab(topic="vocabulary", N=N)
    cells = [f"best_V_{n}_at" for n in (1, 2, 3)]
    found = [float(lab.sheet().tabulate(cell, "axis_N", np.array([N]))[0]) for cell in cells]
    assert found == pytest.approx(printed, abs=500)


def test_at_the_compute_of_the_abstract_approach_3_falls_short_of_its_43_thousand() -> None:
    """Tao et al. 2024: 2.87B parameters at 2.3e21 FLOPs; the constants give 42.2K."""
    shape = ArchitectureLab(topic="vocabulary", N=2.87e9)
    (usual,) = shown(shape, "usual_total")
    lab = ArchitectureLab(topic="vocabulary", N=2.87e9, D=2.3e21 / (6 * usual))
    paid, best = shown(lab, "vocab_C", "best_V_3")
    assert paid == pytest.approx(2.3e21)
    assert best == pytest.approx(42_211, abs=1)


def test_the_vocabulary_is_held_against_a_usual_one_of_the_same_loss() -> None:
    law = published("tao2024_vocab")
    lab = ArchitectureLab(topic="vocabulary", N="7B", D="140B", V=128_000)
    loss, tokens, like, even = shown(lab, "vocab_loss", "vocab_D", "vocab_like_D", "vocab_even")
    d = 4096
    assert loss == pytest.approx(float(law.predict(Nnv=7e9, V=128e3, d=d, D=tokens)))
    assert float(law.predict(Nnv=7e9, V=32e3, d=d, D=like)) == pytest.approx(loss)
    assert float(law.predict(Nnv=even, V=32e3, d=d, D=tokens)) == pytest.approx(loss)
    assert 6 * (7e9 + 128e3 * d) * tokens == pytest.approx(6 * (7e9 + 32e3 * d) * 140e9)
    compute, memory, served = lab.compared["worth"]
    text = published("tao2024_vocab.tokens_per_char").predict(V=np.array([32e3, 128e3]))
    assert compute == pytest.approx(like / 140e9)
    assert served / memory == pytest.approx(text[0] / text[1])
    same = ArchitectureLab(topic="vocabulary", N="7B", V=32_000)
    assert same.compared["worth"].to_list() == pytest.approx([1, 1, 1])


# --- streams, shapes, families ----------------------------------------------------------------


def test_four_streams_make_a_model_of_2_8_billion_one_of_4_33() -> None:
    """Chen et al. 2025, the authors' online calculator."""
    lab = ArchitectureLab(topic="streams", N="2.8B", P=4)
    loss, even = shown(lab, "stream_loss", "stream_even")
    assert loss == pytest.approx(1.01548, abs=5e-6)
    assert even == pytest.approx(4.33e9, abs=5e6)
    compute, memory, served = lab.compared["worth"]
    assert memory == pytest.approx(even / 2.8e9)
    assert compute == served == pytest.approx(memory / 4)


def test_streams_are_worth_the_logarithm_of_their_number() -> None:
    law = published("chen2025_parscale", "pile")
    lab = ArchitectureLab(topic="streams", corpus="pile")
    worth = lab.sheet().tabulate("stream_memory", "P", np.array([1.0, 2.0, 4.0, 8.0]))
    assert np.diff(worth) == pytest.approx([law.values["k"] * np.log(2)] * 3)


def test_shapes_count_their_parameters_as_the_run_table_does(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The models of McLeish et al. to the last parameter, but those of width 384."""
    monkeypatch.setenv("SCALEWIDGETS_DATA", str(shared / "data"))
    models = sw.load_runs("gemstones").select("w", "l", "N").unique().sort("w", "l")
    assert [(w, depth) for w, depth, _ in models.iter_rows()] == sorted(SHAPES)
    for w, depth, N in models.iter_rows():
        lab = ArchitectureLab(topic="shape", N=N, depth=depth)
        if w == 384:
            assert shown(lab, "width") == pytest.approx([w], rel=0.01)
            continue
        assert shown(lab, "width") == pytest.approx([w], rel=1e-12)
        (back,) = lab.sheet().tabulate("plane_depth", "axis_w", np.array([float(w)]))
        assert back == pytest.approx(depth, rel=1e-12)


@pytest.mark.parametrize("selection", ["width_depth_params", "hot", "half_lr", "hot_120b"])
def test_no_shape_of_so_many_parameters_beats_the_best(selection: str) -> None:
    lab = ArchitectureLab(topic="shape", N="1B", D="100B", selection=selection)
    depths = np.geomspace(2, 300, 600)
    losses = lab.sheet().tabulate("shape_loss", "depth", depths)
    best, at, like = shown(lab, "best_shape_loss", "best_depth", "shape_like_D")
    assert best <= losses.min()
    assert losses.min() == pytest.approx(best, rel=1e-6)
    assert depths[losses.argmin()] == pytest.approx(at, rel=0.01)
    law = published("mcleish2025_gemstones.width_depth_params", selection)
    width, yours = shown(lab, "best_width", "shape_loss")
    assert float(law.predict(w=width, l=at, P=1e9, T=like)) == pytest.approx(yours)
    assert like < 1e11


def test_ten_times_the_compute_makes_a_vision_model_two_and_a_half_times_larger() -> None:
    """Alabdulmohsin et al. 2023, Sec. 4.1: about 2.5."""
    lab = ArchitectureLab(topic="shape", growth=10)
    assert shown(lab, "vision_params") == pytest.approx([2.5], abs=0.2)
    grown = shown(lab, "vision_width", "vision_depth", "vision_mlp")
    assert grown == pytest.approx([10 ** (s / 3) for s in (0.22, 0.45, 0.6)])


@pytest.mark.parametrize("budget", [1e18, 1e21, 1e23])
def test_linear_models_are_held_against_softmax_attention(budget: float) -> None:
    lab = ArchitectureLab(topic="families", budget=budget)
    day = 8.64e19
    for name in LINEAR:
        loss, like, size = shown(lab, f"{name}_loss", f"{name}_like", f"{name}_size")
        own, llama = (published("shen2024_linear_complexity.loss", n) for n in (name, "llama"))
        assert loss == pytest.approx(float(own.predict(C=budget / day)))
        assert float(llama.predict(C=like / day)) == pytest.approx(loss)
        ours, theirs = (published("shen2024_linear_complexity.N_opt", n) for n in (name, "llama"))
        sizes = float(theirs.predict(C=like / day)) / float(ours.predict(C=budget / day))
        assert size == pytest.approx(sizes)


def test_multipliers_are_those_of_the_findings() -> None:
    claims = sw.findings().filter(pl.col("source").is_in(["arXiv:2410.18514", "arXiv:2305.18619"]))
    told = " ".join(claims["claim"])
    mdm, plaid, soap = shown(
        ArchitectureLab(topic="families"), "mdm_compute", "plaid_compute", "soap_compute"
    )
    assert f"about {1 / mdm:.0f} times the compute" in told
    assert f"about {1 / plaid:.0f} times the compute" in told
    assert soap == pytest.approx(2.57)


# --- a fit, runs, mistakes --------------------------------------------------------------------


def _streams(noise: float) -> dict[str, Any]:
    law = published("chen2025_parscale")
    N, P = (a.ravel() for a in np.meshgrid(np.geomspace(5e8, 4e9, 6), [1.0, 2.0, 4.0, 8.0]))
    scatter = np.exp(noise * np.random.default_rng(0).normal(size=len(N)))
    return {"N": N, "D": np.full_like(N, 42e9), "P": P, "loss": law.predict(N=N, P=P) * scatter}


def test_a_fit_brings_its_constants_its_topic_and_its_intervals() -> None:
    fit = sw.fit("chen2025_parscale", sw.read_runs(_streams(0.002)))
    boot = fit.bootstrap(60)
    lab = ArchitectureLab(fit, draws=boot, N="1B", P=8)
    assert lab.topic == "streams"
    gain = 1 + fit.params["k"] * np.log(8)
    sheet = lab.sheet()
    assert sheet.get("stream_memory") == pytest.approx(gain)
    ((low, high),) = sheet.intervals(["stream_memory"])
    assert low < gain < high
    drawn = 1 + boot.draws["k"].to_numpy() * np.log(8)
    assert (low, high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])))
    rows = {row.cell: row.interval for table in lab.page().tables for row in table.rows}
    assert rows["stream_memory"]
    assert not rows["moe_memory"]
    assert lab.status() == ("ok", "chen2025_parscale: your fit is ok")
    assert "give draws=" in ArchitectureLab(fit).status()[1]


def test_a_law_with_other_constants_is_understood() -> None:
    law = published("clark2022_routed", "hash").with_constants(c=0.02)
    lab = ArchitectureLab(law, N="1B", E=64)
    assert (lab.topic, lab.law_name) == ("experts", "clark")
    assert shown(lab, "clark_loss") == pytest.approx([float(law.predict(N=1e9, E=64))])


def test_runs_of_yours_are_held_to_the_law() -> None:
    lab = ArchitectureLab(topic="streams", runs=_streams(0.0))
    assert rms(lab, "streams", "stream") == pytest.approx(0.0, abs=1e-12)
    assert "streams_residuals" in [plot["id"] for plot in lab.spec["plots"]]
    lab.dataset = "none"
    assert "streams_residuals" not in [plot["id"] for plot in lab.spec["plots"]]
    lab.dataset = "given"
    assert [plot["id"] for plot in lab.spec["plots"] if "residuals" in plot["id"]] == [
        "streams_residuals"
    ]


@pytest.mark.parametrize(
    ("topic", "role", "scatter"),
    [("streams", "stream", 0.00245), ("shape", "shape", 0.00711), ("vocabulary", "vocab", 0.0908)],
)
def test_published_runs_lie_near_their_law(
    shared: Path, monkeypatch: pytest.MonkeyPatch, topic: str, role: str, scatter: float
) -> None:
    monkeypatch.setenv("SCALEWIDGETS_DATA", str(shared / "data"))
    lab = ArchitectureLab(topic=topic, dataset="published")
    assert rms(lab, topic, role) == pytest.approx(scatter, rel=0.01)


def test_columns_that_are_no_positive_numbers_are_refused() -> None:
    runs = pl.DataFrame({"N": [1e9, 1e9], "P": [1.0, 0.0], "loss": [1.0, 1.0]})
    with pytest.raises(ValueError, match=r"column 'P'.*rows \[1\]"):
        columns_of("streams", runs)
    with pytest.raises(ValueError, match=r"of no topic: experts N, D, E, loss; "):
        topics_of(runs.drop("P"))


def test_what_the_lab_cannot_use_is_refused() -> None:
    with pytest.raises(ValueError, match="hoffmann2022 is no law of architectures"):
        ArchitectureLab(published("hoffmann2022"))
    with pytest.raises(ValueError, match="give the fit, too"):
        ArchitectureLab(draws=object())  # type: ignore[arg-type]
    with pytest.raises(traitlets.TraitError, match="give the lab runs="):
        ArchitectureLab(dataset="given")
    with pytest.raises(TypeError, match="no input 'expert'"):
        ArchitectureLab(expert=8)
    with pytest.raises(traitlets.TraitError):
        ArchitectureLab(E=0.5)


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_says_what_it_shows(topic: str) -> None:
    lab = ArchitectureLab(topic=topic)
    assert repr(lab) == repr(ArchitectureLab(topic=topic))
    assert repr(lab).startswith(f"ArchitectureLab({topic}")
    assert np.isfinite(lab.compared["worth"].to_numpy()).all()
    assert not lab.problem


def test_curves_are_dashed_beyond_the_runs() -> None:
    lab = ArchitectureLab(law_name="ludz")
    grid = np.array([2.0, 32.0, 33.0, 512.0])
    inside, outside = (
        lab.sheet().tabulate(f"ludz_memory_{part}", "E", grid) for part in ("in", "out")
    )
    assert np.isfinite(inside).tolist() == [True, True, False, False]
    assert np.isfinite(outside).tolist() == [False, False, True, True]


def test_a_page_without_a_kernel_has_the_lab(tmp_path: Path) -> None:
    page = ArchitectureLab(topic="shape").save_html(tmp_path / "lab.html").read_text("utf-8")
    assert "best_depth" in page
    assert page.count("<script") == page.count("</script>")


def test_the_three_comparisons_have_names() -> None:
    assert ArchitectureLab().compared["comparison"].to_list() == list(COMPARISONS.values())
