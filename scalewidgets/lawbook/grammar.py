"""The grammar of equations: user text in, a checked tree out. Nothing is ever handed to ``eval``.

A tree is a number, a name, or a tuple ``(operation, *operands)``: immutable, hashable, and already
the JSON that the browser compiles. Length, depth and height are bounded.
"""

from __future__ import annotations

import math
import re
from typing import Any

Tree = float | str | tuple[Any, ...]

MAX_LENGTH = 4000
MAX_DEPTH = 60  # of brackets
MAX_HEIGHT = 100  # of the tree, a term a level: second derivatives are three times as high

FUNCTIONS = {
    **dict.fromkeys(("exp", "log", "log2", "log10", "sqrt", "lgamma", "digamma", "trigamma"), 1),
    **{"min": 2, "max": 2, "where": 3, "sum": 1},
}
COMPARISONS = ("<=", ">=", "<", ">")
_BINDING = {"+": 2, "-": 2, "*": 3, "/": 3, "**": 5}
_UNARY_BINDING = 4

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<op>\*\*|<=|>=|[-+*/<>(),]))"
)


class ExpressionError(ValueError):
    """A text that is not an equation; ``column`` (from 1) says where the trouble starts."""

    def __init__(self, message: str, text: str, column: int) -> None:
        self.column = column
        shown = text if len(text) <= 200 else text[:200] + " ..."
        pointer = f"\n  {shown}\n  {' ' * (column - 1)}^" if column <= 200 else ""
        super().__init__(f"equation, column {column}: {message}{pointer}")


def height(tree: Tree) -> int:
    """How high a tree stands, level by level (a recursion could overflow on what it guards)."""
    level, levels = [tree], 0
    while level:
        level = [child for node in level if isinstance(node, tuple) for child in node[1:]]
        levels += 1
    return levels


class _Parser:
    """Precedence climbing over a bounded list of tokens."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = self._tokenize(text)
        self.at = 0
        self.summing = False

    def fail(self, message: str, column: int | None = None) -> ExpressionError:
        return ExpressionError(message, self.text, column or self.tokens[self.at][2])

    def _tokenize(self, text: str) -> list[tuple[str, str, int]]:
        if len(text) > MAX_LENGTH:
            raise ExpressionError(
                f"{len(text)} characters are too many (at most {MAX_LENGTH})", text, 1
            )
        tokens: list[tuple[str, str, int]] = []
        position, end = 0, len(text.rstrip())
        while position < end:
            match = _TOKEN.match(text, position)
            if match is None:
                column = position + len(text[position:]) - len(text[position:].lstrip()) + 1
                bad = text[column - 1]
                hint = "; write powers with **" if bad == "^" else ""
                hint = "; an equation is the right-hand side only" if bad == "=" else hint
                raise ExpressionError(f"{bad!r} is not part of an equation{hint}", text, column)
            kind = str(match.lastgroup)
            tokens.append((kind, match[kind], match.start(kind) + 1))
            position = match.end()
        return [*tokens, ("end", "", end + 1)]

    def take(self, value: str) -> None:
        kind, found, _ = self.tokens[self.at]
        if kind != "op" or found != value:
            raise self.unexpected(f"{value!r} is missing" + (f" before {found!r}" if found else ""))
        self.at += 1

    def unexpected(self, message: str) -> ExpressionError:
        """An error at the present token; what a comparison is for, where one stands there."""
        if self.tokens[self.at][1] in COMPARISONS:
            message = "a comparison stands only first in where(a < b, ..., ...), and just once"
        return self.fail(message)

    def parse(self) -> Tree:
        if len(self.tokens) == 1:
            raise self.fail("the equation is empty", 1)
        tree = self.expression(0, 0)
        kind, found, _ = self.tokens[self.at]
        if kind != "end":
            expected = "an operator such as * is missing before" if kind != "op" else "unexpected"
            raise self.unexpected(f"{expected} {found!r}")
        if height(tree) > MAX_HEIGHT:
            raise self.fail("too many terms", 1)
        return tree

    def expression(self, binding: int, depth: int) -> Tree:
        if depth > MAX_DEPTH:
            raise self.fail(f"nested more than {MAX_DEPTH} deep")
        left = self.operand(depth)
        while True:
            kind, op, _ = self.tokens[self.at]
            power = _BINDING.get(op, 0) if kind == "op" else 0
            if power <= binding:
                return left
            self.at += 1
            # ** binds to the right and lets a sign follow: 2**-x
            right = self.expression(_UNARY_BINDING if op == "**" else power, depth + 1)
            left = (op, left, right)

    def operand(self, depth: int) -> Tree:
        kind, found, column = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            value = float(found)
            if math.isinf(value):
                raise self.fail(f"the number {found} is too large", column)
            return value
        if kind == "name":
            if self.tokens[self.at][1] == "(":
                return self.call(found, column, depth)
            if found in FUNCTIONS:
                raise self.fail(f"{found} is a function; write {found}(...)", column)
            return found
        if found == "-":
            operand = self.expression(_UNARY_BINDING, depth + 1)
            return -operand if isinstance(operand, float) else ("neg", operand)
        if found == "+":
            return self.expression(_UNARY_BINDING, depth + 1)
        if found == "(":
            tree = self.expression(0, depth + 1)
            self.take(")")
            return tree
        self.at -= 1
        raise self.fail(
            f"a number, a name or '(' is missing before {found!r}"
            if found
            else "the equation ends too early"
        )

    def call(self, name: str, column: int, depth: int) -> Tree:
        if name not in FUNCTIONS:
            known = ", ".join(FUNCTIONS)
            raise self.fail(f"unknown function {name!r}; there are {known}", column)
        self.take("(")
        if name == "sum":
            if self.summing:
                raise self.fail("a sum stands in a sum: there is one list of items only", column)
            self.summing = True
        operands = [self.expression(0, depth + 1)]
        if name == "where":
            operands = [self.comparison(operands[0], depth)]
        while self.tokens[self.at][1] == ",":
            self.at += 1
            operands.append(self.expression(0, depth + 1))
        self.take(")")
        self.summing = self.summing and name != "sum"
        if len(operands) != FUNCTIONS[name]:
            raise self.fail(
                f"{name} takes {FUNCTIONS[name]} operand(s), here it has {len(operands)}", column
            )
        return (name, *operands)

    def comparison(self, left: Tree, depth: int) -> Tree:
        """The rest of ``a < b``. Only here, so that no truth value ever enters arithmetic."""
        sign = self.tokens[self.at][1]
        if sign not in COMPARISONS:
            raise self.fail("where needs a comparison first: where(a < b, then, else)")
        self.at += 1
        return (sign, left, self.expression(0, depth + 1))


def parse(text: str) -> Tree:
    """The tree of an equation's right-hand side.

    Understands numbers, names, ``+ - * / **``, and ``exp, log, log2, log10, sqrt, min, max,
    where(a < b, then, else)``, ``lgamma`` (log of the Gamma function; ``digamma`` and ``trigamma``
    are its derivatives) and ``sum(...)`` over a law's items (learning-rate steps, problems).

    Raises
    ------
    ExpressionError
        With the column where the text stops making sense. Length and depth are bounded.
    """
    return _Parser(text).parse()
