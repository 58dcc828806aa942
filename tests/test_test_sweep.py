import numpy as np
import pytest
from scipy.signal import chirp

from kac_prediction.samplers import TestSweep


def test_sweep_is_scipys() -> None:
    sweep = TestSweep(0.5, 16000)
    first = sweep.waveform
    sweep.generateWaveform()
    assert np.array_equal(first, sweep.waveform)
    time = np.arange(8000) / 16000
    expected = chirp(time, 20, 0.5, 8000, method="logarithmic", phi=-90)
    np.testing.assert_allclose(sweep.waveform, expected, atol=1e-8)
    assert sweep.getLabels() == {}


def test_render_repeats_it() -> None:
    sweep = TestSweep(0.1, 8000)
    sounds, labels = sweep.render(iter([4, 7]))
    assert sounds.shape == (2, 800)
    assert np.array_equal(sounds[0], sounds[1])
    assert labels == [{}, {}]
    assert labels[0] is not labels[1]


def test_no_room_for_a_sweep() -> None:
    with pytest.raises(ValueError, match="sample_rate above 40"):
        TestSweep(1.0, 40)
