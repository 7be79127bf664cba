"""The table of findings: claims that are no law."""

import pytest

import scalewidgets as sw
from scalewidgets.lawbook.shape import FAMILIES


def test_the_table() -> None:
    table = sw.findings()
    assert table.columns == [
        "title", "authors", "year", "source", "family", "claim", "where", "status", "law",
    ]  # fmt: skip
    assert table.height >= 150
    assert set(table["family"]) <= set(FAMILIES)
    assert set(table["status"]) == {"seen", "recalled"}
    assert table["claim"].null_count() == table["title"].null_count() == 0
    assert table["claim"].n_unique() == table.height


def test_laws_named_by_findings_are_there() -> None:
    known = set(sw.laws()["id"])
    assert set(sw.findings()["law"].drop_nulls()) <= known


def test_findings_are_searched() -> None:
    assert 0 < sw.findings("diffusion").height < sw.findings().height
    assert set(sw.findings(family="precision")["family"]) == {"precision"}
    assert sw.findings("no such words anywhere").height == 0
    with pytest.raises(sw.LawError, match="no family 'precison'; there are"):
        sw.findings(family="precison")
