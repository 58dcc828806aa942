"""Spectra as a model sees them: planned once, and in the dtype of the sound."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

import torch

from ..dataset import InputRepresentation, RepresentationSettings
from ..dataset.representation import Precision
from ..dataset.representation_settings import complete_settings


def settings_of_spectra(settings: object, sample_rate: int, length: int) -> RepresentationSettings:
    """Return all settings; the recipe normalises, not the representation.

    Raises:
        TypeError: not a dictionary, or a setting of the wrong type.
        ValueError: a setting that is unknown or out of range, or needs longer sounds.
    """
    if not isinstance(settings, Mapping):
        raise TypeError(
            "representation must be a dictionary of settings, such as {'output_type': 'mel'}, "
            f"or None, got {settings!r}."
        )
    found = _planned(sample_rate, _key(settings), "double").settings
    InputRepresentation.transformShape(length, found)
    return found


def spectra(x: torch.Tensor, settings: Mapping[str, Any], sample_rate: int) -> torch.Tensor:
    """Represent sounds of floating numbers, shape (length,) or (n, length).

    Returns:
        The representation, in their dtype; computed in float32 unless that is float64.

    Raises:
        ValueError: a sound that does not fit the settings, or a spectrum beyond the dtype.
    """
    precision: Precision = "double" if x.dtype == torch.float64 else "single"
    result = _planned(sample_rate, _key(settings), precision).transform(x).to(x)
    if not _all_finite(result):
        raise ValueError(
            f"a spectrum is beyond {x.dtype}, which ends at {torch.finfo(x.dtype).max:.3g}: "
            "set log in the representation, or give sounds of a wider dtype or less amplitude."
        )
    return result


def finite(x: torch.Tensor) -> torch.Tensor:
    """Return which numbers are finite."""
    return torch.isfinite(_readable(x))


def _all_finite(x: torch.Tensor) -> bool:
    """Look at the ends, to which nan spreads: five times as fast as at each number."""
    ends = torch.aminmax(_readable(x)) if x.numel() else ()
    return all(bool(torch.isfinite(end)) for end in ends)


def _readable(x: torch.Tensor) -> torch.Tensor:
    """Return the same numbers; torch cannot judge those of a single byte."""
    return x if x.itemsize > 1 else x.float()


def _key(settings: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """Return checked settings as what a cache can compare."""
    return tuple(complete_settings({**settings, "normalise_input": False}).items())


@lru_cache(maxsize=8)
def _planned(
    sample_rate: int, settings: tuple[tuple[str, Any], ...], precision: Precision
) -> InputRepresentation:
    """Plan, and warn of silent filters, once for all recipes that agree: copies are made often."""
    given = cast(RepresentationSettings, dict(settings))
    return InputRepresentation(sample_rate, given, precision=precision)
