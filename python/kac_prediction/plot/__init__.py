"""Pictures of drums and of trainings, through matplotlib's objects alone: no global state."""

from .drums import drums
from .report import report_figure
from .spectra import Voice, spectra_figure

__all__ = ["Voice", "drums", "report_figure", "spectra_figure"]
