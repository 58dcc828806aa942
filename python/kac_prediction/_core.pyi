"""The compiled core: sound, spectra and sound files, a batch at a time."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

_Float64 = npt.NDArray[np.float64]
_Complex128 = npt.NDArray[np.complex128]
_Int64 = npt.NDArray[np.int64]

def available_threads() -> int: ...
def instruction_set() -> str: ...

# synthesis

def additive(
    frequencies: npt.ArrayLike,
    weights: npt.ArrayLike,
    decays: npt.ArrayLike,
    peaks: npt.ArrayLike,
    length: int,
    sample_rate: float,
    threads: int = 0,
) -> _Float64: ...
def tone(
    waveshape: Literal["saw", "sin", "sqr", "tri"],
    frequencies: npt.ArrayLike,
    length: int,
    sample_rate: float,
    threads: int = 0,
) -> _Float64: ...
def sweep(length: int, sample_rate: float) -> _Float64: ...

# spectra

def rfft(signals: npt.ArrayLike, threads: int = 0) -> _Complex128: ...

class Spectrogram:
    def __init__(self, n_fft: int, window_length: int, hop_length: int) -> None: ...
    @property
    def bins(self) -> int: ...
    def frames(self, length: int) -> int: ...
    def power(self, signals: npt.ArrayLike, threads: int = 0) -> _Float64: ...

class MelSpectrogram:
    def __init__(
        self,
        n_fft: int,
        window_length: int,
        hop_length: int,
        n_mels: int,
        f_min: float,
        sample_rate: float,
    ) -> None: ...
    @property
    def filters(self) -> _Float64: ...
    def frames(self, length: int) -> int: ...
    def power(self, signals: npt.ArrayLike, threads: int = 0) -> _Float64: ...

# sound files

def quantise(signals: npt.ArrayLike, bit_depth: int = 24, threads: int = 0) -> _Float64: ...
def write_wavs(
    paths: Sequence[str],
    signals: npt.ArrayLike,
    sample_rate: int,
    bit_depth: int = 24,
    sync: bool = False,
    threads: int = 0,
) -> _Int64: ...
