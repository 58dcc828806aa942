from .arrangement import arrange
from .changes import above, quantise, stretch, swap_kit, thin, transpose
from .distance import spectral_distance
from .drum import Drum
from .kit import Family, Kit
from .score import Score, Strike

__all__ = [
    "Drum",
    "Family",
    "Kit",
    "Score",
    "Strike",
    "above",
    "arrange",
    "quantise",
    "spectral_distance",
    "stretch",
    "swap_kit",
    "thin",
    "transpose",
]
