"""What a run predicted of unseen drums, kept beside its checkpoints for whoever draws it."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from .._arrays import Float64
from .._checks import MALFORMED, brief
from .._files import replacing
from .._untrusted import open_regular
from ..evaluation import LabelledSounds
from ..evaluation.report import Values
from ..geometry import Circle, Shape
from ..pipeline import ModelInput

logger = logging.getLogger(__name__)

PREDICTIONS: Final = "predictions.json"
_MOST: Final = 2**28  # bytes
_QUANTILES: Final = (1 / 6, 1 / 2, 5 / 6)  # of the sizes, so none is picked for looking well
_POINTS: Final = 256  # of an outline


@dataclass(frozen=True)
class LabelPredictions:
    """The truth of a label, shape (n,), and what was predicted; of a class, indices."""

    unit: str
    classes: tuple[str, ...]
    true: Float64
    predicted: Float64

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Self:
        """Read it as JSON has it; raise what `MALFORMED` lists for anything else."""
        true, predicted = (_numbers(fields[name], 1) for name in ("true", "predicted"))
        classes = tuple(str(name) for name in fields["classes"])
        if len(true) != len(predicted) or not len(true):
            raise ValueError(f"{len(true)} true values and {len(predicted)} predicted ones")
        if classes and not set(np.concatenate([true, predicted])) <= set(range(len(classes))):
            raise ValueError(f"an index of none of the classes {brief(classes)}")
        return cls(str(fields["unit"]), classes, true, predicted)


@dataclass(frozen=True)
class Predictions:
    """By label, what was predicted of the sounds of the test set; and outlines of some drums."""

    labels: Mapping[str, LabelPredictions]
    drums: tuple[Mapping[str, Float64], ...]  # outlines `true` and `predicted`, (n, 2), metres
    discs: bool  # whether these are discs of their areas, as the shapes are not known

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file.

        Raises:
            FileNotFoundError: there is none.
            ValueError: it is not what `keep_predictions` wrote.
        """
        try:
            with open_regular(path, most=_MOST) as file:
                found = json.load(file)
            labels = {str(k): LabelPredictions.of(each) for k, each in found["labels"].items()}
            drums = tuple(
                {name: _numbers(drum[name], 2) for name in ("true", "predicted")}
                for drum in found["drums"]
            )
        except MALFORMED as error:
            raise ValueError(
                f"{path} is not what a training writes ({error}): remove it, and the picture of the"
                " run is shown"
            ) from error
        return cls(labels, drums, bool(found.get("discs")))


def keep_predictions(
    directory: Path,
    model_input: ModelInput,
    sounds: LabelledSounds,
    chosen: npt.NDArray[np.int64],
    true: Values,
    predicted: Values,
) -> None:
    """Write the predictions for sounds of indices `chosen`, but those of outlines.

    A disk that is full or gone is logged: it undoes no training.
    """
    units = dict(zip(model_input.labels, model_input.units, strict=True))
    labels = {
        label: {
            "unit": units[label],
            "classes": [*model_input.classes.get(label, ())],
            "true": true[label].tolist(),
            "predicted": predicted[label].tolist(),
        }
        for label in model_input.labels
        if label not in model_input.sizes
    }
    try:
        drums = _drums(sounds, chosen, true, predicted) if "drum_size" in true else []
        known = {"drums": drums, "discs": not sounds.have_shapes, "sounds": chosen.tolist()}
        text = json.dumps({"labels": labels, **known})
        with replacing(directory / PREDICTIONS, durable=False) as staged:
            staged.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        logger.warning("%s cannot be written (%s)", directory / PREDICTIONS, error)


def _drums(
    sounds: LabelledSounds,
    chosen: npt.NDArray[np.int64],
    true: Values,
    predicted: Values,
) -> list[dict[str, Any]]:
    """Return the outlines of a small, a middling and a large drum, true and predicted."""
    order = np.argsort(true["drum_size"], kind="stable")
    smallest = 1e-3 * float(true["drum_size"].max())
    drums = []
    for k in dict.fromkeys(int(order[int(share * len(order))]) for share in _QUANTILES):
        shapes: tuple[Shape, Shape]
        if sounds.have_shapes:
            i = int(chosen[k])
            shapes = sounds.true_shape(i), sounds.predicted_shape(i, predicted, k)
        else:
            size = max(float(predicted["drum_size"][k]), smallest)
            shapes = Circle.of_size(float(true["drum_size"][k])), Circle.of_size(size)
        drums.append(dict(zip(("true", "predicted"), map(_outline, shapes), strict=True)))
    return drums


def _outline(shape: Shape) -> list[list[float]]:
    """Return the outline of a shape about its centroid, metres to six digits."""
    points = shape.outline() - np.array(shape.centroid)
    points = points[:: -(-len(points) // _POINTS)]
    return [[float(f"{number:.6g}") for number in point] for point in points]


def _numbers(values: Any, dimensions: int) -> Float64:
    """Return finite numbers of shape (n,), or (n, 2), n from 1."""
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != dimensions or not numbers.size or numbers.shape[1:] not in ((), (2,)):
        raise ValueError(f"numbers of shape {numbers.shape}")
    if not np.isfinite(numbers).all():
        raise ValueError("a number that is not finite")
    return numbers
