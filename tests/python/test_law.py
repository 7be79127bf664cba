"""Laws as objects: predictions, derivatives, constant sets, and errors that help."""

import copy
import pickle
import re
from typing import Any

import numpy as np
import pytest

from scalewidgets.lawbook import ConstantSet, ExpressionError, Law, LawError, catalogue, ranges

CHINCHILLA = Law(
    "E + A/N**alpha + B/D**beta",
    constants={"E": 1.8, "A": 480, "B": 2080, "alpha": 0.35, "beta": 0.37},
)


def test_a_typed_law() -> None:
    assert CHINCHILLA.variables == ["N", "D"]
    assert CHINCHILLA.constant_names == ["E", "A", "alpha", "B", "beta"]
    assert CHINCHILLA.values["A"] == 480.0
    assert CHINCHILLA.predict(N=1.0, D=1.0) == 1.8 + 480 + 2080
    assert str(CHINCHILLA) == (
        "typed: loss = E + A/N**alpha + B/D**beta  "
        "[user: E=1.8, A=480, alpha=0.35, B=2080, beta=0.37]"
    )
    assert repr(CHINCHILLA) == f"Law({CHINCHILLA})"


def test_predictions_broadcast() -> None:
    n, d = np.geomspace(1e7, 1e10, 4)[:, None], np.geomspace(1e9, 1e11, 3)
    loss = CHINCHILLA.predict(N=n, D=d)
    assert loss.shape == (4, 3)
    np.testing.assert_allclose(loss, 1.8 + 480 / n**0.35 + 2080 / d**0.37, rtol=1e-15)
    assert CHINCHILLA.predict(N=1e9, D=1e10).shape == ()
    assert CHINCHILLA.predict(N=[], D=1e9).shape == (0,)


def test_whole_numbers_and_lists_are_taken() -> None:
    assert CHINCHILLA.predict(N=[10**9], D=[10**10]) == CHINCHILLA.predict(N=1e9, D=1e10)


def test_a_prediction_is_the_callers_own() -> None:
    given = np.array([1.0, 2.0])
    given.setflags(write=False)
    result = Law("N").predict(N=given)
    result[0] = 5.0
    assert given[0] == 1.0
    constant = Law("E + 0*N", constants={"E": 2.0}).partials(N=given)["E"]
    constant += 1.0
    np.testing.assert_array_equal(constant, [2.0, 2.0])


def test_outside_its_domain_a_law_says_nan() -> None:
    loss = CHINCHILLA.predict(N=[-1.0, np.nan, 1e9], D=1e10)
    np.testing.assert_array_equal(np.isnan(loss), [True, True, False])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"N": 1e9}, "predict needs a value for D"),
        ({}, "predict needs a value for N, D"),
        ({"N": 1e9, "D": 1e9, "params": 3}, "'params' is not a variable of it; it has N, D"),
        ({"N": 1e9, "D": 1e9, "E": 2.0}, "'E' is not a variable"),
        ({"N": 1e9, "d": 1e9}, "'d' is not a variable of it; it has N, D"),
    ],
)
def test_missing_and_unknown_variables_are_named(given: dict[str, float], message: str) -> None:
    with pytest.raises(LawError, match=re.escape(message)):
        CHINCHILLA.predict(**given)


def test_a_misspelt_variable_gets_a_hint() -> None:
    with pytest.raises(LawError, match=r"'P_a' is not a variable .* Did you mean 'P_w'\?"):
        Law("E - P_w", constants={"E": 1.0}).predict(P_a=4)


# --- defaults and definitions ---------------------------------------------------------------

REPEATED = Law(
    "E + B/D_eff",
    constants={"E": 1.0, "B": 100.0},
    definitions={"D_eff": "D*(1 - log(R))", "R": "max(D/U, 1)"},
    defaults={"U": "D", "bits": "16"},
)


def test_definitions_are_put_in() -> None:
    assert REPEATED.variables == ["D", "U"]
    assert REPEATED.predict(D=10.0, U=5.0) == pytest.approx(1 + 10 / (1 - np.log(2)))
    assert REPEATED.latex() == (
        r"\begin{aligned} \mathrm{loss} &= E + \frac{B}{D_{\mathrm{eff}}} \\ "
        r"D_{\mathrm{eff}} &= D \, \left(1 - \ln\left(R\right)\right) \\ "
        r"R &= \max\left(\frac{D}{U}, 1\right) \end{aligned}"
    )
    assert REPEATED._repr_latex_() == f"$${REPEATED.latex()}$$"


def test_a_variable_with_a_default_may_be_left_out() -> None:
    d = np.array([10.0, 20.0])
    np.testing.assert_array_equal(REPEATED.predict(D=d), REPEATED.predict(D=d, U=d))
    number = Law("N*P", defaults={"P": "16"})
    assert number.predict(N=2.0) == 32.0
    assert number.predict(N=2.0, P=8) == 16.0


def test_a_default_that_needs_another_default_is_asked_for() -> None:
    law = Law("U + V", defaults={"U": "V", "V": "1"})
    with pytest.raises(LawError, match=r"needs a value for V \(the default of U is V\) or for U"):
        law.predict()
    assert law.predict(V=2.0) == 4.0


@pytest.mark.parametrize(
    "definitions",
    [{"a": "a + 1"}, {"a": "b", "b": "a"}, {"a": "b + N", "b": "c*2", "c": "1/a"}],
)
def test_definitions_in_a_circle_are_refused(definitions: dict[str, str]) -> None:
    with pytest.raises(LawError, match="in a circle"):
        Law("E + a", definitions=definitions)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (0.0, r"definitions: 'a' must be a text, not 0\.0"),
        ("{", r"definitions: 'a': .*'\{' is not part of an equation"),
    ],
)
def test_definitions_are_texts_of_equations(text: Any, message: str) -> None:
    with pytest.raises(LawError, match=message):
        Law("E + a", definitions={"a": text})


# --- constants ------------------------------------------------------------------------------


@pytest.mark.parametrize("constants", [["E", "A"], iter(["E", "A"]), {"E": float("nan"), "A": 1.0}])
def test_a_form_has_no_predictions(constants: object) -> None:
    form = Law("E + A/N", constants=constants)  # type: ignore[arg-type]
    assert form.constant_names == ["E", "A"]
    for ask in (form.predict, form.partials):
        with pytest.raises(LawError, match=r"E has no value \(the law is a form only\)"):
            ask(N=1.0)
    assert form.with_constants(E=1.0, A=2.0).predict(N=2.0) == 2.0


def test_a_constant_must_occur() -> None:
    with pytest.raises(LawError, match=r"'alhpa' does not occur .* Did you mean 'alpha'\?"):
        Law("E + 1/N**alpha", constants={"E": 1.0, "alhpa": 0.3})
    with pytest.raises(LawError, match="a mapping of names to values"):
        Law("E + 1/N", constants="E")
    with pytest.raises(ExpressionError, match="column 5"):
        Law("E + ^")


def test_other_constants() -> None:
    changed = CHINCHILLA.with_constants(E=2.0)
    assert changed.values == {**CHINCHILLA.values, "E": 2.0}
    assert CHINCHILLA.values["E"] == 1.8
    with pytest.raises(LawError, match=r"no constant 'aplha'; it has .* Did you mean 'alpha'\?"):
        CHINCHILLA.with_constants(aplha=0.3)


def test_other_sets() -> None:
    law = Law(
        "E + A/N",
        constants={"E": 1.0, "A": 2.0},
        sets={
            "first": ConstantSet("first", {"E": 1.0, "A": 2.0}, stderr={"E": 0.1}),
            "second": ConstantSet("second", {"E": 3.0, "A": 4.0}),
        },
        set_name="first",
    )
    assert law.stderr == {"E": 0.1}
    second = law.with_constants("second")
    assert (second.values, second.set_name, second.stderr) == ({"E": 3.0, "A": 4.0}, "second", {})
    mixed = law.with_constants("second", E=9.0)
    assert (mixed.values, mixed.set_name) == ({"E": 9.0, "A": 4.0}, "user")
    with pytest.raises(LawError, match=r"no constant set 'secnd'; .* Did you mean 'second'\?"):
        law.with_constants("secnd")


def test_a_law_can_be_copied_and_pickled() -> None:
    CHINCHILLA.predict(N=1.0, D=1.0)
    for twin in (copy.deepcopy(CHINCHILLA), pickle.loads(pickle.dumps(CHINCHILLA))):
        assert twin == CHINCHILLA
        assert twin.predict(N=1e9, D=1e10) == CHINCHILLA.predict(N=1e9, D=1e10)


# --- derivatives ----------------------------------------------------------------------------

LAWS = [id for id in catalogue.laws()["id"] if isinstance(catalogue.law(id), Law)]


@pytest.mark.slow
@pytest.mark.parametrize("name", LAWS)
def test_partials_agree_with_finite_differences(name: str) -> None:
    law = catalogue.closed_form(name)
    law = law.with_constants(**ranges.placeholders(law))
    starts = {n: ranges.of_variable(law, n).start for n in law.variables if n not in law.items}
    point = {name: np.array([start, 1.03 * start]) for name, start in starts.items()}
    partials = law.partials(**point)
    assert list(partials) == law.constant_names
    for constant, value in law.values.items():
        step = 1e-4 * (abs(value) or 1.0)
        # five points: the error is of fourth order, here about 1e-9
        near, far = (
            law.with_constants(**{constant: value + k * step}).predict(**point)
            - law.with_constants(**{constant: value - k * step}).predict(**point)
            for k in (1, 2)
        )
        slope = (8 * near - far) / (12 * step)
        scale = np.abs(law.predict(**point) / (abs(value) or 1.0))
        np.testing.assert_allclose(partials[constant], slope, rtol=1e-6, atol=1e-9 * scale.max())
