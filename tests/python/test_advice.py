"""Every pitfall, built by simulation, gives its note; a healthy study gives no warning."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import scalewidgets as sw
from scalewidgets.fitting.advice import advise, of_fit
from scalewidgets.fitting.advice.note import Note
from scalewidgets.fitting.advice.of_fit import optima_by_objective
from scalewidgets.fitting.advice.study import Study, parabola_optimum

pytestmark = pytest.mark.slow

TRUTH = {"E": 1.8, "A": 480.0, "alpha": 0.35, "B": 2080.0, "beta": 0.37}
LAW = sw.Law("E + A/N**alpha + B/D**beta", constants=TRUTH)
# Czech et al. 2026, Sec. 4: Chinchilla's printed constants
SURFACE = {"E": 1.69, "A": 406.4, "B": 410.7, "alpha": 0.34, "beta": 0.28}
BUDGETS = np.geomspace(6e18, 6e21, 7)


def study(**options: object) -> pl.DataFrame:
    given: dict[str, object] = {"points": 11, "noise": 0.005, "width": 0.6, "seed": 0, **options}
    law, budgets = given.pop("law", LAW), given.pop("budgets", BUDGETS)
    return sw.simulate_isoflop_data(law, budgets, **given)  # type: ignore[arg-type]


def noisy(N: object, D: object, seed: int = 0, noise: float = 0.003) -> pl.DataFrame:
    n, d = np.broadcast_arrays(np.asarray(N, dtype=float), np.asarray(D, dtype=float))
    scatter = np.exp(noise * np.random.default_rng(seed).standard_normal(n.shape))
    loss = LAW.predict(N=n, D=d) * scatter
    return pl.DataFrame({"N": n.ravel(), "D": d.ravel(), "loss": loss.ravel()})


def codes(fit: sw.Fit, C: float | None = None, **options: bool) -> dict[str, Note]:
    return {note.code: note for note in advise(fit, C, **options)}


# --- a healthy study ------------------------------------------------------------------------


@pytest.mark.parametrize("objective", ["huber", "least_squares"])
@pytest.mark.parametrize("seed", range(5))
def test_a_healthy_study_gives_no_warning(seed: int, objective: str) -> None:
    fit = sw.fit(LAW, study(seed=seed), objective=objective)
    assert not [str(n) for n in advise(fit) if n.severity != "note"]
    assert not [str(n) for n in advise(fit, 3e22, objectives=True) if n.severity != "note"]


def test_trends_are_seen_no_more_often_than_chance_says() -> None:
    """60 true laws, heavy tails: more than 9 p-values of 60 below 0.05 come once in 1,000."""
    exact, rng = study(noise=0.0), np.random.default_rng(1)
    p = []
    for _ in range(60):
        scatter = np.exp(0.005 * rng.standard_t(4, len(exact)))
        fit = sw.fit(LAW, exact.with_columns(pl.col("loss") * scatter), start=TRUTH)
        p.append([Study(fit).trend(q)[0] for q in ("N", "D", "C", "D/N")])
    assert (np.array(p) < 0.05).sum(axis=0).max() <= 9
    assert np.median(p) == pytest.approx(0.5, abs=0.2)


def test_the_trend_is_the_textbooks_f_test() -> None:
    """Against least squares on the columns written out by hand; normal residuals, none cut."""
    from scipy.stats import f

    fit = sw.fit(LAW, study(), objective="least_squares")
    r = Study(fit).residuals
    assert np.abs(r).max() < 3 * Study(fit).scale
    n, d = (fit.runs[v].to_numpy() for v in "ND")
    p, loss = fit.params, fit.predict(N=n, D=d)
    a, b = n ** -p["alpha"], d ** -p["beta"]
    base = np.stack([np.ones_like(n), a, a * np.log(n), b, b * np.log(d)]) / loss
    x = np.log(n) - np.log(n).mean()

    def rss(columns: np.ndarray) -> float:  # type: ignore[type-arg]
        q, _ = np.linalg.qr((columns / np.linalg.norm(columns, axis=1)[:, None]).T)
        return float(r @ r - np.sum((q.T @ r) ** 2))

    small, large = rss(base), rss(np.vstack([base, x, x**2]))
    ratio = (small - large) / 2 / (large / (len(r) - 7))
    assert Study(fit).trend("N")[0] == pytest.approx(f.sf(ratio, 2, len(r) - 7), rel=1e-6)


# --- where the fit is used ------------------------------------------------------------------


def test_extrapolation_counts_decades() -> None:
    fit = sw.fit(LAW, study())
    assert "extrapolation" not in codes(fit)
    assert "extrapolation" not in codes(fit, 6e21)
    near = codes(fit, 6e22)["extrapolation"]
    assert near.severity == "note"
    assert "1.0 in C" in near.seen
    far = codes(fit, 6e26)["extrapolation"]
    assert far.severity == "warning"
    assert "5.0 in C" in far.seen
    assert "extrapolation" in codes(fit, 1e17)


def test_other_tokens_per_parameter() -> None:
    """All runs near 20 tokens a parameter, the fitted optimum elsewhere."""
    n = np.geomspace(1e8, 1e10, 12)[:, None]
    runs = noisy(n, n * np.array([200.0, 300.0, 450.0]))
    found = codes(sw.fit(LAW, runs, fixed={k: TRUTH[k] for k in ("E", "alpha")}), 1e22)
    assert "tokens_per_parameter" in found
    assert "the runs 200 to 450" in found["tokens_per_parameter"].seen


def test_no_optimum_is_an_error() -> None:
    """Kaplan's kind of law in one variable beyond the other: the loss falls in N without end."""
    law = sw.Law("E + A/N**alpha + D*0", constants={k: TRUTH[k] for k in ("E", "A", "alpha")})
    notes = advise(sw.fit(law, study()), 1e24)
    assert notes[0].code == "no_optimum"
    assert notes[0].severity == "error"


@pytest.mark.parametrize("C", [0.0, -1.0, float("nan"), float("inf"), "much"])
def test_compute_that_is_none_is_refused(C: object) -> None:
    with pytest.raises(sw.FitError, match="C must be a number"):
        advise(sw.fit(LAW, study()), C)  # type: ignore[arg-type]


# --- which runs were made -------------------------------------------------------------------


def test_few_budgets() -> None:
    note = codes(sw.fit(LAW, study(budgets=[1e19, 1e20, 1e21])))["few_budgets"]
    assert note.severity == "warning"
    assert note.seen == "3 budgets (1e19, 1e20, 1e21 FLOPs)."


def test_few_sizes() -> None:
    runs = noisy(np.array([1e8, 1e9, 1e10])[:, None], np.geomspace(2e9, 2e11, 6))
    assert codes(sw.fit(LAW, runs))["few_sizes"].seen == "Only 3 model sizes among 18 runs."


@pytest.mark.parametrize(("runs", "severity"), [(5, "error"), (9, "warning")])
def test_few_runs(runs: int, severity: str) -> None:
    n, d = np.geomspace(1e8, 1e10, runs), np.geomspace(1e10, 1e11, runs)[::-1]
    twice = pl.concat([noisy(n, d, seed) for seed in (0, 1, 2)])  # more seeds, no more runs
    note = codes(sw.fit(LAW, twice))["few_runs"]
    assert note.severity == severity
    assert note.seen == f"{runs} different runs for 5 free constants."


def test_optimum_outside_the_grid() -> None:
    runs = study(width=0.4, off_centre=0.6)
    note = codes(sw.fit(LAW, runs))["optimum_outside"]
    assert note.severity == "warning"
    assert "At 7 of 7 budgets" in note.seen


def test_a_wide_grid_says_which_way_approach_2_errs() -> None:
    """On Chinchilla's surface D comes out 5.1 % too small (Czech et al., Fig. 3): N too large."""
    surface = sw.Law(LAW.equation, constants=SURFACE)
    budgets = np.geomspace(1e17, 1e21, 5)
    runs = study(law=surface, width=np.log10(16), budgets=budgets, points=15, noise=1e-6)
    found = codes(sw.fit(surface, runs), 1e24)
    assert "5.4% too large" in found["wide_grid"].seen
    assert "reach 16 times" in found["wide_grid"].seen
    assert found["wide_grid"].severity == "warning"
    assert "uncentred_grid" not in found


def test_an_uncentred_grid_says_which_way_approach_2_errs() -> None:
    surface = sw.Law(LAW.equation, constants=SURFACE)
    budgets = np.geomspace(1e17, 1e21, 5)
    runs = study(
        law=surface, width=np.log10(8), budgets=budgets, off_centre=-np.log10(3), noise=1e-6
    )
    note = codes(sw.fit(surface, runs), 1e24)["uncentred_grid"]
    assert "centred at 0.33 times the optimum" in note.seen
    assert "too small" in note.seen  # D 6.5 % larger than on a centred grid
    assert note.severity == "warning"


def test_early_checkpoints() -> None:
    """Warm-up raises the loss of the first tenth of training by up to a tenth."""
    n, tokens = np.geomspace(1e8, 1e10, 6)[:, None], np.linspace(0.01, 1.0, 40)
    d = tokens * 20.0 * n
    runs = noisy(n, d, noise=0.001)
    extra = np.broadcast_to(1.0 + 0.1 * np.exp(-tokens / 0.03), d.shape).ravel()
    fit = sw.fit(LAW, runs.with_columns(pl.col("loss") * extra))
    note = codes(fit)["early_checkpoints"]
    assert note.severity == "warning"
    assert note.seen.startswith("24 of 240 runs")
    assert codes(sw.fit(LAW, runs))["early_checkpoints"].severity == "note"


def test_one_budget_dominates() -> None:
    """One budget with 61 sizes beside four with 5."""
    many = study(budgets=[1e20], points=61)
    few = study(budgets=[1e19, 3e19, 1e21, 3e21], points=5)
    note = codes(sw.fit(LAW, pl.concat([few, many]).drop("run")))["one_group"]
    assert note.seen.startswith("Budget 1e20 FLOPs has 75% of the runs' weight")


def test_one_family_dominates() -> None:
    family = (
        pl.when(pl.int_range(pl.len()) % 8 < 6)
        .then(pl.lit("ours"))
        .otherwise(pl.concat_str(pl.lit("other "), pl.int_range(pl.len()) % 3))
    )
    notes = advise(sw.fit(LAW, study().with_columns(family=family)))
    assert any(n.code == "one_group" and "family: ours" in n.seen for n in notes)


def test_one_run_far_from_all_others() -> None:
    alone = noisy([1e8], [5e7], noise=0.0)
    runs = pl.concat([study().select("N", "D", "loss"), alone])
    note = codes(sw.fit(LAW, runs, objective="least_squares"))["one_run"]
    assert f"run {len(runs) - 1} " in note.seen


def test_compute_that_is_not_6nd() -> None:
    runs = study()
    counted = runs.with_columns(C=pl.col("C") * (1.0 + (pl.col("N") / 1e8) ** -0.5))
    assert "flops" not in codes(sw.fit(LAW, runs))
    assert "times 6ND" in codes(sw.fit(LAW, counted))["flops"].seen


# --- what was fitted ------------------------------------------------------------------------


def test_a_floor_that_collapsed() -> None:
    law = sw.Law(LAW.equation, constants={**TRUTH, "E": 1e-6, "A": 60.0, "alpha": 0.2})
    note = codes(sw.fit(law, study(law=law)))["floor_collapsed"]
    assert note.severity == "warning"
    low = sw.Law(LAW.equation, constants={**TRUTH, "E": 0.6, "A": 2e3, "B": 1e4})
    found = codes(sw.fit(low, study(law=low, noise=1e-4)))
    assert found["floor_low"].severity == "note"


def test_a_constant_at_its_bound() -> None:
    """A second term in N that the runs do not have."""
    law = sw.Law("E + A/N**alpha + B/D**beta + G/N**0.9", constants={**TRUTH, "G": 1e3})
    runs = study(noise=0.0).with_columns(pl.col("loss") - 1e5 * pl.col("N") ** -0.9)
    note = codes(sw.fit(law, runs, fixed={"alpha": 0.35, "beta": 0.37}))["at_bound"]
    assert note.seen == "G lies at its bound, 0."
    for name, value in (("alpha", 0.45), ("E", 1.9)):
        pinned = codes(sw.fit(LAW, study(), bounds={name: (value, 3.0)}))["at_bound"]
        assert pinned.seen == f"{name} lies at its bound, {value}."
        assert pinned.do.startswith("Widen the bound")


def test_constants_that_the_runs_leave_open() -> None:
    """Six runs a constant, but a factor of two in each input."""
    n = np.geomspace(1e9, 2e9, 6)[:, None]
    found = codes(sw.fit(LAW, noisy(n, np.geomspace(2e10, 4e10, 5), noise=0.02)))
    assert found["vague"].severity == "warning"
    assert found["vague"].seen.startswith("Hardly bounded: ")


def test_what_the_certificate_found() -> None:
    fit = sw.fit(LAW, study())
    stopped = replace(fit, certificate=replace(fit.certificate, remaining=1e-3))
    assert codes(stopped)["not_converged"].severity == "error"
    valleys = replace(fit, certificate=replace(fit.certificate, second_start=0.1))
    assert codes(valleys)["several_optima"].severity == "warning"


def test_runs_on_one_line() -> None:
    n = np.geomspace(1e8, 1e10, 30)
    found = codes(sw.fit(LAW, noisy(n, 20.0 * n)))
    assert found["one_line"].severity == "warning"


def test_lack_of_fit() -> None:
    """Runs of a law whose terms are coupled (Videau et al. 2026), fitted without coupling."""
    values = {"E": 0.5, "A": 4e5, "alpha": 0.6, "B": 4e6, "beta": 0.6, "k": 0.35}
    coupled = sw.Law("E + (A/N**alpha + B/D**beta)**k", constants=values)
    runs = study(law=coupled, noise=0.001, width=1.0)
    note = codes(sw.fit(LAW, runs))["lack_of_fit"]
    assert note.severity == "warning"
    assert "lack_of_fit" not in codes(sw.fit(coupled, runs))


def test_outliers_that_move_the_optimum() -> None:
    """Six of the largest models came out 10 % too high."""
    runs = study()
    bad = runs.sort("N")["run"].tail(6).to_list()
    lifted = pl.when(pl.col("run").is_in(bad)).then(pl.col("loss") * 1.1).otherwise("loss")
    fit = sw.fit(LAW, runs.with_columns(loss=lifted), objective="least_squares")
    note = codes(fit, 1e23)["outliers"]
    assert note.severity == "warning"
    assert all(str(run) in note.seen for run in bad)


def test_other_objectives_only_when_asked() -> None:
    runs = study(noise=0.03)
    lifted = pl.when(pl.col("N") > 3e10).then(pl.col("loss") * 1.15).otherwise("loss")
    fit = sw.fit(LAW, runs.with_columns(loss=lifted))
    assert "objective" not in codes(fit, 1e23)
    note = codes(fit, 1e23, objectives=True)["objective"]
    table = optima_by_objective(fit, 1e23)
    assert table["objective"].to_list() == list(of_fit.OBJECTIVES)
    lad = sw.fit(LAW, fit.runs, objective="lad")
    assert table["N_opt"][3] == pytest.approx(float(lad.N_opt(1e23)), rel=1e-3)
    spread = table["N_opt"].max() / table["N_opt"].min()  # type: ignore[operator]
    assert f"{spread:.2f}" in note.seen
    with pytest.raises(sw.FitError, match="no loss over N and D"):
        optima_by_objective(sw.fit(sw.Law("E + A/C**a", constants=["E", "A", "a"]), runs), 1e23)


# --- the notes themselves -------------------------------------------------------------------


def test_notes_are_sorted_sourced_and_stable() -> None:
    n = np.geomspace(1e8, 1e10, 5)
    fit = sw.fit(LAW, noisy(n, 20.0 * n))
    notes = advise(fit, 1e26, objectives=True)
    gravity = [("error", "warning", "note").index(n.severity) for n in notes]
    assert gravity == sorted(gravity)
    assert len({n.severity for n in notes}) >= 2
    for note in notes:
        assert note.seen
        assert note.do
        assert "arXiv" in note.source or "19" in note.source
    assert [str(n) for n in notes] == [str(n) for n in advise(fit, 1e26, objectives=True)]


def test_a_law_without_n_and_d_is_advised_too() -> None:
    law = sw.Law("E + A/C**alpha", constants={"E": 1.8, "A": 480.0, "alpha": 0.15})
    assert "lack_of_fit" in codes(sw.fit(law, study()), 1e24)


@pytest.mark.parametrize(
    ("constants", "width", "error"),
    [((0.34, 0.28), 16, -5.1002), ((0.34, 0.28), 8, -2.9029), ((0.465, 0.155), 16, -23.1163)],
)
def test_the_bias_of_parabolas_is_the_published_one(
    constants: tuple[float, float], width: int, error: float
) -> None:
    """Czech et al. 2026 (arXiv:2603.22339), Fig. 3: error of D at 1e24 in per cent."""
    alpha, beta = constants
    values = {**SURFACE, "alpha": alpha, "beta": beta}
    surface = sw.Law(LAW.equation, constants=values)
    grids = [
        (C, float(surface.N_opt(C)) * np.geomspace(1 / width, width, 15))
        for C in (1e17, 1e18, 1e19, 1e20, 1e21)
    ]
    n, a = parabola_optimum(surface, grids, 1e24)
    assert 100.0 * (float(surface.N_opt(1e24)) / n - 1.0) == pytest.approx(error, abs=1e-3)
    assert a == pytest.approx(beta / (alpha + beta), abs=1e-6)
