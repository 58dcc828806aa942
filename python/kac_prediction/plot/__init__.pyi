from .curve import curve_figure
from .datasets import dataset_figure
from .drums import draw_drums, drum_figure
from .modes import modes_figure
from .report import report_figure
from .sounds import named_partials, sound_figure, spectrogram_figure
from .spectra import DrumSpectrum, spectra_figure

__all__ = [
    "DrumSpectrum",
    "curve_figure",
    "dataset_figure",
    "draw_drums",
    "drum_figure",
    "modes_figure",
    "named_partials",
    "report_figure",
    "sound_figure",
    "spectra_figure",
    "spectrogram_figure",
]
