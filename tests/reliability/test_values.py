"""Numbers of any kind to the functions that take numbers: an answer, or a refusal in our words."""

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scalewidgets as sw
from scalewidgets.lawbook.law import LawError

LAW = sw.law("hoffmann2022")
SIZES = np.geomspace(1e8, 1e10, 6)
N, D = (x.ravel() for x in np.meshgrid(SIZES, 20 * SIZES))
SCATTER = 0.003 * np.random.default_rng(0).standard_normal(36)
RUNS = {"N": N, "D": D, "loss": LAW.predict(N=N, D=D) * np.exp(SCATTER)}
FIT = sw.fit("hoffmann2022", RUNS)

numbers = st.one_of(
    st.floats(-1e60, 1e60, allow_subnormal=False),
    st.integers(-(2**62), 2**62),
    st.sampled_from([0, True, np.float32(1e30), np.int64(-1), 1e24, math.inf, -math.inf, math.nan]),
)
CALLS: dict[str, Callable[[Any], Any]] = {
    "predict": lambda x: LAW.predict(N=x, D=x),
    "N_opt": FIT.N_opt,
    "constants": lambda x: LAW.with_constants(E=x),
    "fixed": lambda x: sw.fit("hoffmann2022", RUNS, fixed={"E": x}),
    "start": lambda x: sw.fit("hoffmann2022", RUNS, start={**FIT.params, "A": x}),
    "delta": lambda x: sw.fit("hoffmann2022", RUNS, delta=x),
    "level": FIT.conf_int,
    "a budget": lambda x: sw.allocate(FIT, C=x),
    "a target": lambda x: sw.allocate(FIT, loss=x),
    "demand": lambda x: sw.allocate(FIT, C=1e22, inference_tokens=x),
    "next runs": lambda x: sw.suggest_runs(FIT, budget=x, at=1e22),
    "hyper-parameters": lambda x: sw.suggest_hyperparameters(N=x, D=1e11),
    "shape": lambda x: sw.Architecture.from_N(x),
    "cluster": lambda x: sw.Cluster("H100", count=8, utilisation=x),
    "an exercise": lambda x: sw.check(x, 4e10),
}


@pytest.mark.parametrize("call", CALLS)
@settings(max_examples=25, derandomize=True, deadline=None)
@given(x=numbers)
def test_a_number_is_used_or_refused_in_words(call: str, x: Any) -> None:
    try:
        CALLS[call](x)
    except ValueError as error:
        told = str(error)
    else:
        return
    assert re.match(r"[a-z_]+: |level must|N = |-?\w.* is not a q", told), told[:200]
    assert len(told) < 1500


@pytest.mark.parametrize("value", ["7B", None, [1.0, "x"], {"a": 1}, object()])
def test_what_is_no_number_is_named(value: Any) -> None:
    with pytest.raises(LawError, match=r"law: N takes numbers, not "):
        LAW.predict(N=value, D=1e10) if value is not None else LAW.predict(N=[[1], [1, 2]], D=1e10)
    with pytest.raises(LawError, match=r"law: E takes a number, not "):
        LAW.with_constants(E=value if value is not None else [1.0])


def test_missing_numbers_stay_missing() -> None:
    assert math.isnan(LAW.predict(N=None, D=1e10))
