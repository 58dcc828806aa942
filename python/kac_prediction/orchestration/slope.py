"""How the spectral distance to a target changes with each sample of a sound."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.fft import irfft, rfft

from .._arrays import Float64
from .distance import FLOOR, WINDOWS

Float32 = npt.NDArray[np.float32]
Complex64 = npt.NDArray[np.complex64]

_SHARE: Final = 4  # frames begin such a share of a window apart
_TOGETHER: Final = 2**18  # samples of frames that are transformed at once
_TINY: Final = np.float32(1e-20)


class Slope:
    """The spectral distance of sounds to one target, with its derivatives; single precision.

    Args:
        target: shape (n,).
    """

    def __init__(self, target: Float64) -> None:
        self.length = len(target)
        self._windows = [_Window(length, target.astype(np.float32)) for length in WINDOWS]

    def distance(self, sound: Float32) -> float:
        """Return the distance of a sound, shape (n,)."""
        return sum(each.compare(sound)[0] for each in self._windows) / len(WINDOWS)

    def of(self, sound: Float32) -> tuple[float, Float32]:
        """Return the distance of a sound, and its derivatives by each sample, shape (n,)."""
        total, slope = 0.0, np.zeros(self.length, np.float32)
        for each in self._windows:
            distance, spectra = each.compare(sound)
            total += distance
            each.add_slope(spectra, slope)
        return total / len(WINDOWS), slope / np.float32(len(WINDOWS))


class _Window:
    """The spectra of a target with one window."""

    def __init__(self, length: int, target: Float32) -> None:
        self.length, self.hop = length, length // _SHARE
        self.window = (np.sin(np.pi * np.arange(length) / length) ** 2).astype(np.float32)
        self.floor = np.float32((FLOOR * length / 4) ** 2)
        self.magnitudes = np.abs(self._spectra(target))
        self.logs = np.log(np.square(self.magnitudes) + self.floor) / 2

    def _frames(self, samples: int) -> int:
        return _SHARE - 1 - samples // -self.hop

    def _spectra(self, sound: Float32) -> Complex64:
        """Return the spectra of all frames that hold a sample, shape (frames, bins)."""
        padded = np.zeros((self._frames(len(sound)) + _SHARE - 1) * self.hop, np.float32)
        padded[self.length - self.hop :][: len(sound)] = sound
        frames = np.lib.stride_tricks.sliding_window_view(padded, self.length)[:: self.hop]
        spectra = np.empty((len(frames), self.length // 2 + 1), np.complex64)
        for some in self._parts(len(frames)):
            spectra[some] = rfft(frames[some] * self.window, axis=1)
        return spectra

    def _parts(self, frames: int) -> Iterator[slice]:
        """Yield which frames are transformed at once: Ctrl-C waits for these alone."""
        step = _TOGETHER // self.length
        for k in range(0, frames, step):
            yield slice(k, k + step)

    def compare(self, sound: Float32) -> tuple[float, Complex64]:
        """Return the distance of a sound, and by how much each bin changes it."""
        spectra = self._spectra(sound)
        total = 0.0
        for some in self._parts(len(spectra)):
            part = spectra[some]
            magnitudes = np.abs(part)
            powers = np.square(magnitudes) + self.floor
            linear, logs = magnitudes - self.magnitudes[some], np.log(powers) / 2 - self.logs[some]
            total += float(np.abs(linear).sum(dtype=np.float64))
            total += float(np.abs(logs).sum(dtype=np.float64))
            part *= np.sign(linear) / np.maximum(magnitudes, _TINY) + np.sign(logs) / powers
        return total / spectra.size, spectra

    def add_slope(self, spectra: Complex64, slope: Float32) -> None:
        """Add the derivatives by each sample."""
        parts = np.empty((len(spectra), _SHARE, self.hop), np.float32)
        for some in self._parts(len(spectra)):
            scaled = spectra[some] * np.float32(self.length / 2 / spectra.size)
            scaled[:, [0, -1]] *= 2  # which stand for one bin, all others for two
            frames = irfft(scaled, self.length, axis=1) * self.window
            parts[some] = frames.reshape(parts[some].shape)
        total = np.zeros((len(parts) + _SHARE - 1, self.hop), np.float32)
        for k in range(_SHARE):
            total[k : k + len(parts)] += parts[:, k]
        slope += total.ravel()[self.length - self.hop :][: len(slope)]
