"""The PrecisionLab as a person uses it in JupyterLab: all of it follows the hand in the frame."""

import re

import pytest
from playwright.sync_api import expect

from .jupyter import LabPage
from .lab import agrees, opened, read

SHOWN = (
    "kumar_share",
    "sun_share",
    "chen_share",
    "kumar_best_P",
    "sun_best_P",
    "post_memory_P",
    "sun_memory_P",
    "post_crit",
    "sun_crit",
    "post_even",
    "sun_even",
    "chen_even",
    "apart_crit",
)


def test_what_a_hand_drags_to_is_what_python_says(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.PrecisionLab()")
    best = lab.root.locator('[data-plot="memory"] [data-marker="best float"] path')
    before = best.get_attribute("transform")
    curve = lab.curve("critical")
    lab.drag_slider("D", 0.5)
    wide_page.wait_for_value("lab.D", lambda value: value > 5e11)
    expect(best).not_to_have_attribute("transform", before or "")
    lab.drag_slider("N", 0.4)
    wide_page.wait_for_value("lab.N", lambda value: value > 1e9)
    lab.drag_slider("P", 0.2)
    wide_page.wait_for_value("lab.P", lambda value: value > 5)
    lab.settled()
    assert lab.curve("critical") != curve
    agrees(lab, *SHOWN, least=6e-3)
    wide_page.screenshot("precision")
    wide_page.assert_quiet()


def test_bits_are_held_and_let_go(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.PrecisionLab(P=8)")
    held = lab.root.get_by_role("button", name="Let all bits go")
    expect(held).to_be_hidden()
    share = read(lab, "kumar_share")
    lab.drag_slider("P_a", 0.05)
    wide_page.wait_for_value("lab.held.get('P_a')", bool)
    assert read(lab, "kumar_share") < share
    lab.drag_slider("Mb", 0.2)  # the layout is one of the hand's
    wide_page.wait_for_value("lab.Mb", lambda value: value < 3)
    assert read(lab, "layout_bits") < 8
    lab.drag_slider("P", 0.9)
    wide_page.wait_for_value("lab.P", lambda value: value > 14)
    assert read(lab, "layout_bits") < 12  # the held mantissa has stayed
    expect(held).to_be_visible()
    held.click()
    wide_page.wait_for_value("any(lab.held.values())", lambda value: not value)
    lab.settled()
    assert read(lab, "layout_bits") == pytest.approx(wide_page.value("lab.P"), abs=6e-3)
    assert read(lab, "kumar_share") > share
    wide_page.assert_quiet()


def test_a_setting_without_what_a_plot_needs_leaves_it(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.PrecisionLab()")
    marker = lab.root.locator('[data-plot="memory"] [data-marker="QAT"]')
    expect(marker).to_be_visible()
    share = read(lab, "chen_share")
    lab.root.locator('[data-cell="setting"] select').select_option("W16A4")
    expect(marker).to_be_hidden()
    assert read(lab, "chen_share") != share
    points = lab.root.locator('[data-plot="share"] circle[data-row]')
    expect(points).to_have_count(7)
    wide_page.assert_quiet()


def test_a_fit_and_runs_bring_bands_intervals_and_residuals(wide_page: LabPage) -> None:
    rows = "[{'N': n, 'D': 20*n, 'P': p, 'loss': 3 + 0.2/p} for n in (1e8, 1e9) for p in (16, 4)]"
    fit = "sw.fit('hoffmann2022', sw.load_runs('simulated'))"
    call = f"sw.PrecisionLab({fit}, runs=__import__('polars').DataFrame({rows}))"
    lab = opened(wide_page, call)
    interval = lab.root.locator('tr[data-cell="post_memory_P"] .sw-interval')
    expect(interval).not_to_be_empty()
    expect(lab.root.locator('tr[data-cell="sun_best_P"] .sw-interval')).to_have_text("")
    band = lab.root.locator('[data-plot="critical"] path.sw-band')
    expect(band).to_have_attribute("d", re.compile("L"), timeout=30_000)
    runs = lab.root.locator('[data-plot="runs"] circle[data-row]')
    expect(runs).to_have_count(8)  # two runs, measured and by three laws
    before = runs.last.get_attribute("cy")
    lab.root.locator('[data-cell="setting"] select').select_option("W4A16")
    expect(runs.last).not_to_have_attribute("cy", before or "")
    lab.root.locator('[data-plot="residuals"]').scroll_into_view_if_needed()
    wide_page.screenshot("precision-runs")
    lab.root.locator('[data-cell="dataset"] select').select_option("none")
    expect(lab.root.locator('[data-plot="residuals"]')).to_have_count(0)
    wide_page.assert_quiet()
