"""Formats that are no tables of runs, brought into one by what a data set's record says."""

import json
from pathlib import Path

from scalewidgets.runs.tidy import tidy


def test_keys_that_hold_quantities(tmp_path: Path) -> None:
    keyed = tmp_path / "keyed.json"
    keyed.write_text(json.dumps({"d=64-3e9": 3.5, "d=128-5e9": 3.0}))
    reader = {"kind": "keyed", "pattern": r"d=(?<width>\d+)-(?<tokens>\S+)"}
    columns = {"w": "CAST(width AS BIGINT)", "D": "CAST(tokens AS DOUBLE)", "loss": "value"}
    assert tidy([(keyed, {})], columns, reader).rows() == [(64, 3e9, 3.5), (128, 5e9, 3.0)]


def test_headers_that_are_a_quantity(tmp_path: Path) -> None:
    wide = tmp_path / "wide.csv"
    wide.write_text("model,200,400\na,3.0,2.5\nb,3.5,2.8\n")
    reader = {"kind": "wide", "keep": ["model"], "names": "n", "values": "loss"}
    columns = {"model": "model", "task": "task", "n": "CAST(n AS DOUBLE)", "loss": "loss"}
    table = tidy([(wide, {"task": "t"})], columns, reader, where="loss < 3.2")
    assert table.sort("loss").rows() == [
        ("a", "t", 400.0, 2.5),
        ("b", "t", 400.0, 2.8),
        ("a", "t", 200.0, 3.0),
    ]


def test_files_one_below_the_other_with_what_their_names_tell(tmp_path: Path) -> None:
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text("x,loss\n1,3\n2,4\n")
    second.write_text("loss,y\n2.5,7\n")
    columns = {"size": "size", "loss": "loss", "twice": "2 * x"}
    found = tidy([(first, {"size": 1e6}), (second, {"size": 2e6})], columns, {"kind": "table"})
    assert found.rows() == [(1e6, 3.0, 2), (1e6, 4.0, 4), (2e6, 2.5, None)]
