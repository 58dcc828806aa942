"""Several processes that train one model: their process group, and what its members exchange.

`torchrun --nproc-per-node N script.py` starts them and describes the group in their environment.
A model's own loop needs no change: gradients are averaged by a hook of its optimiser.
"""

import atexit
import os
import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import zip_longest
from typing import Any, Final, Self, TypeVar

import torch
import torch.distributed as dist

T = TypeVar("T")

TIMEOUT: Final = timedelta(hours=12)  # the others wait while the leader makes a dataset
GRACE: Final = 30.0  # seconds that torchrun leaves the other processes when one has failed
BUCKET_BYTES: Final = 25_000_000  # sent at once: so large that the latency is small beside it


class PeerError(RuntimeError):
    """Another process of the group has ended; the cause is reported there, not here."""


class DisagreementError(ValueError):
    """The processes do not train the same model; all of them raise it."""


@dataclass(frozen=True)
class ProcessGroup:
    """The processes that train together, and the place of this one among them.

    With one process the methods do and cost nothing. With several, those that exchange something
    are collective: all processes call them, in the same order.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0  # among the processes of this machine
    local_size: int = 1

    @property
    def leader(self) -> bool:
        """Whether this is rank 0, which alone writes files."""
        return self.rank == 0

    @classmethod
    def join(cls, device: str | torch.device | None = None) -> Self:
        """Join the process group that exists, else make the one that torchrun describes, if any.

        Its gradients travel by NCCL if the model's `device` (None: CUDA where there is one) is on
        CUDA, else by gloo; its objects by gloo, as waiting for NCCL keeps a core and the GPU busy.
        """
        if not (dist.is_available() and dist.is_initialized()):
            started = "RANK" in os.environ and _environment("RANK", 0) >= 0
            size = _environment("WORLD_SIZE", 1) if started else 1  # some clusters set it alone
            if size == 1:
                return cls()
            if not dist.is_available():
                raise RuntimeError(
                    f"{size} processes were started, but this torch was built without"
                    " torch.distributed: install one that has it, or start one alone"
                )
            kind = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu")).type
            nccl = kind == "cuda" and dist.is_nccl_available()
            dist.init_process_group("cpu:gloo,cuda:nccl" if nccl else "gloo", timeout=TIMEOUT)
            atexit.register(_leave)
        rank, size = dist.get_rank(), dist.get_world_size()
        hosts = cls(rank, size).all_gather(socket.gethostname())
        local_rank = _environment("LOCAL_RANK", hosts[:rank].count(hosts[rank]))
        local_size = _environment("LOCAL_WORLD_SIZE", hosts.count(hosts[rank]))
        return cls(rank, size, local_rank, local_size)

    def shard(self, count: int) -> slice:
        """Return this process's share of `count` samples; the first ranks get the remainder."""
        each, more = divmod(count, self.size)
        start = self.rank * each + min(self.rank, more)
        return slice(start, start + each + (self.rank < more))

    def broadcast(self, value: T) -> T:
        """Return the leader's value, which must be picklable, on all processes."""
        return self.all_gather(value)[0]

    def all_gather(self, value: T) -> list[T]:
        """Return the picklable values of all processes by rank, on all processes."""
        if self.size == 1:
            return [value]
        values: list[Any] = [None] * self.size
        with _peer_errors():
            dist.all_gather_object(values, value)
        return values

    @contextmanager
    def leader_first(self) -> Iterator[None]:
        """Run the block on the leader, then on one process of each other machine, then on the rest.

        So what all need from a disk is made once where they share it, else once on each machine.
        An error of one process is a PeerError on those that come after it.
        """

        def barrier(failure: str = "") -> None:
            if failures := [text for text in self.all_gather(failure) if text]:
                raise PeerError("; ".join(failures))

        turn = 0 if self.leader else 1 if self.local_rank == 0 else 2
        for _ in range(turn):
            barrier()
        try:
            yield
        except BaseException as error:
            with suppress(PeerError):
                barrier(f"process {self.rank}: {type(error).__name__}: {error}")
            raise
        for _ in range(turn, 3):
            barrier()

    @contextmanager
    def report_once(self, *collective: type[Exception]) -> Iterator[None]:
        """Surround a training, so that an error ends it everywhere and is reported by one process.

        `collective` errors arise on all at once, and the leader reports them. Those whose error is
        not their own wait in silence for torchrun, which ends all when one has failed.
        """
        shared: tuple[type[Exception], ...] = (PeerError, DisagreementError, *collective)
        try:
            yield
        except shared as error:
            reports = self.leader and not isinstance(error, PeerError)
            if self.size > 1 and not reports and dist.is_torchelastic_launched():
                time.sleep(GRACE)
            raise

    def broadcast_model(self, model: torch.nn.Module) -> None:
        """Replace the parameters and buffers of a model by the leader's, in place."""
        if self.size == 1:
            return
        tensors = dict([*model.named_parameters(), *model.named_buffers()])
        texts = [f"{name} {tuple(t.shape)} in {t.dtype}" for name, t in tensors.items()]
        self._check_agreement(texts, "tensor", "of the model")
        broadcast_tensors(tensors.values())

    def average_buffers(self, model: torch.nn.Module) -> None:
        """Average floating buffers (as of batch normalisation) in place; others: the leader's."""
        if self.size == 1:
            return
        floating = [buffer for buffer in model.buffers() if buffer.is_floating_point()]
        all_reduce(floating)
        with torch.no_grad():
            for buffer in floating:
                buffer.div_(self.size)  # after the sum, so that equal values stay as they are
        broadcast_tensors(buffer for buffer in model.buffers() if not buffer.is_floating_point())

    @contextmanager
    def average_gradients(
        self, optimiser: torch.optim.Optimizer, weight: torch.Tensor
    ) -> Iterator[None]:
        """Average gradients over all processes before each step of an optimiser in the block.

        `weight`, shape (), on the device of this process's gradients, is read at every step: with
        losses that are means over n of N samples and the weight n * size / N, a step is that of one
        process with all N samples. Later hooks, as for clipping, see averages. The first step,
        which compares the processes, must not be part of a CUDA graph.
        """
        agreed: list[bool] = []

        def average(*others: torch.Tensor) -> None:
            parameters = [p for group in optimiser.param_groups for p in group["params"]]
            present = [parameter.grad is not None for parameter in parameters]
            if present != agreed:
                texts = []
                for shape, gradient in ((tuple(p.shape), p.grad) for p in parameters):
                    if gradient is not None and gradient.layout != torch.strided:
                        raise ValueError(
                            f"the gradient of a parameter of shape {shape} is sparse, which cannot"
                            " be averaged over processes: make its layer with sparse=False"
                        )
                    kind = "without a gradient"
                    if gradient is not None:
                        kind = f"with a gradient in {gradient.dtype}"
                    texts.append(f"of shape {shape} {kind}")
                self._check_agreement(texts, "parameter", "of the optimiser")
                agreed[:] = present
            gradients = [p.grad for p in parameters if p.grad is not None]
            all_reduce([*gradients, *others], weight / self.size)

        def before_step(_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            closure = kwargs.get("closure", args[1] if len(args) > 1 else None)
            if closure is None:
                return average()

            def averaged_closure() -> torch.Tensor:
                # Some optimisers decide by the loss, which then must be the same everywhere.
                loss = torch.as_tensor(closure()).detach().clone()
                average(loss)
                return loss

            return (optimiser, averaged_closure), {}

        averaging = (
            optimiser.register_step_pre_hook(before_step) if self.size > 1 else nullcontext()
        )
        with averaging:
            yield

    def _check_agreement(self, descriptions: list[str], noun: str, place: str) -> None:
        """Raise DisagreementError on all processes where two describe something differently."""
        everybody = self.all_gather(descriptions)
        for rank, others in enumerate(everybody):
            pairs = zip_longest(everybody[0], others, fillvalue="missing")
            for i, (first, other) in enumerate(pairs):
                if first != other:
                    raise DisagreementError(
                        f"{noun} {i} {place} is {first} in process 0, but {other} in process"
                        f" {rank}: make model, optimiser and every step alike in all processes"
                    )


def all_reduce(tensors: Iterable[torch.Tensor], factor: float | torch.Tensor = 1.0) -> None:
    """Replace floating tensors by the sums over all processes of tensor times factor, in place."""
    _exchange(tensors, lambda flat: dist.all_reduce(flat, async_op=True), factor)


def broadcast_tensors(tensors: Iterable[torch.Tensor]) -> None:
    """Replace tensors by the leader's, in place; as bytes, since gloo lacks some dtypes."""
    _exchange(tensors, lambda flat: dist.broadcast(flat.view(torch.uint8), src=0, async_op=True))


def buckets(tensors: Iterable[torch.Tensor], limit: int = BUCKET_BYTES) -> list[list[torch.Tensor]]:
    """Sort tensors into buckets of one dtype and device, of at most `limit` bytes or one tensor."""
    kinds: dict[tuple[torch.dtype, torch.device], list[list[torch.Tensor]]] = {}
    for tensor in tensors:
        kind = kinds.setdefault((tensor.dtype, tensor.device), [[]])
        if kind[-1] and sum(t.nbytes for t in kind[-1]) + tensor.nbytes > limit:
            kind.append([])
        kind[-1].append(tensor)
    return [bucket for kind in kinds.values() for bucket in kind]


@torch.no_grad()
def _exchange(
    tensors: Iterable[torch.Tensor],
    start: Callable[[torch.Tensor], Any],
    factor: float | torch.Tensor | None = None,
) -> None:
    """Exchange tensors bucket by bucket, in place; start all before waiting for the first."""
    backends = dict(name.split(":") for name in dist.get_backend_config().split(","))
    fallback = torch.device("cpu" if "cpu" in backends else "cuda")
    pending = []
    for bucket in buckets(tensors):
        flat = torch.cat([tensor.reshape(-1) for tensor in bucket])
        if factor is not None:
            flat.mul_(factor)
        flat = flat.to(flat.device if flat.device.type in backends else fallback)
        with _peer_errors():
            pending.append((bucket, flat, start(flat)))
    for bucket, flat, work in pending:
        with _peer_errors():
            work.wait()
        parts = torch.split(flat, [tensor.numel() for tensor in bucket])
        for tensor, part in zip(bucket, parts, strict=True):
            tensor.copy_(part.view(tensor.shape))


@contextmanager
def _peer_errors() -> Iterator[None]:
    """Raise PeerError where a collective fails, as it does when another process has ended."""
    try:
        yield
    except torch.cuda.OutOfMemoryError:
        raise
    except RuntimeError as error:
        raise PeerError(
            f"process {dist.get_rank()} has lost another one, whose output tells why: {error}"
        ) from error


def _environment(name: str, default: int) -> int:
    """Return a number that torchrun sets in the environment, or the default."""
    text = os.environ.get(name, str(default))
    if not text.isdecimal():
        raise ValueError(
            f"{name}={text!r} in the environment is no number, as torchrun sets: unset it, or start"
            " the processes by torchrun"
        )
    return int(text)


def _leave() -> None:
    """Leave the process group at the end, unless after an error: NCCL would wait for the others."""
    if dist.is_initialized() and not hasattr(sys, "last_value"):
        dist.destroy_process_group()
