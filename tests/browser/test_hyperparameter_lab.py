"""The HyperparameterLab as a person uses it in JupyterLab: the point, the laws, the basin."""

import re

import pytest
from playwright.sync_api import expect

from .jupyter import LabPage
from .lab import Lab, read

GRID = """
import numpy as np, polars as pl
rates, batches = 1e-3 * 2.0 ** np.arange(-3, 4), 2.0 ** np.arange(17, 22)
runs = pl.DataFrame([
    {"N": 1e9, "D": 2e10, "lr": lr, "batch": batch,
     "loss": 2.3 + 0.01 * (np.log2(lr / 1e-3) ** 2 + np.log2(batch / 2**19) ** 2)}
    for lr in rates for batch in batches
])
"""


def opened(page: LabPage, call: str) -> Lab:
    page.open_notebook([f"import scalewidgets as sw\n{GRID}\nlab = {call}\nlab"])
    page.run_all()
    return Lab(page)


def dashes(lab: Lab, plot: str) -> int:
    """How many curves leave the runs of their paper."""
    lines = lab.root.locator(f'[data-plot="{plot}"] path.sw-curve[stroke-dasharray="6 4"]')
    return sum(bool(line.get_attribute("d")) for line in lines.all())


def test_every_law_is_on_the_screen_what_it_is_in_python(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.HyperparameterLab()")
    spread = read(lab, "lr_spread")
    lab.drag_slider("N", 0.4)
    wide_page.wait_for_value("lab.N", lambda value: value < 4e8)
    lab.drag_slider("D", 0.7)
    wide_page.wait_for_value("lab.D", lambda value: value > 5e11)
    lab.settled()
    rows = wide_page.value("lab.compared.select('quantity', 'law', 'value', 'spread').rows()")
    slots = {"learning rate": "lr", "batch": "batch", "critical batch": "critical"}
    for quantity, law, value, apart in rows:
        cell = f"{slots[quantity]}_{law.partition('.')[0]}"
        assert read(lab, cell) == pytest.approx(value, rel=6e-3), law
        assert read(lab, f"{slots[quantity]}_spread") == pytest.approx(apart, rel=6e-3), law
    assert read(lab, "lr_spread") != spread
    assert dashes(lab, "lr_N") >= 3
    expect(lab.root.locator('[data-plot="strip"] circle[data-row="5"]').first).to_be_visible()
    wide_page.screenshot("hyperparameters")
    wide_page.assert_quiet()


def test_the_point_is_dragged_along_a_curve(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.HyperparameterLab()")
    plot = lab.root.locator('[data-plot="lr_N"]')
    marker = plot.locator('[data-marker="yours"] path')
    rate = read(lab, "lr_yours")
    box = marker.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse = wide_page.page.mouse
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + 60, y, steps=12)
    mouse.up()
    wide_page.wait_for_value("lab.N", lambda value: value > 2e9)
    lab.settled()
    assert read(lab, "lr_yours") < rate
    lab.root.locator('[data-cell="along"] label', has_text="C").click()
    expect(lab.root.locator('[data-plot="batch_C"]')).to_be_visible()
    expect(plot).to_be_hidden()
    wide_page.screenshot("hyperparameters-along-compute")
    wide_page.assert_quiet()


def test_a_batch_is_held_and_costs(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.HyperparameterLab(N='1B', D='100B')")
    followed, decay = read(lab, "batch_yours"), read(lab, "decay_yours")
    lab.drag_slider("wheel.batch", 0.8)
    wide_page.wait_for_value("lab.wheel.get('batch', 0)", lambda value: value > 2e7)
    lab.settled()
    assert read(lab, "batch_yours") > 10 * followed
    assert read(lab, "decay_yours") > 10 * decay
    assert read(lab, "tokens_bergsma2025_power_lines") > 2.0
    assert read(lab, "steps_bergsma2025_power_lines") < 2.0
    wide_page.assert_quiet()


def test_the_basin_of_runs(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.HyperparameterLab(runs, N='1B', D='20B')")
    plot = lab.root.locator('[data-plot="basin"]')
    expect(plot.locator("path.sw-contour")).to_have_attribute("d", re.compile("^M"))
    for name in ("best run", "Step Law", "DeepSeek"):
        expect(plot.locator(f'[data-marker="{name}"]')).to_be_visible()
    given = wide_page.value("lab.sheet().get('at_excess_li2025_step_law')")
    text = lab.root.locator('tr[data-cell="at_excess_li2025_step_law"] .sw-value').inner_text()
    assert float(text.rstrip("%")) / 100 == pytest.approx(given, abs=6e-5)
    wide_page.screenshot("hyperparameter-basin", lab.root)
    lab.root.locator('[data-cell="dataset"] label', has_text="none").click()
    expect(plot).to_have_count(0)
    wide_page.assert_quiet()
