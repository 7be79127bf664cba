"""What is known: equations, published constants and where each number stands."""

from .catalogue import law, laws, paper
from .grammar import ExpressionError, parse
from .law import ConstantSet, Law, LawError

__all__ = ["ConstantSet", "ExpressionError", "Law", "LawError", "law", "laws", "paper", "parse"]
