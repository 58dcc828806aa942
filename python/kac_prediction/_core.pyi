"""The compiled core: sound, spectra and sound files, a batch at a time."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
from typing_extensions import Buffer

_Float64 = npt.NDArray[np.float64]
_Floating = npt.NDArray[np.floating]
_Int64 = npt.NDArray[np.int64]
_Uint32 = npt.NDArray[np.uint32]
_Precision = Literal["double", "single"]

def available_threads() -> int: ...
def instruction_set() -> str: ...
def instruction_sets() -> list[str]: ...

# synthesis

def additive(
    frequencies: npt.ArrayLike,
    weights: npt.ArrayLike,
    decays: npt.ArrayLike,
    peaks: npt.ArrayLike,
    length: int,
    sample_rate: float,
    precision: _Precision = "double",
    threads: int = 0,
) -> _Floating: ...
def tone(
    waveshape: Literal["saw", "sin", "sqr", "tri"],
    frequencies: npt.ArrayLike,
    length: int,
    sample_rate: float,
    threads: int = 0,
) -> _Float64: ...
def sweep(length: int, sample_rate: float) -> _Float64: ...

# drums

def circular_drums(
    series: npt.ArrayLike,
    strikes: npt.ArrayLike,
    pick_up: npt.ArrayLike,
    sizes: npt.ArrayLike,
    wave_speed: float,
    decay: float,
    peak: float,
    length: int,
    sample_rate: float,
    precision: _Precision = "double",
    threads: int = 0,
) -> _Floating: ...
def rectangular_drums(
    M: int,
    N: int,
    strikes: npt.ArrayLike,
    pick_up: npt.ArrayLike,
    sizes: npt.ArrayLike,
    aspect_ratios: npt.ArrayLike,
    wave_speed: float,
    decay: float,
    peak: float,
    length: int,
    sample_rate: float,
    precision: _Precision = "double",
    threads: int = 0,
) -> _Floating: ...
def triangular_drums(
    M: int,
    N: int,
    strikes: npt.ArrayLike,
    pick_up: npt.ArrayLike,
    sizes: npt.ArrayLike,
    wave_speed: float,
    decay: float,
    peak: float,
    length: int,
    sample_rate: float,
    precision: _Precision = "double",
    threads: int = 0,
) -> _Floating: ...

# finite differences

class Grid:
    def __init__(self, live: npt.ArrayLike) -> None: ...
    @property
    def rows(self) -> int: ...
    @property
    def columns(self) -> int: ...
    @property
    def cells(self) -> int: ...

class Simulation:
    def __init__(
        self,
        grid: Grid,
        previous: npt.ArrayLike,
        current: npt.ArrayLike,
        c_0: float,
        c_1: float,
        c_2: float,
    ) -> None: ...
    def step(self, steps: int = 1) -> None: ...
    def frame(self) -> _Float64: ...

def membranes(
    grids: Sequence[Grid],
    coefficients: npt.ArrayLike,
    pick_ups: Sequence[tuple[npt.ArrayLike, npt.ArrayLike]],
    drums: npt.ArrayLike,
    strikes: Sequence[tuple[npt.ArrayLike, npt.ArrayLike]],
    length: int,
    peak: float,
    precision: _Precision = "double",
    threads: int = 0,
) -> _Floating: ...
def fdtd_waveform(
    grid: Grid,
    previous: npt.ArrayLike,
    current: npt.ArrayLike,
    c_0: float,
    c_1: float,
    c_2: float,
    length: int,
    nodes: npt.ArrayLike,
    weights: npt.ArrayLike,
) -> _Float64: ...

# spectra

def normalise(
    signals: npt.ArrayLike, precision: _Precision = "double", threads: int = 0
) -> _Floating: ...

class RealFft:
    def __init__(self, length: int, precision: _Precision = "double") -> None: ...
    def forward(
        self, signals: npt.ArrayLike, threads: int = 0
    ) -> npt.NDArray[np.complexfloating]: ...

class MelFilters:
    def __init__(
        self,
        n_fft: int,
        n_mels: int,
        f_min: float,
        f_max: float,
        sample_rate: float,
        scale: Literal["htk", "slaney"] = "htk",
        norm: Literal["peak", "area"] = "peak",
    ) -> None: ...
    @property
    def weights(self) -> _Float64: ...
    @property
    def silent(self) -> list[int]: ...

class Spectrogram:
    def __init__(
        self,
        n_fft: int,
        window_length: int,
        hop_length: int,
        filters: MelFilters | None = None,
        power: int = 2,
        floor: float | None = None,
        precision: _Precision = "double",
    ) -> None: ...
    @property
    def rows(self) -> int: ...
    def frames(self, length: int) -> int: ...
    def transform(
        self, signals: npt.ArrayLike, threads: int = 0, normalise: bool = False
    ) -> _Floating: ...

class SpectralDistance:
    def __init__(self, windows: Sequence[int], floor: float) -> None: ...
    @property
    def history(self) -> int: ...
    @property
    def step(self) -> int: ...
    def sums(self, x: npt.ArrayLike, y: npt.ArrayLike, threads: int = 0) -> _Float64: ...

# text

class NumberList:
    def __init__(self, values: _Float64, position: int = 0) -> None: ...
    def read(self, text: bytes, start: int = 0) -> int: ...
    @property
    def complete(self) -> bool: ...
    @property
    def shape(self) -> tuple[int, ...]: ...

# checksums

def crc32(data: Buffer, start: int = 0, threads: int = 1) -> int: ...
def crc32_combine(first: int, second: int, second_length: int) -> int: ...
def file_checksums(paths: Sequence[str], threads: int = 0) -> tuple[_Uint32, _Int64]: ...

# sound files

def quantise(signals: npt.ArrayLike, bit_depth: int = 24, threads: int = 0) -> _Float64: ...
def read_wavs(
    paths: Sequence[str], length: int, threads: int = 0
) -> tuple[_Float64, npt.NDArray[np.bool_], _Uint32]: ...
def write_wavs(
    paths: Sequence[str],
    signals: npt.ArrayLike,
    sample_rate: int,
    bit_depth: int = 24,
    sync: bool = False,
    threads: int = 0,
) -> tuple[_Int64, _Uint32]: ...
