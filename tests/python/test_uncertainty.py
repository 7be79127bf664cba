"""Intervals: the covariance against the bootstrap, both against the truth."""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from scipy.stats import binom, t

import scalewidgets as sw
from scalewidgets.fitting import resampling, solver, uncertainty
from scalewidgets.fitting.leverage import leverage

TRUTH = {"E": 1.8, "A": 480.0, "alpha": 0.35, "B": 2080.0, "beta": 0.37}
LAW = sw.Law("E + A/N**alpha + B/D**beta", constants=TRUTH)
KINDS = ["huber", "least_squares", "lad"]
EXACT = {
    points: sw.simulate_isoflop_data(
        LAW, np.geomspace(6e18, 3e21, 9), points=points, noise=0.0, width=0.6
    )
    for points in (5, 9, 15)
}


def sweep(seed: int, noise: float = 0.005, points: int = 15) -> pl.DataFrame:
    scatter = np.random.default_rng(seed).standard_normal(9 * points)
    return EXACT[points].with_columns(pl.col("loss") * np.exp(noise * scatter))


@pytest.fixture(scope="module")
def fitted() -> dict[str, sw.Fit]:
    return {kind: sw.fit(LAW, sweep(0), objective=kind) for kind in KINDS}


def logs(fit: sw.Fit, draws: pl.DataFrame) -> npt.NDArray[np.float64]:
    """Draws in the fit's coordinates: logarithms of amplitudes, exponents as they are."""
    return fit.problem.theta({name: draws[name].to_numpy() for name in draws.columns})


def errors(fit: sw.Fit) -> npt.NDArray[np.float64]:
    """Standard errors (5,) in the same coordinates."""
    scales = [abs(fit.params[c.name]) if c.sign else 1.0 for c in fit.problem.coordinates]
    return np.sqrt(np.diagonal(fit.covariance)) / scales


# --- covariance -----------------------------------------------------------------------------


def test_least_squares_agrees_with_the_bootstrap(fitted: dict[str, sw.Fit]) -> None:
    """2,000 draws know a standard deviation to 1.6 %, the sandwich's own error is 1/sqrt(2 n)."""
    fit = fitted["least_squares"]
    draws = logs(fit, fit.bootstrap(2000).draws)
    own = 1.0 / np.sqrt(2.0 * fit.used)
    np.testing.assert_allclose(errors(fit) / draws.std(axis=0, ddof=1), 1.0, atol=3 * own)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["huber", "lad"])
def test_robust_objectives_agree_roughly_with_the_bootstrap(
    fitted: dict[str, sw.Fit], kind: str
) -> None:
    """Their covariance needs the density of residuals near zero: a third of them tell it."""
    fit = fitted[kind]
    draws = logs(fit, fit.bootstrap(300).draws)
    np.testing.assert_allclose(errors(fit) / draws.std(axis=0, ddof=1), 1.0, atol=0.35)


def test_leverage_is_the_diagonal_of_the_hat_matrix() -> None:
    """Also where two constants explain the same, one is held and one run is left out."""
    rng = np.random.default_rng(0)
    slopes, weights = rng.standard_normal((4, 12)), rng.uniform(0.5, 2.0, 12)
    slopes[2], slopes[3], weights[5] = 1e-6 * slopes[0], 0.0, 0.0
    pull = leverage(slopes, weights)
    root = np.sqrt(weights)[:, None] * slopes[:2].T
    hat = root @ np.linalg.inv(root.T @ root) @ root.T
    np.testing.assert_allclose(pull.own, np.diagonal(hat), atol=1e-9)
    assert pull.own[5] == 0.0
    values = slopes.T @ [1.0, 2.0, 0.0, 0.0]
    np.testing.assert_allclose(pull.smooth(values), values, atol=1e-9)


def test_on_a_straight_line_the_covariance_is_hc4() -> None:
    rng = np.random.default_rng(1)
    x = np.append(np.linspace(0.0, 1.0, 19), 4.0)
    loss = 2.0 + 0.5 * x + 0.01 * rng.standard_normal(20)
    runs = pl.DataFrame({"N": [1e9] * 20, "D": [1e10] * 20, "x": x, "loss": loss})
    objective = sw.Objective("least_squares", log=False)
    fit = sw.fit(sw.Law("a + b*x", constants={"a": 1.0, "b": 1.0}), runs, objective=objective)
    design = np.stack([np.ones(20), x], axis=1)
    inverse = np.linalg.inv(design.T @ design)
    h = np.sum(design @ inverse * design, axis=1)
    assert h[-1] > 0.8
    r = loss - design @ [fit.params["a"], fit.params["b"]]
    shifts = inverse @ design.T * r * (1.0 - h) ** (-0.5 * np.minimum(4.0, 20 * h / 2))
    np.testing.assert_allclose(fit.covariance, shifts @ shifts.T, rtol=1e-6)
    fourth = np.sum(shifts**4, axis=1) / 3.0
    degrees = np.minimum(np.sum(shifts**2, axis=1) ** 2 / fourth, 18)
    assert list(fit.degrees.values()) == pytest.approx(list(degrees), rel=1e-6)
    assert max(fit.degrees.values()) < 6  # one run decides


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_uneven_scatter_is_covered(kind: Any) -> None:
    """Errors that grow eightfold with x; fewer hits than the bound come once in 1,000 at 93 %."""
    law = sw.Law("a + b*x", constants={"a": 2.0, "b": 0.5})
    x, hits = np.linspace(0.0, 1.0, 60), np.zeros(2)
    for seed in range(200):
        noise = 0.002 * (1.0 + 7.0 * x**2) * np.random.default_rng(seed).standard_normal(60)
        runs = pl.DataFrame({"N": [1e9] * 60, "D": [1e10] * 60, "x": x, "loss": 2.0 + 0.5 * x})
        runs = runs.with_columns(loss=pl.col("loss") * np.exp(noise))
        fit = sw.fit(law, runs, objective=kind, start={"a": 2.0, "b": 0.5})
        low, high = np.array(list(fit.conf_int().values())).T
        hits += (low <= [2.0, 0.5]) & (high >= [2.0, 0.5])
    assert hits.min() >= binom.ppf(0.001, 200, 0.93)
    assert hits.max() <= binom.ppf(0.999, 200, 0.98)


def test_least_squares_is_the_textbook_formula(fitted: dict[str, sw.Fit]) -> None:
    """With equal scatter everywhere the sandwich comes near s^2 (J'J)^-1."""
    fit = fitted["least_squares"]
    columns = {v: fit.runs[v] for v in "ND"}
    slopes = fit.law.partials(**columns)
    jacobian = np.stack([slopes[n] / fit.predict(**columns) for n in TRUTH], axis=1)
    variance = 2.0 * fit.value / (fit.used - 5)
    textbook = np.sqrt(variance * np.diagonal(np.linalg.inv(jacobian.T @ jacobian)))
    np.testing.assert_allclose([fit.stderr[n] for n in TRUTH], textbook, rtol=0.3)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_covariance_holds_the_truth(kind: str) -> None:
    """95 % intervals of simulated sweeps; fewer hits than the bound come once in 1,000 at 93 %."""
    count = 40
    hits = dict.fromkeys(TRUTH, 0)
    for seed in range(count):
        intervals = sw.fit(LAW, sweep(seed, points=9), objective=kind, start=TRUTH).conf_int()
        for name, (low, high) in intervals.items():
            hits[name] += low <= TRUTH[name] <= high
    least = binom.ppf(0.001, count, 0.93)
    assert min(hits.values()) >= least
    assert sum(hits.values()) < 5 * count


@pytest.mark.parametrize("kind", KINDS)
def test_errors_shrink_with_the_noise(kind: str) -> None:
    """Exactly so where the noise is small, and the law straight within it."""
    wide, narrow = (
        errors(sw.fit(LAW, sweep(1, noise), objective=sw.Objective(kind, 0.2 * noise)))  # type: ignore[arg-type]
        for noise in (4e-5, 2e-5)
    )
    np.testing.assert_allclose(wide / narrow, 2.0, rtol=0.01)


def test_raw_losses_too() -> None:
    fit = sw.fit(LAW, sweep(0), objective=sw.Objective("least_squares", log=False))
    draws = logs(fit, fit.bootstrap(500).draws)
    np.testing.assert_allclose(errors(fit) / draws.std(axis=0, ddof=1), 1.0, atol=0.25)


SIZES, TOKENS = np.geomspace(1e8, 1e10, 6), np.geomspace(1e9, 1e12, 6)
# designs, and the constants of which they say nothing
SILENT: dict[str, tuple[npt.ArrayLike, npt.ArrayLike, str]] = {
    "one run again and again": (1e9, np.full(18, 2e10), "E A alpha B beta"),
    "one size": (1e9, np.repeat(TOKENS, 3), "E A alpha"),
    "one number of tokens": (np.repeat(SIZES, 3), 1e11, "E B beta"),
    "two sizes": (np.repeat(SIZES[[0, -1]], 9), np.tile(TOKENS, 3), "E A alpha"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("design", SILENT)
def test_what_the_runs_do_not_say_is_unbounded(design: str, kind: Any) -> None:
    """However the machine rounds: with rows in any order, and numbers moved by their last bits."""
    rng = np.random.default_rng(0)
    n, d = (np.ravel(x) for x in np.broadcast_arrays(*SILENT[design][:2]))
    loss = LAW.predict(N=n, D=d) * np.exp(0.005 * rng.standard_normal(n.size))
    for _ in range(8):
        order = rng.permutation(n.size)
        other = (1.0 + 4e-16 * rng.integers(-2, 3, n.size) for _ in range(3))
        moved = (x[order] * by for x, by in zip((n, d, loss), other, strict=True))
        fit = sw.fit(
            LAW, pl.DataFrame(dict(zip(("N", "D", "loss"), moved, strict=True))), objective=kind
        )
        assert fit.status in ("unidentifiable", "at_bound")
        unbounded = [name for name, error in fit.stderr.items() if np.isinf(error)]
        assert unbounded == SILENT[design][2].split()
        known = [i for i, name in enumerate(TRUTH) if name not in unbounded]
        assert np.isfinite(fit.covariance[np.ix_(known, known)]).all()
        low, high = fit.conf_int()[unbounded[0]]
        assert (low, high) == (0.0, np.inf)


def test_what_they_do_say_is_as_if_the_rest_were_held() -> None:
    """Of one size B and beta are known as well as if E, A and alpha were one constant."""
    runs = pl.DataFrame({"N": [1e9] * 18, "D": np.repeat(TOKENS, 3)})
    scatter = np.random.default_rng(0).standard_normal(18)
    runs = runs.with_columns(loss=LAW.predict(N=1e9, D=runs["D"]) * np.exp(0.005 * scatter))
    whole = sw.fit(LAW, runs, objective="least_squares")
    curve = sw.Law("E + B/D**beta", constants={"E": 2.0, "B": 2080.0, "beta": 0.37})
    part = sw.fit(curve, runs, objective="least_squares")
    for name in ("B", "beta"):
        assert whole.stderr[name] == pytest.approx(part.stderr[name], rel=1e-4)
    ground = whole.valley("B", "beta", points=9)
    assert np.nanmin(ground.rise) < 0.01 * ground.limits[0.95] < 0.02 * np.nanmax(ground.rise)


# --- intervals ------------------------------------------------------------------------------


def test_intervals_follow_their_level(fitted: dict[str, sw.Fit]) -> None:
    fit = fitted["huber"]
    narrow, wide = fit.conf_int(0.5), fit.conf_int(0.99)
    for name, value in fit.params.items():
        assert wide[name][0] < narrow[name][0] < value < narrow[name][1] < wide[name][1]
    low, high = fit.conf_int(0.9)["alpha"]
    assert (high - low) / 2 == pytest.approx(t.ppf(0.95, 135 - 5) * fit.stderr["alpha"])
    low, high = fit.conf_int(0.9)["A"]
    assert low * high == pytest.approx(fit.params["A"] ** 2)
    assert low > 0


@pytest.mark.parametrize("level", [0.0, 1.0, -0.5, 95, float("nan")])
def test_levels_that_are_none(fitted: dict[str, sw.Fit], level: float) -> None:
    boot = fitted["least_squares"].bootstrap(10)
    for conf_int in (fitted["huber"].conf_int, boot.conf_int):
        with pytest.raises(sw.FitError, match="level must lie between 0 and 1"):
            conf_int(level)


# --- bootstrap ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_draw_is_a_fit_of_its_resample(fitted: dict[str, sw.Fit], kind: str) -> None:
    fit = fitted[kind]
    boot = fit.bootstrap(3, seed=7)
    rng = np.random.default_rng(7)
    counts = rng.multinomial(fit.used, np.full(fit.used, 1.0 / fit.used), size=3)
    for row, count in zip(boot.draws.iter_rows(named=True), counts, strict=True):
        resample = sw.fit(LAW, fit.runs, objective=kind, weights=count)
        assert row == pytest.approx(resample.params, rel=1e-5)


def test_the_same_seed_gives_the_same_draws(fitted: dict[str, sw.Fit]) -> None:
    fit = fitted["huber"]
    assert fit.bootstrap(60, seed=3).draws.equals(fit.bootstrap(60, seed=3).draws)
    assert not fit.bootstrap(60, seed=3).draws.equals(fit.bootstrap(60, seed=4).draws)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("chunk", [1, 4])
def test_the_size_of_a_chunk_does_not_matter(
    fitted: dict[str, sw.Fit], kind: str, chunk: int
) -> None:
    fit = fitted[kind]
    parts = [draws for draws, _ in uncertainty.bootstrap_chunks(fit, 9, seed=3, chunk=chunk)]
    assert pl.concat(parts).equals(fit.bootstrap(9, seed=3).draws)


def test_runs_left_out_are_never_drawn() -> None:
    runs, keep = sweep(0, points=5), np.arange(45) != 3
    spoilt = runs.with_columns(loss=pl.when(pl.col("run") == 3).then(50.0).otherwise("loss"))
    with_it = sw.fit(LAW, spoilt, weights=keep).bootstrap(20)
    without = sw.fit(LAW, runs.filter(keep)).bootstrap(20)
    for name in TRUTH:
        np.testing.assert_allclose(with_it.draws[name], without.draws[name], rtol=1e-6)


def test_held_constants_stay_in_every_draw() -> None:
    boot = sw.fit(LAW, sweep(0, points=5), fixed={"E": 1.75}).bootstrap(20)
    assert boot.draws["E"].unique().to_list() == [1.75]
    assert boot.stderr["E"] == 0.0
    assert boot.draws.columns == list(TRUTH)


@pytest.mark.slow
def test_the_percentiles_hold_the_truth() -> None:
    """Basic check of coverage: 40 sweeps of 81 runs, 100 draws each, alpha only."""
    hits = 0
    for seed in range(40):
        fit = sw.fit(LAW, sweep(seed, points=9), objective="least_squares", start=TRUTH)
        low, high = fit.bootstrap(100, seed=seed).conf_int()["alpha"]
        hits += low <= TRUTH["alpha"] <= high
    assert binom.ppf(0.001, 40, 0.90) <= hits < 40


class Interrupted:
    """minimise, until it has been called often enough."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def __call__(self, *args: object) -> object:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return minimise(*args)  # type: ignore[arg-type]


minimise = resampling.minimise


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(uncertainty, "CHUNK", 10)
    return monkeypatch


def test_an_interrupt_keeps_the_draws_made(
    fitted: dict[str, sw.Fit], small_chunks: pytest.MonkeyPatch
) -> None:
    fit = fitted["least_squares"]
    whole = fit.bootstrap(50)
    small_chunks.setattr(resampling, "minimise", Interrupted(3))
    with pytest.warns(UserWarning, match="bootstrap interrupted: 30 of 50 draws kept"):
        part = fit.bootstrap(50)
    assert part.asked == 50
    assert part.draws.equals(whole.draws.head(30))
    assert set(part.conf_int()) == set(TRUTH)


def test_an_interrupt_before_any_draw_is_an_interrupt(
    fitted: dict[str, sw.Fit], small_chunks: pytest.MonkeyPatch
) -> None:
    small_chunks.setattr(resampling, "minimise", Interrupted(0))
    with pytest.raises(KeyboardInterrupt):
        fitted["least_squares"].bootstrap(50)


def test_resamples_that_fail_are_counted(
    fitted: dict[str, sw.Fit], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(solver, "MAX_ITERATIONS", 4)
    boot = fitted["huber"].bootstrap(50)
    assert boot.failed > 0
    assert len(boot.draws) + boot.failed == boot.asked == 50


def test_no_resample_is_no_bootstrap(fitted: dict[str, sw.Fit]) -> None:
    with pytest.raises(sw.FitError, match="resamples must be a whole number, at least 1"):
        fitted["huber"].bootstrap(0)
