"""Errors of a model on drums it has not seen, and of the baselines it is compared with."""

from .baselines import mean_predictor, spectral_peaks
from .report import MEAN, MODEL, ConfusionMatrix, LabelReport, Report, size_ranges
from .sounds import LabelledSounds, predicted_shape, true_shape

__all__ = [
    "MEAN",
    "MODEL",
    "ConfusionMatrix",
    "LabelReport",
    "LabelledSounds",
    "Report",
    "mean_predictor",
    "predicted_shape",
    "size_ranges",
    "spectral_peaks",
    "true_shape",
]
