"""The device a model trains on: which one, in which precision, with how many threads, compiled."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from ..._torch import compiled_call, eager_call, set_compiled_call
from .distributed import ProcessGroup
from .options import TrainingPrecision

logger = logging.getLogger(__name__)

_OUT_OF_MEMORY = ("can't allocate memory", "out of memory")  # in torch's messages


def select_device(name: str | torch.device | None) -> torch.device:
    """Return the device of a name such as 'cuda:1'; None: CUDA, else Apple's MPS, else the CPU."""
    if name is None:
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, TypeError) as error:
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        there = ["cpu", *(f"cuda:{i}" for i in range(count))]
        there += ["mps"] if torch.backends.mps.is_available() else []
        raise ValueError(f"there is no device {name!r} here, but {', '.join(there)}") from error
    return device


def process_device(device: torch.device, processes: ProcessGroup) -> torch.device:
    """Return the device of this process: of several on CUDA, each has one of its own."""
    if processes.size == 1 or device.type != "cuda":
        return device
    count = torch.cuda.device_count()
    if processes.local_rank >= count:
        raise ValueError(
            f"process {processes.local_rank} of this machine needs a CUDA device of its own, but"
            f" there are {count}: torchrun --nproc-per-node {max(1, count)}, or device='cpu'"
        )
    return torch.device("cuda", processes.local_rank)


def cpu_threads(processes: ProcessGroup) -> int:
    """Return the number of CPU threads for this process."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux alone has it
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    # torchrun sets OMP_NUM_THREADS to 1 where nobody has set it: then the cores are shared.
    if processes.local_size > 1 and os.environ.get("OMP_NUM_THREADS", "1") == "1":
        return max(1, cores // processes.local_size)
    return min(torch.get_num_threads(), cores)


@contextmanager
def compute_settings(precision: TrainingPrecision, threads: int) -> Iterator[None]:
    """Compute float32 in a precision, and with so many CPU threads, in the block."""
    # From 2.9 on, torch keeps the precision in places of its own. The older settings, which
    # torch.compile still goes by, set these too, and refuse to be read where these contradict
    # them; where these are all 'ieee', the older one of convolutions may still say TF32.
    backends: Any = torch.backends
    newer = (
        [backends.cuda.matmul, backends.cudnn.conv, backends.cudnn.rnn, backends.mkldnn.matmul]
        if hasattr(backends.cudnn, "conv")
        else []
    )
    newer_before = [setting.fp32_precision for setting in newer]
    for setting in newer:
        setting.fp32_precision = "ieee"
    products_before = torch.get_float32_matmul_precision()
    try:
        convolutions_before = torch.backends.cudnn.allow_tf32
    except RuntimeError:
        convolutions_before = True
    threads_before = torch.get_num_threads()
    try:
        # TF32 keeps 10 bits of mantissa in CUDA's matrix products and convolutions.
        torch.backends.cudnn.allow_tf32 = precision == "tf32"
        torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
        torch.set_num_threads(threads)
        yield
    finally:
        torch.set_num_threads(threads_before)
        torch.backends.cudnn.allow_tf32 = convolutions_before
        torch.set_float32_matmul_precision(products_before)
        for setting, value in zip(newer, newer_before, strict=True):
            setting.fp32_precision = value


@contextmanager
def compiled(model: torch.nn.Module, wanted: bool) -> Iterator[None]:
    """Compile a model's forward pass in the block, unless its user has or torch cannot."""
    if not wanted or compiled_call(model) is not None:
        yield
        return
    try:
        model.compile(dynamic=False)
        set_compiled_call(model, _CompiledCall(model))
    except RuntimeError as error:  # a version of Python that torch's compiler does not know
        _log_uncompiled(model, error)
    try:
        yield
    finally:
        set_compiled_call(model, None)


class _CompiledCall:
    """A compiled call for training on batches of the first shape it meets.

    Others, and evaluation, are eager: compiling them takes longer than a small training gains.
    """

    def __init__(self, model: torch.nn.Module) -> None:
        self._model = model
        self._eager = eager_call(model)
        self._compiled: Any = compiled_call(model)
        self._shapes: list[torch.Size] | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not self._model.training:
            return self._eager(*args, **kwargs)
        shapes = [arg.shape for arg in args if isinstance(arg, torch.Tensor)]
        self._shapes = self._shapes or shapes
        if shapes != self._shapes:
            return self._eager(*args, **kwargs)
        try:
            return self._compiled(*args, **kwargs)
        except torch.cuda.OutOfMemoryError:
            raise
        except Exception as error:  # whatever compilers raise
            result = self._eager(*args, **kwargs)  # raises an error of the model's own
            _log_uncompiled(self._model, error)
            self._compiled = self._eager
            return result


def _log_uncompiled(model: torch.nn.Module, error: Exception) -> None:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    logger.warning("%s is not compiled, which torch cannot here: %s", type(model).__name__, reason)


@contextmanager
def batch_errors(x: torch.Tensor) -> Iterator[None]:
    """Add the shape of a batch to errors of the block; name a batch size for too little memory."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        cause: BaseException | None = error
        while cause is not None and not (
            isinstance(cause, torch.cuda.OutOfMemoryError | MemoryError)
            or any(words in str(cause) for words in _OUT_OF_MEMORY)
        ):
            cause = cause.__context__
        if cause is None:
            error.add_note(f"The inputs of this batch had the shape {tuple(x.shape)}.")
            raise
        raise MemoryError(
            f"the memory of {x.device} is too small for a batch_size of {len(x)}: try"
            f" {max(1, len(x) // 2)} ({error})"
        ) from error
