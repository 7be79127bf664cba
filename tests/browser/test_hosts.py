"""What is known of hosts that cannot be run here: how VS Code and Colab show that they are dark.

Their outputs stand on nothing that is painted, and both carry JupyterLab's variables in its light
theme's values, whatever their own theme is.
"""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from playwright.sync_api import Browser, Page, expect

import scalewidgets as sw

from .access import faint
from .jupyter import LabPage
from .lab import Lab

LIGHT = "--jp-layout-color0: white; --jp-layout-color1: white; --jp-ui-font-color0: black;"
VSCODE = f"<style>:root {{ {LIGHT} --vscode-editor-background: %s }}</style>"
HOSTS = {
    "vscode-dark": (f"<html>{VSCODE % '#1f1f1f'}<body data-vscode-theme-kind=vscode-dark>", True),
    "vscode-light": (
        f"<html>{VSCODE % '#fafafa'}<body data-vscode-theme-kind=vscode-light>",
        False,
    ),
    "vscode-contrast": (
        f"<html>{VSCODE % '#000'}<body data-vscode-theme-kind=vscode-high-contrast>",
        True,
    ),
    "colab-dark": (f"<html theme=dark><style>:root {{ {LIGHT} }}</style><body>", True),
    "colab-light": (f"<html theme=light><style>:root {{ {LIGHT} }}</style><body>", False),
}


@pytest.fixture(params=["light", "dark"])
def page(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Of a reader whose system wishes for one or the other, which is not what the host shows."""
    context = chromium.new_context(color_scheme=request.param, offline=True)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("host", HOSTS)
def test_a_lab_takes_on_the_theme_of_its_host(page: Page, tmp_path: Path, host: str) -> None:
    start, dark = HOSTS[host]
    file = tmp_path / "page.html"
    file.write_text(f"<!doctype html>{start}{sw.Explorer().to_html()}", "utf-8")
    page.goto(file.as_uri())
    lab = Lab(cast(LabPage, SimpleNamespace(page=page)))
    assert lab.root.evaluate("(e) => e.classList.contains('sw-dark')") is dark
    assert faint(lab.root) == []


def test_a_lab_follows_when_its_host_changes(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    start, _ = HOSTS["vscode-dark"]
    file.write_text(f"<!doctype html>{start}{sw.LawLab('kaplan2020').to_html()}", "utf-8")
    page.goto(file.as_uri())
    dark = page.locator(".sw-lab.sw-dark")
    expect(dark).to_be_visible()
    page.evaluate("document.body.dataset.vscodeThemeKind = 'vscode-light'")
    expect(dark).to_have_count(0)
