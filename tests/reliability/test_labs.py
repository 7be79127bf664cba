"""Every input of every lab with values of every kind: taken, or refused by its name.

Either way the lab's last good picture stays, and a good value brings it back to life.
"""

from __future__ import annotations

import os
import warnings
from functools import cache
from typing import Any

import anywidget
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scalewidgets as sw
from scalewidgets.widgets.explorer import lab as explorer

from . import hostile

HOST = set(anywidget.AnyWidget.class_traits())  # layout and the like
NAMES = [n for n in sw.__all__ if isinstance(o := getattr(sw, n), type) and issubclass(o, sw.Lab)]
NAMES.remove("Lab")
EXAMPLES = int(os.environ.get("SCALEWIDGETS_EXAMPLES", 40))
MANY = {"FitLab": 10}  # examples of a lab whose every answer is a fit
# C = 6ND: moving one of them moves another, which may be what goes too far
BOUND = dict.fromkeys(("N", "D", "C"), "N|D|C")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explorer, "DRAWS", 2)
    monkeypatch.setattr(explorer, "_PAUSE", 0.0)


@cache
def opened(name: str) -> sw.Lab:
    return getattr(sw, name)()


def inputs(lab: sw.Lab) -> list[str]:
    return [name for name in lab.traits(sync=True) if name in lab._settable() and name not in HOST]


def picture(lab: sw.Lab) -> str:
    return repr({key: value for key, value in lab.facts.items() if key != "serial"})


def refused(lab: sw.Lab, name: str, value: Any) -> bool:
    """Whether an input did not take a value; fails where that was not said as it should be."""
    before, was = picture(lab), hostile.prints(getattr(lab, name))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of laws far beyond their range
            lab.set(**{name: value})
    except Exception as error:
        wrong = hostile.judge(error, name, value, BOUND.get(name, ""))
        assert not wrong, f"{name} = {value!r:.200}: {wrong}"
        assert hostile.prints(getattr(lab, name)) == was
        assert picture(lab) == before
        return True
    if lab.problem:
        assert picture(lab) == before
        assert len(lab.problem) <= hostile.LONGEST
        assert not lab.problem.partition(":")[0].endswith(("Error", "Warning")), lab.problem
    return False


@pytest.mark.parametrize("name", NAMES)
def test_any_value_is_taken_or_refused_and_the_picture_stays(name: str) -> None:
    examples = min(EXAMPLES, MANY.get(name, EXAMPLES)) if EXAMPLES < 100 else EXAMPLES

    @settings(max_examples=examples, derandomize=EXAMPLES < 100, deadline=None, database=None)
    @given(data=st.data())
    def run(data: st.DataObject) -> None:
        lab = opened(name)
        one = data.draw(st.sampled_from(inputs(lab)))
        good = getattr(lab, one)
        if not refused(lab, one, data.draw(hostile.values)):
            lab.set(**{one: good})
            if lab.problem:  # another input followed: begin anew
                opened.cache_clear()

    run()


@pytest.mark.parametrize("name", NAMES)
def test_wrong_kinds_are_refused_when_a_lab_is_made(name: str) -> None:
    for one in inputs(opened(name)):
        with pytest.raises(Exception, match=rf"\b{one}\b") as caught:
            getattr(sw, name)(**{one: hostile.VALUES["object"]})
        assert not hostile.judge(caught.value, one)
    with pytest.raises(TypeError, match=f"{name} has no input 'nonesuch'"):
        getattr(sw, name)(nonesuch=1)


def test_options_take_only_what_there_is() -> None:
    with pytest.raises(AttributeError):
        sw.options.nonesuch = True
