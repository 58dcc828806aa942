"""Sounds as people have them: each ends in the drum, within its interval, or in one sentence."""

import io
import logging
import struct
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from scipy.signal import resample_poly

from kac_prediction.listening import listen, predict, predict_file
from kac_prediction.listening.sound_file import read_mono
from kac_prediction.samplers import BesselModel
from test_predict import weighted

RATE = 48000
SIZE = 0.4
Sound = npt.NDArray[np.float64]


@cache
def recording(rate: int = RATE) -> Sound:
    """A circle, struck after a fifth of a second of silence."""
    drum = BesselModel(1.0, rate, drum_size=SIZE, strike_location=(0.5, 0.6))
    drum.generateWaveform()
    sound: Sound = np.concatenate([np.zeros(rate // 5), 0.9 * drum.waveform])
    return sound


def assert_heard(sound: Any, rate: int | None = RATE) -> None:
    prediction = listen(sound, rate, refine=False)
    low, high = prediction.interval("drum_size", 0.99)
    assert prediction.is_drum
    assert low <= SIZE <= high


def encoded(sound: Sound | None = None, rate: int = RATE, **settings: Any) -> bytes:
    memory = io.BytesIO()
    soundfile.write(memory, recording(rate) if sound is None else sound, rate, **settings)
    return memory.getvalue()


def chunk(name: bytes, content: bytes, length: int | None = None) -> bytes:
    size = struct.pack("<I", len(content) if length is None else length)
    return name + size + content + bytes(len(content) % 2)


def riff(*chunks: bytes, length: int | None = None, name: bytes = b"RIFF") -> bytes:
    return chunk(name, b"WAVE" + b"".join(chunks), length)


@cache
def samples() -> bytes:
    return np.round(recording() * 32767).astype("<i2").tobytes()


FORMAT = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, RATE, 2 * RATE, 2, 16))
WORDS = chunk(b"LIST", b"INFOISFT" + struct.pack("<I", 5) + b"Rec.\0\0")
LONG = chunk(b"LIST", b"INFO" + bytes(99_999))
SIZES = chunk(b"ds64", bytes(28))
MOST = 2**32 - 1


@pytest.mark.parametrize(
    "settings",
    [
        {"format": "WAV", "subtype": "PCM_U8"},
        {"format": "WAV", "subtype": "DOUBLE"},
        {"format": "WAV", "subtype": "ULAW"},
        {"format": "WAV", "subtype": "IMA_ADPCM"},
        {"format": "WAV", "endian": "BIG"},
        {"format": "WAVEX", "subtype": "PCM_24"},
        {"format": "RF64", "subtype": "FLOAT"},
        {"format": "W64"},
        {"format": "AIFF"},
        {"format": "CAF", "subtype": "ALAC_16"},
        {"format": "FLAC"},
        {"format": "OGG", "subtype": "VORBIS"},
        {"format": "OGG", "subtype": "OPUS"},
        {"format": "MP3"},
    ],
    ids=lambda settings: " ".join(settings.values()),
)
def test_every_format_is_heard(tmp_path: Path, settings: dict[str, str]) -> None:
    """Whatever the name ends in."""
    (tmp_path / "drum.raw").write_bytes(encoded(**settings))
    assert_heard(tmp_path / "drum.raw", None)


@pytest.mark.parametrize(
    ("before", "data", "after", "length", "name"),
    [
        (FORMAT + WORDS, None, b"", None, b"RIFF"),
        (FORMAT, None, WORDS, None, b"RIFF"),
        (chunk(b"JUNK", b"odd") + FORMAT + chunk(b"note", b"a"), None, b"", None, b"RIFF"),
        (FORMAT, None, bytes(3), None, b"RIFF"),
        # Lengths that were never filled in.
        (FORMAT, 0, b"", 0, b"RIFF"),
        (FORMAT + LONG, 0, b"", 36, b"RIFF"),
        (chunk(b"JUNK", bytes(28)) + FORMAT, 0, b"", MOST, b"RIFF"),
        (FORMAT + WORDS, MOST, b"", MOST, b"RIFF"),
        (FORMAT, 2**31 - 37, b"", 2**31 - 1, b"RIFF"),
        (SIZES + FORMAT, MOST, b"", MOST, b"RF64"),
        (SIZES + FORMAT, 0, b"", MOST, b"RF64"),
    ],
)
def test_wavs_of_any_chunks_are_heard(
    tmp_path: Path, before: bytes, data: int | None, after: bytes, length: int | None, name: bytes
) -> None:
    file = riff(before, chunk(b"data", samples(), data), after, length=length, name=name)
    (tmp_path / "drum.wav").write_bytes(file)
    mono, rate = read_mono(tmp_path / "drum.wav")
    assert rate == RATE
    assert np.array_equal(mono[: len(samples()) // 2] * 2**15, np.round(recording() * 32767))
    assert len(mono) <= len(samples()) // 2 + 1


@pytest.mark.parametrize("format", ["WAV", "AIFF", "AU"])
def test_files_that_end_early_are_heard_as_far_as_they_go(tmp_path: Path, format: str) -> None:
    file = encoded(format=format)
    (tmp_path / "drum.wav").write_bytes(file[: len(file) * 7 // 10])
    assert_heard(tmp_path / "drum.wav", None)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "Format not recognised"),
        (b"this is no sound", "Format not recognised"),
        (struct.pack(">I", 32) + b"ftypM4A " + bytes(500), r"ffmpeg -i drum\.m4a drum\.wav"),
        (riff(FORMAT)[:40], "No 'data' chunk"),
        (riff(FORMAT, chunk(b"data", b"")), "is empty"),
        (riff(FORMAT, chunk(b"data", b"a")), "is empty"),
        (riff(FORMAT, chunk(b"data", b"", 0), WORDS, length=0), "is empty"),
        (riff(FORMAT, chunk(b"data", bytes(2000))), "the sound is silent"),
        (riff(FORMAT, chunk(b"data", bytes(100) + b"\1" * 20)), "too short"),
        (encoded(np.full(900, np.nan), subtype="FLOAT", format="WAV"), "sample 0 .* not a finite"),
        (encoded(rate=8000, format="FLAC")[:2000], "cannot be read as a sound"),
        (encoded(rate=8000, format="CAF")[:2000], "cannot be read as a sound"),
    ],
)
def test_what_cannot_be_heard_is_named_in_one_sentence(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    (tmp_path / "drum.wav").write_bytes(content)
    for hear in (listen, lambda path: predict_file(weighted(), path)):
        with pytest.raises(ValueError, match=reason) as refused:
            hear(tmp_path / "drum.wav")
        assert str(tmp_path / "drum.wav") in str(refused.value)
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize("rate", [4000, 8000, 22050, 44100, 96000, 192000])
def test_every_rate_is_heard(rate: int) -> None:
    assert_heard(resample_poly(recording(), rate // 50, RATE // 50), rate)


def test_of_a_low_rate_is_said_what_is_lost(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        predict(weighted(), recording(16000), 16000)
        listen(recording(8000), 8000, refine=False)
    (message,) = caplog.messages
    assert "16000 Hz holds nothing above 8000 Hz, of the 24000 Hz" in message


def noise(length: int, level: float) -> Sound:
    return level * np.random.default_rng(0).normal(size=length)


def with_click(sound: Sound, place: int, level: float) -> Sound:
    sound = sound.copy()
    sound[place] = level
    return sound


x, t = recording(), np.arange(len(recording())) / RATE


@pytest.mark.parametrize(
    "sound",
    [
        x + 0.3,
        np.round(127 * x + 128).astype("u1"),
        np.round(1000 * x).astype(">i2"),
        x.astype("f2"),
        -x,
        x + noise(len(x), 1e-3),
        np.concatenate([np.zeros(4800), x[9120:] + noise(len(x) - 9120, 1e-4)]),
        x + 0.2 * np.sin(2 * np.pi * 5 * t),
        x + 0.3 * np.sin(2 * np.pi * 8 * t),
        x + 0.5 * t,
        x + 0.02 * np.sin(2 * np.pi * 50 * t) + 0.01 * np.sin(2 * np.pi * 150 * t),
        np.clip(x, -0.3, 0.3),
        with_click(x, 4800, 1.0),
        with_click(x, 40_000, 0.8),
        with_click(np.concatenate([x, np.zeros(9600)]), -4800, 5.0),
        np.concatenate([x, noise(9600, 5.0) * np.exp(-np.arange(9600) / 500)]),
        x + np.concatenate([np.zeros(14_400), 0.7 * x[:-14_400]]),
        np.concatenate([np.zeros(60 * RATE), x, np.zeros(30 * RATE)]),
        x[: RATE // 2],
    ],
    ids=range(19),
)
def test_every_fault_of_a_recording_is_heard_through(sound: npt.NDArray[Any]) -> None:
    assert_heard(sound)


@pytest.mark.parametrize("size", [0.07, 0.085, 1.05, 1.2, 1.5])
def test_drums_beyond_the_trained_sizes_are_heard(size: float) -> None:
    drum = BesselModel(1.0, RATE, drum_size=size, strike_location=(0.5, 0.6))
    drum.generateWaveform()
    prediction = listen(drum.waveform, RATE)
    low, high = prediction.interval("drum_size", 0.99)
    assert prediction.is_drum
    assert low < size < high < 1.01 * low


def hum(mains: float, level: float) -> Sound:
    harmonics = enumerate((1, 0.1, 0.3, 0.05, 0.15), 1)
    return level * np.sum([a * np.sin(2 * np.pi * k * mains * t + k) for k, a in harmonics], axis=0)


@pytest.mark.parametrize(
    "disturbance",
    [0.3 * np.sin(2 * np.pi * 8 * t), 0.5 * t - 0.2, hum(49.97, 0.1), hum(60.03, 0.3)],
    ids=["rumble", "drift", "hum of 50 Hz", "hum of 60 Hz"],
)
def test_rumble_drift_and_hum_do_not_change_the_fitted_size(disturbance: Sound) -> None:
    prediction = listen(x + disturbance + noise(len(x), 1e-4), RATE)
    assert prediction.family == "circle"
    assert prediction.drum_size == pytest.approx(SIZE, rel=1e-4)


def test_dead_and_inverted_channels_are_heard_past(tmp_path: Path) -> None:
    for channels in ([x, -x], [x, 0 * x], [0 * x + 0.9, x], [x, -x, x, 0 * x], [0 * x] * 5 + [x]):
        sound = np.stack(channels, axis=1)
        assert_heard(sound)
        soundfile.write(tmp_path / "drum.wav", sound, RATE)
        mono, _ = read_mono(tmp_path / "drum.wav")
        assert abs(np.corrcoef(mono, x)[0, 1]) > 0.999


def test_polarity_changes_no_bit() -> None:
    assert listen(x + 0.1, RATE, refine=False) == listen(-x - 0.1, RATE, refine=False)


@pytest.mark.parametrize(
    ("sound", "rate", "error", "message"),
    [
        (x, None, TypeError, "samples need their sample_rate"),
        (x, float("nan"), ValueError, "sample_rate must be a whole number"),
        (x, 48, ValueError, "got 48: is it in kHz"),
        ("a.wav", RATE, TypeError, "a sound must be samples"),
        (None, RATE, TypeError, "a sound must be samples"),
        (np.stack([x, x]), RATE, ValueError, "transpose it"),
    ],
)
def test_predict_refuses_in_its_own_words(
    sound: Any, rate: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        predict(weighted(), sound, rate)
