"""generateDataset."""

import logging
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

from .._checks import check_count, check_seed
from .cluster import check_client
from .generation import differences, generate, make_plan, restore_sounds, resume_or_begin
from .legacy.reader import is_legacy
from .load import loadDataset
from .rendering import Renderer
from .representation import InputRepresentation, RepresentationSettings
from .sampler import AudioSampler, SamplerSettings
from .storage import DatasetDirectory, write_lock
from .storage.layout import GENERATING
from .torch_dataset import TorchDataset
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

    Called again with the same arguments, it finishes what was interrupted, makes sounds that were
    lost as they were, or returns what is there. Where only the representation differs, the sounds
    are transformed. Other arguments replace the dataset once the new one is complete. The bytes it
    writes depend on neither the number of workers or machines nor on interruptions.

    Args:
        Sampler: what makes the sounds.
        sampler_settings: arguments of its constructor.
        dataset_dir: the directory; made if need be.
        dataset_size: number of samples, from 1.
        representation_settings: what X shows of the sounds; None: the waves, normalised.
        seed: an integer in [0, 2^64) that everything is drawn from; None: drawn and recorded.
        workers: how many threads (processes, for a sampler in pure Python) work at once; None:
            all the threads that this process may use (one process).
        overwrite: whether a dataset made, or begun, with other arguments may be replaced.
        shard_size: how many sounds share a folder, for tools that are slow with many thousand
            files; None: no folders.
        cluster: a `dask.distributed.Client`, whose workers make and write the samples, `workers`
            threads a task (None: 1); they need this package and the directory, by the same path,
            and the extra `distributed`.

    Returns:
        The dataset, loaded from the directory.

    Raises:
        DatasetError: the directory holds files that are no dataset's, or another process writes
            there; nothing was changed.
        FileExistsError: another dataset is there, finished or not, and `overwrite` is False; or
            one of kac_drumset, such as a published one, which is never replaced.
        OSError: the disk is full or cannot be written; call again to go on.
        TypeError: not a sampler, a size that is no integer, settings that do not fit the sampler
            or cannot be stored, or a cluster that is no client of Dask.
        ValueError: a number out of range, or a sampler that made a value that is not finite.
    """
    size = check_count("dataset_size", dataset_size)
    if shard_size is not None:
        shard_size = check_count("shard_size", shard_size)
    if cluster is not None:
        check_client(cluster)
    seed = None if seed is None else check_seed(seed)
    renderer = Renderer(Sampler, sampler_settings, seed or 0, workers)
    representation = InputRepresentation(
        renderer.sampler.sample_rate, representation_settings, threads=renderer.threads
    )
    # Asked for here, so that settings which do not fit are refused before anything is written.
    InputRepresentation.transformShape(renderer.sampler.length, representation.settings)
    plan = make_plan(renderer.sampler, size, representation.settings, seed, shard_size)
    if decide(DatasetDirectory(dataset_dir), plan, overwrite).action is not Action.RETURN:
        with write_lock(Path(dataset_dir).absolute()):
            directory = DatasetDirectory(dataset_dir)
            # Again, as another process may have written there in the meantime.
            action, plan, replaced = decide(directory, plan, overwrite)
            if action is Action.RESTORE and not restore_sounds(directory, renderer, workers):
                action = Action.GENERATE
            if action is Action.TRANSFORM:
                transform_directory(directory, representation)
            elif action is Action.GENERATE:
                if replaced:
                    logger.warning("%s %s.", directory.path, replaced)
                transaction, progress = resume_or_begin(directory, plan, overwrite)
                try:
                    generate(directory, transaction, progress, renderer, representation, cluster)
                except (OSError, KeyboardInterrupt) as error:
                    error.add_note(
                        f"What was made is kept in {directory.path / GENERATING}: call "
                        "generateDataset again, with the same arguments, to go on; or delete that "
                        "folder."
                    )
                    raise
                transaction.warn_clipped()
    return loadDataset(dataset_dir)


class Action(Enum):
    """What generateDataset does with a directory."""

    RETURN = "the planned dataset is there"
    TRANSFORM = "its sounds are there, and another representation"
    RESTORE = "it has lost nothing but sounds"
    GENERATE = "it is to be made"


class Decision(NamedTuple):
    """What is done, and with which plan.

    Attributes:
        action: what is done.
        plan: with the seed of the sounds that are replaced by the same ones.
        replaced: what a generation replaces, for a message; '': nothing.
    """

    action: Action
    plan: dict[str, Any]
    replaced: str = ""


def decide(directory: DatasetDirectory, plan: dict[str, Any], overwrite: bool) -> Decision:
    """Decide what is to be done where a dataset is planned; nothing is changed.

    Raises:
        DatasetError: there are files that are no dataset's.
        FileExistsError: there is another dataset, which may not be replaced.
    """
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
    return Decision(
        Action.RESTORE if restorable else Action.GENERATE,
        plan,
        f"has lost files: all samples are made again{anew}",
    )
