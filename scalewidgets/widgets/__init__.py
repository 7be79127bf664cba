"""Live labs for notebooks."""

from .challenge_lab import Challenge
from .explorer import Explorer
from .export import options
from .fit_lab import FitLab
from .lab import Lab
from .law_lab import LawLab
from .planner import Planner

__all__ = ["Challenge", "Explorer", "FitLab", "Lab", "LawLab", "Planner", "options"]
