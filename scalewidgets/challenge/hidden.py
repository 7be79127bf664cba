"""The hidden law of a level and a seed, and what a run of it measures.

Only the raw bits of PCG64 are used: NumPy promises that stream for good (NEP 19), while what it
makes of it (normal numbers and the like) may change between versions. Nobody is kept from calling
this module: the secret is safe from being seen, not from being looked up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import TypeVar
from zlib import crc32

import numpy as np

from ..lawbook import Law
from ..lawbook.frontier import FLOPS_PER_PARAMETER_TOKEN
from .levels import Level, Span, level_of
from .rules import DEAREST

_Option = TypeVar("_Option")

NOISE = 0.003  # standard deviation of the log of the loss: what another seed changes in pretraining
_SALT = 0x5EED_0F_1A35
_LAW, _NOISE = 0, 1  # streams
_BITS = 52  # of a share: with the half that is added a double holds it exactly
_DIGITS = 4  # of a loss, as logs have it; platforms differ in far later ones
_PER_RUN = 3  # raw numbers: noise, whether it goes wrong, how wrong
_IRREDUCIBLE: Span = (1.5, 1.9)  # E, nats/token
_REDUCIBLE: Span = (0.4, 0.6)  # at the optimum of the dearest run: Chinchilla's is 0.48
_SPOILT: Span = (0.02, 0.08)  # added to the log of the loss


@dataclass(frozen=True, repr=False)
class Hidden:
    """A law, and what spoils its measurement."""

    law: Law
    warmup: float
    """Tokens over which the learning rate rises; 0 without."""
    spoilt: float
    noise: Sequence[int]

    def clean(self, D: float) -> float:
        """Tokens that count: the area under a learning rate that rises in a straight line."""
        if self.warmup > D:
            return D * D / (2 * self.warmup)
        return D - self.warmup / 2

    def measure(self, number: int, N: float, D: float) -> float:
        """Loss (nats/token) that run ``number`` (0, 1, ...) comes back with."""
        luck, goes_wrong, how_wrong = map(_share, _raw(self.noise, _PER_RUN * number, _PER_RUN))
        log_error = NOISE * NormalDist().inv_cdf(luck)
        if goes_wrong < self.spoilt:
            log_error += _between(_SPOILT, how_wrong)
        loss = float(self.law.predict(N=N, D=self.clean(D)))
        return round(loss * math.exp(log_error), _DIGITS)


@lru_cache(maxsize=256)
def hidden(name: str, seed: int) -> Hidden:
    """What is drawn for a level and a seed: the same on every platform, with every NumPy."""
    level = level_of(name)
    key = (_SALT, crc32(name.encode()), seed)
    draws = iter([_share(raw) for raw in _raw((*key, _LAW), 0, 8)])
    warmup = _log_between(level.warmup, next(draws)) if level.warmup else 0.0
    return Hidden(_law(level, lambda: next(draws)), warmup, level.spoilt, (*key, _NOISE))


def _law(level: Level, draw: Callable[[], float]) -> Law:
    """A law of Chinchilla's form, drawn by its optimum at the dearest run."""
    alpha_span, beta_span = _one_of(level.exponents, draw())
    alpha, beta = _between(alpha_span, draw()), _between(beta_span, draw())
    ratio = _log_between(_one_of(level.ratios, draw()), draw())
    irreducible, reducible = _between(_IRREDUCIBLE, draw()), _between(_REDUCIBLE, draw())
    n = math.sqrt(DEAREST / (FLOPS_PER_PARAMETER_TOKEN * ratio))
    # at the optimum alpha A/N^alpha = beta B/D^beta
    a = reducible * beta / (alpha + beta) * n**alpha
    b = reducible * alpha / (alpha + beta) * (ratio * n) ** beta
    constants = {"E": irreducible, "A": a, "alpha": alpha, "B": b, "beta": beta}
    return Law("E + A/N**alpha + B/D**beta", constants=constants)


def _raw(key: Sequence[int], start: int, count: int) -> list[int]:
    bits = np.random.PCG64(np.random.SeedSequence(list(key)))
    bits.advance(start)
    return [int(raw) for raw in bits.random_raw(count)]


def _share(raw: int) -> float:
    """In (0, 1), its ends left out."""
    return float(((raw >> (64 - _BITS)) + 0.5) / 2**_BITS)


def _between(span: Span, share: float) -> float:
    return span[0] + (span[1] - span[0]) * share


def _log_between(span: Span, share: float) -> float:
    return span[0] * math.pow(span[1] / span[0], share)


def _one_of(options: Sequence[_Option], share: float) -> _Option:
    return options[int(share * len(options))]
