"""Optima of published laws of many kinds, all through the one optimiser."""

from typing import Any

import numpy as np
import pytest

from scalewidgets.allocation import Optimum, allocate, optimise
from scalewidgets.lawbook import Law
from scalewidgets.lawbook import law as find


def law(name: str, constants: str | None = None) -> Law:
    found = find(name, constants)
    assert isinstance(found, Law)
    return found


def told(name: str, **at: float) -> float:
    return float(law(name).predict(**at))


# --- mixtures of experts and sparsity -------------------------------------------------------


@pytest.mark.parametrize(("N", "sparsity"), [(1e9, 0.623), (1e10, 0.942), (3e10, 0.977)])
def test_the_best_sparsity_of_abnar(N: float, sparsity: float) -> None:
    """At 1e21 FLOPs and a fixed total size it rises towards 1."""
    best = optimise(
        law("abnar2025_sparsity"),
        over={"S": (0, 0.9999), "D": None},
        at={"N": N},
        cost="6*N*(1 - S)*D",
        budget=1e21,
    )
    assert best["S"] == pytest.approx(sparsity, abs=0.001)


@pytest.mark.parametrize("C", [1e20, 1e22])
def test_sparser_mixtures_of_abnar_are_larger(C: float) -> None:
    """Sec. 3: with the sparsity the best total size grows and the best active size falls."""
    found = [
        optimise(
            law("abnar2025_sparsity"),
            over={"N": None, "D": None},
            at={"S": S, "active": "N*(1 - S)"},
            cost="6*active*D",
            budget=C,
        )
        for S in (0.0, 0.5, 0.9)
    ]
    assert np.all(np.diff([best["N"] for best in found]) > 0)
    assert np.all(np.diff([best["active"] for best in found]) < 0)


def mixture(F: float) -> Optimum:
    return optimise(
        law("krajewski2024_fine_grained_moe"),
        over={"N_act": None, "D": None, "G": [1, 2, 4, 8, 16, 32, 64, 128]},
        at={"N": "43*N_act"},
        cost=law("krajewski2024_fine_grained_moe.cost"),
        budget=F,
    )


@pytest.mark.parametrize(
    ("F", "N_act", "D", "G"),
    [
        (2.95e18, 100e6, 4.37e9, 8),
        (1.93e20, 1e9, 28.94e9, 16),
        (1.41e21, 3e9, 72.9e9, 16),
        (6.46e21, 7e9, 137.6e9, 32),
        (4.16e23, 70e9, 941.07e9, 32),
        (5.69e24, 300e9, 2.96e12, 64),
    ],
)
def test_the_best_mixtures_of_krajewski(F: float, N_act: float, D: float, G: int) -> None:
    """Table 2: size, data and granularity."""
    best = mixture(F)
    assert best["G"] == G
    assert best["N_act"] == pytest.approx(N_act, rel=0.04)
    assert best["D"] == pytest.approx(D, rel=0.04)
    assert best.cost == pytest.approx(F, rel=1e-9)


def test_the_dense_compute_of_krajewski_at_1e20() -> None:
    """Abstract: a dense model needs 20 times the compute."""
    dense = allocate(law("krajewski2024_fine_grained_moe.dense"), loss=mixture(1e20).value)
    assert dense.train_flops / 1e20 == pytest.approx(20, abs=2)


def ludziejewski(E: list[float], **more: Any) -> Optimum:
    """Mixtures of 1 to 32 experts with a quarter of their parameters outside of them."""
    return optimise(
        law("ludziejewski2025_joint_moe"),
        over={"N": None, "D": None, "E": E},
        at={"total": "N*(4 + 8*E)/12"},
        cost="6*N*D",
        **more,
    )


@pytest.mark.parametrize(("C", "memory"), [(1e21, "20e9"), (1e22, "40e9")])
def test_mixtures_of_ludziejewski_are_memory_efficient(C: float, memory: str) -> None:
    """The title: with compute and memory the same, experts beat the dense model. (With the signs as
    inferred not in a memory so small that the dense model takes 67 tokens a parameter.)"""
    limit = [f"2*total <= {memory}"]
    dense = ludziejewski([1], budget=C, constraints=limit)
    free = ludziejewski([1, 2, 4, 8, 16, 32], budget=C, constraints=limit)
    assert free["E"] > 1
    assert free.value < dense.value
    assert free.limits == tuple(limit)
    assert 2 * free["total"] == pytest.approx(float(memory), rel=1e-9)


def test_experts_of_clark_stop_helping_at_the_cutoff() -> None:
    """Beyond 10**(-b/c), 1e12 parameters with the printed digits, the dense model is the best."""
    v = law("clark2022_routed", "sbase").values
    cutoff = 10 ** (-v["b"] / v["c"])
    experts = [
        optimise(
            law("clark2022_routed", "sbase"), over={"E": (1.0, 512.0)}, at={"N": times * cutoff}
        )
        for times in (0.9, 1.1)
    ]
    assert [best["E"] for best in experts] == pytest.approx([512, 1])
    assert experts[0].ends == ("E",)


@pytest.mark.parametrize("name", ["t5_c4", "vit_jft"])
@pytest.mark.parametrize("C", [1e20, 1e21, 1e23])
def test_the_best_sparsity_of_frantar(name: str, C: float) -> None:
    """Sec. 3.2: dense training costs 6ND, of which only the non-zero weights are kept."""
    best = optimise(
        law("frantar2023_sparse", name),
        over={"S": (0, 0.9999), "D": None},
        at={"N": 1e8},
        cost="6*N*D/(1 - S)",
        budget=C,
    )
    formula = float(law("frantar2023_sparse.S_opt", name).predict(N=1e8, C=C))
    assert best["S"] == pytest.approx(formula, rel=1e-6, abs=1e-8)


# --- precision ------------------------------------------------------------------------------


@pytest.mark.parametrize("P_post", [3.0, 4.0, 5.0])
def test_when_more_data_hurts_a_quantised_model_of_kumar(P_post: float) -> None:
    """Appendix E.1: the loss after quantisation is least at D_crit."""
    best = optimise(law("kumar2024_precision"), over={"D": None}, at={"N": 30e6, "P_post": P_post})
    critical = told("kumar2024_precision.D_crit", N=30e6, P_post=P_post)
    assert best["D"] == pytest.approx(critical, rel=1e-9)


@pytest.mark.parametrize("C", [1e18, 1e20, 1e24])
def test_the_best_bits_of_kumar(C: float) -> None:
    """Sec. 4.3.2: 7 to 8, whatever the compute."""
    best = optimise(
        law("kumar2024_precision"),
        over={"N": None, "D": None, "P": (4, 16)},
        at={"P_w": "P", "P_a": "P", "P_kv": "P"},
        cost="6/16*N*D*P",
        budget=C,
    )
    assert best["P"] == pytest.approx(7.0021, abs=1e-4)
    plan = allocate(law("kumar2024_precision"), C=C, precision=True)
    assert [plan.N, plan.D, plan.bits] == pytest.approx([best[k] for k in "NDP"], rel=1e-8)


LAYOUT = {"Bk": 128, "Eb": "3.1926*P/(3.1926 + 2.9543) - 0.5", "Mb": "P - 1 - Eb"}


@pytest.mark.parametrize("C", [1e21, 1e26, 1e31])
def test_the_best_bits_of_sun(C: float) -> None:
    """Fig. 18: between 4 and 8 bits from 1e21 to 1e31 FLOPs; the paper's formula to the digits."""
    best = optimise(
        law("sun2025_fp_quant"),
        over={"N": None, "D": None, "P": (2, 16)},
        at=LAYOUT,
        cost="6/16*N*D*P",
        budget=C,
    )
    assert 4 < best["P"] < 8
    assert best["P"] == pytest.approx(told("sun2025_fp_quant.P_opt_C", C=C, Bk=128), rel=1e-9)


@pytest.mark.parametrize(("P", "layout"), [(4, (2, 1)), (8, (4, 3)), (16, (8, 7))])
def test_the_best_layout_of_sun(P: int, layout: tuple[int, int]) -> None:
    """Fig. 15: E2M1, E4M3, E8M7."""
    best = optimise(
        law("sun2025_fp_quant"),
        over={"N": None, "D": None, "Eb": list(range(P))},
        at={"Bk": 128, "P": P, "Mb": "P - 1 - Eb"},
        cost="6/16*N*D*P",
        budget=1e21,
    )
    assert (best["Eb"], best["Mb"]) == layout


def test_when_more_data_hurts_a_model_of_sun() -> None:
    """Critical data size of a BF16 model of 1B: 1730T tokens."""
    at = {"N": 1e9, "Eb": 8, "Mb": 7, "Bk": 128}
    best = optimise(law("sun2025_fp_quant"), over={"D": None}, at=at)
    assert best["D"] == pytest.approx(1.73e15, abs=1e13)


@pytest.mark.parametrize("P", [2, 3, 4])
def test_when_more_data_hurts_a_model_of_ouyang(P: int) -> None:
    """No number is published; the slopes of both terms cancel there."""
    v, N = law("ouyang2024_qid.loss").values, 1e9
    best = optimise(law("ouyang2024_qid.loss"), over={"D": None}, at={"N": N, "P": P})
    qid = told("ouyang2024_qid", N=N, D=best["D"], P=P)
    inner = (v["Nc"] / N) ** (v["aN"] / v["aD"]) + v["Dc"] / best["D"]
    falling = v["aD"] * inner ** (v["aD"] - 1) * v["Dc"] / best["D"]
    assert v["beta"] * qid == pytest.approx(falling, rel=1e-9)


def test_finer_groups_let_a_smaller_model_of_chen_do() -> None:
    """Sec. 4: W4A4 error falls with the size and rises with tokens and group size."""
    found = [
        optimise(
            law("chen2025_qat.loss", "W4A4"),
            over={"N": None, "D": None},
            at={"G": G},
            cost="6*N*D",
            target=3.0,
        )
        for G in (32, 256)
    ]
    bf16 = allocate(law("chen2025_qat.bf16"), loss=3.0)
    costs = [bf16.train_flops, *(best.cost for best in found)]
    assert np.all(np.diff(costs) > 0)


@pytest.mark.parametrize("bits", [1, 4])
def test_the_share_of_qat_of_a_plan(bits: int) -> None:
    """Dremov et al.: the formula for a plan's N and D; fewer bits want more of it."""
    plan = allocate(law("besiroglu2024"), C=1e21, tokens_per_parameter=100)
    share = law("dremov2025_compute_optimal_qat")
    found = float(share.predict(D_total=plan.D, N=plan.N, B=bits))
    assert found == pytest.approx(np.exp(-6.7297 / np.log(100 * 8 / bits)), rel=1e-9)


# --- vocabulary, parallel streams, shape ----------------------------------------------------


@pytest.mark.parametrize(
    ("Nnv", "d", "C", "printed"),
    [(3e9, 3200, 1.3e21, 37e3), (7e9, 4096, 7.05e21, 60e3), (70e9, 8192, 7.05e23, 218e3)],
)
def test_the_best_vocabulary_of_tao(Nnv: float, d: float, C: float, printed: float) -> None:
    """Table 1, approach 3 (the printed numbers are recalled, not verified)."""
    best = optimise(
        law("tao2024_vocab"),
        over={"V": (1e3, 1e7), "D": None},
        at={"Nnv": Nnv, "d": d},
        cost="6*(Nnv + V*d)*D",
        budget=C,
    )
    assert best["V"] == pytest.approx(printed, abs=600)
    assert best["V"] == pytest.approx(told("tao2024_vocab.V_opt_3", Nnv=Nnv, d=d, C=C), rel=1e-4)


def test_parallel_streams_pay_only_where_memory_is_short() -> None:
    """ParScale: a stream costs as a model does, but is worth less; it takes no memory."""
    asked: dict[str, Any] = {
        "over": {"N": None, "P": (1, 64)},
        "cost": "N*P",
        "budget": 1e10,
    }
    free = optimise(law("chen2025_parscale"), **asked)
    short = optimise(law("chen2025_parscale"), **asked, constraints=["2*N <= 4e9"])
    assert (free["P"], free.ends) == (pytest.approx(1), ("P",))
    assert (short["N"], short["P"]) == (pytest.approx(2e9), pytest.approx(5))
    assert short.value > free.value


@pytest.mark.parametrize("C", [1e21, 1e23])
def test_the_shape_of_gemstones(C: float) -> None:
    """The slopes of the loss stand as those of the cost 72 l w^2 T: 2 to 1 to 1."""
    v = law("mcleish2025_gemstones").values
    best = optimise(
        law("mcleish2025_gemstones"),
        over={"w": None, "l": None, "T": None},
        cost="6*(12*l*w**2)*T",
        budget=C,
    )
    width = v["a"] * v["A"] / best["w"] ** v["a"]
    depth = v["b"] * v["B"] / best["l"] ** v["b"]
    tokens = v["c"] * v["C"] / best["T"] ** v["c"]
    assert [width / 2, depth] == pytest.approx([tokens, tokens], rel=1e-9)


@pytest.mark.parametrize(
    ("name", "exponent"), [("hot", 0.6986), ("hot_100b", 0.6965), ("hot_no_embeds", 0.7030)]
)
def test_the_growth_of_gemstones(name: str, exponent: float) -> None:
    """The authors' fits: exponents of N_opt(C) by approach 3."""
    surface = law("mcleish2025_gemstones.surface", name)
    low, high = (allocate(surface, C=C).N for C in (1e21, 1e23))
    assert np.log(high / low) / np.log(100) == pytest.approx(exponent, abs=1e-4)


# --- surfaces of the loss -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("C", "ratio"), [(1e18, 64.13), (1e19, 17.29), (1e20, 10.77), (1e21, 10.88), (1e22, 13.95)]
)
def test_the_valley_of_farseer(C: float, ratio: float) -> None:
    """The printed constants have a local optimum up to 1e22 FLOPs."""
    over = {"N": (1e7, 6e10), "D": None}
    best = optimise(
        law("farseer2025"),
        over=over,
        at={"M": "D/N"},
        cost="6*N*D",
        budget=C,
        constraints=["1 <= M"],
    )
    assert best["M"] == pytest.approx(ratio, abs=0.01)
    assert best.ends == ()


@pytest.mark.parametrize(
    ("C", "why"),
    [(1e21, "there is a valley at N=3.9"), (1e23, "the loss falls with N all the way")],
)
def test_the_optimum_that_farseer_lacks(C: float, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        allocate(law("farseer2025"), C=C)
