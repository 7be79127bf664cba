"""ArchitectureLab: experts, vocabularies, streams and shapes, each in dense models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
import traitlets

from ...fitting import Bootstrap, Fit
from ...lawbook import Law
from ...lawbook import closed_form as published
from ...lawbook.quantity import format_quantity
from ...runs import read_runs
from ..given import GIVEN, draw_facts, drawn, law_of, offered
from ..lab import Lab
from ..traits import Quantity
from ..vocabulary import Page
from .cells import CORPORA, ROUTERS, SELECTIONS, law_behind
from .experts import EXPERTS
from .figures import figures
from .page import ASKS, TOPICS, Shown, architecture_page
from .runs import COLUMNS, columns_of, published_runs, topics_of
from .worth import COMPARISONS

# Laws of which a fit is understood: the topic, the role that its constants take.
FITTED = {
    "ludziejewski2025_joint_moe": ("experts", "ludz"),
    "abnar2025_sparsity": ("experts", "abnar"),
    "abnar2025_sparsity.active": ("experts", "abnar"),
    "clark2022_routed": ("experts", "clark"),
    "frantar2023_sparse": ("experts", "frantar"),
    "krajewski2024_fine_grained_moe": ("granularity", "moe"),
    "krajewski2024_fine_grained_moe.dense": ("granularity", "plain"),
    "tao2024_vocab": ("vocabulary", "vocab"),
    "tao2024_vocab.as_fitted": ("vocabulary", "vocab"),
    "chen2025_parscale": ("streams", "stream"),
    "mcleish2025_gemstones.width_depth_params": ("shape", "shape"),
}
DATASETS = {"none": "none", "published": "those of the papers"}
_ROLES = {"granularity": "moe", "vocabulary": "vocab", "streams": "stream"}


class ArchitectureLab(Lab):
    """What an architecture is worth in dense models: at equal training FLOPs, memory, inference.

    Topics: experts and pruned weights (Ludziejewski et al. 2025, Abnar et al. 2025, Clark et al.
    2022, Frantar et al. 2023), granularity (Krajewski et al. 2024), vocabulary (Tao et al. 2024),
    parallel streams (Chen et al. 2025), width and depth (McLeish et al. 2025, Alabdulmohsin et al.
    2023), linear-complexity and diffusion models and optimisers as multipliers of compute (Shen et
    al. 2024, Gulrajani and Hashimoto 2023, Nie et al. 2024, Volkova et al. 2026).

    Parameters
    ----------
    source : Fit or Law, optional
        Of one of these laws: its constants take the place of the published ones.
    draws : Bootstrap, optional
        Of that fit, as ``fit.bootstrap(200)``: the tables then have intervals.
    runs : table, optional
        Runs to hold the topic's law to: N, D and the loss, and what the topic varies (experts: E;
        streams: P; shape: width w and layers l).
    **inputs
        Any input of the lab: ``topic="streams"``, ``N="1B"``, ``D="20B"``, ``E=8``, ``G=8``,
        ``V=64_000``, ``P=4``, ``depth=24``, ``budget="1e21"``, ``law_name="clark"``.

    Raises
    ------
    ValueError
        For a law that is none of these, draws without a fit, or runs without the topic's columns.

    Examples
    --------
    >>> lab = ArchitectureLab(topic="streams", N="2.8B", P=4)
    >>> lab.compared["worth"].round(2).to_list()
    [0.39, 1.55, 0.39]
    """

    asks = ASKS

    topic = traitlets.Enum(list(TOPICS), "experts").tag(sync=True)
    law_name = traitlets.Enum(list(EXPERTS), "ludz").tag(sync=True)
    router = traitlets.Enum(list(ROUTERS), "sbase").tag(sync=True)
    corpus = traitlets.Enum(list(CORPORA), "stack").tag(sync=True)
    selection = traitlets.Enum(list(SELECTIONS), SELECTIONS[0]).tag(sync=True)
    dataset = traitlets.Enum(["none", "published", GIVEN], "none").tag(sync=True)
    N = Quantity(1e9).tag(sync=True)
    D = Quantity(2e10).tag(sync=True)
    budget = Quantity(1e21).tag(sync=True)
    E = traitlets.Float(8.0, min=1.0).tag(sync=True)
    G = traitlets.Float(8.0, min=1.0).tag(sync=True)
    V = Quantity(64_000.0).tag(sync=True)
    P = traitlets.Float(4.0, min=1.0).tag(sync=True)
    depth = traitlets.Float(16.0, min=1.0).tag(sync=True)
    growth = traitlets.Float(10.0, min=1.0).tag(sync=True)

    def __init__(
        self,
        source: Fit | Law | None = None,
        *,
        draws: Bootstrap | None = None,
        runs: Any = None,
        **inputs: Any,
    ) -> None:
        if draws is not None and not isinstance(source, Fit):
            raise ValueError("ArchitectureLab: draws= are those of a fit; give the fit, too")
        self._source = source
        self._law = None if source is None else law_of(source)
        self._draws = draws
        self._given_runs = None if runs is None else read_runs(runs)
        self._given_topics = () if self._given_runs is None else topics_of(self._given_runs)
        self._run_facts: dict[str, dict[str, Any]] = {}
        self._published: dict[str, pl.DataFrame] = {}
        fresh: dict[str, Any] = {"dataset": "none" if runs is None else GIVEN}
        if self._law is not None:
            fresh["topic"], self._role = _place(self._law)
            if self._role in EXPERTS:
                fresh["law_name"] = self._role
        super().__init__(**{**fresh, **inputs})

    @traitlets.validate("dataset")
    def _there_are_runs(self, proposal: Any) -> str:
        if proposal["value"] == GIVEN and self._given_runs is None:
            raise traitlets.TraitError("dataset: there are no runs of yours; give the lab runs=")
        return str(proposal["value"])

    # --- results as objects -------------------------------------------------------------------

    @property
    def compared(self) -> pl.DataFrame:
        """What yours is worth, a row a comparison.

        ``comparison``, and ``worth``: how many times as much the dense model takes (training FLOPs)
        or has parameters (memory, inference cost). For shapes the tokens that the best shape would
        need; for families compute, a row a family.
        """
        sheet = self.sheet()
        if self.topic == "families":
            cells = {
                row.label: row.cell
                for table in sheet.page.tables
                for row in table.rows
                if row.visible == "on_families" and row.cell.endswith("_compute")
            }
        elif self.topic == "shape":
            cells = {"tokens of the best shape": "shape_worth"}
        else:
            role = "sparse" if self.topic == "experts" else _ROLES[self.topic]
            cells = {label: f"{role}_{name}" for name, label in COMPARISONS.items()}
        worth = [sheet.get(cell) for cell in cells.values()]
        return pl.DataFrame({"comparison": list(cells), "worth": worth})

    @property
    def draws(self) -> Bootstrap | None:
        """Draws of the given fit's constants; None without."""
        return self._draws

    @property
    def runs(self) -> pl.DataFrame | None:
        """The runs that the topic's law is held to; None without.

        Raises
        ------
        DatasetError
            When they cannot be had; the lab then keeps its last good picture.
        """
        return self._measured().get(self.topic)

    def __repr__(self) -> str:
        if self.problem:
            return f"ArchitectureLab(problem: {self.problem})"
        worth = ", ".join(f"{name} {value:.3g}" for name, value in self.compared.iter_rows())
        return f"ArchitectureLab({self._asked()}: {worth})"

    def _asked(self) -> str:
        at = {
            "experts": f"{self.law_name}, N={format_quantity(self.N)} E={self.E:g}",
            "granularity": f"N={format_quantity(self.N)} G={self.G:g}",
            "vocabulary": f"N={format_quantity(self.N)} V={format_quantity(self.V)}",
            "streams": f"{self.corpus}, N={format_quantity(self.N)} P={self.P:g}",
            "shape": f"N={format_quantity(self.N)} layers={self.depth:g}",
            "families": f"C={format_quantity(self.budget)} FLOP",
        }
        return f"{self.topic}: {at[self.topic]}; in dense models"

    # --- what the kernel knows ----------------------------------------------------------------

    def page(self) -> Page:
        return self._page_for(self.dataset, lambda: architecture_page(self._on_screen()))

    def _on_screen(self) -> Shown:
        datasets = offered(DATASETS, self._given_runs)
        measured = tuple(self._measured())
        return Shown(self._cells_given(), datasets, self.dataset, measured, self._drawn())

    def _cells_given(self) -> dict[str, dict[str, str]]:
        """Role to constant to the fact that holds the value of the given law or fit."""
        if self._law is None:
            return {}
        names = [name for name in self._law.values if name in law_behind(self._role).values]
        return {self._role: {name: f"centre_{self._role}_{name}" for name in names}}

    def _drawn(self) -> dict[str, list[str]]:
        if self._law is None or self._draws is None:
            return {}
        known = self._cells_given()[self._role]
        return {self._role: [name for name in drawn(self._law, self._draws) if name in known]}

    def facts_now(self) -> Mapping[str, Any]:
        facts: dict[str, Any] = dict(figures())
        if self._law is not None:
            for name, fact in self._cells_given()[self._role].items():
                facts[fact] = self._law.values[name]
            if self._draws is not None:
                cells = {f"{self._role}_{name}": name for name in self._drawn()[self._role]}
                facts |= draw_facts(self._draws, self._law, cells)
        if self.dataset not in self._run_facts:
            columns = [columns_of(topic, runs) for topic, runs in self._measured().items()]
            self._run_facts[self.dataset] = {k: v for one in columns for k, v in one.items()}
        return facts | self._run_facts[self.dataset]

    def _measured(self) -> dict[str, pl.DataFrame]:
        """Runs by topic, all of them: a page without Python changes its topic, too."""
        if self._given_runs is not None and self.dataset == GIVEN:
            return dict.fromkeys(self._given_topics, self._given_runs)
        if self.dataset == "none":
            return {}
        if not self._published:  # half a second of reading
            self._published = {topic: published_runs(topic) for topic in COLUMNS}
        return self._published

    def status(self) -> tuple[str, str]:
        if isinstance(self._source, Fit):
            told = f"{self._source.law.id}: your fit is {self._source.status}"
            if self._source.status != "ok":
                return "warning", told
            without = "; no draws, so no intervals: give draws=fit.bootstrap(200)"
            return ("ok", told) if self._draws is not None else ("note", told + without)
        if self._law is not None:
            return "ok", f"{self._law.id}: constants of yours"
        return "ok", "published laws; all of it moves in the browser"


def _place(law: Law) -> tuple[str, str]:
    """The topic and the role of a law, whatever it is called."""
    for id, place in FITTED.items():
        if published(id).tree == law.tree:
            return place
    raise ValueError(
        f"ArchitectureLab: {law.id} is no law of architectures that the lab knows; give one of "
        f"{', '.join(FITTED)}, or a fit of it"
    )
