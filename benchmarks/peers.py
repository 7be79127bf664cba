"""What a user has instead: the same problems given to iminuit, lmfit, SciPy and two packages.

iminuit, lmfit and SciPy get the objective as a careful user writes it (logarithms taken once, no
gradient). `chinchilla` and `simple-scaling-laws` are asked in their own words; what they draw is
switched off, as it is not fitting. Every method reports where it ended.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import lmfit  # type: ignore[import-untyped]
import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from iminuit import Minuit  # type: ignore[import-untyped]
from scipy.optimize import curve_fit, minimize

from scalewidgets.fitting.objective import HOFFMANN_DELTA

Array = npt.NDArray[np.float64]

NAMES = ("a", "b", "e", "alpha", "beta")  # a, b, e: logarithms of A, B, E


@dataclass(frozen=True)
class Outcome:
    """Where a method ended: the objective there, and whether the method called it a success (None:
    it does not say)."""

    value: float
    success: bool | None


def huber(r: Array) -> Array:
    size, delta = np.abs(r), HOFFMANN_DELTA
    return np.where(size <= delta, 0.5 * size * size, delta * (size - 0.5 * delta))


@dataclass(frozen=True)
class Case:
    """Logarithms of parameters, tokens and loss of some runs (n,), and how much each counts."""

    N: Array
    D: Array
    loss: Array
    weights: Array

    def only(self, kept: npt.NDArray[np.bool_]) -> Case:
        return Case(self.N[kept], self.D[kept], self.loss[kept], self.weights[kept])

    def predicted(self, x: Array) -> Array:
        a, b, e, alpha, beta = x
        return np.asarray(np.exp(a - alpha * self.N) + np.exp(b - beta * self.D) + np.exp(e))

    def residuals(self, x: Array) -> Array:
        """Logarithm of predicted over measured loss (n,)."""
        return np.asarray(np.log(self.predicted(x)) - self.loss)

    def objective(self, x: Array) -> float:
        """Hoffmann et al.'s sum."""
        return float(np.sum(self.weights * huber(self.residuals(x))))

    def squares(self, x: Array) -> float:
        """Half the sum of squares of plain residuals."""
        return float(0.5 * np.sum(self.weights * (self.predicted(x) - np.exp(self.loss)) ** 2))


Peer = Callable[[Case, Array], Outcome]


def coordinates(constants: dict[str, float]) -> Array:
    """The peers' coordinates of a law's constants."""
    logs = [float(np.log(constants[name])) for name in "ABE"]
    return np.array([*logs, constants["alpha"], constants["beta"]])


# --- Hoffmann et al.'s objective ----------------------------------------------------------------


def iminuit_default(case: Case, start: Array) -> Outcome:
    found = Minuit(case.objective, start, name=NAMES).migrad()
    return Outcome(found.fval, found.valid)


def iminuit_tight(case: Case, start: Array) -> Outcome:
    """With the tolerance that a sum of 1e-3 asks for: by default iminuit thinks in units of 1."""
    problem = Minuit(case.objective, start, name=NAMES)
    problem.tol = 1e-9
    found = problem.migrad()
    return Outcome(found.fval, found.valid)


def parameters(start: Array) -> lmfit.Parameters:
    created = lmfit.Parameters()
    for name, value in zip(NAMES, start, strict=True):
        created.add(name, value=float(value))
    return created


def values(given: lmfit.Parameters) -> Array:
    return np.array([given[name].value for name in NAMES])


def lmfit_least_squares(case: Case, start: Array) -> Outcome:
    """Levenberg and Marquardt on residuals whose squares add up to the objective."""

    def roots(given: lmfit.Parameters) -> Array:
        r = case.residuals(values(given))
        return np.asarray(np.sign(r) * np.sqrt(case.weights * huber(r)))

    found = lmfit.minimize(roots, parameters(start))
    return Outcome(float(found.chisqr), bool(found.success))


def lmfit_bfgs(case: Case, start: Array) -> Outcome:
    found = lmfit.minimize(lambda x: case.objective(values(x)), parameters(start), method="bfgs")
    return Outcome(case.objective(values(found.params)), bool(found.success))


def scipy_bfgs(case: Case, start: Array) -> Outcome:
    found = minimize(case.objective, start, method="BFGS")
    return Outcome(float(found.fun), bool(found.success))


@cache
def toolkit() -> tuple[Any, tempfile.TemporaryDirectory[str]]:
    """`chinchilla` in a folder that is there as long as we are; its pictures are not fitting."""
    folder = tempfile.TemporaryDirectory()
    one_start = dict.fromkeys(("e", "a", "b", "alpha", "beta"), (1.0,))
    made = import_module("chinchilla").Chinchilla(folder.name, param_grid=one_start, log_level=50)
    made.visualizer.optim = lambda *_, **__: None
    return made, folder


def chinchilla(case: Case, start: Array, scale: float = 1.0) -> Outcome:
    """Its BFGS in long double from one start, on the mean of ``scale`` times its Huber loss."""
    made, _ = toolkit()
    log_huber = import_module("chinchilla._metrics").log_huber
    N, D, loss = (np.exp(column) for column in (case.N, case.D, case.loss))
    runs = {"C": 6 * N * D, "N": N, "D": D, "loss": loss}
    made.database.df = import_module("pandas").DataFrame(runs)
    a, b, e, alpha, beta = ((float(value),) for value in start)
    made.param_grid = {"e": e, "a": a, "b": b, "alpha": alpha, "beta": beta}
    weights = scale * case.weights
    made.loss_fn = lambda true, predicted: weights * log_huber(true, predicted, HOFFMANN_DELTA)
    made.fit(parallel=False)
    return Outcome(case.objective(coordinates(made.params)), None)


def chinchilla_summed(case: Case, start: Array) -> Outcome:
    """On the sum: BFGS takes a mean of 4e-6 for flat wherever it stands."""
    return chinchilla(case, start, scale=len(case.loss))


# --- least squares on the plain loss ------------------------------------------------------------


def scipy_curve_fit(case: Case, start: Array) -> Outcome:
    found, _ = curve_fit(lambda _, *x: case.predicted(np.array(x)), None, np.exp(case.loss), start)
    return Outcome(case.squares(found), True)  # it raises where it fails


def lmfit_plain(case: Case, start: Array) -> Outcome:
    loss = np.exp(case.loss)
    found = lmfit.minimize(lambda x: case.predicted(values(x)) - loss, parameters(start))
    return Outcome(case.squares(values(found.params)), bool(found.success))


def simple_scaling_laws(case: Case, start: Array, draws: int = 1) -> Outcome:
    """It searches for a start of its own, and does not do without a draw."""
    N, D, loss = (np.exp(column) for column in (case.N, case.D, case.loss))
    runs = pl.DataFrame({"model_size__N": N, "dataset_size__D": D, "test_loss__loss": loss})
    runs = runs.with_row_index("training_run_id").with_columns(test_set_id=pl.lit("one"))
    model = import_module("simple_scaling_laws").fit(runs, n_draws=draws, seed=0)
    p = dict(model.params("test_loss__loss"))
    domain = model.observed_domain  # its amplitudes hold at reference sizes
    p["A"] *= domain["model_size__N"]["reference"] ** p["alpha"]
    p["B"] *= domain["dataset_size__D"]["reference"] ** p["beta"]
    return Outcome(case.squares(coordinates(p)), None)


def installed(package: str, peer: Peer, name: str) -> Any:
    """A peer for pytest to call by, skipped where its package is not there."""
    missing = find_spec(package) is None
    why = f"{package} is not installed (scalewidgets[bench] has it, where this Python can run it)"
    return pytest.param(peer, id=name, marks=pytest.mark.skipif(missing, reason=why))


PEERS = (
    pytest.param(iminuit_tight, id="iminuit, tol=1e-9"),
    pytest.param(iminuit_default, id="iminuit as it comes"),
    pytest.param(lmfit_least_squares, id="lmfit, leastsq"),
    pytest.param(lmfit_bfgs, id="lmfit, bfgs"),
    pytest.param(scipy_bfgs, id="scipy BFGS"),
    installed("chinchilla", chinchilla_summed, "chinchilla, summed"),
    installed("chinchilla", chinchilla, "chinchilla as it comes"),
)
PLAIN_PEERS = (
    pytest.param(scipy_curve_fit, id="scipy curve_fit"),
    pytest.param(lmfit_plain, id="lmfit, leastsq"),
    installed("simple_scaling_laws", simple_scaling_laws, "simple-scaling-laws"),
)
