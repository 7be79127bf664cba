"""Simulated sweeps: on the law, around its optimum, repeatable, biased as published."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from scalewidgets.runs import RunsError, read_runs, simulate_isoflop_data


@dataclass
class Surface:
    """E + A/N**alpha + B/D**beta, written here again so that the tests lean on nothing else."""

    E: float = 1.69
    A: float = 406.4
    B: float = 410.7
    alpha: float = 0.34
    beta: float = 0.28

    def predict(self, **variables: Any) -> Any:
        n, d = variables["N"], variables["D"]
        return self.E + self.A / n**self.alpha + self.B / d**self.beta

    def optimum(self, c: float) -> float:
        """N of least loss at D = C/(6N) (Hoffmann et al. 2022, Eq. 4)."""
        ratio = self.alpha * self.A / (self.beta * self.B)
        return float((ratio * (c / 6) ** self.beta) ** (1 / (self.alpha + self.beta)))


CHINCHILLA = Surface()
SURFACES = {
    "symmetric": Surface(A=400.0, B=400.0, alpha=0.31, beta=0.31),
    "chinchilla": CHINCHILLA,
    "asymmetric": Surface(alpha=0.465, beta=0.155),
}
BUDGETS = [1e17, 1e18, 1e19, 1e20, 1e21]


def test_columns_and_order() -> None:
    runs = simulate_isoflop_data(CHINCHILLA, [1e20, 1e18], points=4)
    assert runs.columns == ["run", "N", "D", "C", "loss", "budget"]
    assert runs["run"].to_list() == list(range(8))
    assert runs["budget"].to_list() == runs["C"].to_list() == [1e20] * 4 + [1e18] * 4
    np.testing.assert_allclose(6 * runs["N"] * runs["D"], runs["C"], rtol=1e-15)
    assert_frame_equal(read_runs(runs), runs)


def test_the_same_seed_gives_the_same_table() -> None:
    one, same, other = (simulate_isoflop_data(CHINCHILLA, BUDGETS, seed=s) for s in (1, 1, 2))
    assert_frame_equal(one, same, check_exact=True)
    assert (one["loss"] != other["loss"]).all()


@settings(max_examples=30, deadline=None)
@given(
    st.floats(0.2, 0.7),
    st.floats(0.2, 0.7),
    st.floats(17, 26),
    st.floats(0.1, 1.5),
    st.integers(2, 9),
)
def test_without_noise_runs_lie_on_the_law_around_its_optimum(
    alpha: float, beta: float, log_c: float, width: float, points: int
) -> None:
    law, c = Surface(alpha=alpha, beta=beta), 10.0**log_c
    middle = law.optimum(c)
    if min(middle, c / 6 / middle) < 10 ** (width + 0.1):
        with pytest.raises(RunsError, match=r"no optimum|must stay above 1"):
            simulate_isoflop_data(law, [c], noise=0, width=2 * width + 1)
        return
    runs = simulate_isoflop_data(law, [c], points=points, noise=0, width=width)
    sizes = np.log10(runs["N"].to_numpy())
    expected = math.log10(middle) + np.linspace(-width, width, points)
    np.testing.assert_allclose(sizes, expected, atol=1e-6)
    np.testing.assert_array_equal(
        runs["loss"], law.predict(N=runs["N"].to_numpy(), D=runs["D"].to_numpy())
    )


def test_off_centre_and_drift_move_the_grids() -> None:
    still = simulate_isoflop_data(CHINCHILLA, [1e18, 1e20, 1e21], points=3, noise=0)
    moved = simulate_isoflop_data(
        CHINCHILLA, [1e18, 1e20, 1e21], points=3, noise=0, off_centre=0.3, drift=-0.2
    )
    decades = np.log10(moved["N"].to_numpy() / still["N"].to_numpy()).reshape(3, 3)
    # the middle of 1e18 and 1e21 is 10**19.5
    expected = 0.3 - 0.2 * np.array([-1.5, 0.5, 1.5])
    np.testing.assert_allclose(decades, expected[:, None] * np.ones((3, 3)), atol=1e-12)


def test_noise_is_log_normal_of_the_given_width() -> None:
    runs = simulate_isoflop_data(CHINCHILLA, [1e20], points=20_000, noise=0.02, seed=3)
    law = CHINCHILLA.predict(N=runs["N"].to_numpy(), D=runs["D"].to_numpy())
    error = np.log(runs["loss"].to_numpy() / law) / 0.02
    # standard errors are 0.007 and 0.005
    assert abs(error.mean()) < 0.03
    assert abs(error.std() - 1) < 0.02


# Czech et al. 2026 (arXiv:2603.22339), data of Figures 3 and 7: percent by which a parabola fit at
# five budgets, extrapolated to 1e24 FLOPs, misses the optimal D; grids of +-2, 4, 8, 16 times
PUBLISHED = {
    ("symmetric", "centred"): (0.0, 0.0, 0.0, 0.0),
    ("chinchilla", "centred"): (-0.326938, -1.301125, -2.902905, -5.100245),
    ("asymmetric", "centred"): (-1.674748, -6.497779, -13.910419, -23.116308),
    ("symmetric", "offset"): (3.974244, 3.471818, 2.645165, 1.509792),
    ("chinchilla", "offset"): (7.110119, 5.690942, 3.376108, 0.237881),
    ("asymmetric", "offset"): (19.221179, 14.413662, 6.959366, -2.424573),
    ("symmetric", "drift"): (6.070972, 5.171168, 3.697903, 1.689067),
    ("chinchilla", "drift"): (11.614254, 9.831638, 6.939059, 3.047598),
    ("asymmetric", "drift"): (34.574619, 30.038434, 22.968689, 13.996977),
}
# their offset is three times smaller models everywhere; their drift goes from none at the lowest
# budget to that at the highest
GRIDS: dict[str, dict[str, float]] = {
    "centred": {},
    "offset": {"off_centre": -math.log10(3)},
    "drift": {"off_centre": -math.log10(3) / 2, "drift": -math.log10(3) / 4},
}


@pytest.mark.parametrize(("surface", "grid"), PUBLISHED)
def test_parabola_bias_is_the_published_one(surface: str, grid: str) -> None:
    law = SURFACES[surface]
    for factor, expected in zip((2, 4, 8, 16), PUBLISHED[surface, grid], strict=True):
        runs = simulate_isoflop_data(law, BUDGETS, noise=0, width=math.log10(factor), **GRIDS[grid])
        vertices = []
        for (_,), curve in runs.group_by("budget", maintain_order=True):
            a, b, _ = np.polyfit(np.log10(curve["D"].to_numpy()), curve["loss"].to_numpy(), 2)
            vertices.append(-b / (2 * a))
        line = np.polyfit(np.log10(BUDGETS), vertices, 1)
        error = 10 ** np.polyval(line, 24.0) / (1e24 / 6 / law.optimum(1e24)) - 1
        assert 100 * error == pytest.approx(expected, abs=2e-6)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"budgets": []}, "budgets must be a list of one or more"),
        ({"budgets": 1e20}, "budgets must be a list of one or more"),
        ({"budgets": ["many"]}, "budgets must be numbers"),
        ({"budgets": [1e20, -1e20]}, "budgets must be finite and above 6"),
        ({"budgets": [math.nan]}, "budgets must be finite"),
        ({"points": 1}, "points must be a whole number, at least 2"),
        ({"points": 4.5}, "points must be a whole number"),
        ({"noise": -0.1}, "noise must be zero or positive"),
        ({"noise": math.nan}, "noise must be zero or positive"),
        ({"seed": -1}, "seed must be a whole number"),
        ({"seed": True}, "seed must be a whole number"),
        ({"width": 0.0}, "width must be a positive number of decades"),
        ({"off_centre": math.inf}, "off_centre must be a finite number"),
        ({"drift": math.nan}, "drift must be a finite number"),
        ({"width": 40.0}, "it must stay above 1"),
    ],
)
def test_arguments_that_make_no_sense(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(RunsError, match=message):
        simulate_isoflop_data(**{"law": CHINCHILLA, "budgets": BUDGETS, **changed})


class Falling:
    def predict(self, **variables: Any) -> Any:
        return 2 + variables["N"] ** -0.1


class Scalar:
    def predict(self, **variables: Any) -> Any:
        return 2.5


class Negative:
    def predict(self, **variables: Any) -> Any:
        return -10 + abs(np.log10(variables["N"]) - 9)


@pytest.mark.parametrize(
    ("law", "message"),
    [
        (Falling(), r"no optimum of N at 1e\+17 FLOPs"),
        (Scalar(), r"gave an array of shape \(\)"),
        (Negative(), "loss is not finite and positive"),
    ],
)
def test_laws_that_cannot_be_sampled(law: Any, message: str) -> None:
    with pytest.raises(RunsError, match=message):
        simulate_isoflop_data(law, BUDGETS)
