"""Pictures of drums and of trainings, through matplotlib's objects alone: no global state."""

from .curve import curve_figure
from .drums import drums
from .report import report_figure
from .spectra import Voice, spectra_figure

__all__ = ["Voice", "curve_figure", "drums", "report_figure", "spectra_figure"]
