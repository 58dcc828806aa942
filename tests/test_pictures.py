"""Pictures of modes, sounds and datasets, read back from the figures."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from kac_prediction.geometry import Circle, RegularPolygon, Shape, UnitRectangle
from kac_prediction.physics import eigenfrequencies
from kac_prediction.plot import (
    dataset_figure,
    drum_figure,
    modes_figure,
    named_partials,
    sound_figure,
    spectrogram_figure,
)


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


@pytest.mark.parametrize(
    ("shape", "names"),
    [
        (Circle.of_size(0.3), ["(0, 1)", "(1, 1)", "(2, 1)", "(0, 2)", "(3, 1)"]),
        (UnitRectangle(1.5), ["(1, 1)", "(2, 1)", "(1, 2)", "(3, 1)", "(2, 2)"]),
        (RegularPolygon(3), ["1", "2", "3", "4", "5"]),
    ],
    ids=["circle", "rectangle", "triangle"],
)
def test_partials_have_the_names_of_their_modes(shape: Shape, names: list[str]) -> None:
    partials = named_partials(shape, 5, wave_speed=50.0)
    assert [name for name, _ in partials] == names
    size = shape.area**0.5
    exact = eigenfrequencies(shape, 9, drum_size=size, wave_speed=50.0)
    for _, frequency in partials:
        assert np.abs(exact / frequency - 1).min() < 1e-3
    assert partials[0][1] == pytest.approx(exact[0], rel=1e-3)


def test_modes_are_drawn_with_their_frequencies() -> None:
    shape = UnitRectangle(1.3)
    figure = modes_figure(shape, 5, wave_speed=70.0, title="of a rectangle")
    exact = eigenfrequencies(shape, 5, drum_size=1.0, wave_speed=70.0)
    for k, frequency in enumerate(exact):
        said = next(text for text in texts(figure) if text.startswith(f"{k + 1}: "))
        assert float(said.split()[1]) == pytest.approx(frequency, abs=0.1)
    # The first mode keeps its sign, the second has one nodal line across the longer side.
    first, second = (np.ma.filled(figure.axes[k].images[0].get_array(), np.nan) for k in (0, 1))
    assert np.nanmin(first) >= -1e-9 or np.nanmax(first) <= 1e-9
    left, right = np.nanmean(second[:, :60]), np.nanmean(second[:, 100:])
    assert left * right < 0
    assert left == pytest.approx(-right, rel=0.05)


def test_a_spectrum_names_partials_that_stand_apart() -> None:
    t = np.arange(8000) / 8000
    wave = np.sin(2 * np.pi * 440 * t)
    figure = sound_figure(wave, 8000, [("b", 445.0), ("a", 440.0), ("c", 900.0)], title="A")
    assert {"A", "a b", "c"} <= set(texts(figure))
    frequencies, levels = figure.axes[1].lines[0].get_xydata().T
    assert frequencies[np.argmax(levels)] == 440


@pytest.mark.parametrize("rate", [3000, 48000])
def test_a_spectrogram_shows_when_a_tone_sounds(rate: int) -> None:
    """After half a second of silence, which has a level too."""
    t = np.arange(rate // 2) / rate
    wave = np.concatenate([0 * t, np.sin(2 * np.pi * 1000 * t)])
    (image,) = spectrogram_figure(wave, rate).axes[0].images
    levels, (left, right, low, high) = np.asarray(image.get_array()), image.get_extent()
    row, column = np.unravel_index(np.argmax(levels), levels.shape)
    assert (column + 0.5) / levels.shape[1] * (right - left) + left > 0.5
    frequency = high - (row + 0.5) / levels.shape[0] * (high - low)
    assert frequency == pytest.approx(1000, abs=60)
    least, most = image.get_clim()
    assert most - least == pytest.approx(80)


def test_a_dataset_is_drawn_by_label() -> None:
    rng = np.random.default_rng(0)
    labels = {"drum_size": rng.random((50, 1)), "place": rng.random((50, 2)), "N": [3, np.nan]}
    for x in (rng.normal(size=(3, 40)), rng.random((5, 8, 9))):
        figure = dataset_figure(labels, x, title="drums")
        assert {"drum size", "place", "N", "drums", "sample 2"} <= set(texts(figure))
        counts = [sum(bar.get_height() for bar in axes.patches) for axes in figure.axes[:3]]
        assert counts == [50, 100, 1]


def test_a_drum_fills_its_picture() -> None:
    for size in (0.1, 2.0):
        shape = Circle.of_size(size)
        low, high = drum_figure(shape).axes[0].get_xlim()
        assert np.ptp(shape.outline()[:, 0]) == pytest.approx((high - low) / 1.1, rel=0.01)


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match="count must be at least 1"):
        modes_figure(Circle(1.0), 0)
    with pytest.raises(ValueError, match="wave_speed must be above 0"):
        named_partials(Circle(1.0), 3, wave_speed=0)
    for wave in (np.zeros((3, 3)), [0.0, np.nan], [1.0]):
        with pytest.raises(ValueError, match="waveform must be 2 finite numbers or more"):
            sound_figure(wave, 8000)
        with pytest.raises(ValueError, match="waveform must be 2 finite numbers or more"):
            spectrogram_figure(wave, 8000)
    with pytest.raises(ValueError, match="x must be samples"):
        dataset_figure({}, np.zeros(4))
