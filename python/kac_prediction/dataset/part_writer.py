"""Where samples are put, by whoever makes them."""

import math

import numpy as np
import numpy.typing as npt

from .. import _core
from .representation import InputRepresentation
from .sampler import Labels
from .storage import Stage
from .storage.array import ArrayWriter
from .storage.layout import ARRAY
from .storage.metadata import label_line
from .storage.progress import Record


class PartWriter:
    """Puts samples of a dataset on the disk, any of them: their sounds, and their rows of x.

    Attributes:
        values: how many a sample has, of its sound or of its row, whichever has more.
        x: what writes the rows.
    """

    def __init__(
        self, stage: Stage, dataset_size: int, length: int, representation: InputRepresentation
    ) -> None:
        """Open the x of a dataset of sounds of this length."""
        self._stage = stage
        self._representation = representation
        row = InputRepresentation.transformShape(length, representation.settings)
        self.values = max(length, math.prod(row))
        self.x = ArrayWriter(stage.path / ARRAY, (dataset_size, *row))

    def write(
        self, indices: range, sounds: npt.NDArray[np.float64], labels: list[Labels]
    ) -> list[Record]:
        """Write these samples; when it returns they are on the disk, and may be noted as done."""
        lines = [label_line(y, i) for i, y in zip(indices, labels, strict=True)]
        threads, rate = self._representation.threads, self._representation.sample_rate
        # One after the other: both at once is quicker by a tenth, and holds twice the memory.
        checksums = self._stage.write_sounds(indices, sounds, rate, threads)
        quantised = _core.quantise(sounds, 24, threads=threads)
        rows = self.x.write(indices.start, self._representation.transform(quantised).numpy())
        return [Record(*parts) for parts in zip(checksums, rows, lines, strict=True)]

    def __enter__(self) -> "PartWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self.x.close()
