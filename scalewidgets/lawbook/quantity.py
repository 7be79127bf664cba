"""Quantities as people write them: "70B", "1.4T tokens", "1e24 FLOP", "$2M", "30 days".

The exponent is added in decimal before anything becomes binary, so ``parse_quantity("1.4T")`` is
exactly ``1.4e12`` and what :func:`format_quantity` writes is read back without loss.

Parameters, tokens and FLOPs are understood everywhere, here and in the browser. Money, time,
GPU-hours and memory are understood only where one of them is asked for, so that no slider of
parameters takes dollars.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal, InvalidOperation
from numbers import Real

SUFFIXES = {"K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}
FLOP_UNITS = {
    "FLOP": 1,
    "GFLOP": 10**9,
    "TFLOP": 10**12,
    "PFLOP": 10**15,
    "EFLOP": 10**18,
    "ZFLOP": 10**21,
    "PFLOP-days": 10**15 * 86_400,
}

_TIME = {
    **dict.fromkeys(("s", "sec", "second"), 1),
    **dict.fromkeys(("min", "minute"), 60),
    **dict.fromkeys(("h", "hr", "hour"), 3_600),
    **dict.fromkeys(("d", "day"), 86_400),
    "week": 7 * 86_400,
    "year": 365 * 86_400,
}
_CHIPS = ("gpu", "tpu", "chip", "accelerator")
# What is understood only where it is asked for: kind -> unit word -> its worth in the kind's unit.
_MEASURES = {
    "dollars": dict.fromkeys(("dollar", "usd"), 1),
    "seconds": _TIME,
    "GPU-hours": {
        f"{chip} {word}": factor // 3_600
        for chip in _CHIPS
        for word, factor in _TIME.items()
        if factor >= 3_600
    },
    "bytes": {
        **dict.fromkeys(("b", "byte"), 1),
        **{f"{letter}b": 1000**power for power, letter in enumerate("kmgtp", start=1)},
        **{f"{letter}ib": 1024**power for power, letter in enumerate("kmgtp", start=1)},
    },
}
_MEANING = {
    "": "a number of parameters, tokens or FLOPs",
    "params": "a number of parameters",
    "tokens": "a number of tokens",
    "FLOP": "a number of FLOPs",
    "dollars": "an amount of money",
    "seconds": "a time",
    "GPU-hours": "chip time",
    "bytes": "an amount of memory",
}
# a suffix alone would be ambiguous for the others: "80B" of memory, "2M" of time
_TAKES_SUFFIX = ("", "params", "tokens", "FLOP", "dollars", "GPU-hours")

_COUNT_WORDS = {"param": "params", "parameter": "params", "token": "tokens"}
_FOLDED_FLOP = {name.lower().removesuffix("s"): factor for name, factor in FLOP_UNITS.items()}
_PFLOP_DAYS = re.compile(r"p(?:etaflops?|flops?|f)(?:/s)?[- ]days?")
_QUANTITY = re.compile(
    r"(?P<money>\$?)\s*"
    r"(?P<number>[-+]?(?:\d{1,3}(?:,\d{3})+|\d+(?:_\d+)*)?(?:\.\d*)?(?:[eE][-+]?\d+)?)"
    r"\s*(?P<unit>[A-Za-z][A-Za-z/ -]*)?",
    re.ASCII,
)
_FORMS = (
    'quantities are written like 7e9, 1_400_000, 1,400,000, "70B", "1.4T tokens", "125M params", '
    f'"1e24 FLOP" or "3640 PFLOP-days" (suffixes {", ".join(SUFFIXES)}; '
    f"units params, tokens, {', '.join(FLOP_UNITS)})"
)
_MEASURE_FORMS = {
    "dollars": 'money is written like 2e6, "$2M" or "1.5M dollars"',
    "seconds": 'times are written like "30 days", "12 h" or "2 weeks"',
    "GPU-hours": 'chip time is written like 512, "512 GPU-hours" or "1.2M GPU-hours"',
    "bytes": 'memory is written like 8e10, "80 GB" or "640 GiB"',
}


class QuantityError(ValueError):
    """A text or number that is not a quantity; the message says which forms are understood."""


def parse_unit(text: str) -> tuple[int, str]:
    """The factor and the kind of a unit such as ``B``, ``B tokens`` or ``PFLOP-days``.

    Parameters
    ----------
    text : str
        A suffix (K, M, B, T), a unit word, or both; upper or lower case.

    Returns
    -------
    factor : int
        What one such unit is worth in parameters, tokens or FLOPs.
    kind : str
        ``"params"``, ``"tokens"``, ``"FLOP"``, or ``""`` when the text has a suffix only.

    Raises
    ------
    QuantityError
        When the unit is not known.
    """
    unit = text.strip()
    for suffix, factor in (("", 1), *SUFFIXES.items()):
        if unit[: len(suffix)].upper() == suffix:
            word = unit[len(suffix) :].strip()
            found = _parse_word(word) if word else (1, "")
            if found is not None:
                return factor * found[0], found[1]
    raise QuantityError(f"{text!r} is not a unit that is known here; {_FORMS}")


def _parse_word(word: str) -> tuple[int, str] | None:
    folded = word.lower()
    if _PFLOP_DAYS.fullmatch(folded):
        folded = "pflop-day"
    folded = folded.removesuffix("s")
    if folded in _COUNT_WORDS:
        return 1, _COUNT_WORDS[folded]
    return (_FOLDED_FLOP[folded], "FLOP") if folded in _FOLDED_FLOP else None


def _parse_measure(text: str, kind: str) -> tuple[int, str] | None:
    """As :func:`parse_unit`, for the unit of a measure of the kind; None for any other unit."""
    unit = text.strip().lower().replace("-", " ")
    for suffix, factor in (("", 1), *SUFFIXES.items()):
        word = unit.removeprefix(suffix.lower()).strip()
        for known in (word, word.removesuffix("s")):
            if unit.startswith(suffix.lower()) and known in _MEASURES[kind]:
                return factor * _MEASURES[kind][known], kind
    return None


def _unit(text: str, wanted: str) -> tuple[int, str]:
    """Factor and kind of any unit, where two are written alike the kind that is wanted."""
    if wanted in _MEASURES and (found := _parse_measure(text, wanted)):
        return found
    try:
        return parse_unit(text)
    except QuantityError:
        for kind in _MEASURES:
            if found := _parse_measure(text, kind):
                return found
        raise


def _read(text: str) -> tuple[Decimal, str]:
    """The digits of a text, exactly, and the unit beside them.

    Raises
    ------
    QuantityError
        When it has another form.
    """
    match = _QUANTITY.fullmatch(text.strip())
    digits = re.sub("[,_]", "", match["number"]) if match else ""
    # Decimal would spend minutes on 1e999999999
    if match is None or len(text) > 80 or abs(int(digits.lower().partition("e")[2] or 0)) > 400:
        raise QuantityError
    unit = match["unit"] or ""
    try:
        return Decimal(digits), f"{unit} dollars" if match["money"] else unit
    except InvalidOperation:
        raise QuantityError from None


def parse_quantity(text: str | float, unit: str | None = None) -> float:
    """The number that a text such as ``"70B"``, ``"1e24 FLOP"`` or ``"$2M"`` stands for.

    Parameters
    ----------
    text : str or number
        A number (returned as a float), or a text: digits with an optional fraction and exponent,
        underscores or thousands commas between digits, then optionally one of the suffixes K, M,
        B, T (thousand to trillion, upper or lower case: ``m`` is a million) and a unit word.
    unit : str, optional
        The unit that is wanted: ``"params"``, ``"tokens"``, ``"FLOP"``, ``"dollars"``,
        ``"seconds"``, ``"hours"``, ``"days"``, ``"GPU-hours"`` or ``"bytes"``. A number without a
        unit is taken to be in it, and a unit of another kind is refused. Left out, the text is a
        number of parameters, tokens or FLOPs.

    Returns
    -------
    float
        In ``unit``. Zero and negative values are returned as they are.

    Raises
    ------
    QuantityError
        When the text is not a quantity, is one of another kind, or the value is not finite.

    Examples
    --------
    >>> parse_quantity("1.4T tokens")
    1400000000000.0
    >>> parse_quantity("1 PFLOP-days")
    8.64e+19
    >>> parse_quantity("36 h", "days"), parse_quantity("$2M", "dollars")
    (1.5, 2000000.0)
    """
    worth, wanted = (1, "") if unit is None else _unit(unit, "")
    forms = _MEASURE_FORMS.get(wanted, _FORMS)
    if not isinstance(text, str):
        try:
            plain = (
                math.nan if isinstance(text, bool) or not isinstance(text, Real) else float(text)
            )
        except OverflowError:  # of a whole number with over 308 digits
            plain = math.inf
        if not math.isfinite(plain):
            raise QuantityError(f"{repr(text)[:80]} is not a quantity; {forms}")
        return plain
    try:
        number, written = _read(text)
        factor, kind = _unit(written, wanted) if written else (worth, wanted)
    except QuantityError:
        raise QuantityError(f"{text[:80]!r} is not a quantity; {forms}") from None
    if kind == "" and wanted in _TAKES_SUFFIX:
        factor, kind = factor * worth, wanted
    if kind != wanted and (wanted or kind in _MEASURES):
        raise QuantityError(f"{text!r} is {_MEANING[kind]}, not {_MEANING[wanted]}; {forms}")
    value = float(number * factor / worth)
    if not math.isfinite(value):
        raise QuantityError(f"{text[:80]!r} is too large for a quantity")
    return value


def named_quantity(name: str, value: str | float, unit: str | None = None) -> float:
    """As :func:`parse_quantity`, with errors that begin with ``name``."""
    try:
        return parse_quantity(value, unit)
    except QuantityError as error:
        raise QuantityError(f"{name}: {error}") from None


def format_quantity(x: float) -> str:
    """A number to three significant digits as people write it: ``70B``, ``1.4T``, ``5.88e23``.

    Parameters
    ----------
    x : float
        In parameters, tokens or FLOPs. Values that are not finite come out as Python writes them.

    Returns
    -------
    str
        With a suffix from a thousand to below 10**15, else in plain or scientific notation;
        :func:`parse_quantity` reads it back.

    Examples
    --------
    >>> format_quantity(70e9), format_quantity(999.9e6), format_quantity(5.88e23)
    ('70B', '1B', '5.88e23')
    """
    if not math.isfinite(x):
        return str(float(x))
    # rounded first, so that 999.9e6 is written as 1B and not as 1000M; + 0.0 makes -0.0 plain
    rounded = float(f"{x:.3g}") + 0.0
    for suffix, factor in reversed(SUFFIXES.items()):
        if factor <= abs(rounded) < 1e15:
            return f"{rounded / factor:.3g}{suffix}"
    mantissa, _, exponent = f"{rounded:.3g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa
