"""Values that no argument expects, and what must hold when one comes all the same."""

from __future__ import annotations

import linecache
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import traitlets
from hypothesis import strategies as st

import scalewidgets as sw

LONGEST = 2000  # letters of a message
_HOME = str(Path(sw.__file__).parent)

NUMBERS: dict[str, Any] = {
    **{"zero": 0, "minus zero": -0.0, "one": 1, "minus one": -1, "a half": 0.5, "true": True},
    **{"nan": math.nan, "infinity": math.inf, "minus infinity": -math.inf},
    **{"1e308": 1e308, "1e-308": 1e-308, "least": 5e-324, "1e160": 1e160, "-1e308": -1e308},
    **{"2**63": 2**63, "2**64": 2**64, "-2**63": -(2**63), "400 digits": 10**400},
    **{"int64": np.int64(-1), "float32": np.float32(1e30), "array of none": np.array(3.0)},
    **{"decimal": Decimal("1e500"), "fraction": Fraction(1, 3), "complex": 1 + 2j},
}
TEXTS: dict[str, Any] = {
    **{"empty": "", "blank": " ", "7B": "7B", "words": "many", "unicode": "π\u202e\U0001f600"},
    **{"zero byte": "a\0b", "markup": "<script>alert(1)</script>", "long": "x" * 10_000},
    **{
        "digits": "9" * 5000,
        "bytes": b"\xff\xfe",
        "surrogate": "\ud800",
        "code": "__import__('os')",
    },
}
THINGS: dict[str, Any] = {
    **{"none": None, "object": object(), "class": int, "function": len, "ellipsis": ...},
    **{"dict": {}, "dict of text": {"a": "b"}, "dict of None": {None: None}, "list": []},
    **{"list of None": [None], "mixed list": [1, "x"], "ragged list": [[1], [1, 2]]},
    **{"tuple": (1.0, 2.0), "set": {1, 2}, "nested": [[[[]]]], "array": np.zeros(0)},
    **{"array of nan": np.full(3, math.nan), "object array": np.array([None, "x"], dtype=object)},
    **{"text array": np.array(["a", "b"]), "table": pl.DataFrame(), "series": pl.Series([1.0])},
    **{"one row": pl.DataFrame({"N": [1e9], "D": [2e10], "loss": [3.0]})},
    **{"no rows": pl.DataFrame({"N": [], "D": [], "loss": []})},
    **{"table of text": pl.DataFrame({"N": ["x"], "D": [None], "loss": ["y"]})},
}
VALUES: dict[str, Any] = {**NUMBERS, **TEXTS, **THINGS}

values = st.one_of(
    st.sampled_from(list(VALUES.values())),
    st.floats(),
    st.floats(-10.0, 10.0),
    st.integers(-(2**70), -1),
    st.integers(2**40, 2**70),  # between lie numbers of draws and steps that only take their time
    st.integers(-3, 10),
    st.text(max_size=12),
    st.lists(st.one_of(st.floats(), st.integers(), st.text(max_size=3), st.none()), max_size=4),
    st.dictionaries(st.text(max_size=3), st.one_of(st.floats(), st.text(max_size=3)), max_size=2),
)


def is_ours(error: BaseException) -> bool:
    """Whether a line of the package raised it on purpose, as an error that people can expect."""
    if isinstance(error, traitlets.TraitError):
        return True
    if not isinstance(error, (ValueError, TypeError, KeyError, sw.DatasetError)):
        return False
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if last is None or not last.tb_frame.f_code.co_filename.startswith(_HOME):
        return False
    line = linecache.getline(last.tb_frame.f_code.co_filename, last.tb_lineno)
    return line.lstrip().startswith("raise")


def is_about(message: str, argument: str, value: Any = ..., words: str = "") -> bool:
    """Whether a message names an argument, by other words too, or quotes the text given for it."""
    named = rf"(?<![A-Za-z_])({re.escape(argument)}{words and '|' + words})(?![A-Za-z])"
    quotes = (value[:60], repr(value)[:60]) if isinstance(value, str) and value else ("''",)
    quoted = isinstance(value, str) and any(quote in message for quote in quotes)
    return quoted or re.search(named, message) is not None


def judge(error: BaseException, argument: str, value: Any = ..., words: str = "") -> str:
    """What is wrong with an error; an empty text where it is as it should be."""
    told = f"{type(error).__name__}: {str(error)[:200]}"
    if not is_ours(error):
        return f"not raised on purpose: {told}"
    if len(str(error)) > LONGEST:
        return f"{len(str(error))} letters: {told}"
    return "" if is_about(str(error), argument, value, words) else f"no {argument} in {told}"


def prints(value: Any) -> Any:
    """What a value is, to be compared with what it was."""
    if isinstance(value, np.ndarray):
        shown = repr(value.tolist()) if value.dtype == object else value.tobytes()
        return value.shape, str(value.dtype), shown
    if isinstance(value, pl.DataFrame | pl.Series):
        return repr(value), str(value.to_dict() if isinstance(value, pl.DataFrame) else list(value))
    if isinstance(value, Mapping):
        return [(prints(k), prints(v)) for k, v in value.items()]
    if isinstance(value, list | tuple):
        return [prints(v) for v in value]
    return repr(value)
