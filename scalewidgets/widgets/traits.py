"""Traits of labs that are more than numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import traitlets

from ..lawbook.door import is_number, shown
from ..lawbook.grammar import MAX_LENGTH
from ..lawbook.quantity import parse_quantity


class Quantity(traitlets.Float[float, Any]):
    """A positive number that also takes text: ``"70B"``, ``"1.4T"``, ``"1e24 FLOP"``."""

    def __init__(self, *args: Any, zero: bool = False, **kwargs: Any) -> None:
        self.zero = zero
        super().__init__(*args, **kwargs)

    def validate(self, obj: Any, value: Any) -> float:
        try:
            number = parse_quantity(value)
        except (TypeError, ValueError) as error:
            raise traitlets.TraitError(f"{self.name}: {error}") from None
        if not (0 <= number < float("inf")) or (number == 0 and not self.zero):
            raise traitlets.TraitError(f"{self.name} must be positive and finite, not {value!r}")
        return number


class Values(traitlets.Dict):
    """Numbers by name, each always there: those left out of what is set keep what they have.

    Parameters
    ----------
    start : mapping of str to float
        The names that there are, and what they begin with.
    each : TraitType, optional
        What a number must be.
    what : str
        What a name stands for, to be said when there is no such one.
    """

    def __init__(
        self,
        start: Mapping[str, float],
        each: traitlets.TraitType[Any, Any] | None = None,
        what: str = "",
    ) -> None:
        self.start, self.what = dict(start), what
        super().__init__(value_trait=each or traitlets.Float(), default_value=self.start)

    def validate(self, obj: Any, value: Any) -> dict[str, float]:
        given = super().validate(obj, value) or {}
        for name in given:
            if name not in self.start:
                told = f"{self.what} {name!r}".strip()
                raise traitlets.TraitError(
                    f"{self.name}: there is no {told}; there are {', '.join(self.start)}"
                )
        assert self.name is not None
        before = getattr(obj, self.name) if obj.trait_has_value(self.name) else {}
        return {**self.start, **before, **given}


class Handles(traitlets.HasTraits):
    """A lab of which some inputs follow something until they are held: by a hand, or because they
    are set in Python. It stands before ``Lab`` among the bases."""

    handles: ClassVar[tuple[str, ...]] = ()
    held = traitlets.Dict(value_trait=traitlets.Bool()).tag(sync=True)

    def __init__(self, **inputs: Any) -> None:
        held = inputs.get("held", {})
        if isinstance(held, Mapping):  # what is none the trait refuses, by its name
            held = {name: True for name in self.handles if name in inputs} | dict(held)
        self.observe(self._hold, names=list(self.handles))
        super().__init__(**{**inputs, "held": held})

    def _hold(self, change: Any) -> None:
        if not self.held.get(change["name"]):
            self.held = {**self.held, change["name"]: True}


def check_input(name: str, trait: traitlets.TraitType[Any, Any], value: Any) -> None:
    """Refuses what traitlets would take, compare in vain or repeat at length.

    Raises
    ------
    traitlets.TraitError
        For a choice that is none, a number that is not finite, a text where none is wanted.
    """
    takes = ""
    if isinstance(trait, traitlets.Enum):
        plain = value is None or isinstance(value, (str, int, float))
        choices = list(trait.values or ())
        if not plain or value not in choices:
            takes = f"one of {', '.join(map(str, choices))}"
    elif isinstance(trait, Quantity):
        return
    elif isinstance(trait, traitlets.Float):
        takes = "" if is_number(value) and math.isfinite(value) else "a finite number"
    elif not isinstance(trait, traitlets.Unicode) and isinstance(value, str):
        takes = str(trait.info())
    elif isinstance(value, str) and len(value) > MAX_LENGTH:
        takes = f"up to {MAX_LENGTH:,} letters"
    if takes:
        raise traitlets.TraitError(f"{name} takes {takes}, not {shown(value)}")
