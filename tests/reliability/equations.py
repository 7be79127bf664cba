"""Random texts for the equation parser: from its grammar, from that with mistakes, and bytes."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from scalewidgets.lawbook import expression as ex
from scalewidgets.lawbook import forms
from scalewidgets.lawbook.grammar import FUNCTIONS, MAX_HEIGHT, MAX_LENGTH, ExpressionError, Tree

NAMES = ("N", "D", "E", "A", "alpha", "x_1", "_", "e5", "__class__", "__import__", "eval", "é", "π")
NUMBERS = ("0", "1", "2.", ".5", "1e9", "1.5E-3", "1e999", "00", "1_000", "0x10", "1e", "9" * 400)
PIECES = (
    *(*FUNCTIONS, *NAMES, *NUMBERS, "+", "-", "*", "/", "**", "<", "<=", ">", ">=", "==", "="),
    *("(", ")", ",", " ", "\n", "\t", "\0", "^", ";", ":", "[", "]", "{", "}", "'", '"', "\\", "#"),
    *(".", "@", "%", "&", "|", "~", "!", "?", "$", "`", "lambda x:", "import os", "\u202e", "３"),
    *("\ud800", "\U0001f600", "<script>", "a.b", "**=", "//", "->", ":=", "--", "++", "\u00a0"),
)
KNOWN = {"+": 2, "-": 2, "*": 2, "/": 2, "**": 2, "neg": 1, **FUNCTIONS}
COMPARISONS = ("<", "<=", ">", ">=")
LIMIT = 0.05  # seconds that a text may take
_POINTS = np.array([-1e9, 0.0, 1.5, 1e300, np.inf, np.nan])


def texts(seed: int) -> Iterator[str]:
    """Without end: a third well formed, a third of these with mistakes, a third of mere pieces."""
    rng = random.Random(seed)
    while True:
        good = _equation(rng, rng.randrange(1, 12))
        yield good
        yield _spoilt(rng, good)
        yield _anything(rng)


def _equation(rng: random.Random, budget: int) -> str:
    """A text of the grammar, with about ``budget`` operations."""
    if budget <= 0:
        return rng.choice((*NAMES[:8], *NUMBERS[:6]))
    left = rng.randrange(budget)
    kind = rng.randrange(10)
    if kind < 6:
        sign = rng.choice(("+", "-", "*", "/", "**"))
        space = rng.choice(("", " "))
        a, b = _equation(rng, left), _equation(rng, budget - 1 - left)
        return f"{a}{space}{sign}{space}{b}" if rng.random() < 0.6 else f"({a}){sign}({b})"
    if kind == 6:
        return f"-{_equation(rng, budget - 1)}"
    if kind == 7:
        parts = [_equation(rng, budget // 4) for _ in range(4)]
        return f"where({parts[0]} {rng.choice(COMPARISONS)} {parts[1]}, {parts[2]}, {parts[3]})"
    name = rng.choice([n for n in FUNCTIONS if n != "where"])
    operands = [_equation(rng, (budget - 1) // FUNCTIONS[name]) for _ in range(FUNCTIONS[name])]
    return f"{name}({', '.join(operands)})"


def _spoilt(rng: random.Random, text: str) -> str:
    """A few characters cut, doubled, replaced or put in; now and then a part many times over."""
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(text) + 1)
        end = min(len(text), at + rng.randrange(1, 6))
        new = rng.choice(("", text[at:end] * 2, rng.choice(PIECES), rng.choice("()+-*/,<>")))
        text = text[:at] + new + text[end:]
        if rng.random() < 0.02:
            text = text[at:end] * rng.choice((30, 300, 3000)) + text
    return text


def _anything(rng: random.Random) -> str:
    length = rng.choice((0, 1, 3, 10, 40, 40, 200, 1000) if rng.random() < 0.05 else (1, 3, 10, 30))
    if rng.random() < 0.5:
        return "".join(rng.choice(PIECES) for _ in range(length))
    raw = rng.randbytes(length)
    return raw.decode(rng.choice(("latin-1", "utf-8", "utf-16-le")), "replace")


# --- what must hold -------------------------------------------------------------------------


def judged(text: str) -> Tree | None:
    """The tree of a text, or None where it is refused as it should be.

    Raises
    ------
    AssertionError
        Anything else: an unknown operation, a tree beyond its bounds, a column outside of the text.
    """
    try:
        tree = ex.parse(text)
    except ExpressionError as error:
        column, message = error.column, str(error)
        tree = None
    if tree is None:
        assert 1 <= column <= len(text) + 1
        assert len(message) <= len(text) + 800
        return None
    assert _nodes(tree) <= MAX_LENGTH
    _check(tree, MAX_HEIGHT)
    return tree


def timed(text: str) -> tuple[Tree | None, float]:
    """As :func:`judged`, and the seconds of the processor that it took.

    Raises
    ------
    AssertionError
        As :func:`judged`; also for a text that takes too long twice: once may be the collector's
        doing.
    """
    for _ in range(2):
        begun = time.process_time()
        tree = judged(text)
        taken = time.process_time() - begun
        if taken < LIMIT:
            return tree, taken
    raise AssertionError(f"{1e3 * taken:.0f} ms for {text[:200]!r}")


def _nodes(tree: Tree) -> int:
    return 1 + sum(map(_nodes, tree[1:])) if isinstance(tree, tuple) else 1


def _check(tree: Any, height: int, condition: bool = False) -> None:
    assert height > 0
    if isinstance(tree, tuple):
        op, *operands = tree
        assert condition == (op in COMPARISONS)
        assert condition or len(operands) == KNOWN[op]
        for i, operand in enumerate(operands):
            _check(operand, height - 1, condition=op == "where" and i == 0)
    else:
        assert not condition
        assert isinstance(tree, float) or str.isidentifier(tree)


def used(tree: Tree) -> None:
    """All that is made of a tree: values, slopes and bends, LaTeX and Vega text.

    The third derivative of lgamma is refused by its name, as no law has it.
    """
    names = ex.symbols(tree)
    try:
        slopes = [ex.derivative(tree, name) for name in names[:2]]
        bends = [ex.derivative(slope, name) for slope in slopes for name in names[:2]]
    except ValueError as error:
        if "third derivative of lgamma" not in str(error):
            raise
        slopes, bends = [], []
    for part in ex.Program([tree, *slopes, *bends])(dict.fromkeys(names, _POINTS)):
        assert np.shape(part) in ((), (1,), _POINTS.shape)
    assert forms.to_latex(tree).count("{") == forms.to_latex(tree).count("}")
    assert forms.to_vega(tree, {name: f"x_{i}" for i, name in enumerate(names)}, {"i": [1.0]})


# --- nothing is evaluated -------------------------------------------------------------------

FORBIDDEN = ("compile", "exec", "import", "open", "os.", "subprocess.", "socket.", "ctypes.")


class _Watch:
    """The interpreter's own audit of what is compiled, executed, imported, opened or started."""

    def __init__(self) -> None:
        self.seen: list[str] | None = None
        self.installed = False

    def __call__(self, event: str, args: Any) -> None:
        if self.seen is not None and event.startswith(FORBIDDEN):
            self.seen.append(event)


_WATCH = _Watch()


@contextmanager
def nothing_evaluated() -> Iterator[None]:
    """Fails where the code inside compiles, executes, imports, opens or starts anything."""
    if not _WATCH.installed:  # a hook cannot be taken away again, only told to look elsewhere
        sys.addaudithook(_WATCH)
        _WATCH.installed = True
    _WATCH.seen = []
    try:
        yield
        assert not _WATCH.seen, f"reading an equation caused {sorted(set(_WATCH.seen))}"
    finally:
        _WATCH.seen = None
