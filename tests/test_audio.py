"""From sounds as people have them to what a model sees."""

import io
import os
import signal
import struct
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
import torch
from scipy.signal import chirp, resample_poly

from kac_prediction.listening import onset, prepare, read_sound, sound_file
from kac_prediction.listening.sound_file import read_mono
from kac_prediction.pipeline import ModelInput
from kac_prediction.samplers import BesselModel

RATE = 48000
INPUT = ModelInput(sample_rate=RATE, length=1024, labels=("drum_size",), units=("m",))


@cache
def drums(n: int = 200, sample_rate: int = RATE) -> npt.NDArray[np.float64]:
    sampler = BesselModel(duration=0.25, sample_rate=sample_rate)
    sampler.seed(3)
    return sampler.render(range(n))[0]


def write(path: Path, sound: npt.NDArray[np.float64], rate: int = RATE, subtype: str = "") -> Path:
    soundfile.write(path, sound, rate, subtype=subtype or None)
    return path


def test_a_rendered_drum_is_cut_nowhere() -> None:
    cuts = np.array([onset(sound, RATE) for sound in drums()])
    assert np.median(cuts) == 0
    assert cuts.max() <= 8


@cache
def drums_struck_anywhere(sample_rate: int = RATE) -> list[npt.NDArray[np.float64]]:
    """Drums from 0.1 to 1 m, struck from the middle to the rim, on all sides of the pick-up."""
    points = [(r, theta) for r in (0.0, 0.4, 0.83, 0.97) for theta in (0.0, 1.0, 2.0, np.pi)]
    sounding = [
        BesselModel(0.06, sample_rate, drum_size=size, strike_location=point)
        for size in (0.1, 0.17, 0.3, 0.6, 1.0)
        for point in points
    ]
    for drum in sounding:
        drum.generateWaveform()
    return [drum.waveform for drum in sounding]


@pytest.mark.parametrize("rate", [22050, RATE, 96000])
def test_no_rendered_drum_is_cut_wherever_it_is_struck(rate: int) -> None:
    for sound in drums_struck_anywhere(rate):
        assert onset(sound, rate) <= 2
        assert onset(np.round(sound * 32767) / 32768, rate) <= 2


@pytest.mark.parametrize(("up", "down"), [(147, 160), (2, 1)])
def test_a_rendered_drum_that_was_resampled_is_hardly_cut(up: int, down: int) -> None:
    rate = RATE * up // down
    cuts = [onset(resample_poly(s, up, down), rate) for s in drums_struck_anywhere()]
    assert np.median(cuts) <= 2
    assert max(cuts) <= 0.001 * rate


@pytest.mark.parametrize("rate", [16000, RATE])
@pytest.mark.parametrize("level", [-70, -60, -50])
@pytest.mark.parametrize("milliseconds", [2, 5, 10, 20, 30, 100])
def test_the_strike_is_found_behind_noise_of_any_length(
    milliseconds: int, level: int, rate: int
) -> None:
    rng = np.random.default_rng(0)
    before = milliseconds * rate // 1000
    errors = []
    for sound in drums_struck_anywhere(rate):
        noisy = np.concatenate([np.zeros(before), sound])
        noisy += 10 ** (level / 20) * rng.normal(size=len(noisy))
        errors.append(onset(noisy, rate) - before)
    assert np.median(np.abs(errors)) <= 8
    # Few samples of noise may not tell how high it rises, though rarely.
    assert np.percentile(errors, 5) >= -8
    # As far as the wave of the largest drum may need, where noise drowns what sounds before it.
    assert max(errors) < 0.01 * rate


@pytest.mark.parametrize("depth", [16, 24])
def test_silence_before_the_strike_changes_nothing(depth: int) -> None:
    steps = 2.0 ** (depth - 1)
    equal = 0
    for sound in np.round(0.9 * drums(40) * steps) / steps:
        late = np.concatenate([np.zeros(4800), sound])
        equal += torch.equal(prepare(late, RATE, INPUT), prepare(sound, RATE, INPUT))
        assert 0 <= onset(late, RATE) - 4800 <= 0.002 * RATE
    assert equal >= 38  # a few fade in as lossy coding does


def test_the_strike_is_found_behind_noise() -> None:
    rng = np.random.default_rng(0)
    errors = []
    for sound in drums(60):
        noisy = np.concatenate([np.zeros(9600), sound])
        noisy += 1e-4 * rng.normal(size=len(noisy))
        errors.append(onset(noisy, RATE) - 9600)
    assert np.median(np.abs(errors)) <= 8
    # Where little sounds before the wave arrives, the strike itself drowns in the noise.
    assert np.percentile(errors, 10) >= -8
    assert max(errors) < 480


def test_loud_noise_does_not_move_the_strike_before_the_drum() -> None:
    rng = np.random.default_rng(1)
    t = np.arange(RATE // 2) / RATE
    tone = np.sin(2 * np.pi * 300 * t) * np.exp(-5 * t)
    noisy = np.concatenate([np.zeros(9600), tone]) + 0.02 * rng.normal(size=9600 + len(tone))
    assert abs(onset(noisy, RATE) - 9600) <= 10


def test_a_sound_at_the_right_rate_is_only_cropped_and_normalised() -> None:
    sound = np.concatenate([[0.0], np.random.default_rng(0).uniform(-1, 1, 3000)])
    expected = INPUT.waveforms(sound)
    assert torch.equal(prepare(sound, RATE, INPUT), expected)
    assert torch.equal(prepare(torch.from_numpy(sound), RATE, INPUT), expected)
    # A scale is nothing to a normalised model, an integer file neither.
    whole = np.round(sound * 30000)
    assert torch.equal(prepare(whole.astype(np.int16), RATE, INPUT), INPUT.waveforms(whole))


def test_channels_are_mixed_down_to_their_mean() -> None:
    left, right = drums(2)
    mono = prepare((left + right) / 2, RATE, INPUT)
    stereo = prepare(np.stack([left, right], axis=1), RATE, INPUT)
    torch.testing.assert_close(stereo, mono, rtol=0, atol=1e-12)
    # But for channels that cancel, of which the loudest is heard.
    for others in ([-left], [1e-3 * right - 0.9 * left], [0 * left] * 7):
        several = np.stack([left, *others], axis=1) + 0.5 * np.arange(len(others) + 1)
        heard = prepare(several, RATE, INPUT)
        torch.testing.assert_close(heard, prepare(left, RATE, INPUT), rtol=0, atol=1e-12)


@pytest.mark.parametrize("rate", [22050, 44100, 47999, 96000, 192000])
def test_another_rate_gives_what_the_right_rate_would(rate: int) -> None:
    """A sweep that all these rates can hold, from its formula, at the time where it was cut."""

    def sweep(t: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        sound: npt.NDArray[np.float64] = np.sin(10 * np.pi * t) ** 2
        return sound * chirp(t, 300.0, 0.1, 3000.0, phi=-90)

    sound = sweep(np.arange(int(0.1 * rate)) / rate)
    cut = onset(sound, rate) / rate
    expected = INPUT.waveforms(sweep(cut + np.arange(1024) / RATE))
    torch.testing.assert_close(prepare(sound, rate, INPUT), expected, rtol=0, atol=0.01)


def test_a_rate_that_no_sound_card_has_costs_little() -> None:
    """A prime rate of GHz would need a filter of as many samples."""
    rate, short = 1_999_999_973, ModelInput(RATE, 16, ("drum_size",), ("m",))

    def burst(t: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        sound: npt.NDArray[np.float64] = np.sin(4000 * np.pi * t) ** 3
        return sound

    sound = burst(np.arange(10**6) / rate)
    expected = short.waveforms(burst(onset(sound, rate) / rate + np.arange(16) / RATE))
    torch.testing.assert_close(prepare(sound, rate, short), expected, rtol=0, atol=0.02)
    with pytest.raises(ValueError, match="too short"):
        prepare(drums(1)[0], rate, INPUT)


def test_a_long_sound_costs_no_more_than_a_short_one() -> None:
    sound = drums(1, 44100)[0]
    long = np.concatenate([sound, np.random.default_rng(0).uniform(-1e-3, 1e-3, 500000)])
    assert torch.equal(prepare(long, 44100, INPUT), prepare(sound, 44100, INPUT))


@pytest.mark.parametrize("rate", [48000, 44100, 96000])
def test_too_short_after_the_strike_is_refused(rate: int) -> None:
    enough = round(1024 * rate / RATE)
    sound = drums(1, rate)[0]
    assert prepare(sound[: enough + 8], rate, INPUT).shape == (1024,)
    late = np.concatenate([np.zeros(rate), sound[: enough - 2]])
    with pytest.raises(ValueError, match=r"too short: 21\.\d ms .* the model needs 21\.3 ms"):
        prepare(late, rate, INPUT)


@pytest.mark.parametrize(
    ("sound", "text"),
    [
        (np.zeros(0), "empty"),
        (np.zeros((0, 2)), "empty"),
        (np.zeros(4000), "silent"),
        (np.full(4000, 0.5), "silent"),
        (np.where(np.arange(4000) == 77, np.nan, 0.1), "sample 77 .* not a finite number"),
        (np.where(np.arange(4000) == 9, np.inf, 0.1), "sample 9 .* not a finite number"),
        (np.zeros((2, 4000)), r"\(length, channels\), got \(2, 4000\)"),
        (np.zeros((2, 2, 2)), r"\(length, channels\), got \(2, 2, 2\)"),
    ],
)
def test_what_holds_no_drum_is_refused(sound: npt.NDArray[np.float64], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        prepare(sound, RATE, INPUT)


@pytest.mark.parametrize("form", [np.asarray, torch.from_numpy, list])
def test_complex_numbers_are_refused(form: Any) -> None:
    with pytest.raises(TypeError, match="real numbers, got complex"):
        prepare(form(drums(1)[0] + 0j), RATE, INPUT)


@pytest.mark.parametrize("rate", [0, -48000, 44100.5])
def test_impossible_rates_are_refused(rate: int) -> None:
    with pytest.raises(ValueError, match="sample_rate must be"):
        prepare(drums(1)[0], rate, INPUT)


def test_files_are_read_as_they_were_written(tmp_path: Path) -> None:
    sound = np.random.default_rng(0).uniform(-1, 1, (500, 2))
    read, rate = read_sound(write(tmp_path / "a.wav", sound, 44100, "DOUBLE"))
    assert rate == 44100
    assert np.array_equal(read, sound)
    mono, _ = read_sound(str(write(tmp_path / "b.wav", sound[:, 0], 8000, "PCM_24")))
    assert mono.shape == (500, 1)
    assert np.abs(mono[:, 0] - sound[:, 0]).max() <= 2.0**-23


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.wav"):
        read_sound(tmp_path / "nowhere.wav")
    with pytest.raises(FileNotFoundError, match=tmp_path.name):
        read_sound(tmp_path)
    text = tmp_path / "text.wav"
    text.write_text("this is no sound")
    with pytest.raises(ValueError, match=r"text\.wav cannot be read as a sound"):
        read_sound(text)
    with pytest.raises(ValueError, match=r"empty\.wav is empty"):
        read_sound(write(tmp_path / "empty.wav", np.zeros(0)))


def test_what_the_system_says_of_a_file_is_told(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    path = write(tmp_path / "a.wav", np.ones(9000))
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, before[1]))
    try:
        with pytest.raises(OSError, match="Too many open files") as error:
            read_sound(path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert "reading a sound; close files, or allow more of them (ulimit -n)" in str(error.value)
    assert str(path) in str(error.value)


def test_ctrl_c_gets_through_while_a_file_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.wav", np.ones(9000))
    calls = count()

    def read(file: io.FileIO, buffer: bytearray) -> int | None:
        if next(calls) == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return io.FileIO.readinto(file, buffer)

    monkeypatch.setattr(sound_file._File, "readinto", read)
    with pytest.raises(KeyboardInterrupt):
        read_mono(path)


@pytest.mark.parametrize("riff", [0, 36, 36 + 1000, 2**32 - 1])
@pytest.mark.parametrize("data", [0, 2**32 - 1])
def test_wavs_whose_lengths_were_never_filled_in(tmp_path: Path, riff: int, data: int) -> None:
    samples = np.random.default_rng(0).integers(-(2**15), 2**15, (250, 2)).astype("<i2")
    form = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 2, 44100, 4 * 44100, 4, 16)
    head = b"RIFF" + struct.pack("<I", riff) + b"WAVE" + form + b"data" + struct.pack("<I", data)
    (tmp_path / "a.wav").write_bytes(head + samples.tobytes())
    read, rate = read_sound(tmp_path / "a.wav")
    assert rate == 44100
    assert np.array_equal(read * 2**15, samples)
    if data == 0:  # and nothing but a chunk of words follows
        (tmp_path / "b.wav").write_bytes(head + b"LIST" + struct.pack("<I", 4) + b"INFO")
        with pytest.raises(ValueError, match="is empty"):
            read_sound(tmp_path / "b.wav")


@pytest.mark.skipif(os.name != "posix", reason="names are text elsewhere")
def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/tr\xf6mmel.wav"
    try:
        soundfile.write(name, drums(1)[0], RATE, format="WAV")
    except soundfile.LibsndfileError:
        pytest.skip("the file system takes no such names")
    assert read_sound(os.fsdecode(name))[0].shape == (12000, 1)


def test_a_long_file_is_read_no_further_than_asked(tmp_path: Path) -> None:
    sound = np.random.default_rng(0).uniform(-1, 1, (600_000, 2))
    path = write(tmp_path / "a.wav", sound, 44100, "DOUBLE")
    mono, rate = read_mono(path, 500_000)
    assert rate == 44100
    assert np.array_equal(mono, sound[:500_000].mean(axis=1))
    assert len(read_mono(path, 10**9)[0]) == 600_000
    with pytest.raises(ValueError, match=r"empty\.wav is empty"):
        read_mono(write(tmp_path / "empty.wav", np.zeros(0)), 10)
