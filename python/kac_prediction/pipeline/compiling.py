"""A model's forward pass, compiled by torch while it learns."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from .model import Model

logger = logging.getLogger(__name__)


@contextmanager
def compiled(model: Model, wanted: bool) -> Iterator[None]:
    """Let torch compile a model's forward pass, for a while, unless it is compiled already.

    Where torch cannot do that, for want of a compiler or of Triton, that is said in the log, and
    the model computes as it is.
    """
    if not wanted or model._compiled_call_impl is not None:
        yield
        return
    try:
        try:
            model.compile(dynamic=False)
            forward: Any = model._compiled_call_impl
            model._compiled_call_impl = _Compiled(model, forward)
        except RuntimeError as error:  # a version of Python that torch's compiler does not know
            _not_compiled(model, error)
        yield
    finally:
        model._compiled_call_impl = None


class _Compiled:
    """A compiled forward pass, for learning from batches of the first shape it meets.

    Each other shape, and scoring, would be compiled on its own, which takes longer than all the
    epochs of a small training gain by it: these are computed as usual.

    Args:
        model: the model.
        forward: its compiled forward pass.
    """

    def __init__(self, model: Model, forward: Callable[..., Any]) -> None:
        self._model = model
        self._usual: Callable[..., Any] = model._call_impl
        self._forward = forward
        self._shapes: list[torch.Size] | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not self._model.training:
            return self._usual(*args, **kwargs)
        shapes = [arg.shape for arg in args if isinstance(arg, torch.Tensor)]
        self._shapes = self._shapes or shapes
        if shapes != self._shapes:
            return self._usual(*args, **kwargs)
        try:
            return self._forward(*args, **kwargs)
        except torch.cuda.OutOfMemoryError:
            raise
        except Exception as error:  # whatever compilers make of it
            out = self._usual(*args, **kwargs)  # an error of the model's own comes here
            _not_compiled(self._model, error)
            self._forward = self._usual
            return out


def _not_compiled(model: Model, error: Exception) -> None:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    logger.warning("%s is not compiled, which torch cannot here: %s", type(model).__name__, reason)
