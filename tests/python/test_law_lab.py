"""The LawLab without a browser: what it says of every law, typing, switching, runs, theories."""

import json
import math
from typing import Any

import numpy as np
import polars as pl
import pytest
import traitlets

import scalewidgets as sw
from scalewidgets.lawbook import catalogue, ranges
from scalewidgets.lawbook.expression import Program
from scalewidgets.widgets.law import lab as law_lab
from scalewidgets.widgets.law.typed import typed_law
from scalewidgets.widgets.law_cells import pick
from scalewidgets.widgets.wire import unpack

ALL = catalogue.laws()["id"].to_list()
CLOSED = [id for id in ALL if isinstance(catalogue.law(id), sw.Law)]
THEORIES = [id for id in ALL if id not in CLOSED]


@pytest.mark.slow
@pytest.mark.parametrize("id", CLOSED)
def test_every_law_is_on_the_screen_what_it_is_in_python(id: str) -> None:
    lab = sw.LawLab(id)
    json.dumps(lab.spec)
    assert lab.status()[1]
    assert lab.sheet().get("y_law") == pytest.approx(lab.value, rel=1e-12)
    law = catalogue.closed_form(id)
    for name in law.sets:
        lab.constants = name
        assert lab.sheet().get("y_law") == pytest.approx(lab.value, rel=1e-12)
    if law.values:
        last = law.constant_names[-1]
        lab.set(wheel={last: 1.07 * lab.law.values[last] + 0.01}, held={last: True})  # type: ignore[union-attr]
        assert lab.sheet().get("y_law") == pytest.approx(lab.value, rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("id", THEORIES)
def test_every_theory_is_drawn_by_the_kernel(id: str) -> None:
    lab = sw.LawLab(id)
    theory = catalogue.law(id)
    traced = unpack(lab.facts["arrays"]["trace_y"])
    assert np.isfinite(traced).sum() > len(traced) / 2
    before = lab.value
    span = ranges.of_variable(theory, lab.x)
    lab.at = {lab.x: 0.5 * (span.start + span.high)}
    assert lab.value == theory.predict(**lab.at) != before
    np.testing.assert_array_equal(unpack(lab.facts["arrays"]["trace_y"]), traced)
    assert lab.facts["names"] == ["y_law"]
    assert unpack(lab.facts["numbers"])[0] == lab.value
    with pytest.raises(sw.LawError, match="without Python cannot compute it"):
        lab.chart()


# --- inputs -----------------------------------------------------------------------------------


def test_quantities_are_understood_and_kept_through_other_laws() -> None:
    lab = sw.LawLab("hoffmann2022", at={"N": "7B"})
    lab.at = {"D": "1.4T"}
    assert lab.at == {"N": 7e9, "D": 1.4e12}
    lab.law_name = "kumar2024_precision"
    assert lab.at["N"] == 7e9
    assert {"P_w", "P_a", "P_kv", "P_post"} <= set(lab.at)
    assert lab.equation == catalogue.closed_form("kumar2024_precision").equation
    assert lab.value == pytest.approx(
        float(catalogue.law("kumar2024_precision").predict(N=7e9, D=1.4e12)), rel=1e-12
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"at": {"Q": 1.0}}, "at: 'Q' is not a variable here; there are N, D"),
        ({"at": {"N": "many"}}, "at: N: 'many' is not a quantity"),
        ({"law_name": "hofmann2022"}, "Did you mean hoffmann2022"),
        ({"dataset": "chinchila"}, "dataset: .* did you mean 'chinchilla'"),
        ({"dataset": "given"}, "dataset: the lab was given no runs"),
    ],
)
def test_bad_inputs_are_refused_and_lose_nothing(change: dict[str, Any], message: str) -> None:
    lab = sw.LawLab("hoffmann2022")
    before = lab.value, lab.dataset
    with pytest.raises(traitlets.TraitError, match=message.replace("'", ".")):
        lab.set(**change)
    assert (lab.value, lab.dataset) == before


def test_unknown_inputs_are_refused() -> None:
    with pytest.raises(TypeError, match=r"LawLab has no input 'sceond'. Did you mean 'second'"):
        sw.LawLab("hoffmann2022", sceond="kaplan2020")


def test_a_switched_law_begins_afresh() -> None:
    lab = sw.LawLab("hoffmann2022", second="kaplan2020", wheel={"E": 2.0}, held={"E": True}, x="D")
    lab.law_name = "muennighoff2023"
    assert (lab.wheel, lab.held, lab.second, lab.x) == ({}, {}, "", "D")
    assert lab.constants == next(iter(catalogue.closed_form("muennighoff2023").sets))


def test_dragging_asks_nothing_of_the_kernel() -> None:
    lab = sw.LawLab("hoffmann2022")
    facts = lab.facts
    lab.set(at={"N": 1e10}, wheel={"E": 2.0}, held={"E": True})
    assert lab.facts is facts
    assert lab.law.values["E"] == 2.0  # type: ignore[union-attr]


# --- typing -----------------------------------------------------------------------------------


def test_a_typed_equation_redraws_and_names_keep_their_meaning() -> None:
    lab = sw.LawLab("besiroglu2024")
    lab.equation = "E + A/N**alpha + B/D**beta + kappa/N"
    assert lab.law.values["kappa"] == 1.0  # type: ignore[union-attr]
    assert lab.law.values["A"] == 482.01  # type: ignore[union-attr]
    assert lab.sheet().get("y_law") == pytest.approx(lab.value, rel=1e-12)
    lab.equation = "E + A/N**alpha"
    assert lab.law.variables == ["N"]
    lab.equation = catalogue.closed_form("besiroglu2024").equation
    assert lab.law.id == "besiroglu2024"
    assert lab.constants == "published"


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("E + A/N**alpha +", "the equation ends too early"),
        ("E + A/N^alpha", "write powers with [*][*]"),
        ("", "the equation is empty"),
        ("sum(sum(N))", "there is one list of items only"),
        ("__import__('os')", "is not part of an equation"),
        ("exp(" * 70 + "N" + ")" * 70, "nested more than"),
    ],
)
def test_a_mistake_is_told_in_place_and_the_picture_stays(text: str, mistake: str) -> None:
    lab = sw.LawLab("besiroglu2024")
    spec, before = lab.spec, lab.value
    lab.equation = text
    with pytest.raises(AssertionError, match=mistake):
        assert lab.mistake == ""
    assert lab.problem == ""
    assert lab.spec is spec
    assert lab.value == before
    assert "problem" in repr(lab)
    lab.equation = "E + A/N**alpha + B/D**beta"
    assert lab.mistake == ""


def test_a_law_of_ones_own() -> None:
    lab = sw.LawLab("E + A/N**alpha")
    assert lab.law.constant_names == ["E", "A", "alpha"]  # type: ignore[union-attr]
    assert lab.law_name == "given"
    mine = sw.Law("a*k**b", constants={"a": 2.0, "b": -0.5}, id="mine", output="rate")
    assert sw.LawLab(mine, at={"k": 4.0}).value == 1.0
    assert repr(sw.LawLab(mine)) == "LawLab(mine [user]; k=10: 0.63246)"


def test_typed_names_are_variables_or_constants() -> None:
    law = typed_law("a*N + b*width")
    assert (law.variables, law.constant_names) == (["N"], ["a", "b", "width"])
    base = sw.Law("a*width", constants={"a": 3.0})
    over = typed_law("a*width + b", base)
    assert (over.variables, over.values) == (["width"], {"a": 3.0, "b": 1.0})


def test_picks_follow_the_position() -> None:
    program = Program([pick("c", ["x", "y", "z"])])
    values = {"x": np.float64(1.0), "y": np.float64(2.0), "z": np.float64(3.0)}
    assert [float(program({**values, "c": np.float64(c)})[0]) for c in range(3)] == [1.0, 2.0, 3.0]


# --- over one another, and over runs ----------------------------------------------------------


def test_laws_are_laid_over_each_other() -> None:
    lab = sw.LawLab("hoffmann2022", second="kaplan2020", third="muennighoff2023")
    for role, name in (("second", "kaplan2020"), ("third", "muennighoff2023")):
        expected = catalogue.law(name).predict(N=lab.at["N"], D=lab.at["D"])
        assert lab.sheet().get(f"y_{role}") == pytest.approx(float(expected), rel=1e-12)
    offered = lab.spec["groups"][0]["controls"][3]["options"]
    names = {option["value"] for option in offered}
    assert {"besiroglu2024", "kaplan2020", ""} <= names
    assert "kaplan2020.B_crit" not in names  # a batch is no loss
    assert [one["label"] for one in lab.spec["equations"]] == [
        "hoffmann2022",
        "kaplan2020",
        "muennighoff2023",
    ]


@pytest.fixture(scope="module")
def runs() -> pl.DataFrame:
    return sw.simulate_isoflop_data(
        catalogue.closed_form("besiroglu2024"), [1e19, 1e20, 1e21], points=9, noise=0.003, seed=4
    )


def test_runs_are_fitted_and_left_out(runs: pl.DataFrame) -> None:
    lab = sw.LawLab("hoffmann2022", runs, constants="fit")
    expected = sw.fit("hoffmann2022", runs)
    assert lab.fit is not None
    assert lab.fit.params == pytest.approx(expected.params, rel=1e-6)
    assert lab.sheet().get("y_law") == pytest.approx(lab.value, rel=1e-12)
    assert lab.status() == ("ok", "27 runs; Huber on log loss, delta 0.001; fit ok")
    lab.excluded = [0, 5]
    assert lab.fit.used == 25
    lab.set(wheel={"E": 1.7}, held={"E": True})
    assert lab.fit.fixed == {"E": 1.7}
    lab.set(held=dict.fromkeys(lab.fit.law.values, True), wheel=dict(lab.fit.params))
    assert lab.fit is not None  # nothing is left to fit: the optimum stays


def test_runs_that_allow_no_fit_say_so(runs: pl.DataFrame) -> None:
    lab = sw.LawLab("hoffmann2022", runs, excluded=list(range(25)), constants="fit")
    level, text = lab.status()
    assert (level, text.partition(":")[0]) == ("warning", "no fit")
    assert math.isfinite(lab.value)


def test_a_refused_refit_keeps_the_last_fit(runs: pl.DataFrame) -> None:
    lab = sw.LawLab("hoffmann2022", runs, constants="fit")
    before = lab.fit
    assert before is not None
    lab.excluded = list(range(25))
    assert lab.status()[0] == "warning"
    assert lab.fit is before
    assert lab.value == pytest.approx(float(before.predict(N=lab.at["N"], D=lab.at["D"])))


def test_a_default_is_not_told_as_a_choice() -> None:
    lab = sw.LawLab("devries2023_overhead.N", x="C", at={"C": 5.88e23})
    assert "k_N" not in repr(lab)
    lab.set(held={"k_N": True}, at={"k_N": 0.5})
    assert "k_N=0.5" in repr(lab)


def test_a_cell_never_sees_half_of_a_refit(
    runs: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JupyterLab answers a lab's questions in another thread than that in which cells run."""
    lab = sw.LawLab("hoffmann2022", runs, constants="fit")
    seen = []
    real = law_lab.fit

    def watched(*args: Any, **kwargs: Any) -> sw.Fit:
        seen.append(lab.fit)
        return real(*args, **kwargs)

    before = lab.fit
    monkeypatch.setattr(law_lab, "fit", watched)
    lab.excluded = [3]
    assert seen == [before]
    assert lab.fit is not before


def test_runs_are_offered_where_they_fit() -> None:
    def offered(id: str) -> list[str]:
        return [
            option["value"]
            for group in sw.LawLab(id).spec["groups"]
            for control in group["controls"]
            if control.get("cell") == "dataset"
            for option in control["options"]
        ]

    assert offered("hoffmann2022") == ["none", "simulated", "chinchilla"]
    assert offered("kaplan2020.B_crit") == []


def test_the_chart_is_the_law_in_view() -> None:
    lab = sw.LawLab("hoffmann2022", wheel={"E": 2.0}, held={"E": True}, at={"D": 1e12})
    params = {one["name"]: one["value"] for one in lab.chart().to_dict()["params"]}
    assert params["p_D"] == pytest.approx(12.0)
    assert 10 ** params["p_E"] == pytest.approx(2.0)


def test_where_a_mistake_stands_is_shown() -> None:
    lab = sw.LawLab("besiroglu2024")
    lab.equation = "E + A/N**alpha + B/D^beta"
    assert lab.mistake.splitlines() == [
        "equation, column 21: '^' is not part of an equation; write powers with **",
        "…+ A/N**alpha + B/D▸^beta",
    ]
