"""What public calls are tried with: runs and curves, and one of each thing that they return."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import polars as pl

import scalewidgets as sw

_SIZES = np.geomspace(1e8, 1e10, 6)
N, D = (x.ravel() for x in np.meshgrid(_SIZES, 20 * _SIZES))
LAW = sw.law("hoffmann2022")
RUNS = pl.DataFrame(
    {
        "N": N,
        "D": D,
        "loss": LAW.predict(N=N, D=D)
        * np.exp(0.003 * np.random.default_rng(0).standard_normal(len(N))),
    }
)
BUDGETS = [1e19, 1e20, 1e21]
SWEEP = sw.simulate_isoflop_data(LAW, BUDGETS, points=7)
ROUGH = sw.Objective("least_squares")


def _curves() -> pl.DataFrame:
    """Seven training curves: the sizes of a sweep, their losses along the tokens."""
    parts = []
    for i, n in enumerate(np.geomspace(1e7, 1e10, 7)):
        d = np.geomspace(1e8, 1e12, 30)
        parts.append({"run": [f"r{i}"] * 30, "N": [n] * 30, "D": d, "loss": LAW.predict(N=n, D=d)})
    return pl.concat([pl.DataFrame(part) for part in parts])


CURVES = _curves()
COSINE = sw.Schedule.cosine(3e-4, 800, warmup=40)


def _losses() -> pl.DataFrame:
    """Two loss curves by the annealing law, with their learning rates."""
    steps, law = np.arange(60, 801, 20), sw.law("tissue2024_lr_annealing")
    parts = [
        {
            "run": name,
            "step": steps,
            "lr": s.eta[steps - 1],
            "loss": law.predict(schedule=s.at(steps)),
        }
        for name, s in {"cosine": COSINE, "constant": sw.Schedule.constant(3e-4, 800, 40)}.items()
    ]
    return pl.concat([pl.DataFrame(part) for part in parts])


LOSSES = _losses()
COUNTS = pl.DataFrame({"samples": [100] * 6, "correct": [0, 0, 1, 3, 20, 60]})


@cache
def made() -> dict[str, Any]:
    """One of each thing that functions return, by the name of its class."""
    fit = sw.fit("hoffmann2022", RUNS, objective=ROUGH)
    boot = fit.bootstrap(50)
    plan = sw.allocate(fit, C=1e22, draws=boot)
    small = sw.fit("hoffmann2022", RUNS, objective=ROUGH, tied={"beta": "alpha"})
    verse = sw.multiverse(RUNS, C=1e22, universes=[sw.Universe("plain", "mine", objective=ROUGH)])
    return {
        "BestSchedule": sw.optimise_schedule(peak=3e-4, steps=400, warmup=40, pieces=8),
        "Bootstrap": boot,
        "CrossValidation": sw.cross_validate("hoffmann2022", RUNS, folds=3, objective=ROUGH),
        "Envelope": sw.approach_1(CURVES, points=60),
        "Fit": fit,
        "FlatRegion": plan.flat_region(),
        "IsoFlop": sw.approach_2(SWEEP),
        "LikelihoodRatio": sw.likelihood_ratio(small, fit),
        "Multiverse": verse,
        "Note": sw.advise(fit)[0],
        "Optimum": sw.optimise(
            fit, over={"N": None, "D": None}, cost="6*N*D", budget=1e21, draws=boot
        ),
        "PassRates": sw.fit_pass_rates(COUNTS),
        "Plan": plan,
        "Profile": fit.profile(["alpha"]),
        "ScheduleFit": sw.fit_schedule_law(LOSSES, "tissue2024_lr_annealing", warmup=40),
        "RollOut": sw.roll_out("hoffmann2022", RUNS, cutoff=1e21, objective=ROUGH),
        "Theory": sw.law("maloney2022_solvable"),
        "Valley": fit.valley(points=7),
        "tied": small,
    }
