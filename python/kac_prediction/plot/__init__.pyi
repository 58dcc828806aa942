from .curve import curve_figure
from .drums import draw_drums
from .report import report_figure
from .spectra import DrumSpectrum, spectra_figure

__all__ = ["DrumSpectrum", "curve_figure", "draw_drums", "report_figure", "spectra_figure"]
