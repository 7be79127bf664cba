"""Parameters and FLOPs from a shape, against what the papers print."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scalewidgets.allocation.compute.architecture import Architecture
from scalewidgets.allocation.compute.counting import COUNTINGS
from scalewidgets.lawbook import closed_form

GPT3 = Architecture(layers=96, width=12288, heads=96, vocabulary=50257, sequence=2048)
LLAMA3_405B = Architecture(
    *(126, 16384, 128, 128_256, 8192),
    ffw=53_248,
    kv_heads=8,
    gated=True,
    tied_embeddings=False,
)
MIXTRAL = Architecture(
    *(32, 4096, 32, 32_000, 32_768),
    ffw=14_336,
    kv_heads=8,
    experts=8,
    active_experts=2,
    gated=True,
    tied_embeddings=False,
)


def chinchilla_like(layers: int, width: int, heads: int, head_width: int) -> Architecture:
    """The Chinchilla family: Transformer-XL positions, vocabulary 32,000, 2048 tokens."""
    return Architecture(
        *(layers, width, heads, 32_000, 2048), head_width=head_width, relative_positions=True
    )


# --- parameters -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "millions"),
    [
        ((8, 512, 8, 64), 44),
        ((20, 1024, 16, 64), 306),
        ((24, 1280, 10, 128), 552),
        ((26, 1792, 14, 128), 1143),
        ((36, 2688, 22, 128), 3530),  # heads wider in all than the model
        ((40, 3584, 28, 128), 6796),
        ((47, 5120, 40, 128), 16_183),
    ],
)
def test_sizes_of_hoffmann_table_a9(shape: tuple[int, int, int, int], millions: float) -> None:
    """To the printed million; a layer has about 13 biases and norms of its width besides."""
    model = chinchilla_like(*shape)
    uncounted = 13 * model.layers * model.width
    assert 0 <= millions * 1e6 + 0.5e6 - model.parameters <= 1e6 + uncounted


def test_chinchilla_has_70_billion() -> None:
    """80 layers of width 8192, 64 heads: Hoffmann et al. 2022, Table 4 (shape from memory)."""
    assert chinchilla_like(80, 8192, 64, 128).parameters == pytest.approx(70e9, rel=0.002)


def test_gpt3_has_175_billion_and_took_3640_pflop_days() -> None:
    """Brown et al. 2020, Tables 2.1 and D.1: 300B tokens."""
    assert GPT3.parameters == pytest.approx(175e9, rel=0.003)
    assert GPT3.training_flops("300B") == pytest.approx(3640 * 8.64e19, rel=0.002)


def test_llama_3_405b_took_3_8e25_flops() -> None:
    """Llama team 2024: 405B parameters, 15.6T tokens (feed-forward width from memory)."""
    assert LLAMA3_405B.parameters == pytest.approx(405e9, rel=0.003)
    assert LLAMA3_405B.training_flops("15.6T") == pytest.approx(3.8e25, rel=0.002)


def test_mixtral_has_two_sizes() -> None:
    """Jiang et al. 2024: 46.7B parameters, of which 12.9B are active."""
    assert MIXTRAL.parameters == pytest.approx(46.7e9, rel=0.001)
    assert MIXTRAL.active_parameters == pytest.approx(12.9e9, rel=0.002)
    assert MIXTRAL.forward_flops() == 2 * MIXTRAL.active_parameters


def test_a_plain_layer_has_twelve_squared_widths() -> None:
    plain = Architecture(layers=3, width=64, heads=4, vocabulary=100, sequence=32)
    assert plain.non_embedding_parameters == 12 * 3 * 64**2
    assert plain.parameters == plain.non_embedding_parameters + 100 * 64
    untied = Architecture(3, 64, 4, 100, 32, tied_embeddings=False)
    assert untied.parameters - plain.parameters == 100 * 64


# --- FLOPs ----------------------------------------------------------------------------------

TABLE_A4 = [
    ((10, 640, 10, 64), 1.03),
    ((20, 1024, 16, 64), 1.10),
    ((24, 1280, 10, 128), 1.08),
    ((26, 1792, 14, 128), 1.04),
    ((28, 2048, 16, 128), 1.03),
    ((40, 3584, 28, 128), 0.99),
]


@pytest.mark.parametrize(("shape", "ratio"), TABLE_A4)
def test_ratios_of_hoffmann_table_a4(shape: tuple[int, int, int, int], ratio: float) -> None:
    """They come out without the vocabulary, which the text says is counted."""
    model = chinchilla_like(*shape)
    counted = model.training_flops(1, "hoffmann", logits=False) / (6 * model.parameters)
    relative_positions = 6 * model.layers * model.width * model.attention_width
    # Appendix F leaves the products of the relative positions out; its N has their weights
    counted -= relative_positions / (6 * model.parameters)
    assert counted == pytest.approx(ratio, abs=0.005)


def test_hoffmann_is_the_law_of_the_catalogue() -> None:
    model = Architecture(24, 1280, 10, 32_000, 2048)
    for logits, constants in ((False, "without_vocabulary"), (True, "as_stated")):
        law = closed_form("hoffmann2022.flop_ratio", constants)
        ratio = law.predict(N=model.parameters, L=24, d=1280, h=10, kv=128)
        counted = model.training_flops(1, "hoffmann", logits=logits) / (6 * model.parameters)
        assert counted == pytest.approx(float(ratio), rel=1e-12)


@pytest.mark.parametrize(
    ("layers", "width", "M", "weights", "with_vocabulary"),
    [
        (8, 512, 352e6, 0.43, 1.32),
        (12, 768, 963e6, 0.53, 1.02),
        (24, 1024, 3.02e9, 0.60, 0.81),
        (24, 2048, 9.66e9, 0.75, 0.88),
        (32, 4096, 45.1e9, 0.85, 0.91),
        (40, 5120, 85.6e9, 0.88, 0.92),
        (80, 8192, 419e9, 0.92, 0.94),
    ],
)
def test_deepseek_table_3(
    layers: int, width: int, M: float, weights: float, with_vocabulary: float
) -> None:
    """Model scales M, and 6 N_1 / M and 6 N_2 / M."""
    model = Architecture(layers, width, width // 64, vocabulary=102_400, sequence=4096)
    scale = float(model.training_flops(1, "deepseek"))
    assert scale == pytest.approx(M, rel=1.5e-3)
    assert model.training_flops(1, logits=False) / scale == pytest.approx(weights, abs=0.01)
    assert model.training_flops(1) / scale == pytest.approx(with_vocabulary, abs=0.01)


def test_kaplan_context_counts_as_much_as_weights_where_width_is_a_twelfth_of_it() -> None:
    """Kaplan et al. 2020, Sec. 2.1: it is small while d_model is more than n_ctx / 12."""
    model = Architecture(layers=6, width=128, heads=2, vocabulary=50_257, sequence=12 * 128)
    assert model.forward_flops("kaplan") == 2 * (2 * model.non_embedding_parameters)
    with_logits = model.forward_flops("kaplan", logits=True) - model.forward_flops("kaplan")
    assert with_logits == 2 * 128 * 50_257


def test_grouped_queries_and_gates_change_weights_but_not_scores() -> None:
    plain = Architecture(2, 256, 8, 1000, 512)
    grouped = Architecture(2, 256, 8, 1000, 512, kv_heads=2, gated=True)
    fewer, more = 2 * 256 * 192, 256 * 1024  # keys and values saved, gate added, a layer
    assert grouped.parameters - plain.parameters == 2 * (more - fewer)
    difference = grouped.forward_flops("deepseek") - plain.forward_flops("deepseek")
    assert difference == 2 * (grouped.parameters - plain.parameters)


def test_recomputation() -> None:
    once = GPT3.training_flops(1e9, "deepseek")
    assert GPT3.training_flops(1e9, "deepseek", recomputation="full") == pytest.approx(
        once * 4 / 3, rel=1e-12
    )
    selective = GPT3.training_flops(1e9, "deepseek", recomputation="selective") - once
    assert selective == pytest.approx(1e9 * 4 * 96 * 12288 * 2048, rel=1e-9)


def test_arrays_of_tokens() -> None:
    np.testing.assert_allclose(
        GPT3.training_flops([1e9, 3e11]), 6 * GPT3.parameters * np.array([1e9, 3e11])
    )


def test_counts_side_by_side() -> None:
    table = GPT3.flop_counts("300B")
    assert set(table["counting"]) == set(COUNTINGS)
    own = {row["counting"]: row for row in table.filter("as_published").iter_rows(named=True)}
    assert own["6ND"]["over_6ND"] == 1.0
    for name in COUNTINGS:
        assert own[name]["training_flops"] == pytest.approx(GPT3.training_flops(3e11, name))
    assert own["kaplan"]["over_6ND"] < own["deepseek"]["over_6ND"] < own["hoffmann"]["over_6ND"]


# --- a shape for a size ---------------------------------------------------------------------


@settings(deadline=None)
@given(st.floats(min_value=math.log(30e6), max_value=math.log(1e13)))
def test_a_shape_has_the_size_that_was_asked_for(log_n: float) -> None:
    wanted = math.exp(log_n)
    model = Architecture.from_N(wanted)
    half_a_layer = 6 * model.width**2
    assert abs(model.parameters - wanted) <= half_a_layer
    assert model.parameters == pytest.approx(wanted, rel=0.05)


@pytest.mark.parametrize(
    ("size", "layers", "width"), [("74M", 10, 640), ("1429M", 25, 2048), ("16183M", 47, 5120)]
)
def test_shapes_look_like_table_a9(size: str, layers: int, width: int) -> None:
    model = Architecture.from_N(size)
    assert model.width == pytest.approx(width, rel=0.2)
    assert model.layers == pytest.approx(layers, rel=0.4)


def test_a_size_too_small_for_its_vocabulary_is_refused() -> None:
    with pytest.raises(ValueError, match=r"vocabulary of 32000 leaves nothing of N = '1M'"):
        Architecture.from_N("1M")
    assert Architecture.from_N("1M", vocabulary=1000).parameters == pytest.approx(1e6, rel=0.1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layers": 0}, "layers must be a whole number, at least 1 .* not 0"),
        ({"width": 64.0}, r"width must be a whole number, not 64\.0"),
        ({"kv_heads": -1}, "kv_heads must be"),
        ({"heads": 7}, "7 heads do not divide a width of 64; give head_width="),
        ({"kv_heads": 3}, "4 heads cannot share 3 kv_heads evenly"),
        ({"active_experts": 2}, "2 active_experts, but 1 experts"),
    ],
)
def test_shapes_that_cannot_be(change: dict[str, int], message: str) -> None:
    usual = {"layers": 2, "width": 64, "heads": 4, "vocabulary": 100, "sequence": 32}
    with pytest.raises(ValueError, match=message):
        Architecture(**{**usual, **change})


def test_unknown_counts_are_refused() -> None:
    with pytest.raises(ValueError, match=r"no count 'kaplann'.*Did you mean 'kaplan'"):
        GPT3.forward_flops("kaplann")
    with pytest.raises(ValueError, match=r"recomputation must be one of none, selective, full"):
        GPT3.training_flops(1, recomputation="half")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"'1e24 FLOP' is a number of FLOPs"):
        GPT3.training_flops("1e24 FLOP")
    with pytest.raises(ValueError, match=r'N = 70 is too little .* Did you mean "70B"'):
        Architecture.from_N(70)
    with pytest.raises(ValueError, match=r'D = 1\.4 is too little .* Did you mean "1\.4T"'):
        GPT3.flop_counts(1.4)
