"""Generation of a dataset as planned, from its first sample or from where it was interrupted."""

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import __version__, _core
from .._files import locked
from .._progress import ProgressBar, progress_bar
from .cluster import RenderTask, run_tasks
from .rendering import Renderer, chunks, write_behind
from .representation import InputRepresentation, RepresentationSettings
from .sampler import AudioSampler, Labels, fresh_seed, makes_same_sounds
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
from .storage.metadata import plain_settings

logger = logging.getLogger(__name__)


def make_plan(
    sampler: AudioSampler,
    dataset_size: int,
    representation_settings: RepresentationSettings,
    seed: int | None,
    shard_size: int | None,
) -> dict[str, Any]:
    """Return what is to be generated, with the names of the header's fields."""
    return {
        "dataset_size": dataset_size,
        "representation_settings": dict(representation_settings),
        "sampler": {"name": type(sampler).__name__, "version": __version__},
        "sampler_settings": plain_settings(sampler.settings),
        "seed": seed,
        "instruction_set": _core.instruction_set(),
        "shard_size": shard_size,
    }


def differences(plan: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, str]:
    """Return the arguments that differ from another plan's or a header's, each with a message.

    A seed that was not given fits any. The instruction set, which is no argument, is left out.
    """
    differing = {
        key: f"{key}: {other.get(key)!r} there, {value!r} asked for"
        for key, value in plan.items()
        if value != other.get(key)
        and key != "instruction_set"
        and not (key == "seed" and value is None)
    }
    if makes_same_sounds(plan["sampler"], other["sampler"]):
        differing.pop("sampler", None)
    return differing


def resume_or_begin(
    directory: DatasetDirectory, plan: dict[str, Any], overwrite: bool
) -> tuple[Transaction, Progress]:
    """Open the unfinished generation of this plan, or else a new one.

    Raises:
        DatasetError: it was rendered with another instruction set.
        FileExistsError: one of another plan is there, and `overwrite` is False.
    """
    folder = directory.path / GENERATING
    unfinished = Progress(folder)
    started, other = unfinished.plan, ""
    if started is not None:
        other = ", ".join(differences(plan, started).values())
        rendered_with = started.get("instruction_set")
        if not other and rendered_with != plan["instruction_set"]:
            raise DatasetError(
                f"{directory.path} holds a generation begun with the instruction set "
                f"{rendered_with}, and this machine uses {plan['instruction_set']}, which may "
                f"differ in the last bits: go on where it was begun, or delete {folder}."
            )
    if other and unfinished.done:
        if not overwrite:
            raise FileExistsError(
                f"{directory.path} holds {unfinished.done} samples of an unfinished dataset "
                f"({other}): finish it with its own arguments, name another directory, or let it "
                "be replaced with overwrite=True."
            )
        logger.warning(
            "%s: %d samples of an unfinished dataset are given up (%s).",
            directory.path,
            unfinished.done,
            other,
        )
    disk.remove_folder(directory.path / STAGING)  # what a transformation that was killed left
    resume = started is not None and not other
    transaction = Transaction(
        directory.path, GENERATING, shard_size=plan["shard_size"], resume=resume
    )
    progress = Progress(folder)
    if not resume:
        progress.start(plan | {"seed": fresh_seed() if plan["seed"] is None else plan["seed"]})
    return transaction, progress


def generate(
    directory: DatasetDirectory,
    transaction: Transaction,
    progress: Progress,
    renderer: Renderer,
    representation: InputRepresentation,
    cluster: Any = None,
) -> None:
    """Make the samples that are missing, and let the new dataset replace what is there."""
    plan: dict[str, Any] = progress.plan or {}
    size, group_size = plan["dataset_size"], renderer.sampler.group_size
    renderer.seed(plan["seed"])
    with SampleWriter(transaction, size, renderer.sampler.length, representation) as writer:
        progress.verify(writer.x, plan["shard_size"])
        if progress.done:
            logger.info("%s: going on after %d samples.", directory.path, progress.done)
        with progress_bar(total=size, initial=progress.done, unit=" samples") as bar:
            if cluster is None:
                _render_here(renderer, writer, progress, size, bar)
            else:
                settings, threads = representation.settings, renderer.threads or 1
                task = RenderTask(directory.path, plan, *renderer.recipe, settings, threads)
                for records, clipped in run_tasks(cluster, task, progress.done, writer.values):
                    progress.append(records)
                    transaction.clipped += clipped
                    bar.update(len(records))
        checksum = writer.x.checksum(record.row for record in progress.records())
    # A worker of a cluster may still be at a task that was cancelled, or is done by another.
    with locked(transaction.path / PLAN):
        header = Header(
            **plan,
            groups=[i // group_size for i in range(size)],
            revisions=[0] * size,
            checksums={ARRAY: checksum},
            sounds=[record.sound for record in progress.records()],
        )
        transaction.write_metadata(header, (record.labels for record in progress.records()))
        old = directory.sound_names() if directory.holds_dataset() else []
        removed = set(old).difference(transaction.sound_names(range(size)))
        transaction.commit(range(size), removed=sorted(removed))


def _render_here(
    renderer: Renderer, writer: SampleWriter, progress: Progress, size: int, bar: ProgressBar
) -> None:
    """Make the samples that are missing, each chunk while the one before is written."""

    def write(indices: range, sounds: npt.NDArray[np.float64], labels: list[Labels]) -> None:
        progress.append(writer.write(indices, sounds, labels))

    with write_behind(write) as submit:
        for indices in renderer.chunks(progress.done, size, writer.values):
            submit(indices, *renderer(indices))
            bar.update(len(indices))


def restore_sounds(directory: DatasetDirectory, renderer: Renderer, workers: int | None) -> bool:
    """Make the sounds that are missing, or cut short, as they were; return whether that could be.

    It cannot where this machine makes other sounds than those whose checksums are known; then
    nothing was changed.
    """
    header, lost = directory.header, directory.lost_sounds()
    revisions = {i: header.revisions[i] for i in lost if header.revisions[i]}
    renderer = Renderer(*renderer.recipe, header.seed or 0, workers, revisions)
    transaction = Transaction(directory.path, shard_size=header.shard_size)
    for part in chunks(0, len(lost), header.length):
        indices = lost[part.start : part.stop]
        sounds = renderer(indices)[0]
        checksums = transaction.write_sounds(indices, sounds, header.sample_rate, renderer.threads)
        if checksums != [header.sounds[i] for i in indices]:
            transaction.discard()
            return False
    transaction.commit(lost)
    logger.warning("%s had lost %d sounds, which were made anew.", directory.path, len(lost))
    return True
