"""The harness itself, on a slider that is not ours: if this fails, the other tests say little."""

from typing import Literal

import pytest
from playwright.sync_api import expect

from .jupyter import LabPage

CELLS = [
    "import ipywidgets\nslider = ipywidgets.IntSlider(value=20, min=0, max=100)\nslider",
    "print('second cell')",
]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_slider_is_dragged_and_the_kernel_knows(
    lab_page: LabPage, theme: Literal["light", "dark"]
) -> None:
    lab_page.open_notebook(CELLS, theme=theme)
    lab_page.run_all()
    assert lab_page.value("slider.value") == 20

    handle = lab_page.page.locator(".widget-slider .noUi-handle")
    lab_page.drag(handle, dx=80)
    shown = int(lab_page.page.locator(".widget-readout").inner_text())
    assert shown > 40
    lab_page.wait_for_value("slider.value", lambda value: value == shown)

    lab_page.run_code("slider.value = 7")
    expect(lab_page.page.locator(".widget-readout")).to_have_text("7")

    notebook = lab_page.page.locator(".jp-NotebookPanel-notebook")
    background = notebook.evaluate("(element) => getComputedStyle(element).backgroundColor")
    brightness = sum(int(part) for part in background.strip("rgb()").split(","))
    assert brightness > 600 if theme == "light" else brightness < 200
    lab_page.screenshot("harness")
    lab_page.assert_quiet()


def test_an_error_in_the_kernel_or_in_a_cell_is_told(lab_page: LabPage) -> None:
    lab_page.open_notebook(["raise ValueError('no runs')", "1"])
    with pytest.raises(AssertionError, match="ValueError: no runs"):
        lab_page.run_all()
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        lab_page.run_code("1 / 0")
    assert lab_page.run_code("print('a'); 40 + 2") == "a\n42"


def test_the_page_reaches_this_machine_only(lab_page: LabPage) -> None:
    lab_page.open_notebook(["1"])
    failed = lab_page.page.evaluate(
        "fetch('https://example.org/lab.js').then(() => false, () => true)"
    )
    assert failed
    assert lab_page.outside == ["https://example.org/lab.js"]
    with pytest.raises(AssertionError):
        lab_page.assert_quiet()
