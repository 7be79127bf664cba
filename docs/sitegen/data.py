"""The table of public data sets."""

from __future__ import annotations

import scalewidgets as sw

from .writing import Pages, code, plain, table


def write(pages: Pages) -> None:
    rows = sw.datasets().sort("name").rows(named=True)
    head = ("name", "what", "rows", "licence", "citation")
    cells = (
        (
            code(row["name"]),
            plain(row["title"]) + (" (curves: `sw.load_curves`)" if row["curves"] else ""),
            str(row["rows"]),
            plain(row["licence"]),
            plain(row["citation"]),
        )
        for row in rows
    )
    pages.write("datasets.md", table(head, cells))
