"""From a law to a plan: how many parameters and tokens, and what it costs."""

from .cost import inference_flops, training_flops
from .plan import AllocationError, Plan, allocate

__all__ = ["AllocationError", "Plan", "allocate", "inference_flops", "training_flops"]
