from .any_drum import AnyDrum
from .criterion import DrumLoss
from .dim_of_rectangular_drum import DimOfRectangularDrum
from .result import Result
from .shape_of_drum import ShapeOfDrum
from .size_of_circular_drum import SizeOfCircularDrum
from .size_of_polygonal_drum import SizeOfPolygonalDrum
from .training import train

__all__ = [
    "AnyDrum",
    "DimOfRectangularDrum",
    "DrumLoss",
    "Result",
    "ShapeOfDrum",
    "SizeOfCircularDrum",
    "SizeOfPolygonalDrum",
    "train",
]
