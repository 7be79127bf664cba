"""sw.allocate: from a law or a fit to a plan, with intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ..fitting import Bootstrap, Fit
from ..lawbook import Law
from ..lawbook import expression as ex
from ..lawbook.precision import BASELINE, BITS, SERVED, with_precision
from .cost import Array, inference_flops, training_flops
from .optimum import budget_optimum, demand_optimum, precision_optimum, tied_bits

TRAINING_BITS = (4.0, 16.0)  # below, Kumar et al.'s activation factor is not positive


class AllocationError(ValueError):
    """A plan that cannot be made; the text says why and what would make it possible."""


@dataclass(frozen=True, eq=False)
class Plan:
    """A training run to make, and what it saves.

    Attributes
    ----------
    strategy : str
        ``chinchilla``, ``inference-aware`` or ``precision-aware``.
    N, D : float
        Parameters and training tokens.
    loss : float
        Predicted loss, nats/token, of the model as it is served.
    bits : float
        Training bits (16 unless precision-aware).
    train_flops, inference_flops : float
        6ND in 16-bit operations, and 2N a served token.
    saving : float
        Share of the total FLOPs saved against the Chinchilla model of equal loss.
    draws : mapping of str to array (draws,)
        The same quantities for each draw of the constants; empty without draws.
    """

    strategy: Literal["chinchilla", "inference-aware", "precision-aware"]
    N: float
    D: float
    loss: float
    bits: float
    train_flops: float
    inference_flops: float
    saving: float
    draws: Mapping[str, Array] = field(default_factory=dict, repr=False)

    @property
    def tokens_per_parameter(self) -> float:
        return self.D / self.N

    @property
    def total_flops(self) -> float:
        return self.train_flops + self.inference_flops

    def interval(self, name: str, level: float = 0.95) -> tuple[float, float]:
        """Percentile interval of ``N``, ``D``, ``loss``, ``bits``, ``train_flops``,
        ``inference_flops`` or ``saving`` over the draws.

        Draws without a solution are left out; NaN where they are more than one tail holds, as the
        interval's end then lies among them.

        Raises
        ------
        AllocationError
            When the plan was made without draws, for an unknown name, or a level that is none.
        """
        if not self.draws:
            raise AllocationError(
                "plan: no draws, so no interval. Pass draws=fit.bootstrap(...) to allocate."
            )
        if name not in self.draws:
            raise AllocationError(f"plan: no interval of {name!r}; there are {list(self.draws)}")
        if not 0.0 < level < 1.0:
            raise AllocationError(f"plan: level must lie between 0 and 1, not {level!r}")
        tail = 0.5 * (1.0 - level)
        cloud = self.draws[name]
        if np.mean(np.isnan(cloud)) > tail:
            return float("nan"), float("nan")
        low, high = np.nanquantile(cloud, [tail, 1.0 - tail])
        return float(low), float(high)

    def __str__(self) -> str:
        return (
            f"{self.strategy}: N={self.N:.4g} D={self.D:.4g} loss={self.loss:.4f} "
            f"train={self.train_flops:.3e} FLOP inference={self.inference_flops:.3e} FLOP "
            f"saving={self.saving:.1%}"
        )


def allocate(
    source: Law | Fit,
    *,
    C: float | None = None,
    loss: float | None = None,
    inference_tokens: float = 0.0,
    precision: bool = False,
    served_bits: float = 16.0,
    draws: Bootstrap | None = None,
) -> Plan:
    """The best N and D for a budget or a loss.

    Parameters
    ----------
    source : Law or Fit
        A loss surface over N and D.
    C : float
        Training FLOPs of the Chinchilla model. With ``inference_tokens`` it sets the quality: the
        plan reaches the loss of the Chinchilla model of C at least total cost.
    loss : float
        Target loss, nats/token (instead of C).
    inference_tokens : float
        Tokens served over the lifetime, input and output; counted as 2N FLOPs each
        (Sardana et al. 2024, Eq. 2).
    precision : bool
        Choose the training bits too: (6/16) N D P = C (Kumar et al. 2024, Sec. 4.3).
    served_bits : float
        Bits of the weights as served, with ``precision=True``; below 16 their post-training loss is
        counted.
    draws : Bootstrap, optional
        From ``fit.bootstrap(...)``: gives the plan its intervals.

    Raises
    ------
    AllocationError
        Neither or both of C and loss; numbers that make no sense; a law that is no loss over N and
        D or has no values; a loss that it cannot reach; no interior optimum.
    """
    if (C is None) == (loss is None):
        raise AllocationError("allocate: give one of C (training FLOPs) and loss (nats/token)")
    if precision and (loss is not None or inference_tokens):
        raise AllocationError("allocate: precision=True takes C only, without inference_tokens")
    if served_bits != BASELINE and not precision:
        raise AllocationError("allocate: served_bits counts only with precision=True")
    for name, given in {"C": C, "loss": loss, "served_bits": served_bits}.items():
        if given is not None and not 0 < given < np.inf:
            raise AllocationError(f"allocate: {name} must be positive and finite, not {given!r}")
    if not 0 <= inference_tokens < np.inf:
        raise AllocationError(
            f"allocate: inference_tokens must be zero or positive and finite, not "
            f"{inference_tokens!r}"
        )
    law = source.law if isinstance(source, Fit) else source
    plain = plain_surface(law)
    _check_surface(law, plain)
    tied = tied_bits(_at_defaults(with_precision(law), {SERVED: float(served_bits)}))
    problem = _Question(plain, tied if precision else None, C, loss, inference_tokens)
    point = problem.answer(dict(law.values))
    if not np.isfinite(point["N"]):
        raise AllocationError(_why(law, plain, C, loss))
    cloud = {}
    if draws is not None:
        cloud = problem.answer({k: draws.draws[k].to_numpy() for k in draws.draws.columns})
    strategy: Literal["chinchilla", "inference-aware", "precision-aware"] = (
        "precision-aware" if precision else "inference-aware" if inference_tokens else "chinchilla"
    )
    return Plan(strategy, **{k: float(v) for k, v in point.items()}, draws=cloud)


def plain_surface(law: Law) -> ex.Tree:
    """The law's loss over N and D at 16 bits, other variables at their defaults."""
    return _at_defaults(law, dict.fromkeys((*BITS, SERVED), BASELINE))


def _check_surface(law: Law, plain: ex.Tree) -> None:
    asked = {name for name in ex.symbols(plain) if name not in law.values}
    if asked != {"N", "D"}:
        raise AllocationError(
            f"allocate: {law.id} is not a loss over N and D; its variables are "
            f"{', '.join(law.variables)}"
        )
    unknown = [name for name, value in law.values.items() if np.isnan(value)]
    if unknown:
        raise AllocationError(
            f"allocate: {law.id} has no values for {', '.join(unknown)}; fit it to runs first"
        )


def _at_defaults(law: Law, given: Mapping[str, ex.Tree]) -> ex.Tree:
    texts = {k: t for k, t in law.defaults.items() if k not in (*BITS, *given)}
    return ex.substitute(law.tree, {**{k: ex.parse(t) for k, t in texts.items()}, **given})


@dataclass(frozen=True)
class _Question:
    """What is asked of a surface, for one set of constants or thousands."""

    plain: ex.Tree
    tied: ex.Tree | None
    C: float | None
    loss: float | None
    tokens: float

    def answer(self, values: Mapping[str, Any]) -> dict[str, Array]:
        """All quantities of a plan, each of the shape of the constants."""
        bits = np.asarray(BASELINE)
        served = np.asarray(self.tokens, dtype=float)
        if self.tied is not None:
            n, d, bits = precision_optimum(self.tied, values, np.asarray(self.C), TRAINING_BITS)
            reached = ex.Program([self.tied])({**values, "N": n, "D": d, "P": bits})[0]
        else:
            n, d, reached = self._dense(values, served)
        train, inference = training_flops(n, d, bits), inference_flops(n, served)
        n0, d0 = demand_optimum(self.plain, values, reached, np.asarray(0.0))
        equal = training_flops(n0, d0) + inference_flops(n0, served)
        found = {
            "N": n,
            "D": d,
            "loss": reached,
            "bits": bits,
            "train_flops": train,
            "inference_flops": inference,
            # rounded, so that a plan saves nothing against itself, on every machine
            "saving": np.round(1.0 - (train + inference) / equal, 12) + 0.0,
        }
        return {k: np.broadcast_to(v, np.shape(n)) for k, v in found.items()}

    def _dense(self, values: Mapping[str, Any], served: Array) -> tuple[Array, Array, Array]:
        """N, D and loss at 16 bits."""
        program = ex.Program([self.plain])
        if self.C is None:
            reached = np.asarray(self.loss, dtype=float)
        else:
            n, d = budget_optimum(self.plain, values, np.asarray(self.C))
            reached = program({**values, "N": n, "D": d})[0]
        if self.C is None or self.tokens:
            n, d = demand_optimum(self.plain, values, reached, served)
        return n, d, np.asarray(program({**values, "N": n, "D": d})[0])


def _why(law: Law, plain: ex.Tree, C: float | None, loss: float | None) -> str:
    if loss is not None:
        floor = float(ex.Program([plain])({**law.values, "N": 1e26, "D": 1e30})[0])
        if loss <= floor:
            return (
                f"allocate: {law.id} cannot reach a loss of {loss:g}: with unlimited N and D it "
                f"ends at {floor:.4g} nats/token"
            )
    what = f"loss {loss:g}" if loss is not None else f"{C:.3g} FLOP"
    return (
        f"allocate: {law.id} has no interior optimum for {what}: one of N and D runs away to the "
        "edge. Look at law.predict along the budget."
    )
