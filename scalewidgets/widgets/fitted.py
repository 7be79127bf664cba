"""Labs in which one law is fitted to runs again and again."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np

from ..fitting import Fit
from .lab import Lab


class FittedLab(Lab):
    """A lab with a fit, which is made anew when its question is another one."""

    _fit: Fit | None = None
    _fit_key: Hashable = None

    def _solve(self) -> Fit:
        """The fit for the present inputs."""
        raise NotImplementedError

    @property
    def fit(self) -> Fit:
        """The fit (approach 3) to the runs that are in, with the constants that are held.

        Raises
        ------
        FitError
            When the present inputs allow none; the lab then still shows its last good picture.
        """
        if self._fit is None or self._fit_key != self.key():
            self._fit, self._fit_key = self._solve(), self.key()
        return self._fit


def inputs_of(fit: Fit) -> dict[str, Any]:
    """The inputs with which a lab makes this fit again; what it held, the hand holds."""
    found: dict[str, Any] = {
        "objective": fit.objective.kind,
        "delta": fit.objective.delta,
        "excluded": [int(row) for row in np.flatnonzero(fit.weights == 0)],
    }
    if fit.fixed:
        found |= {"wheel": dict(fit.fixed), "held": dict.fromkeys(fit.fixed, True)}
    return found
