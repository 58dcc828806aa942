"""BankModel: drums of many shapes at the cost of a sum of partials, from a bank of modes."""

import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from .. import _core
from .._checks import check_flag, check_whole
from ..dataset import classLocalsToKwargs
from ..dataset.sampler import Labels
from ..physics.excitation import mean_of_waves
from ..physics.random_waves import random_partials
from .batch_sampler import BatchSampler
from .drum import DENSITY, TENSION, Drum, DrumSettings, Precision
from .intervals import NumberOrRange, as_interval, draw_between, draw_log_uniform
from .mode_bank import ModeBank

_HERE = 1e-6  # of a drum's size: points nearer than that are one


class _Strike(NamedTuple):
    """What is drawn for each sound."""

    struck: int  # which point of the bank's
    heard: int
    decay_time: float
    width: float
    modes: float  # most partials; may be infinite
    key: int  # of the random partials


class BankModel(Drum):
    """A drum of any shape of a bank: a sum of damped partials, up to half the sample rate.

    u(t) = sum_k phi_k(x_s) phi_k(x_p) g_k exp(-sigma t) sin(omega_k t) / omega_k, as in
    `FiniteElementModel`; g_k is what the width of the strike leaves of the partial. Shapes,
    frequencies and eigenfunctions are those of a `ModeBank`.

    n modes end at about c sqrt(n / pi) / L Hz, 564 / L for 100 modes, and a network that hears this
    end learns it in place of the drum. So the drum goes on with random partials, as many as it has
    by Weyl's law, weighted as random waves are (`physics.random_waves`). They come from one Fourier
    transform, their frequencies rounded to multiples of at most 1 / (2 duration); overdamped ones
    are left out.

    Each drum is a shape of the bank and a size. Each strike on it, the first too, falls on one of
    the bank's points and is heard at another, and has a decay time, a width and a number of modes
    of its own. Labels are `family` (its index in `ModeBank.families`), `drum_size`, `aspect_ratio`,
    `outline` (64 logarithms of radii at unit area), `decay_time`, and `strike_location` and
    `sample_location`, (x, y) in metres from the centroid.

    `strike_location` may be set to another of the bank's points. `Drum` documents the other
    arguments.

    Args:
        bank: path of a `ModeBank`.
        decay_time: T60 in seconds; a number, or a range to draw it from, log-uniform.
        strike_width: diameter of the raised cosine of the strike in metres, from 0 to the smallest
            drum_size; a number, or a range.
        modes: how many partials, the lowest, as of a drum that is cut off; a number, or a range,
            log-uniform. None: all.
        tail: whether partials beyond the bank's modes are drawn.

    Attributes:
        decay_time: T60 of the current sound, seconds.
        sample_location: where it is heard, (x, y) in metres from the centroid.

    Example:
        >>> from kac_prediction.samplers import BankModel, ModeBank
        >>> drum = BankModel(1.0, 48000, ModeBank.make("drums.bank", 8, workers=1).path)
        >>> drum.generateWaveform()
        >>> drum.export("drum.wav")

    Raises:
        FileNotFoundError: there is no bank at the path.
        TypeError: an argument is not a number, or `tail` not a bool.
        ValueError: a number is out of range, the bank is damaged, or its smallest drum may have no
            partial below half the sample rate.
    """

    coordinates: ClassVar[tuple[str, ...]] = ("x", "y")
    _drawn: _Strike
    _shape: int
    fixed: ClassVar[frozenset[str]] = Drum.fixed | {"bank", "modes", "strike_width", "tail"}

    class Settings(DrumSettings, total=False):
        """The parameters of a drum of a bank."""

        bank: str
        decay_time: NumberOrRange  # type: ignore[misc]
        modes: NumberOrRange | None
        strike_width: NumberOrRange
        tail: bool

    def __init__(
        self,
        duration: float,
        sample_rate: int,
        bank: str | Path,
        amplitude: float = 1.0,
        decay_time: NumberOrRange = 2.0,
        drum_size: NumberOrRange = (0.1, 1.0),
        material_density: float = DENSITY,
        modes: NumberOrRange | None = None,
        strike_width: NumberOrRange = 0.01,
        tail: bool = True,
        tension: float = TENSION,
        precision: Precision = "double",
    ) -> None:
        settings = classLocalsToKwargs(locals()) | {"bank": str(bank)}
        self._decay_times = as_interval("decay_time", decay_time)
        super().__init__(**settings | {"decay_time": self._decay_times[0]})
        self.settings["decay_time"] = decay_time
        self._centre_first = False
        self._widths = self._check_widths(strike_width)
        path = Path(bank).resolve()
        self._bank = _open(path, path.stat().st_mtime_ns if path.exists() else 0)
        self.bank, self.strike_width, self.modes = str(bank), strike_width, modes
        self.tail = check_flag("tail", tail)
        self._counts = (math.inf, math.inf)
        if modes is not None:
            low, high = as_interval("modes", modes)
            self._counts = check_whole("modes", low), check_whole("modes", high)
        self._check_audible(self._sizes[0], 2 * float(self._bank.frequencies[:, 0].max()))
        self.updateProperties(None)

    @property
    def strike_location(self) -> tuple[float, ...]:
        """Where the current strike falls, (x, y) in metres; may be set to a point of the bank."""
        return self._place(self._drawn.struck)

    @strike_location.setter
    def strike_location(self, point: Sequence[float]) -> None:
        strike = self._point("strike_location", point)
        self._require_inside("strike_location", strike)
        self._drawn = self._drawn._replace(struck=int(np.argmin(self._distances(strike))))

    @property
    def sample_location(self) -> tuple[float, ...]:
        """Where the current sound is heard, (x, y) in metres from the centroid."""
        return self._place(self._drawn.heard)

    def _place(self, point: int) -> tuple[float, ...]:
        x, y = self._bank.points[self._shape, point].tolist()
        return x * self._drum_size, y * self._drum_size

    def _distances(self, point: tuple[float, ...]) -> npt.NDArray[np.float64]:
        """Return how far the bank's points are from one, in metres."""
        places = self._bank.points[self._shape] * self._drum_size
        return np.asarray(np.hypot(*(places - np.array(point)).T))

    def _require_inside(self, name: str, point: tuple[float, ...]) -> None:
        if self._distances(point).min() > _HERE * self._drum_size:
            places = self._drum_size * self._bank.points[self._shape].astype(float)
            raise ValueError(
                f"{name} must be one of the bank's points, got {point}: choose from "
                f"{np.round(places, 6).tolist()}"
            )

    def _set_size(self, size: float) -> None:
        self._check_audible(size, 2 * float(self._bank.frequencies[self._shape, 0]))
        self._drum_size = size

    def _draw_body(self) -> None:
        super()._draw_body()
        self._shape = int(self.group_rng.integers(len(self._bank)))

    def _middle(self) -> tuple[float, ...]:
        return self._place(0)

    def _draw_strike(self) -> tuple[float, ...]:
        rng, points = self.rng, self._bank.points.shape[1]
        struck = int(rng.integers(points))
        heard = (struck + int(rng.integers(1, points))) % points
        decay_time, width = (
            draw_log_uniform(rng, self._decay_times),
            draw_between(rng, self._widths),
        )
        low, high = self._counts
        modes = low if low == high else min(high, draw_log_uniform(rng, (low, high + 1)) // 1)
        self._drawn = _Strike(struck, heard, decay_time, width, modes, int(rng.integers(2**63)))
        self._set_decay(decay_time)
        return self._place(struck)

    def _body_labels(self) -> Labels:
        bank, shape = self._bank, self._shape
        return {
            "family": [int(bank.family[shape])],
            **super()._body_labels(),
            "aspect_ratio": [float(bank.aspect_ratio[shape])],
            "outline": bank.outline[shape].tolist(),
            "decay_time": [self.decay_time],
        }

    def _parameters(self) -> tuple[Any, ...]:
        return self._drum_size, self._shape, self._drawn._replace(decay_time=self.decay_time)

    def _sounds(self, parameters: Sequence[Any]) -> npt.NDArray[np.floating]:
        bank, (sizes, shapes, strikes) = self._bank, zip(*parameters, strict=True)
        struck, heard, decay_times, widths, counts, _ = map(np.array, zip(*strikes, strict=True))
        rows, scales = np.array(shapes), self.wave_speed / np.array(sizes)
        frequencies = bank.frequencies[rows] * scales[:, None]
        weights = bank.eigenfunctions[rows, struck] * bank.eigenfunctions[rows, heard]
        reach = frequencies * (math.pi / self.wave_speed * widths)[:, None]
        weights = weights * mean_of_waves(reach)
        weights[np.arange(weights.shape[1]) >= counts[:, None]] = 0
        sounds: npt.NDArray[np.floating] = _core.additive(
            frequencies,
            weights,
            3 * math.log(10) / decay_times,
            np.zeros(len(rows)),
            self.length,
            self.sample_rate,
            self.precision,
            self.threads,
        )
        for sound, drum, count in zip(sounds, parameters, counts, strict=True):
            if self.tail and count > weights.shape[1]:
                sound += self._tail(*drum)
        peaks = np.abs(sounds).max(axis=1, keepdims=True)
        sounds /= np.where(peaks > 0, peaks, 1)
        sounds *= self.amplitude
        return sounds

    def _tail(self, size: float, shape: int, strike: _Strike) -> npt.NDArray[np.floating]:
        """Return the sum of the partials beyond the bank's modes, shape (length,).

        They decay alike: sines on the bins of a transform, of a period twice as long as the sound.
        """
        bank, points = self._bank, [strike.struck, strike.heard]
        wavenumbers, weights = random_partials(
            np.random.Generator(np.random.Philox(key=strike.key)),
            2 * math.pi * float(bank.frequencies[shape, -1]),
            math.pi * self.sample_rate * size / self.wave_speed,
            strike.modes - bank.frequencies.shape[1],
            float(bank.perimeter[shape]),
            math.dist(*bank.points[shape, points]),
            bank.depths[shape, points].tolist(),
        )
        weights *= mean_of_waves(wavenumbers * (strike.width / 2 / size))
        sigma = 3 * math.log(10) / strike.decay_time
        omega = np.sqrt(np.maximum((self.wave_speed / size * wavenumbers) ** 2 - sigma**2, 0))
        period = 2 << (self.length - 1).bit_length()
        bins = np.rint(omega * (period / (2 * math.pi * self.sample_rate))).astype(np.int64)
        audible = (bins > 0) & (bins < period // 2)
        sines = np.bincount(bins[audible], weights[audible] / (2 * omega[audible]), period // 2 + 1)
        real: Any = np.float32 if self.precision == "single" else np.float64
        spectrum = -1j * sines.astype(real)
        times = np.arange(self.length, dtype=real) / self.sample_rate
        wave = np.fft.irfft(spectrum, period, norm="forward")[: self.length]
        return np.asarray(wave * np.exp(-sigma * times))

    render = BatchSampler.render


@lru_cache(maxsize=8)
def _open(path: Path, changed: int) -> ModeBank:
    """Return the bank of a file, which is read through once, though samplers are made often."""
    return ModeBank(path)
