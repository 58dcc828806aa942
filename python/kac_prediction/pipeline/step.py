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
from .training.distributed import ProcessGroup

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


class Recorder(Protocol):
    """Makes recordings of work on a device."""

    def prepare(self, work: Work) -> None:
        """Do what will be recorded later, in the place where it will be recorded."""

    def record(self, work: Work) -> Work:
        """Record work without doing it; return what does it."""


class RecordedStep:
    """Plays a recording of the step for every batch of the shape of the first one.

    The first few batches are learnt from in the plain way, and so are those of other shapes, such
    as a smaller last one.

    Args:
        model: what learns; capturable.
        plain: the step to record.
        recorder: records it.
        device: where the model is.
        alike: whether all processes now have a batch of one size. A recording in which they send
            each other gradients is to be played by all of them or by none.
    """

    def __init__(
        self,
        model: Model,
        plain: Step,
        recorder: Recorder,
        device: torch.device,
        alike: Callable[[], bool] = lambda: True,
    ) -> None:
        self._model = model
        self._plain = plain
        self._recorder = recorder
        self._alike = alike
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
        if not self._fits(loop_length, x, y) or not self._alike():
            self._plain(i, loop_length, x, y)
            return
        batch = self._batch
        for own, given in zip(batch, (x, y), strict=True):
            own.copy_(given)

        def work() -> None:
            self._plain(i, loop_length, *batch)

        if self._warm < WARM_UP:
            self._warm += 1
            self._recorder.prepare(work)
            return
        if self._play is None:
            self._play = self._recorder.record(work)
        self._play()

    def _fits(self, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> bool:
        same = self._batch is not None and [t.shape for t in self._batch] == [x.shape, y.shape]
        return same and loop_length == self._length


def make_step(
    model: Model,
    precision: Precision,
    device: torch.device,
    recorded: bool,
    alike: Callable[[], bool] = lambda: True,
) -> Step:
    """How a model learns on a device.

    Args:
        model: what learns.
        precision: of its float32.
        device: where it is.
        recorded: whether to record the step, where the device can.
        alike: whether all processes now have a batch of one size.
    """
    plain = PlainStep(model, precision, device)
    if not (recorded and device.type == "cuda"):
        return plain
    if not make_recordable(model.optimiser, device):
        logger.info("%s cannot be recorded: a plain loop it is", type(model.optimiser).__name__)
        return plain
    return RecordedStep(model, plain, CudaGraphs(device), device, alike)


class CudaGraphs:
    """Records work on a CUDA device, which need not be the current one, as graphs.

    What comes before a recording is done on the stream that is recorded later, since autograd
    remembers streams. See https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs.

    Args:
        device: which one.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        # Not the stream that torch would take: that is on the device which was current first.
        self._stream: torch.cuda.Stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def prepare(self, work: Work) -> None:
        """Do what will be recorded later, in its turn with what the device does besides."""
        usual = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(usual)
        with torch.cuda.stream(self._stream):
            work()
        usual.wait_stream(self._stream)

    def record(self, work: Work) -> Work:
        """Record work without doing it; return what does it."""
        graph = torch.cuda.CUDAGraph()
        # The outer block makes the device the current one, and goes back also where a recording
        # that failed leaves its stream behind. "thread_local": another thread, which makes the next
        # batches, may ask for memory meanwhile.
        with (
            torch.cuda.stream(self._stream),
            torch.cuda.graph(graph, stream=self._stream, capture_error_mode="thread_local"),
        ):
            work()
        play: Work = graph.replay
        return play


@contextmanager
def prepared_gradients(
    optimiser: torch.optim.Optimizer | None,
    processes: ProcessGroup,
    weight: torch.Tensor,
    clip: float,
) -> Iterator[None]:
    """Before every step of an optimiser, average its gradients over all processes, and clip them.

    Args:
        optimiser: of the model; None: there is nothing to do.
        processes: the process group.
        weight: of this process's gradients, shape (), on their device; read at every step.
        clip: the largest norm of all gradients together; 0: any.
    """
    with ExitStack() as hooks:
        if optimiser is not None:
            hooks.enter_context(processes.average_gradients(optimiser, weight))
        if optimiser is not None and clip > 0:
            handle = optimiser.register_step_pre_hook(lambda opt, args, kwargs: _clip(opt, clip))
            hooks.callback(handle.remove)
        yield


def release(optimiser: torch.optim.Optimizer) -> None:
    """Make an optimiser as it was before `make_recordable`: good for any device and any loop."""
    for group in optimiser.param_groups:
        if isinstance(group.get("lr"), torch.Tensor):
            group["lr"] = float(group["lr"])
            group["capturable"] = optimiser.defaults.get("capturable", False)


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
    # Torch would warn of steps that are not recorded, as the first are, and those of odd batches.
    optimiser._warned_capturable_if_run_uncaptured = True
    for group in optimiser.param_groups:
        group["capturable"] = True
        group["lr"] = torch.as_tensor(group["lr"], dtype=torch.float32).to(device)
    states: list[dict[str, Any]] = list(optimiser.state.values())
    for state in states:
        if isinstance(state.get("step"), torch.Tensor):
            state["step"] = state["step"].to(device)
    return True
