"""Numbers as users give them."""

from numbers import Real

import numpy as np
import numpy.typing as npt


def require_number(name: str, value: object) -> float:
    """Return `value` as a float; raise TypeError unless it is a number (a text is none)."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {value!r}.")
    return float(value)


def as_numbers(value: object) -> npt.NDArray[np.float64]:
    """Return a number or an array of them as float64; no numbers where it is anything else."""
    try:
        return np.asarray(value).astype(np.float64, casting="safe")
    except (TypeError, ValueError):  # words, or sequences of unequal lengths
        return np.empty(0)
