"""Damped Newton with exact derivatives, for one problem or thousands at once.

Bounds are kept by an active set: a step ends at the first bound in its way, and a constant at a
bound beyond which the next step would lead is held for that step. Clipping steps instead got stuck
in the narrow valleys between an amplitude and its exponent (3 % of the resamples).

One routine serves the single refit, the several starts of the global search and the bootstrap: they
differ only in how many rows theta and the weights have.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from .objective import Objective
from .problem import Problem
from .types import Array

Mask = npt.NDArray[np.bool_]

# Along a bent valley Huber's kinks allow only small steps: 200 lost a fifth of the resamples of the
# 34 runs of Sardana et al.
MAX_ITERATIONS = 1000
# Newton's own forecast of what is left to gain, relative to the objective.
CONVERGED = 1e-12
_EXACT = 1e-9  # residuals of this share of the loss are none: a law that fits so well has arrived
_LONGEST_STEP = 2.0  # in coordinates: a factor of 7 in an amplitude
_ROWS_AT_ONCE = 30_000  # batch rows x runs kept in the processor's cache


@dataclass(frozen=True)
class Solution:
    """Optima of a batch.

    Attributes
    ----------
    theta : array (batch, constants)
    value : array (batch,)
        The objective there (of the last stage).
    remaining : array (batch,)
        Newton's forecast of the decrease still possible, relative to ``value`` (or, where the runs
        lie on the law, to what rounding leaves).
    iterations : int
        Of the slowest member.
    """

    theta: Array
    value: Array
    remaining: Array
    iterations: int

    @property
    def converged(self) -> Mask:
        """Members whose forecast is negligible."""
        return self.remaining < 1e-9


def residuals(problem: Problem, objective: Objective, predicted: Array) -> Array:
    """log(predicted) - log(observed), or the plain difference; NaN where it has none."""
    if not objective.log:
        return np.asarray(predicted - problem.observed)
    with np.errstate(all="ignore"):
        return np.asarray(np.log(predicted) - problem.log_observed)


def evaluate(problem: Problem, objective: Objective, theta: Array, weights: Array) -> Array:
    """The objective (batch,); infinite where the law is not defined at some run."""
    total = np.zeros(len(theta))
    for runs, block in problem.blocks(len(theta)):
        loss = objective.rho(residuals(block, objective, block.predict(theta)))
        total += over_runs(weights[:, runs], loss)
    return np.where(np.isfinite(total), total, np.inf)


def over_runs(a: Array, b: Array) -> Array:
    """Sums over the last axis of products of arrays that broadcast."""
    return np.asarray(np.einsum("...n,...n->...", a, b))


def exact(problem: Problem, objective: Objective, weights: Array) -> Array:
    """The objective (batch or 1,) below which runs count as lying on the law."""
    r = np.asarray(_EXACT) if objective.log else _EXACT * problem.observed
    return np.asarray(np.sum(weights * objective.rho(r), axis=1))


@dataclass(frozen=True)
class Expansion:
    """The objective around the points of a batch, to second order.

    Attributes
    ----------
    value : array (batch,)
        Infinite where the law is not defined at some run.
    gradient : array (batch, k)
    hessian : array (batch, k, k)
    positive : array (batch, k, k)
        The Hessian's always positive part, the squared gradients with Huber's weights: it scales
        the steps.
    """

    value: Array
    gradient: Array
    hessian: Array
    positive: Array

    def rows(self, which: npt.NDArray[np.intp] | Mask) -> Expansion:
        """A copy of some rows of the batch."""
        return Expansion(
            self.value[which], self.gradient[which], self.hessian[which], self.positive[which]
        )

    def put(self, which: npt.NDArray[np.intp], rows: Expansion) -> None:
        """Replaces some rows of the batch."""
        self.value[which], self.gradient[which] = rows.value, rows.gradient
        self.hessian[which], self.positive[which] = rows.hessian, rows.positive

    def hold(self, held: Mask) -> None:
        """Takes the constants that a row holds out of its step."""
        self.gradient[held] = 0.0
        self.hessian[held[:, :, None] | held[:, None, :]] = 0.0


def expand(problem: Problem, objective: Objective, theta: Array, weights: Array) -> Expansion:
    """The objective around theta (batch, k), with weights (batch or 1, runs)."""
    sums = [
        _sums(block, objective, theta, weights[:, runs])
        for runs, block in problem.blocks(len(theta))
    ]
    value, levers, hessian, positive = (sum(each[1:], each[0]) for each in zip(*sums, strict=True))
    rows, columns, places = problem.bends
    hessian[:, rows, columns] += levers[:, places]
    return Expansion(
        np.where(np.isfinite(value), value, np.inf), levers[:, : problem.size], hessian, positive
    )


def _sums(
    problem: Problem, objective: Objective, theta: Array, weights: Array
) -> tuple[Array, Array, Array, Array]:
    """Sums over the runs: the objective, its pull on each of ``problem.parts``, and the parts of
    its Hessian from the slopes' products, all of them and those that are always positive."""
    with np.errstate(all="ignore"):
        predicted, parts = problem.parts(theta)
        r = residuals(problem, objective, predicted)
        pull = weights * objective.slope(r)
        inner = weights * objective.curvature(r)
        firm = weights * objective.firmness(r)
        if objective.log:
            parts *= (1.0 / predicted)[:, None]  # now those of the residual
            inner -= pull  # the logarithm bends it by minus the square of its slope
        slopes = parts[:, : problem.size]
        turned = slopes.transpose(0, 2, 1)
        return (
            over_runs(weights, objective.rho(r)),
            np.matmul(parts, pull[:, :, None])[:, :, 0],
            np.matmul(slopes * inner[:, None], turned),
            np.matmul(slopes * firm[:, None], turned),
        )


def gradient_and_hessian(
    problem: Problem, objective: Objective, theta: Array, weights: Array
) -> tuple[Array, Array, Array]:
    """Gradient (batch, k), Hessian (batch, k, k) and its always positive part (batch, k, k)."""
    found = expand(problem, objective, theta, weights)
    return found.gradient, found.hessian, found.positive


def _newton_step(at: Expansion, damping: Array) -> tuple[Array, Array]:
    """A step that goes down along every curvature, and the decrease that it promises."""
    width = np.sqrt(np.maximum(np.diagonal(at.positive, axis1=1, axis2=2), 1e-300))
    scaled = at.hessian / (width[:, :, None] * width[:, None, :])
    if not np.isfinite(scaled).all():
        scaled = np.where(np.isfinite(scaled), scaled, 0.0)
    curvature, axes = np.linalg.eigh(scaled)
    along = np.matmul((at.gradient / width)[:, None], axes)[:, 0]
    size = np.abs(curvature)
    stiff = np.maximum(size, 1e-14 * size.max(axis=1, keepdims=True) + 1e-300)
    promise = 0.5 * (along**2 / stiff).sum(axis=1)
    step = -np.matmul(axes, (along / (stiff + damping[:, None]))[:, :, None])[:, :, 0] / width
    longest = np.abs(step).max(axis=1, keepdims=True)
    return step * np.minimum(1.0, _LONGEST_STEP / np.maximum(longest, 1e-300)), promise


def _step_inside(
    box: tuple[Array, Array],
    theta: Array,
    at: Expansion,
    damping: Array,
    step: Array,
    promise: Array,
) -> tuple[Array, Array]:
    """The step without the constants that it would take over a bound, up to the next bound."""
    low, high = box
    for _ in range(theta.shape[1]):
        out = ((theta <= low) & (step < 0)) | ((theta >= high) & (step > 0))
        if not out.any():
            break
        at.hold(out)
        step, promise = _newton_step(at, damping)
        step[out] = 0.0  # rounding may leave a little of it
    room = np.where(step < 0, low, high) - theta
    with np.errstate(all="ignore"):
        share = np.where(step == 0, 1.0, room / step)
    return step * np.minimum(1.0, share.min(axis=1, keepdims=True)), promise


class _Descent:
    """A batch on its way down: where each member is, and the objective around it."""

    def __init__(
        self, problem: Problem, objective: Objective, theta: Array, weights: Array
    ) -> None:
        self.problem, self.objective, self.weights = problem, objective, weights
        self.theta = theta.copy()
        self.at = expand(problem, objective, theta, weights)
        self.damping = np.full(len(theta), 1e-4)

    def step(
        self, members: npt.NDArray[np.intp], held: Mask | None, *, firm: bool = False
    ) -> tuple[Array, Array]:
        """Newton's next step of some members, and the decrease that it promises.

        ``firm`` takes Huber's weights for the curvature, so that runs just past a corner count.
        """
        at, damping = self.at.rows(members), self.damping[members]
        if firm:
            at = replace(at, hessian=at.positive.copy())
        if held is not None:
            at.hold(held[members])
        found = _newton_step(at, damping)
        if self.problem.box is None:
            return found
        return _step_inside(self.problem.box, self.theta[members], at, damping, *found)

    def search(self, members: npt.NDArray[np.intp], step: Array) -> Mask:
        """Takes the longest of three step lengths that goes down; says which members moved.

        Where the full step leads is expanded at once, not only evaluated: nearly always it is
        taken, and the next step needs that.
        """
        there = self.problem.inside(self.theta[members] + step)
        new = self._expand(members, there)
        moved = new.value < self.at.value[members]
        taken = members[moved]
        self.theta[taken] = there[moved]
        self.at.put(taken, new.rows(moved))
        self.damping[taken] *= 0.1
        for length in (0.3, 0.05):
            if moved.all():
                return moved
            moved[~moved] = self._shorten(members[~moved], length * step[~moved])
        stuck = members[~moved]
        self.damping[stuck] = np.maximum(self.damping[stuck] * 30.0, 1e-6)
        return moved

    def _shorten(self, members: npt.NDArray[np.intp], step: Array) -> Mask:
        """Takes a step where it goes down, and says where."""
        there = self.problem.inside(self.theta[members] + step)
        value = evaluate(self.problem.rows(members), self.objective, there, self._weights(members))
        moved = value < self.at.value[members]
        taken = members[moved]
        if len(taken):
            self.theta[taken] = there[moved]
            self.at.put(taken, self._expand(taken, there[moved]))
        return moved

    def _expand(self, members: npt.NDArray[np.intp], theta: Array) -> Expansion:
        rows = self.problem.rows(members)
        return expand(rows, self.objective, theta, self._weights(members))

    def _weights(self, members: npt.NDArray[np.intp]) -> Array:
        return self.weights if len(self.weights) == 1 else self.weights[members]


def _descend(
    problem: Problem, objective: Objective, theta: Array, weights: Array, held: Mask | None
) -> tuple[Array, Array, Array, int]:
    """One stage for one chunk of the batch."""
    now = _Descent(problem, objective, theta, weights)
    least = np.broadcast_to(exact(problem, objective, weights), len(theta))
    remaining = np.full(len(theta), np.inf)
    active = np.flatnonzero(np.isfinite(now.at.value))
    iteration = 0
    while len(active) and iteration < MAX_ITERATIONS:
        iteration += 1
        step, promise = now.step(active, held)
        remaining[active] = promise / np.maximum(now.at.value[active], least[active])
        going = remaining[active] > CONVERGED
        active = active[going]
        if not len(active):
            break
        moved = now.search(active, step[going])
        # A member that no step can lower has arrived as far as the arithmetic goes. Newton may not
        # see that: a run just past its corner, which would stop the step, has no curvature there.
        stuck = ~moved & (now.damping[active] >= 1e6)
        arrived, active = active[stuck], active[~stuck]
        if len(arrived):
            _, promise = now.step(arrived, held, firm=True)
            promise /= np.maximum(now.at.value[arrived], least[arrived])
            remaining[arrived] = np.minimum(remaining[arrived], promise)
    return now.theta, now.at.value, remaining, iteration


def minimise(
    problem: Problem,
    objective: Objective,
    theta: Array,
    weights: Array,
    held: Mask | None = None,
) -> Solution:
    """Local optima from the starts ``theta`` (batch, k) with weights (batch or 1, runs).

    ``held`` (batch, k) says which constants a row keeps at its start; the losses that the problem
    observes may differ by row too.
    """
    shape = (len(theta), theta.shape[1])
    found, value, remaining = np.empty(shape), np.empty(shape[0]), np.empty(shape[0])
    slowest = 0
    rows = max(1, _ROWS_AT_ONCE // problem.observed.shape[-1])
    for first in range(0, len(theta), rows):
        part = slice(first, first + rows)
        chunk = weights if weights.shape[0] == 1 else weights[part]
        at, some = problem.inside(theta[part]), problem.rows(part)
        kept = None if held is None else held[part]
        total = 0
        for stage in objective.stages():
            at, value[part], remaining[part], iterations = _descend(some, stage, at, chunk, kept)
            total += iterations
        found[part] = at
        slowest = max(slowest, total)
        if objective.kind == "lad":
            value[part] = evaluate(some, objective, at, chunk)
    return Solution(found, value, remaining, slowest)
