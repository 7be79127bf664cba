"""The Explorer's sliders: C = 6ND, whoever moves them, and what they refuse."""

from typing import Any

import numpy as np
import pytest
import traitlets

import scalewidgets as sw
from scalewidgets.widgets.explorer import lab as explorer


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few draws and no rest before them: they are not what is tested."""
    monkeypatch.setattr(explorer, "DRAWS", 2)
    monkeypatch.setattr(explorer, "_PAUSE", 0.0)


@pytest.fixture
def lab() -> sw.Explorer:
    return sw.Explorer()


def ndc(lab: sw.Explorer) -> tuple[float, float, float]:
    assert pytest.approx(1.0, rel=1e-9) == 6 * lab.N * lab.D / lab.C
    return lab.N, lab.D, lab.C


# --- C = 6ND --------------------------------------------------------------------------------

# What is held, what is tripled, and by how much N, D and C then change.
MOVES = [
    ("C", "N", 3, 1 / 3, 1),
    ("C", "D", 1 / 3, 3, 1),
    ("C", "C", 3**0.5, 3**0.5, 3),
    ("N", "N", 3, 1, 3),
    ("N", "D", 1, 3, 3),
    ("N", "C", 1, 3, 3),
    ("D", "N", 3, 1, 3),
    ("D", "D", 1, 3, 3),
    ("D", "C", 3, 1, 3),
]


@pytest.mark.parametrize("by_browser", [True, False])
@pytest.mark.parametrize(("held", "moved", "n", "d", "c"), MOVES)
def test_the_product_stays_true(
    held: str, moved: str, n: float, d: float, c: float, by_browser: bool
) -> None:
    lab = sw.Explorer(hold=held)
    before = ndc(lab)
    if by_browser:
        lab.set_state({moved: 3 * getattr(lab, moved)})
    else:
        setattr(lab, moved, 3 * getattr(lab, moved))
    np.testing.assert_allclose(ndc(lab), np.multiply(before, (n, d, c)), rtol=1e-12)


def test_what_the_browser_worked_out_is_taken_as_it_is(lab: sw.Explorer) -> None:
    heard: list[str] = []
    lab.observe(lambda change: heard.append(change.name), ["N", "D", "C"])
    lab.set_state({"N": 1e9, "D": 2e10, "C": 1.2e20})
    assert ndc(lab) == (1e9, 2e10, 1.2e20)
    assert sorted(heard) == ["C", "D", "N"]


@pytest.mark.parametrize("held", ["C", "N", "D"])
@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"N": "7B", "D": "2T"}, (7e9, 2e12, 8.4e22)),
        ({"N": "7B", "C": "8.4e22 FLOP"}, (7e9, 2e12, 8.4e22)),
        ({"D": "2T", "C": 8.4e22}, (7e9, 2e12, 8.4e22)),
        ({"N": 7e9, "D": 2e12, "C": 1e20}, (7e9, 2e12, 8.4e22)),
    ],
)
def test_what_is_given_together_stays(
    given: dict[str, Any], found: tuple[float, ...], held: str
) -> None:
    np.testing.assert_allclose(ndc(sw.Explorer(hold=held, **given)), found, rtol=1e-12)
    lab = sw.Explorer(hold=held)
    lab.set(**given)
    np.testing.assert_allclose(ndc(lab), found, rtol=1e-12)


def test_observers_hear_what_follows(lab: sw.Explorer) -> None:
    heard: dict[str, float] = {}
    lab.observe(lambda change: heard.update({change.name: change.new}), ["N", "D", "C"])
    half = lab.D / 2
    lab.N = 2 * lab.N
    assert heard == {"N": lab.N, "D": pytest.approx(half)}


# --- what no slider can say ---------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"hold": "loss"},
        {"excluded": [-1]},
        {"excluded": [1.5]},
        {"objective": "l2"},
        {"delta": 0.0},
        {"P_w": 2.0},
        {"P_kv": 32.0},
        {"N": 0},
        {"C": "much"},
        {"inference_tokens": -1},
    ],
)
def test_what_no_slider_can_say(lab: sw.Explorer, wrong: dict[str, Any]) -> None:
    before = {name: getattr(lab, name) for name in wrong}
    with pytest.raises(traitlets.TraitError):
        lab.set(**wrong)
    assert {name: getattr(lab, name) for name in wrong} == before
    with pytest.raises(traitlets.TraitError):
        sw.Explorer(**wrong)
