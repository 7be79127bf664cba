"""Who does long work: this process, or the workers of an executor; and how far it has come."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from typing import TypeVar

from .types import one_blas_thread

T = TypeVar("T")
R = TypeVar("R")

PATIENCE = 1.0  # seconds without a bar


def solve_all(
    solve: Callable[[T], R], todo: Iterable[T], executor: Executor | None, what: str
) -> Iterator[R]:
    """Answers in the order of the tasks, whoever gives them.

    What a worker loses is solved here, and a warning says how much that was: so ``solve`` must give
    the same answer when it is asked again.

    Parameters
    ----------
    solve : callable
        With an executor of other processes: a function of a module, that workers can import.
    todo : iterable
        Tasks; with such an executor they travel by pickle.
    executor : concurrent.futures.Executor, optional
        Without it the tasks are solved here, one after the other.
    what : str
        For the warning, such as ``"bootstrap: chunks"``.
    """
    if executor is None:
        yield from map(solve, todo)
        return
    lost = 0
    with one_blas_thread():  # threads that each hold BLAS and let go would leave it held
        waiting = [(task, _submit(executor, solve, task)) for task in todo]
        try:
            for task, future in waiting:
                found = _result(future)
                lost += found is None
                yield solve(task) if found is None else found
        finally:
            for _, future in waiting:
                if future is not None:
                    future.cancel()
    if lost:
        name, _, kind = what.rpartition(": ")
        warnings.warn(
            f"{name}: {lost} of {len(waiting)} {kind} were lost by the executor and solved here",
            stacklevel=2,
        )


def _submit(executor: Executor, solve: Callable[[T], R], task: T) -> Future[R] | None:
    try:
        return executor.submit(solve, task)
    except BrokenExecutor:  # a worker died early
        return None


def _result(future: Future[R] | None) -> R | None:
    """A worker's answer; None where it died, or failed in a way that solving here will show."""
    try:
        return None if future is None else future.result()
    except Exception:
        return None


def with_progress(
    parts: Iterable[R], total: int, what: str, size: Callable[[R], int] = lambda part: 1
) -> Iterator[R]:
    """The same parts, with a bar named ``what`` once they have taken over a second.

    ``size`` says how much of ``total`` a part is.
    """
    bar, done, start = None, 0, time.monotonic()
    try:
        for part in parts:
            done += size(part)
            if bar is not None:
                bar.update(size(part))
            elif done < total and time.monotonic() - start > PATIENCE:
                from tqdm.auto import tqdm  # type: ignore[import-untyped]  # 0.03 s to import, and a widget in a notebook

                bar = tqdm(total=total, initial=done, desc=what, leave=False)
            yield part
    finally:
        if bar is not None:
            bar.close()
