"""What is known: equations, published constants and where each number stands."""

from .catalogue import closed_form, law, laws, paper
from .features import FeatureError
from .findings import findings
from .grammar import ExpressionError, parse
from .law import ConstantSet, Law, LawError
from .schedules import Schedule
from .theory import Theory

__all__ = [
    "ConstantSet",
    "ExpressionError",
    "FeatureError",
    "Law",
    "LawError",
    "Schedule",
    "Theory",
    "closed_form",
    "findings",
    "law",
    "laws",
    "paper",
    "parse",
]
