"""A training step on one batch: computed eagerly, or replayed as a CUDA graph.

On CUDA a small network is bound by the launching of its kernels. A step whose work never depends on
the data (`Model.capturable`) is recorded once, as a CUDA graph, and replayed for every batch.
"""

import logging
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from functools import partial
from types import TracebackType
from typing import Any, Self

import torch
from torch.overrides import TorchFunctionMode

from ..._torch import compiled_call
from ..model import Model
from .device import autocast
from .distributed import ProcessGroup
from .options import Precision

logger = logging.getLogger(__name__)

Work = Callable[[], None]

WARM_UP = 3  # steps before a recording: the optimiser makes its state, libraries choose kernels


class TrainingStep:
    """Trains a model on one batch by its own `innerTrainingLoop`.

    As a context manager around a training, it averages the gradients over all processes and then
    clips them, before each step of the model's optimiser.

    Args:
        model: to train.
        device: where it is.
        precision: of its float32.
        processes: the process group.
        gradient_clip: largest norm of all gradients together; 0: no limit.
    """

    def __init__(
        self,
        model: Model,
        device: torch.device,
        precision: Precision = "float32",
        processes: ProcessGroup | None = None,
        gradient_clip: float = 0.0,
    ) -> None:
        self._model, self._device, self._precision = model, device, precision
        self._processes = processes or ProcessGroup()
        self._clip = gradient_clip
        self._weight = torch.ones((), device=device)  # on the device, where a CUDA graph reads it
        self._hooks = ExitStack()
        self._first = True

    def __enter__(self) -> Self:
        optimiser = self._model.optimiser
        averaging = self._processes.average_gradients(optimiser, self._weight)
        self._hooks.enter_context(averaging)
        if self._clip > 0:

            def clip(*_: Any) -> None:
                parameters = [p for group in optimiser.param_groups for p in group["params"]]
                torch.nn.utils.clip_grad_norm_(parameters, self._clip)

            self._hooks.callback(optimiser.register_step_pre_hook(clip).remove)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._hooks.close()

    def begin_epoch(self) -> None:
        """Set the training loss to 0."""
        self._model.training_loss = 0.0

    def __call__(
        self, i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor, weight: float = 1.0
    ) -> None:
        """Train on batch i of an epoch of `loop_length`.

        Args:
            i: number of the batch.
            loop_length: batches of the epoch.
            x: inputs, shape (n, ...).
            y: targets, shape (n, columns).
            weight: of this process's gradients; its mean over all processes is 1.

        Raises:
            ValueError: in the first step, predictions and targets have shapes that do not match,
                but would be broadcast.
        """
        if self._processes.size > 1:
            self._weight.fill_(weight)
        self._compute(i, loop_length, x, y)

    def _compute(self, i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        checks = refuse_broadcasting(self._model, y) if self._first else nullcontext()
        self._first = False
        with autocast(self._precision, self._device), checks:
            self._model.innerTrainingLoop(i, loop_length, x, y)


class CudaGraphs:
    """Records work on a CUDA device, which need not be the current one, as graphs.

    The warm-up runs on the stream that is recorded later, since autograd remembers streams. See
    https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        # Not the stream that torch would take: that is on the device which was current first.
        self._stream: torch.cuda.Stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def warm_up(self, work: Work) -> None:
        """Do what will be recorded, in order with all other work on the device."""
        usual = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(usual)
        with torch.cuda.stream(self._stream):
            work()
        usual.wait_stream(self._stream)

    def record(self, work: Work) -> Work:
        """Record work without doing it; return what does it."""
        graph = torch.cuda.CUDAGraph()
        # The outer block makes the device the current one, and goes back also where a recording
        # that failed leaves its stream behind. "thread_local": another thread, which prefetches
        # batches, may ask for memory meanwhile.
        with (
            torch.cuda.stream(self._stream),
            torch.cuda.graph(graph, stream=self._stream, capture_error_mode="thread_local"),
        ):
            work()
        replay: Work = graph.replay
        return replay


class GraphedStep(TrainingStep):
    """Replays a recording of the step for every batch of the shape of the first one.

    The first few batches, those of other shapes, such as a smaller last one, and those that the
    processes share unevenly are computed eagerly: a recording in which they exchange gradients must
    be replayed by all of them or by none.
    """

    def __init__(
        self,
        graphs: CudaGraphs,
        model: Model,
        device: torch.device,
        precision: Precision = "float32",
        processes: ProcessGroup | None = None,
        gradient_clip: float = 0.0,
    ) -> None:
        super().__init__(model, device, precision, processes, gradient_clip)
        self._graphs = graphs
        self._loss = torch.zeros((), device=device)
        self._warmed_up = 0
        self._batch: tuple[torch.Tensor, torch.Tensor] | None = None
        self._loop_length = 0
        self._replay: Work | None = None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, trace)
        make_uncapturable(self._model.optimiser)

    def begin_epoch(self) -> None:
        """Set the training loss to 0, in the memory where the recording adds to it."""
        self._model.training_loss = self._loss.zero_()  # type: ignore[assignment]

    def __call__(
        self, i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor, weight: float = 1.0
    ) -> None:
        """Train on batch i of an epoch of `loop_length`; see `TrainingStep`."""
        if self._batch is None:
            self._batch = torch.empty_like(x), torch.empty_like(y)
            self._loop_length = loop_length
        same = [t.shape for t in self._batch] == [x.shape, y.shape]
        if not same or loop_length != self._loop_length or weight != 1.0:
            super().__call__(i, loop_length, x, y, weight)
            return
        for own, given in zip(self._batch, (x, y), strict=True):
            own.copy_(given)
        work = partial(super().__call__, i, loop_length, *self._batch)
        if self._warmed_up < WARM_UP:
            self._warmed_up += 1
            self._graphs.warm_up(work)
            return
        if self._replay is None:
            self._replay = self._graphs.record(work)
        self._replay()

    def _compute(self, i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        with warnings.catch_warnings():
            # Torch warns of capturable optimisers whose steps are not recorded.
            warnings.filterwarnings("ignore", ".*capturable=True", UserWarning)
            super()._compute(i, loop_length, x, y)


def make_step(
    model: Model,
    device: torch.device,
    precision: Precision,
    processes: ProcessGroup,
    gradient_clip: float,
    record: bool,
) -> TrainingStep:
    """Return the step of a training; `record`: replay it as a CUDA graph, where that can be."""
    options = precision, processes, gradient_clip
    if record and device.type == "cuda":
        if make_capturable(model.optimiser, device):
            return GraphedStep(CudaGraphs(device), model, device, *options)
        logger.info("%s cannot be recorded: steps are eager", type(model.optimiser).__name__)
    return TrainingStep(model, device, *options)


def make_capturable(optimiser: torch.optim.Optimizer, device: torch.device) -> bool:
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


def make_uncapturable(optimiser: torch.optim.Optimizer) -> None:
    """Make an optimiser as it was before `make_capturable`."""
    for group in optimiser.param_groups:
        if isinstance(group.get("lr"), torch.Tensor):
            group["lr"] = float(group["lr"])
            group["capturable"] = optimiser.defaults.get("capturable", False)


def optimiser_state(optimiser: torch.optim.Optimizer) -> dict[str, Any]:
    """Return the state of an optimiser as if it had never been capturable: any device takes it."""
    state = optimiser.state_dict()
    plain = {"capturable": False} if "capturable" in optimiser.defaults else {}
    state["param_groups"] = [
        group | plain | ({"lr": float(group["lr"])} if "lr" in group else {})
        for group in state["param_groups"]
    ]
    return state


@contextmanager
def refuse_broadcasting(model: Model, y: torch.Tensor) -> Iterator[None]:
    """Refuse a loss in the block that broadcasts predictions against targets.

    Of torch's own losses, which warn of that, in any case; of a difference from the targets, where
    it is larger than both. Shapes that a loss means to differ, as of logits and classes, pass.

    Raises:
        ValueError: names both shapes.
    """
    remedy = (
        "they would be broadcast against each other. If they are to match, let forward return the"
        " shape of the targets, (n, columns)"
    )

    class Differences(TorchFunctionMode):
        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            result = func(*args, **(kwargs or {}))
            operands = [arg for arg in args if isinstance(arg, torch.Tensor)]
            if "sub" in getattr(func, "__name__", "") and any(each is y for each in operands):
                others = [each for each in operands if each is not y and each.requires_grad]
                if others and result.numel() > max(y.numel(), others[0].numel()):
                    raise ValueError(
                        f"the loss subtracts predictions of shape {tuple(others[0].shape)} and"
                        f" targets of shape {tuple(y.shape)}: {remedy}"
                    )
            return result

    # A compiled forward pass would be compiled again without the mode.
    mode = Differences() if compiled_call(model) is None else nullcontext()
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "Using a target size", UserWarning)
        try:
            with mode:
                yield
        except UserWarning as warning:
            sizes = re.findall(r"torch\.Size\(\[([^]]*)\]\)", str(warning))
            if len(sizes) != 2:
                raise
            shapes = [tuple(map(int, filter(None, size.split(", ")))) for size in sizes]
            raise ValueError(
                f"the loss compares the shapes {shapes[1]} and {shapes[0]}, where the targets have"
                f" {tuple(y.shape)}: {remedy}"
            ) from warning
