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

from .law import ConstantSet, Law, LawError, spelling_hint

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
        close = [f for f in _files() if name and f.startswith(name)]
        close = close or get_close_matches(name, _files(), n=2, cutoff=0.7)
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


@cache
def _law(paper_id: str, part: str) -> Law:
    about = paper(paper_id)
    if part not in about["laws"]:
        raise LawError(
            f"catalogue: {paper_id} has no law {part!r}; it has {', '.join(about['laws'])}"
            f"{spelling_hint(part, about['laws'])}"
        )
    entry = about["laws"][part]
    sets = {k: _constant_set(k, v) for k, v in entry.get("constants", {}).items()}
    first = next(iter(sets), None)
    return Law(
        equation=entry["equation"],
        constants=sets[first].values if first else entry["form_only"],
        id=paper_id if part == next(iter(about["laws"])) else f"{paper_id}.{part}",
        title=about["title"],
        family=entry.get("family", about["family"]),
        output=entry.get("output", "loss"),
        unit=entry.get("unit", "nats/token"),
        definitions=entry.get("definitions", {}),
        defaults=entry.get("defaults", {}),
        symbols=entry["symbols"],
        sets=sets,
        set_name=first or "form only",
        valid={k: (float(lo), float(hi)) for k, (lo, hi) in entry.get("valid", {}).items()},
        source=f"{about['authors']} ({about['year']}), arXiv:{about['arxiv']}",
        errata=tuple(about.get("errata", ())),
        teaches=about.get("teaches", ""),
    )


def law(id: str, constants: str | None = None) -> Law:
    """A published law by its name, such as ``"besiroglu2024"`` or ``"kaplan2020.L_N"``.

    Parameters
    ----------
    id : str
        Paper, or paper and part with a dot between.
    constants : str, optional
        Which published set of constants; the paper's main one where left out.

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
    found = _law(paper_id, part or next(iter(paper(paper_id)["laws"])))
    return found.with_constants(constants) if constants else found


def laws() -> pl.DataFrame:
    """The catalogue as a table: a row a law.

    Columns: id, title, year, family, output, equation, variables, constants, sets, source.
    """
    import polars as pl

    rows = []
    for name in sorted(_files()):
        for part in paper(name)["laws"]:
            one = _law(name, part)
            rows.append(
                {
                    "id": one.id,
                    "title": one.title,
                    "year": paper(name)["year"],
                    "family": one.family,
                    "output": one.output,
                    "equation": one.equation,
                    "variables": one.variables,
                    "constants": one.constant_names,
                    "sets": list(one.sets),
                    "source": one.source,
                }
            )
    return pl.DataFrame(rows)
