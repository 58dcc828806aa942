"""What is drawn lies where it should, and what is left undrawn is what prediction sees."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from torch._subclasses.fake_tensor import FakeTensorMode

from kac_prediction import _core
from kac_prediction.dataset import InputRepresentation
from kac_prediction.pipeline import ModelInput, TrainingOptions, effects
from kac_prediction.pipeline.amplitudes import normalised
from kac_prediction.pipeline.augmentation import NOISE_RANGE, Augmentation
from kac_prediction.pipeline.drawn_effects import EFFECTS
from models_of_users import parameters

RATE, LENGTH = 8000, 256
INPUT = ModelInput(RATE, LENGTH, ("drum_size",), ("m",))
RAW = replace(INPUT, normalise=False)
ALIGNED = replace(INPUT, align_polarity=True)
DTYPES = [torch.float32, torch.float64]


def options(**changes: Any) -> TrainingOptions:
    return TrainingOptions.read(parameters(**changes))


def draws(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def sounds(n: int, length: int = LENGTH, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    """Decaying tones, no two alike, none of them silent at any sample but the first."""
    t = torch.arange(length, dtype=torch.float64) / RATE
    pitch = torch.linspace(100, 900, n, dtype=torch.float64)[:, None]
    return (torch.sin(2 * torch.pi * pitch * t) * torch.exp(-20 * t)).to(dtype)


def decibels(ratio: torch.Tensor) -> torch.Tensor:
    return 20 * torch.log10(ratio)


def rms(x: torch.Tensor) -> torch.Tensor:
    return x.square().mean(-1).sqrt()


def is_uniform(values: torch.Tensor, low: float, high: float) -> bool:
    """Would so many uniform numbers lie like this once in ten thousand times?"""
    return bool(stats.kstest(values.numpy(), stats.uniform(low, high - low).cdf).pvalue > 1e-4)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    arrays(
        np.float64,
        st.tuples(st.integers(1, 4), st.integers(1, 40)),
        elements=st.floats(-1e300, 1e300) | st.sampled_from([0.0, -0.0, 0.25, 5e-324, 1e-310]),
    )
)
def test_normalised_is_the_representations_own(x: np.ndarray) -> None:
    expected = InputRepresentation.normalise(x)
    assert np.array_equal(normalised(torch.from_numpy(x)).numpy(), expected)
    single = np.clip(x, -1e38, 1e38).astype(np.float32)
    result = normalised(torch.from_numpy(single))
    assert np.array_equal(result.numpy(), _core.normalise(single, "single"))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("length", [1, 2, 63, 1000])
def test_normalised_keeps_shape_and_dtype(dtype: torch.dtype, length: int) -> None:
    x = torch.randn(2, 3, length, generator=draws(), dtype=dtype)
    x[1, 2] = 0.7
    result = normalised(x)
    assert result.dtype == dtype
    precision = "double" if dtype == torch.float64 else "single"
    expected = _core.normalise(x.reshape(6, length).numpy(), precision)
    assert np.array_equal(result.reshape(6, length).numpy(), expected)


@pytest.mark.parametrize("wrong", [torch.nan, torch.inf, -torch.inf])
def test_what_is_not_finite_spoils_its_own_sound_alone(wrong: float) -> None:
    x = sounds(3)
    x[1, 5] = wrong
    result = normalised(x)
    assert result[1].isnan().any()
    assert torch.equal(result[[0, 2]], normalised(x[[0, 2]]))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("model_input", [INPUT, RAW, ALIGNED, replace(RAW, align_polarity=True)])
def test_without_any_change_it_is_the_recipe(model_input: ModelInput, dtype: torch.dtype) -> None:
    x = sounds(5, LENGTH + 9, dtype)
    seen = Augmentation(model_input)(x, draws())
    # The recipe normalises in float64, whatever it is given.
    tolerance = 4 * torch.finfo(dtype).eps
    torch.testing.assert_close(seen, model_input.inputs(x), rtol=0, atol=tolerance)


def test_the_onset_moves_by_whole_samples() -> None:
    augmentation = Augmentation(RAW, onset=0.001)
    assert augmentation.margin == 8
    x = 1 + torch.arange(LENGTH + 8, dtype=torch.float64).repeat(3000, 1)
    seen = augmentation(x, draws())
    # Seen of 1, 2, 3, ...: zeros and then 1, 2, 3, ...; or 1 + k, 2 + k, ...
    delay = (seen == 0).sum(1)
    shift = torch.where(delay > 0, delay, 1 - seen[:, 0].long())
    expected = (1 + torch.arange(LENGTH) - shift[:, None]).clamp(min=0).double()
    assert torch.equal(seen, expected)
    counts = torch.bincount(shift + 8, minlength=17)
    assert len(counts) == 17
    assert stats.chisquare(counts.numpy()).pvalue > 1e-4


def test_silence_before_a_late_strike_is_noisy() -> None:
    x = sounds(200, LENGTH + 8) + 1.0
    seen = Augmentation(RAW, onset=0.001, noise=-20.0)(x, draws())
    assert (seen != 0).all()
    assert ((seen[:, 0] - 1).abs() > 0.5).any()  # There was silence before.


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("level", [-20.0, 6.0])
def test_the_level_of_the_noise(level: float, dtype: torch.dtype) -> None:
    x = sounds(4000, dtype=dtype) * torch.logspace(-3, 2, 4000, dtype=dtype)[:, None]
    noise = Augmentation(RAW, noise=level)(x, draws()) - x
    relative = decibels(rms(noise) / rms(x))
    lowest = level - NOISE_RANGE
    assert lowest - 0.01 < relative.min() < lowest + 0.5
    assert level - 0.5 < relative.max() < level + 0.01
    assert is_uniform(relative, lowest, level)


def test_the_colour_of_the_noise_lies_between_white_and_brown() -> None:
    x = torch.sin(torch.arange(LENGTH, dtype=torch.float64)).repeat(3000, 1)
    noise = Augmentation(RAW, noise=0.0)(x, draws()) - x
    power = np.abs(np.fft.rfft(noise.numpy()))[:, 1:-1] ** 2
    frequencies = np.log(np.arange(1, LENGTH // 2))
    centred = frequencies - frequencies.mean()
    slopes = np.log(power) @ centred / (centred @ centred)
    # The logarithm of a periodogram scatters by pi / sqrt(6), whatever the spectrum.
    scatter = np.pi / np.sqrt(6 * centred @ centred)
    assert abs(slopes.mean() + 1) < 4 * np.sqrt((1 / 3 + scatter**2) / 3000)
    assert abs(slopes.var() - (1 / 3 + scatter**2)) < 0.03
    assert -2 - 5 * scatter < slopes.min() < -1.9
    assert -0.1 < slopes.max() < 5 * scatter
    # The noise of one sound knows nothing of that of another, nor of an offset.
    alike = torch.corrcoef(noise[:50]).fill_diagonal_(0)
    assert abs(alike.mean()) < 0.05
    assert abs(noise.mean()) < 0.01


def test_silence_stays_silent() -> None:
    x = torch.zeros(4, LENGTH)
    for model_input in (INPUT, RAW):
        seen = Augmentation(model_input, noise=-10.0)(x, draws())
        assert torch.equal(seen, x)


def test_the_gain() -> None:
    x = sounds(2000)
    gain = Augmentation(RAW, gain=12.0)(x, draws())[:, 1:] / x[:, 1:]
    torch.testing.assert_close(gain, gain[:, :1].expand_as(gain), rtol=1e-12, atol=0)
    assert is_uniform(decibels(gain[:, 0]), -12, 12)
    quiet = Augmentation(RAW, gain=12.0, noise=-20.0)
    noise = quiet(torch.cat([x, -x]), draws())
    louder = rms(noise[:2000]) / rms(x)
    assert is_uniform(decibels(louder), -12, 12)


def test_a_gain_has_no_effect_on_what_is_normalised(caplog: pytest.LogCaptureFixture) -> None:
    x = sounds(5)
    assert torch.equal(
        Augmentation(INPUT, gain=12.0, noise=-20.0)(x, draws()),
        Augmentation(INPUT, noise=-20.0)(x, draws()),
    )
    assert Augmentation.of(options(augment_gain=6.0), INPUT) is None
    assert "augment_gain = 6 has no effect" in caplog.text
    caplog.clear()
    assert Augmentation.of(options(augment_gain=6.0), RAW) == Augmentation(RAW, gain=6.0)
    assert not caplog.text


def test_what_the_parameters_ask_for() -> None:
    assert Augmentation.of(options(batch_size=16), INPUT) is None
    assert Augmentation.of(options(augment_gain=0.0, augment_onset=0.0), INPUT) is None
    everything = options(augment_gain=3, augment_noise=-30.0, augment_onset=0.002)
    assert Augmentation.of(everything, RAW) == Augmentation(RAW, 3.0, -30.0, 0.002)
    assert Augmentation.of(options(augment_noise=0.0), INPUT) == Augmentation(INPUT, noise=0.0)
    for name in EFFECTS:
        asked = Augmentation.of(options(**{f"augment_{name}": 0.5}), INPUT)
        assert asked == Augmentation(INPUT, **{name: 0.5})
    assert Augmentation.of(options(augment_noise_window=0.02), INPUT) is None
    late = options(augment_lead=0.003, augment_noise=-9.0, augment_noise_window=0.02)
    assert Augmentation.of(late, RAW) == Augmentation(
        RAW, lead=0.003, noise=-9.0, noise_window=0.02
    )


def test_every_field_is_an_option_with_its_default() -> None:
    named = {f"augment_{f.name}": f.default for f in fields(Augmentation)[1:]}
    known = {f.name: f.default for f in fields(TrainingOptions) if f.name.startswith("augment_")}
    assert named == known
    assert not options(augment_band=0.0).augments
    assert options(augment_band=0.1).augments


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_generator_decides_and_nothing_else(dtype: torch.dtype) -> None:
    augmentation = Augmentation(INPUT, noise=-20.0, onset=0.002)
    x = sounds(6, LENGTH + 40, dtype)
    before, state = x.clone(), torch.get_rng_state()
    first = augmentation(x, draws(1))
    assert first.dtype == dtype
    assert first.shape == (6, LENGTH)
    assert (first.amin(1) == -1).all()
    assert (first.amax(1) == 1).all()
    generator = draws(1)
    assert torch.equal(augmentation(x, generator), first)
    assert not torch.equal(augmentation(x, generator), first)
    assert torch.equal(x, before)
    assert torch.equal(torch.get_rng_state(), state)
    # What lies beyond the margin plays no part.
    assert torch.equal(augmentation(x[:, : LENGTH + 16], draws(1)), first)


def test_a_spectrogram_is_of_the_augmented_sound() -> None:
    settings: Any = {"output_type": "mel", "n_bins": 64, "window_length": 64, "n_mels": 8}
    mel = ModelInput(RATE, LENGTH, ("drum_size",), ("m",), representation=settings)
    x = sounds(3, LENGTH + 16)
    seen = Augmentation(mel, noise=-20.0, onset=0.002)(x, draws())
    wave = Augmentation(INPUT, noise=-20.0, onset=0.002)(x, draws())
    assert torch.equal(seen, mel.inputs(wave))  # To normalise again changes nothing.
    assert seen.shape == mel.inputs(x).shape


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"gain": -1.0}, "gain must be at least 0, got -1"),
        ({"gain": torch.inf}, "gain"),
        ({"onset": -0.1}, "onset"),
        ({"onset": torch.nan}, "onset"),
        ({"noise": torch.nan}, "noise must be a finite number"),
        ({"lead": -0.1}, "lead must be at least 0"),
        ({"lead": 0.03, "onset": 0.002}, "got 0.002 s and a lead of 0.03 s: 256 samples"),
        ({"noise_window": 0.0}, "noise_window must be above 0"),
        ({"room": -0.1}, "room must be at least 0, got -0.1"),
        ({"coding": 1.1}, "coding must be at most 1, got 1.1"),
        ({"onset": 0.032}, "less than the 256 samples .* got 0.032 s: 256 samples at 8000 Hz"),
    ],
)
def test_what_it_refuses(changed: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Augmentation(INPUT, **changed)


@pytest.mark.parametrize("shape", [(LENGTH + 16,), (2, 3, LENGTH + 16), (2, LENGTH + 15)])
def test_sounds_that_do_not_fit(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=rf"at least {LENGTH + 16} samples, 16 of them"):
        Augmentation(INPUT, onset=0.002)(torch.zeros(shape), draws())


def first_three(x: torch.Tensor, seed: int) -> torch.Tensor:
    """What onset, noise and gain were before there were others, for 1 ms, -20 dB and 6 dB."""
    generator = draws(seed)
    silent = torch.nn.functional.pad(x[:, : LENGTH + 8], (8, 0))
    first = torch.randint(17, (len(x), 1), generator=generator)
    x = silent.gather(1, first + torch.arange(LENGTH))
    size = len(x), 1
    level = -20 - 60 * torch.rand(size, generator=generator, dtype=x.dtype)
    beta = 2 * torch.rand(size, generator=generator, dtype=x.dtype)
    spectrum = torch.fft.rfft(torch.randn(x.shape, generator=generator, dtype=x.dtype))
    bins = torch.arange(spectrum.shape[1], dtype=x.dtype)
    noise = torch.fft.irfft(spectrum * bins.clamp(min=1) ** (-beta / 2), LENGTH)
    relative = noise / noise.square().mean(1, keepdim=True).sqrt()
    x = x + relative * (10 ** (level / 20) * x.square().mean(1, keepdim=True).sqrt())
    return x * 10 ** ((2 * torch.rand(size, generator=generator, dtype=x.dtype) - 1) * 6 / 20)


@pytest.mark.parametrize("dtype", DTYPES)
def test_trainings_of_before_hear_the_same_bits(dtype: torch.dtype) -> None:
    x = sounds(6, LENGTH + 8, dtype)
    seen = Augmentation(RAW, gain=6.0, noise=-20.0, onset=0.001)(x, draws(3))
    assert torch.equal(seen, first_three(x, 3))


LONG = ModelInput(RATE, RATE // 2, ("drum_size",), ("m",), normalise=False)
ALL = dict.fromkeys(EFFECTS, 0.5)


@pytest.mark.parametrize("name", EFFECTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_share_is_a_number_of_sounds(name: str, dtype: torch.dtype) -> None:
    x = sounds(10, LONG.length, dtype)
    for share, count in [(0.0, 0), (0.04, 0), (0.3, 3), (1.0, 10)]:
        seen = Augmentation(LONG, **{name: share})(x, draws(5))
        assert int((seen != x).any(1).sum()) == count
    # Others each time, and nearly all of them once in the end.
    augmentation, generator = Augmentation(LONG, **{name: 0.3}), draws(6)
    chosen = torch.stack([(augmentation(x, generator) != x).any(1) for _ in range(20)])
    assert chosen.any(0).sum() > 8
    assert len({tuple(row.tolist()) for row in chosen}) > 5


def test_all_effects_at_once() -> None:
    everything = Augmentation(LONG, 6.0, -10.0, 0.002, 0.003, 0.0213, **ALL)
    x = sounds(12, LONG.length + everything.margin, torch.float32)
    before = x.clone()
    seen = everything(x, draws(1))
    assert seen.dtype == torch.float32
    assert seen.shape == (12, LONG.length)
    assert seen.isfinite().all()
    assert torch.equal(x, before)
    assert torch.equal(everything(x, draws(1)), seen)
    assert not torch.equal(everything(x, draws(2)), seen)
    assert everything(x[:1], draws(1)).shape == (1, LONG.length)
    silence = Augmentation(LONG, 6.0, -10.0, 0.002, 0.003, 0.0213, **ALL)(x * 0, draws(1))
    assert torch.equal(silence, torch.zeros_like(silence))


def test_threads_change_no_bit() -> None:
    everything = Augmentation(LONG, 6.0, None, 0.002, 0.003, **(ALL | {"coding": 0.0}))
    x, threads = sounds(19, LONG.length + 16, torch.float32), torch.get_num_threads()
    seen = []
    try:
        for number in (1, 2):
            torch.set_num_threads(number)
            seen.append(everything(x, draws()))
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(*seen)


def test_nothing_looks_at_the_sounds() -> None:
    """A fake tensor has no data to look at; coding, on the CPU, must."""
    everything = Augmentation(LONG, 6.0, -10.0, 0.002, 0.003, 0.0213, **(ALL | {"coding": 0.0}))
    with FakeTensorMode():
        seen = everything(torch.empty(8, LONG.length + 16), draws())
    assert seen.shape == (8, LONG.length)


def test_a_lead_of_silence() -> None:
    augmentation = Augmentation(RAW, onset=0.001, lead=0.004)
    assert augmentation.margin == 8
    x = 1 + torch.arange(LENGTH + 8, dtype=torch.float64).repeat(5000, 1)
    seen = augmentation(x, draws())
    delay = (seen == 0).sum(1)
    shift = torch.where(delay > 0, delay, 1 - seen[:, 0].long())
    counts = torch.bincount(shift + 8)
    assert len(counts) == 8 + 40 + 1
    assert stats.chisquare(counts.numpy()).pvalue > 1e-4


def test_noise_relative_to_the_strike() -> None:
    x = sounds(400, LONG.length) * 3
    augmentation = Augmentation(LONG, noise=-10.0, lead=0.01, noise_window=0.0213)
    quiet = Augmentation(LONG, noise=-300.0, lead=0.01, noise_window=0.0213)
    noise = augmentation(x, draws()) - quiet(x, draws())
    relative = decibels(rms(noise) / rms(x[:, :170]))
    assert is_uniform(relative, -10 - NOISE_RANGE, -10)
    before = noise[:, :20]  # Under most of the silence that a lead makes.
    assert (rms(before) > 0).all()


def level_of(x: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
    return decibels(effects.peak(x)[:, 0] / effects.peak(before)[:, 0])


def test_the_ranges_that_are_documented() -> None:
    x = sounds(300, LONG.length) + 0.01
    clipped = Augmentation(LONG, clipping=1.0)(x, draws())
    assert is_uniform((effects.peak(clipped) / effects.peak(x))[:, 0], 0.1, 0.9)
    constant = Augmentation(LONG, offset=1.0)(x, draws()) - x
    assert is_uniform(constant[:, 9] / effects.peak(x)[:, 0], -0.3, 0.3)
    other = Augmentation(LONG, second_drum=1.0)(x, draws()) - x
    assert level_of(other, x).max() <= -20 + 1e-6
    assert -50 < level_of(other, x).median() < -30
    clicks = Augmentation(LONG, clicks=1.0)(x, draws()) - x
    assert -31 < level_of(clicks, x).min() < -20
    assert level_of(clicks, x).max() < 9.1  # Three may fall together.
    assert torch.equal(Augmentation(LONG, polarity=1.0)(x, draws()), -x)
    ends = torch.stack(
        [(row != 0).nonzero().max() for row in Augmentation(LONG, truncate=1.0)(x, draws())]
    )
    assert is_uniform((ends + 1).double().log(), np.log(160), np.log(LONG.length))


def test_a_room_decays_as_it_should() -> None:
    x = torch.zeros(100, RATE, dtype=torch.float64)
    x[:, 0] = 1
    whole = ModelInput(RATE, RATE, ("drum_size",), ("m",), normalise=False)
    tail = Augmentation(whole, room=1.0)(x, draws())[:, 1:]
    energy = -10 * torch.log10(tail.square().sum(1))
    assert -4.5 < energy.min() < 0
    assert 9 < energy.max() < 13.5
    first = torch.stack([row.nonzero().min() + 1 for row in (tail.abs() > 1e-9)])
    assert first.min() >= 8
    assert first.max() <= 81


def test_codecs_by_their_sample_rates() -> None:
    high = ModelInput(96000, 500, ("drum_size",), ("m",), normalise=False)
    x = sounds(3, 500)
    with pytest.raises(ValueError, match="coding needs a codec for 384000 Hz"):
        Augmentation(ModelInput(384000, 500, ("drum_size",), ("m",)), coding=0.1)
    assert (Augmentation(high, coding=1.0)(x, draws()) != x).any(1).all()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.parametrize("dtype", DTYPES)
def test_nothing_waits_for_the_gpu(dtype: torch.dtype) -> None:
    there = ALL | {"coding": 0.0}  # which the CPU does
    augmentation = Augmentation(INPUT, 0.0, -20.0, 0.002, 0.003, 0.02, **there)
    x = sounds(6, LENGTH + 16, dtype).cuda()
    generator = torch.Generator("cuda").manual_seed(0)
    augmentation(x, generator)  # Plans of the Fourier transform are made once.
    torch.cuda.set_sync_debug_mode("error")
    try:
        seen = augmentation(x, generator)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert seen.is_cuda
    assert seen.dtype == dtype
    assert ((seen.amin(1) == -1) & (seen.amax(1) == 1)).all()
    ends = normalised(x).cpu()
    torch.testing.assert_close(ends, normalised(x.cpu()), rtol=0, atol=4 * torch.finfo(dtype).eps)
