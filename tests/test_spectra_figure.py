import io
from dataclasses import replace

import numpy as np
import pytest

from kac_prediction.geometry import Circle, RegularPolygon, isospectral_pair
from kac_prediction.plot import DrumSpectrum, spectra_figure

FREQUENCIES = np.linspace(0, 2000, 401)
PARTIALS = np.array([200.0, 455.0, 810.0, 1500.0])
LEVELS = 30 - 0.5 * np.abs(FREQUENCIES[:, None] - PARTIALS).min(axis=1)
DRUM = DrumSpectrum("circle", Circle(0.15), FREQUENCIES, LEVELS, PARTIALS)
PAIR = tuple(
    DrumSpectrum(name, shape, FREQUENCIES, LEVELS, PARTIALS)
    for name, shape in zip(("one", "other"), isospectral_pair(), strict=True)
)


def test_shapes_and_spectra_are_what_was_given() -> None:
    triangle = replace(DRUM, name="triangle", shape=RegularPolygon(3))
    figure = spectra_figure([DRUM, triangle], PAIR, highest=1000.0)
    names = [axes.get_title() for axes in figure.axes]
    assert [name for name in names if name] == ["circle", "triangle", "one", "other"]
    drawn = dict(zip(names, figure.axes, strict=True))
    outline = drawn["triangle"].patches[0].get_xy()
    assert np.allclose(outline[:4], triangle.shape.outline())
    spectra = [axes for axes in figure.axes if axes.get_xlabel() == "frequency (Hz)"]
    assert len(spectra) == 4
    for axes in spectra:
        x, y = axes.lines[0].get_data()
        assert x[-1] == 1000.0
        assert y.max() == 0
        # A line behind each peak, and none beyond the end of the axis.
        marked = [segment[0, 0] for segment in axes.collections[0].get_segments()]
        assert marked == [200.0, 455.0, 810.0]
        assert np.isclose(y[np.searchsorted(x, 455.0)], 0)
    figure.savefig(io.BytesIO())


@pytest.mark.parametrize(
    ("drums", "options", "message"),
    [
        ([], {}, "one drum at least"),
        ([DRUM], {"highest": 0.0}, "highest must be above 0, got 0.0"),
        (
            [replace(DRUM, levels=LEVELS[1:])],
            {},
            r"circle and .* got \(401,\) and",
        ),
        ([replace(DRUM, frequencies=FREQUENCIES + 5e3)], {}, "circle: .* nothing up to 1200.0 Hz"),
    ],
)
def test_what_cannot_be_drawn_is_refused(drums, options, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        spectra_figure(drums, PAIR, **options)
