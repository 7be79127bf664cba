"""Theories as their papers derive them: functions of numbers, one a name of the catalogue.

SciPy is loaded when a theory is first evaluated, so that the catalogue opens fast.
"""

from __future__ import annotations

from collections.abc import Callable

from . import perceptron, spectrum

THEORIES: dict[str, Callable[..., float]] = {
    "perceptron_keep_hard": perceptron.keep_hard,
    "perceptron_keep_easy": perceptron.keep_easy,
    "spectrum_power_law": spectrum.power_law,
    "spectrum_optimal_ridge": spectrum.optimal_ridge,
    "spectrum_late_time": spectrum.late_time,
}
