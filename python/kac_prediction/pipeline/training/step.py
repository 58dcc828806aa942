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
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from ..._torch import compiled_call, cpu_has_bfloat16
from ..model import Model
from .device import compiled, compute_settings, cpu_threads
from .distributed import ProcessGroup
from .options import TrainingOptions, TrainingPrecision

logger = logging.getLogger(__name__)

Work = Callable[[], None]

WARM_UP = 3  # steps before a recording: the optimiser makes its state, libraries choose kernels


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


class TrainingStep:
    """Trains a model on one batch by its own `innerTrainingLoop`.

    With `graphs`, a recording is replayed for every batch of the shape of the first one. The first
    few batches, those of other shapes (a smaller last one) and those that the processes share
    unevenly are eager: a recording that exchanges gradients is replayed by all processes or none.
    `weight`, of this process's gradients, is on the device, where a graph reads it.
    """

    def __init__(
        self,
        model: Model,
        device: torch.device,
        precision: TrainingPrecision = "float32",
        graphs: CudaGraphs | None = None,
    ) -> None:
        self._model, self._device, self._precision = model, device, precision
        self.weight = torch.ones((), device=device)
        self._weight = 1.0
        self._first = True
        self._graphs = graphs
        self._loss = torch.zeros((), device=device)
        self._recorded: tuple[int, torch.Tensor, torch.Tensor] | None = None
        self._warmed_up = 0
        self._replay: Work | None = None

    def begin_epoch(self) -> None:
        """Set the training loss to 0, in its place where a recording adds to it."""
        self._model.training_loss = 0.0 if self._graphs is None else self._loss.zero_()

    def __call__(
        self, i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor, weight: float = 1.0
    ) -> None:
        """Train on batch i of `loop_length`; over all processes, the mean of the weights is 1.

        The first step raises ValueError where the loss broadcasts predictions against targets.
        """
        if weight != self._weight:
            self._weight = weight
            self.weight.fill_(weight)
        if self._graphs is None:
            self._train(i, loop_length, x, y)
            return
        if self._recorded is None:
            self._recorded = loop_length, torch.empty_like(x), torch.empty_like(y)
        length, *batch = self._recorded
        shapes = [tensor.shape for tensor in batch]
        if weight != 1.0 or loop_length != length or shapes != [x.shape, y.shape]:
            self._train(i, loop_length, x, y)
            return
        for own, given in zip(batch, (x, y), strict=True):
            own.copy_(given)
        work = partial(self._train, i, loop_length, *batch)
        if self._warmed_up < WARM_UP:
            self._warmed_up += 1
            self._graphs.warm_up(work)
            return
        if self._replay is None:
            self._replay = self._graphs.record(work)
        self._replay()

    def _train(self, i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        with ExitStack() as stack:
            if self._precision == "bfloat16":  # not one that is off: older torch has none for MPS
                kind = self._device.type
                # Without its cache, since a CUDA graph has to cast the weights anew each time.
                stack.enter_context(torch.autocast(kind, torch.bfloat16, cache_enabled=False))
            if self._graphs is not None:
                # Torch warns of capturable optimisers whose steps are not recorded.
                stack.enter_context(warnings.catch_warnings())
                warnings.filterwarnings("ignore", ".*capturable=True", UserWarning)
            if self._first:
                stack.enter_context(refuse_broadcasting(self._model, y))
            self._first = False
            self._model.innerTrainingLoop(i, loop_length, x, y)


@contextmanager
def training_step(
    model: Model, device: torch.device, options: TrainingOptions, processes: ProcessGroup
) -> Iterator[TrainingStep]:
    """Set torch up as the options ask, and yield the step, compiled and recorded where that can be.

    In the block, gradients are averaged over all processes and then clipped before each step.
    """
    precision, optimiser, graphs = options.precision, model.optimiser, None
    if precision == "auto":
        native = device.type == "cpu" and cpu_has_bfloat16()
        if device.type == "cuda":
            native = torch.cuda.get_device_capability(device) >= (8, 0)
        precision = "bfloat16" if native else "float32"
    compiling = device.type == "cuda" if options.compile is None else options.compile
    compiling = compiling and model.capturable
    with ExitStack() as stack:
        stack.enter_context(compute_settings(precision, cpu_threads(processes)))
        stack.enter_context(compiled(model, compiling))
        if compiling and device.type == "cuda":
            if stack.enter_context(capturable(optimiser, device)):
                graphs = CudaGraphs(device)
            else:
                logger.info("%s cannot be recorded: steps are eager", type(optimiser).__name__)
        step = TrainingStep(model, device, precision, graphs)
        stack.enter_context(processes.average_gradients(optimiser, step.weight))
        if options.gradient_clip > 0:

            def clip(*_: Any) -> None:
                parameters = [p for group in optimiser.param_groups for p in group["params"]]
                torch.nn.utils.clip_grad_norm_(parameters, options.gradient_clip)

            stack.enter_context(optimiser.register_step_pre_hook(clip))
        yield step


@contextmanager
def capturable(optimiser: torch.optim.Optimizer, device: torch.device) -> Iterator[bool]:
    """Move what a recording reads of an optimiser to the device; yield whether that can be."""
    if "capturable" not in optimiser.defaults:
        yield False
        return
    for group in optimiser.param_groups:
        group["capturable"] = True
        group["lr"] = torch.as_tensor(group["lr"], dtype=torch.float32).to(device)
    for state in optimiser.state.values():
        if isinstance(state.get("step"), torch.Tensor):
            state["step"] = state["step"].to(device)
    try:
        yield True
    finally:
        for group in optimiser.param_groups:
            group["lr"] = float(group["lr"])
            group["capturable"] = optimiser.defaults["capturable"]


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
    """Refuse a loss in the block that broadcasts predictions against the targets y.

    That is: one of torch's losses that warns of it, or a difference from y that is larger than
    both. Shapes that are meant to differ, as those of logits and classes, pass.
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
