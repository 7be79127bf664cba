"""What training and serving cost, in floating-point operations."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..lawbook.frontier import FLOPS_PER_PARAMETER_TOKEN

Array = npt.NDArray[np.float64]

INFERENCE_FLOPS = 2.0  # a parameter and token, forward pass only (Sardana et al. 2024, Sec. 2)
SERVED_PER_TRAINED = FLOPS_PER_PARAMETER_TOKEN / INFERENCE_FLOPS  # tokens of equal cost


def training_flops(N: npt.ArrayLike, D: npt.ArrayLike, bits: npt.ArrayLike = 16.0) -> Array:
    """6ND, counted in 16-bit operations: (6/16) N D P (Kumar et al. 2024, Sec. 4.3)."""
    flops = FLOPS_PER_PARAMETER_TOKEN * np.asarray(N, dtype=float) * np.asarray(D, dtype=float)
    return np.asarray(flops * (np.asarray(bits, dtype=float) / 16.0))


def inference_flops(N: npt.ArrayLike, tokens: npt.ArrayLike) -> Array:
    """2N a token, input and output tokens alike."""
    return np.asarray(
        INFERENCE_FLOPS * np.asarray(N, dtype=float) * np.asarray(tokens, dtype=float)
    )
