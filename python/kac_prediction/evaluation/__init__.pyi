from .baselines import classical_estimator, mean_predictor
from .outlines import overlap
from .report import MEAN, MODEL, ConfusionMatrix, LabelReport, Report
from .sounds import LabelledSounds

__all__ = [
    "MEAN",
    "MODEL",
    "ConfusionMatrix",
    "LabelReport",
    "LabelledSounds",
    "Report",
    "classical_estimator",
    "mean_predictor",
    "overlap",
]
