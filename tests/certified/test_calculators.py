"""Public calculators of compute-optimal sizes, as told in notebooks/04_compute_optimal.ipynb.

Their constants stand here as their code or page has them; the notebook takes its own from the
catalogue. Every optimum is found again by search along 6ND = C, not by the closed form.
"""

import json
import re
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

import scalewidgets as sw

C = 5.88e23  # FLOPs: 6 * 70e9 * 1.4e12
Surface = Mapping[str, float]

EQ_10 = {"A": 406.4, "B": 410.7, "alpha": 0.34, "beta": 0.28}  # p208p2002, nanoGPT
HARMS_LAW = {"A": 406.4, "B": 410.7, "alpha": 0.336, "beta": 0.283}  # lvwerra/harms-law, app.py
REPLICATION = {"A": 482.01, "B": 2085.43, "alpha": 0.3478, "beta": 0.3658}  # Table 1
TEX = {"A": np.exp(6.0073404), "B": np.exp(6.0179186), "alpha": 0.33917084, "beta": 0.2849083}
REPLICATION_CODE = {"A": 482.00572, "B": 2085.4342, "alpha": 0.34781303, "beta": 0.36585412}
# Hoffmann et al. 2022, Table A3, approach 2: N and D, as nanoGPT and scaling-laws.xyz copy it.
TABLE_A3 = [
    *((400e6, 7.7e9), (1e9, 20.0e9), (10e9, 219.5e9), (67e9, 1.7e12), (175e9, 4.3e12)),
    *((280e9, 7.1e12), (520e9, 13.4e12), (1e12, 26.5e12), (10e12, 292.0e12)),
]
GRID = 10 ** np.arange(7, 11, step=2**-4)


def reducible(s: Surface, N: float, budget: float) -> float:
    return float(s["A"] / N ** s["alpha"] + s["B"] / (budget / (6 * N)) ** s["beta"])


def optimum(s: Surface, budget: float = C) -> float:
    """The best N by search alone."""
    found = minimize_scalar(
        lambda log_n: reducible(s, np.exp(log_n), budget),
        bounds=(np.log(1e6), np.log(1e13)),
        method="bounded",
        options={"xatol": 1e-9},
    )
    return float(np.exp(found.x))


def on_grid(budget: float) -> float:
    """The size that the grid of nanoGPT's notebook and of the Model Estimator picks."""
    return float(GRID[np.argmin([reducible(EQ_10, n, budget) for n in GRID])])


def line() -> tuple[float, float]:
    """Slope and intercept of log10 D over log10 N through Table A3, approach 2."""
    slope, intercept = np.polyfit(*np.log10(np.array(TABLE_A3)).T, 1)
    return float(slope), float(intercept)


# --- the calculators themselves, against what they print --------------------------------------


def test_the_grid_of_nanogpt() -> None:
    """scaling_laws.ipynb at 2.21e19 FLOPs: 316M parameters on 11.65B tokens."""
    assert f"{on_grid(2.21e19) / 1e6:.0f}" == "316"
    assert f"{2.21e19 / 6 / on_grid(2.21e19) / 1e9:.2f}" == "11.65"


def test_where_nanogpt_and_table_a3_disagree() -> None:
    """At 2.21e19 FLOPs Table A3, approach 3, has 400M: the digits explain it, then the grid."""
    millions = {"rounded": 326, "tex_unrounded": 389, "three_digit": 399}
    for name, N in millions.items():
        assert round(float(sw.law("hoffmann2022", name).N_opt(2.21e19)) / 1e6) == N


def test_the_line_of_nanogpt() -> None:
    """scaling_laws.ipynb: y = 1.0409573169995892x + 0.9353887152390791; 2.292426e9 for 124M."""
    slope, intercept = line()
    assert slope == pytest.approx(1.0409573169995892, rel=1e-12)
    assert intercept == pytest.approx(0.9353887152390791, rel=1e-12)
    assert f"{10 ** (slope * np.log10(124e6) + intercept):e}" == "2.292426e+09"


def test_the_constants_of_godey() -> None:
    """The post: D = gamma * N**phi with 0.519 and 1.214, from Eq. 10."""
    s = EQ_10
    assert f"{s['alpha'] / s['beta']:.3f}" == "1.214"
    ratio = s["beta"] * s["B"] / (s["alpha"] * s["A"])
    assert f"{ratio ** (1 / s['beta']):.3f}" == "0.519"


def test_the_example_of_twenty_tokens() -> None:
    """numbervibe.com: 158.1B parameters and 3.16T tokens for 3e24 FLOPs."""
    N = np.sqrt(3e24 / 6 / 20)
    assert (f"{N / 1e9:.1f}", f"{20 * N / 1e12:.2f}") == ("158.1", "3.16")


# --- the notebook -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def notebook(root: Path) -> list[dict[str, str]]:
    """Each cell's text and what it printed."""
    stored = json.loads((root / "notebooks/04_compute_optimal.ipynb").read_text(encoding="utf-8"))
    return [
        {
            "text": "".join(cell["source"]),
            "printed": "".join("".join(o.get("text", "")) for o in cell.get("outputs", [])),
        }
        for cell in stored["cells"]
    ]


def rows(notebook: list[dict[str, str]], pattern: str) -> list[tuple[str, ...]]:
    return re.findall(pattern, "\n".join(cell["printed"] for cell in notebook), re.MULTILINE)


def test_the_six_answers(notebook: list[dict[str, str]]) -> None:
    slope, intercept = line()
    sizes = [
        on_grid(C),
        (C / 6 / 0.519) ** (1 / 2.214),
        optimum(HARMS_LAW),
        10 ** ((np.log10(C / 6) - intercept) / (1 + slope)),
        np.sqrt(C / 6 / 20),
        optimum(REPLICATION),
    ]
    told = rows(notebook, r"^(\d) .+ N = +([\d.]+)B +D = ([\d.]+)T +D/N = +([\d.]+)$")
    assert [int(number) for number, *_ in told] == [1, 2, 3, 4, 5, 6]
    for (_, N, D, ratio), size in zip(told, sizes, strict=True):
        assert float(N) == pytest.approx(size / 1e9, abs=0.006)
        assert float(D) == pytest.approx(C / 6 / size / 1e12, abs=0.0006)
        assert float(ratio) == pytest.approx(C / 6 / size**2, abs=0.06)


def test_other_calculators_of_the_same_rule() -> None:
    """Harm's law, its overhead formula and the defaults of Sardana et al. are one surface."""
    for law in (sw.law("hoffmann2022", "three_digit"), sw.law("sardana2024", "surface_default")):
        assert float(law.N_opt(C)) == pytest.approx(optimum(HARMS_LAW), rel=1e-6)
    harm = sw.law("devries2023_overhead.N", "calculator")
    assert float(harm.predict(C=C, k_N=1.0)) == pytest.approx(optimum(HARMS_LAW), rel=1e-6)


@pytest.mark.parametrize(
    ("source", "surface"), [("Hoffmann et al.", TEX), ("replication", REPLICATION_CODE)]
)
def test_the_digits(notebook: list[dict[str, str]], source: str, surface: Surface) -> None:
    """The ends hold against all exponents of a grid over what prints alike, corners included."""
    told = rows(notebook, rf"^{source} +(\d) digits +([\d.]+)B +alike: ([\d.]+)B to ([\d.]+)B$")
    assert [int(digits) for digits, *_ in told] == [2, 3, 4]
    for digits, *values in told:
        alpha, beta = (round(surface[name], int(digits)) for name in ("alpha", "beta"))
        steps = np.linspace(-0.5, 0.5, 5) * 10.0 ** -int(digits)
        sizes = [
            optimum({**surface, "alpha": alpha + a, "beta": beta + b})
            for a, b in product(steps, steps)
        ]
        shorts = (optimum({**surface, "alpha": alpha, "beta": beta}), min(sizes), max(sizes))
        assert [float(v) for v in values] == pytest.approx([s / 1e9 for s in shorts], abs=0.06)
    (exact,) = rows(notebook, rf"^{source} +all digits +([\d.]+)B$")
    assert float(str(exact)) == pytest.approx(optimum(surface) / 1e9, abs=0.06)


def test_the_explanation(notebook: list[dict[str, str]]) -> None:
    """Figures of the prose that no cell prints."""
    prose = "\n".join(cell["text"] for cell in notebook)
    best = optimum(TEX)
    gain = np.log(optimum({**TEX, "beta": TEX["beta"] + 1e-3}) / best)
    loss = np.log(best / optimum({**TEX, "alpha": TEX["alpha"] + 1e-3}))
    assert f"raises the optimum by {100 * gain:.1f} %" in prose
    assert f"lowers it by {100 * loss:.1f} %" in prose
    assert f"A factor of {optimum(REPLICATION) / on_grid(C):.1f}" in prose
    by_approach = [
        f"{float(sw.law('hoffmann2022.N_opt', f'approach{n}').predict(C=C)) / 1e9:.1f}B"
        for n in (1, 2)
    ]
    assert " and ".join(by_approach) + " here" in prose
    ends = [
        optimum({**REPLICATION, "alpha": 0.3478 + s, "beta": 0.3658 - s}) for s in (5e-5, -5e-5)
    ]
    assert "within {:.1f}B to {:.1f}B".format(*(e / 1e9 for e in ends)) in prose
