"""sw.allocate: from a law or a fit to a plan, with intervals."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..fitting import Bootstrap, Fit
from ..lawbook import Law
from ..lawbook.door import checked
from . import explain, export
from .compute.cluster import Cluster
from .cost import Array
from .draws import AllocationError, columns, interval, plain
from .question import Question, Starts
from .request import Request, read
from .surfaces import TRAINING_BITS, plain_surface

if TYPE_CHECKING:
    import polars as pl

__all__ = ["TRAINING_BITS", "AllocationError", "FlatRegion", "Plan", "allocate", "plain_surface"]

Number = float | str
_WIDEST = 1e6


@dataclass(frozen=True)
class FlatRegion:
    """The models of a plan's loss that cost hardly more than the plan.

    Attributes
    ----------
    within : float
        The extra lifetime cost, as a share.
    N, D : tuple of float
        The smallest and the largest such model, and the tokens of each; NaN where the region goes
        on for a factor of more than a thousand.
    """

    within: float
    N: tuple[float, float]
    D: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Plan:
    """A training run to make, and what it saves.

    Attributes
    ----------
    strategy : str
        ``chinchilla``, or what is taken into account: ``inference-aware``, ``precision-aware``,
        ``data-limited``, ``quantised``, ``overhead``, ``in memory``, ``fixed N`` ...
    N, D : float
        Parameters and training tokens.
    loss : float
        Predicted loss, nats/token, of the model as it is served.
    bits : float
        Training bits (16 unless precision-aware).
    epochs : float
        Passes over the unique tokens; 1 where data are without limit.
    train_flops, inference_flops : float
        6ND in 16-bit operations, and 2N a served token.
    saving : float
        Share of the lifetime cost saved against the Chinchilla model of equal loss (16 bits, data
        without limit) that serves the same tokens. Negative where a limit makes the plan dearer.
    question : Question
        What was asked, of which surface.
    dollars : float
        What training costs, and serving where input and output tokens are given; NaN without a
        cluster.
    draws : mapping of str to array (draws,)
        The same quantities for each draw of the constants; empty without draws.
    """

    strategy: str
    N: float
    D: float
    loss: float
    bits: float
    epochs: float
    train_flops: float
    inference_flops: float
    saving: float
    question: Question = field(repr=False)
    dollars: float = float("nan")
    draws: Mapping[str, Array] = field(default_factory=dict, repr=False)

    @property
    def tokens_per_parameter(self) -> float:
        return self.D / self.N

    @property
    def total_flops(self) -> float:
        return self.train_flops + self.inference_flops

    @checked(AllocationError, "plan")
    def interval(self, name: str, level: float = 0.95) -> tuple[float, float]:
        """Percentile interval of ``N``, ``D``, ``loss``, ``bits``, ``epochs``, ``train_flops``,
        ``inference_flops``, ``dollars`` or ``saving`` over the draws.

        Draws without a solution are left out; NaN where they are more than one tail holds, as the
        interval's end then lies among them.

        Raises
        ------
        AllocationError
            When the plan was made without draws, for an unknown name, or a level that is none.
        """
        return interval("plan", self.draws, name, level)

    @checked(AllocationError, "plan")
    def flat_region(self, within: float = 0.01) -> FlatRegion:
        """The sizes for which a model of the same loss costs at most so much more.

        For training and what is served, in FLOPs or dollars as the plan weighs them; the bits in
        training stay those of the plan.

        Raises
        ------
        AllocationError
            When ``within`` is not positive.
        """
        if not 0.0 < within <= _WIDEST:
            raise AllocationError(
                f"plan: within must be a positive share, up to {_WIDEST:g}, not {within!r}"
            )
        law = self.question.request.law
        low, high = self.question.flat_ends(law.values, self._point, within)
        ends = [(float(low[name][0]), float(high[name][0])) for name in ("N", "D")]
        return FlatRegion(within, ends[0], ends[1])

    @checked(AllocationError, "plan")
    def cost_curve(self, N: npt.ArrayLike) -> Array:
        """Lifetime cost of models of N parameters and the plan's loss, as a multiple of the plan's.

        Parameters
        ----------
        N : array_like (sizes,)
            Parameters.

        Returns
        -------
        numpy.ndarray (sizes,)
            1 at the plan where it is the cheapest; NaN where a model cannot reach the loss.
        """
        sizes = np.atleast_1d(np.asarray(N, dtype=float))
        if sizes.ndim != 1 or not sizes.size:
            raise AllocationError("plan: N must be a number or a list of numbers of parameters")
        values = self.question.request.law.values
        own = self.question.cost_curve(values, self._point, np.array([self.N]))
        return np.asarray(self.question.cost_curve(values, self._point, sizes) / own)

    @property
    def _point(self) -> dict[str, float]:
        return {name: getattr(self, name) for name in ("N", "D", "loss", "bits")}

    def sensitivity(self) -> pl.DataFrame:
        """Which assumption moves the plan most; see :func:`scalewidgets.allocation.sensitivity`."""
        from .sensitivity import sensitivity

        return sensitivity(self)

    def to_dict(self) -> dict[str, Any]:
        """What was asked and what came out, ready for JSON; no number is given as None."""
        return {
            "law": export.law_as_dict(self.question.request.law),
            "asked": export.asked_as_dict(self.question.request.asked),
            "plan": {name: plain(value) for name, value in export.numbers_of(self).items()},
            "intervals": {name: list(map(plain, self.interval(name))) for name in self.draws},
        }

    def to_json(self) -> str:
        """:meth:`to_dict` as a text."""
        return json.dumps(self.to_dict(), indent=2)

    def to_markdown(self) -> str:
        """A page for people: the plan, its intervals, what it rests on."""
        return export.markdown(self)

    def to_python(self) -> str:
        """A cell of Python that makes the plan again (without the draws)."""
        return export.python(self)

    def __str__(self) -> str:
        return (
            f"{self.strategy}: N={self.N:.4g} D={self.D:.4g} loss={self.loss:.4f} "
            f"train={self.train_flops:.3e} FLOP inference={self.inference_flops:.3e} FLOP "
            f"saving={self.saving:.1%}"
        )


@checked(AllocationError)
def allocate(
    source: Law | Fit,
    *,
    C: Number | None = None,
    loss: float | None = None,
    total_flops: Number | None = None,
    dollars: Number | None = None,
    gpu_hours: Number | None = None,
    days: Number | None = None,
    cluster: Cluster | None = None,
    serving: Cluster | None = None,
    N: Number | None = None,
    D: Number | None = None,
    tokens_per_parameter: float | None = None,
    memory: Number | None = None,
    overhead: float | None = None,
    inference_tokens: Number = 0.0,
    input_tokens: Number = 0.0,
    output_tokens: Number = 0.0,
    unique_tokens: Number | None = None,
    precision: bool = False,
    served_bits: float = 16.0,
    draws: Bootstrap | None = None,
) -> Plan:
    """The best N and D for one budget, or for a loss.

    Numbers may be texts: ``"1e24 FLOP"``, ``"70B"``, ``"$2M"``, ``"30 days"``, ``"80 GB"``.

    Parameters
    ----------
    source : Law or Fit
        A loss surface over N and D.
    C : float or str
        Training FLOPs, 6ND (in 16-bit operations). With tokens to serve it sets the quality: the
        plan reaches the best loss of C at least lifetime cost.
    loss : float
        Target loss, nats/token, at least lifetime cost.
    total_flops : float or str
        FLOPs of training and serving together: the least loss that they buy.
    dollars, gpu_hours, days : float or str
        What ``cluster`` computes for them, as C. With input and output tokens ``dollars`` pay for
        serving too, as total_flops.
    cluster, serving : Cluster
        What trains, and what serves (the same where left out): prices and utilisations.
    N, D, tokens_per_parameter : float or str
        What is fixed: parameters, training tokens, or their ratio (over-training, Gadre et al.
        2024). Beside a budget or loss one of them; alone, the plan for which it is the best; two
        of them are a plan by themselves.
    memory : float or str
        Bytes that the weights may take at serving, at ``served_bits`` each; alone, the plan for
        the largest model that fits.
    overhead : float
        Extra training FLOPs, as a share, that a smaller model of equal loss may cost (de Vries
        2023): the plan is the smallest such model.
    inference_tokens : float or str
        Tokens served over the lifetime, input and output; counted as 2N FLOPs each
        (Sardana et al. 2024, Eq. 2).
    input_tokens, output_tokens : float or str
        The same apart. With a cluster they are weighed in dollars, by the utilisation of prefill
        and generation (Sardana et al. 2024, Sec. 3), without one as 2N FLOPs each.
    unique_tokens : float or str
        Tokens at hand; more are repeats, worth less each time (Muennighoff et al. 2023).
    precision : bool
        Choose the training bits too: (6/16) N D P = C (Kumar et al. 2024, Sec. 4.3).
    served_bits : float
        Bits of the weights as served; below 16 the loss of quantising them after training is
        counted (Kumar et al. 2024). It does not change the FLOPs: quantised serving is cheaper by
        the peak of the ``serving`` cluster's precision.
    draws : Bootstrap, optional
        From ``fit.bootstrap(...)``: gives the plan its intervals.

    Raises
    ------
    AllocationError
        No or two budgets; numbers that make no sense; a law that is no loss over N and D or has no
        values; a loss that it cannot reach; no interior optimum.

    Examples
    --------
    >>> law = sw.law("sardana2024")
    >>> plan = sw.allocate(law, loss=1.947, inference_tokens="2T")
    >>> f"{plan.N:.4g} {plan.D:.4g}"
    '2.418e+10 2.657e+12'
    """
    asked = {k: v for k, v in locals().items() if k not in ("source", "draws")}
    return plan_of(read(source, draws, asked), draws)


def plan_of(request: Request, draws: Bootstrap | None = None) -> Plan:
    """The plan that answers a request."""
    question = Question(request)
    starts = Starts()
    point = {k: float(v[0]) for k, v in question.answer(request.law.values, 1, starts).items()}
    if not np.isfinite(point["N"]):
        raise AllocationError(explain.why_not(question))
    clouds: dict[str, Array] = {}
    if draws is not None:
        constants = {**request.law.values, **columns(draws)}
        again = Starts(given=starts.found)
        clouds = question.answer(constants, draws.draws.height, again)
    return Plan(strategy_of(request), **point, question=question, draws=clouds)


def strategy_of(request: Request) -> str:
    """What a request takes into account."""
    numbers = request.numbers
    names = {
        "fixed N": "N" in numbers,
        "fixed D": "D" in numbers,
        "fixed ratio": "tokens_per_parameter" in numbers,
        "in memory": "memory" in numbers,
        "overhead": "overhead" in numbers,
        "inference-aware": request.serves,
        "precision-aware": request.precision,
        "quantised": request.served_bits != 16.0 and not request.precision,
        "data-limited": request.repeated,
    }
    return " + ".join(name for name, holds in names.items() if holds) or "chinchilla"
