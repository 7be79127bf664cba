"""The ArchitectureLab's tables of published figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np


class Claim(NamedTuple):
    """Training compute of the best dense model over that of the best mixture of the same loss."""

    C: float
    times: float
    name: str


# Krajewski et al. 2024, abstract.
CLAIMS = (
    Claim(1e20, 20.0, "Krajewski et al., abstract: 20 times"),
    Claim(1e25, 40.0, "Krajewski et al., abstract: more than 40 times"),
)


class Vocabulary(NamedTuple):
    name: str
    N: float
    V: float


# Nominal sizes. Touvron et al. 2023 (arXiv:2307.09288), Sec. 2.2; Llama team 2024, Table 3.
VOCABULARIES = (
    Vocabulary("Llama 2 7B", 7e9, 32_000.0),
    Vocabulary("Llama 2 13B", 13e9, 32_000.0),
    Vocabulary("Llama 2 70B", 70e9, 32_000.0),
    Vocabulary("Llama 3 8B", 8e9, 128_000.0),
    Vocabulary("Llama 3 70B", 70e9, 128_000.0),
    Vocabulary("Llama 3 405B", 405e9, 128_000.0),
)

# Width and layers of the models of McLeish et al. 2025 (arXiv:2502.06857), their run table.
SHAPES = (
    *((256, 23), (256, 27), (256, 71), (256, 80), (384, 13), (384, 36), (512, 11), (512, 12)),
    *((512, 13), (512, 14), (512, 16), (768, 3), (768, 45), (1024, 28), (1280, 15), (1280, 36)),
    *((1536, 50), (1792, 7), (1792, 18), (2048, 27), (2560, 8), (3072, 12)),
)
LEVELS = np.arange(2.0, 4.05, 0.1)  # of loss, nats/token


def figures() -> Mapping[str, Any]:
    """The published figures, as facts."""
    width, layers = np.array(SHAPES, dtype=float).T
    return {
        "claimed_C": np.array([one.C for one in CLAIMS]),
        "claimed_times": np.array([one.times for one in CLAIMS]),
        "claimed_by": [one.name for one in CLAIMS],
        "models_N": np.array([one.N for one in VOCABULARIES]),
        "models_V": np.array([one.V for one in VOCABULARIES]),
        "models_name": [one.name for one in VOCABULARIES],
        "shapes_w": width,
        "shapes_l": layers,
        "shapes_name": [f"width {w}, {depth} layers" for w, depth in SHAPES],
        "levels": LEVELS,
    }
