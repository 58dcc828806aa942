"""Waveforms as users give them: refused, in words of ours, where they hold no plain numbers."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch


def readable(waveform: npt.ArrayLike | torch.Tensor) -> torch.Tensor | npt.NDArray[Any]:
    """Return a waveform as it is, if a tensor, or else as an array.

    Raises:
        TypeError: it does not hold real numbers, or not all of them: it is masked, sparse,
            quantised, nested or on the meta device.
        ValueError: its sounds are not equally long.
    """
    if isinstance(waveform, torch.Tensor):
        if reason := _unreadable(waveform):
            raise TypeError(f"a waveform must be a dense tensor of real numbers, {reason}")
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


def _unreadable(tensor: torch.Tensor) -> str | None:
    """Why a tensor cannot be read, and what can be done; None where it can."""
    if tensor.is_nested:
        return "got a nested one: give its sounds one by one, or pad them to one length"
    if tensor.is_meta:
        return "got one on the meta device, which has no samples: make it on another device"
    if tensor.is_quantized:
        return "got a quantised one: use its dequantize()"
    if tensor.layout != torch.strided:
        return f"got one of the layout {tensor.layout}: use its to_dense()"
    if tensor.is_complex():
        return f"got {str(tensor.dtype).removeprefix('torch.')}: use its real part, or abs()"
    return None
