"""The DataLab as a person uses it in JupyterLab: repeat the data, filter them, mix them."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

import scalewidgets as sw

from .jupyter import LabPage
from .lab import Lab, opened, read


def captions(lab: Lab) -> list[str]:
    found = lab.root.locator("caption").all()
    return [caption.inner_text() for caption in found if caption.is_visible()]


def test_epochs_are_dragged_and_compute_moves_the_best_of_them(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.DataLab(sw.fit('hoffmann2022', sw.load_runs('simulated')))")
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
    wide_page.screenshot("data-lab-repeat")
    wide_page.assert_quiet()


def test_with_more_samples_more_pools_win(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.DataLab(topic='filter')")
    lab.drag_slider("samples", 0.05)
    wide_page.wait_for_value("lab.samples", lambda value: value < 2e7)
    assert read(lab, "best_kept") == 1
    assert read(lab, "error_1") < read(lab, "error_2")
    lab.drag_slider("samples", 0.95)
    wide_page.wait_for_value("lab.samples", lambda value: value > 5e8)
    assert read(lab, "best_kept") == 4
    assert read(lab, "best_error") == read(lab, "error_4") < read(lab, "error_1")
    start = read(lab, "from_2")
    lab.drag_slider("tau_1", 0.5)  # the best pool wears out more slowly
    wide_page.wait_for_value("lab.tau_1", lambda value: value > 3)
    lab.settled()
    later = wide_page.value("lab.more_pays_from[2]")
    assert later > 1.2 * start
    assert read(lab, "from_2") == pytest.approx(later, rel=6e-3)
    expect(lab.root.locator('[data-plot="epochs"]')).to_have_count(0)
    wide_page.screenshot("data-lab-filter")
    wide_page.assert_quiet()


def test_shares_stay_shares_under_the_hand(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.DataLab()")
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
    wide_page.screenshot("data-lab-mix")
    lab.root.get_by_role("button", name="Equal shares").click()
    wide_page.wait_for_value("lab.shares['dialogue']", lambda value: value == 0.2)
    assert [read(lab, f"r_{name}") for name in names] == pytest.approx([0.2] * 5)
    wide_page.assert_quiet()


def centre(target: Locator) -> tuple[float, float]:
    box = target.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_mixture_is_dragged_in_its_triangle_and_moved_by_keys(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.DataLab(topic='mix')")
    triangle = lab.root.locator('[data-plot="triangle"]')
    triangle.scroll_into_view_if_needed()
    mouse = wide_page.page.mouse
    mouse.move(*centre(triangle.locator('[data-marker="yours"] path')))
    mouse.down()
    mouse.move(*centre(triangle.locator('[data-marker="best in the triangle"] path')), steps=15)
    mouse.up()
    # to the pixel where the best of the three is; the others have kept their shares
    expected = wide_page.value("lab.best_in_triangle")
    wide_page.wait_for_value("lab.mixture['prose']", lambda v: abs(v - expected["prose"]) < 0.01)
    for name, share in expected.items():
        assert read(lab, f"r_{name}") == pytest.approx(share, abs=0.01)
    assert read(lab, "r_dialogue") == pytest.approx(0.2, abs=6e-4)
    assert read(lab, "mix_loss") == pytest.approx(read(lab, "slice_loss"), rel=1e-3)

    # beyond a corner it stays in the triangle
    mouse.move(*centre(triangle.locator('[data-marker="yours"] path')))
    mouse.down()
    mouse.move(10, 2000, steps=10)
    mouse.up()
    assert read(lab, "r_prose") == 0
    assert sum(read(lab, f"r_{n}") for n in expected) == pytest.approx(1.0, abs=3e-3)

    surface = triangle.locator("svg.sw-surface")
    surface.focus()
    before = read(lab, "r_academic")
    for _ in range(3):
        wide_page.page.keyboard.press("Shift+ArrowRight")
    wide_page.wait_for_value("lab.mixture['academic']", lambda value: value < before - 0.02)
    wide_page.page.keyboard.press("ArrowUp")
    expect(triangle.locator(".sw-said")).to_contain_text("prose: 1%")
    wide_page.assert_quiet()


def test_corners_are_chosen_and_the_law_brings_its_domains(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.DataLab(topic='mix')")
    lab.root.locator('[data-cell="corners.left"] select').select_option("prose")
    lab.settled()
    names = lab.root.locator('[data-plot="triangle"] .sw-axis-name')
    expect(names).to_have_text(["prose", "internet", "academic"])
    lab.root.locator('[data-cell="mixing"] select').select_option("regmix")
    expect(names).to_have_text(["pile_cc", "enron_emails", "github"])
    assert read(lab, "ideal_enron_emails") == 1
    lab.root.get_by_role("button", name="As trained at 1B").click()
    wide_page.wait_for_value("lab.mixture['pile_cc']", lambda value: value > 0.85)
    wide_page.screenshot("data-lab-regmix")
    lab.root.locator('[data-cell="mixing"] select').select_option("shukor2025")
    expect(names).to_have_text(["first", "second", "third"])
    before = read(lab, "ideal_first")
    lab.drag_slider("N", 0.8)
    wide_page.wait_for_value("lab.N", lambda value: value > 1e11)
    lab.settled()
    assert read(lab, "ideal_first") > before
    assert read(lab, "ideal_first") == pytest.approx(
        wide_page.value("lab.best_mixture['first']"), abs=6e-4
    )
    wide_page.screenshot("data-lab-shukor")
    wide_page.assert_quiet()


def test_what_to_keep_depends_on_how_many_there_are(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.DataLab(topic='prune', kept=0.4)")
    lab.drag_slider("alpha_tot", 0.1)
    lab.settled()
    assert wide_page.value("lab.alpha_tot") < 1.2
    assert read(lab, "error_easy") < read(lab, "error_hard")
    lab.drag_slider("alpha_tot", 0.7)
    lab.settled()
    wide_page.wait_for_value("lab.alpha_tot", lambda value: value > 20)
    assert read(lab, "error_hard") < read(lab, "error_easy")
    hard = wide_page.value("lab.compared['error'][0]")
    assert read(lab, "error_hard") == pytest.approx(hard, rel=6e-3)
    for curve in lab.root.locator('[data-plot="amount"] path.sw-curve').all():
        expect(curve).to_have_attribute("d", re.compile("L"), timeout=30_000)
    wide_page.screenshot("data-lab-prune")
    wide_page.assert_quiet()


def test_the_triangle_lives_on_a_page_without_python(chromium: Browser, tmp_path: Path) -> None:
    file = sw.DataLab(topic="mix").save_html(tmp_path / "mix.html")
    context = chromium.new_context(viewport={"width": 560, "height": 1400}, offline=True)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(file.as_uri())
    triangle = page.locator('[data-plot="triangle"]')
    share = page.locator('tr[data-cell="r_prose"] .sw-value')
    before = share.inner_text()
    triangle.scroll_into_view_if_needed()
    page.mouse.move(*centre(triangle.locator('[data-marker="yours"] path')))
    page.mouse.down()
    page.mouse.move(*centre(triangle.locator('[data-marker="best in the triangle"] path')), steps=9)
    page.mouse.up()
    expect(share).not_to_have_text(before)
    # no Python finds the best for other shares of the rest, so that there is none to be seen
    best = triangle.locator('[data-marker="best in the triangle"]')
    expect(best).to_be_visible()
    page.screenshot(path="screenshots/data-lab-mix-narrow.png", full_page=True)
    dialogue = page.locator('[data-cell="shares.dialogue"] input[type=range]')
    dialogue.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    expect(best).to_be_hidden()
    assert page.locator('[data-cell="corners.left"] select').is_disabled()
    assert errors == []
    context.close()
