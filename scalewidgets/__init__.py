"""scalewidgets: handle neural scaling laws in notebooks.

Names are looked up when they are first used, so that fitting needs no notebook, and importing costs
next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .allocation import (
        Accelerator,
        AllocationError,
        Architecture,
        BestSchedule,
        Cluster,
        FlatRegion,
        HardwareError,
        Optimum,
        Plan,
        accelerator,
        allocate,
        allocate_grid,
        compare_strategies,
        hardware,
        optimise,
        optimise_schedule,
        suggest_hyperparameters,
    )
    from .challenge import ChallengeError
    from .exercises import check
    from .fitting import (
        Bootstrap,
        CrossValidation,
        Envelope,
        Fit,
        FitError,
        IsoFlop,
        LikelihoodRatio,
        Multiverse,
        Note,
        Objective,
        PassRates,
        Profile,
        RollOut,
        ScheduleFit,
        Universe,
        Valley,
        advise,
        approach_1,
        approach_2,
        approach_3,
        compare_fits,
        cross_validate,
        fit,
        fit_pass_rates,
        fit_schedule_law,
        likelihood_ratio,
        multiverse,
        roll_out,
        suggest_runs,
    )
    from .lawbook import (
        ExpressionError,
        FeatureError,
        Law,
        LawError,
        Schedule,
        Theory,
        findings,
        law,
        laws,
    )
    from .runs import (
        DatasetError,
        RunsError,
        datasets,
        load_curves,
        load_runs,
        read_curves,
        read_final_losses,
        read_runs,
        simulate_isoflop_data,
    )
    from .widgets import (
        ArchitectureLab,
        Challenge,
        DataLab,
        DownstreamLab,
        Explorer,
        FitLab,
        HyperparameterLab,
        Lab,
        LawLab,
        Planner,
        PrecisionLab,
        ScheduleLab,
        TestTimeLab,
        options,
    )

__version__ = "0.1.0"

_ROOMS = {
    "lawbook": (
        *("ExpressionError", "FeatureError", "Law", "LawError", "Schedule", "Theory"),
        *("findings", "law", "laws"),
    ),
    "runs": (
        "DatasetError",
        "RunsError",
        "datasets",
        "load_curves",
        "load_runs",
        "read_curves",
        "read_final_losses",
        "read_runs",
        "simulate_isoflop_data",
    ),
    "fitting": (
        *("Bootstrap", "CrossValidation", "Envelope", "Fit", "FitError", "IsoFlop"),
        *("LikelihoodRatio", "Multiverse", "Note", "Objective", "Profile", "RollOut", "Universe"),
        "Valley",
        *("advise", "approach_1", "approach_2", "approach_3", "compare_fits", "cross_validate"),
        *("PassRates", "fit_pass_rates"),
        *("ScheduleFit", "fit_schedule_law"),
        *("fit", "likelihood_ratio", "multiverse", "roll_out", "suggest_runs"),
    ),
    "allocation": (
        *("Accelerator", "AllocationError", "Architecture", "BestSchedule", "Cluster"),
        *("FlatRegion", "HardwareError", "Optimum", "Plan", "accelerator", "allocate"),
        *("allocate_grid", "compare_strategies", "hardware", "optimise", "optimise_schedule"),
        "suggest_hyperparameters",
    ),
    "challenge": ("ChallengeError",),
    "exercises": ("check",),
    "widgets": (
        *("ArchitectureLab", "DownstreamLab"),
        *("Challenge", "DataLab", "Explorer", "FitLab", "HyperparameterLab", "Lab", "LawLab"),
        *("Planner", "PrecisionLab", "ScheduleLab", "TestTimeLab", "options"),
    ),
}
_HOME = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'scalewidgets' has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return __all__
