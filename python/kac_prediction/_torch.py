"""What torch has no public name for, each with the reason why it is needed."""

from collections.abc import Callable
from typing import Any

import torch

Call = Callable[..., Any]


def compiled_call(module: torch.nn.Module) -> Call | None:
    """Return what `module.compile()` made of a module's call; None: it is not compiled.

    `torch.compiler.set_stance` chooses between compiled and eager for the whole process, and only
    from torch 2.6 on; here one module alone is to fall back, batch by batch.
    """
    call: Call | None = module._compiled_call_impl
    return call


def set_compiled_call(module: torch.nn.Module, call: Call | None) -> None:
    """Let a module be called as given; None: as before `module.compile()`, which nothing undoes."""
    module._compiled_call_impl = call


def eager_call(module: torch.nn.Module) -> Call:
    """Return a module's call as if it had never been compiled."""
    call: Call = module._call_impl
    return call


def cpu_has_bfloat16() -> bool:
    """Whether the CPU multiplies in bfloat16 by instructions of its own (AVX-512 or AMX)."""
    supported = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(supported is not None and supported())
