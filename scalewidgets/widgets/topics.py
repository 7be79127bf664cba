"""Labs with several questions, of which one is on the screen: the cell ``topic`` chooses it, and
what belongs to one of them is visible by the cell ``on_TOPIC``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from .law_cells import chosen
from .vocabulary import Choice, Group, Readout, Table


def asked(topics: Mapping[str, str]) -> dict[str, str]:
    """A cell for each topic: 1 while it is asked about, else 0."""
    return {f"on_{topic}": chosen("topic", position) for position, topic in enumerate(topics)}


def choice(topics: Mapping[str, str]) -> Choice:
    """The menu of topics, each with its question."""
    return Choice("topic", "What is asked", topics)


def question(topics: Mapping[str, str]) -> Group:
    """The group at the top that holds nothing but the menu of topics."""
    return Group("Question", [choice(topics)])


def table(
    on: str, label: str, rows: Sequence[Readout | tuple[str, str, str]], interval: bool = False
) -> Table:
    """Numbers of a topic, visible by the cell ``on``; of a row it is enough to say what it is, its
    cell and its format, and for all such rows whether they have an interval."""
    told = [row if isinstance(row, Readout) else Readout(*row, interval=interval) for row in rows]
    return Table(label, [replace(row, visible=on) for row in told])
