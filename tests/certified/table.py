"""Writes the README's table of papers: numbers reproduced, numbers that do not follow.

``python tests/certified/table.py`` writes it anew; tests/certified/test_table.py fails while it is
stale.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from scalewidgets.lawbook import laws

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

README = Path(__file__).parents[2] / "README.md"
LEFT_OUT = Path(__file__).with_name("left_out.toml")
BEGIN, END = "<!-- papers: written by tests/certified/table.py -->", "<!-- end of papers -->"


def rows() -> list[str]:
    """The table in Markdown, a row a paper, and above it what all of them come to."""
    table = laws()
    left = tomllib.loads(LEFT_OUT.read_text(encoding="utf-8")).get("left", [])
    tested = Counter(row["notes"] for row in left if "test" in row)
    papers: dict[str, list[int]] = {}
    for row in table.iter_rows(named=True):
        paper = papers.setdefault(row["id"].partition(".")[0], [0, 0, 0])
        for i, count in enumerate((1, row["reproduced"], row["disagreeing"])):
            paper[i] += count
    body = [
        f"| `{paper}` | {count} | {good} | {tested[paper] or ''} | {bad or ''} |"
        for paper, (count, good, bad) in sorted(papers.items())
    ]
    states = Counter(table["status"])
    told = "; ".join(f"{n} {state}" for state, n in states.most_common())
    good, bad = int(table["reproduced"].sum()), int(table["disagreeing"].sum())
    return [
        f"{table.height} laws of {len(papers)} papers: {told}. {good} printed numbers follow from "
        f"the printed constants, {bad} do not; {tested.total()} more groups of numbers (optima, "
        "fits to runs) are recomputed in `tests/certified`.",
        "",
        "<details><summary>The papers, one by one</summary>",
        "",
        "| paper | laws | numbers reproduced | groups recomputed in tests | do not follow |",
        "|---|---|---|---|---|",
        *body,
        "",
        "</details>",
    ]


def written(readme: str) -> str:
    """The README with the table as it is today."""
    head, _, rest = readme.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return "\n".join([head + BEGIN, *rows(), END + tail])


if __name__ == "__main__":
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")
