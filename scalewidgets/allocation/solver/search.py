"""The best point of a problem, for one set of numbers or thousands: look everywhere, then polish.

A coarse grid over all tracks finds the valley, some rounds of a finer one its floor, and Newton's
method the point. One axis is spared the grid: what holds says where it must be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import chain, combinations, product

import numpy as np
import numpy.typing as npt

from ...lawbook import expression as ex
from ...lawbook.frontier import root
from .isolate import isolate
from .newton import polish
from .problem import Array, Axis, Problem, Relation, Values, take, values_program

_POINTS = {0: 1, 1: 97, 2: 41, 3: 17}  # of the grid, a track, by the number of tracks
_SCAN = 65  # points at which an equation without a formula is tried
_COARSE, _FINE = 4, 44  # rounds that halve the grid: before Newton's method, and in its place
_STENCIL = np.linspace(-1.0, 1.0, 5)
_FAR, _FAR_POINTS = float(np.log(1e3)), 139  # how far a flat region is followed, 5 % a step
_ZOOMS = 2  # looks for its end, the second within one step of the first: 4e-4 a step
_AT_ONCE = 400_000  # values of an array, which bounds memory


@lru_cache(maxsize=64)
def _spared(problem: Problem) -> tuple[int | None, ex.Program | None]:
    """The axis that what holds determines, and its formula where there is one: best an axis whose
    bounds are not asked for, as they need no keeping."""
    if problem.held is None:
        return None, None
    order = sorted(range(len(problem.axes)), key=lambda i: problem.axes[i].given)
    for i in order:
        formula = isolate(problem.held.left, problem.axes[i].name, problem.held.right)
        if formula is not None and problem.axes[i].name not in ex.symbols(problem.held.right):
            return i, ex.Program([formula])
    return order[0], None


@lru_cache(maxsize=64)
def _residual(problem: Problem) -> tuple[ex.Program, list[str]]:
    """By how much what should hold does not, and the names in it."""
    assert problem.held is not None
    tree = problem.held.residual
    return ex.Program([tree]), ex.symbols(tree)


def _crossing(problem: Problem, at: int, values: Values, t: Array, exact: bool) -> Array:
    """Where along axis ``at`` what holds first holds, at positions t (..., axes); else NaN. Between
    two points of a scan when not ``exact``: that is near enough for a start."""
    axis = problem.axes[at]
    program, names = _residual(problem)
    scan = np.linspace(*axis.track, _SCAN).reshape(-1, *[1] * (t.ndim - 1))
    cells = {**problem.cells(t, values), axis.name: axis.quantity(scan)}
    off = np.broadcast_to(program(cells)[0], (_SCAN, *t.shape[:-1]))
    turns = np.sign(off[:-1]) * np.sign(off[1:]) <= 0.0
    first = np.argmax(turns, axis=0)
    low, high = (scan.ravel()[first + i] for i in (0, 1))
    if not exact:
        before, after = (np.take_along_axis(off, first[None] + i, axis=0)[0] for i in (0, 1))
        with np.errstate(all="ignore"):
            found = low + (high - low) * before / (before - after)
        return np.where(turns.any(axis=0), found, np.nan)
    others = [name for name in names if name != axis.name]

    def residual(u: Array, *rest: Array) -> Array:
        found = program({**dict(zip(others, rest, strict=True)), axis.name: axis.quantity(u)})[0]
        return np.asarray(found + 0.0 * u)

    found = root(residual, low, high, *(np.asarray(cells[name], dtype=float) for name in others))
    return np.where(turns.any(axis=0), found, np.nan)


def _completed(problem: Problem, values: Values, t: Array, exact: bool) -> Array:
    """Positions t (..., axes) with the spared axis where it must be."""
    at, formula = _spared(problem)
    if at is None:
        return t
    if formula is None:
        place = _crossing(problem, at, values, t, exact)
    else:
        with np.errstate(all="ignore"):
            place = formula(problem.cells(t, values))[0]
            place = np.log(place) if problem.axes[at].log else place
    found = t.copy()
    found[..., at] = place
    return found


def _score(problem: Problem, values: Values, t: Array) -> Array:
    """The goal at completed positions; infinite where a bound or limit is broken."""
    low, high = problem.tracks
    goal, *limits = values_program(problem)(problem.cells(t, values))
    kept = np.all((t >= low - 1e-12) & (t <= high + 1e-12), axis=-1)
    for limit in limits:
        kept &= limit <= 1e-12
    return np.where(kept & np.isfinite(goal), goal, np.inf)


def _best(problem: Problem, values: Values, t: Array, exact: bool) -> tuple[Array, Array]:
    """Of positions (M, K, axes) the best of each problem: where (K, axes), and the goal (K,)."""
    t = _completed(problem, values, t, exact)
    score = _score(problem, values, t)
    best = np.argmin(score, axis=0)
    columns = np.arange(t.shape[1])
    return t[best, columns], score[best, columns]


def _on_grid(problem: Problem, values: Values, rows: int) -> tuple[Array, Array]:
    """The best point of a grid over all tracks (rows, axes), and the distance of its points."""
    at, formula = _spared(problem)
    searched = [i for i in range(len(problem.axes)) if i != at]
    count = _POINTS[len(searched)]
    low, high = problem.tracks
    points = [np.linspace(low[i], high[i], count) for i in searched]
    mesh = np.tile(low, (count ** len(searched), 1))
    mesh[:, searched] = list(product(*points))
    t = np.empty((rows, len(low)))
    cost = len(mesh) * (1 if at is None or formula is not None else _SCAN)
    for chunk in _chunks(rows, max(1, _AT_ONCE // cost)):
        tried = np.repeat(mesh[:, None, :], chunk.size, axis=1)
        t[chunk], _ = _best(problem, take(values, chunk), tried, exact=False)
    width = np.zeros_like(low)
    width[searched] = (high - low)[searched] / max(count - 1, 1)
    return t, width


def _chunks(rows: int, size: int) -> Iterator[npt.NDArray[np.intp]]:
    return (np.arange(i, min(i + size, rows)) for i in range(0, rows, size))


def _zoom(
    problem: Problem, values: Values, t: Array, width: Array, rounds: int, exact: bool
) -> tuple[Array, Array]:
    """The best point of ever finer grids around t (K, axes), and its goal."""
    searched = np.flatnonzero(width)
    t, score = _best(problem, values, t[None], exact)
    low, high = problem.tracks
    offsets = np.zeros((len(_STENCIL) ** searched.size, len(width)))
    offsets[:, searched] = list(product(*[_STENCIL] * searched.size))
    for k in range(rounds if searched.size else 0):
        tried = np.clip(t + 0.5**k * (offsets * width)[:, None, :], low, high)
        found, value = _best(problem, values, tried, exact)
        better = value < score
        t, score = np.where(better[:, None], found, t), np.where(better, value, score)
    return t, score


def _active_sets(problem: Problem) -> list[tuple[int, ...]]:
    """Which limits may hold with equality together, fewest first."""
    most = len(problem.axes) - bool(problem.held)
    limits = range(len(problem.limits))
    return list(chain.from_iterable(combinations(limits, n) for n in range(most + 1)))


def _polished(
    problem: Problem, values: Values, t: Array, score: Array, frozen: npt.NDArray[np.bool_]
) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Optima next to t (K, axes) whatever limits they touch, not worse than ``score``."""
    _, formula = _spared(problem)
    slack = 1e-9 if problem.held is None or formula else 0.05  # where scores are near enough only
    done = np.zeros(len(t), dtype=bool)
    found = t.copy()
    for active in _active_sets(problem):
        rows = np.flatnonzero(~done & np.isfinite(score))
        if not rows.size:
            break
        some = take(values, rows)
        at, good = polish(problem, some, t[rows], active, frozen[rows])
        goal = values_program(problem)(problem.cells(at, some))[0]
        good &= goal <= score[rows] + slack
        found[rows[good]], done[rows[good]] = at[good], True
    return found, done


def solve(
    problem: Problem,
    values: Values,
    rows: int,
    near: Array | None = None,
    kept: Array | None = None,
) -> Array:
    """The best point of each problem.

    Parameters
    ----------
    problem : Problem
    values : mapping of str to float or array (rows,)
        All names of its trees that are no axes.
    rows : int
        How many problems there are.
    near : array (axes,), optional
        An optimum of much the same problem: where Newton's method finds one from there, it is
        taken without a search of the whole space.
    kept : array (rows, axes), optional
        Points at which all holds, from which to start where the search sees none: what can be kept
        in a narrow place only falls between the points of a grid.

    Returns
    -------
    array (rows, axes)
        Positions on the tracks; NaN where nothing keeps all limits.
    """
    t = np.full((rows, len(problem.axes)), np.nan)
    if near is not None:
        _improve(t, problem, values, np.tile(near, (rows, 1)))
    rest = np.flatnonzero(np.isnan(t).any(axis=1))
    if rest.size:
        t[rest] = _searched(problem, take(values, rest), rest.size)
    if kept is not None:
        _improve(t, problem, values, kept)
    return t


def _improve(t: Array, problem: Problem, values: Values, start: Array) -> None:
    """Fill those t (rows, axes) that are not found with the optima next to ``start``."""
    rest = np.flatnonzero(np.isnan(t).any(axis=1) & np.isfinite(start).all(axis=1))
    if rest.size:
        begin, free = start[rest], np.full(rest.size, 1e300)
        with np.errstate(all="ignore"):
            at, done = _polished(problem, take(values, rest), begin, free, problem.at_end(begin))
        t[rest] = np.where(done[:, None], at, np.nan)


def _searched(problem: Problem, values: Values, rows: int) -> Array:
    """The best point of each problem by a search of the whole space."""
    t, width = _on_grid(problem, values, rows)
    t, score = _zoom(problem, values, t, width, _COARSE, exact=False)
    with np.errstate(all="ignore"):
        t, done = _polished(problem, values, t, score, np.zeros(t.shape, dtype=bool))
    rest = np.flatnonzero(~done)
    if rest.size:
        some = take(values, rest)
        at, score = _zoom(problem, some, t[rest], width * 0.5**_COARSE, _FINE, exact=True)
        with np.errstate(all="ignore"):
            at, _ = _polished(problem, some, at, score, problem.at_end(at))
        t[rest] = np.where(np.isfinite(score)[:, None], at, np.nan)
    return t


def within(
    held: Relation,
    ceiling: Relation,
    axes: tuple[Axis, ...],
    values: Values,
    best: Mapping[str, Array],
    *,
    smaller: bool,
) -> dict[str, Array]:
    """The smallest, or largest, first quantity for which what holds costs no more than a ceiling.

    ``best`` is the point of least cost (rows,); from there the quantity is followed until the cost
    passes the ceiling. NaN where it does not within a factor of a thousand.
    """
    first = axes[0]
    goal = ("log", first.name) if smaller else ("neg", ("log", first.name))
    problem = Problem(goal, axes, held, (ceiling,))
    along = Problem(goal, axes[1:], held, (ceiling,))
    t = problem.positions(best)
    rows = np.arange(len(t))
    low, high = np.zeros(len(t)), np.full(len(t), -_FAR if smaller else _FAR)
    for _ in range(_ZOOMS):
        away = np.linspace(low, high, _FAR_POINTS)
        tried = np.repeat(t[None], _FAR_POINTS, axis=0)
        tried[..., 0] += away
        cells = {**values, first.name: first.quantity(tried[..., 0])}
        tried[..., 1:] = _completed(along, cells, tried[..., 1:], exact=True)
        _, over = values_program(problem)(problem.cells(tried, values))
        last = np.argmax(~(over <= 0.0) & (np.arange(_FAR_POINTS) > 0)[:, None], axis=0) - 1
        low, high = away[last, rows], away[np.minimum(last + 1, _FAR_POINTS - 1), rows]
        if np.any(last < 0):  # it goes on and on
            break
    near = tried[last, rows]
    with np.errstate(all="ignore"):
        found, good = polish(problem, values, near, (0,), np.zeros(near.shape, dtype=bool))
    found[~good | (last < 0)] = np.nan
    return {axis.name: axis.quantity(found[:, i]) for i, axis in enumerate(axes)}
