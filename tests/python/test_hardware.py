"""Chips, time and money."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scalewidgets.allocation.compute.cluster import Cluster
from scalewidgets.allocation.compute.hardware import (
    Accelerator,
    HardwareError,
    accelerator,
    accelerators,
    hardware,
)
from scalewidgets.lawbook.quantity import QuantityError

# --- the table ------------------------------------------------------------------------------


def test_names_are_unambiguous() -> None:
    names = [
        name.lower() for chip in accelerators().values() for name in (chip.name, *chip.aliases)
    ]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("name", "precision", "peak", "memory", "bandwidth"),
    [
        ("V100", "fp16", 125e12, 32e9, 900e9),
        ("A100", "bf16", 312e12, 80e9, 2.039e12),
        ("H100", "bf16", 989.4e12, 80e9, 3.35e12),
        ("h100 pcie", "bf16", 756e12, 80e9, 2.0e12),
        ("B200", "fp4", 9e15, 180e9, 8e12),
        ("TPU v4", "bf16", 275e12, 32 * 2**30, 1.2e12),
    ],
)
def test_datasheets(
    name: str, precision: str, peak: float, memory: float, bandwidth: float
) -> None:
    chip = accelerator(name)
    assert (chip.peak[precision], chip.memory, chip.bandwidth) == (peak, memory, bandwidth)


def test_peaks_are_dense_and_in_order() -> None:
    """Half the bits, about twice the peak: a sparse figure among dense ones would stand out."""
    for chip in accelerators().values():
        for wide, narrow in (("tf32", "bf16"), ("bf16", "fp8"), ("fp8", "fp4")):
            if wide in chip.peak and narrow in chip.peak:
                assert 1.9 < chip.peak[narrow] / chip.peak[wide] < 2.1, (chip.name, wide, narrow)


def test_every_figure_has_its_source() -> None:
    table = hardware()
    assert table["source"].str.len_chars().min() > 0
    assert set(table["status"]) <= {"seen", "recalled"}
    assert table.filter(price_from="")["price_per_hour"].is_null().all()
    assert table.filter(name="V100 SXM2")["bf16"].is_null().all()


def test_an_unknown_name_is_answered_with_a_near_one() -> None:
    with pytest.raises(HardwareError, match=r"no accelerator 'H1000'; .*Did you mean 'h100'"):
        accelerator("H1000")


# --- one's own table ------------------------------------------------------------------------

OWN = """
[accelerators."My chip"]
peak = { bf16 = 400e12 }
memory = "96 GB"
bandwidth = 2.4e12
price_per_hour = 1.2
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "mine.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_file_adds_and_replaces(tmp_path: Path) -> None:
    file = written(tmp_path, OWN + OWN.replace("My chip", "H200"))
    assert accelerator("my chip", extra=file).memory == 96e9
    assert hardware(file).height == hardware().height + 1
    assert Cluster(accelerator("H200", extra=file)).price == 1.2
    assert Cluster("H200").price == 4.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("accelerators = [", r"mine\.toml is not TOML"),
        ("[gpus.x]", r"mine\.toml has no table like \[accelerators"),
        (OWN.replace("bandwidth", "bandwith"), r"My chip: there is no 'bandwith'.*'bandwidth'"),
        (OWN.replace('memory = "96 GB"', ""), r"mine\.toml, My chip: memory must be given"),
        (OWN.replace("96 GB", "96 days"), r"mine\.toml, My chip: memory: '96 days' is a time"),
        (OWN.replace("bf16", "bf61"), r"My chip: peak has no precision 'bf61'.*'bf16'"),
        (OWN.replace("400e12", '"fast"'), r"peak\.bf16 must be a positive number, not 'fast'"),
        (OWN.replace("400e12", "400"), r"peak is in FLOP/s.*400 is too little.*989e12"),
        (OWN.replace("2.4e12", "-1"), r"My chip: bandwidth must be a positive number, not -1"),
        (OWN.replace("{ bf16 = 400e12 }", "{}"), r"My chip: peak needs FLOP/s by precision"),
        ("[accelerators]\nx = 3", r"mine\.toml, x: must be a table"),
    ],
)
def test_mistakes_in_a_file_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(HardwareError, match=message):
        hardware(written(tmp_path, text))


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(HardwareError, match=r"nowhere\.toml cannot be read"):
        hardware("nowhere.toml")


# --- clusters -------------------------------------------------------------------------------


@settings(deadline=None)
@given(
    st.integers(1, 100_000),
    st.floats(0.01, 1.0),
    st.floats(0.1, 100.0),
    st.floats(1e15, 1e27),
)
def test_budgets_and_flops_are_each_others_inverse(
    count: int, utilisation: float, price: float, flops: float
) -> None:
    cluster = Cluster("H100", count=count, utilisation=utilisation, price_per_hour=price)
    assert cluster.flops(days=cluster.days(flops)) == pytest.approx(flops, rel=1e-12)
    assert cluster.flops(dollars=cluster.cost(flops)) == pytest.approx(flops, rel=1e-12)
    assert cluster.flops(gpu_hours=cluster.gpu_hours(flops)) == pytest.approx(flops, rel=1e-12)
    assert cluster.seconds(flops) * cluster.flops_per_second() == pytest.approx(flops, rel=1e-12)


def test_money_does_not_depend_on_how_many_chips_share_the_work() -> None:
    few, many = Cluster("A100", count=8), Cluster("A100", count=8000)
    assert few.cost(1e22) == pytest.approx(many.cost(1e22), rel=1e-12)
    assert few.days(1e22) == pytest.approx(1000 * many.days(1e22), rel=1e-12)


def test_llama_3s_utilisation() -> None:
    """Llama team 2024, Table 4: 430, 400 and 380 TFLOP/s a chip are 43, 41 and 38 %."""
    for teraflops, share in ((430, 0.43), (400, 0.41), (380, 0.38)):
        reached = Cluster("H100", utilisation=share).flops_per_second()
        assert reached == pytest.approx(teraflops * 1e12, rel=0.02)


def test_budgets_as_people_write_them() -> None:
    cluster = Cluster("H100", count=1024, utilisation=0.4, price_per_hour="$2")
    assert cluster.flops(days="36 h") == cluster.flops(days=1.5)
    assert cluster.flops(dollars="$2M") == cluster.flops(gpu_hours="1M GPU-hours")
    assert cluster.days("1e24 FLOP") == cluster.seconds(1e24) / 86_400
    np.testing.assert_allclose(cluster.cost([1e24, np.nan]), [cluster.cost(1e24), np.nan])


def test_serving_has_utilisations_of_its_own() -> None:
    cluster = Cluster("H100", utilisation=0.4, prefill_utilisation=0.5, generation_utilisation=0.02)
    assert cluster.cost(1e20, "generation") == pytest.approx(25 * cluster.cost(1e20, "prefill"))
    with pytest.raises(HardwareError, match="work must be one of training, prefill, generation"):
        cluster.cost(1e20, "serving")  # type: ignore[arg-type]


def test_generation_waits_for_the_memory_until_it_waits_for_the_peak() -> None:
    """One stream reads 140 GB of weights a token; at the ridge of 295 FLOP/byte it turns."""
    cluster = Cluster("H100")
    assert cluster.generation_limit("70B") == pytest.approx(3.35e12 / 140e9)
    assert cluster.generation_limit("70B", bits=4) == pytest.approx(4 * 3.35e12 / 140e9)
    ridge = 989.4e12 / 3.35e12
    below, at, above = cluster.generation_limit(70e9, batch=[ridge / 2, ridge, 2 * ridge])
    assert (at, above) == (pytest.approx(2 * below), pytest.approx(989.4e12 / 140e9))


def test_palm_stayed_below_the_limit() -> None:
    """Pope et al. 2022, abstract: 29 ms a token, 540B parameters in int8, on 64 TPU v4."""
    seconds = 1 / Cluster("TPU v4", count=64).generation_limit("540B", bits=8)
    assert 0.2 * 0.029 < seconds < 0.029


def test_the_dollars_of_sardana() -> None:
    """Sardana et al. 2024, defaults of their code: trained on H100, served in 8 bits on A100."""
    train = Cluster("H100", utilisation=0.5, price_per_hour=2.0)
    serve = Cluster("A100 40GB", precision="int8", price_per_hour=1.1)
    N, D, read, written = 30e9, 1555.9011e9, 5e11, 1e11
    dollars = train.cost(6 * N * D)
    dollars = dollars + serve.cost(2 * N * read, "prefill")
    dollars = dollars + serve.cost(2 * N * written, "generation")
    assert dollars == pytest.approx(637_800, rel=5e-4)  # they take 989 for 989.4 TFLOP/s


def test_an_assumed_price_is_told() -> None:
    assert "$3 an hour (assumed)" in str(Cluster("H100"))
    assert "assumed" not in str(Cluster("H100", price_per_hour=2))
    unpriced = Cluster("TPU7x", count=4)
    assert "$" not in str(unpriced)
    assert unpriced.memory == 4 * 192 * 2**30
    with pytest.raises(HardwareError, match="no price is known for TPU7x; give price_per_hour="):
        unpriced.cost(1e20)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"precision": "bf16"}, "V100 SXM2 has no peak for 'bf16'; it has fp32, fp16"),
        ({"utilisation": 40}, r"utilisation is .* not 40; 40 % is 0\.4"),
        ({"generation_utilisation": 0}, r"generation_utilisation is .* not 0"),
        ({"count": 0}, "count must be a whole number of chips: 0"),
        ({"count": 2.5}, r"count must be a whole number, not 2\.5"),
        ({"price_per_hour": -1}, "price_per_hour must be positive"),
    ],
)
def test_clusters_that_cannot_be(given: dict[str, float], message: str) -> None:
    with pytest.raises(HardwareError, match=message):
        Cluster("V100", **{"precision": "fp16", **given})  # type: ignore[arg-type]


def test_budgets_that_cannot_be() -> None:
    cluster = Cluster("H100")
    with pytest.raises(HardwareError, match="give one of days, dollars and gpu_hours"):
        cluster.flops()
    with pytest.raises(HardwareError, match="give one of days, dollars and gpu_hours"):
        cluster.flops(days=1, dollars=1)
    with pytest.raises(HardwareError, match="days must not be negative"):
        cluster.flops(days=-1)
    with pytest.raises(QuantityError, match=r"'\$2M' is an amount of money, not a time"):
        cluster.flops(days="$2M")


def test_an_accelerator_of_ones_own() -> None:
    chip = Accelerator("mine", {"bf16": 1e15}, memory="100 GB", bandwidth=1e12)
    assert (chip.memory, chip.status) == (1e11, "user")
    assert Cluster(chip, count=2).flops_per_second() == 0.4 * 2e15
