"""sw.check: an exercise's answer, right or wrong, and if wrong what it looks like."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from .lawbook.door import checked, shown
from .lawbook.law import spelling_hint
from .lawbook.quantity import QuantityError, parse_quantity

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Array = npt.NDArray[np.float64]
_WITHIN = 0.01
_CLOSE = 10.0  # times the tolerance: a slip in the digits, not in the thought


@dataclass(frozen=True)
class Verdict:
    """Whether an answer is right, and what is said about it; true where it is right."""

    ok: bool
    text: str

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Answer:
    """What is expected, and how near one must come."""

    value: Array
    within: float
    hint: str = ""
    unit: str = ""


@checked(ValueError)
def check(value: Any, expected: Any, *, hint: str = "", within: float | None = None) -> Verdict:
    """Say whether an answer is right, and if not, what it looks like that went wrong.

    The right answer is not shown. Signs, factors of 2 and 6, units (thousands to trillions, per
    cent), inverses, roots, bases of logarithms and nats against bits are recognised.

    Parameters
    ----------
    value : number, array or text
        The student's answer; a text is a quantity, such as ``"70B"``. ``...`` and None stand for no
        answer yet.
    expected : number, array or text
        The right answer, or its id among the course's answers.
    hint : str
        Shown with a wrong answer; by default the one that belongs to the id.
    within : float, optional
        Relative difference that still counts as right (absolute where 0 is right); 0.01 unless
        the id says otherwise.

    Returns
    -------
    Verdict
        True where the answer is right; shows as its text.

    Raises
    ------
    ValueError
        When ``expected`` or ``within`` makes no sense: the exercise is wrong, not the answer.

    Examples
    --------
    >>> check(6 * 70e9 * 1.4e12, 5.88e23)
    Right.
    >>> check(1.4, 1.4e12)
    Not yet: this is the answer in trillions. Give the number itself, or a text like "1.4T".
    """
    answer = _expected(expected, within)
    if value is None or value is Ellipsis:
        return Verdict(False, "No answer yet.")
    hint = hint or answer.hint
    said = _said(value, answer)
    if not isinstance(said, str):
        if _alike(said, answer.value, answer.within):
            return Verdict(True, "Right.")
        said = _diagnosis(said, answer)
    return Verdict(False, f"Not yet: {said}" + (f" Hint: {hint.rstrip('.')}." if hint else ""))


# --- what is expected -------------------------------------------------------------------------


@cache
def answers() -> dict[str, Answer]:
    """The course's answers by id."""
    text = resources.files(__package__).joinpath("exercises.toml").read_text("utf-8")
    return {
        name: Answer(
            np.asarray(entry["value"], dtype=float),
            entry.get("within", _WITHIN),
            entry.get("hint", ""),
            entry.get("unit", ""),
        )
        for name, entry in tomllib.loads(text).items()
    }


def _expected(expected: Any, within: float | None) -> Answer:
    if isinstance(expected, str) and expected in answers():
        known = answers()[expected]
    else:
        known = Answer(_numbers(expected), _WITHIN)
    if within is None:
        return known
    if not 0 <= within < 1:
        raise ValueError(f"check: within must be a share from 0 to below 1, not {within!r}")
    return Answer(known.value, within, known.hint, known.unit)


def _numbers(expected: Any) -> Array:
    try:
        found = parse_quantity(expected) if isinstance(expected, str) else expected
        numbers = np.asarray(found, dtype=float)
    except (QuantityError, TypeError, ValueError, OverflowError):
        known = ", ".join(answers())
        hint = spelling_hint(expected, answers()) if isinstance(expected, str) else ""
        raise ValueError(
            f"check: expected: {shown(expected)} is neither a number nor the id of an answer "
            f"({known}){hint}"
        ) from None
    if not numbers.size or not np.isfinite(numbers).all():
        raise ValueError(f"check: the expected answer must be finite numbers, not {expected!r}")
    return numbers


def _said(value: Any, answer: Answer) -> Array | str:
    """The student's numbers, or what is wrong with them."""
    try:
        found = parse_quantity(value) if isinstance(value, str) else value
        said = np.asarray(found, dtype=float)
    except (QuantityError, TypeError, ValueError, OverflowError):
        unit = f" of {answer.unit}" if answer.unit else ""
        return f'{shown(value)} is not a number. Give a number{unit}, or a text like "70B".'
    if said.size == answer.value.size == 1:
        said = said.reshape(answer.value.shape)
    if said.shape != answer.value.shape:
        told = [f"{a.size} numbers" if a.ndim else "one number" for a in (said, answer.value)]
        return f"this is {told[0]} where {told[1]} is wanted (shape {answer.value.shape})."
    if not np.isfinite(said).all():
        return "this is not finite: somewhere zero was divided by, or a logarithm taken of it."
    return said


def _alike(one: npt.ArrayLike, other: npt.ArrayLike, within: float) -> bool:
    one, other = np.asarray(one), np.asarray(other)
    scale = np.where(other == 0, 1.0, np.abs(other))  # beside zero nothing is relative
    return bool(np.all(np.abs(one - other) <= within * scale))


# --- what went wrong --------------------------------------------------------------------------

_WRITE = 'Give the number itself, or a text like "1.4T".'
_BASES = "Logarithms to base 10 and natural ones differ by it."
_BITS = "Nats and bits differ by it: 1 bit is 0.693 nats."
# What the answer would have to be multiplied by to give what was said, and what that looks like.
_FACTORS = (
    (-1.0, "the sign is wrong, the size is right."),
    (2.0, "this is twice the answer. Is something counted twice?"),
    (1 / 2, "this is half the answer. Is a factor of 2 missing?"),
    (6.0, "this is 6 times the answer. C = 6ND: is the 6 on the right side?"),
    (1 / 6, "this is a sixth of the answer. C = 6ND: is the 6 forgotten?"),
    (3.0, "this is 3 times the answer. Training takes 6 FLOP a parameter and token, serving 2."),
    (1 / 3, "this is a third of the answer. Training takes 6 FLOP a parameter and token, not 2."),
    (math.log(10), f"this is 2.303 times the answer. {_BASES}"),
    (1 / math.log(10), f"this is 0.434 times the answer. {_BASES}"),
    (math.log(2), f"this is 0.693 times the answer. {_BITS}"),
    (1 / math.log(2), f"this is 1.443 times the answer. {_BITS}"),
    (100.0, "this is a hundred times the answer. Is it per cent where a share is wanted?"),
    (1 / 100, "this is a hundredth of the answer. Is it a share where per cent are wanted?"),
    *(
        (10.0**-k, f"this is the answer in {name}. {_WRITE}")
        for k, name in ((3, "thousands"), (6, "millions"), (9, "billions"), (12, "trillions"))
    ),
    *(
        (10.0**k, f"this is 1e{k} times the answer: a unit has been counted twice, or left out.")
        for k in (3, 6, 9, 12)
    ),
    (10.0, "this is ten times the answer."),
    (1 / 10, "this is a tenth of the answer."),
)
# What was done to the answer, and what that looks like.
_CHANGES: tuple[tuple[Callable[[Array], Array], str], ...] = (
    (lambda right: 1 / right, "this is one over the answer."),
    (lambda right: 1 - right, "this is one minus the answer."),
    (np.log, "this is the natural logarithm of the answer. Undo it with exp."),
    (np.log10, "this is the logarithm to base 10 of the answer. Undo it with 10**."),
    (np.log2, "this is the logarithm to base 2 of the answer. Undo it with 2**."),
    (np.exp, "this is e to the power of the answer: take the natural logarithm."),
    (np.sqrt, "this is the square root of the answer."),
    (np.square, "this is the square of the answer."),
)


def _diagnosis(said: Array, answer: Answer) -> str:
    """What a wrong answer looks like; where it looks like nothing, whether it is too large."""
    right, near = answer.value, min(answer.within, _WITHIN)
    if _alike(said, right, _CLOSE * answer.within):
        return (
            "close, but not within the "
            f"{100 * answer.within:g} % that count. Are there digits that were rounded on the way?"
        )
    with np.errstate(all="ignore"):
        for factor, told in _FACTORS:
            if _alike(said, factor * right, near):
                return told
        for change, told in _CHANGES:
            changed = change(right)
            if np.isfinite(changed).all() and _alike(said, changed, near):
                return told
    return _how_far(said, answer)


def _how_far(said: Array, answer: Answer) -> str:
    right = answer.value
    if said.ndim:
        pairs = zip(said.ravel(), right.ravel(), strict=True)
        wrong = [i for i, (one, other) in enumerate(pairs) if not _alike(one, other, answer.within)]
        return f"{len(wrong)} of {said.size} numbers are wrong, number {wrong[0]} the first."
    if np.sign(said) * np.sign(right) < 0:
        return "the sign is wrong, and so is the size."
    how = "large" if abs(said) > abs(right) else "small"
    with np.errstate(all="ignore"):
        if right == 0 or said == 0 or 0.1 < said / right < 10:
            return f"too {how}."
    unit = f" They must be {answer.unit}." if answer.unit else ""
    return f"too {how}, by more than a factor of ten. Are the units right?{unit}"
