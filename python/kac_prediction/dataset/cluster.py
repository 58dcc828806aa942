"""Making a dataset on the machines of a Dask cluster, which share its directory.

Nothing large travels: every task makes some samples, writes them to the directory itself, and
answers with their checksums and labels.
"""

import platform
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import __version__, _core
from .._files import locked
from .plan import sound_alike
from .rendering import Renderer, chunk_groups
from .representation import InputRepresentation, RepresentationSettings
from .sampler import AudioSampler
from .storage import DatasetError, Record, SampleWriter, Transaction
from .storage.layout import GENERATING, PLAN
from .storage.unfinished import read_plan

_AHEAD = 3  # tasks for each thread of the cluster: one under way, the others wait at hand
_RETRIES = 3

Made = tuple[list[Record], npt.NDArray[np.int64]]


def check_client(cluster: Any) -> None:
    """Raise TypeError for anything but a client of Dask."""
    if not all(callable(getattr(cluster, name, None)) for name in ("submit", "nthreads")):
        raise TypeError(
            "cluster must be a dask.distributed.Client (pip install 'kac_prediction[distributed]'),"
            f" got {cluster!r}."
        )
    if getattr(cluster, "asynchronous", False):
        raise TypeError("cluster must not be asynchronous: make it a Client() of its own.")


@dataclass(frozen=True)
class Part:
    """A task: to make some samples of a generation, and to write them where it keeps its own.

    Attributes:
        directory: of the dataset.
        plan: of the generation.
        Sampler: what makes the sounds.
        sampler_settings: arguments of its constructor.
        representation_settings: what x shows of the sounds.
        threads: how many threads of the core each task uses.
    """

    directory: Path
    plan: dict[str, Any]
    Sampler: type[AudioSampler]
    sampler_settings: dict[str, Any]
    representation_settings: RepresentationSettings
    threads: int

    def __call__(self, indices: range) -> Made:
        """Make these samples; return what is to be noted of them, and what was clipped.

        Raises:
            DatasetError: this machine does not see the directory, or would make other bytes.
        """
        folder = self.directory / GENERATING
        if not (folder / PLAN).is_file():
            raise self._refusal(f"finds no {folder / PLAN}: all machines must see it at this path")
        with locked(folder / PLAN, shared=True):
            self._check(folder)
            render = Renderer(
                self.Sampler, self.sampler_settings, self.plan["seed"], workers=self.threads
            )
            represent = InputRepresentation(
                render.sampler.sample_rate, self.representation_settings, threads=self.threads
            )
            shard_size = self.plan["shard_size"]
            stage = Transaction(self.directory, GENERATING, shard_size=shard_size, resume=True)
            size, length = self.plan["dataset_size"], render.sampler.length
            with SampleWriter(stage, size, length, represent) as writer:
                records = writer.write(indices, *render(indices))
        return records, stage.clipped

    def _check(self, folder: Path) -> None:
        if read_plan(folder) != self.plan:
            raise self._refusal(f"finds another generation in {folder}, which replaced this one")
        if _core.instruction_set() != self.plan["instruction_set"]:
            raise self._refusal(
                f"uses the instruction set {_core.instruction_set()}, and the dataset is made with "
                f"{self.plan['instruction_set']}: set KAC_ISA to one that all have, everywhere"
            )
        if not sound_alike(__version__, self.plan["sampler"]["version"]):
            raise self._refusal(
                f"has kac_prediction {__version__}, and the dataset is made with "
                f"{self.plan['sampler']['version']}: install one version everywhere"
            )

    def _refusal(self, reason: str) -> DatasetError:
        return DatasetError(f"The worker on {platform.node()} {reason}.")


def in_order(client: Any, make: Callable[[range], Made], parts: Iterator[range]) -> Iterator[Made]:
    """What `make` makes of each part, in order, as many at once as the cluster has work for.

    Dask does a task again, elsewhere, whose worker has died or which has failed.
    """
    under_way: deque[Any] = deque()
    try:
        for indices in parts:
            threads = sum(client.nthreads().values()) or 1
            if len(under_way) >= _AHEAD * threads:
                yield under_way.popleft().result()
            under_way.append(client.submit(make, indices, pure=False, retries=_RETRIES))
        while under_way:
            yield under_way.popleft().result()
    finally:
        client.cancel(list(under_way))


def cut(client: Any, sampler: AudioSampler, values: int, start: int, stop: int) -> Iterator[range]:
    """Cut [start, stop) into parts, of whole groups, that fit the memory and keep all at work.

    Args:
        client: of the cluster.
        sampler: what makes the samples.
        values: how many a sample has, of its sound or its representation, whichever has more.
        start: the first sample.
        stop: the end.
    """
    group = sampler.group_size
    threads = sum(client.nthreads().values()) or 1
    fair = -(-(stop - start) // (group * threads * _AHEAD))
    step = group * max(1, min(chunk_groups(values * group), fair))
    while start < stop:
        end = min((start // step + 1) * step, stop)
        yield range(start, end)
        start = end
