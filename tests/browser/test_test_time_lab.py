"""The TestTimeLab as a person uses it in JupyterLab."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

import scalewidgets as sw
from scalewidgets.lawbook.quantity import parse_quantity

from .jupyter import LabPage
from .lab import agrees, choose, opened, read
from .test_pages import Reader

TOPICS = ("tries", "verify", "cost", "train", "reward")
# Cells that are on the screen, by topic.
SHOWN = {
    "tries": ("coverage", "exponent", "found_alpha", "line_b", "line_coverage"),
    "verify": ("right", "wrong", "ceiling", "utility", "best_k"),
    "cost": ("small_dear", "large_once_dear", "same_price_k", "equal_k"),
    "train": ("family_N", "family_solves", "plan_N", "plan_D", "plan_saving"),
    "reward": ("n_gold", "best_n", "bon_best_KL", "rl_gold", "rl_best_KL"),
}


def test_every_question_shows_what_python_says(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.TestTimeLab()")
    for topic in TOPICS:
        choose(lab, "topic", topic)
        agrees(lab, *SHOWN[topic], least=6e-3)
        wide_page.screenshot(f"test-time-{topic}")
    wide_page.assert_quiet()


def test_the_tail_is_dragged_and_the_study_follows(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.TestTimeLab()")
    curve, points = lab.curve("tail"), lab.root.locator('[data-plot="coverage"] circle[data-row]')
    before = points.first.get_attribute("cy")
    lab.drag_slider("alpha", 0.9)
    lab.heard("alpha", "lab.alpha")
    lab.settled()
    assert lab.curve("tail") != curve
    expect(points.first).not_to_have_attribute("cy", before or "")
    agrees(lab, *SHOWN["tries"], least=6e-3)
    found = read(lab, "found_alpha")
    lab.drag_slider("seed", 0.5)
    wide_page.wait_for_value("lab.seed", lambda value: value > 20)
    lab.settled()
    assert read(lab, "found_alpha") != found
    released = lab.root.get_by_role("button", name="As published")
    released.click()
    wide_page.wait_for_value("any(lab.held.values())", lambda value: not value)
    lab.settled()
    expect(released).to_be_hidden()
    assert read(lab, "set_alpha") == pytest.approx(0.151, abs=6e-4)
    wide_page.assert_quiet()


def test_k_is_dragged_in_the_plot(wide_page: LabPage) -> None:
    lab = opened(wide_page, "sw.TestTimeLab()")
    coverage = read(lab, "coverage")
    dot = lab.root.locator('[data-plot="coverage"] [data-marker="your k"] path')
    dot.scroll_into_view_if_needed()
    box = dot.bounding_box()
    assert box is not None
    mouse = wide_page.page.mouse
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + 150, y, steps=12)
    mouse.up()
    wide_page.wait_for_value("lab.k", lambda value: value > 200)
    lab.settled()
    assert read(lab, "coverage") > coverage
    agrees(lab, *SHOWN["tries"], least=6e-3)
    wide_page.assert_quiet()


def test_a_worse_verifier_leaves_fewer_tries(wide_page: LabPage) -> None:
    lab = opened(wide_page, 'sw.TestTimeLab(topic="verify")')
    best = read(lab, "best_k")
    marker = lab.root.locator('[data-plot="utility"] [data-marker="best"]')
    expect(marker).to_be_visible()
    lab.drag_slider("false_accept", 0.95)
    lab.heard("false_accept", "lab.false_accept")
    lab.settled()
    assert read(lab, "best_k") < best
    expect(marker).to_be_hidden()  # no try is worth its risk
    wide_page.assert_quiet()


def test_counts_of_the_users(wide_page: LabPage) -> None:
    counts = '{"samples": [200] * 8, "correct": [0, 0, 1, 2, 5, 20, 60, 150]}'
    lab = opened(wide_page, f"sw.TestTimeLab({counts})")
    points = lab.root.locator('[data-plot="coverage"] circle[data-row]')
    expect(points.first).to_be_visible()
    expect(lab.root.locator('[data-cell="problems"]')).to_be_hidden()  # nothing is simulated
    agrees(lab, *SHOWN["tries"], least=6e-3)
    assert read(lab, "set_alpha") == read(lab, "found_alpha")
    wide_page.assert_quiet()


def test_a_page_without_python_follows_the_tail(chromium: Browser, tmp_path: Path) -> None:
    reader = Reader(chromium, "light", True)
    file = sw.TestTimeLab().save_html(tmp_path / "tries.html")
    reader.open(file)
    lab = reader.lab()
    before = lab.curve("tail")
    reader.drag(lab, "alpha", 0.8)
    assert lab.curve("tail") != before
    held = sw.TestTimeLab(alpha=parse_quantity(lab.box("alpha").input_value())).sheet()
    assert read(lab, "coverage") == pytest.approx(held.get("coverage"), rel=1e-3)
    # what a study of those rates would find only Python can say
    found = lab.root.locator('tr[data-cell="found_alpha"] .sw-value')
    expect(found).to_have_text("\N{EN DASH}")
    lab.root.locator('[data-cell="topic"] select').select_option("reward")
    reader.drag(lab, "N_reward", 0.5)
    size = parse_quantity(lab.box("N_reward").input_value())
    best = sw.TestTimeLab(N_reward=size).sheet().get("best_n")
    assert read(lab, "best_n") == pytest.approx(best, rel=6e-3)
    reader.assert_quiet(file)
    reader.context.close()
