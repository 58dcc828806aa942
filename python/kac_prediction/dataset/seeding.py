"""Random numbers by index: what sample i draws depends on (seed, i, revision) and nothing else."""

from secrets import randbits
from typing import Any

import numpy as np

SAMPLE, GROUP = 0, 1
"""The two streams of a sample: its own numbers, and those of the body it shares with its group."""


def fresh_seed() -> int:
    """Draw a new seed of 63 bits from the system's entropy, so that it fits any file format."""
    return randbits(63)


class IndexedGenerator:
    """A NumPy Generator on Philox that can be put at the start of any sample's own numbers.

    Philox is counter based: the key comes from the seed, and the 256-bit counter holds
    (position, index, revision, stream), so every sample owns 2^64 blocks that no other touches,
    and going to one costs a state assignment rather than a hash.
    Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.

    Attributes:
        generator: the Generator itself; `seek` moves it, it is never replaced.
    """

    def __init__(self, seed: int, stream: int) -> None:
        """Key the generator by `seed` (any integer from 0) and one of the two streams."""
        self._stream = stream
        self._bits = np.random.Philox(np.random.SeedSequence(seed))
        self._state: Any = self._bits.state
        self._key = self._state["state"]["key"]
        self.generator = np.random.Generator(self._bits)
        self.seek(0, 0)

    def seek(self, index: int, revision: int) -> None:
        """Go to the first number of sample (or group) `index` in its `revision`."""
        counter = np.array([0, index, revision, self._stream], dtype=np.uint64)
        self._state["state"] = {"counter": counter, "key": self._key}
        self._state["buffer_pos"] = 4
        self._state["has_uint32"] = 0
        self._bits.state = self._state
