"""Quantities as people write them: "70B", "1.4T tokens", "1e24 FLOP", "3640 PFLOP-days".

The exponent is added in decimal before anything becomes binary, so ``parse_quantity("1.4T")`` is
exactly ``1.4e12`` and what :func:`format_quantity` writes is read back without loss.
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

_COUNT_WORDS = {"param": "params", "parameter": "params", "token": "tokens"}
_FOLDED_FLOP = {name.lower().removesuffix("s"): factor for name, factor in FLOP_UNITS.items()}
_PFLOP_DAYS = re.compile(r"p(?:etaflops?|flops?|f)(?:/s)?[- ]days?")
_QUANTITY = re.compile(
    r"(?P<number>[-+]?(?:\d{1,3}(?:,\d{3})+|\d+(?:_\d+)*)?(?:\.\d*)?(?:[eE][-+]?\d+)?)"
    r"\s*(?P<unit>[A-Za-z][A-Za-z/ -]*)?",
    re.ASCII,
)
_FORMS = (
    'quantities are written like 7e9, 1_400_000, 1,400,000, "70B", "1.4T tokens", "125M params", '
    f'"1e24 FLOP" or "3640 PFLOP-days" (suffixes {", ".join(SUFFIXES)}; '
    f"units params, tokens, {', '.join(FLOP_UNITS)})"
)


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


def parse_quantity(text: str | float) -> float:
    """The number that a text such as ``"70B"`` or ``"1e24 FLOP"`` stands for.

    Parameters
    ----------
    text : str or number
        A number (returned as a float), or a text: digits with an optional fraction and exponent,
        underscores or thousands commas between digits, then optionally one of the suffixes K, M,
        B, T (thousand to trillion, upper or lower case: ``m`` is a million) and a unit word.

    Returns
    -------
    float
        In parameters, tokens or FLOPs. Zero and negative values are returned as they are.

    Raises
    ------
    QuantityError
        When the text is not a quantity, or the value is not finite.

    Examples
    --------
    >>> parse_quantity("1.4T tokens")
    1400000000000.0
    >>> parse_quantity("1 PFLOP-days")
    8.64e+19
    """
    if not isinstance(text, str):
        if isinstance(text, bool) or not isinstance(text, Real) or not math.isfinite(text):
            raise QuantityError(f"{text!r} is not a quantity; {_FORMS}")
        return float(text)
    match = _QUANTITY.fullmatch(text.strip())
    digits = re.sub("[,_]", "", match["number"]) if match else ""
    try:
        # Decimal would spend minutes on 1e999999999
        if match is None or len(text) > 80 or abs(int(digits.lower().partition("e")[2] or 0)) > 400:
            raise QuantityError
        value = float(Decimal(digits) * (parse_unit(match["unit"])[0] if match["unit"] else 1))
    except (InvalidOperation, QuantityError):
        raise QuantityError(f"{text[:80]!r} is not a quantity; {_FORMS}") from None
    if not math.isfinite(value):
        raise QuantityError(f"{text[:80]!r} is too large for a quantity")
    return value


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
