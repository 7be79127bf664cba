"""Files and addresses of tables: found, fetched, and no larger than there is room for.

Every reader of this package comes through :func:`found`. A small file can unpack to all memory, and
a damaged one can end the process (:mod:`scalewidgets.runs.parquet`); both are refused here, before
Polars sees them.
"""

from __future__ import annotations

import glob
import gzip
import io
import os
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

import polars as pl

from . import parquet

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_WEB = re.compile(r"https?://", re.IGNORECASE)
_KINDS = {
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
    **dict.fromkeys((".csv", ".csv.gz"), "csv"),
    ".tsv": "tsv",
    **dict.fromkeys((".jsonl", ".ndjson"), "jsonl"),
    ".json": "json",
}
_MOST = 2**29  # bytes of packed text when unpacked, or of a file that is fetched
_MOST_PARQUET = 2**33
# Logs are read in batches: of them more is taken, unless it is packed as no measured numbers are.
_MOST_PACKED = 100
_PIECE = 2**16  # bytes: at worst 64 MB when unpacked
_TIMEOUT = 30  # seconds, for the connection and for each piece
_PACKED = {
    b"\x1f\x8b": "gzip",
    **dict.fromkeys((b"\x78\x01", b"\x78\x9c", b"\x78\xda"), "zlib"),
    **{b"\x28\xb5\x2f\xfd": "zstd", b"PK\x03\x04": "zip"},
}
_UNPACKED_HERE = ("csv", "tsv")
_LOGS = "Logs are read by read_final_losses and read_curves"
# what Polars asks for where the environment does not say it
_ACCESS = {
    **dict.fromkeys(("s3", "s3a"), ("aws_region", "aws_access_key_id", "aws_secret_access_key")),
    **dict.fromkeys(("gs", "gcs"), ("google_service_account",)),
    **dict.fromkeys(
        ("az", "azure", "abfs", "abfss", "adl"),
        ("azure_storage_account_name", "azure_storage_account_key"),
    ),
}
_TOLD = 500  # characters of a name, or of what Polars says: it quotes whole files


class RunsError(ValueError):
    """A table that cannot be used as training runs; the message says what to do about it."""


@dataclass(frozen=True)
class File:
    """One file of a table.

    Attributes
    ----------
    name : str
        As people know it.
    kind : str
        ``parquet``, ``csv``, ``tsv``, ``jsonl`` or ``json``; empty where it is of no known kind.
    content : str or bytes
        What to read: a path, an address that Polars opens, or what was fetched.
    """

    name: str
    kind: str
    content: str | bytes

    @property
    def is_remote(self) -> bool:
        """Whether Polars opens it over a network."""
        return isinstance(self.content, str) and is_address(self.content)

    def opened(self) -> BinaryIO:
        """The bytes as they are, of a file that is not remote."""
        content = self.content
        return io.BytesIO(content) if isinstance(content, bytes) else open(content, "rb")


def is_address(name: str) -> bool:
    return _URL.match(name) is not None


def kind_of(name: str) -> str:
    """Of what kind a file of this name is; empty where that is not known."""
    lowered = (re.split("[?#]", name)[0] if _WEB.match(name) else name).lower()
    return next((kind for end, kind in _KINDS.items() if lowered.endswith(end)), "")


def found(name: str, storage_options: Mapping[str, Any] | None, batches: bool) -> list[File]:
    """The files of a path, a pattern or an address, none of them larger than can be read.

    What is on the web is fetched as a whole, unless there are ``storage_options``. That, and what
    is in a bucket, is left to Polars as it is: it is read with a person's own keys.

    Parameters
    ----------
    name, storage_options : as for :func:`read_runs`
    batches : bool
        Whether they are read in batches, not as a whole.

    Raises
    ------
    RunsError
        When there is no such file, or it is damaged or too large.
    OSError
        When it cannot be fetched.
    """
    if not is_address(name):
        files = [File(path, kind_of(path), path) for path in _paths(name)]
    elif _WEB.match(name) and kind_of(name) and not storage_options:
        files = [File(name, kind_of(name), _fetched(name))]
    else:
        files = [File(name, kind_of(name), name)]
    for file in files:
        if file.kind and not file.is_remote:
            with reading(file.name):
                _check_size(file, batches)
    return files


@contextmanager
def reading(source: object) -> Iterator[None]:
    """What goes wrong inside, as a :class:`RunsError` that names the source."""
    try:
        yield
    except RunsError:
        raise
    except (
        *(pl.exceptions.PolarsError, ImportError, TypeError, OverflowError, ValueError),
        *(OSError, EOFError, RecursionError, MemoryError, zlib.error),
        pl.exceptions.PanicException,  # of a damaged Parquet file; no Exception to Python
    ) as error:
        said = shortened(str(error))
        if not isinstance(source, (str, os.PathLike)):
            raise RunsError(f"runs: the table cannot be read: {said}") from error
        name = os.fspath(source)
        advice = _access(name) if is_address(name) else ""
        if "TapeError" in str(error):
            advice = ". JSON has no NaN: write null for it, or Parquet"
        raise RunsError(f"runs: {shortened(name)} cannot be read: {said}{advice}") from error


def _access(url: str) -> str:
    """What to check when a URL cannot be read."""
    keys = _ACCESS.get(url.partition("://")[0].lower())
    if keys is None:
        return ". Check the address, and that it may be read from here without a password"
    options = ", ".join(f'"{key}": ...' for key in keys)
    region = ", the region" if "aws_region" in keys else ""
    return (
        f". Check the address{region} and the credentials, which are taken from the environment "
        f"or from storage_options={{{options}}}"
    )


def shortened(text: str) -> str:
    """The text as far as a message has room for it."""
    return text if len(text) <= _TOLD else f"{text[:_TOLD]} ..."


def _paths(pattern: str) -> list[str]:
    pattern = os.path.expanduser(pattern)
    if os.path.isdir(pattern):
        raise RunsError(f"runs: {pattern} is a directory; give a pattern such as {pattern}/*.csv")
    paths = [pattern] if os.path.exists(pattern) else sorted(glob.glob(pattern, recursive=True))
    if not paths:
        raise RunsError(f"runs: there is no file {shortened(pattern)} (seen from {os.getcwd()})")
    return paths


def _fetched(address: str) -> bytes:
    import requests  # 0.1 s of import that only a fetch needs

    asked = {"Accept-Encoding": "identity"}
    with requests.get(address, stream=True, timeout=_TIMEOUT, headers=asked) as response:
        response.raise_for_status()
        content = _joined(response.iter_content(_PIECE))
    if content is None:
        raise RunsError(
            f"runs: {shortened(address)} holds over {_MOST >> 20} MB, too much to fetch. "
            "Download it, and give its path"
        )
    return content


def _joined(pieces: Iterable[bytes]) -> bytes | None:
    """The pieces together, None as soon as they are too many."""
    whole = bytearray()
    for piece in pieces:
        whole += piece
        if len(whole) > _MOST:
            return None
    return bytes(whole)


# --- what a file unpacks to -------------------------------------------------------------------


def _check_size(file: File, batches: bool) -> None:
    if file.kind != "parquet":
        _check_packed(file, batches)
    elif parquet.unpacked_size(file.content) > _MOST_PARQUET and not batches:
        raise RunsError(
            f"runs: {shortened(file.name)} unpacks to over {_MOST_PARQUET >> 20:,} MB, too much "
            f"for a table with a row a run. {_LOGS}"
        )


def _check_packed(file: File, batches: bool) -> None:
    with file.opened() as plain:
        how = _how_packed(plain)
        if not how:
            return
        if how != "gzip" or file.kind not in _UNPACKED_HERE:
            raise RunsError(
                f"runs: {shortened(file.name)} is packed by {how}; of packed files csv by gzip is "
                "read. Unpack it"
            )
        most = max(_MOST, _MOST_PACKED * plain.seek(0, os.SEEK_END)) if batches else _MOST
        plain.seek(0)
        unpacked = 0
        with gzip.GzipFile(fileobj=plain) as pieces:
            while piece := pieces.read(_PIECE):
                unpacked += len(piece)
                if unpacked > most:
                    raise RunsError(
                        f"runs: {shortened(file.name)} unpacks to over {most >> 20:,} MB, too much "
                        + ("to be logs" if batches else f"for a table with a row a run. {_LOGS}")
                        + ". Plain text is taken at any size: unpack it if you trust it"
                    )


def _how_packed(plain: BinaryIO) -> str:
    start = plain.read(4)
    plain.seek(0)
    return next((how for magic, how in _PACKED.items() if start.startswith(magic)), "")
