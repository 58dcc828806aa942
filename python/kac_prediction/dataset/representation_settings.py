"""RepresentationSettings: how a sound is to be represented."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal, cast

import numpy as np
from typing_extensions import TypedDict

from .._checks import brief, check_choice, check_count, check_flag, check_number, did_you_mean


class RepresentationSettings(TypedDict, total=False):
    """How a sound is represented; settings left out have the defaults given here.

    A setting may have any legal value where the output type does not concern it. The five optional
    ones are shown, and stored with a dataset, only where they differ from their default; None is to
    leave them out.

    Attributes:
        f_max: highest frequency of the mel filters in hertz, above f_min and at most half the
            sample rate, which it is by default (mel; optional).
        f_min: lowest frequency of the mel filters in hertz, 22.05 (mel).
        hop_length: samples from one frame to the next, 256 (fft and mel).
        log: the result in decibels, 10 log10 of a power or 20 log10 of a magnitude (0 dB is 1), not
            below this floor, a negative number of dB; True is a floor of -100, False, the default,
            is no decibels (fft and mel; optional).
        mel_norm: 'slaney' for filters of area 1 over the frequency in hertz; by default their
            height is 1 (mel; optional).
        mel_scale: which frequencies count as equally spaced, 'htk': 2595 log10(1 + f / 700), the
            default, or 'slaney': linear below 1 kHz and logarithmic above (mel; optional).
        n_bins: length of the Fourier transform in samples, 512 (fft and mel).
        n_mels: number of mel filters, 32 (mel).
        normalise_input: whether a sound is first brought to [-1, 1], True.
        output_type: the wave itself, its spectrogram or its mel spectrogram, 'end2end'.
        power: 2 for squared magnitudes, the default, or 1 for magnitudes, which the mel filters
            then sum (fft and mel; optional). Squares of magnitudes below about 1e-162 (1e-23 in
            single precision) are 0, and beyond about 1e154 (1e19) inf.
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

DEFAULTS: dict[str, Any] = {
    "f_min": 22.05,
    "hop_length": 256,
    "n_bins": 512,
    "n_mels": 32,
    "normalise_input": True,
    "output_type": "end2end",
    "window_length": 512,
}
_OPTIONAL = {"f_max": None, "log": False, "mel_norm": None, "mel_scale": "htk", "power": 2}
_FLOOR = -100.0
_LOWEST_FLOOR = float(np.finfo(np.float32).min)  # that both precisions can hold


def complete_settings(settings: Mapping[str, Any] | None) -> RepresentationSettings:
    """Return the seven settings with a default and those asked for, checked, alphabetically."""
    given = {} if settings is None else settings
    if not isinstance(given, Mapping):
        raise TypeError(
            "representation settings must be a dictionary, such as {'output_type': 'mel'}, or "
            f"None, got {given!r}"
        )
    values = dict(DEFAULTS)
    for key, value in given.items():
        if key not in _CHECKS:
            raise ValueError(
                f"unknown representation setting {key!r}; there are {', '.join(_CHECKS)}"
                f"{did_you_mean(key, _CHECKS)}"
            )
        no_decibels = key == "log" and isinstance(value, bool | np.bool_) and not value
        if key in DEFAULTS or not (value is None or no_decibels):
            values[key] = value
    checked = {key: check(key, values[key]) for key, check in _CHECKS.items() if key in values}
    shown = {k: value for k, value in checked.items() if k in DEFAULTS or value != _OPTIONAL[k]}
    complete = cast(RepresentationSettings, shown)
    if complete["output_type"] == "end2end":  # a wave has no frames and no filters
        return complete
    if complete["window_length"] > complete["n_bins"]:
        raise ValueError(
            f"window_length must not be larger than n_bins, {complete['n_bins']}, "
            f"got {complete['window_length']}"
        )
    f_max = complete.get("f_max")
    if complete["output_type"] == "mel" and f_max is not None and f_max <= complete["f_min"]:
        raise ValueError(f"f_max must be above f_min, {complete['f_min']} Hz, got {f_max}")
    return complete


def highest_frequency(settings: RepresentationSettings, sample_rate: int) -> float:
    """Return the highest frequency of the mel filters in hertz, if the sample rate allows it."""
    half, f_max = sample_rate / 2, settings.get("f_max")
    if f_max is not None and f_max > half:
        raise ValueError(f"f_max must be at most half the sample rate, {half:g} Hz, got {f_max}")
    if settings["f_min"] >= half:
        raise ValueError(
            f"f_min must be below half the sample rate, {half:g} Hz, got {settings['f_min']}"
        )
    return half if f_max is None else f_max


def frame_count(length: int, settings: RepresentationSettings) -> int:
    """Return how many frames a sound has; raise ValueError if it is too short to be reflected."""
    n_bins = settings["n_bins"]
    if length <= n_bins // 2:
        raise ValueError(
            f"a sound of {length} samples is too short to be reflected by half of n_bins, "
            f"{n_bins}: at least {n_bins // 2 + 1} samples are needed"
        )
    return 1 + (length + 2 * (n_bins // 2) - n_bins) // settings["hop_length"]


def _check_floor(name: str, value: Any) -> float:
    if isinstance(value, bool | np.bool_):
        return _FLOOR
    try:
        return check_number(name, value, least=_LOWEST_FLOOR, below=0.0)
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"{error}: give True, False or the floor in decibels, a negative number such as -100"
        ) from None


def _check_power(name: str, value: Any) -> int:
    if check_number(name, value) not in (1.0, 2.0):
        raise ValueError(f"{name} must be 1 or 2, got {brief(value)}")
    return int(value)


_check_frequency = partial(check_number, least=0.0)
_check_size = partial(check_count, most=1 << 24)  # a window of six minutes
_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "f_max": _check_frequency,
    "f_min": _check_frequency,
    "hop_length": _check_size,
    "log": _check_floor,
    "mel_norm": partial(check_choice, choices=("slaney",)),
    "mel_scale": partial(check_choice, choices=("htk", "slaney")),
    "n_bins": _check_size,
    "n_mels": _check_size,
    "normalise_input": check_flag,
    "output_type": partial(check_choice, choices=("end2end", "fft", "mel")),
    "power": _check_power,
    "window_length": _check_size,
}
