"""Bits on any loss surface, as Kumar et al. state them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from . import expression as ex
from .catalogue import closed_form as published
from .law import Law

BITS = ("P_w", "P_a", "P_kv")
SERVED = "P_post"
BASELINE = 16.0


def _rename(text: str, names: Mapping[str, str]) -> str:
    """The text of a formula with whole names replaced."""
    return re.sub(r"[A-Za-z_]\w*", lambda m: names.get(m[0], m[0]), text)


@cache
def bit_factors() -> tuple[str, str]:
    """Two formulas: the effective share of the parameters at the training bits (1 at 16 bits), and
    the loss that serving the weights in ``P_post`` bits adds (in N, D and ``P_post``)."""
    source = published("kumar2024_precision")
    numbers = {name: repr(value) for name, value in source.values.items()}
    share = _rename(source.definitions["N_eff"], {**numbers, "N": "1"})
    full = ex.Program([ex.parse(share)])(dict.fromkeys(BITS, BASELINE))[0]
    return f"({share})/{float(full)!r}", _rename(source.definitions["d_ptq"], numbers)


def with_precision(law: Law) -> Law:
    """The law with variables ``P_w``, ``P_a``, ``P_kv`` (bits of weights, activations and KV cache
    in training) and ``P_post`` (bits of the weights served), all 16 unless given.

    A law that has them already comes back as it is. Otherwise N is replaced by the effective
    parameters of Kumar et al. 2024 (2411.04330, Eq. 3 with the offsets of Table 2), relative to 16
    bits, and their loss from post-training quantisation is added. Joining their factors to another
    surface is this library's step, not a published fit: they were measured on models up to 1.7e9
    parameters.
    """
    if "P_w" in law.variables:
        return law
    share, penalty = bit_factors()
    seen = {"N": "N_bits"}
    return replace(
        law,
        id=f"{law.id}+precision",
        equation=f"{_rename(law.equation, seen)} + d_ptq",
        definitions={
            **{name: _rename(text, seen) for name, text in law.definitions.items()},
            "N_bits": f"N*{share}",
            "d_ptq": penalty,
        },
        defaults={**law.defaults, **dict.fromkeys((*BITS, SERVED), "16")},
        source=f"{law.source}; bits: arXiv:2411.04330",
    )
