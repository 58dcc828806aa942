"""ModelInput: the one recipe from a sound to what a model sees, and from labels to its targets."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any, Final, Self, cast, get_args

import numpy as np
import torch

from .._arrays import ArrayLike
from .._checks import check_choice, check_flag, check_whole
from ..dataset import InputRepresentation, RepresentationSettings
from ..dataset.labels import LabelTable
from ..dataset.representation import Precision, readable
from ..dataset.representation_settings import HIGHEST_RATE, complete_settings
from .amplitudes import aligned
from .targets import (
    Missing,
    Scale,
    check_classes,
    check_scales,
    check_sizes,
    check_spreads,
    check_texts,
    target_columns,
)

SIZE_CONVENTION = "sqrt(area)"
"""What the label `drum_size` means: the square root of the drum's area, in metres."""

LOG_SPREADS: Final = (-7.0, 2.0)
"""What `log_spreads` are clipped to: else a single sound could outweigh all others in a loss."""


@dataclass(frozen=True)
class ModelInput:
    """How a sound becomes the input of a model, and labels its targets.

    A checkpoint keeps it. A sound is cropped, then aligned and normalised: in the other order, what
    lies behind the crop would leak the size of the drum.

    Attributes:
        sample_rate: samples per second that the model was made for.
        length: how many samples the model sees, the first ones of the sound.
        labels: names of what is predicted, in the order of the model's outputs.
        units: the unit of each label, such as 'm'; '' for a plain number.
        normalise: whether each sound is mapped to -1 ... 1 after the crop.
        align_polarity: whether a sound whose first sample of at least half of its largest magnitude
            is below 0 is turned over: x and -x are one sound to the model.
        size_convention: what `drum_size` means; see `SIZE_CONVENTION`.
        representation: settings of `InputRepresentation`, for a spectrogram of that; None: the
            wave itself.
        scales: how each label is learnt: 'linear', or 'log' where the model predicts the natural
            logarithm of the number; (): all linear.
        classes: the labels that are one of several classes, with the names of these. Such a label
            is the index of its class, and a model has an output (logit) for each class.
        sizes: how many numbers a label has, where it is several, such as an outline.
        spreads: the labels, numbers, whose uncertainty a model predicts too: as a further output,
            the natural logarithm of the scale b of a Laplace distribution exp(-|x| / b) / (2 b)
            about the number, or about its logarithm where its scale is 'log'.
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
    sizes: Mapping[str, int] = field(default_factory=dict, hash=False)
    spreads: tuple[str, ...] = ()
    align_polarity: bool = False

    def __post_init__(self) -> None:
        """Raise ValueError or TypeError for fields that do not fit together."""
        checked: dict[str, Any] = {}
        checked["labels"] = labels = check_texts("labels", self.labels)
        checked["units"] = units = check_texts("units", self.units)
        for name in ("sample_rate", "length"):
            checked[name] = check_whole(name, getattr(self, name), most=HIGHEST_RATE)
        for name in ("normalise", "align_polarity"):
            checked[name] = check_flag(name, getattr(self, name))
        if not labels or len(set(labels)) != len(labels):
            raise ValueError(f"labels must be one or more different names, got {labels}.")
        if len(units) != len(labels):
            raise ValueError(f"each label needs its unit: {labels} have {units}.")
        checked["scales"] = scales = check_scales(self.scales, len(labels))
        checked["classes"] = check_classes(self.classes, dict(zip(labels, scales, strict=True)))
        checked["sizes"] = check_sizes(self.sizes, labels, checked["classes"])
        single = [each for each in labels if each not in {*checked["sizes"], *checked["classes"]}]
        checked["spreads"] = check_spreads(self.spreads, single)
        if self.representation is not None:
            given = complete_settings(self.representation)
            # The crop is normalised before: the representation must not do it again.
            settings = complete_settings({**given, "normalise_input": False})
            planned = _planned(tuple(settings.items()), checked["sample_rate"], "double")
            InputRepresentation.transformShape(checked["length"], planned.settings)
            checked["representation"] = planned.settings
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    def inputs(self, X: ArrayLike | torch.Tensor) -> torch.Tensor:
        """Make of sounds what the model sees: crop, align, normalise, represent.

        Returns:
            What `waveforms` returns of X; or spectrograms of it, shape (rows, frames) or (n, rows,
            frames), in the same dtype, computed in float32 unless that is float64.

        Raises:
            TypeError, ValueError: as `waveforms`; or a spectrum is beyond the dtype.
        """
        x = self.waveforms(X)
        if self.representation is None:
            return x
        precision: Precision = "double" if x.dtype == torch.float64 else "single"
        planned = _planned(tuple(self.representation.items()), self.sample_rate, precision)
        spectra = planned.transform(x).to(x)
        # The ends, to which nan spreads, are found faster than each number is judged.
        ends = torch.aminmax(_judged(spectra)) if spectra.numel() else ()
        if not all(bool(torch.isfinite(end)) for end in ends):
            raise ValueError(
                f"a spectrum is beyond {x.dtype}, which ends at {torch.finfo(x.dtype).max:.3g}: "
                "set log in the representation, or give sounds of a wider dtype or less amplitude."
            )
        return spectra

    def waveforms(self, X: ArrayLike | torch.Tensor) -> torch.Tensor:
        """Crop sounds to their first samples, then align and normalise each of them.

        X is one sound, shape (samples,), or a batch, (n, samples), at the model's sample rate,
        starting where the drum is struck.

        Returns:
            Shape (length,) or (n, length), in the dtype of X, float64 where X does not hold
            floating numbers. Normalised, the smallest sample of each sound is -1 and the largest 1;
            a constant sound is 0.

        Raises:
            TypeError: X does not hold real numbers in plain memory.
            ValueError: another shape, fewer than `length` samples, a sample that is not a finite
                number; or, to be normalised, samples too far apart for float64.
        """
        sounds = readable(X)
        shape = tuple(sounds.shape)
        if len(shape) not in (1, 2) or shape[-1] < self.length:
            raise ValueError(
                f"a sound must have the shape (samples,) or (n, samples) with at least "
                f"{self.length} samples at {self.sample_rate} Hz, got {shape}."
            )
        cropped = sounds[..., : self.length]
        if isinstance(cropped, torch.Tensor):
            x = cropped if cropped.is_floating_point() else cropped.double()
        else:
            # Copied: torch takes no read-only arrays, no reversed ones, and no foreign byte order.
            x = torch.from_numpy(np.array(cropped, "f4" if cropped.dtype == "f4" else "f8"))
        finite = torch.isfinite(_judged(x))
        if not finite.all():
            sound, sample = torch.nonzero(~finite.reshape(-1, self.length))[0].tolist()
            raise ValueError(f"sample {sample} of sound {sound} is not a finite number.")
        x = aligned(x) if self.align_polarity else x
        if not self.normalise:
            return x
        return torch.from_numpy(InputRepresentation.normalise(x.cpu().double())).to(x)

    def targets(self, Y: Sequence[Mapping[str, Any]], missing: Missing = "raise") -> torch.Tensor:
        """Arrange the labels of n samples, tensors of numbers, as the targets of a training.

        A label that is nan, or that a sample lacks, is an error, or nan if `missing` is "nan".

        Returns:
            A column for each number of each label, shape (n, columns), float64; logarithms where
            `scales` says so, of a class the index.

        Raises:
            ValueError: a sample lacks a label, or has more or fewer numbers than the first; or a
                number is not finite, not above 0 though its scale is 'log', or no index of a class;
            or a label has another number of numbers than `sizes` says.
        """
        check_choice("missing", missing, get_args(Missing))
        if not len(Y):
            raise ValueError("there are no samples to take targets from.")
        table = LabelTable.of(Y, self.labels)
        columns = []
        for label, scale in zip(self.labels, self.scales, strict=True):
            if missing == "raise" and (table.sizes[label] < 0).any():
                i = int(np.argmax(table.sizes[label] < 0))
                has = ", ".join(sorted(Y[i])) or "none"
                raise ValueError(f"sample {i} has no label {label}; it has {has}.")
            columns.append(
                target_columns(
                    table, label, scale, self.classes.get(label, ()), missing, self.sizes.get(label)
                )
            )
        return torch.cat(columns, dim=1)

    @property
    def outputs(self) -> int:
        """The outputs that a model needs: of a class one for each of its names, else one a number.

        A label of `spreads` has another one.
        """
        return sum(self._outputs().values()) + len(self.spreads)

    def split(self, outputs: torch.Tensor) -> dict[str, torch.Tensor]:
        """Split a model's outputs, shape (n, outputs) or (outputs,), by label.

        Return views: its numbers, or their logarithms, shape (n, size) or (size,); of a class, a
        logit for each of its names, shape (n, classes) or (classes,). Raise ValueError for another
        number of outputs.
        """
        sizes = self._outputs()
        found = outputs.shape[-1] if outputs.ndim else 1
        if not outputs.ndim or found != self.outputs:
            needed = [f"{size} for {label}" for label, size in sizes.items()]
            needed += [f"1 for the spread of {label}" for label in self.spreads]
            raise ValueError(
                f"the model has {found} outputs, but its model_input needs {self.outputs}: "
                f"{', '.join(needed)}."
            )
        parts = torch.split(outputs, [*sizes.values(), *[1] * len(self.spreads)], dim=-1)
        return dict(zip(sizes, parts, strict=False))

    def log_spreads(self, outputs: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the natural logarithms of the scales of `spreads`, shape (n, 1) or (1,) each.

        They are the last of a model's outputs, which are as for `split`.
        """
        numbers = sum(part.shape[-1] for part in self.split(outputs).values())
        columns = torch.split(outputs[..., numbers:], 1, dim=-1) if self.spreads else ()
        return dict(zip(self.spreads, columns, strict=True))

    def values(self, outputs: torch.Tensor) -> torch.Tensor:
        """Return what a model's outputs predict, which are as for `split`.

        That is numbers in the units of the labels, and of a class the index of the most probable,
        shape (n, numbers) or (numbers,); float64 where the outputs are, else float32.
        """
        columns = self.split(outputs)
        for label in self.classes:
            columns[label] = columns[label].argmax(-1, keepdim=True).float()
        return self.unscaled(torch.cat([*columns.values()], dim=-1))

    def unscaled(self, targets: torch.Tensor) -> torch.Tensor:
        """Return the numbers that targets, shaped as for `columns`, stand for, as `values` does."""
        # Halves have too few digits.
        numbers = targets if targets.dtype == torch.float64 else targets.float()
        pairs = zip(self.columns(numbers).values(), self.scales, strict=True)
        return torch.cat([x.exp() if scale == "log" else x for x, scale in pairs], dim=-1)

    def columns(self, numbers: torch.Tensor) -> dict[str, torch.Tensor]:
        """Split targets or values, shape (n, numbers) or (numbers,), into views by label.

        Raise ValueError unless there is one column a number of each label.
        """
        sizes = [self.sizes.get(label, 1) for label in self.labels]
        if not numbers.ndim or numbers.shape[-1] != sum(sizes):
            raise ValueError(
                f"targets must have a column for each of {', '.join(self.labels)}, "
                f"got the shape {tuple(numbers.shape)}."
            )
        return dict(zip(self.labels, torch.split(numbers, sizes, dim=-1), strict=True))

    def _outputs(self) -> dict[str, int]:
        """Return how many outputs each label has, without that of its spread."""
        classes = {label: len(names) for label, names in self.classes.items()}
        return dict.fromkeys(self.labels, 1) | dict(self.sizes) | classes

    def to_dict(self) -> dict[str, Any]:
        """Return the fields in plain types, as a checkpoint keeps them."""
        fields = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}
        fields["classes"] = {label: [*names] for label, names in self.classes.items()}
        # Absent where there are none: versions that did not have them can read such a checkpoint.
        later = ("sizes", "spreads", "align_polarity")
        return {name: value for name, value in fields.items() if value or name not in later}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """Return the ModelInput of `to_dict`; raise ValueError for missing or unknown fields."""
        try:
            return cls(**fields)
        except TypeError as error:
            raise ValueError(f"these are not the fields of a ModelInput: {error}") from error


def _judged(x: torch.Tensor) -> torch.Tensor:
    """Return the same numbers; torch cannot tell which of those of a single byte are finite."""
    return x if x.itemsize > 1 else x.float()


@lru_cache(maxsize=8)
def _planned(
    settings: tuple[tuple[str, Any], ...], sample_rate: int, precision: Precision
) -> InputRepresentation:
    """Plan, and warn of silent filters, once for all recipes that agree: copies are made often."""
    given = cast(RepresentationSettings, dict(settings))
    return InputRepresentation(sample_rate, given, precision=precision)
