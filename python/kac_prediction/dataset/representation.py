"""InputRepresentation: what a network sees of a sound."""

from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from typing_extensions import TypedDict

from .. import _core


class RepresentationSettings(TypedDict, total=False):
    """How a sound is represented; settings left out have the defaults given here.

    Attributes:
        f_min: lowest frequency of the mel filters in hertz, 22.05 (mel only).
        hop_length: samples from one frame to the next, 256 (fft and mel).
        n_bins: length of the Fourier transform in samples, 512 (fft and mel).
        n_mels: number of mel filters, 32 (mel only).
        normalise_input: whether a sound is first brought to [-1, 1], True.
        output_type: the wave itself, its power spectrogram or its mel spectrogram, 'end2end'.
        window_length: length of the Hann window in samples, at most n_bins, 512 (fft and mel).
    """

    f_min: float
    hop_length: int
    n_bins: int
    n_mels: int
    normalise_input: bool
    output_type: Literal["end2end", "fft", "mel"]
    window_length: int


_DEFAULTS: dict[str, Any] = {
    "f_min": 22.05,
    "hop_length": 256,
    "n_bins": 512,
    "n_mels": 32,
    "normalise_input": True,
    "output_type": "end2end",
    "window_length": 512,
}
_OUTPUT_TYPES = ("end2end", "fft", "mel")


class InputRepresentation:
    """Turns waves into what a network sees: the wave, a power spectrogram, or a mel spectrogram.

    Frames are centred, with a periodic Hann window in the middle of n_bins samples; beyond its ends
    a sound is reflected. The mel filters are triangles on the HTK scale from f_min to half the
    sample rate, of height 1, applied to the power spectrogram.

    Attributes:
        sample_rate: samples per second.
        settings: all settings, in alphabetical order.
        threads: how many threads `transform` may use; 0 means all that the process may use. The
            result has the same bits for any number.
    """

    settings: RepresentationSettings

    def __init__(
        self,
        sample_rate: int,
        settings: RepresentationSettings | None = None,
        *,
        threads: int = 0,
    ) -> None:
        """Prepare the transform.

        Args:
            sample_rate: samples per second.
            settings: those that differ from the defaults.
            threads: see above.

        Raises:
            TypeError: a setting has the wrong type.
            ValueError: a setting is unknown or out of range.
        """
        self.sample_rate = _count("sample_rate", sample_rate)
        self.settings = _complete(settings)
        self.threads = threads
        self._plan = _plan(self.settings, self.sample_rate)

    def transform(self, waveform: npt.ArrayLike | torch.Tensor) -> torch.Tensor:
        """Represent one sound or many.

        Args:
            waveform: shape (length,) or (n, length).

        Returns:
            New float64 tensor of the shape `transformShape` gives, after (n,) for many sounds.

        Raises:
            ValueError: the shape is another, a sample is not a finite number, or a sound is too
                short to be reflected at its ends.
        """
        sounds = _float64(waveform)
        if sounds.ndim not in (1, 2) or sounds.shape[-1] == 0:
            raise ValueError(
                "a waveform must have the shape (length,) or (n, length) and at least one sample, "
                f"got {sounds.shape}"
            )
        if self.settings["normalise_input"]:
            sounds = self.normalise(sounds)
        elif self._plan is None:
            _require_finite(sounds)
            sounds = sounds.copy()
        if self._plan is None:
            return torch.from_numpy(sounds)
        power = self._plan.power(np.atleast_2d(sounds), threads=self.threads)
        return torch.from_numpy(power if sounds.ndim == 2 else power[0])

    @staticmethod
    def normalise(waveform: npt.ArrayLike | torch.Tensor) -> npt.NDArray[np.float64]:
        """Map the smallest and the largest sample of each sound to -1 and 1.

        Args:
            waveform: shape (..., length).

        Returns:
            New array of the same shape; all zeros for a sound that is constant.

        Raises:
            ValueError: there are no samples, one is not a finite number, or their span is not.
        """
        sounds = _float64(waveform)
        if sounds.ndim == 0 or sounds.shape[-1] == 0:
            raise ValueError(f"a waveform must have at least one sample, got shape {sounds.shape}")
        low = sounds.min(axis=-1, keepdims=True)
        with np.errstate(over="ignore", invalid="ignore"):
            span = sounds.max(axis=-1, keepdims=True) - low
        if not np.isfinite(span).all():
            _require_finite(sounds)
            raise ValueError("the samples of a waveform lie too far apart for float64")
        constant = span == 0
        result: npt.NDArray[np.float64] = sounds - low
        # In this order the ends come out as exactly -1 and 1, and nothing beyond them.
        result /= np.where(constant, 1.0, span)
        result *= 2.0
        result -= np.where(constant, 0.0, 1.0)
        return result

    @staticmethod
    def transformShape(data_length: int, settings: RepresentationSettings) -> tuple[int, ...]:
        """Shape of the representation of one sound.

        Args:
            data_length: length of the sound in samples.
            settings: those that differ from the defaults.

        Returns:
            `(data_length,)`, `(n_bins // 2 + 1, frames)` or `(n_mels, frames)`, with
            frames = 1 + (data_length + 2 * (n_bins // 2) - n_bins) // hop_length.

        Raises:
            TypeError: a setting, or `data_length`, has the wrong type.
            ValueError: one is out of range, or the sound is too short to be reflected.
        """
        length = _count("data_length", data_length)
        complete = _complete(settings)
        if complete["output_type"] == "end2end":
            return (length,)
        plan = _spectrogram(complete)
        rows = complete["n_mels"] if complete["output_type"] == "mel" else plan.bins
        return (rows, plan.frames(length))


def _complete(settings: Mapping[str, Any] | None) -> RepresentationSettings:
    """All seven settings, checked."""
    given = {} if settings is None else settings
    if not isinstance(given, Mapping):
        raise TypeError(f"representation settings must be a dictionary, got {given!r}")
    for key in given:
        if key not in _DEFAULTS:
            raise ValueError(
                f"unknown representation setting {key!r}; there are {', '.join(_DEFAULTS)}"
            )
    values = {**_DEFAULTS, **given}
    complete = RepresentationSettings(
        f_min=_frequency("f_min", values["f_min"]),
        hop_length=_count("hop_length", values["hop_length"]),
        n_bins=_count("n_bins", values["n_bins"]),
        n_mels=_count("n_mels", values["n_mels"]),
        normalise_input=_flag("normalise_input", values["normalise_input"]),
        output_type=values["output_type"],
        window_length=_count("window_length", values["window_length"]),
    )
    if complete["output_type"] not in _OUTPUT_TYPES:
        raise ValueError(
            f"output_type must be one of {', '.join(_OUTPUT_TYPES)}, got {values['output_type']!r}"
        )
    # Said here in the words of the settings; a wave has no frames, and may keep any numbers.
    if complete["output_type"] != "end2end" and complete["window_length"] > complete["n_bins"]:
        raise ValueError(
            f"window_length must not be larger than n_bins, {complete['n_bins']}, "
            f"got {complete['window_length']}"
        )
    return complete


def _spectrogram(settings: RepresentationSettings) -> _core.Spectrogram:
    return _core.Spectrogram(settings["n_bins"], settings["window_length"], settings["hop_length"])


def _plan(
    settings: RepresentationSettings, sample_rate: int
) -> _core.Spectrogram | _core.MelSpectrogram | None:
    """The kernel for these settings; None for the wave itself."""
    if settings["output_type"] == "end2end":
        return None
    if settings["output_type"] == "fft":
        return _spectrogram(settings)
    return _core.MelSpectrogram(
        settings["n_bins"],
        settings["window_length"],
        settings["hop_length"],
        settings["n_mels"],
        settings["f_min"],
        sample_rate,
    )


def _count(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be a whole number, got {value!r}")
    if int(value) < 1:
        raise ValueError(f"{name} must be at least 1, got {value}")
    return int(value)


def _frequency(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not 0.0 <= float(value) < np.inf:
        raise ValueError(f"{name} must be a frequency in hertz, at least 0, got {value}")
    return float(value)


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def _float64(waveform: npt.ArrayLike | torch.Tensor) -> npt.NDArray[np.float64]:
    """The samples as a float64 array, a view where they already are one."""
    if isinstance(waveform, torch.Tensor):
        waveform = waveform.detach().cpu().numpy()
    if np.iscomplexobj(waveform):
        raise TypeError("a waveform must hold real numbers, got complex ones")
    return np.asarray(waveform, dtype=np.float64)


def _require_finite(sounds: npt.NDArray[np.float64]) -> None:
    strange = np.argwhere(~np.isfinite(sounds.reshape(-1, sounds.shape[-1])))
    if strange.size > 0:
        signal, sample = strange[0]
        value = sounds.reshape(-1, sounds.shape[-1])[signal, sample]
        raise ValueError(
            f"sample {sample} of signal {signal} is {value}; all samples must be finite numbers"
        )
