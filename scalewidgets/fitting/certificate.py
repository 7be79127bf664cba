"""Does a fit hold? What was checked, what came out, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .leverage import SINGULAR
from .objective import Objective
from .problem import Problem
from .solver import CONVERGED, Solution, exact
from .types import Array

AT_REST = 1e-6  # what Newton still forecasts for a start that came to rest
AGREEMENT = 1e-6  # relative gap within which two starts have found the same optimum
VAGUE = 3.0  # standard error of a logarithm: the amplitude is known to a factor of 20 only
VANISHED = 1e-6  # share of the loss
# Scatter across a line over that along it, in logarithms: real runs miss their budget by 1 %.
LINE = 0.02
ON_A_LINE = 3  # constants that a curve shows: its level, slope and bend


@dataclass(frozen=True)
class Certificate:
    """The evidence that a fit is the optimum and that the runs determine it.

    Attributes
    ----------
    remaining : float
        Newton's forecast of the decrease still possible, relative to the objective. Holds below
        1e-9. When it does not, fit again from another start.
    second_start : float
        Relative gap between the objective reached from the best and from another start. Holds below
        1e-6. When it does not, the surface has several valleys: compare them before believing one.
    starts : int
        How many starts were followed to their optimum.
    conditioning : float
        Weakest over strongest direction of information, in scaled coordinates. Below 1e-13 some
        constants explain the same thing: hold one with ``fixed=`` or add runs of another shape.
    vague : tuple of str
        Constants that the runs hardly bound (standard error above 3 in the logarithm of an
        amplitude, or above 1 in an exponent).
    at_bound : tuple of str
        Amplitudes that went to zero: their term is not needed, or the runs do not reach far enough.
        And constants at a bound that was set for them.
    one_line : bool
        All runs lie on one line in the logarithms of their inputs (one budget, or one D/N), and
        more than three constants are free. Then small errors mislead: add another budget.
    limits : tuple of (str, float)
        Those of ``at_bound`` that lie at a bound that was set, with the bound.
    """

    remaining: float
    second_start: float
    starts: int
    conditioning: float
    vague: tuple[str, ...]
    at_bound: tuple[str, ...]
    one_line: bool
    limits: tuple[tuple[str, float], ...] = ()

    @property
    def status(self) -> str:
        """``ok``, or the gravest thing found: ``not_converged``, ``several_optima``,
        ``unidentifiable``, ``at_bound``."""
        if not self.remaining < 1e-9:
            return "not_converged"
        if not self.second_start < AGREEMENT:
            return "several_optima"
        if self.at_bound:
            return "at_bound"
        if self.conditioning < SINGULAR or self.vague or self.one_line:
            return "unidentifiable"
        return "ok"

    def notes(self) -> list[str]:
        """What is wrong and what to do, one sentence each; empty when all holds."""
        found = []
        if not self.remaining < 1e-9:
            found.append(
                f"Not at the optimum: a further relative decrease of {self.remaining:.1e} is in "
                "reach. Fit again with start= near a published constant set."
            )
        if not self.second_start < AGREEMENT:
            found.append(
                f"Another start ended {self.second_start:.1e} higher (relative): several valleys. "
                "Compare them, or hold a constant with fixed=."
            )
        for name, limit in self.limits:
            found.append(
                f"{name} lies at its bound {limit:g}: beyond it these runs fit better. Widen its "
                "bounds, or hold it there with fixed= if the bound is known to be right."
            )
        for name in (n for n in self.at_bound if n not in dict(self.limits)):
            found.append(
                f"{name} went to zero: its term is not needed by these runs. Leave it out, hold it "
                "with fixed=, or add larger runs."
            )
        if self.one_line:
            found.append(
                "All runs lie on one line: N and D do not vary independently. Add runs at another "
                "budget, or hold constants with fixed=."
            )
        elif self.conditioning < SINGULAR:
            found.append(
                "The runs do not determine all constants: some explain the same thing. Vary N and "
                "D independently (several budgets, several sizes each), or hold one with fixed=."
            )
        elif self.vague:
            found.append(
                f"The runs hardly bound {', '.join(self.vague)}. Add runs over a wider range, or "
                "hold constants with fixed=."
            )
        return found


def certify(
    problem: Problem,
    objective: Objective,
    weights: Array,
    solution: Solution,
    best: int,
    errors: Array,
) -> Certificate:
    """The certificate of member ``best`` of a solution; ``errors`` (k,) are coordinates' errors."""
    theta = solution.theta[best : best + 1]
    information, shares = _design(problem, objective, theta, weights)
    pinned = problem.pinned(theta[0])
    information = information[np.ix_(~pinned, ~pinned)]
    width = np.sqrt(np.maximum(np.diagonal(information), 1e-300))
    # with all constants at bounds there is nothing left to determine
    spectrum = (
        np.linalg.eigvalsh(information / np.outer(width, width)) if len(width) else np.ones(1)
    )
    lowest = solution.value[best]
    # starts that ran into a wall or to infinity say nothing; any other start that came to rest does
    others = np.delete(solution.value, best)[np.delete(solution.remaining, best) < AT_REST]
    gap = (others.min() - lowest) / max(lowest, 1e-300) if len(others) else np.inf
    if lowest < exact(problem, objective, weights)[0]:
        gap = 0.0  # nothing fits better than a law on which all runs lie
    vague = tuple(
        c.name
        for c, error, held in zip(problem.coordinates, errors, pinned, strict=True)
        if not (held or error <= (VAGUE if c.sign else 1.0))  # NaN: not bounded at all
    )
    limits = _limits(problem, theta[0])
    return Certificate(
        remaining=float(max(solution.remaining[best], CONVERGED * 1e-3)),
        second_start=float(max(gap, 0.0)),
        starts=len(solution.value),
        conditioning=float(max(spectrum[0], 0.0) / spectrum[-1]),
        vague=vague,
        at_bound=tuple(dict.fromkeys([*dict(limits), *_vanished(problem, shares)])),
        one_line=problem.size > ON_A_LINE and _on_a_line(problem, weights[0] > 0),
        limits=limits,
    )


def _limits(problem: Problem, theta: Array) -> tuple[tuple[str, float], ...]:
    """Constants that lie at a bound, with the nearer of their bounds."""
    found = []
    values = problem.constants(theta)
    for c, pinned in zip(problem.coordinates, problem.pinned(theta), strict=True):
        if pinned:
            pair = problem.bounds[c.name]
            found.append((c.name, min(pair, key=lambda b: abs(b - float(values[c.name])))))
    return tuple(found)


def _design(
    problem: Problem, objective: Objective, theta: Array, weights: Array
) -> tuple[Array, Array]:
    """Information (k, k) of the least-squares problem at theta (1, k), and the largest share
    (k,) of a run's loss that each coordinate has a hand in.

    Of least squares whatever the objective: the corner of |r| carries no information.
    """
    k = problem.size
    information, shares = np.zeros((k, k)), np.zeros(k)
    for runs, block in problem.blocks(1):
        predicted, parts = block.parts(theta)
        slopes = parts[0, :k]
        shares = np.maximum(shares, (np.abs(slopes) / block.observed).max(axis=1))
        residual = slopes / predicted if objective.log else slopes
        information += (residual * weights[:, runs]) @ residual.T
    return information, shares


def _vanished(problem: Problem, shares: Array) -> tuple[str, ...]:
    """Linear constants whose term is a negligible share of every loss."""
    return tuple(
        c.name
        for c, share in zip(problem.coordinates, shares, strict=True)
        if c.linear and c.sign and share < VANISHED
    )


def _on_a_line(problem: Problem, used: npt.NDArray[np.bool_]) -> bool:
    """Whether the inputs, two at least, vary in one direction only."""
    with np.errstate(all="ignore"):
        inputs = np.log([np.broadcast_to(c, used.shape)[used] for c in problem.columns.values()])
        spread = inputs - inputs.mean(axis=1, keepdims=True)
    varying = spread[np.abs(spread).max(axis=1) > 1e-9]
    if len(varying) < 2 or not np.isfinite(varying).all():
        return False
    variance = np.linalg.eigvalsh(varying @ varying.T)  # squares of the scatter, ascending
    return bool(variance[-2] < LINE**2 * variance[-1])
