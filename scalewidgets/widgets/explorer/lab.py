"""Explorer: the main lab. Inputs, what is asked of the kernel, and the results as objects."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl
import traitlets

from ...allocation import Plan, allocate
from ...fitting import Bootstrap, Fit, Objective
from ...fitting.objective import HOFFMANN_DELTA, KINDS
from ...fitting.uncertainty import bootstrap_chunks
from ...lawbook import Law
from ...lawbook import closed_form as published
from ...lawbook.precision import BITS, SERVED, with_precision
from ...lawbook.quantity import format_quantity
from ...runs import load_runs, read_runs
from ..fitted import FittedLab, inputs_of
from ..given import GIVEN, draw_facts, offered
from ..study import Question, names_of, weights_without, written
from ..traits import Quantity
from ..vocabulary import Page
from .page import ASKS, explorer_page

if TYPE_CHECKING:
    import altair as alt

LAWS = {
    "besiroglu2024": "Besiroglu et al. 2024",
    "hoffmann2022": "Hoffmann et al. 2022 (Chinchilla)",
    "sardana2024": "Sardana et al. 2024",
    "muennighoff2023": "Muennighoff et al. 2023",
    "kaplan2020": "Kaplan et al. 2020",
    "kumar2024_precision": "Kumar et al. 2024 (precision)",
}
DATASETS = {"simulated": "simulated (ships)", "chinchilla": "Chinchilla, read off Figure 4"}
DRAWS = 200
_CHUNK = 25  # draws between two looks at the kernel's queue
_PAUSE = 0.12  # seconds of rest before a bootstrap: while a hand moves, questions come faster


class Explorer(FittedLab):
    """Drag N, D, compute and bits; click runs out and in; see three optima with their intervals.

    Parameters
    ----------
    source : Fit, Law, DataFrame and what else ``read_runs`` takes, optional
        A fit (its law, runs and objective), a law, or runs; simulated runs where left out.
    **inputs
        Any input of the lab, such as ``N="70B"``, ``objective="lad"``, ``dataset="chinchilla"``.

    Notes
    -----
    While a slider is dragged Python hears of it about seven times a second, and at release.

    Examples
    --------
    >>> lab = Explorer(N="7B")
    >>> lab.D = "2T"
    >>> lab.observe(lambda change: print(change.new), "N")
    """

    asks = ASKS

    # a point among the runs that ship, so that the first picture is no extrapolation
    N = Quantity(3e9).tag(sync=True)
    D = Quantity(6e10).tag(sync=True)
    C = Quantity(6 * 3e9 * 6e10).tag(sync=True)
    hold = traitlets.Enum(["C", "N", "D"], "C").tag(sync=True)
    P_w = traitlets.Float(16.0, min=3.0, max=16.0).tag(sync=True)
    P_a = traitlets.Float(16.0, min=3.0, max=16.0).tag(sync=True)
    P_kv = traitlets.Float(16.0, min=3.0, max=16.0).tag(sync=True)
    P_post = traitlets.Float(16.0, min=3.0, max=16.0).tag(sync=True)
    inference_tokens = Quantity(2e11, zero=True).tag(sync=True)

    dataset = traitlets.Unicode("simulated").tag(sync=True)
    law_name = traitlets.Unicode("besiroglu2024").tag(sync=True)
    constants = traitlets.Unicode("fit").tag(sync=True)
    objective = traitlets.Enum(list(KINDS), "huber").tag(sync=True)
    delta = traitlets.Float(HOFFMANN_DELTA, min=1e-12).tag(sync=True)
    excluded = traitlets.List(traitlets.Int(min=0)).tag(sync=True)
    steer = traitlets.Bool(False).tag(sync=True)
    wheel = traitlets.Dict(value_trait=traitlets.Float()).tag(sync=True)
    held = traitlets.Dict(value_trait=traitlets.Bool()).tag(sync=True)

    def __init__(self, source: Any = None, **inputs: Any) -> None:
        self._given_runs: pl.DataFrame | None = None
        self._given_law: Law | None = None
        self._loaded: tuple[str, pl.DataFrame] | None = None
        self._columns: tuple[pl.DataFrame, dict[str, Any]] | None = None
        self._boot: Bootstrap | None = None
        self._product = {"N": self.N, "D": self.D, "C": self.C}
        if isinstance(source, Fit):
            self._given_law, self._given_runs = source.law, source.runs
            steered = {"steer": True} if source.fixed else {}
            inputs = {**inputs_of(source), **steered, **inputs}
        elif isinstance(source, Law):
            self._given_law = source
        elif source is not None:
            self._given_runs = read_runs(source)
        if self._given_runs is not None:
            inputs.setdefault("dataset", GIVEN)
        if self._given_law is not None:
            inputs.setdefault("law_name", GIVEN)
        super().__init__(**inputs)

    # --- inputs that hang together ------------------------------------------------------------

    def set(self, **inputs: Any) -> None:
        # the law and the runs first: choosing them resets what hangs on them
        first = {n: inputs.pop(n) for n in ("dataset", "law_name") if n in inputs}
        if first:
            super().set(**first)
        super().set(**inputs)

    @traitlets.observe("N", "D", "C")
    def _keep_product(self, _change: Any) -> None:
        """C = 6ND: what was moved stays, then what is held; the rest follows. Does nothing where it
        already holds, as after a drag in the browser."""
        now = {"N": self.N, "D": self.D, "C": self.C}
        if abs(6.0 * self.N * self.D / self.C - 1.0) < 1e-9:
            self._product = now
            return
        moved = {name for name, value in now.items() if value != self._product[name]}
        kept = moved | {self.hold} if len(moved) == 1 else moved
        if moved == kept == {"C"}:
            stretch = (self.C / (6.0 * self.N * self.D)) ** 0.5
            self.set(N=self.N * stretch, D=self.D * stretch)
        elif "C" not in kept or len(kept) != 2:
            self.C = 6.0 * self.N * self.D
        elif "N" in kept:
            self.D = self.C / (6.0 * self.N)
        else:
            self.N = self.C / (6.0 * self.D)

    @traitlets.observe("dataset")
    def _other_runs(self, _change: Any) -> None:
        if self._asked_for is not None:  # not while the lab is made, with runs and excluded given
            self.excluded = []

    @traitlets.observe("law_name")
    def _other_law(self, _change: Any) -> None:
        if self._asked_for is not None:
            self.set(constants="fit", held={}, wheel={}, steer=False)

    # --- results as objects -------------------------------------------------------------------

    @property
    def runs(self) -> pl.DataFrame:
        """All runs of the chosen data set, those left out included."""
        if self.dataset == GIVEN and self._given_runs is not None:
            return self._given_runs
        if self._loaded is None or self._loaded[0] != self.dataset:
            self._loaded = (self.dataset, load_runs(self.dataset))
        return self._loaded[1]

    @property
    def law(self) -> Law:
        """The law with the constants in view: fitted, published, or under the hand."""
        if self.constants != "fit":
            return self._base_law.with_constants(self.constants)
        return self.fit.law.with_constants(**self._held())

    @property
    def draws(self) -> Bootstrap | None:
        """The bootstrap behind bands and intervals; None while constants are published ones."""
        if self.constants != "fit":
            return None
        if self._boot is None or self._boot.fit is not self.fit:
            self._boot = self.fit.bootstrap(DRAWS)
        return self._boot

    @property
    def plans(self) -> dict[str, Plan]:
        """Chinchilla, inference-aware and precision-aware plan at the present C, with intervals."""
        return {name: self._plan(**asked) for name, asked in self._strategies.items()}

    @property
    def _strategies(self) -> dict[str, dict[str, Any]]:
        return {
            "chinchilla": {},
            "inference-aware": {"inference_tokens": self.inference_tokens},
            "precision-aware": {"precision": True, "served_bits": self.P_post},
        }

    def _plan(self, **asked: Any) -> Plan:
        return allocate(self.law, C=self.C, draws=self.draws, **asked)

    @property
    def plan(self) -> Plan:
        """The inference-aware plan (the Chinchilla plan while no tokens are served)."""
        return self._plan(inference_tokens=self.inference_tokens)

    @property
    def loss(self) -> float:
        """Loss at the sliders, nats/token, bits counted."""
        return float(self._law_in_bits.predict(N=self.N, D=self.D))

    @property
    def _law_in_bits(self) -> Law:
        """The law in view with the sliders' bits as what it takes unless told otherwise."""
        law = with_precision(self.law)
        bits = {name: repr(getattr(self, name)) for name in (*BITS, SERVED)}
        return replace(law, id=self.law.id, defaults={**law.defaults, **bits})

    def chart(self) -> alt.LayerChart | alt.FacetChart:
        """The present picture (loss against N at C) as an Altair chart."""
        from ...charts import loss_chart  # Altair takes longer to import than all the rest

        return loss_chart(
            self._law_in_bits,
            self.runs,
            C=self.C,
            draws=self.draws,
            plans=self.plans,
            excluded=self.excluded,
            you=(self.N, self.loss),
        )

    def __repr__(self) -> str:
        if self.problem:
            return f"Explorer(problem: {self.problem})"
        used = len(self.runs) - len(set(self.excluded))
        how = (
            str(self.fit.objective) + f": {self.fit.status}"
            if self.constants == "fit"
            else (f"constants {self.constants}")
        )
        numbers = " ".join(f"{n}={format_quantity(getattr(self, n))}" for n in ("N", "D", "C"))
        return (
            f"Explorer({self.law.id} on {used} of {len(self.runs)} {self.dataset} runs, {how}; "
            f"{numbers} loss={self.loss:.4f})"
        )

    # --- what the kernel knows ----------------------------------------------------------------

    @property
    def _base_law(self) -> Law:
        if self.law_name == GIVEN and self._given_law is not None:
            return self._given_law
        return published(self.law_name)

    @property
    def _free(self) -> list[str]:
        return written(self._base_law)

    @property
    def _objective(self) -> Objective:
        return Objective(self.objective, self.delta)  # type: ignore[arg-type]  # an Enum trait

    def _held(self) -> dict[str, float]:
        """Constants under the hand."""
        if not self.steer:
            return {}
        return {n: self.wheel[n] for n in self._free if self.held.get(n) and n in self.wheel}

    def _solve(self) -> Fit:
        runs = self.runs
        weights = weights_without(self.excluded, len(runs))
        question = Question(self._base_law, runs, self._objective, weights, self._held())
        before = self._fit
        return question.answer(before if before is not None and before.runs is runs else None)

    def page(self) -> Page:
        datasets, laws = offered(DATASETS, self._given_runs), offered(LAWS, self._given_law)
        law = self._base_law
        return self._page_for(law, lambda: explorer_page(law, self._free, datasets, laws))

    def _run_facts(self) -> dict[str, Any]:
        """Columns and names of the runs, made once a table."""
        runs = self.runs
        if self._columns is None or self._columns[0] is not runs:
            columns = {f"runs_{name}": runs[name].to_numpy() for name in ("N", "D", "C", "loss")}
            self._columns = runs, {**columns, "runs_name": names_of(runs)}
        return self._columns[1]

    def facts_now(self) -> Mapping[str, Any]:
        fitted = self.constants == "fit"
        values = self.fit.law.values if fitted else self.law.values
        facts: dict[str, Any] = {f"fit_{name}": value for name, value in values.items()}
        facts |= self._run_facts()
        facts["fitted"] = float(fitted)
        # the last draws travel with the new constants until their own have been made
        return facts | (self._draw_facts() if fitted else {})

    def _draw_facts(self) -> dict[str, Any]:
        boot = self._boot
        if boot is None or boot.fit.law.id != self.fit.law.id:
            return {}
        return draw_facts(boot, boot.fit.law, {name: name for name in self._free})

    async def facts_later(self) -> AsyncIterator[Mapping[str, Any]]:
        if self.constants != "fit":
            return
        fit = self.fit
        if self._boot is None or self._boot.fit is not fit:
            await asyncio.sleep(_PAUSE)
            parts, failed = [], 0
            for draws, lost in bootstrap_chunks(fit, DRAWS, seed=0, chunk=_CHUNK):
                parts.append(draws)
                failed += lost
                await asyncio.sleep(0)
            self._boot = Bootstrap(pl.concat(parts), DRAWS, failed, fit)
        yield self._draw_facts()

    def status(self) -> tuple[str, str]:
        if self.constants != "fit":
            return "note", f"published constants {self.constants}; {self._base_law.source}"
        notes = self.fit.certificate.notes()
        left_out = f", {len(self.excluded)} left out" if self.excluded else ""
        text = f"{self.fit.used} runs{left_out}; {self.fit.objective}; fit {self.fit.status}"
        return ("warning" if notes else "ok"), " ".join([text, *notes])
