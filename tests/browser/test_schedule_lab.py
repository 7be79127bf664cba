"""The ScheduleLab as a person uses it in JupyterLab: drawing, picking, a better one, runs."""

import re

import pytest
from playwright.sync_api import expect

from .jupyter import LabPage
from .lab import Lab

CURVE = """
import numpy as np, polars as pl
schedule = sw.Schedule.cosine(3e-4, 24_000, warmup=2160)
steps = np.arange(2200, 24_001, 200)
law = sw.law("luo2025_multi_power", "m400")
curves = pl.DataFrame({
    "step": steps, "lr": schedule.eta[steps - 1], "loss": law.predict(schedule=schedule.at(steps)),
})
"""

SEVERAL = """
def table(name, schedule):
    steps = np.arange(2200, schedule.eta.size + 1, 200)
    loss = law.predict(schedule=schedule.at(steps)) + 1e-3 * np.sin(steps)
    return pl.DataFrame({"run": name, "step": steps, "lr": schedule.eta[steps - 1], "loss": loss})

S = sw.Schedule
several = pl.concat([
    table("cosine", schedule),
    table("constant", S.constant(3e-4, 24_000, 2160)),
    table("drop, v1.0", S.two_stage(3e-4, 16_000, 8000, 0.3, 2160)),
    table("wsd", S.wsd(3e-4, 24_000, 2160)),
])
"""


def opened(page: LabPage, call: str) -> Lab:
    page.open_notebook([f"import scalewidgets as sw\n{CURVE}{SEVERAL}\nlab = {call}\nlab"])
    page.run_all()
    return Lab(page)


def read(lab: Lab, cell: str) -> float:
    return float(lab.root.locator(f'tr[data-cell="{cell}"] .sw-value').inner_text())


def draw(lab: Lab, places: list[tuple[float, float]]) -> None:
    """Drags over the plot of the rates, from place to place in shares of its area."""
    area = lab.root.locator('[data-plot="rates"] svg.sw-area')
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    assert box is not None
    at = [(box["x"] + x * box["width"], box["y"] + (1 - y) * box["height"]) for x, y in places]
    mouse = lab.page.page.mouse
    mouse.move(*at[0])
    mouse.down()
    for place in at[1:]:
        mouse.move(*place, steps=10)
    mouse.up()


def line(lab: Lab, plot: str) -> str | None:
    lines = lab.root.locator(f'[data-plot="{plot}"] path.sw-curve:not(.sw-beyond)')
    return lines.last.get_attribute("d")


def agreed(lab: Lab) -> None:
    """The tables say what Python computes for the same inputs."""
    lab.settled()
    found = lab.page.value("lab.compared.select('multi_power', 'annealing').rows()")
    for role, value in zip(("mpl", "ann"), found[0], strict=True):
        assert read(lab, f"{role}_yours") == pytest.approx(value, abs=6e-5)


def test_a_schedule_is_drawn_and_the_loss_follows(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.ScheduleLab()")
    agreed(lab)
    loss, before = read(lab, "mpl_yours"), line(lab, "won")
    wide_page.screenshot("schedule")
    draw(lab, [(0.3, 0.94), (0.45, 0.4), (0.7, 0.35), (0.99, 0.05)])
    wide_page.wait_for_value("lab.shape", lambda shape: shape == "hand")
    wide_page.wait_for_value("lab.drawn[-2]", lambda height: height < 0.12)
    assert line(lab, "won") != before
    assert read(lab, "mpl_yours") != loss
    agreed(lab)
    expect(lab.root.locator('[data-cell="shape"] select')).to_have_value("hand")
    exact = wide_page.value(
        "float(sw.law('luo2025_multi_power', 'm400').predict(schedule=lab.schedule))"
    )
    assert read(lab, "mpl_yours") == pytest.approx(exact, abs=3e-4)
    wide_page.screenshot("schedule-drawn")
    wide_page.assert_quiet()


def test_escape_takes_a_stroke_back(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.ScheduleLab(shape='cosine')")
    area = lab.root.locator('[data-plot="rates"] svg.sw-area').bounding_box()
    assert area is not None
    loss = read(lab, "mpl_yours")
    mouse, x, y = wide_page.page.mouse, area["x"] + 300, area["y"] + 60
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + 80, y + 90, steps=5)
    expect(lab.root.locator('tr[data-cell="mpl_yours"] .sw-value')).not_to_have_text(f"{loss:.4f}")
    wide_page.page.keyboard.press("Escape")
    mouse.up()
    expect(lab.root.locator('tr[data-cell="mpl_yours"] .sw-value')).to_have_text(f"{loss:.4f}")
    wide_page.assert_quiet()


def test_a_schedule_is_drawn_from_the_keyboard(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.ScheduleLab(shape='constant')")
    surface = lab.root.locator('[data-plot="rates"] svg.sw-surface')
    surface.focus()
    keys = wide_page.page.keyboard
    keys.press("End")
    for _ in range(3):
        keys.press("PageUp")
    expect(surface.locator("circle.sw-ring").first).to_be_visible()
    for _ in range(10):
        keys.press("Shift+ArrowDown")
    drawn = wide_page.wait_for_value("lab.drawn", lambda drawn: drawn[-1] < 0.81)
    assert drawn[-25:] == pytest.approx([0.8] * 25)
    assert drawn[-26] == 1.0
    keys.press("ArrowUp")
    wide_page.wait_for_value("lab.drawn[-25]", lambda height: height > 0.81)
    keys.press("ArrowLeft")
    said = lab.root.locator('[data-plot="rates"] .sw-said')
    expect(said).to_have_text(re.compile("1.0"))
    wide_page.assert_quiet()


def test_a_better_one_is_found(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.ScheduleLab(shape='cosine')")
    lab.root.locator("button", has_text="Find me a better one").click()
    wide_page.wait_for_value("lab.better", lambda value: value == "gradual")
    lab.settled()
    best, cosine = read(lab, "mpl_best"), read(lab, "mpl_cosine")
    assert best == pytest.approx(wide_page.value("lab.best.loss"), abs=3e-4)
    assert cosine - best > 0.06
    lab.drag_slider("peak", 0.6)
    wide_page.wait_for_value("lab.peak", lambda peak: peak > 4e-4)
    lab.settled()
    assert read(lab, "mpl_best") == pytest.approx(wide_page.value("lab.best.loss"), abs=3e-4)
    assert read(lab, "mpl_best") != best
    wide_page.screenshot("schedule-better")
    wide_page.assert_quiet()


def test_a_measured_run_lies_under_the_laws(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.ScheduleLab(curves=curves, steps='30k')")
    lab.root.locator('[data-cell="measured"] select').select_option("your run")
    wide_page.wait_for_value("lab.measured", lambda value: value == "your run")
    lab.settled()
    dots = lab.root.locator('[data-plot="loss_mpl"] circle[data-row]')
    expect(dots).to_have_count(110)
    assert read(lab, "run_error_mpl") < 5e-4
    assert read(lab, "run_error_ann") > 1e-3
    lab.root.locator('[data-cell="slowing"] input').check()
    expect(lab.root.locator('[data-plot="slowing"]')).to_be_visible()
    wide_page.screenshot("schedule-measured")
    wide_page.assert_quiet()


def test_laws_are_fitted_to_curves(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.ScheduleLab(curves=several, shape='cosine')")
    before = read(lab, "ann_yours")
    switch = lab.root.locator('[data-cell="fit_on.drop__v1_0"] input')
    expect(switch).to_be_hidden()
    lab.root.locator('[data-cell="constants"] label', has_text="fitted").click()
    fitted = wide_page.wait_for_value("lab._ready() and lab.constants == 'fit'", bool)
    assert fitted
    lab.settled()
    expect(lab.root.locator('[data-plot="off"]')).to_be_visible()
    assert read(lab, "ann_yours") != before
    agreed(lab)
    lab.root.locator('[data-plot="off"]').scroll_into_view_if_needed()
    wide_page.screenshot("schedule-fit")
    switch.uncheck()
    expect(lab.root.locator(".sw-state")).to_have_text(re.compile("3 of 4 curves"), timeout=20_000)
    held = wide_page.value("lab.fits['ann'].held_out['MAE']")
    expect(lab.root.locator('tr[data-cell="ann_held_MAE_new"] .sw-value')).to_have_text(
        f"{held:.4f}"
    )
    agreed(lab)
    wide_page.assert_quiet()


def test_it_has_room_in_a_narrow_window(lab_page: LabPage) -> None:
    lab_page.page.set_viewport_size({"width": 760, "height": 1100})
    lab = opened(lab_page, "sw.ScheduleLab()")
    width = lab.root.evaluate("(e) => [e.scrollWidth, e.clientWidth]")
    assert width[0] <= width[1]
    lab_page.screenshot("schedule-narrow")
    lab_page.assert_quiet()
