from .baselines import classical_estimator, mean_predictor
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
]
