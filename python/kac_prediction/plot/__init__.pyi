from .curve import curve_figure
from .drums import draw_drums, drum_figure
from .report import report_figure
from .spectra import DrumSpectrum, spectra_figure

__all__ = [
    "DrumSpectrum",
    "curve_figure",
    "draw_drums",
    "drum_figure",
    "report_figure",
    "spectra_figure",
]
