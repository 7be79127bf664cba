"""The one door for data: any table in, canonical columns and units out, clear refusals.

Inside, every table of training runs has the columns ``run`` (Int64, names the row), ``N``
(parameters), ``D`` (training tokens), ``C`` (training FLOPs) and ``loss`` (nats per token), these
four Float64, finite and positive, followed by whatever else the source holds.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import polars as pl

from ..lawbook.door import checked
from ..lawbook.quantity import (
    FLOP_UNITS,
    SUFFIXES,
    QuantityError,
    format_quantity,
    parse_quantity,
    parse_unit,
)
from .files import RunsError
from .naming import MEANING, QUANTITIES, choose_columns
from .sources import Source, as_frame

_SHOWN_ROWS = 10
_UNIT_KIND = {"N": "params", "D": "tokens", "C": "FLOP"}
_LOSS_UNITS = {"nats": 1.0, "bits": math.log(2)}
_KNOWN_UNITS = {
    "N": ", ".join([*SUFFIXES, "params"]),
    "D": ", ".join([*SUFFIXES, "tokens"]),
    "C": ", ".join([*SUFFIXES, *FLOP_UNITS]),
    "loss": "nats, bits (per token)",
}
_MISSING_TEXTS = ["", "-", "na", "n/a", "nan", "null", "none"]


class RunsWarning(UserWarning):
    """Rows were set aside; the message names them and says why."""


@checked(RunsError, "runs")
def read_runs(
    source: Source,
    *,
    columns: Mapping[str, str] | None = None,
    units: Mapping[str, str | float] | None = None,
    invalid: Literal["error", "set_aside"] = "error",
    storage_options: Mapping[str, Any] | None = None,
) -> pl.DataFrame:
    """Training runs from any table, with canonical columns and units.

    Parameters
    ----------
    source
        A Polars DataFrame or LazyFrame, a pandas DataFrame, a PyArrow Table, a dict of lists or
        arrays, a list of dicts, or a path or pattern of csv (also packed by gzip), parquet, json or
        jsonl files; also their address on the web, from where up to 512 MB are fetched, and the URL
        or pattern in a bucket (``s3://``, ``gs://``, ``az://``) of csv, parquet or jsonl files. A
        row is a run: for logs with many rows a run there are :func:`read_final_losses` and
        :func:`read_curves`.
    columns : mapping, optional
        From the quantities ``N``, ``D``, ``C``, ``loss`` to the source's names, for those that are
        not understood by themselves (``params``, ``model_size``, ``tokens``, ``training_tokens``,
        ``flops``, ``budget``, ``compute``, ``val_loss``, ``final_loss`` ... are, whatever their
        case and separators). A column named exactly ``N``, ``D`` or ``C`` goes before synonyms.
    units : mapping, optional
        From quantities to the unit in which the source holds them: a suffix (``"M"``, ``"B"``), a
        unit (``"PFLOP-days"``, ``"bits"``) or a factor. Text such as ``"70B"`` or ``"1e24 FLOP"``
        is understood without.
    invalid : {"error", "set_aside"}
        What to do with rows in which a quantity is missing, infinite, zero or negative: refuse the
        table, or leave them out with a :class:`RunsWarning` that names them.
    storage_options : mapping, optional
        Access to a URL as Polars takes it, such as ``{"aws_region": "eu-west-1"}``; without,
        credentials come from the environment. With it, Polars reads from the web, too.

    Returns
    -------
    polars.DataFrame
        ``run`` (Int64), ``N``, ``D`` (counts), ``C`` (FLOPs), ``loss`` (nats per token) as Float64,
        then the source's other columns. Of N, D and C at least two must be there; a third is
        derived by C = 6ND (Kaplan et al. 2020, Sec. 2.1), and a given C is kept even where it
        differs from 6ND. ``run`` is the row's number in the source, from 0; a ``run`` column of
        the source that holds distinct whole numbers is kept instead, so rows keep their names when
        a table is filtered and read again. Any other column of the source that bears a canonical
        name is kept as ``<name>_source``.

    Raises
    ------
    RunsError
        When columns are missing, ambiguous or not numbers, a unit is unknown, the table is empty,
        rows are invalid, a file cannot be read or unpacks to too much, or numbers look like a wrong
        unit (a median of N below 1e3, of D below 1e4, of the loss above 50, and no unit given for
        it).

    Examples
    --------
    >>> table = {"params": ["70M", "410M"], "tokens": ["3e9", "8e9"], "val_loss": [3.9, 3.2]}
    >>> read_runs(table).row(0)
    (0, 70000000.0, 3000000000.0, 1.26e+18, 3.9)
    >>> read_runs("s3://bucket/sweep/*.parquet")  # doctest: +SKIP
    """
    if invalid not in ("error", "set_aside"):
        raise RunsError(f'runs: invalid is {invalid!r}; it must be "error" or "set_aside"')
    frame = as_frame(source, storage_options)
    if frame.is_empty():
        raise RunsError("runs: the table has no rows")
    names, is_own = _row_names(frame)
    units = units or {}
    # such a table has been through this door: what was settled then is not asked again
    known = is_own and not columns and set(QUANTITIES) <= set(frame.columns)
    chosen = {q: q for q in QUANTITIES} if known else choose_columns(frame.columns, columns or {})
    factors = {quantity: _factor(quantity, unit, chosen) for quantity, unit in units.items()}

    measured = pl.DataFrame(
        [
            (
                _numbers(frame[name], quantity, names, quantity in units)
                * factors.get(quantity, 1.0)
            ).alias(quantity)
            for quantity, name in chosen.items()
        ]
    )
    faults = [fault for q, name in chosen.items() for fault in _faults(measured[q], frame[name])]
    valid = _report(faults, names, invalid)
    canonical = _derive(measured)
    if not known:
        _check_plausible(canonical.filter(valid), chosen, units)
    rest = frame.drop([*chosen.values(), *(["run"] if is_own else [])])
    return _beside(canonical.insert_column(0, names), rest).filter(valid)


def _row_names(frame: pl.DataFrame) -> tuple[pl.Series, bool]:
    """The source's own ``run`` where it can name rows, else their numbers."""
    own = frame.get_column("run", default=None)
    if (
        own is not None
        and own.dtype.is_integer()
        and own.null_count() == 0
        and own.is_unique().all()
    ):
        return own.cast(pl.Int64), True
    return pl.Series("run", range(frame.height), dtype=pl.Int64), False


def _beside(canonical: pl.DataFrame, rest: pl.DataFrame) -> pl.DataFrame:
    renamed = {name: f"{name}_source" for name in rest.columns if name in canonical.columns}
    for name, new in renamed.items():
        if new in rest.columns:
            raise RunsError(f"runs: the table has both {name!r} and {new!r}; rename one of them")
    return pl.concat([canonical, rest.rename(renamed)], how="horizontal")


# --- numbers and units ----------------------------------------------------------------------


def _factor(quantity: str, unit: str | float, chosen: Mapping[str, str]) -> float:
    """What one unit is worth in parameters, tokens, FLOPs or nats per token."""
    if quantity not in QUANTITIES:
        raise RunsError(f"runs: units names {quantity!r}; it may name {', '.join(QUANTITIES)}")
    if quantity not in chosen:
        raise RunsError(f"runs: units names {quantity}, but the table has no column for it")
    if not isinstance(unit, str):
        if not isinstance(unit, bool) and math.isfinite(unit) and unit > 0:
            return float(unit)
    elif quantity == "loss":
        folded = unit.lower().removesuffix("/token").removesuffix(" per token").strip()
        if folded in _LOSS_UNITS:
            return _LOSS_UNITS[folded]
    else:
        try:
            factor, kind = parse_unit(unit)
        except QuantityError:
            kind = "unknown"
        if kind in ("", _UNIT_KIND[quantity]):
            return float(factor)
    raise RunsError(
        f"runs: {unit!r} is not a unit for {quantity} ({MEANING[quantity]}); there are "
        f"{_KNOWN_UNITS[quantity]}, or a positive factor"
    )


def _numbers(column: pl.Series, quantity: str, names: pl.Series, has_unit: bool) -> pl.Series:
    """A column as Float64; text is read as quantities, or as plain numbers when a unit is given."""
    if column.dtype.is_numeric() or column.dtype == pl.Null:
        return column.cast(pl.Float64)
    if column.dtype not in (pl.String, pl.Categorical, pl.Enum):
        raise RunsError(
            f"runs: column {column.name!r} ({quantity}) holds {column.dtype}, not numbers"
        )
    text = pl.col("text")
    table = (
        pl.DataFrame([names.alias("row"), column.cast(pl.String).str.strip_chars().alias("text")])
        .with_columns(pl.when(~text.str.to_lowercase().is_in(_MISSING_TEXTS)).then(text))
        .with_columns(number=text.cast(pl.Float64, strict=False))
    )
    words = table.filter(text.is_not_null(), pl.col("number").is_null())
    read: dict[str, float] = {}
    for row, word, _ in words.unique("text", keep="first", maintain_order=True).iter_rows():
        problem = f"runs: column {column.name!r} ({quantity}), row {row}: {word[:80]!r}"
        if quantity == "loss":
            raise RunsError(f"{problem} is not a number")
        if has_unit:
            raise RunsError(f"{problem} is not a plain number, and units names a unit besides")
        try:
            read[word] = parse_quantity(word)
        except QuantityError as error:
            raise RunsError(
                f"runs: column {column.name!r} ({quantity}), row {row}: {error}"
            ) from None
    if not read:
        return table["number"]
    quantities = text.replace_strict(read, default=None, return_dtype=pl.Float64)
    return table.select(pl.col("number").fill_null(quantities))["number"]


def _derive(measured: pl.DataFrame) -> pl.DataFrame:
    """N, D, C and loss; whichever of the first three is absent follows from C = 6ND."""
    n, d, c = pl.col("N"), pl.col("D"), pl.col("C")
    rules = {"N": c / (6.0 * d), "D": c / (6.0 * n), "C": 6.0 * n * d}
    absent = [rule.alias(q) for q, rule in rules.items() if q not in measured.columns]
    return measured.with_columns(absent).select(QUANTITIES)


def _check_plausible(
    canonical: pl.DataFrame, chosen: Mapping[str, str], units: Mapping[str, str | float]
) -> None:
    """Refuse numbers that are most likely in another unit, unless the unit was stated."""
    median = dict(zip(QUANTITIES, canonical.median().row(0), strict=False))
    wrong = {"N": median["N"] < 1e3, "D": median["D"] < 1e4, "loss": median["loss"] > 50}
    for quantity in (q for q in wrong if wrong[q]):
        involved = [quantity] if quantity in chosen else [q for q in "NDC" if q in chosen]
        if all(q in units for q in involved):
            continue
        origin = "" if quantity in chosen else f" (from {' and '.join(involved)})"
        example = {"N": "B", "D": "B", "C": "PFLOP-days", "loss": "bits"}[involved[-1]]
        perplexity = " (of a perplexity take the logarithm)" if quantity == "loss" else ""
        stated = ", ".join(f'"{q}": 1' for q in involved)
        raise RunsError(
            f"runs: the median {quantity}{origin} is {format_quantity(median[quantity])}, unlikely "
            f"for {MEANING[quantity]}{perplexity}. If it is in another unit, say which, as in "
            f'units={{"{involved[-1]}": "{example}"}}; if it is right, say units={{{stated}}}'
        )


# --- rows that cannot be used ---------------------------------------------------------------


class _Fault(NamedTuple):
    """What is wrong with some rows in one quantity."""

    rows: pl.Series  # Boolean
    what: str
    why: str
    keep: str | None  # the expression that keeps the other rows of the source


def _faults(values: pl.Series, column: pl.Series) -> list[_Fault]:
    quantity = values.name
    meaning = f"{quantity} is {'in' if quantity == 'loss' else 'the number of'} {MEANING[quantity]}"
    missing = values.is_null() | values.is_nan().fill_null(False)
    infinite = values.is_infinite().fill_null(False)
    low = (values <= 0).fill_null(False) & ~infinite
    name = f"pl.col({json.dumps(column.name, ensure_ascii=False)})"
    finite, positive = f"{name}.is_finite()", f"{name} > 0"
    found = [
        _Fault(missing, f"no {quantity}", f"{meaning} and must be given", finite),
        _Fault(infinite, f"an infinite {quantity}", f"{meaning} and must be finite", finite),
        _Fault(low, f"{quantity} <= 0", f"{meaning} and must be positive", positive),
    ]
    numeric = column.dtype.is_numeric()
    return [f if numeric else f._replace(keep=None) for f in found if f.rows.any()]


def _report(
    faults: Sequence[_Fault], names: pl.Series, invalid: Literal["error", "set_aside"]
) -> pl.Series:
    """Which rows are valid (Boolean); raise or warn about the others."""
    valid = pl.Series("valid", [True]).new_from_index(0, len(names))
    for fault in faults:
        valid = valid & ~fault.rows
    if not faults:
        return valid
    sentences = " ".join(f"{_counted(names.filter(f.rows), f.what)}; {f.why}." for f in faults)
    if invalid == "error":
        keeps = list(dict.fromkeys(fault.keep for fault in faults))
        drop = f"Drop them with runs.filter({', '.join(map(str, keeps))}), or p"
        how = "P" if None in keeps else drop
        raise RunsError(f'runs: {sentences} {how}ass invalid="set_aside" to keep them in a report.')
    if not valid.any():
        raise RunsError(f"runs: no row can be used. {sentences}")
    aside = f"{(~valid).sum()} of {len(names)} rows set aside"
    warnings.warn(f"runs: {aside}. {sentences}", RunsWarning, stacklevel=4)
    return valid


def _counted(names: pl.Series, what: str) -> str:
    """``3 rows have loss <= 0 (rows 12, 40, 41)``, with the first ten rows at most."""
    shown = ", ".join(str(name) for name in names.head(_SHOWN_ROWS))
    more = f" and {len(names) - _SHOWN_ROWS} more" if len(names) > _SHOWN_ROWS else ""
    if len(names) == 1:
        return f"1 row has {what} (row {shown})"
    return f"{len(names)} rows have {what} (rows {shown}{more})"
