"""Pictures of drums and of trainings, through matplotlib's objects alone: no global state."""

from typing import TYPE_CHECKING

from .._lazy import lazy_names
from .drums import drums

if TYPE_CHECKING:
    from .curve import curve_figure
    from .report import report_figure
    from .spectra import Voice, spectra_figure
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "curve": "curve_figure",
            "report": "report_figure",
            "spectra": "Voice spectra_figure",
        },
    )

__all__ = ["Voice", "curve_figure", "drums", "report_figure", "spectra_figure"]
