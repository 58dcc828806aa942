"""CREPE, by its published description, in NumPy and double precision.

Kim, Salamon, Li and Bello, "CREPE: A Convolutional Representation for Pitch Estimation", 2018,
https://doi.org/10.48550/arXiv.1802.06182.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

Array = npt.NDArray[np.float64]


@threadpool_limits.wrap(limits=1)  # several for so small products only wait for each other
def crepe(
    weights: Mapping[str, Any],
    frames: Array,
    blocks: Sequence[tuple[str, str]],
    last: str,
    first: tuple[int, int] = (254, 254),
    eps: float = 0.001,
) -> Array:
    """What the network says before the sigmoid, shape (n, outputs).

    Args:
        weights: arrays or tensors by their names.
        frames: sounds, shape (n, 1024).
        blocks: names of the convolution and of the batch norm of each of the six blocks.
        last: name of the output layer.
        first: zeros before and after the sound, for the first block; the others keep the length.
        eps: of the batch norms.
    """

    def array(layer: str, name: str) -> Array:
        return np.asarray(weights[f"{layer}.{name}"], np.float64)

    x = np.asarray(frames, np.float64)[:, :, None]  # (n, time, channels)
    for i, (convolution, norm) in enumerate(blocks):
        step, zeros = (1, (31, 32)) if i else (4, first)
        x = np.pad(x, ((0, 0), zeros, (0, 0)))
        kernel = array(convolution, "weight")[..., 0]  # (out, in, width)
        windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[2], axis=1)[:, ::step]
        x = sum(windows[:, :, j] @ kernel[:, j].T for j in range(x.shape[2]))
        x = np.maximum(x + array(convolution, "bias"), 0)
        x = (x - array(norm, "running_mean")) / np.sqrt(array(norm, "running_var") + eps)
        x = x * array(norm, "weight") + array(norm, "bias")
        x = np.maximum(x[:, 0::2], x[:, 1::2])
    return x.reshape(len(x), -1) @ array(last, "weight").T + array(last, "bias")
