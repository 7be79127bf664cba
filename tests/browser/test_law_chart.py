"""`law.chart()` saved as a page: its sliders move the curve without Python and network."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

import scalewidgets as sw


@pytest.mark.parametrize(
    ("name", "x", "slider"),
    [("farseer2025", "D", "gamma"), ("brown2024_monkeys.pass_at_k", "k", None)],
)
def test_a_saved_chart_lives_without_python(
    chromium: Browser, tmp_path: Path, name: str, x: str, slider: str | None
) -> None:
    law = sw.law(name)
    assert isinstance(law, sw.Law)
    file = tmp_path / "law.html"
    law.chart(x=x).save(file, inline=True)
    page = chromium.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    curve = page.locator("svg path[aria-roledescription='line mark'], canvas").first
    curve.wait_for()
    before = page.screenshot()
    names = page.locator(".vega-bind-name").all_inner_texts()
    others = [v for v in (*law.variables, *law.values) if v not in law.items and v != x]
    assert len(names) == len(others)
    if slider is not None:
        box = page.locator(f".vega-bind:has(.vega-bind-name:text('{slider}')) input")
        box.fill(str(float(box.input_value()) * 1.2))
        box.dispatch_event("input")
        page.wait_for_function("new Promise((done) => requestAnimationFrame(() => done(true)))")
        assert page.screenshot() != before
    assert [url for url in asked if not url.startswith(("file:", "blob:", "data:"))] == []
    page.close()
