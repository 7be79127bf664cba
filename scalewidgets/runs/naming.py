"""Which column of a table is which quantity."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

from .files import RunsError

QUANTITIES = ("N", "D", "C", "loss")
MEANING = {
    "N": "parameters",
    "D": "training tokens",
    "C": "training FLOPs",
    "loss": "nats per token",
}

_TWICE = "_duplicated_0"  # how Polars calls the second of two columns of one name in a csv file
_LONG = 80  # characters of a name that a message shows
_HINTED = 200  # columns among which a misspelt one is sought

# compared without case and separators; the likeliest first
_SYNONYMS = {
    "N": (
        *("params", "n_params", "parameters", "model_size", "num_params", "param_count"),
        *("n_parameters", "num_parameters", "parameter_count", "model_params", "total_params"),
    ),
    "D": (
        *("tokens", "n_tokens", "training_tokens", "train_tokens", "num_tokens", "tokens_seen"),
        *("token_count", "tokens_trained", "total_tokens"),
    ),
    "C": (
        *("flops", "flop", "budget", "compute", "training_flops", "training_flop"),
        *("train_flops", "train_flop", "n_flops", "num_flops", "total_flops", "flop_budget"),
        *("flops_budget", "compute_budget", "train_compute", "training_compute"),
    ),
    "loss": (
        *("val_loss", "validation_loss", "final_loss", "eval_loss", "test_loss", "loss"),
        *("final_val_loss", "train_loss", "training_loss", "cross_entropy", "cross_entropy_loss"),
    ),
}


def choose_columns(names: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    """From each quantity that a table has to the name of its column.

    Parameters
    ----------
    names : sequence of str
        The table's columns.
    given : mapping
        What the user says: from quantities to names.

    Raises
    ------
    RunsError
        When ``given`` does not fit the table, two columns could be one quantity, or the loss or two
        of N, D, C are not there.
    """
    _check_given(names, given)
    free = [name for name in names if name not in given.values()]
    chosen = dict(given)
    for quantity in (q for q in QUANTITIES if q not in given):
        # N, D and C are nobody's accident; "loss" beside "val_loss" may be either
        if quantity in free and quantity != "loss":
            chosen[quantity] = quantity
            continue
        folded = [_fold(synonym) for synonym in _SYNONYMS[quantity]]
        matches = [name for name in free if _fold(name) in folded]
        matches.sort(key=lambda name: folded.index(_fold(name)))
        if len(matches) > 1:
            raise RunsError(
                f"runs: {_listed(matches)} could each be {quantity} ({MEANING[quantity]}); say "
                f"which, as in columns={{{quantity!r}: {matches[0]!r}}}"
            )
        if matches:
            chosen[quantity] = matches[0]
    for quantity, name in chosen.items():
        if f"{name}{_TWICE}" in names:
            raise RunsError(
                f"runs: the file has two columns {name!r}, both {quantity} ({MEANING[quantity]}); "
                "rename or remove one of them"
            )
    absent = [quantity for quantity in "NDC" if quantity not in chosen]
    needed = [*(absent if len(absent) > 1 else []), *([] if "loss" in chosen else ["loss"])]
    if needed:
        raise RunsError(_missing(needed, names))
    return chosen


def _check_given(names: Sequence[str], given: Mapping[str, str]) -> None:
    for quantity, name in given.items():
        if quantity not in QUANTITIES:
            turned = f"; turn it round: columns={{{name!r}: {quantity!r}}}"
            raise RunsError(
                f"runs: columns goes from {', '.join(QUANTITIES)} to names in the table, so "
                f"{quantity!r} cannot stand first{turned if name in QUANTITIES else ''}"
            )
        if name not in names:
            close = difflib.get_close_matches(str(name), names, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise RunsError(
                f"runs: columns says that {quantity} is in {name!r}, but the table has "
                f"{_listed(names)}{hint}"
            )
        if list(given.values()).count(name) > 1:
            raise RunsError(f"runs: columns names {name!r} for two quantities")


def _missing(needed: Sequence[str], names: Sequence[str]) -> str:
    sought = ", ".join(f"{quantity} ({MEANING[quantity]})" for quantity in needed)
    looked = "; ".join(f"for {q}: {', '.join(_SYNONYMS[q][:6])} ..." for q in needed)
    hints = [f"{q!r}: {near!r}" for q in needed if (near := _nearest(_SYNONYMS[q], names))]
    hint = f". Did you mean columns={{{', '.join(hints)}}}?" if hints else ""
    return (
        f"runs: no column for {sought}; a table needs the loss and two of N, D and C. Looked "
        f"{looked} The table has {_listed(names)}{hint}"
    )


def _nearest(synonyms: Sequence[str], names: Sequence[str]) -> str | None:
    """The name that is most like one of the synonyms, when it is much like it."""

    def likeness(name: str, synonym: str) -> float:
        ratio = difflib.SequenceMatcher(None, _fold(name), _fold(synonym)).ratio()
        return ratio + (_fold(synonym) in _fold(name))

    # no name of a quantity is long, and of ten thousand columns nobody reads a hint
    like = [name for name in names if len(name) <= _LONG][:_HINTED]
    best = {name: max(likeness(name, synonym) for synonym in synonyms) for name in like}
    nearest = max(like, key=lambda name: best[name], default="")
    return nearest if nearest and best[nearest] > 0.7 else None


def _fold(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(
        repr(name[:_LONG] + ("..." if len(name) > _LONG else "")) for name in names[:30]
    )
    more = f" and {len(names) - 30} more" if len(names) > 30 else ""
    return f"{shown}{more}" if names else "no columns"
