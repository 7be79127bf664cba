"""The Explorer as a person uses it in JupyterLab: mouse, keyboard, both themes, two views."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from .jupyter import LabPage
from .lab import Lab, follows_themes

QUICKSTART = Path(__file__).parents[2] / "notebooks" / "00_quickstart.ipynb"
CELLS = ["import scalewidgets as sw\nlab = sw.Explorer()\nlab"]


@pytest.fixture
def lab(wide_page: LabPage) -> Lab:
    wide_page.open_notebook(CELLS)
    wide_page.run_all()
    return Lab(wide_page)


def test_the_quickstart_is_dragged(wide_page: LabPage) -> None:
    wide_page.open_notebook(QUICKSTART)
    wide_page.run_all()
    lab = Lab(wide_page)
    before = lab.curve()
    wide_page.run_code("lab.N = 70e9")
    expect(lab.box("N")).to_have_value("70B")

    lab.drag_slider("C", 0.35)
    lab.settled()
    shown = lab.slider("C").get_attribute("aria-valuetext")
    assert lab.curve() != before
    held = lab.heard("C", "lab.C")
    assert 1e19 < held < 1e22
    assert wide_page.value("6 * lab.N * lab.D") == pytest.approx(held)
    assert shown is not None
    assert shown.startswith(f"{held:.2e}"[:3].rstrip("0").rstrip("."))

    ratio = lab.root.locator('tr[data-cell="tokens_per_parameter"] .sw-value').first
    expect(ratio).to_have_text(re.compile(r"^0\.0\d+"))  # a number, not "36.7m"

    expect(lab.root.locator(".sw-band")).not_to_have_count(0)
    follows_themes(wide_page, lab)
    wide_page.screenshot("explorer", lab.root)
    wide_page.assert_quiet()


def test_a_click_leaves_a_run_out_and_the_law_refits(lab: Lab) -> None:
    page = lab.page
    alpha = page.value("lab.fit.params['alpha']")
    before = lab.curve()
    lab.run(40).click(force=True)
    page.wait_for_value("lab.excluded", lambda rows: rows == [40])
    lab.settled()
    expect(lab.run(40)).to_have_class(re.compile("sw-out"))
    expect(lab.state).to_contain_text("134 runs, 1 left out")
    assert page.value("lab.fit.params['alpha']") != alpha
    assert page.value("lab.fit.status") == "ok"
    assert lab.curve() != before
    lab.run(40).click(force=True)
    page.wait_for_value("lab.excluded", lambda rows: rows == [])
    assert page.value("lab.fit.params['alpha']") == pytest.approx(alpha, rel=1e-6)
    page.assert_quiet()


def test_a_brush_leaves_many_out_and_shift_takes_them_back(lab: Lab) -> None:
    page, mouse = lab.page, lab.page.page.mouse
    area = lab.root.locator('[data-plot="residuals"] svg.sw-area').bounding_box()
    assert area is not None

    def sweep() -> None:
        mouse.move(area["x"] + 3, area["y"] + 3)
        mouse.down()
        mouse.move(area["x"] + area["width"] / 3, area["y"] + area["height"] - 3, steps=15)
        mouse.up()

    sweep()
    page.wait_for_value("lab.excluded", lambda rows: len(rows) > 20)
    lab.settled()
    gone = page.value("lab.excluded")  # the last of the sweep may have come since
    assert page.value("lab.fit.used") == 135 - len(gone)
    expect(lab.root.locator('[data-plot="loss"] circle.sw-out')).to_have_count(len(gone))
    page.page.keyboard.down("Shift")
    sweep()
    page.page.keyboard.up("Shift")
    page.wait_for_value("lab.excluded", lambda rows: rows == [])
    page.assert_quiet()


def test_the_picture_follows_before_the_kernel_answers(lab: Lab) -> None:
    """While the kernel is busy the browser refits by itself; the exact answer replaces it."""
    page = lab.page
    page.page.evaluate(
        """(path) => {
            const panel = [...window.jupyterapp.shell.widgets("main")]
                .find((w) => w.context?.path === path);
            panel.sessionContext.session.kernel.requestExecute(
                {code: "import time; time.sleep(3)", store_history: false});
        }""",
        page.path,
    )
    before = lab.curve()
    lab.run(40).click(force=True)
    expect(lab.state).to_have_attribute("data-state", "waiting")
    preview = lab.curve()
    assert preview != before
    lab.settled()
    assert page.value("lab.excluded") == [40]
    page.assert_quiet()


def test_the_keyboard_does_all_of_it(lab: Lab) -> None:
    page, keyboard = lab.page, lab.page.page.keyboard
    before = page.value("lab.N")
    lab.slider("N").focus()
    for _ in range(10):
        keyboard.press("ArrowRight")
    page.wait_for_value("lab.N", lambda N: before * 1.1 < N)
    assert page.value("6 * lab.N * lab.D / lab.C") == pytest.approx(1.0)
    assert page.value("lab.C") == pytest.approx(6 * 3e9 * 6e10)

    lab.root.get_by_role("button", name="Hold Training tokens D").focus()
    keyboard.press("Enter")
    page.wait_for_value("lab.hold", lambda hold: hold == "D")
    tokens = page.value("lab.D")
    lab.slider("N").focus()
    keyboard.press("PageUp")
    page.wait_for_value("lab.C", lambda C: C > 6 * 3e9 * 6e10 * 1.01)
    assert page.value("lab.D") == tokens

    lab.box("inference_tokens").fill("5T")
    keyboard.press("Enter")
    page.wait_for_value("lab.inference_tokens", lambda tokens: tokens == 5e12)
    lab.box("inference_tokens").fill("many")
    keyboard.press("Enter")
    note = lab.root.locator('[data-cell="inference_tokens"] .sw-note')
    expect(note).to_contain_text("Not changed")
    assert page.value("lab.inference_tokens") == 5e12

    lab.root.locator('[data-plot="loss"] svg.sw-surface').focus()
    keyboard.press("ArrowRight")
    keyboard.press("Space")
    out = page.wait_for_value("lab.excluded", lambda rows: len(rows) == 1)
    expect(lab.run(out[0])).to_have_class(re.compile("sw-out"))
    keyboard.press("Space")
    page.wait_for_value("lab.excluded", lambda rows: rows == [])

    lab.root.locator('[data-cell="objective"] select').focus()
    keyboard.press("ArrowDown")
    page.wait_for_value("lab.objective", lambda kind: kind == "least_squares")
    lab.settled()
    expect(lab.state).to_contain_text("least squares on log loss")
    page.assert_quiet()


def test_the_wheel_moves_constants_and_lets_them_go(lab: Lab) -> None:
    page = lab.page
    optimum = page.value("lab.fit.params['E']")
    lab.root.locator('[data-cell="steer"] input').click()
    handle = lab.box("wheel.E")
    expect(handle).to_be_visible()
    handle.fill("1.7")
    lab.page.page.keyboard.press("Enter")
    page.wait_for_value("lab.fit.params['E']", lambda E: pytest.approx(1.7) == E)
    lab.settled()
    assert page.value("lab.law.values['E']") == pytest.approx(1.7)
    assert page.value("lab.fit.params['alpha']") < 0.34  # the others were fitted again
    lab.root.get_by_role("button", name="Fit", exact=True).click()
    page.wait_for_value("lab.fit.params['E']", lambda E: pytest.approx(optimum, rel=1e-6) == E)
    expect(handle).not_to_be_visible()
    page.assert_quiet()


def test_two_views_and_python_stay_in_step(wide_page: LabPage) -> None:
    cells = [
        *CELLS,
        "lab",
        "heard = []\nlab.observe(lambda change: heard.append(change.new), 'N')",
    ]
    wide_page.open_notebook(cells)
    wide_page.run_all()
    first, second = Lab(wide_page, 0), Lab(wide_page, 1)
    wide_page.run_code("lab.N = '7e9'")
    expect(first.box("N")).to_have_value("7B")
    expect(second.box("N")).to_have_value("7B")
    expect(first.box("D")).to_have_value("25.7B")
    first.box("N").fill("9B")
    wide_page.page.keyboard.press("Enter")
    expect(second.box("N")).to_have_value("9B")
    wide_page.wait_for_value("heard", lambda values: values[-1] == 9e9)
    first.run(3).click(force=True)
    expect(second.run(3)).to_have_class(re.compile("sw-out"))
    wide_page.assert_quiet()


def test_a_mistake_is_told_and_the_picture_stays(lab: Lab) -> None:
    page = lab.page
    before = lab.curve()
    page.run_code("lab.excluded = list(range(132))")
    problem = lab.root.locator(".sw-problem")
    expect(problem).to_contain_text("3 runs cannot determine 5 constants")
    assert lab.curve() == before
    page.run_code("lab.excluded = []")
    expect(problem).to_be_hidden()
    page.run_code("lab.dataset = '<img src=x onerror=alert(1)>'")
    expect(problem).to_contain_text("<img src=x onerror=alert(1)>")
    expect(lab.root.locator(".sw-problem img")).to_have_count(0)
    page.assert_quiet()


def test_every_law_draws_and_says_where_it_comes_from(lab: Lab) -> None:
    page = lab.page
    menu = lab.root.locator('[data-cell="law_name"] select')
    for name in menu.locator("option").evaluate_all("(all) => all.map((o) => o.value)"):
        menu.select_option(name)
        page.wait_for_value("lab.fit.law.id", lambda id, name=name: id == name)
        lab.settled()
        expect(lab.root.locator(".sw-problem")).to_be_hidden()
        drawn = lab.curve()
        assert drawn is not None
        assert "NaN" not in drawn
        assert len(drawn) > 200
    page.assert_quiet()
