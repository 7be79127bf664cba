"""The catalogue as pages: one a paper, with typeset equations, constants and checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any

import scalewidgets as sw
from scalewidgets.lawbook.catalogue import paper
from scalewidgets.lawbook.check import value_of
from scalewidgets.lawbook.shape import FAMILIES

from .writing import Pages, code, number, plain, table, toctree

_SEEN = {
    "seen": "read in the source",
    "computed": "refitted here",
    "derived": "follows from numbers that were read",
    "recalled": "recalled, **not verified**",
}


def write(pages: Pages) -> None:
    """All pages of the catalogue, their list by family, and the findings."""
    rows = sw.laws().rows(named=True)
    papers = list(dict.fromkeys(row["id"].partition(".")[0] for row in rows))
    for name in papers:
        pages.write(f"catalogue/{name}.md", paper_page(name))
    entries = [f"{name} <{name}>" for name in papers]  # titles would fill the margin
    pages.write("catalogue/laws.md", f"{_families(rows)}\n{toctree(entries, hidden=True)}")
    pages.write("catalogue/counts.md", counts(rows))
    pages.write("catalogue/findings.md", findings_page())


# --- a paper --------------------------------------------------------------------------------------


def paper_page(name: str) -> str:
    """The page of one catalogue file, in Markdown."""
    about = paper(name)
    parts = [f"# {plain(about['title'])}", f"{_source(about)} In the catalogue: {code(name)}."]
    if "teaches" in about:
        parts.append(plain(about["teaches"]))
    if "fitted" in about:
        parts.append(f"How the constants were found: {plain(about['fitted'])}")
    if about.get("errata"):
        notes = "\n".join(f"- {plain(one)}" for one in about["errata"])
        parts.append(f":::{{warning}}\nWhat a reader of the paper should know:\n\n{notes}\n:::")
    parts += [_law(name, part, entry) for part, entry in about["laws"].items()]
    return "\n\n".join(parts) + "\n"


def _source(about: Mapping[str, Any]) -> str:
    who = f"{plain(about['authors'])} ({about['year']}), "
    if "arxiv" not in about:
        return f"{who}{plain(about['venue'])}."
    return f"{who}[arXiv:{about['arxiv']}](https://arxiv.org/abs/{about['arxiv']})."


def _law(name: str, part: str, entry: Mapping[str, Any]) -> str:
    first = part == next(iter(paper(name)["laws"]))
    law = sw.law(name if first else f"{name}.{part}")
    blocks = [f"({anchor(law.id)})=\n## {plain(law.id)}"]
    blocks.append(f"**{plain(law.status)}** · {plain(law.family)} · {_gives(law)}")
    if isinstance(law, sw.Law):
        blocks.append(f"```{{math}}\n{law.latex()}\n```")
        blocks.append(f"```text\n{_written(law)}\n```")
    else:
        blocks.append(f"No closed form: {plain(law.method)}")
    for key in ("teaches", "fitted"):
        if key in entry:
            blocks.append(plain(entry[key]))
    if "recomputed" in entry:
        blocks.append(f"Recomputed in `tests/certified`: {plain(entry['recomputed'])}")
    blocks += filter(None, [_symbols(law), _constants(law), _checks(law, entry)])
    return "\n\n".join(blocks)


def anchor(law_id: str) -> str:
    """The name under which other pages link to a law."""
    return "law-" + law_id.replace(".", "-").replace("_", "-").lower()


def _gives(law: Any) -> str:
    return f"{code(law.output)} in {plain(law.unit)}" if law.unit else code(law.output)


def _written(law: sw.Law) -> str:
    """The equation as it is typed, ready to be copied."""
    texts = {law.output: law.equation, **law.definitions}
    return "\n".join(f"{name} = {text}" for name, text in texts.items())


def _symbols(law: Any) -> str:
    head = ["symbol", "meaning", "the runs covered", "where left out"]
    rows = [
        [code(name), plain(meaning), _valid(law, name), _left_out(law, name)]
        for name, meaning in law.symbols.items()
    ]
    used = [i for i in range(len(head)) if any(row[i] for row in rows)]
    return table([head[i] for i in used], ([row[i] for i in used] for row in rows))


def _valid(law: Any, name: str) -> str:
    return " to ".join(f"{end:.4g}" for end in law.valid.get(name, ()))


def _left_out(law: Any, name: str) -> str:
    return code(law.defaults[name]) if name in law.defaults else ""


def _constants(law: Any) -> str:
    sets = law.sets if isinstance(law, sw.Law) else {}
    rows = []
    for one in sets.values():
        errors = one.stderr
        values = ", ".join(
            f"{k} = {number(v)}" + (f" ± {number(errors[k])}" if k in errors else "")
            for k, v in one.values.items()
        )
        told = f"{_SEEN[one.status]}. {plain(one.note)}".strip()
        rows.append((code(one.name), plain(values), plain(one.where), told))
    return table(("constants", "values", "where in the source", "how sure"), rows)


def _checks(law: Any, entry: Mapping[str, Any]) -> str:
    rows = [_check(law, check) for check in entry.get("checks", ())]
    head = ("asked", "of", "printed", "comes out", "verdict", "where in the source")
    return table(head, rows)


def _check(law: Any, check: Mapping[str, Any]) -> tuple[str, ...]:
    chosen = law.with_constants(check["constants"]) if "constants" in check else law
    value = value_of(chosen, check)
    at = ", ".join(f"{k} = {_shown(v)}" for k, v in check.get("at", {}).items())
    asked = code(check.get("quantity", law.output)) + (f" at {plain(at)}" if at else "")
    verdict = f"**disagrees**: {plain(check['disagrees'])}" if "disagrees" in check else ""
    if not verdict:
        verdict = "reproduced" if check["status"] == "seen" else f"agrees ({check['status']})"
    return (
        *(asked, code(check["constants"]) if "constants" in check else ""),
        *(number(check["expect"]), f"{value:.5g}", verdict, plain(check["where"])),
    )


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(number, value))}]"
    return number(value)


# --- lists ----------------------------------------------------------------------------------------


def _families(rows: list[dict[str, Any]]) -> str:
    """The laws by family, each with a link to its page."""
    blocks = ["# All laws"]
    for family in FAMILIES:
        own = [row for row in rows if row["family"] == family]
        blocks.append(f"({_family_anchor(family)})=\n## {family.capitalize()}")
        blocks.append(
            table(
                ("law", "paper", "status", "reproduced", "do not follow"),
                (
                    (
                        f"[{row['id']}](#{anchor(row['id'])})",
                        f"{plain(row['title'])} ({row['year']})",
                        plain(row["status"]),
                        str(row["reproduced"] or ""),
                        str(row["disagreeing"] or ""),
                    )
                    for row in own
                ),
            )
        )
    return "\n\n".join(blocks) + "\n"


def counts(rows: list[dict[str, Any]]) -> str:
    """What the catalogue comes to, by family."""
    cells = []
    for family in FAMILIES:
        own = [row for row in rows if row["family"] == family]
        link = f"[{family}](#{_family_anchor(family)})"
        sums = (sum(row[key] for row in own) for key in ("reproduced", "disagreeing"))
        cells.append((link, str(len(own)), *map(str, sums)))
    total = ["**all**", str(len(rows))]
    total += [str(sum(row[key] for row in rows)) for key in ("reproduced", "disagreeing")]
    head = ("family", "laws", "printed numbers that follow", "that do not follow")
    return table(head, [*cells, tuple(total)])


def _family_anchor(family: str) -> str:
    return f"family-{family.replace(' ', '-')}"


def findings_page() -> str:
    """What papers claim without a law."""
    return "\n\n".join(["# Findings without a law", *_findings()]) + "\n"


def _findings() -> Iterator[str]:
    yield (
        "Multipliers, sign changes, counts: claims of papers that are no law. "
        "`sw.findings()` gives the same table."
    )
    rows = sorted(sw.findings().rows(named=True), key=lambda row: FAMILIES.index(row["family"]))
    for family, own in groupby(rows, key=itemgetter("family")):
        yield f"## {family.capitalize()}"
        yield table(
            ("claim", "source", "where", "how sure"),
            (
                (
                    plain(row["claim"]),
                    f"{plain(row['authors'] or '')} ({row['year']}): {plain(row['title'])}",
                    plain(row["where"] or ""),
                    plain(row["status"]),
                )
                for row in own
            ),
        )
