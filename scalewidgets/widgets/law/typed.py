"""A law from the text of an equation, as it is typed."""

from __future__ import annotations

from collections.abc import Mapping

from ...lawbook import ExpressionError, Law, parse
from ...lawbook import expression as ex

# What a name means where no law says it: these are variables, all others constants.
_VARIABLES = frozenset("N D C U T S L k n t P_w P_a P_kv P_post".split())
_NOTHING = Law("0")


def typed_law(text: str, base: Law = _NOTHING, values: Mapping[str, float] | None = None) -> Law:
    """The law of a text that was typed, or typed over the equation of another law.

    Parameters
    ----------
    text : str
        The right-hand side of an equation. Names keep the meaning that they have in ``base``.
    base : Law, optional
        Gives units, definitions, meanings and ranges.
    values : mapping of str to float, optional
        Values of constants; those of ``base``, or 1, where left out.

    Raises
    ------
    ExpressionError, LawError
        When the text is not an equation.
    """
    used = set(ex.symbols(parse(text)))
    definitions = {name: given for name, given in base.definitions.items() if name in used}
    for given in definitions.values():
        used |= set(ex.symbols(parse(given)))
    variables = {*base.variables, *_VARIABLES} - set(base.values)
    known = {**base.values, **(values or {})}
    return Law(
        text,
        constants={n: known.get(n, 1.0) for n in sorted(used - variables - set(definitions))},
        id="yours",
        output=base.output,
        unit=base.unit,
        definitions=definitions,
        defaults={n: d for n, d in base.defaults.items() if n in used},
        items={n: d for n, d in base.items.items() if n in used},
        item_count=base.item_count,
        symbols=base.symbols,
        valid={n: v for n, v in base.valid.items() if n in used},
        typical={n: v for n, v in base.typical.items() if n in used},
        source=f"typed, from {base.id}" if base is not _NOTHING else "",
    )


def told(error: ValueError, text: str) -> str:
    """A mistake in a line or two: what is wrong, and the text around the place."""
    if not isinstance(error, ExpressionError):
        return str(error)
    reason = str(error).partition("\n")[0]
    at = error.column - 1
    before, after = text[max(0, at - 18) : at], text[at : at + 8]
    return f"{reason}\n{'…' if at > 18 else ''}{before}▸{after}"
