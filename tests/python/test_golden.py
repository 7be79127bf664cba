"""The golden file is what Python says today; js/test/golden.test.ts holds the browser to it."""

import importlib.util
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import scalewidgets as sw
from scalewidgets.widgets.explorer.lab import LAWS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def written(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / "tests/golden/browser.json").read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def made(root: Path) -> dict[str, Any]:
    spec = importlib.util.spec_from_file_location("golden", root / "tests/golden/golden.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: dict[str, Any] = module.golden()
    return found


def differences(new: Any, old: Any, path: str = "") -> Iterator[str]:
    """Where two JSON values differ, numbers by more than 1e-12 of their size."""
    if isinstance(new, dict) and isinstance(old, dict) and new.keys() == old.keys():
        for key in new:
            yield from differences(new[key], old[key], f"{path}.{key}")
    elif isinstance(new, list) and isinstance(old, list) and len(new) == len(old):
        for i, (a, b) in enumerate(zip(new, old, strict=True)):
            yield from differences(a, b, f"{path}[{i}]")
    elif isinstance(new, float) and isinstance(old, float):
        if not math.isclose(new, old, rel_tol=1e-12, abs_tol=0.0):
            yield f"{path}: {new!r} instead of {old!r}"
    elif type(new) is not type(old) or new != old:
        yield f"{path}: {str(new)[:60]} instead of {str(old)[:60]}"


def test_the_golden_file_is_fresh(written: dict[str, Any], made: dict[str, Any]) -> None:
    found = list(differences(made, written))
    assert not found, f"{len(found)} differ; python tests/golden/golden.py writes it anew: " + (
        "; ".join(found[:3])
    )


@pytest.mark.parametrize(
    "changed",
    [{"a": [1.0, 2.0 + 1e-10]}, {"a": [1.0]}, {"b": [1.0, 2.0]}, {"a": [1.0, None]}, {"a": [1, 2]}],
)
def test_a_stale_file_is_noticed(changed: dict[str, Any]) -> None:
    assert list(differences(changed, {"a": [1.0, 2.0]}))


def test_it_covers_every_law(written: dict[str, Any]) -> None:
    closed = {id for id in sw.laws()["id"] if isinstance(sw.law(id), sw.Law)}
    assert {case["name"] for case in written["laws"]} == closed
    solves = written["solves"]
    kinds = ("budget", "demand", "precision")
    assert {(one["name"], one["solve"]["kind"]) for one in solves} == {
        (law, kind) for law in LAWS for kind in kinds
    }
    # an optimum that is missing could not be compared
    assert all(None not in case["expect"] for one in solves for case in one["cases"])
