"""DataLab: repeating, filtering, mixing and pruning the data that one has."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Hashable, Mapping
from dataclasses import replace
from typing import Any

import polars as pl
import traitlets

from ...allocation import Plan, allocate
from ...fitting import Bootstrap, Fit
from ...lawbook import Law
from ...lawbook import closed_form as published
from ...lawbook.quantity import format_quantity
from ...runs import load_runs, read_runs
from ..given import GIVEN, draw_facts, drawn, law_of, offered
from ..lab import Lab
from ..topics import question
from ..traits import Quantity
from ..vocabulary import Page
from . import filter as data_filter
from . import mix as data_mix
from . import prune as data_prune
from . import repeat as data_repeat
from .compared import COMPARED
from .facts import mix_facts, repeat_facts, with_unique_tokens
from .mixtures import SHUKOR, all_domains, mixing
from .shares import MixtureInputs

TOPICS = {
    "repeat": "How often to repeat the data?",
    "filter": "How strictly to filter them?",
    "mix": "How to mix them?",
    "prune": "Which examples to keep?",
}
LAWS = {
    "muennighoff2023": "Muennighoff et al. 2023",
    "besiroglu2024": "Besiroglu et al. 2024, repeats as Muennighoff et al.",
    "hoffmann2022": "Hoffmann et al. 2022, repeats as Muennighoff et al.",
}
DATASETS = {"none": "none", "datablations": "182 runs of Muennighoff et al. 2023"}
DRAWS = 200
_SLACK = 1.01  # the ends of a slider are rounded
_ASKS = {
    "repeat": data_repeat.ASKS,
    "filter": data_filter.ASKS,
    "mix": data_mix.ASKS,
    "prune": data_prune.ASKS,
}


class DataLab(MixtureInputs, Lab):
    """Repeat, filter, mix or prune the data: what is best with the data and compute one has.

    Parameters
    ----------
    source : Fit, Law or str, optional
        The law for repeated data: a fit (with its bootstrap: bands and intervals), a law or a
        law's name, over N and D; one of Chinchilla's form gets Muennighoff et al.'s repetition.
    runs : table, optional
        Runs to hold that law to, with the unique tokens ``U`` beside N, D and the loss.
    **inputs
        Any input of the lab: ``topic`` (``"repeat"``, ``"filter"``, ``"mix"``, ``"prune"``); of
        repeating ``C="1e22"``, ``unique_tokens="25B"``, ``epochs=4``; of filtering
        ``samples="128M"``, ``pool="12.8M"``, ``b_1=-0.25``, ``tau_1=2`` (to 4); of mixing
        ``mixing="regmix"``, ``corners={"left": "arxiv"}``, ``shares={"academic": 0.4}``,
        ``weights={"prose": 1.0}``, ``mixtures="regmix"`` (its 512 runs), and for Shukor et al.
        ``N``, ``D``, ``constants={"CA_1": 500}``; of pruning ``alpha_tot=8``, ``kept=0.4``,
        ``theta=0.3``.

    Notes
    -----
    Repeating is Muennighoff et al. 2023 (arXiv:2305.16264), filtering Goyal et al. 2024
    (arXiv:2404.07177), mixing Ye et al. 2024 (arXiv:2403.16952), Liu et al. 2024
    (arXiv:2407.01492) or Shukor et al. 2025 (arXiv:2507.09404), pruning Sorscher et al. 2022
    (arXiv:2206.14486). What is a formula follows the hand in the frame; the best mixtures, the
    samples from which a looser filter wins, and the theory of pruning are the kernel's.

    Examples
    --------
    >>> lab = DataLab(C="9.26e21 FLOP", unique_tokens="25B")
    >>> round(lab.plan.epochs, 1)
    9.1
    >>> DataLab(topic="mix").best_mixture["internet"] > 0.4
    True
    >>> DataLab(topic="prune", alpha_tot=8, kept=0.4).compared["error"].round(4).to_list()
    [0.062, 0.0738, 0.136, 0.0609]
    """

    asks = ("topic", *(name for names in _ASKS.values() for name in names), "shares")
    momentary = (
        *("crossing", *(f"from_{kept}" for kept in data_filter.KEPT[1:])),
        *(f"{key}_{name}" for key in ("ideal", "slice") for name in all_domains()),
        *(f"{of}_{kind}" for of in data_prune.FACTS for kind in (*data_prune.KINDS, "all")),
        *(f"drift_{name}" for name in mixing(SHUKOR).domains),
    )

    topic = traitlets.Enum(list(TOPICS), "repeat").tag(sync=True)
    law_name = traitlets.Unicode("muennighoff2023").tag(sync=True)
    dataset = traitlets.Unicode("none").tag(sync=True)
    C = Quantity(9.25956e21).tag(sync=True)  # of 8.67B parameters on 178B tokens, which they ran
    unique_tokens = Quantity(25e9).tag(sync=True)
    epochs = traitlets.Float(4.0, min=1e-3).tag(sync=True)

    scored = traitlets.Enum(list(data_filter.scores()), "tmars_imagenet1k").tag(sync=True)
    samples = Quantity(1.28e8).tag(sync=True)
    pool = Quantity(1.28e7).tag(sync=True)
    b_1 = traitlets.Float(-0.25, max=0.0).tag(sync=True)
    tau_1 = traitlets.Float(2.0, min=0.01).tag(sync=True)
    b_2 = traitlets.Float(-0.21, max=0.0).tag(sync=True)
    tau_2 = traitlets.Float(4.0, min=0.01).tag(sync=True)
    b_3 = traitlets.Float(-0.18, max=0.0).tag(sync=True)
    tau_3 = traitlets.Float(6.0, min=0.01).tag(sync=True)
    b_4 = traitlets.Float(-0.16, max=0.0).tag(sync=True)
    tau_4 = traitlets.Float(8.0, min=0.01).tag(sync=True)

    alpha_tot = traitlets.Float(8.0, min=0.1, max=1e3).tag(sync=True)
    kept = traitlets.Float(0.4, min=0.01, max=1.0).tag(sync=True)
    theta = traitlets.Float(0.0, min=0.0, max=1.25).tag(sync=True)

    def __init__(
        self, source: Fit | Law | str = "muennighoff2023", *, runs: Any = None, **inputs: Any
    ) -> None:
        self._given: Fit | Law | None = None if isinstance(source, str) else source
        self._draws = source.bootstrap(DRAWS) if isinstance(source, Fit) else None
        self._given_runs = None if runs is None else with_unique_tokens(read_runs(runs))
        self._later: tuple[Hashable, dict[str, Any]] = None, {}
        fresh: dict[str, Any] = {
            "law_name": source if isinstance(source, str) else GIVEN,
            "dataset": "none" if runs is None else GIVEN,
            "corners": {},
        }
        super().__init__(**{**fresh, **inputs})

    # --- what is refused ------------------------------------------------------------------------

    @traitlets.validate("samples", "pool")
    def _within_the_sums(self, proposal: Any) -> float:
        """The filtering laws add up so many epochs and no more."""
        name, value = proposal["trait"].name, float(proposal["value"])
        if name == "samples" and value > data_filter.MOST_SAMPLES * _SLACK:
            raise traitlets.TraitError(
                f"samples: {value:g} are too many; take at most {data_filter.MOST_SAMPLES:g}, as "
                "the runs of the paper end at 6.4e8"
            )
        if name == "pool" and value < data_filter.SMALLEST_POOL / _SLACK:
            raise traitlets.TraitError(
                f"pool: {value:g} samples are too few; take at least "
                f"{data_filter.SMALLEST_POOL:g}, as the lab adds up {data_filter.EPOCHS} epochs"
            )
        return value

    # --- results as objects -------------------------------------------------------------------

    @property
    def law(self) -> Law:
        """The loss surface for repeated data, before it is told what repetition does."""
        if self.law_name == GIVEN and self._given is not None:
            return law_of(self._given)
        return published(self.law_name)

    @property
    def draws(self) -> Bootstrap | None:
        """Draws of the constants behind bands and intervals; None without."""
        return self._draws if self.law_name == GIVEN else None

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
    def runs(self) -> pl.DataFrame | None:
        """The runs that the law of repetition is held to; None without.

        Raises
        ------
        DatasetError
            When they cannot be had; the lab then keeps its last good picture.
        """
        if self.dataset == GIVEN:
            return self._given_runs
        return None if self.dataset == "none" else with_unique_tokens(load_runs(self.dataset))

    @property
    def more_pays_from(self) -> dict[int, float]:
        """Samples from which keeping at least 2, 3 or 4 pools beats fewer; NaN where never."""
        b, tau = (
            tuple(float(getattr(self, f"{name}_{i}")) for i in data_filter.KEPT)
            for name in ("b", "tau")
        )
        found = data_filter.more_pays_from(self.scored, self.pool, b, tau)
        return dict(zip(data_filter.KEPT[1:], found, strict=True))

    @property
    def compared(self) -> pl.DataFrame:
        """What the topic lays side by side, a row each.

        Repeating: each ``split`` of the compute with ``N``, ``D``, ``epochs``, the new tokens that
        D is ``worth``, and ``loss``. Filtering: pools ``kept``, their ``error`` at the samples
        seen, the ``epochs`` over them, and the samples ``from`` which at least so many pay (NaN
        where never). Mixing: each ``domain`` with the shares ``yours`` and ``best``. Pruning: the
        examples ``kept``, and the ``error`` of the perceptron with them.
        """
        return COMPARED[self.topic](self.sheet())

    def __repr__(self) -> str:
        if self.problem:
            return f"DataLab(problem: {self.problem})"
        return f"DataLab({getattr(self, f'_told_{self.topic}')()})"

    def _told_repeat(self) -> str:
        best = self.plan
        return (
            f"{self.law.id} at {format_quantity(self.C)} FLOP, "
            f"{format_quantity(self.unique_tokens)} unique tokens: best {best.epochs:.3g} epochs "
            f"with N={format_quantity(best.N)}, loss={best.loss:.4f}"
        )

    def _told_filter(self) -> str:
        starts = {kept: at for kept, at in self.more_pays_from.items() if at > 0}
        told = ", ".join(f"{kept} from {format_quantity(at)}" for kept, at in starts.items())
        return f"{self.scored}: the best pool alone" + (f", {told} samples" if told else "")

    def _told_mix(self) -> str:
        best = {name: share for name, share in self.best_mixture.items() if share >= 5e-4}
        told = ", ".join(f"{name} {share:.1%}" for name, share in best.items())
        return f"{self.mixing}: best mixture {told}"

    def _told_prune(self) -> str:
        facts = data_prune.prune_facts(self.alpha_tot, self.kept, self.theta)
        told = ", ".join(f"{name.removeprefix('error_')} {at:.4f}" for name, at in facts.items())
        return f"{self.alpha_tot:g} examples per parameter, {self.kept:.0%} kept: error {told}"

    # --- what the kernel knows ----------------------------------------------------------------

    def key(self) -> Hashable:
        """What the topic asks; of the shares only those that the triangle leaves as they are."""
        asked = tuple(_flat(getattr(self, name)) for name in ("topic", *_ASKS[self.topic]))
        if self.topic != "mix":
            return asked
        others = [n for n in mixing(self.mixing).domains if n not in self.corners.values()]
        return (asked, *(round(self.mixture[name], 9) for name in others))

    def page(self) -> Page:
        build: dict[str, Callable[[], tuple[Hashable, Callable[[], Page]]]] = {
            "repeat": self._repeat_page,
            "filter": lambda: ((), data_filter.filter_page),
            "mix": self._mix_page,
            "prune": lambda: ((), data_prune.prune_page),
        }
        key, make = build[self.topic]()
        return self._page_for((self.topic, key), lambda: _with_topics(make()))

    def _repeat_page(self) -> tuple[Hashable, Callable[[], Page]]:
        laws = offered(LAWS, None if self._given is None else law_of(self._given))
        datasets = offered(DATASETS, self._given_runs)
        shown = data_repeat.Repeated(
            self.law, laws, datasets, self._drawn, runs=self.dataset != "none"
        )
        return (
            (self.law.id, tuple(self._drawn), shown.runs),
            lambda: data_repeat.repeat_page(shown),
        )

    def _mix_page(self) -> tuple[Hashable, Callable[[], Page]]:
        shown = self.mixed
        return shown, lambda: data_mix.mix_page(shown)

    @property
    def _drawn(self) -> list[str]:
        return drawn(self.law, self.draws)

    def facts_now(self) -> Mapping[str, Any]:
        """The answer, with the curves of the question before until there are new ones."""
        of, later = self._later
        return {**(later if of == self._curves() else {}), **self._answer_now()}

    def _curves(self) -> Hashable:
        return self.topic, self.mixing

    def _answer_now(self) -> Mapping[str, Any]:
        if self.topic == "repeat":
            facts = repeat_facts(self.law, self.plan.loss, self.runs)
            if self.draws is not None:
                facts |= draw_facts(self.draws, self.law, {name: name for name in self._drawn})
            return facts
        if self.topic == "filter":
            return data_filter.filter_facts(list(self.more_pays_from.values()))
        if self.topic == "prune":
            return data_prune.prune_facts(self.alpha_tot, self.kept, self.theta)
        return mix_facts(
            self.mixed,
            self.mixture,
            self.best_mixture,
            self.best_in_triangle,
            self.mixing_cells(),
            self.measured_mixtures,
        )

    async def facts_later(self) -> AsyncIterator[Mapping[str, Any]]:
        of, found = self._later
        if of != self._curves():
            found = {}
        async for more in self._more():
            found = {**found, **more}
            self._later = self._curves(), found
            yield more

    async def _more(self) -> AsyncIterator[Mapping[str, Any]]:
        if self.topic == "prune":
            async for more in data_prune.prune_curves(self.alpha_tot, self.kept, self.theta):
                yield more
        if self.topic == "mix":
            async for more in self.drift():
                yield more

    def status(self) -> tuple[str, str]:
        if self.topic == "filter":
            return "note", "exponents and half-lives are yours: the paper's pools are not public"
        if self.topic == "mix":
            if self.mixing == SHUKOR:
                return "note", "the constants are made up: the paper prints none"
            return "ok", mixing(self.mixing).law.id
        if self.topic == "prune":
            return "ok", data_prune.PRUNING
        if self._given is None or self.draws is not None:
            return "ok", self.law.id
        return "note", f"{self.law.id}: no draws, so no intervals. Give the DataLab a fit."


def _with_topics(page: Page) -> Page:
    return replace(page, groups=[question(TOPICS), *page.groups], asks=("topic", *page.asks))


def _flat(value: Any) -> Hashable:
    return tuple(sorted(value.items())) if isinstance(value, Mapping) else value
