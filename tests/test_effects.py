"""Effects do to a sound what their numbers say, as measured by other means."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from scipy import fft, signal

from kac_prediction.pipeline import effects

RATE = 8000
Array = npt.NDArray[np.float64]


def draws(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def noise(n: int, samples: int = RATE) -> torch.Tensor:
    return torch.randn(n, samples, generator=draws(1), dtype=torch.float64)


def strikes(n: int, samples: int = RATE) -> torch.Tensor:
    """Decaying tones of 100 to 900 Hz."""
    t = torch.arange(samples, dtype=torch.float64) / RATE
    pitch = torch.linspace(100, 900, n, dtype=torch.float64)[:, None]
    return torch.sin(2 * torch.pi * pitch * t) * torch.exp(-8 * t)


def column(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)[:, None]


def decibels(ratio: Any) -> Array:
    levels: Array = 20 * np.log10(np.abs(np.asarray(ratio)))
    return levels


def impulse(n: int, samples: int = RATE) -> torch.Tensor:
    return torch.nn.functional.pad(torch.ones(n, 1, dtype=torch.float64), (0, samples - 1))


def spectrum(x: torch.Tensor) -> tuple[Any, Array]:
    """Frequencies and levels in dB."""
    frequencies = np.arange(x.shape[1] // 2 + 1) * (RATE / x.shape[1])
    return frequencies, decibels(np.fft.rfft(x.numpy()))


def schroeder_decay_time(tail: Array) -> float:
    """T60 by the slope of the backward integral between -5 and -35 dB (ISO 3382)."""
    decay = 10 * np.log10(np.cumsum(tail[::-1] ** 2)[::-1] / np.sum(tail**2))
    heard = (decay < -5) & (decay > -35)
    slope, _ = np.polyfit(np.flatnonzero(heard) / RATE, decay[heard], 1)
    return float(-60 / slope)


@pytest.mark.parametrize("least", [1, 2, 7, 241, 4097, 14399, 48011])
def test_fast_lengths_are_scipys(least: int) -> None:
    assert effects.fast_length(least) == fft.next_fast_len(least, real=True)


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0])
def test_the_colour_of_noise(exponent: float) -> None:
    x = effects.coloured_noise(noise(40), exponent, draws())
    assert torch.allclose(effects.rms(x), torch.ones(40, 1, dtype=torch.float64))
    hertz, power = signal.welch(x.numpy(), RATE, nperseg=1024)
    inside = (hertz > 50) & (hertz < 3500)
    slope, _ = np.polyfit(np.log(hertz[inside]), np.log(power.mean(0)[inside]), 1)
    assert slope == pytest.approx(-exponent, abs=0.05)


@pytest.mark.parametrize("decay_time", [0.1, 0.3, 0.8])
@pytest.mark.parametrize("ratio", [-3.0, 12.0])
def test_a_room(decay_time: float, ratio: float) -> None:
    response = effects.impulse_response(noise(40), RATE, decay_time, ratio, 0.005, draws()).numpy()
    assert response.shape == (40, 6400)
    assert (response[:, 0] == 1).all()
    assert (response[:, 1:40] == 0).all()
    assert (response[:, 40] != 0).all()
    measured = [schroeder_decay_time(tail) for tail in response[:, 1:]]
    assert np.median(measured) == pytest.approx(decay_time, rel=0.05)
    energy = (response[:, 1:] ** 2).sum(1).mean()
    assert -10 * np.log10(energy) == pytest.approx(ratio, abs=0.4)


def test_each_sound_has_its_room() -> None:
    decay_time, ratio, delay = column(0.1, 0.8), column(0.0, 20.0), column(0.001, 0.01)
    response = effects.impulse_response(noise(2), RATE, decay_time, ratio, delay, draws())
    assert [int(row[1:].nonzero()[0]) + 1 for row in response] == [8, 80]
    assert effects.rms(response[:1, 8:]) > 3 * effects.rms(response[1:, 80:])


def test_short_sounds_hear_as_much_of_the_room() -> None:
    long = effects.impulse_response(noise(500), RATE, 0.5, 0.0, 0.002, draws())
    short = effects.impulse_response(noise(500, 200), RATE, 0.5, 0.0, 0.002, draws())
    assert short.shape == (500, 200)
    ratio = effects.rms(short[:, 16:]).mean() / effects.rms(long[:, 16:200]).mean()
    assert float(ratio) == pytest.approx(1, abs=0.02)


def test_convolved_as_scipy_does() -> None:
    x, response = noise(3, 500), noise(6, 120)[3:]
    expected = [np.convolve(a, b)[:500] for a, b in zip(x.numpy(), response.numpy(), strict=True)]
    np.testing.assert_allclose(effects.convolved(x, response), expected, atol=1e-12)


@pytest.mark.parametrize(("low", "high"), [(300.0, 3400.0), (150.0, np.inf), (0.0, 1500.0)])
def test_filters_are_scipys_butterworth(low: float, high: float) -> None:
    x = noise(2, 2000)
    expected = x.numpy()
    if low:
        expected = signal.sosfilt(signal.butter(2, low, "high", fs=RATE, output="sos"), expected)
    if high < np.inf:
        expected = signal.sosfilt(signal.butter(4, high, "low", fs=RATE, output="sos"), expected)
    np.testing.assert_allclose(effects.filtered(x, RATE, low, high), expected, atol=1e-9)


def test_each_sound_has_its_filter() -> None:
    x, low, high = noise(3), column(0, 40, 300), column(np.inf, 1500, 4000)
    together = effects.filtered(x, RATE, low, high, column(0, 3, -6))
    assert torch.allclose(together[:1], x[:1], atol=1e-12)
    for i in range(3):
        alone = effects.filtered(x[i : i + 1], RATE, *(float(v[i]) for v in (low, high)))
        assert torch.allclose(together[i : i + 1], alone, atol=1e-12) == (i == 0)
        tilt = [0, 3, -6][i]
        alone = effects.filtered(x[i : i + 1], RATE, float(low[i]), float(high[i]), tilt)
        assert torch.allclose(together[i : i + 1], alone, atol=1e-12)


@pytest.mark.parametrize("tilt", [-6.0, 3.0])
def test_the_slope_of_a_tilt(tilt: float) -> None:
    response = effects.filtered(impulse(1), RATE, tilt=tilt)
    hertz, level = spectrum(response)
    octaves = np.array([125, 250, 500, 1000, 2000])
    steps = np.diff(np.interp(octaves, hertz, level[0]))
    np.testing.assert_allclose(steps, tilt, atol=0.12 * abs(tilt))
    assert np.interp(1000, hertz, level[0]) == pytest.approx(0, abs=0.01)
    # Causal: the impulse answers at once, and nothing is wrapped to the end.
    assert response[0].abs().argmax() == 0
    assert response[0, -1000:].abs().max() < 1e-9


@pytest.mark.parametrize("exponent", [1.0, 2.0])
@pytest.mark.parametrize("hertz", [250.0, 1000.0, 2000.0])
def test_a_loss_that_grows_with_frequency(hertz: float, exponent: float) -> None:
    t = np.arange(RATE) / RATE
    x = torch.from_numpy(np.sin(2 * np.pi * hertz * t))[None]
    y = effects.damped(x, RATE, 0.6, exponent)[0].numpy()
    level = decibels(np.abs(signal.hilbert(y)))
    expected = -60 / 0.6 * (hertz / 1000) ** exponent
    middle = slice(400, int(min(7000, 400 + 40 / -expected * RATE)))
    slope, _ = np.polyfit(t[middle], level[middle], 1)
    assert slope == pytest.approx(expected, rel=0.03)


def test_no_loss_is_no_change() -> None:
    x = noise(3, 3000)
    assert torch.allclose(effects.damped(x, RATE, 1e12), x, atol=1e-9)
    assert torch.allclose(effects.damped(x, 96000, column(1e12, 1e12, 1e12)), x, atol=1e-9)


@pytest.mark.parametrize("shift", [-200, 0, 300])
def test_another_drum(shift: int) -> None:
    x, other = strikes(2), strikes(2).flip(0) * 1000
    added = effects.overlaid(x, other, -20.0, shift) - x
    expected = other * (effects.peak(x) / effects.peak(other)) / 10
    if shift > 0:
        assert (added[:, :shift] == 0).all()
        torch.testing.assert_close(added[:, shift:], expected[:, :-shift])
    else:
        torch.testing.assert_close(added[:, : RATE + shift], expected[:, -shift:])
        assert (added[:, RATE + shift :] == 0).all()
    assert torch.equal(effects.overlaid(x, torch.zeros_like(x), -20.0, shift), x)


def test_clicks() -> None:
    x = strikes(2) / effects.peak(strikes(2)) * 7
    positions, levels = column(0.01, 0.5), column(1.0, -0.5)
    added = effects.clicked(x, RATE, positions, levels, 0.001) - x
    for row, (first, level) in zip(added, [(80, 7.0), (4000, -3.5)], strict=True):
        assert (row[:first] == 0).all()
        assert float(row[first]) == pytest.approx(level)
        assert float(row[first + 8]) == pytest.approx(level / np.e)
    two = effects.clicked(x, RATE, positions.repeat(1, 2), levels.repeat(1, 2), 0.001) - x
    torch.testing.assert_close(two, 2 * added)


def test_clipping_and_a_constant() -> None:
    x = strikes(2) * column(1, 100)
    y = effects.clipped(x, column(0.3, 0.9))
    torch.testing.assert_close(effects.peak(y), effects.peak(x) * column(0.3, 0.9))
    inside = x.abs() <= effects.peak(y)
    assert torch.equal(y[inside], x[inside])
    assert (y[~inside].abs() == effects.peak(y).expand_as(y)[~inside]).all()
    constant = effects.shifted(x, column(-0.3, 0.1)) - x
    torch.testing.assert_close(constant, (effects.peak(x) * column(-0.3, 0.1)).expand_as(x))


@pytest.mark.parametrize(("bits", "headroom"), [(8, 0.0), (8, 12.0), (12, 0.0)])
def test_the_noise_of_quantisation(bits: int, headroom: float) -> None:
    t = torch.arange(RATE, dtype=torch.float64)
    x = 3 * torch.sin(2 * torch.pi * 0.0377 * t)[None]
    y = effects.quantised(x, bits, headroom)
    ratio = decibels(effects.rms(x) / effects.rms(y - x)).item()
    assert ratio == pytest.approx(6.02 * bits + 1.76 - headroom, abs=0.9)
    assert len(np.unique(y.numpy())) <= 2**bits


def test_truncation() -> None:
    y = effects.truncated(noise(2), column(160, 7000.5))
    assert [int(row.nonzero().max()) for row in y] == [159, 7000]


DETERMINISTIC: dict[str, Any] = {
    "filtered": lambda x: effects.filtered(x, RATE, 50.0, 3000.0, 2.0),
    "damped": lambda x: effects.damped(x, RATE, 0.5),
    "overlaid": lambda x: effects.overlaid(x, x.flip(0), -20.0, 10.0),
    "clicked": lambda x: effects.clicked(x, RATE, torch.zeros(3, 2), torch.ones(3, 2)),
    "clipped": lambda x: effects.clipped(x, 0.5),
    "shifted": lambda x: effects.shifted(x, 0.1),
    "quantised": lambda x: effects.quantised(x),
    "truncated": lambda x: effects.truncated(x, 10),
    "convolved": lambda x: effects.convolved(
        x, effects.impulse_response(x, RATE, 0.3, 0.0, 0.002, draws())
    ),
}


@pytest.mark.parametrize("name", DETERMINISTIC)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_shape_dtype_silence_and_the_callers_sounds(name: str, dtype: torch.dtype) -> None:
    effect, x = DETERMINISTIC[name], strikes(3, 500).to(dtype)
    before = x.clone()
    y = effect(x)
    assert y.dtype == dtype
    assert y.shape == x.shape
    assert torch.equal(x, before)
    assert not torch.equal(y, x)
    assert torch.equal(effect(x), y)
    assert torch.equal(effect(torch.zeros_like(x)), torch.zeros_like(x))
