"""The designer: spends the same budget where a run tells most, by the rules of optimal design.

After a first look at a few cheap runs it fits the law, asks ``suggest_runs`` at a ladder of prices
for the run that tells most of the hero run, takes the one that is worth most for its share of what
is left of money or runs, fits again, and so on. It knows neither the law nor the noise
to come; it knows the level's trap.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import polars as pl

from ..fitting import Fit, fit, suggest_runs
from ..fitting.types import Array
from .hidden import NOISE, Hidden, hidden
from .rules import BUDGET, DEAREST, HERO, RUNS, SHAPES, SMALLEST_D, SMALLEST_N, price, tokens
from .score import Prediction

_LAW = "hoffmann2022"
_LADDER = DEAREST * 10.0 ** np.arange(0.0, -5.0, -1.0)  # FLOPs
_FIRST_LADDER = DEAREST * 10.0 ** np.arange(-3.0, -1.0)
_FIRST_SHAPES = 4  # runs of the first look at each price
_SHAPES = 41
_ODD = 4 * NOISE  # of the log of the loss
_DELTA = 1.345 * NOISE  # of Huber's loss: 95 % as good as least squares where noise is normal
_CLEAN = 20.0  # warm-ups after which one no longer matters: 2.5 % of the tokens are lost


@lru_cache(maxsize=256)
def designed(level: str, seed: int) -> Prediction:
    """What the designer predicts for the hero run of a level and a seed."""
    found = _trusted(played(level, seed))
    n = float(found.N_opt(HERO))
    d = tokens(n, HERO)
    return Prediction(float(found.predict(N=n, D=d)), n, d)


def played(level: str, seed: int) -> pl.DataFrame:
    """The runs that the designer makes: ``N``, ``D``, ``loss``."""
    truth = hidden(level, seed)
    rows = [(n, d, truth.measure(i, n, d)) for i, (n, d) in enumerate(_first_look(truth))]
    while len(rows) < RUNS:
        runs = pl.DataFrame(rows, schema=["N", "D", "loss"], orient="row")
        left = BUDGET - sum(price(n, d) for n, d, _ in rows)
        chosen = _next(_trusted(runs), truth, left, RUNS - len(rows))
        if chosen is None:
            break
        rows.append((*chosen, truth.measure(len(rows), *chosen)))
    return pl.DataFrame(rows, schema=["N", "D", "loss"], orient="row")


def _trusted(runs: pl.DataFrame) -> Fit:
    """The fit without the runs whose loss lies oddly high above it."""
    found = fit(_LAW, runs, delta=_DELTA)
    odd = found.residuals < -_ODD
    if not odd.any():
        return found
    return fit(_LAW, runs, delta=_DELTA, start=found.params, weights=~odd * 1.0)


def _first_look(truth: Hidden) -> list[tuple[float, float]]:
    """Cheap runs of all shapes at a few prices: enough for a first fit."""
    found = []
    for cost in _FIRST_LADDER:
        table = _candidates(truth, cost)
        picked = np.linspace(0, len(table) - 1, _FIRST_SHAPES + 2)[1:-1].round().astype(int)
        found += [(float(n), float(d)) for n, d in table[picked]]
    return found


def _candidates(truth: Hidden, cost: float) -> Array:
    """N and D (shapes, 2) of all clean runs at a price."""
    ratio = np.geomspace(*SHAPES, _SHAPES)
    n = np.sqrt(tokens(1.0, cost) / ratio)
    d = ratio * n
    return np.stack([n, d], axis=1)[
        (n >= SMALLEST_N) & (d >= max(SMALLEST_D, _CLEAN * truth.warmup))
    ]


def _next(found: Fit, truth: Hidden, left: float, runs_left: int) -> tuple[float, float] | None:
    """The run that is worth most for the scarcer of what it uses up, money or runs; None when the
    money is gone."""
    best, most = None, 0.0
    prices = np.minimum(left, _LADDER)
    for cost in prices[prices > 0]:
        run, gain = _most_telling(found, truth, float(cost), about_loss=runs_left % 2 == 1)
        worth = gain / max(cost / left, 1.0 / runs_left)
        if worth > most:
            best, most = run, worth
    return best


def _most_telling(
    found: Fit, truth: Hidden, cost: float, about_loss: bool
) -> tuple[tuple[float, float] | None, float]:
    """The run at a price that tells most of the hero run's loss or of its N, and how much."""
    n, d = _candidates(truth, cost).T
    if not n.size:
        return None, 0.0
    size = float(found.N_opt(HERO))
    target, at = ("loss", (size, tokens(size, HERO))) if about_loss else ("N_opt", HERO)
    told = suggest_runs(found, cost, target, at, candidates={"N": n, "D": d}).row(0, named=True)
    return (told["N"], told["D"]), told["variance_before"] - told["variance_after"]
