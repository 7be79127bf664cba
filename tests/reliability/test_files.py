"""Hostile tables: each is read for what it is or refused in words, in bounded memory."""

import gzip
import random
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import scalewidgets as sw
from scalewidgets.runs import RunsError, files

GOOD = "run,N,D,loss\na,1e9,1e10,3.0\nb,2e9,2e10,2.8\n"
WIDE = [f"params{i}" for i in range(10_000)]
READERS: list[Callable[..., pl.DataFrame]] = [sw.read_runs, sw.read_final_losses, sw.read_curves]

HOSTILE: dict[str, tuple[str, bytes | str]] = {
    "zero bytes": ("a.csv", b"run,N,D,loss\n\0\0,1,2,\0\n"),
    "noise": ("a.csv", random.Random(0).randbytes(5000)),
    "UTF-16": ("a.csv", GOOD.encode("utf-16")),
    "nothing": ("a.csv", ""),
    "a header only": ("a.csv", "run,N,D,loss\n"),
    "too many fields": ("a.csv", GOOD + "1,2,3,4,5,6\n"),
    "an open quote": ("a.csv", GOOD + '"a,1,2,3\n' + "a,1,2,3\n" * 5000),
    "words for numbers": ("a.csv", GOOD + "a,1e9,1e10,three\n"),
    "two losses": ("a.csv", "run,N,D,loss,loss\na,1e9,1e10,3,4\n"),
    "two sizes": ("a.csv", "run,N,N,D,loss\na,1e9,2e9,1e10,3\n"),
    "infinities": ("a.csv", GOOD + "a,inf,1e10,3\na,1e9,-inf,3\na,1e9,1e10,1e999\n"),
    "a size of a million digits": ("a.csv", f"run,N,D,loss\na,{'9' * 10**6},1e10,3\n"),
    "a name of a million letters": ("a.csv", f"run,N,D,{'x' * 10**6}\na,1,2,3\n"),
    "10,000 columns without a loss": ("a.csv", ",".join(WIDE) + "\n" + "1," * 9999 + "1\n"),
    "gzip that breaks off": ("a.csv.gz", gzip.compress(GOOD.encode() * 999)[:90]),
    "gzip that is none": ("a.csv.gz", b"\x1f\x8b" + b"\xff" * 50),
    "text for Parquet": ("a.parquet", b"PAR1 hello PAR1"),
    "nothing for Parquet": ("a.parquet", b""),
    "JSON without an end": ("a.json", "[" * 200_000),
    "JSON of one number": ("a.json", "3"),
    "JSON of lists": ("a.jsonl", "[1]\n[2]\n"),
    "JSON of all kinds": (
        "a.json",
        '[{"N": 1, "D": [1]}, {"N": "x", "D": {"a": 1}, "loss": null}]',
    ),
    "JSON of 5,000 digits": ("a.json", '[{"N": ' + "9" * 5000 + ', "D": 1e10, "loss": 2}]'),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_refused_in_few_words(kind: str, reader: Any, tmp_path: Path) -> None:
    name, content = HOSTILE[kind]
    file = tmp_path / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(RunsError) as caught:
        reader(file)
    assert len(str(caught.value)) < 3000 + len(str(tmp_path))


def test_ten_thousand_columns_beside_the_runs(tmp_path: Path) -> None:
    beside = ",".join(f"c{i}" for i in range(10_000))
    (tmp_path / "a.csv").write_text(f"N,D,loss,{beside}\n1e9,1e10,3{',1' * 10_000}\n")
    assert sw.read_runs(tmp_path / "a.csv").shape == (1, 10_005)


def test_of_other_columns_two_may_bear_one_name(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("N,D,loss,note,note\n1e9,1e10,3,x,y\n")
    assert sw.read_runs(tmp_path / "a.csv").width == 7
    with pytest.raises(RunsError, match="two columns 'N', both N"):
        sw.read_runs(pl.read_csv(b"N,N,D,loss\n1e9,2e9,1e10,3\n"))


# --- what unpacks to more than there is room for --------------------------------------------

# The most memory that a process had, beside what it began with, when all readers refused a file.
MEASURED = """
import sys
import scalewidgets as sw
from scalewidgets.runs import RunsError

def most():
    status = open("/proc/self/status").read()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024

before = most()
for reader in (sw.read_runs, sw.read_final_losses, sw.read_curves):
    try:
        reader(sys.argv[1])
    except RunsError as error:
        assert " MB, too much " in str(error), error
    else:
        raise AssertionError("not refused")
print(most() - before)
"""
in_linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc here")


@pytest.mark.slow
@in_linux
@pytest.mark.parametrize("line", [b"a,1e9,1e10,3\n", b"x"])
def test_4_gb_of_gzip_are_left_with_little_memory(line: bytes, tmp_path: Path) -> None:
    """By readers of tables and of logs, in lines and without an end of a line."""
    part = gzip.compress(line * (2**26 // len(line)))
    file = tmp_path / "bomb.csv.gz"
    file.write_bytes(gzip.compress(GOOD.encode()) + part * 64)
    assert file.stat().st_size < 12 * 2**20
    megabytes = child(MEASURED, file)
    assert float(megabytes) < 100


def child(script: str, *arguments: object) -> str:
    """What a process of its own prints; fails when it ends otherwise than by itself."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_a_zip_bomb_is_left_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "bomb.csv.gz"
    file.write_bytes(gzip.compress(GOOD.encode() + b"a,1e9,1e10,3\n" * 200_000))
    assert file.stat().st_size < 20_000
    monkeypatch.setattr(files, "_MOST", 2**20)
    with pytest.raises(RunsError, match=r"unpacks to over 1 MB.*read_final_losses.*unpack it"):
        sw.read_runs(file)
    for reader in (sw.read_final_losses, sw.read_curves):
        with pytest.raises(RunsError, match=r"unpacks to over 1 MB, too much to be logs"):
            reader(file)
    monkeypatch.undo()
    assert sw.read_runs(file).height == 200_002


def test_logs_may_be_longer_than_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packed as measured numbers are, they are read at any length."""
    rng = np.random.default_rng(0)
    rows = "".join(f"a,1e9,{i}e8,{2 + loss:.6f}\n" for i, loss in enumerate(rng.random(20_000), 1))
    file = tmp_path / "log.csv.gz"
    file.write_bytes(gzip.compress(f"run,N,D,loss\n{rows}".encode()))
    monkeypatch.setattr(files, "_MOST", 2**18)
    assert sw.read_final_losses(file).height == 1
    with pytest.raises(RunsError, match="too much for a table with a row a run"):
        sw.read_runs(file)


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".tsv", ".json", ".jsonl"])
@pytest.mark.parametrize(
    ("how", "start"),
    [
        ("zlib", zlib.compress(GOOD.encode())),
        ("zip", b"PK\x03\x04" + bytes(40)),
        ("zstd", b"\x28\xb5\x2f\xfd" + bytes(40)),
    ],
)
def test_text_is_packed_by_gzip_or_not_read(
    how: str, start: bytes, ending: str, tmp_path: Path
) -> None:
    """Polars would unpack some of them without a limit."""
    file = tmp_path / f"a{ending}"
    file.write_bytes(start)
    for reader in READERS:
        with pytest.raises(RunsError, match=f"is packed by {how}; of packed files csv by gzip is"):
            reader(file)


@pytest.mark.parametrize("ending", [".json", ".jsonl"])
def test_packed_json_is_not_read(ending: str, tmp_path: Path) -> None:
    file = tmp_path / f"a{ending}"
    file.write_bytes(gzip.compress(b'{"N": 1e9, "D": 1e10, "loss": 3}\n'))
    for reader in READERS:
        with pytest.raises(RunsError, match="is packed by gzip; of packed files csv"):
            reader(file)


def test_a_parquet_bomb_is_left_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "bomb.parquet"
    pl.select(N=pl.repeat(1e9, 10**6), D=1e10, loss=3.0).write_parquet(file)
    pl.DataFrame({"N": [1e9], "D": 1e10, "loss": 3.0, "note": "x" * 10**7}).write_parquet(
        tmp_path / "one_row.parquet", statistics=False
    )
    monkeypatch.setattr(files, "_MOST_PARQUET", 2**23)
    for bomb in (file, tmp_path / "one_row.parquet"):
        assert bomb.stat().st_size < 20_000
        with pytest.raises(RunsError, match="unpacks to over 8 MB"):
            sw.read_runs(bomb)
    monkeypatch.undo()
    assert sw.read_runs(file).height == 10**6


# --- damaged Parquet: see also test_parquet ---------------------------------------------------


def parquet(folder: Path) -> bytes:
    file = folder / "good.parquet"
    pl.DataFrame({"N": [1e9] * 50, "D": [1e10] * 50, "loss": [3.0] * 50}).write_parquet(file)
    return file.read_bytes()


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.99])
def test_truncated_parquet_is_refused(share: float, tmp_path: Path) -> None:
    whole = parquet(tmp_path)
    file = tmp_path / "a.parquet"
    file.write_bytes(whole[: int(share * len(whole))])
    for reader in READERS:
        with pytest.raises(RunsError, match="cannot be read"):
            reader(file)


@pytest.mark.parametrize("length", [0, 1, 2**31 - 1, 2**32 - 1])
def test_a_footer_that_lies_about_its_length_is_refused(length: int, tmp_path: Path) -> None:
    whole = parquet(tmp_path)
    file = tmp_path / "a.parquet"
    file.write_bytes(whole[:-8] + struct.pack("<I", length) + whole[-4:])
    with pytest.raises(RunsError, match="cannot be read"):
        sw.read_runs(file)


def test_where_polars_panics_the_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its panics are no Exceptions to Python: they would end a callback without a word."""
    parquet(tmp_path)

    def panic(*args: object, **kwargs: object) -> pl.DataFrame:
        raise pl.exceptions.PanicException("called `Result::unwrap()` on an `Err` value")

    monkeypatch.setattr(pl, "read_parquet", panic)
    with pytest.raises(RunsError, match=r"good.parquet cannot be read: called `Result::unwrap"):
        sw.read_runs(tmp_path / "good.parquet")


# --- names and texts ------------------------------------------------------------------------

NAMES = [
    "<script>alert(1)</script>",
    "\u202egnp.exe",
    "x" * 10_000,
    "a\0b",
    "'; DROP TABLE",
    "$(ls)",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_told_as_they_are(name: str) -> None:
    with pytest.raises(RunsError) as caught:
        sw.read_runs(f"{name}.csv")
    assert len(str(caught.value)) < 1200
    assert name[:100] in str(caught.value)
    runs = sw.read_runs({"N": [1e9], "D": [1e10], "loss": [3.0], name: [name]})
    assert runs[name].to_list() == [name]


def test_markup_in_a_fit_is_shown_as_text() -> None:
    evil = "<img src=x onerror=alert(1)>"
    law = sw.Law("E + A/N**alpha", constants={"E": 1.0, "A": 10.0, "alpha": 0.3}, id=evil)
    n = np.geomspace(1e7, 1e10, 8)
    fit = sw.fit(law, {"N": n, "D": 20 * n, "loss": law.predict(N=n)})
    page = fit._repr_html_()
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert evil in fit.summary()


# --- anything -------------------------------------------------------------------------------

cells = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    st.sampled_from(["7B", "1e9", "inf", "-3", "1,5", "<b>", "1e24 FLOP", b"\xff", [1], {"a": 1}]),
)
tables = st.dictionaries(
    st.sampled_from(["N", "D", "C", "loss", "params", "tokens", "val_loss", "run", "\0", ""]),
    st.lists(cells, max_size=4),
)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(tables, st.sampled_from(["error", "set_aside"]))
@pytest.mark.filterwarnings("ignore::scalewidgets.runs.RunsWarning")
def test_any_table_is_read_or_refused(table: dict[str, list[Any]], invalid: Any) -> None:
    try:
        runs = sw.read_runs(table, invalid=invalid)
    except RunsError as error:
        told = str(error)
    else:
        told = ""
        measured = runs.select("N", "D", "C", "loss").to_numpy()
        assert np.isfinite(measured).all()
        assert (measured > 0).all()
    assert len(told) < 2000


@settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.binary(max_size=300), st.sampled_from([".csv", ".tsv", ".json", ".jsonl", ".parquet"]))
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes, ending: str) -> None:
    file = tmp_path / f"any{ending}"
    file.write_bytes(content)
    for reader in READERS:
        try:
            table = reader(file)
        except RunsError:
            continue
        assert table.height > 0
