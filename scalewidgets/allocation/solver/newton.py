"""Newton's method on the conditions of an optimum, for thousands of problems at once.

At an optimum the goal's slopes are a combination of the slopes of what holds (Karush, Kuhn and
Tucker). With exact curvatures a handful of steps finds where they are, to the last digits; an
answer counts only when it is a minimum, keeps all limits, and pushes against those that it touches.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .problem import Array, Problem, Values, curvature_program, take, values_program

_STEPS = 40
_SETTLED = 1e-9  # of a step; the next one is its square
_FURTHEST = 1 / 16  # of a track in one step, and never more than one e-fold
_ROOM = 1e-9  # by which a limit may be overstepped: rounding

Rows = npt.NDArray[np.bool_]


@dataclass
class _System:
    """Slopes and curvatures at some positions: m axes, q relations that hold, K problems."""

    slope: Array  # (K, m)
    rest: Array  # (K, q)
    jacobian: Array  # (K, q, m)
    bend: Array  # (K, 1 + q, m, m)

    def matrix(self, multipliers: Array, frozen: Rows) -> Array:
        """The bordered matrix (K, m + q, m + q); frozen axes do not move."""
        rows, q, m = self.jacobian.shape
        found = np.zeros((rows, m + q, m + q))
        weights = np.concatenate([np.ones((rows, 1)), multipliers], axis=1)
        found[:, :m, :m] = np.einsum("kq,kqij->kij", weights, self.bend)
        jacobian = np.where(frozen[:, None, :], 0.0, self.jacobian)
        found[:, :m, m:] = jacobian.swapaxes(1, 2)
        found[:, m:, :m] = jacobian
        still = frozen[:, :, None] | frozen[:, None, :]
        found[:, :m, :m] = np.where(still, np.eye(m) * frozen[:, None, :], found[:, :m, :m])
        return found


def _system(problem: Problem, values: Values, t: Array, active: tuple[int, ...]) -> _System:
    rows, m = t.shape
    q = bool(problem.held) + len(active)
    outputs = curvature_program(problem, active)(problem.cells(t, values))
    table = np.empty((1 + q, 1 + m + m * (m + 1) // 2, rows))
    for row, output in zip(table.reshape(-1, rows), outputs, strict=True):
        row[:] = output
    bend = np.empty((rows, 1 + q, m, m))
    for place, (i, j) in enumerate(zip(*np.tril_indices(m), strict=True)):
        bend[:, :, i, j] = bend[:, :, j, i] = table[:, 1 + m + place].T
    slopes = np.moveaxis(table[:, 1 : 1 + m], -1, 0)
    return _System(slopes[:, 0], table[1:, 0].T, slopes[:, 1:], bend)


def _solve(matrix: Array, right: Array) -> Array:
    """Solutions (K, n); NaN where a matrix is singular or not finite."""
    sound = np.isfinite(matrix).all((1, 2)) & np.isfinite(right).all(1)
    found = np.full_like(right, np.nan)
    if not sound.any():
        return found
    try:
        found[sound] = np.linalg.solve(matrix[sound], right[sound][..., None])[..., 0]
    except np.linalg.LinAlgError:  # one is singular, and numpy does not say which
        for k in np.flatnonzero(sound):
            if np.linalg.matrix_rank(matrix[k]) == len(matrix[k]):
                found[k] = np.linalg.solve(matrix[k], right[k])
    return found


def _first_multipliers(
    problem: Problem, values: Values, t: Array, active: tuple[int, ...], frozen: Rows
) -> Array:
    """Those that leave least of the goal's slope: without them a straight goal has no curvature."""
    system = _system(problem, values, t, active)
    jacobian = np.where(frozen[:, None, :], 0.0, system.jacobian)
    return _solve(
        jacobian @ jacobian.swapaxes(1, 2), -np.einsum("kqi,ki->kq", jacobian, system.slope)
    )


def polish(
    problem: Problem, values: Values, start: Array, active: tuple[int, ...], frozen: Rows
) -> tuple[Array, Rows]:
    """The optimum next to ``start`` (K, axes), and where there is one.

    ``active`` are the limits that are taken to hold with equality; ``frozen`` (K, axes) the axes
    that stay where they are, at the end of their track.
    """
    rows, m = start.shape
    t, multipliers = start.copy(), _first_multipliers(problem, values, start, active, frozen)
    good = np.zeros(rows, dtype=bool)
    furthest = np.minimum(_FURTHEST * np.diff(problem.tracks, axis=0)[0], 1.0)
    live, settling = np.arange(rows), np.zeros(rows, dtype=bool)
    for _ in range(_STEPS):
        if not live.size:
            break
        here, lam = t[live], multipliers[live]
        system = _system(problem, take(values, live), here, active)
        matrix = system.matrix(lam, frozen[live])
        right = -np.concatenate([np.where(frozen[live], 0.0, system.slope), system.rest], axis=1)
        step = _solve(matrix, right)
        far = np.max(np.abs(step[:, :m]) / furthest, axis=1, initial=0.0)
        small = far * furthest.max(initial=0.0) <= _SETTLED
        t[live] = here + step[:, :m] / np.maximum(far, 1.0)[:, None]
        multipliers[live] = step[:, m:]
        ended = settling[live] & small
        good[live[ended]] = True
        settling[live] = small
        live = live[~ended & np.isfinite(far)]
    rest = np.flatnonzero(good)
    good[rest] = _is_minimum(
        problem, take(values, rest), t[rest], multipliers[rest], active, frozen[rest]
    )
    return t, good


def _is_minimum(
    problem: Problem,
    values: Values,
    t: Array,
    multipliers: Array,
    active: tuple[int, ...],
    frozen: Rows,
) -> Rows:
    """Whether stationary positions are minima within all bounds and limits."""
    rows, q = multipliers.shape
    if not rows:
        return np.zeros(0, dtype=bool)
    low, high = problem.tracks
    room = 1e-12 * (high - low)
    good = np.all((t >= low - room) & (t <= high + room), axis=1)
    good &= np.all(multipliers[:, bool(problem.held) :] >= 0.0, axis=1)
    _, *limits = values_program(problem)(problem.cells(t, values))
    for i, limit in enumerate(limits):
        good &= np.full(rows, i in active) | (limit <= _ROOM)
    system = _system(problem, values, t, active)
    push = system.slope + np.einsum("kq,kqi->ki", multipliers, system.jacobian)
    inwards = np.where(t - low < high - t, push, -push)
    good &= np.all(~frozen | (inwards >= 0.0), axis=1)
    # with q conditions a minimum's bordered matrix has exactly q negative eigenvalues
    matrix = system.matrix(multipliers, frozen)
    good &= np.isfinite(matrix).all((1, 2))
    eigenvalues = np.linalg.eigvalsh(np.where(good[:, None, None], matrix, 0.0))
    return np.asarray(good & (np.sum(eigenvalues < 0.0, axis=1) == q))
