"""Other forms of a tree: Vega expressions for Altair charts, LaTeX for people."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from .grammar import COMPARISONS, FUNCTIONS, Tree


def to_vega(
    tree: Tree, names: Mapping[str, str], items: Mapping[str, Iterable[float]] | None = None
) -> str:
    """The tree as a Vega expression; ``names`` maps each name to its Vega text.

    In Vega ``E``, ``PI`` and ``LN2`` are constants, so a law's own ``E`` must be renamed: a name
    without an entry is refused. Vega has no loop: a sum is written out over the given ``items``.

    Raises
    ------
    KeyError
        When a name has no Vega text.
    """
    if isinstance(tree, float):
        return f"({tree!r})" if tree < 0 else repr(tree)  # "--2.0" would be a decrement
    if isinstance(tree, str):
        return names[tree]
    if tree[0] == "sum":
        rows = zip(*(items or {}).values(), strict=True)
        texts = [dict(zip(items or {}, map(_vega_number, row), strict=True)) for row in rows]
        return f"({' + '.join(to_vega(tree[1], {**names, **row}) for row in texts)})"
    op, operands = tree[0], [to_vega(t, names, items) for t in tree[1:]]
    if op in ("lgamma", "digamma", "trigamma"):
        return _vega_gamma(op, operands[0])
    if op == "neg":
        return f"(-{operands[0]})"
    if op == "**":
        return f"pow({operands[0]}, {operands[1]})"
    if op in ("log2", "log10"):
        return f"(log({operands[0]}) / {'LN2' if op == 'log2' else 'LN10'})"
    if op == "where":
        return "({} ? {} : {})".format(*operands)
    if op in FUNCTIONS:
        return f"{op}({', '.join(operands)})"
    return f"({operands[0]} {op} {operands[1]})"


def _vega_number(value: float) -> str:
    return to_vega(float(value), {})


def _vega_gamma(op: str, x: str) -> str:
    """Stirling's series where it is good, nine to the right, and the recurrence back from there."""
    z, shifts = f"({x} + 9)", [f"({x} + {k})" for k in range(9)]
    if op == "lgamma":
        series = f"1/(12*{z}) - 1/(360*pow({z}, 3)) + 1/(1260*pow({z}, 5)) - 1/(1680*pow({z}, 7))"
        stirling = f"({z} - 0.5)*log({z}) - {z} + 0.5*log(2*PI) + {series}"
        return f"({stirling} - log({' * '.join(shifts)}))"
    if op == "digamma":
        series = f"1/(12*pow({z}, 2)) - 1/(120*pow({z}, 4)) + 1/(252*pow({z}, 6))"
        return f"(log({z}) - 0.5/{z} - ({series}) - ({' + '.join(f'1/{s}' for s in shifts)}))"
    series = f"1/(6*pow({z}, 3)) - 1/(30*pow({z}, 5)) + 1/(42*pow({z}, 7))"
    back = " + ".join(f"1/pow({s}, 2)" for s in shifts)
    return f"(1/{z} + 0.5/pow({z}, 2) + {series} + {back})"


_GREEK = frozenset(
    "alpha beta gamma delta epsilon zeta eta theta kappa lambda mu nu xi rho sigma tau phi chi psi "
    "omega Gamma Delta Theta Lambda Xi Sigma Phi Psi Omega".split()
)


def latex_name(name: str) -> str:
    """``alpha_N`` -> ``\\alpha_{N}``, ``R_D_star`` -> ``R_{D}^{*}``; words as text."""
    if not name.isidentifier():
        return f"\\text{{{name}}}"
    if not name.strip("_"):
        return "\\_" * len(name)
    head, *rest = re.sub(r"(?<=[A-Za-z])(?=\d+$)", "_", name).split("_")  # S1 as S_1
    star = "^{*}" if rest and rest[-1] == "star" else ""
    parts = [p for p in rest if p and p != "star"]
    shown = [f"\\{p}" if p in _GREEK else (p if len(p) == 1 else f"\\mathrm{{{p}}}") for p in parts]
    base = f"\\{head}" if head in _GREEK else (head if len(head) <= 1 else f"\\mathrm{{{head}}}")
    return base + (f"_{{{','.join(shown)}}}" if shown else "") + star


def _latex_number(value: float) -> str:
    text = f"{value:.10g}"
    if "e" not in text:
        return text
    mantissa, exponent = text.split("e")
    power_of_ten = f"10^{{{int(exponent)}}}"
    return power_of_ten if mantissa == "1" else f"{mantissa} \\times {power_of_ten}"


def to_latex(tree: Tree) -> str:
    """The tree as LaTeX, terms in the order in which they were written."""
    return _latex(tree, 0)


def _latex(tree: Tree, binding: int) -> str:
    if isinstance(tree, tuple):
        text, own = _latex_operation(tree[0], tree[1:])
    else:
        text = latex_name(tree) if isinstance(tree, str) else _latex_number(tree)
        # 10^{9} and R^{*} cannot bear a second superscript
        own = 2 if text.startswith("-") else 5 if "^" in text else 9
    return f"\\left({text}\\right)" if own < binding else text


def _latex_operation(op: str, operands: Iterable[Tree]) -> tuple[str, int]:
    """The text of one operation and how tightly it holds together (9: never needs brackets)."""
    a, *rest = operands
    if op in ("+", "-"):
        return f"{_latex(a, 2)} {op} {_latex(rest[0], 2 if op == '+' else 3)}", 2
    if op == "neg":
        return f"-{_latex(a, 3)}", 2
    if op == "*":
        right = _latex(rest[0], 3)
        sign = "\\cdot" if right[0].isdigit() else "\\,"
        return f"{_latex(a, 3)} {sign} {right}", 3
    if op == "/":
        return f"\\frac{{{_latex(a, 0)}}}{{{_latex(rest[0], 0)}}}", 4
    if op == "**":
        return f"{_latex(a, 9)}^{{{_latex(rest[0], 0)}}}", 5
    if op == "exp":
        return f"\\mathrm{{e}}^{{{_latex(a, 0)}}}", 5
    if op == "sqrt":
        return f"\\sqrt{{{_latex(a, 0)}}}", 9
    if op == "sum":
        return f"\\sum_{{i}} {_latex(a, 3)}", 2
    if op == "where":
        yes, no = (_latex(t, 0) for t in rest)
        condition = _latex(a, 0)
        return (
            f"\\begin{{cases}} {yes} & {condition} \\\\ {no} & \\text{{else}} \\end{{cases}}",
            5,
        )
    if op in COMPARISONS:
        sign = {"<=": "\\le", ">=": "\\ge"}.get(op, op)
        return f"{_latex(a, 2)} {sign} {_latex(rest[0], 2)}", 1
    shown = {
        "lgamma": "\\ln\\Gamma",
        "digamma": "\\psi",
        "trigamma": "\\psi_1",
        "log": "\\ln",
        "log2": "\\log_2",
        "log10": "\\log_{10}",
    }.get(op, f"\\{op}")
    inside = ", ".join(_latex(t, 0) for t in (a, *rest))
    return f"{shown}\\left({inside}\\right)", 5
