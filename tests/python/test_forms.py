"""The other forms of a tree: Vega expressions and LaTeX."""

import re

import numpy as np
import pytest

from scalewidgets.lawbook import forms
from scalewidgets.lawbook.expression import Program, derivative, parse

FOR_VEGA = [
    "E + a/x**b - 2/7*a",
    "a - -1e-7*x",
    "-x**2 + (-x)**2",
    "1e22*x",
    "exp(-a*x) + log(x)",
    "log2(x)*log10(a + x)",
    "sqrt(1 + x**2)",
    "min(x, a) - 3*max(x, a)",
    "where(x < a, 1, 2) + where(x <= a, 10, 20)",
    "where(x > a, exp(x), log(x) + b) + where(x >= a, 10, 20)",
]


def vega_values(expressions: list[str], row: dict[str, float]) -> list[float]:
    """What Vega itself makes of expressions over ``datum``."""
    vl_convert = pytest.importorskip("vl_convert", reason="Vega runs in vl-convert-python")
    marks = [
        {
            "type": "text",
            "from": {"data": "row"},
            "encode": {"update": {"text": {"signal": f"'value ' + ({text})"}}},
        }
        for text in expressions
    ]
    spec = {
        "$schema": "https://vega.github.io/schema/vega/v5.json",
        "data": [{"name": "row", "values": [row]}],
        "marks": marks,
    }
    return [float(v) for v in re.findall(r">value ([^<]+)<", vl_convert.vega_to_svg(spec))]


def test_vega_computes_what_numpy_computes() -> None:
    some = [*map(parse, FOR_VEGA), derivative(parse("a/x**b"), "x"), ("neg", -2.0)]
    row = {"a": 1.3, "b": 0.7, "x": 2.1, "E": 1.8172}
    names = {name: f"datum.{name}" for name in row}
    expected = Program(some)({name: np.float64(v) for name, v in row.items()})
    got = vega_values([forms.to_vega(tree, names) for tree in some], row)
    np.testing.assert_allclose(got, np.array(expected, float), rtol=1e-13)


def test_vega_refuses_a_name_without_a_text() -> None:
    """Vega would read ``E`` as 2.718..."""
    with pytest.raises(KeyError, match="'E'"):
        forms.to_vega(parse("E + A"), {"A": "datum.A"})


LATEX = [
    ("E + A/N**alpha + B/D**beta", r"E + \frac{A}{N^{\alpha}} + \frac{B}{D^{\beta}}"),
    ("a - (b - c) - d", r"a - \left(b - c\right) - d"),
    ("(a + b)*c*2", r"\left(a + b\right) \, c \cdot 2"),
    ("-(a + b)", r"-\left(a + b\right)"),
    ("(a*b)**c**d", r"\left(a \, b\right)^{c^{d}}"),
    ("(a**b)**c", r"\left(a^{b}\right)^{c}"),
    ("(-2)**n - 1e-7", r"\left(-2\right)^{n} - 10^{-7}"),
    ("6.4e13*x**0.5", r"6.4 \times 10^{13} \, x^{0.5}"),
    ("1e11**x", r"\left(10^{11}\right)^{x}"),
    ("R_D_star**2", r"\left(R_{D}^{*}\right)^{2}"),
    ("alpha_N*P_post + gamma_w_star", r"\alpha_{N} \, P_{\mathrm{post}} + \gamma_{w}^{*}"),
    ("exp(-x/2)**2", r"\left(\mathrm{e}^{\frac{-x}{2}}\right)^{2}"),
    ("sqrt(x)**3*log(y)**2", r"\sqrt{x}^{3} \, \left(\ln\left(y\right)\right)^{2}"),
    ("log2(x) + log10(y)", r"\log_2\left(x\right) + \log_{10}\left(y\right)"),
    ("min(a, b) - max(a, b)", r"\min\left(a, b\right) - \max\left(a, b\right)"),
    (
        "where(N <= 1, loss, -x)",
        r"\begin{cases} \mathrm{loss} & N \le 1 \\ -x & \text{else} \end{cases}",
    ),
]


@pytest.mark.parametrize(("text", "latex"), LATEX, ids=[pair[0] for pair in LATEX])
def test_latex(text: str, latex: str) -> None:
    assert forms.to_latex(parse(text)) == latex
