"""Where generated pages go, and how words become Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>$|#~&])")


class Pages:
    """A folder of generated files. A file that stays the same keeps its time, so that Sphinx reads
    only what has changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._written: set[Path] = set()

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        self._written.add(path)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")

    def keep(self, name: str) -> Path | None:
        """A file of an earlier run that is still good; None when there is none."""
        path = self.folder / name
        if not path.exists():
            return None
        self._written.add(path)
        return path

    def remove_others(self) -> None:
        """What an earlier run wrote and this one did not: pages of laws that are gone."""
        for path in self.folder.rglob("*"):
            if path.is_file() and path not in self._written:
                path.unlink()


def plain(text: object) -> str:
    """Text that Markdown shows as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(str(text).split()))


def code(text: object) -> str:
    """Text in the type of code; ``|`` would end a table's cell."""
    return f"`{' '.join(str(text).split())}`".replace("|", "\\|")


def number(value: float) -> str:
    """A number with the digits that it has, ten at most."""
    short = f"{value:.6g}"
    return short if float(short) == value else f"{value:.10g}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; cells are Markdown already. Empty without rows."""
    body = [f"| {' | '.join(row)} |" for row in rows]
    if not body:
        return ""
    return "\n".join([f"| {' | '.join(head)} |", "|---" * len(head) + "|", *body, ""])


def toctree(entries: Iterable[str], *, hidden: bool = False) -> str:
    options = ":hidden:\n" if hidden else ":maxdepth: 1\n"
    return "```{toctree}\n" + options + "\n" + "\n".join(entries) + "\n```\n"
