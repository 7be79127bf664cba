"""From runs to a law: fits that reach the optimum and prove it."""

from .certificate import Certificate
from .objective import Objective
from .parametric import fit
from .result import Fit
from .types import FitError
from .uncertainty import Bootstrap

__all__ = ["Bootstrap", "Certificate", "Fit", "FitError", "Objective", "fit"]
