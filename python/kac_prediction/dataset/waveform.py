"""Waveforms as users give them: any array-like or tensor of real numbers."""

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
