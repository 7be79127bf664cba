"""The ScheduleLab's study: the curves at hand, those that are switched on, and the fits to them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from ...fitting import ScheduleFit
from .fits import Curves
from .runs import FITTED_ON, RUNS

_KEPT = 16  # fits


@dataclass(frozen=True)
class Question:
    """Which curves are to be fitted."""

    of: str | int
    """The model of Luo et al. whose runs they are; or the warm-up of the user's, which a log does
    not tell."""
    on: tuple[str, ...]
    """The runs that are switched on."""


@dataclass(frozen=True)
class Answer:
    """The fits that are shown beside the published constants of a model."""

    question: Question
    model: str
    fits: Mapping[str, ScheduleFit]
    facts: Mapping[str, Any]


class Study:
    """The curves at hand, and both laws fitted to some of them.

    Parameters
    ----------
    own : mapping of str to DataFrame
        Curves of the user's by run; without any, the nine runs of Luo et al.
    """

    def __init__(self, own: Mapping[str, pl.DataFrame]) -> None:
        self.own = own
        self.keys = _keys(own or RUNS)
        self._logged: tuple[str | int, Curves] | None = None
        self._fits: dict[Question, dict[str, ScheduleFit]] = {}

    @property
    def on_at_first(self) -> dict[str, bool]:
        """All curves of the user's, or the three on which Luo et al. fitted."""
        return {key: bool(self.own) or run in FITTED_ON for key, run in self.keys.items()}

    def runs(self, switches: Mapping[str, bool]) -> tuple[str, ...]:
        """The runs that are switched on."""
        return tuple(run for key, run in self.keys.items() if switches.get(key, False))

    def curves(self, of: str | int) -> Curves:
        """The curves that can be fitted: see :attr:`Question.of`.

        Raises
        ------
        DatasetError
            When the runs of Luo et al. cannot be had.
        """
        if isinstance(of, str):
            return Curves.published(of)
        logged = self._logged
        if logged is None or logged[0] != of:
            self._logged = logged = of, Curves.own(self.own, of)
        return logged[1]

    def fits(self, question: Question) -> dict[str, ScheduleFit]:
        """Both laws, by their role; computed once.

        Raises
        ------
        FitError
            When these curves do not make a fit, or there are none.
        DatasetError
            When the runs of Luo et al. cannot be had.
        """
        found = self._fits.get(question)
        if found is None:
            found = self.curves(question.of).fits(question.on)
            if len(self._fits) >= _KEPT:
                self._fits.clear()
            self._fits[question] = found
        return found


def _keys(runs: Iterable[str]) -> dict[str, str]:
    """Runs by the name that they have as an input: letters, digits and underscores."""
    found: dict[str, str] = {}
    for run in runs:
        key = re.sub(r"\W", "_", run)
        while key in found:
            key += "_"
        found[key] = run
    return found
