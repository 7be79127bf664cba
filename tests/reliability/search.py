"""The best that can be had, by exhaustion: a second way to the optimum that shares no solver with
the first.

All combinations of exponents on a fine grid, far beyond what was ever published; for each the best
amplitudes in least squares, none negative, by trying every subset of the terms; from all valleys of
that map SciPy's trust-region solvers down to their end. Only the law's own values and derivatives
are the package's.
"""

from __future__ import annotations

from itertools import chain, combinations
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import minimum_filter
from scipy.optimize import least_squares, linprog
from scipy.stats import qmc

import scalewidgets as sw
from scalewidgets.lawbook import expression as ex

from .problems import Problem

Array = npt.NDArray[np.float64]

EXPONENTS = (-0.5, 3.0)
GRID = 61
SAMPLE = 2000  # points where there are three exponents
STARTS = 24  # valleys of the map that are looked into
FEW = 12  # evaluations for that; the best are then followed to their end
BEST = 6
TIGHT = 1e-15


class Landscape:
    """A problem's objective over its free constants: sizes as logarithms, exponents as they are."""

    def __init__(self, problem: Problem) -> None:
        law, runs, options = problem.law, problem.runs, problem.options
        self.problem, self.free = problem, problem.free
        self.sized = np.array([name not in problem.form.exponents for name in self.free])
        self.fixed = options.get("fixed", {})
        slopes = [ex.derivative(law.tree, name) for name in self.free]
        self.program = ex.Program([law.tree, *slopes])
        self.columns = {v: runs[v].to_numpy() for v in law.variables}
        self.observed = runs["loss"].to_numpy()
        kind = options["objective"]
        self.raw = isinstance(kind, sw.Objective)
        self.kind = "least_squares" if self.raw else kind
        self.delta = options.get("delta", 1e-3)
        self.weights = options.get("weights", np.ones(len(runs)))
        self.box = np.array([self._sides(name) for name in self.free]).T

    def _sides(self, name: str) -> tuple[float, float]:
        low, high = self.problem.options.get("bounds", {}).get(name, (-np.inf, np.inf))
        if name in self.problem.form.exponents:
            return low, high
        return (np.log(low) if low > 0 else -np.inf), np.log(high)

    def constants(self, theta: Array) -> dict[str, Any]:
        """Values of the free constants (k, ...)."""
        with np.errstate(over="ignore"):
            return {
                name: np.exp(t) if size else t
                for name, t, size in zip(self.free, theta, self.sized, strict=True)
            }

    def at(self, constants: dict[str, float]) -> Array:
        """Coordinates (k,) of given constants, within the bounds."""
        pairs = zip(self.free, self.sized, strict=True)
        values = [np.log(max(constants[n], 1e-300)) if z else constants[n] for n, z in pairs]
        return self.clip(np.array(values))

    def residuals(self, theta: Array) -> tuple[Array, Array]:
        """Residuals (runs,) and their slopes (runs, k), a run of weight w counted w times."""
        values = self.constants(theta)
        predicted, *slopes = self.program({**self.columns, **self.fixed, **values})
        count = len(self.observed)
        with np.errstate(all="ignore"):
            scale = 1.0 if self.raw else 1.0 / predicted
            by = [
                s * (values[n] if z else 1.0) * scale
                for s, n, z in zip(slopes, self.free, self.sized, strict=True)
            ]
            r = predicted - self.observed if self.raw else np.log(predicted / self.observed)
        jacobian = np.stack([np.broadcast_to(b, count) for b in by], axis=1)
        return np.broadcast_to(r, count), jacobian

    def rho(self, r: Array) -> Array:
        """Loss of residuals (..., runs)."""
        size = np.abs(r)
        if self.kind == "lad":
            return size
        if self.kind == "least_squares":
            return 0.5 * size**2
        return np.where(size <= self.delta, 0.5 * size**2, self.delta * (size - 0.5 * self.delta))

    def value(self, theta: Array) -> float:
        r, _ = self.residuals(theta)
        total = float(np.sum(self.weights * self.rho(r)))
        return total if np.isfinite(total) else np.inf

    @property
    def floor(self) -> float:
        """Below this value the runs lie on the law: residuals of a billionth are rounding."""
        r = 1e-9 * (self.observed if self.raw else np.ones(len(self.observed)))
        return float(np.sum(self.weights * self.rho(r)))

    def clip(self, theta: Array) -> Array:
        return np.clip(theta, *self.box)


# --- everywhere -----------------------------------------------------------------------------


def starts(land: Landscape) -> list[Array]:
    """The best point of every valley of the map over the exponents."""
    exponents = [name for name, size in zip(land.free, land.sized, strict=True) if not size]
    if "gamma" in land.problem.truth or not exponents:
        return _sampled(land)
    box = land.box[:, ~land.sized]
    sides = [
        np.linspace(max(EXPONENTS[0], low), min(EXPONENTS[1], high), GRID) for low, high in box.T
    ]
    mesh = np.meshgrid(*sides, indexing="ij")
    theta, value = _projected(land, dict(zip(exponents, (m.ravel() for m in mesh), strict=True)))
    ground = np.where(np.isfinite(value), value, np.inf).reshape(mesh[0].shape)
    bottoms = np.flatnonzero((ground <= minimum_filter(ground, 3, mode="nearest")).ravel())
    bottoms = bottoms[np.argsort(value[bottoms])][:STARTS]
    return [theta[i] for i in bottoms if np.isfinite(value[i])]


def _projected(land: Landscape, exponents: dict[str, Array]) -> tuple[Array, Array]:
    """Coordinates (points, k) with the best amplitudes at given exponents (points,), and values."""
    law, fixed = land.problem.law, land.fixed
    names = [name for name, size in zip(land.free, land.sized, strict=True) if size]
    tree = law.tree
    basis = ex.Program(
        [ex.substitute(tree, dict.fromkeys(names, 0.0)), *(ex.derivative(tree, n) for n in names)]
    )
    cells = {**land.columns, **fixed, **{n: e[:, None] for n, e in exponents.items()}}
    points = len(next(iter(exponents.values())))
    shape = (points, len(land.observed))
    offset, *terms = (np.broadcast_to(part, shape) for part in basis(cells))
    by = np.sqrt(land.weights) / (1.0 if land.raw else land.observed)
    target = (land.observed - offset) * by
    amounts, value = np.zeros((points, len(names))), np.full(points, np.inf)
    subsets = chain.from_iterable(
        combinations(range(len(names)), k) for k in range(1, len(names) + 1)
    )
    with np.errstate(all="ignore"):
        for subset in map(list, subsets):
            columns = np.stack([terms[i] * by for i in subset], axis=-1)
            size = np.linalg.norm(columns, axis=1, keepdims=True)
            columns = np.where(size > 0, columns / size, 0.0)
            normal = columns.transpose(0, 2, 1) @ columns + 1e-13 * np.eye(len(subset))
            usable = np.isfinite(normal).all(axis=(1, 2))
            normal[~usable] = np.eye(len(subset))
            right = np.nan_to_num(np.einsum("pnk,pn->pk", columns, target))
            found = np.linalg.solve(normal, right[..., None])[..., 0] / size[:, 0]
            predicted = offset + np.einsum(
                "pk,pkn->pn", found, np.stack([terms[i] for i in subset], 1)
            )
            r = predicted - land.observed if land.raw else np.log(predicted / land.observed)
            here = np.sum(land.weights * land.rho(r), axis=1)
            better = usable & (found > 0).all(axis=1) & (here < value)
            value[better] = here[better]
            amounts[better] = 0.0
            amounts[np.ix_(better, subset)] = found[better]
    theta = np.empty((points, len(land.free)))
    least = 1e-12 * np.max(amounts, axis=1)
    for i, name in enumerate(land.free):
        if name in exponents:
            theta[:, i] = exponents[name]
        else:
            with np.errstate(divide="ignore"):
                theta[:, i] = np.log(np.maximum(amounts[:, names.index(name)], least))
    return land.clip(theta), value


def _sampled(land: Landscape) -> list[Array]:
    """The best points of a wide sample around the truth, for laws without linear amplitudes."""
    truth = land.problem.truth
    centre = np.array(
        [np.log(truth[n]) if z else truth[n] for n, z in zip(land.free, land.sized, strict=True)]
    )
    wide = np.where(land.sized, 4.0, 0.6)
    unit = qmc.Sobol(len(centre), seed=0).random(2048)[:SAMPLE]
    theta = land.clip(centre + wide * (2.0 * unit - 1.0))
    values = [land.value(t) for t in theta]
    return [theta[i] for i in np.argsort(values)[:STARTS] if np.isfinite(values[i])]


# --- down -----------------------------------------------------------------------------------


def descend(land: Landscape, theta: Array, evaluations: int = 200) -> Array:
    """The end of SciPy's trust-region way down; where it has none, the start."""
    robust = land.kind != "least_squares"
    # weights stand in the loss where it bends, else in the residuals
    root = np.ones_like(land.weights) if robust else np.sqrt(land.weights)

    def of(t: Array) -> Array:
        return np.nan_to_num(root * land.residuals(t)[0], nan=1e6, posinf=1e6, neginf=-1e6)

    def slopes(t: Array) -> Array:
        return np.nan_to_num(root[:, None] * land.residuals(t)[1], posinf=0.0, neginf=0.0)

    losses: list[Any] = ["linear"]
    if robust:
        delta = land.delta if land.kind == "huber" else 1e-6
        wider = [d for d in (1e-2, 1e-3, 1e-4, 1e-5) if d > delta and evaluations > FEW]
        losses = [_huber(d, land.weights) for d in (*wider, delta)]
    best = theta
    for loss in losses:
        inside = np.clip(theta, land.box[0] + 1e-12, land.box[1] - 1e-12)
        try:
            with np.errstate(all="ignore"):
                found = least_squares(
                    of,
                    inside,
                    slopes,
                    bounds=land.box,
                    x_scale="jac",
                    max_nfev=evaluations,
                    **dict.fromkeys(("ftol", "xtol", "gtol"), TIGHT),
                    loss=loss,
                )
        except (ValueError, np.linalg.LinAlgError):
            break
        theta = found.x
    return theta if land.value(theta) < land.value(best) else best


def _huber(delta: float, weights: Array) -> Any:
    """Huber's loss as SciPy wants it: of squares, doubled, with two derivatives; each weighted."""

    def loss(z: Array) -> Array:
        size = np.sqrt(np.maximum(z, delta**2))
        inner = z <= delta**2
        value = np.where(inner, z, 2.0 * delta * size - delta**2)
        return (
            np.stack(
                [
                    value,
                    np.where(inner, 1.0, delta / size),
                    np.where(inner, 0.0, -0.5 * delta / size**3),
                ]
            )
            * weights
        )

    return loss


def settle(land: Landscape, theta: Array, steps: int = 40) -> Array:
    """The end of a way down by linear programs, exact for corners and kinks.

    In each step the residuals are taken as straight lines and their losses as they are, within a
    box that grows where the forecast held and shrinks where it did not (Fletcher 1981).
    """
    reach, here = 0.1, land.value(theta)
    for _ in range(steps):
        r, slopes = land.residuals(theta)
        step = _straight(land, theta, r, slopes, reach)
        if step is None:
            break
        there = land.clip(theta + step)
        value = land.value(there)
        if value < here:
            theta, here, reach = there, value, reach * 3.0
        else:
            reach *= 0.2
            if reach < 1e-12:
                break
    return theta


def _straight(land: Landscape, theta: Array, r: Array, slopes: Array, reach: float) -> Array | None:
    """The best step within ``reach`` for sums of absolute values of straight residuals."""
    count, k = slopes.shape
    if not (np.isfinite(slopes).all() and np.isfinite(r).all()):
        return None
    eye = np.eye(count)
    cost = np.concatenate([np.zeros(k), land.weights])
    upper = np.block([[slopes, -eye], [-slopes, -eye]])
    sides = [
        (max(-reach, low), min(reach, high)) for low, high in zip(*(land.box - theta), strict=True)
    ]
    found = linprog(
        cost, upper, np.concatenate([-r, r]), bounds=[*sides, *[(0, None)] * count], method="highs"
    )
    return found.x[:k] if found.success else None


def best(problem: Problem, besides: list[dict[str, float]]) -> tuple[float, dict[str, float]]:
    """The least value found, and its constants; ``besides`` are constants to go down from too."""
    land = Landscape(problem)
    points = starts(land)
    points += [land.at(constants) for constants in [problem.truth, *besides]]
    known = points[-1 - len(besides) :]
    seen = sorted((descend(land, point, FEW) for point in points), key=land.value)
    ends = sorted((descend(land, point) for point in [*seen[:BEST], *known]), key=land.value)
    if land.kind == "lad":
        ends = [settle(land, end) for end in ends[:4]]
    winner = min([*ends, *points], key=land.value)
    return land.value(winner), {k: float(v) for k, v in land.constants(winner).items()}


def gap(problem: Problem, value: float, least: float) -> float:
    """How far a value lies above the least known, relative to it (or to what rounding leaves)."""
    floor = max(least, Landscape(problem).floor)
    return max(value - floor, 0.0) / floor
