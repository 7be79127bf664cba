"""Over which range a variable or a constant is worth dragging, and where to begin."""

from __future__ import annotations

import math
from dataclasses import dataclass

from . import expression as ex
from .grammar import ExpressionError
from .law import Law
from .theory import Theory


@dataclass(frozen=True)
class Range:
    """``low`` to ``high`` on a logarithmic or linear track, beginning at ``start``."""

    low: float
    high: float
    log: bool
    start: float


# Where a paper gives no range: by the name, or by its first letter.
_USUAL = {
    "N": Range(1e6, 1e13, True, 7e9),
    "D": Range(1e8, 1e15, True, 1.5e11),
    "U": Range(1e8, 1e15, True, 5e10),
    "T": Range(1e8, 1e15, True, 1.5e11),
    "C": Range(1e16, 1e28, True, 6.3e21),
    "P": Range(2.0, 16.0, False, 6.0),
    "S": Range(1e2, 1e7, True, 1e5),
    "k": Range(1.0, 1e4, True, 10.0),
    "n": Range(1.0, 1e9, True, 1e4),
    "t": Range(1.0, 1e6, True, 1e3),
    "L": Range(1.5, 6.0, False, 2.5),
}
_ANY = Range(0.01, 100.0, True, 1.0)
_FROM_ZERO = Range(0.0, 10.0, False, 0.0)
_DECADES = 10.0  # from this ratio on a range is dragged on a logarithmic track


def of_variable(law: Law | Theory, name: str) -> Range:
    """The range of a variable: the one that the catalogue calls typical, else what the paper's runs
    covered and some way beyond, else what is usual for a variable of that name."""
    if name in law.typical:
        low, start, high = law.typical[name]
        return Range(low, high, low > 0 and high / low >= _DECADES, start)
    default = _default(law, name)
    if name in law.valid:
        low, high = law.valid[name]
        found = _around(low, high, default)
        usual = _USUAL.get(name)
        if default is None and usual is not None and low <= usual.start <= high:
            found = Range(found.low, found.high, found.log, usual.start)
        return found
    if isinstance(law, Law) and law.mixture and name in law.vectors[law.mixture]:
        return Range(0.0, 1.0, False, 1.0 / len(law.vectors[law.mixture]))
    usual = _USUAL.get(name) or (_USUAL.get(name[0]) if "_" in name else None) or _ANY
    if default is None:
        return usual
    if usual.low <= default <= usual.high:
        return Range(usual.low, usual.high, usual.log, default)
    return Range(default / 100.0, default * 100.0, True, default) if default > 0 else _FROM_ZERO


def _default(law: Law | Theory, name: str) -> float | None:
    given = law.defaults.get(name)
    if given is None or isinstance(given, float | int):
        return given
    try:
        tree = ex.parse(given)
    except ExpressionError:
        return None
    return None if ex.symbols(tree) else float(ex.Program([tree])({})[0])


def _around(low: float, high: float, default: float | None) -> Range:
    if low > 0 and high / low >= _DECADES:
        middle = float(f"{math.sqrt(low * high):.2g}")
        return Range(low / 10.0, high * 1000.0, True, default or middle)
    room = 0.25 * (high - low)
    bottom = low if 0.0 <= low < room else low - room  # 0 is most often an end by nature, so is 1
    top = high if high == 1.0 else high + room
    return Range(bottom, top, False, 0.5 * (low + high) if default is None else default)


def of_constant(value: float) -> Range:
    """The range of a constant: exponents are small numbers, amplitudes span decades."""
    size = abs(value)
    if value > 0 and not 0.01 <= size < 1.2:
        return Range(size / 100.0, size * 100.0, True, value)
    if value == 0.0:
        return Range(-1.0, 1.0, False, 0.0)
    most = 1.2 if size < 1.2 else 3.0 * size
    return Range(0.001, most, False, value) if value > 0 else Range(-most, 0.0, False, value)


def placeholders(law: Law) -> dict[str, float]:
    """Values with which a law without published constants can be drawn and dragged: those that the
    catalogue gives; else exponents are small, what is divided by a variable is of its size, all
    else is 1."""
    found = {name: 1.0 for name, value in law.values.items() if math.isnan(value)}

    def visit(tree: ex.Tree, inside_exponent: bool) -> None:
        if isinstance(tree, str) and tree in found and inside_exponent:
            found[tree] = 0.3
        if not isinstance(tree, tuple):
            return
        if tree[0] == "/":
            for one, other in (tree[1:], tree[:0:-1]):
                if one in found and other in law.variables and other not in law.items:
                    found[str(one)] = of_variable(law, str(other)).start
        for position, operand in enumerate(tree[1:]):
            visit(operand, inside_exponent or (tree[0] == "**" and position == 1))

    visit(law.tree, False)
    return {name: law.placeholders.get(name, value) for name, value in found.items()}
