"""Quantities: what people write is read exactly, and what is written is read back."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scalewidgets.lawbook.magnitude import check_magnitude
from scalewidgets.lawbook.quantity import QuantityError, format_quantity, parse_quantity, parse_unit

finite = st.floats(min_value=1e-290, max_value=1e290)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("70B", 70e9),
        ("1.4T", 1.4e12),
        ("1.4T tokens", 1.4e12),
        ("125m", 125e6),
        ("125 M params", 125e6),
        ("7 b Parameters", 7e9),
        ("512k", 512e3),
        (".5M", 5e5),
        ("1e24 FLOP", 1e24),
        ("5.88E23 flops", 5.88e23),
        ("6TFLOPs", 6e12),
        ("3 ZFLOP", 3e21),
        ("1 PFLOP-days", 8.64e19),
        ("3640 petaflop/s-days", 3640 * 8.64e19),
        ("2 PF-day", 2 * 8.64e19),
        ("1,400,000", 1_400_000.0),
        ("1_400_000.5", 1_400_000.5),
        (" 7e9 ", 7e9),
        ("-3", -3.0),
        ("0", 0.0),
        (7, 7.0),
        (2.5, 2.5),
    ],
)
def test_forms_that_are_understood(text: str | float, value: float) -> None:
    assert parse_quantity(text) == value


@pytest.mark.parametrize(
    "text",
    [
        *["", " ", "B", "FLOP", "1e", "1,40", "1,4T", "1__0", "_1", "1.2.3", "7x", "7-8", "７B"],
        *["5 TT", "5 params B", "3 FLOP/s", "nan", "inf", "1e400", "1e999999999"],
        *["9" * 100, "1e" + "9" * 5000, True, math.nan, math.inf, None, [1]],
    ],
)
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(QuantityError):
        parse_quantity(text)


def test_refusal_says_what_is_understood() -> None:
    with pytest.raises(QuantityError, match=r"'7 gazillion' is not a quantity.*70B.*PFLOP-days"):
        parse_quantity("7 gazillion")


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0, "0"),
        (-0.0, "0"),
        (1, "1"),
        (999.4, "999"),
        (999.6, "1K"),
        (70e9, "70B"),
        (1.4e12, "1.4T"),
        (999.9e6, "1B"),
        (123_456, "123K"),
        (9.99e14, "999T"),
        (9.999e14, "1e15"),
        (5.88e23, "5.88e23"),
        (1e24, "1e24"),
        (0.00123, "0.00123"),
        (1e-7, "1e-7"),
        (-5e9, "-5B"),
        (math.inf, "inf"),
    ],
)
def test_format(x: float, text: str) -> None:
    assert format_quantity(x) == text


@settings(deadline=None)
@given(finite, st.sampled_from([1, -1]))
@example(999.5, 1)
@example(9.995e14, 1)
def test_round_trip_keeps_three_digits(magnitude: float, sign: int) -> None:
    x = sign * magnitude
    text = format_quantity(x)
    assert parse_quantity(text) == float(f"{x:.3g}")
    assert format_quantity(parse_quantity(text)) == text
    assert len(text.lstrip("-")) <= len("1.23e-290")


@settings(deadline=None)
@given(st.integers(0, 999_999), st.integers(0, 3), st.sampled_from("KMBTkmbt"))
def test_suffix_is_exact(digits: int, places: int, suffix: str) -> None:
    power = {"k": 3, "m": 6, "b": 9, "t": 12}[suffix.lower()]
    text = f"{digits / 10**places:.{places}f}"
    assert parse_quantity(text + suffix) == float(f"{text}e{power}")


@settings(deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        value = parse_quantity(text)
    except QuantityError:
        return
    assert math.isfinite(value)


def test_units_have_a_factor_and_a_kind() -> None:
    assert parse_unit("M") == (10**6, "")
    assert parse_unit("b tokens") == (10**9, "tokens")
    assert parse_unit("PFLOP-days") == (864 * 10**17, "FLOP")
    with pytest.raises(QuantityError, match="'bananas' is not a unit"):
        parse_unit("bananas")


# --- money, time, chip time, memory -----------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("$2M", "dollars", 2e6),
        ("$ 1.5e6", "dollars", 1.5e6),
        ("$1,400,000", "dollars", 1.4e6),
        ("2M dollars", "dollars", 2e6),
        ("2.5k USD", "dollars", 2500.0),
        ("2M", "dollars", 2e6),
        (3, "dollars", 3.0),
        ("30 days", "days", 30.0),
        ("12 h", "days", 0.5),
        ("2 weeks", "days", 14.0),
        ("30", "days", 30.0),
        ("1 year", "days", 365.0),
        ("90 min", "hours", 1.5),
        ("36 hours", "seconds", 129_600.0),
        ("2 min", "seconds", 120.0),
        ("512 GPU-hours", "GPU-hours", 512.0),
        ("1.2M gpu hours", "GPU-hours", 1.2e6),
        ("2 TPU-days", "GPU-hours", 48.0),
        ("1.2M", "GPU-hours", 1.2e6),
        ("80 GB", "bytes", 80e9),
        ("640GiB", "bytes", 640 * 2.0**30),
        ("1.5 TB", "bytes", 1.5e12),
        ("100 bytes", "bytes", 100.0),
        ("1e24 FLOP", "FLOP", 1e24),
        ("3640 PF-days", "FLOP", 3640 * 8.64e19),
        ("1e24", "FLOP", 1e24),
        ("70B", "params", 70e9),
        ("1.4T", "tokens", 1.4e12),
        (1.4e12, "tokens", 1.4e12),
    ],
)
def test_what_is_asked_for_is_understood(text: str | float, unit: str, value: float) -> None:
    assert parse_quantity(text, unit) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "unit", "message"),
    [
        ("$2M", None, "is an amount of money, not a number of parameters, tokens or FLOPs"),
        ("30 days", None, "is a time, not a number"),
        ("80 GB", "params", "is an amount of memory, not a number of parameters"),
        ("70B tokens", "params", "is a number of tokens, not a number of parameters"),
        ("1e24 FLOP", "days", 'is a number of FLOPs, not a time; times are written like "30 days"'),
        ("30 days", "FLOP", "is a time, not a number of FLOPs"),
        ("30 days", "GPU-hours", "is a time, not chip time; .*512 GPU-hours"),
        ("512 GPU-hours", "days", "is chip time, not a time"),
        ("2M", "days", "not a time"),
        ("80K", "bytes", "not an amount of memory"),
        ("$5 tokens", "dollars", r"'\$5 tokens' is not a quantity; money is written"),
        ("five", "dollars", r"money is written like 2e6, \"\$2M\""),
        (math.nan, "days", "nan is not a quantity; times are written"),
        ("7B", "bananas", "'bananas' is not a unit"),
    ],
)
def test_another_kind_is_refused(text: str | float, unit: str | None, message: str) -> None:
    with pytest.raises(QuantityError, match=message):
        parse_quantity(text, unit)


@settings(deadline=None)
@given(
    st.text(alphabet="$0123456789.eE+-, _kMBTGPUiFLOPdaysthokenrbm", max_size=20),
    st.sampled_from(["params", "tokens", "FLOP", "dollars", "seconds", "days", "bytes"]),
)
def test_any_text_is_read_or_refused_in_any_unit(text: str, unit: str) -> None:
    try:
        value = parse_quantity(text, unit)
    except QuantityError:
        return
    assert math.isfinite(value)


# --- unit mistakes ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "hints"),
    [
        ("D", 1.4, ["1.4T", "1.4B"]),
        ("D", 300, ["300B", "300M"]),
        ("inference_tokens", 2, ["2T", "2B"]),
        ("N", 70, ["70B", "70M"]),
        ("N", 0.125, ["0.125B"]),
        ("C", 5.88, ["5.88 PFLOP-days", "5.88 ZFLOP"]),
        ("C", 3640, ["3640 PFLOP-days", "3640 ZFLOP"]),
        ("C", 5.88e8, ["5.88e+08 EFLOP", "5.88e+08 PFLOP"]),
        ("memory", 80, ["80 GB", "80 TB"]),
    ],
)
def test_a_forgotten_unit_is_guessed(name: str, value: float, hints: list[str]) -> None:
    with pytest.raises(QuantityError, match=f"^{name} = .* is too little for ") as caught:
        check_magnitude(name, value)
    found = re.findall('"([^"]*)"', str(caught.value))
    assert found == hints
    unit = "bytes" if name == "memory" else None
    for hint in found:  # what is suggested is taken
        check_magnitude(name, parse_quantity(hint, unit))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("N", 5e23, "too much for parameters. It looks like FLOPs, which are C"),
        ("D", 5.88e23, "too much for training tokens. It looks like FLOPs, which are C"),
        ("tokens_per_parameter", 1.4e12, "It looks like tokens, which are D"),
        ("loss", 60, "too much for nats/token. Of a perplexity take the natural logarithm"),
        ("C", 1e40, "too much for training FLOPs"),
        ("N", 1e-9, "N = 1e-09 is too little for parameters.$"),
        ("C", 5.88, "written out, as in 5.88e23"),
    ],
)
def test_other_mistakes_are_named(name: str, value: float, message: str) -> None:
    with pytest.raises(QuantityError, match=message):
        check_magnitude(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("N", 1e4), ("N", 1e13), ("D", 1e6), ("D", 1e15), ("C", 1.25e16), ("C", 1e29)],
        *[("loss", 0.5), ("loss", 11.0), ("memory", 24e9), ("inference_tokens", 1e16)],
    ],
)
def test_what_may_well_be_passes(name: str, value: float) -> None:
    assert check_magnitude(name, value) == value
