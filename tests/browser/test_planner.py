"""The Planner as a person uses it in JupyterLab: budget, demand, concerns, what is taken away."""

import pytest
from playwright.sync_api import expect

from scalewidgets.lawbook.quantity import parse_quantity

from .jupyter import LabPage
from .lab import opened, read

FIT = "sw.fit('hoffmann2022', sw.load_runs('simulated'))"
CONCERNS = "limited=True, unique_tokens='500B', choose_bits=True, served_bits=4.0"
STRATEGIES = ["chinchilla", "inference", "data", "precision"]


def test_every_strategy_is_on_the_screen_what_it_is_in_python(wide_page: LabPage) -> None:
    lab = opened(wide_page, f"sw.Planner({FIT}, {CONCERNS})")
    marker = lab.root.locator('[data-plot="plane"] [data-marker="Chinchilla"] path')
    before = marker.get_attribute("transform")
    lab.drag_slider("C", 0.6)
    expect(marker).not_to_have_attribute("transform", before or "")
    assert lab.heard("C", "lab.C") > 8e23
    lab.settled()
    rows = wide_page.value("lab.strategies.select('N', 'D', 'loss').rows()")
    for key, (n, d, loss) in zip(STRATEGIES, rows, strict=False):
        assert read(lab, f"{key}_N") == pytest.approx(n, rel=6e-3), key
        assert read(lab, f"{key}_D") == pytest.approx(d, rel=6e-3), key
        assert read(lab, f"{key}_loss") == pytest.approx(loss, abs=6e-5), key
    assert read(lab, "all_N") == pytest.approx(wide_page.value("lab.plan.N"), rel=6e-3)
    assert read(lab, "all_dollars") == pytest.approx(wide_page.value("lab.plan.dollars"), rel=6e-3)
    low, high = wide_page.value("lab.plan.interval('N')")
    interval = lab.root.locator('tr[data-cell="all_N"] .sw-interval')
    expect(interval).not_to_be_empty()
    ends = interval.inner_text().strip("[]").split(", ")
    assert [parse_quantity(end) for end in ends] == pytest.approx([low, high], rel=6e-3)
    names = lab.root.locator('[data-plot="tornado"] .sw-ticks text')
    expect(names.filter(has_text="output_tokens")).to_have_count(1)
    wide_page.screenshot("planner")
    wide_page.assert_quiet()


def test_concerns_come_and_go(wide_page: LabPage) -> None:
    lab = opened(wide_page, f"sw.Planner({FIT})")
    assert lab.root.locator('[data-marker="precision-aware"]').is_hidden()
    assert lab.root.locator("caption", has_text="Precision-aware").is_hidden()
    chinchilla = read(lab, "chinchilla_N")
    inference = read(lab, "inference_N")
    assert inference < chinchilla
    lab.drag_slider("inference_tokens", 0.9)
    wide_page.wait_for_value("lab.inference_tokens", lambda value: value > 1e14)
    lab.settled()
    assert read(lab, "inference_N") < inference
    assert read(lab, "chinchilla_N") == chinchilla
    expect(lab.root.locator('[data-plot="cost"] path.sw-curve').first).to_be_visible()
    # more than twice as dear as the best: it lies above the plot, and is not drawn over another
    expect(lab.root.locator('[data-plot="cost"] [data-marker="Chinchilla"]')).to_be_hidden()
    lab.root.locator('[data-cell="limited"] input').click()
    expect(lab.slider("unique_tokens")).to_be_visible()
    lab.drag_slider("unique_tokens", 0.3)
    lab.settled()
    expect(lab.root.locator('[data-marker="data-limited"]')).to_be_visible()
    assert read(lab, "data_epochs") > 1.0
    lab.root.locator('[data-cell="accelerator"] select').select_option("A100 80GB")
    days = read(lab, "chinchilla_days")
    lab.drag_slider("count", 0.9)
    wide_page.wait_for_value("lab.count", lambda value: value > 1e5)
    lab.settled()
    assert read(lab, "chinchilla_days") < days / 50
    wide_page.assert_quiet()


def test_the_plan_and_the_lab_are_taken_away(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.Planner('hoffmann2022', served_bits=5.0)")
    origin = wide_page.page.url.split("/lab")[0]
    wide_page.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=origin)
    lab.drag_slider("C", 0.3)
    assert lab.heard("C", "lab.C") < 1e22
    lab.settled()
    for name, start in {
        "Copy the plan as Markdown": "# Plan: ",
        "Copy as Python": "import scalewidgets as sw",
        "Copy the lab's state": '{"law": "hoffmann2022"',
    }.items():
        lab.root.get_by_role("button", name=name).click()
        text = wide_page.page.evaluate("navigator.clipboard.readText()")
        assert text.startswith(start), name
    wide_page.run_code(f"again = sw.Planner.from_state({text!r})")
    assert wide_page.value("again.plan.N == lab.plan.N")
    wide_page.assert_quiet()
