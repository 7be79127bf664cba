"""What a lab is given in place of what is published: a law, a fit with its draws, runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import traitlets

from ..fitting import Bootstrap, Fit
from ..lawbook import Law
from .law_cells import symbol

GIVEN, NONE = "given", "none"
"""By these names an input chooses it, or nothing."""


def law_of(source: Fit | Law) -> Law:
    """The law itself, or that of a fit with its constants."""
    return source.law if isinstance(source, Fit) else source


def offered(published: Mapping[str, str], given: Any) -> dict[str, str]:
    """Value to label of what can be chosen: what is given (unless None) before what ships."""
    if given is None:
        return dict(published)
    label = given.title or given.id if isinstance(given, Law) else "yours"
    return {GIVEN: label, **published}


def one_of(proposal: Any, known: Iterable[str]) -> str:
    """The value that is proposed for a trait, which must be one of those known.

    Raises
    ------
    TraitError
        For another one.
    """
    known, value = list(known), proposal["value"]
    if value not in known:
        name = proposal["trait"].name
        raise traitlets.TraitError(f"{name}: there is no {value!r}; there are {', '.join(known)}")
    return str(value)


# --- draws ------------------------------------------------------------------------------------


def drawn(law: Law, draws: Bootstrap | None) -> list[str]:
    """The law's constants of which there are draws."""
    return [] if draws is None else [name for name in law.values if name in draws.draws.columns]


def draws_of(cell: str, name: str = "", positive: bool = True) -> dict[str, Any]:
    """The draws of a cell, as a page has them: the fact ``draws_NAME`` around ``centre_NAME``.

    Positive ones are scaled when a hand moves the cell, others are shifted.
    """
    name = name or cell
    return {
        "cell": cell,
        "array": f"draws_{name}",
        "centre": f"centre_{name}",
        "positive": positive,
    }


def draws_of_law(law: Law, names: Iterable[str]) -> list[dict[str, Any]]:
    """The same for a law's constants, each in its :func:`symbol`'s cell."""
    return [draws_of(symbol(name), name, law.values[name] > 0) for name in names]


def draw_facts(draws: Bootstrap, law: Law, names: Mapping[str, str]) -> dict[str, Any]:
    """The facts behind :func:`draws_of`: NAME to the constant of ``law`` that it stands for."""
    facts: dict[str, Any] = {}
    for name, constant in names.items():
        facts[f"draws_{name}"] = draws.draws[constant].to_numpy()
        facts[f"centre_{name}"] = law.values[constant]
    return facts
