"""TestTimeLab: what repeated tries are worth, what they cost, and when they mislead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import polars as pl
import traitlets

from ...allocation import Plan, allocate
from ...fitting import Fit, PassRates, fit_pass_rates
from ...lawbook import Law
from ...lawbook import closed_form as published
from ...lawbook import expression as ex
from ...lawbook.quantity import format_quantity
from ..given import GIVEN, law_of, one_of
from ..lab import Lab
from ..traits import Handles, Quantity
from ..vocabulary import Page
from .cells import FAMILY, HANDLES, MODELS, SHAPES, TOPICS, affordable, flops
from .facts import (
    MOST_TRIES,
    RATES,
    Rates,
    best_tries,
    equal_tries,
    even_tries,
    fitted,
    line,
    nodes,
    simulated,
    tries,
    weighted,
)
from .page import ASKS, test_time_page

_FOR_LARGE = ex.Program([affordable("N", flops("N_large", "k"))])


class TestTimeLab(Handles, Lab):
    """Tries at test time: coverage, verifiers that err, prices, a lifetime of queries, rewards.

    Parameters
    ----------
    counts : PassRates or table, optional
        Your counted samples: a row a problem, with ``correct`` of ``samples`` (or ``attempts``); or
        what :func:`fit_pass_rates` made of them. Without, published distributions.
    law : Fit, Law or str
        The loss over N and D for planning a lifetime.
    **inputs
        Any input of the lab: ``topic`` (``"tries"``, ``"verify"``, ``"cost"``, ``"train"``,
        ``"reward"``), ``model="pythia_1b"``, ``alpha=0.3``, ``k=100``, ``false_accept=0.01``,
        ``larger="pythia_12b"``, ``queries="1B"``, ``lifetime="1e22"``, ``N_reward="300M"``.

    Raises
    ------
    FitError, RunsError
        For counts from which no distribution follows.

    Notes
    -----
    Coverage: Brown et al. 2024 (arXiv:2407.21787), Schaeffer et al. 2025 (arXiv:2502.17578).
    Verifier: Stroebl et al. 2024 (arXiv:2411.17501). Exchange: Snell et al. 2024
    (arXiv:2408.03314). Reward: Gao et al. 2022 (arXiv:2210.10760).

    Examples
    --------
    >>> lab = TestTimeLab(model="pythia_12b", k="100")
    >>> round(lab.sheet().get("coverage"), 3)
    0.505
    """

    __test__: ClassVar[bool] = False  # its name begins like that of a test
    asks = ASKS
    handles = HANDLES
    momentary = (
        *("study_k", "study_unbiased", "study_naive", "study_tail", "low", "high", "far_k"),
        *("far_naive", "line_A", "line_b", "found_alpha", "found_beta", "found_scale"),
        *("alpha_low", "alpha_high", "solved_problems", "best_k", "equal_k", "even_k"),
    )

    topic = traitlets.Enum(list(TOPICS), "tries").tag(sync=True)
    model = traitlets.Unicode("pythia_160m").tag(sync=True)
    larger = traitlets.Enum(list(FAMILY), "pythia_12b").tag(sync=True)
    alpha = traitlets.Float(0.25, min=0.02, max=0.6).tag(sync=True)
    beta = traitlets.Float(2.0, min=0.1, max=100.0).tag(sync=True)
    scale = traitlets.Float(0.25, min=0.001, max=1.0).tag(sync=True)
    k = Quantity(100.0).tag(sync=True)
    problems = Quantity(128.0).tag(sync=True)
    samples = Quantity(1000.0).tag(sync=True)
    seed = traitlets.Float(0.0, min=0.0, max=100.0).tag(sync=True)
    completeness = traitlets.Float(1.0, min=0.5, max=1.0).tag(sync=True)
    false_accept = traitlets.Float(1e-3, min=1e-6, max=0.5).tag(sync=True)
    price = traitlets.Float(1.0, min=0.0, max=10.0).tag(sync=True)
    N = Quantity(1e9).tag(sync=True)
    N_large = Quantity(1.2e10).tag(sync=True)
    prompt_tokens = Quantity(500.0).tag(sync=True)
    decoded_tokens = Quantity(200.0).tag(sync=True)
    queries = Quantity(1e8).tag(sync=True)
    lifetime = Quantity(1e22).tag(sync=True)
    C = Quantity(1e22).tag(sync=True)
    N_reward = Quantity(3e6).tag(sync=True)
    KL = Quantity(1.0).tag(sync=True)
    n = Quantity(10.0).tag(sync=True)

    def __init__(
        self,
        counts: PassRates | Any = None,
        *,
        law: Fit | Law | str = "besiroglu2024",
        **inputs: Any,
    ) -> None:
        self._given: PassRates | None = None
        if counts is not None:
            given = counts if isinstance(counts, PassRates) else fit_pass_rates(counts)
            self._given = given
            inputs.setdefault("model", GIVEN)
        self._law = published(law) if isinstance(law, str) else law_of(law)
        super().__init__(**inputs)

    @traitlets.validate("model")
    def _known_model(self, proposal: Any) -> str:
        return one_of(proposal, [*MODELS, *([GIVEN] if self._given else [])])

    @traitlets.validate("k", "problems", "samples", "n")
    def _in_range(self, proposal: Any) -> float:
        name, value = proposal["trait"].name, float(proposal["value"])
        low, high = {"k": (1, MOST_TRIES), "n": (1, 1e6)}.get(name, (2, 1e5))
        if not low <= value <= high:
            raise traitlets.TraitError(f"{name} must lie between {low:g} and {high:g}: {value:g}")
        return value

    # --- results as objects -------------------------------------------------------------------

    def _rates(self, role: str = "model") -> Rates:
        """The distribution in hand, or the published one of the larger model."""
        sets = published(RATES).sets
        if role == "larger":
            return Rates(**{n: sets[self.larger].values[n] for n in SHAPES})
        given = self._given if self.model == GIVEN else None
        base = given.params if given else sets[self.model].values
        return Rates(**{n: getattr(self, n) if self.held.get(n) else base[n] for n in SHAPES})

    @property
    def counts(self) -> pl.DataFrame:
        """Counts of right samples, a row a problem: yours, or drawn from the distribution."""
        if self.model == GIVEN and self._given:
            return self._given.counts
        return simulated(self._rates(), *self._design)

    @property
    def _design(self) -> tuple[int, int, int]:
        return round(self.problems), round(self.samples), round(self.seed)

    @property
    def rates(self) -> PassRates | None:
        """What :func:`fit_pass_rates` makes of the counts; None where it makes nothing of them."""
        if self.model == GIVEN and self._given:
            return self._given
        return fitted(self._rates(), *self._design)

    @property
    def plan(self) -> Plan:
        """The training run for the quality that C buys, where k tries a query are served."""
        served = self.queries * (self.prompt_tokens + self.k * self.decoded_tokens)
        return allocate(self._law, C=self.C, inference_tokens=served)

    @property
    def compared(self) -> pl.DataFrame:
        """Tries ``k``, a row each: ``coverage`` by the distribution, ``measured`` without bias and
        ``naive`` in the counts (NaN beyond their samples), and with the verifier the shares of
        problems with a ``right`` and a ``wrong`` answer, and the ``utility`` of a problem."""
        k = tries(MOST_TRIES)
        shown, counted = self.sheet(), self._counted()
        cells = ("coverage", "right", "wrong", "utility")
        columns = {name: shown.tabulate(name, "k", k) for name in cells}
        measured = {"measured": counted.measured(k), "naive": counted.naive(k)}
        return pl.DataFrame({"k": k, "coverage": columns.pop("coverage"), **measured, **columns})

    @property
    def family(self) -> pl.DataFrame:
        """Each Pythia for the same FLOPs over the lifetime: ``N``, ``training`` FLOPs, ``tries`` a
        query that the rest pays, and ``solved`` problems (a share; NaN with less than one try)."""
        cells = {"N": "row_N", "training": "row_training", "tries": "row_k", "solved": "row_solves"}
        rows = {f"row_{name}": f"family_{name}s" for name in ("N", *SHAPES)}
        found = self.sheet().rows(list(cells.values()), rows)
        return pl.DataFrame(dict(zip(cells, found, strict=True)))

    def __repr__(self) -> str:
        if self.problem:
            return f"TestTimeLab(problem: {self.problem})"
        shown = self.sheet()
        name = f"{self.model}, k={format_quantity(self.k)}"
        if self.topic == "tries":
            told = f"{name}: coverage={shown.get('coverage'):.4f}"
        elif self.topic == "verify":
            best = shown.get("best_k")
            told = f"{name}: right={shown.get('right'):.4f}, best k={best:g}"
        elif self.topic == "cost":
            told = f"{name}: {shown.get('equal_k'):.3g} tries do as much as {self.larger} once"
        elif self.topic == "train":
            best_N, k = (format_quantity(shown.get(f"family_{n}")) for n in ("N", "k"))
            told = f"lifetime {format_quantity(self.lifetime)} FLOP: N={best_N}, k={k}"
        else:
            told = (
                f"reward model {format_quantity(self.N_reward)}: best n={shown.get('best_n'):.3g}"
            )
        return f"TestTimeLab({told})"

    # --- what the kernel knows ----------------------------------------------------------------

    def page(self) -> Page:
        return self._page_for((), lambda: test_time_page(self._law, self._given is not None))

    def _counted(self) -> PassRates:
        """The study, to be averaged over; its distribution may be unknown."""
        found = self.rates
        nothing = np.full((2, 2), np.nan)
        return found or PassRates(np.nan, np.nan, 1.0, nothing, np.nan, self.counts)

    def facts_now(self) -> Mapping[str, Any]:
        sets = published(RATES).sets
        family = {
            f"family_{name}s": np.array([sets[model].values[name] for model in FAMILY])
            for name in SHAPES
        }
        given = self._given.params if self._given else dict.fromkeys(SHAPES, np.nan)
        here, large = self._rates(), self._rates("larger")
        u = nodes(here, large)
        return {
            "u": u,
            "family_Ns": np.array(list(FAMILY.values())),
            "family_names": [MODELS[name] for name in FAMILY],
            **family,
            **{f"given_{name}": value for name, value in given.items()},
            **{f"fit_{name}": value for name, value in self._law.values.items()},
            **self._study_facts(),
            "best_k": best_tries(*weighted(here, u), self._verifier),
            "equal_k": equal_tries(here, large),
            "even_k": even_tries(here, large, self._small_for_large),
        }

    @property
    def _verifier(self) -> dict[str, float]:
        return {
            "c": self.completeness,
            "s": 1.0 - self.false_accept,
            "V_correct": 1.0,
            "V_false": -self.price,
        }

    def _small_for_large(self, k: float) -> float:
        """Tries of the model in hand for the price of so many of the larger one."""
        sizes = {"N": FAMILY.get(self.model, self.N), "N_large": FAMILY[self.larger]}
        sizes |= {name: getattr(self, name) for name in sizes if self.held.get(name)}
        tokens = {"prompt_tokens": self.prompt_tokens, "decoded_tokens": self.decoded_tokens}
        return float(_FOR_LARGE({**sizes, **tokens, "k": k})[0])

    def _study_facts(self) -> dict[str, Any]:
        """Points of the study, the straight line through them, and the distribution behind them."""
        found, counted = self.rates, self._counted()
        least = float(counted.counts["samples"].min())  # type: ignore[arg-type]
        k, far = tries(min(least, MOST_TRIES)), tries(MOST_TRIES)
        measured = counted.measured(k)
        known = measured > 0
        prefactor, exponent = line(k, measured)
        facts: dict[str, Any] = {
            "study_k": k[known],
            "study_unbiased": measured[known],
            "study_tail": -np.log(measured[known]),
            "far_k": far,
            "far_naive": counted.naive(far),
            "line_A": prefactor,
            "line_b": exponent,
            "solved_problems": float((counted.counts["correct"] > 0).sum()),
            "simulated": float(self.model != GIVEN),
        }
        if found is None:
            return {**facts, "found": 0.0}
        low, high = found.interval(far)
        ends = found.conf_int()["alpha"]
        return {
            **facts,
            **{f"found_{name}": value for name, value in found.params.items()},
            "found": 1.0,
            "low": low,
            "high": high,
            "alpha_low": ends[0],
            "alpha_high": ends[1],
        }

    def status(self) -> tuple[str, str]:
        if self.rates is None:
            return (
                "warning",
                "too few problems solved in the study: no distribution follows from it",
            )
        return "ok", "published distributions" if self.model != GIVEN else "your counts"
