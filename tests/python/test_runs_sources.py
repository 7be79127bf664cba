"""What runs are read from: every kind of table and file gives the same runs."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from polars.testing import assert_frame_equal

from scalewidgets.runs import RunsError, read_runs

N = [7e7, 4.1e8, 1.4e9]
D = [3e9, 8e9, 2e10]
LOSS = [3.9, 3.2, 2.8]
TABLE = {"params": N, "tokens": D, "val_loss": LOSS, "name": ["a", "b", "c"]}
EXPECTED = pl.DataFrame(
    {
        "run": pl.Series([0, 1, 2], dtype=pl.Int64),
        "N": N,
        "D": D,
        "C": [6 * n * d for n, d in zip(N, D, strict=True)],
        "loss": LOSS,
        "name": ["a", "b", "c"],
    }
)


def frozen(values: list[float]) -> np.ndarray[Any, Any]:
    array = np.array(values)
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    "source",
    [
        pl.DataFrame(TABLE),
        pl.LazyFrame(TABLE),
        pd.DataFrame(TABLE),
        pd.DataFrame(TABLE, index=[5, 3, 9]),
        pd.DataFrame(TABLE).set_index("name"),
        pd.DataFrame(TABLE, dtype=object),
        pa.table(TABLE),
        TABLE,
        {**TABLE, "params": frozen(N), "tokens": tuple(D), "val_loss": pd.Series(LOSS)},
        {**TABLE, "params": np.array(N, dtype=">f8"), "tokens": np.array(D, dtype=">i8")},
        {**TABLE, "params": [70_000_000, 4.1e8, np.int64(1_400_000_000)]},
        {**TABLE, "params": [Decimal("7e7"), Decimal("4.1e8"), Decimal("1.4e9")]},
        [dict(zip(TABLE, row, strict=True)) for row in zip(*TABLE.values(), strict=True)],
    ],
    ids=lambda source: type(source).__module__.partition(".")[0],
)
def test_every_kind_of_table_gives_the_same_runs(source: Any) -> None:
    runs = read_runs(source)
    assert_frame_equal(runs, EXPECTED, check_exact=True)


def test_the_source_is_left_as_it_was() -> None:
    frame = pl.DataFrame(TABLE)
    read_runs(frame)
    assert_frame_equal(frame, pl.DataFrame(TABLE))


@pytest.mark.parametrize("dtype", [pl.Float32, pl.Int64, pl.UInt64, pl.Decimal(38, 2), pl.Int128])
def test_number_types_become_float64(dtype: Any) -> None:
    frame = pl.DataFrame(TABLE).with_columns(pl.col("params", "tokens").cast(dtype))
    runs = read_runs(frame)
    assert runs.schema["N"] == runs.schema["D"] == runs.schema["C"] == pl.Float64
    np.testing.assert_allclose(runs["N"], N, rtol=1e-7)


def test_whole_numbers_beyond_64_bits() -> None:
    runs = read_runs({"N": [10**9, 10**10], "C": [10**18, 10**22], "loss": [3, 2.5]})
    assert runs["C"].to_list() == [1e18, 1e22]
    assert read_runs(pd.DataFrame({"N": [1e9], "C": [10**22], "loss": [3.0]}))["C"].item() == 1e22


def test_pandas_without_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise ImportError("pyarrow is required")

    monkeypatch.setattr(pl, "from_pandas", refuse)
    source = pd.DataFrame({**TABLE, "note": ["x", None, "y"]})
    runs = read_runs(source)
    assert_frame_equal(runs.drop("note"), EXPECTED)
    assert runs["note"].to_list() == ["x", None, "y"]


def test_files_of_every_kind(tmp_path: Path) -> None:
    frame = pl.DataFrame(TABLE)
    frame.write_csv(tmp_path / "runs.csv")
    frame.write_csv(tmp_path / "runs.tsv", separator="\t")
    frame.write_parquet(tmp_path / "runs.parquet")
    frame.write_ndjson(tmp_path / "runs.jsonl")
    (tmp_path / "records.json").write_text(json.dumps(frame.to_dicts()))
    (tmp_path / "columns.json").write_text(json.dumps(TABLE))
    for file in sorted(tmp_path.iterdir()):
        assert_frame_equal(read_runs(file), EXPECTED)
        assert_frame_equal(read_runs(str(file)), EXPECTED)


def test_whole_numbers_beyond_64_bits_in_csv(tmp_path: Path) -> None:
    file = tmp_path / "runs.csv"
    file.write_text(
        "params,flops,loss,done\n1000000000,10000000000000000000000,2.5,true\n7,8,3,false\n"
    )
    runs = read_runs(file)
    assert runs["C"].to_list() == [1e22, 8.0]
    assert runs["done"].to_list() == [True, False]


def test_a_pattern_reads_files_in_the_order_of_their_names(tmp_path: Path) -> None:
    for i, name in enumerate(["c", "a", "b"]):
        # the middle file's whole numbers must not set the type for the others
        pl.DataFrame(
            {"n_params": [1e9 + i], "flops": [10**18], "loss": [3 if i == 1 else 2.5]}
        ).write_csv(tmp_path / f"{name}.csv")
    runs = read_runs(str(tmp_path / "*.csv"))
    assert runs["run"].to_list() == [0, 1, 2]
    assert runs["N"].to_list() == [1e9 + 1, 1e9 + 2, 1e9]


def test_nan_that_python_writes_into_json_is_a_missing_loss(tmp_path: Path) -> None:
    file = tmp_path / "runs.json"
    file.write_text(json.dumps([{"N": 1e9, "D": 1e10, "loss": math.nan}]))
    with pytest.raises(RunsError, match=r"1 row has no loss \(row 0\)"):
        read_runs(file)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.csv", "", r"x\.csv cannot be read: empty CSV"),
        ("x.csv", "N,D,loss\n", "no rows"),
        ("x.csv", "N,D\n1,2\n1,2,3\n", r"x\.csv cannot be read"),
        ("x.parquet", "not parquet", r"x\.parquet cannot be read"),
        ("x.jsonl", '{"N": 1}\n{"N": ', r"x\.jsonl, line 2"),
        ("x.json", "3", r"neither a list of rows nor a dict of columns"),
        ("x.json", "[1, 2]", "entry 0 of the list is not a dict"),
        ("x.xlsx", "x", r"x\.xlsx is of no known kind; give .*parquet"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, name: str, content: str, message: str) -> None:
    file = tmp_path / name
    file.write_text(content)
    with pytest.raises(RunsError, match=message):
        read_runs(file)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(RunsError, match=r"there is no file .*sweep-\*\.csv"):
        read_runs(tmp_path / "sweep-*.csv")
    with pytest.raises(RunsError, match=r"is a directory; give a pattern such as .*\*\.csv"):
        read_runs(tmp_path)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (3, "int is not a table; give a Polars DataFrame"),
        (None, "NoneType is not a table"),
        ([1, 2], "entry 0 of the list is not a dict"),
        ({"N": 3, "D": [1]}, "column 'N' of the dict is no list or array, but 3"),
        ({"N": [1e9], "D": [1e9, 2e9], "loss": [3.0]}, "cannot be read"),
        ({}, "no rows"),
        ([], "no rows"),
        (pl.DataFrame(schema={"N": pl.Float64}), "no rows"),
        (pd.DataFrame([[1, 2]], columns=["N", "N"]), "cannot be read"),
        (pl.LazyFrame(TABLE).select("no_such_column"), "cannot be read"),
    ],
)
def test_things_that_are_no_tables(source: Any, message: str) -> None:
    with pytest.raises(RunsError, match=message):
        read_runs(source)
