from .accuracy import ROWS, Row, fill_rows, to_markdown
from .criterion import DrumLoss
from .dim_of_rectangular_drum import DimOfRectangularDrum
from .result import Result
from .shape_of_drum import ShapeOfDrum
from .size_of_circular_drum import SizeOfCircularDrum
from .size_of_polygonal_drum import SizeOfPolygonalDrum

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
