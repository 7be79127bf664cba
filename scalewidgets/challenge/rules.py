"""The rules: what may be run and predicted, at what price."""

from __future__ import annotations

from ..lawbook.frontier import FLOPS_PER_PARAMETER_TOKEN
from ..lawbook.quantity import format_quantity
from .levels import ChallengeError

HERO = 1e24  # training FLOPs of the run to be predicted
DEAREST = HERO / 1000  # FLOPs that a small run may cost
BUDGET = 3 * DEAREST  # FLOPs for all small runs together
RUNS = 30  # how many may be made
SMALLEST_N, SMALLEST_D = 1e6, 1e7  # parameters and tokens of a run
SHAPES = (0.1, 1e4)  # tokens per parameter
_ROUNDING = 1e-9  # relative
_SLACK = 0.01  # by which 6ND of a prediction may miss the hero run's FLOPs


def price(N: float, D: float) -> float:
    """Training FLOPs of N parameters on D tokens."""
    return FLOPS_PER_PARAMETER_TOKEN * N * D


def tokens(N: float, C: float) -> float:
    """Tokens on which N parameters can be trained with C FLOPs."""
    return C / (FLOPS_PER_PARAMETER_TOKEN * N)


def check_shape(N: float, D: float) -> None:
    """Refuses a run of a size or a shape that is not offered."""
    for name, value, least in (("N", N, SMALLEST_N), ("D", D, SMALLEST_D)):
        if value < least:
            raise ChallengeError(
                f"run: {name} = {format_quantity(value)} is too small; it must be "
                f"{format_quantity(least)} at least"
            )
    low, high = SHAPES
    if not low * (1 - _ROUNDING) <= D / N <= high * (1 + _ROUNDING):
        raise ChallengeError(
            f"run: {D / N:.3g} tokens per parameter; a run may have {low:g} to {high:,.0f}"
        )


def check_price(cost: float, left: float, runs_left: int) -> None:
    """Refuses a run that cannot be paid."""
    if runs_left == 0:
        raise ChallengeError(f"run: all {RUNS} runs have been made; submit a prediction")
    told = f"run: 6ND = {format_quantity(cost)} FLOP"
    if cost > DEAREST * (1 + _ROUNDING):
        raise ChallengeError(
            f"{told}; a run may cost {format_quantity(DEAREST)}, a thousandth of the hero run. "
            "Take fewer parameters or tokens"
        )
    if cost > left + BUDGET * _ROUNDING:
        raise ChallengeError(
            f"{told}, and {format_quantity(left)} are left of {format_quantity(BUDGET)}. Take a "
            "cheaper run, or submit a prediction"
        )


def check_hero(loss: float, N: float, D: float) -> None:
    """Refuses a prediction that no hero run can fulfil."""
    for name, value in (("loss", loss), ("N", N), ("D", D)):
        if not 0 < value < float("inf"):
            raise ChallengeError(f"submit: {name} must be above zero and finite, not {value!r}")
    cost = price(N, D)
    if abs(cost / HERO - 1) > _SLACK:
        raise ChallengeError(
            f"submit: 6ND = {format_quantity(cost)} FLOP, while the hero run has "
            f"{format_quantity(HERO)}: with N = {format_quantity(N)} that is D = "
            f"{format_quantity(tokens(N, HERO))}. Leave D out, or correct it"
        )
