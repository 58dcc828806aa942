"""Gradients and parameters of a model, as histograms."""

from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import torch

Watched = Literal["gradients", "parameters", "all"]
Histogram = tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]  # counts (n,), edges (n + 1,)

BINS: Final = 64


def histograms(model: torch.nn.Module, watched: Watched) -> dict[str, Histogram]:
    """Count the gradients or the parameters of a model, of each tensor by itself.

    The gradients are those that the last batch left. Looking at them once an epoch needs no hooks
    in the model, which would stop a step from being compiled or captured as a CUDA graph.

    Args:
        model: the model.
        watched: what to count.

    Returns:
        By 'gradients/' or 'parameters/' and the name of the parameter; where there is no gradient,
        or nothing in it is finite, nothing.
    """
    found: dict[str, Histogram] = {}
    for name, parameter in model.named_parameters():
        kinds: list[tuple[str, Any]] = []
        if watched != "parameters":
            kinds.append(("gradients", parameter.grad))
        if watched != "gradients":
            kinds.append(("parameters", parameter.detach()))
        for kind, tensor in kinds:
            histogram = None if tensor is None else _histogram(tensor)
            if histogram is not None:
                found[f"{kind}/{name}"] = histogram
    return found


def _histogram(tensor: torch.Tensor) -> Histogram | None:
    """Count what is finite of a tensor, in bins from the lowest value to the highest."""
    values = tensor.detach().flatten().float()
    values = values[torch.isfinite(values)]
    if not len(values):
        return None
    low, high = (end.item() for end in torch.aminmax(values))
    if low == high:  # histc would choose other ends
        low, high = low - 0.5, high + 0.5
    counts = torch.histc(values, BINS, low, high).cpu().numpy().astype(np.int64)
    return counts, np.linspace(low, high, BINS + 1)
