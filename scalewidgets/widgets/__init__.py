"""Live labs for notebooks."""

from .explorer import Explorer
from .fit_lab import FitLab
from .lab import Lab
from .law_lab import LawLab
from .planner import Planner

__all__ = ["Explorer", "FitLab", "Lab", "LawLab", "Planner"]
