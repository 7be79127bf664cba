"""Asks the registries for known holes in what we depend on: part of `make check`.

A registry that does not answer, as behind a proxy or without a network, is told and passed over.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


def answer(command: list[str | Path], folder: Path) -> Any:
    """What a tool says as JSON; None where it says nothing."""
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    try:
        return json.loads(ran.stdout)
    except ValueError:
        return None


def npm() -> list[str] | None:
    """Packages of the front end with known holes; None without an answer."""
    found = answer(["npm", "audit", "--json"], ROOT / "js")
    return None if found is None or "metadata" not in found else list(found["vulnerabilities"])


def pip() -> list[str] | None:
    """Packages in this environment with known holes; None without an answer."""
    found = answer([BIN / "pip-audit", "--format", "json", "--progress-spinner", "off"], ROOT)
    if found is None or all("skip_reason" in one for one in found["dependencies"]):
        return None
    return [f"{one['name']} {one['version']}" for one in found["dependencies"] if one.get("vulns")]


def main() -> int:
    holes = 0
    for ask in (pip, npm):
        try:
            found = ask()
        except (OSError, subprocess.TimeoutExpired):
            found = None
        told = "no answer, passed over" if found is None else ", ".join(found) or "no known holes"
        print(f"{ask.__name__} audit: {told}")
        holes += len(found or ())
    return int(holes > 0)


if __name__ == "__main__":
    sys.exit(main())
