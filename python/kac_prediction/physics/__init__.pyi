from .chladni import ChladniPattern, cymatics
from .circle import (
    besselJ,
    besselJZero,
    circularAmplitudes,
    circularChladniPattern,
    circularCymatics,
    circularSeries,
)
from .eigenmodes import Modes, modes
from .excitation import raisedCosine, raisedTriangle
from .frequencies import eigenfrequencies
from .grid import DrumGrid, drum_grid
from .linear import linearAmplitudes, linearCymatics, linearSeries
from .rectangle import (
    rectangularAmplitudes,
    rectangularChladniPattern,
    rectangularCymatics,
    rectangularSeries,
)
from .triangle import equilateralTriangleAmplitudes, equilateralTriangleSeries
from .wave_equation import FDTD_2D, FDTDWaveform1D, FDTDWaveform2D, WaveEquationWaveform2D

__all__ = [
    "FDTD_2D",
    "ChladniPattern",
    "DrumGrid",
    "FDTDWaveform1D",
    "FDTDWaveform2D",
    "Modes",
    "WaveEquationWaveform2D",
    "besselJ",
    "besselJZero",
    "circularAmplitudes",
    "circularChladniPattern",
    "circularCymatics",
    "circularSeries",
    "cymatics",
    "drum_grid",
    "eigenfrequencies",
    "equilateralTriangleAmplitudes",
    "equilateralTriangleSeries",
    "linearAmplitudes",
    "linearCymatics",
    "linearSeries",
    "modes",
    "raisedCosine",
    "raisedTriangle",
    "rectangularAmplitudes",
    "rectangularChladniPattern",
    "rectangularCymatics",
    "rectangularSeries",
]
