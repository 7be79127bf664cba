"""Models that people have heard of, as marks on sliders.

N and D as their papers give them; C is 6ND except where the paper prints its own count.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class KnownModel(NamedTuple):
    name: str
    N: float
    D: float
    source: str


KNOWN_MODELS = (
    KnownModel("GPT-3", 175e9, 300e9, "Brown et al. 2020, Table D.1"),
    KnownModel("Gopher", 280e9, 300e9, "Rae et al. 2021, Table 1; Hoffmann et al. 2022, Table 1"),
    KnownModel("Chinchilla", 70e9, 1.4e12, "Hoffmann et al. 2022, Table 1"),
    KnownModel("Llama 3 8B", 8e9, 15e12, "Llama team 2024, Sec. 1 (about 15T tokens)"),
    KnownModel("Llama 3 405B", 405e9, 15.6e12, "Llama team 2024, Sec. 3.2"),
)


def marks(quantity: str) -> list[dict[str, Any]]:
    """Slider marks for ``"N"``, ``"D"`` or ``"C"`` (6ND)."""
    values = {
        "N": lambda m: m.N,
        "D": lambda m: m.D,
        "C": lambda m: 6.0 * m.N * m.D,
    }
    return [{"value": values[quantity](m), "label": m.name} for m in KNOWN_MODELS]
