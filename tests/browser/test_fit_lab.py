"""The FitLab as a person uses it in JupyterLab: sliders, clicks, a lasso, a row, a condition."""

import re

import pytest
from playwright.sync_api import Locator, expect

from scalewidgets.lawbook.quantity import parse_quantity

from .jupyter import LabPage
from .lab import Lab, read

# In the kernel: the strip's factor of approach 2 over that of the lab's own curves.
STRIP = """
from scalewidgets.widgets.wire import unpack

def strip_over_isoflop(lab):
    facts = lab.facts
    names = facts["strings"].get("strip_name", [])
    if "approach 2, parabola" not in names:
        return 0.0
    factors = unpack(facts["arrays"]["strip_k"])
    return float(factors[names.index("approach 2, parabola")] / lab.isoflop.k_N)
"""


def opened(page: LabPage, call: str = "sw.FitLab()") -> Lab:
    page.open_notebook([f"import scalewidgets as sw\nlab = {call}\nlab"])
    page.run_all()
    return Lab(page)


def curves(lab: Lab) -> Locator:
    """The curves of approach 2, one path."""
    return lab.root.locator('[data-plot="isoflop"] path.sw-curve[style*="second"]').first


def law(lab: Lab) -> Locator:
    path = '[data-plot="isoflop"] g[style*="--sw-law"] path.sw-curve'
    return lab.root.locator(path).first


def test_the_bias_of_approach_2_appears_as_the_grid_is_dragged(wide_page: LabPage) -> None:
    lab = opened(wide_page, 'sw.FitLab(truth="asymmetric", noise=0.0005)')
    before = curves(lab).get_attribute("d")
    centred = read(lab, "a2_N")
    lab.drag_slider("width", 0.9)
    lab.drag_slider("off_centre", 0.75)
    expect(curves(lab)).not_to_have_attribute("d", before or "")
    wide_page.wait_for_value("lab.off_centre", lambda value: value > 0.3)
    lab.settled()
    shown = read(lab, "a2_N")
    assert shown != pytest.approx(centred, rel=0.05)
    assert shown == pytest.approx(wide_page.value("float(lab.isoflop.N_opt(lab.C))"), rel=0.01)
    assert read(lab, "a3_N") == pytest.approx(
        wide_page.value("float(lab.fit.N_opt(lab.C))"), rel=0.01
    )
    # until its own have come the strip shows the rows of the answer before
    wide_page.run_code(STRIP)
    wide_page.wait_for_value("strip_over_isoflop(lab)", lambda value: abs(value - 1.0) < 1e-9)
    dots = lab.root.locator('[data-plot="multiverse"] .sw-points circle')
    wide_page.wait_for_value(
        "len(lab.facts['strings']['strip_name'])", lambda value: value == dots.count()
    )
    wide_page.screenshot("fit-lab")
    wide_page.assert_quiet()


def test_the_browser_moves_all_in_the_frame_before_the_kernel_answers(wide_page: LabPage) -> None:
    """What is on the screen while a slider is down is what the kernel finds once it is let go."""
    lab = opened(wide_page)
    slider = lab.slider("off_centre")
    slider.focus()
    wide_page.page.keyboard.press("ArrowRight")
    lab.settled()
    exact = read(lab, "a2_N"), read(lab, "a3_N")
    wide_page.page.evaluate(
        """() => { window.__seen = []; const lab = document.querySelector(".sw-lab");
        lab.addEventListener("sw-frame", () => window.__seen.push(
          [lab.querySelector(".sw-state").dataset.state,
           lab.querySelector('tr[data-cell="a2_N"] .sw-value').innerText])); }"""
    )
    for _ in range(5):
        wide_page.page.keyboard.press("ArrowRight")
    wide_page.page.wait_for_function("window.__seen.some(([state]) => state === 'waiting')")
    lab.settled()
    seen = wide_page.page.evaluate("window.__seen")
    waiting = [text for state, text in seen if state == "waiting"]
    assert waiting, "no frame was drawn before the kernel's answer"
    assert read(lab, "a2_N") != exact[0]
    assert parse_quantity(waiting[-1]) == pytest.approx(read(lab, "a2_N"), rel=1e-2)


def test_runs_are_clicked_lassoed_typed_and_taken_from_the_table(wide_page: LabPage) -> None:
    lab = opened(wide_page)
    shown, parabolas = law(lab).get_attribute("d"), curves(lab).get_attribute("d")
    lab.run(0, "isoflop").click()
    wide_page.wait_for_value("lab.excluded", lambda value: value == [0])
    expect(law(lab)).not_to_have_attribute("d", shown or "")
    expect(curves(lab)).not_to_have_attribute("d", parabolas or "")
    lab.settled()

    lab.root.locator('[data-cell="lasso"] input').click()
    plot = lab.root.locator('[data-plot="isoflop"] svg.sw-surface')
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    mouse = wide_page.page.mouse
    corners = [(0.05, 0.1), (0.6, 0.1), (0.1, 0.85), (0.05, 0.2)]
    mouse.move(box["x"] + 60 + 0.02 * box["width"], box["y"] + 30)
    mouse.down()
    for x, y in corners:
        mouse.move(box["x"] + 60 + x * (box["width"] - 80), box["y"] + y * box["height"], steps=8)
    wide_page.screenshot("fit-lab-lasso")
    mouse.up()
    left_out = wide_page.wait_for_value("lab.excluded", lambda value: len(value) > 1)
    assert len(left_out) < 70
    lab.root.get_by_role("button", name="Take all runs back").click()
    wide_page.wait_for_value("lab.excluded", lambda value: value == [])

    lab.root.locator('[data-cell="keep"] textarea').fill("C > 2e18 AND N < 1e10")
    kept = wide_page.wait_for_value("lab.excluded", lambda value: len(value) > 0)
    assert kept == wide_page.value(
        "[i for i, (c, n) in enumerate(lab.runs.select('C', 'N').iter_rows())"
        " if not (c > 2e18 and n < 1e10)]"
    )
    lab.root.locator('[data-cell="keep"] textarea').fill("C >")
    note = lab.root.locator('[data-cell="keep"] .sw-note')
    expect(note).to_contain_text("unable to parse")
    assert wide_page.value("lab.excluded") == kept
    lab.root.get_by_role("button", name="Take all runs back").click()
    wide_page.wait_for_value("lab.excluded", lambda value: value == [])

    lab.root.locator("details.sw-listing summary").click()
    line = lab.root.locator('details.sw-listing tr[data-row="7"]')
    line.click()
    wide_page.wait_for_value("lab.excluded", lambda value: value == [7])
    expect(line).to_have_class(re.compile("sw-gone"))
    wide_page.assert_quiet()


def test_a_run_is_dragged_up_and_the_law_follows(wide_page: LabPage) -> None:
    lab = opened(wide_page)
    before = wide_page.value("lab.fit.params")
    shown = law(lab).get_attribute("d")
    wide_page.drag(lab.run(40, "isoflop"), 0.0, -60.0)
    nudged = wide_page.wait_for_value("lab.nudged", lambda value: len(value) == 2)
    assert nudged[0] == 40
    assert nudged[1] > 1.0
    lab.settled()
    expect(law(lab)).not_to_have_attribute("d", shown or "")
    assert wide_page.value("lab.fit.params") != before
    assert wide_page.value("lab.excluded") == []
    lab.root.get_by_role("button", name="Take all runs back").click()
    wide_page.wait_for_value("lab.nudged", lambda value: value == [])
    lab.settled()
    assert wide_page.value("lab.fit.params") == pytest.approx(before, rel=1e-5)


def test_the_screen_is_copied_as_python(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.FitLab(excluded=[3])")
    origin = wide_page.page.url.split("/lab")[0]
    wide_page.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=origin)
    lab.drag_slider("C", 0.4)
    lab.heard("C", "lab.C")
    lab.root.get_by_role("button", name="Copy as Python").click()
    expect(lab.root.locator(".sw-copy")).to_contain_text("copied")
    text = wide_page.page.evaluate("navigator.clipboard.readText()")
    wide_page.run_code(text.replace("fit.N_opt(", "found = fit.N_opt("))
    expected = wide_page.value("float(lab.fit.N_opt(lab.C))")
    assert wide_page.value("float(found[0])") == pytest.approx(expected, rel=1e-4)


def test_approaches_laws_and_objectives_are_chosen(wide_page: LabPage) -> None:
    lab = opened(wide_page)
    before = curves(lab).get_attribute("d")
    lab.root.locator('[data-cell="curve"]').get_by_text("cubic", exact=True).click()
    expect(curves(lab)).not_to_have_attribute("d", before or "")
    shown = law(lab).get_attribute("d")
    lab.root.locator('[data-cell="objective"] select').select_option("least_squares")
    lab.settled()
    expect(law(lab)).not_to_have_attribute("d", shown or "")
    lab.root.locator('[data-cell="against"] select').select_option("run_D")
    expect(lab.root.locator('[data-plot="residuals_run_D"]')).to_be_visible()
    expect(lab.root.locator('[data-plot="residuals_law_at_run"]')).to_be_hidden()
    lab.root.locator('[data-cell="law_name"] select').select_option("kaplan2020")
    wide_page.wait_for_value("lab.fit.law.id", lambda value: value == "kaplan2020")
    lab.settled()
    wide_page.screenshot("fit-lab-kaplan")
    wide_page.assert_quiet()
