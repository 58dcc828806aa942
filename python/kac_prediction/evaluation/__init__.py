"""Errors of a model on drums it has not seen, and of the baselines it is compared with."""

from typing import TYPE_CHECKING

from .._lazy import lazy_names

if TYPE_CHECKING:
    from .baselines import mean_predictor, spectral_peaks
    from .errors import (
        MEAN,
        MODEL,
        ConfusionMatrix,
        Errors,
        LabelReport,
        Subset,
        Values,
        size_ranges,
        with_unit,
    )
    from .report import Report
    from .sounds import LabelledSounds, predicted_shape, true_shape
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "baselines": "mean_predictor spectral_peaks",
            "errors": "MEAN MODEL ConfusionMatrix Errors LabelReport Subset Values size_ranges "
            "with_unit",
            "report": "Report",
            "sounds": "LabelledSounds predicted_shape true_shape",
        },
    )

__all__ = [
    "MEAN",
    "MODEL",
    "ConfusionMatrix",
    "Errors",
    "LabelReport",
    "LabelledSounds",
    "Report",
    "Subset",
    "Values",
    "mean_predictor",
    "predicted_shape",
    "size_ranges",
    "spectral_peaks",
    "true_shape",
    "with_unit",
]
