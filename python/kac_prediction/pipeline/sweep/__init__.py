"""Sweeps: many trainings with other parameters each, and which of them were best.

The yaml files are those of weights and biases; here they run without it.
"""

from .local import LocalSweep, SweepError
from .plan import Metric, Sweep, read_sweep
from .trial import Trial, ranking, ranking_table

__all__ = [
    "LocalSweep",
    "Metric",
    "Sweep",
    "SweepError",
    "Trial",
    "ranking",
    "ranking_table",
    "read_sweep",
]
