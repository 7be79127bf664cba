"""Planner: from a law to a training run, in FLOPs, tokens, bits and money."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Hashable, Mapping
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import traitlets

from ...allocation import AllocationError, Cluster, Plan, allocate, compare_strategies, hardware
from ...allocation.surfaces import check_repetition
from ...fitting import Bootstrap, Fit
from ...lawbook import Law
from ...lawbook import closed_form as published
from ...lawbook.quantity import format_quantity
from ..given import GIVEN, draw_facts, drawn, law_of, offered, one_of
from ..known_models import KNOWN_MODELS
from ..lab import Lab
from ..traits import Quantity
from ..vocabulary import Page
from .page import ASKS, DRAWN, Shown, planner_page

LAWS = {
    "besiroglu2024": "Besiroglu et al. 2024",
    "hoffmann2022": "Hoffmann et al. 2022 (Chinchilla)",
    "muennighoff2023": "Muennighoff et al. 2023",
    "kaplan2020": "Kaplan et al. 2020",
}
DRAWS = 200
_PAUSE = 0.12  # seconds of rest before what takes long: while a hand moves, questions come faster
_AROUND = 10.0 ** np.linspace(-2.0, 2.0, 9)  # lines of equal cost, times the budget
_LEVELS = np.linspace(-0.12, 0.4, 14)  # lines of equal loss, in its log, from Chinchilla's on
_LAW_KEY = "law"
_PLAUSIBLE = {"count": (1.0, 1e9), "price": (1e-6, 1e9)}  # beyond, dollars and days overflow


class Planner(Lab):
    """Plan a training run: budget, what the model will serve, bits, unique data, price.

    Parameters
    ----------
    source : Fit, Law or str, optional
        A fit (with its bootstrap: clouds and intervals), a law, or a law's name in the catalogue.
    draws : Bootstrap, optional
        Draws of the constants for the intervals, where ``source`` is no fit or has more of them.
    **inputs
        Any input of the lab, such as ``C="1e24 FLOP"``, ``inference_tokens="2T"``,
        ``served_bits=4``, ``limited=True, unique_tokens="500B"``, ``price=2.5``.

    Notes
    -----
    What is served weighs by its dollars: a served FLOP counts ``utilisation/serving_utilisation``
    times one of training (Sardana et al. 2024, Sec. 3); with both alike FLOPs are weighed. The plan
    of all concerns together is the kernel's, all else follows the hand in the frame.

    Examples
    --------
    >>> lab = Planner("hoffmann2022", C=1e23, inference_tokens="1T")
    >>> lab.plan.strategy
    'inference-aware'
    """

    asks = ASKS
    momentary = (
        *(*DRAWN, *(f"draws_{cell}" for cell in DRAWN), "plan_N", "flat_low", "flat_high"),
        *("bars_low", "bars_high", "bars_name", "code", "state", "markdown"),
    )

    law_name = traitlets.Unicode("besiroglu2024").tag(sync=True)
    C = Quantity(5.88e23).tag(sync=True)
    inference_tokens = Quantity(2e12, zero=True).tag(sync=True)
    served_bits = traitlets.Float(16.0, min=3.0, max=16.0).tag(sync=True)
    choose_bits = traitlets.Bool(False).tag(sync=True)
    limited = traitlets.Bool(False).tag(sync=True)
    unique_tokens = Quantity(1e12).tag(sync=True)
    accelerator = traitlets.Unicode("H100 SXM").tag(sync=True)
    count = Quantity(1024.0).tag(sync=True)
    price = Quantity(2.0).tag(sync=True)
    utilisation = traitlets.Float(0.4, min=0.005, max=1.0).tag(sync=True)
    serving_utilisation = traitlets.Float(0.4, min=0.005, max=1.0).tag(sync=True)

    def __init__(
        self,
        source: Fit | Law | str = "besiroglu2024",
        *,
        draws: Bootstrap | None = None,
        **inputs: Any,
    ) -> None:
        self._given: Fit | Law | None = None if isinstance(source, str) else source
        self._draws = draws
        self._plan: Plan | None = None
        self._plan_key: Hashable = None
        self._later: dict[str, Any] = {}
        if isinstance(source, Fit) and draws is None:
            self._draws = source.bootstrap(DRAWS)
        name = source if isinstance(source, str) else GIVEN
        super().__init__(**{"law_name": name, **inputs})

    @traitlets.validate("accelerator")
    def _known_accelerator(self, proposal: Any) -> str:
        return one_of(proposal, _peaks())

    @traitlets.validate(*_PLAUSIBLE)
    def _plausible(self, proposal: Any) -> float:
        name, value = proposal["trait"].name, proposal["value"]
        low, high = _PLAUSIBLE[name]
        if not low <= value <= high:
            raise traitlets.TraitError(f"{name} takes {low:g} to {high:g}, not {value:g}")
        return float(value)

    # --- results as objects -------------------------------------------------------------------

    @property
    def _source(self) -> Fit | Law:
        if self.law_name == GIVEN and self._given is not None:
            return self._given
        return published(self.law_name)

    @property
    def law(self) -> Law:
        """The loss surface that is planned on."""
        return law_of(self._source)

    @property
    def draws(self) -> Bootstrap | None:
        """Draws of the constants behind clouds and intervals; None without."""
        return self._draws if self.law_name == GIVEN else None

    @property
    def cluster(self) -> Cluster:
        """What the run is trained and served on."""
        return Cluster(
            self.accelerator,
            count=round(self.count),
            utilisation=self.utilisation,
            price_per_hour=self.price,
            generation_utilisation=self.serving_utilisation,
        )

    @property
    def asked(self) -> dict[str, Any]:
        """The keywords of :func:`scalewidgets.allocate` that the inputs stand for."""
        found: dict[str, Any] = {"C": self.C, "cluster": self.cluster}
        if self.inference_tokens > 0:
            found["output_tokens"] = self.inference_tokens
        if self.limited and self._repeats:
            found["unique_tokens"] = self.unique_tokens
        if self.choose_bits:
            found["precision"] = True
        if self.served_bits < 16.0:
            found["served_bits"] = self.served_bits
        return found

    @property
    def plan(self) -> Plan:
        """The plan that takes care of all that is asked.

        Raises
        ------
        AllocationError
            When there is none; the lab then still shows its last good picture.
        """
        if self._plan is None or self._plan_key != self.key():
            found = allocate(self._source, **self.asked, draws=self.draws)
            self._plan, self._plan_key = found, self.key()
        return self._plan

    @property
    def strategies(self) -> pl.DataFrame:
        """All strategies side by side, with intervals where there are draws.

        A Polars table: ``lab.strategies.write_csv("plan.csv")`` takes it away.
        """
        return compare_strategies(
            self._source,
            C=self.C,
            inference_tokens=self.inference_tokens * self.utilisation / self.serving_utilisation,
            unique_tokens=self.asked.get("unique_tokens"),
            served_bits=self.served_bits,
            precision=self.choose_bits,
            draws=self.draws,
        )

    @property
    def state(self) -> str:
        """The inputs and the law as JSON: what :meth:`from_state` restores."""
        law = self.law
        inputs = {name: getattr(self, name) for name in ASKS if name != "law_name"}
        given = {"equation": law.equation, "constants": dict(law.values), "title": law.title}
        named: Any = given if self.law_name == GIVEN else self.law_name
        return json.dumps({_LAW_KEY: named, **inputs})

    @classmethod
    def from_state(cls, state: str) -> Planner:
        """The lab that a state describes (without draws: they are made anew from a fit).

        Raises
        ------
        ValueError
            When the text is no state of a Planner.
        """
        try:
            inputs = json.loads(state)
            named = inputs.pop(_LAW_KEY)
        except (json.JSONDecodeError, AttributeError, KeyError, TypeError):
            raise ValueError("this is no state of a Planner: copy it from the lab anew") from None
        if isinstance(named, str):
            return cls(named, **inputs)
        return cls(
            Law(named["equation"], constants=named["constants"], title=named["title"]), **inputs
        )

    def __repr__(self) -> str:
        if self.problem:
            return f"Planner(problem: {self.problem})"
        plan = self.plan
        numbers = " ".join(f"{n}={format_quantity(getattr(plan, n))}" for n in ("N", "D"))
        return (
            f"Planner({self.law.id} at {format_quantity(self.C)} FLOP, {plan.strategy}: {numbers} "
            f"loss={plan.loss:.4f} ${format_quantity(plan.dollars)})"
        )

    # --- what the kernel knows ----------------------------------------------------------------

    @property
    def _repeats(self) -> bool:
        """Whether the law can tell what repeated data are worth."""
        try:
            check_repetition(self.law)
        except AllocationError:
            return False
        return True

    def page(self) -> Page:
        law, draws = self.law, self.draws
        shown = drawn(law, draws)
        key = (law.id, tuple(shown))
        laws = offered(LAWS, None if self._given is None else law_of(self._given))
        chips = {name: name for name in _peaks()}
        return self._page_for(
            key, lambda: planner_page(Shown(law, self._repeats, shown, laws, chips))
        )

    def facts_now(self) -> Mapping[str, Any]:
        law, draws = self.law, self.draws
        plan = allocate(self._source, **self.asked)  # its intervals take longer, and follow
        facts: dict[str, Any] = {f"fit_{name}": value for name, value in law.values.items()}
        facts |= {"peak": _peaks()[self.accelerator], "plan_N": plan.N}
        facts |= {"all_N": plan.N, "all_D": plan.D, "all_P": plan.bits, "all_planned": plan.loss}
        facts |= {
            "models_N": np.array([m.N for m in KNOWN_MODELS]),
            "models_D": np.array([m.D for m in KNOWN_MODELS]),
            "models_name": [m.name for m in KNOWN_MODELS],
            "costs": self.C * _AROUND,
            "levels": plan.loss * np.exp(_LEVELS),
            "code": [_escaped(plan.to_python())],
            "state": [_escaped(self.state)],
            "markdown": [_escaped(plan.to_markdown())],
        }
        if draws is not None:
            facts |= draw_facts(draws, law, {name: name for name in drawn(law, draws)})
            facts |= {f"draws_{n}": np.full(len(draws.draws), np.nan) for n in DRAWN}
            facts |= {f"centre_{n}": facts[n] for n in DRAWN}
        return facts | self._later

    async def facts_later(self) -> AsyncIterator[Mapping[str, Any]]:
        plan = self.plan
        await asyncio.sleep(_PAUSE)
        for step in (self._cloud, self._flat, self._bars):
            found = step(plan)
            self._later |= found
            yield found
            await asyncio.sleep(0)

    def _cloud(self, plan: Plan) -> dict[str, Any]:
        """The plan of all concerns for every draw of the constants."""
        if not plan.draws:
            return {}
        facts = {f"draws_{cell}": plan.draws[name] for cell, name in DRAWN.items()}
        facts |= {f"centre_{cell}": getattr(plan, name) for cell, name in DRAWN.items()}
        return facts | {"markdown": [_escaped(plan.to_markdown())]}  # with its intervals

    def _flat(self, plan: Plan) -> dict[str, Any]:
        """Ends of the flat region of the inference-aware plan, whatever else is asked."""
        served = {k: v for k, v in self.asked.items() if k in ("C", "cluster", "output_tokens")}
        low, high = allocate(self.law, **served).flat_region().N
        return {"flat_low": low, "flat_high": high}

    def _bars(self, plan: Plan) -> dict[str, Any]:
        """The tornado; empty where nothing can be changed."""
        try:
            table = plan.sensitivity().head(10).drop_nulls(["N_low", "N_high"])
        except AllocationError:
            table = pl.DataFrame({"assumption": [], "change": [], "N_low": [], "N_high": []})
        return {
            "bars_low": table["N_low"].cast(pl.Float64).to_numpy(),
            "bars_high": table["N_high"].cast(pl.Float64).to_numpy(),
            "bars_row": np.arange(len(table), dtype=float),
            "bars_name": [f"{name}, {how}" for name, how in table[:, :2].iter_rows()],
        }

    def status(self) -> tuple[str, str]:
        plan = self.plan
        region = f"{plan.strategy}; {self.law.id}"
        if self.draws is None:
            return "note", f"{region}: no draws, so no intervals. Give the Planner a fit."
        return "ok", region


@cache
def _peaks() -> dict[str, float]:
    """FLOP/s of one chip in bf16, by its name, for those that have it."""
    table = hardware().drop_nulls("bf16")
    return dict(zip(table["name"], table["bf16"], strict=True))


def _escaped(text: str) -> str:
    """A text to be copied as it is: braces name cells there."""
    return text.replace("{", "{{").replace("}", "}}")
