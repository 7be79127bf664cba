"""The pytest plugin: ``--update-lab-snapshots``."""

from __future__ import annotations

import os

import pytest

from . import UPDATE


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("scalewidgets").addoption(
        "--update-lab-snapshots",
        action="store_true",
        help="write the snapshots of labs anew instead of comparing them",
    )


def pytest_configure(config: pytest.Config) -> None:
    """By the environment, which also reaches the kernels in which nbval runs notebooks."""
    if config.getoption("--update-lab-snapshots"):
        before = os.environ.get(UPDATE)
        os.environ[UPDATE] = "1"
        config.add_cleanup(lambda: _restore(before))


def _restore(before: str | None) -> None:
    if before is None:
        del os.environ[UPDATE]
    else:
        os.environ[UPDATE] = before
