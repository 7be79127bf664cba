"""Files of known content: a pinned download, a cache, a directory in place of the network."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

_TIMEOUT = 30  # seconds, for the connection and for each piece


class DatasetError(RuntimeError):
    """A data set that is not known, or cannot be had here; the message says what was tried."""


@dataclass(frozen=True)
class Original:
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
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    def places(self, directory: Path) -> list[Path]:
        """Where the file may lie in a directory: by itself, among raw files, or in a clone."""
        slug = self.repository.removeprefix("https://github.com/").replace("/", "__")
        places = [
            directory / self.name,
            directory / "raw" / slug / self.path,
            directory / self.path,
        ]
        return list(dict.fromkeys(places))


@dataclass(frozen=True)
class TidiedCopy:
    """A table made by hand from a source that is no table; no public address has it."""

    name: str
    bytes: int
    sha256: str
    source: str
    form: str  # what the source is instead

    def places(self, directory: Path) -> list[Path]:
        return [directory / self.name]


File = Original | TidiedCopy


def fetch(name: str, file: File, directory: str | os.PathLike[str] | None) -> Path:
    """Where the file lies, downloaded if need be; its content is the pinned one.

    Parameters
    ----------
    name : str
        The data set, for messages.
    file : Original or TidiedCopy
    directory : path, optional
        As for :func:`scalewidgets.load_runs`.

    Raises
    ------
    DatasetError
        When the file is not in the directory, the download fails, the content is not the pinned
        one, or there is no directory and the file cannot be downloaded.
    """
    chosen = directory or os.environ.get("SCALEWIDGETS_DATA")
    if chosen:
        try:
            return _find(name, file, Path(chosen).expanduser())
        except (OSError, ValueError, RuntimeError) as error:
            if isinstance(error, DatasetError):
                raise
            raise DatasetError(f"datasets: directory {chosen} cannot be read: {error}") from None
    if isinstance(file, Original):
        return _download(name, file)
    raise DatasetError(
        f"datasets: {name} cannot be downloaded: at its source, {file.source}, it is {file.form}. "
        f"{_wanted(file)} into a directory and set SCALEWIDGETS_DATA to it"
    )


def is_here(file: File) -> bool:
    """Whether the file can be had without a network."""
    directory = os.environ.get("SCALEWIDGETS_DATA")
    if directory:
        places = file.places(Path(directory).expanduser())
    else:
        places = [_cached(file)] if isinstance(file, Original) else []
    return any(_holds(place, file) for place in places)


def _find(name: str, file: File, directory: Path) -> Path:
    """The file in a directory, which stands for the network: nothing is downloaded."""
    places = file.places(directory)
    for place in places:
        if _holds(place, file):
            return place
    found = [place for place in places if place.is_file()]
    if found:
        got = "; ".join(f"{place} has {_sha256(place)}" for place in found)
        raise DatasetError(
            f"datasets: {name} must have the SHA-256 {file.sha256}, but {got}. {_wanted(file)} "
            "in its place"
        )
    looked = ", ".join(str(place) for place in places)
    raise DatasetError(
        f"datasets: {name} is not in {directory}; looked for {looked}. While a directory is given "
        f"(directory= or SCALEWIDGETS_DATA) the network is not asked. {_wanted(file)} there"
        + (", or unset it to download" if isinstance(file, Original) else "")
    )


def _wanted(file: File) -> str:
    if isinstance(file, Original):
        return f"Put {file.url}"
    return f"Put a tidied copy, {file.name} with the SHA-256 {file.sha256},"


def _download(name: str, file: Original) -> Path:
    """The file in the cache, downloaded when it is not there; written only once it is checked."""
    import pooch  # 0.12 s of import that only a download needs

    cached = _cached(file)
    try:
        pooch.retrieve(
            file.url,
            known_hash=f"sha256:{file.sha256}",
            fname=cached.name,
            path=cached.parent,
            downloader=lambda url, path, _: _download_resumed(url, path, cached, file.bytes),
        )
    except (OSError, ValueError) as error:
        raise DatasetError(
            f"datasets: {name} could not be downloaded from {file.url} into {cached.parent}: "
            f"{error}\nWithout a network, put the file into a directory and set SCALEWIDGETS_DATA "
            'to it; load_runs("simulated") needs neither. SCALEWIDGETS_CACHE moves the cache'
        ) from error
    return cached


def _download_resumed(url: str, path: str, cached: Path, limit: int) -> None:
    """Write what a URL gives to a path, from where an earlier try broke off.

    A server that sends more than ``limit`` bytes is left. What a broken connection or an interrupt
    leaves is kept beside the cached file; only the whole is checked, by the caller. One process
    takes it up: another one that comes meanwhile starts anew.
    """
    import pooch

    part = cached.with_name(f"{cached.name}.part")
    with suppress(FileNotFoundError):
        part.replace(path)
    with open(path, "ab") as opened:
        growing = _Growing(opened, limit)
        # Not compressed: a range counts the bytes that are sent.
        asked = {"Accept-Encoding": "identity"}
        if growing.size:
            asked["Range"] = f"bytes={growing.size}-"
        answered = {"response": growing.begin}
        download = pooch.HTTPDownloader(timeout=_TIMEOUT, headers=asked, hooks=answered)
        try:
            download(url, growing, None)
        except BaseException as error:
            if growing.size and not isinstance(error, ValueError):
                os.replace(path, part)
            raise


class _Growing:
    """A partial file that takes so many bytes in all and no more."""

    def __init__(self, file: BinaryIO, limit: int) -> None:
        self._file, self._limit = file, limit

    @property
    def size(self) -> int:
        return self._file.seek(0, os.SEEK_END)

    def begin(self, response: Any, **_: Any) -> None:
        """A server that sends the whole, or has no such rest, makes the file start again."""
        if response.status_code in (HTTPStatus.OK, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE):
            self._file.truncate(0)

    def write(self, piece: bytes) -> None:
        if self.size + len(piece) > self._limit:
            raise ValueError(f"the server sends more than the {self._limit} bytes of the file")
        self._file.write(piece)

    def flush(self) -> None:
        self._file.flush()


def _cached(file: Original) -> Path:
    """Where the file is cached; another pinned content has another name."""
    folder = os.environ.get("SCALEWIDGETS_CACHE")
    if not folder:
        import pooch

        folder = str(pooch.os_cache("scalewidgets"))
    return Path(folder).expanduser() / f"{file.sha256[:12]}-{file.name}"


def _holds(place: Path, file: File) -> bool:
    # the size first: it tells most strangers apart without reading them
    return place.is_file() and place.stat().st_size == file.bytes and _sha256(place) == file.sha256


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
