"""Unit mistakes: 1.4 for 1.4T tokens, PFLOP-days for FLOPs, a perplexity for a loss."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .quantity import QuantityError, parse_quantity


@dataclass(frozen=True)
class _Plausible:
    """What a quantity can be, and in which units people forget to say what they mean.

    Parameters
    ----------
    meaning : str
        The quantity with its unit.
    span : tuple of float
        Outside, the number is a mistake.
    units : tuple of str
        Units that may have been meant, the likeliest first.
    usual : tuple of float
        Within, a number in such a unit is worth a hint.
    too_little, too_much : str
        What else to say of a number below or above the span.
    """

    meaning: str
    span: tuple[float, float]
    units: tuple[str, ...] = ()
    usual: tuple[float, float] = (0.0, 0.0)
    too_little: str = ""
    too_much: str = ""


_FLOPS_NOT = "It looks like FLOPs, which are C."
_TOKENS = _Plausible(
    "training tokens", (1e4, 1e19), ("T", "B", "M"), (1e8, 1e14), too_much=_FLOPS_NOT
)
_FLOPS = _Plausible(
    "training FLOPs",
    (1e12, 1e35),
    ("PFLOP-days", "ZFLOP", "EFLOP", "PFLOP", "TFLOP"),
    (1e17, 1e27),
    too_little="Without a unit FLOPs are written out, as in 5.88e23.",
)
_PLAUSIBLE = {
    "N": _Plausible("parameters", (1e3, 1e17), ("B", "M"), (1e6, 1e13), too_much=_FLOPS_NOT),
    "D": _TOKENS,
    "unique_tokens": replace(_TOKENS, meaning="tokens of text"),
    "inference_tokens": replace(_TOKENS, meaning="served tokens", usual=(1e8, 1e16)),
    "C": _FLOPS,
    "total_flops": replace(_FLOPS, meaning="FLOPs of training and serving"),
    "loss": _Plausible(
        "nats/token", (0.0, 50.0), too_much="Of a perplexity take the natural logarithm."
    ),
    "tokens_per_parameter": _Plausible(
        "tokens per parameter", (1e-3, 1e6), too_much="It looks like tokens, which are D."
    ),
    "memory": _Plausible("bytes", (1e6, 1e18), ("GB", "TB"), (1e8, 1e15)),
}
_HINTS = 2


def check_magnitude(name: str, value: float) -> float:
    """The value, if it can be what its name says.

    Parameters
    ----------
    name : str
        ``"N"``, ``"D"``, ``"C"``, ``"total_flops"``, ``"loss"``, ``"inference_tokens"``,
        ``"unique_tokens"``, ``"tokens_per_parameter"`` or ``"memory"`` (bytes).
    value : float
        In its plain unit: parameters, tokens, FLOPs, nats/token, bytes.

    Returns
    -------
    float
        The same value.

    Raises
    ------
    QuantityError
        When it is too small or too large to be meant, with what may have been meant.
    KeyError
        For a name that is not listed above.

    Examples
    --------
    >>> check_magnitude("D", 1.4)  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    QuantityError: D = 1.4 is too little for training tokens. Did you mean "1.4T" or "1.4B"?
    """
    about = _PLAUSIBLE[name]
    low, high = about.span
    if low <= value <= high:
        return value
    if value > high:
        problem, advice = "much", [about.too_much]
    else:
        hints = " or ".join(f'"{text}"' for text in _meant(value, about)[:_HINTS])
        problem, advice = "little", [f"Did you mean {hints}?" if hints else "", about.too_little]
    said = [f"{name} = {value:g} is too {problem} for {about.meaning}.", *filter(None, advice)]
    raise QuantityError(" ".join(said))


def _meant(value: float, about: _Plausible) -> list[str]:
    """Texts of the same digits, with a unit, that are usual."""
    if value <= 0:
        return []
    low, high = about.usual
    texts = [f"{value:g}{unit}" if len(unit) == 1 else f"{value:g} {unit}" for unit in about.units]
    worth = "bytes" if about.meaning == "bytes" else None
    return [text for text in texts if low <= parse_quantity(text, worth) <= high]
