"""How a model learns from one batch: in a plain way, or by a recording of all that it does.

On CUDA a small network is bound by the launching of its kernels. A step whose work never depends on
the data (`Model.capturable`) is recorded once, as a CUDA graph, and played for every batch.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol

import torch

from .device import Precision, autocast
from .model import Model
from .parallel.averaging import Weight
from .parallel.distributed import Ranks

logger = logging.getLogger(__name__)

Work = Callable[[], None]

WARM_UP = 3  # steps before a recording: the optimiser makes its state, libraries choose kernels


class Step(Protocol):
    """Learns from one batch."""

    def begin(self) -> None:
        """An epoch begins: its loss is 0 again."""

    def __call__(self, i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        """Learn from batch i of an epoch of `loop_length`."""


class PlainStep:
    """Calls the model's own `innerTrainingLoop`.

    Args:
        model: what learns.
        precision: of its float32.
        device: where it is.
    """

    def __init__(self, model: Model, precision: Precision, device: torch.device) -> None:
        self._model = model
        self._how = precision, device

    def begin(self) -> None:
        """An epoch begins: its loss is 0 again."""
        self._model.training_loss = 0.0

    def __call__(self, i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        """Learn from batch i of an epoch of `loop_length`."""
        with autocast(*self._how):
            self._model.innerTrainingLoop(i, loop_length, x, y)


class RecordedStep:
    """Plays a recording of the step for every batch of the shape of the first one.

    The first few batches are learnt from in the plain way, and so are those of other shapes, such
    as a smaller last one.

    Args:
        model: what learns; capturable.
        plain: the step to record.
        record: makes a recording of some work, without doing it; playing it does it.
        device: where the model is.
    """

    def __init__(
        self,
        model: Model,
        plain: Step,
        record: Callable[[Work], Work],
        device: torch.device,
    ) -> None:
        self._model = model
        self._plain = plain
        self._record = record
        self._loss = torch.zeros((), device=device)
        self._warm = 0
        self._batch: tuple[torch.Tensor, torch.Tensor] | None = None
        self._length = 0
        self._play: Work | None = None

    def begin(self) -> None:
        """An epoch begins: its loss is 0 again, in the memory where the recording adds to it."""
        self._model.training_loss = self._loss.zero_()  # type: ignore[assignment]

    def __call__(self, i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        """Learn from batch i of an epoch of `loop_length`."""
        if self._batch is None:
            self._batch = torch.empty_like(x), torch.empty_like(y)
            self._length = loop_length
        if not self._fits(loop_length, x, y) or self._warm < WARM_UP:
            self._warm += 1
            self._plain(i, loop_length, x, y)
            return
        for own, given in zip(self._batch, (x, y), strict=True):
            own.copy_(given)
        if self._play is None:
            batch = self._batch
            self._play = self._record(lambda: self._plain(i, loop_length, *batch))
        self._play()

    def _fits(self, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> bool:
        same = self._batch is not None and [t.shape for t in self._batch] == [x.shape, y.shape]
        return same and loop_length == self._length


def make_step(model: Model, precision: Precision, device: torch.device, recorded: bool) -> Step:
    """How a model learns on a device.

    Args:
        model: what learns.
        precision: of its float32.
        device: where it is.
        recorded: whether to record the step, where the device can.
    """
    plain = PlainStep(model, precision, device)
    if not (recorded and device.type == "cuda"):
        return plain
    if not make_recordable(model.optimiser, device):
        logger.info("%s cannot be recorded: a plain loop it is", type(model.optimiser).__name__)
        return plain
    return RecordedStep(model, plain, cuda_graph, device)


def cuda_graph(work: Work) -> Work:
    """Record work on the current CUDA device as a graph; return what plays it.

    See https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs.
    """
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    play: Work = graph.replay
    return play


@contextmanager
def compiled(model: Model, wanted: bool) -> Iterator[None]:
    """Let torch compile a model's forward pass, for a while."""
    if not wanted:
        yield
        return
    try:
        model.compile(dynamic=False)
        yield
    finally:
        model._compiled_call_impl = None


@contextmanager
def prepared_gradients(
    optimiser: torch.optim.Optimizer | None,
    ranks: Ranks,
    weight: Weight,
    clip: float,
) -> Iterator[None]:
    """Before every step of an optimiser, average its gradients over all processes, and clip them.

    Args:
        optimiser: of the model; None: there is nothing to do.
        ranks: who takes part.
        weight: what this process's gradients count.
        clip: the largest norm of all gradients together; 0: any.
    """
    with ExitStack() as hooks:
        if optimiser is not None and ranks.size > 1:
            hooks.callback(ranks.average_gradients(optimiser, weight).remove)
        if optimiser is not None and clip > 0:
            handle = optimiser.register_step_pre_hook(lambda opt, args, kwargs: _clip(opt, clip))
            hooks.callback(handle.remove)
        yield


def optimiser_state(optimiser: torch.optim.Optimizer) -> dict[str, Any]:
    """The state of an optimiser, as if its steps had never been recorded: any device takes it."""
    state = optimiser.state_dict()
    plain = {"capturable": False} if "capturable" in optimiser.defaults else {}
    state["param_groups"] = [
        group | plain | ({"lr": float(group["lr"])} if "lr" in group else {})
        for group in state["param_groups"]
    ]
    return state


def _clip(optimiser: torch.optim.Optimizer, norm: float) -> None:
    parameters = [p for group in optimiser.param_groups for p in group["params"]]
    torch.nn.utils.clip_grad_norm_(parameters, norm)


def make_recordable(optimiser: torch.optim.Optimizer, device: torch.device) -> bool:
    """Ready an optimiser for a recording; return whether it can be.

    Its learning rate and its counts of steps go into the device's memory, where the recording
    reads them.
    """
    if "capturable" not in optimiser.defaults:
        return False
    for group in optimiser.param_groups:
        group["capturable"] = True
        group["lr"] = torch.as_tensor(group["lr"], dtype=torch.float32).to(device)
    states: list[dict[str, Any]] = list(optimiser.state.values())
    for state in states:
        if isinstance(state.get("step"), torch.Tensor):
            state["step"] = state["step"].to(device)
    return True
