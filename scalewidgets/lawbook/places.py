"""On which line of a TOML file a key stands: the reader of the standard library does not say."""

from __future__ import annotations

import re
from collections import Counter

_HEADER = re.compile(r"\s*(?P<open>\[\[?)(?P<path>[^\[\]=]+)\]\]?\s*(#.*)?$")
_KEY = re.compile(r"\s*(?P<path>[A-Za-z0-9_.\-\"' ]+?)\s*=")
_NAMED = re.compile(r"'([^']+)'")


def lines(text: str) -> dict[str, int]:
    """The lines (from 1) of all tables and keys, each as ``laws.D_opt.checks[1].tol``.

    Keys inside of a value on one line are not among them.
    """
    found: dict[str, int] = {}
    count: Counter[str] = Counter()
    table, quoted = "", False
    for number, line in enumerate(text.splitlines(), 1):
        fences = line.count('"""') + line.count("'''")
        inside, quoted = quoted, quoted ^ bool(fences % 2)
        if inside:
            continue
        if header := _HEADER.match(line):
            table = _plain(header["path"])
            if header["open"] == "[[":
                found.setdefault(table, number)
                count[table] += 1
                table = f"{table}[{count[table] - 1}]"
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            found.setdefault(".".join(filter(None, [table, _plain(key["path"])])), number)
    return found


def _plain(path: str) -> str:
    return re.sub(r"\s*\.\s*", ".", path.strip()).replace('"', "").replace("'", "")


def placed(problem: str, known: dict[str, int]) -> str:
    """A problem, ``"laws.D_opt.valid: ..."``, behind the line that it is on: ``"12: laws..."``.

    The line is that of the key that the problem quotes, else of its place, else of what holds
    that; a problem of the whole file has none.
    """
    place = problem.partition(": ")[0] if re.match(r"[\w.\[\]-]+: ", problem) else ""
    quoted = _NAMED.search(problem)
    if quoted and (line := known.get(".".join(filter(None, [place, quoted[1]])))):
        return f"{line}: {problem}"
    while place:
        if place in known:
            return f"{known[place]}: {problem}"
        place = re.sub(r"(\[\d+\]|\.?[^.\[\]]+)$", "", place)
    return f" {problem}"
