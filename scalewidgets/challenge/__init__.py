"""A game: a hidden law, a budget for small runs, a hero run to be predicted."""

from .game import Game
from .levels import LEVELS, ChallengeError
from .score import Prediction, Result, Score

__all__ = ["LEVELS", "ChallengeError", "Game", "Prediction", "Result", "Score"]
