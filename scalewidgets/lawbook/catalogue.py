"""The catalogue: one TOML file a paper, each with one or more laws and their published constants.

A file's first ``[laws.NAME]`` is what ``law("paper")`` gives; the others are ``law("paper.NAME")``.
The format is told in CONTRIBUTING.md.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from .door import checked
from .law import ConstantSet, Law, LawError, spelling_hint
from .theory import Theory

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    import polars as pl

_ABOUT_A_SET = ("where", "status", "note", "stderr")


@cache
def _files() -> dict[str, Any]:
    folder = resources.files(__package__) / "catalogue"
    return {f.name.removesuffix(".toml"): f for f in folder.iterdir() if f.name.endswith(".toml")}


@cache
def paper(name: str) -> Mapping[str, Any]:
    """The whole content of one catalogue file (do not change it: it is shared).

    Raises
    ------
    LawError
        For an unknown paper, with the nearest names.
    """
    if name not in _files():
        stem = name.partition(".")[0]
        close = [f for f in _files() if stem and f.startswith(stem)]
        close = close or get_close_matches(stem, _files(), n=2, cutoff=0.7)
        hint = f" Did you mean {' or '.join(close)}?" if close else " sw.laws() lists them all."
        raise LawError(f"catalogue: no law {name!r}.{hint}")
    content: Mapping[str, Any] = tomllib.loads(_files()[name].read_text(encoding="utf-8"))
    return content


def _constant_set(name: str, table: Mapping[str, Any]) -> ConstantSet:
    return ConstantSet(
        name=name,
        values={k: float(v) for k, v in table.items() if k not in _ABOUT_A_SET},
        stderr=table.get("stderr", {}),
        where=table["where"],
        status=table["status"],
        note=table.get("note", ""),
    )


def _status(entry: Mapping[str, Any]) -> str:
    """How sure a law is, of its main set of constants."""
    if "form_only" in entry:
        return "form only"
    main = next(iter(entry.get("constants", {}).values()), {"status": "derived"})
    if main["status"] == "recalled":
        return "recalled, not verified"
    printed = [check for check in entry.get("checks", ()) if check["status"] == "seen"]
    if "recomputed" in entry or any("disagrees" not in check for check in printed):
        return "reproduced"
    if printed:
        return "contradicts itself"
    return "read" if main["status"] == "seen" else str(main["status"])


@cache
def _law(paper_id: str, part: str) -> Law | Theory:
    return make(paper_id, paper(paper_id), part)


def make(paper_id: str, about: Mapping[str, Any], part: str) -> Law | Theory:
    """One law of a catalogue file's content.

    Raises
    ------
    LawError
        When the file has no such part.
    """
    if part not in about["laws"]:
        raise LawError(
            f"catalogue: {paper_id} has no law {part!r}; it has {', '.join(about['laws'])}"
            f"{spelling_hint(part, about['laws'])}"
        )
    entry = about["laws"][part]
    common: dict[str, Any] = {
        "id": paper_id if part == next(iter(about["laws"])) else f"{paper_id}.{part}",
        "title": about["title"],
        "family": entry.get("family", about["family"]),
        "output": entry.get("output", "loss"),
        "unit": entry.get("unit", "nats/token"),
        "symbols": entry["symbols"],
        "valid": {k: tuple(map(float, span)) for k, span in entry.get("valid", {}).items()},
        "typical": {k: tuple(map(float, span)) for k, span in entry.get("typical", {}).items()},
        "source": _source(about),
        "errata": tuple(about.get("errata", ())),
        "teaches": entry.get("teaches", about.get("teaches", "")),
        "status": _status(entry),
    }
    if "theory" in entry:
        return Theory(theory=entry["theory"], method=entry["method"], **common)
    sets = {k: _constant_set(k, v) for k, v in entry.get("constants", {}).items()}
    first = next(iter(sets), None)
    return Law(
        equation=entry["equation"],
        constants=sets[first].values if first else list(entry["form_only"]),
        placeholders=entry["form_only"] if isinstance(entry.get("form_only"), dict) else {},
        definitions=entry.get("definitions", {}),
        defaults=entry.get("defaults", {}),
        items=entry.get("items", {}),
        item_count=entry.get("item_count", 1),
        vectors=entry.get("vectors", {}),
        mixture=entry.get("mixture", ""),
        fitted=entry.get("fitted", about.get("fitted", "")),
        sets=sets,
        set_name=first or "form only",
        **common,
    )


def _source(about: Mapping[str, Any]) -> str:
    place = f"arXiv:{about['arxiv']}" if "arxiv" in about else about["venue"]
    return f"{about['authors']} ({about['year']}), {place}"


@checked(LawError)
def law(id: str, constants: str | None = None) -> Law | Theory:
    """A published law by its name, such as ``"besiroglu2024"`` or ``"kaplan2020.L_N"``.

    Parameters
    ----------
    id : str
        Paper, or paper and part with a dot between.
    constants : str, optional
        Which published set of constants; the paper's main one where left out.

    Returns
    -------
    Law or Theory
        A theory is computed by a solver; it predicts, and has no constants to choose or fit.

    Raises
    ------
    LawError
        For an unknown paper, part or set.

    Examples
    --------
    >>> law("hoffmann2022", constants="rounded").values["alpha"]
    0.34
    """
    paper_id, _, part = id.partition(".")
    known = paper(paper_id if paper_id in _files() else id)["laws"]
    found = _law(paper_id, part or next(iter(known)))
    if constants is None:
        return found
    if isinstance(found, Theory):
        raise LawError(f"catalogue: {id} is a theory and has no sets of constants")
    return found.with_constants(constants)


def closed_form(id: str, constants: str | None = None) -> Law:
    """As :func:`law`, for who needs an equation.

    Raises
    ------
    LawError
        Also when the law is a theory, which a solver computes.
    """
    found = law(id, constants)
    if isinstance(found, Theory):
        raise LawError(
            f"{id} is a theory: a solver computes it, there is no equation to fit or differentiate"
        )
    return found


@checked(LawError)
def laws(
    search: str | None = None, *, family: str | None = None, status: str | None = None
) -> pl.DataFrame:
    """The catalogue as a table: a row a law.

    Parameters
    ----------
    search : str, optional
        Words that must all occur in a law's names, title, authors, equation, symbols, errata or
        lesson.
    family : str, optional
        One of the families, such as ``"precision"`` or ``"loss surface"``.
    status : str, optional
        ``"reproduced"`` (numbers of the paper follow from its constants), ``"read"`` (there is no
        number to hold the constants to), ``"computed"`` (refitted here), ``"derived"``,
        ``"contradicts itself"``, ``"form only"`` or ``"recalled, not verified"``.

    Returns
    -------
    polars.DataFrame
        Columns id, title, year, family, status, output, unit, equation, variables, constants, sets,
        reproduced, disagreeing (how many of the paper's numbers do and do not follow), source.

    Raises
    ------
    LawError
        For a family or status that no law has.

    Examples
    --------
    >>> laws("chinchilla", family="loss surface")["id"].to_list()[:1]
    ['besiroglu2024']
    """
    import polars as pl

    rows = [_row(name, part) for name in sorted(_files()) for part in paper(name)["laws"]]
    for column, wanted in (("family", family), ("status", status)):
        known = sorted({row[column] for row in rows})
        if wanted is not None and wanted not in known:
            raise LawError(f"laws: no {column} {wanted!r}; there are {', '.join(known)}")
    rows = [
        row
        for row in rows
        if family in (None, row["family"])
        and status in (None, row["status"])
        and all(word in row["words"] for word in (search or "").lower().split())
    ]
    schema: dict[str, Any] = dict.fromkeys(_COLUMNS, pl.String)
    schema |= dict.fromkeys(("variables", "constants", "sets"), pl.List(pl.String))
    schema |= dict.fromkeys(("year", "reproduced", "disagreeing"), pl.Int64)
    return pl.DataFrame([{k: row[k] for k in schema} for row in rows], schema=schema)


_COLUMNS = (
    *("id", "title", "year", "family", "status", "output", "unit", "equation"),
    *("variables", "constants", "sets", "reproduced", "disagreeing", "source"),
)


@cache
def _row(name: str, part: str) -> dict[str, Any]:
    about, one = paper(name), _law(name, part)
    printed = [c for c in about["laws"][part].get("checks", ()) if c["status"] == "seen"]
    row = {
        "id": one.id,
        "title": one.title,
        "year": about["year"],
        "family": one.family,
        "status": one.status,
        "output": one.output,
        "unit": one.unit,
        "equation": one.equation if isinstance(one, Law) else one.method,
        "variables": one.variables,
        "constants": one.constant_names if isinstance(one, Law) else [],
        "sets": list(one.sets) if isinstance(one, Law) else [],
        "reproduced": sum("disagrees" not in check for check in printed),
        "disagreeing": sum("disagrees" in check for check in printed),
        "source": one.source,
    }
    told = [*map(str, row.values()), name, part, *one.symbols.values(), *one.errata, one.teaches]
    return {**row, "words": " ".join(told).lower()}
