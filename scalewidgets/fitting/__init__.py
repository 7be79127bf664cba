"""From runs to a law: fits, approaches 1 and 2, intervals, advice, comparison, what to run next."""

from .advice import advise
from .advice.note import Note
from .approaches import Envelope, IsoFlop, approach_1, approach_2, approach_3
from .certificate import Certificate
from .compare import LikelihoodRatio, compare_fits, likelihood_ratio
from .design import suggest_runs
from .objective import Objective
from .parametric import fit
from .profile import Profile
from .result import Fit
from .rollout import RollOut, roll_out
from .types import FitError
from .uncertainty import Bootstrap

__all__ = [
    "Bootstrap",
    "Certificate",
    "Envelope",
    "Fit",
    "FitError",
    "IsoFlop",
    "LikelihoodRatio",
    "Note",
    "Objective",
    "Profile",
    "RollOut",
    "advise",
    "approach_1",
    "approach_2",
    "approach_3",
    "compare_fits",
    "fit",
    "likelihood_ratio",
    "roll_out",
    "suggest_runs",
]
