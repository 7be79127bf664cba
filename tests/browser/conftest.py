"""One JupyterLab and one Chromium for all tests of this folder; a fresh page for each test."""

from collections.abc import Callable, Iterator
from typing import NoReturn

import pytest
from playwright.sync_api import Browser

from .jupyter import LabPage, Server, chromium_path, open_chromium, start_server

# Package scope, not session scope: Playwright keeps an event loop marked as running in this
# thread, and tests of other folders shall not meet it.


@pytest.fixture(scope="package")
def chromium(unavailable: Callable[[str], NoReturn]) -> Iterator[Browser]:
    if chromium_path() is None:
        unavailable("no Chromium on the path (Debian: apt-get install chromium)")
    with open_chromium() as browser:
        yield browser


@pytest.fixture(scope="package")
def server(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with start_server(tmp_path_factory.mktemp("jupyter")) as server:
        yield server


@pytest.fixture
def lab_page(chromium: Browser, server: Server) -> Iterator[LabPage]:
    """A page of JupyterLab without a notebook yet; its kernel ends with the test."""
    page = LabPage(server, chromium)
    yield page
    page.close()


@pytest.fixture
def wide_page(chromium: Browser, server: Server) -> Iterator[LabPage]:
    """Room for the whole lab: what is below the fold cannot be dragged over."""
    page = LabPage(server, chromium, width=1500, height=1700)
    yield page
    page.close()
