"""The built site as a reader has it: opened from disk, the network off, a real mouse."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Literal, NoReturn, cast

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from .jupyter import SCREENSHOTS, LabPage
from .lab import Lab

SITE = Path(__file__).resolve().parents[2] / "build/docs/html"
TWO_FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
DARK = "(e) => e.classList.contains('sw-dark')"


class Visit:
    """A page of the site, what it complained of, and what it asked for."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.asked: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))
        page.on("request", lambda request: self.asked.append(request.url))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):  # the theme says when it changes
            self.errors.append(message.text)

    def open(self, name: str, query: str = "") -> None:
        self.page.goto((SITE / name).as_uri() + query)

    def lab(self, index: int = 0) -> Lab:
        return Lab(cast(LabPage, SimpleNamespace(page=self.page)), index)

    def assert_quiet(self) -> None:
        assert self.errors == []
        far = [url for url in self.asked if not url.startswith((SITE.as_uri(), "data:"))]
        assert far == []


@pytest.fixture(params=["light", "dark"])
def visit(
    chromium: Browser,
    request: pytest.FixtureRequest,
    unavailable: Callable[[str], NoReturn],
) -> Iterator[Visit]:
    if not (SITE / "index.html").exists():
        unavailable("the site is not built: make docs")
    scheme: Literal["light", "dark"] = request.param
    context = chromium.new_context(
        viewport={"width": 1440, "height": 1200}, color_scheme=scheme, offline=True
    )
    yield Visit(context.new_page())
    context.close()


def is_dark(visit: Visit) -> bool:
    return bool(visit.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches"))


def test_a_lab_of_the_gallery_follows_the_hand(visit: Visit) -> None:
    visit.open("generated/gallery/Explorer.html")
    lab = visit.lab()
    assert lab.root.evaluate(DARK) is is_dark(visit)
    before = lab.curve()
    lab.drag_slider("C", 0.6)
    visit.page.evaluate(TWO_FRAMES)
    expect(lab.root.locator('[data-plot="loss"] path.sw-curve').first).not_to_have_attribute(
        "d", before or ""
    )
    shot = SCREENSHOTS / f"docs_gallery_{'dark' if is_dark(visit) else 'light'}.png"
    shot.parent.mkdir(exist_ok=True)
    visit.page.screenshot(path=shot)
    visit.assert_quiet()


@pytest.mark.parametrize(("name", "cell"), [("own_lab.html", "share"), ("tutorial.html", "C")])
def test_the_labs_of_the_texts_live(visit: Visit, name: str, cell: str) -> None:
    visit.open(name)
    lab = visit.lab()
    plot = lab.root.locator('[data-plot="loss"]')
    before = plot.inner_html()
    lab.drag_slider(cell, 0.8)
    visit.page.evaluate(TWO_FRAMES)
    assert plot.inner_html() != before
    visit.assert_quiet()


def test_the_labs_of_the_course_live(visit: Visit) -> None:
    visit.open("generated/course/00_quickstart.html")
    explorer, law_lab = visit.lab(0), visit.lab(1)
    before = explorer.curve(), law_lab.curve("by_N")
    explorer.drag_slider("C", 0.7)
    law_lab.drag_slider("wheel.alpha", 0.7)
    visit.page.evaluate(TWO_FRAMES)
    assert explorer.curve() != before[0]
    assert law_lab.curve("by_N") != before[1]
    visit.assert_quiet()


def test_a_lab_follows_the_sites_own_switch(visit: Visit) -> None:
    visit.open("generated/gallery/Planner.html")
    lab = visit.lab()
    seen = {lab.root.evaluate(DARK)}
    for _ in range(2):  # auto, light, dark in turn
        visit.page.locator(".theme-toggle-header:visible, .theme-toggle-content:visible").click()
        visit.page.evaluate(TWO_FRAMES)
        theme = visit.page.evaluate("document.body.dataset.theme")
        assert lab.root.evaluate(DARK) is (theme == "dark" or (theme == "auto" and is_dark(visit)))
        seen.add(lab.root.evaluate(DARK))
    assert seen == {True, False}
    visit.assert_quiet()


def test_equations_are_set_and_the_search_finds(visit: Visit) -> None:
    visit.open("generated/catalogue/hoffmann2022.html")
    fraction = visit.page.locator("math mfrac").first
    box = fraction.bounding_box()
    assert box is not None
    assert box["height"] > 25  # numerator over denominator, not side by side
    visit.page.screenshot(
        path=SCREENSHOTS / f"docs_law_{'dark' if is_dark(visit) else 'light'}.png"
    )
    visit.open("search.html", "?q=muennighoff2023")
    expect(visit.page.locator("#search-results li a").first).to_be_visible()
    expect(visit.page.locator("#search-results")).to_contain_text(
        re.compile("data-constrained", re.IGNORECASE)
    )
    visit.assert_quiet()
