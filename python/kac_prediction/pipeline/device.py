"""The machine a model trains on, and how it computes there."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Literal

import torch

Precision = Literal["auto", "float32", "tf32", "bfloat16"]


def default_device() -> torch.device:
    """CUDA where there is one, else Apple's MPS, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def chosen_device(name: str | torch.device | None) -> torch.device:
    """The device of that name, 'cpu', 'cuda', 'cuda:1' or 'mps'; None: the best there is.

    Raises:
        ValueError: it is not there; the message says what is.
    """
    if name is None:
        return default_device()
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, TypeError) as error:
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        there = ["cpu", *(f"cuda:{i}" for i in range(count))]
        there += ["mps"] if torch.backends.mps.is_available() else []
        raise ValueError(f"there is no device {name!r} here, but {', '.join(there)}") from error
    return device


def settled_precision(asked: Precision, device: torch.device) -> Precision:
    """What 'auto' stands for: bfloat16 where the device computes in it, else float32."""
    if asked != "auto":
        return asked
    if device.type == "cuda":
        native = torch.cuda.get_device_capability(device) >= (8, 0)
    else:
        native = device.type == "cpu" and _processor_has_bfloat16()
    return "bfloat16" if native else "float32"


@contextmanager
def computing(precision: Precision, threads: int) -> Iterator[None]:
    """Compute float32 in a precision, and with so many threads of the CPU, for a while.

    Args:
        precision: 'tf32' lets CUDA's matrix products and convolutions drop to 10 bits of mantissa;
            all others leave them whole.
        threads: of the CPU, for each operation.
    """
    newer = _newer_settings()
    kept = [setting.fp32_precision for setting in newer]
    older, before = _older_settings(newer), torch.get_num_threads()
    try:
        _set_older(precision == "tf32", "high" if precision == "tf32" else "highest")
        torch.set_num_threads(threads)
        yield
    finally:
        torch.set_num_threads(before)
        _set_older(*older)
        for setting, value in zip(newer, kept, strict=True):
            setting.fp32_precision = value


def autocast(precision: Precision, device: torch.device) -> AbstractContextManager[None]:
    """In 'bfloat16', let torch choose what is computed in it; else nothing.

    Weights, losses and sums stay in float32, and so does a model in float64. The casts of weights
    are not kept, as a recorded step has to make them anew each time.
    """
    if precision != "bfloat16":
        return nullcontext()  # not an autocast that is off: older torch has none for MPS
    return torch.autocast(device.type, torch.bfloat16, cache_enabled=False)


def _newer_settings() -> list[Any]:
    """Where torch from 2.9 keeps the precision of float32; those before: nowhere.

    The older settings, which torch.compile still goes by, set these too, and from 'none' to 'ieee'.
    """
    backends: Any = torch.backends
    if not hasattr(backends.cudnn, "conv"):
        return []
    return [backends.cuda.matmul, backends.cudnn.conv, backends.cudnn.rnn, backends.mkldnn.matmul]


def _older_settings(newer: list[Any]) -> tuple[bool, str]:
    """Convolutions and products as older torch keeps them; the newer settings are lost.

    Torch refuses to say the older ones where the newer contradict them. None that are 'ieee'
    contradicts what it says of products; of convolutions, that they may use TF32.
    """
    for setting in newer:
        setting.fp32_precision = "ieee"
    products = torch.get_float32_matmul_precision()
    try:
        return torch.backends.cudnn.allow_tf32, products
    except RuntimeError:
        return True, products


def _set_older(convolutions: bool, products: str) -> None:
    torch.backends.cudnn.allow_tf32 = convolutions
    torch.set_float32_matmul_precision(products)


def _processor_has_bfloat16() -> bool:
    """Whether the CPU multiplies in bfloat16 by instructions of its own (AVX-512 or AMX)."""
    native = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(native is not None and native())
