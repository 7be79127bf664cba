"""Tables and logs at URLs: an object store on this machine stands for the cloud's."""

from __future__ import annotations

import gzip
import io
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from scalewidgets.runs import RunsError, files, read_curves, read_final_losses, read_runs

TABLE = pl.DataFrame(
    {
        "run": ["a"] * 3 + ["b"] * 3,
        "params": [1e8] * 3 + [2e8] * 3,
        "tokens": [1e9, 2e9, 3e9] * 2,
        "val_loss": [4.0, 3.5, 3.2, 3.9, 3.4, 3.0],
    }
)


class Store(BaseHTTPRequestHandler):
    """What S3 answers: lists of a bucket's objects, and ranges of bytes of one."""

    protocol_version = "HTTP/1.1"
    objects: ClassVar[dict[str, bytes]] = {}
    sent: ClassVar[list[int]] = []

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        if "list-type" in query:
            self._list(query.get("prefix", [""])[0])
        elif (key := url.path.removeprefix("/bucket/")) in self.objects:
            self._send_range(self.objects[key])
        else:
            self._answer(404, b"")

    do_HEAD = do_GET

    def _list(self, prefix: str) -> None:
        entry = (
            "<Contents><Key>{}</Key><LastModified>2024-01-01T00:00:00.000Z</LastModified>"
            "<Size>{}</Size></Contents>"
        )
        found = {key: body for key, body in self.objects.items() if key.startswith(prefix)}
        entries = "".join(entry.format(key, len(body)) for key, body in sorted(found.items()))
        self._answer(200, f"<ListBucketResult>{entries}</ListBucketResult>".encode())

    def _send_range(self, body: bytes) -> None:
        asked = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        if asked is None:
            self._answer(200, body)
            return
        first, last = asked.groups()
        start = int(first) if first else max(0, len(body) - int(last))
        end = min(int(last) + 1, len(body)) if first and last else len(body)
        self._answer(206, body[start:end], f"bytes {start}-{end - 1}/{len(body)}")

    def _answer(self, status: int, body: bytes, content_range: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT")
        self.send_header("ETag", '"tag"')
        if content_range:
            self.send_header("Content-Range", content_range)
        self.end_headers()
        if self.command == "GET":
            self.sent.append(len(body))
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the tests' output is not the place."""


@pytest.fixture
def address() -> Iterator[str]:
    Store.objects.clear()
    Store.sent.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Store)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def access(address: str) -> dict[str, Any]:
    return {
        "aws_endpoint_url": address,
        "aws_allow_http": "true",
        "aws_region": "us-east-1",
        "aws_access_key_id": "key",
        "aws_secret_access_key": "secret",
        "max_retries": 0,
    }


def parquet(frame: pl.DataFrame) -> bytes:
    file = io.BytesIO()
    frame.write_parquet(file)
    return file.getvalue()


def put_halves() -> None:
    """Two objects of three rows each; only the second has a column more."""
    Store.objects["sweep/1.parquet"] = parquet(TABLE.head(3))
    Store.objects["sweep/2.parquet"] = parquet(TABLE.tail(3).with_columns(note=pl.lit("x")))
    Store.objects["other/3.parquet"] = b"not asked for"


def test_runs_in_a_bucket(access: dict[str, Any]) -> None:
    put_halves()
    found = read_runs("s3://bucket/sweep/*.parquet", storage_options=access)
    assert_frame_equal(found, read_runs(TABLE))
    one = read_runs("s3://bucket/sweep/2.parquet", storage_options=access)
    assert one["note"].to_list() == ["x"] * 3


def test_text_in_a_bucket(access: dict[str, Any]) -> None:
    Store.objects["t.csv"] = TABLE.write_csv().encode()
    Store.objects["t.tsv"] = TABLE.write_csv(separator="\t").encode()
    Store.objects["t.jsonl"] = TABLE.write_ndjson().encode()
    for kind in ("csv", "tsv", "jsonl"):
        found = read_runs(f"s3://bucket/t.{kind}", storage_options=access)
        assert_frame_equal(found, read_runs(TABLE))
        final = read_final_losses(f"s3://bucket/t.{kind}", storage_options=access)
        assert_frame_equal(final, read_final_losses(TABLE))


def test_runs_on_the_web(address: str) -> None:
    Store.objects["t.parquet"] = parquet(TABLE)
    assert_frame_equal(read_runs(f"{address}/bucket/t.parquet"), read_runs(TABLE))
    Store.objects["t.csv"] = TABLE.write_csv().encode()
    assert_frame_equal(read_runs(f"{address}/bucket/t.csv?raw=true"), read_runs(TABLE))


def test_what_is_on_the_web_is_fetched_once(address: str) -> None:
    Store.objects["t.csv"] = TABLE.write_csv().encode()
    final = read_final_losses(f"{address}/bucket/t.csv")
    assert_frame_equal(final, read_final_losses(TABLE))
    assert Store.sent == [len(Store.objects["t.csv"])]


def test_with_options_the_web_is_left_to_polars(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a token: they are not for those who fetch without."""
    Store.objects["t.csv"] = TABLE.write_csv().encode()
    monkeypatch.setattr(files, "_MOST", 10)
    with pytest.raises(RunsError, match=r"t\.csv holds over 0 MB, too much to fetch\. Down"):
        read_runs(f"{address}/bucket/t.csv")
    found = read_runs(f"{address}/bucket/t.csv", storage_options={"max_retries": 0})
    assert_frame_equal(found, read_runs(TABLE))


def test_packed_and_damaged_files_on_the_web(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Store.objects["t.csv.gz"] = gzip.compress(TABLE.write_csv().encode())
    Store.objects["bomb.csv"] = gzip.compress(b"run,N,D,loss\n" + b"a,1e9,1e10,3\n" * 200_000)
    Store.objects["bad.parquet"] = parquet(TABLE)[:-9] + b"\xff" + parquet(TABLE)[-8:]
    Store.objects["none.parquet"] = b""
    assert_frame_equal(read_runs(f"{address}/bucket/t.csv.gz"), read_runs(TABLE))
    monkeypatch.setattr(files, "_MOST", 2**20)
    for read in (read_runs, read_final_losses, read_curves):
        with pytest.raises(RunsError, match=r"bomb\.csv unpacks to over 1 MB, too much"):
            read(f"{address}/bucket/bomb.csv")
        for name in ("bad", "none"):
            with pytest.raises(RunsError, match=rf"{name}\.parquet cannot be read: "):
                read(f"{address}/bucket/{name}.parquet")


def test_logs_in_a_bucket(access: dict[str, Any]) -> None:
    put_halves()
    url = "s3://bucket/sweep/*.parquet"
    final = read_final_losses(url, storage_options=access)
    assert_frame_equal(final, read_final_losses(TABLE))
    curves = read_curves(url, points=10, storage_options=access)
    assert_frame_equal(curves, read_curves(TABLE, points=10))


def test_only_needed_columns_are_fetched(access: dict[str, Any]) -> None:
    rows = 400_000
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"D": np.arange(1.0, rows + 1) * 1e6}).with_columns(run=1, N=1e8, loss=3.0)
    # last in the file, because a narrow column between others would be fetched along with them
    wide = frame.with_columns(grad_norm=rng.random(rows), grad_noise=rng.random(rows))
    Store.objects["log.parquet"] = parquet(wide)
    read_curves("s3://bucket/log.parquet", storage_options=access)
    noise = 2 * 8 * rows  # random numbers do not compress
    assert sum(Store.sent) < len(Store.objects["log.parquet"]) - noise / 2


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            "s3://bucket/none.parquet",
            r"s3://bucket/none\.parquet cannot be read: .*not found.* Check the address, the "
            r"region and the credentials, .* or from storage_options=\{.aws_region.: \.\.\., ",
        ),
        ("s3://bucket/none/*.parquet", r"none/\*\.parquet cannot be read: .* Check the address"),
        (
            "s3://bucket/sweep/*.json",
            r"\*\.json is of no kind that is read from a URL; give \.parq",
        ),
        ("s3://bucket/sweep/", "is of no kind that is read from a URL"),
        ("what://bucket/1.parquet", r"what://bucket/1\.parquet cannot be read: "),
    ],
)
def test_urls_that_cannot_be_read(access: dict[str, Any], url: str, message: str) -> None:
    put_halves()
    for read in (read_runs, read_final_losses, read_curves):
        with pytest.raises(RunsError, match=f"(?s){message}"):
            read(url, storage_options=access)


def test_web_pages_that_are_not_there(address: str) -> None:
    with pytest.raises(RunsError, match=r"(?s)none\.csv cannot be read: .* without a password"):
        read_runs(f"{address}/bucket/none.csv")


def test_a_server_that_does_not_answer(access: dict[str, Any]) -> None:
    silent = {**access, "aws_endpoint_url": "http://127.0.0.1:9"}
    with pytest.raises(
        RunsError, match=r"(?s)x\.parquet cannot be read: .* the region and the cred"
    ):
        read_curves("s3://bucket/x.parquet", storage_options=silent)
