"""The bad day: what a lab shows when its kernel, its page or its cell goes away, and after that."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Locator, expect

from .jupyter import LabPage
from .lab import ANSWERED, Lab

CELL = "import scalewidgets as sw\nlab = sw.Explorer()\nlab"
# Answers as slowly as the notebook says, and keeps count.
SLOW = """
import time
import scalewidgets as sw

class Slow(sw.Explorer):
    wait, asked = 0.0, []
    def facts_now(self):
        self.asked.append(list(self.excluded))
        time.sleep(self.wait)
        return super().facts_now()

lab = Slow()
lab
"""
PANEL = """const panel = [...window.jupyterapp.shell.widgets("main")]
    .find((w) => w.context?.path === path);"""
KERNEL = f"([path, verb]) => {{ {PANEL} return panel.sessionContext.session.kernel[verb]()"
KERNEL += ".then(() => null); }"
ON_CELL = f"""(path) => {{ {PANEL}
    window.jupyterapp.shell.activateById(panel.id);
    panel.content.activeCellIndex = %s;
    return window.jupyterapp.commands.execute("%s").then(() => null); }}"""
LAST = "panel.content.widgets.length - 1"
RUN_FIRST, RUN_LAST = (ON_CELL % (at, "notebook:run-cell") for at in ("0", LAST))
CLEAR = ON_CELL % (LAST, "notebook:clear-cell-output")
SAVE = f"(path) => {{ {PANEL} return panel.context.save(); }}"
CLOSE = f"async (path) => {{ {PANEL} await panel.context.save(); panel.close(); }}"
OPEN = (
    """(path) => window.jupyterapp.commands.execute("docmanager:open", {path}).then(() => null)"""
)


def opened(page: LabPage, *cells: str) -> Lab:
    page.open_notebook(cells or [CELL])
    page.run_all()
    return Lab(page)


def problem(lab: Lab) -> Locator:
    return lab.root.locator(".sw-problem")


@contextmanager
def a_drag(lab: Lab, cell: str) -> Iterator[None]:
    """The thumb of a slider in the hand, before and after what happens meanwhile."""
    track = lab.slider(cell)
    box = track.bounding_box()
    assert box is not None
    mouse, y = lab.page.page.mouse, box["y"] + box["height"] / 2
    mouse.move(box["x"] + 0.5 * box["width"], y)
    mouse.down()
    mouse.move(box["x"] + 0.6 * box["width"], y, steps=4)
    yield
    mouse.move(box["x"] + 0.8 * box["width"], y, steps=8)
    mouse.up()


def test_a_kernel_that_restarts_in_mid_drag(wide_page: LabPage) -> None:
    lab = opened(wide_page)
    with a_drag(lab, "C"):
        wide_page.page.evaluate(KERNEL, [wide_page.path, "restart"])
        expect(lab.state).to_have_attribute("data-state", "lost")
        expect(lab.state).to_contain_text("the kernel has gone")
        before = lab.box("C").input_value()
    assert lab.box("C").input_value() != before  # what is a formula goes on
    curve = lab.curve()
    lab.run(40).click(force=True)
    expect(lab.run(40)).to_have_class(re.compile("sw-out"))
    assert lab.curve() != curve  # and so does the browser's own refit
    wide_page.screenshot("living-lost")
    wide_page.run_all()
    again = Lab(wide_page)
    expect(wide_page.page.locator(".sw-lab")).to_have_count(1)
    again.drag_slider("C", 0.3)
    again.heard("C", "lab.C")
    wide_page.assert_quiet()


def test_a_cell_that_is_run_again_in_mid_drag(wide_page: LabPage) -> None:
    """The new lab begins as the cell says: the hand on the old one has no part in it."""
    lab = opened(wide_page)
    begun = wide_page.value("lab.C")
    with a_drag(lab, "C"):
        wide_page.page.evaluate(RUN_FIRST, wide_page.path)
        wide_page.wait_for_value("(lab.question, lab.C)", lambda now: now == [0, begun])
        expect(wide_page.page.locator(".sw-lab")).to_have_count(1)
        again = Lab(wide_page)
    assert wide_page.value("lab.C") == begun
    again.drag_slider("C", 0.3)
    assert again.heard("C", "lab.C") != begun
    wide_page.assert_quiet()


def test_an_output_that_is_cleared_and_shown_again(wide_page: LabPage) -> None:
    lab = opened(wide_page, "import scalewidgets as sw\nlab = sw.Explorer()", "lab")
    lab.run(40).click(force=True)
    lab.drag_slider("C", 0.3)
    held = lab.heard("C", "lab.C")
    lab.settled()
    living = listeners(wide_page)
    wide_page.page.evaluate(CLEAR, wide_page.path)
    expect(wide_page.page.locator(".sw-lab")).to_have_count(0)
    assert listeners(wide_page) < living
    wide_page.page.evaluate(RUN_LAST, wide_page.path)
    again = Lab(wide_page)
    assert again.heard("C", "lab.C") == held
    expect(again.run(40)).to_have_class(re.compile("sw-out"))
    expect(again.state).to_contain_text("134 runs, 1 left out")
    assert listeners(wide_page) == living
    wide_page.assert_quiet()


def test_a_kernel_that_is_interrupted_goes_on_answering(wide_page: LabPage) -> None:
    lab = opened(wide_page)
    with a_drag(lab, "C"):
        wide_page.page.evaluate(KERNEL, [wide_page.path, "interrupt"])
    lab.heard("C", "lab.C")
    lab.run(40).click(force=True)
    wide_page.wait_for_value("lab.excluded", lambda rows: rows == [40])
    lab.settled()
    expect(problem(lab)).to_be_hidden()
    wide_page.assert_quiet()


def test_a_page_that_was_offline_catches_up(wide_page: LabPage) -> None:
    lab = opened(wide_page)
    wide_page.page.context.set_offline(True)
    curve = lab.curve()
    lab.run(40).click(force=True)
    lab.drag_slider("C", 0.3)
    expect(lab.state).to_have_attribute("data-state", "waiting")
    assert lab.curve() != curve
    expect(lab.state).to_have_attribute("data-state", "overdue", timeout=15_000)
    expect(lab.state).to_contain_text("the kernel has not answered")
    wide_page.page.context.set_offline(False)
    expect(lab.state).to_have_attribute("data-state", ANSWERED, timeout=60_000)
    assert wide_page.value("lab.excluded") == [40]
    lab.heard("C", "lab.C")
    complaints = [e for e in wide_page.errors if "ERR_INTERNET_DISCONNECTED" not in e]
    assert not complaints


def test_a_page_that_is_loaded_again_shows_the_living_lab(wide_page: LabPage) -> None:
    lab = opened(wide_page)
    lab.run(40).click(force=True)
    lab.drag_slider("C", 0.3)
    held = lab.heard("C", "lab.C")
    lab.settled()
    wide_page.page.evaluate(SAVE, wide_page.path)
    wide_page.page.reload()
    again = Lab(wide_page)
    assert again.heard("C", "lab.C") == held
    expect(again.run(40)).to_have_class(re.compile("sw-out"))
    again.drag_slider("C", 0.7)
    assert again.heard("C", "lab.C") > held
    wide_page.assert_quiet()


def test_a_notebook_that_was_closed_and_opened_again(wide_page: LabPage) -> None:
    lab = opened(wide_page)
    lab.drag_slider("C", 0.3)
    held = lab.heard("C", "lab.C")
    wide_page.page.evaluate(CLOSE, wide_page.path)
    expect(wide_page.page.locator(".sw-lab")).to_have_count(0)
    wide_page.page.evaluate(OPEN, wide_page.path)
    again = Lab(wide_page)
    assert again.heard("C", "lab.C") == held
    again.drag_slider("C", 0.7)
    assert again.heard("C", "lab.C") > held
    wide_page.assert_quiet()


def test_a_slow_kernel_never_shows_a_stale_answer(wide_page: LabPage) -> None:
    """Two seconds an answer: the browser refits meanwhile, the newest question wins, and nothing
    is computed twice."""
    lab = opened(wide_page, SLOW)
    wide_page.run_code("Slow.wait = 2.0; Slow.asked.clear()")
    for row in (40, 41, 42):
        lab.run(row).click(force=True)
    expect(lab.state).to_have_attribute("data-state", "waiting")
    for row in (40, 41, 42):
        expect(lab.run(row)).to_have_class(re.compile("sw-out"))
    preview = lab.curve()
    expect(lab.state).to_have_attribute("data-state", ANSWERED, timeout=20_000)
    expect(lab.state).to_contain_text("132 runs, 3 left out")
    asked = wide_page.value("Slow.asked")
    assert asked[-1] == [40, 41, 42]
    assert len({tuple(rows) for rows in asked}) == len(asked) <= 3
    assert wide_page.value("lab.fit.used") == 132
    assert preview is not None
    wide_page.assert_quiet()


def test_an_answer_that_is_interrupted_can_be_asked_again(wide_page: LabPage) -> None:
    lab = opened(wide_page, SLOW, "Slow.wait = 30.0 if lab.excluded else 0.0")
    with pytest.raises(AssertionError, match="KeyboardInterrupt"):
        wide_page.run_code(
            "import signal, threading\nSlow.wait = 30.0\n"  # of which a second passes
            "main = threading.main_thread().ident, signal.SIGINT\n"
            "threading.Timer(1.0, signal.pthread_kill, main).start()\nlab.excluded = [40]"
        )
    expect(problem(lab)).to_contain_text("interrupted before it was answered")
    wide_page.run_code("Slow.wait = 0.0")
    lab.run(41).click(force=True)
    wide_page.wait_for_value("lab.excluded", lambda rows: rows == [40, 41])
    lab.settled()
    expect(problem(lab)).to_be_hidden()
    expect(lab.state).to_contain_text("133 runs, 2 left out")


def test_a_callback_that_raises_is_told_under_the_lab(wide_page: LabPage) -> None:
    wrong = "def wrong(change):\n    raise LookupError('no such budget <b>')\n"
    lab = opened(wide_page, CELL, f"{wrong}lab.observe(wrong, 'excluded')")
    lab.run(40).click(force=True)
    expect(problem(lab)).to_contain_text("in a callback of yours: LookupError: no such budget <b>")
    lab.settled()
    expect(lab.state).to_contain_text("134 runs, 1 left out")  # answered all the same
    wide_page.run_code("lab.unobserve(wrong, 'excluded')")
    lab.run(41).click(force=True)
    expect(problem(lab)).to_be_hidden()
    expect(lab.state).to_contain_text("133 runs, 2 left out")


def test_a_mistake_in_the_front_end_is_told_and_the_picture_stays(wide_page: LabPage) -> None:
    lab = opened(wide_page)
    curve = lab.curve()
    wide_page.run_code(
        "good = lab.spec\nlab.spec = {**good, 'formulas': [{'cell': 'x', 'tree': ['?', 1]}]}"
    )
    expect(problem(lab)).to_contain_text("?")
    assert lab.curve() == curve
    assert any("?" in error for error in wide_page.errors)  # the browser's log has it, too
    wide_page.run_code("lab.spec = good")
    expect(problem(lab)).to_be_hidden()
    lab.drag_slider("C", 0.3)
    lab.heard("C", "lab.C")


def test_twenty_labs_in_one_notebook(wide_page: LabPage) -> None:
    """They load one front end between them, and each is its own."""
    cells = ["import scalewidgets as sw\nlabs = [sw.Explorer() for _ in range(20)]"]
    cells += [f"labs[{i}]" for i in range(20)]
    wide_page.open_notebook(cells)
    wide_page.run_all()
    expect(wide_page.page.locator(".sw-lab")).to_have_count(20)
    shelf = "globalThis[Symbol.for('scalewidgets')].size"
    assert wide_page.page.evaluate(shelf) == 1
    for i, budget in ((0, 3e20), (19, 5e22)):
        lab = Lab(wide_page, i)
        lab.box("C").fill(str(budget))  # no drag: the notebook moves while labs come into sight
        wide_page.page.keyboard.press("Enter")
        wide_page.wait_for_value(f"labs[{i}].C", lambda C, budget=budget: budget == C)
    values = wide_page.value("[lab.C for lab in labs]")
    assert len(set(values[1:19])) == 1
    wide_page.assert_quiet()


def listeners(page: LabPage) -> int:
    """How many functions hear the window and the document."""
    devtools = page.page.context.new_cdp_session(page.page)
    count = 0
    for name in ("window", "document"):
        found = devtools.send("Runtime.evaluate", {"expression": name})["result"]["objectId"]
        heard = devtools.send("DOMDebugger.getEventListeners", {"objectId": found})
        count += len(heard["listeners"])
    devtools.detach()
    return count


def test_nothing_listens_after_a_lab_was_closed(wide_page: LabPage) -> None:
    lab = opened(wide_page, CELL, "1")
    living = listeners(wide_page)
    wide_page.run_code("lab.close()")
    expect(wide_page.page.locator(".sw-lab")).to_have_count(0)
    gone = living - listeners(wide_page)
    assert gone > 0
    for _ in range(3):
        wide_page.page.evaluate(RUN_FIRST, wide_page.path)
        lab = Lab(wide_page)
        expect(wide_page.page.locator(".sw-lab")).to_have_count(1)
    lab.settled()
    # what each of the three had left would be three; JupyterLab may add one of its own
    assert listeners(wide_page) - living < 3
    wide_page.assert_quiet()
