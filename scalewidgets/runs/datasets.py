"""Public data sets of training runs: a pinned download, a cache, an offline directory.

One TOML file a set in ``datasets/`` says where it comes from, with its commit and SHA-256, and how
to read it. Nothing of other people's data ships with the package; what ships is simulated.
"""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Literal

import polars as pl

from ..lawbook import closed_form
from ..lawbook.door import checked
from .naming import QUANTITIES
from .observations import read_observations
from .pinned import DatasetError, File, Original, TidiedCopy, fetch, is_here
from .simulate import simulate_isoflop_data
from .table import read_runs
from .tidy import tidy

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


__all__ = ["DatasetError", "datasets", "load_curves", "load_runs"]


@checked(DatasetError, "datasets")
def load_runs(
    name: str,
    *,
    selection: Literal["published", "all"] = "published",
    directory: str | os.PathLike[str] | None = None,
) -> pl.DataFrame:
    """A public data set of training runs, as :func:`scalewidgets.read_runs` gives it.

    It is downloaded once, at a pinned commit and checked by SHA-256, into the user's cache
    directory (``SCALEWIDGETS_CACHE`` names another). ``"simulated"`` needs no network.

    Parameters
    ----------
    name : str
        A name in :func:`datasets`.
    selection : {"published", "all"}
        The rows that the published analysis used, or all, with a Boolean column ``outlier`` that
        tells those it left out. Where nothing was left out the two are the same.
    directory : path, optional
        Where to look for the files instead of asking the network; default is the environment
        variable ``SCALEWIDGETS_DATA``. A file may lie there by its name, as
        ``raw/OWNER__REPOSITORY/PATH``, or as in a clone of its repository.

    Returns
    -------
    polars.DataFrame
        ``run``, ``N`` (parameters), ``D`` (tokens), ``C`` (FLOPs), ``loss`` (nats per token), and
        the set's other columns. ``run`` counts rows of the original in both selections. Of a set of
        training curves the last checkpoint of each training run, which the column ``name`` names
        (all checkpoints where the notes say that they were fitted). A set for a law of other
        quantities has these instead of N, D and C, and what was measured as ``loss``.

    Raises
    ------
    DatasetError
        When the name is unknown, a file is not in the directory, the download fails, the content
        is not the pinned one, or no public address has the table.

    Examples
    --------
    >>> load_runs("simulated").height
    135
    """
    record = _record(name)
    if selection not in ("published", "all"):
        raise DatasetError(f'datasets: selection is {selection!r}; it must be "published" or "all"')
    if "simulate" in record:
        recipe = record["simulate"]
        return simulate_isoflop_data(
            closed_form(recipe["law"]), **{k: recipe[k] for k in recipe if k != "law"}
        )
    rows = _rows(name, record, directory)
    is_final = "curves" in record and not record["curves"].get("each", False)
    runs = _judged(record, _final(rows) if is_final else rows)
    published = record.get("selection", {}).get("published")
    if published is None:
        return runs
    runs = runs.with_columns(outlier=~pl.sql_expr(published))
    return runs if selection == "all" else runs.filter(~pl.col("outlier")).drop("outlier")


@checked(DatasetError, "datasets")
def load_curves(name: str, *, directory: str | os.PathLike[str] | None = None) -> pl.DataFrame:
    """The training curves of a public data set: many checkpoints a run, for ``approach_1``.

    Parameters
    ----------
    name : str
        A name in :func:`datasets` for which ``curves`` is true.
    directory : path, optional
        As for :func:`load_runs`.

    Returns
    -------
    polars.DataFrame
        ``run`` (text or number: the training run's name, the same in all its rows), ``N``, ``D``
        and ``C`` so far, ``loss`` (nats per token), and the set's other columns, sorted by ``run``
        and tokens. Where the source gives no tokens, ``step`` stands for D and C.

    Raises
    ------
    DatasetError
        As :func:`load_runs`; also for a set without curves.

    Examples
    --------
    >>> curves = load_curves("gemstones")  # doctest: +SKIP
    """
    record = _record(name)
    if "curves" not in record:
        known = ", ".join(other for other, one in _records().items() if "curves" in one)
        raise DatasetError(f"datasets: {name} has no training curves; these have: {known}")
    table = _rows(name, record, directory)
    table = table.filter(pl.sql_expr(record["curves"].get("where", "true")))
    table = table.sort("name", _progress(table), maintain_order=True)
    curves = _judged(record, table).drop("run")
    return curves.select(pl.col("name").alias("run"), pl.exclude("name"))


def datasets() -> pl.DataFrame:
    """The data sets that :func:`load_runs` knows.

    Returns
    -------
    polars.DataFrame
        ``name``, ``title``, ``rows`` (of the published selection), ``curves`` (whether
        :func:`load_curves` has its checkpoints), ``licence``, ``source``, ``citation``, ``notes``
        (what to know before fitting), ``downloads`` (whether a public address has its files; of
        the others all but the simulated need a tidied copy in a directory), and ``available``:
        whether it can be had without a network, from the directory ``SCALEWIDGETS_DATA``, the
        cache or the package.
    """
    return pl.DataFrame(
        [
            {
                "name": name,
                **{key: record[key] for key in ("title", "rows")},
                "curves": "curves" in record,
                "licence": record["licence"],
                "source": record.get("source", {}).get("repository", "scalewidgets"),
                "citation": record["citation"],
                "notes": " ".join(record["notes"]),
                "downloads": "files" in record,
                "available": all(is_here(file) for file in _files(record)),
            }
            for name, record in _records().items()
        ]
    )


@cache
def _records() -> Mapping[str, Mapping[str, Any]]:
    folder = resources.files(__package__) / "datasets"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return {
        f.name.removesuffix(".toml"): tomllib.loads(f.read_text(encoding="utf-8")) for f in files
    }


def _record(name: str) -> Mapping[str, Any]:
    records = _records()
    if name not in records:
        close = difflib.get_close_matches(str(name), records, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise DatasetError(f"datasets: no {name!r}; there are {', '.join(records)}{hint}")
    return records[name]


def _files(record: Mapping[str, Any]) -> list[File]:
    """What a set is read from; nothing for a simulated one."""
    if "source" not in record:
        return []
    source = record["source"]
    repository, commit = source["repository"], source["commit"]
    if "tidied" in record:
        where = f"{repository}/tree/{commit}, {source['path']}"
        return [TidiedCopy(**record["tidied"], source=where, form=source["form"])]
    return [
        Original(repository, commit, one["path"], one["bytes"], one["sha256"])
        for one in record["files"]
    ]


def _rows(
    name: str, record: Mapping[str, Any], directory: str | os.PathLike[str] | None
) -> pl.DataFrame:
    """The rows as the record's expressions give them, under their names here."""
    told = [one.get("told", {}) for one in record.get("files", [{}])]
    places = [fetch(name, file, directory) for file in _files(record)]
    return tidy(
        list(zip(places, told, strict=True)),
        record["columns"],
        record.get("reader", {"kind": "table"}),
        record.get("selection", {}).get("where", "true"),
    )


def _final(curves: pl.DataFrame) -> pl.DataFrame:
    """The last checkpoint of each training run."""
    progress = pl.col(_progress(curves))
    last = curves.filter((progress == progress.max()).over("name"))
    return last.unique("name", keep="first", maintain_order=True)  # some are logged twice


def _progress(table: pl.DataFrame) -> str:
    """What grows along a training run."""
    return "D" if "D" in table.columns else "step"


def _judged(record: Mapping[str, Any], table: pl.DataFrame) -> pl.DataFrame:
    """The table through the door for runs, or for a law's other quantities."""
    other = record.get("observations")
    if other is None:
        return read_runs(table, columns={q: q for q in QUANTITIES if q in table.columns})
    found = read_observations(table, other["variables"], other["output"])
    measured = ["run", *other["variables"], "loss"]
    found = found.with_row_index("run").with_columns(pl.col("run").cast(pl.Int64))
    return found.select(*measured, pl.exclude(measured))
