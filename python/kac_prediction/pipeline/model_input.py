"""ModelInput: the one recipe from a sound to what a model sees, and from labels to its targets."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import inf
from numbers import Real
from typing import Any, Self, get_args

import numpy as np
import numpy.typing as npt
import torch

from .._checks import check_count
from ..dataset import InputRepresentation, RepresentationSettings
from ..dataset.representation_settings import HIGHEST_RATE
from ..dataset.waveform import readable
from .spectra import finite, settings_of_spectra, spectra
from .targets import Missing, Scale, Target, as_classes, as_scales

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
        scales: how each label is learnt: 'linear', or 'log' where the model answers with the
            natural logarithm of the number; (): all linear.
        classes: the labels that are one of several classes, with the names of these. Such a label
            is the index of its class, and a model has an output (logit) for each class.
    """

    sample_rate: int
    length: int
    labels: tuple[str, ...]
    units: tuple[str, ...]
    normalise: bool = True
    size_convention: str = SIZE_CONVENTION
    representation: RepresentationSettings | None = field(default=None, hash=False)
    scales: tuple[Scale, ...] = ()
    classes: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        """Check the fields.

        Raises:
            ValueError: a number below 1, no label, one label twice, or not one unit and one scale
                per label; classes that are not of a label or not several; or a representation
                that does not fit.
            TypeError: a text where several are due, or a setting of the wrong type.
        """
        for name in ("labels", "units"):
            value = getattr(self, name)
            if isinstance(value, str):
                raise TypeError(f"{name} must be a tuple of texts, got the text {value!r}.")
            object.__setattr__(self, name, tuple(value))
        for name in ("sample_rate", "length"):
            object.__setattr__(self, name, _whole(name, getattr(self, name)))
        if not self.labels or len(set(self.labels)) != len(self.labels):
            raise ValueError(f"labels must be one or more different names, got {self.labels}.")
        if len(self.units) != len(self.labels):
            raise ValueError(f"each label needs its unit: {self.labels} have {self.units}.")
        scales = as_scales(self.scales, len(self.labels))
        object.__setattr__(self, "scales", scales)
        by_label = dict(zip(self.labels, scales, strict=True))
        object.__setattr__(self, "classes", as_classes(self.classes, by_label))
        if self.representation is not None:
            settings = settings_of_spectra(self.representation, self.sample_rate, self.length)
            object.__setattr__(self, "representation", settings)

    def inputs(self, X: npt.ArrayLike | torch.Tensor) -> torch.Tensor:
        """Make of sounds what the model sees: crop, normalise, represent.

        Args:
            X: as `waveforms` takes it.

        Returns:
            What `waveforms` returns; or spectrograms of it, shape (rows, frames) or
            (n, rows, frames), in the same dtype, computed in float32 unless that is float64.

        Raises:
            TypeError: as `waveforms` does.
            ValueError: as `waveforms` does; or a spectrum is beyond the dtype, as the power of a
                long window easily is beyond float16.
        """
        x = self.waveforms(X)
        if self.representation is None:
            return x
        return spectra(x, self.representation, self.sample_rate)

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
            TypeError: X does not hold real numbers in plain memory, as `InputRepresentation` needs.
            ValueError: not one or two dimensions, sounds that are not equally long, fewer than
                `length` samples, or a sample that is not a finite number; or, to be normalised,
                samples too far apart for float64.
        """
        sounds = readable(X)
        shape = tuple(sounds.shape)
        if len(shape) not in (1, 2) or shape[-1] < self.length:
            raise ValueError(
                f"a sound must have the shape (samples,) or (n, samples) with at least "
                f"{self.length} samples at {self.sample_rate} Hz, got {shape}."
            )
        x = _cropped(sounds, self.length)
        if not finite(x).all():
            first = torch.nonzero(~finite(x.reshape(-1, self.length)))[0].tolist()
            raise ValueError(f"sample {first[1]} of sound {first[0]} is not a finite number.")
        if not self.normalise:
            return x
        return torch.from_numpy(InputRepresentation.normalise(x.cpu().double())).to(x)

    def targets(
        self, Y: Sequence[Mapping[str, torch.Tensor]], missing: Missing = "raise"
    ) -> torch.Tensor:
        """Arrange labels as the targets of a training.

        Args:
            Y: the labels of each of n samples, each label a tensor of one or more numbers; a class
                is its index.
            missing: what a label that is nan, or that a sample does not have, is: an error, or nan
                in the targets.

        Returns:
            Targets, shape (n, columns), float64: a column for each number of each label, in the
            order of `labels`; logarithms where `scales` says so, of a class the index.

        Raises:
            ValueError: a sample lacks a label, or has another count of numbers than the first; or
                a number that is not finite, not above 0 though its scale is 'log', or not the index
                of a class.
        """
        if missing not in get_args(Missing):
            raise ValueError(f"missing must be 'raise' or 'nan', got {missing!r}.")
        if not len(Y):
            raise ValueError("there are no samples to take targets from.")
        return torch.cat([target.columns(Y, missing) for target in self._targets()], dim=1)

    @property
    def outputs(self) -> int:
        """How many outputs a model needs: one a label, of a class one for each of its names."""
        return sum(target.outputs for target in self._targets())

    def split(self, outputs: torch.Tensor) -> dict[str, torch.Tensor]:
        """Give each label its columns of a model's outputs.

        Args:
            outputs: of a model, shape (n, outputs) or (outputs,).

        Returns:
            By label, views of shape (n, 1) or (1,): the number, or its logarithm; of a class, a
            logit for each of its names, shape (n, classes) or (classes,).

        Raises:
            ValueError: another number of outputs.
        """
        sizes = {target.label: target.outputs for target in self._targets()}
        if not outputs.ndim or outputs.shape[-1] != self.outputs:
            needed = ", ".join(f"{size} for {label}" for label, size in sizes.items())
            raise ValueError(
                f"the model has {outputs.shape[-1] if outputs.ndim else 1} outputs, but its "
                f"model_input needs {self.outputs}: {needed}."
            )
        return dict(zip(sizes, torch.split(outputs, [*sizes.values()], dim=-1), strict=True))

    def values(self, outputs: torch.Tensor) -> torch.Tensor:
        """Return what a model's outputs say, in the units of the labels.

        Args:
            outputs: of a model, shape (n, outputs) or (outputs,).

        Returns:
            Shape (n, labels) or (labels,): numbers, no logarithms, and of a class the index of the
            most probable; float64 where the outputs are, else float32.

        Raises:
            ValueError: another number of outputs.
        """
        columns = self.split(_at_least_single(outputs))
        return torch.cat([t.values(columns[t.label]) for t in self._targets()], dim=-1)

    def unscaled(self, targets: torch.Tensor) -> torch.Tensor:
        """Return what targets stand for, to be compared with `values`.

        Args:
            targets: as `targets` returns them, shape (n, labels) or (labels,).

        Returns:
            The same shape and dtype as `values` returns: numbers in the units of the labels, and
            the indices of classes; nan where the targets are.

        Raises:
            ValueError: not one column a label.
        """
        count = len(self.labels)
        if not targets.ndim or targets.shape[-1] != count:
            raise ValueError(
                f"targets must have a column for each of {', '.join(self.labels)}, "
                f"got the shape {tuple(targets.shape)}."
            )
        columns = torch.split(_at_least_single(targets), 1, dim=-1)
        pairs = zip(self._targets(), columns, strict=True)
        return torch.cat([target.unscaled(column) for target, column in pairs], dim=-1)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields in plain types, as a checkpoint keeps them."""
        fields = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}
        return fields | {"classes": {label: [*names] for label, names in self.classes.items()}}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """Return the ModelInput that `to_dict` described, also of a version with fewer fields.

        Raises:
            ValueError: a field is missing or not known.
        """
        try:
            return cls(**fields)
        except TypeError as error:
            raise ValueError(f"these are not the fields of a ModelInput: {error}") from error

    def _targets(self) -> list[Target]:
        """Return the labels as a model learns them, in order."""
        pairs = zip(self.labels, self.scales, strict=True)
        return [Target(label, scale, self.classes.get(label, ())) for label, scale in pairs]


def _whole(name: str, number: Any) -> int:
    """Return a whole number from 1, also of a float; raise ValueError for another."""
    is_number = isinstance(number, Real)
    if not is_number or not 1 <= number < inf or number % 1:
        raise ValueError(f"{name} must be a whole number from 1, got {number!r}.")
    return check_count(name, int(number), most=HIGHEST_RATE)


def _at_least_single(x: torch.Tensor) -> torch.Tensor:
    """Return numbers in float32, or in float64 where they are: halves have too few digits."""
    return x if x.dtype == torch.float64 else x.float()


def _cropped(X: npt.NDArray[Any] | torch.Tensor, length: int) -> torch.Tensor:
    """Return the first samples of each sound, as floating numbers."""
    x = X[..., :length]
    if isinstance(x, torch.Tensor):
        return x if x.is_floating_point() else x.double()
    # Copied: torch takes neither read-only arrays, nor reversed ones, nor foreign byte orders.
    return torch.from_numpy(np.array(x, np.float32 if x.dtype == "f4" else np.float64))
