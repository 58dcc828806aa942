"""Physics of drums, for people who study them: how they vibrate, mode by mode."""

from typing import TYPE_CHECKING

from .._lazy import lazy_names

if TYPE_CHECKING:
    from .circle import (
        besselJ,
        besselJZero,
        circularAmplitudes,
        circularChladniPattern,
        circularSeries,
    )
    from .excitation import raisedCosine, raisedTriangle
    from .fdtd import FDTD_2D, FDTDWaveform2D
    from .frequencies import eigenfrequencies
    from .grid import DrumGrid, drum_grid
    from .rectangle import rectangularAmplitudes, rectangularChladniPattern, rectangularSeries
    from .triangle import equilateralTriangleAmplitudes, equilateralTriangleSeries
    from .wave_equation import WaveEquationWaveform2D
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "circle": "besselJ besselJZero"
            " circularAmplitudes circularChladniPattern circularSeries",
            "excitation": "raisedCosine raisedTriangle",
            "fdtd": "FDTD_2D FDTDWaveform2D",
            "frequencies": "eigenfrequencies",
            "grid": "DrumGrid drum_grid",
            "rectangle": "rectangularAmplitudes rectangularChladniPattern rectangularSeries",
            "triangle": "equilateralTriangleAmplitudes equilateralTriangleSeries",
            "wave_equation": "WaveEquationWaveform2D",
        },
    )

__all__ = [
    "FDTD_2D",
    "DrumGrid",
    "FDTDWaveform2D",
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
    "raisedCosine",
    "raisedTriangle",
    "rectangularAmplitudes",
    "rectangularChladniPattern",
    "rectangularSeries",
]
