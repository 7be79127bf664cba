"""Accelerators: the table that ships, and tables of one's own."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...lawbook.door import checked
from ...lawbook.law import spelling_hint
from ...lawbook.quantity import QuantityError, parse_quantity

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    import polars as pl

PRECISIONS = ("fp32", "tf32", "fp16", "bf16", "fp8", "int8", "fp4")


class HardwareError(ValueError):
    """An accelerator, table or cluster that is not as it must be; the text says what and where."""


@checked(HardwareError, "hardware")
@dataclass(frozen=True)
class Accelerator:
    """One chip.

    Parameters
    ----------
    name : str
        As it is asked for.
    peak : mapping of str to float
        FLOP/s by precision (``"fp32"``, ``"tf32"``, ``"fp16"``, ``"bf16"``, ``"fp8"``, ``"int8"``,
        ``"fp4"``), dense: half of what is printed "with sparsity".
    memory : float or str
        Bytes, or a text such as ``"80 GB"``.
    bandwidth : float
        Of the memory, bytes/s.
    interconnect : float, optional
        To its neighbours, both directions, bytes/s.
    price_per_hour : float, optional
        Dollars. In the table that ships it is an assumption; ``price_from`` says from where.
    year : int, optional
        When it appeared.
    source, status, note, price_from : str
        Where the figures are from; ``"seen"``, ``"recalled"`` or ``"user"``.

    Raises
    ------
    HardwareError
        For a figure that is not positive, a precision that is not known, or no peak at all.
    """

    name: str
    peak: Mapping[str, float]
    memory: float | str
    bandwidth: float
    interconnect: float | None = None
    price_per_hour: float | None = None
    year: int | None = None
    source: str = ""
    status: str = "user"
    note: str = ""
    price_from: str = ""
    aliases: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        try:
            object.__setattr__(self, "memory", parse_quantity(self.memory, "bytes"))
        except QuantityError as error:
            raise HardwareError(f"{self.name}: memory: {error}") from None
        if not isinstance(self.peak, Mapping) or not self.peak:
            raise HardwareError(f"{self.name}: peak needs FLOP/s by precision, {{bf16 = 989e12}}")
        for precision in self.peak:
            if precision not in PRECISIONS:
                raise HardwareError(
                    f"{self.name}: peak has no precision {precision!r}; there are "
                    f"{', '.join(PRECISIONS)}{spelling_hint(precision, PRECISIONS)}"
                )
        figures = {f"peak.{precision}": value for precision, value in self.peak.items()}
        figures |= {n: getattr(self, n) for n in ("memory", "bandwidth", *_OPTIONAL)}
        for name, value in figures.items():
            if value is None and name in _OPTIONAL:
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
                raise HardwareError(f"{self.name}: {name} must be a positive number, not {value!r}")
        if max(self.peak.values()) < 1e9:
            raise HardwareError(
                f"{self.name}: peak is in FLOP/s, and {max(self.peak.values()):g} is too little: "
                "write 989e12 for 989 TFLOP/s"
            )


_OPTIONAL = ("interconnect", "price_per_hour")


def _entries(name: str, text: str) -> Iterator[Accelerator]:
    """The accelerators of a file of that name, in its order."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise HardwareError(f"hardware: {name} is not TOML: {error}") from None
    entries = content.get("accelerators")
    if not isinstance(entries, dict) or not entries:
        raise HardwareError(f'hardware: {name} has no table like [accelerators."My chip"]')
    for chip, entry in entries.items():
        yield _accelerator(name, chip, entry)


def _accelerator(file: str, name: str, entry: Any) -> Accelerator:
    known = {f.name: f for f in fields(Accelerator) if f.name != "name"}
    where = f"hardware: {file}, {name}"
    if not isinstance(entry, dict):
        raise HardwareError(f"{where}: must be a table, not {entry!r}")
    for key in entry:
        if key not in known:
            raise HardwareError(f"{where}: there is no {key!r}{spelling_hint(key, known)}")
    absent = [key for key in ("peak", "memory", "bandwidth") if key not in entry]
    if absent:
        raise HardwareError(f"{where}: {' and '.join(absent)} must be given")
    try:
        return Accelerator(name, **{**entry, "aliases": tuple(entry.get("aliases", ()))})
    except HardwareError as error:
        raise HardwareError(f"hardware: {file}, {error}") from None


@cache
def _shipped() -> tuple[Accelerator, ...]:
    file = resources.files(__package__) / "hardware.toml"
    return tuple(_entries(file.name, file.read_text(encoding="utf-8")))


def accelerators(extra: str | Path | None = None) -> dict[str, Accelerator]:
    """All accelerators by name; those of ``extra`` are added, or replace one of the same name.

    Parameters
    ----------
    extra : path, optional
        A TOML file of the same form as the table that ships::

            [accelerators."My chip"]
            peak = { bf16 = 400e12 }
            memory = "96 GB"
            bandwidth = 2.4e12
            price_per_hour = 1.2

    Raises
    ------
    HardwareError
        When the file cannot be read or an entry is not as it must be; names the file and the entry.
    """
    found = {chip.name: chip for chip in _shipped()}
    if extra is not None:
        try:
            text = Path(extra).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:  # ValueError: no UTF-8, or no path
            raise HardwareError(f"hardware: extra: {extra} cannot be read: {error}") from None
        found |= {chip.name: chip for chip in _entries(Path(extra).name, text)}
    return found


@checked(HardwareError, "hardware")
def accelerator(name: str, extra: str | Path | None = None) -> Accelerator:
    """One accelerator by its name or another name for it; upper or lower case.

    Raises
    ------
    HardwareError
        For an unknown name, or a file that is not as it must be.

    Examples
    --------
    >>> accelerator("h100").name
    'H100 SXM'
    """
    every = accelerators(extra)
    names = {alias.lower(): chip for chip in every.values() for alias in chip.aliases}
    names |= {chip.name.lower(): chip for chip in every.values()}
    if name.lower() not in names:
        raise HardwareError(
            f"hardware: no accelerator {name!r}; there are {', '.join(every)}"
            f"{spelling_hint(name.lower(), names)}"
        )
    return names[name.lower()]


@checked(HardwareError)
def hardware(extra: str | Path | None = None) -> pl.DataFrame:
    """The accelerators as a table.

    Parameters
    ----------
    extra : path, optional
        A TOML file of one's own; see :func:`accelerators`.

    Returns
    -------
    polars.DataFrame
        Columns name, year, one a precision (dense peak, FLOP/s; null where the chip has it not),
        memory (bytes), bandwidth and interconnect (bytes/s), price_per_hour (dollars, assumed),
        price_from, source, status, note.

    Raises
    ------
    HardwareError
        When the file is not as it must be.
    """
    import polars as pl

    rows = [
        {
            "name": chip.name,
            "year": chip.year,
            **{precision: chip.peak.get(precision) for precision in PRECISIONS},
            **{key: getattr(chip, key) for key in ("memory", "bandwidth", *_OPTIONAL)},
            **{key: getattr(chip, key) for key in ("price_from", "source", "status", "note")},
        }
        for chip in accelerators(extra).values()
    ]
    numbers = (*PRECISIONS, "memory", "bandwidth", *_OPTIONAL)
    return pl.DataFrame(rows, schema_overrides=dict.fromkeys(numbers, pl.Float64))
