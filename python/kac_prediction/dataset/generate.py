"""generateDataset: decide what a directory lacks of the planned dataset, and make that."""

import logging
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .. import __version__, _core
from .._checks import brief, check_count, check_seed
from .._files import locked, reporting
from .._progress import progress_bar
from .._threads import write_behind
from .cluster import RenderTask, check_client, run_tasks
from .legacy.convert import is_legacy
from .rendering import Renderer, chunks
from .representation import InputRepresentation, RepresentationSettings
from .sampler import AudioSampler, Labels, SamplerSettings, fresh_seed, makes_same_sounds
from .storage import (
    DatasetDirectory,
    DatasetError,
    Generation,
    Header,
    Transaction,
    disk,
    read_plan,
    sample_records,
    write_lock,
)
from .storage.layout import ARRAY, GENERATING, PLAN, STAGING
from .storage.metadata import plain_settings
from .torch_dataset import TorchDataset, loadDataset
from .transform import transform_directory

logger = logging.getLogger(__name__)


def generateDataset(
    Sampler: type[AudioSampler],
    sampler_settings: SamplerSettings | Mapping[str, Any],
    dataset_dir: str,
    dataset_size: int = 10,
    representation_settings: RepresentationSettings | None = None,
    seed: int | None = None,
    workers: int | None = None,
    overwrite: bool = True,
    shard_size: int | None = None,
    cluster: Any = None,
) -> TorchDataset:
    """Make a dataset of labelled sounds and store it in a directory.

    Called again with the same arguments, it finishes what was interrupted, makes lost sounds as
    they were, or returns what is there. Where only the representation differs, the sounds are
    transformed. Other arguments replace the dataset once the new one is complete. The bytes depend
    neither on the number of workers or machines nor on interruptions.

    Args:
        Sampler: what makes the sounds.
        sampler_settings: arguments of its constructor.
        dataset_dir: the directory; made if need be.
        dataset_size: number of samples, from 1.
        representation_settings: what X shows of the sounds; None: the waves, normalised.
        seed: an integer in [0, 2^64) that everything is drawn from; None: drawn and recorded.
        workers: threads (processes, for a sampler in pure Python) that work at once; None: all
            threads that this process may use (one process).
        overwrite: whether a dataset made, or begun, with other arguments may be replaced.
        shard_size: how many sounds share a folder; None: no folders.
        cluster: a `dask.distributed.Client`, whose workers make and write the samples, `workers`
            threads a task (None: 1); they need this package with the extra `distributed`, and the
            directory by the same path.

    Returns:
        The dataset, loaded from the directory.

    Raises:
        DatasetError: the directory holds files that are no dataset's, or another process writes
            there; nothing was changed.
        FileExistsError: another dataset is there, finished or not, and `overwrite` is False; or
            one of kac_drumset, such as a published one, which is never replaced.
        OSError: the disk is full or cannot be written; call again to go on.
        TypeError: an argument has the wrong type, or settings do not fit the sampler or JSON.
        ValueError: a number out of range; a sampler that made a value that is not finite, gave
            samples different labels, or makes other samples in another order, as a few show first.
    """
    if cluster is not None:
        check_client(cluster)
    renderer = Renderer(Sampler, sampler_settings, 0, workers)
    representation = InputRepresentation(
        renderer.sampler.sample_rate, representation_settings, threads=renderer.threads
    )
    # Settings which do not fit are refused before anything is written.
    InputRepresentation.transformShape(renderer.sampler.length, representation.settings)
    plan = {  # with the names of the header's fields
        "dataset_size": check_count("dataset_size", dataset_size),
        "representation_settings": dict(representation.settings),
        "sampler": {"name": Sampler.__name__, "version": __version__},
        "sampler_settings": plain_settings(renderer.sampler.settings),
        "seed": None if seed is None else check_seed("seed", seed),
        "instruction_set": _core.instruction_set(),
        "shard_size": None if shard_size is None else check_count("shard_size", shard_size),
    }
    path = Path(dataset_dir).absolute()
    with reporting("generating a dataset", path):
        if decide(DatasetDirectory(path), plan, overwrite).action is not Action.RETURN:
            with write_lock(path):
                directory = DatasetDirectory(path)
                # Again, as another process may have written there in the meantime.
                action, plan, replaced = decide(directory, plan, overwrite)
                if action in (Action.RESTORE, Action.GENERATE):
                    renderer.observe(dataset_size)
                if action is Action.RESTORE and not restore_sounds(directory, renderer):
                    action = Action.GENERATE
                if action is Action.TRANSFORM:
                    transform_directory(directory, representation)
                elif action is Action.GENERATE:
                    if replaced:
                        logger.warning("%s %s.", directory.path, replaced)
                    with resume_or_begin(directory, plan, overwrite) as generation:
                        generate(directory, generation, renderer, representation, cluster)
                    generation.warn_clipped()
    return loadDataset(dataset_dir)


class Action(Enum):
    """What generateDataset does with a directory."""

    RETURN = "the planned dataset is there"
    TRANSFORM = "its sounds are there, and another representation"
    RESTORE = "it has lost nothing but sounds"
    GENERATE = "it is to be made"


class Decision(NamedTuple):
    """What is done, and with which plan."""

    action: Action
    plan: dict[str, Any]  # with the seed of the sounds that are replaced by the same ones
    replaced: str = ""  # what a generation replaces, for a message; '': nothing


def decide(directory: DatasetDirectory, plan: dict[str, Any], overwrite: bool) -> Decision:
    """Decide what is to be done where a dataset is planned; errors are those of generateDataset."""
    if not directory.holds_dataset():
        directory.refuse_foreign_files()
        return Decision(Action.GENERATE, plan)
    if is_legacy(directory.metadata_path()) or directory.header.origin is not None:
        raise FileExistsError(
            f"{directory.path} holds a dataset of kac_drumset, which generateDataset never "
            "replaces: open it with loadDataset, name another directory, or delete it yourself."
        )
    header = directory.header
    other = differences(plan, vars(header))
    if not other and directory.is_whole():
        logger.info("%s holds this very dataset already.", directory.path)
        return Decision(Action.RETURN, plan)
    if overwrite and [*other] == ["representation_settings"] and directory.is_whole():
        return Decision(Action.TRANSFORM, plan)
    directory.refuse_foreign_files()
    described = ", ".join(other.values())
    if other and not overwrite:
        raise FileExistsError(
            f"{directory.path} holds another dataset ({described}): "
            "name another directory, or let it be replaced with overwrite=True."
        )
    if other.keys() <= {"shard_size"}:
        plan = plan | {"seed": header.seed}
    if other:
        return Decision(Action.GENERATE, plan, f"holds a dataset that is replaced ({described})")
    anew = ", those that were regenerated as they were at first" if any(header.revisions) else ""
    restorable = header.sounds and header.seed is not None and directory.has_array()
    action = Action.RESTORE if restorable else Action.GENERATE
    return Decision(action, plan, f"has lost files: all samples are made again{anew}")


def differences(plan: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, str]:
    """Return the arguments that differ from another plan's or a header's, each with a message."""
    ignored = {"instruction_set"}  # is no argument
    if plan["seed"] is None:  # fits any
        ignored.add("seed")
    if makes_same_sounds(plan["sampler"], other["sampler"]):
        ignored.add("sampler")
    return {
        key: f"{key}: {brief(other.get(key))} there, {brief(value)} asked for"
        for key, value in plan.items()
        if key not in ignored and value != other.get(key)
    }


@contextmanager
def resume_or_begin(
    directory: DatasetDirectory, plan: dict[str, Any], overwrite: bool
) -> Iterator[Generation]:
    """Open the unfinished generation of this plan, or a new one; note on errors how to go on."""
    folder = directory.path / GENERATING
    started, other = read_plan(folder), ""
    if started is not None:
        other = ", ".join(differences(plan, started).values())
        rendered_with = started.get("instruction_set")
        if not other and rendered_with != plan["instruction_set"]:
            raise DatasetError(
                f"{directory.path} holds a generation begun with the instruction set "
                f"{rendered_with}, and this machine uses {plan['instruction_set']}, which may "
                f"differ in the last bits: go on where it was begun, or delete {folder}."
            )
    if other and (done := sum(1 for _ in sample_records(folder))):
        found = f"{done} samples of an unfinished dataset"
        if not overwrite:
            raise FileExistsError(
                f"{directory.path} holds {found} ({other}): finish it with its own arguments, name "
                "another directory, or let it be replaced with overwrite=True."
            )
        logger.warning("%s: %s are given up (%s).", directory.path, found, other)
    disk.remove_folder(directory.path / STAGING)  # what a transformation that was killed left
    if started is not None and not other:
        generation = Generation(directory.path, started, resume=True)
    else:
        seed = fresh_seed() if plan["seed"] is None else plan["seed"]
        generation = Generation(directory.path, plan | {"seed": seed}, resume=False)
    try:
        yield generation
    except (OSError, KeyboardInterrupt) as error:
        error.add_note(
            f"What was made is kept in {folder}: call generateDataset again, with the same "
            "arguments, to go on; or delete that folder."
        )
        raise


def generate(
    directory: DatasetDirectory,
    generation: Generation,
    renderer: Renderer,
    representation: InputRepresentation,
    cluster: Any,
) -> None:
    """Make the samples that are missing, and let the new dataset replace what is there."""
    plan, group_size = generation.plan, renderer.sampler.group_size
    size = plan["dataset_size"]
    renderer.seed(plan["seed"])
    row = InputRepresentation.transformShape(renderer.sampler.length, representation.settings)
    values = max(renderer.sampler.length, math.prod(row))
    with generation.array((size, *row)) as x:
        generation.verify(x, renderer.sampler.length)
        if generation.done:
            logger.info("%s: going on after %d samples.", directory.path, generation.done)

        def write(indices: range, sounds: npt.NDArray[np.float64], labels: list[Labels]) -> None:
            generation.append(generation.write_samples(x, representation, indices, sounds, labels))

        with progress_bar(total=size, initial=generation.done, unit=" samples") as bar:
            if cluster is None:
                with write_behind(write) as submit:
                    for indices in renderer.timed_chunks(generation.done, size, values):
                        submit(indices, *renderer(indices))
                        bar.update(len(indices))
            else:
                how = renderer.threads or 1, renderer.behaviour
                task = RenderTask(directory.path, plan, *renderer.recipe, *how)
                for records, clipped in run_tasks(cluster, task, generation.done, values):
                    generation.append(records)
                    generation.clipped += clipped
                    bar.update(len(records))
        checksum = x.checksum(record.row for record in sample_records(generation.path))
    # A worker of a cluster may still be at a task that was cancelled, or is done by another.
    with locked(generation.path / PLAN):
        header = Header(
            **plan,
            groups=[i // group_size for i in range(size)],
            revisions=[0] * size,
            checksums={ARRAY: checksum},
            sounds=[record.sound for record in sample_records(generation.path)],
        )
        labels = (record.labels for record in sample_records(generation.path))
        generation.write_metadata(header, labels)
        old = directory.sound_names() if directory.holds_dataset() else []
        removed = set(old).difference(generation.sound_names(range(size)))
        generation.commit(range(size), removed=sorted(removed))


def restore_sounds(directory: DatasetDirectory, renderer: Renderer) -> bool:
    """Make lost sounds as they were; where this machine makes others, change nothing: False."""
    header, lost = directory.header, directory.lost_sounds()
    renderer.seed(header.seed or 0, dict(enumerate(header.revisions)))
    rate, threads = header.sample_rate, renderer.threads
    with Transaction(directory.path, shard_size=header.shard_size) as transaction:
        for part in chunks(0, len(lost), header.length):
            indices = lost[part.start : part.stop]
            sounds = renderer(indices)[0]
            checksums = transaction.write_sounds(indices, sounds, rate, threads)
            if checksums != [header.sounds[i] for i in indices]:
                transaction.discard()
                return False
        transaction.commit(lost)
    logger.warning("%s had lost %d sounds, which were made anew.", directory.path, len(lost))
    return True
