"""Every public name with arguments of every kind: an answer, or a refusal that names the argument.

A larger run, of 1,000 examples each: SCALEWIDGETS_EXAMPLES=1000 pytest -p no:nbval (this file).
"""

from __future__ import annotations

import inspect
import os
import warnings
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import scalewidgets as sw
from scalewidgets.runs import RunsWarning

from . import hostile, surface
from .surface import Call

FUNCTIONS, CLASSES, METHODS = surface.functions(), surface.classes(), surface.methods()
CALLS = {**FUNCTIONS, **CLASSES, **METHODS}
LABS = {n for n in sw.__all__ if isinstance(o := getattr(sw, n), type) and issubclass(o, sw.Lab)}
ERRORS = {n for n in sw.__all__ if n.endswith("Error")}
OTHERS = {"options"}  # a setting of the labs, tried with them
EXAMPLES = int(os.environ.get("SCALEWIDGETS_EXAMPLES", 15))
_TRIED = [name for name, call in CALLS.items() if set(call.good) - set(call.left)]


# --- nothing is missing ----------------------------------------------------------------------


def test_every_public_name_is_tried() -> None:
    made = set(surface.made()) - {"tied"}
    assert {*FUNCTIONS, *CLASSES, *made, *LABS, *ERRORS, *OTHERS} == set(sw.__all__)


def test_every_public_method_is_tried() -> None:
    owners = {*CLASSES, *surface.made()} - {"tied"}
    public = {
        f"{owner}.{name}"
        for owner in owners
        for name, thing in inspect.getmembers(getattr(sw, owner), callable)
        if not name.startswith("_") and thing.__module__.startswith("scalewidgets")
    }
    assert public == set(METHODS)


@pytest.mark.parametrize("name", CALLS)
def test_every_argument_is_tried(name: str) -> None:
    call = CALLS[name]
    assert call.parameters <= set(call.good)
    assert set(call.left) <= set(call.good)


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_errors_are_values_that_were_wrong(name: str) -> None:
    """All but that of data that cannot be had."""
    base = RuntimeError if name == "DatasetError" else ValueError
    assert issubclass(getattr(sw, name), base)


# --- good arguments --------------------------------------------------------------------------


@pytest.mark.parametrize("name", CALLS)
def test_good_arguments_are_answered_alike_and_stay_as_they_are(
    name: str, unavailable: Callable[[str], NoReturn]
) -> None:
    call = CALLS[name]
    before = hostile.prints(call.good)
    try:
        first, again = call(call.good), call(call.good)
    except sw.DatasetError:
        unavailable("the data sets are not at hand: set SCALEWIDGETS_DATA to their directory")
    assert hostile.prints(call.good) == before
    assert _told(first) == _told(again)
    assert not _infinite(first)


def _told(answer: Any) -> Any:
    if isinstance(answer, np.ndarray | pl.DataFrame | dict | tuple | list):
        return hostile.prints(answer)
    return str(answer.to_dict()) if hasattr(answer, "to_dict") else repr(answer)


def _infinite(answer: Any) -> bool:
    """Whether numbers of an answer are infinite or none; tables say by null where there is none."""
    if isinstance(answer, np.ndarray | float):
        return not np.isfinite(answer).all()
    if isinstance(answer, pl.DataFrame):
        floats = answer.select(pl.selectors.float())
        return any((~column.drop_nulls().is_finite()).any() for column in floats)
    if isinstance(answer, dict):
        return any(map(_infinite, answer.values()))
    return isinstance(answer, tuple) and any(map(_infinite, answer))


@pytest.mark.parametrize("name", sorted(set(surface.made()) - {"tied"}))
def test_what_is_returned_shows_itself_in_short(name: str) -> None:
    thing = surface.made()[name]
    assert len(repr(thing)) < 5000
    for attribute in dir(type(thing)):
        if isinstance(getattr(type(thing), attribute), property):
            getattr(thing, attribute)


# --- every other argument ---------------------------------------------------------------------


def tried(call: Call, argument: str, value: Any) -> None:
    """A call with one argument replaced; fails where the answer is not as it should be."""
    before = hostile.prints(value)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", RunsWarning)
            call({**call.good, argument: value})
    except Exception as error:
        wrong = hostile.judge(error, argument, value, call.words(argument))
        assert not wrong, f"{argument} = {before!r:.200}: {wrong}"
    assert hostile.prints(value) == before


@pytest.mark.parametrize("name", _TRIED)
@settings(
    max_examples=EXAMPLES,
    derandomize=EXAMPLES < 100,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_an_argument_is_used_or_refused_by_its_name(name: str, data: st.DataObject) -> None:
    call = CALLS[name]
    argument = data.draw(st.sampled_from([n for n in call.good if n not in call.left]))
    tried(call, argument, data.draw(hostile.values))


@pytest.mark.parametrize("name", _TRIED)
def test_an_argument_of_another_kind_is_refused_by_its_name(name: str) -> None:
    """All of a kind that no argument takes, in each place."""
    call = CALLS[name]
    for argument in set(call.good) - set(call.left):
        for kind in ("object", "dict of None", "complex", "400 digits", "long", "table of text"):
            tried(call, argument, hostile.VALUES[kind])


def test_what_would_break_is_caught() -> None:
    """Else the tests above would hold whatever functions do."""

    def careless(*, level: Any) -> float:
        return 1.0 / float(level)

    for value in (0, "x", None, {}):
        with pytest.raises(AssertionError, match="not raised on purpose"):
            tried(Call(careless, {"level": 0.5}), "level", value)

    assert not hostile.is_about("fit: something is wrong", "level", 3)
    assert hostile.is_about("level must lie between 0 and 1", "level", 3)
