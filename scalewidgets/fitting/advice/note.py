"""A note on a fit: what was seen, what to do, and who says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["note", "warning", "error"]

CHOSHEN = "Choshen et al. 2024, arXiv:2410.11840"
CZECH = "Czech et al. 2026, arXiv:2603.22339"
HOFFMANN = "Hoffmann et al. 2022, arXiv:2203.15556"
SARDANA = "Sardana et al. 2024, arXiv:2401.00448"
BESIROGLU = "Besiroglu et al. 2024, arXiv:2404.10102"
PORIAN = "Porian et al. 2024, arXiv:2406.19146"
GADRE = "Gadre et al. 2024, arXiv:2403.08540"
KAPLAN = "Kaplan et al. 2020, arXiv:2001.08361"
LI = "Li et al. 2025, arXiv:2502.18969"
SKALING = "Videau et al. 2026, arXiv:2608.07222"


@dataclass(frozen=True)
class Note:
    """One pitfall: what was seen in these runs, what to do, and who says so.

    Attributes
    ----------
    code : str
        A stable name to test for, such as ``"extrapolation"``.
    severity : {"note", "warning", "error"}
        Worth knowing; likely to mislead; the answer asked for cannot be had.
    seen, do, source : str
    """

    code: str
    severity: Severity
    seen: str
    do: str
    source: str

    def __str__(self) -> str:
        return f"{self.severity} [{self.code}]: {self.seen} {self.do} ({self.source})"
