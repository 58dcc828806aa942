from .circle import (
    besselJ,
    besselJZero,
    circularAmplitudes,
    circularChladniPattern,
    circularSeries,
)
from .eigenmodes import Modes, modes
from .excitation import raisedCosine, raisedTriangle
from .frequencies import eigenfrequencies
from .grid import DrumGrid, drum_grid
from .rectangle import rectangularAmplitudes, rectangularChladniPattern, rectangularSeries
from .triangle import equilateralTriangleAmplitudes, equilateralTriangleSeries
from .wave_equation import FDTD_2D, FDTDWaveform2D, WaveEquationWaveform2D

__all__ = [
    "FDTD_2D",
    "DrumGrid",
    "FDTDWaveform2D",
    "Modes",
    "WaveEquationWaveform2D",
    "besselJ",
    "besselJZero",
    "circularAmplitudes",
    "circularChladniPattern",
    "circularSeries",
    "drum_grid",
    "eigenfrequencies",
    "equilateralTriangleAmplitudes",
    "equilateralTriangleSeries",
    "modes",
    "raisedCosine",
    "raisedTriangle",
    "rectangularAmplitudes",
    "rectangularChladniPattern",
    "rectangularSeries",
]
