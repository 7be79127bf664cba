"""DataLab: repeating, filtering and mixing the data that one has."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import polars as pl
import traitlets

from ..allocation import Plan, allocate
from ..fitting import Bootstrap, Fit
from ..lawbook import Law
from ..lawbook import closed_form as published
from ..lawbook.quantity import format_quantity
from ..runs import load_runs, read_runs
from .data_cells import TOPICS
from .data_facts import (
    EPOCHS,
    LATER_EPOCHS,
    MIXING,
    MOST_SAMPLES,
    ONE_POOL,
    SMALLEST_POOL,
    best_mixture,
    domains,
    known,
    looser_wins_from,
    shares,
)
from .data_page import ASKS, Shown, data_page
from .lab import Lab
from .traits import Quantity
from .vocabulary import Page

LAWS = {
    "muennighoff2023": "Muennighoff et al. 2023",
    "besiroglu2024": "Besiroglu et al. 2024, repeats as Muennighoff et al.",
    "hoffmann2022": "Hoffmann et al. 2022, repeats as Muennighoff et al.",
}
DATASETS = {"none": "none", "datablations": "182 runs of Muennighoff et al. 2023"}
DRAWS = 200
_SLACK = 1.01  # the ends of a slider are rounded
_LEVELS = np.linspace(-0.06, 0.3, 10)  # lines of equal loss, in its log, from the best one's on


class DataLab(Lab):
    """Repeat the data, filter them or mix them: what is best with the data and compute one has.

    Parameters
    ----------
    source : Fit, Law or str, optional
        The law for repeated data: a fit (with its bootstrap: bands and intervals), a law or a
        law's name, over N and D; one of Chinchilla's form gets Muennighoff et al.'s repetition.
    runs : table, optional
        Runs to hold the law to, with the unique tokens ``U`` beside N, D and the loss.
    **inputs
        Any input of the lab: ``topic`` (``"repeat"``, ``"filter"``, ``"mix"``), ``C="1e22"``,
        ``unique_tokens="25B"``, ``epochs=4``, ``samples="128M"``, ``b_1=-0.25``,
        ``shares={"academic": 0.4}``, ``weights={"prose": 1.0}``.

    Notes
    -----
    Repeating is Muennighoff et al. 2023 (arXiv:2305.16264), filtering Goyal et al. 2024
    (arXiv:2404.07177), mixing Ye et al. 2024 (arXiv:2403.16952). All three follow the hand in the
    frame; the best mixture and the samples from which the looser filter wins are the kernel's.

    Examples
    --------
    >>> lab = DataLab(C="9.26e21 FLOP", unique_tokens="25B")
    >>> round(lab.plan.epochs, 1)
    9.1
    >>> DataLab(topic="mix").best_mixture["internet"] > 0.4
    True
    """

    asks = ASKS
    momentary = ("crossing", *(f"ideal_{name}" for name in domains()))

    topic = traitlets.Enum(list(TOPICS), "repeat").tag(sync=True)
    law_name = traitlets.Unicode("muennighoff2023").tag(sync=True)
    dataset = traitlets.Unicode("none").tag(sync=True)
    C = Quantity(9.25956e21).tag(sync=True)  # of 8.67B parameters on 178B tokens, which they ran
    unique_tokens = Quantity(25e9).tag(sync=True)
    epochs = traitlets.Float(4.0, min=1e-3).tag(sync=True)
    scored = traitlets.Enum(list(known(ONE_POOL).sets), "tmars_imagenet1k").tag(sync=True)
    samples = Quantity(1.28e8).tag(sync=True)
    pool = Quantity(1.28e7).tag(sync=True)
    b_1 = traitlets.Float(-0.25, max=0.0).tag(sync=True)
    tau_1 = traitlets.Float(4.0, min=0.01).tag(sync=True)
    b_2 = traitlets.Float(-0.15, max=0.0).tag(sync=True)
    tau_2 = traitlets.Float(6.0, min=0.01).tag(sync=True)
    shares = traitlets.Dict(value_trait=traitlets.Float(min=0.0)).tag(sync=True)
    weights = traitlets.Dict(value_trait=traitlets.Float(min=0.0)).tag(sync=True)

    def __init__(
        self, source: Fit | Law | str = "muennighoff2023", *, runs: Any = None, **inputs: Any
    ) -> None:
        self._given: Fit | Law | None = None if isinstance(source, str) else source
        self._draws = source.bootstrap(DRAWS) if isinstance(source, Fit) else None
        self._given_runs = None if runs is None else _with_unique_tokens(read_runs(runs))
        self._page: tuple[Hashable, Page] | None = None
        fresh: dict[str, Any] = {
            "law_name": source if isinstance(source, str) else "given",
            "dataset": "none" if runs is None else "given",
            "shares": {},
            "weights": {},
        }
        super().__init__(**{**fresh, **inputs})

    @traitlets.validate("shares", "weights")
    def _of_domains(self, proposal: Any) -> dict[str, float]:
        """Amounts of all domains: those left out keep what they have."""
        name, given = proposal["trait"].name, proposal["value"]
        unknown = [key for key in given if key not in domains()]
        if unknown:
            raise traitlets.TraitError(
                f"{name}: there is no domain {unknown[0]!r}; there are {', '.join(domains())}"
            )
        before = {key: known(MIXING).values[f"s_{key}"] for key in domains()}
        if name == "shares":
            before = dict.fromkeys(domains(), 1.0 / len(domains()))
        return {**before, **getattr(self, name), **given}

    @traitlets.validate("samples", "pool")
    def _within_the_sums(self, proposal: Any) -> float:
        """The filtering laws add up so many epochs and no more."""
        name, value = proposal["trait"].name, float(proposal["value"])
        if name == "samples" and value > MOST_SAMPLES * _SLACK:
            raise traitlets.TraitError(
                f"samples: {value:g} are too many; take at most {MOST_SAMPLES:g}, as the runs of "
                "the paper end at 6.4e8"
            )
        if name == "pool" and value < SMALLEST_POOL / _SLACK:
            raise traitlets.TraitError(
                f"pool: {value:g} samples are too few; take at least {SMALLEST_POOL:g}, as the "
                f"lab adds up {EPOCHS} epochs"
            )
        return value

    # --- results as objects -------------------------------------------------------------------

    @property
    def _source(self) -> Fit | Law:
        if self.law_name == "given" and self._given is not None:
            return self._given
        return published(self.law_name)

    @property
    def law(self) -> Law:
        """The loss surface for repeated data, before it is told what repetition does."""
        source = self._source
        return source.law if isinstance(source, Fit) else source

    @property
    def draws(self) -> Bootstrap | None:
        """Draws of the constants behind bands and intervals; None without."""
        return self._draws if self.law_name == "given" else None

    @property
    def plan(self) -> Plan:
        """The best split of the compute where only so many tokens are different.

        Raises
        ------
        AllocationError
            For a law that cannot be told repetition.
        """
        return allocate(self.law, C=self.C, unique_tokens=self.unique_tokens)

    @property
    def looser_wins_from(self) -> float:
        """Samples from which both pools beat the better one alone; NaN where they never do."""
        b, tau = (self.b_1, self.b_2), (self.tau_1, self.tau_2)
        return looser_wins_from(self.scored, self.pool, b, tau)

    @property
    def mixture(self) -> dict[str, float]:
        """Your shares of the domains, which sum to 1."""
        return shares(self.shares)

    @property
    def best_mixture(self) -> dict[str, float]:
        """Shares with the least loss that the mixing law predicts for the weights."""
        weights = shares(self.weights)
        found = best_mixture(tuple(weights[name] for name in domains()))
        return dict(zip(domains(), found, strict=True))

    @property
    def runs(self) -> pl.DataFrame | None:
        """The runs that the law is held to; None without.

        Raises
        ------
        DatasetError
            When they cannot be had; the lab then keeps its last good picture.
        """
        if self.dataset == "given":
            return self._given_runs
        return None if self.dataset == "none" else _with_unique_tokens(load_runs(self.dataset))

    def __repr__(self) -> str:
        if self.problem:
            return f"DataLab(problem: {self.problem})"
        if self.topic == "repeat":
            best = self.plan
            return (
                f"DataLab({self.law.id} at {format_quantity(self.C)} FLOP, "
                f"{format_quantity(self.unique_tokens)} unique tokens: best {best.epochs:.3g} "
                f"epochs with N={format_quantity(best.N)}, loss={best.loss:.4f})"
            )
        if self.topic == "filter":
            crossing = self.looser_wins_from
            wins = (
                f"wins from {format_quantity(crossing)} samples" if crossing > 0 else "never wins"
            )
            return f"DataLab({self.scored}: the looser filter {wins})"
        told = ", ".join(f"{name} {share:.1%}" for name, share in self.best_mixture.items())
        return f"DataLab(best mixture: {told})"

    # --- what the kernel knows ----------------------------------------------------------------

    def page(self) -> Page:
        law, drawn = self.law, self._drawn
        runs = self.dataset != "none"
        key = (law.id, tuple(drawn), runs)
        if self._page is None or self._page[0] != key:
            laws, datasets = dict(LAWS), dict(DATASETS)
            if self._given is not None:
                one = self._given.law if isinstance(self._given, Fit) else self._given
                laws = {"given": one.title or one.id, **laws}
            if self._given_runs is not None:
                datasets["given"] = "yours"
            self._page = key, data_page(Shown(law, laws, datasets, drawn, runs))
        return self._page[1]

    @property
    def _drawn(self) -> list[str]:
        draws = self.draws
        return [] if draws is None else [n for n in self.law.values if n in draws.draws.columns]

    def facts_now(self) -> Mapping[str, Any]:
        law, runs = self.law, self.runs
        facts: dict[str, Any] = {f"fit_{name}": value for name, value in law.values.items()}
        facts |= {f"ideal_{name}": share for name, share in self.best_mixture.items()}
        facts |= {
            "levels": self.plan.loss * np.exp(_LEVELS),
            "crossing": self.looser_wins_from,
            "later_epochs": LATER_EPOCHS,
            "bar_rows": np.arange(float(len(domains()))),
            "domain_names": list(domains()),
        }
        draws = self.draws
        if draws is not None:
            facts |= {f"draws_{n}": draws.draws[n].to_numpy() for n in self._drawn}
            facts |= {f"centre_{n}": law.values[n] for n in self._drawn}
        if runs is not None:
            facts |= {f"runs_{n}": runs[n].to_numpy() for n in ("N", "D", "U", "loss")}
            facts["runs_name"] = [
                f"N {format_quantity(n)}, D {format_quantity(d)}, U {format_quantity(u)}"
                for n, d, u in runs.select("N", "D", "U").iter_rows()
            ]
        return facts

    def status(self) -> tuple[str, str]:
        if self.topic == "filter":
            return "note", "exponents and half-lives are yours: the paper's pools are not public"
        if self.topic == "mix":
            return "ok", known(MIXING).id
        if self._given is None or self.draws is not None:
            return "ok", self.law.id
        return "note", f"{self.law.id}: no draws, so no intervals. Give the DataLab a fit."


def _with_unique_tokens(runs: pl.DataFrame) -> pl.DataFrame:
    """Runs that say how many of their tokens are different; others are refused."""
    if "U" not in runs.columns:
        raise ValueError(
            "DataLab: the runs have no column U, the unique tokens of each; rename yours to U, or "
            "write runs.with_columns(U=pl.col('D')) where nothing was repeated"
        )
    wrong = runs.filter(~(pl.col("U").cast(pl.Float64) > 0).fill_null(False))["run"].to_list()
    if wrong:
        raise ValueError(f"DataLab: unique tokens U must be positive, not so in runs {wrong[:10]}")
    return runs.with_columns(pl.col("U").cast(pl.Float64))
