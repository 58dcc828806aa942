"""Waveforms of nine samples that cannot be read, and what is said of them."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

ZEROS = torch.zeros(9)
MAKERS: dict[str, tuple[Callable[[], Any], str]] = {
    "masked": (lambda: np.ma.masked_less(np.arange(9.0), 3), r"masked, .* filled\(0.0\)"),
    "list of masked": (lambda: [np.ma.masked_less(np.arange(9.0), 3)] * 2, r"filled\(0.0\)"),
    "complex": (lambda: ZEROS.to(torch.complex64), r"real numbers, got complex64: .* abs\(\)"),
    "COO": (lambda: ZEROS.to_sparse(), r"layout torch.sparse_coo: use its to_dense\(\)"),
    "CSR": (lambda: ZEROS[None].to_sparse_csr(), r"layout torch.sparse_csr: use its to_dense\(\)"),
    "quantised": (
        lambda: torch.quantize_per_tensor(ZEROS, 1.0, 0, torch.qint8),
        r"quantised one: use its dequantize\(\)",
    ),
    "nested": (lambda: torch.nested.nested_tensor([ZEROS, ZEROS[:8]]), "nested one: .* one by one"),
    "jagged": (
        lambda: torch.nested.nested_tensor([ZEROS, ZEROS[:8]], layout=torch.jagged),
        "nested one: .* one by one",
    ),
    "meta": (lambda: torch.zeros(9, device="meta"), "meta device, which has no samples"),
    "list with gradients": (lambda: [torch.zeros(9, requires_grad=True)], "given as one tensor"),
}
REMEDIES = {kind: remedy for kind, (_, remedy) in MAKERS.items()}


def waveform(kind: str) -> Any:
    """Make one; torch warns that some of these kinds will change."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return MAKERS[kind][0]()
