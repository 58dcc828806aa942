"""Trainings: one for each published dataset, and one for drums of any shape."""

from typing import TYPE_CHECKING

from .._lazy import lazy_names

if TYPE_CHECKING:
    from .accuracy import ROWS, Row, fill_rows, to_markdown
    from .criterion import DrumLoss
    from .dim_of_rectangular_drum import DimOfRectangularDrum
    from .result import Result
    from .shape_of_drum import ShapeOfDrum
    from .size_of_circular_drum import SizeOfCircularDrum
    from .size_of_polygonal_drum import SizeOfPolygonalDrum
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "accuracy": "ROWS Row fill_rows to_markdown",
            "criterion": "DrumLoss",
            "dim_of_rectangular_drum": "DimOfRectangularDrum",
            "result": "Result",
            "shape_of_drum": "ShapeOfDrum",
            "size_of_circular_drum": "SizeOfCircularDrum",
            "size_of_polygonal_drum": "SizeOfPolygonalDrum",
        },
    )

__all__ = [
    "ROWS",
    "DimOfRectangularDrum",
    "DrumLoss",
    "Result",
    "Row",
    "ShapeOfDrum",
    "SizeOfCircularDrum",
    "SizeOfPolygonalDrum",
    "fill_rows",
    "to_markdown",
]
