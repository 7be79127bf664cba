"""The DataLab as a person uses it in JupyterLab: repeat the data, filter them, mix them."""

from typing import Literal

import pytest
from playwright.sync_api import expect

from scalewidgets.lawbook.quantity import parse_quantity

from .jupyter import LabPage
from .lab import Lab


def opened(page: LabPage, call: str, theme: Literal["light", "dark"] = "light") -> Lab:
    page.open_notebook([f"import scalewidgets as sw\nlab = {call}\nlab"], theme=theme)
    page.run_all()
    return Lab(page)


def read(lab: Lab, cell: str) -> float:
    """The number in a table."""
    text = lab.root.locator(f'tr[data-cell="{cell}"] .sw-value').inner_text()
    return parse_quantity(text.removesuffix("%")) / (100.0 if text.endswith("%") else 1.0)


def captions(lab: Lab) -> list[str]:
    found = lab.root.locator("caption").all()
    return [caption.inner_text() for caption in found if caption.is_visible()]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_epochs_are_dragged_and_compute_moves_the_best_of_them(
    wide_page: LabPage, theme: Literal["light", "dark"]
) -> None:
    lab = opened(wide_page, "sw.DataLab(sw.fit('hoffmann2022', sw.load_runs('simulated')))", theme)
    before = read(lab, "best_epochs")
    lab.drag_slider("C", 0.6)
    wide_page.wait_for_value("lab.C", lambda value: value > 1e23)
    lab.settled()
    assert read(lab, "best_epochs") > 2 * before
    assert read(lab, "best_epochs") == pytest.approx(wide_page.value("lab.plan.epochs"), rel=6e-3)
    assert read(lab, "best_N") == pytest.approx(wide_page.value("lab.plan.N"), rel=6e-3)
    expect(lab.root.locator('tr[data-cell="best_epochs"] .sw-interval')).not_to_be_empty()
    lab.drag_slider("epochs", 0.9)
    wide_page.wait_for_value("lab.epochs", lambda value: value > 300)
    assert read(lab, "own_D") == pytest.approx(wide_page.value("25e9*lab.epochs"), rel=6e-3)
    assert read(lab, "own_loss") > read(lab, "best_loss")
    titles = captions(lab)
    assert titles[0].startswith("Yours")
    assert not any(title.startswith(("Strict", "Predicted")) for title in titles)
    wide_page.screenshot(f"data-lab-repeat-{theme}")
    wide_page.assert_quiet()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_with_more_samples_the_looser_filter_wins(
    wide_page: LabPage, theme: Literal["light", "dark"]
) -> None:
    lab = opened(wide_page, "sw.DataLab(topic='filter')", theme)
    lab.drag_slider("samples", 0.05)
    wide_page.wait_for_value("lab.samples", lambda value: value < 2e7)
    assert read(lab, "strict_error") < read(lab, "loose_error")
    lab.drag_slider("samples", 0.95)
    wide_page.wait_for_value("lab.samples", lambda value: value > 5e8)
    assert read(lab, "strict_error") > read(lab, "loose_error")
    crossing = read(lab, "crossing")
    lab.drag_slider("b_2", 0.6)  # nearer in quality to the better pool
    wide_page.wait_for_value("lab.b_2", lambda value: value < -0.2)
    lab.settled()
    sooner = wide_page.value("lab.looser_wins_from")
    assert sooner < 0.8 * crossing
    assert read(lab, "crossing") == pytest.approx(sooner, rel=6e-3)
    assert lab.root.locator('[data-plot="epochs"]').is_hidden()
    wide_page.screenshot(f"data-lab-filter-{theme}")
    wide_page.assert_quiet()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_shares_stay_shares_under_the_hand(
    wide_page: LabPage, theme: Literal["light", "dark"]
) -> None:
    lab = opened(wide_page, "sw.DataLab()", theme)
    lab.root.locator('[data-cell="topic"] select').select_option("mix")
    lab.drag_slider("shares.academic", 0.9)
    wide_page.wait_for_value("lab.shares['academic']", lambda value: value > 0.8)
    names = ("academic", "prose", "dialogue", "symbolic", "internet")
    shown = [read(lab, f"r_{name}") for name in names]
    assert sum(shown) == pytest.approx(1.0, abs=3e-3)
    assert shown[0] == pytest.approx(wide_page.value("lab.mixture['academic']"), abs=6e-4)
    lab.drag_slider("weights.prose", 0.9)
    wide_page.wait_for_value("lab.weights['prose']", lambda value: value > 0.8)
    lab.settled()
    for name in names:
        best = wide_page.value(f"lab.best_mixture[{name!r}]")
        assert read(lab, f"ideal_{name}") == pytest.approx(best, abs=6e-4)
    assert read(lab, "ideal_mix_loss") < read(lab, "mix_loss")
    wide_page.screenshot(f"data-lab-mix-{theme}")
    lab.root.get_by_role("button", name="Equal shares").click()
    wide_page.wait_for_value("lab.shares['dialogue']", lambda value: value == 0.2)
    assert [read(lab, f"r_{name}") for name in names] == pytest.approx([0.2] * 5)
    wide_page.assert_quiet()
