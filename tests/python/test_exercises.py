"""sw.check: right answers, and what wrong ones look like."""

import math
from typing import Any

import numpy as np
import pytest

import scalewidgets as sw
from scalewidgets.exercises import answers, check

C = 5.88e23
LOOKS_LIKE = {
    "sign": (-0.34, 0.34, "the sign is wrong"),
    "twice": (1.4e11, 7e10, "twice the answer"),
    "half": (3.5e10, 7e10, "half the answer"),
    "6 forgotten": (C / 70e9, C / 6 / 70e9, "6 times the answer"),
    "6 too many": (70e9 * 1.4e12, C, "a sixth of the answer"),
    "2ND": (2 * 70e9 * 1.4e12, C, "a third of the answer"),
    "billions": (70, 70e9, "in billions"),
    "trillions": (1.4, 1.4e12, "in trillions"),
    "millions": (405, 405e6, "in millions"),
    "unit twice": (7e19, 7e10, "1e9 times the answer"),
    "per cent": (34.0, 0.34, "Is it per cent"),
    "share": (0.34, 34.0, "a hundredth"),
    "base": (math.log10(8.0), math.log(8.0), "Logarithms to base 10"),
    "bits": (1.7 / math.log(2), 1.7, "Nats and bits"),
    "nats": (1.7, 1.7 / math.log(2), "Nats and bits"),
    "log": (math.log(7e10), 7e10, "natural logarithm of the answer"),
    "log10": (math.log10(7e10), 7e10, "logarithm to base 10"),
    "log2": (math.log2(7e10), 7e10, "logarithm to base 2"),
    "exp": (math.exp(1.83), 1.83, "e to the power"),
    "inverse": (1 / 0.37, 0.37, "one over"),
    "rest": (0.54, 0.46, "one minus"),
    "root": (math.sqrt(7e10), 7e10, "square root"),
    "digits": (7.2e10, 7e10, "close, but not within the 1 %"),
    "too large": (5e11, 7e10, "too large."),
    "far too small": (17.0, 7e10, "by more than a factor of ten"),
    "both wrong": (-5.0, 7e10, "the sign is wrong, and so is the size"),
    "infinite": (math.inf, 7e10, "not finite"),
    "no number": ("seventy", 7e10, "'seventy' is not a number"),
    "many": ([1.0, 2.0], 7e10, "2 numbers where one number is wanted"),
    "one of three": ([1.0, 2.0, 9.0], [1.0, 2.0, 4.0], "1 of 3 numbers are wrong, number 2"),
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (7e10, 7e10),
        (7.05e10, "70B"),
        ("70B", 7e10),
        (np.float32(0.34), 0.34),
        (np.array([7e10]), 7e10),
        ([1, 2.001], [1.0, 2.0]),
        (-1e-3, 0.0),
    ],
)
def test_right_answers_are_right(value: Any, expected: Any) -> None:
    verdict = check(value, expected)
    assert verdict
    assert repr(verdict) == "Right."


@pytest.mark.parametrize("case", LOOKS_LIKE)
def test_a_wrong_answer_is_told_what_it_looks_like(case: str) -> None:
    value, expected, told = LOOKS_LIKE[case]
    verdict = check(value, expected)
    assert not verdict
    assert verdict.text.startswith("Not yet: ")
    assert told in verdict.text


def test_the_answer_itself_is_not_told() -> None:
    for value, expected, _ in LOOKS_LIKE.values():
        if np.ndim(expected) == 0:
            text = check(value, expected).text
            assert f"{expected:.3g}" not in text
            assert f"{expected:g}" not in text


def test_no_answer_is_no_mistake() -> None:
    for value in (..., None):
        assert repr(check(value, 7e10, hint="count")) == "No answer yet."


def test_hints_come_with_wrong_answers_only() -> None:
    assert check(1.0, 3.3, hint="Use Eq. 4.").text.endswith(" Hint: Use Eq. 4.")
    assert "Hint" not in check(3.3, 3.3, hint="Use Eq. 4.").text
    assert "tex_unrounded" in check(1e9, "unrounded-optimum").text


def test_the_tolerance_is_the_exercises() -> None:
    assert not check(7.05e10, 7e10, within=0.001)
    assert check(8e10, 7e10, within=0.2)
    exact = check([1.0, 2.0, 4.01], [1.0, 2.0, 4.0], within=0.0)
    assert "1 of 3 numbers are wrong, number 2" in exact.text
    for within in (-0.1, 1.0, math.nan):
        with pytest.raises(ValueError, match="within must be a share"):
            check(1.0, 1.0, within=within)


def test_a_wrong_exercise_is_an_error() -> None:
    with pytest.raises(ValueError, match="Did you mean 'flat-optimum'"):
        check(1.0, "flat-optimun")
    for expected in (math.nan, [], {"a": 1}):
        with pytest.raises(ValueError, match="check: "):
            check(1.0, expected)


def test_the_courses_answers_follow_from_the_library() -> None:
    replication = sw.law("besiroglu2024")

    def loss(n: float) -> float:
        return float(replication.predict(N=n, D=C / (6 * n)))

    found = {
        "printed-optimum": sw.law("hoffmann2022", "rounded").N_opt(2.21e19),
        "unrounded-optimum": sw.law("hoffmann2022", "tex_unrounded").N_opt(2.21e19),
        "flat-optimum": loss(32.5e9) - loss(73.0e9),
    }
    assert found.keys() == answers().keys()
    for name, value in found.items():
        assert float(value) == pytest.approx(float(answers()[name].value), rel=1e-5), name
        assert check(value, name)
