"""Inputs that are more than numbers: vectors of parts, lists of items, whole schedules.

A law's variables are numbers, or arrays that broadcast. What people have in hand is often something
else; here it is turned into the variables of the law.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from . import expression as ex

Array = npt.NDArray[np.float64]


class FeatureError(ValueError):
    """An input from which a law's variables cannot be made."""


@runtime_checkable
class Featured(Protocol):
    """What can stand for several variables of a law, such as a schedule."""

    def features(self) -> Mapping[str, Array]:
        """Values by the variables' names; those that a law does not have are passed over."""


def spread(name: str, parts: Sequence[str], value: Any, mixture: bool) -> dict[str, Array]:
    """The parts of a vector as variables of their own.

    Parameters
    ----------
    name : str
        The vector's name, for messages.
    parts : sequence of str
        Its parts' names.
    value : mapping of str to array_like, or array_like (..., parts)
        By name (``r_academic``, or ``academic`` in the vector ``r``), or in the order of ``parts``.
    mixture : bool
        Whether the parts are shares, which must not be negative and sum to one.

    Raises
    ------
    FeatureError
        For unknown or missing parts, a wrong number of them, or shares that are none.
    """
    if isinstance(value, Mapping):
        full = {part.removeprefix(f"{name}_"): part for part in parts}
        given = {full.get(part, part): share for part, share in value.items()}
        if set(given) != set(parts):
            raise FeatureError(
                f"{name}: needs the parts {', '.join(full)}, not {', '.join(map(str, value))}"
            )
        found = {part: np.asarray(given[part], dtype=float) for part in parts}
    else:
        whole = np.asarray(value, dtype=float)
        if whole.shape[-1:] != (len(parts),):
            raise FeatureError(
                f"{name}: takes {len(parts)} numbers, {', '.join(parts)}; this has shape "
                f"{whole.shape}"
            )
        found = {part: whole[..., i] for i, part in enumerate(parts)}
    if mixture:
        total = sum(found.values())
        if any(np.any(share < 0) for share in found.values()) or np.any(np.abs(total - 1) > 1e-6):
            raise FeatureError(
                f"{name}: shares must not be negative and sum to 1, here to {np.max(total):.6g}"
            )
    return found


def default_items(items: Mapping[str, Any], count: int) -> dict[str, Array]:
    """The items that a law brings along: lists, or formulas in the item's number ``i`` from 1."""
    number = np.arange(1.0, count + 1.0)
    return {
        name: np.broadcast_to(ex.Program([ex.parse(given)])({"i": number})[0], (count,))
        if isinstance(given, str)
        else np.asarray(given, dtype=float)
        for name, given in items.items()
    }
