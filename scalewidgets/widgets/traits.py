"""Traits of labs that are more than numbers."""

from __future__ import annotations

from typing import Any

import traitlets

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
