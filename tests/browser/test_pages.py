"""Pages without a kernel, as a reader has them: a file from disk, the network off, a real mouse."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal, cast

import nbformat
import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect

import scalewidgets as sw
from scalewidgets.lawbook.quantity import parse_quantity

from .jupyter import LabPage
from .lab import Lab

PATH = re.compile(r"^M.{40}")
WATCH = """window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(event.violatedDirective);
});"""
TWO_FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


class Reader:
    """A browser without a network, and what its pages complained of."""

    def __init__(self, browser: Browser, scheme: Literal["light", "dark"], scripts: bool) -> None:
        size: Any = {"width": 1500, "height": 1700}
        self.context: BrowserContext = browser.new_context(
            viewport=size, color_scheme=scheme, java_script_enabled=scripts, offline=True
        )
        self.page: Page = self.context.new_page()
        self.page.add_init_script(WATCH)
        self.errors: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.errors.append(message.text))
        self.page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))
        self.page.on("request", lambda request: self.asked.append(request.url))

    def open(self, file: Path) -> None:
        self.page.goto(file.as_uri())

    def lab(self, index: int = 0) -> Lab:
        return Lab(cast(LabPage, SimpleNamespace(page=self.page)), index)

    def drag(self, lab: Lab, cell: str, share: float) -> None:
        """Pulls a slider; returns when what it moves is drawn."""
        lab.drag_slider(cell, share)
        self.wait_for_frame()

    def wait_for_frame(self) -> None:
        self.page.evaluate(TWO_FRAMES)

    def assert_quiet(self, file: Path) -> None:
        assert self.errors == []
        assert self.page.evaluate("window.violations") == []
        assert [url for url in self.asked if not url.startswith("data:")] == [file.as_uri()]


@pytest.fixture
def reader(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Reader]:
    wishes: dict[str, Any] = {"scheme": "light", "scripts": True, **getattr(request, "param", {})}
    reader = Reader(chromium, **wishes)
    yield reader
    reader.context.close()


def number(lab: Lab, cell: str) -> float:
    """The number in a table."""
    return parse_quantity(lab.root.locator(f'tr[data-cell="{cell}"] .sw-value').inner_text())


def holding(lab: Lab, cell: str) -> float:
    """The number in a slider's box."""
    return parse_quantity(lab.box(cell).input_value())


@pytest.mark.parametrize("reader", [{"scheme": "light"}, {"scheme": "dark"}], indirect=True)
def test_the_explorer_lives_in_a_file(reader: Reader, tmp_path: Path) -> None:
    fit = sw.fit("besiroglu2024", sw.load_runs("simulated"))
    file = sw.Explorer(fit).save_html(tmp_path / "explorer.html")
    reader.open(file)
    lab = reader.lab()
    dark = reader.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert lab.root.evaluate("(e) => e.classList.contains('sw-dark')") is dark
    band = lab.root.locator('[data-plot="loss"] .sw-band').first
    expect(band).to_have_attribute("d", PATH)
    before, curve = band.get_attribute("d"), lab.curve()

    reader.drag(lab, "C", 0.6)
    expect(band).not_to_have_attribute("d", before or "")
    assert lab.curve() != curve
    plan = sw.allocate(fit, C=holding(lab, "C"))
    assert number(lab, "chinchilla_N") == pytest.approx(plan.N, rel=6e-3)
    assert number(lab, "chinchilla_D") == pytest.approx(plan.D, rel=6e-3)
    assert number(lab, "chinchilla_loss") == pytest.approx(plan.loss, abs=2e-4)
    expect(lab.root.locator('[data-cell="dataset"]')).to_have_attribute(
        "title", "Needs Python: this page has no kernel."
    )
    expect(lab.root.locator('[data-cell="dataset"] select')).to_be_disabled()
    reader.assert_quiet(file)


def test_a_run_clicked_out_is_refitted_without_python(reader: Reader, tmp_path: Path) -> None:
    python = sw.Explorer()
    file = python.save_html(tmp_path / "explorer.html")
    reader.open(file)
    lab = reader.lab()
    lab.run(60).click()
    reader.wait_for_frame()
    expect(lab.state).to_have_attribute("data-state", "alone")
    expect(lab.state).to_contain_text("this page has no Python")
    python.excluded = [60]
    plan = sw.allocate(python.fit, C=python.C)
    assert number(lab, "chinchilla_N") == pytest.approx(plan.N, rel=1e-2)
    assert number(lab, "chinchilla_loss") == pytest.approx(plan.loss, abs=2e-4)
    reader.assert_quiet(file)


LABS: dict[str, tuple[Callable[[], sw.Lab], str, str]] = {
    "LawLab": (lambda: sw.LawLab("farseer2025", second="hoffmann2022"), "at.D", "by_N"),
    "LawLab-constant": (lambda: sw.LawLab("hoffmann2022"), "wheel.alpha", "by_N"),
    "FitLab": (sw.FitLab, "C", "isoflop"),
    "FitLab-grid": (sw.FitLab, "width", "isoflop"),
    "Planner": (lambda: sw.Planner(inference_tokens="1T"), "inference_tokens", "cost"),
}


@pytest.mark.parametrize("name", LABS)
def test_every_lab_follows_the_hand(reader: Reader, tmp_path: Path, name: str) -> None:
    make, cell, plot = LABS[name]
    file = make().save_html(tmp_path / "page.html")
    reader.open(file)
    lab = reader.lab()
    before = lab.curve(plot)
    assert before
    reader.drag(lab, cell, 0.7)
    expect(lab.root.locator(f'[data-plot="{plot}"] path.sw-curve').first).not_to_have_attribute(
        "d", before
    )
    expect(lab.root.locator(".sw-problem")).to_be_hidden()
    reader.assert_quiet(file)


def test_the_planner_plans_without_python(reader: Reader, tmp_path: Path) -> None:
    python = sw.Planner("hoffmann2022", limited=True, unique_tokens="500B")
    file = python.save_html(tmp_path / "planner.html")
    reader.open(file)
    lab = reader.lab()
    together = lab.root.locator('tr[data-cell="all_N"] .sw-value')
    copy = lab.root.get_by_role("button", name="Copy as Python")
    assert number(lab, "all_N") == pytest.approx(python.plan.N, rel=6e-3)
    expect(copy).to_be_visible()
    reader.drag(lab, "C", 0.7)
    expect(together).to_have_text("–")  # the kernel's plan, for another budget
    expect(copy).to_be_hidden()
    plan = sw.allocate(sw.law("hoffmann2022"), C=holding(lab, "C"))
    assert number(lab, "chinchilla_N") == pytest.approx(plan.N, rel=6e-3)
    assert number(lab, "chinchilla_planned") == pytest.approx(plan.loss, abs=2e-4)
    expect(lab.state).to_contain_text("what only Python can work out is left out")
    reader.assert_quiet(file)


def test_what_only_python_could_answer_is_switched_off(reader: Reader, tmp_path: Path) -> None:
    file = sw.FitLab().save_html(tmp_path / "page.html")
    reader.open(file)
    lab = reader.lab()
    for cell in ("seed", "budget_count", "points"):  # other noise, other runs
        expect(lab.slider(cell)).to_be_disabled()
    for cell in ("width", "noise", "C", "wheel.alpha"):
        expect(lab.slider(cell)).to_be_enabled()


def test_published_constants_are_not_refitted(reader: Reader, tmp_path: Path) -> None:
    file = sw.Explorer(constants="published").save_html(tmp_path / "page.html")
    reader.open(file)
    lab = reader.lab()
    before = number(lab, "chinchilla_N"), lab.curve()
    lab.run(3).click()
    expect(lab.root.locator('[data-plot="loss"] circle.sw-out')).not_to_have_count(0)
    reader.wait_for_frame()
    assert (number(lab, "chinchilla_N"), lab.curve()) == before


def test_labs_on_one_page_know_nothing_of_each_other(reader: Reader, tmp_path: Path) -> None:
    labs = [sw.Explorer(C=1e21), sw.Explorer(C=1e22), sw.LawLab("kaplan2020")]
    rules = "table, svg, input { display: none !important } h2 { color: red }"
    body = "\n".join(f"<h1>A page of one's own</h1>\n{lab.to_html()}" for lab in labs)
    file = tmp_path / "page.html"
    file.write_text(f"<!doctype html><meta charset=utf-8><style>{rules}</style>{body}", "utf-8")
    reader.open(file)
    first, second, third = (reader.lab(i) for i in range(3))
    curves = first.curve(), second.curve()
    assert curves[0] != curves[1]
    reader.drag(first, "C", 0.7)
    assert first.curve() != curves[0]
    assert second.curve() == curves[1]
    expect(third.slider("at.N")).to_be_visible()
    expect(third.root.locator("h2")).not_to_have_css("color", "rgb(255, 0, 0)")
    reader.assert_quiet(file)


@pytest.mark.parametrize("reader", [{"scripts": False}], indirect=True)
def test_without_scripts_a_picture_and_a_table_remain(reader: Reader, tmp_path: Path) -> None:
    pytest.importorskip("vl_convert")
    file = tmp_path / "page.html"
    file.write_text(f"<!doctype html><meta charset=utf-8>{sw.Explorer().to_html()}", "utf-8")
    reader.open(file)
    expect(reader.page.locator("img")).to_have_js_property("complete", True)
    assert reader.page.locator("img").evaluate("(e) => e.naturalWidth") > 400
    row = reader.page.get_by_role("row").filter(has_text="Tokens per parameter").first
    expect(row.get_by_role("cell").first).to_have_text("20")


def test_what_people_wrote_is_never_run(reader: Reader, tmp_path: Path) -> None:
    title = "</script><script>window.bad = 1</script><img src=x onerror='window.bad = 1'>"
    law = sw.Law("E + A/N**alpha", constants={"E": 1, "A": 2, "alpha": 0.3}, title=title)
    file = tmp_path / "page.html"
    file.write_text(f"<!doctype html><meta charset=utf-8>{sw.LawLab(law).to_html()}", "utf-8")
    reader.open(file)
    expect(reader.lab().slider("at.N")).to_be_visible()
    assert reader.page.evaluate("window.bad") is None
    reader.assert_quiet(file)


STRANGE = """<base href="http://127.0.0.1:9/"><script>window.bad = 1</script>
<script src="data:text/javascript,window.bad = 1"></script><img src="data:image/png;base64,AA==">
<p style="color: red" onclick="window.bad = 1">x</p><style>p { color: red }</style>
<iframe src="data:text/html,x"></iframe>"""


def test_what_is_put_into_a_page_afterwards_does_nothing(reader: Reader, tmp_path: Path) -> None:
    """The policy in the page is the browser's to keep: everything but the lab's own is refused."""
    file = sw.LawLab("hoffmann2022").save_html(tmp_path / "page.html")
    text = file.read_text("utf-8")
    file.write_text(text.replace("</body>", f"{STRANGE}</body>"), "utf-8")
    reader.open(file)
    expect(reader.lab().slider("at.N")).to_be_visible()
    page = reader.page
    page.locator("body > p").click()
    expect(page.locator("body > p")).not_to_have_css("color", "rgb(255, 0, 0)")
    with pytest.raises(Error, match="Failed to fetch"):
        page.evaluate("fetch('data:text/plain,x')")
    assert page.evaluate("window.bad") is None
    kinds = {"base-uri", "script-src-elem", "script-src-attr", "style-src-elem", "style-src-attr"}
    kinds |= {"img-src", "frame-src", "connect-src"}
    assert set(page.evaluate("window.violations")) >= kinds


def test_nbconvert_makes_a_live_page(reader: Reader, tmp_path: Path) -> None:
    cells = [
        "import scalewidgets as sw\nfrom scalewidgets.widgets.export import options\n"
        "options.embed = True\nsw.Explorer()",
        "sw.LawLab('hoffmann2022')",
    ]
    notebook = nbformat.v4.new_notebook(  # type: ignore[no-untyped-call]
        cells=[nbformat.v4.new_code_cell(code) for code in cells]  # type: ignore[no-untyped-call]
    )
    nbformat.write(notebook, tmp_path / "course.ipynb")  # type: ignore[no-untyped-call]
    folders = {"IPYTHONDIR": str(tmp_path / "ipython"), "HOME": str(tmp_path)}
    command = [
        *(sys.executable, "-m", "nbconvert", "--to", "html", "--execute", "course.ipynb"),
        "--ExecutePreprocessor.store_widget_state=False",
    ]
    done = subprocess.run(
        command, cwd=tmp_path, env=os.environ | folders, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    reader.open(tmp_path / "course.html")
    explorer, law_lab = reader.lab(0), reader.lab(1)
    before = explorer.curve(), law_lab.curve("by_N")
    reader.drag(explorer, "C", 0.7)
    reader.drag(law_lab, "wheel.alpha", 0.7)
    assert explorer.curve() != before[0]
    assert law_lab.curve("by_N") != before[1]
    # nbconvert's own page asks the network for its libraries; the labs do without
    assert [error for error in reader.errors if "ERR_" not in error] == []
