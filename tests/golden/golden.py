"""Writes browser.json: values by which the browser's engine is held to Python's, digit by digit.

``python tests/golden/golden.py`` writes it anew after a change of a law;
tests/python/test_golden.py fails while it is stale, js/test/golden.test.ts reads it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from scalewidgets.allocation.optimum import budget_optimum, demand_optimum, precision_optimum
from scalewidgets.allocation.plan import TRAINING_BITS as RANGE
from scalewidgets.allocation.plan import plain_surface
from scalewidgets.lawbook import Law, Theory, closed_form, law, laws, ranges
from scalewidgets.lawbook import expression as ex
from scalewidgets.widgets.explorer.lab import LAWS
from scalewidgets.widgets.explorer.page import explorer_page

FILE = Path(__file__).with_name("browser.json")

# Points of every operation, the kinks of min, max and where on both sides.
SNIPPETS = (
    "-x**2 + 3*y/2 - (1 - y)",
    "exp(-x) + log(y) + log2(y) + log10(y) + sqrt(y)",
    "min(x, y) + 2*max(x, y)",
    "where(x < y, x*y, x/y) + where(x >= 1, 1, -1) + where(x <= 0.5, 2, 3) + where(y > 1, 1, 0)",
    "2**-x**0.5",
    "1e300*x*1e-300/y",
    "lgamma(x) + lgamma(1e3*y) + digamma(x*y) + trigamma(y)",
    "lgamma(-x) + y",
)


def _plain(tree: ex.Tree) -> Any:
    return [tree[0], *map(_plain, tree[1:])] if isinstance(tree, tuple) else tree


def _value(tree: ex.Tree, values: dict[str, float]) -> float:
    return float(ex.Program([tree])({k: np.float64(v) for k, v in values.items()})[0])


def _tree_cases() -> list[dict[str, Any]]:
    cases = []
    for text in SNIPPETS:
        for x, y in ((0.3, 2.5), (2.5, 0.3), (1.0, 1.0)):
            tree, values = ex.parse(text), {"x": x, "y": y}
            cases.append({"name": text, "tree": tree, "values": values})
    return [
        {**c, "tree": _plain(c["tree"]), "expect": _value(c["tree"], c["values"])} for c in cases
    ]


def _law_cases() -> list[dict[str, Any]]:
    """Every closed form of the catalogue and its derivatives in all constants."""
    found = []
    for id in laws()["id"]:
        one = law(id)
        if isinstance(one, Theory):
            continue
        one = one.with_constants(**ranges.placeholders(one))
        point = {n: ranges.of_variable(one, n).start for n in one.variables if n not in one.items}
        value = float(one.predict(**point))
        found.append(
            {
                "name": id,
                "trees": [_plain(t) for t in (one.tree, *_gradient(one))],
                "items": {n: list(v) for n, v in one.default_items.items()},
                "values": {**point, **one.values},
                "expect": [value, *(float(v) for v in one.partials(**point).values())],
                # what is zero but for rounding has no digits to compare: how large it could be
                "sizes": [1.0, *(abs(value / c) if c else 1.0 for c in one.values.values())],
            }
        )
    return found


def _gradient(one: Law) -> list[ex.Tree]:
    return [ex.derivative(one.tree, name) for name in one.values]


def _solve_cases() -> list[dict[str, Any]]:
    found = []
    for id in LAWS:
        one = closed_form(id)
        page = explorer_page(one, list(one.values), {}, {})
        budget, demand, precision, _ = page.spec["solves"]
        cases: dict[str, list[dict[str, Any]]] = {"budget": [], "demand": [], "precision": []}
        plain, tied = plain_surface(one), _tuple(precision["loss"])

        def add(kind: str, values: dict[str, float], expect: Any, cases: Any = cases) -> None:
            cases[kind].append({"values": values, "expect": [float(v) for v in expect]})

        for C in (1e19, 5.88e23, 1e26):
            values = {**one.values, "C": C}
            n, d = budget_optimum(plain, values, np.asarray(C))
            add("budget", values, (n, d))
            loss = _value(plain, {**one.values, "N": float(n), "D": float(d)})
            for tokens in (0.0, 1e12, 1e15):
                inputs = {**values, demand["target"]: loss, demand["demand"]: tokens}
                optimum = demand_optimum(plain, values, np.asarray(loss), np.asarray(tokens))
                add("demand", inputs, optimum)
            for served in (4.0, 16.0):
                inputs = {**values, "P_post": served}
                add("precision", inputs, precision_optimum(tied, inputs, np.asarray(C), RANGE))
        solves = {"budget": budget, "demand": demand, "precision": precision}
        found += [{"name": id, "solve": solves[k], "cases": cases[k]} for k in solves]
    return found


def _tuple(tree: Any) -> ex.Tree:
    return (tree[0], *map(_tuple, tree[1:])) if isinstance(tree, list) else tree


def golden() -> dict[str, Any]:
    """All cases, as JSON; NaN is written as null."""
    found = {"trees": _tree_cases(), "laws": _law_cases(), "solves": _solve_cases()}
    return json.loads(json.dumps(found).replace("NaN", "null"))


if __name__ == "__main__":
    rows = {kind: ",\n".join(map(json.dumps, cases)) for kind, cases in golden().items()}
    body = ",\n".join(f'"{kind}": [\n{text}\n]' for kind, text in rows.items())
    FILE.write_text(f"{{\n{body}\n}}\n", encoding="utf-8")
