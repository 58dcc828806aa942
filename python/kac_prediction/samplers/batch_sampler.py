"""BatchSampler: samplers whose sounds the core makes, many in one call."""

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from .._arrays import Float64
from ..dataset import AudioSampler
from ..dataset.sampler import Labels


class BatchSampler(AudioSampler):
    """A sampler that makes the sounds of a batch in one call to the core.

    What its constructor has read is refused when it is set again: it would change nothing, or half.
    A subclass that defines `updateProperties` or `getLabels` and still makes its sounds from
    `_parameters` alone says `render = BatchSampler.render`; else they are made one at a time.

    Attributes:
        fixed: names of the constructor's arguments that can be set once.
    """

    fixed: ClassVar[frozenset[str]] = frozenset({"duration", "sample_rate"})

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; raise AttributeError, with the remedy, where it is a fixed setting."""
        if name in self.fixed and hasattr(self, name):
            kind = type(self).__name__
            raise AttributeError(
                f"{name} of a {kind} cannot be changed: make a new one, "
                f"{kind}(**sampler.settings | {{{name!r}: {value!r}}})"
            )
        super().__setattr__(name, value)

    @abstractmethod
    def _parameters(self) -> Any:
        """Return all that the current sound depends on."""

    @abstractmethod
    def _sounds(self, parameters: Sequence[Any]) -> npt.NDArray[np.floating]:
        """Make the sounds, shape (n, length), of n results of `_parameters`, n from 1."""

    def generateWaveform(self) -> None:
        """Make the sound of the current properties."""
        self.waveform = self._sounds([self._parameters()])[0].astype(np.float64, copy=False)

    def render(self, indices: Iterable[int]) -> tuple[Float64, list[Labels]]:
        """Make n sounds, shape (n, length), and their labels, in one call to the core."""
        parameters, labels = [], []
        for i in indices:
            try:
                self.reseed(i)
                self.updateProperties(i)
                parameters.append(self._parameters())
                labels.append(self.getLabels())
            except Exception as error:
                error.add_note(f"{type(self).__name__} was making sample {i}.")
                raise
        if not labels:
            return np.empty((0, self.length)), labels
        return self._sounds(parameters).astype(np.float64, copy=False), labels
