"""Public data sets of training runs: a pinned download, a cache, an offline directory.

One TOML file a set in ``datasets/`` says where it comes from, with its commit and SHA-256, and how
to read it. Nothing of other people's data ships with the package; what ships is simulated.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, BinaryIO, Literal
from urllib.parse import quote

import polars as pl

from ..lawbook import closed_form
from .simulate import simulate_isoflop_data
from .table import read_runs

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_TIMEOUT = 30  # seconds, for the connection and for each piece


class DatasetError(RuntimeError):
    """A data set that is not known, or cannot be had here; the message says what was tried."""


@dataclass(frozen=True)
class _Remote:
    """A file in a public repository, pinned to a commit."""

    repository: str
    commit: str
    path: str
    bytes: int
    sha256: str

    @property
    def url(self) -> str:
        slug = self.repository.removeprefix("https://github.com/")
        return f"https://raw.githubusercontent.com/{slug}/{self.commit}/{quote(self.path)}"

    @property
    def file_name(self) -> str:
        return self.path.rpartition("/")[2]

    def places(self, directory: Path) -> list[Path]:
        """Where the file may lie in a directory: by itself, among raw files, or in a clone."""
        slug = self.repository.removeprefix("https://github.com/").replace("/", "__")
        places = [
            directory / self.file_name,
            directory / "raw" / slug / self.path,
            directory / self.path,
        ]
        return list(dict.fromkeys(places))


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
        tells those it left out. The same for a set of which nothing was left out.
    directory : path, optional
        Where to look for the file instead of asking the network; default is the environment
        variable ``SCALEWIDGETS_DATA``. The file may lie there by its name, as
        ``raw/OWNER__REPOSITORY/PATH``, or as in a clone of its repository.

    Returns
    -------
    polars.DataFrame
        ``run``, ``N`` (parameters), ``D`` (tokens), ``C`` (FLOPs), ``loss`` (nats per token), and
        the set's other columns. ``run`` counts rows of the original file in both selections.

    Raises
    ------
    DatasetError
        When the name is unknown, the file is not in the directory, the download fails, or the
        content is not the pinned one.

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
    runs = read_runs(_fetch(name, _Remote(**record["file"]), directory), columns=record["columns"])
    left_out = record.get("selection", {}).get("highest_losses_left_out", 0)
    outlier = pl.col("loss").rank("min", descending=True) <= left_out
    runs = runs.with_columns(outlier=outlier)
    return runs if selection == "all" else runs.filter(~pl.col("outlier")).drop("outlier")


def datasets() -> pl.DataFrame:
    """The data sets that :func:`load_runs` knows.

    Returns
    -------
    polars.DataFrame
        ``name``, ``title``, ``rows`` (of the published selection), ``licence``, ``source``,
        ``citation``, ``notes`` (what to know before fitting), and ``available``: whether it can be
        had without a network, from the directory ``SCALEWIDGETS_DATA``, the cache or the package.
    """
    return pl.DataFrame(
        [
            {
                "name": name,
                **{key: record[key] for key in ("title", "rows", "licence")},
                "source": record["file"]["repository"] if "file" in record else "scalewidgets",
                "citation": record["citation"],
                "notes": " ".join(record["notes"]),
                "available": "file" not in record or _is_here(_Remote(**record["file"])),
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


# --- where a file is had from ---------------------------------------------------------------


def _fetch(name: str, remote: _Remote, directory: str | os.PathLike[str] | None) -> Path:
    chosen = directory or os.environ.get("SCALEWIDGETS_DATA")
    return _find(name, remote, Path(chosen).expanduser()) if chosen else _download(name, remote)


def _find(name: str, remote: _Remote, directory: Path) -> Path:
    """The file in a directory, which stands for the network: nothing is downloaded."""
    places = remote.places(directory)
    found = [place for place in places if place.is_file()]
    for place in found:
        if _sha256(place) == remote.sha256:
            return place
    if found:
        got = "; ".join(f"{place} has {_sha256(place)}" for place in found)
        raise DatasetError(
            f"datasets: {name} must have the SHA-256 {remote.sha256}, but {got}. That is not the "
            f"file of commit {remote.commit[:10]}: take it from {remote.url}"
        )
    looked = ", ".join(str(place) for place in places)
    raise DatasetError(
        f"datasets: {name} is not in {directory}; looked for {looked}. While a directory is given "
        "(directory= or SCALEWIDGETS_DATA) the network is not asked: unset it to download, or put "
        f"{remote.url} there"
    )


def _download(name: str, remote: _Remote) -> Path:
    """The file in the cache, downloaded when it is not there; written only once it is checked."""
    import pooch  # 0.12 s of import that only a download needs

    cached = _cached(remote)
    try:
        pooch.retrieve(
            remote.url,
            known_hash=f"sha256:{remote.sha256}",
            fname=cached.name,
            path=cached.parent,
            downloader=lambda url, path, _: _download_bounded(url, path, remote.bytes),
        )
    except (OSError, ValueError) as error:
        raise DatasetError(
            f"datasets: {name} could not be downloaded from {remote.url} into {cached.parent}: "
            f"{error}\nWithout a network, put the file into a directory and set SCALEWIDGETS_DATA "
            'to it; load_runs("simulated") needs neither. SCALEWIDGETS_CACHE moves the cache'
        ) from error
    return cached


def _download_bounded(url: str, path: str, limit: int) -> None:
    """Write what a URL gives to a path; a server that sends more than ``limit`` bytes is left."""
    import pooch

    with open(path, "wb") as file:
        pooch.HTTPDownloader(timeout=_TIMEOUT)(url, _Bounded(file, limit), None)


class _Bounded:
    """A file that takes so many bytes and no more."""

    def __init__(self, file: BinaryIO, limit: int) -> None:
        self._file, self._limit, self._left = file, limit, limit

    def write(self, piece: bytes) -> None:
        self._left -= len(piece)
        if self._left < 0:
            raise ValueError(f"the server sends more than the {self._limit} bytes of the file")
        self._file.write(piece)

    def flush(self) -> None:
        self._file.flush()


def _cached(remote: _Remote) -> Path:
    """Where the file is cached; another pinned content has another name."""
    folder = os.environ.get("SCALEWIDGETS_CACHE")
    if not folder:
        import pooch

        folder = str(pooch.os_cache("scalewidgets"))
    return Path(folder).expanduser() / f"{remote.sha256[:12]}-{remote.file_name}"


def _is_here(remote: _Remote) -> bool:
    directory = os.environ.get("SCALEWIDGETS_DATA")
    places = remote.places(Path(directory).expanduser()) if directory else [_cached(remote)]
    return any(place.is_file() and _sha256(place) == remote.sha256 for place in places)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
