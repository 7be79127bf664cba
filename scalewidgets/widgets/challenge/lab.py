"""Challenge: a game with a hidden law, in the lab or in Python, whichever hand one likes."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np
import polars as pl
import traitlets

from ...challenge import ChallengeError, Game, Score
from ...challenge.rules import HERO, tokens
from ...fitting import Fit, FitError, Objective, fit
from ...fitting.objective import KINDS
from ..lab import Lab
from ..study import names_of, weights_without
from ..traits import Quantity
from ..vocabulary import Page
from .page import ASKS, CONSTANTS, challenge_page

_LAW = "hoffmann2022"
_COSTS = 10.0 ** np.arange(17.0, 25.0)  # FLOPs, of the lines of equal price
_RESULTS = ("truth_loss", "truth_N", "designer_loss", "designer_N", "designer_points", "you_points")


class Challenge(Lab):
    """A hidden law, a budget for small runs, and a hero run a thousand times larger to predict.

    Parameters
    ----------
    level : str
        ``"hero-run"``, ``"off-centre"``, ``"tilted"``, ``"warm-up"`` or ``"spikes"``.
    seed : int
        The same level and seed have the same law and the same noise on every machine.
    **inputs
        Any input of the lab, such as ``N="50M"``, ``objective="least_squares"``.

    Notes
    -----
    Runs are placed and paid for in the lab, or by :meth:`run`; both are one game. The button "Copy
    the game as Python" gives the cell that plays it again, by which a teacher can grade it.

    The hidden constants are in no input, fact or text of the lab before the prediction has been
    submitted, so a saved notebook does not tell them; afterwards it does. They are safe from being
    seen, not from being looked up: who reads this package's code can compute them from the seed.

    Examples
    --------
    >>> game = Challenge("hero-run", seed=7)
    >>> loss = game.run(N="50M", D="1B")
    >>> game.runs_left
    29
    """

    asks = ASKS

    N = Quantity(1e8).tag(sync=True)
    D = Quantity(2e9).tag(sync=True)
    C = Quantity(6 * 1e8 * 2e9).tag(sync=True)
    hold = traitlets.Enum(["C", "N", "D"], "C").tag(sync=True)
    objective = traitlets.Enum(list(KINDS), "huber").tag(sync=True)
    excluded = traitlets.List(traitlets.Int(min=0)).tag(sync=True)
    said = traitlets.Dict(value_trait=traitlets.Float()).tag(sync=True)
    held = traitlets.Dict(value_trait=traitlets.Bool()).tag(sync=True)
    buy = traitlets.Bool(False).tag(sync=True)
    submitted = traitlets.Bool(False).tag(sync=True)

    def __init__(self, level: str = "hero-run", seed: int = 0, **inputs: Any) -> None:
        self._game = Game(level, seed)
        self._refused = ""
        self._refusals = 0
        self._fit: Fit | None = None
        self._fit_key: Hashable = None
        super().__init__(**inputs)

    # --- inputs that hang together ------------------------------------------------------------

    @traitlets.validate("N", "D", "C")
    def _followed(self, proposal: Any) -> float:
        """Refuses what C = 6ND does not follow within floating-point range."""
        name, value = proposal["trait"].name, float(proposal["value"])
        now = {"N": self.N, "D": self.D, name: value}
        product = value if name == "C" else 6.0 * now["N"] * now["D"]
        if not 1e-100 < product < 1e100:
            raise traitlets.TraitError(f"{name} = {value:g} is beyond all runs")
        return value

    @traitlets.observe("N", "D", "C")
    def _keep_product(self, change: Any) -> None:
        """C = 6ND. Does nothing where it already holds, as after a drag in the browser."""
        stretch = self.C / (6.0 * self.N * self.D)
        if abs(stretch - 1.0) < 1e-9:
            return
        if change.name == "C":
            self.set(N=self.N * stretch**0.5, D=self.D * stretch**0.5)
        else:
            self.C = 6.0 * self.N * self.D

    @traitlets.observe("buy")
    def _bought(self, change: Any) -> None:
        """The button that buys turns a switch on; it is off again when the run has been made."""
        if change.new:
            self._try(lambda: self._game.run(self.N, self.D))
            self.buy = False

    @traitlets.observe("submitted")
    def _handed_in(self, change: Any) -> None:
        if change.new and self.score is None:
            self._try(lambda: self._game.submit(*self._prediction()))
            self.submitted = self.score is not None

    def _try(self, move: Callable[[], object]) -> None:
        try:
            move()
        except ValueError as error:
            self._refused = str(error)
            self._refusals += 1

    def _prediction(self) -> tuple[float, float]:
        """Loss and N of the hero run: the hand's where it holds them, else the fit's."""
        follow = self._hero_by_fit()
        loss, n = (
            self.said[name] if self.held.get(name) and name in self.said else follow.get(name)
            for name in ("loss", "N")
        )
        if loss is None or n is None:
            raise ChallengeError("submit: there is no fit yet; set the loss and N by hand")
        return loss, n

    # --- the game in Python -------------------------------------------------------------------

    @property
    def level(self) -> str:
        return self._game.level

    @property
    def seed(self) -> int:
        return self._game.seed

    @property
    def hero(self) -> float:
        """Training FLOPs (6ND) of the run to be predicted."""
        return self._game.hero

    @property
    def budget(self) -> float:
        """Training FLOPs for all small runs together."""
        return self._game.budget

    @property
    def left(self) -> float:
        """Training FLOPs that have not been spent."""
        return self._game.left

    @property
    def runs_left(self) -> int:
        """How many runs may still be made."""
        return self._game.runs_left

    @property
    def runs(self) -> pl.DataFrame:
        """What has been run: ``N``, ``D``, ``C`` (FLOPs) and ``loss`` (nats/token)."""
        return self._game.runs

    @property
    def score(self) -> Score | None:
        """The score; None before a prediction has been submitted."""
        return self._game.score

    @property
    def code(self) -> str:
        """Python that plays this game again."""
        return self._game.code

    def run(self, N: str | float, D: str | float) -> float:
        """Train N parameters on D tokens; see :meth:`scalewidgets.challenge.Game.run`."""
        loss = self._game.run(N, D)
        self._on_question(None)
        return loss

    def submit(self, loss: float, N: str | float, D: str | float | None = None) -> Score:
        """Predict the hero run; see :meth:`scalewidgets.challenge.Game.submit`."""
        score = self._game.submit(loss, N, D)
        said = {"loss": score.prediction.loss, "N": score.prediction.N}
        self.set(said=said, held=dict.fromkeys(said, True), submitted=True)
        return score

    @property
    def fit(self) -> Fit:
        """Your fit: E + A/N^alpha + B/D^beta to the runs that have not been left out.

        Raises
        ------
        FitError
            While the runs determine none.
        """
        if self._fit is None or self._fit_key != self.key():
            weights = weights_without(self.excluded, len(self.runs))
            used = np.count_nonzero(weights)
            if used <= len(CONSTANTS):
                raise FitError(
                    f"{len(CONSTANTS)} constants need {len(CONSTANTS) + 1} runs; here are {used}."
                )
            objective = Objective(self.objective)  # type: ignore[arg-type]  # an Enum trait
            self._fit = fit(_LAW, self.runs, objective=objective, weights=weights)
            self._fit_key = self.key()
        return self._fit

    def __repr__(self) -> str:
        if self.problem:
            return f"Challenge(problem: {self.problem})"
        return f"Challenge({self._game.told()})"

    # --- what the kernel knows ----------------------------------------------------------------

    def key(self) -> Hashable:
        return super().key(), len(self.runs), self._refusals, self.score is None

    def page(self) -> Page:
        game = self._game
        return self._page_for((), lambda: challenge_page(game.title, game.brief))

    def facts_now(self) -> Mapping[str, Any]:
        if self._refused:
            told, self._refused = self._refused, ""
            raise ChallengeError(told)
        runs = self.runs
        return {
            **{f"runs_{name}": runs[name].to_numpy() for name in runs.columns},
            **self._fit_facts(),
            **_result_facts(self.score),
            "runs_name": names_of(runs),
            "left": self.left,
            "runs_left": self.runs_left,
            "hero": self.hero,
            "is_over": float(self.score is not None),
            "costs": _COSTS,
            "code": [self.code],
        }

    def _fit_facts(self) -> dict[str, float]:
        names = [f"fit_{name}" for name in (*CONSTANTS, "hero_loss", "hero_N")]
        try:
            found = self.fit.params
        except FitError:
            return {**dict.fromkeys(names, float("nan")), "is_fitted": 0.0}
        hero = {f"hero_{name}": value for name, value in self._hero_by_fit().items()}
        return {**{f"fit_{n}": v for n, v in (found | hero).items()}, "is_fitted": 1.0}

    def _hero_by_fit(self) -> dict[str, float]:
        """Loss and N of the compute-optimal hero run by the fit; empty while there is none."""
        try:
            n = float(self.fit.N_opt(HERO))
        except FitError:
            return {}
        return {"loss": float(self.fit.predict(N=n, D=tokens(n, HERO))), "N": n}

    def status(self) -> tuple[str, str]:
        if self.score is not None:
            return "ok", f"{self.score}. {self.score.explanation}"
        try:
            found = self.fit
        except FitError as error:
            return "note", f"No fit yet: {error}"
        left_out = f", {len(self.excluded)} left out" if self.excluded else ""
        text = f"{found.used} runs{left_out}; {found.objective}; fit {found.status}."
        notes = found.certificate.notes()
        return ("warning" if notes else "ok"), " ".join([text, *notes])


def _result_facts(score: Score | None) -> dict[str, float]:
    """Nothing of the truth before the end."""
    if score is None:
        return dict.fromkeys(_RESULTS, float("nan"))
    designer = score.designer.prediction
    found = (score.truth.loss, score.truth.N, designer.loss, designer.N)
    return dict(zip(_RESULTS, (*found, score.designer.points, score.points), strict=True))
