"""PrecisionLab: how many bits, by the published laws laid over each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
import traitlets

from ...fitting import Bootstrap, Fit
from ...lawbook import Law
from ...lawbook import closed_form as published
from ...lawbook.frontier import chinchilla_form
from ...lawbook.quantity import format_quantity
from ..given import GIVEN, NONE, draw_facts, drawn, law_of, offered, one_of
from ..lab import Lab
from ..traits import Handles, Quantity
from ..vocabulary import Page
from .cells import BASE, HANDLES, KUMAR
from .figures import figures
from .page import ASKS, NUMBER_TYPES, SETTINGS, Shown, precision_page
from .runs import (
    DATASETS,
    LAWS,
    ROWS,
    load,
    paired,
    run_facts,
)

DRAWS = 200


class PrecisionLab(Handles, Lab):
    """How many bits: effective parameters, equal cost, equal memory, and tokens that hurt.

    Integer training and post-training quantisation (Kumar et al. 2024), floating-point layouts
    (Sun et al. 2025) and quantisation-aware training in 4 bits (Chen et al. 2025), each against its
    own full precision.

    Parameters
    ----------
    source : Fit or Law, optional
        A law ``E + A/N**alpha + B/D**beta``, or ``kumar2024_precision`` itself, whose constants
        take the place of Kumar et al.'s; joining their bits to another surface is this library's
        step, not a published fit. A fit brings its bootstrap: bands and intervals.
    runs : table or ``"quartet"``, optional
        Runs to lay beside the laws, with the bits ``P`` beside N, D and the loss, and partners in
        16 bits: ``load_runs("quartet")``, or your own.
    **inputs
        Any input of the lab, such as ``N="7B"``, ``P=6`` (all bits), ``P_w=4`` (held apart from P),
        ``P_post=4``, ``Eb=4, Mb=3``, ``Bk=128``, ``setting="W4A16"``.

    Raises
    ------
    ValueError
        For a law of another form, or runs that do not say their bits.

    Examples
    --------
    >>> lab = PrecisionLab(N="500M", D="25B", P=4)
    >>> lab.compared["effective_share"].round(2).to_list()
    [0.19, 0.89, 0.74]
    """

    asks = ASKS
    handles = HANDLES

    N = Quantity(5e8).tag(sync=True)
    D = Quantity(2.5e10).tag(sync=True)
    P = traitlets.Float(4.0, min=4.0, max=16.0).tag(sync=True)
    P_w = traitlets.Float(4.0, min=3.0, max=16.0).tag(sync=True)
    P_a = traitlets.Float(4.0, min=4.0, max=16.0).tag(sync=True)
    P_kv = traitlets.Float(4.0, min=4.0, max=16.0).tag(sync=True)
    P_post = traitlets.Float(4.0, min=3.0, max=16.0).tag(sync=True)
    Eb = traitlets.Float(2.0, min=0.0, max=8.0).tag(sync=True)
    Mb = traitlets.Float(1.0, min=0.0, max=10.0).tag(sync=True)
    Bk = traitlets.Float(128.0, min=16.0, max=4096.0).tag(sync=True)
    number_type = traitlets.Enum(list(NUMBER_TYPES), "table2_integer").tag(sync=True)
    setting = traitlets.Enum(list(SETTINGS), "W4A4").tag(sync=True)

    dataset = traitlets.Unicode(NONE).tag(sync=True)

    def __init__(self, source: Fit | Law | None = None, *, runs: Any = None, **inputs: Any) -> None:
        self._law = None if source is None else law_of(source)
        self._names = {} if self._law is None else _names(self._law)
        self._draws = source.bootstrap(DRAWS) if isinstance(source, Fit) else None
        self._given: pl.DataFrame | None = None
        if isinstance(runs, str):
            inputs.setdefault("dataset", runs)
        elif runs is not None:
            self._given = paired(runs)
            inputs.setdefault("dataset", GIVEN)
        super().__init__(**inputs)

    @traitlets.validate("dataset")
    def _known_dataset(self, proposal: Any) -> str:
        return one_of(proposal, self._datasets)

    @property
    def draws(self) -> Bootstrap | None:
        """Draws of the constants behind bands and intervals; None without a fit."""
        return self._draws

    @property
    def runs(self) -> pl.DataFrame | None:
        """The runs beside the laws, each with the loss ``full`` of its partner in 16 bits; None
        without.

        Raises
        ------
        DatasetError
            When they cannot be had; the lab then keeps its last good picture.
        """
        if self.dataset == GIVEN:
            return self._given
        return None if self.dataset == NONE else load(self.dataset)

    @property
    def errors(self) -> pl.DataFrame | None:
        """The runs with what their bits added to log loss (``added``), and how far each law is off
        it: ``integer``, ``floating_point`` and ``QAT`` (not a number but in 4 bits). None without
        runs."""
        runs = self.runs
        if runs is None:
            return None
        cells = ["run_added", *(f"residual_{role}" for role in LAWS)]
        names = ("added", "integer", "floating_point", "QAT")
        columns = self.sheet().rows(cells, ROWS)
        return runs.with_columns(**dict(zip(names, columns, strict=True)))

    @property
    def compared(self) -> pl.DataFrame:
        """The laws side by side, a row each: ``law``, ``effective_share`` of N, ``added`` loss in
        training (nats/token), ``critical_tokens`` beyond which more training hurts (Kumar et al.:
        the model quantised afterwards), and of the last two the 95 % interval over the draws
        (``added_low`` ...), null without."""
        sheet = self.sheet()
        keys = {"integer": "kumar", "floating point": "sun", "QAT": "chen"}
        columns = {"effective_share": "share", "added": "added", "critical_tokens": "crit"}
        found: dict[str, list[Any]] = {"law": list(keys)}
        for column, cell in columns.items():
            roles = ["post" if (k, cell) == ("kumar", "crit") else k for k in keys.values()]
            found[column] = [sheet.get(f"{role}_{cell}") for role in roles]
        ends: list[tuple[float | None, float | None]] = [(None, None)] * 2
        if self._draws is not None:
            ends = [*sheet.intervals(["kumar_added", "post_crit"])]
        for column, (low, high) in zip(("added", "critical_tokens"), ends, strict=True):
            found |= {f"{column}_low": [low, None, None], f"{column}_high": [high, None, None]}
        floats = {name: pl.Float64 for name in found if name != "law"}
        return pl.DataFrame(found, schema_overrides=floats)

    def __repr__(self) -> str:
        if self.problem:
            return f"PrecisionLab(problem: {self.problem})"
        shares = ", ".join(f"{n} {s:.3f}" for n, s in self.compared[:, :2].iter_rows())
        at = f"N={format_quantity(self.N)} D={format_quantity(self.D)} bits={self.P:g}"
        return f"PrecisionLab({at}; effective share of N: {shares})"

    # --- what the kernel knows ----------------------------------------------------------------

    @property
    def _datasets(self) -> dict[str, str]:
        return offered(DATASETS, self._given)

    @property
    def _drawn(self) -> dict[str, str]:
        """Cells of constants of which there are draws, to the column of the draws."""
        if self._law is None:
            return {}
        known = drawn(self._law, self._draws)
        return {f"kumar_{ours}": own for ours, own in self._names.items() if own in known}

    def _constants(self) -> dict[str, float]:
        """Kumar et al.'s constants whose place those of the given law take."""
        law = self._law
        return {} if law is None else {k: law.values[own] for k, own in self._names.items()}

    def page(self) -> Page:
        with_runs = self.dataset != NONE
        shown = Shown(self._constants(), self._datasets, list(self._drawn), with_runs)
        return self._page_for(with_runs, lambda: precision_page(shown))

    def facts_now(self) -> Mapping[str, Any]:
        facts: dict[str, Any] = dict(figures())
        if self._law is not None and self._draws is not None:
            facts |= draw_facts(self._draws, self._law, self._drawn)
        runs = self.runs
        return facts if runs is None else facts | run_facts(runs)

    def status(self) -> tuple[str, str]:
        runs = self.runs
        told = "" if runs is None else f"; {len(runs)} runs with partners in 16 bits"
        if self._draws is not None:
            return "ok", f"integer law: your fit, {len(self._draws.draws)} draws{told}"
        return "ok", f"published laws; all of it moves in the browser{told}"


def _names(law: Law) -> dict[str, str]:
    """Kumar et al.'s constants to the law's that take their place."""
    own = published(KUMAR)
    if law.tree == own.tree:
        return {name: name for name in law.values}
    form = chinchilla_form(law.tree)
    if form is None:
        raise ValueError(
            f"PrecisionLab: {law.id} is neither E + A/N**alpha + B/D**beta nor {KUMAR}; "
            "give one of these, or a fit of it"
        )
    return dict(zip(BASE, form, strict=True))
