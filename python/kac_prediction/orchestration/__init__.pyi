from .drum import Drum
from .kit import Family, Kit
from .score import Score, Strike

__all__ = [
    "Drum",
    "Family",
    "Kit",
    "Score",
    "Strike",
]
