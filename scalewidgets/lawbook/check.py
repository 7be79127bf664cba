"""Is a catalogue file well formed? ``python -m scalewidgets.lawbook.check FILE...`` says where not.

The format is told in CONTRIBUTING.md. Whether the numbers are right is another question: the checks
inside each file are run by ``tests/certified/test_laws.py``.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import expression as ex
from .grammar import ExpressionError
from .law import Law, LawError, spelling_hint

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

STATUSES = ("seen", "computed", "derived", "recalled")
FAMILIES = ("loss surface", "allocation", "precision", "data", "hyper-parameters")

_Kinds = dict[str, type]

# What each key holds; float stands for any number. First the keys that must be there.
_FILE: _Kinds = {
    "title": str,
    "authors": str,
    "year": int,
    "arxiv": str,
    "family": str,
    "laws": dict,
}
_FILE_MAY: _Kinds = {"teaches": str, "errata": list}
_PART: _Kinds = {"equation": str, "symbols": dict}
_PART_MAY: _Kinds = {
    "checks": list,
    "constants": dict,
    "form_only": list,
    "family": str,
    "output": str,
    "unit": str,
    "definitions": dict,
    "defaults": dict,
    "valid": dict,
}
_SET: _Kinds = {"where": str, "status": str}
_SET_MAY: _Kinds = {"note": str, "stderr": dict}
_CHECK: _Kinds = {"constants": str, "expect": float, "tol": float, "where": str, "status": str}
_CHECK_MAY: _Kinds = {"at": dict, "quantity": str, "disagrees": str}

_WORDS = {str: "a text", int: "a whole number", float: "a number", list: "a list", dict: "a table"}


def _is(value: Any, kind: type) -> bool:
    if isinstance(value, bool):
        return False
    if kind is float:
        return isinstance(value, (int, float)) and math.isfinite(value)
    return isinstance(value, kind) and (kind is int or bool(value))


class _Notes:
    """Problems found so far, and where in the file we are."""

    def __init__(self, place: str, found: list[str]) -> None:
        self.place, self.found = place, found

    def at(self, *keys: object) -> _Notes:
        return _Notes(
            ".".join([*([self.place] if self.place else []), *map(str, keys)]), self.found
        )

    def add(self, problem: str) -> None:
        self.found.append(f"{self.place}: {problem}" if self.place else problem)

    def keys(self, table: Mapping[str, Any], must: _Kinds, may: _Kinds) -> None:
        """Refuse missing keys and values of the wrong kind (unknown keys: see ``unknown``)."""
        for key in must:
            if key not in table:
                self.add(f"the key {key!r} is missing")
        for key, kind in {**must, **may}.items():
            if key in table and not _is(table[key], kind):
                full = " that is not empty" if kind in (str, list, dict) else ""
                self.at(key).add(f"must be {_WORDS[kind]}{full}")

    def unknown(self, names: Iterable[str], known: Iterable[str], problem: str) -> None:
        known = list(known)
        for name in names:
            if name not in known:
                self.add(f"{problem} {name!r}{spelling_hint(name, known)}")

    def one_of(self, table: Mapping[str, Any], key: str, known: Sequence[str]) -> None:
        if isinstance(table.get(key), str) and table[key] not in known:
            self.at(key).add(f"{table[key]!r} is none of {', '.join(known)}")

    def texts(self, values: Any) -> None:
        if isinstance(values, list) and not all(_is(value, str) for value in values):
            self.add("must hold texts")

    def numbers(self, table: Mapping[str, Any]) -> None:
        for key, value in table.items():
            if not _is(value, float):
                self.at(key).add("must be a number")


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
    notes = _Notes("", [])
    notes.keys(content, _FILE, _FILE_MAY)
    notes.unknown(content, {**_FILE, **_FILE_MAY}, "unknown key")
    notes.one_of(content, "family", FAMILIES)
    notes.at("errata").texts(content.get("errata"))
    for name, part in _items(content, "laws"):
        here = notes.at("laws", name)
        if not name.isidentifier():
            here.add("a law's name must be letters, digits and _")
        if not isinstance(part, dict):
            here.add("must be a table")
            continue
        before = len(notes.found)
        _check_shape(here, part)
        if len(notes.found) == before:  # else the sense cannot be told
            _check_sense(here, part)
    return notes.found


def _check_shape(here: _Notes, part: Mapping[str, Any]) -> None:
    """Keys and kinds of values."""
    here.keys(part, _PART, _PART_MAY)
    here.unknown(part, {**_PART, **_PART_MAY}, "unknown key")
    here.one_of(part, "family", FAMILIES)
    here.at("form_only").texts(part.get("form_only"))
    if ("constants" in part) == ("form_only" in part):
        here.add("needs either tables [constants.NAME] or form_only, a list of constants' names")
    if ("constants" in part) != ("checks" in part):
        here.add("needs [[checks]] when it has constants, and none when it is a form only")
    for key in ("symbols", "definitions", "defaults"):
        for name, text in _items(part, key):
            if not _is(text, str):
                here.at(key, name).add("must be a text that is not empty")
    for name, table in _items(part, "constants"):
        _check_set_shape(here.at("constants", name), table)
    for name, span in _items(part, "valid"):
        sane = isinstance(span, list) and len(span) == 2 and all(_is(x, float) for x in span)
        if not sane or not span[0] < span[1]:
            here.at("valid", name).add("must be [lowest, highest]")
    checks = part.get("checks")
    for i, check in enumerate(checks if isinstance(checks, list) else []):
        _check_check_shape(here.at(f"checks[{i}]"), check)


def _items(table: Mapping[str, Any], key: str) -> Iterable[tuple[str, Any]]:
    inner = table.get(key)
    return inner.items() if isinstance(inner, dict) else ()


def _check_set_shape(here: _Notes, table: Any) -> None:
    if not isinstance(table, dict):
        here.add("must be a table")
        return
    here.keys(table, _SET, _SET_MAY)
    here.one_of(table, "status", STATUSES)
    here.numbers(_constants(table))
    for name, error in _items(table, "stderr"):
        if not _is(error, float) or error <= 0:
            here.at("stderr", name).add("must be a positive number")


def _check_check_shape(here: _Notes, check: Any) -> None:
    if not isinstance(check, dict):
        here.add("must be a table")
        return
    here.keys(check, _CHECK, _CHECK_MAY)
    here.unknown(check, {**_CHECK, **_CHECK_MAY}, "unknown key")
    here.one_of(check, "status", STATUSES)
    here.at("at").numbers(dict(_items(check, "at")))
    if _is(check.get("tol"), float) and check["tol"] <= 0:
        here.at("tol").add("must be positive")


def _constants(table: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in table.items() if k not in _SET and k not in _SET_MAY}


def _check_sense(here: _Notes, part: Mapping[str, Any]) -> None:
    """Names: does everything that is said belong to something, and is nothing left out?"""
    law = _law(here, part)
    if law is None:
        return
    sets = {name: _constants(table) for name, table in _items(part, "constants")}
    names = part.get("form_only") or list(dict.fromkeys(k for one in sets.values() for k in one))
    variables = [s for s in law.variables if s not in names]

    here.unknown(names, law.variables, "the equation does not contain the constant")
    _check_symbols(here, part, law)
    here.at("valid").unknown(part.get("valid", {}), variables, "not a variable:")
    _check_defaults(here, part.get("defaults", {}), variables)
    for name, values in sets.items():
        spot = here.at("constants", name)
        for constant in names:
            if constant not in values:
                spot.add(f"{constant!r} is missing")
        errors = part["constants"][name].get("stderr", {})
        spot.at("stderr").unknown(errors, values, "not a constant:")
    _check_checks(here, part, names, variables)


def _law(here: _Notes, part: Mapping[str, Any]) -> Law | None:
    """The law without constants; None, and the problems noted, where a text cannot be read."""
    before = len(here.found)
    _parse(here.at("equation"), part["equation"])
    for key in ("definitions", "defaults"):
        for name, text in _items(part, key):
            _parse(here.at(key, name), text)
    if len(here.found) > before:
        return None
    try:
        return Law(part["equation"], definitions=part.get("definitions", {}))
    except LawError as error:
        here.at("definitions").add(str(error))
        return None


def _check_symbols(here: _Notes, part: Mapping[str, Any], law: Law) -> None:
    texts = [law.equation, *law.definitions.values()]
    used = {name for text in texts for name in ex.symbols(ex.parse(text))}
    here.at("definitions").unknown(law.definitions, used, "nothing uses")
    documented = [*law.variables, *law.definitions]
    for name in documented:
        if name not in part["symbols"]:
            here.at("symbols").add(f"{name!r} is not explained")
    here.at("symbols").unknown(part["symbols"], documented, "the equation does not contain")


def _parse(here: _Notes, text: str) -> ex.Tree | None:
    try:
        return ex.parse(text)
    except ExpressionError as error:
        here.add(str(error))
        return None


def _check_defaults(here: _Notes, defaults: Mapping[str, str], variables: Sequence[str]) -> None:
    here.at("defaults").unknown(defaults, variables, "not a variable:")
    given = [v for v in variables if v not in defaults]
    for name, text in defaults.items():
        problem = "a default may use variables without one, not"
        here.at("defaults", name).unknown(ex.symbols(ex.parse(text)), given, problem)


def _check_checks(
    here: _Notes, part: Mapping[str, Any], names: Sequence[str], variables: Sequence[str]
) -> None:
    sets, checks = part.get("constants", {}), part.get("checks", [])
    if checks and all("quantity" in check for check in checks):
        here.at("checks").add("one of them must be of the prediction itself (without quantity)")
    for i, check in enumerate(checks):
        spot, at = here.at(f"checks[{i}]"), check.get("at", {})
        if check["constants"] not in sets:
            spot.at("constants").add(f"must be one of {', '.join(sets)}")
        for name in names:
            if name in at:
                spot.at("at").add(f"{name!r} is a constant: make a set of its own for it")
        if "quantity" not in check:
            needed, may = [v for v in variables if v not in part.get("defaults", {})], variables
        else:
            if _parse(spot.at("quantity"), check["quantity"]) is None:
                continue
            law = Law(check["quantity"], definitions=part.get("definitions", {}))
            needed = may = [s for s in law.variables if s not in names]
        for name in needed:
            if name not in at:
                spot.at("at").add(f"{name!r} is missing (no constant, no default)")
        spot.at("at").unknown(at, [*may, *names], "not in use:")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the problems of catalogue files as ``file: key: problem``; 1 when there are any."""
    parser = argparse.ArgumentParser(
        prog="python -m scalewidgets.lawbook.check", description="Check catalogue files of laws."
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    found = [line for path in parser.parse_args(arguments).files for line in _check_file(path)]
    for line in found:
        print(line)
    return 1 if found else 0


def _check_file(path: Path) -> list[str]:
    lines = []
    if not path.stem.isidentifier():
        lines.append("a catalogue file's name must be letters, digits and _")
    try:
        lines += problems(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        lines.append(f"cannot be read: {error}")
    return [f"{path.name}: {line}" for line in lines]


if __name__ == "__main__":
    sys.exit(main())
