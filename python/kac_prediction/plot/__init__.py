"""Pictures of drums and of trainings, through matplotlib's objects alone: no global state."""

from typing import TYPE_CHECKING

from .._lazy import lazy_names

if TYPE_CHECKING:
    from .curve import curve_figure
    from .drums import draw_drums
    from .report import report_figure
    from .spectra import DrumSpectrum, spectra_figure
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "curve": "curve_figure",
            "drums": "draw_drums",
            "report": "report_figure",
            "spectra": "DrumSpectrum spectra_figure",
        },
    )

__all__ = ["DrumSpectrum", "curve_figure", "draw_drums", "report_figure", "spectra_figure"]
