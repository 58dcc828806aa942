"""generateDataset."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from .. import __version__, _core
from .load import loadDataset
from .rendering import Renderer, one_behind
from .representation import InputRepresentation, RepresentationSettings
from .sampler import AudioSampler, Labels, SamplerSettings
from .seeding import fresh_seed, validate_seed
from .storage import DatasetDirectory, DatasetError, Header, Stage
from .storage.layout import ARRAY, GENERATING, writing
from .storage.metadata import label_line, plain_settings
from .storage.stage import ArrayWriter, Progress
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
) -> TorchDataset:
    """Make a dataset of labelled sounds and store it in a directory.

    Called again with the same arguments, it finishes what was interrupted, or returns what is
    there. Where only the representation is another, the sounds that are there are transformed.
    Called with other arguments, it replaces the dataset that is there once the new one is
    complete. The bytes it writes depend on neither the number of workers nor on interruptions.

    Args:
        Sampler: what makes the sounds.
        sampler_settings: arguments of its constructor.
        dataset_dir: the directory; made if need be.
        dataset_size: number of samples, from 1.
        representation_settings: what X shows of the sounds; None: the waves, normalised.
        seed: an integer in [0, 2^64) that everything is drawn from; None: drawn and recorded.
        workers: how many threads (processes, for a sampler in pure Python) work at once; None:
            all the threads that this process may use (one process).
        overwrite: may a dataset made with other arguments be replaced?

    Returns:
        The dataset, loaded from the directory.

    Raises:
        DatasetError: the directory holds files that are no dataset's, or another process writes
            there; nothing was changed.
        FileExistsError: another dataset is there, and `overwrite` is False; or one that came from
            older software, such as a published one, which is never replaced.
        OSError: the disk is full or cannot be written; call again to go on.
        TypeError: not a sampler, a size that is no integer, or settings that do not fit the
            sampler or cannot be stored.
        ValueError: a number out of range, or a sampler that made a value that is not finite.
    """
    size = _validate_size(dataset_size)
    seed = None if seed is None else validate_seed(seed)
    renderer = Renderer(Sampler, sampler_settings, seed or 0, workers)
    representation = InputRepresentation(
        renderer.sampler.sample_rate, representation_settings, threads=renderer.threads
    )
    # Asked for here, so that settings which do not fit are refused before anything is written.
    InputRepresentation.transformShape(renderer.sampler.length, representation.settings)
    plan = _plan(renderer.sampler, size, representation.settings, seed)
    if overwrite and _shows_otherwise(DatasetDirectory(dataset_dir), plan):
        return transformDataset(loadDataset(dataset_dir), representation.settings, workers)
    if not _is_there(DatasetDirectory(dataset_dir), plan, overwrite):
        with writing(Path(dataset_dir).absolute()):
            # Once more: another process may have made it in the meantime.
            directory = DatasetDirectory(dataset_dir)
            if not _is_there(directory, plan, overwrite):
                _Generation(directory, renderer, representation, plan).run().warn_clipped()
    return loadDataset(dataset_dir)


def _validate_size(dataset_size: int) -> int:
    if isinstance(dataset_size, bool) or not isinstance(dataset_size, (int, np.integer)):
        raise TypeError(f"dataset_size must be an integer, got {dataset_size!r}.")
    if dataset_size < 1:
        raise ValueError(f"dataset_size must be at least 1, got {dataset_size}.")
    return int(dataset_size)


def _is_there(directory: DatasetDirectory, plan: dict[str, Any], overwrite: bool) -> bool:
    """Does the directory hold the dataset that is planned?

    Raises:
        DatasetError, FileExistsError: it holds something else, which may not be replaced.
    """
    if not directory.holds_dataset():
        directory.refuse_foreign_files()
        return False
    old = _replaceable(directory)
    difference = _difference(plan, _plan_of(old, plan))
    if not difference and directory.is_whole(old):
        logger.info("%s holds this very dataset already.", directory.path)
        return True
    directory.refuse_foreign_files()
    if difference and not overwrite:
        raise FileExistsError(
            f"{directory.path} holds another dataset ({difference}): "
            "name another directory, or let it be replaced with overwrite=True."
        )
    if not difference:
        logger.warning("%s has lost files: it is made again.", directory.path)
        plan["seed"] = old.seed
    return False


def _shows_otherwise(directory: DatasetDirectory, plan: dict[str, Any]) -> bool:
    """Are the sounds that are planned there already, in another representation?"""
    if not directory.holds_dataset() or directory.older_size() is not None:
        return False
    old = directory.read()[0]
    only_representation = _differing(plan, _plan_of(old, plan)) == ["representation_settings"]
    return only_representation and old.origin is None and directory.is_whole(old)


def _replaceable(directory: DatasetDirectory) -> Header:
    """The header of the dataset that is there.

    Raises:
        FileExistsError: it came from older software; what was downloaded cannot be made again here.
    """
    if directory.older_size() is None:
        header = directory.read()[0]
        if header.origin is None:
            return header
    raise FileExistsError(
        f"{directory.path} holds a dataset of older software, which generateDataset never "
        "replaces: open it with loadDataset, name another directory, or delete it yourself."
    )


class _Generation:
    """One generation on its way, from its first sample or from where it was interrupted."""

    def __init__(
        self,
        directory: DatasetDirectory,
        renderer: Renderer,
        representation: InputRepresentation,
        plan: dict[str, Any],
    ) -> None:
        self.old_size = directory.read()[0].dataset_size if directory.holds_dataset() else 0
        self.progress = Progress(directory, GENERATING)
        started = self.progress.plan
        resume = started is not None and _may_go_on(plan, started, directory)
        self.stage = Stage(directory, GENERATING, resume=resume)
        if started is not None and resume:
            self.plan = started
            logger.info("%s: going on after %d samples.", directory.path, self.progress.done)
        else:
            if started is not None:
                logger.info("%s: starting anew (%s).", directory.path, _difference(plan, started))
            self.plan = plan | {"seed": fresh_seed() if plan["seed"] is None else plan["seed"]}
            self.progress = Progress(directory, GENERATING)
            self.progress.start(self.plan)
        self.renderer = renderer
        self.renderer.seed(self.plan["seed"])
        self.representation = representation

    def run(self) -> Stage:
        """Make what is missing, and let it replace what is there; return the stage, now done."""
        size, done = self.plan["dataset_size"], self.progress.done
        sampler = self.renderer.sampler
        row = InputRepresentation.transformShape(sampler.length, self.representation.settings)
        with (
            ArrayWriter(self.stage, (size, *row), done) as self.x,
            tqdm(total=size, initial=done, unit=" samples", disable=None) as bar,
            one_behind() as submit,
        ):
            for indices in self.renderer.chunks(done, size):
                submit(self._write, indices, *self.renderer(indices))
                bar.update(len(indices))
        self.stage.write_metadata(self._header(), self.progress.lines())
        self.stage.commit(range(size), removed=range(size, self.old_size))
        return self.stage

    def _write(self, indices: range, sounds: Any, labels: list[Labels]) -> None:
        """Put the samples on the disk; their labels last, which say that they are there."""
        threads = self.renderer.threads
        lines = [label_line(y, i) for i, y in zip(indices, labels, strict=True)]
        self.stage.write_sounds(indices, sounds, self.renderer.sampler.sample_rate, threads)
        quantised = _core.quantise(sounds, 24, threads=threads)
        self.x.append(self.representation.transform(quantised).numpy())
        self.progress.append(lines)

    def _header(self) -> Header:
        size, group_size = self.plan["dataset_size"], self.renderer.sampler.group_size
        return Header(
            **self.plan,
            groups=[i // group_size for i in range(size)],
            revisions=[0] * size,
            checksums={ARRAY: self.x.checksum},
        )


def _plan(
    sampler: AudioSampler,
    dataset_size: int,
    representation_settings: RepresentationSettings,
    seed: int | None,
) -> dict[str, Any]:
    """What is to be generated, in the words of the header."""
    return {
        "dataset_size": dataset_size,
        "representation_settings": dict(representation_settings),
        "sampler": {"name": type(sampler).__name__, "version": __version__},
        "sampler_settings": plain_settings(sampler.settings),
        "seed": seed,
        "instruction_set": _core.instruction_set(),
    }


def _plan_of(header: Header, plan: dict[str, Any]) -> dict[str, Any]:
    """What a finished dataset is of; which machine rendered it does not matter any more."""
    made = {key: getattr(header, key) for key in plan}
    return made | {"instruction_set": plan["instruction_set"]}


def _may_go_on(plan: dict[str, Any], started: dict[str, Any], directory: DatasetDirectory) -> bool:
    """Is what was started what is planned?

    Raises:
        DatasetError: it is, but it was rendered with another instruction set.
    """
    rendered_with = started["instruction_set"]
    if _difference(plan, started | {"instruction_set": plan["instruction_set"]}):
        return False
    if rendered_with != plan["instruction_set"]:
        raise DatasetError(
            f"{directory.path} holds a generation begun with the instruction set {rendered_with}, "
            f"and this machine uses {plan['instruction_set']}, which may differ in the last bits: "
            f"go on where it was begun, or delete {directory.path / GENERATING}."
        )
    return True


def _difference(plan: dict[str, Any], other: dict[str, Any]) -> str:
    """Which arguments differ, as a message says it."""
    differing = _differing(plan, other)
    return ", ".join(f"{key}: {other[key]!r} there, {plan[key]!r} asked for" for key in differing)


def _differing(plan: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Which arguments differ, by name; a seed that was not given is that of the other.

    Of two versions only the first number counts: it moves when rendered sound does.
    """
    differing = [
        key
        for key, value in plan.items()
        if value != other[key] and not (key == "seed" and value is None)
    ]
    if "sampler" in differing and _family(plan) == _family(other):
        differing.remove("sampler")
    return differing


def _family(plan: dict[str, Any]) -> tuple[str, str]:
    return plan["sampler"]["name"], plan["sampler"]["version"].split(".")[0]
