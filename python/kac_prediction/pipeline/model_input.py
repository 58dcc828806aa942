"""ModelInput: the one recipe from a sound to what a model sees, and from labels to its targets."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self, cast

import numpy as np
import numpy.typing as npt
import torch

from ..dataset import InputRepresentation, RepresentationSettings

SIZE_CONVENTION = "sqrt(area)"
"""What the label `drum_size` means: the square root of the drum's area, in metres."""


@dataclass(frozen=True)
class ModelInput:
    """How a sound becomes the input of a model, and labels its targets.

    Training, streaming and prediction all go through it, and a checkpoint keeps it. A sound is
    cropped first and normalised after. The other order differs by up to a quarter, and what
    lies behind the crop would leak the size of the drum into the difference.

    Attributes:
        sample_rate: samples per second that the model was made for.
        length: how many samples the model sees, the first ones of the sound.
        labels: names of what is predicted, in the order of the model's outputs.
        units: the unit of each label, such as 'm'; '' for a plain number.
        normalise: whether each sound is mapped to -1 ... 1 after the crop.
        size_convention: what `drum_size` means; see `SIZE_CONVENTION`.
        representation: settings of `InputRepresentation`, for a spectrogram of what was cropped
            and normalised; None: the wave itself.
    """

    sample_rate: int
    length: int
    labels: tuple[str, ...]
    units: tuple[str, ...]
    normalise: bool = True
    size_convention: str = SIZE_CONVENTION
    representation: RepresentationSettings | None = field(default=None, hash=False)

    def __post_init__(self) -> None:
        """Check the fields.

        Raises:
            ValueError: a number below 1, no label, one label twice, or not one unit per label; or
                a representation that does not fit.
            TypeError: a text where several are due, or a setting of the wrong type.
        """
        for name in ("labels", "units"):
            value = getattr(self, name)
            if isinstance(value, str):
                raise TypeError(f"{name} must be a tuple of texts, got the text {value!r}.")
            object.__setattr__(self, name, tuple(value))
        for name in ("sample_rate", "length"):
            number = getattr(self, name)
            if int(number) != number or number < 1:
                raise ValueError(f"{name} must be a whole number from 1, got {number!r}.")
            object.__setattr__(self, name, int(number))
        if not self.labels or len(set(self.labels)) != len(self.labels):
            raise ValueError(f"labels must be one or more different names, got {self.labels}.")
        if len(self.units) != len(self.labels):
            raise ValueError(f"each label needs its unit: {self.labels} have {self.units}.")
        if self.representation is not None:
            settings = self._represented("double").settings
            InputRepresentation.transformShape(self.length, settings)
            object.__setattr__(self, "representation", settings)

    def inputs(self, X: npt.ArrayLike | torch.Tensor) -> torch.Tensor:
        """Make of sounds what the model sees: crop, normalise, represent.

        Args:
            X: as `waveforms` takes it.

        Returns:
            What `waveforms` returns; or spectrograms of it, shape (rows, frames) or
            (n, rows, frames), in the same dtype.

        Raises:
            ValueError: as `waveforms` does.
        """
        x = self.waveforms(X)
        if self.representation is None:
            return x
        single = x.dtype != torch.float64
        return self._represented("single" if single else "double").transform(x).to(x)

    def waveforms(self, X: npt.ArrayLike | torch.Tensor) -> torch.Tensor:
        """Crop sounds to their first samples, then normalise each of them.

        Args:
            X: one sound, shape (length of the sound,), or a batch, (n, length of the sound), at
                the model's sample rate, starting where the drum is struck.

        Returns:
            What the model sees, shape (length,) or (n, length), in the dtype of X (float64 where
            X does not hold floating numbers). Normalised, the smallest sample of each sound is -1
            and the largest 1; a constant sound is 0.

        Raises:
            ValueError: not one or two dimensions, fewer than `length` samples, or a sample that
                is not a finite number; or, to be normalised, samples too far apart for float64.
        """
        shape = tuple(np.shape(X))
        if len(shape) not in (1, 2) or shape[-1] < self.length:
            raise ValueError(
                f"a sound must have the shape (samples,) or (n, samples) with at least "
                f"{self.length} samples at {self.sample_rate} Hz, got {shape}."
            )
        x = _cropped(X, self.length)
        if not torch.isfinite(x).all():
            first = torch.nonzero(~torch.isfinite(x.reshape(-1, self.length)))[0].tolist()
            raise ValueError(f"sample {first[1]} of sound {first[0]} is not a finite number.")
        if not self.normalise:
            return x
        return torch.from_numpy(InputRepresentation.normalise(x.cpu().double())).to(x)

    def targets(self, Y: Sequence[Mapping[str, torch.Tensor]]) -> torch.Tensor:
        """Arrange labels as the targets of a training.

        Args:
            Y: the labels of each of n samples, each label a tensor of one or more numbers.

        Returns:
            Targets, shape (n, columns): a column for each number of each label, in the order of
            `labels`.

        Raises:
            ValueError: a sample lacks a label, or has another count of numbers than the first.
        """
        rows = [self._row(i, y) for i, y in enumerate(Y)]
        if not rows:
            raise ValueError("there are no samples to take targets from.")
        for i, row in enumerate(rows):
            if row.shape != rows[0].shape:
                raise ValueError(
                    f"sample {i} has {len(row)} numbers for {', '.join(self.labels)}, "
                    f"sample 0 has {len(rows[0])}."
                )
        return torch.stack(rows)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields in plain types, as a checkpoint keeps them."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """Return the ModelInput that `to_dict` described.

        Raises:
            ValueError: a field is missing or not known.
        """
        try:
            return cls(**fields)
        except TypeError as error:
            raise ValueError(f"these are not the fields of a ModelInput: {error}") from error

    def _represented(self, precision: Literal["double", "single"]) -> InputRepresentation:
        settings = dict(self.representation or {}) | {"normalise_input": False}
        return InputRepresentation(
            self.sample_rate, cast(RepresentationSettings, settings), precision=precision
        )

    def _row(self, i: int, y: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Return the numbers of one sample's labels, shape (columns,)."""
        missing = [label for label in self.labels if label not in y]
        if missing:
            raise ValueError(
                f"sample {i} has no label {', '.join(missing)}; it has {', '.join(sorted(y))}."
            )
        return torch.cat([torch.as_tensor(y[label]).reshape(-1) for label in self.labels])


def _cropped(X: npt.ArrayLike | torch.Tensor, length: int) -> torch.Tensor:
    """Return the first samples of each sound, as floating numbers."""
    if isinstance(X, torch.Tensor):
        x = X[..., :length]
        return x if x.is_floating_point() else x.double()
    sounds = np.asarray(X)[..., :length]
    # Copied: torch takes neither read-only arrays, nor reversed ones, nor foreign byte orders.
    return torch.from_numpy(np.array(sounds, np.float32 if sounds.dtype == "f4" else np.float64))
