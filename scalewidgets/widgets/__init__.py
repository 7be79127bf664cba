"""Live labs for notebooks."""

from .architecture.lab import ArchitectureLab
from .challenge.lab import Challenge
from .data.lab import DataLab
from .downstream.lab import DownstreamLab
from .explorer.lab import Explorer
from .export import options
from .fit.lab import FitLab
from .hyperparameter.lab import HyperparameterLab
from .lab import Lab
from .law.lab import LawLab
from .planner.lab import Planner
from .precision.lab import PrecisionLab
from .schedule.lab import ScheduleLab
from .test_time.lab import TestTimeLab

__all__ = [
    "ArchitectureLab",
    "Challenge",
    "DataLab",
    "DownstreamLab",
    "Explorer",
    "FitLab",
    "HyperparameterLab",
    "Lab",
    "LawLab",
    "Planner",
    "PrecisionLab",
    "ScheduleLab",
    "TestTimeLab",
    "options",
]
