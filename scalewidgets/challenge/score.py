"""How good a prediction was: against the truth, and against what a designer made of the budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2

from ..lawbook.quantity import format_quantity
from .hidden import hidden
from .levels import level_of
from .rules import HERO, tokens

HALVING_LOSS = 0.02  # nats/token by which the loss may be wrong for half of its points
HALVING_N = 2.0  # factor by which N may be wrong for half of its points
_SHARE = 50.0  # points for each of the two


@dataclass(frozen=True)
class Prediction:
    """Loss (nats/token), parameters and tokens of the hero run."""

    loss: float
    N: float
    D: float


@dataclass(frozen=True)
class Result:
    """A prediction beside the truth.

    Attributes
    ----------
    loss_error : float
        Predicted minus true loss, nats/token.
    N_factor : float
        Predicted over true optimal N.
    regret : float
        Nats/token that the hero run would lose by being trained at the predicted N and D.
    points : float
        Of 100: 50 for the loss, halved for each 0.02 nats by which it is wrong, and 50 for N,
        halved for each factor of two.
    """

    prediction: Prediction
    loss_error: float
    N_factor: float
    regret: float

    @property
    def loss_points(self) -> float:
        return float(_SHARE * 0.5 ** (abs(self.loss_error) / HALVING_LOSS))

    @property
    def N_points(self) -> float:
        return float(_SHARE * 0.5 ** (abs(log2(self.N_factor)) / log2(HALVING_N)))

    @property
    def points(self) -> float:
        return self.loss_points + self.N_points


@dataclass(frozen=True)
class Score:
    """The end of a game: the truth, what was said of it, and what a designer would have said.

    Attributes
    ----------
    player, designer : Result
        The designer had the same budget, the same number of runs and the same noise, and knew the
        level's trap, but not the law; see ``designer``.
    truth : Prediction
        Loss, N and D of the compute-optimal hero run.
    constants : dict
        Of the hidden law E + A/N^alpha + B/D^beta.
    explanation : str
        What the level's trap was.
    """

    level: str
    seed: int
    player: Result
    designer: Result
    truth: Prediction
    constants: dict[str, float]
    explanation: str

    @property
    def points(self) -> float:
        """The player's points, of 100."""
        return self.player.points

    @property
    def prediction(self) -> Prediction:
        return self.player.prediction

    def summary(self) -> str:
        """A page of text: prediction, truth, designer, the hidden constants, the explanation."""
        law = ", ".join(f"{name} = {value:.5g}" for name, value in self.constants.items())
        lines = [str(self), "", *self._table(), "", f"Hidden law: {law}", "", self.explanation]
        return "\n".join(lines)

    def _table(self) -> list[str]:
        results = (self.player, self.designer)
        predictions = (self.player.prediction, self.designer.prediction, self.truth)
        rows: list[tuple[str, Sequence[str]]] = [
            ("", ("you", "designer", "truth")),
            ("loss", [f"{one.loss:.4f}" for one in predictions]),
            ("N", [format_quantity(one.N) for one in predictions]),
            ("D", [format_quantity(one.D) for one in predictions]),
            ("lost by N, nats", [f"{one.regret:.4f}" for one in results]),
            ("points for loss", [f"{one.loss_points:.1f}" for one in results]),
            ("points for N", [f"{one.N_points:.1f}" for one in results]),
            ("points", [f"{one.points:.1f}" for one in results]),
        ]
        return [f"{name:<16}" + "".join(f"{cell:>10}" for cell in cells) for name, cells in rows]

    def __str__(self) -> str:
        return (
            f"{self.level}, seed {self.seed}: {self.points:.1f} of 100 points "
            f"(a designer: {self.designer.points:.1f})"
        )

    def __repr__(self) -> str:
        return f"Score({self})"


def judge(name: str, seed: int, said: Prediction, reference: Prediction) -> Score:
    """The score of a prediction, and of a designer's."""
    law = hidden(name, seed).law
    n = float(law.N_opt(HERO))
    d = tokens(n, HERO)
    truth = Prediction(float(law.predict(N=n, D=d)), n, d)

    def beside(one: Prediction) -> Result:
        reached = float(law.predict(N=one.N, D=one.D))
        return Result(one, one.loss - truth.loss, one.N / n, reached - truth.loss)

    constants = dict(law.values)
    explanation = level_of(name).explanation
    return Score(name, seed, beside(said), beside(reference), truth, constants, explanation)
