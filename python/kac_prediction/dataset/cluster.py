"""Generation of a dataset by the machines of a Dask cluster, which share its directory.

Nothing large travels: every task makes some samples, writes them to the directory itself, and
returns their records.
"""

import logging
import platform
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .. import __version__, _core
from .._files import locked
from .behaviour import Behaviour
from .rendering import Renderer, groups_per_chunk
from .representation import InputRepresentation
from .sampler import AudioSampler, SamplerInfo, makes_same_sounds
from .storage import DatasetError, Generation, Record, read_plan
from .storage.layout import GENERATING, PLAN

logger = logging.getLogger(__name__)

_QUEUED = 3  # tasks for each thread of the cluster: one under way, the others wait at hand
_RETRIES = 3
_PATIENCE = 5.0  # seconds to wait for a worker before that is said

Made: TypeAlias = tuple[list[Record], npt.NDArray[np.int64]]


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
class RenderTask:
    """Render samples of the generation of `plan` on a worker, and write them to its directory."""

    directory: Path
    plan: dict[str, Any]
    Sampler: type[AudioSampler]
    sampler_settings: dict[str, Any]
    threads: int
    behaviour: Behaviour

    def __call__(self, indices: range) -> Made:
        """Return the records of these samples, and how many were clipped."""
        folder = self.directory / GENERATING
        if not (folder / PLAN).is_file():
            raise DatasetError(
                f"The worker on {platform.node()} finds no {folder / PLAN}: all machines must see "
                "it at this path."
            )
        with locked(folder / PLAN, shared=True):
            self._check(folder)
            plan = self.plan
            render = Renderer(self.Sampler, self.sampler_settings, plan["seed"], self.threads)
            render.behaviour = self.behaviour
            settings, sampler = plan["representation_settings"], render.sampler
            represent = InputRepresentation(sampler.sample_rate, settings, threads=self.threads)
            row = InputRepresentation.transformShape(sampler.length, settings)
            generation = Generation(self.directory, plan, resume=True)
            with generation.array((plan["dataset_size"], *row)) as x:
                records = generation.write_samples(x, represent, indices, *render(indices))
        return records, generation.clipped

    def _check(self, folder: Path) -> None:
        """Raise DatasetError if this machine would make other bytes."""
        here = SamplerInfo(name=self.plan["sampler"]["name"], version=__version__)
        reason = None
        if read_plan(folder) != self.plan:
            reason = f"finds another generation in {folder}, which replaced this one"
        elif _core.instruction_set() != self.plan["instruction_set"]:
            reason = (
                f"uses the instruction set {_core.instruction_set()}, and the dataset is made with "
                f"{self.plan['instruction_set']}: set KAC_ISA to one that all have, everywhere"
            )
        elif not makes_same_sounds(here, self.plan["sampler"]):
            reason = (
                f"has kac_prediction {__version__}, and the dataset is made with "
                f"{self.plan['sampler']['version']}: install one version everywhere"
            )
        if reason:
            raise DatasetError(f"The worker on {platform.node()} {reason}.")


def run_tasks(client: Any, task: RenderTask, done: int, values: int) -> Iterator[Made]:
    """Yield, in order, what the task returns for chunks of the samples from `done` on.

    Chunks are whole groups, fit the memory and keep all threads of the cluster at work. Dask
    repeats a task, elsewhere, whose worker has died or which has failed.
    """
    size, group = task.plan["dataset_size"], task.Sampler.group_size
    threads = sum(client.nthreads().values()) or 1
    fair = -(-(size - done) // (group * threads * _QUEUED))
    step = group * max(1, min(groups_per_chunk(values * group), fair))
    submitted: deque[Any] = deque()
    try:
        while done < size:
            end = min((done // step + 1) * step, size)
            threads = sum(client.nthreads().values()) or 1
            if len(submitted) >= _QUEUED * threads:
                yield _result(client, submitted.popleft())
            submitted.append(client.submit(task, range(done, end), pure=False, retries=_RETRIES))
            done = end
        while submitted:
            yield _result(client, submitted.popleft())
    finally:
        client.cancel(list(submitted))


def _result(client: Any, future: Any) -> Any:
    """Wait for what a task returns, and say once if there is no worker that could do it."""
    warned = False
    while True:
        with suppress(TimeoutError):
            return future.result(timeout=_PATIENCE)
        if future.done():  # just now, or with a TimeoutError of its own
            return future.result()
        if not warned and not client.nthreads():
            warned = True
            logger.warning(
                "The cluster %s has no workers: what is to be made waits for them. Start some, as "
                "dask worker does, or interrupt.",
                client,
            )
