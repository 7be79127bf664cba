"""Game: buy small runs of a hidden law, then say what the hero run will reach."""

from __future__ import annotations

import polars as pl

from ..lawbook.quantity import format_quantity, parse_quantity
from .designer import designed
from .hidden import hidden
from .levels import ChallengeError, level_of
from .rules import BUDGET, DEAREST, HERO, RUNS, check_hero, check_price, check_shape, price, tokens
from .score import Prediction, Score, judge


class Game:
    """A hidden law, a budget for small runs, and a hero run a thousand times the dearest of them.

    Parameters
    ----------
    level : str
        One of ``LEVELS``: ``"hero-run"``, ``"off-centre"``, ``"tilted"``, ``"warm-up"``,
        ``"spikes"``.
    seed : int
        The same level and seed have the same law and the same noise everywhere.

    Attributes
    ----------
    title, brief : str
        What the level tells beforehand.
    hero, dearest, budget : float
        Training FLOPs (6ND) of the run to be predicted, of the dearest run that may be made, and
        for all runs together.

    Raises
    ------
    ChallengeError
        For an unknown level, or a seed that is no whole number from 0.

    Examples
    --------
    >>> game = Game("hero-run", seed=7)
    >>> loss = game.run(N="50M", D="1B")
    >>> game.left < game.budget, game.runs_left
    (True, 29)
    """

    hero, dearest, budget = HERO, DEAREST, BUDGET

    def __init__(self, level: str = "hero-run", seed: int = 0) -> None:
        told = level_of(level)
        if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
            raise ChallengeError(f"seed: it must be a whole number from 0, not {seed!r}")
        self.level, self.seed = level, seed
        self.title, self.brief = told.title, told.brief
        self._rows: list[tuple[float, float, float, float]] = []
        self._score: Score | None = None

    @property
    def runs(self) -> pl.DataFrame:
        """What has been run: ``N``, ``D``, ``C`` (FLOPs) and ``loss`` (nats/token)."""
        schema = dict.fromkeys(("N", "D", "C", "loss"), pl.Float64)
        return pl.DataFrame(self._rows, schema=schema, orient="row")

    @property
    def left(self) -> float:
        """Training FLOPs that have not been spent."""
        return max(0.0, self.budget - sum(cost for _, _, cost, _ in self._rows))

    @property
    def runs_left(self) -> int:
        """How many runs may still be made."""
        return RUNS - len(self._rows)

    @property
    def score(self) -> Score | None:
        """The score; None before a prediction has been submitted."""
        return self._score

    def run(self, N: str | float, D: str | float) -> float:
        """Train N parameters on D tokens; returns the loss (nats/token), noise and all.

        Raises
        ------
        ChallengeError
            A run that is too small, too large or too dear, or after the end: nothing is paid.
        QuantityError
            What is no quantity.
        """
        self._check_open("run")
        n, d = parse_quantity(N, "params"), parse_quantity(D, "tokens")
        check_shape(n, d)
        check_price(price(n, d), self.left, self.runs_left)
        loss = hidden(self.level, self.seed).measure(len(self._rows), n, d)
        self._rows.append((n, d, price(n, d), loss))
        return loss

    def submit(self, loss: float, N: str | float, D: str | float | None = None) -> Score:
        """End the game: the lowest loss that the hero run's FLOPs can buy, and the N and D for it.

        Parameters
        ----------
        loss : float
            In nats per token.
        N, D : quantities
            Parameters and tokens of the compute-optimal hero run; D may be left out, as
            6ND = ``hero``.

        Raises
        ------
        ChallengeError
            A prediction that cannot be, or a second one: the game stays as it was.
        QuantityError
            N or D that is no quantity.
        """
        self._check_open("submit")
        n = parse_quantity(N, "params")
        if D is None:
            d = tokens(n, self.hero) if n > 0 else float("nan")  # N is refused below
        else:
            d = parse_quantity(D, "tokens")
        check_hero(loss, n, d)
        reference = designed(self.level, self.seed)
        self._score = judge(self.level, self.seed, Prediction(float(loss), n, d), reference)
        return self._score

    def _check_open(self, what: str) -> None:
        if self._score is not None:
            raise ChallengeError(f"{what}: this game is over; begin another one, with another seed")

    @property
    def code(self) -> str:
        """Python that plays this game again, for a teacher to run."""
        lines = ["import scalewidgets as sw", ""]
        lines.append(f"game = sw.Challenge({self.level!r}, seed={self.seed})")
        lines += [f"game.run(N={n!r}, D={d!r})" for n, d, _, _ in self._rows]
        if self._score is not None:
            said = self._score.prediction
            lines.append(f"print(game.submit(loss={said.loss!r}, N={said.N!r}, D={said.D!r}))")
        return "\n".join(lines) + "\n"

    def told(self) -> str:
        """How the game stands, in a line."""
        if self._score is not None:
            return str(self._score)
        return (
            f"{self.level}, seed {self.seed}: {len(self._rows)} of {RUNS} runs, "
            f"{format_quantity(self.left)} of {format_quantity(self.budget)} FLOP left"
        )

    def __repr__(self) -> str:
        return f"Game({self.told()})"
