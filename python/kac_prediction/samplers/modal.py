"""ModalDrum: what the drums share whose modes are known."""

from collections.abc import Sequence
from operator import index
from typing import Any

import numpy as np
import numpy.typing as npt

from ..dataset import classLocalsToKwargs
from .drum import Drum, DrumSettings, Interval, NumberOrRange, Precision


class ModalSettings(DrumSettings, total=False):
    """The parameters that the modal drums share."""

    M: int
    N: int
    sample_location: Sequence[float]
    strike_location: Sequence[NumberOrRange] | None


class ModalDrum(Drum):
    """A drum that sounds by M times N modes.

    Attributes:
        M: number of modes by the first index.
        N: number of modes by the second index.
    """

    class Settings(ModalSettings, total=False):
        """The parameters of a modal drum; a shape adds its own."""

    def __init__(self, M: int, N: int, **kwargs: Any) -> None:
        """Check and store the number of modes; `kwargs` are all other arguments.

        Raises:
            TypeError: `M` or `N` is not an integer.
            ValueError: a number is out of range, with its name and what it should be.
        """
        super().__init__(**classLocalsToKwargs(locals()))
        for name, count in (("M", M), ("N", N)):
            if index(count) < 1:
                raise ValueError(f"{name} must be at least 1, got {count}.")
        self.M, self.N = index(M), index(N)

    def _strikes(self, struck: Sequence[Any]) -> npt.NDArray[np.float64]:
        """Gather the points, the last of each result of `_struck`, shape (n, coordinates)."""
        return np.array([each[-1] for each in struck]).reshape(-1, len(self.centroid))

    def _core_arguments(self) -> tuple[float, float, float, int, int, Precision, int]:
        """Return the last arguments of the core's drums, which all sounds share."""
        return (
            self.wave_speed,
            self.sigma,
            self.amplitude,
            self.length,
            self.sample_rate,
            self.precision,
            self.threads,
        )


def between_walls(interval: Interval) -> bool:
    """Tell whether a coordinate that is 0 and 1 at the rim goes inside the drum."""
    low, high = interval
    return 0 <= low < 1 and 0 < high <= 1
