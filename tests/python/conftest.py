"""Executors for what is solved by others."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from typing import Any, NoReturn

import pytest


class Faulty(Executor):
    """Runs everything at once, and loses every so manieth task after it had begun."""

    def __init__(self, lost: int) -> None:
        self.lost, self.given = lost, 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **more: Any) -> Future[Any]:
        self.given += 1
        future: Future[Any] = Future()
        answer = fn(*args, **more)
        if self.given % self.lost == 0:
            future.set_exception(OSError("the machine is gone"))
        else:
            future.set_result(answer)
        return future


class Meddling(Executor):
    """Another executor, with something that happens at the fourth task."""

    def __init__(self, inner: Executor, what: Callable[[], object]) -> None:
        self.inner, self.what, self.given = inner, what, 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **more: Any) -> Future[Any]:
        self.given += 1
        if self.given == 4:
            self.what()
        return self.inner.submit(fn, *args, **more)


@pytest.fixture
def faulty() -> type[Faulty]:
    """An executor class; its argument says which tasks are lost (3: every third)."""
    return Faulty


@pytest.fixture
def meddling() -> type[Meddling]:
    """An executor class; its arguments are another executor and what happens at the fourth task."""
    return Meddling


@pytest.fixture
def client(unavailable: Callable[[str], NoReturn]) -> Iterator[Any]:
    """A client of a Dask cluster of two workers, processes of this machine."""
    try:
        import distributed
    except ImportError:
        unavailable("Dask is not installed: pip install scalewidgets[dask]")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client
