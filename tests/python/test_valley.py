"""The valley against refits, profiles and closed forms; how often its regions hold the truth."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.stats import binom, chi2, f, norm

import scalewidgets as sw
from scalewidgets.fitting import valley

pytestmark = pytest.mark.slow

TRUTH = {"E": 1.8, "A": 480.0, "alpha": 0.35, "B": 2080.0, "beta": 0.37}
LAW = sw.Law("E + A/N**alpha + B/D**beta", constants=TRUTH)
KINDS = ["huber", "least_squares", "lad"]
# How much too high the rise may be, as a share of the limit: its own kinks for |r|.
SLACK = {"huber": 0.02, "least_squares": 1e-6, "lad": 0.1}
RUNS = sw.simulate_isoflop_data(LAW, np.geomspace(6e18, 3e21, 9), 15, 0.005, 1, width=0.6)


@pytest.fixture(scope="module")
def fitted() -> dict[str, sw.Fit]:
    return {kind: sw.fit(LAW, RUNS, objective=kind) for kind in KINDS}


def on_a_line(noise: Any, count: int = 12) -> sw.Fit:
    """a + b x by least squares: everything about it is known."""
    x = np.linspace(0.0, 3.0, count)
    runs = pl.DataFrame({"N": [1e9] * count, "D": [1e10] * count, "x": x})
    runs = runs.with_columns(loss=2.0 + 0.5 * x + noise)
    law = sw.Law("a + b*x", constants={"a": 2.0, "b": 0.5})
    return sw.fit(law, runs, objective=sw.Objective("least_squares", log=False))


# --- the rise -------------------------------------------------------------------------------


def test_on_a_straight_line_it_is_the_textbooks_ellipse() -> None:
    fit = on_a_line(0.01 * np.random.default_rng(1).standard_normal(12))
    found = fit.valley("b", "a", levels=[0.5, 0.95], points=9)
    design = np.stack([np.ones(12), fit.runs["x"].to_numpy()], axis=1)
    a, b = np.meshgrid(found.y, found.x, indexing="ij")
    away = np.stack([a - fit.params["a"], b - fit.params["b"]], axis=-1)
    near = ~np.isnan(found.rise)
    ellipse = 0.5 * np.einsum("jip,pq,jiq->ji", away, design.T @ design, away)
    np.testing.assert_allclose(found.rise[near], ellipse[near], rtol=1e-6, atol=1e-9 * fit.value)
    for level, limit in found.limits.items():
        variance = 2.0 * fit.value / 10
        assert limit == pytest.approx(variance * f.ppf(level, 2, 10), rel=1e-9)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("pair", [("alpha", "beta"), ("E", "alpha"), ("A", "alpha")])
def test_the_rise_is_that_of_fits_with_both_held(
    fitted: dict[str, sw.Fit], kind: str, pair: tuple[str, str]
) -> None:
    """sw.fit searches globally, from nothing."""
    fit = fitted[kind]
    found = fit.valley(*pair, points=13)
    limit = found.limits[0.95]
    inside = np.argwhere(found.rise < 1.2 * limit)
    for j, i in inside[:: max(len(inside) // 6, 1)]:
        fixed = dict(zip(pair, (found.x[i], found.y[j]), strict=True))
        best = sw.fit(LAW, RUNS, objective=fit.objective, fixed=fixed).value - fit.value
        assert -1e-6 * limit < found.rise[j, i] - best < SLACK[kind] * limit


@pytest.mark.parametrize("kind", KINDS)
def test_its_floor_is_the_profile(fitted: dict[str, sw.Fit], kind: Any) -> None:
    """At the ends of one constant's interval the least over the other is the profile's rise."""
    fit = fitted[kind]
    found = fit.valley("alpha", "beta", points=81)
    for axis, name, values in ((0, "alpha", found.x), (1, "beta", found.y)):
        floor = np.sqrt(np.maximum(np.min(found.rise, axis=axis), 0.0))
        profile = fit.profile(name)
        for end in profile.intervals[name]:
            nearest = profile.curves.sort((pl.col("value") - end).abs()).row(0, named=True)
            rise = np.interp(end, values, floor) ** 2
            known = nearest["objective"] - fit.value
            assert rise == pytest.approx(known, abs=(0.005 + SLACK[kind]) * found.limits[0.95])


@pytest.mark.parametrize("kind", KINDS)
def test_the_grid_goes_just_beyond_the_region(fitted: dict[str, sw.Fit], kind: str) -> None:
    found = fitted[kind].valley()
    inside = found.rise < found.limits[0.95]
    for across in (inside, inside.T):
        rows = np.flatnonzero(across.any(axis=1))
        assert 0 < rows[0] < 8
        assert 40 < rows[-1] < 48
    assert (np.diff(found.x) > 0).all()
    assert (np.diff(found.y) > 0).all()
    assert found.rise.shape == (49, 49)
    assert found.limits[0.68] < found.limits[0.95]


def test_a_narrow_valley_is_followed_along_its_floor(fitted: dict[str, sw.Fit]) -> None:
    """A and alpha make up for each other: only a strip has values, from corner to corner."""
    found = fitted["least_squares"].valley("A", "alpha", points=61)
    assert 0.05 < np.mean(~np.isnan(found.rise)) < 0.5
    inside = found.rise < found.limits[0.95]
    assert inside.any(axis=0).mean() > 0.8
    assert fitted["least_squares"].valley("A", "alpha", points=6).rise.shape == (6, 6)
    edge = np.nanmin(np.where(np.isnan(found.rise), np.nan, found.rise)[[0, -1]])
    assert edge > found.limits[0.95]


def test_amplitudes_below_zero() -> None:
    """Their coordinate falls while they rise."""
    law = sw.Law("E - A*N**alpha", constants={"E": 1.0, "A": -200.0, "alpha": -0.3})
    n = np.geomspace(1e7, 1e10, 40)
    noise = 0.002 * np.random.default_rng(3).standard_normal(40)
    runs = pl.DataFrame({"N": n, "D": n, "loss": law.predict(N=n) * np.exp(noise)})
    fit = sw.fit(law, runs, objective="least_squares")
    found, other = fit.valley("A", "E", points=21), fit.valley("E", "A", points=21)
    assert (np.diff(found.x) > 0).all()
    assert found.x[0] < fit.params["A"] < found.x[-1] < 0
    np.testing.assert_allclose(other.x, found.y, rtol=1e-6)
    both = ~np.isnan(found.rise) & ~np.isnan(other.rise.T)
    assert both.sum() > 40
    limit = found.limits[0.95]
    np.testing.assert_allclose(found.rise[both], other.rise.T[both], rtol=1e-3, atol=1e-3 * limit)


# --- the limits -----------------------------------------------------------------------------


@pytest.mark.parametrize(("level", "spare"), [(0.5, 3), (0.68, 20), (0.95, 230)])
def test_limits_of_like_and_unlike_scales(level: float, spare: int) -> None:
    like = valley._quantile(np.array([2.0, 2.0]), level, spare)
    assert like == pytest.approx(2.0 * 2.0 * f.ppf(level, 2, spare), rel=1e-10)
    rng = np.random.default_rng(0)
    u, s2 = rng.standard_normal((2, 400_000)), rng.chisquare(spare, 400_000) / spare
    q = valley._quantile(np.array([5.0, 0.3]), level, spare)
    assert np.mean((5.0 * u[0] ** 2 + 0.3 * u[1] ** 2) / s2 < q) == pytest.approx(level, abs=3e-3)
    # one of them nothing: a single normal's square
    one = valley._quantile(np.array([1.0, 1e-9]), level, 10**7)
    assert one == pytest.approx(chi2.ppf(level, 1), rel=0.02)
    assert one == pytest.approx(norm.ppf(0.5 + 0.5 * level) ** 2, rel=0.02)


@pytest.mark.parametrize("kind", KINDS)
def test_the_regions_hold_the_truth(kind: str) -> None:
    """Too few and too many hits come once in 1,000 each at 92 and 98 %."""
    count, hits = (30 if kind == "lad" else 100), 0  # its fits take four times as long
    clean = sw.simulate_isoflop_data(LAW, np.geomspace(6e18, 3e21, 9), 9, 0.0, width=0.6)
    for seed in range(count):
        noise = 0.005 * np.random.default_rng(seed).standard_normal(81)
        runs = clean.with_columns(pl.col("loss") * np.exp(noise))
        fit = sw.fit(LAW, runs, objective=kind, start=TRUTH)
        held = sw.fit(LAW, runs, objective=kind, fixed={"alpha": 0.35, "beta": 0.37})
        hits += held.value - fit.value < fit.valley(points=5).limits[0.95]
    assert binom.ppf(0.001, count, 0.92) <= hits <= binom.ppf(0.999, count, 0.98)


def test_uneven_scatter_is_seen() -> None:
    """Errors that grow with x: the even region holds the true line too seldom."""
    hits, x = {"even": 0, "uneven": 0}, np.linspace(0.0, 3.0, 60)
    for seed in range(100):
        fit = on_a_line(0.03 * x**4 / 81 * np.random.default_rng(seed).standard_normal(60), 60)
        truth = fit.problem.theta({"a": 2.0, "b": 0.5})[None]
        miss = fit.problem.predict(truth)[0] - fit.runs["loss"].to_numpy()
        rise = 0.5 * float(miss @ miss) - fit.value
        for scatter in hits:
            limits = fit.valley("a", "b", points=5, scatter=scatter).limits  # type: ignore[arg-type]
            hits[scatter] += rise < limits[0.95]
    assert hits["uneven"] >= 87  # 95 less what chance takes once in 1,000
    assert hits["even"] < hits["uneven"]


# --- what has none --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (
            lambda fit: fit.valley("alpha", "gamma"),
            "'gamma' is no constant of the law; there are E",
        ),
        (lambda fit: fit.valley("alpha", "alpha"), "x and y are both alpha"),
        (lambda fit: fit.valley(levels=[95]), "levels must lie between 0 and 1, not 95"),
        (lambda fit: fit.valley(levels=[]), "levels holds none"),
        (lambda fit: fit.valley(levels=[1e-54]), "levels: at 1e-54 the region is but a point"),
        (lambda fit: fit.valley(points=2), "points must be a whole number, at least 5 .* not 2"),
        (lambda fit: fit.valley(scatter="odd"), 'scatter is "even" or "uneven", not \'odd\''),
    ],
)
def test_what_cannot_be_asked(
    fitted: dict[str, sw.Fit], ask: Callable[[Any], object], told: str
) -> None:
    with pytest.raises(sw.FitError, match=told):
        ask(fitted["least_squares"])


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"fixed": {"beta": 0.37}}, "'beta' is held; there are E, A, alpha, B"),
        ({"tied": {"beta": "alpha"}}, "'beta' is tied to alpha"),
        ({"bounds": {"beta": (0.6, 0.9)}}, "beta lies at its bound"),
    ],
)
def test_constants_that_are_not_free(more: dict[str, Any], told: str) -> None:
    with pytest.raises(sw.FitError, match=told):
        sw.fit(LAW, RUNS, **more).valley()


def test_fits_without_scatter_or_freedom() -> None:
    exact = RUNS.with_columns(loss=LAW.predict(N=RUNS["N"], D=RUNS["D"]))
    with pytest.raises(sw.FitError, match="the runs lie on the law"):
        sw.fit(LAW, exact, objective="least_squares").valley()
    few = RUNS.filter(pl.Series(np.isin(np.arange(135), [0, 14, 66, 120, 134])))
    with pytest.raises(sw.FitError, match="5 runs for 5 constants leave no scatter"):
        sw.fit(LAW, few).valley()
    same = pl.DataFrame({"N": [1e9] * 8, "D": [2e10] * 8, "loss": [2.5, 2.6] * 4})
    with pytest.raises(sw.FitError, match="the runs do not determine alpha and beta"):
        sw.fit(LAW, same, objective="least_squares").valley()


def test_bounds_end_the_grid(fitted: dict[str, sw.Fit]) -> None:
    free = fitted["least_squares"].valley(points=9)
    wall = 0.5 * (free.x[0] + fitted["least_squares"].params["alpha"])
    bounded = sw.fit(LAW, RUNS, objective="least_squares", bounds={"alpha": (wall, 1.0)})
    assert bounded.valley(points=9).x[0] == pytest.approx(wall)


def test_a_lower_valley_is_told(fitted: dict[str, sw.Fit]) -> None:
    fit = fitted["least_squares"]
    with pytest.warns(UserWarning, match=r"falls .* below the fit's"):
        replace(fit, value=1.01 * fit.value).valley()


def test_text(fitted: dict[str, sw.Fit]) -> None:
    found = fitted["least_squares"].valley(points=9)
    assert str(found).startswith("valley of typed, 9 by 9: alpha 0.")
    assert repr(found) == f"Valley({found})"
    assert found.scatter == "even"
    assert fitted["lad"].valley(points=9).scatter == "uneven"
