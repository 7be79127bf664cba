"""Other forms of a tree: Vega expressions for Altair charts, LaTeX for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .grammar import COMPARISONS, FUNCTIONS, Tree


def to_vega(tree: Tree, names: Mapping[str, str]) -> str:
    """The tree as a Vega expression; ``names`` maps each name to its Vega text.

    In Vega ``E``, ``PI`` and ``LN2`` are constants, so a law's own ``E`` must be renamed: a name
    without an entry is refused.

    Raises
    ------
    KeyError
        When a name has no Vega text.
    """
    if isinstance(tree, float):
        return f"({tree!r})" if tree < 0 else repr(tree)  # "--2.0" would be a decrement
    if isinstance(tree, str):
        return names[tree]
    op, operands = tree[0], [to_vega(t, names) for t in tree[1:]]
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


_GREEK = frozenset(
    "alpha beta gamma delta epsilon zeta eta theta kappa lambda mu nu xi rho sigma tau phi chi psi "
    "omega Gamma Delta Theta Lambda Xi Sigma Phi Psi Omega".split()
)


def latex_name(name: str) -> str:
    """``alpha_N`` -> ``\\alpha_{N}``, ``R_D_star`` -> ``R_{D}^{*}``."""
    head, *rest = name.split("_")
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
        return f"e^{{{_latex(a, 0)}}}", 5
    if op == "sqrt":
        return f"\\sqrt{{{_latex(a, 0)}}}", 9
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
    shown = {"log": "\\ln", "log2": "\\log_2", "log10": "\\log_{10}"}.get(op, f"\\{op}")
    inside = ", ".join(_latex(t, 0) for t in (a, *rest))
    return f"{shown}\\left({inside}\\right)", 5
