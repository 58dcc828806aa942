"""Errors of a model on drums it has not seen, and of the baselines it is compared with."""

from typing import TYPE_CHECKING

from .._lazy import lazy_names

if TYPE_CHECKING:
    from .baselines import mean_predictor, spectral_peaks
    from .report import MEAN, MODEL, ConfusionMatrix, LabelReport, Report, size_ranges
    from .sounds import LabelledSounds
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "baselines": "mean_predictor spectral_peaks",
            "report": "MEAN MODEL ConfusionMatrix LabelReport Report size_ranges",
            "sounds": "LabelledSounds",
        },
    )

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
