"""OtherSounds: sounds that are no drum, for a network to learn to refuse."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Final, NamedTuple

import numpy as np

from .._arrays import Float64
from .._checks import check_choice
from ..dataset import SamplerSettings, classLocalsToKwargs
from ..dataset.sampler import Labels
from .batch_sampler import BatchSampler
from .elementary_sounds import (
    damped_sines,
    harmonic_tone,
    moving_formants,
    shaped_noise,
)
from .intervals import draw_log_uniform
from .mode_bank import ModeBank

_LOWEST_RATE = 2000  # Hz: half of it leaves room for a voice's lowest formant
_LEVELS = (0.03, 1.0)  # peaks, log-uniform


class _Draws(NamedTuple):
    """Draws what a sound is made of."""

    rng: np.random.Generator
    times: Float64  # of the samples, seconds
    sample_rate: int

    @property
    def length(self) -> int:
        return len(self.times)

    def log_uniform(self, low: float, high: float) -> float:
        return draw_log_uniform(self.rng, (low, high))

    def frequency(self, low: float, high: float) -> float:
        """Draw a frequency that the sample rate allows."""
        limit = 0.45 * self.sample_rate
        return self.log_uniform(min(low, limit / 2), min(high, limit))

    def decay_rate(self, shortest: float, longest: float) -> float:
        """Draw a T60 in seconds; return the rate of the amplitude, 1/s."""
        return 3 * math.log(10) / self.log_uniform(shortest, longest)

    def curve(self, points: int, low: float, high: float) -> Float64:
        """Draw a curve through uniform points at equal distances."""
        span = np.linspace(0, self.length / self.sample_rate, points)
        return np.interp(self.times, span, self.rng.uniform(low, high, points))

    def swell(self) -> Float64:
        """Draw a slow gain of a few dB."""
        return np.asarray(10 ** (self.curve(5, -6, 6) / 20))

    def envelope(self) -> Float64:
        """Draw a gain that stays, decays, or rises and then stays or falls."""
        choice = self.rng.integers(3)
        if choice == 0:
            return self.swell()
        if choice == 1:
            return np.asarray(np.exp(-self.decay_rate(0.1, 6.0) * self.times))
        rise = np.minimum(1, self.times / self.log_uniform(0.003, 0.2))
        held = self.rng.uniform(0.1, 1.5) * self.times[-1]
        fall = np.exp(-self.decay_rate(0.1, 1.0) * np.maximum(0, self.times - held))
        return np.asarray(rise * fall * self.swell())


def _band(centre: float, octaves: float) -> Callable[[Float64], Float64]:
    """Return a bell about a frequency, on a logarithmic axis."""
    return lambda f: np.exp(-((np.log2(f / centre) / octaves) ** 2))


def _power_law(exponent: float) -> Callable[[Float64], Float64]:
    """Return the magnitude of a power that falls as f^-exponent."""
    return lambda f: f ** (-exponent / 2)


def _noise(draw: _Draws) -> Float64:
    shape = _power_law(draw.rng.uniform(-0.5, 2.5))
    if draw.rng.random() < 0.5:
        shape = _band(draw.frequency(100, 4000), draw.rng.uniform(0.3, 2.0))
    return shaped_noise(shape, draw.length, draw.sample_rate, draw.rng) * draw.envelope()


def _sine(draw: _Draws) -> Float64:
    phase = draw.rng.uniform(0, 2 * np.pi)
    sine = damped_sines(
        [draw.frequency(50, 3500)], [1], [0], [phase], draw.length, draw.sample_rate
    )
    return sine * draw.envelope()


def _tone(draw: _Draws) -> Float64:
    rng = draw.rng
    depth, vibrato = rng.uniform(0, 0.03), rng.uniform(4, 7)
    fundamental = draw.frequency(80, 1200) * (
        1 + depth * np.sin(2 * np.pi * (vibrato * draw.times + rng.random()))
    )
    k = np.arange(1, 13)
    amplitudes = k ** -rng.uniform(0.5, 3.0) * rng.uniform(0.2, 1, 12)
    tone = harmonic_tone(fundamental, amplitudes, draw.sample_rate)
    breath = shaped_noise(_band(2000, 1), draw.length, draw.sample_rate, rng)
    return (tone + draw.log_uniform(0.001, 0.1) * np.std(tone) * breath) * draw.envelope()


def _chord(draw: _Draws) -> Float64:
    rng, k = draw.rng, np.arange(1, 7)
    semitones = rng.choice(25, rng.integers(2, 6), replace=False)
    notes = draw.frequency(80, 500) * 2 ** (semitones / 12)
    frequencies = np.multiply.outer(notes, k).ravel()
    amplitudes = np.multiply.outer(rng.uniform(0.3, 1, len(notes)), k ** -rng.uniform(0.7, 2.5))
    audible = (frequencies < draw.sample_rate / 2).astype(float)
    return draw.envelope() * damped_sines(
        frequencies,
        amplitudes.ravel() * audible,
        np.zeros(len(frequencies)),
        rng.uniform(0, 2 * np.pi, len(frequencies)),
        draw.length,
        draw.sample_rate,
    )


def _string(draw: _Draws) -> Float64:
    """A stiff string, plucked: f_k = k f sqrt(1 + B k^2), a_k = sin(pi k p) / k."""
    k = np.arange(1, 25)
    stiffness, place = draw.log_uniform(1e-5, 1e-3), draw.rng.uniform(0.05, 0.5)
    frequencies = draw.frequency(60, 800) * k * np.sqrt(1 + stiffness * k**2)
    decay_rates = draw.decay_rate(0.3, 6.0) * (1 + draw.log_uniform(1e-3, 0.1) * (k**2 - 1))
    amplitudes = np.sin(np.pi * k * place) / k * (frequencies < draw.sample_rate / 2)
    return damped_sines(
        frequencies, amplitudes, decay_rates, np.full(24, np.pi / 2), draw.length, draw.sample_rate
    )


def _speech(draw: _Draws) -> Float64:
    """Pulses of a drifting pitch and noise through three formants, in syllables, and hisses."""
    rng, points = draw.rng, 6
    pitch = draw.frequency(80, 300) * draw.curve(4, 0.8, 1.2)
    cycles = np.cumsum(pitch) / draw.sample_rate + rng.random()
    pulses = np.diff(np.floor(cycles), prepend=np.floor(cycles[0]) - 1)
    breath = rng.normal(0, 0.03, draw.length)
    syllables = np.maximum(0.02, draw.curve(int(rng.integers(4, 12)), -0.3, 1))
    centres = rng.uniform([250, 700, 2000], [900, 2500, 3500], (points, 3))
    bandwidths = rng.uniform(50, 200, 3)
    voice = moving_formants((pulses + breath) * syllables, centres, bandwidths, draw.sample_rate)
    hiss = shaped_noise(_band(draw.frequency(2500, 3800), 0.6), draw.length, draw.sample_rate, rng)
    hiss *= np.maximum(0, draw.curve(int(rng.integers(4, 12)), -1.5, 1)) * rng.uniform(0, 0.2)
    return np.asarray(voice + hiss * np.abs(voice).max())


def _chirp(draw: _Draws) -> Float64:
    """A sweep, linear or exponential, once or again and again."""
    start, end = draw.frequency(60, 3500), draw.frequency(60, 3500)
    span = draw.log_uniform(0.05, 2.0)
    share = draw.times / span % 1
    linear = draw.rng.random() < 0.5
    frequency = start + (end - start) * share if linear else start * (end / start) ** share
    phase = 2 * np.pi / draw.sample_rate * np.cumsum(frequency)
    return np.sin(phase + draw.rng.uniform(0, 2 * np.pi)) * draw.envelope()


def _burst(draw: _Draws) -> Float64:
    """Up to six bursts of noise, from clicks of 3 ms to doors that fall shut."""
    gain, rng = np.zeros(draw.length), draw.rng
    count = int(rng.integers(1, 7))
    begins = np.sort(rng.uniform(0, draw.times[-1], count)) if count > 1 else np.zeros(1)
    begins -= begins[0]
    for begin in begins.tolist():
        first = round(begin * draw.sample_rate)
        since = draw.times[: draw.length - first]
        gain[first:] += rng.uniform(0.2, 1) * np.exp(-draw.decay_rate(0.003, 0.5) * since)
    shape = _band(draw.frequency(80, 3000), rng.uniform(0.3, 3.0))
    return shaped_noise(shape, draw.length, draw.sample_rate, rng) * gain


def _hum(draw: _Draws) -> Float64:
    """The hum of the mains, of ten harmonics, and a noise as loud as it or less."""
    rng, k = draw.rng, np.arange(1, 11)
    amplitudes = k ** -rng.uniform(0.3, 2.0) * rng.uniform(0.1, 1, 10)
    hum = damped_sines(
        rng.choice([50.0, 60.0]) * k,
        amplitudes,
        np.zeros(10),
        rng.uniform(0, 2 * np.pi, 10),
        draw.length,
        draw.sample_rate,
    )
    noise = shaped_noise(_power_law(rng.uniform(0, 2)), draw.length, draw.sample_rate, rng)
    return np.asarray(hum + draw.log_uniform(0.01, 1.0) * np.std(hum) * noise)


_KINDS: Final[Mapping[str, Callable[[_Draws], Float64]]] = {
    "noise": _noise,
    "sine": _sine,
    "tone": _tone,
    "chord": _chord,
    "string": _string,
    "speech": _speech,
    "chirp": _chirp,
    "burst": _burst,
    "hum": _hum,
}


class OtherSounds(BatchSampler):
    """A sound that is no drum, of one of several kinds, each as likely.

    | kind | |
    |---|---|
    | `noise` | coloured, its power falling as f^-a, a from -0.5 to 2.5, or a band of it |
    | `sine` | one, from 50 Hz to 3.5 kHz |
    | `tone` | twelve harmonics with vibrato and some breath, as of a flute |
    | `chord` | two to five notes of the equal temperament, of six harmonics each |
    | `string` | plucked: up to 24 partials of a stiff string, the higher ones decaying faster |
    | `speech` | pulses of a drifting pitch through moving formants, and hisses |
    | `chirp` | a sweep, linear or exponential, once or repeated |
    | `burst` | one to six bursts of noise, from clicks to doors |
    | `hum` | that of the mains, at 50 or 60 Hz, in noise: silence, as it is recorded |

    Noise, sines, tones, chords and chirps are steady, decay, or rise and fall. Peaks are
    log-uniform in [0.03, 1). The label `family` is 6, which counts "none" behind
    `ModeBank.families`. A sound of a second at 8 kHz takes 0.5 ms.

    Args:
        duration: length of a sound in seconds.
        sample_rate: samples per second, from 2000.
        kind: one of the kinds; "": drawn for each sound.

    Attributes:
        kinds: their names.

    Raises:
        ValueError: there is no such kind, or a number is out of range.
    """

    kinds: ClassVar[tuple[str, ...]] = tuple(_KINDS)
    fixed: ClassVar[frozenset[str]] = BatchSampler.fixed | {"kind"}

    class Settings(SamplerSettings, total=False):
        """The parameters of sounds that are no drum."""

        kind: str

    def __init__(self, duration: float = 1.0, sample_rate: int = 8000, kind: str = "") -> None:
        super().__init__(**classLocalsToKwargs(locals()))
        if self.sample_rate < _LOWEST_RATE:
            raise ValueError(f"sample_rate must be at least {_LOWEST_RATE} Hz, got {sample_rate!r}")
        self.kind = kind if kind == "" else check_choice("kind", kind, _KINDS)
        self.updateProperties(None)

    def updateProperties(self, i: int | None = None) -> None:
        """Draw the kind of sound `i`, unless it was fixed, and the key of what else is drawn."""
        drawn = self.kinds[self.rng.integers(len(self.kinds))]
        self._drawn = self.kind or drawn, int(self.rng.integers(2**63))

    def getLabels(self) -> Labels:
        """Return `family`: the index behind those of `ModeBank.families`."""
        return {"family": [len(ModeBank.families)]}

    render = BatchSampler.render

    def _parameters(self) -> tuple[str, int]:
        return self._drawn

    def _sounds(self, parameters: Sequence[tuple[str, int]]) -> Float64:
        times = np.arange(self.length) / self.sample_rate
        sounds = np.empty((len(parameters), self.length))
        for sound, (kind, key) in zip(sounds, parameters, strict=True):
            draw = _Draws(np.random.Generator(np.random.Philox(key=key)), times, self.sample_rate)
            level = draw.log_uniform(*_LEVELS)
            sound[:] = _KINDS[kind](draw)
            peak = float(np.abs(sound).max())
            sound *= level / (peak or 1)
        return sounds
