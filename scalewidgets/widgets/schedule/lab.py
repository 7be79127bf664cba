"""ScheduleLab: draw a learning-rate schedule and watch the loss that two published laws predict."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Hashable, Mapping, Sequence
from typing import Any

import polars as pl
import traitlets

from ...allocation.schedule import BestSchedule
from ...fitting import ScheduleFit
from ...fitting.schedule_curves import read_schedule_curves
from ...lawbook import Law, Schedule
from ...lawbook import closed_form as published
from ...lawbook.quantity import format_quantity
from ..lab import Lab
from ..traits import Quantity
from ..vocabulary import Page
from .cells import BESIDE, LAWS, MODELS, PIECES, SHAPES, models, slow_models
from .fits import Curves, no_facts
from .page import ASKS, BETTER, CONSTANTS, POINT, label, measured_choices, schedule_page
from .runs import FITTED_ON, PEAK, RUNS, WARMUP, no_run, run_facts
from .staircase import Point, best_schedule, inputs_of, staircase, staircase_facts
from .study import Answer, Question, Study

NONE = "none"
_GIVEN = "yours"
_PAUSE = 0.05  # s: a curve that is switched on while another follows begins no fit


class ScheduleLab(Lab):
    """Draw a learning-rate schedule, or pick one, and watch the predicted loss curve.

    Parameters
    ----------
    law : Law, optional
        ``luo2025_multi_power`` or ``tissue2024_lr_annealing`` with constants of your own, such as
        from ``law.with_constants(...)``: one more model to choose.
    curves : table, optional
        Training curves of your own, with ``step``, ``lr`` and ``loss``, and ``run`` where there are
        several: they can be laid under the laws, and the laws fitted to them, as to the 27 of
        Luo et al.
    schedule : Schedule, optional
        Peak, steps, warm-up and shape to begin with.
    **inputs
        Any input of the lab, such as ``shape="cosine"``, ``peak=3e-4``, ``steps="24k"``,
        ``decay=0.2``, ``final=0.0``, ``model="100M"``, ``measured="cosine_24000"``,
        ``better="gradual"``, ``constants="fit"``, ``fit_on={"cosine_24000": True}``.

    Raises
    ------
    ValueError
        For another law, or curves without these columns.

    Notes
    -----
    The loss follows the hand in the browser, as sums over a staircase of 128 steps. Only a better
    schedule, measured runs and fits are asked of the kernel. A fit takes a second or two, in which
    the picture stays; see :func:`fit_schedule_law`.

    Examples
    --------
    >>> lab = ScheduleLab(shape="cosine", model="400M")
    >>> lab
    ScheduleLab(400M, cosine over 24K steps: 2.7571 by the multi-power, 2.7413 by the annealing law)
    """

    asks = (*ASKS, *POINT)
    momentary = ("best_share", "best_step", "best_decay", "best_power")

    model = traitlets.Unicode("400M").tag(sync=True)
    shape = traitlets.Enum(list(SHAPES), "wsd").tag(sync=True)
    peak = Quantity(PEAK).tag(sync=True)
    steps = Quantity(24_000.0).tag(sync=True)
    warmup = Quantity(float(WARMUP)).tag(sync=True)
    decay = traitlets.Float(0.2, min=0.01, max=1.0).tag(sync=True)
    final = traitlets.Float(0.1, min=0.0, max=1.0).tag(sync=True)
    drawn = traitlets.List(traitlets.Float(min=0.0, max=1.0)).tag(sync=True)
    beside = traitlets.Dict(value_trait=traitlets.Bool()).tag(sync=True)
    better = traitlets.Enum(list(BETTER), "off").tag(sync=True)
    measured = traitlets.Unicode(NONE).tag(sync=True)
    constants = traitlets.Enum(list(CONSTANTS), "published").tag(sync=True)
    fit_on = traitlets.Dict(value_trait=traitlets.Bool()).tag(sync=True)
    slowing = traitlets.Bool(False).tag(sync=True)
    slow_model = traitlets.Enum(slow_models(), slow_models()[0]).tag(sync=True)

    def __init__(
        self,
        law: Law | None = None,
        *,
        curves: Any = None,
        schedule: Schedule | None = None,
        **inputs: Any,
    ) -> None:
        self._given = {} if law is None else _roles(law)
        self._study = Study({} if curves is None else read_schedule_curves(curves))
        self._fitted: Answer | None = None
        fresh: dict[str, Any] = {
            "model": _GIVEN if law is not None else "400M",
            "beside": {"cosine": True, "sqrt": False, "linear": False, "wsd": True},
            "drawn": [1.0] * PIECES,
            "fit_on": self._study.on_at_first,
            **({} if schedule is None else inputs_of(schedule)),
        }
        super().__init__(**{**fresh, **inputs})

    @traitlets.validate("drawn")
    def _pieces(self, proposal: Any) -> list[float]:
        if len(proposal["value"]) != PIECES:
            raise traitlets.TraitError(
                f"drawn: needs {PIECES} heights from 0 to 1, shares of the peak; these are "
                f"{len(proposal['value'])}. lab.draw(schedule) makes them of a schedule"
            )
        return list(proposal["value"])

    @traitlets.validate("model", "measured")
    def _known(self, proposal: Any) -> str:
        name, value = proposal["trait"].name, str(proposal["value"])
        known = models(self._given) if name == "model" else [NONE, *self._study.own, *RUNS]
        if value not in known:
            raise traitlets.TraitError(
                f"{name}: there is no {value!r}; there are {', '.join(known)}"
            )
        return value

    @traitlets.validate("fit_on")
    def _at_hand(self, proposal: Any) -> dict[str, bool]:
        keys = self._study.keys
        unknown = [repr(name) for name in proposal["value"] if name not in keys]
        if unknown:
            raise traitlets.TraitError(
                f"fit_on: there is no curve {', '.join(unknown)}; there are {', '.join(keys)}"
            )
        return dict(proposal["value"])

    @traitlets.validate("steps", "warmup")
    def _leaves_room(self, proposal: Any) -> float:
        """Warm-up ends before training does."""
        name, value = proposal["trait"].name, float(proposal["value"])
        steps = value if name == "steps" else self.steps
        warmup = value if name == "warmup" else self.warmup
        if warmup < 2 or warmup >= steps - PIECES:
            raise traitlets.TraitError(
                f"{name}: warm-up has 2 steps or more and ends {PIECES} steps before training "
                f"does; not {warmup:g} of {steps:g} steps"
            )
        return float(round(value))

    # --- results as objects -------------------------------------------------------------------

    @property
    def laws(self) -> dict[str, Law]:
        """The two laws with the constants that are chosen: ``mpl`` and ``ann``."""
        if self.constants == "fit":
            return {role: fit.law for role, fit in self.fits.items()}
        return self._published()

    @property
    def fits(self) -> dict[str, ScheduleFit]:
        """Both laws fitted to the curves that are switched on, whatever constants are shown.

        Raises
        ------
        FitError
            When these curves do not make a fit, or none is switched on.
        DatasetError
            When the runs cannot be had.
        """
        return self._study.fits(self._to_fit)

    @property
    def schedule(self) -> Schedule:
        """Your schedule step by step, as the staircase that the lab computes with."""
        return staircase(self._point(), self.sheet().array("height_yours"))

    @property
    def best(self) -> BestSchedule | None:
        """The better schedule for your peak, steps and warm-up; None while none is looked for."""
        if self.better == "off":
            return None
        return self._best_under(self.laws["mpl"])

    @property
    def compared(self) -> pl.DataFrame:
        """The schedules, a row each: ``schedule``, the final loss by both laws (``multi_power``,
        ``annealing``, nats/token), ``won`` over the constant rate by the multi-power law."""
        sheet = self.sheet()
        names = ["yours", "constant", *BESIDE, *(["best"] if self.better != "off" else [])]
        return pl.DataFrame(
            {
                "schedule": [label(name) for name in names],
                "multi_power": [sheet.get(f"mpl_{name}") for name in names],
                "annealing": [sheet.get(f"ann_{name}") for name in names],
                "won": [sheet.get("mpl_constant") - sheet.get(f"mpl_{name}") for name in names],
            }
        )

    @property
    def errors(self) -> pl.DataFrame:
        """How far both laws are from the measured runs, yours or the nine of the model, a row each:
        ``run``, ``fitted`` (whether the constants shown were fitted to it), mean absolute error by
        both laws (``multi_power``, ``annealing``, nats/token).

        Raises
        ------
        DatasetError
            When the runs cannot be had.
        """
        fitted: Sequence[str] = () if self._study.own else FITTED_ON
        if self.constants == "fit":
            fitted = self._to_fit.on
        laws, curves = self.laws, self._curves()
        power, annealing = (curves.errors(laws[role], fitted) for role in ("mpl", "ann"))
        return power.select("run", "fitted", multi_power="MAE", annealing=annealing["MAE"])

    def draw(self, schedule: Schedule) -> None:
        """Puts a schedule into the lab as if it were drawn: its peak, steps, warm-up and heights.

        Its rates after warm-up are averaged over the 128 pieces.
        """
        self.set(**inputs_of(schedule))

    def __repr__(self) -> str:
        if self.problem:
            return f"ScheduleLab(problem: {self.problem})"
        sheet = self.sheet()
        of = self.model
        if self.constants == "fit":
            whose = "yours" if self._study.own else self._size
            of = f"{whose} fitted to {self._count}"
        return (
            f"ScheduleLab({of}, {SHAPES[self.shape]} over {format_quantity(self.steps)} "
            f"steps: {sheet.get('mpl_yours'):.4f} by the multi-power, {sheet.get('ann_yours'):.4f} "
            "by the annealing law)"
        )

    # --- what the kernel knows ----------------------------------------------------------------

    def key(self) -> Hashable:
        """While no better schedule is looked for, all that is dragged is formulas."""
        point = self._point() if self.better != "off" else ()
        return (self.model, self.better, self.measured, self._to_fit, self.constants, *point)

    def page(self) -> Page:
        searching = self.better != "off"
        more = POINT if searching else ("warmup",) if self._study.own else ()
        return self._page_for(searching, lambda: self._with_curves((*ASKS, *more)))

    def _with_curves(self, asks: Sequence[str]) -> Page:
        measured = {NONE: NONE, **measured_choices([*self._study.own, *RUNS])}
        keys = self._study.keys
        fit_on = dict(zip(keys, measured_choices([*keys.values()]).values(), strict=True))
        return schedule_page(self._given, measured, fit_on, asks)

    def facts_now(self) -> Mapping[str, Any]:
        if self.constants == "fit":
            if not self._to_fit.on:
                raise ValueError("fit_on: switch at least one curve on, else there is no fit")
            self._curves()  # tells at once when they cannot be had
        return self._facts()

    async def facts_later(self) -> AsyncIterator[Mapping[str, Any]]:
        if self._ready():
            return
        await asyncio.sleep(_PAUSE)
        question, model, laws = self._to_fit, self.model, self._published()
        curves = self._curves()
        try:
            fits = await asyncio.to_thread(self._study.fits, question)
            facts = await asyncio.to_thread(curves.facts, laws, fits)
        except ValueError as error:
            self.problem = str(error)
            return
        self._fitted = Answer(question, model, fits, facts)
        yield self._facts()

    def status(self) -> tuple[str, str]:
        if self.better == "sudden":
            return "warning", "sudden drops: the law beyond what any run has shown"
        if self.constants == "published":
            return "ok", "published laws; what is drawn moves in the browser"
        if not self._ready():
            return "note", "fitting both laws to these curves; the picture is the last one"
        fits = self.fits.values()
        troubles = [f"{fit.law.id} {fit.status}" for fit in fits if fit.status != "ok"]
        text = f"laws fitted to {self._count} curves"
        return ("warning" if troubles else "ok"), "; ".join([text, *troubles])

    def _facts(self) -> dict[str, Any]:
        """All facts, those of the last fit while another one is on its way."""
        shown = self._fitted if self.constants == "fit" else None
        laws = self._published()
        fit_facts = no_facts(laws) if shown is None else shown.facts
        if shown is not None:
            laws = {role: fit.law for role, fit in shown.fits.items()}
        best = None if self.better == "off" else self._best_under(laws["mpl"])
        return {
            **staircase_facts(self._point(), best, self.better == "sudden"),
            **fit_facts,
            **self._run_facts(laws),
        }

    def _published(self) -> dict[str, Law]:
        sets = MODELS.get(self.model, MODELS["400M"])
        found = {
            role: published(name).with_constants(sets[k])
            for k, (role, name) in enumerate(LAWS.items())
        }
        return found | (dict(self._given) if self.model == _GIVEN else {})

    def _best_under(self, law: Law) -> BestSchedule:
        constants = tuple(law.values.items())
        return best_schedule(constants, self._point(), self.better == "sudden")

    # --- curves and fits ----------------------------------------------------------------------

    @property
    def _to_fit(self) -> Question:
        of = round(self.warmup) if self._study.own else self._size
        return Question(of, self._study.runs(self.fit_on))

    @property
    def _count(self) -> str:
        return f"{len(self._to_fit.on)} of {len(self._study.keys)}"

    def _curves(self) -> Curves:
        """The curves that can be fitted."""
        return self._study.curves(self._to_fit.of)

    def _ready(self) -> bool:
        """Whether the constants that are asked for are those on the screen."""
        if self.constants != "fit":
            return True
        shown = self._fitted
        return shown is not None and (shown.question, shown.model) == (self._to_fit, self.model)

    def _point(self) -> Point:
        return self.peak, round(self.steps), round(self.warmup)

    @property
    def _size(self) -> str:
        """The model whose measured runs are shown."""
        return self.model if self.model in MODELS else "400M"

    def _run_facts(self, laws: Mapping[str, Law]) -> dict[str, Any]:
        if self.measured == NONE:
            return no_run()
        own = self.measured in self._study.own
        curves = self._curves() if own else Curves.published(self._size)
        return run_facts(curves.tables[self.measured], curves.schedules[self.measured], laws)


def _roles(law: Law) -> dict[str, Law]:
    """The law by what it is in the lab."""
    for role, name in LAWS.items():
        if law.tree == published(name).tree:
            return {role: law}
    raise ValueError(
        f"ScheduleLab: {law.id} is neither {' nor '.join(LAWS.values())}; give one of them with "
        "constants of your own, such as sw.law(...).with_constants(A=0.6)"
    )
