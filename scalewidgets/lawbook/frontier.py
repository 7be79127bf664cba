"""The compute-optimal frontier of a loss surface: the N and D of least loss at 6ND = C."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from . import expression as ex

Array = npt.NDArray[np.float64]

FLOPS_PER_PARAMETER_TOKEN = 6.0  # forward 2, backward 4 (Kaplan et al. 2020, Sec. 2.1)

# Roots are sought in log N to the last digits: the browser's must agree with them to 1e-9.
_TOLERANCES = {"xatol": 1e-14, "xrtol": 1e-15, "fatol": 0.0, "frtol": 0.0}


def root(f: Callable[..., Array], low: Array, high: Array, *args: Array) -> Array:
    """The root of ``f(x, *args)`` in each bracket (shapes broadcast); NaN where the sign is one."""
    from scipy.optimize import elementwise  # 0.3 s to import, and a lab opens without it

    arrays = np.broadcast_arrays(low, high, *args)
    found = elementwise.find_root(
        f, (arrays[0], arrays[1]), args=tuple(arrays[2:]), tolerances=_TOLERANCES
    )
    return np.asarray(np.where(found.success, found.x, np.nan))


@lru_cache(maxsize=64)
def surface(tree: ex.Tree) -> ex.Program:
    """Loss and its slopes in log N and log D, N D L_N and so on: a program of three outputs."""
    slopes = [ex.multiply(name, ex.derivative(tree, name)) for name in ("N", "D")]
    return ex.Program([tree, *slopes])


def chinchilla_form(tree: ex.Tree) -> tuple[str, str, str, str, str] | None:
    """Names (E, A, alpha, B, beta) when the tree is ``E + A/N**alpha + B/D**beta``, else None."""
    match tree:
        case (
            "+",
            ("+", str(e), ("/", str(a), ("**", "N", str(alpha)))),
            ("/", str(b), ("**", "D", str(beta))),
        ):
            return e, a, alpha, b, beta
    return None


def compute_optimal(
    tree: ex.Tree, values: Mapping[str, Any], C: Array, factor: float = FLOPS_PER_PARAMETER_TOKEN
) -> tuple[Array, Array]:
    """N and D of least loss with ``factor * N * D = C``; NaN where there is no interior optimum.

    Parameters
    ----------
    tree : Tree
        A loss in N, D and names that ``values`` holds (arrays that broadcast with C).
    C : array
        Training FLOPs.

    Notes
    -----
    Closed form for Chinchilla's surface (Hoffmann et al. 2022, Eq. 4); elsewhere the root of
    N dL/dN = D dL/dD along the budget.
    """
    form = chinchilla_form(tree)
    if form is not None:
        _, a, alpha, b, beta = (values[name] for name in form)
        with np.errstate(all="ignore"):
            total = np.add(alpha, beta)
            balance = (alpha * a / (beta * b)) ** (1.0 / total)
            n = balance * (C / factor) ** (beta / total)
            return n, C / (factor * n)

    names = [name for name in values if name in ex.symbols(tree)]
    slopes = surface(tree)

    def imbalance(u: Array, c: Array, *rest: Array) -> Array:
        n = np.exp(u)
        cells = dict(zip(names, rest, strict=True))
        _, by_n, by_d = slopes({**cells, "N": n, "D": c / (factor * n)})
        return np.asarray(by_n - by_d)

    top = np.log(C / factor)
    n = np.exp(root(imbalance, np.zeros_like(top), top, C, *(np.asarray(values[k]) for k in names)))
    return n, C / (factor * n)
