"""Where two snapshots differ, in words for the person who must decide which one is right."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

_ZERO = 1e-10
_NUMBER = re.compile(r"[-+\N{MINUS SIGN}]?\d[\d.]*(?:e[-+]?\d+)?")


def differences(found: Any, stored: Any, *, rel: float = 1e-5) -> list[str]:
    """One line a difference: the way to it, what is there now, what was stored.

    Numbers are compared to ``rel``, texts exactly. The text of a readout is compared but for its
    digits: they are those of its value, which another machine may round the other way.
    """
    return list(_walk((), found, stored, rel))


def _walk(path: tuple[str, ...], found: Any, stored: Any, rel: float) -> Iterator[str]:
    if isinstance(found, Mapping) and isinstance(stored, Mapping):
        for key in {**stored, **found}:
            here = (*path, key)
            if key not in found:
                yield f"{_way(here)}: gone; it was {_short(stored[key])}"
            elif key not in stored:
                yield f"{_way(here)}: new; it is {_short(found[key])}"
            elif not (key == "text" and "value" in found):
                yield from _walk(here, found[key], stored[key], rel)
            elif _NUMBER.sub("#", found[key]) != _NUMBER.sub("#", stored[key]):
                yield _told(here, found[key], stored[key])
    elif isinstance(found, list) and isinstance(stored, list) and len(found) == len(stored):
        for place, pair in enumerate(zip(found, stored, strict=True), start=1):
            yield from _walk((*path, str(place)), *pair, rel)
    elif not _same(found, stored, rel):
        yield _told(path, found, stored)


def _same(a: Any, b: Any, rel: float) -> bool:
    if _is_number(a) and _is_number(b):
        return math.isclose(a, b, rel_tol=rel, abs_tol=_ZERO)
    return type(a) is type(b) and bool(a == b)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _way(path: tuple[str, ...]) -> str:
    return " > ".join(path)


def _told(path: tuple[str, ...], found: Any, stored: Any) -> str:
    return f"{_way(path)}: {_short(found)}, stored {_short(stored)}"


def _short(value: Any) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
