"""The LawLab's cells: a law's symbols, its published sets, what is drawn along each variable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...lawbook import Law
from ...lawbook import expression as ex
from ..law_cells import chosen, pick, symbol

FITTED = "fit"


def own(tree: ex.Tree) -> ex.Tree:
    """A law's tree over the lab's cells."""
    return ex.rename(tree, {name: symbol(name) for name in ex.symbols(tree)})


def along(law: Law) -> list[str]:
    """The variables that are numbers, each of which can be an axis."""
    return [name for name in law.variables if name not in law.items]


def formulas(
    law: Law, others: Mapping[str, Law], starts: Mapping[str, float], runs: Sequence[str]
) -> dict[str, ex.Tree | str]:
    """Cells of a law, of those laid over it (by role), and of runs with these columns.

    ``starts`` are values of constants where no set has any (a law that is a form only).
    """
    found: dict[str, ex.Tree | str] = {"y_law": own(law.tree), "zero": 0.0}
    for role, other in others.items():
        fixed: dict[str, ex.Tree] = dict(other.values)
        found[f"y_{role}"] = own(ex.substitute(other.tree, fixed))
    for one in (law, *others.values()):
        for name in along(one):
            found.setdefault(symbol(name), f"at_{name}")
            if name in one.defaults and found[symbol(name)] == f"at_{name}":
                found[f"default_{name}"] = own(ex.parse(one.defaults[name]))
                found[symbol(name)] = f"where(held_{name} > 0, at_{name}, default_{name})"
    for name in law.values:
        values = [one.values[name] for one in law.sets.values()] or [starts[name]]
        found[f"set_{name}"] = pick("constants", [*values, f"fit_{name}"])
        found[symbol(name)] = f"where(held_{name} > 0, wheel_{name}, set_{name})"
    found["some_held"] = " + ".join(["0", *(f"held_{name}" for name in law.values)])
    for position, name in enumerate(along(law)):
        found[f"on_{name}"] = chosen("x", position)
        slope = own(ex.derivative(law.tree, name))
        found[f"slope_{name}"] = ("/", ("*", symbol(name), slope), "y_law")
        if name in law.valid and law.valid[name][0] > 0:
            found[f"beyond_{name}"] = _beyond(symbol(name), *law.valid[name])
    if runs:
        found |= _run_formulas(law, runs)
    return found


def _beyond(cell: str, low: float, high: float) -> str:
    """Decades between a value and the range that the paper's runs covered."""
    below, above = f"log10({low!r}/{cell})", f"log10({cell}/{high!r})"
    return f"where({cell} < {low!r}, {below}, where({cell} > {high!r}, {above}, 0))"


def at_run(law: Law, runs: Sequence[str]) -> ex.Tree:
    """The law at a run: its variables are the run's columns, or else where the sliders are."""
    return ex.rename(own(law.tree), {symbol(name): f"run_{name}" for name in runs})


def _run_formulas(law: Law, runs: Sequence[str]) -> dict[str, ex.Tree | str]:
    found: dict[str, ex.Tree | str] = {
        "law_at_run": at_run(law, runs),
        "residual": "log(run_loss) - log(law_at_run)",
    }
    for name in runs:  # how near a run is to the sliders, the axis itself left out
        others = [f"log(run_{other}/{symbol(other)})" for other in runs if other != name]
        far = " + ".join(["0", *(f"{log}*{log}" for log in others)])
        found[f"near_{name}"] = f"max(0.15, exp(-({far})/0.5))"
    return found
