"""A lab in Notebook 7, which shows one notebook as a page and shares JupyterLab's server."""

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import NoReturn

import pytest
from playwright.sync_api import Browser, Error, expect

from .jupyter import LabPage, Server
from .lab import Lab, follows_themes

CELLS = [
    "import scalewidgets as sw\nlab = sw.Explorer()\nlab",
    "import ipywidgets\nshown = ipywidgets.Label()\n"
    "ipywidgets.dlink((lab, 'N'), (shown, 'value'), lambda N: f'N = {N:.6g}')\nshown",
]


class NotebookPage(LabPage):
    """A page of Notebook 7 with one notebook.

    Notebook 7.6 throws exceptions of its own while it opens, with an empty notebook, too. Those of
    a lab come from a module that the page has made of a text.
    """

    def _hear_exception(self, error: Error) -> None:
        if "blob:" in (error.stack or ""):
            super()._hear_exception(error)

    def address(self, name: str) -> str:
        return f"notebooks/{self.path}"


@pytest.fixture
def notebook_page(
    chromium: Browser, server: Server, unavailable: Callable[[str], NoReturn]
) -> Iterator[NotebookPage]:
    if find_spec("notebook") is None:
        unavailable("Notebook 7 is not installed (pip install notebook)")
    page = NotebookPage(server, chromium, width=1500, height=1700)
    yield page
    page.close()


def test_a_lab_answers_the_hand_and_python_hears(notebook_page: NotebookPage) -> None:
    notebook_page.open_notebook(CELLS)
    assert notebook_page.page.evaluate("window.jupyterapp.name") == "Jupyter Notebook"
    notebook_page.run_all()
    lab = Lab(notebook_page)
    follows_themes(notebook_page, lab)
    before = lab.curve()
    assert before

    lab.drag_slider("N", 0.7)
    expect(lab.root.locator('[data-plot="loss"] path.sw-curve').first).not_to_have_attribute(
        "d", before
    )
    value = lab.heard("N", "lab.N")
    expect(notebook_page.page.locator(".jupyter-widgets.widget-label")).to_have_text(
        f"N = {value:.6g}"
    )

    lab.run(60).click()  # the kernel refits
    notebook_page.wait_for_value("lab.excluded", lambda rows: rows == [60])
    lab.settled()
    expect(lab.root.locator('[data-plot="loss"] circle.sw-out')).to_have_count(1)

    lab.slider("N").press("ArrowLeft")  # Notebook's own shortcuts would move to another cell
    expect(lab.slider("N")).to_be_focused()
    lab.settled()  # the next frame shows the step
    assert lab.heard("N", "lab.N") < value
    notebook_page.screenshot("notebook7")
    notebook_page.assert_quiet()
