"""A table read once, batch by batch, in bounded memory; an interrupt says how far it came."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import polars as pl

_BATCH = 1_000_000  # rows at once: 40 MB of five columns
_PATIENCE = 1.0  # seconds before a bar is shown

Part = Callable[[pl.DataFrame], pl.DataFrame]


class Tally:
    """What is kept of many rows: the parts kept of each batch, merged when they are many.

    Parameters
    ----------
    keep : callable
        From a table of rows to the part that is kept of it.
    merge : callable
        From several parts, one below the other in the order of reading, to what would be kept of
        all their rows at once.
    """

    def __init__(self, keep: Part, merge: Part) -> None:
        self._keep, self._merge = keep, merge
        self._parts: list[pl.DataFrame] = []
        self._merged = 0  # rows that the last merge left

    def add(self, rows: pl.DataFrame) -> None:
        """Keep a part of these rows."""
        part = self._keep(rows)
        # copied, because what Polars gives (a group's tail, say) may hold on to the whole batch
        self._parts.append(part.select(pl.all().gather(pl.int_range(pl.len()))))
        # merged when doubled, a row is merged a few times only, however many batches there are
        if sum(map(len, self._parts)) > 2 * self._merged + _BATCH:
            self._parts = [self.table()]
            self._merged = len(self._parts[0])

    def table(self) -> pl.DataFrame:
        """What is kept of all rows so far, of which there must have been a batch."""
        return self._merge(pl.concat(self._parts))


def read_once(
    frame: pl.LazyFrame,
    take: Callable[[pl.DataFrame], None],
    count: Callable[[], int | None],
    label: str,
) -> int | None:
    """Hand all rows to ``take``; None, or if interrupted the number of rows that were taken.

    After an interrupt ``take`` may have seen a part of the next batch, too.

    Parameters
    ----------
    frame : LazyFrame
        Its rows come in its own order.
    take : callable
        Called with one batch after the other.
    count : callable
        The number of rows, None if unknown: asked for only if a progress bar is shown.
    label : str
        What the bar says.
    """
    taken = 0
    try:
        batches = frame.collect_batches(chunk_size=_BATCH, maintain_order=True)
        for batch in _with_progress(batches, count, label):
            take(batch)
            taken += len(batch)
    except KeyboardInterrupt:
        return taken
    return None


def _with_progress(
    batches: Iterator[pl.DataFrame], count: Callable[[], int | None], label: str
) -> Iterator[pl.DataFrame]:
    """The same batches, with a bar once they have taken over a second."""
    bar, done, start = None, 0, time.monotonic()
    try:
        for batch in batches:
            yield batch
            done += len(batch)
            if bar is not None:
                bar.update(len(batch))
            elif time.monotonic() - start > _PATIENCE:
                from tqdm.auto import tqdm  # type: ignore[import-untyped]  # 0.03 s to import, and a widget in a notebook

                bar = tqdm(
                    **{"total": count(), "initial": done, "desc": label},
                    **{"unit": " rows", "unit_scale": True, "leave": False},
                )
    finally:
        if bar is not None:
            bar.close()
