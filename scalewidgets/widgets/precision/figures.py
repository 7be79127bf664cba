"""The PrecisionLab's table of published figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np


class Measured(NamedTuple):
    """Parameters a model in few bits is worth, as fitted by its authors to their own runs."""

    bits: float
    share: float
    name: str


# QuEST: Panferov et al. 2025, arXiv:2502.05003, output printed in notebooks/plots.ipynb of their
# repository; Quartet: Castro et al. 2025, arXiv:2505.14669, likewise. Three digits of them.
MEASURED = (
    Measured(3.0, 0.433, "QuEST, weights and activations in INT3"),
    Measured(4.0, 0.692, "QuEST, weights and activations in INT4"),
    Measured(8.0, 1.016, "QuEST, weights and activations in INT8"),
    Measured(4.0, 0.630, "QuEST, weights and activations in FP4"),
    Measured(3.0, 0.653, "QuEST, weights in INT3"),
    Measured(4.0, 0.840, "QuEST, weights in INT4"),
    Measured(4.0, 0.645, "Quartet, forward pass in FP4"),
)


def figures() -> Mapping[str, Any]:
    """The published figures, as facts."""
    return {
        "measured_bits": np.array([one.bits for one in MEASURED]),
        "measured_shares": np.array([one.share for one in MEASURED]),
        "measured_names": [one.name for one in MEASURED],
    }
