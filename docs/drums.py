"""Draws drums.png: three shapes of one size, their spectra, and the isospectral pair."""

from pathlib import Path

import numpy as np

from kac_prediction.geometry import Circle, Polygon, RegularPolygon, Shape, isospectral_pair
from kac_prediction.physics import eigenfrequencies
from kac_prediction.plot import DrumSpectrum, spectra_figure
from kac_prediction.samplers import BesselModel, FDTDModel, LaméModel

SIZE, RATE = 0.3, 48000
STRUCK = {"duration": 2.0, "sample_rate": RATE, "drum_size": SIZE, "decay_time": 1.0}


def strike(name: str, shape: Shape, sampler: BesselModel | FDTDModel | LaméModel) -> DrumSpectrum:
    """Return the spectrum of one strike on a drum."""
    sampler.seed(3)
    sound = sampler.render([1])[0][0]
    shape.area = SIZE**2
    magnitude = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    levels = 20 * np.log10(np.maximum(magnitude, 1e-12))
    frequencies = np.fft.rfftfreq(len(sound), 1 / RATE)
    return DrumSpectrum(name, shape, frequencies, levels, eigenfrequencies(shape, 45, SIZE))


def polygonal(name: str, polygon: Polygon) -> DrumSpectrum:
    """Return the spectrum of one strike on a polygon, simulated."""
    settings = {"vertices": polygon.vertices.tolist()}
    return strike(
        name, polygon, FDTDModel(**STRUCK, arbitrary_shape=Polygon, shape_settings=settings)
    )


def main() -> None:
    """Draw the picture beside this file."""
    quadrilateral = Polygon([(0, 0), (1.6, 0.2), (1.2, 1.0), (0.1, 1.3)])
    first, second = isospectral_pair()
    figure = spectra_figure(
        [
            strike("circle", Circle(1.0), BesselModel(**STRUCK)),
            strike("equilateral triangle", RegularPolygon(3), LaméModel(**STRUCK)),
            polygonal("any polygon", quadrilateral),
        ],
        (polygonal("Gordon, Webb ...", first), polygonal("... and Wolpert", second)),
    )
    figure.savefig(Path(__file__).with_name("drums.png"), dpi=110)


if __name__ == "__main__":
    main()
