"""Trainings: one for each published dataset, and one for all shapes at once."""

from typing import TYPE_CHECKING

from .._lazy import lazy_names

if TYPE_CHECKING:
    from .dim_of_rectangular_drum import DimOfRectangularDrum
    from .report import Report
    from .result import Result
    from .shape_of_drum import ShapeOfDrum
    from .size_of_circular_drum import SizeOfCircularDrum
    from .size_of_polygonal_drum import SizeOfPolygonalDrum
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "dim_of_rectangular_drum": "DimOfRectangularDrum",
            "report": "Report",
            "result": "Result",
            "shape_of_drum": "ShapeOfDrum",
            "size_of_circular_drum": "SizeOfCircularDrum",
            "size_of_polygonal_drum": "SizeOfPolygonalDrum",
        },
    )

__all__ = [
    "DimOfRectangularDrum",
    "Report",
    "Result",
    "ShapeOfDrum",
    "SizeOfCircularDrum",
    "SizeOfPolygonalDrum",
]
