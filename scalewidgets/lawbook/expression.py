"""What can be done with a tree: algebra, exact derivatives, NumPy values.

The algebra (differentiation, folding of constants) is done here on the tree rather than in SymPy:
it is a page of rules over fifteen operations, keeps the writer's order of terms in LaTeX, and
spares every notebook SymPy's 0.4 s import. SymPy is the tests' second opinion.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .grammar import Tree, parse

__all__ = ["Array", "Program", "Tree", "derivative", "parse", "substitute", "symbols"]

Array = npt.NDArray[np.float64]


# --- looking at trees -----------------------------------------------------------------------


def symbols(tree: Tree) -> list[str]:
    """The names in a tree, in order of first appearance."""
    found: dict[str, None] = {}

    def visit(node: Tree) -> None:
        if isinstance(node, str):
            found[node] = None
        elif isinstance(node, tuple):
            for operand in node[1:]:
                visit(operand)

    visit(tree)
    return list(found)


def size(tree: Tree) -> int:
    """The number of operations, names and numbers in a tree; of a part that many share, which is
    there once, each time that it stands in it."""
    known: dict[int, int] = {}

    def count(node: Tree) -> int:
        if not isinstance(node, tuple):
            return 1
        if id(node) not in known:
            known[id(node)] = 1 + sum(map(count, node[1:]))
        return known[id(node)]

    return count(tree)


def rename(tree: Tree, names: Mapping[str, str]) -> Tree:
    """The tree as it is written, with other names."""
    if isinstance(tree, str):
        return names.get(tree, tree)
    return (tree[0], *(rename(t, names) for t in tree[1:])) if isinstance(tree, tuple) else tree


def sums_in_sums(tree: Tree, inside: bool = False) -> bool:
    """Whether a sum stands in a sum, as can come about by substitution."""
    if not isinstance(tree, tuple):
        return False
    summing = tree[0] == "sum"
    return (summing and inside) or any(sums_in_sums(t, inside or summing) for t in tree[1:])


def outside_sums(tree: Tree) -> set[str]:
    """The names that stand in a tree outside of all ``sum(...)``."""
    if isinstance(tree, str):
        return {tree}
    if isinstance(tree, tuple) and tree[0] != "sum":
        return set().union(*map(outside_sums, tree[1:]))
    return set()


def substitute(tree: Tree, replacements: Mapping[str, Tree]) -> Tree:
    """The tree with names replaced by trees, all at once; what becomes constant is folded.

    Folding matters: a law at its defaults (16 bits, no repeated data) sheds the parts that say
    nothing there, and its derivatives with them.
    """
    if isinstance(tree, str):
        return replacements.get(tree, tree)
    if isinstance(tree, tuple) and set(symbols(tree)) & replacements.keys():
        return _build(tree[0], *(substitute(operand, replacements) for operand in tree[1:]))
    return tree


# --- algebra: constructors that fold constants, and the rules of differentiation -------------


def add(a: Tree, b: Tree) -> Tree:
    if a == 0.0:
        return b
    if b == 0.0:
        return a
    if isinstance(a, float) and isinstance(b, float):
        return a + b
    if isinstance(b, tuple) and b[0] == "neg":
        return ("-", a, b[1])
    return ("+", a, b)


def negate(a: Tree) -> Tree:
    if isinstance(a, float):
        return -a
    return a[1] if isinstance(a, tuple) and a[0] == "neg" else ("neg", a)


def multiply(a: Tree, b: Tree) -> Tree:
    if a == 0.0 or b == 0.0:
        return 0.0
    if a == 1.0:
        return b
    if b == 1.0:
        return a
    if isinstance(a, float) and isinstance(b, float):
        return a * b
    if a == -1.0:
        return negate(b)
    if b == -1.0:
        return negate(a)
    if isinstance(a, tuple) and a[0] == "neg":
        return negate(multiply(a[1], b))
    if isinstance(b, tuple) and b[0] == "neg":
        return negate(multiply(a, b[1]))
    return ("*", a, b)


def divide(a: Tree, b: Tree) -> Tree:
    if a == 0.0:
        return 0.0
    if b == 1.0:
        return a
    if isinstance(a, tuple) and a[0] == "neg":
        return negate(divide(a[1], b))
    if isinstance(a, float) and isinstance(b, float) and b != 0.0:
        return a / b
    return 1.0 if a == b else ("/", a, b)


def power(a: Tree, b: Tree) -> Tree:
    if b == 0.0:
        return 1.0
    if isinstance(a, float) and isinstance(b, float) and a > 0.0:
        return float(np.power(a, b))
    return a if b == 1.0 else ("**", a, b)


def subtract(a: Tree, b: Tree) -> Tree:
    if isinstance(a, float) and isinstance(b, float):
        return a - b
    if b == 0.0:
        return a
    return 0.0 if a == b else ("-", a, b)


def _build(op: str, *operands: Tree) -> Tree:
    """One operation on given operands, folded where they allow it."""
    if op in _CONSTRUCTORS:
        return _CONSTRUCTORS[op](*operands)
    if op in ("min", "max") and operands[0] == operands[1]:
        return operands[0]
    if op != "sum" and all(isinstance(operand, float) for operand in operands):
        folded = float(_NUMPY[op](*operands))
        return folded if math.isfinite(folded) else (op, *operands)
    if op == "where" and isinstance(operands[0], float):
        return operands[1] if operands[0] else operands[2]
    return (op, *operands)


_CONSTRUCTORS: dict[str, Callable[..., Tree]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "**": power,
    "neg": negate,
}


def derivative(tree: Tree, name: str) -> Tree:
    """The exact derivative of a tree with respect to one name (a tree again).

    At the kink of ``min``, ``max`` and ``where`` it is the derivative of the branch that is taken.
    """
    if isinstance(tree, float):
        return 0.0
    if isinstance(tree, str):
        return 1.0 if tree == name else 0.0
    if name not in symbols(tree):
        return 0.0
    return _RULES[tree[0]](name, *tree[1:])


def _relative(tree: Tree, name: str) -> Tree:
    """``d tree / tree``, which for powers and exponentials is simpler than the derivative."""
    if isinstance(tree, tuple) and tree[0] == "**":
        base, exponent = tree[1], tree[2]
        return add(
            multiply(derivative(exponent, name), ("log", base)),
            multiply(exponent, divide(derivative(base, name), base)),
        )
    if isinstance(tree, tuple) and tree[0] == "exp":
        return derivative(tree[1], name)
    return divide(derivative(tree, name), tree)


def _d_power(name: str, a: Tree, b: Tree) -> Tree:
    if name not in symbols(b):
        lower = b - 1.0 if isinstance(b, float) else ("-", b, 1.0)
        return multiply(multiply(b, power(a, lower)), derivative(a, name))
    return multiply(("**", a, b), _relative(("**", a, b), name))


def _d_divide(name: str, a: Tree, b: Tree) -> Tree:
    return add(divide(derivative(a, name), b), negate(multiply(divide(a, b), _relative(b, name))))


def _scaled_log(base: float) -> Callable[[str, Tree], Tree]:
    return lambda name, a: divide(derivative(a, name), multiply(a, math.log(base)))


def _no_derivative(name: str, a: Tree) -> Tree:
    raise ValueError("the third derivative of lgamma(...) is not known here")


_RULES: dict[str, Callable[..., Tree]] = {
    "+": lambda x, a, b: add(derivative(a, x), derivative(b, x)),
    "-": lambda x, a, b: add(derivative(a, x), negate(derivative(b, x))),
    "*": lambda x, a, b: add(multiply(derivative(a, x), b), multiply(a, derivative(b, x))),
    "/": _d_divide,
    "**": _d_power,
    "neg": lambda x, a: negate(derivative(a, x)),
    "exp": lambda x, a: multiply(("exp", a), derivative(a, x)),
    "log": lambda x, a: divide(derivative(a, x), a),
    "log2": _scaled_log(2.0),
    "log10": _scaled_log(10.0),
    "sqrt": lambda x, a: divide(derivative(a, x), multiply(2.0, ("sqrt", a))),
    "min": lambda x, a, b: ("where", ("<=", a, b), derivative(a, x), derivative(b, x)),
    "max": lambda x, a, b: ("where", (">=", a, b), derivative(a, x), derivative(b, x)),
    "where": lambda x, c, a, b: ("where", c, derivative(a, x), derivative(b, x)),
    "sum": lambda x, a: ("sum", derivative(a, x)),
    "lgamma": lambda x, a: multiply(("digamma", a), derivative(a, x)),
    "digamma": lambda x, a: multiply(("trigamma", a), derivative(a, x)),
    "trigamma": _no_derivative,
}


# --- NumPy ----------------------------------------------------------------------------------


def _special(name: str, *orders: int) -> Callable[[Any], Any]:
    """A function of scipy.special, which is loaded by the first law that needs it. NaN from 0 down:
    SciPy gives log |Gamma| there, and no law means that; for trigamma(-1e9) it takes 20 s."""

    def call(x: Any) -> Any:
        from scipy import special

        return getattr(special, name)(*orders, np.where(np.greater(x, 0), x, np.nan))

    return call


_COUNT = "number of items"  # no name of an equation: it has spaces


def _count(values: Mapping[str, Any]) -> int:
    """How many items there are: the length of the values' last axis."""
    return max((np.shape(v)[-1] for v in values.values() if np.ndim(v)), default=1)


_NUMPY: dict[str, Callable[..., Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "**": np.power,
    "neg": np.negative,
    "exp": np.exp,
    "log": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "sqrt": np.sqrt,
    "min": np.minimum,
    "max": np.maximum,
    "where": np.where,
    "lgamma": _special("gammaln"),
    "digamma": _special("digamma"),
    "trigamma": _special("polygamma", 1),
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


def _add_up(items: Any, count: Any) -> Any:
    """The sum over the last axis, which is kept; what is the same for all items counts for each."""
    shape = np.shape(items)
    if shape[-1:] == (count,):
        return np.sum(items, axis=-1, keepdims=True)
    return np.multiply(items, count)


class Program:
    """Several trees as one straight list of steps, each distinct subtree computed once.

    A law and its derivatives share most of their powers: the Chinchilla surface with its five first
    and fifteen second derivatives needs two powers and two logarithms, not forty.

    Where a tree has a ``sum``, the last axis of all values is that of the items; what is no item
    has length one there.
    """

    def __init__(self, trees: Sequence[Tree]) -> None:
        self._slots: dict[Tree, int] = {}
        self._steps: list[tuple[int, Callable[..., Any], tuple[int, ...]]] = []
        self._numbers: list[tuple[int, np.float64]] = []
        self._names: list[tuple[int, str]] = []
        self.outputs = [self._place(tree) for tree in trees]
        self._spent = self._last_uses()

    def _last_uses(self) -> list[list[int]]:
        """For each step the slots that nothing needs any more: on a million points it is faster to
        take memory that was just given back than fresh pages."""
        last = {i: k for k, (_, _, operands) in enumerate(self._steps) for i in operands}
        spent: list[list[int]] = [[] for _ in self._steps]
        for slot, step in last.items():
            if slot not in self.outputs:
                spent[step].append(slot)
        return spent

    def _place(self, tree: Tree) -> int:
        if tree in self._slots:
            return self._slots[tree]
        operands = tuple(self._place(t) for t in tree[1:]) if isinstance(tree, tuple) else ()
        slot = self._slots[tree] = len(self._slots)
        if isinstance(tree, tuple) and tree[0] == "sum":
            self._steps.append((slot, _add_up, (*operands, self._place(_COUNT))))
        elif isinstance(tree, tuple):
            self._steps.append((slot, _NUMPY[tree[0]], operands))
        elif isinstance(tree, str):
            self._names.append((slot, tree))
        else:
            # a NumPy scalar, so that 1/0 is inf as in an array and not an exception
            self._numbers.append((slot, np.float64(tree)))
        return slot

    def __call__(self, values: Mapping[str, Any]) -> list[Any]:
        """The trees' values for arrays that broadcast; out-of-domain points are NaN or infinite.

        Raises
        ------
        KeyError
            When a name has no value.
        """
        cells: list[Any] = [None] * len(self._slots)
        for slot, number in self._numbers:
            cells[slot] = number
        for slot, name in self._names:
            cells[slot] = values[name] if name != _COUNT else _count(values)
        with np.errstate(all="ignore"):
            for (slot, operation, operands), spent in zip(self._steps, self._spent, strict=True):
                cells[slot] = operation(*[cells[i] for i in operands])
                for i in spent:
                    cells[i] = None
        return [cells[slot] for slot in self.outputs]
