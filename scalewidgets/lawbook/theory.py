"""A theory: a law that is computed, by quadrature or a solver, where no closed form exists."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from .door import checked
from .law import LawError, Values, spelling_hint
from .theories import THEORIES


@dataclass(frozen=True)
class Theory:
    """A published theory that can be evaluated and drawn, but not fitted or differentiated.

    It shares with :class:`Law` what a reader needs (``id``, ``variables``, ``predict``, sources);
    the derivation stands in ``scalewidgets/lawbook/theories``.
    """

    theory: str
    method: str
    id: str
    title: str = ""
    family: str = "theory"
    output: str = "loss"
    unit: str = ""
    symbols: Mapping[str, str] = field(default_factory=dict)
    valid: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    typical: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    source: str = ""
    errata: tuple[str, ...] = ()
    teaches: str = ""
    fitted: str = "nothing is fitted: a theory"
    status: str = "derived"

    @cached_property
    def _parameters(self) -> Mapping[str, inspect.Parameter]:
        return inspect.signature(THEORIES[self.theory]).parameters

    @cached_property
    def variables(self) -> list[str]:
        """Names that a prediction needs or takes."""
        return list(self._parameters)

    @cached_property
    def defaults(self) -> dict[str, float]:
        """Values of the variables that may be left out."""
        missing = inspect.Parameter.empty
        return {n: p.default for n, p in self._parameters.items() if p.default is not missing}

    @checked(LawError, "theory")
    def predict(self, **variables: npt.ArrayLike) -> Values:
        """The theory's value, in its ``unit``; shapes broadcast. NaN where it has no solution.

        Each point is solved on its own: milliseconds, not nanoseconds.

        Raises
        ------
        LawError
            When a variable is missing or unknown.
        """
        for name in variables:
            if name not in self.variables:
                raise LawError(
                    f"theory {self.id}: {name!r} is not a variable of it; it has "
                    f"{', '.join(self.variables)}{spelling_hint(name, self.variables)}"
                )
        missing = [n for n in self.variables if n not in variables and n not in self.defaults]
        if missing:
            raise LawError(f"theory {self.id}: predict needs a value for {', '.join(missing)}")
        given = {**self.defaults, **variables}
        arrays = np.broadcast_arrays(*(np.asarray(given[n], dtype=float) for n in self.variables))
        points = zip(*(a.ravel() for a in arrays), strict=True)
        solve = THEORIES[self.theory]
        values = [_solved(solve, *map(float, point)) for point in points]
        return np.asarray(values, dtype=float).reshape(arrays[0].shape)

    def __str__(self) -> str:
        return f"{self.id}: {self.output}({', '.join(self.variables)}), {self.method}"

    def __repr__(self) -> str:
        return f"Theory({self})"


def _solved(solve: Callable[..., float], *point: float) -> float:
    """The theory at a point; NaN where its solver finds no bracket or leaves the arithmetic."""
    try:
        return solve(*point)
    except (ValueError, ArithmeticError):
        return float("nan")
