"""What a lab shows as plain JSON: to be stored beside a course and compared on another machine.

Numbers have six significant digits: enough to notice any change that a reader could see, and too
few for processors and BLAS builds to differ in. There are no ids, no bytes and no pixels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .evaluate import Sheet
from .picture import plots, rounded
from .readouts import readouts


def snapshot(name: str, sheet: Sheet, status: Mapping[str, str], problem: str) -> dict[str, Any]:
    """The JSON of :meth:`scalewidgets.Lab.snapshot`."""
    found = {
        "lab": name,
        "title": sheet.page.title,
        "inputs": rounded(dict(sorted(sheet.inputs.items()))),
        "status": dict(status),
        "readouts": readouts(sheet),
        "plots": plots(sheet),
    }
    return found | ({"problem": problem} if problem else {})
