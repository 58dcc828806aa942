"""SpectralCNN and its spectra, beside waves worked out by hand and torch's own exporter."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from kac_prediction.architecture import SpectralCNN
from kac_prediction.pipeline import loadModel
from saved_models import exported, save

RATIO = math.log(3900 / 40) / 527
# Samples of each window, the frequencies in each bin, and where its channels begin.
WINDOWS = ((171, 1, 0), (683, 1, 3), (2048, 2, 6), (8000, 4, 12))
TIMES = torch.arange(8000) / 8000


def network(outputs: int = 3) -> SpectralCNN:
    torch.manual_seed(0)
    return SpectralCNN(width=4, hidden=8, learning_rate=1e-3, weight_decay=0.0, outputs=outputs)


def wave(*frequencies: float, phase: float = 0.0) -> torch.Tensor:
    parts = [torch.cos(2 * math.pi * f * TIMES + phase) for f in frequencies]
    return torch.stack(parts).sum(0)[None]


def frequencies(fineness: int) -> np.ndarray:
    return 40 * np.exp(RATIO * np.arange(528 * fineness) / fineness)


def spectrum(sound: torch.Tensor, window: int, part: int = 0) -> np.ndarray:
    """Levels (or cosines, 1, or sines, 2) at all frequencies of a window, in their order."""
    _, fineness, first = WINDOWS[window]
    channels = network().spectra(sound)[0, first + part * fineness :][:fineness]
    return channels.T.flatten().double().numpy()


def span(fineness: int, low: float, high: float) -> slice:
    return slice(*np.searchsorted(frequencies(fineness), (low, high)).tolist())


def test_channels_and_bins() -> None:
    assert network().spectra(torch.randn(3, 8000)).shape == (3, 16, 528)


@pytest.mark.parametrize("frequency", [100.0, 523.25, 1000.0, 3000.0])
def test_a_partial_is_a_peak_at_its_frequency_in_every_window(frequency: float) -> None:
    for window, (length, fineness, _) in enumerate(WINDOWS):
        level = spectrum(wave(frequency), window)
        peak = frequencies(fineness)[level.argmax()]
        # Of a window of n samples, within half of the width of a line.
        assert abs(peak - frequency) < max(0.5 * 8000 / length, 0.006 / fineness * frequency)
        assert level.max() == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("window", range(4))
def test_magnitudes_are_those_of_the_definition(window: int) -> None:
    """Of noise, summed in NumPy; low frequencies come from the decimated sound, within 1 %."""
    length, fineness, _ = WINDOWS[window]
    sound = torch.randn(1, 8000, generator=torch.Generator().manual_seed(1))
    sound = sound - sound.mean()
    f = frequencies(fineness)
    ends = np.minimum(length, 1.5 * fineness / RATIO * 8000 / f)
    chosen = range(0, len(f), 37 * fineness)
    expected = []
    for k in chosen:
        fade = np.clip((np.arange(8000) - 0.75 * ends[k]) / (0.25 * ends[k]), 0, 1)
        shape = np.cos(np.pi / 2 * fade) ** 2 * (np.arange(8000) < ends[k]) / ends[k] ** 0.5
        line = shape * np.exp(-2j * np.pi * f[k] * TIMES.double().numpy())
        expected.append(abs(line @ sound[0].double().numpy()))
    level = (spectrum(sound, window)[list(chosen)] + 1) / 2
    found = 10 ** (3.5 * (level - 1)) - 10**-3.5
    strongest = int(np.argmax(expected))
    relative = np.array(expected) / expected[strongest]
    np.testing.assert_allclose(found / found[strongest], relative, rtol=0.01, atol=0.004)


def test_its_phase_is_that_of_the_wave() -> None:
    """At a frequency of the axis, in the middle, where what mirrors it at minus f is far away."""
    f, phase = frequencies(1)[400], 0.7
    for window, (_, fineness, _) in enumerate(WINDOWS[:3]):
        sound = wave(float(f), phase=phase)
        real, imaginary = (spectrum(sound, window, part)[400 * fineness] for part in (1, 2))
        assert math.atan2(imaginary, real) == pytest.approx(phase, abs=0.03)
        assert math.hypot(real, imaginary) == pytest.approx(1, abs=0.02)


def test_levels_are_decibels() -> None:
    """20 dB lower, and as a window of n samples is scaled by 1 / sqrt(n)."""
    low, high = span(4, 600, 1500).start, span(4, 600, 1500).stop
    f = frequencies(4)[[low, high]]
    level = spectrum(wave(f[0]) + 0.1 * wave(f[1]), 3)
    lengths = np.minimum(8000, 1.5 * 4 / RATIO * 8000 / f)
    decibels = 20 - 10 * math.log10(lengths[1] / lengths[0])
    assert level[low] - level[high] == pytest.approx(2 * decibels / 70, abs=0.01)


def test_close_partials_are_separated_by_long_windows_alone() -> None:
    pair = wave(400.0, 404.0)
    assert spectrum(pair, 3)[span(4, 401, 403)].min() < 0.7
    assert spectrum(pair, 0)[span(1, 398, 406)].min() > 0.95


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


def test_the_float64_of_a_dataset_goes_into_a_float32_model() -> None:
    model, x = network().eval(), torch.randn(2, 8000, dtype=torch.float64)
    assert model(x).equal(model(x.float()))


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
        ({"width": 10**6}, "width must be at most 1024"),
        ({"hidden": 10**9}, "hidden must be at most 8192"),
        ({"hidden": 0}, "hidden must be at least 1"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
        ({"weight_decay": -1.0}, "weight_decay must be at least 0"),
    ):
        arguments = {"width": 4, "hidden": 8, "learning_rate": 1e-3, "weight_decay": 0.0, **changes}
        with pytest.raises(ValueError, match=text):
            SpectralCNN(**arguments, outputs=1)


def test_its_optimiser_is_made_when_it_trains() -> None:
    """To import what torch's optimisers need takes longer than to hear a drum."""
    model = SpectralCNN(4, 8, 0.25, 0.125, outputs=1)
    assert "optimiser" not in vars(model)
    (group,) = model.optimiser.param_groups
    assert (group["lr"], group["weight_decay"]) == (0.25, 0.125)
    assert all(a is b for a, b in zip(group["params"], model.parameters(), strict=True))
    assert model.optimiser is model.optimiser
