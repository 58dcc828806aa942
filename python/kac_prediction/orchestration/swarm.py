"""Swarm: many strikes on one drum, whose sum is drawn towards a target."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from .._arrays import Float64
from ..samplers.families import modes_struck
from .slope import Float32
from .vibration import vibration_of
from .voice import Voice

Integers = npt.NDArray[np.int64]

_STEPS: Final = {"size": 0.003, "decay": 0.15, "weights": 0.3, "points": 0.05}
"""Of the logarithms of the size, the decay rate and the weights, and of places: at first."""
_MOMENTS: Final = 0.8, 0.95  # shares of the mean slope and of its mean square that are kept
_DECAYS: Final = math.log(1000) / 0.6, math.log(1000) / 0.03  # 1/s: T60 of 0.6 s and of 30 ms
_FAINT: Final = 1e-3  # partials below such a share of a strike are left out
_NEAR: Final = 1e-4  # of places: for slopes
_TOGETHER: Final = 64  # strikes that are worked on at once
_TINY: Final = 1e-12


class Swarm:
    """Strikes on a drum at given times, all of one T60.

    Args:
        voice: the drum, where it is heard, and the decay to begin with.
        samples: where the strikes fall, shape (n,).
        points: where on the drum, in the coordinates of its vibration, shape (n, coordinates).
        weights: how loud: root of the sum of the squares of the amplitudes of all partials, (n,).
        sample_rate: Hz.
        sizes: (low, high), metres, in which the size stays; None: it is fixed.
    """

    def __init__(
        self,
        voice: Voice,
        samples: Integers,
        points: Float64,
        weights: Float64,
        sample_rate: int,
        sizes: tuple[float, float] | None,
    ) -> None:
        self.origin, drum, self.sizes = voice, voice.drum, sizes
        self.samples, self.points, self.rate = samples, points.copy(), sample_rate
        self.vibration = vibration_of(drum, modes_struck(drum.strike_width, drum.drum_size))
        self._heard = self.vibration.at(np.asarray(voice.pick_up)[None])[0]
        self.size, self.decay = drum.drum_size, float(np.clip(voice.decay, *_DECAYS))
        self.weights = weights.copy()
        self._steps = {name: _Step(step) for name, step in _STEPS.items()}
        self._struck = self._patterns(points)

    def voice(self) -> Voice:
        """Return the drum as it is known now."""
        if self.sizes is None:
            return self.origin
        drum = self.origin.drum
        factor = self.size / drum.drum_size
        resized = replace(
            drum,
            drum_size=self.size,
            outline=None if drum.outline is None else factor * drum.outline,
            strike_width=None if drum.strike_width is None else factor * drum.strike_width,
        )
        return Voice(resized, self.decay, pick_up=self.origin.pick_up, family=self.origin.family)

    def keep(self, kept: npt.NDArray[np.bool_]) -> None:
        """Leave out all strikes but some."""
        self.samples, self.points = self.samples[kept], self.points[kept]
        self.weights = self.weights[kept]
        self._struck = self._struck[kept]
        for name in ("weights", "points"):
            self._steps[name].keep(kept)

    def sounds(self) -> Iterator[Float32]:
        """Return the sound of each strike until it is 60 dB down, shape (samples,)."""
        omega = np.pi * self.vibration.series * self.origin.drum.wave_speed / self.size
        audible = (omega < np.pi * self.rate) & (omega > self.decay)
        amplitudes = _unit(self._struck[:, audible] / omega[audible])
        loud = np.abs(amplitudes).max(axis=0, initial=0.0) > _FAINT
        audible[audible] = loud
        self._audible, self._omega = audible, omega[audible]
        self._amplitudes = self.weights[:, None] * amplitudes[:, loud]
        length = math.ceil(math.log(1000) / self.decay * self.rate)
        self._times = np.arange(length, dtype=np.float32) / np.float32(self.rate)
        damped = np.sqrt(np.maximum(self._omega**2 - self.decay**2, 0)).astype(np.float32)
        phases, fall = np.outer(damped, self._times), np.exp(-np.float32(self.decay) * self._times)
        self._sines, self._cosines = np.sin(phases) * fall, np.cos(phases) * fall
        parts = (self._amplitudes[some].astype(np.float32) for some in self._parts())
        return (sound for part in parts for sound in part @ self._sines)

    def _parts(self) -> Iterator[slice]:
        """Yield which strikes are worked on at once: Ctrl-C waits for these alone."""
        for k in range(0, len(self.samples), _TOGETHER):
            yield slice(k, k + _TOGETHER)

    def add(self, total: Float32) -> None:
        """Add the sound of all strikes to a sound."""
        for sample, sound in zip(self.samples.tolist(), self.sounds(), strict=True):
            rest = total[sample : sample + len(sound)]
            rest += sound[: len(rest)]

    def descend(self, slope: Float32, share: float) -> None:
        """Go a step, or a share of it, down the slope of a distance by each sample.

        The sound has been made by `add` as the swarm is now.
        """
        times, padded = self._times, np.pad(slope, (0, len(self._times)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, len(times))
        sines, late, bent = np.empty((3, *self._amplitudes.shape), np.float32)
        for some in self._parts():
            parts = windows[self.samples[some]]
            sines[some] = parts @ self._sines.T
            parts *= times
            late[some], bent[some] = parts @ self._sines.T, parts @ self._cosines.T
        by_amplitude = sines.astype(np.float64)
        by_decay = -self.decay * float((self._amplitudes * late).sum())
        by_size = -float((self._amplitudes * self._omega * bent).sum())
        by_weight = (by_amplitude * self._amplitudes).sum(axis=1)
        self._move(by_amplitude, share)
        self.weights = self.weights * np.exp(self._steps["weights"].to(by_weight, share))
        moved = float(self._steps["decay"].to(by_decay, share))
        self.decay = float(np.clip(self.decay * math.exp(moved), *_DECAYS))
        if self.sizes is not None:
            moved = float(self._steps["size"].to(by_size, share))
            self.size = float(np.clip(self.size * math.exp(moved), *self.sizes))

    def _patterns(self, points: Float64) -> Float64:
        """Return the products of the eigenfunctions of strikes and pick-up, shape (n, modes)."""
        struck = self.vibration.at(points, self.origin.width)
        return np.asarray((struck * self._heard).sum(axis=1))

    def _move(self, by_amplitude: Float64, share: float) -> None:
        """Move the places of strikes down a slope by the amplitudes of their partials."""
        here = _unit(self._struck[:, self._audible] / self._omega)
        slopes = np.empty((len(self.points), 2))
        for axis, way in enumerate(np.eye(2)):
            near = self._patterns(_moved(self.points, _NEAR * way))[:, self._audible]
            turn = (_unit(near / self._omega) - here) / _NEAR
            slopes[:, axis] = self.weights * (by_amplitude * turn).sum(axis=1)
        places = _moved(self.points, self._steps["points"].to(slopes, share))
        ends, holds = _moved(places, np.full(2, _NEAR)), self.vibration.holds
        inside = np.array([holds(x) and holds(y) for x, y in zip(places, ends, strict=True)], bool)
        self.points[inside] = places[inside]
        self._struck = self._patterns(self.points)


class _Step:
    """Steps of one size, against the mean of the last slopes over their root mean square.

    Source: Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015.
    """

    def __init__(self, size: float) -> None:
        self.size, self.count = size, 0
        self.mean: Float64 | float = 0.0
        self.square: Float64 | float = 0.0

    def to(self, slope: Float64 | float, share: float) -> Float64 | float:
        """Return the step, or a share of it, of the same shape."""
        self.count += 1
        for name, value, kept in (
            ("mean", slope, _MOMENTS[0]),
            ("square", np.square(slope), _MOMENTS[1]),
        ):
            setattr(self, name, kept * getattr(self, name) + (1 - kept) * value)
        mean = self.mean / (1 - _MOMENTS[0] ** self.count)
        square = self.square / (1 - _MOMENTS[1] ** self.count)
        return -share * self.size * mean / (np.sqrt(square) + _TINY)

    def keep(self, kept: npt.NDArray[np.bool_]) -> None:
        """Forget all but some."""
        if self.count:
            self.mean, self.square = np.asarray(self.mean)[kept], np.asarray(self.square)[kept]


def _unit(amplitudes: Float64) -> Float64:
    """Return rows of a norm of 1."""
    norms = np.sqrt(np.einsum("nk,nk->n", amplitudes, amplitudes))
    return np.asarray(amplitudes / (norms + _TINY)[:, None])


def _moved(points: Float64, step: Float64 | float) -> Float64:
    """Return points whose first two coordinates are moved; of a triangle the third follows."""
    moved = points.copy()
    moved[:, :2] += step
    if moved.shape[1] > 2:
        moved[:, 2] = 1 - moved[:, 0] - moved[:, 1]
    return moved
