"""From a law to a plan: how many parameters and tokens, on what, and what it costs."""

from .compute.architecture import Architecture
from .compute.cluster import Cluster
from .compute.hardware import Accelerator, HardwareError, accelerator, hardware
from .compute.hyperparameters import suggest_hyperparameters
from .cost import inference_flops, training_flops
from .optimise import Optimum, optimise
from .plan import AllocationError, FlatRegion, Plan, allocate
from .schedule import BestSchedule, optimise_schedule
from .strategies import allocate_grid, compare_strategies

__all__ = [
    "Accelerator",
    "AllocationError",
    "Architecture",
    "BestSchedule",
    "Cluster",
    "FlatRegion",
    "HardwareError",
    "Optimum",
    "Plan",
    "accelerator",
    "allocate",
    "allocate_grid",
    "compare_strategies",
    "hardware",
    "inference_flops",
    "optimise",
    "optimise_schedule",
    "suggest_hyperparameters",
    "training_flops",
]
