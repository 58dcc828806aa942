"""Trainings, one for each published dataset."""

from .report import Report
from .size_of_circular_drum import CircularDrumResult, SizeOfCircularDrum

__all__ = ["CircularDrumResult", "Report", "SizeOfCircularDrum"]
