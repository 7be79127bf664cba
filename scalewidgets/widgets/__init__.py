"""Live labs for notebooks."""

from .challenge_lab import Challenge
from .data_lab import DataLab
from .explorer import Explorer
from .export import options
from .fit_lab import FitLab
from .hyperparameter_lab import HyperparameterLab
from .lab import Lab
from .law_lab import LawLab
from .planner import Planner

__all__ = [
    "Challenge",
    "DataLab",
    "Explorer",
    "FitLab",
    "HyperparameterLab",
    "Lab",
    "LawLab",
    "Planner",
    "options",
]
