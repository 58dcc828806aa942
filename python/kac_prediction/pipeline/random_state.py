"""The random generators that a training draws from: their states, kept and put back."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch


def random_state(device: torch.device) -> dict[str, Any]:
    """The states of torch's, NumPy's and Python's generators, as a checkpoint keeps them.

    Args:
        device: whose generator to take, beside that of the CPU.

    Returns:
        Tensors and plain numbers: `torch`, `python`, `numpy`, and `cuda` or `mps` on such a device.
    """
    legacy: Any = np.random.get_state()  # noqa: NPY002
    _, keys, place, has_gauss, gauss = legacy
    version, words, spare = random.getstate()
    state: dict[str, Any] = {
        "torch": torch.get_rng_state(),
        "numpy": [torch.tensor(keys.astype(np.int64)), int(place), int(has_gauss), float(gauss)],
        "python": [version, torch.tensor(words), spare],
    }
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    elif device.type == "mps":
        state["mps"] = torch.mps.get_rng_state()
    return state


def set_random_state(state: dict[str, Any], device: torch.device) -> None:
    """Put the generators back into the states that `random_state` gave."""
    torch.set_rng_state(state["torch"])
    keys, place, has_gauss, gauss = state["numpy"]
    legacy = ("MT19937", keys.numpy().astype(np.uint32), place, has_gauss, gauss)
    np.random.set_state(legacy)  # noqa: NPY002
    version, words, spare = state["python"]
    random.setstate((version, tuple(words.tolist()), spare))
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)
    elif device.type == "mps" and "mps" in state:
        torch.mps.set_rng_state(state["mps"])


@contextmanager
def seeded(seed: int | None, device: torch.device) -> Iterator[None]:
    """Seed the generators (dropout draws from torch's), and put all of them back in the end.

    Args:
        seed: the seed, from 0; None: begin with the states as they are.
        device: whose generator to seed, beside that of the CPU.
    """
    before = random_state(device)
    try:
        if seed is not None:
            _seed(seed, device)
        yield
    finally:
        set_random_state(before, device)


def _seed(seed: int, device: torch.device) -> None:
    # Not torch.manual_seed, which would seed every device of the machine.
    torch.default_generator.manual_seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002
    random.seed(seed)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)
    elif device.type == "mps":
        torch.mps.manual_seed(seed)
