"""The gallery: a page a lab, and one more for each further question of a lab that has several.

Each lab brings the front end along, so a page of all of them would weigh megabytes. A lab's choice
of its question needs Python: hence the pages.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import scalewidgets as sw
from scalewidgets.widgets.vocabulary import Choice

from .writing import Pages, plain, toctree

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LIST = Path(__file__).parents[1] / "gallery.toml"
_KEYS = {"code", "note", "try", "read"}


def labs() -> dict[str, Mapping[str, Any]]:
    """Name of each public lab to what gallery.toml says of it, which may be nothing.

    Raises
    ------
    ValueError
        When gallery.toml names a lab or a key that there is not.
    """
    listed = tomllib.loads(LIST.read_text(encoding="utf-8"))
    known = [name for name in sw.__all__ if _is_lab(getattr(sw, name))]
    for name, entry in listed.items():
        if name not in known:
            raise ValueError(f"gallery.toml: there is no lab {name}; there are {', '.join(known)}")
        if set(entry) - _KEYS:
            raise ValueError(f"gallery.toml, {name}: unknown keys {sorted(set(entry) - _KEYS)}")
    return {**listed, **{name: {} for name in known if name not in listed}}


def _is_lab(found: Any) -> bool:
    return inspect.isclass(found) and issubclass(found, sw.Lab) and found is not sw.Lab


def write(pages: Pages) -> None:
    """A page a lab, one for each further question, the labs as files beside them, and the list."""
    found, listed = labs(), []
    for name, entry in found.items():
        lab = make(code_of(name, entry))
        asked = questions(lab)
        first = getattr(lab, "topic", "")
        others = {topic: label for topic, label in asked.items() if topic != first}
        _write_lab(pages, name, lab)
        pages.write(f"gallery/{name}.md", _page(name, entry, lab, others))
        for topic, label in others.items():
            code = f'sw.{name}(topic="{topic}")'
            other = make(code)
            _write_lab(pages, f"{name}-{topic}", other)
            pages.write(f"gallery/{name}-{topic}.md", _question_page(name, topic, label, code))
        listed.append(f"[{name}]({name}.md)\n: {_first_line(name)}{_links(name, others)}")
    text = [f"# Gallery of labs\n\n{_ABOUT}", *listed, toctree(found, hidden=True)]
    pages.write("gallery/index.md", "\n\n".join(text))


_ABOUT = (
    "The labs on these pages are alive: sliders, curves, optima and the browser's refit need no "
    "Python. What only Python could answer is switched off and says so; "
    "[](../../pages.md) tells which is which."
)


def code_of(name: str, entry: Mapping[str, Any]) -> str:
    return str(entry.get("code", f"sw.{name}()"))


def make(code: str) -> sw.Lab:
    """The lab that a cell with this code would show."""
    lab = eval(code, {"sw": sw})  # noqa: S307 - our own list, not a user's text
    assert isinstance(lab, sw.Lab)
    return lab


def questions(lab: sw.Lab) -> Mapping[str, str]:
    """What a lab with several questions can be asked: topic to label; empty where it has one."""
    controls = [control for group in lab.page().groups for control in group.controls]
    found = [one.options for one in controls if isinstance(one, Choice) and one.cell == "topic"]
    return found[0] if found else {}


def _write_lab(pages: Pages, stem: str, lab: sw.Lab) -> None:
    pages.write(f"gallery/{stem}.fragment.html", lab.to_html())


def _first_line(name: str) -> str:
    return plain((inspect.getdoc(getattr(sw, name)) or "").partition("\n")[0])


def _links(name: str, others: Mapping[str, str]) -> str:
    links = [f"[{plain(label)}]({name}-{topic}.md)" for topic, label in others.items()]
    return f"\n\n  Also: {' · '.join(links)}" if links else ""


def _shown(stem: str) -> str:
    return f"```{{raw}} html\n:file: {stem}.fragment.html\n```"


def _cell(code: str) -> str:
    return f"```python\nimport scalewidgets as sw\n\n{code}\n```"


def _page(name: str, entry: Mapping[str, Any], lab: sw.Lab, others: Mapping[str, str]) -> str:
    parts = [f"---\nhide-toc: true\n---\n\n# {name}", _first_line(name)]
    parts += [entry["note"]] if "note" in entry else []
    parts += [_shown(name), _cell(code_of(name, entry))]
    if "try" in entry:
        parts.append("## To try\n\n" + "\n".join(f"- {one}" for one in entry["try"]))
    if others:
        links = [f"- [{plain(label)}]({name}-{topic}.md)" for topic, label in others.items()]
        parts.append("## Its other questions\n\n" + "\n".join(links))
        parts.append(toctree((f"{name}-{topic}" for topic in others), hidden=True))
    links = [f"- {{class}}`scalewidgets.{name}`: its inputs and results"]
    links += [f"- {one}" for one in entry.get("read", ())]
    parts.append("## To go on\n\n" + "\n".join(links))
    if "source" in lab.spec:
        parts.append(f"The lab's sources: {plain(lab.spec['source'])}.")
    return "\n\n".join(parts) + "\n"


def _question_page(name: str, topic: str, label: str, code: str) -> str:
    parts = [f"---\nhide-toc: true\n---\n\n# {plain(label)}", f"[{name}]({name}.md): {topic}"]
    return "\n\n".join([*parts, _shown(f"{name}-{topic}"), _cell(code)]) + "\n"
