from .baselines import mean_predictor, spectral_peaks
from .report import MEAN, MODEL, ConfusionMatrix, LabelReport, Report, size_ranges
from .sounds import LabelledSounds

__all__ = [
    "MEAN",
    "MODEL",
    "ConfusionMatrix",
    "LabelReport",
    "LabelledSounds",
    "Report",
    "mean_predictor",
    "size_ranges",
    "spectral_peaks",
]
