"""Values as the front end writes them; mirrors js/src/format.ts."""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_UP, Context, Decimal

from ..lawbook.quantity import format_quantity

_STYLE = re.compile(r"(?P<plus>\+?)(?:\.(?P<digits>\d\d?))?(?P<trim>~?)(?P<type>[fgr%])")
_MINUS = "\N{MINUS SIGN}"
_UNKNOWN = "\N{EN DASH}"


def format_value(specifier: str, value: float) -> str:
    """A value as it stands on the screen: ``70B``, ``2.1234``, ``−3.1%``.

    Parameters
    ----------
    specifier : str
        ``"quantity"``, or in d3-format's notation ``+`` for a sign before positive values too,
        ``.2`` digits, ``~`` to leave zeros at the end out, and ``f``, ``g``, ``r`` or ``%``.
    value : float
        What is not finite is a dash.

    Raises
    ------
    ValueError
        For another specifier.
    """
    style = _STYLE.fullmatch(specifier)
    if style is None and specifier != "quantity":
        raise ValueError(
            f'unknown format {specifier!r}; write "quantity", or ".2f", "+.3~g", ".1%"'
        )
    if not math.isfinite(value):
        return _UNKNOWN
    if style is None:
        return format_quantity(value)
    digits = int(style["digits"] or 6)
    text = _written(style["type"], abs(value), digits)
    if style["trim"]:
        text = re.sub(r"\.(\d*[1-9])?0*(?=e|$)", lambda m: f".{m[1]}" if m[1] else "", text)
    negative = math.copysign(1.0, value) < 0
    # what rounds to zero has a sign only where every value has one
    signed = negative and (style["plus"] or float(text) != 0.0)
    sign = _MINUS if signed else style["plus"]
    return f"{sign}{text}{'%' * (style['type'] == '%')}"


def _written(kind: str, size: float, digits: int) -> str:
    """The digits of a positive number. Halves are rounded up, as JavaScript does."""
    if kind in "f%":
        exact = Decimal(size * 100.0 if kind == "%" else size)
        return f"{exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, _WIDE):f}"
    digits = digits or 1
    if size == 0.0:
        return "0" if kind == "r" or digits == 1 else f"0.{'0' * (digits - 1)}"
    rounded = Context(prec=digits, rounding=ROUND_HALF_UP).create_decimal(Decimal(size))
    exponent = rounded.adjusted()
    if kind == "r" or -7 < exponent < digits:
        return (
            f"{rounded.quantize(Decimal(1).scaleb(min(0, exponent - digits + 1)), context=_WIDE):f}"
        )
    mantissa = rounded.scaleb(-exponent).quantize(Decimal(1).scaleb(1 - digits))
    return f"{mantissa:f}e{exponent:+d}"


_WIDE = Context(prec=400)  # digits of the largest float, and what stands behind its point
