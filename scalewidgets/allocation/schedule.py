"""The learning-rate schedule with which a law of loss curves predicts the lowest final loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import minimize, minimize_scalar

from ..fitting.types import one_blas_thread
from ..lawbook import Law, Schedule, closed_form
from ..lawbook import expression as ex
from ..lawbook.door import checked
from ..lawbook.expression import Array
from ..lawbook.sums import with_sums
from .draws import AllocationError

_START = (0.2, 1.5, 0.01)  # share of the decay, its power, where it ends: near any optimum seen
_LEAST = 1e-3  # of a rate, the next one
_FALLEN = 0.999  # of the peak, below which a rate has begun to fall
_LEVELS = (64, 512, 4096)  # pieces, on the way to one a step: each begins where the last one ended
_PARTS = 6  # of a drop that counts as a ramp
_OPTIONS = {"maxiter": 4000, "maxfun": 6000, "maxcor": 30, "ftol": 1e-10, "gtol": 1e-8}


@dataclass(frozen=True, eq=False)
class BestSchedule:
    """A schedule, and the final loss that the law predicts with it.

    Attributes
    ----------
    schedule : Schedule
        Step by step, warm-up included.
    loss : float
        Predicted by the law after the last step, in its unit.
    heights : array (pieces,)
        The rate of each piece after warm-up, over the peak rate.
    converged : bool
        Whether the search ended because nothing improved any more.
    """

    schedule: Schedule
    loss: float
    heights: Array = field(repr=False)
    converged: bool = True

    @property
    def decay(self) -> float:
        """The share of the steps after warm-up in which the rate is below 99.9 % of the peak."""
        return float(np.mean(self.heights < _FALLEN))

    @property
    def power(self) -> float:
        """The p of ``(1 - x)**p`` nearest to the decay, x being its progress from 0 to 1.

        Least squares on the share of the peak. NaN where the decay has fewer than three pieces.
        """
        falling = self.heights[self.heights < _FALLEN]
        if falling.size < 3:
            return float("nan")
        left = 1 - (np.arange(falling.size) + 0.5) / falling.size
        share = (falling - falling[-1]) / (1 - falling[-1])
        off = minimize_scalar(lambda p: np.square(left**p - share).sum(), bounds=(0.1, 20.0))
        return float(off.x)


@checked(AllocationError)
def optimise_schedule(
    law: Law | str = "luo2025_multi_power",
    *,
    peak: float,
    steps: int,
    warmup: int = 0,
    pieces: int | None = None,
    sudden: bool = False,
    **given: float,
) -> BestSchedule:
    """The schedule that never rises after warm-up and has the lowest predicted final loss.

    Parameters
    ----------
    law : Law or str
        A law of loss curves over ``S1`` and the drops of the rate.
    peak : float
        The highest learning rate, at the end of warm-up.
    steps, warmup : int
        All optimiser steps, and those of the linear warm-up among them, as :class:`Schedule` has
        it.
    pieces : int, optional
        In how many equal pieces the rate may change after warm-up; each step where left out, which
        takes seconds.
    sudden : bool, optional
        Whether a drop of the rate counts as sudden, as the multi-power law is written: then the
        best schedule has a few large ones. Where left out it counts as a ramp through all rates
        between, which is the same for a decay that is gradual.
    **given : float
        Variables of the law that the schedule shall not tell, such as the area ``SW`` of a warm-up
        that is left out otherwise.

    Returns
    -------
    BestSchedule

    Raises
    ------
    AllocationError
        For a law that knows no drops, or a number of pieces that does not fit.
    FeatureError
        When peak, steps and warm-up make no schedule.

    Notes
    -----
    Luo et al. 2025 (arXiv:2503.12811) descend over the rates of all steps. Here the ratio of each
    rate to the one before it, at most 1, is found by L-BFGS-B with the law's exact derivatives,
    first in few pieces, then in more. The gradual optimum is theirs to 3e-5 nats. It is not the
    lowest that their law allows: one drop to 3 % of the peak is predicted to be better.

    Examples
    --------
    >>> best = optimise_schedule(peak=3e-4, steps=24_000, warmup=2160, pieces=128)
    >>> cosine = Schedule.cosine(3e-4, 24_000, warmup=2160)
    >>> round(float(closed_form("luo2025_multi_power").predict(schedule=cosine)) - best.loss, 2)
    0.07
    """
    law = closed_form(law) if isinstance(law, str) else law
    constant = Schedule.constant(peak, steps, warmup)
    rising = constant.warmup or 0
    most = steps - rising
    if pieces is not None and not 2 <= pieces <= most:
        raise AllocationError(f"pieces must be from 2 to {most}, the steps after warm-up")
    final = pieces or most
    heights, converged = _rough(_LEVELS[0]), False
    for count in [*(level for level in _LEVELS if level < final), final]:
        course = _Course(law, constant, count, given, sudden)
        heights = np.interp(_middles(count), _middles(heights.size), heights)
        heights, converged = _descend(course, heights)
    rates = constant.eta.copy()
    rates[rising:] = peak * heights[np.arange(most) * final // most]
    schedule = Schedule(rates, warmup=rising)
    return BestSchedule(
        schedule, float(law.predict(schedule=schedule, **given)), heights, converged
    )


def _middles(count: int) -> Array:
    return (np.arange(count) + 0.5) / count


def _rough(count: int) -> Array:
    decay, power, final = _START
    left = np.clip((1 - _middles(count)) / decay, 0, 1)
    return np.asarray(final + (1 - final) * left**power)


def _descend(course: _Course, heights: Array) -> tuple[Array, bool]:
    """The best heights from these on, and whether the search came to an end."""
    ratios = np.clip(heights / np.append(1.0, heights[:-1]), _LEAST, 1.0)
    bounds = [(_LEAST, 1.0)] * heights.size
    with one_blas_thread():
        found = minimize(
            course.by_ratios, ratios, jac=True, method="L-BFGS-B", bounds=bounds, options=_OPTIONS
        )
    out_of_turns = 1  # SciPy's status; 2 is a line search that finds nothing better, an end as well
    return np.cumprod(found.x), found.status != out_of_turns


class _Course:
    """The final loss as a function of the heights after warm-up, with its exact gradient."""

    def __init__(
        self, law: Law, constant: Schedule, count: int, given: Mapping[str, float], sudden: bool
    ) -> None:
        nodes, weights = np.polynomial.legendre.leggauss(_PARTS)
        ramp = ((nodes[:, None] + 1) / 2, weights[:, None] / 2)
        self._ramp = (np.zeros((1, 1)), np.ones((1, 1))) if sudden else ramp
        lists = [name for name in ("drop", "anneal") if name in law.items]
        if len(lists) != 1 or "S1" not in law.variables:
            raise AllocationError(
                f"{law.id} knows no schedule: it needs S1 and the drops of the learning rate, as "
                "luo2025_multi_power has them"
            )
        self._fall = lists[0]
        area = [ex.derivative(law.tree, "S1")]
        single = [
            with_sums(ex.derivative(law.tree, name), lambda body: body)
            for name in (self._fall, "eta", "S_before")
        ]
        self._program = ex.Program([law.tree, *area, *single])
        self._names = set(ex.symbols(law.tree))
        whole = constant.features()
        self._peak = float(constant.eta.max())
        after = constant.eta.size - (constant.warmup or 0)
        self._width = after / count
        rising = whole["eta"].size if constant.warmup and self._fall == "drop" else 0
        self._rise = {n: whole[n][:rising] for n in ("drop", "eta", "S_before")}
        first = (constant.warmup or 0) + 1.0
        self._fixed = {
            **law.values,
            **{name: whole[name] for name in ("s", "SW", "S_peak")},
            **given,
            "k": np.tile(first + np.arange(count) * self._width, self._ramp[0].size),
        }

    def by_ratios(self, ratios: Array) -> tuple[float, Array]:
        heights = np.asarray(np.cumprod(ratios), dtype=np.float64)
        loss, slope = self(heights)
        return loss, np.cumsum((slope * heights)[::-1])[::-1] / ratios

    def __call__(self, heights: Array) -> tuple[float, Array]:
        """Loss, and its derivatives (count,) by the heights."""
        rates = self._peak * heights
        areas = rates * self._width
        falls = np.append(self._peak, rates[:-1]) - rates
        x, w = self._ramp
        parts = {
            "drop": w * falls,
            "eta": rates + x * falls,
            "S_before": np.broadcast_to(np.cumsum(areas) - areas, (x.size, falls.size)),
        }
        lists = {name: np.append(self._rise[name], part) for name, part in parts.items()}
        lists["anneal"] = parts["drop"].ravel()
        values = {**lists, **self._fixed, "S1": areas.sum()}
        loss, by_area, *by_item = self._program({n: values[n] for n in self._names})
        by_part, by_rate, by_before = (_after(part, (x.size, falls.size)) for part in by_item)
        by_fall = (w * by_part + x * by_rate).sum(axis=0)
        by_rate, by_before = by_rate.sum(axis=0), by_before.sum(axis=0)
        slope = self._width * np.squeeze(by_area) - by_fall + by_rate
        slope[:-1] += by_fall[1:]
        later = np.cumsum(by_before[::-1])[::-1]
        slope[:-1] += self._width * later[1:]
        return float(np.squeeze(loss)), self._peak * slope


def _after(part: Array, shape: tuple[int, int]) -> Array:
    """The last items, or what is the same for all of them, a row for each part of a drop."""
    many = np.atleast_1d(part)
    count = shape[0] * shape[1]
    return many[-count:].reshape(shape) if many.size > 1 else np.full(shape, many[0])
