"""From runs to a law: fits, approaches 1 and 2, intervals, advice, comparison, what to run next."""

from .advice import advise
from .advice.note import Note
from .approaches import Envelope, IsoFlop, approach_1, approach_2, approach_3
from .certificate import Certificate
from .compare import LikelihoodRatio, compare_fits, likelihood_ratio
from .cross_validation import CrossValidation, cross_validate
from .design import suggest_runs
from .multiverse import Multiverse, multiverse
from .objective import Objective
from .parametric import fit
from .pass_rates import PassRates, fit_pass_rates
from .profile import Profile
from .result import Fit
from .rollout import RollOut, roll_out
from .schedule_law import ScheduleFit, fit_schedule_law
from .types import FitError
from .uncertainty import Bootstrap
from .universe import Universe
from .valley import Valley

__all__ = [
    "Bootstrap",
    "Certificate",
    "CrossValidation",
    "Envelope",
    "Fit",
    "FitError",
    "IsoFlop",
    "LikelihoodRatio",
    "Multiverse",
    "Note",
    "Objective",
    "PassRates",
    "Profile",
    "RollOut",
    "ScheduleFit",
    "Universe",
    "Valley",
    "advise",
    "approach_1",
    "approach_2",
    "approach_3",
    "compare_fits",
    "cross_validate",
    "fit",
    "fit_pass_rates",
    "fit_schedule_law",
    "likelihood_ratio",
    "multiverse",
    "roll_out",
    "suggest_runs",
]
