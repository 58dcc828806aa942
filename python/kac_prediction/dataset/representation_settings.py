"""RepresentationSettings: how a sound is to be represented."""

from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import Any, Literal, cast

import numpy as np
from typing_extensions import TypedDict


class RepresentationSettings(TypedDict, total=False):
    """How a sound is represented; settings left out have the defaults given here.

    A setting may have any legal value where the output type does not concern it. The five that are
    marked optional are shown among the settings, and stored with a dataset, only where they ask for
    something other than their default; None is to leave them out.

    Attributes:
        f_max: highest frequency of the mel filters in hertz, above f_min and at most half the
            sample rate, which it is by default (mel; optional).
        f_min: lowest frequency of the mel filters in hertz, 22.05 (mel).
        hop_length: samples from one frame to the next, 256 (fft and mel).
        log: the result in decibels, 10 log10 of a power or 20 log10 of a magnitude, nothing below
            this floor, a negative number of dB; True is a floor of -100, False is no decibels, as
            by default (fft and mel; optional). Full scale is no reference: 0 dB is a power of 1 in
            a bin or filter.
        mel_norm: 'slaney' for filters of area 1 over the frequency in hertz; by default their
            height is 1 (mel; optional).
        mel_scale: which frequencies count as equally spaced, 'htk': 2595 log10(1 + f / 700), the
            default, or 'slaney': linear below 1 kHz and logarithmic above (mel; optional).
        n_bins: length of the Fourier transform in samples, 512 (fft and mel).
        n_mels: number of mel filters, 32 (mel).
        normalise_input: whether a sound is first brought to [-1, 1], True.
        output_type: the wave itself, its spectrogram or its mel spectrogram, 'end2end'.
        power: 2 for squared magnitudes, the default, or 1 for magnitudes, which the mel filters
            then sum (fft and mel; optional). The square of a magnitude below about 1e-162 (1e-23
            in single precision) is 0, and beyond about 1e154 (1e19) inf; magnitudes have no such
            ends.
        window_length: length of the Hann window in samples, at most n_bins, 512 (fft and mel).
    """

    f_max: float | None
    f_min: float
    hop_length: int
    log: float | bool | None
    mel_norm: Literal["slaney"] | None
    mel_scale: Literal["htk", "slaney"] | None
    n_bins: int
    n_mels: int
    normalise_input: bool
    output_type: Literal["end2end", "fft", "mel"]
    power: Literal[1, 2] | None
    window_length: int


HIGHEST_RATE = 1 << 53  # up to which float64 has every whole number

_DEFAULTS: dict[str, Any] = {
    "f_min": 22.05,
    "hop_length": 256,
    "n_bins": 512,
    "n_mels": 32,
    "normalise_input": True,
    "output_type": "end2end",
    "window_length": 512,
}
_FLOOR = -100.0
_OPTIONAL = {"f_max": None, "log": False, "mel_norm": None, "mel_scale": "htk", "power": 2}
_LARGEST = 1 << 24  # of all counts: a window of six minutes
_LOWEST = float(np.finfo(np.float32).min)  # floor that both precisions can hold


def complete_settings(settings: Mapping[str, Any] | None) -> RepresentationSettings:
    """The seven settings with a default and those that were asked for, checked, alphabetically.

    Raises:
        TypeError: a setting has the wrong type.
        ValueError: a setting is unknown or out of range, or two contradict each other.
    """
    given = {} if settings is None else settings
    if not isinstance(given, Mapping):
        raise TypeError(f"representation settings must be a dictionary, got {given!r}")
    for key in given:
        if key not in _CHECKS:
            raise ValueError(
                f"unknown representation setting {key!r}; there are {', '.join(_CHECKS)}"
            )
    values = _DEFAULTS | {key: value for key, value in given.items() if _is_asked_for(key, value)}
    checked = {key: check(key, values[key]) for key, check in _CHECKS.items() if key in values}
    shown = {k: value for k, value in checked.items() if k in _DEFAULTS or value != _OPTIONAL[k]}
    complete = cast(RepresentationSettings, shown)
    _check_together(complete)
    return complete


def highest_frequency(settings: RepresentationSettings, sample_rate: int) -> float:
    """Of the mel filters, in hertz.

    Raises:
        ValueError: it, or f_min, is too high for the sample rate.
    """
    half = sample_rate / 2
    f_max = settings.get("f_max")
    if f_max is not None and f_max > half:
        raise ValueError(f"f_max must be at most half the sample rate, {half:g} Hz, got {f_max}")
    if settings["f_min"] >= half:
        raise ValueError(
            f"f_min must be below half the sample rate, {half:g} Hz, got {settings['f_min']}"
        )
    return half if f_max is None else f_max


def frame_count(length: int, settings: RepresentationSettings) -> int:
    """How many frames a sound of so many samples has.

    Raises:
        ValueError: it is too short to be reflected at its ends.
    """
    n_bins = settings["n_bins"]
    if length <= n_bins // 2:
        raise ValueError(
            f"a sound of {length} samples is too short to be reflected by half of n_bins, "
            f"{n_bins}: at least {n_bins // 2 + 1} samples are needed"
        )
    return 1 + (length + 2 * (n_bins // 2) - n_bins) // settings["hop_length"]


def differing_settings(settings: RepresentationSettings) -> dict[str, Any]:
    """Return those of complete settings that are not the defaults."""
    return {k: value for k, value in settings.items() if value != _DEFAULTS.get(k)}


def count(name: str, value: Any, largest: int | None = None) -> int:
    """Return a whole number from 1; raise TypeError or ValueError, by its name, for another."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be a whole number, got {value!r}")
    if int(value) < 1:
        raise ValueError(f"{name} must be at least 1, got {brief(value)}")
    if largest is not None and int(value) > largest:
        raise ValueError(f"{name} must be at most {largest}, got {brief(value)}")
    return int(value)


def brief(number: Any) -> str:
    """Return a number as text; hundreds of digits, which Python may refuse to print, as words."""
    try:
        float(number)
    except OverflowError:
        return "a number beyond float64"
    return str(number)


def _bounded_count(name: str, value: Any) -> int:
    return count(name, value, _LARGEST)


def _is_asked_for(key: str, value: Any) -> bool:
    """Not so an optional setting that is None, nor decibels that are False."""
    if key == "log" and isinstance(value, bool | np.bool_):
        return bool(value)
    return key in _DEFAULTS or value is not None


def _check_together(settings: RepresentationSettings) -> None:
    """Refuse, in the words of the settings, what the kernels of spectra would refuse in theirs."""
    # A wave has no frames and no filters, and may keep any numbers.
    if settings["output_type"] == "end2end":
        return
    if settings["window_length"] > settings["n_bins"]:
        raise ValueError(
            f"window_length must not be larger than n_bins, {settings['n_bins']}, "
            f"got {settings['window_length']}"
        )
    f_max = settings.get("f_max")
    if settings["output_type"] == "mel" and f_max is not None and f_max <= settings["f_min"]:
        raise ValueError(f"f_max must be above f_min, {settings['f_min']} Hz, got {f_max}")


def _frequency(name: str, value: Any) -> float:
    number = _number(name, value)
    if not 0.0 <= number < np.inf:
        raise ValueError(
            f"{name} must be a finite frequency in hertz, at least 0, got {brief(value)}"
        )
    return number


def _floor(name: str, value: Any) -> float:
    if isinstance(value, bool | np.bool_):
        return _FLOOR
    number = _number(name, value, "True, False or a number of decibels")
    if not _LOWEST <= number < 0.0:
        raise ValueError(
            f"{name} must be True, False or the floor in decibels, from "
            f"{_LOWEST:.2g} on and a negative number such as {_FLOOR:g}, got {brief(value)}"
        )
    return number


def _number(name: str, value: Any, kind: str = "a number") -> float:
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
        raise TypeError(f"{name} must be {kind}, got {value!r}")
    try:
        return float(value)
    except OverflowError:
        return np.inf  # of either sign: no setting may be as large


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def _power(name: str, value: Any) -> int:
    number = _number(name, value, "1 or 2")
    if number not in (1.0, 2.0):
        raise ValueError(f"{name} must be 1 or 2, got {brief(value)}")
    return int(number)


def _norm(name: str, value: Any) -> str:
    if not isinstance(value, str) or value != "slaney":
        raise ValueError(f"{name} must be None or slaney, got {value!r}")
    return str(value)


def _one_of(*words: str) -> Callable[[str, Any], str]:
    def check(name: str, value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            raise ValueError(f"{name} must be one of {', '.join(words)}, got {value!r}")
        return str(value)

    return check


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "f_max": _frequency,
    "f_min": _frequency,
    "hop_length": _bounded_count,
    "log": _floor,
    "mel_norm": _norm,
    "mel_scale": _one_of("htk", "slaney"),
    "n_bins": _bounded_count,
    "n_mels": _bounded_count,
    "normalise_input": _flag,
    "output_type": _one_of("end2end", "fft", "mel"),
    "power": _power,
    "window_length": _bounded_count,
}
