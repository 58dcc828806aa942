"""What is left of a sound while strikes are taken away, and where it rises."""

from typing import Final

import numpy as np
from scipy.signal import butter, sosfilt

from .._arrays import Float64
from ..listening.strike import change

_EARLY, _LATE, _END = 0.012, 0.016, 0.003  # seconds about an onset where the strike is looked for
_SHORTEST: Final = 0.015  # seconds of a strike, until the next begins
_FEWEST, _SETTLING = 32, 512  # samples that are searched, and before them
_CUT: Final = 3000.0  # Hz, below which a strike rises
_RISE: Final = 1.6  # times the power before it
_FAINTEST: Final = 10**-4.5  # power, of the highest: what is silence
_ALONE: Final = 0.03  # seconds before a strike, and after, by which it stands alone


class Remainder:
    """A sound, and what is left of it.

    Args:
        sound: mono, shape (n,).
        sample_rate: Hz.
    """

    def __init__(self, sound: Float64, sample_rate: int) -> None:
        self.sound, self.left, self.rate = sound, sound.copy(), sample_rate
        self._low_pass = butter(2, min(_CUT, 0.45 * sample_rate), fs=sample_rate, output="sos")

    def add(self, sample: int, sound: Float64) -> None:
        """Add a sound to what is left, from a sample on."""
        rest = self.left[sample : sample + len(sound)]
        rest += sound[: len(rest)]

    def strike_near(self, start: float, end: float) -> tuple[int, int] | None:
        """Return the samples of the strike near an onset, and before the next; None: no rise.

        Both onsets are in seconds.
        """
        onset, last = round(start * self.rate), min(len(self.left), int((end - _END) * self.rate))
        low = max(0, onset - int(_EARLY * self.rate))
        found = self._rise(low, min(last, onset + int(_LATE * self.rate)))
        return None if found is None or last - found < _SHORTEST * self.rate else (found, last)

    def _rise(self, low: int, high: int) -> int | None:
        """Return the sample from which what is left is louder."""
        if high - low < _FEWEST:
            return None
        before = max(0, low - _SETTLING)
        powers = np.square(sosfilt(self._low_pass, self.left[before:high])[low - before :])
        best, faint = change(powers, 0, 0.0), _FAINTEST * float(powers.max()) + 1e-30
        first = float(powers[:best].mean()) if best else 0.0
        if float(powers[best:].mean()) < _RISE * (first + faint):
            return None
        return low + max(0, best - 1)

    def clearness(self, bounds: tuple[int, int]) -> float:
        """Return how well a segment shows its strike: by how much it rises, how long it lasts."""
        first, last = bounds
        near = int(_ALONE * self.rate)
        before = self.left[max(0, first - near) : first]
        after = float(np.square(self.left[first : first + near]).mean())
        rest = float(np.square(before).mean()) if len(before) else 0.0
        return min(after / (rest + 1e-30), 1e4) * min((last - first) / self.rate, 0.3) ** 2
