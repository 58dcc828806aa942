"""Labels as a model learns them: a number, its logarithm, or one of several classes."""

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias, get_args

import numpy as np
import torch

from .._checks import check_choice, check_count
from ..dataset.labels import LabelTable

Missing: TypeAlias = Literal["raise", "nan"]
"""What is made of a label that a sample lacks: an error, or targets that are nan."""

Scale: TypeAlias = Literal["linear", "log"]
"""How a label's number is learnt: as it is, or as its natural logarithm."""


def target_columns(
    table: LabelTable,
    label: str,
    scale: Scale,
    classes: tuple[str, ...],
    missing: Missing,
    size: int | None = None,
) -> torch.Tensor:
    """Return the targets of one label, shape (n, k), float64; refuse what cannot be learnt."""
    sizes = table.sizes[label]
    known = np.flatnonzero(sizes >= 0)
    if not len(known):
        return torch.full((len(sizes), size or 1), torch.nan, dtype=torch.float64)
    first = known[0]
    if (other := known[sizes[known] != sizes[first]]).size:
        raise ValueError(
            f"sample {other[0]} has {sizes[other[0]]} numbers for {label}, "
            f"sample {first} has {sizes[first]}."
        )
    columns = table.columns[label].flatten(1)
    if size is not None and columns.shape[1] != size:
        raise ValueError(f"{label} has {columns.shape[1]} numbers a sample, the model {size}.")
    if classes and columns.shape[1] != 1:
        raise ValueError(f"{label} is a class, one number a sample, got {columns.shape[1]}.")
    is_nan = columns.isnan()
    faults = [(columns.isinf(), "a label must be finite")]
    if missing == "raise":
        faults += [(is_nan, "a label must be a number (missing='nan' leaves it out)")]
    if scale == "log":
        faults += [(columns <= 0, "what is learnt as a logarithm must be above 0")]
    if classes:
        index = (columns == columns.floor()) & (columns >= 0) & (columns < len(classes))
        remedy = f"a class must be the index of one of {', '.join(classes)}"
        faults += [(~index & ~is_nan, remedy)]
    for wrong, remedy in faults:
        if wrong.any():
            i, k = torch.nonzero(wrong)[0].tolist()
            raise ValueError(f"sample {i} has {label} {columns[i, k].item():g}: {remedy}.")
    return columns.log() if scale == "log" else columns


def check_texts(name: str, texts: Iterable[str]) -> tuple[str, ...]:
    """Return texts as a tuple; raise TypeError for a single text, whose letters would be taken."""
    found = tuple(texts) if isinstance(texts, Iterable) else (None,)
    if isinstance(texts, str) or not all(isinstance(text, str) for text in found):
        kind = "the text " if isinstance(texts, str) else ""
        raise TypeError(f"{name} must be a tuple of texts, got {kind}{texts!r}.")
    return found


def check_scales(scales: Iterable[str], count: int) -> tuple[Scale, ...]:
    """Return one scale a label; () stands for linear ones."""
    found = check_texts("scales", scales) or ("linear",) * count
    for scale in found:
        check_choice("each of scales", scale, get_args(Scale))
    if len(found) != count:
        raise ValueError(f"each of {count} labels needs its scale, got {found}.")
    return found  # type: ignore[return-value]


def check_classes(
    classes: Mapping[str, Iterable[str]], scales: Mapping[str, Scale]
) -> dict[str, tuple[str, ...]]:
    """Return the names of the classes, by label; `scales` has all labels."""
    if not isinstance(classes, Mapping):
        raise TypeError(f"classes must map labels to their names, got {classes!r}.")
    checked = {}
    for label, names in classes.items():
        checked[label] = found = check_texts(f"the classes of {label}", names)
        if label not in scales:
            raise ValueError(f"classes names {label!r}, which is none of {', '.join(scales)}.")
        if scales[label] != "linear":
            raise ValueError(f"{label} is a class and has no logarithm: its scale is 'linear'.")
        if not all(found) or len(found) < 2 or len(set(found)) != len(found):
            raise ValueError(f"{label} needs two or more different names of classes, got {found}.")
    return checked


def check_sizes(
    sizes: Mapping[str, int], labels: tuple[str, ...], classes: Mapping[str, object]
) -> dict[str, int]:
    """Return how many numbers the labels named have, none of which is a class."""
    if not isinstance(sizes, Mapping):
        raise TypeError(f"sizes must map labels to how many numbers they are, got {sizes!r}.")
    for label in sizes:
        if label not in labels or label in classes:
            known = ", ".join(each for each in labels if each not in classes)
            raise ValueError(f"sizes names {label!r}, which is no number among {known}.")
    return {label: check_count(f"the size of {label}", size, 2) for label, size in sizes.items()}


def check_spreads(spreads: Iterable[str], numbers: Iterable[str]) -> tuple[str, ...]:
    """Return the labels whose spread is predicted, each of them a single number."""
    found, known = check_texts("spreads", spreads), (*numbers,)
    if len(set(found)) != len(found) or not set(found) <= set(known):
        raise ValueError(f"spreads must be some of {', '.join(known)}, once each, got {found}.")
    return found
