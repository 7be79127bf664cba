"""Random texts through the parser; `benchmarks.reliability.equations` does a million."""

import time
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scalewidgets as sw
from scalewidgets.lawbook import expression as ex
from scalewidgets.lawbook.grammar import ExpressionError
from scalewidgets.lawbook.law import LawError

from . import equations
from .equations import nothing_evaluated, texts, timed, used


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    """What the first law loads: functions of SciPy, and the annotations of our own that say what a
    public function takes."""
    ex.Program([("lgamma", 1.0)])({})
    sw.Law("lgamma(N)", constants=[]).latex()


@pytest.mark.parametrize("seed", [1, 2])
def test_a_text_is_an_equation_or_refused(seed: int) -> None:
    trees = 0
    for text in islice(texts(seed), 3000):
        with nothing_evaluated():
            tree, _ = timed(text)
            if tree is not None:
                trees += 1
                if trees % 5 == 0:
                    used(tree)
    assert trees > 600


def test_a_text_that_takes_long_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(text: str) -> ex.Tree:
        begun = time.process_time()
        while time.process_time() - begun < 1.2 * equations.LIMIT:
            pass
        return 1.0

    monkeypatch.setattr(ex, "parse", slow)
    with pytest.raises(AssertionError, match=r"\d+ ms for 'N \+ 1'"):
        timed("N + 1")


def test_the_watch_sees_what_is_evaluated() -> None:
    with pytest.raises(AssertionError, match=r"caused \['compile', 'exec'\]"), nothing_evaluated():
        eval("1 + 1")


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.text())
def test_any_text_at_all(text: str) -> None:
    with nothing_evaluated():
        timed(text)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_a_law_is_made_of_it_or_refused_in_words(equation: str, name: str) -> None:
    with nothing_evaluated():
        try:
            law = sw.Law(equation, constants={name: 1.0})
        except (ExpressionError, LawError):
            return
        assert list(law.values) == [name]
        assert law.latex().startswith("\\begin{aligned}")


def test_trigamma_far_below_zero_is_nothing_and_comes_at_once() -> None:
    """SciPy's own takes 20 s there: hence the test's worth, though no time is asserted."""
    value = sw.Law("trigamma(x) + digamma(x)", constants=[]).predict(x=[-1e9, 0.0])
    assert [str(v) for v in value] == ["nan", "nan"]


def test_a_name_of_underscores_can_be_written_in_latex() -> None:
    assert sw.Law("_*x + __", constants={"_": 1.0}).latex().count("\\_") == 3


def test_definitions_cannot_blow_an_equation_up() -> None:
    """Thirty of them, each twice the next, are a law of a billion terms."""
    doubled = {f"t{i}": f"t{i + 1} + t{i + 1}" for i in range(30)} | {"t30": "N"}
    with pytest.raises(LawError, match="too many terms"):
        sw.Law("t0", constants=[], definitions=doubled)
    deep = {f"t{i}": "sqrt(" * 58 + f"t{i + 1}" + ")" * 58 for i in range(9)} | {"t9": "N"}
    with pytest.raises(LawError, match="nested more than 200 deep"):
        sw.Law("t0", constants=[], definitions=deep)
