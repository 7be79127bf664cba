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
from scalewidgets.lawbook import Law, law, laws
from scalewidgets.lawbook import expression as ex
from scalewidgets.widgets.explorer import LAWS
from scalewidgets.widgets.explorer_page import explorer_page

FILE = Path(__file__).with_name("browser.json")

# Points of every operation, the kinks of min, max and where on both sides.
SNIPPETS = (
    "-x**2 + 3*y/2 - (1 - y)",
    "exp(-x) + log(y) + log2(y) + log10(y) + sqrt(y)",
    "min(x, y) + 2*max(x, y)",
    "where(x < y, x*y, x/y) + where(x >= 1, 1, -1) + where(x <= 0.5, 2, 3) + where(y > 1, 1, 0)",
    "2**-x**0.5",
    "1e300*x*1e-300/y",
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
    for id in laws()["id"]:
        one = law(id)
        for tree in (one.tree, *(ex.derivative(one.tree, name) for name in one.values)):
            cases.append({"name": one.id, "tree": tree, "values": {**_point(one), **one.values}})
    return [
        {**c, "tree": _plain(c["tree"]), "expect": _value(c["tree"], c["values"])} for c in cases
    ]


def _point(one: Law) -> dict[str, float]:
    """A value for each variable of a law, inside of what it was fitted on where that is known."""
    usual = {"N": 7e9, "D": 1.5e11, "C": 6.3e21, "U": 5e10, "S": 1e5, "L": 2.5, "C_min": 1e3}
    bits = dict.fromkeys(("P_w", "P_a", "P_kv", "P_post"), 6.0)
    found = {}
    for name in one.variables:
        low, high = one.valid.get(name, (None, None))
        middle = None if low is None or high is None else float(np.sqrt(low * high))
        found[name] = {**usual, **bits}.get(name) or middle or 2.0
    return found


def _solve_cases() -> list[dict[str, Any]]:
    found = []
    for id in LAWS:
        one = law(id)
        page = explorer_page(one, list(one.values), {}, {})
        budget, demand, precision, _ = page.spec()["solves"]
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
    found = {"trees": _tree_cases(), "solves": _solve_cases()}
    return json.loads(json.dumps(found).replace("NaN", "null"))


if __name__ == "__main__":
    rows = {kind: ",\n".join(map(json.dumps, cases)) for kind, cases in golden().items()}
    body = ",\n".join(f'"{kind}": [\n{text}\n]' for kind, text in rows.items())
    FILE.write_text(f"{{\n{body}\n}}\n", encoding="utf-8")
