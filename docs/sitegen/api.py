"""The API reference: every public name, by the room in which it lives."""

from __future__ import annotations

import inspect
import re
from typing import Any

import scalewidgets as sw

from .writing import Pages, toctree

# A room's page: title, and what it is for. The order is that of the reference.
ROOMS = {
    "lawbook": ("Laws", "What is known: published laws, theories, schedules, findings."),
    "runs": ("Runs", "What was measured: the one door for data, training logs, data sets."),
    "fitting": ("Fitting", "From runs to a law, and how sure it is."),
    "allocation": ("Planning", "From a law to a plan: cost, hardware, money, strategies."),
    "widgets": ("Labs", "What people handle."),
    "challenge": ("The game", "See {class}`scalewidgets.Challenge`, the lab of the game."),
    "exercises": ("Exercises", "Answers of a course, checked."),
}
# Rooms whose names are used with their module before them.
MODULES = {
    "scalewidgets.widgets.vocabulary": "The words of a lab",
    "scalewidgets.widgets.traits": "Inputs of a lab",
    "scalewidgets.charts": "Charts",
    "scalewidgets.testing": "Testing labs",
}
_KINDS = {"class": "autoclass", "function": "autofunction", "exception": "autoexception"}


def write(pages: Pages) -> None:
    """A page a room, a page a module, and their list."""
    by_room: dict[str, list[str]] = {room: [] for room in ROOMS}
    for name in sw.__all__:
        by_room[room_of(name)].append(name)
    for room, (title, about) in ROOMS.items():
        names = sorted(by_room[room], key=lambda name: (kind_of(name), name.lower()))
        entries = [_entry(f"scalewidgets.{name}", kind_of(name)) for name in names]
        pages.write(f"api/{room}.md", "\n\n".join([f"# {title}", about, *entries]) + "\n")
    for module, title in MODULES.items():
        text = f"# {title}\n\n```{{eval-rst}}\n.. automodule:: {module}\n   :undoc-members:\n```\n"
        pages.write(f"api/{module.rpartition('.')[2]}.md", text)
    names = [*ROOMS, *(module.rpartition(".")[2] for module in MODULES)]
    pages.write("api/index.md", f"# API reference\n\n{_ABOUT}\n\n{toctree(names)}")


_ABOUT = (
    "All public names are those of `import scalewidgets as sw`. Shapes, units, errors and the "
    "source of every method stand in the docstrings, of which these pages are made."
)


def room_of(name: str) -> str:
    """The room in which a public name lives."""
    found: Any = getattr(sw, name)
    home = type(found) if kind_of(name) == "data" else found
    return str(home.__module__).split(".")[1]


def kind_of(name: str) -> str:
    found = getattr(sw, name)
    if inspect.isclass(found):
        return "exception" if issubclass(found, BaseException) else "class"
    return "function" if callable(found) else "data"


def _entry(full: str, kind: str) -> str:
    if kind == "data":  # an object of a session: what it holds is told by its class
        found = type(getattr(sw, full.rpartition(".")[2]))
        full, kind = f"{found.__module__}.{found.__qualname__}", "class"
    return f"```{{eval-rst}}\n.. {_KINDS[kind]}:: {full}\n```"


_LITERAL = re.compile(r"(``.*?``)", re.DOTALL)


def escape_bars(*event: Any) -> None:
    """Absolute values in docstrings, ``|r|``, are no substitutions of reStructuredText. Called by
    autodoc, last with the lines, which it takes changed."""
    lines: list[str] = event[-1]
    parts = _LITERAL.split("\n".join(lines))
    parts[::2] = [text.replace("|", "\\|") for text in parts[::2]]
    lines[:] = "".join(parts).split("\n")
