"""Quantities: what people write is read exactly, and what is written is read back."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

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
