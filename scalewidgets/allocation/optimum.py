"""The three optima of a loss surface, for one set of constants or thousands at once.

Each is the root of a gradient, not the minimum of a value: it is exact to the last digits, and the
browser's answer can be held against it. ``values`` maps the law's constants to arrays (draws,) or
numbers; all results have the shape of the draws. No solution is NaN.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from ..lawbook import expression as ex
from ..lawbook.frontier import FLOPS_PER_PARAMETER_TOKEN, compute_optimal, root, surface
from ..lawbook.precision import BASELINE, BITS
from .cost import INFERENCE_FLOPS, Array

Values = Mapping[str, Any]

# Wider than any model or corpus: a root outside is no plan.
_LOG_N = (0.0, float(np.log(1e26)))
_LOG_D = (0.0, float(np.log(1e30)))


def _used(tree: ex.Tree, values: Values) -> tuple[list[str], list[Array]]:
    names = [name for name in values if name in ex.symbols(tree)]
    return names, [np.asarray(values[name], dtype=float) for name in names]


def budget_optimum(tree: ex.Tree, values: Values, C: Array) -> tuple[Array, Array]:
    """N and D of least loss with 6ND = C (Chinchilla)."""
    return compute_optimal(tree, values, np.asarray(C, dtype=float))


def demand_optimum(
    tree: ex.Tree, values: Values, loss: Array, tokens: Array
) -> tuple[Array, Array]:
    """N and D of least 6ND + 2N tokens at the given loss (Sardana et al. 2024, Eq. 2).

    With ``tokens`` 0 it is the Chinchilla model of that loss. Along the curve L(N, D) = loss the
    cost is least where N L_N = D L_D (1 + tokens / 3D). NaN where the loss cannot be reached.
    """
    names, constants = _used(tree, values)
    program = surface(tree)
    loss, tokens, *constants = np.broadcast_arrays(loss, tokens, *constants)

    def at(u: Array, v: Array, rest: tuple[Array, ...]) -> list[Array]:
        cells = dict(zip(names, rest, strict=True))
        found: list[Array] = program({**cells, "N": np.exp(u), "D": np.exp(v)})
        return found

    def tokens_needed(u: Array, target: Array, rest: tuple[Array, ...]) -> Array:
        def excess(v: Array, u: Array, target: Array, *rest: Array) -> Array:
            return np.asarray(at(u, v, rest)[0] - target)

        return root(excess, *(np.full_like(u, end) for end in _LOG_D), u, target, *rest)

    def imbalance(u: Array, target: Array, served: Array, *rest: Array) -> Array:
        v = tokens_needed(u, target, rest)
        _, by_n, by_d = at(u, v, rest)
        ratio = FLOPS_PER_PARAMETER_TOKEN / INFERENCE_FLOPS
        return np.asarray(by_n - by_d * (1.0 + served / (ratio * np.exp(v))))

    def shortfall(u: Array, target: Array, *rest: Array) -> Array:
        return np.asarray(at(u, np.full_like(u, _LOG_D[1]), rest)[0] - target)

    ends = [np.full(loss.shape, end) for end in _LOG_N]
    smallest = root(shortfall, *ends, loss, *constants)
    # a hair inside, so that rounding does not leave the end of the curve without tokens
    u = root(imbalance, smallest + 1e-9, ends[1], loss, tokens, *constants)
    return np.exp(u), np.exp(tokens_needed(u, loss, tuple(constants)))


def tied_bits(tree: ex.Tree) -> ex.Tree:
    """The loss with weights, activations and KV cache at the same bits P."""
    return ex.substitute(tree, dict.fromkeys(BITS, "P"))


@lru_cache(maxsize=64)
def _bits_program(tied: ex.Tree) -> ex.Program:
    """Loss, P dL/dP, D dL/dD."""
    return ex.Program([tied, *(ex.multiply(x, ex.derivative(tied, x)) for x in ("P", "D"))])


def precision_optimum(
    tied: ex.Tree, values: Values, C: Array, bits: tuple[float, float]
) -> tuple[Array, Array, Array]:
    """N, D and training bits P of least loss with (6/16) N D P = C (Kumar et al. 2024, Sec. 4.3).

    ``tied`` is the loss in N, D and P. P lies within ``bits``; where the loss has no interior
    minimum over P, the better end is taken.
    """
    names, constants = _used(tied, values)
    C, *constants = np.broadcast_arrays(np.asarray(C, dtype=float), *constants)
    program = _bits_program(tied)

    def at(p: Array, c: Array, rest: tuple[Array, ...]) -> tuple[Array, Array, list[Array]]:
        cells = {**dict(zip(names, rest, strict=True)), "P": np.exp(p)}
        n, d = compute_optimal(tied, cells, c * BASELINE / np.exp(p))
        return n, d, program({**cells, "N": n, "D": d})

    def imbalance(p: Array, c: Array, *rest: Array) -> Array:
        _, _, (_, by_p, by_d) = at(p, c, rest)
        return np.asarray(by_p - by_d)

    low, high = (np.full(C.shape, np.log(b)) for b in bits)
    p = root(imbalance, low, high, C, *constants)
    rest = tuple(constants)
    ends = np.where(at(low, C, rest)[2][0] <= at(high, C, rest)[2][0], low, high)
    p = np.where(np.isnan(p), ends, p)
    n, d, _ = at(p, C, rest)
    return n, d, np.exp(p)
