"""What every page of the fitting room needs."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache

import numpy as np
import numpy.typing as npt
from threadpoolctl import ThreadpoolController

Array = npt.NDArray[np.float64]


class FitError(ValueError):
    """Runs, constants or options from which no fit can be made; the text says what to change."""


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def one_blas_thread() -> AbstractContextManager[object]:
    """Holds BLAS to one thread: more make problems of this size 5 to 10 times slower."""
    held: AbstractContextManager[object] = _controller().limit(limits=1, user_api="blas")
    return held
