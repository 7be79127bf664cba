"""The LawLab as a person uses it in JupyterLab: drag, type, switch, lay over, click runs out."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from .jupyter import LabPage
from .lab import Lab


def opened(page: LabPage, call: str) -> Lab:
    page.open_notebook([f"import scalewidgets as sw\nlab = {call}\nlab"])
    page.run_all()
    return Lab(page)


def law_curve(lab: Lab, plot: str, role: str = "law") -> Locator:
    """The path of a curve, by the colour of its role."""
    color = f"color: var(--sw-{role}, var(--sw-muted))"
    return lab.root.locator(f'[data-plot="{plot}"] g[style*="{color}"] path.sw-curve').first


def symbol(lab: Lab, name: str) -> Locator:
    return lab.root.locator(f'.sw-equation [data-symbol="{name}"]').first


def test_a_law_is_dragged_and_laid_over(wide_page: LabPage) -> None:
    lab = opened(wide_page, 'sw.LawLab("hoffmann2022", second="kaplan2020", x="N")')
    law, second = law_curve(lab, "by_N"), law_curve(lab, "by_N", "second")
    before, over = law.get_attribute("d"), second.get_attribute("d")
    lab.drag_slider("wheel.alpha", 0.5)
    expect(law).not_to_have_attribute("d", before or "")
    held = wide_page.wait_for_value("lab.held", lambda value: bool(value))
    assert held == {"alpha": True}
    assert wide_page.value("lab.law.values['alpha']") == pytest.approx(0.6, abs=0.05)

    lab.drag_slider("at.D", 0.9)
    moved = lab.heard("at.D", "lab.at['D']")
    assert moved > 1e12
    expect(second).not_to_have_attribute("d", over or "")
    told = wide_page.value("lab.value")
    row = lab.root.locator(".sw-main tr, .sw-main .sw-row").filter(has_text="hoffmann2022").first
    assert f"{told:.5g}" in row.inner_text(), (told, moved)
    wide_page.screenshot("law-lab")

    lab.root.get_by_role("button", name="Let all go").click()
    wide_page.wait_for_value("lab.held", lambda value: not any(value.values()))
    assert wide_page.value("lab.law.values['alpha']") == 0.34
    wide_page.assert_quiet()


def test_symbols_light_up_with_their_slider(wide_page: LabPage) -> None:
    lab = opened(wide_page, 'sw.LawLab("farseer2025")')
    gamma = symbol(lab, "gamma")
    lab.slider("wheel.gamma").hover()
    expect(gamma).to_have_class("sw-lit")
    lab.slider("at.N").hover()
    expect(gamma).not_to_have_class("sw-lit")
    gamma.hover()
    control = lab.root.locator('[data-cell="wheel.gamma"]')
    expect(control).to_have_class("sw-slider sw-lit")
    gamma.click()
    expect(lab.slider("wheel.gamma")).to_be_focused()


def test_an_equation_is_typed_and_a_mistake_keeps_the_picture(wide_page: LabPage) -> None:
    lab = opened(wide_page, 'sw.LawLab("besiroglu2024")')
    box = lab.root.locator('[data-cell="equation"] textarea')
    mistake = lab.root.locator('[data-cell="equation"] .sw-note')
    before = law_curve(lab, "by_N").get_attribute("d")
    box.click()
    wide_page.page.keyboard.press("End")
    wide_page.page.keyboard.type(" + kappa*N/1e12")
    expect(symbol(lab, "kappa")).to_be_visible()
    expect(law_curve(lab, "by_N")).not_to_have_attribute("d", before or "")
    expect(box).to_have_value("E + A/N**alpha + B/D**beta + kappa*N/1e12")
    expect(box).to_be_focused()
    assert wide_page.value("lab.law.values['kappa']") == 1.0

    good = law_curve(lab, "by_N").get_attribute("d")
    wide_page.page.keyboard.type(" +")
    expect(mistake).to_contain_text("the equation ends too early")
    expect(law_curve(lab, "by_N")).to_have_attribute("d", good or "")
    wide_page.screenshot("law-lab-mistake")
    wide_page.page.keyboard.press("Backspace")
    expect(mistake).to_be_hidden()
    wide_page.page.keyboard.type("<img src=x onerror=alert(1)>")
    expect(mistake).to_contain_text("'=' is not part of an equation")
    expect(lab.root.locator("img")).to_have_count(0)
    wide_page.assert_quiet()


def test_laws_sets_and_axes_are_chosen(wide_page: LabPage) -> None:
    lab = opened(wide_page, 'sw.LawLab("hoffmann2022")')
    law = law_curve(lab, "by_N")
    before = law.get_attribute("d")
    sets = lab.root.locator('[data-cell="constants"] select')
    sets.select_option(index=1)
    expect(law).not_to_have_attribute("d", before or "")
    lab.root.locator('[data-cell="x"]').get_by_text("D", exact=True).click()
    expect(lab.root.locator('[data-plot="by_D"]')).to_be_visible()
    expect(lab.root.locator('[data-plot="by_N"]')).to_be_hidden()
    shown = law_curve(lab, "by_D").get_attribute("d")
    lab.root.locator('[data-cell="log_y"]').click()
    expect(law_curve(lab, "by_D")).not_to_have_attribute("d", shown or "")
    assert wide_page.wait_for_value("[lab.x, lab.log_y]", lambda v: v == ["D", True])

    lab.root.locator('[data-cell="law_name"] select').select_option("kumar2024_precision")
    expect(lab.slider("at.P_w")).to_be_visible()
    lab.drag_slider("at.P_w", 0.1)
    wide_page.wait_for_value("lab.at['P_w']", lambda value: value < 6)
    assert wide_page.value("lab.law.id") == "kumar2024_precision"
    wide_page.screenshot("law-lab-kumar")
    wide_page.assert_quiet()


def test_runs_are_laid_over_and_the_law_refits(wide_page: LabPage) -> None:
    lab = opened(wide_page, 'sw.LawLab("besiroglu2024", dataset="simulated", constants="fit")')
    before: Any = wide_page.value("lab.fit.params")
    shown = law_curve(lab, "by_N").get_attribute("d")
    lab.run(0, "by_N").click()
    wide_page.wait_for_value("lab.excluded", lambda value: value == [0])
    lab.settled()
    after = wide_page.value("lab.fit.params")
    assert after != before
    expect(law_curve(lab, "by_N")).not_to_have_attribute("d", shown or "")
    expect(lab.state).to_contain_text("134 runs")
    wide_page.screenshot("law-lab-runs")
    lab.drag_slider("wheel.E", 0.48)
    wide_page.wait_for_value("lab.fit.fixed", lambda value: "E" in value)
    lab.settled()
    wide_page.assert_quiet()


def test_the_marker_is_dragged_along_the_curve(wide_page: LabPage) -> None:
    lab = opened(wide_page, 'sw.LawLab("hoffmann2022", x="D")')
    before = wide_page.value("lab.at['D']")
    marker = lab.root.locator('[data-plot="by_D"] [data-marker="you"] path')
    wide_page.drag(marker, 120.0)
    assert lab.heard("at.D", "lab.at['D']") > 2 * before


def test_a_theory_is_solved_by_the_kernel_as_it_is_dragged(wide_page: LabPage) -> None:
    lab = opened(wide_page, 'sw.LawLab("sorscher2022_pruning_theory")')
    curve = lab.root.locator('[data-plot="by_alpha_tot"] path.sw-curve')
    expect(curve).to_have_attribute("d", re.compile("^M.+L"), timeout=30_000)
    before = curve.get_attribute("d")
    lab.drag_slider("at.f", 0.4)
    expect(curve).not_to_have_attribute("d", before or "", timeout=30_000)
    wide_page.wait_for_value("lab.at['f']", lambda value: value < 0.9)
    wide_page.screenshot("law-lab-theory")
    wide_page.assert_quiet()


def test_a_law_over_a_schedule_is_drawn(wide_page: LabPage) -> None:
    lab = opened(wide_page, 'sw.LawLab("luo2025_multi_power")')
    before = law_curve(lab, "by_S1").get_attribute("d")
    lab.drag_slider("wheel.B", 0.3)
    expect(law_curve(lab, "by_S1")).not_to_have_attribute("d", before or "")
    expect(symbol(lab, "eta")).to_be_visible()
    wide_page.screenshot("law-lab-schedule")
    wide_page.assert_quiet()
