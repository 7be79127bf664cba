"""Every law of the catalogue in its other forms: Vega's value and the LaTeX's value are NumPy's."""

import math
import re
from typing import Any

import numpy as np
import pytest

from scalewidgets.lawbook import Law, catalogue, forms, ranges
from scalewidgets.lawbook import expression as ex
from scalewidgets.lawbook.expression import Program, Tree, parse

CLOSED = [id for id in catalogue.laws()["id"] if isinstance(catalogue.law(id), Law)]
MOST_ITEMS = 100  # more than that a chart refuses to write out


def at_start(id: str) -> tuple[Law, dict[str, float]]:
    """A law and the point where its lab begins."""
    law = catalogue.closed_form(id)
    law = law.with_constants(**ranges.placeholders(law))
    starts = {n: ranges.of_variable(law, n).start for n in law.variables if n not in law.items}
    return law, starts


@pytest.mark.slow
@pytest.mark.parametrize("id", CLOSED)
def test_a_law_has_a_value_and_slopes_where_its_lab_begins(id: str) -> None:
    law, starts = at_start(id)
    assert np.isfinite(law.predict(**starts))
    assert all(np.isfinite(slope) for slope in law.partials(**starts).values())


@pytest.mark.slow
def test_vega_computes_every_law() -> None:
    """By Vega itself, in one run."""
    vl_convert = pytest.importorskip("vl_convert", reason="Vega runs in vl-convert-python")
    texts, expected = [], []
    for id in CLOSED:
        law, starts = at_start(id)
        if law.item_count > MOST_ITEMS:
            continue
        numbers = {**starts, **law.values}
        texts.append(law.vega({name: f"({value!r})" for name, value in numbers.items()}))
        expected.append(float(law.predict(**starts)))
    marks = [
        {"type": "text", "encode": {"update": {"text": {"signal": f"'value ' + ({text})"}}}}
        for text in texts
    ]
    svg = vl_convert.vega_to_svg({"$schema": "https://vega.github.io/schema/vega/v5.json",
                                  "marks": marks})  # fmt: skip
    got = [float(v) for v in re.findall(r">value ([^<]+)<", svg)]
    np.testing.assert_allclose(got, expected, rtol=1e-9)


# --- LaTeX, read back -------------------------------------------------------------------------

EULER = "\\euler"
_TOKEN = re.compile(
    r"\\left\(|\\right\)|\\begin\{cases\}|\\end\{cases\}|\\\\|\\[a-zA-Z]+(?:_\{?\w+\}?)?|\\,"
    r"|[0-9.]+|[A-Za-z]|[{}^_&+*<>,=-]"
)


class Reader:
    """The LaTeX of ``forms.to_latex`` as a tree again; names are read as they were written."""

    def __init__(self, text: str, names: dict[str, str]) -> None:
        text = text.replace("\\mathrm{e}", EULER)
        # names first, longest first: \alpha_{N} is one symbol
        self.names = {f"@{i}": name for i, name in enumerate(names.values())}
        for i, latex in sorted(enumerate(names), key=lambda pair: -len(pair[1])):
            text = re.sub(rf"(?<![a-zA-Z\\]){re.escape(latex)}(?![a-zA-Z_])", f" @{i} ", text)
        self.tokens = [*re.findall(rf"@\d+|{_TOKEN.pattern}", text), "end"]
        self.at = 0

    def take(self, *wanted: str) -> str:
        token = self.tokens[self.at]
        assert not wanted or token in wanted, (token, wanted, self.tokens[self.at - 5 :][:12])
        self.at += 1
        return token

    def peek(self) -> str:
        return self.tokens[self.at]

    def group(self) -> Tree:
        self.take("{")
        tree = self.sum()
        self.take("}")
        return tree

    def sum(self) -> Tree:
        if self.peek() == "-":
            self.take()
            tree: Tree = ("neg", self.product())
        else:
            tree = self.product()
        while self.peek() in ("+", "-"):
            tree = (self.take(), tree, self.product())
        return tree

    def product(self) -> Tree:
        tree = self.power()
        while self.peek() in ("\\,", "\\cdot", "\\times") or self.starts_operand():
            if not self.starts_operand():
                self.take()
            tree = ("*", tree, self.power())
        return tree

    def starts_operand(self) -> bool:
        token = self.peek()
        stop = ("\\right)", "\\end{cases}", "\\\\", "\\,", "\\cdot", "\\times", "\\le", "\\ge")
        return token[0] in "@\\0123456789" and token not in (*stop, "end")

    def power(self) -> Tree:
        base = self.operand()
        if self.peek() == "^":
            self.take()
            exponent = self.group()
            return ("exp", exponent) if base == EULER else ("**", base, exponent)
        return base

    def operand(self) -> Tree:
        token = self.take()
        if token[0] == "@":
            return self.names[token]
        if token[0].isdigit():
            return float(token)
        if token == EULER:
            return EULER
        if token == "\\frac":
            return ("/", self.group(), self.group())
        if token == "\\sqrt":
            return ("sqrt", self.group())
        if token == "\\left(":
            tree = self.sum()
            self.take("\\right)")
            return tree
        if token.startswith("\\sum"):
            while token == "\\sum" and self.take() != "}":  # an item that is called i itself
                pass
            return ("sum", self.product())
        if token == "\\begin{cases}":
            return self.cases()
        return self.function(token)

    def function(self, token: str) -> Tree:
        called = {"\\ln": "log", "\\log_2": "log2", "\\log_{10}": "log10", "\\min": "min",
                  "\\max": "max", "\\psi": "digamma"}[token]  # fmt: skip
        if token == "\\ln" and self.peek() == "\\Gamma":
            self.take()
            called = "lgamma"
        self.take("\\left(")
        operands = [self.sum()]
        while self.peek() == ",":
            self.take()
            operands.append(self.sum())
        self.take("\\right)")
        return (called, *operands)

    def cases(self) -> Tree:
        yes = self.sum()
        self.take("&")
        left = self.sum()
        sign = {"\\le": "<=", "\\ge": ">=", "<": "<", ">": ">"}[self.take()]
        right = self.sum()
        self.take("\\\\")
        no = self.sum()
        while self.take() != "\\end{cases}":
            pass
        return ("where", (sign, left, right), yes, no)


def names_in_latex(trees: list[Tree]) -> dict[str, str]:
    names = dict.fromkeys(name for tree in trees for name in ex.symbols(tree))
    return {forms.latex_name(name): name for name in names}


@pytest.mark.slow
@pytest.mark.parametrize("id", CLOSED)
def test_latex_says_what_the_law_computes(id: str) -> None:
    law, starts = at_start(id)
    trees = [parse(law.equation), *map(parse, law.definitions.values())]
    names = names_in_latex(trees)
    assert len(names) == len({n for tree in trees for n in ex.symbols(tree)}), "two look alike"
    back = [Reader(forms.to_latex(tree), names).sum() for tree in trees]
    whole = back[0]
    parts = dict(zip(law.definitions, back[1:], strict=True))
    for _ in parts:
        whole = ex.substitute(whole, parts)
    values: dict[str, Any] = {k: np.array([v]) for k, v in {**starts, **law.values}.items()}
    got = Program([whole])({**values, **law.default_items})[0]
    assert math.isclose(float(np.squeeze(got)), float(law.predict(**starts)), rel_tol=1e-7)
