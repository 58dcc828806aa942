"""Validators of arguments: each kind of value is checked here, and refused in one wording.

Every `check_...` takes the name of the argument first, for the message, and returns the value in
its plain Python type.
"""

import difflib
import re
import reprlib
from collections.abc import Iterable, Mapping
from math import inf, isfinite
from numbers import Integral, Real
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ._arrays import Float64

T = TypeVar("T")

MALFORMED = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""What reading a document of any other shape raises."""

_LONGEST = 300  # characters of a value in a message
_REPR = reprlib.Repr()
_REPR.maxlevel = 3  # else aliases within aliases are printed by the million
_REPR.maxlist = _REPR.maxtuple = _REPR.maxdict = _REPR.maxset = 12
_REPR.maxstring = _REPR.maxother = 120


def check_count(name: str, value: Any, least: int | None = 1, most: int | None = None) -> int:
    """Return a whole number of at least `least` and at most `most` (None: no limit).

    Raises:
        TypeError: not an integer (a bool is none).
        ValueError: out of range.
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be a whole number, got {brief(value)}")
    if least is not None and int(value) < least:
        raise ValueError(f"{name} must be at least {least}, got {brief(value)}")
    if most is not None and int(value) > most:
        raise ValueError(f"{name} must be at most {most}, got {brief(value)}")
    return int(value)


def check_whole(name: str, value: Any, least: int = 1, most: int | None = None) -> int:
    """Return a whole number, which may be a float such as 48000.0.

    For what is often read from a file, as a sample rate is; `check_count` takes integers alone.

    Raises:
        ValueError: anything else (a bool too), or out of range.
    """
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number or not -inf < value < inf or value % 1:
        raise ValueError(f"{name} must be a whole number from {least}, got {brief(value)}")
    return check_count(name, int(value), least, most)


def check_number(
    name: str,
    value: Any,
    *,
    above: float = -inf,
    least: float = -inf,
    most: float = inf,
    below: float = inf,
) -> float:
    """Return a finite number with above < number < below and least <= number <= most.

    Raises:
        TypeError: not a real number (neither a bool nor a text is one).
        ValueError: not finite, or out of range.
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {brief(value)}")
    try:
        number = float(value)
    except OverflowError:  # an integer beyond float64
        number = inf
    if not isfinite(number):
        raise ValueError(f"{name} must be a finite number, got {brief(value)}")
    bounds = [
        (number > above, f"above {above:g}"),
        (number >= least, f"at least {least:g}"),
        (number <= most, f"at most {most:g}"),
        (number < below, f"below {below:g}"),
    ]
    for holds, bound in bounds:
        if not holds:
            raise ValueError(f"{name} must be {bound}, got {brief(value)}")
    return number


def check_numbers(name: str, values: Any, *counts: int) -> tuple[float, ...]:
    """Return finite numbers, of which there must be one of `counts`; a number counts as one.

    Raises:
        ValueError: not as many, or not numbers (a text is none), or one that is not finite.
    """
    try:
        array = np.atleast_1d(np.asarray(values))
        # Objects are Python's numbers, such as fractions, or what float refuses.
        numbers = array.astype(np.float64) if array.dtype.kind in "biufO" else np.empty(0)
    except (TypeError, ValueError, OverflowError):
        numbers = np.empty(0)
    if numbers.ndim != 1 or len(numbers) not in counts or not np.isfinite(numbers).all():
        wanted = " or ".join(map(str, counts))
        raise ValueError(f"{name} must be {wanted} finite number(s), got {brief(values)}")
    return tuple(numbers.tolist())


def check_flag(name: str, value: Any) -> bool:
    """Return True or False; raise TypeError for anything else."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be True or False, got {brief(value)}")
    return bool(value)


def check_choice(name: str, value: Any, choices: Iterable[T]) -> T:
    """Return the one of the choices that equals the value.

    Raises:
        ValueError: there is none; the message lists them, and the nearest name first.
    """
    known = list(choices)
    for each in known:
        if type(value) in (type(each), np.str_) and each == value:
            return each
    names = [str(each) for each in known]
    raise ValueError(
        f"{name} must be one of {', '.join(names)}, got {brief(value)}{did_you_mean(value, names)}"
    )


def check_seed(name: str, value: Any) -> int:
    """Return a whole number in [0, 2^64), from which random numbers can be drawn."""
    return check_count(name, value, least=0, most=2**64 - 1)


def check_vectors(values: Mapping[str, Any], dtype: Any = np.float64) -> dict[str, Any]:
    """Return arrays by name, all of one shape (n,), n from 1.

    Raises:
        ValueError: other shapes; the message names the first array and the one that differs.
    """
    vectors = {name: np.asarray(value, dtype) for name, value in values.items()}
    first = next(iter(vectors))
    shape = vectors[first].shape
    for name, vector in vectors.items():
        if len(shape) != 1 or not shape[0] or vector.shape != shape:
            raise ValueError(
                f"{first} and {name} must have one shape (n,), n from 1, got {shape} and "
                f"{vector.shape}"
            )
    return vectors


def check_samples(name: str, samples: Any) -> npt.NDArray[Any]:
    """Return an array of real numbers, of any shape but (); raise TypeError for anything else."""
    try:
        array = np.asarray(samples)
    except ValueError:  # lists of different lengths
        array = np.empty(0, object)
    if array.dtype.kind == "c":
        raise TypeError(f"{name} must hold real numbers, got complex ones: take its real part")
    if array.dtype.kind not in "biuf" or not array.ndim:
        raise TypeError(f"{name} must be samples, an array of real numbers, got {brief(samples)}")
    return array


def check_sound(name: str, samples: Any, least: int = 1) -> Float64:
    """Return a mono sound of at least so many samples, shape (length,).

    Raises:
        TypeError: anything but real numbers.
        ValueError: another shape, fewer samples, one that is not finite, or all are equal.
    """
    sound = check_samples(name, samples)
    if sound.ndim != 1:
        raise ValueError(f"{name} must be mono, of shape (length,), got {sound.shape}")
    if len(sound) < least:
        raise ValueError(f"{name} must have {least} samples or more, got {len(sound)}")
    lowest, highest = float(sound.min()), float(sound.max())
    if not isfinite(lowest) or not isfinite(highest):
        first = int(np.argmin(np.isfinite(sound)))
        raise ValueError(f"sample {first} of {name} is not a finite number")
    if lowest == highest:
        raise ValueError(f"{name} is silent: all its samples are {lowest:g}")
    return np.asarray(sound, np.float64)


def did_you_mean(word: Any, known: Iterable[str]) -> str:
    """Return ': did you mean NAME?' with the nearest of the known names; '' where none is near."""
    text = word[:_LONGEST] if isinstance(word, str) else brief(word)
    nearest = difflib.get_close_matches(text, sorted(known), n=1)
    return f": did you mean {nearest[0]}?" if nearest else ""


def brief(value: Any) -> str:
    """Return a value as text of at most some hundred characters, whatever it is.

    Of a number its digits; hundreds of them, which Python may refuse to print, as words. What
    holds other values is cut short within it, since all of it may be beyond the memory.
    """
    try:
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        if is_number:
            float(value)  # else it has digits without end
        text = str(value) if is_number else _REPR.repr(value)
    except OverflowError:
        return "a number beyond float64"
    except Exception:  # of a foreign class, whose text may fail in any way
        return f"a {type(value).__name__}"
    return shorten(text)


def reason(error: Exception) -> str:
    """Return what an error of MALFORMED says, for a message."""
    return shorten(f"it lacks {error}" if isinstance(error, KeyError) else str(error))


def shorten(text: str) -> str:
    """Return a text as a message can show it: in one line, printable, and not too long."""
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    characters = re.sub(r"\s*\n\s*", " ", text)
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in characters)
