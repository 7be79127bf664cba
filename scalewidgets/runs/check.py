"""Is a data set's file right? ``python -m scalewidgets.runs.check FILE...`` says where not.

What the keys mean is told in :mod:`scalewidgets.runs.datasets`; no data are read here.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from ..lawbook.places import lines, placed
from ..lawbook.shape import Notes
from .tidy import READERS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_MUST: dict[str, type] = {"title": str, "citation": str, "licence": str, "rows": int, "notes": list}
_MAY: dict[str, type] = {
    **dict.fromkeys(("source", "columns", "tidied", "simulate", "selection"), dict),
    **dict.fromkeys(("observations", "reader"), dict),
    "files": list,
}
_COPY: dict[str, type] = {"name": str, "bytes": int, "sha256": str}
_FILE: dict[str, type] = {"path": str, "bytes": int, "sha256": str}
_READS: dict[str, type] = {"keep": list, "names": str, "values": str, "pattern": str}


def problems(content: Mapping[str, Any]) -> list[str]:
    """What is wrong with the content of a data set's file; an empty list when nothing is.

    Parameters
    ----------
    content : mapping
        The file as ``tomllib`` reads it.

    Returns
    -------
    list of str
        Each ``"files[0].sha256: ..."``: the key, then what to mend.
    """
    notes = Notes("", [])
    notes.keys(content, _MUST, _MAY)
    notes.unknown(content, [*_MUST, *_MAY, "curves"], "unknown key")
    notes.at("notes").texts(content.get("notes"))
    if sum(key in content for key in ("files", "tidied", "simulate")) != 1:
        notes.add("needs one of [[files]], [tidied] and [simulate]: where its rows come from")
    if "simulate" not in content:
        for key in ("source", "columns"):
            if key not in content:
                notes.add(f"the key {key!r} is missing")
    _check_source(notes, content)
    _check_expressions(notes, content)
    _table(notes, content, "observations", {"variables": list, "output": str}, {})
    reader = _table(notes, content, "reader", {"kind": str}, _READS)
    notes.at("reader").one_of(reader, "kind", list(READERS))
    return notes.found


def _table(
    notes: Notes, content: Mapping[str, Any], key: str, must: dict[str, type], may: dict[str, type]
) -> Mapping[str, Any]:
    """A table of the file, its keys checked; an empty one where there is none."""
    found = content.get(key)
    if not isinstance(found, dict):
        return {}
    notes.at(key).keys(found, must, may)
    notes.at(key).unknown(found, {**must, **may}, "unknown key")
    return found


def _check_source(notes: Notes, content: Mapping[str, Any]) -> None:
    """Pinned, all of it: a commit, and of each file its size and SHA-256."""
    told: dict[str, type] = {"path": str, "form": str} if "tidied" in content else {}
    source = _table(notes, content, "source", {"repository": str, "commit": str, **told}, {})
    _matches(notes.at("source"), source, "commit", r"[0-9a-f]{40}", "a commit of 40 hex digits")
    files = content.get("files")
    for i, one in enumerate(files if isinstance(files, list) else []):
        spot = notes.at(f"files[{i}]")
        if not isinstance(one, dict):
            spot.add("must be a table")
            continue
        spot.keys(one, _FILE, {"told": dict})
        spot.unknown(one, {**_FILE, "told": dict}, "unknown key")
        _matches(spot, one, "sha256", r"[0-9a-f]{64}", "a SHA-256 of 64 hex digits")
    copy = _table(notes, content, "tidied", _COPY, {})
    _matches(notes.at("tidied"), copy, "sha256", r"[0-9a-f]{64}", "a SHA-256 of 64 hex digits")


def _matches(here: Notes, table: Mapping[str, Any], key: str, pattern: str, what: str) -> None:
    if isinstance(table.get(key), str) and not re.fullmatch(pattern, table[key]):
        here.at(key).add(f"must be {what}")


def _check_expressions(notes: Notes, content: Mapping[str, Any]) -> None:
    """Columns and conditions that Polars cannot read as SQL."""
    given = [("columns", k) for k in (content.get("columns") or ())]
    given += [("selection", k) for k in _table(notes, content, "selection", {}, _SELECTS)]
    curves = content.get("curves", {})
    if not isinstance(curves, dict):  # an empty one says that there are curves
        notes.at("curves").add("must be a table")
        curves = {}
    notes.at("curves").unknown(curves, ["where", "each"], "unknown key")
    if not isinstance(curves.get("each", True), bool):
        notes.at("curves", "each").add("must be true or false")
    given += [("curves", "where")] if "where" in curves else []
    for table, key in given:
        text = content[table][key]
        if not isinstance(text, str):
            notes.at(table, key).add("must be a text: an SQL expression of the source's columns")
            continue
        try:
            pl.sql_expr(text)
        except pl.exceptions.PolarsError as error:
            notes.at(table, key).add(f"is no SQL expression: {error}")


_SELECTS: dict[str, type] = {"where": str, "published": str}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the problems of data sets' files as ``file:line: key: problem``; 1 if there are any."""
    parser = argparse.ArgumentParser(
        prog="python -m scalewidgets.runs.check", description="Check files of data sets."
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    found = [line for path in parser.parse_args(arguments).files for line in _check_file(path)]
    for line in found:
        print(line)
    return 1 if found else 0


def _check_file(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return [f"{path.name}: cannot be read: {error}"]
    known = lines(text)
    return [f"{path.name}:{placed(line, known)}" for line in problems(content)]


if __name__ == "__main__":
    sys.exit(main())
