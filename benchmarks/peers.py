"""Spectra of one second by ours, torch, SciPy, librosa and ducc0, all with the same result."""

import importlib
import math
from collections.abc import Callable
from functools import cache
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy
import torch

from kac_prediction import _core

RATE = LENGTH = 48000

Array = npt.NDArray[Any]
Step = Callable[[], Any]


@cache
def optional(name: str) -> Any:
    """The module, or None and a line that says how to come by it."""
    try:
        return importlib.import_module(name)
    except ImportError:
        print(f"{name} is left out: pip install -c constraints.txt -e '.[bench]'")
        return None


class Work(NamedTuple):
    """What a row has to do at least."""

    flops: float
    size: int  # bytes in and out
    single: bool
    threads: int


class Sound:
    """Signals of one second, and what ours and torch make of them."""

    def __init__(
        self, n_fft: int = 512, precision: Literal["double", "single"] = "double", count: int = 1
    ) -> None:
        self.precision, dtype = precision, np.dtype("f8" if precision == "double" else "f4")
        self.n_fft, self.hop = n_fft, n_fft // 2
        self.signals = np.random.default_rng(0).uniform(-1, 1, (count, LENGTH)).astype(dtype)
        self.window = scipy.signal.windows.hann(n_fft, sym=False).astype(dtype)
        self.filters = _core.MelFilters(n_fft, 32, 22.05, RATE / 2, RATE)
        self.title = f"{n_fft}/{self.hop} {dtype}"

    def framed(self) -> Array:
        """The frames of the first signal, windowed."""
        padded = np.pad(self.signals[0], self.n_fft // 2, mode="reflect")
        view = np.lib.stride_tricks.sliding_window_view(padded, self.n_fft)
        return view[:: self.hop] * self.window

    def ours(self, *, mel: bool = False, threads: int = 1) -> Step:
        filters = self.filters if mel else None
        plan = _core.Spectrogram(
            self.n_fft, self.n_fft, self.hop, filters, precision=self.precision
        )
        return lambda: plan.transform(self.signals, threads=threads)

    def torch(self, *, mel: bool = False) -> Step:
        signals, window = torch.from_numpy(self.signals), torch.from_numpy(self.window)
        filters = torch.from_numpy(self.filters.weights.astype(self.window.dtype))

        def powers() -> torch.Tensor:
            stft = torch.stft(signals, self.n_fft, self.hop, window=window, return_complex=True)
            return stft.abs() ** 2

        return (lambda: filters @ powers()) if mel else powers

    def work(self, *, fft: bool = False, mel: bool = False, threads: int = 1) -> Work:
        """Of bare transforms, of a power spectrogram, or of a mel spectrogram.

        Beside the transform: a product for each sample of the window, two and a sum for each bin, a
        product and a sum for each weight.
        """
        bins = self.n_fft // 2 + 1
        frames = 1 + (LENGTH + self.n_fft // 2 * 2 - self.n_fft) // self.hop
        flops = 2.5 * self.n_fft * math.log2(self.n_fft)
        numbers = frames * (self.n_fft + 2 * bins)
        if not fft:
            weights = self.filters.weights
            flops += self.n_fft + 3 * bins + 2 * mel * np.count_nonzero(weights)
            numbers = LENGTH + frames * (len(weights) if mel else bins)
        count = len(self.signals)
        size = self.window.itemsize * count * numbers
        return Work(count * frames * flops, size, self.precision == "single", threads)


def power(spectrum: Array) -> Array:
    """(frames, bins) to (bins, frames), as a view."""
    return (spectrum.real**2 + spectrum.imag**2).T


def power_peers(sound: Sound) -> dict[str, Step]:
    """With the framing and the window, as ours."""
    peers: dict[str, Step] = {
        "torch.stft.abs()**2": sound.torch(),
        "framing, scipy.fft.rfft, power": lambda: power(scipy.fft.rfft(sound.framed(), workers=1)),
    }
    if ducc0 := optional("ducc0"):
        peers["framing, ducc0.fft.r2c, power"] = lambda: power(
            ducc0.fft.r2c(sound.framed(), axes=(1,), nthreads=1)
        )
    if librosa := optional("librosa"):
        x, options = sound.signals[0], {"n_fft": sound.n_fft, "hop_length": sound.hop}
        peers["abs(librosa.stft)**2"] = lambda: (
            np.abs(librosa.stft(x, pad_mode="reflect", **options)) ** 2
        )
    if sound.precision == "double":  # the only one that it computes in
        short = scipy.signal.ShortTimeFFT(sound.window.copy(), sound.hop, RATE)
        last = 1 + LENGTH // sound.hop
        peers["scipy.signal.ShortTimeFFT.spectrogram"] = lambda: short.spectrogram(
            sound.signals[0], p0=0, p1=last, padding="even"
        )
    return peers


def mel_peers(sound: Sound) -> dict[str, Step]:
    peers: dict[str, Step] = {"filters @ torch.stft.abs()**2": sound.torch(mel=True)}
    if librosa := optional("librosa"):
        frames = {"n_fft": sound.n_fft, "hop_length": sound.hop, "pad_mode": "reflect"}
        filters = {"n_mels": 32, "fmin": 22.05, "htk": True, "norm": None}
        x = sound.signals[0]
        peers["librosa.feature.melspectrogram, making filters"] = lambda: (
            librosa.feature.melspectrogram(y=x, sr=RATE, dtype=x.dtype, **frames, **filters)
        )
    return peers


def bare_transforms(frames: Array) -> dict[str, Step]:
    tensor = torch.from_numpy(frames)
    peers: dict[str, Step] = {
        "scipy.fft.rfft": lambda: scipy.fft.rfft(frames, workers=1),
        "torch.fft.rfft": lambda: torch.fft.rfft(tensor),
    }
    if ducc0 := optional("ducc0"):
        peers["ducc0.fft.r2c"] = lambda: ducc0.fft.r2c(frames, axes=(1,), nthreads=1)
    return peers
