"""Every lab held to WCAG 2.2 AA, in JupyterLab and on a page, light and dark; then used without a
mouse, without motion, and in the reader's own colours."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn, cast

import pytest
from playwright.sync_api import Browser, Page, expect

import scalewidgets as sw

from .access import AXE, STOPS, axe, faint, focused, unfold
from .jupyter import THEMES, LabPage
from .lab import Lab

# How each lab is made, and a slider of it.
LABS: dict[str, tuple[dict[str, Any], str]] = {
    "Explorer": ({}, "N"),
    "LawLab": ({"law": "farseer2025", "second": "hoffmann2022"}, "at.D"),
    "FitLab": ({}, "C"),
    "Planner": ({"inference_tokens": "1T"}, "C"),
    "DataLab": ({}, "C"),
    "HyperparameterLab": ({}, "N"),
    "PrecisionLab": ({}, "N"),
    "ScheduleLab": ({}, "decay"),
    "ArchitectureLab": ({}, "N"),
    "DownstreamLab": ({}, "N"),
    "TestTimeLab": ({}, "k"),
    "Challenge": ({"seed": 7}, "N"),
}
TOPICS = {
    "ArchitectureLab": ["experts", "granularity", "vocabulary", "streams", "shape", "families"],
    "DataLab": ["repeat", "filter", "mix", "prune"],
    "DownstreamLab": ["ladder", "emergence", "capability", "ushape", "signal"],
    "TestTimeLab": ["tries", "verify", "cost", "train", "reward"],
}
PAGES = [f"{name} {topic}".strip() for name in LABS for topic in TOPICS.get(name, [""])]

MARKERS = re.compile(r"Chinchilla, parameters N: [\d.]+[MB], loss \(nats/token\): \d")


@pytest.fixture(autouse=True)
def _axe_is_there(unavailable: Callable[[str], NoReturn]) -> None:
    if not AXE.is_file():
        unavailable("axe-core is not there: run `npm ci` in js/")


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1200, "height": 1000}, offline=True)
    yield context.new_page()
    context.close()


def made(name: str) -> sw.Lab:
    """A lab, of a topic where the name has one."""
    kind, _, topic = name.partition(" ")
    inputs = LABS[kind][0] | ({"topic": topic} if topic else {})
    return cast(sw.Lab, getattr(sw, kind)(**inputs))


@pytest.fixture(scope="package")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the pages of the labs are kept: making a lab takes longer than looking at it."""
    return tmp_path_factory.mktemp("pages")


def on_page(page: Page, name: str, folder: Path) -> Lab:
    file = folder / f"{name}.html"
    page.goto((file if file.exists() else made(name).save_html(file)).as_uri())
    return Lab(cast(LabPage, SimpleNamespace(page=page)))


def in_notebook(page: LabPage, name: str) -> Lab:
    page.open_notebook([f"import scalewidgets as sw\nlab = sw.{name}(**{LABS[name][0]!r})\nlab"])
    page.run_all()
    return Lab(page)


def held(cell: str) -> str:
    """Where Python has the value of a cell."""
    trait, _, key = cell.partition(".")
    return f"lab.{trait}[{key!r}]" if key else f"lab.{trait}"


@pytest.mark.parametrize("name", LABS)
def test_a_lab_in_jupyterlab(wide_page: LabPage, name: str) -> None:
    lab = in_notebook(wide_page, name)
    unfold(lab.root)
    for theme in ("light", "dark"):
        wide_page.page.evaluate(
            "(theme) => jupyterapp.commands.execute('apputils:change-theme', { theme })",
            THEMES[theme],
        )
        dark = "true" if theme == "dark" else "false"
        wide_page.page.wait_for_function(
            f"document.querySelector('.sw-lab').matches('.sw-dark') === {dark}"
        )
        assert axe(lab.root) == []
        assert faint(lab.root) == []
    # Without a mouse: along the controls to a slider, and the picture and Python follow.
    cell = LABS[name][1]
    slider = lab.slider(cell)
    lab.root.locator("input, select, textarea, button").first.focus()
    tab_to(wide_page.page, lab, f'[data-cell="{cell}"] input[type=range]')
    before = slider.get_attribute("aria-valuetext")
    picture = drawn(lab)
    wide_page.page.keyboard.press("PageUp")
    expect(slider).not_to_have_attribute("aria-valuetext", before or "")
    lab.heard(cell, held(cell))
    lab.settled()
    assert drawn(lab) != picture
    wide_page.assert_quiet()


@pytest.mark.parametrize("name", PAGES)
def test_a_lab_on_a_page(page: Page, saved: Path, name: str) -> None:
    lab = on_page(page, name, saved)
    unfold(lab.root)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert axe(lab.root) == []
        assert faint(lab.root) == []


@pytest.mark.parametrize("name", PAGES)
def test_the_tab_key_goes_all_the_way_and_is_seen(page: Page, saved: Path, name: str) -> None:
    lab = on_page(page, name, saved)
    page.evaluate("document.body.append(document.createElement('button'))")  # what comes after it
    stops = lab.root.evaluate(STOPS)
    page.keyboard.press("Tab")
    visited = []
    while (at := focused(page)) is not None:
        assert at["ringed"], f"no focus is seen on {at['html']}"
        assert at["seen"], f"something covers {at['html']}"
        visited.append(at["stop"])
        assert len(visited) <= len(stops), "the keyboard is caught"
        page.keyboard.press("Tab")
    assert sorted(visited) == sorted(stops)


@pytest.mark.parametrize("name", PAGES)
def test_what_is_dragged_has_a_control(name: str) -> None:
    """A marker that a hand can drag moves by keyboard, and by single clicks, too: on its slider."""
    spec = made(name).spec
    sliders = {c["cell"] for g in spec["groups"] for c in g["controls"] if c["kind"] == "slider"}
    marks = [mark for plot in spec["plots"] for mark in plot["marks"]]
    assert {mark["drag"] for mark in marks if mark.get("drag")} <= sliders


@pytest.mark.parametrize("name", PAGES)
def test_a_slider_says_its_value_with_its_unit(page: Page, saved: Path, name: str) -> None:
    lab = on_page(page, name, saved)
    controls = [c for g in made(name).spec["groups"] for c in g["controls"]]
    sliders = [c for c in controls if c["kind"] == "slider" and lab.slider(c["cell"]).is_visible()]
    assert sliders
    for slider in sliders:
        track = page.get_by_role("slider", name=slider["label"], exact=True)
        assert lab.slider(slider["cell"]).evaluate_all("(nodes) => nodes.length") == 1
        said = lab.slider(slider["cell"]).get_attribute("aria-valuetext") or ""
        value = lab.box(slider["cell"]).input_value()
        expected = f"{value} {slider.get('unit', '')}".strip() if value else "no value yet"
        assert said.replace("\u2009", " ").startswith(expected)
        expect(track.first).to_be_visible()


def tab_to(page: Page, lab: Lab, selector: str) -> None:
    """Presses Tab until an element of the lab has the focus."""
    target = lab.root.locator(selector)
    for _ in range(80):
        if target.evaluate("(node) => node === node.getRootNode().activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the Tab key does not come to {selector}")


def drawn(lab: Lab) -> list[str]:
    """All that the pictures show."""
    return cast(
        list[str],
        lab.root.evaluate(
            "(lab) => [...lab.querySelectorAll('.sw-plot svg.sw-surface')].map((e) => e.innerHTML)"
        ),
    )


def test_runs_are_left_out_by_keyboard(wide_page: LabPage) -> None:
    lab, page = in_notebook(wide_page, "Explorer"), wide_page.page
    keys = page.keyboard
    lab.root.locator("input, button").first.focus()
    tab_to(page, lab, '[data-cell="N"] input[type=range]')
    keys.press("PageUp")
    expect(lab.slider("N")).to_have_attribute("aria-valuetext", "8B params, Llama 3 8B")
    assert lab.heard("N", "lab.N") == 8e9
    keys.press("PageDown")  # no smaller model: a step of the track's own
    expect(lab.slider("N")).not_to_have_attribute("aria-valuetext", "8B params, Llama 3 8B")
    tab_to(page, lab, '[data-cell="D"] .sw-box')
    keys.type("1T")
    keys.press("Enter")
    wide_page.wait_for_value("lab.D", lambda value: value == 1e12)
    tab_to(page, lab, '[data-cell="D"] .sw-lock')
    keys.press("Space")
    wide_page.wait_for_value("lab.hold", lambda cell: cell == "D")

    plot = '[data-plot="loss"] .sw-surface'
    tab_to(page, lab, plot)
    expect(lab.root.locator('[data-plot="loss"] .sw-hint')).to_contain_text("arrow keys")
    for key in ("Home", "ArrowRight", "PageDown", "Space"):
        keys.press(key)
    wide_page.wait_for_value("lab.excluded", lambda rows: len(rows) == 1)
    said = lab.root.locator('[data-plot="loss"] .sw-said')
    expect(said).to_contain_text("(left out), parameters N:")
    keys.press("Space")
    wide_page.wait_for_value("lab.excluded", lambda rows: rows == [])
    expect(lab.root.locator(plot)).to_have_attribute("aria-description", MARKERS)
    wide_page.assert_quiet()


def test_runs_are_pulled_and_listed_by_keyboard(wide_page: LabPage) -> None:
    lab, page = in_notebook(wide_page, "FitLab"), wide_page.page
    keys = page.keyboard
    lab.root.locator("input, select, textarea, button").first.focus()
    tab_to(page, lab, '[data-plot="isoflop"] .sw-surface')
    keys.press("Home")
    keys.press("Shift+ArrowUp")
    wide_page.wait_for_value("lab.nudged", lambda pairs: pairs[1:] == [1.005])

    tab_to(page, lab, ".sw-listing summary")
    keys.press("Enter")
    lines = lab.root.locator(".sw-listing tbody tr")
    expect(lines.nth(3)).to_be_visible()
    tab_to(page, lab, ".sw-listing tbody tr >> nth=0")
    keys.press("Space")
    wide_page.wait_for_value("lab.excluded", lambda rows: rows == [0])
    keys.press("Shift+ArrowDown")
    keys.press("Shift+ArrowDown")
    wide_page.wait_for_value("lab.excluded", lambda rows: rows == [0, 1, 2])
    expect(lines.nth(2)).to_be_focused()
    expect(lines.nth(2)).to_have_attribute("aria-selected", "false")
    keys.press("Space")
    keys.press("Shift+ArrowUp")
    wide_page.wait_for_value("lab.excluded", lambda rows: rows == [0])
    wide_page.assert_quiet()


def test_a_run_is_pulled_without_dragging(wide_page: LabPage) -> None:
    lab = in_notebook(wide_page, "FitLab")
    box = lab.run(0, "isoflop").bounding_box()
    assert box is not None
    wide_page.page.mouse.dblclick(box["x"] + box["width"] / 2, box["y"] - 30)
    row, factor = wide_page.wait_for_value("lab.nudged", bool)
    assert row == 0
    assert factor > 1
    assert wide_page.value("lab.excluded") == []
    wide_page.assert_quiet()


def test_a_mistake_in_an_equation_is_told_with_it(wide_page: LabPage) -> None:
    lab, page = in_notebook(wide_page, "LawLab"), wide_page.page
    lab.root.locator("input, select, textarea, button").first.focus()
    tab_to(page, lab, '[data-cell="equation"] textarea')
    page.keyboard.press("End")
    page.keyboard.type(" + ")
    box = lab.root.locator('[data-cell="equation"] textarea')
    expect(box).to_have_attribute("aria-invalid", "true")
    note = lab.root.locator('[data-cell="equation"] .sw-note')
    assert box.get_attribute("aria-describedby") == note.get_attribute("id")
    expect(lab.root.locator('[data-cell="equation"] [role=status]')).to_have_text(note.inner_text())
    for _ in range(3):
        page.keyboard.press("Backspace")
    expect(box).to_have_attribute("aria-invalid", "false")
    expect(box).to_be_focused()


def test_the_challenge_is_played_by_keyboard(wide_page: LabPage) -> None:
    lab, page = in_notebook(wide_page, "Challenge"), wide_page.page
    lab.root.locator("input, select, button").first.focus()
    tab_to(page, lab, '[data-cell="C"] input[type=range]')
    page.keyboard.press("ArrowLeft")
    tab_to(page, lab, "button.sw-action >> text=Run it")
    page.keyboard.press("Enter")
    expect(lab.root.locator('[data-plot="plane"] circle[data-row]')).to_have_count(1)
    wide_page.wait_for_value("lab.runs.height", lambda count: count == 1)


CHANGES = """(lab) => {
  window.changes = { shown: 0, said: 0 };
  const count = (name, node) => new MutationObserver(() => window.changes[name]++)
    .observe(node, { childList: true, characterData: true, subtree: true });
  count("shown", lab.querySelector(".sw-state"));
  count("said", lab.querySelector("header [role=status]"));
}"""


def test_a_drag_is_not_talked_through(wide_page: LabPage) -> None:
    lab = in_notebook(wide_page, "FitLab")
    said = lab.root.locator("header [role=status]")
    lab.root.evaluate(CHANGES)
    lab.drag_slider("noise", 0.6)  # each step is a question to Python
    lab.settled()
    changes = wide_page.page.evaluate("window.changes")
    assert changes["said"] < changes["shown"]
    assert changes["said"] <= 2
    expect(said).to_have_text(lab.state.inner_text())


def test_motion_is_left_out_when_it_is_not_wished(page: Page, saved: Path) -> None:
    lab = on_page(page, "Explorer", saved)
    moving = """(lab) => [...lab.querySelectorAll("*")].flatMap((node) =>
      [undefined, "::before", "::after"].map((part) => getComputedStyle(node, part))
    ).filter((style) => parseFloat(style.transitionDuration) > 0 || style.animationName !== "none"
    ).length"""
    lab.state.evaluate("(node) => node.dataset.state = 'waiting'")
    page.emulate_media(reduced_motion="no-preference")
    assert lab.root.evaluate(moving) > 0
    page.emulate_media(reduced_motion="reduce")
    assert lab.root.evaluate(moving) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_lab_in_the_readers_own_colours(page: Page, saved: Path, scheme: str) -> None:
    page.emulate_media(forced_colors="active", color_scheme=scheme)  # type: ignore[arg-type]
    lab = on_page(page, "FitLab", saved)
    assert axe(lab.root) == []
    assert faint(lab.root) == []
    chosen = lab.root.locator(".sw-segments input:checked + span").first
    other = lab.root.locator(".sw-segments input:not(:checked) + span").first
    paint = "(node) => getComputedStyle(node).backgroundColor"
    assert chosen.evaluate(paint) != other.evaluate(paint)
    lab.box("C").focus()
    expect(lab.box("C")).to_have_css("outline-style", "solid")


@pytest.mark.parametrize("name", PAGES)
def test_a_lab_reflows(page: Page, saved: Path, name: str) -> None:
    """At 320 pixels, which is 1280 at four times the size, nothing runs out of the page."""
    page.set_viewport_size({"width": 320, "height": 800})
    lab = on_page(page, name, saved)
    unfold(lab.root)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
