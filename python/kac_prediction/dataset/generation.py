"""One generation of a dataset, from its first sample or from where it was interrupted."""

import logging
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from .._files import locked
from .cluster import Part, cut, in_order
from .plan import difference
from .rendering import Renderer, one_behind
from .representation import InputRepresentation
from .sampler import Labels
from .seeding import fresh_seed
from .storage import (
    DatasetDirectory,
    DatasetError,
    Header,
    Progress,
    SampleWriter,
    Transaction,
    disk,
)
from .storage.layout import ARRAY, GENERATING, PLAN, STAGING

logger = logging.getLogger(__name__)


class Generation:
    """A dataset on its way: what is planned, what is done, and where it is put."""

    def __init__(
        self,
        directory: DatasetDirectory,
        renderer: Renderer,
        representation: InputRepresentation,
        plan: dict[str, Any],
        overwrite: bool = True,
    ) -> None:
        """Go on with what was interrupted, if it is of this plan, or else begin.

        Raises:
            DatasetError: it is, but it was rendered with another instruction set.
            FileExistsError: it is of another plan, and must not be replaced (`overwrite`).
        """
        self._old = directory.header if directory.holds_dataset() else None
        self._old_names = set(directory.sound_names()) if self._old else set()
        folder = directory.path / GENERATING
        unfinished = Progress(folder)
        started = unfinished.plan
        resume = started is not None and _may_go_on(plan, started, directory)
        if started is not None and not resume:
            _give_up(unfinished, difference(plan, started), directory, overwrite)
        disk.remove_folder(directory.path / STAGING)  # what a transformation that was killed left
        shard_size = plan["shard_size"]
        self.stage = Transaction(directory.path, GENERATING, shard_size=shard_size, resume=resume)
        self._progress = Progress(folder)
        if started is not None and resume:
            self._plan = started
        else:
            self._plan = plan | {"seed": fresh_seed() if plan["seed"] is None else plan["seed"]}
            self._progress.start(self._plan)
        self._renderer = renderer
        self._renderer.seed(self._plan["seed"])
        self._representation = representation

    def run(self, cluster: Any = None) -> Transaction:
        """Make what is missing, and let it replace what is there; return the stage, now done."""
        size, length = self._plan["dataset_size"], self._renderer.sampler.length
        with SampleWriter(self.stage, size, length, self._representation) as writer:
            self._progress.verify(writer.x, self._plan["shard_size"])
            done = self._progress.done
            if done:
                logger.info("%s: going on after %d samples.", self.stage.directory, done)
            with tqdm(total=size, initial=done, unit=" samples", disable=None) as bar:
                if cluster is None:
                    self._render_here(writer, bar)
                else:
                    self._render_on(cluster, writer.values, bar)
            checksum = writer.x.checksum(record.row for record in self._progress.records())
        # A worker of a cluster may still be at a task that was given up, or is done by another.
        with locked(self.stage.path / PLAN):
            lines = (record.labels for record in self._progress.records())
            self.stage.write_metadata(self._header(checksum), lines)
            gone = self._old_names.difference(self.stage.sound_names(range(size)))
            self.stage.commit(range(size), removed=sorted(gone))
        return self.stage

    def _render_here(self, writer: SampleWriter, bar: "tqdm[Any]") -> None:
        """Make the samples that are missing, each chunk while the one before is written."""

        def write(indices: range, sounds: npt.NDArray[np.float64], labels: list[Labels]) -> None:
            self._progress.append(writer.write(indices, sounds, labels))

        with one_behind() as submit:
            done, size = self._progress.done, self._plan["dataset_size"]
            for indices in self._renderer.chunks(done, size, writer.values):
                submit(write, indices, *self._renderer(indices))
                bar.update(len(indices))

    def _render_on(self, cluster: Any, values: int, bar: "tqdm[Any]") -> None:
        """Let the workers of a cluster make, and write, the samples that are missing."""
        part = Part(
            self.stage.directory,
            self._plan,
            *self._renderer.recipe,
            self._representation.settings,
            self._renderer.threads or 1,
        )
        size = self._plan["dataset_size"]
        parts = cut(cluster, self._renderer.sampler, values, self._progress.done, size)
        for records, clipped in in_order(cluster, part, parts):
            self._progress.append(records)
            self.stage.clipped += clipped
            bar.update(len(records))

    def _header(self, checksum: int) -> Header:
        size, group_size = self._plan["dataset_size"], self._renderer.sampler.group_size
        return Header(
            **self._plan,
            groups=[i // group_size for i in range(size)],
            revisions=[0] * size,
            checksums={ARRAY: checksum},
            sounds=[record.sound for record in self._progress.records()],
        )


def _may_go_on(plan: dict[str, Any], started: dict[str, Any], directory: DatasetDirectory) -> bool:
    """Is what was started what is planned?

    Raises:
        DatasetError: it is, but it was rendered with another instruction set.
    """
    rendered_with = started.get("instruction_set")
    if difference(plan, started | {"instruction_set": plan["instruction_set"]}):
        return False
    if rendered_with != plan["instruction_set"]:
        raise DatasetError(
            f"{directory.path} holds a generation begun with the instruction set {rendered_with}, "
            f"and this machine uses {plan['instruction_set']}, which may differ in the last bits: "
            f"go on where it was begun, or delete {directory.path / GENERATING}."
        )
    return True


def _give_up(
    unfinished: Progress, other: str, directory: DatasetDirectory, overwrite: bool
) -> None:
    """Say that what was begun with other arguments is replaced; or refuse to."""
    if not unfinished.done:
        return
    if not overwrite:
        raise FileExistsError(
            f"{directory.path} holds {unfinished.done} samples of an unfinished dataset ({other}): "
            "finish it with its own arguments, name another directory, or let it be replaced with "
            "overwrite=True."
        )
    logger.warning(
        "%s: %d samples of an unfinished dataset are given up (%s).",
        directory.path,
        unfinished.done,
        other,
    )
