"""Arrays to bytes and back; mirrored by js/src/wire.ts.

NaN and infinity do not survive JSON, and a list of numbers costs three times its bytes: all numbers
of the kernel travel as packed arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

_TYPES = {"f4": np.float32, "f8": np.float64, "i4": np.int32}


def pack(values: npt.ArrayLike, dtype: str = "f8") -> dict[str, Any]:
    """``{"dtype", "shape", "data"}``; data are little-endian bytes in C order."""
    array = np.ascontiguousarray(values, dtype=np.dtype(_TYPES[dtype]).newbyteorder("<"))
    return {"dtype": dtype, "shape": list(array.shape), "data": array.tobytes()}


def unpack(packed: Mapping[str, Any]) -> npt.NDArray[Any]:
    """The array of :func:`pack`.

    Raises
    ------
    ValueError
        When the bytes do not fill the shape.
    """
    dtype = np.dtype(_TYPES[packed["dtype"]]).newbyteorder("<")
    return np.frombuffer(packed["data"], dtype=dtype).reshape(packed["shape"])
