"""DownstreamLab: what a loss says of scores, and what scores say of a model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Hashable, Mapping
from typing import Any

import polars as pl
import traitlets

from ...lawbook.quantity import format_quantity
from ..given import GIVEN
from ..lab import Lab
from ..traits import Quantity, Values
from ..vocabulary import Page
from .capability import BENCHMARKS, FAMILIES, SKILLS, family_label
from .emergence import MOST_PASSES, MOST_QUESTIONS
from .facts import (
    Steps,
    fit_steps,
    model_facts,
    published_runs,
    run_facts,
    scored_models,
    scored_runs,
    still_facts,
)
from .figures import LLAMA_2_70B, TARGETS, TASKS
from .ladder import CONSTANTS, FORMS, GADRE, labels
from .page import ASKS, TOPICS, Shown, downstream_page

_PAUSE = 0.2  # seconds of rest before the bootstrap of a fit, which a moving hand would waste


class DownstreamLab(Lab):
    """What a loss says of scores, and what scores say of a model: five questions, one a topic.

    Parameters
    ----------
    runs : table, optional
        Runs of yours with N, D, the loss of a task and ``accuracy`` (or ``error``), 0 to 1: both
        steps are fitted to them, with intervals.
    models : table, optional
        Models of yours with ``C`` (training FLOPs) and scores, 0 to 1, on ``MMLU``, ``ARC_C``,
        ``HellaSwag``, ``Winograd``, ``TruthfulQA``, ``GSM8K``, ``XWinograd``, ``HumanEval``; a
        column ``model`` names them.
    **inputs
        Any input of the lab: ``topic`` (``"ladder"``, ``"emergence"``, ``"capability"``,
        ``"ushape"``, ``"signal"``), ``task="piqa_val_5shot"``, ``N="7B"``, ``D="4T"``,
        ``dataset="published"``, ``constants="fitted"``, ``largest="1.5B"``, ``target_tokens=10``,
        ``questions=100``, ``family="Pythia"``, ``cutoff="1e20 FLOP"``, ``gap=0.01`` and so on.

    Raises
    ------
    ValueError
        For tables that lack a column or hold what is no score; rows are named.

    Notes
    -----
    From loss to score: Bhagia et al. 2024 (arXiv:2412.04403), Gadre et al. 2024
    (arXiv:2403.08540). Emergence: Schaeffer et al. 2023 (arXiv:2304.15004), Hu et al. 2023
    (arXiv:2310.03262). Capability: Ruan et al. 2024 (arXiv:2405.10938), Maia Polo et al. 2024
    (arXiv:2412.06540). Turns: Caballero et al. 2022 (arXiv:2210.14891). Signal and noise: Heineman
    et al. 2025 (arXiv:2508.13144). All follows the hand in the frame but a fit to runs.

    Examples
    --------
    >>> lab = DownstreamLab(task="arc_challenge_test_5shot", N=13202396160, D=5000088518656)
    >>> lab
    DownstreamLab(ARC-Challenge at N=13.2B D=5T: loss=0.7833, score=52.7%)
    >>> DownstreamLab(topic="signal", gap=0.02, test_questions=1000)
    DownstreamLab(difference 2.0 points, 95 % from -2.4 to 6.4: not told apart)
    """

    asks = ASKS

    topic = traitlets.Enum(list(TOPICS), "ladder").tag(sync=True)
    task = traitlets.Enum([GIVEN, *TASKS, *GADRE], "hellaswag_val_5shot").tag(sync=True)
    form = traitlets.Enum(list(FORMS), "ladder").tag(sync=True)
    dataset = traitlets.Enum(["none", "published"], "none").tag(sync=True)
    constants = traitlets.Enum(list(CONSTANTS), "published").tag(sync=True)
    target = traitlets.Enum(list(TARGETS), "13B").tag(sync=True)
    N = Quantity(TARGETS["13B"][0]).tag(sync=True)
    D = Quantity(TARGETS["13B"][1]).tag(sync=True)
    largest = Quantity(1.5e9).tag(sync=True)

    c = Quantity(1e8).tag(sync=True)
    alpha = traitlets.Float(-0.3, max=-1e-3).tag(sync=True)
    target_tokens = traitlets.Float(10.0, min=1.0).tag(sync=True)
    questions = traitlets.Float(100.0, min=2.0, max=MOST_QUESTIONS).tag(sync=True)
    passes = traitlets.Float(2.0, min=1.0, max=MOST_PASSES).tag(sync=True)
    log_scores = traitlets.Bool(False).tag(sync=True)

    family = traitlets.Enum(FAMILIES, "Llama").tag(sync=True)
    reference = traitlets.Enum(FAMILIES, "Llama_2").tag(sync=True)
    C = Quantity(5.46e23).tag(sync=True)
    scores = Values(
        {name: LLAMA_2_70B[name] for name in BENCHMARKS}, traitlets.Float(min=0.0, max=1.0)
    ).tag(sync=True)
    skills = Values(dict.fromkeys(SKILLS, 0.0) | {"reasoning": 1.0}).tag(sync=True)

    slopes = Values({"before": 0.08, "between": -0.12, "after": 0.3}).tag(sync=True)
    breaks = Values({"first": 1e21, "second": 3e23}, traitlets.Float(min=1.0)).tag(sync=True)
    width = traitlets.Float(0.3, min=0.02, max=5.0).tag(sync=True)
    cutoff = Quantity(3.2e20).tag(sync=True)
    noise = traitlets.Float(0.02, min=0.0, max=1.0).tag(sync=True)

    score = traitlets.Float(0.5, min=0.01, max=0.99).tag(sync=True)
    gap = traitlets.Float(0.02, min=1e-4, max=0.5).tag(sync=True)
    spread = traitlets.Float(0.1, min=1e-4, max=1.0).tag(sync=True)
    test_questions = Quantity(1000.0).tag(sync=True)
    paired = traitlets.Float(0.0, min=0.0, max=0.99).tag(sync=True)
    wobble = traitlets.Float(0.002, min=0.0, max=0.5).tag(sync=True)
    checkpoints = traitlets.Float(1.0, min=1.0, max=100.0).tag(sync=True)

    def __init__(self, runs: Any = None, *, models: Any = None, **inputs: Any) -> None:
        self._given_runs = None if runs is None else scored_runs(runs)
        self._models = None if models is None else scored_models(models)
        self._steps: tuple[Hashable, Steps | None] | None = None
        self._still = dict(still_facts())
        if self._models is not None:
            self._still |= model_facts(self._models)
        fresh: dict[str, Any] = {
            "task": "hellaswag_val_5shot" if runs is None else GIVEN,
            "largest": 1.5e9 if self._given_runs is None else self._given_runs["N"].max(),
        }
        super().__init__(**{**fresh, **inputs})

    @traitlets.validate("task")
    def _of_runs(self, proposal: Any) -> str:
        task = str(proposal["value"])
        if task == GIVEN and self._given_runs is None:
            raise traitlets.TraitError(
                "task: 'given' needs runs of yours: DownstreamLab(runs) with N, D, loss, accuracy"
            )
        return task

    # --- results as objects -------------------------------------------------------------------

    @property
    def runs(self) -> pl.DataFrame | None:
        """The runs that the laws are held to, with ``loss`` and ``accuracy``; None without.

        Raises
        ------
        DatasetError
            When they cannot be had; the lab then keeps its last good picture.
        """
        if self.task == GIVEN:
            return self._given_runs
        return published_runs(self.task) if self.dataset == "published" else None

    @property
    def models(self) -> pl.DataFrame | None:
        """Your models with their compute and scores; None without."""
        return self._models

    @property
    def steps(self) -> Steps | None:
        """Both steps as fitted to the runs; None while the constants are the published ones.

        Raises
        ------
        ValueError
            When there are no runs, or too few up to the size ``largest``.
        """
        if not self._is_fitted:
            return None
        key = (self.task, self._form, self.largest)
        if self._steps is None or self._steps[0] != key:
            runs = self.runs
            if runs is None:
                raise ValueError(
                    "constants: to fit them the lab needs runs; choose the authors' runs, or give "
                    "yours: DownstreamLab(runs)"
                )
            self._steps = key, fit_steps(self._form, runs, self.largest)
        return self._steps[1]

    @property
    def _is_fitted(self) -> bool:
        return self.task == GIVEN or self.constants == "fitted"

    @property
    def _form(self) -> str:
        if self.task == GIVEN:
            return str(self.form)
        return "gadre" if self.task in GADRE else "ladder"

    def __repr__(self) -> str:
        if self.problem:
            return f"DownstreamLab(problem: {self.problem})"
        return f"DownstreamLab({getattr(self, f'_told_{self.topic}')(self.sheet().get)})"

    def _told_ladder(self, get: Any) -> str:
        at = f"N={format_quantity(self.N)} D={format_quantity(self.D)}"
        name = labels(self._given_runs is not None)[self.task]
        return f"{name} at {at}: loss={get('task_loss'):.4f}, score={get('accuracy'):.1%}"

    def _told_emergence(self, get: Any) -> str:
        return (
            f"{self.target_tokens:g} tokens at N={format_quantity(self.N)}: exact match "
            f"{get('exact'):.3g}, tokens right {get('edit_share'):.1%}; of {self.questions:g} "
            f"questions none right with probability {get('all_wrong'):.1%}"
        )

    def _told_capability(self, get: Any) -> str:
        return (
            f"{family_label(self.family)} at {format_quantity(self.C)} FLOP: capability "
            f"{get('family_S'):+.3f}, as {family_label(self.reference)} at "
            f"{format_quantity(get('family_worth'))} FLOP"
        )

    def _told_ushape(self, get: Any) -> str:
        return (
            f"fitted up to {format_quantity(self.cutoff)} FLOP; at {format_quantity(self.C)} "
            f"predicted {get('foretold'):.3f}, 95 % from {get('foretold_low'):.3f} to "
            f"{get('foretold_high'):.3f}; true {get('truth'):.3f}"
        )

    def _told_signal(self, get: Any) -> str:
        low, high = 100 * get("difference_low"), 100 * get("difference_high")
        told = "told apart" if low > 0 else "not told apart"
        return (
            f"difference {100 * get('difference'):.1f} points, 95 % from {low:.1f} to {high:.1f}: "
            f"{told}"
        )

    # --- what the kernel knows ----------------------------------------------------------------

    def page(self) -> Page:
        steps, runs = self.steps, self.task == GIVEN or self.dataset != "none"
        drawn = () if steps is None else tuple(steps.constants())
        tasks = labels(self._given_runs is not None)
        shown = Shown(tasks, runs, drawn, self._models is not None)
        return self._page_for((runs, drawn), lambda: downstream_page(shown))

    def facts_now(self) -> Mapping[str, Any]:
        facts, runs, steps = dict(self._still), self.runs, self.steps
        if runs is not None:
            facts |= run_facts(runs)
        facts |= {"fitted_task": -1.0, "fitted_form": 0.0}
        if steps is not None:
            tasks = [*labels(self._given_runs is not None)]
            facts["fitted_task"] = float(tasks.index(self.task))
            facts["fitted_form"] = float([*FORMS].index(steps.form))
            constants = steps.constants()
            facts |= constants | {f"centre_{cell}": value for cell, value in constants.items()}
        return facts

    async def facts_later(self) -> AsyncIterator[Mapping[str, Any]]:
        steps = self.steps if self._is_fitted and not self.problem else None
        if steps is None:
            return
        await asyncio.sleep(_PAUSE)
        # up to a second where the runs hardly determine the constants: the kernel goes on listening
        drawn = await asyncio.to_thread(steps.draws)
        yield {f"draws_{cell}": values for cell, values in drawn.items()}

    def status(self) -> tuple[str, str]:
        steps = self.steps
        if steps is None:
            return "ok", "published laws; all of it moves in the browser"
        text = f"fit of step 1 {steps.loss.status}, of step 2 {steps.score.status}"
        good = {"ok", "at_bound"}
        return ("ok" if {steps.loss.status, steps.score.status} <= good else "warning"), text
