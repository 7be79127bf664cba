"""Lab: questions and answers, without a browser: traits are set as the browser sets them."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar

import numpy as np
import pytest
import traitlets
from hypothesis import given
from hypothesis import strategies as st

import scalewidgets as sw
from scalewidgets.widgets.traits import Quantity
from scalewidgets.widgets.vocabulary import (
    Action,
    Axis,
    Band,
    Choice,
    Curve,
    Group,
    Page,
    Plot,
    Slider,
    Solve,
)
from scalewidgets.widgets.wire import pack, unpack


class Square(sw.Lab):
    """A lab of one's own: x is asked for, the tint never is."""

    asks: ClassVar[tuple[str, ...]] = ("x", "tags")

    x = Quantity(2.0, zero=True).tag(sync=True)
    tags = traitlets.List(traitlets.Unicode()).tag(sync=True)
    tint = traitlets.Unicode("red").tag(sync=True)

    def __init__(self, **inputs: Any) -> None:
        self.answers: list[float] = []
        self.finished: list[float] = []
        super().__init__(**inputs)

    def page(self) -> Page:
        return Page(title=f"x is {self.x:g}", groups=[], plots=[], asks=self.asks)

    def facts_now(self) -> Mapping[str, Any]:
        self.answers.append(self.x)
        if self.x == 13.0:
            raise ValueError("thirteen has no square here")
        if self.x == 14.0:
            raise ZeroDivisionError("by zero")
        if self.x == 16.0 and len(self.answers) < 3:
            raise KeyboardInterrupt
        return {"square": self.x**2, "nothing": float("nan"), "row": np.arange(3.0), "words": ["a"]}

    async def facts_later(self) -> AsyncIterator[Mapping[str, Any]]:
        asked = self.x
        await asyncio.sleep(0)
        yield {"cube": asked**3, "row": np.full(2, asked)}
        await asyncio.sleep(0)
        if asked == 15.0:
            raise RuntimeError("too late")
        self.finished.append(asked)
        yield {"late": 1.0}

    def status(self) -> tuple[str, str]:
        return "note", f"asked {len(self.answers)} times"


def numbers(lab: sw.Lab) -> dict[str, float]:
    return dict(zip(lab.facts["names"], unpack(lab.facts["numbers"]).tolist(), strict=True))


def arrays(lab: sw.Lab) -> dict[str, list[float]]:
    return {name: unpack(packed).tolist() for name, packed in lab.facts["arrays"].items()}


# --- questions and answers ------------------------------------------------------------------


def test_without_a_kernel_all_is_there_at_once() -> None:
    lab = Square(x=3)
    found = numbers(lab)
    assert np.isnan(found.pop("nothing"))
    assert found == {"square": 9.0, "cube": 27.0, "late": 1.0}
    assert arrays(lab) == {"row": [3.0, 3.0]}
    assert lab.facts["strings"] == {"words": ["a"]}
    assert lab.facts["status"] == {"level": "note", "text": "asked 1 times"}
    assert lab.facts["serial"] == lab.question == 0
    assert lab.spec["title"] == "x is 3"


def test_a_question_is_answered_with_its_number() -> None:
    lab = Square()
    lab.set_state({"x": 5.0, "question": 7})
    assert lab.facts["serial"] == 7
    assert numbers(lab)["square"] == 25.0
    assert lab.answers == [2.0, 5.0]


def test_nothing_is_computed_twice() -> None:
    lab = Square()
    lab.set_state({"question": 1})
    lab.set_state({"x": 2.0, "question": 2})
    assert lab.facts["serial"] == 2
    lab.tint = "blue"
    assert lab.answers == [2.0]
    lab.set_state({"x": 3.0, "tags": ["b"], "tint": "red", "question": 3})
    assert lab.answers == [2.0, 3.0]
    lab.set(x=4.0, tags=["c"])
    assert lab.answers == [2.0, 3.0, 4.0]
    assert lab.facts["serial"] == 3


def test_an_old_number_changes_nothing() -> None:
    lab = Square()
    lab.set_state({"x": 3.0, "question": 9})
    lab.set_state({"question": 8})
    assert lab.facts["serial"] == 9


@pytest.mark.parametrize(
    ("x", "told"),
    [(13.0, "thirteen has no square here"), (14.0, "ZeroDivisionError: by zero")],
)
def test_a_mistake_is_told_and_the_picture_stays(
    x: float, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    lab = Square()
    before = {k: v for k, v in lab.facts.items() if k != "serial"}
    lab.set_state({"x": x, "question": 4})
    assert lab.problem == told
    assert lab.facts == {**before, "serial": 4}
    assert lab.spec["title"] == "x is 2"
    # what nobody foresaw also goes to the log, with where it came from
    assert any(r.exc_info for r in caplog.records) == told.startswith("Zero")

    lab.set_state({"x": 5.0, "question": 5})
    assert lab.problem == ""
    assert numbers(lab)["square"] == 25.0
    assert lab.facts["serial"] == 5


def test_an_interrupt_is_told_and_the_same_can_be_asked_again() -> None:
    lab = Square()
    before = {k: v for k, v in lab.facts.items() if k != "serial"}
    with pytest.raises(KeyboardInterrupt):
        lab.set_state({"x": 16.0, "question": 1})
    assert lab.facts == {**before, "serial": 1}
    assert "interrupted before it was answered: move a control" in lab.problem
    lab.set_state({"question": 2})
    assert numbers(lab)["square"] == 256.0
    assert (lab.facts["serial"], lab.problem) == (2, "")


def test_a_mistake_of_a_listener_is_told_and_goes_to_the_log() -> None:
    """It came before the lab's own turn; the question is answered all the same."""
    lab = Square()
    lab.unobserve(lab._on_question, [*lab.asks, "question"])

    def wrong(change: Any) -> None:
        raise LookupError("no such budget")

    lab.observe(wrong, "x")
    lab.observe(lab._on_question, [*lab.asks, "question"])
    with pytest.raises(LookupError):  # the kernel logs what comes out of a message
        lab.set_state({"x": 5.0, "question": 3})
    assert lab.problem == "in a callback of yours: LookupError: no such budget"
    assert numbers(lab)["square"] == 25.0
    assert lab.facts["serial"] == 3


def test_a_lab_that_cannot_begin_says_so() -> None:
    with pytest.raises(ValueError, match="thirteen"):
        Square(x=13)


def test_a_mistake_that_comes_late_is_told(caplog: pytest.LogCaptureFixture) -> None:
    lab = Square(x=15)
    assert any(r.exc_info for r in caplog.records)
    assert lab.problem == "RuntimeError: too late"
    assert numbers(lab)["cube"] == 3375.0


# --- with a running kernel ------------------------------------------------------------------


async def settled(lab: sw.Lab) -> None:
    task = lab._after
    assert task is not None
    await asyncio.wait([task])


def test_in_a_kernel_facts_come_later() -> None:
    async def session() -> None:
        lab = Square(x=3)
        assert "cube" not in numbers(lab)
        assert arrays(lab) == {"row": [0.0, 1.0, 2.0]}
        await settled(lab)
        assert numbers(lab)["late"] == 1.0
        assert arrays(lab) == {"row": [3.0, 3.0]}

    asyncio.run(session())


def test_a_newer_question_drops_the_older_ones_work() -> None:
    async def session() -> None:
        lab = Square()
        await settled(lab)
        for x in (3.0, 4.0, 5.0):
            lab.set_state({"x": x, "question": int(x)})
            await asyncio.sleep(0)
        await settled(lab)
        assert lab.finished == [2.0, 5.0]
        assert numbers(lab)["cube"] == 125.0
        assert lab.facts["serial"] == 5

    asyncio.run(session())


def test_a_mistake_drops_it_too() -> None:
    async def session() -> None:
        lab = Square()
        lab.set_state({"x": 13.0, "question": 1})
        for _ in range(5):
            await asyncio.sleep(0)
        assert lab.problem
        assert lab.finished == []

    asyncio.run(session())


# --- inputs ---------------------------------------------------------------------------------


def test_unknown_inputs_are_refused_with_a_hint() -> None:
    with pytest.raises(TypeError, match=r"Square has no input 'tit'\. Did you mean 'tint'\?"):
        Square(tit="blue")
    with pytest.raises(TypeError, match=r"no input 'qqq'\. It takes .*tags, tint"):
        Square(qqq=1)
    with pytest.raises(traitlets.TraitError, match="Square has no input 'y'"):
        Square().set(y=1)


@pytest.mark.parametrize(
    ("given", "value"),
    [("70B", 70e9), ("1.4T tokens", 1.4e12), ("1e24 FLOP", 1e24), (3, 3.0), (np.float32(4), 4.0)],
)
def test_quantities(given: Any, value: float) -> None:
    lab = Square()
    heard: list[float] = []
    lab.observe(lambda change: heard.append(change.new), "x")
    lab.x = given
    assert (lab.x, type(lab.x), heard) == (value, float, [value])


@pytest.mark.parametrize("given", ["70Q", "", None, [1], True, float("nan"), float("inf"), -1])
def test_what_is_no_quantity(given: Any) -> None:
    lab = Square()
    with pytest.raises(traitlets.TraitError, match=r"^x"):
        lab.x = given
    assert lab.x == 2.0


def test_zero_only_where_it_makes_sense() -> None:
    class Positive(traitlets.HasTraits):
        x = Quantity(1.0)

    assert Square(x=0).x == 0.0
    with pytest.raises(traitlets.TraitError, match="x must be positive"):
        Positive().x = 0


# --- what travels ---------------------------------------------------------------------------


@given(
    st.lists(st.floats(width=32), max_size=40),
    st.sampled_from(["f4", "f8"]),
)
def test_arrays_survive_the_wire(values: list[float], dtype: str) -> None:
    packed = pack(values, dtype)
    assert json.dumps({**packed, "data": ""})
    assert len(packed["data"]) == len(values) * int(dtype[1])
    np.testing.assert_array_equal(unpack(packed), np.asarray(values))


def test_shapes_survive_the_wire() -> None:
    grid = np.arange(6.0).reshape(2, 3).T
    np.testing.assert_array_equal(unpack(pack(grid)), grid)
    np.testing.assert_array_equal(unpack(pack(np.arange(3), "i4")), [0, 1, 2])
    assert pack([1.5]) == {"dtype": "f8", "shape": [1], "data": b"\0\0\0\0\0\0\xf8?"}


def test_bytes_that_do_not_fill_their_shape() -> None:
    with pytest.raises(ValueError, match="reshape"):
        unpack({**pack([1.0, 2.0]), "shape": [3]})


def test_a_page_is_plain_json() -> None:
    page = Page(
        title="t",
        groups=[
            Group(
                "g",
                [
                    Slider("x", "X", (1.0, 9.0)),
                    Choice("c", "C", {"a": "A"}),
                    Action("go", {"x": []}, visible="x"),
                ],
            )
        ],
        plots=[
            Plot("p", "P", Axis("x"), Axis("y", "linear"), [Curve("x", "y", "l", "law")]),
            Plot("q", "Q", Axis("x"), Axis("y"), [Band("x", "y", "l", "law")]),
        ],
        formulas={"y": "x**2 + 1", "z": ("neg", "x")},
        solves=[Solve("budget", ("n", "d"), "loss", "a", "b", budget="C")],
    )
    spec = page.spec
    assert json.loads(json.dumps(spec)) == spec
    slider, choice, action = spec["groups"][0]["controls"]
    assert slider["kind"] == "slider"
    assert slider["domain"] == [1.0, 9.0]
    assert "help" not in slider
    assert choice["options"] == [{"value": "a", "label": "A"}]
    assert action == {"label": "go", "set": {"x": []}, "visible": "x", "kind": "action"}
    assert [plot["marks"][0]["kind"] for plot in spec["plots"]] == ["curve", "band"]
    assert spec["formulas"] == [
        {"cell": "y", "tree": ["+", ["**", "x", 2.0], 1.0]},
        {"cell": "z", "tree": ["neg", "x"]},
    ]
    assert spec["solves"][0]["kind"] == "budget"


def test_a_lab_needs_a_page_and_facts() -> None:
    with pytest.raises(NotImplementedError):
        sw.Lab()
