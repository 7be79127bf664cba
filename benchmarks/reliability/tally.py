"""A file of results, one JSON object a line, to which a study that was stopped goes on writing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Row = dict[str, Any]


class Tally:
    """Results by number, kept in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = path.read_text().splitlines() if path.exists() else []
        # a line that a stopped study did not finish is done again
        self.rows: dict[int, Row] = {row["number"]: row for row in map(_read, lines) if row}

    def missing(self, count: int) -> Iterator[int]:
        """Numbers below ``count`` that have no result yet."""
        return (number for number in range(count) if number not in self.rows)

    def add(self, number: int, **result: Any) -> None:
        """Keep a result, in the file too."""
        row = {"number": number, **result}
        self.rows[number] = row
        with self.path.open("a") as file:
            file.write(json.dumps(row) + "\n")


def _read(line: str) -> Row:
    try:
        return dict(json.loads(line))
    except ValueError:
        return {}
