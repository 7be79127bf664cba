"""How parameters and FLOPs are counted, and what the optimum is under another count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import polars as pl

from ..lawbook import expression as ex
from ..lawbook.frontier import compute_optimal
from .types import Array, FitError

Embedding: TypeAlias = str | float

SAME = 0.01  # share by which C must differ from 6ND somewhere, to be a count of its own
FAR = 0.1  # a relation that misses C by more at a typical run says nothing beyond the runs


_LEAST, _MOST = 1e-100, 1e100  # of omega, whose third power is a number yet


@dataclass(frozen=True)
class Cost:
    """Formulas of a number of parameters N, from which a budget and an answer follow.

    Attributes
    ----------
    flops : str
        Training FLOPs a token.
    size : str
        The parameters that go into the law.
    reported : str
        The parameters as the table of runs counts them.
    """

    flops: str = "6*N"
    size: str = "N"
    reported: str = "N"


def optimum(
    tree: ex.Tree, values: Mapping[str, float], C: Array, cost: Cost
) -> tuple[Array, Array, Array]:
    """N as the table counts it, D, and the loss there: the least one at ``flops * D = C``.

    Parameters
    ----------
    tree : Tree
        A loss in N, D and the constants ``values``.
    C : array
        Training FLOPs, any shape.
    cost : Cost

    Notes
    -----
    With tokens T in which D = T 6N/flops the budget reads 6NT = C: there is one way to find an
    optimum. NaN where there is none.
    """
    tokens = ex.parse(f"D*6*N/({cost.flops})")
    other = {} if cost == Cost() else {"N": ex.parse(cost.size), "D": tokens}
    surface = ex.substitute(tree, other)
    n, t = compute_optimal(surface, values, C)
    found = ex.Program([ex.parse(cost.reported), tokens, surface])({**values, "N": n, "D": t})
    return found[0], found[1], found[2]


@dataclass(frozen=True)
class Embeddings:
    """Parameters counted with or without embeddings: the table's way, and the other.

    Embeddings of models of one shape are omega N^(1/3) of their N other parameters: N grows with
    the cube of the width (Pearce and Song 2024, arXiv:2406.12907).

    Attributes
    ----------
    omega : float
    other : array (runs,)
        N of each run by the other way.
    included : bool
        Whether the table's N holds the embeddings.
    """

    omega: float
    other: Array
    included: bool

    @property
    def name(self) -> str:
        """What the other way is called."""
        return "without embeddings" if self.included else "with embeddings"

    def cost(self, *, size: bool, flops: bool) -> Cost:
        """A budget in which the law's N, or the FLOPs 6ND, or both are counted the other way."""
        ways = [f"(N + {self.omega!r}*N**(1/3))", "N"]
        given, other = ways if self.included else ways[::-1]
        return Cost(f"6*{other if flops else given}", other if size else given, given)


def embeddings(runs: pl.DataFrame, given: Embedding, included: bool) -> Embeddings:
    """The other way to count the parameters of some runs.

    Parameters
    ----------
    runs : polars.DataFrame
        With N.
    given : str or float
        The column that holds each run's embedding parameters (omega is then their median over
        N^(1/3)), or omega itself.
    included : bool
        Whether N holds them.

    Raises
    ------
    FitError
        For a missing column, embeddings that are not positive, or that leave no parameters.
    """
    n = runs["N"].to_numpy()
    if isinstance(given, str):
        extra = _column(runs, given)
        others = n - extra if included else n
        if not (others > 0).all():
            raise FitError(
                f"multiverse: {given!r} exceeds N in {int((others <= 0).sum())} runs; if N does "
                "not hold the embeddings say included=False"
            )
        omega = float(np.median(extra / np.cbrt(others)))
    else:
        omega = float(given)
        if not _LEAST <= omega <= _MOST:
            raise FitError(
                f"multiverse: embedding must be a column or a positive omega, not {given!r} "
                "(47491 for a vocabulary of 32,000 and a width of 39 times the depth)"
            )
        others = _without(n, omega) if included else n
        extra = omega * np.cbrt(others)
    return Embeddings(omega, others if included else n + extra, included)


def _column(runs: pl.DataFrame, name: str) -> Array:
    if name not in runs.columns or not runs[name].dtype.is_numeric():
        raise FitError(
            f"multiverse: {name!r} is no column of numbers; there are {', '.join(runs.columns)}"
        )
    values = runs[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
    if not ((values > 0) & np.isfinite(values)).all():
        raise FitError(
            f"multiverse: {name!r} must be positive for every run (embedding parameters)"
        )
    return np.asarray(values)


def _without(n: Array, omega: float) -> Array:
    """The root x^3 of x^3 + omega x = n, by the hyperbolic sine: exact for any omega."""
    third = np.sqrt(omega / 3.0)
    return np.asarray((2.0 * third * np.sinh(np.arcsinh(0.5 * n / third**3) / 3.0)) ** 3)


def measured_cost(runs: pl.DataFrame) -> Cost:
    """The FLOPs that a table's own C counts: 6ND (k + w N^(-1/3)).

    Attention over a context costs FLOPs in proportion to width times depth, N^(2/3) in models of
    one shape, and an output layer that N leaves out to the width, N^(1/3) (Kaplan et al. 2020,
    arXiv:2001.08361, Sec. 2.1, Table 1). The first is what remains in large models; k and w are
    found by least squares of the relative differences.

    Raises
    ------
    FitError
        Where C is 6ND, is no function of N and D of this kind, or all models have one size.
    """
    n, d, c = (runs[q].to_numpy() for q in ("N", "D", "C"))
    ratio = c / (6.0 * n * d)
    if np.abs(ratio - 1.0).max() < SAME:
        raise FitError(f"C is 6ND to {SAME:.0%} in every run: there is no other count")
    if np.ptp(np.log(n)) < SAME:
        raise FitError("all models have one size: how C grows with N cannot be told")
    basis = np.stack([np.ones(len(n)), n ** (-1.0 / 3.0)], axis=1)
    (k, w), *_ = np.linalg.lstsq(basis / ratio[:, None], np.ones(len(n)), rcond=None)
    missed = float(np.sqrt(np.mean((basis @ (k, w) / ratio - 1.0) ** 2)))
    if missed > FAR or k <= 0:
        raise FitError(f"C/6ND is no function of N: k + w/N^(1/3) misses it by {missed:.0%}")
    return Cost(f"6*N*({float(k)!r} + {float(w)!r}/N**(1/3))")
