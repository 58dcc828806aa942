"""InputRepresentation: what a network sees of a sound."""

import logging
from functools import partial
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch

from .. import _core
from .._arrays import ArrayLike, Float64
from .._checks import check_choice, check_count
from .representation_settings import (
    DEFAULTS,
    HIGHEST_RATE,
    RepresentationSettings,
    complete_settings,
    frame_count,
    highest_frequency,
)

__all__ = ["InputRepresentation", "RepresentationSettings"]

Precision = Literal["double", "single"]

_DTYPES: dict[Precision, type[np.floating]] = {"double": np.float64, "single": np.float32}
_MOST_THREADS = (1 << 16) - 1

logger = logging.getLogger(__name__)


class InputRepresentation:
    """Turn waves into what a network sees: the wave, a spectrogram, or a mel spectrogram.

    Frame f is centred on sample f * hop_length: it is the Fourier transform of the n_bins samples
    from f * hop_length - n_bins // 2 on, under a periodic Hann window of window_length in their
    middle. The sound is reflected at its ends, by n_bins // 2 samples (before sample 0 come
    samples 1, 2, ...), so it must be longer than that; there are
    1 + (length + 2 * (n_bins // 2) - n_bins) // hop_length frames.

    Mel filters are triangles, equally wide on the mel scale, from f_min to f_max. One that falls
    between two bins of the transform sees nothing: its row is silent, and a warning is logged.

    The settings, which `RepresentationSettings` explains: output_type ('end2end', 'fft' or 'mel')
    and normalise_input; for spectra n_bins, window_length, hop_length, and optionally power and
    log; for the mel filters n_mels, f_min, and optionally f_max, mel_scale and mel_norm.

    Attributes:
        threads: how many threads `transform` may use; 0 means all that the process may use. The
            result has the same bits for any number.
    """

    def __init__(
        self,
        sample_rate: int,
        settings: RepresentationSettings | None = None,
        *,
        threads: int = 0,
        precision: Precision = "double",
    ) -> None:
        """Prepare the transform.

        Args:
            sample_rate: samples per second.
            settings: those of `RepresentationSettings` that differ from the defaults.
            threads: see above.
            precision: 'double' or 'single', in which everything is computed and returned.

        Raises:
            TypeError, ValueError: a setting has the wrong type, is unknown or out of range.
        """
        self._sample_rate = check_count("sample_rate", sample_rate, most=HIGHEST_RATE)
        self._settings = complete_settings(settings)
        self.threads = check_count("threads", threads, least=0, most=_MOST_THREADS)
        self._precision: Precision = check_choice("precision", precision, _DTYPES)
        self._plan = _plan(self._settings, self._sample_rate, self._precision)

    @property
    def precision(self) -> Precision:
        """The precision of computations and results, 'double' or 'single'."""
        return self._precision

    @property
    def sample_rate(self) -> int:
        """Samples per second."""
        return self._sample_rate

    @property
    def settings(self) -> RepresentationSettings:
        """A copy of all settings, alphabetically, optional ones where they were asked for."""
        return self._settings.copy()

    def __repr__(self) -> str:
        """Return the expression that makes it again."""
        parts = [str(self._sample_rate)]
        if settings := {k: v for k, v in self._settings.items() if v != DEFAULTS.get(k)}:
            parts.append(repr(settings))
        if self.threads:
            parts.append(f"threads={self.threads}")
        if self._precision != "double":
            parts.append(f"precision={self._precision!r}")
        return f"{type(self).__name__}({', '.join(parts)})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Return the arguments: the plan costs less to make than to send."""
        make = partial(type(self), threads=self.threads, precision=self._precision)
        return make, (self._sample_rate, self._settings)

    def transform(self, waveform: ArrayLike | torch.Tensor) -> torch.Tensor:
        """Represent one sound or many.

        Args:
            waveform: real numbers of any kind, shape (length,) or (n, length).

        Returns:
            New tensor without gradients, float64 (float32 with precision='single'), of the shape
            `transformShape` gives, after (n,) for many sounds, on the device of `waveform`. Powers
            of samples beyond about 1e150 (1e15 in single precision) that are not normalised, and
            magnitudes beyond about 1e300 (1e33), may be inf or nan, without an error.

        Raises:
            TypeError: the waveform does not hold real numbers in plain memory: it is complex,
                masked, sparse, quantised, nested or on the meta device.
            ValueError: another shape, sounds that are not equally long or too short to be
                reflected, or a sample that is not finite.
        """
        sounds = _samples(waveform, self._precision)
        if sounds.ndim not in (1, 2) or sounds.shape[-1] == 0:
            raise ValueError(
                "a waveform must have the shape (length,) or (n, length) and at least one sample, "
                f"got {sounds.shape}"
            )
        many = np.atleast_2d(sounds)
        normalise = self._settings["normalise_input"]
        if self._plan is not None:
            try:
                frame_count(many.shape[1], self._settings)
            except ValueError as error:
                n = f" ({sounds.shape} is the shape of {len(many)} sounds: (n, length))"
                raise ValueError(f"{error}{n if sounds.ndim == 2 else ''}") from None
            result = self._plan.transform(many, self.threads, normalise)
        elif normalise:
            result = _core.normalise(many, self._precision, self.threads)
        else:
            finite = np.isfinite(many)
            if not finite.all():
                signal, sample = np.argwhere(~finite)[0]
                raise ValueError(
                    f"sample {sample} of signal {signal} is {many[signal, sample]}; "
                    "all samples must be finite numbers"
                )
            result = many.copy()
        tensor = torch.from_numpy(result if sounds.ndim == 2 else result[0])
        return tensor.to(waveform.device) if isinstance(waveform, torch.Tensor) else tensor

    @staticmethod
    def normalise(waveform: ArrayLike | torch.Tensor) -> Float64:
        """Map the smallest and the largest sample of each sound, (..., length), to -1 and 1.

        Returns:
            New array of the same shape; all zeros for a sound that is constant.

        Raises:
            TypeError: as `transform` does.
            ValueError: no samples, unequal lengths, or a sample or a span that is not finite.
        """
        sounds = _samples(waveform, "double")
        if sounds.ndim == 0 or sounds.shape[-1] == 0:
            raise ValueError(f"a waveform must have at least one sample, got shape {sounds.shape}")
        result = _core.normalise(sounds.reshape(-1, sounds.shape[-1]))
        return np.asarray(result, dtype=np.float64).reshape(sounds.shape)

    @staticmethod
    def transformShape(data_length: int, settings: RepresentationSettings) -> tuple[int, ...]:
        """Return the shape of the representation of a sound of `data_length` samples.

        Returns:
            `(data_length,)`, `(n_bins // 2 + 1, frames)` or `(n_mels, frames)`, with
            frames = 1 + (data_length + 2 * (n_bins // 2) - n_bins) // hop_length.

        Raises:
            TypeError, ValueError: as the constructor does; or the sound is too short.
        """
        length = check_count("data_length", data_length)
        complete = complete_settings(settings)
        if complete["output_type"] == "end2end":
            return (length,)
        bins = complete["n_bins"] // 2 + 1
        rows = complete["n_mels"] if complete["output_type"] == "mel" else bins
        return (rows, frame_count(length, complete))


def _plan(
    settings: RepresentationSettings, sample_rate: int, precision: Precision
) -> _core.Spectrogram | None:
    """Return the kernel for these settings; None for the wave itself."""
    if settings["output_type"] == "end2end":
        return None
    filters = None
    if settings["output_type"] == "mel":
        filters = _core.MelFilters(
            settings["n_bins"],
            settings["n_mels"],
            settings["f_min"],
            highest_frequency(settings, sample_rate),
            sample_rate,
            settings.get("mel_scale") or "htk",
            "area" if settings.get("mel_norm") else "peak",
        )
        if silent := filters.silent:
            logger.warning(
                "%d of %d mel filters lie between the bins of the transform and stay silent "
                "(%s%s): ask for fewer n_mels than %d, or for more n_bins than %d",
                len(silent),
                settings["n_mels"],
                ", ".join(map(str, silent[:12])),
                ", ..." if len(silent) > 12 else "",
                settings["n_mels"],
                settings["n_bins"],
            )
    return _core.Spectrogram(
        settings["n_bins"],
        settings["window_length"],
        settings["hop_length"],
        filters,
        settings.get("power") or 2,
        settings.get("log"),
        precision,
    )


def _samples(waveform: ArrayLike | torch.Tensor, precision: Precision) -> npt.NDArray[np.floating]:
    """Return the samples as an array of that precision, a view where they already are one."""
    values, dtype = readable(waveform), _DTYPES[precision]
    if isinstance(values, torch.Tensor):
        if values.is_floating_point() and values.itemsize < 4:  # kinds that NumPy lacks
            values = values.float()
        values = values.numpy(force=True)
    try:
        with np.errstate(over="raise"):
            return values.astype(dtype, copy=False)
    except FloatingPointError as error:
        raise ValueError(f"a sample of the waveform is beyond {dtype.__name__}") from error


def readable(waveform: ArrayLike | torch.Tensor) -> torch.Tensor | npt.NDArray[Any]:
    """Return a waveform, as an array unless it is a tensor; errors are those of `transform`."""
    if isinstance(waveform, torch.Tensor):
        reason = None
        if waveform.is_nested:
            reason = "a nested one: give its sounds one by one, or pad them to one length"
        elif waveform.is_meta:
            reason = "one on the meta device, which has no samples: make it on another device"
        elif waveform.is_quantized:
            reason = "a quantised one: use its dequantize()"
        elif waveform.layout != torch.strided:
            reason = f"one of the layout {waveform.layout}: use its to_dense()"
        elif waveform.is_complex():
            dtype = str(waveform.dtype).removeprefix("torch.")
            reason = f"{dtype}: use its real part, or abs()"
        if reason:
            raise TypeError(f"a waveform must be a dense tensor of real numbers, got {reason}")
        return waveform
    parts = waveform if isinstance(waveform, list | tuple) else (waveform,)
    if any(isinstance(part, np.ma.MaskedArray) for part in parts):
        raise TypeError("a waveform must not be masked, every sample counts: use its filled(0.0)")
    try:
        values = np.asarray(waveform)
    except ValueError as error:
        raise ValueError(
            "the sounds of a waveform must be equally long: cut or pad them to one length, or "
            f"give them one by one ({error})"
        ) from error
    except RuntimeError as error:  # tensors in a list, which torch does not let NumPy read
        raise TypeError(f"a list of tensors must be given as one tensor: {error}") from error
    if values.dtype.kind not in "biuf":
        raise TypeError(f"a waveform must hold real numbers, got {values.dtype}")
    return values
