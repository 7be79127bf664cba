"""Damped Newton with exact derivatives, for one problem or thousands at once.

Bounds are kept by an active set: a step ends at the first bound in its way, and a constant at a
bound beyond which the next step would lead is held for that step. Clipping steps instead got stuck
in the narrow valleys between an amplitude and its exponent (3 % of the resamples).

One routine serves the single refit, the several starts of the global search and the bootstrap: they
differ only in how many rows theta and the weights have.
"""

from __future__ import annotations

from dataclasses import dataclass

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
_ROWS_AT_ONCE = 60_000  # batch rows x runs kept in the processor's cache


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
    loss = objective.rho(residuals(problem, objective, problem.predict(theta)))
    total = np.einsum("bn,bn->b", loss, np.broadcast_to(weights, loss.shape))
    return np.asarray(np.where(np.isfinite(total), total, np.inf))


def exact(problem: Problem, objective: Objective, weights: Array) -> Array:
    """The objective (batch or 1,) below which runs count as lying on the law."""
    r = np.full_like(problem.observed, _EXACT) if objective.log else _EXACT * problem.observed
    return np.asarray(np.sum(weights * objective.rho(r), axis=1))


def gradient_and_hessian(
    problem: Problem, objective: Objective, theta: Array, weights: Array
) -> tuple[Array, Array, Array]:
    """Gradient (batch, k), Hessian (batch, k, k) and its always positive part (batch, k, k).

    The positive part keeps the squared gradients only, with Huber's weights: it scales the steps.
    """
    predicted, slopes, bends = problem.derivatives(theta)
    r = residuals(problem, objective, predicted)
    pull = weights * objective.slope(r)
    stiffness = weights * objective.curvature(r)
    scale = 1.0 / predicted if objective.log else np.ones_like(predicted)
    slopes *= scale  # now the residual's slopes
    by_row = slopes.transpose(1, 0, 2)
    # the logarithm bends the residual by minus the square of its slope
    inner = stiffness - pull if objective.log else stiffness
    hessian = np.matmul(by_row * inner[:, None, :], by_row.transpose(0, 2, 1))
    with np.errstate(all="ignore"):
        firm = np.where(r == 0, weights, pull / np.where(r == 0, 1.0, r))
    positive = np.matmul(by_row * firm[:, None, :], by_row.transpose(0, 2, 1))
    lever = pull * scale
    for (i, j), bend in bends.items():
        entry = np.einsum("bn,bn->b", np.broadcast_to(bend, lever.shape), lever)
        hessian[:, i, j] += entry
        if i != j:
            hessian[:, j, i] += entry
    return np.matmul(by_row, pull[:, :, None])[:, :, 0], hessian, positive


def _hold(held: Mask, gradient: Array, hessian: Array) -> None:
    """Takes the constants that a row holds out of its step."""
    gradient[held] = 0.0
    hessian[held[:, :, None] | held[:, None, :]] = 0.0


def _newton_step(
    gradient: Array, hessian: Array, positive: Array, damping: Array
) -> tuple[Array, Array]:
    """A step that goes down along every curvature, and the decrease that it promises."""
    width = np.sqrt(np.maximum(np.einsum("bkk->bk", positive), 1e-300))
    scaled = hessian / (width[:, :, None] * width[:, None, :])
    scaled = np.where(np.isfinite(scaled), scaled, 0.0)
    curvature, axes = np.linalg.eigh(scaled)
    along = np.einsum("bki,bk->bi", axes, gradient / width)
    floor = 1e-14 * np.max(np.abs(curvature), axis=1, keepdims=True) + 1e-300
    stiff = np.maximum(np.abs(curvature), floor)
    promise = 0.5 * np.sum(along**2 / stiff, axis=1)
    step = -np.einsum("bki,bi->bk", axes, along / (stiff + damping[:, None])) / width
    longest = np.max(np.abs(step), axis=1, keepdims=True)
    return step * np.minimum(1.0, _LONGEST_STEP / np.maximum(longest, 1e-300)), promise


def _step_inside(
    box: tuple[Array, Array],
    theta: Array,
    step: Array,
    promise: Array,
    gradient: Array,
    hessian: Array,
    positive: Array,
    damping: Array,
) -> tuple[Array, Array]:
    """The step without the constants that it would take over a bound, up to the next bound."""
    low, high = box
    for _ in range(theta.shape[1]):
        out = ((theta <= low) & (step < 0)) | ((theta >= high) & (step > 0))
        if not out.any():
            break
        _hold(out, gradient, hessian)
        step, promise = _newton_step(gradient, hessian, positive, damping)
        step[out] = 0.0  # rounding may leave a little of it
    room = np.where(step < 0, low, high) - theta
    with np.errstate(all="ignore"):
        share = np.where(step == 0, 1.0, room / step)
    return step * np.minimum(1.0, share.min(axis=1, keepdims=True)), promise


def _descend(
    problem: Problem, objective: Objective, theta: Array, weights: Array, held: Mask | None
) -> tuple[Array, Array, Array, int]:
    """One stage for one chunk of the batch."""
    theta = theta.copy()
    value = evaluate(problem, objective, theta, weights)
    least = np.broadcast_to(exact(problem, objective, weights), value.shape)
    remaining = np.full(len(theta), np.inf)
    damping = np.full(len(theta), 1e-4)
    active = np.flatnonzero(np.isfinite(value))
    iteration = 0
    while len(active) and iteration < MAX_ITERATIONS:
        iteration += 1
        rows = weights if weights.shape[0] == 1 else weights[active]
        gradient, hessian, positive = gradient_and_hessian(
            problem.rows(active), objective, theta[active], rows
        )
        if held is not None:
            _hold(held[active], gradient, hessian)
        step, promise = _newton_step(gradient, hessian, positive, damping[active])
        if problem.box is not None:
            step, promise = _step_inside(
                problem.box,
                theta[active],
                step,
                promise,
                gradient,
                hessian,
                positive,
                damping[active],
            )
        remaining[active] = promise / np.maximum(value[active], least[active])
        going = remaining[active] > CONVERGED
        active, step = active[going], step[going]
        moved = _search(problem, objective, theta, value, weights, active, step, damping)
        # a member that no step can lower has arrived as far as the arithmetic goes
        active = active[moved | (damping[active] < 1e6)]
    return theta, value, remaining, iteration


def _search(
    problem: Problem,
    objective: Objective,
    theta: Array,
    value: Array,
    weights: Array,
    active: npt.NDArray[np.intp],
    step: Array,
    damping: Array,
) -> Mask:
    """Takes the longest of three step lengths that goes down; says which members moved."""
    moved = np.zeros(len(active), dtype=bool)
    for length in (1.0, 0.3, 0.05):
        waiting = np.flatnonzero(~moved)
        if not len(waiting):
            break
        members = active[waiting]
        trial = problem.inside(theta[members] + length * step[waiting])
        rows = weights if weights.shape[0] == 1 else weights[members]
        new = evaluate(problem.rows(members), objective, trial, rows)
        better = new < value[members]
        taken = members[better]
        theta[taken], value[taken] = trial[better], new[better]
        moved[waiting[better]] = True
        damping[taken] *= 0.1 if length == 1.0 else 1.0
    damping[active[~moved]] = np.maximum(damping[active[~moved]] * 30.0, 1e-6)
    return moved


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
