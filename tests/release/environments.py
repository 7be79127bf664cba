"""Installs the built wheel into clean environments and runs the quick tests there: `make dist`.

One environment for each supported Python on the path, with the newest and with the oldest
dependencies that the wheel allows. The last step of each installation has neither Node nor a
network. Pythons kept by pyenv are on the path when PYENV_VERSION names them, one after the other.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent  # uv lies beside the Python that runs this
MINORS = range(10, 15)
RESOLUTIONS = {"oldest": "lowest-direct", "newest": "highest"}
# Old releases meet a newer Python, NumPy or each other; that is not for our tests to judge.
LENIENT = ("-W", "ignore::DeprecationWarning", "-W", "ignore::PendingDeprecationWarning")


def pythons() -> Iterator[str]:
    """The supported Pythons at hand."""
    for minor in MINORS:
        found = shutil.which(f"python3.{minor}")
        if found and not subprocess.run([found, "-c", ""], capture_output=True).returncode:
            yield found


def uv(*arguments: str | Path) -> None:
    subprocess.run([BIN / "uv", *arguments, "--quiet", "--no-config"], check=True)


def installed(wheel: Path, python: str, resolution: str, folder: Path) -> Path:
    """A clean environment with the wheel, its dependencies and what the tests need."""
    pins, place = folder / "pins.txt", folder / "env"
    allowed = ("--resolution", resolution, "--only-binary", ":all:")
    uv("pip", "compile", *allowed, "--python", python, "-o", pins, ROOT / "pyproject.toml")
    for network in ((), ("--offline",)):  # the first time fills uv's cache
        shutil.rmtree(place, ignore_errors=True)
        uv("venv", "--python", python, place)
        where = ("--python", place / "bin" / "python")
        uv("pip", "install", *where, *network, "-c", pins, f"{wheel}[test]")
    return place


def passes(place: Path) -> bool:
    """Runs the quick tests, on a path without Node."""
    for name in ("node", "npm"):
        (place / "bin" / name).write_text(f"#!/bin/sh\necho {name} was asked for >&2\nexit 1\n")
        (place / "bin" / name).chmod(0o755)
    path = os.pathsep.join([str(place / "bin"), "/usr/bin", "/bin"])
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    environment |= {"PATH": path, "SCALEWIDGETS_TEST_WHEEL": "1"}
    command = [place / "bin" / "pytest", "-p", "no:nbval", "-n", "auto", "-m", "not slow"]
    own = ("tests/python", "--ignore", "tests/python/test_static.py")  # that one builds the bundle
    ran = subprocess.run([*command, *LENIENT, *own], cwd=ROOT, env=environment)
    return not ran.returncode


def main() -> int:
    (wheel,) = (ROOT / "dist").glob("*.whl")
    table: list[tuple[str, str, bool, float]] = []
    for python in pythons():
        for name, resolution in RESOLUTIONS.items():
            began = time.monotonic()
            with tempfile.TemporaryDirectory() as folder:
                try:
                    good = passes(installed(wheel, python, resolution, Path(folder)))
                except subprocess.CalledProcessError as error:
                    print(f"{Path(python).name} {name}: {error}", file=sys.stderr)
                    good = False
            table.append((Path(python).name, name, good, time.monotonic() - began))
            print(*("passed" if x is True else x for x in table[-1]), flush=True)
    print(f"\n{'Python':12}{'dependencies':14}{'result':10}seconds")
    for python, name, good, seconds in table:
        print(f"{python:12}{name:14}{'passed' if good else 'FAILED':10}{seconds:.0f}")
    if not table:
        print("no supported Python on the path", file=sys.stderr)
    return 0 if table and all(good for _, _, good, _ in table) else 1


if __name__ == "__main__":
    sys.exit(main())
