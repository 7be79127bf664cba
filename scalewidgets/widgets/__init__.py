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
from .precision_lab import PrecisionLab

__all__ = [
    "Challenge",
    "DataLab",
    "Explorer",
    "FitLab",
    "HyperparameterLab",
    "Lab",
    "LawLab",
    "Planner",
    "PrecisionLab",
    "options",
]
