"""Random fitting problems: laws, designs, scatter, units, objectives; degenerate ones among them.

A problem follows from its seed. What the runs do not determine is known by construction, so that a
fit can be asked whether it says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

import scalewidgets as sw

Array = npt.NDArray[np.float64]
Draw = np.random.Generator


@dataclass(frozen=True)
class Form:
    """A kind of law: its equation, and which constants are exponents (the others are sizes)."""

    equation: str
    exponents: tuple[str, ...]
    share: int  # how often among the problems


FORMS = (
    Form("E + A/N**alpha + B/D**beta", ("alpha", "beta"), 10),
    Form("E + A/N**alpha + B/D**alpha", ("alpha",), 2),
    Form("E + A/N**alpha", ("alpha",), 2),
    Form("A/N**alpha + B/D**beta", ("alpha", "beta"), 2),
    Form("A/N**alpha", ("alpha",), 1),
    Form("E + A/(N*D)**alpha", ("alpha",), 1),
    Form("E + A*N**-alpha*D**-beta", ("alpha", "beta"), 1),
    Form("E + (A/N**alpha + B/D**beta)**gamma", ("alpha", "beta", "gamma"), 1),
)
# Designs in which N and D are not both moved as a law of both needs. A single budget is one more:
# E, A/N**alpha and B*N**beta can be told apart along it, but only by the bend of a curve.
DEGENERATE = ("one size", "one number of tokens", "one run", "one ratio", "one budget", "two sizes")
DESIGNS = ("isoflop", "isoflop", "factorial", "scattered", "ratios", "sparse", *DEGENERATE)
NOISES = ("none", "even", "even", "uneven", "heavy", "outliers")


@dataclass(frozen=True)
class Problem:
    """A law to fit, its runs, and what ``sw.fit`` is asked.

    Attributes
    ----------
    form : Form
    law : Law
        With constants somewhere around the truth, as a user's would be.
    runs : polars.DataFrame
        ``run``, ``N``, ``D``, ``C``, ``loss``.
    options : dict
        Further arguments of ``sw.fit``.
    design, noise : str
    silent : bool
        The runs do not determine the constants, whatever the scatter.
    """

    seed: int
    form: Form
    law: sw.Law
    truth: dict[str, float]
    runs: pl.DataFrame
    design: str
    noise: str
    silent: bool
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def free(self) -> list[str]:
        """Constants that are fitted."""
        return [name for name in self.truth if name not in self.options.get("fixed", {})]


def problem(seed: int) -> Problem:
    """The problem of a seed."""
    rng = np.random.default_rng([8, seed])
    form = FORMS[rng.choice(len(FORMS), p=_shares())]
    design, noise = str(rng.choice(DESIGNS)), str(rng.choice(NOISES))
    n, d = _inputs(rng, design)
    truth = _truth(rng, form, n, d)
    law = sw.Law(form.equation, constants=truth)
    inputs = {"N": n, "D": d}
    loss = law.predict(**{v: inputs[v] for v in law.variables})
    loss = loss * np.exp(_scatter(rng, noise, n))
    # with all columns of a table that was read before, so that no unit is asked for
    columns = {"run": np.arange(len(n)), **inputs, "C": 6.0 * n * d, "loss": loss}
    runs = pl.DataFrame(columns)
    options = _options(rng, form, truth, len(runs), design)
    around = {k: v * np.exp(0.3 * rng.standard_normal()) for k, v in truth.items()}
    for name, (low, high) in options.get("bounds", {}).items():
        around[name] = float(np.clip(around[name], low, high))
    silent = _is_silent(form, design, options)
    known = sw.Law(form.equation, constants=around)
    return Problem(seed, form, known, truth, runs, design, noise, silent, options)


def _shares() -> Array:
    share = np.array([form.share for form in FORMS], dtype=float)
    return share / share.sum()


def _inputs(rng: Draw, design: str) -> tuple[Array, Array]:
    """N and D (runs,), from 1e3 to 1e15."""
    low, decades = rng.uniform(3.0, 9.0), rng.uniform(1.0, 3.0)
    count = int(rng.integers(3, 9))
    size = np.logspace(low, low + decades, count)
    ratio = 10.0 ** rng.uniform(0.0, 3.0)
    tokens = size * ratio if design != "factorial" else size * ratio * 10.0 ** rng.uniform(-1, 1)
    if design in ("isoflop", "one budget"):
        budgets = 6.0 * size * tokens if design == "isoflop" else np.full(1, 6.0 * size[0] ** 2)
        points = int(rng.integers(3, 12)) if design == "isoflop" else int(rng.integers(7, 20))
        shift = np.linspace(-1.0, 1.0, points) * rng.uniform(0.3, 1.0)
        n = (np.sqrt(budgets / 6.0 / ratio)[:, None] * 10.0**shift).ravel()
        return n, np.repeat(budgets, points) / 6.0 / n
    if design == "factorial":
        n, d = np.meshgrid(size, np.logspace(0, rng.uniform(1, 3), count) * tokens[0])
        return n.ravel(), d.ravel()
    if design in ("scattered", "sparse"):
        many = int(rng.integers(12, 150)) if design == "scattered" else int(rng.integers(6, 9))
        n = 10.0 ** rng.uniform(low, low + decades, many)
        return n, np.minimum(n * ratio * 10.0 ** rng.uniform(-1.0, 1.0, many), 1e15)
    if design == "ratios":
        n, times = np.meshgrid(size, 10.0 ** rng.uniform(-1.0, 1.0, 3))
        return n.ravel(), (n * times * ratio).ravel()
    many = int(rng.integers(8, 25))
    sizes = {
        "one size": np.full(many, size[0]),
        "one run": np.full(many, size[0]),
        "two sizes": np.where(np.arange(many) % 2, size[0], size[-1]),
    }
    n = sizes.get(design, np.logspace(low, low + decades, many))
    if design in ("one number of tokens", "one run"):
        return n, np.full(many, ratio * size[0])
    if design == "one ratio":
        return n, ratio * n
    return n, ratio * size[0] * np.logspace(0, decades, many)


def _truth(rng: Draw, form: Form, n: Array, d: Array) -> dict[str, float]:
    """Constants with which no term is larger than 30 times another at the middle of the runs."""
    law = sw.Law(form.equation, constants=_names(form))
    found = {name: float(rng.uniform(0.08, 0.8)) for name in law.values if name in form.exponents}
    middle = {"A": np.median(n), "B": np.median(d)}
    if "(N*D)" in form.equation:
        middle["A"] = np.median(n) * np.median(d)
    power = found.get("gamma", 1.0)
    for name, exponent in (("A", "alpha"), ("B", "beta" if "beta" in found else "alpha")):
        if name in law.values:
            term = 10.0 ** rng.uniform(-1.0, 0.5)
            found[name] = float(term ** (1.0 / power) * middle[name] ** found[exponent])
    if "*D**-beta" in form.equation:
        found["A"] *= float(np.median(d) ** found["beta"])
    if "E" in law.values:
        found["E"] = float(10.0 ** rng.uniform(-1.0, 0.5))
    return {name: found[name] for name in law.values}


def _names(form: Form) -> list[str]:
    return [c for c in ("E", "A", "alpha", "B", "beta", "gamma") if c in form.equation]


def _scatter(rng: Draw, noise: str, n: Array) -> Array:
    """Errors (runs,) of the log loss."""
    if noise == "none":
        return np.zeros(len(n))
    size = 10.0 ** rng.uniform(-4.0, -1.3)
    errors = size * rng.standard_normal(len(n))
    if noise == "uneven":
        errors *= np.minimum((n / np.median(n)) ** -0.3, 5.0)
    if noise == "heavy":
        errors = size * rng.standard_t(2, len(n)) * 0.5
    if noise == "outliers":
        far = rng.random(len(n)) < 0.08
        errors += far * rng.choice([-1.0, 1.0], len(n)) * rng.uniform(0.1, 0.7, len(n))
    return np.clip(errors, -1.0, 1.0)


def _options(
    rng: Draw, form: Form, truth: dict[str, float], runs: int, design: str
) -> dict[str, Any]:
    """An objective, and now and then weights, bounds or held constants."""
    kinds = ["huber", "huber", "least_squares", "raw", "lad"]
    kind = kinds[rng.integers(len(kinds))]
    delta = float(10.0 ** rng.integers(-4, -1))
    options: dict[str, Any] = {"objective": kind, "delta": delta}
    if kind == "raw":
        options = {"objective": sw.Objective("least_squares", log=False)}
    if rng.random() < 0.15:
        options["weights"] = rng.uniform(0.2, 3.0, runs)
    if rng.random() < 0.15:
        name = str(rng.choice(list(truth)))
        value = truth[name]
        # half of them leave the truth outside
        low, high = sorted(value * np.exp(rng.uniform(-0.5, 0.5, 2)))
        options["bounds"] = {name: (float(low), float(high))}
    elif rng.random() < 0.15 and len(truth) > 2:
        name = str(rng.choice(list(truth)))
        options["fixed"] = {name: truth[name]}
    return options


def _is_silent(form: Form, design: str, options: dict[str, Any]) -> bool:
    """Whether the design leaves constants open, by counting what varies.

    At one size A/N**alpha is a number, from which nobody tells A, alpha and E apart. Two sizes give
    two numbers for these three. Along D = k N or D = C/(6 N) powers of N and D are powers of N.
    """
    if "fixed" in options or "bounds" in options:  # these may or may not help: not judged
        return False
    text = form.equation
    product, shared = "*D**-beta" in text, "B/D**alpha" in text
    return {
        "one run": True,
        "one size": "(N*D)" not in text,
        "one number of tokens": "B" in text or product,
        "two sizes": "E + A/N**alpha" in text and not shared,
        "one ratio": product or shared,
        "one budget": product or "(N*D)" in text,
    }.get(design, False)
