"""Data sets: pinned, checked, cached, and had without a network where a directory is given."""

from __future__ import annotations

import hashlib
import http.server
import importlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from scalewidgets.runs import DatasetError, datasets, load_runs, read_runs

# the package's attribute of this name is the function
module = importlib.import_module("scalewidgets.runs.datasets")

CONTENT = b"Model Size,FLOP,loss,note\n" + b"".join(
    b"%de8,6e19,%.2f,n%d\n" % (i + 1, 3.0 - 0.1 * i, i) for i in range(8)
)
PATH = "data/toy runs.csv"
RECORD = {
    "title": "Toy runs",
    "citation": "Nobody 2024",
    "licence": "CC0",
    "rows": 6,
    "notes": ["One.", "Two."],
    "file": {
        "repository": "https://github.com/someone/toy",
        "commit": "c0ffee" * 6 + "abcd",
        "path": PATH,
        "bytes": len(CONTENT),
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
    },
    "columns": {"N": "Model Size", "C": "FLOP", "loss": "loss"},
    "selection": {"highest_losses_left_out": 2},
}


@dataclass
class Server:
    """What the server answers, and what it was asked."""

    url: str = ""
    content: bytes = CONTENT
    declared: int | None = None
    status: int = 200
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    answers = Server()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answers.asked.append(self.path)
            self.send_response(answers.status)
            declared = len(answers.content) if answers.declared is None else answers.declared
            self.send_header("Content-Length", str(declared))
            self.end_headers()
            self.wfile.write(answers.content)

        def log_message(self, *args: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        answers.url = f"http://127.0.0.1:{running.server_address[1]}/toy.csv"
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.setenv(name, "127.0.0.1")
        monkeypatch.setattr(module._Remote, "url", property(lambda self: answers.url))
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
    assert cached_files(toy) == [f"{RECORD['file']['sha256'][:12]}-toy runs.csv"]  # type: ignore[index]
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
    with pytest.raises(DatasetError, match=f"toy runs.csv.*{RECORD['file']['sha256']}.*{got}"):  # type: ignore[index]
        load_runs("toy")
    assert cached_files(toy) == []


def test_a_server_that_sends_too_much_is_left(server: Server, toy: Path) -> None:
    server.content = CONTENT + b"x" * 100_000
    with pytest.raises(DatasetError, match=f"sends more than the {len(CONTENT)} bytes"):
        load_runs("toy")
    assert cached_files(toy) == []


def test_a_truncated_answer(server: Server, toy: Path) -> None:
    server.content, server.declared = CONTENT[:50], len(CONTENT)
    with pytest.raises(DatasetError, match=r"could not be downloaded from http://127"):
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
    assert_frame_equal(runs, read_runs(file, columns=RECORD["columns"])[2:])  # type: ignore[arg-type]
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
    with pytest.raises(DatasetError, match=f"{RECORD['file']['sha256']}.*toy runs.csv has {got}"):  # type: ignore[index]
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


# --- the sets that are there ----------------------------------------------------------------


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch, toy: Path) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("SCALEWIDGETS_CACHE", str(toy))
    monkeypatch.delenv("SCALEWIDGETS_DATA", raising=False)


def test_the_url_is_pinned_to_a_commit() -> None:
    remote = module._Remote(**RECORD["file"])
    assert remote.url == (
        f"https://raw.githubusercontent.com/someone/toy/{remote.commit}/data/toy%20runs.csv"
    )


@pytest.mark.usefixtures("real")
def test_the_table_of_data_sets() -> None:
    table = datasets()
    assert table["name"].to_list() == ["chinchilla", "simulated"]
    assert table.filter(name="simulated")["available"].item()
    assert not table.filter(name="chinchilla")["available"].item()
    assert table.null_count().sum_horizontal().item() == 0


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


@pytest.mark.usefixtures("real")
def test_chinchilla_is_the_published_selection(shared: Path) -> None:
    runs = load_runs("chinchilla", directory=shared / "data")
    whole = load_runs("chinchilla", directory=shared / "data", selection="all")
    assert runs.height == datasets().filter(name="chinchilla")["rows"].item() == 240
    assert whole.height == 245
    # the five left out are the ones trained on least data for their size (Besiroglu et al. 2024)
    left_out = whole.filter("outlier")
    assert left_out["run"].to_list() == [0, 1, 2, 3, 4]
    assert (left_out["D"] / left_out["N"]).max() < 0.41
    assert runs["loss"].max() < left_out["loss"].min()
    # the same runs as the tidied table that lies beside the original
    tidy = read_runs(shared / "data" / "epoch_chinchilla.csv")
    assert_frame_equal(whole.select("run", "N", "D", "C", "loss"), tidy[:, :5])
    assert whole["outlier"].to_list() == tidy["epoch_outlier"].to_list()


def test_importing_is_light() -> None:
    code = (
        "import sys, scalewidgets.runs; "
        "print(*{'pooch', 'requests', 'pandas', 'pyarrow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
