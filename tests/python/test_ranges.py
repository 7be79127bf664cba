"""Over which range a variable or a constant is dragged."""

import math

import pytest

from scalewidgets.lawbook import Law, catalogue, ranges
from scalewidgets.lawbook.ranges import Range


def law(**more: object) -> Law:
    return Law("a + N*x + P_w + r_1 + r_2", constants={"a": 1.0}, **more)  # type: ignore[arg-type]


def test_what_the_catalogue_calls_typical_comes_first() -> None:
    one = law(typical={"x": (0.0, 0.2, 1.0)}, valid={"x": (0.1, 0.3)})
    assert ranges.of_variable(one, "x") == Range(0.0, 1.0, False, 0.2)
    wide = law(typical={"x": (1.0, 30.0, 1000.0)})
    assert ranges.of_variable(wide, "x") == Range(1.0, 1000.0, True, 30.0)


def test_the_range_of_the_runs_and_some_way_beyond() -> None:
    one = law(valid={"N": (1e8, 1e10), "P_w": (3.0, 16.0), "x": (0.0, 1.0)})
    assert ranges.of_variable(one, "N") == Range(1e7, 1e13, True, 7e9)
    assert ranges.of_variable(one, "P_w") == Range(3.0, 19.25, False, 9.5)
    assert ranges.of_variable(one, "x") == Range(0.0, 1.0, False, 0.5)


def test_shares_of_a_mixture_and_usual_names() -> None:
    mixed = law(vectors={"r": ["r_1", "r_2"]}, mixture="r")
    assert ranges.of_variable(mixed, "r_1") == Range(0.0, 1.0, False, 0.5)
    assert ranges.of_variable(mixed, "N").start == 7e9
    assert ranges.of_variable(mixed, "x") == Range(0.01, 100.0, True, 1.0)


def test_a_default_is_where_it_begins() -> None:
    one = law(defaults={"P_w": "16", "x": "2000", "N": "x", "r_1": "0"})
    assert ranges.of_variable(one, "P_w").start == 16.0
    assert ranges.of_variable(one, "x") == Range(20.0, 200_000.0, True, 2000.0)
    assert ranges.of_variable(one, "r_1") == Range(0.0, 10.0, False, 0.0)
    assert ranges.of_variable(one, "N").start == 7e9


@pytest.mark.parametrize("value", [406.4, 0.34, 1.69, -0.05, -6.3, 1e-9, 3e9, 0.0])
def test_a_constant_lies_within_its_range(value: float) -> None:
    span = ranges.of_constant(value)
    assert span.low <= value <= span.high
    assert span.start == value
    assert not span.log or span.low > 0


def test_placeholders_make_a_form_drawable() -> None:
    form = Law("E + (A/N)**alpha + B/D**beta", constants=["E", "A", "alpha", "B", "beta"])
    assert ranges.placeholders(form) == {"E": 1.0, "A": 7e9, "alpha": 0.3, "B": 1.0, "beta": 0.3}
    assert ranges.placeholders(catalogue.closed_form("hoffmann2022")) == {}


@pytest.mark.slow
@pytest.mark.parametrize("id", catalogue.laws()["id"].to_list())
def test_every_variable_begins_within_its_range(id: str) -> None:
    one = catalogue.law(id)
    for name in one.variables:
        if isinstance(one, Law) and name in one.items:
            continue
        span = ranges.of_variable(one, name)
        assert span.low <= span.start <= span.high, (name, span)
        assert span.low < span.high
        assert all(map(math.isfinite, (span.low, span.high)))
        assert not span.log or span.low > 0
