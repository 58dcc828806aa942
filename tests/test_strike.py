"""Where a drum is struck in recordings: behind noise, beside clicks and doors, of any offset."""

import io
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from scipy.signal import fftconvolve, lfilter

from kac_prediction.listening import find_strike
from kac_prediction.samplers import BesselModel, PoissonModel

RATE = 48000
Sound = npt.NDArray[np.float64]


@cache
def drums(rate: int = RATE) -> list[Sound]:
    """Circles and rectangles from 0.1 to 1 m that ring for 0.3 to 4 s, struck anywhere."""
    sounds = []
    for i, (size, decay_time) in enumerate(
        zip(np.geomspace(0.1, 1, 12), [0.3, 4, 1] * 4, strict=True)
    ):
        kind: Any = (BesselModel, PoissonModel)[i % 2]
        drum = kind(1.0, rate, drum_size=float(size), decay_time=decay_time)
        drum.seed(i)
        drum.updateProperties(1)
        drum.generateWaveform()
        sounds.append(drum.waveform)
    return sounds


def noise(rng: np.random.Generator, n: int, colour: str) -> Sound:
    white: Sound = rng.normal(size=n)
    if colour == "white":
        return white
    low = lfilter([0.02], [1, -0.98], white)
    return np.asarray(low / low.std())


def errors(change: Callable[[Sound, np.random.Generator], tuple[Sound, int]]) -> Sound:
    """Return by how much the strikes are found too late, ms, of every drum as changed."""
    rng = np.random.default_rng(0)
    recordings = [change(sound, rng) for sound in drums()]
    return np.array([find_strike(x, RATE) - at for x, at in recordings]) / RATE * 1000


def late(sound: Sound, seconds: float, level: float, rng: np.random.Generator) -> tuple[Sound, int]:
    """Return a drum in the middle of silence and a little noise, and where it is struck."""
    before = round(seconds * RATE)
    x = np.concatenate([np.zeros(before), sound, np.zeros(RATE // 2)])
    return x + level * rng.normal(size=len(x)), before


@pytest.mark.parametrize("colour", ["white", "brown"])
@pytest.mark.parametrize(
    ("decibels", "median", "latest"), [(60, 0.2, 5), (40, 0.2, 5), (20, 1, 6), (10, 2, 10)]
)
def test_the_strike_is_found_behind_noise(
    decibels: int, median: float, latest: float, colour: str
) -> None:
    def change(sound: Sound, rng: np.random.Generator) -> tuple[Sound, int]:
        before = int(rng.uniform(0.05, 0.5) * RATE)
        x = np.concatenate([np.zeros(before), sound])
        level = 10 ** (-decibels / 20) * np.sqrt(np.mean(sound[: RATE // 4] ** 2))
        return x + level * noise(rng, len(x), colour), before

    found = errors(change)
    assert np.median(found) <= median
    assert found.min() >= -0.5
    assert found.max() <= latest


def test_a_rendered_drum_begins_at_its_beginning() -> None:
    found = errors(lambda sound, _: (sound, 0))
    assert np.median(found) <= 0.1
    assert found.max() <= 5


@pytest.mark.parametrize("rate", [8000, 22050, 96000])
def test_any_rate_will_do(rate: int) -> None:
    for sound in drums(rate):
        found = find_strike(np.concatenate([np.zeros(rate // 10), sound]), rate) / rate - 0.1
        assert -0.0005 <= found <= 0.005


@pytest.mark.parametrize("level", [0.3, 3.0])
@pytest.mark.parametrize("samples", [1, 48])
def test_a_click_is_no_strike(samples: int, level: float) -> None:
    def click(sound: Sound, rng: np.random.Generator) -> tuple[Sound, int]:
        x, at = late(sound, 0.5, 1e-4, rng)
        for place in (6000, len(x) - 6000):
            x[place : place + samples] += level * rng.normal(size=samples)
        return x, at

    assert np.abs(errors(click)).max() <= 5


def test_a_door_at_the_end_is_no_strike() -> None:
    def door(sound: Sound, rng: np.random.Generator) -> tuple[Sound, int]:
        x, at = late(sound, 0.5, 1e-4, rng)
        x[-9600:] += 5 * np.exp(-np.arange(9600) / 500) * rng.normal(size=9600)
        return x, at

    assert np.abs(errors(door)).max() <= 5


@pytest.mark.parametrize("change", [lambda x: x + 0.3, lambda x: -x, lambda x: 1e300 * x])
def test_offset_polarity_and_gain_change_nothing(change: Callable[[Sound], Sound]) -> None:
    for sound in drums():
        x = late(sound, 0.1, 1e-3, np.random.default_rng(0))[0]
        assert abs(find_strike(change(x), RATE) - find_strike(x, RATE)) <= 1


def test_unsigned_bytes_do_not_sound_from_the_start() -> None:
    found = errors(lambda x, rng: (np.round(late(x, 0.5, 0, rng)[0] * 127 + 128), RATE // 2))
    assert np.abs(found).max() <= 5


@pytest.mark.parametrize("level", [1e-4, 1e-2])
def test_noise_that_begins_before_the_strike_is_none(level: float) -> None:
    def gated(sound: Sound, rng: np.random.Generator) -> tuple[Sound, int]:
        x, at = late(sound, 0.1, level, rng)
        x[: at - 480] = 0
        return x, at

    found = errors(gated)
    assert found.min() >= -0.5
    assert found.max() <= 5


@pytest.mark.parametrize("settings", [{"format": "MP3"}, {"format": "OGG", "subtype": "VORBIS"}])
def test_what_lossy_coding_sounds_before_is_no_strike(settings: dict[str, str]) -> None:
    def code(sound: Sound, rng: np.random.Generator) -> tuple[Sound, int]:
        x, at = late(0.9 * sound, 0.1, 0, rng)
        file = io.BytesIO()
        soundfile.write(file, x, RATE, **settings)
        file.seek(0)
        return soundfile.read(file)[0], at

    found = errors(code)
    assert np.median(np.abs(found)) <= 0.5
    assert np.abs(found).max() <= 5


def test_a_room_does_not_delay_a_strike() -> None:
    def room(sound: Sound, rng: np.random.Generator) -> tuple[Sound, int]:
        tail = rng.normal(size=RATE // 2) * 10 ** (-3 * np.arange(RATE // 2) / (RATE // 2))
        tail /= np.sqrt(np.sum(tail**2))
        x, at = late(sound, 0.2, 0, rng)
        reverberant = x + fftconvolve(x, np.concatenate([np.zeros(240), tail]))[: len(x)]
        return reverberant + 1e-3 * rng.normal(size=len(x)), at

    assert np.abs(errors(room)).max() <= 5


def test_hum_and_an_echo_do_not_mislead() -> None:
    def hum(sound: Sound, rng: np.random.Generator) -> tuple[Sound, int]:
        x, at = late(sound, 0.5, 1e-3, rng)
        return x + 0.03 * np.sin(2 * np.pi * 50 * np.arange(len(x)) / RATE), at

    def twice(sound: Sound, rng: np.random.Generator) -> tuple[Sound, int]:
        x, at = late(sound, 0.2, 1e-3, rng)
        x[at + 7200 :] += 0.5 * x[: len(x) - at - 7200]
        return x, at

    assert np.abs(errors(hum)).max() <= 5
    assert np.abs(errors(twice)).max() <= 5


@pytest.mark.parametrize("milliseconds", [25, 100])
@pytest.mark.parametrize("before", [0, 10, 50])
def test_short_sounds(milliseconds: int, before: int) -> None:
    def cut(sound: Sound, rng: np.random.Generator) -> tuple[Sound, int]:
        x, at = late(sound[: milliseconds * 48], before / 1000, 1e-3, rng)
        return x[: at + milliseconds * 48], at

    assert np.abs(errors(cut)).max() <= 6


def test_whatever_sounds_has_a_strike_in_it() -> None:
    rng = np.random.default_rng(0)
    for length in (*range(2, 60), 100, 1000, 100_003):
        for rate in (1000, 44100, 192000):
            for x in (rng.normal(size=length), np.eye(1, length, length // 2)[0]):
                assert 0 <= find_strike(x, rate) < length
