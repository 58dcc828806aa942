"""What processes that train together send each other: objects, and tensors in large pieces."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
import torch.distributed as dist

T = TypeVar("T")
Arrival = Callable[[], torch.Tensor]

BUCKET_BYTES = 25_000_000
"""About how much is sent at once: enough to make the cost of starting small beside it."""


class PeerError(RuntimeError):
    """Another process of the training has ended; what went wrong is there, not here."""


def leaders(value: T) -> T:
    """The value of process 0, on all of them."""
    values: list[Any] = [value]
    with _exchanging():
        dist.broadcast_object_list(values, src=0)
    shared: T = values[0]
    return shared


def everybodys(value: T) -> list[T]:
    """The values of all processes in their order, on all of them."""
    values: list[Any] = [None] * dist.get_world_size()
    with _exchanging():
        dist.all_gather_object(values, value)
    return values


def add_up(tensors: Iterable[torch.Tensor], factor: float | torch.Tensor = 1.0) -> None:
    """Replace floating tensors by the sums over all processes.

    Args:
        tensors: of any shapes, dtypes, devices and strides, the same in all processes.
        factor: what those of this process are multiplied by before.
    """
    _exchange(tensors, lambda flat: _sent(flat.mul_(factor), dist.all_reduce))


def take_leaders(tensors: Iterable[torch.Tensor]) -> None:
    """Replace tensors by those of process 0."""
    _exchange(tensors, lambda flat: _sent(flat, _send_bytes))


def buckets(
    tensors: Iterable[torch.Tensor], limit: int = BUCKET_BYTES
) -> Iterator[list[torch.Tensor]]:
    """Sort tensors into buckets of one dtype and one device.

    Args:
        tensors: in an order that is the same in all processes.
        limit: bytes of a bucket; a larger tensor has one of its own.

    Yields:
        The tensors of a bucket. Their order is a function of sizes, dtypes and devices alone.
    """
    kinds: dict[tuple[torch.dtype, torch.device], list[torch.Tensor]] = {}
    for tensor in tensors:
        kinds.setdefault((tensor.dtype, tensor.device), []).append(tensor)
    for kind in kinds.values():
        bucket: list[torch.Tensor] = []
        size = 0
        for tensor in kind:
            if bucket and size + tensor.nbytes > limit:
                yield bucket
                bucket, size = [], 0
            bucket.append(tensor)
            size += tensor.nbytes
        yield bucket


@torch.no_grad()
def _exchange(tensors: Iterable[torch.Tensor], send: Callable[[torch.Tensor], Arrival]) -> None:
    """Exchange tensors for what comes back, in place; all are sent before the first is awaited."""
    sent = []
    for bucket in buckets(tensors):
        flat = torch.cat([tensor.reshape(-1) for tensor in bucket])
        sent.append((bucket, send(flat)))
    for bucket, arrival in sent:
        parts = torch.split(arrival(), [tensor.numel() for tensor in bucket])
        for tensor, part in zip(bucket, parts, strict=True):
            tensor.copy_(part.view(tensor.shape))


def _sent(flat: torch.Tensor, start: Callable[..., Any]) -> Arrival:
    """Begin to exchange a tensor; return what waits for it."""
    there = flat.to(_way(flat.device))
    with _exchanging():
        work = start(there, async_op=True)

    def arrived() -> torch.Tensor:
        with _exchanging():
            work.wait()
        return there

    return arrived


def _send_bytes(flat: torch.Tensor, async_op: bool) -> Any:
    """Send the leader's numbers as bytes, since gloo does not know all kinds."""
    return dist.broadcast(flat.view(torch.uint8), src=0, async_op=async_op)


def _way(device: torch.device) -> torch.device:
    """Where a tensor must be to be sent: where it is, if the group knows the way from there."""
    ways = dict(way.split(":") for way in dist.get_backend_config().split(","))
    if device.type in ways:
        return device
    return torch.device("cpu" if "cpu" in ways else "cuda")


@contextmanager
def _exchanging() -> Iterator[None]:
    """Around what other processes take part in: that fails when one of them has ended."""
    try:
        yield
    except torch.cuda.OutOfMemoryError:
        raise
    except RuntimeError as error:
        raise PeerError(
            f"process {dist.get_rank()} of {dist.get_world_size()} is well, but another one has"
            f" ended or cannot be reached: see what that one says. Here it was: {error}"
        ) from error
