"""Damaged Parquet: read, or refused in words. Polars by itself ends the process over some of it."""

from __future__ import annotations

import io
import re
import struct
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import scalewidgets as sw
from scalewidgets.runs import RunsError, parquet

from .test_files import READERS, child

RUNS = pl.DataFrame(
    {
        "run": ["a", "a", "b", "b"] * 20,
        "N": [1e9, 1e9, 2e9, 2e9] * 20,
        "D": [1e10 * (1 + i) for i in range(80)],
        "loss": [3.0 - 0.001 * i for i in range(80)],
    }
)
# In a process of its own, so that its end is a failure of this test and not of all.
EVERY_BIT = """
import sys
from collections import Counter
from scalewidgets.runs import RunsError
from scalewidgets.runs.sources import as_frame

source, target = sys.argv[1:]
whole = bytearray(open(source, "rb").read())
found = Counter()
for bit in range(8 * len(whole)):
    whole[bit // 8] ^= 1 << bit % 8
    open(target, "wb").write(whole)
    whole[bit // 8] ^= 1 << bit % 8
    try:
        as_frame(target)
        found["read"] += 1
    except RunsError as error:
        found["of a count below 0" if "holds -" in str(error) else "refused"] += 1
print(dict(found))
"""


def written(frame: pl.DataFrame = RUNS, **options: Any) -> bytes:
    file = io.BytesIO()
    frame.write_parquet(file, **options)
    return file.getvalue()


def refused(content: bytes, folder: Path) -> str:
    """What all readers say of a file."""
    file = folder / "damaged.parquet"
    file.write_bytes(content)
    said = set()
    for reader in READERS:
        with pytest.raises(RunsError, match=r"damaged\.parquet cannot be read: ") as caught:
            reader(file)
        said.add(str(caught.value).partition("cannot be read: ")[2])
    assert len(said) == 1
    return said.pop()


def with_footer(footer: bytes) -> bytes:
    return b"PAR1" + footer + struct.pack("<I", len(footer)) + b"PAR1"


def varint(value: int) -> bytes:
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + varint(value >> 7)


@pytest.mark.slow
def test_no_flipped_bit_ends_the_process(tmp_path: Path) -> None:
    good = tmp_path / "good.parquet"
    good.write_bytes(written(RUNS.select("N").head(1), compression="uncompressed"))
    told = child(EVERY_BIT, good, tmp_path / "bad.parquet")
    # without the check these end it: an allocation of 2**61 bytes, which no except can catch
    assert "of a count below 0" in told, told


def test_a_page_of_fewer_than_no_values_is_refused(tmp_path: Path) -> None:
    """One bit makes 1 value -2: the first number of the header within the header of the page."""
    whole = bytearray(written(RUNS.select(loss=3.0).head(1), compression="uncompressed"))
    header = whole.index(b"\x2c\x15\x02")  # field 5, a struct; in it field 1, a number; 1, folded
    whole[header + 2] ^= 1
    assert refused(whole, tmp_path) == "a page says that it holds -2 values"


def test_columns_that_lie_too_deep_are_refused(tmp_path: Path) -> None:
    """From 2,000 on Polars runs out of stack, which ends the process."""
    depth = 20_000
    group, leaf = b"\x35\x00\x18\x01s\x15\x02\x00", b"\x15\x02\x25\x02\x18\x01a\x00"
    schema = b"\x15\x02\x19\xfc" + varint(depth) + group * (depth - 1) + leaf
    content = with_footer(schema + b"\x16\x00\x19\x0c\x00")
    assert refused(content, tmp_path) == "its columns lie too deep within each other"


@pytest.mark.parametrize(
    "footer",
    [
        b"\x15\x02\x19\xfc" + varint(2**31 - 1) + bytes(100),  # so many columns
        b"\x1c" * 10**6,
        b"\x15" + b"\xff" * 100,
        b"\x15\x02\x68" + varint(2**62),
        bytes(10),
    ],
)
def test_a_footer_that_says_nothing_is_refused(footer: bytes, tmp_path: Path) -> None:
    said = refused(with_footer(footer), tmp_path)
    assert said in ("what it says of its columns cannot be made out", "a number has no end")


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("_CHUNK", "a column says that it holds 80 values"),
        ("_PAGE", r"a page says that it unpacks to \d+ bytes"),
    ],
)
def test_what_is_too_large_is_refused(
    limit: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, limit, 79)
    told = refused(written(RUNS.select("D"), compression="uncompressed"), tmp_path)
    assert re.fullmatch(said, told)


# --- and what is sound is read ----------------------------------------------------------------

NESTED = RUNS.with_columns(
    tags=pl.Series([["x"] * (i % 3) for i in range(80)]),
    both=pl.struct("N", "run"),
    none=pl.lit(None),
    flag=pl.col("N") > 1e9,
)


@pytest.mark.parametrize("compression", ["uncompressed", "snappy", "gzip", "zstd", "lz4", "brotli"])
@pytest.mark.parametrize("frame", [RUNS, NESTED])
def test_what_polars_writes_is_read(compression: str, frame: pl.DataFrame, tmp_path: Path) -> None:
    file = tmp_path / "sound.parquet"
    for more in ({}, {"row_group_size": 30, "data_page_size": 64, "statistics": "full"}):
        file.write_bytes(written(frame, compression=compression, **more))
        assert sw.read_runs(file).equals(sw.read_runs(frame))
        assert parquet.unpacked_size(file.read_bytes()) >= 8 * 4 * 80


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compression": "none", "use_dictionary": False, "write_statistics": False},
        {"data_page_version": "2.0", "row_group_size": 30, "data_page_size": 64},
        {"write_page_checksum": True, "write_page_index": True},
    ],
)
def test_what_pyarrow_writes_is_read(options: dict[str, Any], tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    file = tmp_path / "sound.parquet"
    pq.write_table(NESTED.to_arrow(), file, **options)
    assert sw.read_runs(file).height == 80
    assert sw.read_final_losses(file.rename(tmp_path / "sound.pq"), keep=["run"]).height == 2


def test_no_rows_are_no_damage(tmp_path: Path) -> None:
    file = tmp_path / "none.parquet"
    file.write_bytes(written(RUNS.clear()))
    with pytest.raises(RunsError, match="the table has no rows"):
        sw.read_runs(file)
