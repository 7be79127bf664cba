"""The shape of a catalogue file: which keys there are, and what each holds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .law import spelling_hint

STATUSES = ("seen", "computed", "derived", "recalled")
FAMILIES = (
    *("loss surface", "allocation", "precision", "data", "schedule", "hyper-parameters"),
    *("architecture", "transfer", "downstream", "test-time", "other modalities", "theory"),
)

_Kinds = dict[str, type]

# What each key holds; float stands for any number. First the keys that must be there.
_FILE: _Kinds = {
    "title": str,
    "authors": str,
    "year": int,
    "family": str,
    "laws": dict,
}
_FILE_MAY: _Kinds = {"arxiv": str, "venue": str, "teaches": str, "errata": list, "fitted": str}
_ANY_PART: _Kinds = {
    "checks": list,
    "family": str,
    "output": str,
    "unit": str,
    "valid": dict,
    "typical": dict,
    "teaches": str,
}
_PART: _Kinds = {"equation": str, "symbols": dict}
_PART_MAY: _Kinds = {
    **_ANY_PART,
    "constants": dict,
    "definitions": dict,
    "defaults": dict,
    "items": dict,
    "item_count": int,
    "vectors": dict,
    "mixture": str,
    "fitted": str,
    "recomputed": str,
}
_THEORY: _Kinds = {"theory": str, "method": str, "symbols": dict, "checks": list}
_SET: _Kinds = {"where": str, "status": str}
_SET_MAY: _Kinds = {"note": str, "stderr": dict}
_CHECK: _Kinds = {"expect": float, "tol": float, "where": str, "status": str}
_CHECK_MAY: _Kinds = {"constants": str, "at": dict, "quantity": str, "disagrees": str}

_WORDS = {str: "a text", int: "a whole number", float: "a number", list: "a list", dict: "a table"}


def _is(value: Any, kind: type) -> bool:
    if isinstance(value, bool):
        return False
    if kind is float:
        return isinstance(value, (int, float)) and math.isfinite(value)
    return isinstance(value, kind) and (kind is int or bool(value))


class Notes:
    """Problems found so far, and where in the file we are."""

    def __init__(self, place: str, found: list[str]) -> None:
        self.place, self.found = place, found

    def at(self, *keys: object) -> Notes:
        return Notes(".".join([*([self.place] if self.place else []), *map(str, keys)]), self.found)

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


def check_file(notes: Notes, content: Mapping[str, Any]) -> None:
    """Keys and kinds of values at a file's top."""
    notes.keys(content, _FILE, _FILE_MAY)
    notes.unknown(content, {**_FILE, **_FILE_MAY}, "unknown key")
    if ("arxiv" in content) == ("venue" in content):
        notes.add("needs either arxiv, or venue where it is not there")
    notes.one_of(content, "family", FAMILIES)
    notes.at("errata").texts(content.get("errata"))


def check_part(here: Notes, part: Mapping[str, Any]) -> None:
    """Keys and kinds of values of one law or theory."""
    here.one_of(part, "family", FAMILIES)
    _check_tables(here, part)
    if "theory" in part:
        here.keys(part, _THEORY, _ANY_PART)
        here.unknown(part, {**_THEORY, **_ANY_PART}, "unknown key")
        return
    here.keys(part, _PART, _PART_MAY)
    here.unknown(part, {**_PART, **_PART_MAY, "form_only": list}, "unknown key")
    _check_form_only(here.at("form_only"), part.get("form_only"))
    if ("constants" in part) == ("form_only" in part):
        here.add("needs either tables [constants.NAME] or form_only, a list of constants' names")
    if ("constants" in part) != ("checks" in part):
        here.add("needs [[checks]] when it has constants, and none when it is a form only")
    for name, table in inner(part, "constants"):
        _check_set(here.at("constants", name), table)


def _check_form_only(here: Notes, names: Any) -> None:
    """A list of constants' names, or a table of values to draw the law with."""
    if isinstance(names, dict) and names:
        here.numbers(names)
    elif names is not None and not _is(names, list):
        here.add("must be a list of names, or a table of values to draw the law with")
    here.texts(names)


def _check_tables(here: Notes, part: Mapping[str, Any]) -> None:
    for key in ("symbols", "definitions", "defaults"):
        for name, text in inner(part, key):
            if not _is(text, str):
                here.at(key, name).add("must be a text that is not empty")
    for name, given in inner(part, "items"):
        if not _is(given, str) and not (_is(given, list) and all(_is(x, float) for x in given)):
            here.at("items", name).add("must be a list of numbers, or a formula in i")
    for name, parts in inner(part, "vectors"):
        here.at("vectors", name).texts(parts)
    for key, count, words in (
        ("valid", 2, "[lowest, highest]"),
        ("typical", 3, "[lowest, where to begin, highest]"),
    ):
        for name, span in inner(part, key):
            rising = isinstance(span, list) and len(span) == count and span == sorted(span)
            if not rising or not all(_is(x, float) for x in span) or span[0] == span[-1]:
                here.at(key, name).add(f"must be {words}")
    checks = part.get("checks")
    for i, check in enumerate(checks if isinstance(checks, list) else []):
        _check_check(here.at(f"checks[{i}]"), check)


def inner(table: Mapping[str, Any], key: str) -> Iterable[tuple[str, Any]]:
    inner = table.get(key)
    return inner.items() if isinstance(inner, dict) else ()


def _check_set(here: Notes, table: Any) -> None:
    if not isinstance(table, dict):
        here.add("must be a table")
        return
    here.keys(table, _SET, _SET_MAY)
    here.one_of(table, "status", STATUSES)
    here.numbers(constants_of(table))
    for name, error in inner(table, "stderr"):
        if not _is(error, float) or error <= 0:
            here.at("stderr", name).add("must be a positive number")


def _check_check(here: Notes, check: Any) -> None:
    if not isinstance(check, dict):
        here.add("must be a table")
        return
    here.keys(check, _CHECK, _CHECK_MAY)
    here.unknown(check, {**_CHECK, **_CHECK_MAY}, "unknown key")
    here.one_of(check, "status", STATUSES)
    for name, value in inner(check, "at"):
        if not all(_is(x, float) for x in (value if _is(value, list) else [value])):
            here.at("at", name).add("must be a number or a list of numbers")
    if _is(check.get("tol"), float) and check["tol"] <= 0:
        here.at("tol").add("must be positive")


def constants_of(table: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in table.items() if k not in _SET and k not in _SET_MAY}
