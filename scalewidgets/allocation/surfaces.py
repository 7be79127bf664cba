"""The loss surface that a plan is made on: a law over N and D, with bits and repeated data."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ..lawbook import Law
from ..lawbook import expression as ex
from ..lawbook import law as published
from ..lawbook.frontier import chinchilla_form
from ..lawbook.precision import BASELINE, BITS, SERVED, with_precision
from .draws import AllocationError
from .optimum import tied_bits

TRAINING_BITS = (4.0, 16.0)  # below, Kumar et al.'s activation factor is not positive
UNIQUE = "U"
_FALLING = ("loss", "error")  # ends of the names of what a better model has less of
_REPEATED = "muennighoff2023"


class _Words(NamedTuple):
    """What a law's tree follows from, whatever its constants are: all fits of a law share it."""

    equation: str
    definitions: tuple[tuple[str, str], ...]
    defaults: tuple[tuple[str, str], ...]
    constants: tuple[str, ...]

    @classmethod
    def of(cls, law: Law) -> _Words:
        parts = (tuple(law.definitions.items()), tuple(law.defaults.items()), tuple(law.values))
        return cls(law.equation, *parts)

    def law(self) -> Law:
        return Law(
            self.equation,
            constants=self.constants,
            definitions=dict(self.definitions),
            defaults=dict(self.defaults),
        )


def plain_surface(law: Law) -> ex.Tree:
    """The law's loss over N and D at 16 bits, other variables at their defaults."""
    return _plain(_Words.of(law))


@lru_cache(maxsize=64)
def _plain(words: _Words) -> ex.Tree:
    return _at_defaults(words.law(), dict.fromkeys((*BITS, SERVED), BASELINE))


def real_surface(law: Law, *, repeated: bool, precision: bool, served_bits: float | str) -> ex.Tree:
    """The loss over N and D, over the bits P in training (``precision``), and over the unique
    tokens U (``repeated``), of the model as it is served: in so many bits, or in as many as the
    name ``served_bits`` will stand for."""
    served = served_bits if isinstance(served_bits, str) else float(served_bits)
    return _real(_Words.of(law), repeated, precision, served)


@lru_cache(maxsize=64)
def _real(words: _Words, repeated: bool, precision: bool, served_bits: float | str) -> ex.Tree:
    law = with_repetition(words.law()) if repeated else words.law()
    held = {UNIQUE: UNIQUE} if repeated else {}
    bits = {} if precision else dict.fromkeys(BITS, BASELINE)
    served = with_precision(law) if precision or served_bits != BASELINE else law
    return tied_bits(_at_defaults(served, {**held, **bits, SERVED: served_bits}))


def check_surface(law: Law) -> None:
    """Refuse what is no loss over N and D, or has no values."""
    asked = {name for name in ex.symbols(plain_surface(law)) if name not in law.values}
    if asked != {"N", "D"}:
        raise AllocationError(
            f"allocate: {law.id} is not a loss over N and D; its variables are "
            f"{', '.join(law.variables)}"
        )
    if not law.output.endswith(_FALLING):
        raise AllocationError(
            f"allocate: {law.id} gives {law.output} ({law.unit}), not a loss that a better model "
            "has less of"
        )
    unknown = [name for name, value in law.values.items() if np.isnan(value)]
    if unknown:
        raise AllocationError(
            f"allocate: {law.id} has no values for {', '.join(unknown)}; fit it to runs first"
        )


def check_repetition(law: Law) -> Sequence[str]:
    """The names of the constants of Chinchilla's form (none where the law knows repeated data);
    refuse a law of another form."""
    form = () if UNIQUE in law.variables else chinchilla_form(law.tree)
    if form is None:
        raise AllocationError(
            f"allocate: unique_tokens needs a law with the variable {UNIQUE}, such as "
            f"{_REPEATED}, or one of the form E + A/N**alpha + B/D**beta; {law.id} is neither"
        )
    return form


def with_repetition(law: Law) -> Law:
    """The law with the variable ``U``, unique tokens at hand.

    A law that has it already comes back as it is. A law of Chinchilla's form gets the effective
    parameters and tokens of Muennighoff et al. 2023 (2305.16264, Eqs. 16 to 20), the decay
    constants as published, all else from the law's own constants. That is this library's step, not
    a published fit.

    Raises
    ------
    AllocationError
        For a law of another form.
    """
    if UNIQUE in law.variables:
        return law
    form = check_repetition(law)
    source = published(_REPEATED)
    assert isinstance(source, Law)
    own = dict(zip(("E", "A", "alpha", "B", "beta"), form, strict=True))
    decay = {k: repr(v) for k, v in source.values.items() if k.endswith("_star")}
    names = {**own, **decay}
    parts = {k: _renamed(text, names) for k, text in source.definitions.items()}
    return replace(
        law,
        id=f"{law.id}+repetition",
        equation=_renamed(source.equation, names),
        definitions=parts,
        defaults={**law.defaults, **source.defaults},
        source=f"{law.source}; repeated data: arXiv:2305.16264",
    )


def _renamed(text: str, names: Mapping[str, str]) -> str:
    return re.sub(r"[A-Za-z_]\w*", lambda m: names.get(m[0], m[0]), text)


def _at_defaults(law: Law, given: Mapping[str, ex.Tree]) -> ex.Tree:
    texts = {k: t for k, t in law.defaults.items() if k not in (*BITS, *given)}
    return ex.substitute(law.tree, {**{k: ex.parse(t) for k, t in texts.items()}, **given})
