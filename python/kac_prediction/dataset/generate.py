"""generateDataset."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from .cluster import check_client
from .generation import Generation
from .legacy.reader import is_legacy
from .load import loadDataset
from .plan import difference, differing, make_plan, plan_of
from .rendering import Renderer
from .representation import InputRepresentation, RepresentationSettings
from .restore import restore_sounds
from .sampler import AudioSampler, SamplerSettings
from .seeding import validate_seed
from .storage import DatasetDirectory, Header, write_lock
from .storage.layout import GENERATING
from .torch_dataset import TorchDataset
from .transform import transformDataset

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
    lost as they were, or returns what is there. Where only the representation is another, the
    sounds that are there are transformed. Called with other arguments, it replaces the dataset that
    is there once the new one is complete. The bytes it writes depend on neither the number of
    workers or machines nor on interruptions.

    Args:
        Sampler: what makes the sounds.
        sampler_settings: arguments of its constructor.
        dataset_dir: the directory; made if need be.
        dataset_size: number of samples, from 1.
        representation_settings: what X shows of the sounds; None: the waves, normalised.
        seed: an integer in [0, 2^64) that everything is drawn from; None: drawn and recorded.
        workers: how many threads (processes, for a sampler in pure Python) work at once; None:
            all the threads that this process may use (one process).
        overwrite: may a dataset made, or begun, with other arguments be replaced?
        shard_size: how many sounds share a folder, which large datasets need, as many tools (and
            people) are slow with folders of many thousand files; None: no folders. How it is
            opened and used does not depend on it.
        cluster: a `dask.distributed.Client`, whose workers then make and write the samples; they
            need this package and the directory, by the same path. `workers` is then the number of
            threads that each of their tasks uses (None: 1). Needs the extra `distributed`.

    Returns:
        The dataset, loaded from the directory.

    Raises:
        DatasetError: the directory holds files that are no dataset's, or another process writes
            there; nothing was changed.
        FileExistsError: another dataset is there, finished or not, and `overwrite` is False; or
            one that came from older software, such as a published one, which is never replaced.
        OSError: the disk is full or cannot be written; call again to go on.
        TypeError: not a sampler, a size that is no integer, settings that do not fit the sampler
            or cannot be stored, or a cluster that is no client of Dask.
        ValueError: a number out of range, or a sampler that made a value that is not finite.
    """
    size = _validate_size(dataset_size, "dataset_size")
    if shard_size is not None:
        shard_size = _validate_size(shard_size, "shard_size")
    if cluster is not None:
        check_client(cluster)
    seed = None if seed is None else validate_seed(seed)
    renderer = Renderer(Sampler, sampler_settings, seed or 0, workers)
    representation = InputRepresentation(
        renderer.sampler.sample_rate, representation_settings, threads=renderer.threads
    )
    # Asked for here, so that settings which do not fit are refused before anything is written.
    InputRepresentation.transformShape(renderer.sampler.length, representation.settings)
    plan = make_plan(renderer.sampler, size, representation.settings, seed, shard_size)
    if overwrite and _shows_otherwise(DatasetDirectory(dataset_dir), plan):
        return transformDataset(loadDataset(dataset_dir), representation.settings, workers)
    if not _is_there(DatasetDirectory(dataset_dir), plan, overwrite):
        with write_lock(Path(dataset_dir).absolute()):
            # Once more: another process may have made it in the meantime.
            directory = DatasetDirectory(dataset_dir)
            if not _is_there(directory, plan, overwrite) and not _restored(
                directory, renderer, plan, workers
            ):
                _announce_replacement(directory, plan)
                made = Generation(directory, renderer, representation, plan, overwrite)
                with _said_how_to_go_on(directory):
                    made.run(cluster)
                made.stage.warn_clipped()
    return loadDataset(dataset_dir)


@contextmanager
def _said_how_to_go_on(directory: DatasetDirectory) -> Iterator[None]:
    """Let whoever stopped this know that nothing is lost."""
    try:
        yield
    except (OSError, KeyboardInterrupt) as error:
        error.add_note(
            f"What was made is kept in {directory.path / GENERATING}: call generateDataset again, "
            "with the same arguments, to go on; or delete that folder."
        )
        raise


def _validate_size(size: int, name: str) -> int:
    if isinstance(size, bool) or not isinstance(size, (int, np.integer)):
        raise TypeError(f"{name} must be an integer, got {size!r}.")
    if size < 1:
        raise ValueError(f"{name} must be at least 1, got {size}.")
    return int(size)


def _is_there(directory: DatasetDirectory, plan: dict[str, Any], overwrite: bool) -> bool:
    """Does the directory hold the dataset that is planned?

    Raises:
        DatasetError, FileExistsError: it holds something else, which may not be replaced.
    """
    if not directory.holds_dataset():
        directory.refuse_foreign_files()
        return False
    old = _replaceable(directory)
    other = difference(plan, plan_of(old, plan))
    if not other and directory.is_whole():
        logger.info("%s holds this very dataset already.", directory.path)
        return True
    directory.refuse_foreign_files()
    if other and not overwrite:
        raise FileExistsError(
            f"{directory.path} holds another dataset ({other}): "
            "name another directory, or let it be replaced with overwrite=True."
        )
    return False


def _restored(
    directory: DatasetDirectory, renderer: Renderer, plan: dict[str, Any], workers: int | None
) -> bool:
    """Has the dataset that is planned lost nothing but sounds, which are now there again?"""
    if not directory.holds_dataset():
        return False
    header = directory.header
    if difference(plan, plan_of(header, plan)) or not directory.has_array():
        return False
    return restore_sounds(directory, renderer, workers)


def _announce_replacement(directory: DatasetDirectory, plan: dict[str, Any]) -> None:
    """Say what becomes of the dataset that is there; the same sounds keep their seed."""
    if not directory.holds_dataset():
        return
    old = directory.header
    other = difference(plan, plan_of(old, plan))
    if other:
        logger.warning("%s: the dataset that is there is replaced (%s).", directory.path, other)
    else:
        anew = ", those that were regenerated as they were at first" if any(old.revisions) else ""
        logger.warning("%s has lost files: all samples are made again%s.", directory.path, anew)
    if set(differing(plan, plan_of(old, plan))) <= {"shard_size"}:
        plan["seed"] = old.seed


def _shows_otherwise(directory: DatasetDirectory, plan: dict[str, Any]) -> bool:
    """Are the sounds that are planned there already, in another representation?"""
    if not directory.holds_dataset() or is_legacy(directory.metadata_path()):
        return False
    old = directory.header
    only_representation = differing(plan, plan_of(old, plan)) == ["representation_settings"]
    return only_representation and old.origin is None and directory.is_whole()


def _replaceable(directory: DatasetDirectory) -> Header:
    """The header of the dataset that is there.

    Raises:
        FileExistsError: it came from older software; what was downloaded cannot be made again here.
    """
    if not is_legacy(directory.metadata_path()):
        header = directory.header
        if header.origin is None:
            return header
    raise FileExistsError(
        f"{directory.path} holds a dataset of older software, which generateDataset never "
        "replaces: open it with loadDataset, name another directory, or delete it yourself."
    )
