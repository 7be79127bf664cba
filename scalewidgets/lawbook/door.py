"""The door of public functions: an argument of a wrong kind is refused by its name.

What an argument takes is said once, in its annotation. Whether a number makes sense is for the
function behind the door to say.
"""

from __future__ import annotations

import builtins
import inspect
import os
import sys
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from collections.abc import Set as AbstractSet
from functools import cache, wraps
from numbers import Integral, Real
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt

T = TypeVar("T", bound=Callable[..., Any])
_SHOWN = 120  # letters of a value in a message
_LONGEST = 1000  # letters of a name, path or formula
_UNIONS = (Union, types.UnionType)
_REST = "**"  # what arguments without a name of their own take
_PLAIN = (bool, float)


class _Numbers:
    """Stands for NumPy's ArrayLike, a union of so much that it could not be told from its parts."""


def checked(error: type[Exception], said: str | None = None) -> Callable[[T], T]:
    """Makes a function, method or dataclass refuse what its annotations do not take.

    Parameters
    ----------
    error : type
        Raised as ``fit: delta must be a number, not 'x'``.
    said : str, optional
        What stands in front; the function's name where left out.
    """

    def decorate(target: T) -> T:
        function: Any = target
        if isinstance(target, type):
            function = target.__dict__["__init__"]
        signature = inspect.signature(function)
        limited = function is target  # what people make may bear long notes
        name = said or getattr(target, "__name__", "").lower()

        @wraps(function)
        def guarded(*args: Any, **named: Any) -> Any:
            try:
                bound = signature.bind(*args, **named)
            except TypeError:  # the function itself says it better
                return function(*args, **named)
            hints = _hints(function)
            for group, argument, kind in _arguments(signature, bound.arguments):
                value, hint = group[argument], hints.get(kind, Any)
                if not _takes(hint, value):
                    what = _meaning(hint)
                    raise error(f"{name}: {argument} must be {what}, not {shown(value)}")
                if limited and isinstance(value, str) and len(value) > _LONGEST:
                    raise error(
                        f"{name}: {argument} takes up to {_LONGEST:,} letters, and {shown(value)} "
                        f"has {len(value):,}"
                    )
                if not isinstance(value, _PLAIN) and float in (hint, *get_args(hint)):
                    group[argument] = _plain(value)
            return function(*bound.args, **bound.kwargs)

        if not isinstance(target, type):
            return guarded  # type: ignore[return-value]
        setattr(target, "__init__", guarded)  # noqa: B010  # what mypy lets nobody assign
        return target

    return decorate


def _arguments(
    signature: inspect.Signature, given: dict[str, Any]
) -> Iterator[tuple[dict[str, Any], str, str]]:
    """Each argument: what holds it, its name, and that of its hint; those of ``**options`` too."""
    for name in given:
        kind = signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_KEYWORD:
            yield from ((given[name], key, _REST) for key in given[name])
        elif kind is not inspect.Parameter.VAR_POSITIONAL:
            yield given, name, name


def check_whole(
    error: type[Exception], what: str, value: int, least: int = 0, most: int | None = None
) -> None:
    """Refuses a number of things that is too small, or that no memory holds.

    ``what`` names it, as in ``"bootstrap: resamples"``.
    """
    if not is_whole(value) or value < least or (most is not None and value > most):
        upward = "" if most is None else f" and at most {most:,}"
        raise error(f"{what} must be a whole number, at least {least}{upward}, not {shown(value)}")


def shown(value: object) -> str:
    """A value as errors show it: short, whatever it is."""
    try:
        text = repr(value)
    except ValueError:  # of a whole number with over 4,300 digits
        text = f"{type(value).__name__} of very many digits"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} ..."


@cache
def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    """What each argument takes; those of which nothing is known are left out."""
    module = sys.modules[function.__module__]
    numbers = types.SimpleNamespace(ArrayLike=_Numbers, NDArray=npt.NDArray)
    names = _Names({**vars(module), "npt": numbers})
    found = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if not isinstance(parameter.annotation, str):
            continue
        one = types.SimpleNamespace(__annotations__={name: parameter.annotation})
        rest = parameter.kind is inspect.Parameter.VAR_KEYWORD
        found[_REST if rest else name] = get_type_hints(one, {}, names)[name]
    return found


class _Names(dict[str, Any]):
    """What a module knows; types that it imports for type checkers only are known by name."""

    def __missing__(self, name: str) -> Any:
        if hasattr(builtins, name):
            return getattr(builtins, name)
        return type(name, (), {"_only_by_name": True})


def _takes(hint: Any, value: Any) -> bool:
    """Whether a value is what an annotation says; of what is not known here everything is."""
    if hint is Any:
        return True
    origin, parts = get_origin(hint), get_args(hint)
    if origin in _UNIONS:
        return any(_takes(part, value) for part in parts)
    if origin is Literal:  # which text, the function judges
        return isinstance(value, str)
    if hint in _KINDS:
        return _KINDS[hint][1](value)
    if origin is tuple:
        return isinstance(value, (tuple, list, np.ndarray))
    if origin is Mapping:
        return isinstance(value, Mapping) and all(isinstance(key, str) for key in value)
    if origin in (Sequence, Iterable):
        return is_list(value, parts[0])
    if hasattr(hint, "_only_by_name"):
        return any(kind.__name__ == hint.__name__ for kind in type(value).__mro__)
    if isinstance(hint, type) and not getattr(hint, "_is_protocol", False):
        return isinstance(value, hint)
    return True


def is_list(value: Any, of: Any) -> bool:
    """Whether it is a list, array or iterator of things of a kind."""
    no_list = isinstance(value, (str, bytes, Mapping)) or hasattr(value, "columns")
    no_list |= of is float and isinstance(value, AbstractSet)  # NumPy takes no sets
    if no_list or not isinstance(value, Iterable) or getattr(value, "ndim", 1) != 1:
        return False
    # an iterator can be read only once
    return not isinstance(value, Sized) or all(_takes(of, item) for item in value)


def is_number(value: object) -> bool:
    """A real number within floating-point range, or an array of just one; no truth value."""
    if isinstance(value, np.ndarray):
        return value.ndim == 0 and value.dtype.kind in "iuf"
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and bool(float(value) or 1)
    except OverflowError:  # of a whole number with over 308 digits
        return False


def _plain(value: Any) -> Any:
    """Fractions, arrays of one and whole numbers beyond 64 bits as floats; others as they are."""
    if not is_number(value) or (isinstance(value, int) and abs(value) < 2**63):
        return value
    return float(value)


def is_whole(value: object) -> bool:
    """A whole number; no truth value."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def _are_numbers(value: object) -> bool:
    try:
        with np.errstate(all="ignore"):
            np.asarray(value, dtype=float)
    except Exception:  # whatever else than an array is asked for its numbers
        return False
    return True


_KINDS: dict[Any, tuple[str, Callable[[Any], bool]]] = {
    float: ("a number", is_number),
    int: ("a whole number", is_whole),
    str: ("a text", lambda value: isinstance(value, str)),
    bool: ("True or False", lambda value: isinstance(value, (bool, np.bool_))),
    _Numbers: ("numbers", _are_numbers),
    type(None): ("None", lambda value: value is None),
    os.PathLike[str]: ("a path", lambda value: isinstance(value, os.PathLike)),
}


def _meaning(hint: Any) -> str:
    origin, parts = get_origin(hint), get_args(hint)
    if origin in _UNIONS:
        words = [_meaning(part) for part in parts if part is not type(None)]
        return " or ".join(dict.fromkeys(words))
    if origin is Literal:
        return " or ".join(f'"{part}"' for part in parts)
    if hint in _KINDS:
        return _KINDS[hint][0]
    if origin is Mapping:
        return "a mapping of names to values"
    if origin in (Sequence, Iterable):
        return f"a list of {_PLURALS.get(parts[0]) or getattr(parts[0], '__name__', 'things')}"
    if origin is tuple:
        return "a tuple"
    return f"a {getattr(hint, '__name__', hint)}"


_PLURALS = {float: "numbers", str: "texts"}
