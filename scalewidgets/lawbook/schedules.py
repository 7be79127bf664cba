"""Learning-rate schedules: what the laws of loss curves read off them.

Steps are numbered from 1 and ``eta_t`` is the learning rate of step t; ``eta_0``, from which the
first step departs, is 0 where there is a warm-up, else ``eta_1``. Asked at step t, a schedule tells
the state after that step: sums run to ``eta_t`` inclusive.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from .door import check_whole, checked
from .features import Array, FeatureError

MOST_TERMS = 50_000_000  # of steps asked x changes of the rate; each array of them is 400 MB
_MOST_STEPS = 50_000_000
_LOWEST, _HIGHEST = 1e-30, 1e30  # rates of which sums and powers are numbers
_TINY = 1e-30  # stands for a rate of 0, whose negative power is infinite

_SHAPES: dict[str, Callable[[Array, float], Array]] = {
    "linear": lambda u, final: 1 - (1 - final) * u,
    "cosine": lambda u, final: final + (1 - final) * (1 + np.cos(np.pi * u)) / 2,
    "1-sqrt": lambda u, final: 1 - (1 - final) * np.sqrt(u),
    "exponential": lambda u, final: np.power(final, u),
}


@checked(FeatureError)
@dataclass(frozen=True, eq=False, repr=False)
class Schedule:
    """Learning rates step by step, for ``law.predict(schedule=...)``.

    Parameters
    ----------
    rates : array_like
        The learning rate of each step, the first that of step 1; none negative.
    warmup : int, optional
        How many steps at the start are warm-up; where left out, those up to which the rates rise
        from the very first step on (none when the second rate is no higher than the first).
    asked : array_like of int, optional
        See :meth:`at`.

    Raises
    ------
    FeatureError
        When the rates, the warm-up or the steps asked make no schedule.

    Notes
    -----
    Named schedules follow the runs of Luo et al. 2025: the warm-up is linear and reaches the peak
    at step ``warmup - 1``, so that its area is ``peak*warmup/2``; a decay ends at the last step.

    Examples
    --------
    >>> from scalewidgets.lawbook import law
    >>> cosine = Schedule.cosine(3e-4, 24000, warmup=2160)
    >>> law("luo2025_multi_power", "m400").predict(schedule=cosine.at([12000, 24000])).round(3)
    array([2.889, 2.757])
    """

    rates: npt.ArrayLike
    warmup: int | None = None
    asked: npt.ArrayLike | None = None

    def __post_init__(self) -> None:
        try:
            rates = np.array(self.rates, dtype=float)
        except (TypeError, ValueError) as error:
            raise FeatureError("schedule: the rates must be numbers, one a step") from error
        if rates.ndim != 1 or not rates.size:
            raise FeatureError(
                f"schedule: rates: needs a rate a step; this has shape {rates.shape}"
            )
        bad = np.flatnonzero(~(np.isfinite(rates) & (rates >= 0)))
        if bad.size:
            raise FeatureError(
                f"schedule: the rate of step {bad[0] + 1} is {rates[bad[0]]}; rates are numbers "
                "that are not negative"
            )
        if not rates.any():
            raise FeatureError("schedule: all rates are 0")
        warmup = _rising(rates) if self.warmup is None else self.warmup
        if warmup != int(warmup) or not 0 <= warmup <= rates.size:
            raise FeatureError(
                f"schedule: warmup must be a number of steps from 0 to {rates.size}, not {warmup}"
            )
        rates.flags.writeable = False
        object.__setattr__(self, "rates", rates)
        object.__setattr__(self, "warmup", int(warmup))
        asked = np.asarray(rates.size if self.asked is None else self.asked)
        if asked.dtype.kind not in "iuf" or not asked.size or np.any(asked != np.floor(asked)):
            raise FeatureError(
                "schedule: steps are asked by their numbers, such as .at([100, 200])"
            )
        if asked.min() < 1 or asked.max() > rates.size:
            raise FeatureError(
                f"schedule: asked: it has the steps 1 to {rates.size}, not {asked.min()} to "
                f"{asked.max()}"
            )
        object.__setattr__(self, "asked", asked.astype(int))

    @cached_property
    def eta(self) -> Array:
        """The learning rate of each step (read-only)."""
        return np.asarray(self.rates)

    @checked(FeatureError, "schedule")
    def at(self, steps: npt.ArrayLike) -> Schedule:
        """The same schedule asked at other steps: one number, or an array of any shape."""
        return replace(self, asked=steps)

    def features(self) -> Mapping[str, Array]:
        """What laws need, by their variables' names.

        Of the steps' shape: ``s`` (the step), ``S1`` (sum of the rates after warm-up; negative
        before its end), ``SW`` (sum of the warm-up's rates), ``S_peak`` (what to add to ``S1`` when
        the warm-up counts at its highest rate). Lists over the steps at which the rate changes:
        ``drop``, ``eta`` (the rate from there on), ``S_before`` (``S1`` just before). Lists over
        those after warm-up alone: ``anneal`` (the drop), ``k`` (the step's number).

        Raises
        ------
        FeatureError
            When there are more than 5e7 pairs of a step asked and a change of the rate.
        """
        asked, eta, warmup = np.asarray(self.asked), self.eta, self.warmup or 0
        total = np.concatenate(([0.0], np.cumsum(eta)))
        drops = -np.diff(eta, prepend=0.0 if warmup else eta[0])[: asked.max()]
        changes = np.flatnonzero(drops)  # index k - 1 of step k, which is also total's before it
        if asked.size * changes.size > MOST_TERMS:
            every = max(1, round(asked.size * changes.size / MOST_TERMS * 4))
            raise FeatureError(
                f"schedule: {asked.size} steps asked of a schedule whose rate changes "
                f"{changes.size} times make too many terms (at most {MOST_TERMS:.0e}); ask at "
                f"fewer, such as .at(range({every}, {eta.size + 1}, {every}))"
            )
        later = _or_none(changes[changes >= warmup])
        changes = _or_none(changes)
        S1 = total[asked] - total[warmup]
        at_peak = eta[warmup - 1] * np.minimum(asked, warmup) if warmup else 0.0
        return {
            "s": asked.astype(float),
            "S1": S1,
            "SW": np.asarray(total[warmup]),
            "S_peak": at_peak + np.maximum(S1, 0) - S1,
            "drop": drops[changes],
            "eta": np.maximum(eta[changes], _TINY),
            "S_before": total[changes] - total[warmup],
            "anneal": np.where(later < warmup, 0.0, drops[later]),
            "k": later + 1.0,
        }

    def __repr__(self) -> str:
        asked = np.asarray(self.asked)
        where = f"step {asked}" if asked.ndim == 0 else f"{asked.size} steps"
        return (
            f"Schedule({self.eta.size} steps, {self.warmup} of them warm-up, highest rate "
            f"{self.eta.max():g}, last {self.eta[-1]:g}; asked at {where})"
        )

    # --- by name ------------------------------------------------------------------------------

    @classmethod
    @checked(FeatureError, "schedule")
    def constant(cls, peak: float, steps: int, warmup: int = 0) -> Schedule:
        """The peak rate throughout, after a linear warm-up of ``warmup`` steps."""
        return _named(peak, steps, warmup, np.ones_like)

    @classmethod
    @checked(FeatureError, "schedule")
    def cosine(cls, peak: float, steps: int, warmup: int = 0, final: float = 0.1) -> Schedule:
        """Half a cosine from the peak to ``final`` (a share of it) at the last step."""
        return _named(peak, steps, warmup, _decay("cosine", warmup, steps, final))

    @classmethod
    @checked(FeatureError, "schedule")
    def linear(cls, peak: float, steps: int, warmup: int = 0, final: float = 0.1) -> Schedule:
        """A straight line from the peak to ``final`` (a share of it) at the last step."""
        return _named(peak, steps, warmup, _decay("linear", warmup, steps, final))

    @classmethod
    @checked(FeatureError, "schedule")
    def wsd(
        cls,
        peak: float,
        steps: int,
        warmup: int = 0,
        decay: float = 0.2,
        final: float = 0.1,
        shape: str = "linear",
    ) -> Schedule:
        """Warm-up, stable, decay: the peak rate, then a short decay to ``final``, a share of it.

        ``decay`` is its share of all steps, or its number of steps when 1 or more; ``shape`` is
        ``"linear"``, ``"exponential"``, ``"1-sqrt"`` (of Hägele et al. 2024) or ``"cosine"``.
        """
        _check_steps(steps, warmup)
        last = round(decay * steps) if 0 < decay < 1 else decay
        if not 1 <= last <= steps - warmup:
            raise FeatureError(
                f"schedule: a decay of {decay:g} does not fit in the {steps - warmup} steps after "
                "warm-up; it is a share of all steps, or a number of steps"
            )
        return _named(peak, steps, warmup, _decay(shape, steps - last, steps, final))

    @classmethod
    @checked(FeatureError, "schedule")
    def inverse_sqrt(cls, peak: float, steps: int, warmup: int = 0) -> Schedule:
        """``peak*sqrt(warmup/t)`` after warm-up (``peak/sqrt(t)`` without one)."""
        return _named(peak, steps, warmup, lambda t: np.sqrt(max(warmup, 1) / t))

    @classmethod
    @checked(FeatureError, "schedule")
    def two_stage(
        cls, peak: float, steps: int, switch: int, final: float, warmup: int = 0
    ) -> Schedule:
        """The peak rate before step ``switch``, ``final`` (a share of the peak) from there on."""
        _check_steps(steps, warmup)
        if not 0 <= final <= 1:
            raise FeatureError(f"schedule: final is a share of the peak from 0 to 1, not {final!r}")
        if not warmup < switch <= steps:
            raise FeatureError(
                f"schedule: switch must be a step after warm-up, up to {steps}; not {switch}"
            )
        return _named(peak, steps, warmup, lambda t: np.where(t < switch, 1.0, final))


def _or_none(changes: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """A list of at least one step: no list of items is empty, and the first step drops nothing."""
    return changes if changes.size else np.array([0])


def _rising(rates: Array) -> int:
    """How many steps a warm-up has: those up to the first that the next one does not exceed."""
    falls = np.flatnonzero(np.diff(rates) <= 0)
    last = int(falls[0]) if falls.size else rates.size - 1
    return last + 1 if last else 0


def _decay(shape: str, start: float, steps: int, final: float) -> Callable[[Array], Array]:
    """The share of the peak at each step, 1 up to ``start`` and ``final`` at the last step."""
    if shape not in _SHAPES:
        raise FeatureError(f"schedule: no shape {shape!r}; there are {', '.join(_SHAPES)}")
    if not 0 <= final <= 1 or (shape == "exponential" and final == 0):
        raise FeatureError(f"schedule: final is a share of the peak from 0 to 1, not {final:g}")
    length = max(steps - start, 1)
    return lambda t: _SHAPES[shape](np.clip((t - start) / length, 0, 1), final)


def _check_steps(steps: int, warmup: int) -> None:
    check_whole(FeatureError, "schedule: steps", steps, 1, _MOST_STEPS)
    check_whole(FeatureError, f"schedule: warmup (of {steps} steps)", warmup, 0, steps)


def _named(peak: float, steps: int, warmup: int, share: Callable[[Array], Array]) -> Schedule:
    _check_steps(steps, warmup)
    if not _LOWEST <= peak <= _HIGHEST:
        raise FeatureError(
            f"schedule: the peak rate must be positive, from {_LOWEST:g} to {_HIGHEST:g}, not "
            f"{peak!r}"
        )
    t = np.arange(1.0, int(steps) + 1)
    rise = max(int(warmup) - 1, 1)
    rates = peak * np.where(t < warmup, t / rise, share(t))
    return Schedule(rates, warmup=rise if warmup else 0)
