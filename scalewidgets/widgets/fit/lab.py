"""FitLab: one set of runs under every way of fitting it, live."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Hashable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
import traitlets

from ...fitting import (
    Bootstrap,
    Envelope,
    Fit,
    FitError,
    IsoFlop,
    Objective,
    approach_1,
    approach_2,
)
from ...fitting.objective import HOFFMANN_DELTA, KINDS
from ...lawbook import Law
from ...lawbook import closed_form as published
from ...lawbook.quantity import format_quantity
from ...runs import RunsError, load_runs, read_runs
from ..fitted import FittedLab, inputs_of
from ..given import GIVEN, offered
from ..study import Question, factors_of, names_of, weights_without, written
from ..traits import Quantity
from ..vocabulary import Page
from .cells import AGAINST, CURVES
from .code import code
from .facts import curve_facts, draw_steps, loss_levels, strip_steps, valley_steps
from .page import ASKS, Shown, fit_page
from .study import (
    HOFFMANN_BUDGETS,
    PEARCE_OMEGA,
    TRUTHS,
    Simulation,
    budget_column,
    excluded_by,
    measured_rows,
    truth_law,
)

LAWS = {
    "hoffmann2022": "E + A/N^alpha + B/D^beta (Chinchilla)",
    "kaplan2020": "Kaplan et al. 2020, Eq. 1.5",
}
DATASETS = {"simulated": "simulated study", "chinchilla": "Chinchilla, read off Figure 4"}
DRAWS = 200
_PAUSE = 0.12  # seconds of rest before what takes long: while a hand moves, questions come faster


class FitLab(FittedLab):
    """The same runs under all approaches side by side, refitted as you click, brush and drag.

    Parameters
    ----------
    source : Fit, DataFrame and what else ``read_runs`` takes, optional
        Runs (final losses), or a fit with its runs, law and objective. Without it a simulated
        isoFLOP study, with sliders for its design, whose truth is known.
    curves : DataFrame and what else ``approach_1`` takes, optional
        Training curves of the same models, for approach 1.
    budgets : sequence of float, optional
        FLOPs of the isoFLOP curves, where neither a column ``budget`` nor C itself tells them.
    embedding : str or float, optional
        The column of each run's embedding parameters, or omega of Pearce and Song's relation, as
        :func:`scalewidgets.multiverse` takes it: the strip then counts N without them, too.
    **inputs
        Any input of the lab, such as ``C=1e24``, ``objective="lad"``, ``width=1.5``,
        ``keep="C > 1e20 AND N < 1e10"``.

    Notes
    -----
    Rows are numbered from 0 in ``excluded``; ``nudged`` holds ``row, factor, row, factor, ...`` of
    runs that were dragged up or down. ``keep`` is a condition that Polars reads; typing it sets
    ``excluded``. For a Polars expression there is :meth:`keep_only`.

    Examples
    --------
    >>> lab = FitLab(width=1.0, off_centre=0.3)
    >>> lab.isoflop.a_N < lab.fit.law.values["beta"]
    False
    """

    asks = ASKS

    dataset = traitlets.Unicode("simulated").tag(sync=True)
    truth = traitlets.Enum(list(TRUTHS), "besiroglu2024").tag(sync=True)
    budget_count = traitlets.Int(7, min=3, max=12).tag(sync=True)
    points = traitlets.Int(11, min=5, max=25).tag(sync=True)
    seed = traitlets.Int(0, min=0).tag(sync=True)
    width = traitlets.Float(1.0, min=0.1, max=2.0).tag(sync=True)
    off_centre = traitlets.Float(0.0, min=-1.0, max=1.0).tag(sync=True)
    drift = traitlets.Float(0.0, min=-0.5, max=0.5).tag(sync=True)
    noise = traitlets.Float(0.003, min=0.0, max=0.05).tag(sync=True)
    show_truth = traitlets.Bool(True).tag(sync=True)

    keep = traitlets.Unicode("").tag(sync=True)
    keep_mistake = traitlets.Unicode("").tag(sync=True)
    lasso = traitlets.Bool(False).tag(sync=True)
    excluded = traitlets.List(traitlets.Int(min=0)).tag(sync=True)
    nudged = traitlets.List(traitlets.Float()).tag(sync=True)

    C = Quantity(1e24).tag(sync=True)
    curve = traitlets.Enum(list(CURVES), "parabola").tag(sync=True)
    law_name = traitlets.Unicode("hoffmann2022").tag(sync=True)
    objective = traitlets.Enum(list(KINDS), "huber").tag(sync=True)
    delta = traitlets.Float(HOFFMANN_DELTA, min=1e-12).tag(sync=True)
    against = traitlets.Enum(list(AGAINST), "law_at_run").tag(sync=True)
    wheel = traitlets.Dict(value_trait=traitlets.Float()).tag(sync=True)
    held = traitlets.Dict(value_trait=traitlets.Bool()).tag(sync=True)

    def __init__(
        self,
        source: Any = None,
        *,
        curves: Any = None,
        budgets: Sequence[float] | None = None,
        embedding: str | float | None = None,
        **inputs: Any,
    ) -> None:
        self._given_law: Law | None = None
        self._given_runs: pl.DataFrame | None = None
        self._given_budgets = budgets
        self._given_embedding = embedding
        self._envelope: Envelope | None = None if curves is None else approach_1(curves)
        self._loaded: tuple[Hashable, pl.DataFrame, dict[str, Any]] | None = None
        self._isoflop: IsoFlop | None = None
        self._no_curves = ""
        self._boot: Bootstrap | None = None
        self._later: dict[str, Any] = {}
        self._later_of: Hashable = None
        if isinstance(source, Fit):
            self._given_law, self._given_runs = source.law, source.runs
            inputs = {"law_name": GIVEN, **inputs_of(source), **inputs}
        elif source is not None:
            self._given_runs = read_runs(source)
        if self._given_runs is not None:
            inputs.setdefault("dataset", GIVEN)
        super().__init__(**inputs)

    # --- inputs that hang together ------------------------------------------------------------

    @traitlets.observe("dataset", "truth", "budget_count", "points")
    def _other_runs(self, _change: Any) -> None:
        if self._asked_for is not None:  # not while the lab is made
            self.set(excluded=[], nudged=[], keep="")

    @traitlets.observe("law_name")
    def _other_law(self, _change: Any) -> None:
        if self._asked_for is not None:
            self.set(held={}, wheel={})

    @traitlets.observe("keep")
    def _keep_by_text(self, _change: Any) -> None:
        """Runs that do not answer to the condition are left out; a mistake changes nothing."""
        try:
            left_out = excluded_by(self.runs, self.keep)
        except ValueError as error:
            self.keep_mistake = str(error)
            return
        self.keep_mistake = ""
        self.excluded = left_out

    def keep_only(self, condition: pl.Expr) -> None:
        """Leaves out all runs but those that answer to a Polars expression over the columns."""
        kept = self.runs.select(condition.alias("kept"))["kept"].fill_null(False)
        self.excluded = [int(i) for i in np.flatnonzero(~kept.to_numpy())]

    # --- results as objects -------------------------------------------------------------------

    @property
    def runs(self) -> pl.DataFrame:
        """All runs of the study, those left out included, as they were before a hand moved any."""
        return self._study()[0]

    @property
    def moved_runs(self) -> pl.DataFrame:
        """The same with the losses that a hand has changed."""
        factors = factors_of(self.nudged, len(self.runs))
        return self.runs.with_columns(pl.col("loss") * pl.Series(factors))

    @property
    def isoflop(self) -> IsoFlop | None:
        """Approach 2 on the runs that are in; None where they have no budgets."""
        return self._isoflop

    @property
    def envelope(self) -> Envelope | None:
        """Approach 1 on the training curves; None without them."""
        return self._envelope

    @property
    def draws(self) -> Bootstrap | None:
        """The bootstrap of approach 3 so far: it fills while the lab is shown."""
        return self._boot

    @property
    def code(self) -> str:
        """A cell of Python that repeats what is on the screen."""
        return code(self)

    def __repr__(self) -> str:
        if self.problem:
            return f"FitLab(problem: {self.problem})"
        at = {"approach 2": self._isoflop, "approach 3": self.fit}
        found = ", ".join(
            f"{name} {format_quantity(float(one.N_opt(self.C)))}" for name, one in at.items() if one
        )
        used = len(self.runs) - len(set(self.excluded))
        return (
            f"FitLab({used} of {len(self.runs)} {self.dataset} runs, {self.fit.objective}: "
            f"{self.fit.status}; N at {format_quantity(self.C)} FLOP: {found})"
        )

    # --- what the kernel knows ----------------------------------------------------------------

    @property
    def simulation(self) -> Simulation | None:
        """The simulated study as its sliders say; None for measured runs."""
        if self.dataset != "simulated":
            return None
        design = (self.budget_count, self.points, self.seed)
        grid = (self.width, self.off_centre, self.drift, self.noise)
        return Simulation(truth_law(self.truth), *design, *grid)

    @property
    def law(self) -> Law:
        """The law that approach 3 fits, with its published constants."""
        if self.law_name == GIVEN and self._given_law is not None:
            return self._given_law
        return published(self.law_name)

    def _study(self) -> tuple[pl.DataFrame, dict[str, Any]]:
        """The runs, and the arrays by which the browser knows them; made once a data set."""
        simulation = self.simulation
        key: Hashable = self.dataset
        if simulation is not None:
            key = tuple(getattr(self, name) for name in ASKS[:9])
        if self._loaded is None or self._loaded[0] != key:
            if simulation is not None:
                runs, rows = simulation.runs(), simulation.rows()
            elif self.dataset == GIVEN and self._given_runs is not None:
                runs, rows = self._given_runs, measured_rows(self._given_runs)
            else:
                runs = load_runs(self.dataset)
                rows = measured_rows(runs)
            self._loaded = key, runs, rows
        return self._loaded[1], self._loaded[2]

    def _held(self) -> dict[str, float]:
        free = written(self.law)
        return {n: v for n, v in self.wheel.items() if n in free and self.held.get(n)}

    @property
    def weights(self) -> Any:
        """1 for each run that is in, 0 for each that is left out (runs,)."""
        return weights_without(self.excluded, len(self.runs))

    def _solve(self) -> Fit:
        objective = Objective(self.objective, self.delta)  # type: ignore[arg-type]  # an Enum trait
        question = Question(self.law, self.moved_runs, objective, self.weights, self._held())
        return question.answer(self._fit)

    @property
    def _named_budgets(self) -> Sequence[float] | None:
        """FLOPs of the isoFLOP curves, where neither a column nor C tells them."""
        if self.dataset == "chinchilla":
            return HOFFMANN_BUDGETS
        return self._given_budgets if self.dataset == GIVEN else None

    def _grouped(self) -> tuple[pl.DataFrame | None, str]:
        """The runs that are in and have a budget; where there are no budgets None, and why."""
        budget, why = budget_column(self.runs, self._named_budgets)
        if why:
            return None, why
        table = self.moved_runs.with_columns(budget=pl.Series(budget))
        return table.filter(pl.Series(self.weights > 0) & pl.col("budget").is_not_nan()), ""

    def _curves(self) -> tuple[IsoFlop | None, str]:
        """Approach 2; where the runs allow none, None and why."""
        grouped, why = self._grouped()
        if grouped is None:
            return None, why
        try:
            return approach_2(grouped, curve=self.curve), ""  # type: ignore[arg-type]  # an Enum trait
        except (FitError, RunsError) as error:
            return None, str(error)

    def page(self) -> Page:
        law, simulation = self.law, self.simulation
        datasets, laws = offered(DATASETS, self._given_runs), offered(LAWS, self._given_law)
        free = written(law)
        pair = self._pair()
        truth = None if simulation is None else simulation.truth
        key = (law.id, truth and truth.id, self.truth, tuple(pair), self._envelope is not None)
        shown = Shown(law, free, truth, pair, self._envelope is not None, datasets, laws)
        return self._page_for(key, lambda: fit_page(shown))

    def _pair(self) -> list[str]:
        """The two exponents of the law between which lies its valley."""
        problem = self.fit.problem
        curved = [name for name in problem.free if name not in problem.linear]
        return curved[:2] if len(curved) > 1 else []

    def facts_now(self) -> Mapping[str, Any]:
        runs, rows = self._study()
        fit = self.fit
        self._isoflop, self._no_curves = self._curves()
        facts: dict[str, Any] = {f"fit_{n}": v for n, v in fit.params.items()}
        facts |= rows
        facts |= {
            "runs_factor": np.ones(len(runs)),  # what a hand has moved, the browser multiplies in
            "runs_budget": budget_column(runs, self._named_budgets)[0],
            "runs_name": names_of(runs),
            "levels": loss_levels(runs),
            "code": [self.code],
        }
        simulation = self.simulation
        if simulation is not None:
            facts |= {f"truth_{n}": v for n, v in simulation.truth.values.items()}
            facts["row_middle"] = simulation.middle
        if self._envelope is not None:
            facts |= {"a1_k": self._envelope.k_N, "a1_a": self._envelope.a_N}
        return facts | curve_facts(self._isoflop) | self._kept()

    # --- what takes its time ------------------------------------------------------------------

    def _kept(self) -> dict[str, Any]:
        """What was found for the question before stays until its own has been."""
        return self._later if self._later_of == self._later_key() else {}

    def _later_key(self) -> Hashable:
        return self.law.id, tuple(self._pair())

    async def facts_later(self) -> AsyncIterator[Mapping[str, Any]]:
        fit, iso = self.fit, self._isoflop
        self._later = dict(self._kept())
        self._later_of = self._later_key()
        await asyncio.sleep(_PAUSE)
        for steps in (valley_steps(fit, self._pair()), self._draws(fit, iso), self._strip(fit)):
            for found in steps:
                self._later |= found
                yield found
                await asyncio.sleep(0)

    def _draws(self, fit: Fit, iso: IsoFlop | None) -> Iterator[dict[str, Any]]:
        for boot, facts in draw_steps(fit, iso, written(self.law), DRAWS):
            self._boot = boot
            yield facts

    def _strip(self, fit: Fit) -> Iterator[dict[str, Any]]:
        embedding = self._given_embedding if self.dataset == GIVEN else None
        if self.dataset == "chinchilla":
            embedding = PEARCE_OMEGA
        before = self._later if "strip_name" in self._later else None
        return strip_steps(fit, self.C, self._grouped()[0], embedding, before)

    def status(self) -> tuple[str, str]:
        fit = self.fit
        left_out = f", {len(self.excluded)} left out" if self.excluded else ""
        text = f"{fit.used} runs{left_out}; {fit.objective}; fit {fit.status}."
        notes = [*fit.certificate.notes()]
        if self._no_curves:
            notes.append(f"No approach 2: {self._no_curves}")
        elif self._isoflop is not None:
            notes += self._isoflop.notes()
        if self._boot is not None and self._boot.fit is fit and len(self._boot.draws) < DRAWS:
            text += f" Bootstrap {len(self._boot.draws)} of {DRAWS}."
        return ("warning" if notes else "ok"), " ".join([text, *notes])
