"""For those who keep a course alive: hold labs to stored snapshots, and notebooks to their outputs.

Knows neither the labs nor the notebook, and costs a test session nothing to import.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Protocol

from .compare import differences

__all__ = ["UPDATE", "assert_snapshot", "differences", "sanitize_path"]

UPDATE = "SCALEWIDGETS_UPDATE_SNAPSHOTS"
"""The environment variable behind ``--update-lab-snapshots``: a notebook's kernel inherits it."""

_SHOWN = 12  # differences that are told


class Snapshotted(Protocol):
    """A lab."""

    def snapshot(self) -> dict[str, Any]:
        """What it shows as plain JSON."""


def assert_snapshot(lab: Snapshotted, file: str | os.PathLike[str], *, rel: float = 1e-5) -> None:
    """Holds what a lab shows to the snapshot in a file.

    Parameters
    ----------
    lab : Lab
        In the state that is to be compared: set its inputs with ``lab.set(...)`` first.
    file : path
        JSON. Written when the environment variable :data:`UPDATE` is ``1``, as
        ``pytest --update-lab-snapshots`` sets it; else only read. A relative path begins at the
        working directory, in a notebook where the notebook lies.
    rel : float, default 1e-5
        Relative difference up to which two numbers are the same. Whatever it is, numbers below
        1e-10 are zero: what rounding leaves of a difference has no digits.

    Raises
    ------
    AssertionError
        Where they differ, by table and label; or when there is no such file.

    Examples
    --------
    >>> lab = sw.Planner("besiroglu2024")  # doctest: +SKIP
    >>> lab.set(C="1e24 FLOP", inference_tokens="1T")  # doctest: +SKIP
    >>> assert_snapshot(lab, "planner.json")  # doctest: +SKIP
    """
    __tracebackhide__ = True
    path = Path(file)
    found = lab.snapshot()
    how = f"pytest --update-lab-snapshots (or {UPDATE}=1)"
    if os.environ.get(UPDATE) == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False)
        path.write_text(text + "\n", encoding="utf-8")
        return
    if not path.is_file():
        raise AssertionError(f"there is no snapshot {path}; {how} writes it, for you to look at")
    told = differences(found, _read(path), rel=rel)
    if told:
        name = found["lab"]
        more = [f"... and {len(told) - _SHOWN} more"] if len(told) > _SHOWN else []
        lines = "\n  ".join([*told[:_SHOWN], *more])
        raise AssertionError(
            f"{name} does not show what {path.name} says, in {len(told)} place(s):\n  {lines}\n"
            f"If this is meant, {how} writes the file anew."
        )


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise AssertionError(f"{path} is no snapshot: it is not JSON ({error})") from None


def sanitize_path() -> Path:
    """A file for ``pytest --nbval --nbval-sanitize-with``: what passes on every run (addresses,
    ids, progress bars, times) and digits beyond the sixth are left out of the comparison."""
    return Path(__file__).with_name("sanitize.cfg")
