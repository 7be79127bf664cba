"""PrecisionLab: how many bits, by the published laws laid over each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
import traitlets

from ..fitting import Fit
from ..lawbook import Law
from ..lawbook import closed_form as published
from ..lawbook.frontier import chinchilla_form
from ..lawbook.quantity import format_quantity
from .lab import Lab
from .precision_cells import HANDLES, KUMAR, formulas, solves
from .precision_page import (
    MEASURED,
    NOTES,
    NUMBER_TYPES,
    SETTINGS,
    SOURCE,
    TEACHES,
    groups,
    plots,
    tables,
)
from .traits import Quantity
from .vocabulary import Page

_BASE = ("E", "A", "alpha", "B", "beta")  # as Kumar et al. name them


class PrecisionLab(Lab):
    """How many bits: effective parameters, equal cost, equal memory, and tokens that hurt.

    Integer training and post-training quantisation (Kumar et al. 2024), floating-point layouts
    (Sun et al. 2025) and quantisation-aware training in 4 bits (Chen et al. 2025), each against its
    own full precision.

    Parameters
    ----------
    source : Fit or Law, optional
        A law ``E + A/N**alpha + B/D**beta``, or ``kumar2024_precision`` itself, whose constants
        take the place of Kumar et al.'s; joining their bits to another surface is this library's
        step, not a published fit.
    **inputs
        Any input of the lab, such as ``N="7B"``, ``P=6`` (all bits), ``P_w=4`` (held apart from P),
        ``P_post=4``, ``Eb=4, Mb=3``, ``Bk=128``, ``setting="W4A16"``.

    Raises
    ------
    ValueError
        For a law of another form.

    Examples
    --------
    >>> lab = PrecisionLab(N="500M", D="25B", P=4)
    >>> lab.compared["effective_share"].round(2).to_list()
    [0.19, 0.89, 0.74]
    """

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
    held = traitlets.Dict(value_trait=traitlets.Bool()).tag(sync=True)
    number_type = traitlets.Enum(list(NUMBER_TYPES), "table2_integer").tag(sync=True)
    setting = traitlets.Enum(list(SETTINGS), "W4A4").tag(sync=True)

    def __init__(self, source: Fit | Law | None = None, **inputs: Any) -> None:
        law = source.law if isinstance(source, Fit) else source
        given = {} if law is None else _constants(law)
        held = {name: True for name in HANDLES if name in inputs} | inputs.get("held", {})
        self._page = Page(
            title="Precision",
            teaches=TEACHES,
            source=SOURCE,
            groups=groups(),
            formulas=formulas(given),
            solves=solves(),
            plots=plots(),
            tables=tables(),
            notes=NOTES,
        )
        super().__init__(**{**inputs, "held": held})

    @traitlets.observe(*HANDLES)
    def _hold(self, change: Any) -> None:
        """What is set is held, by a hand as in Python."""
        if not self.held.get(change["name"]):
            self.held = {**self.held, change["name"]: True}

    @property
    def compared(self) -> pl.DataFrame:
        """The laws side by side, a row each: ``law``, ``effective_share`` of N, ``added`` loss in
        training (nats/token), ``critical_tokens`` beyond which more training hurts (Kumar et al.:
        the model quantised afterwards)."""
        sheet = self.sheet()
        keys = {"integer": "kumar", "floating point": "sun", "QAT": "chen"}
        columns = {"effective_share": "share", "added": "added", "critical_tokens": "crit"}
        found: dict[str, list[Any]] = {"law": list(keys)}
        for column, cell in columns.items():
            roles = ["post" if (k, cell) == ("kumar", "crit") else k for k in keys.values()]
            found[column] = [sheet.get(f"{role}_{cell}") for role in roles]
        return pl.DataFrame(found)

    def __repr__(self) -> str:
        shares = ", ".join(f"{n} {s:.3f}" for n, s in self.compared[:, :2].iter_rows())
        at = f"N={format_quantity(self.N)} D={format_quantity(self.D)} bits={self.P:g}"
        return f"PrecisionLab({at}; effective share of N: {shares})"

    def page(self) -> Page:
        return self._page

    def facts_now(self) -> Mapping[str, Any]:
        return {
            "measured_bits": np.array([one.bits for one in MEASURED]),
            "measured_shares": np.array([one.share for one in MEASURED]),
            "measured_names": [one.name for one in MEASURED],
        }

    def status(self) -> tuple[str, str]:
        return "ok", "published laws; all of it moves in the browser"


def _constants(law: Law) -> dict[str, float]:
    """The constants that take the place of Kumar et al.'s."""
    own = published(KUMAR)
    if law.tree == own.tree:
        return dict(law.values)
    form = chinchilla_form(law.tree)
    if form is None:
        raise ValueError(
            f"PrecisionLab: {law.id} is neither E + A/N**alpha + B/D**beta nor {KUMAR}; "
            "give one of these, or a fit of it"
        )
    return {name: law.values[theirs] for name, theirs in zip(_BASE, form, strict=True)}
