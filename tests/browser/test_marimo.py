"""Labs in marimo, as a published app and in its editor: each lives in a shadow root there, and its
value is an input of other cells."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn, cast

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from .jupyter import SCREENSHOTS, LabPage
from .lab import Lab

APP = """
import marimo

app = marimo.App(width="full")


@app.cell
def _():
    import marimo as mo
    import scalewidgets as sw
    from scalewidgets.lawbook.quantity import format_quantity

    return format_quantity, mo, sw


@app.cell
def _(mo, sw):
    lab = mo.ui.anywidget(sw.Explorer())
    lab
    return (lab,)


@app.cell
def _(format_quantity, lab, mo):
    mo.md(f"N = {format_quantity(lab.value['N'])}")
    return


@app.cell
def _(format_quantity, lab, mo):
    mo.md(f"plan: {format_quantity(lab.widget.plan.N)}, left out: {lab.value['excluded']}")
    return


@app.cell
def _(mo, sw):
    mo.ui.anywidget(sw.LawLab("hoffmann2022"))
    return
"""
CONFIG = '[tool.marimo.runtime]\nauto_instantiate = true\n[tool.marimo.display]\ntheme = "{}"\n'


@contextmanager
def served(folder: Path, mode: str, theme: str) -> Iterator[str]:
    """The address of marimo with the app in a folder, which is its home, too.

    Raises RuntimeError with the end of its log when it does not come up within a minute.
    """
    (folder / "app.py").write_text(APP)
    (folder / "pyproject.toml").write_text(CONFIG.format(theme))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    log = folder / "marimo.log"
    homes = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"), str(folder))
    command = [
        *(sys.executable, "-m", "marimo", mode, "app.py", "--headless", "--no-token"),
        *("--host", "127.0.0.1", "--port", str(port)),
    ]
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, cwd=folder, env=os.environ | homes, stdout=stream, stderr=subprocess.STDOUT
        )
    try:
        limit = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{url}/health", timeout=5).close()
                break
            except OSError as error:
                if time.monotonic() > limit or process.poll() is not None:
                    raise RuntimeError(
                        "marimo did not start:\n" + log.read_text()[-3000:]
                    ) from error
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class MarimoPage:
    """marimo's page, and what it complained of."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.url = url
        self.page: Page = browser.new_page(viewport={"width": 1500, "height": 1700})
        self.errors: list[str] = []
        self.outside: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))
        self.page.on("request", lambda request: self._watch(request.url))
        self.page.goto(url)

    def _watch(self, url: str) -> None:
        inside = (self.url, self.url.replace("http", "ws", 1), "data:", "blob:")
        if not url.startswith(inside):
            self.outside.append(url)

    def lab(self, index: int) -> Lab:
        root = self.page.locator(".sw-lab").nth(index)
        expect(root).to_be_visible(timeout=60_000)  # the first cells import SciPy and Polars
        return Lab(cast(LabPage, SimpleNamespace(page=self.page)), index)

    def said(self, start: str) -> Locator:
        """What a cell of the app says."""
        return self.page.locator(".markdown .paragraph").filter(has_text=start)


@pytest.fixture
def open_app(
    chromium: Browser, tmp_path: Path, unavailable: Callable[[str], NoReturn]
) -> Iterator[Callable[[str, str], MarimoPage]]:
    if find_spec("marimo") is None:
        unavailable("marimo is not installed (pip install marimo)")
    ends: list[Any] = []

    def start(mode: str, theme: str) -> MarimoPage:
        server = served(tmp_path, mode, theme)
        url = server.__enter__()
        ends.append(lambda: server.__exit__(None, None, None))
        page = MarimoPage(chromium, url)
        ends.append(page.page.close)
        return page

    yield start
    for end in reversed(ends):
        end()


@pytest.mark.parametrize(("mode", "theme"), [("run", "light"), ("edit", "dark")])
def test_a_lab_works_and_its_value_reaches_other_cells(
    open_app: Callable[[str, str], MarimoPage], mode: str, theme: str
) -> None:
    marimo = open_app(mode, theme)
    lab, other = marimo.lab(0), marimo.lab(1)
    assert lab.root.evaluate("(e) => e.getRootNode() instanceof ShadowRoot")
    assert lab.root.evaluate("(e) => e.classList.contains('sw-dark')") is (theme == "dark")
    expect(lab.slider("N")).to_have_css("appearance", "none")  # our style sheet is inside
    expect(marimo.said("N =")).to_have_text(f"N = {lab.box('N').input_value()}")
    before, beside = lab.curve(), other.curve("by_N")
    assert before
    assert beside

    lab.drag_slider("N", 0.7)
    curve = lab.root.locator('[data-plot="loss"] path.sw-curve').first
    expect(curve).not_to_have_attribute("d", before)
    expect(lab.box("N")).not_to_have_value("3B")
    expect(marimo.said("N =")).to_have_text(f"N = {lab.box('N').input_value()}")

    plan = marimo.said("plan:").inner_text()
    assert plan.endswith("left out: []")
    lab.run(60).click()
    expect(marimo.said("plan:")).to_contain_text("left out: [60]")  # the kernel has refitted
    lab.settled()
    row = lab.root.locator('tr[data-cell="inference_N"] .sw-value')
    expect(marimo.said("plan:")).to_contain_text(f"plan: {row.inner_text()}")

    dragged = lab.box("N").input_value()
    lab.slider("N").press("ArrowLeft")  # marimo's editor has shortcuts of its own
    expect(lab.box("N")).not_to_have_value(dragged)
    expect(marimo.said("N =")).to_have_text(f"N = {lab.box('N').input_value()}")
    lab.box("N").fill("7B")
    lab.box("N").press("Enter")
    expect(marimo.said("N =")).to_have_text("N = 7B")
    assert other.curve("by_N") == beside  # the labs share a module and know nothing of each other

    SCREENSHOTS.mkdir(exist_ok=True)
    marimo.page.screenshot(path=SCREENSHOTS / f"marimo-{mode}-{theme}.png")
    assert marimo.errors == []
    assert marimo.outside == []
