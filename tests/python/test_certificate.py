"""What a fit says of itself: never ``ok`` without an optimum that the runs determine."""

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

import scalewidgets as sw
from scalewidgets.fitting import Certificate

pytestmark = pytest.mark.slow

TRUTH = {"E": 1.8, "A": 480.0, "alpha": 0.35, "B": 2080.0, "beta": 0.37}
LAW = sw.Law("E + A/N**alpha + B/D**beta", constants=TRUTH)
FORM = sw.Law("E + A/N**alpha + B/D**beta", constants=list(TRUTH))
KINDS = ["huber", "least_squares", "lad"]

SIZES = np.geomspace(1e8, 1e10, 12)
TOKENS = np.geomspace(1e9, 1e12, 6)


def runs_at(
    n: npt.ArrayLike, d: npt.ArrayLike, noise: float = 0.005, seed: int = 0, law: sw.Law = LAW
) -> pl.DataFrame:
    """Runs of a law at given N and D (they broadcast)."""
    both = np.broadcast_arrays(np.asarray(n, float), np.asarray(d, float))
    columns = dict(zip("ND", (x.ravel() for x in both), strict=True))
    loss = law.predict(**{v: columns[v] for v in law.variables})
    scatter = np.random.default_rng(seed).standard_normal(both[0].size)
    return pl.DataFrame({**columns, "loss": loss * np.exp(noise * scatter)})


# --- designs that do not determine the law --------------------------------------------------

DEGENERATE = {
    "one budget": (SIZES, 1e20 / 6 / SIZES),
    "nearly one budget": (SIZES, 1e20 / 6 / SIZES * np.linspace(0.99, 1.01, 12) ** 3),
    "tokens proportional to size": (SIZES, 20 * SIZES),
    "the same run": (np.full(10, 1e9), np.full(10, 1e10)),
    "one size": (1e9, TOKENS),
    "one number of tokens": (SIZES, 1e11),
    "two sizes": (SIZES[:2, None], TOKENS),
}


@pytest.mark.parametrize(
    ("noise", "kind", "law"),
    [(0.0, "least_squares", FORM), *((0.005, kind, LAW) for kind in KINDS)],
    ids=["exact", *KINDS],
)
@pytest.mark.parametrize("design", DEGENERATE)
def test_a_degenerate_design_is_not_ok(design: str, noise: float, kind: str, law: sw.Law) -> None:
    fit = sw.fit(law, runs_at(*DEGENERATE[design], noise), objective=kind)
    assert fit.status != "ok"
    assert fit.certificate.notes()
    assert f"note         {fit.certificate.notes()[0]}" in fit.summary()
    assert "<li>" in fit._repr_html_()


def test_a_second_budget_makes_it_whole() -> None:
    both = pl.concat(
        [runs_at(SIZES, c / 6 / SIZES, 0.001, seed=int(c > 1e20)) for c in (1e19, 1e21)]
    )
    assert sw.fit(LAW, both).status == "ok"


def test_one_budget_does_for_three_constants() -> None:
    held = {"B": TRUTH["B"], "beta": TRUTH["beta"]}
    fit = sw.fit(LAW, runs_at(SIZES, 1e20 / 6 / SIZES, 0.001), fixed=held)
    assert fit.status == "ok"
    assert fit.params["E"] == pytest.approx(1.8, abs=0.1)


@pytest.mark.parametrize("kind", KINDS)
def test_no_irreducible_loss_is_a_bound(kind: str) -> None:
    none = LAW.with_constants(E=0.0)
    fit = sw.fit(LAW, runs_at(SIZES[:, None], TOKENS, 0.0, law=none), objective=kind)
    assert fit.status == "at_bound"
    assert fit.certificate.at_bound == ("E",)
    assert fit.params["alpha"] == pytest.approx(0.35, rel=1e-5)
    assert "E went to zero" in fit.certificate.notes()[0]


def test_a_loss_that_rises_has_no_terms() -> None:
    rising = runs_at(SIZES[:, None], TOKENS).with_columns(loss=6 - pl.col("loss"))
    fit = sw.fit(FORM, rising)
    assert fit.status == "at_bound"
    assert set(fit.certificate.at_bound) == {"A", "B"}


@pytest.mark.parametrize("kind", ["huber", "least_squares"])
def test_mere_noise_is_not_a_law(kind: str) -> None:
    rng = np.random.default_rng(0)
    runs = runs_at(SIZES[:, None], TOKENS).with_columns(loss=3 + 0.1 * rng.standard_normal(72))
    assert sw.fit(LAW, runs, objective=kind).status != "ok"


# --- laws of one to nine constants ----------------------------------------------------------

Constants = dict[str, float]

EQUATIONS: dict[str, Constants] = {
    "E + 0*N*D": {"E": 2.5},
    "A/N**alpha": {"A": 10.0, "alpha": 0.06},
    "E - A*log(N)": {"E": 5.0, "A": 0.1},
    "E + A/N**alpha": {"E": 1.8, "A": 480.0, "alpha": 0.35},
    "E + A/(N*D)**alpha": {"E": 1.8, "A": 1e4, "alpha": 0.2},
    "E + A/N**alpha + B/D**alpha": {"E": 1.8, "A": 480.0, "alpha": 0.35, "B": 1000.0},
    "E + A/N**alpha + B/D**beta": TRUTH,
    "E + A/N**alpha + B/D**beta - G*log(N)": {**TRUTH, "E": 2.0, "G": 0.02},
}


@pytest.mark.parametrize("known", [True, False], ids=["values", "form"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("equation", EQUATIONS)
def test_any_law_comes_back_from_its_own_runs(equation: str, kind: str, known: bool) -> None:
    truth = EQUATIONS[equation]
    law = sw.Law(equation, constants=truth)
    runs = runs_at(SIZES[:, None], TOKENS, 0.0, law=law)
    start = law.with_constants(**{k: v * 1.1 for k, v in truth.items()})
    fit = sw.fit(start if known else sw.Law(equation, constants=list(truth)), runs, objective=kind)
    assert fit.params == pytest.approx(truth, rel=1e-5)
    assert fit.status == "ok"


def test_the_surface_of_kaplan() -> None:
    """No constant is linear, and two are scales of 1e13."""
    law = sw.law("kaplan2020")
    runs = runs_at(SIZES[:, None], TOKENS, 0.0, law=law)
    start = law.with_constants(N_c=1e12, alpha_N=0.2, D_c=1e15, alpha_D=0.05)
    fit = sw.fit(start, runs)
    assert fit.params == pytest.approx(law.values, rel=1e-6)
    assert fit.status == "ok"


def test_a_scale_of_unknown_size_is_not_guessed() -> None:
    law = sw.law("kaplan2020")
    form = sw.Law(law.equation, constants=list(law.values))
    assert sw.fit(form, runs_at(SIZES[:, None], TOKENS, 0.0, law=law)).status != "ok"


def test_repetition_with_held_decay() -> None:
    law = sw.law("muennighoff2023")
    n, d = (x.ravel() for x in np.broadcast_arrays(SIZES[:, None], TOKENS))
    runs = pl.DataFrame({"N": n, "D": d, "U": np.minimum(d, 2e10)})
    runs = runs.with_columns(loss=law.predict(N=runs["N"], D=runs["D"], U=runs["U"]))
    held = {"R_N_star": law.values["R_N_star"], "R_D_star": law.values["R_D_star"]}
    fit = sw.fit(law.with_constants(E=2.0, A=400.0, B=1000.0, alpha=0.33), runs, fixed=held)
    assert fit.params == pytest.approx(law.values, rel=1e-5)


def test_variables_without_a_column_take_their_defaults() -> None:
    law = sw.law("kumar2024_precision")
    held = {k: v for k, v in law.values.items() if k not in ("E", "A", "B", "alpha", "beta")}
    fit = sw.fit(law, runs_at(SIZES[:, None], TOKENS, 0.001), fixed=held)
    assert fit.status == "ok"
    assert fit.params["beta"] == pytest.approx(0.37, abs=0.03)


# --- the certificate ------------------------------------------------------------------------

GOOD: dict[str, Any] = {
    "remaining": 1e-15,
    "second_start": 0.0,
    "starts": 5,
    "conditioning": 1e-5,
    "vague": (),
    "at_bound": (),
    "one_line": False,
}


@pytest.mark.parametrize(
    ("wrong", "status", "note"),
    [
        ({}, "ok", ""),
        ({"remaining": 1e-6}, "not_converged", "Not at the optimum"),
        ({"remaining": float("nan")}, "not_converged", "Not at the optimum"),
        ({"second_start": 1e-4}, "several_optima", "several valleys"),
        ({"second_start": float("inf")}, "several_optima", "several valleys"),
        ({"at_bound": ("B",)}, "at_bound", "B went to zero"),
        ({"conditioning": 1e-16}, "unidentifiable", "do not determine all constants"),
        ({"vague": ("A", "B")}, "unidentifiable", "hardly bound A, B"),
        ({"one_line": True}, "unidentifiable", "Add runs at another budget"),
    ],
)
def test_the_gravest_finding_is_the_status(wrong: dict[str, Any], status: str, note: str) -> None:
    certificate = Certificate(**GOOD | wrong)
    assert certificate.status == status
    assert note in " ".join(certificate.notes())
    assert bool(certificate.notes()) == bool(wrong)


def test_all_that_is_wrong_is_told() -> None:
    bad = Certificate(1.0, 1.0, 5, 1e-3, ("A",), ("B",), False)
    assert bad.status == "not_converged"
    assert len(bad.notes()) == 4


# --- mistakes -------------------------------------------------------------------------------

RUNS = runs_at(SIZES[:, None], TOKENS[:2])
MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"runs": RUNS[:4]}, r"4 runs cannot determine 5 constants \(E, A, alpha, B, beta\)"),
    ({"weights": np.arange(24) < 3}, "3 runs cannot determine 5 constants"),
    ({"weights": np.ones(3)}, "weights must be 24 numbers"),
    ({"weights": -np.ones(24)}, "none negative"),
    ({"weights": np.full(24, np.nan)}, "weights must be 24 numbers"),
    ({"fixed": {"gamma": 1.0}}, "fixed names 'gamma', but typed has E, A, alpha, B, beta"),
    ({"fixed": {"E": float("nan")}}, "fixed must give E a finite number, not nan"),
    ({"fixed": {"E": "1.8"}}, "fixed must give E a finite number, not '1.8'"),
    ({"fixed": TRUTH}, "every constant is fixed"),
    ({"start": {"alpha": 0.3}}, "start lacks E, A, B, beta"),
    ({"start": {**TRUTH, "gamma": 1.0}}, "start names 'gamma'"),
    ({"start": {**TRUTH, "E": -1.0}}, "E stays above zero; start it there, not at -1.0"),
    ({"start": {**TRUTH, "A": 0.0}}, "A stays above zero"),
    ({"start": {**TRUTH, "beta": float("inf")}}, "start must give beta a finite number"),
    ({"objective": "hubber"}, "unknown objective 'hubber'; there are huber, least_squares, lad"),
    ({"delta": 0.0}, "delta must be positive"),
]


@pytest.mark.parametrize(("given", "message"), MISTAKES)
def test_mistakes_are_told(given: dict[str, Any], message: str) -> None:
    with pytest.raises(sw.FitError, match=message):
        sw.fit(**{"law": LAW, "runs": RUNS, **given})


def test_a_variable_without_column_or_default() -> None:
    law = sw.Law("E + A/N**alpha + G*W", constants={"E": 1, "A": 1, "alpha": 0.3, "G": 1})
    with pytest.raises(sw.FitError, match="typed needs a column 'W'"):
        sw.fit(law, RUNS)


def test_runs_outside_of_the_laws_domain_are_named() -> None:
    law = sw.Law("E - A*log(N - 2e8)", constants={"E": 5.0, "A": 0.1})
    rows = np.flatnonzero(RUNS["N"].to_numpy() <= 2e8)
    message = f"no value at {len(rows)} of 24 runs (rows {', '.join(map(str, rows))})"
    with pytest.raises(sw.FitError, match=re.escape(message)):
        sw.fit(law, RUNS)
    assert sw.fit(law, RUNS.filter(pl.col("N") > 2e8)).used == 24 - len(rows)


def test_fixed_may_cost_everything() -> None:
    fit = sw.fit(LAW, RUNS, fixed={"E": 5.0})
    assert fit.params["E"] == 5.0
    assert fit.status == "at_bound"
