"""Trainings: one for each published dataset, and one for all shapes at once."""

from .dim_of_rectangular_drum import DimOfRectangularDrum
from .report import Report
from .result import Result
from .shape_of_drum import ShapeOfDrum
from .size_of_circular_drum import SizeOfCircularDrum
from .size_of_polygonal_drum import SizeOfPolygonalDrum

__all__ = [
    "DimOfRectangularDrum",
    "Report",
    "Result",
    "ShapeOfDrum",
    "SizeOfCircularDrum",
    "SizeOfPolygonalDrum",
]
