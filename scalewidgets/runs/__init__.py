"""What was measured: tables of training runs, read, downloaded or simulated."""

from .datasets import DatasetError, datasets, load_curves, load_runs
from .files import RunsError
from .logs import read_curves, read_final_losses
from .observations import read_observations
from .simulate import simulate_isoflop_data
from .table import RunsWarning, read_runs

__all__ = [
    "DatasetError",
    "RunsError",
    "RunsWarning",
    "datasets",
    "load_curves",
    "load_runs",
    "read_curves",
    "read_final_losses",
    "read_observations",
    "read_runs",
    "simulate_isoflop_data",
]
