"""Live labs for notebooks."""

from .explorer import Explorer
from .lab import Lab

__all__ = ["Explorer", "Lab"]
