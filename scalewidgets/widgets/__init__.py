"""Live labs for notebooks."""

from .explorer import Explorer
from .lab import Lab
from .law_lab import LawLab

__all__ = ["Explorer", "Lab", "LawLab"]
