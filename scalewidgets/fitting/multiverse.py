"""sw.multiverse: one answer under every choice that somebody makes, side by side."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np
import polars as pl

from ..lawbook import Law
from ..lawbook import expression as ex
from ..lawbook.door import checked
from ..lawbook.quantity import format_quantity as quantity
from .approaches.isoflop import IsoFlop
from .counting import Embedding, Embeddings, embeddings
from .parametric import fit as fit_law
from .result import Fit
from .types import FitError
from .universe import Universe, check, crossed, usual
from .visit import SCHEMA, Answer, Setting, differs, solved, surface
from .workers import solve_all, with_progress

EMBEDDING = "N_embedding"
_MOST_FLOPS = 1e300


@dataclass(frozen=True, eq=False)
class Multiverse:
    """The compute-optimal size under every choice.

    Attributes
    ----------
    table : polars.DataFrame
        One row a universe, the baseline first: ``label``, ``group``, ``N_opt`` (parameters as the
        runs count them), ``D_opt`` (tokens), ``tokens_per_parameter``, ``a_N`` and ``k_N`` (near
        ``C`` N_opt = k_N C^a_N; at all C for Chinchilla's form and for approach 2), ``loss`` (the
        universe's own prediction there, in the law's unit; null for approach 2, which predicts
        none), ``status`` (of the fit; ``"no_optimum"`` where N_opt is null, ``"outside_grid"`` for
        approach 2 with a minimum outside the sizes trained), ``runs`` (used) and ``source``.
    C : float
        Training FLOPs.
    fits : dict of str to Fit or IsoFlop
        By label.
    left_out : dict of str to str
        Universes that cannot be had, and why.
    asked : int
        How many were asked for; fewer in ``table`` and ``left_out`` mean an interrupt.
    """

    table: pl.DataFrame
    C: float
    fits: dict[str, Fit | IsoFlop] = field(repr=False)
    left_out: dict[str, str]
    asked: int

    @property
    def baseline(self) -> Fit:
        """The fit from which every universe differs in one choice."""
        found = self.fits[self.table["label"][0]]
        assert isinstance(found, Fit)
        return found

    @property
    def spread(self) -> tuple[float, float]:
        """Least and greatest N_opt (NaN where no universe has one)."""
        found = self.table["N_opt"].drop_nulls().to_numpy()
        return (float(found.min()), float(found.max())) if len(found) else (np.nan, np.nan)

    def __str__(self) -> str:
        low, high = map(quantity, self.spread)
        out = f"; left out: {', '.join(self.left_out)}" if self.left_out else ""
        return (
            f"{self.baseline.law.id} at {quantity(self.C)} FLOPs: N_opt {low} to {high} in "
            f"{len(self.table)} of {self.asked} universes{out}"
        )

    def __repr__(self) -> str:
        return f"Multiverse({self})"


@checked(FitError)
def multiverse(
    runs: Any,
    law: Law | str = "hoffmann2022",
    *,
    C: float,
    universes: Iterable[Universe] | None = None,
    full: bool = False,
    embedding: Embedding | None = None,
    included: bool = True,
    budgets: Sequence[float] | None = None,
    within: float = 0.05,
    executor: Executor | None = None,
    **options: Any,
) -> Multiverse:
    """The compute-optimal size at ``C`` under every choice in use: a strip of answers.

    One choice at a time differs from a baseline: the objective, Huber's delta, runs left out, what
    counts as parameters, what counts as FLOPs, the method. Which of them moves the answer most is
    not known before they have been tried (Li et al. 2025, arXiv:2502.18969).

    Parameters
    ----------
    runs : Fit, DataFrame and whatever else ``read_runs`` takes
        A fit is the baseline itself, with its law, runs, objective and weights.
    law : Law or str
        A loss over N and D, as for :func:`fit`.
    C : float
        Training FLOPs.
    universes : iterable of Universe, optional
        Without it all usual ones that these runs allow. One that does not differ from the baseline
        is the baseline, and not listed again.
    full : bool
        Whether to add every combination of choices (some hundreds of fits).
    embedding : str or float, optional
        The column of each run's embedding parameters (a column ``N_embedding`` is found by
        itself), or omega of Pearce and Song's relation: omega N^(1/3) embeddings beside N other
        parameters (47491: vocabulary 32,000, width 39 times the depth). "N without embeddings" is
        a law fitted to the other parameters, under the same budget 6ND; "C without embeddings" the
        same law as the baseline under a budget that leaves embeddings out; the answer is
        always in parameters as the runs count them. Beyond the runs the relation is used, with the
        runs' median omega.
    included : bool
        Whether the runs' N holds the embeddings.
    budgets, within : optional
        The isoFLOP curves for approach 2, as :func:`approach_2` takes them.
    executor : concurrent.futures.Executor, optional
        Its workers solve the universes, with the same answers; what a worker loses is solved here.
    **options
        ``objective``, ``delta``, ``fixed``, ``weights`` and others of :func:`fit`, for the
        baseline and all universes.

    Returns
    -------
    Multiverse
        An interrupt keeps the universes that are done.

    Raises
    ------
    FitError
        When C is no positive number, the law is no loss over N and D, the baseline cannot be
        fitted, or two universes share a label. A universe that cannot be had is no error: it
        stands in ``left_out``.
    RunsError
        Runs that cannot be read.
    """
    baseline = _baseline(runs, law, C, options)
    counted = _counted(baseline, embedding, included)
    levels = None if budgets is None else tuple(budgets)
    setting = Setting(baseline, float(C), counted, levels, within)
    if universes is None:
        universes = usual(counted.name) if counted else usual()
    asked = check([setting.first, *(u for u in universes if differs(u, baseline))])
    answers: list[Answer] = []
    try:
        for answer in _solved(setting, asked, executor):
            answers.append(answer)
        if full:
            more = crossed(a.universe for a in answers[1:] if a.fit is not None)
            asked += more
            for answer in _solved(setting, more, executor):
                answers.append(answer)
    except KeyboardInterrupt:
        if not answers:
            raise
        warnings.warn(
            f"multiverse interrupted: {len(answers)} of {len(asked)} universes kept", stacklevel=3
        )
    return _collected(setting, answers, len(asked))


def _solved(
    setting: Setting, universes: Sequence[Universe], executor: Executor | None
) -> Iterator[Answer]:
    todo = [(setting, universe) for universe in universes]
    found = solve_all(solved, todo, executor, "multiverse: universes")
    return with_progress(found, len(todo), "multiverse")


def _baseline(runs: Any, law: Law | str, C: float, options: dict[str, Any]) -> Fit:
    if not isinstance(C, Real) or not 1.0 <= float(C) <= _MOST_FLOPS:
        raise FitError(
            f"multiverse: C must be a number of FLOPs from 1 to {_MOST_FLOPS:g}, not {C!r}"
        )
    if isinstance(runs, Fit) and options:
        raise FitError(f"multiverse: the fit has its own {', '.join(options)}; give runs instead")
    baseline = runs if isinstance(runs, Fit) else fit_law(law, runs, **options)
    variables = set(ex.symbols(surface(baseline))) - set(baseline.law.values)
    if variables != {"N", "D"}:
        raise FitError(f"multiverse: {baseline.law.id} is no loss over N and D: it has no N_opt")
    return baseline


def _counted(baseline: Fit, embedding: Embedding | None, included: bool) -> Embeddings | None:
    if embedding is None and EMBEDDING in baseline.runs.columns:
        embedding = EMBEDDING
    return None if embedding is None else embeddings(baseline.runs, embedding, included)


def _collected(setting: Setting, answers: Sequence[Answer], asked: int) -> Multiverse:
    table = pl.DataFrame([a.row for a in answers if a.row is not None], schema=SCHEMA)
    table = table.with_columns(pl.col(pl.Float64).fill_nan(None))
    return Multiverse(
        table,
        setting.C,
        {a.universe.label: a.fit for a in answers if a.fit is not None},
        {a.universe.label: a.missing for a in answers if a.fit is None},
        asked,
    )
