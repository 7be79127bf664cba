"""The expression engine: parsing, evaluation, derivatives."""

import math
import re
from functools import reduce
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from scalewidgets.lawbook import Law, catalogue, forms, ranges
from scalewidgets.lawbook import expression as ex
from scalewidgets.lawbook.expression import Program, Tree, derivative, parse
from scalewidgets.lawbook.grammar import COMPARISONS, ExpressionError

# --- text to tree ---------------------------------------------------------------------------

PRECEDENCE = [
    ("1 + 2*x", ("+", 1.0, ("*", 2.0, "x"))),
    ("a - b - c", ("-", ("-", "a", "b"), "c")),
    ("a / b / c", ("/", ("/", "a", "b"), "c")),
    ("a ** b ** c", ("**", "a", ("**", "b", "c"))),
    ("-x**2", ("neg", ("**", "x", 2.0))),
    ("-x*y", ("*", ("neg", "x"), "y")),
    ("2**-x", ("**", 2.0, ("neg", "x"))),
    ("2**-x**2", ("**", 2.0, ("neg", ("**", "x", 2.0)))),
    ("(-2)**2", ("**", -2.0, 2.0)),
    ("-2**2", ("neg", ("**", 2.0, 2.0))),
    ("+x - +y", ("-", "x", "y")),
    ("1.5e-3*x", ("*", 0.0015, "x")),
    (".5 + 1. + 2E+3", ("+", ("+", 0.5, 1.0), 2000.0)),
    ("where(a + 1 <= b*2, a, b)", ("where", ("<=", ("+", "a", 1.0), ("*", "b", 2.0)), "a", "b")),
    ("  min( N ,U_D )\n", ("min", "N", "U_D")),
    ("((((x))))", "x"),
]


@pytest.mark.parametrize(("text", "tree"), PRECEDENCE, ids=[p[0].strip() for p in PRECEDENCE])
def test_precedence(text: str, tree: Tree) -> None:
    assert parse(text) == tree


MISTAKES = [
    ("", 1, "empty"),
    ("   ", 1, "empty"),
    ("E + A/N^alpha", 8, "write powers with **"),
    ("L = E + A", 3, "right-hand side only"),
    ("2x", 2, "an operator such as * is missing before 'x'"),
    ("E + A N", 7, "an operator such as * is missing before 'N'"),
    ("E + ", 4, "ends too early"),
    ("E + * A", 5, "missing before '*'"),
    ("(E + A", 7, "')' is missing"),
    ("E + A)", 6, "unexpected ')'"),
    ("foo(x)", 1, "unknown function 'foo'"),
    ("1 + log", 5, "log is a function"),
    ("log()", 5, "missing before ')'"),
    ("1 + log(x, y)", 5, "log takes 1"),
    ("min(x)", 1, "min takes 2"),
    ("min(x, )", 8, "missing before ')'"),
    ("x + 1e999", 5, "too large"),
    ("x # y", 3, "'#'"),
    ("x; y", 2, "';'"),
    ("x.real", 2, "'.'"),
    ('"x"', 1, "'\"'"),
    ("x + ３", 5, "'３'"),
    ("a < b", 3, "only first in where"),
    ("min(a < b, 1)", 7, "only first in where"),
    ("where(a < b < c, 1, 2)", 13, "just once"),
    ("where(a, b, c)", 8, "needs a comparison"),
    ("where(a < b, 1)", 1, "where takes 3"),
    ("[x for x in y]", 1, "'['"),
    ("x" * 4001, 1, "4001 characters"),
    ("(" * 61 + "x" + ")" * 61, 62, "nested more than 60"),
    ("+".join("x" * 101), 1, "too many terms"),
]


@pytest.mark.parametrize(("text", "column", "message"), MISTAKES, ids=[m[0][:20] for m in MISTAKES])
def test_a_mistake_is_pointed_at(text: str, column: int, message: str) -> None:
    with pytest.raises(ExpressionError, match=re.escape(message)) as caught:
        parse(text)
    assert caught.value.column == column
    shown, pointer = str(caught.value).split("\n  ")[-2:]
    assert shown == text or shown == text[:200] + " ..."
    assert pointer == " " * (column - 1) + "^"


numbers = st.one_of(
    st.integers(0, 10**9).map(float),
    st.floats(-1e300, 1e300, allow_nan=False),
)
names = st.sampled_from(["N", "D", "E", "alpha", "x_1", "_", "e5", "minimum"])
binary = st.sampled_from(["+", "-", "*", "/", "**", "min", "max"])
unary = st.sampled_from(["exp", "log", "log2", "log10", "sqrt", "neg"])


def grow(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    not_number = inner.filter(lambda tree: not isinstance(tree, float))
    return st.one_of(
        st.tuples(binary, inner, inner),
        st.tuples(unary, not_number),  # the parser makes one number of "-2"
        st.tuples(
            st.just("where"), st.tuples(st.sampled_from(COMPARISONS), inner, inner), inner, inner
        ),
    )


trees: st.SearchStrategy[Tree] = st.recursive(names | numbers, grow, max_leaves=15)

BINDING = {"+": 2, "-": 2, "*": 3, "/": 3, "neg": 4, "**": 5}


def render(tree: Tree, binding: int = 0, brackets: bool = False) -> str:
    """The text of a tree, with brackets everywhere or only where precedence asks for them."""
    if isinstance(tree, str):
        return tree
    if isinstance(tree, float):
        text, own = repr(tree), 4 if math.copysign(1.0, tree) < 0 else 9
    elif tree[0] in ("+", "-", "*", "/"):
        own = BINDING[tree[0]]
        left, right = render(tree[1], own, brackets), render(tree[2], own + 1, brackets)
        text = f"{left} {tree[0]} {right}"
    elif tree[0] == "**":
        own = 5
        text = f"{render(tree[1], 6, brackets)}**{render(tree[2], 4, brackets)}"
    elif tree[0] == "neg":
        text, own = "-" + render(tree[1], 4, brackets), 4
    else:
        inside = [
            f"{render(t[1], 2)} {t[0]} {render(t[2], 2)}"
            if isinstance(t, tuple) and t[0] in COMPARISONS
            else render(t, 0, brackets)
            for t in tree[1:]
        ]
        text, own = f"{tree[0]}({', '.join(inside)})", 9
    return f"({text})" if own < binding or (brackets and own < 9) else text


@settings(deadline=None)
@given(trees, st.booleans())
def test_what_is_written_is_read_back(tree: Tree, brackets: bool) -> None:
    assert parse(render(tree, brackets=brackets)) == tree


fragments = st.lists(
    st.sampled_from(
        "x N 2 1.5 1e5 . + - * / ** ^ ( ) , < <= == min( where( log exp( = \n % é".split(" ")
    ),
    max_size=60,
).map("".join)


@settings(deadline=None)
@given(st.one_of(st.text(max_size=300), fragments))
def test_any_text_is_a_tree_or_a_plain_refusal(text: str) -> None:
    try:
        tree = parse(text)
    except ExpressionError as error:
        column = error.column
    else:
        column = 1
        Program([tree, *(derivative(tree, name) for name in ex.symbols(tree))])
    assert 1 <= column <= len(text) + 1


HOSTILE = [
    *(opening * 4000 for opening in "(-+9"),
    "min(" * 1000,
    "x**" * 1300 + "x",
    "+".join("x" * 2000),
    "where(x<1,1," * 300 + "x" + ")" * 300,
]


@pytest.mark.parametrize("text", HOSTILE, ids=[t[:12] + str(len(t)) for t in HOSTILE])
def test_texts_that_would_exhaust_a_parser(text: str) -> None:
    with pytest.raises(ExpressionError, match=r"nested more than 60|too many terms|too large"):
        parse(text)


LARGEST = ["+".join("x" * 100), "*".join("x" * 100), "/".join("x" * 100), "-" * 60 + "x"]


@pytest.mark.parametrize("text", LARGEST, ids=["sum", "product", "quotient", "signs"])
def test_the_largest_equations_go_all_the_way(text: str) -> None:
    tree = parse(text)
    first = derivative(tree, "x")
    derivative(first, "x")
    forms.to_latex(first)
    forms.to_vega(first, {"x": "x"})
    value, slope = Program([tree, first])({"x": np.float64(1.0)})
    assert value == {"+": 100.0, "*": 1.0, "/": 1.0, "-": 1.0}[text.strip("x")[0]]
    assert slope == {"+": 100.0, "*": 100.0, "/": -98.0, "-": 1.0}[text.strip("x")[0]]


# --- looking at trees -----------------------------------------------------------------------


def test_symbols_come_in_order_of_appearance() -> None:
    assert ex.symbols(parse("b + a*b - min(c, a)")) == ["b", "a", "c"]


def test_substitution_is_simultaneous() -> None:
    assert ex.substitute(parse("x + y*x"), {"x": "y", "y": 2.0}) == parse("y + 2*y")


# --- values ---------------------------------------------------------------------------------

NAIVE: dict[str, Any] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": np.power,  # a**b of two scalars may differ in the last bit
    "neg": lambda a: -a,
    "exp": np.exp,
    "log": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "sqrt": np.sqrt,
    "min": lambda a, b: a if a <= b or np.isnan(a) else b,
    "max": lambda a, b: a if a >= b or np.isnan(a) else b,
    "where": lambda c, a, b: a if c else b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def naive(tree: Tree, values: dict[str, np.float64]) -> Any:
    if isinstance(tree, float):
        return np.float64(tree)
    if isinstance(tree, str):
        return values[tree]
    return NAIVE[tree[0]](*(naive(operand, values) for operand in tree[1:]))


@settings(deadline=None)
@given(st.lists(trees, min_size=1, max_size=4), st.integers(0, 2**32 - 1))
def test_a_program_equals_plain_recursion(some: list[Tree], seed: int) -> None:
    known = sorted({name for tree in some for name in ex.symbols(tree)})
    rng = np.random.default_rng(seed)
    values = {
        name: np.float64(v) for name, v in zip(known, rng.normal(0, 3, len(known)), strict=True)
    }
    with np.errstate(all="ignore"):
        expected = [naive(tree, values) for tree in some]
    np.testing.assert_array_equal(Program(some)(values), expected)


def test_a_program_broadcasts() -> None:
    (result,) = Program([parse("where(x < y, x*y, y)")])(
        {"x": np.array([[1.0], [5.0]]), "y": np.array([2.0, 3.0, 4.0])}
    )
    np.testing.assert_array_equal(result, [[2.0, 3.0, 4.0], [2.0, 3.0, 4.0]])


def test_outside_the_domain_there_are_no_exceptions() -> None:
    program = Program([parse(t) for t in ("1/0", "log(x)", "x**0.5", "exp(-x*1e9)", "0/0")])
    values = program({"x": np.float64(-1.0)})
    np.testing.assert_array_equal(values, [np.inf, np.nan, np.nan, np.inf, np.nan])


def test_a_name_without_a_value_is_named() -> None:
    with pytest.raises(KeyError, match="gamma"):
        Program([parse("1 + gamma")])({"x": 1.0})


# --- derivatives ----------------------------------------------------------------------------

SYMPY: dict[str, Any] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
    "neg": lambda a: -a,
    "exp": sympy.exp,
    "log": sympy.log,
    "log2": lambda a: sympy.log(a) / sympy.log(2),
    "log10": lambda a: sympy.log(a) / sympy.log(10),
    "sqrt": sympy.sqrt,
    "min": lambda a, b: sympy.Piecewise((a, a <= b), (b, True)),
    "max": lambda a, b: sympy.Piecewise((a, a >= b), (b, True)),
    "where": lambda c, a, b: sympy.Piecewise((a, c), (b, True)),
    "lgamma": sympy.loggamma,
    "digamma": sympy.digamma,
    "trigamma": sympy.trigamma,
    "<": sympy.StrictLessThan,
    "<=": sympy.LessThan,
    ">": sympy.StrictGreaterThan,
    ">=": sympy.GreaterThan,
}


def to_sympy(tree: Tree) -> Any:
    if isinstance(tree, float):
        return sympy.Float(tree, 30)
    if isinstance(tree, str):
        return sympy.Symbol(tree, positive=True)
    return SYMPY[tree[0]](*(to_sympy(operand) for operand in tree[1:]))


def assert_derivatives_agree(tree: Tree, points: list[dict[str, float]], second: bool) -> None:
    """Derivatives in all names against SymPy's, which are evaluated in 30 digits."""
    known = ex.symbols(tree)
    orders: list[tuple[str, ...]] = [(name,) for name in known]
    if second:
        orders += [(a, b) for i, a in enumerate(known) for b in known[i:]]
    ours = Program([reduce(derivative, order, tree) for order in orders])
    whole = to_sympy(tree)
    symbols = {name: sympy.Symbol(name, positive=True) for name in known}
    theirs = sympy.lambdify(
        list(symbols.values()),
        [sympy.diff(whole, *(symbols[name] for name in order)) for order in orders],
        "mpmath",
        cse=True,
    )
    for point in points:
        got = ours({name: np.float64(point[name]) for name in known})
        with mpmath.workdps(30):
            expected = [float(v) for v in theirs(*(mpmath.mpf(point[name]) for name in known))]
        np.testing.assert_allclose(np.array(got, float), expected, rtol=1e-9, atol=1e-12)


EVERY_OPERATION = [
    "a + b*x - (a - x)",
    "-x**2 + -(-x)*b",
    "a*x*b*x",
    "x/a + a/x - x/x",
    "a/x**b + (a*x)/(b + x)",
    "a/exp(b*x)",
    "x**b + x**3 + x**2 + x**1 + x**0",
    "b**x",
    "x**x + (x*a)**(b*x)",
    "(a + b/x)**(1/b)",
    "exp(-a*x) + exp(x**2)",
    "log(x) + log(a*x + b)",
    "log2(x)*log10(a + x)",
    "sqrt(x*a) + sqrt(1 + x**2)",
    "min(x, a)*max(x**2, a)",
    "min(a*x, b)/max(a, b*x)",
    "where(x < a, x**2, a*x)",
    "where(x*a >= b, exp(x), log(x) + b)",
    "where(x > 1, min(x, a), where(a <= b, x*a, x*b))",
    "lgamma(a*x) + b*lgamma(x + b)",
]


@pytest.mark.parametrize("text", EVERY_OPERATION)
def test_derivatives_agree_with_sympy(text: str) -> None:
    rng = np.random.default_rng(0)
    points = [dict(zip("abx", rng.uniform(0.3, 3.0, 3), strict=True)) for _ in range(12)]
    assert_derivatives_agree(parse(text), points, second=True)


def test_the_operations_above_are_all() -> None:
    used = {node[0] for text in EVERY_OPERATION for node in _operations(parse(text))}
    assert used | {"digamma", "trigamma"} == set(SYMPY) == set(ex._NUMPY)


def _operations(tree: Tree) -> list[tuple[Any, ...]]:
    if not isinstance(tree, tuple):
        return []
    return [tree, *(node for operand in tree[1:] for node in _operations(operand))]


LAWS = [id for id in catalogue.laws()["id"] if isinstance(catalogue.law(id), Law)]
FEW = 3  # items of a sum that SymPy is given


def written_out(tree: Tree, rows: list[dict[str, Tree]]) -> Tree:
    """A tree whose sums are spelled, item by item."""
    if not isinstance(tree, tuple):
        return tree
    if tree[0] == "sum":
        return reduce(lambda a, b: ("+", a, b), (ex.substitute(tree[1], row) for row in rows))
    return (tree[0], *(written_out(operand, rows) for operand in tree[1:]))


@pytest.mark.slow
@pytest.mark.parametrize("name", LAWS)
def test_derivatives_of_the_catalogue_agree_with_sympy(name: str) -> None:
    law = catalogue.closed_form(name)
    lists = {k: v[:: -(-len(v) // FEW)] for k, v in law.default_items.items()}
    rows: list[dict[str, Tree]] = [
        dict(zip(lists, map(float, row), strict=True)) for row in zip(*lists.values(), strict=True)
    ]
    numbers = {**law.values, **ranges.placeholders(law)}
    point = {n: ranges.of_variable(law, n).start for n in law.variables if n not in law.items}
    tree = written_out(law.tree, rows)
    assert_derivatives_agree(tree, [{**point, **numbers}], second=len(ex.symbols(tree)) <= 5)


def test_sums_run_over_items() -> None:
    tree = parse("a*sum(p**x) + sum(a)")
    program = Program([tree, *(derivative(tree, name) for name in ("a", "x", "p"))])
    p = np.array([0.5, 0.2, 0.9])
    values = {"a": np.float64(2.0), "x": np.array([[1.0], [2.0]]), "p": p}
    whole, by_a, by_x, _ = (np.squeeze(v) for v in program(values))
    assert whole == pytest.approx([2 * 1.6 + 6, 2 * 1.1 + 6])
    assert by_a == pytest.approx([1.6 + 3, 1.1 + 3])
    assert by_x == pytest.approx([2 * (p**x * np.log(p)).sum() for x in (1, 2)])


@pytest.mark.parametrize("text", ["lgamma(x)", "digamma(x)", "trigamma(x)"])
def test_functions_of_gamma_are_not_defined_from_zero_down(text: str) -> None:
    assert np.isnan(Program([parse(text)])({"x": np.array([0.0, -0.5, -3.0])})[0]).all()


def test_a_third_derivative_of_lgamma_is_refused() -> None:
    with pytest.raises(ValueError, match="third derivative of lgamma"):
        derivative(parse("trigamma(x)"), "x")


@pytest.mark.parametrize("x", [1.0, 2.0, 3.0])
def test_the_kink_takes_the_branch_that_is_taken(x: float) -> None:
    """At x = 2 both operands are equal: ``min`` and ``max`` then take the first."""
    lesser, greater, chosen = Program(
        [derivative(parse(t), "x") for t in ("min(x, 4/x)", "max(x, 4/x)", "where(x<2, x, 5*x)")]
    )({"x": np.float64(x)})
    assert lesser == (1.0 if x <= 2 else -4 / x**2)
    assert greater == (1.0 if x >= 2 else -4 / x**2)
    assert chosen == (1.0 if x < 2 else 5.0)


def test_what_does_not_depend_on_a_name_has_derivative_zero() -> None:
    assert derivative(parse("a*exp(b)/min(c, 1)"), "x") == 0.0
    assert derivative(parse("a*x + b"), "x") == "a"
    assert derivative(parse("x - 3*x"), "x") == -2.0
