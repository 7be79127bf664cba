"""What all tests share."""

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parent.parent


def pytest_sessionstart() -> None:
    """Under `make test` the package must be the installed wheel: that is what ships."""
    if os.environ.get("SCALEWIDGETS_TEST_WHEEL") != "1":
        return
    spec = importlib.util.find_spec("scalewidgets")
    if spec is None or spec.origin is None:
        pytest.exit("scalewidgets is not installed: the wheel was not built", returncode=4)
    if Path(spec.origin).is_relative_to(ROOT / "scalewidgets"):
        pytest.exit(
            f"scalewidgets was found in the source tree ({spec.origin}), not in the installed "
            "wheel. Unset PYTHONPATH and call the pytest script, not `python -m pytest`.",
            returncode=4,
        )


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def unavailable() -> Callable[[str], NoReturn]:
    """What to call with a reason when a test lacks what it needs: skips, but fails in CI."""

    def give_up(reason: str) -> NoReturn:
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)

    return give_up


@pytest.fixture(scope="session")
def shared(unavailable: Callable[[str], NoReturn]) -> Path:
    """The folder of published runs and laws that lies beside the repository."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        unavailable("the folder ../shared (published runs and laws) is not there")
    return folder
