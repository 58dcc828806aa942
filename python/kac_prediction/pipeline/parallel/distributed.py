"""Several processes that train one model, on one machine or many.

`torchrun --nproc-per-node N script.py` starts them, and says in their environment who they are. A
model's own training loop knows nothing of it.
"""

import atexit
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Protocol, Self, TypeVar

import torch
import torch.distributed as dist

from .averaging import Averaging, DisagreementError, Weight, agree
from .collectives import PeerError, add_up, everybodys, leaders, take_leaders

T = TypeVar("T")

_PATIENCE = timedelta(hours=12)  # the others wait while the leader makes a dataset
_LAST_WORDS = 30.0  # seconds: as long as torchrun leaves others, when one process has failed


class Handle(Protocol):
    """What was registered, until it is removed."""

    def remove(self) -> None:
        """Undo it."""


class Ranks:
    """The processes of a training, and which of them this one is.

    With one process nothing here does or costs anything. With several, what exchanges something
    is to be called by all of them, in the same order.

    Attributes:
        rank: number of this process, from 0.
        size: number of processes.
        local_rank: number of this process among those of its machine, from 0.
        local_size: number of processes of its machine.
        leader: whether this is process 0, which alone writes.
    """

    def __init__(
        self, rank: int = 0, size: int = 1, local_rank: int = 0, local_size: int = 1
    ) -> None:
        self.rank = rank
        self.size = size
        self.local_rank = local_rank
        self.local_size = local_size
        self.leader = rank == 0

    @classmethod
    def join(cls, device: str | torch.device | None = None) -> Self:
        """Meet the other processes: those of a group that exists, else those torchrun started.

        A group that is made here ends with this interpreter.

        Args:
            device: where the model will be, which decides how gradients travel: by NCCL from
                CUDA where torch has it, else by gloo. None: CUDA where there is one.

        Raises:
            RuntimeError: torch was built without `torch.distributed`.
            ValueError: the environment is not as torchrun makes it.
        """
        if dist.is_available() and dist.is_initialized():
            return cls._of_group()
        size = _number("WORLD_SIZE", 1) if "RANK" in os.environ else 1
        if size == 1:
            return cls()
        if not dist.is_available():
            raise RuntimeError(
                f"{size} processes were started to train together, but this torch was built"
                " without torch.distributed: install one that has it, or start one process alone"
            )
        rank = _number("RANK", 0)
        ranks = cls(rank, size, _number("LOCAL_RANK", rank), _number("LOCAL_WORLD_SIZE", size))
        # Objects go by gloo in any case: to wait for them then keeps neither a core of the CPU
        # nor the device busy, as NCCL does.
        nccl = ranks.device(device).type == "cuda" and dist.is_nccl_available()
        dist.init_process_group("cpu:gloo,cuda:nccl" if nccl else "gloo", timeout=_PATIENCE)
        atexit.register(_leave)
        return ranks

    @classmethod
    def _of_group(cls) -> Self:
        """The processes of the group that torch knows."""
        rank, hosts = dist.get_rank(), everybodys(socket.gethostname())
        local_rank = _number("LOCAL_RANK", hosts[:rank].count(hosts[rank]))
        local_size = _number("LOCAL_WORLD_SIZE", hosts.count(hosts[rank]))
        return cls(rank, len(hosts), local_rank, local_size)

    def device(self, asked: str | torch.device | None = None) -> torch.device:
        """The device of this process: of several processes on CUDA, each has one of its own.

        Args:
            asked: the device; None: CUDA where there is one, else the CPU.

        Raises:
            ValueError: the machine has more processes than CUDA devices.
        """
        device = torch.device(asked or ("cuda" if torch.cuda.is_available() else "cpu"))
        if self.size == 1 or device.type != "cuda":
            return device
        count = torch.cuda.device_count()
        if self.local_rank >= count:
            raise ValueError(
                f"process {self.local_rank} of this machine needs a CUDA device of its own, but"
                f" there are {count}: torchrun --nproc-per-node {max(1, count)}, or device='cpu'"
            )
        return torch.device("cuda", self.local_rank)

    def threads(self) -> int:
        """How many threads of the CPU this process may use.

        Of several processes on a machine, each has its share of the cores, unless OMP_NUM_THREADS
        says more than 1; torchrun sets that to 1 where nobody has set it.
        """
        cores = _cores()
        if self.local_size > 1 and os.environ.get("OMP_NUM_THREADS", "1") == "1":
            return max(1, cores // self.local_size)
        return min(torch.get_num_threads(), cores)

    def share(self, value: T) -> T:
        """The leader's value, which must be picklable, on all processes."""
        return value if self.size == 1 else leaders(value)

    def gather(self, value: T) -> list[T]:
        """The values of all processes, which must be picklable, in their order, on all of them."""
        return [value] if self.size == 1 else everybodys(value)

    @contextmanager
    def in_turn(self) -> Iterator[None]:
        """First the leader does it, then one process of each other machine, then the rest.

        What all need from a disk is so made once where they share it, else once a machine.

        Raises:
            PeerError: another process failed to do it; the message has its error.
        """
        turn = 0 if self.leader else 1 if self.local_rank == 0 else 2
        for _ in range(turn):
            self._end_turn()
        try:
            yield
        except BaseException as error:
            with suppress(PeerError):
                self._end_turn(f"process {self.rank}: {type(error).__name__}: {error}")
            raise
        for _ in range(turn, 3):
            self._end_turn()

    def _end_turn(self, failure: str = "") -> None:
        failures = [text for text in self.gather(failure) if text]
        if failures:
            raise PeerError("; ".join(failures))

    @contextmanager
    def together(self, *alike: type[Exception]) -> Iterator[None]:
        """Around a training: an error ends it in all processes, and is told by one.

        torchrun ends all processes when one has failed. Those with nothing of their own to tell
        wait for that in silence.

        Args:
            alike: errors that all processes meet at the same moment; the leader tells them.
        """
        everywhere: tuple[type[Exception], ...] = (PeerError, DisagreementError, *alike)
        try:
            yield
        except everywhere as error:
            told = self.leader and not isinstance(error, PeerError)
            if self.size > 1 and not told and dist.is_torchelastic_launched():
                time.sleep(_LAST_WORDS)
            raise

    def equalise(self, model: torch.nn.Module) -> None:
        """Give all processes the leader's parameters and buffers, in place.

        Raises:
            DisagreementError: the models do not have the same tensors.
        """
        if self.size == 1:
            return
        tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
        agree(
            [f"{name} {tuple(t.shape)} in {t.dtype}" for name, t in tensors.items()],
            "tensor",
            "of the model",
        )
        take_leaders(tensors.values())

    def average_buffers(self, model: torch.nn.Module) -> None:
        """Average floating buffers (as of batch normalisation), in place; others: the leader's."""
        if self.size == 1:
            return
        floating = [buffer for buffer in model.buffers() if buffer.is_floating_point()]
        add_up(floating)
        with torch.no_grad():
            for buffer in floating:
                buffer.div_(self.size)  # after the sum: what is the same everywhere stays so
        take_leaders(buffer for buffer in model.buffers() if not buffer.is_floating_point())

    def average_gradients(self, optimiser: torch.optim.Optimizer, weight: Weight) -> Handle:
        """Average the gradients over all processes before each step of an optimiser.

        The mean of the weights over the processes should be 1. With losses that are means over n
        of N samples and the weight n * size / N, a step is that of one process with all N samples.

        Hooks that are registered later, as for clipping, see the average. The first step must not
        be part of the recording of a CUDA graph, as the processes then compare what they have;
        and a recording keeps a weight that is a number.

        Args:
            optimiser: of which every process has its own.
            weight: what this process's gradients count; asked for at every step; a number, or a
                tensor of one number on the gradients' device.

        Returns:
            What ends it: `remove()`.

        Raises:
            DisagreementError: at the first step, where not the same parameters have gradients.
        """
        if self.size == 1:
            return _Nothing()
        return optimiser.register_step_pre_hook(Averaging(self.size, weight))


class _Nothing:
    """Nothing was registered."""

    def remove(self) -> None:
        """Nothing to undo."""


def share_of(count: int, ranks: Ranks) -> slice:
    """Which of `count` samples are this process's; the first processes get one more if need be."""
    each, more = divmod(count, ranks.size)
    start = ranks.rank * each + min(ranks.rank, more)
    return slice(start, start + each + (ranks.rank < more))


def _cores() -> int:
    """How many cores of the CPU this process may run on."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux alone has it
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _number(name: str, default: int) -> int:
    """A variable of the environment that torchrun sets."""
    text = os.environ.get(name, str(default))
    if not text.isdecimal():
        raise ValueError(
            f"the environment has {name}={text!r}, where torchrun sets a whole number: start the"
            f" processes by torchrun, or unset {name}"
        )
    return int(text)


def _leave() -> None:
    """Leave the group of processes in the end.

    Not after an error: NCCL would wait for the others, who may be waiting for this process.
    """
    if dist.is_initialized() and not hasattr(sys, "last_value"):
        dist.destroy_process_group()
