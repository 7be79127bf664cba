"""What each topic of the DataLab lays side by side, as a Polars table with a row each."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from ..evaluate import Sheet
from .filter import KEPT
from .mixtures import mixing
from .prune import KINDS
from .repeat import SPLITS


def _splits(sheet: Sheet) -> pl.DataFrame:
    cells = ("N", "D", "epochs", "worth", "loss")
    columns = {cell: [sheet.get(f"{key}_{cell}") for key in SPLITS] for cell in cells}
    return pl.DataFrame({"split": list(SPLITS.values()), **columns})


def _filters(sheet: Sheet) -> pl.DataFrame:
    samples, pool = sheet.get("samples"), sheet.get("pool")
    return pl.DataFrame(
        {
            "kept": list(KEPT),
            "error": [sheet.get(f"error_{kept}") for kept in KEPT],
            "epochs": [samples / (kept * pool) for kept in KEPT],
            "from": [None, *(sheet.get(f"from_{kept}") for kept in KEPT[1:])],
        }
    )


def _shares(sheet: Sheet) -> pl.DataFrame:
    domains = mixing(sheet.text("mixing")).domains
    mixtures = {"yours": "r", "best": "ideal"}
    columns = {name: [sheet.get(f"{r}_{n}") for n in domains] for name, r in mixtures.items()}
    return pl.DataFrame({"domain": domains, **columns})


def _examples(sheet: Sheet) -> pl.DataFrame:
    kinds = [*KINDS, "all"]
    return pl.DataFrame({"kept": kinds, "error": [sheet.get(f"error_{kind}") for kind in kinds]})


COMPARED: Mapping[str, Callable[[Sheet], pl.DataFrame]] = {
    "repeat": _splits,
    "filter": _filters,
    "mix": _shares,
    "prune": _examples,
}
