"""The three approaches of Hoffmann et al. 2022 by their names."""

from __future__ import annotations

from typing import Any

from ...lawbook.door import checked
from ..objective import HOFFMANN_DELTA
from ..parametric import fit
from ..result import Fit
from ..types import FitError
from .envelope import Envelope, approach_1
from .isoflop import IsoFlop, approach_2

__all__ = ["Envelope", "IsoFlop", "approach_1", "approach_2", "approach_3"]


@checked(FitError)
def approach_3(runs: Any, *, delta: float = HOFFMANN_DELTA) -> Fit:
    """Chinchilla's approach 3: E + A/N^alpha + B/D^beta fitted to all runs at once.

    Hoffmann et al. 2022, Sec. 3.3 and App. D.2: Huber loss on log loss, summed over runs. It is
    brought to its exact optimum, which the paper's own fit was not (Besiroglu et al. 2024). Other
    laws, objectives, weights and fixed constants: :func:`scalewidgets.fit`, with the same result.

    Parameters
    ----------
    runs : DataFrame and whatever else ``read_runs`` takes
        ``N`` (parameters), ``D`` (tokens), final ``loss`` (nats per token).
    delta : float
        Huber's delta.

    Raises
    ------
    FitError, RunsError
        As :func:`scalewidgets.fit`.
    """
    return fit("hoffmann2022", runs, objective="huber", delta=delta)
