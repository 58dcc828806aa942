"""SpectralCNN and its spectra, beside waves worked out by hand and torch's own exporter."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from kac_prediction.architecture import SpectralCNN
from kac_prediction.pipeline import loadModel
from saved_models import exported, save

FREQUENCIES = np.geomspace(40.0, 3900.0, 528)
WINDOWS = (171, 683, 2048, 8000)
TIMES = torch.arange(8000) / 8000


def network(outputs: int = 3) -> SpectralCNN:
    torch.manual_seed(0)
    return SpectralCNN(width=4, hidden=8, learning_rate=1e-3, weight_decay=0.0, outputs=outputs)


def wave(*frequencies: float, phase: float = 0.0) -> torch.Tensor:
    parts = [torch.cos(2 * math.pi * f * TIMES + phase) for f in frequencies]
    return torch.stack(parts).sum(0)[None]


@pytest.mark.parametrize("frequency", [100.0, 523.25, 3000.0])
def test_a_partial_is_a_peak_at_its_frequency_in_every_window(frequency: float) -> None:
    spectra = network().spectra(wave(frequency))
    assert spectra.shape == (1, 12, 528)
    for i, length in enumerate(WINDOWS):
        level = spectra[0, 3 * i]
        peak = FREQUENCIES[int(level.argmax())]
        # Of a window of n samples, within half of the width of a line.
        assert abs(peak - frequency) < max(0.5 * 8000 / length, 0.006 * frequency)
        assert level.max().item() == pytest.approx(1, abs=1e-3)


def test_its_phase_is_that_of_the_wave() -> None:
    """At a frequency of the axis, in the middle, where what mirrors it at minus f is far away."""
    f, phase = FREQUENCIES[400], 0.7
    spectra = network().spectra(wave(float(f), phase=phase))[0, :, 400]
    for i in range(4):
        real, imaginary = spectra[3 * i + 1], spectra[3 * i + 2]
        assert math.atan2(imaginary, real) == pytest.approx(phase, abs=0.03)
        assert math.hypot(real, imaginary) == pytest.approx(1, abs=0.02)


def test_levels_are_decibels() -> None:
    """20 dB lower, in a window of a fifth, 7 dB less: 27 / 70 of the way from 1 to -1."""
    spectra = network().spectra(wave(300.0) + 0.1 * wave(1500.0))
    near = slice(int(np.searchsorted(FREQUENCIES, 1450)), int(np.searchsorted(FREQUENCIES, 1550)))
    assert spectra[0, 9, near].max().item() == pytest.approx(1 - 2 * 27 / 70, abs=0.03)


def test_close_partials_are_separated_by_long_windows_alone() -> None:
    pair = network().spectra(wave(200.0, 212.0))[0]
    between = slice(int(np.searchsorted(FREQUENCIES, 203)), int(np.searchsorted(FREQUENCIES, 209)))
    assert pair[9, between].min() < 0.7
    assert pair[0, between].min() > 0.95


def test_gain_and_a_constant_added_change_nothing() -> None:
    model, sound = network().eval(), torch.randn(2, 8000)
    torch.testing.assert_close(model(1e-3 * sound + 0.5), model(sound), atol=1e-3, rtol=1e-3)


def test_silence_has_finite_predictions_and_gradients() -> None:
    model = network()
    model.innerTrainingLoop(0, 1, torch.zeros(4, 8000), torch.zeros(4, 3))
    assert all(each.isfinite().all() for each in model.parameters())


def test_it_learns() -> None:
    """Which of two notes sounds."""
    model = network(outputs=1)
    x = torch.cat([wave(f, phase=p) for f in (200.0, 260.0) for p in (0.0, 1.0, 2.0, 3.0)])
    y = torch.tensor([-1.0] * 4 + [1.0] * 4)[:, None]
    for _ in range(12):
        model.innerTrainingLoop(0, 1, x, y)
    assert torch.equal(model(x).sign(), y)


def test_it_can_be_exported_with_its_spectra(tmp_path: Path) -> None:
    model, x = network().eval(), torch.randn(2, 8000)
    batch = {0: torch.export.Dim("batch", min=2, max=64)}
    program = torch.export.export(model, (x,), dynamic_shapes=(batch,))
    again = torch.randn(5, 8000)
    torch.testing.assert_close(program.module()(again), model(again))


def test_halves_run_in_float32(tmp_path: Path) -> None:
    model = network()
    checkpoint = exported(model, 3)
    state = checkpoint["model_state_dict"]
    assert not any("window" in name for name in state)
    half = {k: v.half() if v.is_floating_point() else v for k, v in state.items()}
    save(tmp_path / "half.pt", {**checkpoint, "model_state_dict": half})
    loaded = loadModel(tmp_path / "half.pt")
    assert isinstance(loaded, SpectralCNN)
    x = torch.randn(1, 8000)
    assert loaded(x).dtype == torch.float32
    torch.testing.assert_close(loaded(x), model.eval()(x), atol=1e-2, rtol=1e-2)


def test_other_sounds_and_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(n, 8000\), got \(1, 1024\)"):
        network()(torch.zeros(1, 1024))
    for changes, text in (
        ({"width": 1}, "width must be at least 2"),
        ({"hidden": 0}, "hidden must be at least 1"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
        ({"weight_decay": -1.0}, "weight_decay must be at least 0"),
    ):
        arguments = {"width": 4, "hidden": 8, "learning_rate": 1e-3, "weight_decay": 0.0, **changes}
        with pytest.raises(ValueError, match=text):
            SpectralCNN(**arguments, outputs=1)
