"""Is a catalogue file right? ``python -m scalewidgets.lawbook.check FILE...`` says where not.

The format is told in CONTRIBUTING.md. A file is read, its names are held against each other, and
every number in its checks is computed; ``tests/certified/test_laws.py`` does the same in CI.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from . import expression as ex
from .catalogue import make
from .grammar import ExpressionError
from .law import Law, LawError
from .places import lines, placed
from .shape import Notes, check_file, check_part, constants_of, inner
from .theories import THEORIES
from .theory import Theory

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def problems(content: Mapping[str, Any]) -> list[str]:
    """What is wrong with the content of a catalogue file; an empty list when nothing is.

    Parameters
    ----------
    content : mapping
        The file as ``tomllib`` reads it.

    Returns
    -------
    list of str
        Each ``"laws.surface.constants.published: ..."``: the key, then what to mend.
    """
    notes = Notes("", [])
    check_file(notes, content)
    for name, part in inner(content, "laws"):
        here = notes.at("laws", name)
        if not name.isidentifier():
            here.add("a law's name must be letters, digits and _")
        if not isinstance(part, dict):
            here.add("must be a table")
            continue
        before = len(notes.found)
        check_part(here, part)
        if len(notes.found) == before:  # else the sense cannot be told
            _check_sense(here, part)
    return notes.found


def _check_sense(here: Notes, part: Mapping[str, Any]) -> None:
    """Names: does everything that is said belong to something, and is nothing left out?"""
    if "theory" in part:
        here.unknown([part["theory"]], THEORIES, "scalewidgets.lawbook.theories has no")
        return
    law = _law(here, part)
    if law is None:
        return
    sets = {name: constants_of(table) for name, table in inner(part, "constants")}
    names = list(part.get("form_only", ())) or list(
        dict.fromkeys(k for one in sets.values() for k in one)
    )
    variables = [s for s in law.variables if s not in names]

    here.unknown(names, law.variables, "the equation does not contain the constant")
    here.at("items").unknown(part.get("items", {}), variables, "not a variable:")
    for name, parts in inner(part, "vectors"):
        here.at("vectors", name).unknown(parts, variables, "not a variable:")
    if "mixture" in part:
        here.at("mixture").unknown([part["mixture"]], part.get("vectors", {}), "not a vector:")
    _check_symbols(here, part, law)
    for key in ("valid", "typical"):
        here.at(key).unknown(part.get(key, {}), variables, "not a variable:")
    _check_defaults(here, part.get("defaults", {}), variables)
    for name, values in sets.items():
        spot = here.at("constants", name)
        for constant in names:
            if constant not in values:
                spot.add(f"{constant!r} is missing")
        errors = part["constants"][name].get("stderr", {})
        spot.at("stderr").unknown(errors, values, "not a constant:")
    _check_checks(here, part, names, variables)


def _law(here: Notes, part: Mapping[str, Any]) -> Law | None:
    """The law without constants; None, and the problems noted, where a text cannot be read."""
    before = len(here.found)
    _parse(here.at("equation"), part["equation"])
    for key in ("definitions", "defaults"):
        for name, text in inner(part, key):
            _parse(here.at(key, name), text)
    if len(here.found) > before:
        return None
    try:
        return Law(
            part["equation"],
            definitions=part.get("definitions", {}),
            items=part.get("items", {}),
        )
    except LawError as error:
        here.at("items" if "sum" in str(error) else "definitions").add(str(error))
        return None


def _check_symbols(here: Notes, part: Mapping[str, Any], law: Law) -> None:
    texts = [law.equation, *law.definitions.values()]
    used = {name for text in texts for name in ex.symbols(ex.parse(text))}
    here.at("definitions").unknown(law.definitions, used, "nothing uses")
    documented = [*law.variables, *law.definitions]
    for name in documented:
        if name not in part["symbols"]:
            here.at("symbols").add(f"{name!r} is not explained")
    here.at("symbols").unknown(part["symbols"], documented, "the equation does not contain")


def _parse(here: Notes, text: str) -> ex.Tree | None:
    try:
        return ex.parse(text)
    except ExpressionError as error:
        here.add(str(error))
        return None


def _check_defaults(here: Notes, defaults: Mapping[str, str], variables: Sequence[str]) -> None:
    here.at("defaults").unknown(defaults, variables, "not a variable:")
    given = [v for v in variables if v not in defaults]
    for name, text in defaults.items():
        problem = "a default may use variables without one, not"
        here.at("defaults", name).unknown(ex.symbols(ex.parse(text)), given, problem)


def _check_checks(
    here: Notes, part: Mapping[str, Any], names: Sequence[str], variables: Sequence[str]
) -> None:
    sets, checks = part.get("constants", {}), part.get("checks", [])
    if checks and all("quantity" in check for check in checks):
        here.at("checks").add("one of them must be of the prediction itself (without quantity)")
    for i, check in enumerate(checks):
        spot, at = here.at(f"checks[{i}]"), check.get("at", {})
        if check.get("constants") not in sets:
            spot.at("constants").add(f"must be one of {', '.join(sets)}")
        for name in names:
            if name in at:
                spot.at("at").add(f"{name!r} is a constant: make a set of its own for it")
        if "quantity" not in check:
            free = {*part.get("defaults", {}), *part.get("items", {})}
            needed, may = [v for v in variables if v not in free], variables
        else:
            if _parse(spot.at("quantity"), check["quantity"]) is None:
                continue
            law = Law(check["quantity"], definitions=part.get("definitions", {}))
            needed = [s for s in law.variables if s not in names and s not in OPTIMUM]
            if set(OPTIMUM) & set(law.variables):
                needed.append("C")
            may = [*needed, *variables]
        for name in needed:
            if name not in at:
                spot.at("at").add(f"{name!r} is missing (no constant, no default)")
        spot.at("at").unknown(at, [*may, *names], "not in use:")


OPTIMUM = ("N_opt", "D_opt")


def value_of(law: Law | Theory, check: Mapping[str, Any]) -> float:
    """What a law gives for one of its checks.

    The prediction at ``at``, or ``quantity``: an expression in constants, definitions and the names
    of ``at``; ``N_opt`` and ``D_opt`` in it are those of the law at ``at.C``.
    """
    at = check.get("at", {})
    if isinstance(law, Theory) or "quantity" not in check:
        return float(law.predict(**at))
    tree = Law(check["quantity"], definitions=law.definitions).tree
    values = {**law.values, **{k: np.asarray(v, dtype=float) for k, v in at.items()}}
    if set(OPTIMUM) & set(ex.symbols(tree)):
        others = {k: v for k, v in at.items() if k in law.variables and k != "C"}
        values |= {"N_opt": law.N_opt(at["C"], **others), "D_opt": law.D_opt(at["C"], **others)}
    return float(ex.Program([tree])(values)[0])


def _numbers(content: Mapping[str, Any]) -> list[str]:
    """Checks of a well-formed file that do not come out as they say."""
    found = []
    for name, part in content["laws"].items():
        law = make("checked", content, name)
        for i, check in enumerate(part.get("checks", ())):
            one = law.with_constants(check["constants"]) if isinstance(law, Law) else law
            value = value_of(one, check)
            holds = abs(value - check["expect"]) <= check["tol"]
            if holds == ("disagrees" in check):
                verb = "agrees after all" if holds else f"not {check['expect']:g}"
                found.append(f"laws.{name}.checks[{i}]: {value:.10g} comes out, {verb}")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the problems of catalogue files as ``file:line: key: problem``; 1 if there are any."""
    parser = argparse.ArgumentParser(
        prog="python -m scalewidgets.lawbook.check", description="Check catalogue files of laws."
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    found = [line for path in parser.parse_args(arguments).files for line in _check_file(path)]
    for line in found:
        print(line)
    return 1 if found else 0


def _check_file(path: Path) -> list[str]:
    found, known = [], {}
    if not path.stem.isidentifier():
        found.append("a catalogue file's name must be letters, digits and _")
    try:
        text = path.read_text(encoding="utf-8")
        content, known = tomllib.loads(text), lines(text)
        found += problems(content) or _numbers(content)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        found.append(f"cannot be read: {error}")
    return [f"{path.name}:{placed(problem, known)}" for problem in found]


if __name__ == "__main__":
    sys.exit(main())
