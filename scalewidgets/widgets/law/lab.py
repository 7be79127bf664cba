"""LawLab: any law of the catalogue, or a typed one, under the hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Hashable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl
import traitlets

from ...fitting import Fit, FitError, Objective, fit
from ...fitting.objective import HOFFMANN_DELTA, KINDS
from ...lawbook import ExpressionError, Law, LawError, Theory, ranges
from ...lawbook import law as published
from ...lawbook.quantity import format_quantity, parse_quantity
from ...lawbook.ranges import Range
from ...runs import DatasetError, load_runs, read_runs
from ..given import GIVEN, NONE
from ..lab import Lab
from ..vocabulary import Page
from .cells import FITTED, along
from .menu import along_any, catalogued, drawable, menu, overlays
from .page import ASKS, Menus, law_page, theory_page
from .typed import told, typed_law

if TYPE_CHECKING:
    import altair as alt

_DATASETS = {"simulated": "simulated (ships)", "chinchilla": "Chinchilla, read off Figure 4"}
_TRACE_POINTS = 41

Array = npt.NDArray[np.float64]


class LawLab(Lab):
    """Any law live: drag its variables and constants, type its equation, lay others over it.

    Parameters
    ----------
    law : str, Law or Theory, optional
        A name of the catalogue (``"farseer2025"``, ``"kaplan2020.L_N"``), a law of your own, or the
        text of an equation: names such as N, D and C are then variables, all others constants.
    runs : DataFrame and what else ``read_runs`` takes, optional
        Laid over the law, which is fitted to them.
    **inputs
        Any input of the lab, such as ``x="D"``, ``at={"N": "7B"}``, ``second="hoffmann2022"``,
        ``constants="rounded"``.

    Examples
    --------
    >>> lab = LawLab("kaplan2020", x="D", second="besiroglu2024")
    >>> lab.at = {"N": "7B", "D": "2T"}
    >>> round(float(lab.value), 2)
    2.0
    """

    asks = (*ASKS, "wheel", "held", "at", "x", "log_x")

    law_name = traitlets.Unicode("besiroglu2024").tag(sync=True)
    equation = traitlets.Unicode("").tag(sync=True)
    mistake = traitlets.Unicode("").tag(sync=True)
    constants = traitlets.Unicode("").tag(sync=True)
    second = traitlets.Unicode("").tag(sync=True)
    third = traitlets.Unicode("").tag(sync=True)
    x = traitlets.Unicode("").tag(sync=True)
    log_x = traitlets.Bool(True).tag(sync=True)
    log_y = traitlets.Bool(False).tag(sync=True)
    at = traitlets.Dict().tag(sync=True)
    wheel = traitlets.Dict(value_trait=traitlets.Float()).tag(sync=True)
    held = traitlets.Dict(value_trait=traitlets.Bool()).tag(sync=True)
    dataset = traitlets.Unicode(NONE).tag(sync=True)
    excluded = traitlets.List(traitlets.Int(min=0)).tag(sync=True)
    objective = traitlets.Enum(list(KINDS), "huber").tag(sync=True)
    delta = traitlets.Float(HOFFMANN_DELTA, min=1e-12).tag(sync=True)

    def __init__(
        self, law: str | Law | Theory = "besiroglu2024", runs: Any = None, **inputs: Any
    ) -> None:
        self._given: Law | None = None
        self._given_runs = None if runs is None else read_runs(runs)
        self._loaded: tuple[str, pl.DataFrame | None] = NONE, None
        self._base: Law | Theory = self._start(law)
        self._law: Law | Theory = self._base
        self._reached: dict[str, float] = {}  # values of all variables seen so far
        self._fit: Fit | None = None
        self._no_fit = ""
        self._trace: tuple[Hashable, tuple[Array, Array]] | None = None
        self._starting = True
        name = self._base.id if self._given is None else GIVEN
        inputs = {"dataset": NONE if runs is None else GIVEN, "at": {}, **inputs}
        super().__init__(**{"law_name": name, **self._fresh(), **inputs})
        self._starting = False

    def _start(self, law: str | Law | Theory) -> Law | Theory:
        if isinstance(law, str) and law.replace(".", "_").isidentifier():
            return drawable(published(law))
        if isinstance(law, str):
            law = typed_law(law)
        if isinstance(law, Law) and law != catalogued(law.id):
            self._given = law
            return drawable(law)
        return law

    # --- inputs that hang together ------------------------------------------------------------

    def _fresh(self) -> dict[str, Any]:
        """What a newly chosen law begins with."""
        one = self._base
        if isinstance(one, Theory):
            names, text, first = one.variables, "", ""
        else:
            names, text = along(one), one.equation
            first = one.set_name if one.set_name in one.sets else next(iter(one.sets), one.set_name)
        x = next((n for n in ("N", "D", "C") if n in names), names[0] if names else "")
        return {"equation": text, "constants": first, "x": x, "wheel": {}, "held": {}}

    @traitlets.observe("law_name")
    def _other_law(self, _change: Any) -> None:
        if self._starting:
            return
        self._base = self._law = self._named(self.law_name)
        fresh = self._fresh()
        if self.x in along_any(self._base):
            fresh["x"] = self.x
        runs = self.dataset if self.dataset in self._datasets else NONE
        self.set(**fresh, at=dict(self.at), second="", third="", dataset=runs, mistake="")

    @traitlets.validate("at")
    def _complete(self, proposal: Any) -> dict[str, float]:
        """Numbers for all variables of the laws in view; quantities such as "7B" are understood."""
        known = {n: span.start for n, span in self._variable_spans().items()}
        given = {}
        for name, value in proposal["value"].items():
            if name not in known and name not in self._reached:
                raise traitlets.TraitError(
                    f"at: {name!r} is not a variable here; there are {', '.join(known)}"
                )
            try:
                given[name] = parse_quantity(value)
            except ValueError as error:
                raise traitlets.TraitError(f"at: {name}: {error}") from None
        self._reached = {**known, **self._reached, **given}
        return self._reached

    @traitlets.validate("law_name")
    def _known_law(self, proposal: Any) -> str:
        try:
            self._named(proposal["value"])
        except LawError as error:
            raise traitlets.TraitError(str(error)) from None
        return str(proposal["value"])

    @traitlets.validate("dataset")
    def _known_runs(self, proposal: Any) -> str:
        name = str(proposal["value"])
        if name == GIVEN and self._given_runs is None:
            raise traitlets.TraitError("dataset: the lab was given no runs")
        try:
            self._runs_named(name)
        except DatasetError as error:
            raise traitlets.TraitError(f"dataset: {error}") from None
        return name

    def _runs_named(self, name: str) -> pl.DataFrame | None:
        if name == GIVEN:
            return self._given_runs
        if name != self._loaded[0]:
            self._loaded = name, None if name == NONE else load_runs(name)
        return self._loaded[1]

    def _named(self, name: str) -> Law | Theory:
        if name == GIVEN and self._given is not None:
            return self._given
        return drawable(published(name))

    def _variable_spans(self) -> dict[str, Range]:
        """The ranges that the law gives, and those of what only a law laid over it has."""
        found: dict[str, Range] = {}
        for one in (self._law, *self._others.values()):
            for name in along_any(one):
                found.setdefault(name, ranges.of_variable(one, name))
        return found

    # --- results as objects -------------------------------------------------------------------

    @property
    def law(self) -> Law | Theory:
        """The law in view: typed, published or fitted, with the constants that a hand holds."""
        if isinstance(self._law, Theory):
            return self._law
        values = self._law.values
        if self.constants == FITTED and self._fit is not None:
            values = self._fit.params
        elif self.constants in self._law.sets:
            values = dict(self._law.sets[self.constants].values)
        held = {n: v for n, v in self.wheel.items() if n in values and self.held.get(n)}
        return self._law.with_constants(**{**values, **held})

    @property
    def value(self) -> float:
        """The law's value where the sliders are, in its unit."""
        law = self.law
        if isinstance(law, Theory):
            return float(law.predict(**{n: self.at[n] for n in law.variables}))
        return float(law.predict(**{n: self.at[n] for n in self._told}))

    @property
    def _told(self) -> list[str]:
        """The variables that the sliders set: one with a default only once a hand holds it."""
        law = self._law
        defaults = law.defaults if isinstance(law, Law) else {}
        return [n for n in along_any(law) if n not in defaults or self.held.get(n)]

    @property
    def runs(self) -> pl.DataFrame | None:
        """The runs that are laid over the law, those left out included."""
        return self._runs_named(self.dataset)

    @property
    def fit(self) -> Fit | None:
        """The fit of the law to the runs that are in; None where there is none."""
        return self._fit

    def chart(self) -> alt.LayerChart:
        """The law in view along ``x`` as an Altair chart whose constants are sliders."""
        law = self.law
        if isinstance(law, Theory):
            raise LawError(f"{law.id} is a theory: a chart without Python cannot compute it")
        return law.chart(x=self.x, at={n: self.at[n] for n in along(law) if n != self.x})

    def __repr__(self) -> str:
        if self.problem or self.mistake:
            return f"LawLab(problem: {self.problem or self.mistake})"
        at = ", ".join(f"{n}={format_quantity(self.at[n])}" for n in self._told)
        over = "".join(f" over {name}" for name in (self.second, self.third) if name)
        return f"LawLab({self.law.id} [{self.constants}]{over}; {at}: {self.value:.5g})"

    # --- what the kernel knows ----------------------------------------------------------------

    def key(self) -> Hashable:
        """What is dragged in the browser alone asks nothing of the kernel."""
        names = list(ASKS)
        if isinstance(self._base, Theory):
            names += ["at", "x", "log_x"]
        elif self.runs is not None:
            names += ["wheel", "held"]
        return tuple(str(getattr(self, name)) for name in names)

    @property
    def _others(self) -> dict[str, Law]:
        chosen = {"second": self.second, "third": self.third}
        found = {role: published(name) for role, name in chosen.items() if name}
        return {role: one for role, one in found.items() if isinstance(one, Law)}

    @property
    def _datasets(self) -> dict[str, str]:
        """Runs whose columns this law needs."""
        found = {NONE: "none"}
        if self._given_runs is not None:
            found[GIVEN] = "yours"
        law = self._base
        if isinstance(law, Law) and law.output == "loss" and not law.items:
            needed = {n for n in law.variables if n not in law.defaults}
            if needed and needed <= {"N", "D", "C"}:
                found |= _DATASETS
        return found

    def _read_equation(self) -> None:
        """The law of the text; a mistake is told beside it, and the law before it stays."""
        base, text = self._base, self.equation
        if isinstance(base, Theory):
            return
        try:
            if text.strip() == base.equation:
                self._law = base
            elif not isinstance(self._law, Law) or text != self._law.equation:
                before = self.law
                self._law = typed_law(text, base, before.values if isinstance(before, Law) else {})
        except (ExpressionError, LawError) as error:
            self.mistake = told(error, text)
            return
        self.mistake = ""
        if self.constants not in {*self._law.sets, self._law.set_name, FITTED}:
            self.constants = self._law.set_name

    def _refit(self, law: Law, runs: pl.DataFrame) -> None:
        weights = np.ones(len(runs))
        weights[[i for i in self.excluded if i < len(runs)]] = 0.0
        held = {n: v for n, v in self.wheel.items() if self.held.get(n) and n in law.values}
        before = self._fit
        if before is not None and list(before.params) != list(law.values):
            before = None  # another law's
        # set once, at the end: JupyterLab answers comms in a thread beside that of the cells
        found, mistake = before, ""
        if len(held) < len(law.values):  # else nothing is left to fit: the optimum stays
            try:
                found = fit(
                    law,
                    runs,
                    objective=Objective(self.objective, self.delta),  # type: ignore[arg-type]
                    fixed=held,
                    weights=weights,
                    start=None if before is None else before.params,
                )
            except FitError as error:
                mistake = str(error)
        self._fit, self._no_fit = found, mistake

    def facts_now(self) -> Mapping[str, Any]:
        self._read_equation()
        law = self._law
        if isinstance(law, Theory):
            return self._theory_facts(law)
        runs = self.runs
        if runs is not None:
            self._refit(law, runs)
        fitted = self._fit.params if runs is not None and self._fit is not None else {}
        facts: dict[str, Any] = {f"fit_{n}": fitted.get(n, v) for n, v in law.values.items()}
        facts |= {f"items_{name}": values for name, values in law.default_items.items()}
        return facts if runs is None else facts | self._run_facts(law, runs)

    def _run_facts(self, law: Law, runs: pl.DataFrame) -> dict[str, Any]:
        columns = [*self._run_columns(law, runs), "loss"]
        names = [
            ", ".join(f"{n} {format_quantity(v)}" for n, v in row.items())
            for row in runs.select(columns).iter_rows(named=True)
        ]
        return {f"runs_{n}": runs[n].to_numpy() for n in columns} | {"runs_name": names}

    @staticmethod
    def _run_columns(law: Law, runs: pl.DataFrame) -> list[str]:
        return [n for n in along(law) if n in runs.columns]

    def _theory_facts(self, theory: Theory) -> dict[str, Any]:
        """The point at once; the curve before it stays until its own has been solved."""
        at = {n: self.at[n] for n in theory.variables}
        grid, values = self._trace[1] if self._trace else (np.empty(0), np.empty(0))
        return {"y_law": float(theory.predict(**at)), "trace_x": grid, "trace_y": values}

    async def facts_later(self) -> AsyncIterator[Mapping[str, Any]]:
        theory = self._law
        if not isinstance(theory, Theory):
            return
        others = {n: self.at[n] for n in theory.variables if n != self.x}
        key = (theory.id, self.x, self.log_x, *others.values())
        if self._trace is None or self._trace[0] != key:
            span = ranges.of_variable(theory, self.x)
            spaced = np.geomspace if self.log_x and span.low > 0 else np.linspace
            grid = spaced(span.low, span.high, _TRACE_POINTS)
            values = np.empty(0)
            for point in grid:  # a newer question ends this between two points
                values = np.append(values, theory.predict(**{**others, self.x: point}))
                await asyncio.sleep(0)
            self._trace = key, (grid, values)
        yield {"trace_x": self._trace[1][0], "trace_y": self._trace[1][1]}

    def page(self) -> Page:
        law, runs = self._law, self.runs
        columns = [] if runs is None or isinstance(law, Theory) else self._run_columns(law, runs)
        known = (id(law), self.second, self.third, tuple(columns), tuple(self._datasets))
        page = self._page_for(known, lambda: self._made(law, columns))
        if page is not self._shown:
            self.at = dict(self.at)  # variables that came with this page get their numbers
        return page

    def _made(self, law: Law | Theory, columns: list[str]) -> Page:
        given = {} if self._given is None else {GIVEN: self._given.title or self._given.id}
        names, families = menu()
        offered = {**given, **names}
        if isinstance(law, Theory):
            return theory_page(law, Menus(offered, families))
        same = overlays(law.output, law.unit, self.x)
        spans = {n: ranges.of_constant(v) for n, v in law.values.items()}
        menus = Menus(offered, families, same, self._datasets)
        return law_page(law, self._others, spans | self._variable_spans(), menus, columns)

    def status(self) -> tuple[str, str]:
        if self._no_fit:
            return "warning", f"no fit: {self._no_fit}"
        if self.constants == FITTED and self._fit is not None:
            notes = self._fit.certificate.notes()
            text = f"{self._fit.used} runs; {self._fit.objective}; fit {self._fit.status}"
            return ("warning" if notes else "ok"), " ".join([text, *notes])
        status = self._law.status
        level = {"reproduced": "ok", "typed": "ok"}.get(status, "note")
        return ("warning" if "not verified" in status else level), _TOLD.get(status, status)


_TOLD = {
    "typed": "your equation",
    "form only": "form only: no constants are published; what you see are placeholders",
    "reproduced": "reproduced: the paper's own numbers follow from these constants",
    "read": "read in the paper, which prints no number to hold the constants to",
    "derived": "derived, not read off a paper",
    "contradicts itself": "the paper's own numbers do not follow from its constants",
    "computed": "constants refitted here, not published",
}
