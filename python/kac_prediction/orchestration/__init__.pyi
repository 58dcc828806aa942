from .arrangement import arrange
from .changes import above, quantise, stretch, swap_kit, thin, transpose
from .comparison import Comparison, compare
from .dictionary import dictionary_score
from .distance import spectral_distance
from .drum import Drum
from .kit import Family, Kit
from .onsets import Onsets, find_onsets
from .orchestration import orchestrate
from .score import Score, Strike

__all__ = [
    "Comparison",
    "Drum",
    "Family",
    "Kit",
    "Onsets",
    "Score",
    "Strike",
    "above",
    "arrange",
    "compare",
    "dictionary_score",
    "find_onsets",
    "orchestrate",
    "quantise",
    "spectral_distance",
    "stretch",
    "swap_kit",
    "thin",
    "transpose",
]
