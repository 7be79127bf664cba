"""Answers that come late, twice, damaged or never, and what the lab shows meanwhile."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

import scalewidgets as sw
from scalewidgets.widgets.wire import pack

from .kernel import HandKernel
from .lab import ANSWERED, TWO_FRAMES, Lab

OUT = re.compile("sw-out")


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    size = {"width": 1500, "height": 1700}
    context = chromium.new_context(viewport=size, offline=True)  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


def click_out(lab: Lab, row: int) -> None:
    lab.run(row).click(force=True)
    expect(lab.run(row)).to_have_class(OUT)


def test_an_answer_to_an_older_question_is_never_drawn(page: Page, tmp_path: Path) -> None:
    kernel = HandKernel(page, tmp_path, sw.Explorer(), views=2)
    views = kernel.views
    click_out(views[0], 40)
    (older,) = kernel.asked()
    click_out(views[1], 41)  # the other view of the same lab asks, too
    (newer,) = kernel.asked()
    assert (older["excluded"], newer["excluded"]) == ([40], [40, 41])
    preview = [view.curve() for view in views]
    kernel.answer(older)
    for view, curve in zip(views, preview, strict=True):
        assert view.curve() == curve
        expect(view.state).to_have_attribute("data-state", "waiting")
    kernel.answer(newer)
    for view in views:
        expect(view.state).to_have_attribute("data-state", ANSWERED)
        expect(view.state).to_contain_text("133 runs, 2 left out")
    exact = [view.curve() for view in views]
    assert exact[0] == exact[1]
    kernel.give({"facts": {**kernel.lab.facts, "serial": older["question"]}})  # once more, late
    assert [view.curve() for view in views] == exact
    assert kernel.asked() == []  # nobody asks for what is known
    assert kernel.complaints == []


def test_a_comm_that_refuses_a_message_does_not_stop_the_hand(page: Page, tmp_path: Path) -> None:
    kernel = HandKernel(page, tmp_path, sw.Explorer())
    (lab,) = kernel.views
    curve = lab.curve()
    page.evaluate("window.model.refuses = true")
    click_out(lab, 40)
    assert kernel.asked() == []
    assert lab.curve() != curve  # the browser's own refit
    assert any("the comm is closed" in line for line in kernel.complaints)
    kernel.give({"problem": "said by Python"})  # which is heard all the same
    expect(lab.root.locator(".sw-problem")).to_have_text("said by Python")
    page.evaluate("window.model.refuses = false")
    click_out(lab, 41)
    (message,) = kernel.asked()
    assert message["excluded"] == [40, 41]
    kernel.answer(message)
    expect(lab.state).to_have_attribute("data-state", ANSWERED)
    expect(lab.state).to_contain_text("133 runs, 2 left out")


def test_a_damaged_answer_is_told_and_the_picture_stays(page: Page, tmp_path: Path) -> None:
    kernel = HandKernel(page, tmp_path, sw.Explorer())
    (lab,) = kernel.views
    click_out(lab, 40)
    (message,) = kernel.asked()
    preview = lab.curve()
    short = {"dtype": "f8", "shape": [3], "data": b"\0" * 5}
    kernel.answer(message, facts={**kernel.lab.facts, "numbers": short, "serial": 1})
    assert lab.curve() == preview
    assert any("it has 5" in line for line in kernel.complaints)  # in the browser's log, too
    problem = lab.root.locator(".sw-problem")
    assert problem.is_visible()
    assert "needs 24 bytes, it has 5" in problem.inner_text()
    kernel.give({"facts": kernel.lab.facts})
    expect(problem).to_be_hidden()
    expect(lab.state).to_contain_text("134 runs, 1 left out")


def test_what_cannot_be_drawn_is_told_until_it_can(page: Page, tmp_path: Path) -> None:
    kernel = HandKernel(page, tmp_path, sw.Explorer())
    (lab,) = kernel.views
    good = kernel.lab.facts
    kernel.give({"facts": {**good, "arrays": {**good["arrays"], "draws_alpha": pack([0.3])}}})
    lab.drag_slider("C", 0.3)  # the hand goes on
    page.evaluate(TWO_FRAMES)
    problem = lab.root.locator(".sw-problem")
    assert problem.is_visible()
    assert problem.inner_text() == "alpha has 1 values where others have 200"
    assert not [line for line in kernel.complaints if line.startswith("uncaught")]
    kernel.give({"facts": good})
    expect(problem).to_be_hidden()


def test_a_view_that_is_taken_away_in_mid_drag_leaves_nothing(page: Page, tmp_path: Path) -> None:
    """What the hand did last is sent, and no function of the lab is called any more."""
    kernel = HandKernel(page, tmp_path, sw.Explorer(), views=2)
    other = kernel.views[1]
    of_two = kernel.listeners()
    track = kernel.views[0].slider("C")
    box = track.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.5 * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.8 * box["width"], y, steps=4)
    page.evaluate("window.dispose[0]()")
    page.mouse.move(box["x"] + 0.2 * box["width"], y, steps=4)
    page.mouse.up()
    assert 2 * kernel.listeners() == of_two
    left = Lab(other.page, 0)
    expect(page.locator(".sw-lab")).to_have_count(1)
    for message in kernel.asked():
        kernel.answer(message)
    assert kernel.lab.C == page.evaluate("window.model.get('C')") > sw.Explorer().C
    left.drag_slider("C", 0.3)
    assert kernel.asked()[-1]["C"] == page.evaluate("window.model.get('C')")
    page.evaluate("window.dispose[1]()")
    assert kernel.listeners() == 0
    assert kernel.complaints == []
