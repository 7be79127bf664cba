"""Data sets: pinned, checked, cached, and had without a network where a directory is given."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import importlib
import re
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from scalewidgets.runs import DatasetError, datasets, load_runs, pinned, read_runs
from scalewidgets.runs.datasets import load_curves
from scalewidgets.runs.pinned import Original

# the package's attribute of this name is the function
module = importlib.import_module("scalewidgets.runs.datasets")

CONTENT = b"Model Size,FLOP,loss,note\n" + b"".join(
    b"%de8,6e19,%.2f,n%d%s\n" % (i + 1, 3.0 - 0.1 * i, i, b"." * 1000) for i in range(8)
)
BROKEN_OFF, KEPT = 5000, 4096  # bytes: whole pieces of 1,024 are written
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PATH = "data/toy runs.csv"
RECORD = {
    "title": "Toy runs",
    "citation": "Nobody 2024",
    "licence": "CC0",
    "rows": 6,
    "notes": ["One.", "Two."],
    "source": {"repository": "https://github.com/someone/toy", "commit": "c0ffee" * 6 + "abcd"},
    "files": [{"path": PATH, "bytes": len(CONTENT), "sha256": SHA256}],
    "columns": {"N": '"Model Size"', "C": "FLOP", "loss": "loss", "note": "note"},
    "selection": {"published": "loss < 2.85"},
}


@dataclass
class Server:
    """What the server answers, and what it was asked."""

    url: str = ""
    content: bytes = CONTENT
    declared: int | None = None
    status: int = 200
    ranges: bool = True
    location: str = ""
    encoding: str = ""
    stall: threading.Event | None = None
    asked: list[str] = field(default_factory=list)
    accepts: list[str | None] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    answers = Server()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answers.asked.append(self.path)
            answers.accepts.append(self.headers.get("Accept-Encoding"))
            start, status = 0, answers.status
            if answers.ranges and (asked := self.headers.get("Range")):
                start = int(asked.removeprefix("bytes=").removesuffix("-"))
                status = 206 if start < len(answers.content) else 416
            moved = answers.location and self.path == "/toy.csv"
            self.send_response(302 if moved else status)
            if moved:
                self.send_header("Location", answers.location)
            if answers.encoding:
                self.send_header("Content-Encoding", answers.encoding)
            content = b"" if moved else answers.content[start:]
            whole = len(answers.content) if answers.declared is None else answers.declared
            self.send_header("Content-Length", str(0 if moved else max(whole - start, 0)))
            self.end_headers()
            answers.sent.append(len(content))
            self.wfile.write(content)
            if answers.stall is not None and not moved:
                self.wfile.flush()
                answers.stall.wait(30)

        def log_message(self, *args: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        answers.url = f"http://127.0.0.1:{running.server_address[1]}/toy.csv"
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.setenv(name, "127.0.0.1")
        monkeypatch.setattr(Original, "url", property(lambda self: answers.url))
        yield answers
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """One known data set, an empty cache, no directory; the cache's path."""
    monkeypatch.setattr(module, "_records", lambda: {"toy": RECORD})
    monkeypatch.setenv("SCALEWIDGETS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SCALEWIDGETS_DATA", raising=False)
    return tmp_path / "cache"


def cached_files(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.rglob("*")) if cache.exists() else []


# --- the network ----------------------------------------------------------------------------


def test_a_good_file_is_downloaded_once(server: Server, toy: Path) -> None:
    assert not datasets()["available"].item()
    runs = load_runs("toy")
    assert_frame_equal(load_runs("toy"), runs)
    assert server.asked == ["/toy.csv"]
    assert cached_files(toy) == [f"{SHA256[:12]}-toy runs.csv"]
    assert datasets()["available"].item()


def test_selections(server: Server) -> None:
    runs = load_runs("toy", selection="all")
    assert runs["run"].to_list() == list(range(8))
    assert runs["outlier"].to_list() == [True, True] + [False] * 6
    assert runs["D"][0] == 6e19 / (6 * 1e8)
    published = load_runs("toy")
    assert_frame_equal(published, runs.filter(~pl.col("outlier")).drop("outlier"))
    assert published["run"].to_list() == [2, 3, 4, 5, 6, 7]
    with pytest.raises(DatasetError, match='must be "published" or "all"'):
        load_runs("toy", selection="some")  # type: ignore[call-overload]


def test_wrong_content_names_both_hashes_and_leaves_nothing(server: Server, toy: Path) -> None:
    server.content = CONTENT.replace(b"n7", b"n8")
    got = hashlib.sha256(server.content).hexdigest()
    with pytest.raises(DatasetError, match=f"toy runs.csv.*{SHA256}.*{got}"):
        load_runs("toy")
    assert cached_files(toy) == []


def test_a_server_that_sends_too_much_is_left(server: Server, toy: Path) -> None:
    server.content = CONTENT + b"x" * 100_000
    with pytest.raises(DatasetError, match=f"sends more than the {len(CONTENT)} bytes"):
        load_runs("toy")
    assert cached_files(toy) == []


def test_what_unpacks_to_too_much_is_left_early(server: Server, toy: Path) -> None:
    """No packing is asked for, and a server that packs all the same is left at the file's size."""
    bomb = gzip.compress(b"x" * 60_000_000)
    server.content, server.encoding, server.ranges = bomb, "gzip", False
    tracemalloc.start()
    with pytest.raises(DatasetError, match=f"sends more than the {len(CONTENT)} bytes"):
        load_runs("toy")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10_000_000
    assert server.accepts == ["identity"]
    assert cached_files(toy) == []


@pytest.mark.parametrize("declared", [0, 10, len(CONTENT) - 1, 10**12])
def test_a_length_that_is_not_true(server: Server, toy: Path, declared: int) -> None:
    server.declared = declared
    with pytest.raises(DatasetError, match=r"could not be downloaded from http://127"):
        load_runs("toy")
    assert not [name for name in cached_files(toy) if not name.endswith(".part")]
    server.declared = None
    assert len(load_runs("toy")) == 6


def test_many_at_once_each_get_the_whole(server: Server, toy: Path) -> None:
    """The cached name is there when the file is whole, whoever brings it first."""
    with ThreadPoolExecutor(6) as pool:
        heights = list(pool.map(lambda _: load_runs("toy").height, range(12)))
    assert heights == [6] * 12
    assert cached_files(toy) == [f"{SHA256[:12]}-toy runs.csv"]


@pytest.mark.parametrize("ranges", [True, False])
def test_a_truncated_answer_is_continued(server: Server, toy: Path, ranges: bool) -> None:
    server.content, server.declared, server.ranges = CONTENT[:BROKEN_OFF], len(CONTENT), ranges
    with pytest.raises(DatasetError, match=r"could not be downloaded from http://127"):
        load_runs("toy")
    assert cached_files(toy) == [f"{SHA256[:12]}-toy runs.csv.part"]
    assert not datasets()["available"].item()
    server.content, server.declared = CONTENT, None
    assert len(load_runs("toy")) == 6
    assert server.sent == [BROKEN_OFF, len(CONTENT) - (KEPT if ranges else 0)]
    assert cached_files(toy) == [f"{SHA256[:12]}-toy runs.csv"]


def test_a_wrong_beginning_is_found_out_and_not_kept(server: Server, toy: Path) -> None:
    server.content, server.declared = b"x" * BROKEN_OFF, len(CONTENT)
    with pytest.raises(DatasetError):
        load_runs("toy")
    server.content, server.declared = CONTENT, None
    with pytest.raises(DatasetError, match=SHA256):
        load_runs("toy")
    assert cached_files(toy) == []
    assert len(load_runs("toy")) == 6


def test_a_rest_that_is_not_there_starts_again(server: Server, toy: Path) -> None:
    toy.mkdir()
    (toy / f"{SHA256[:12]}-toy runs.csv.part").write_bytes(b"x" * len(CONTENT))
    with pytest.raises(DatasetError, match="416"):
        load_runs("toy")
    assert cached_files(toy) == []
    assert len(load_runs("toy")) == 6


def test_a_server_that_stalls_is_left_and_continued(
    server: Server, toy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pinned, "_TIMEOUT", 0.2)
    server.content, server.declared = CONTENT[:BROKEN_OFF], len(CONTENT)
    server.stall = threading.Event()
    with pytest.raises(DatasetError, match="timed out"):
        load_runs("toy")
    server.stall.set()
    server.content, server.declared, server.stall = CONTENT, None, None
    assert len(load_runs("toy")) == 6
    assert server.sent == [BROKEN_OFF, len(CONTENT) - KEPT]


def test_a_server_that_is_down_for_a_while_costs_nothing(server: Server, toy: Path) -> None:
    server.content, server.declared = CONTENT[:BROKEN_OFF], len(CONTENT)
    with pytest.raises(DatasetError):
        load_runs("toy")
    server.content, server.declared, server.status, server.ranges = b"", None, 503, False
    with pytest.raises(DatasetError, match="503"):
        load_runs("toy")
    server.content, server.status, server.ranges = CONTENT, 200, True
    assert len(load_runs("toy")) == 6
    assert server.sent[-1] == len(CONTENT) - KEPT


def test_a_redirect_is_followed(server: Server) -> None:
    server.location = "/moved.csv"
    assert len(load_runs("toy")) == 6
    assert server.asked == ["/toy.csv", "/moved.csv"]


@pytest.mark.parametrize("location", ["/toy.csv", "file:///etc/passwd", "ftp://127.0.0.1/toy.csv"])
def test_a_redirect_to_nowhere_is_told(server: Server, toy: Path, location: str) -> None:
    server.location = location
    with pytest.raises(DatasetError, match="could not be downloaded"):
        load_runs("toy")
    assert cached_files(toy) == []


def test_a_missing_file_says_what_to_do(server: Server, toy: Path) -> None:
    server.status = 404
    with pytest.raises(
        DatasetError, match=r"404(.|\n)*SCALEWIDGETS_DATA.*load_runs\(\"simulated\"\)"
    ):
        load_runs("toy")
    assert cached_files(toy) == []


def test_no_server_at_all(server: Server, toy: Path) -> None:
    server.url = "http://127.0.0.1:9/toy.csv"  # the discard port: nobody listens
    with pytest.raises(
        DatasetError, match=r"toy could not be downloaded from http://127\.0\.0\.1:9"
    ):
        load_runs("toy")
    assert cached_files(toy) == []


def test_a_damaged_cache_is_repaired(server: Server, toy: Path) -> None:
    runs = load_runs("toy")
    file = next(toy.iterdir())
    file.write_bytes(b"damaged")
    assert not datasets()["available"].item()
    assert_frame_equal(load_runs("toy"), runs)
    assert file.read_bytes() == CONTENT


def test_a_cache_that_cannot_be_written(server: Server, toy: Path) -> None:
    toy.write_text("a file where the directory should be")
    with pytest.raises(DatasetError, match="SCALEWIDGETS_CACHE moves the cache"):
        load_runs("toy")


# --- a directory in place of the network ----------------------------------------------------


@pytest.mark.parametrize("place", ["toy runs.csv", f"raw/someone__toy/{PATH}", PATH])
@pytest.mark.parametrize("by", ["argument", "environment"])
def test_a_directory_is_read_and_the_network_left_alone(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, by: str
) -> None:
    file = tmp_path / "given" / place
    file.parent.mkdir(parents=True)
    file.write_bytes(CONTENT)
    if by == "environment":
        monkeypatch.setenv("SCALEWIDGETS_DATA", str(tmp_path / "given"))
        assert datasets()["available"].item()
        runs = load_runs("toy")
    else:
        runs = load_runs("toy", directory=tmp_path / "given")
    columns = {"N": "Model Size", "C": "FLOP", "loss": "loss"}
    assert_frame_equal(runs, read_runs(file, columns=columns)[2:])
    assert server.asked == []


def test_a_file_of_the_same_name_does_not_hide_the_right_one(tmp_path: Path) -> None:
    (tmp_path / "toy runs.csv").write_bytes(b"another table")
    (tmp_path / "data").mkdir()
    (tmp_path / PATH).write_bytes(CONTENT)
    assert load_runs("toy", directory=tmp_path).height == 6


def test_the_hash_is_checked_in_a_directory_too(server: Server, tmp_path: Path) -> None:
    wrong = CONTENT.replace(b"n7", b"n8")
    (tmp_path / "toy runs.csv").write_bytes(wrong)
    got = hashlib.sha256(wrong).hexdigest()
    with pytest.raises(DatasetError, match=f"{SHA256}.*toy runs.csv has {got}"):
        load_runs("toy", directory=tmp_path)
    assert server.asked == []


def test_an_absent_file_names_the_places(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCALEWIDGETS_DATA", str(tmp_path))
    with pytest.raises(DatasetError) as refusal:
        load_runs("toy")
    for place in ("toy runs.csv", f"raw/someone__toy/{PATH}", PATH):
        assert str(tmp_path / place) in str(refusal.value)
    assert server.asked == []
    assert not datasets()["available"].item()


# --- several files, curves, other quantities, copies ----------------------------------------


def known(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    monkeypatch.setattr(module, "_records", lambda: {"toy": RECORD | changes})


def placed(folder: Path, path: str, content: bytes, **told: Any) -> dict[str, Any]:
    """A file in a clone of its repository; what a record says of it."""
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    return {"path": path, "bytes": len(content), "sha256": sha256, "told": told}


def curve(*losses: float) -> bytes:
    rows = [f"{10 - i}e9,{loss}\n".encode() for i, loss in enumerate(losses)]  # last comes first
    return b"tokens,loss\n" + b"".join(rows)


@pytest.fixture
def curves(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Two curves in files of one name: of three checkpoints, and of two, the last logged twice."""
    files = [
        placed(tmp_path, "1/log.csv", curve(2.0, 2.5, 3.0), name="a", N=1e8),
        placed(tmp_path, "2/log.csv", curve(1.5, 2.0) + b"10e9,1.7\n", name="b", N=2e8),
    ]
    columns = {"name": "name", "N": "N", "D": "tokens", "loss": "loss"}
    known(monkeypatch, files=files, columns=columns, curves={}, selection={})
    return tmp_path


def test_a_set_of_curves_gives_its_final_runs(curves: Path) -> None:
    runs = load_runs("toy", directory=curves)
    assert runs.select("run", "name", "N", "D", "loss").rows() == [
        (0, "a", 1e8, 1e10, 2.0),
        (1, "b", 2e8, 1e10, 1.5),
    ]


def test_and_its_checkpoints_from_first_to_last(curves: Path) -> None:
    found = load_curves("toy", directory=curves)
    assert found.columns == ["run", "N", "D", "C", "loss"]
    assert found["run"].to_list() == ["a"] * 3 + ["b"] * 3
    assert found["D"].to_list() == [8e9, 9e9, 1e10, 9e9, 1e10, 1e10]
    assert found["loss"].to_list() == [3.0, 2.5, 2.0, 2.0, 1.5, 1.7]
    assert found["C"][0] == 6 * 1e8 * 8e9


def test_checkpoints_that_count_as_runs(curves: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = module._records()["toy"]
    known(monkeypatch, **record | {"curves": {"each": True, "where": "name = 'b'"}})
    assert load_runs("toy", directory=curves).height == 6
    assert load_curves("toy", directory=curves)["run"].to_list() == ["b"] * 3


def test_every_file_is_needed(curves: Path) -> None:
    (curves / "2/log.csv").unlink()
    with pytest.raises(DatasetError, match=re.escape(str(curves / "2/log.csv"))):
        load_runs("toy", directory=curves)


def test_a_set_without_curves_names_those_that_have_them(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"toy has no training curves; these have: $"):
        load_curves("toy", directory=tmp_path)


def test_a_law_of_other_quantities(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = placed(tmp_path, "t.csv", b"k,note,hits\n1,x,-0.5\n10,y,-0.75\n")
    columns = {"note": "note", "k": "k", "gain": "hits"}
    other = {"variables": ["k"], "output": "gain"}
    known(monkeypatch, files=[file], columns=columns, observations=other, selection={})
    runs = load_runs("toy", directory=tmp_path)
    assert runs.columns == ["run", "k", "loss", "note"]
    assert runs.rows() == [(0, 1.0, -0.5, "x"), (1, 10.0, -0.75, "y")]


def test_a_tidied_copy_is_never_sought_in_the_network(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = RECORD["source"] | {"path": "fit.py", "form": "lists in Python code"}  # type: ignore[operator]
    copy = {"name": "toy.csv", "bytes": len(CONTENT), "sha256": SHA256}
    toy = {key: RECORD[key] for key in RECORD if key != "files"} | {"source": source}
    monkeypatch.setattr(module, "_records", lambda: {"toy": toy | {"tidied": copy}})
    with pytest.raises(DatasetError, match=r"fit\.py, it is lists in Python code\. Put a tidied"):
        load_runs("toy")
    with pytest.raises(DatasetError, match=rf"is not in .*toy\.csv with the SHA-256 {SHA256}"):
        load_runs("toy", directory=tmp_path)
    assert not datasets()["downloads"].item()
    assert not datasets()["available"].item()
    (tmp_path / "toy.csv").write_bytes(CONTENT)
    monkeypatch.setenv("SCALEWIDGETS_DATA", str(tmp_path))
    assert datasets()["available"].item()
    assert load_runs("toy").height == 6
    assert server.asked == []


# --- the sets that are there ----------------------------------------------------------------


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch, toy: Path) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("SCALEWIDGETS_CACHE", str(toy))
    monkeypatch.delenv("SCALEWIDGETS_DATA", raising=False)


def test_the_url_is_pinned_to_a_commit() -> None:
    (file,) = module._files(RECORD)
    assert file.url == (
        f"https://raw.githubusercontent.com/someone/toy/{'c0ffee' * 6}abcd/data/toy%20runs.csv"
    )


@pytest.mark.usefixtures("real")
def test_the_table_of_data_sets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    table = datasets()
    assert {"chinchilla", "gemstones", "llama3", "simulated", "step_law"} < set(table["name"])
    assert table.filter("available")["name"].to_list() == ["simulated"]
    assert table.null_count().sum_horizontal().item() == 0
    monkeypatch.setenv("SCALEWIDGETS_DATA", str(tmp_path))
    assert datasets().filter("available")["name"].to_list() == ["simulated"]


@pytest.mark.usefixtures("real")
def test_every_source_is_pinned() -> None:
    for name, record in module._records().items():
        if name == "simulated":
            continue
        assert re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", record["source"]["repository"])
        assert re.fullmatch(r"[0-9a-f]{40}", record["source"]["commit"]), name
        for file in module._files(record):
            assert re.fullmatch(r"[0-9a-f]{64}", file.sha256), name
            assert file.bytes > 0


@pytest.mark.usefixtures("real")
def test_an_unknown_name_is_refused_with_a_hint() -> None:
    with pytest.raises(DatasetError, match=r"'chinchila'; there are .*did you mean 'chinchilla'\?"):
        load_runs("chinchila")


@pytest.mark.usefixtures("real")
def test_simulated_runs_need_no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SCALEWIDGETS_DATA", str(tmp_path))
    runs = load_runs("simulated")
    assert runs.height == datasets().filter(name="simulated")["rows"].item()
    assert runs["budget"].n_unique() == 9
    assert_frame_equal(runs, load_runs("simulated"))
    assert_frame_equal(read_runs(runs), runs)


def test_importing_is_light() -> None:
    code = (
        "import sys, scalewidgets.runs; "
        "print(*{'pooch', 'requests', 'pandas', 'pyarrow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
