"""ScheduleLab: draw a learning-rate schedule and watch the loss that two published laws predict."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl
import traitlets

from ...allocation.schedule import BestSchedule, optimise_schedule
from ...lawbook import Law, Schedule
from ...lawbook import closed_form as published
from ...lawbook.quantity import format_quantity
from ..lab import Lab
from ..traits import Quantity
from ..vocabulary import Page
from .cells import BESIDE, LAWS, MODELS, PIECES, SHAPES, models, slow_models
from .page import ASKS, BETTER, POINT, label, measured_choices, schedule_page
from .runs import (
    PEAK,
    RUNS,
    WARMUP,
    along,
    error,
    errors,
    logged,
    own_curves,
    published_curve,
    schedule_of,
)

NONE = "none"
_MOST = 160  # points of a measured curve that are drawn
_GIVEN = "yours"


class ScheduleLab(Lab):
    """Draw a learning-rate schedule, or pick one, and watch the predicted loss curve.

    Parameters
    ----------
    law : Law, optional
        ``luo2025_multi_power`` or ``tissue2024_lr_annealing`` with constants of your own, such as
        from ``law.with_constants(...)``: one more model to choose.
    curves : table, optional
        Training curves of your own, with ``step``, ``lr`` and ``loss``, and ``run`` where there are
        several: they can be laid under the laws, as the 27 of Luo et al. can.
    schedule : Schedule, optional
        Peak, steps, warm-up and shape to begin with.
    **inputs
        Any input of the lab, such as ``shape="cosine"``, ``peak=3e-4``, ``steps="24k"``,
        ``decay=0.2``, ``final=0.0``, ``model="100M"``, ``measured="cosine_24000"``,
        ``better="gradual"``.

    Raises
    ------
    ValueError
        For another law, or curves without these columns.

    Notes
    -----
    The loss follows the hand in the browser, as sums over a staircase of 128 steps. Only a better
    schedule and measured runs are asked of the kernel.

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
        self._curves = {} if curves is None else own_curves(curves)
        self._page: tuple[Hashable, Page] | None = None
        fresh: dict[str, Any] = {
            "model": _GIVEN if law is not None else "400M",
            "beside": {"cosine": True, "sqrt": False, "linear": False, "wsd": True},
            "drawn": [1.0] * PIECES,
            **({} if schedule is None else _inputs(schedule)),
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
        known = models(self._given) if name == "model" else [NONE, *self._curves, *RUNS]
        if value not in known:
            raise traitlets.TraitError(
                f"{name}: there is no {value!r}; there are {', '.join(known)}"
            )
        return value

    @traitlets.validate("steps", "warmup")
    def _fits(self, proposal: Any) -> float:
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
        """The two laws with the constants of the chosen model: ``mpl`` and ``ann``."""
        sets = MODELS.get(self.model, MODELS["400M"])
        found = {
            role: published(name).with_constants(sets[k])
            for k, (role, name) in enumerate(LAWS.items())
        }
        return found | (dict(self._given) if self.model == _GIVEN else {})

    @property
    def schedule(self) -> Schedule:
        """Your schedule step by step, as the staircase that the lab computes with."""
        return self._staircase(self.sheet().array("height_yours"))

    @property
    def best(self) -> BestSchedule | None:
        """The better schedule for your peak, steps and warm-up; None while none is looked for."""
        if self.better == "off":
            return None
        constants = tuple(self.laws["mpl"].values.items())
        return _best(constants, self._point(), self.better == "sudden")

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
        """How far both laws are from the nine measured runs of the model, a row each: ``run``,
        ``fitted`` (whether the law was fitted to it), mean absolute error by both laws
        (``multi_power``, ``annealing``, nats/token).

        Raises
        ------
        DatasetError
            When the runs cannot be had.
        """
        laws = self.laws
        names = {"multi_power": laws["mpl"], "annealing": laws["ann"]}
        return errors(names, self._size)

    def draw(self, schedule: Schedule) -> None:
        """Puts a schedule into the lab as if it were drawn: its peak, steps, warm-up and heights.

        Its rates after warm-up are averaged over the 128 pieces.
        """
        self.set(**_inputs(schedule))

    def __repr__(self) -> str:
        if self.problem:
            return f"ScheduleLab(problem: {self.problem})"
        sheet = self.sheet()
        return (
            f"ScheduleLab({self.model}, {SHAPES[self.shape]} over {format_quantity(self.steps)} "
            f"steps: {sheet.get('mpl_yours'):.4f} by the multi-power, {sheet.get('ann_yours'):.4f} "
            "by the annealing law)"
        )

    # --- what the kernel knows ----------------------------------------------------------------

    def key(self) -> Hashable:
        """While no better schedule is looked for, all that is dragged is formulas."""
        point = self._point() if self.better != "off" else ()
        return (self.model, self.better, self.measured, *point)

    def page(self) -> Page:
        searching = self.better != "off"
        if self._page is None or self._page[0] != searching:
            measured = {NONE: NONE, **measured_choices([*self._curves, *RUNS])}
            self._page = searching, schedule_page(self._given, measured, searching)
        return self._page[1]

    def facts_now(self) -> Mapping[str, Any]:
        middles = (np.arange(PIECES) + 0.5) / PIECES
        best = self.best
        heights = np.full(PIECES, np.nan) if best is None else best.heights
        rise = self.warmup - 1
        return {
            "middles": middles,
            "pieces": np.arange(PIECES, dtype=float),
            "best_share": heights,
            "best_step": rise + middles * (self.steps - rise),
            "best_decay": np.nan if best is None else best.decay,
            "best_power": np.nan if best is None or self.better == "sudden" else best.power,
            **self._run_facts(),
        }

    def status(self) -> tuple[str, str]:
        if self.better == "sudden":
            return "warning", "sudden drops: the law beyond what any run has shown"
        return "ok", "published laws; what is drawn moves in the browser"

    def _point(self) -> tuple[float, int, int]:
        return self.peak, round(self.steps), round(self.warmup)

    def _staircase(self, heights: np.ndarray[Any, Any]) -> Schedule:
        constant = Schedule.constant(*self._point())
        rates, rise = constant.eta.copy(), constant.warmup or 0
        after = rates.size - rise
        rates[rise:] *= heights[np.arange(after) * PIECES // after]
        return Schedule(rates, warmup=rise)

    @property
    def _size(self) -> str:
        """The model whose measured runs are shown."""
        return self.model if self.model in MODELS else "400M"

    def _run_facts(self) -> dict[str, Any]:
        """A measured run, and both laws along its own schedule."""
        if self.measured == NONE:
            arrays = ("run_step", "run_loss", "run_share", *(f"run_{role}" for role in LAWS))
            numbers = ("run_last", *(f"run_error_{role}" for role in LAWS))
            nothing = {**dict.fromkeys(arrays, np.empty(0)), **dict.fromkeys(numbers, np.nan)}
            return {**nothing, "run_steps": 0.0}
        if self.measured in self._curves:
            curve = self._curves[self.measured]
            schedule = logged(curve, round(self.warmup))
        else:
            curve = published_curve(self._size, self.measured)
            schedule = schedule_of(self.measured)
        steps, losses = (curve[name].to_numpy() for name in ("step", "loss"))
        shown = np.linspace(0, steps.size - 1, min(steps.size, _MOST)).astype(int)
        steps, losses = steps[shown], losses[shown]
        predicted = {role: along(law, schedule, steps) for role, law in self.laws.items()}
        return {
            "run_step": steps,
            "run_loss": losses,
            "run_share": schedule.eta[steps.astype(int) - 1] / schedule.eta.max(),
            "run_steps": float(steps[-1]),
            "run_last": float(losses[-1]),
            **{f"run_{role}": loss for role, loss in predicted.items()},
            **{f"run_error_{role}": error(loss, losses) for role, loss in predicted.items()},
        }


def _roles(law: Law) -> dict[str, Law]:
    """The law by what it is in the lab."""
    for role, name in LAWS.items():
        if law.tree == published(name).tree:
            return {role: law}
    raise ValueError(
        f"ScheduleLab: {law.id} is neither {' nor '.join(LAWS.values())}; give one of them with "
        "constants of your own, such as sw.law(...).with_constants(A=0.6)"
    )


def _inputs(schedule: Schedule) -> dict[str, Any]:
    """The inputs of a schedule, its rates after warm-up averaged over the pieces."""
    rise, eta = schedule.warmup or 0, schedule.eta
    after = eta[rise:]
    if after.size < PIECES:
        raise ValueError(
            f"schedule: the lab needs {PIECES} steps after warm-up or more, not {after.size}"
        )
    piece = np.arange(after.size) * PIECES // after.size
    heights = np.bincount(piece, after) / np.bincount(piece) / eta.max()
    return {
        "peak": float(eta.max()),
        "steps": float(eta.size),
        "warmup": float(max(rise + 1, 2)),
        "drawn": np.clip(heights, 0, 1).tolist(),
        "shape": "hand",
    }


@lru_cache(32)
def _best(
    constants: tuple[tuple[str, float], ...], point: tuple[float, int, int], sudden: bool
) -> BestSchedule:
    """The same question is asked again whenever the model or a run changes."""
    law = published(LAWS["mpl"]).with_constants(**dict(constants))
    peak, steps, warmup = point
    return optimise_schedule(
        law, peak=peak, steps=steps, warmup=warmup, pieces=PIECES, sudden=sudden
    )
