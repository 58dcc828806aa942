"""Change several files of a dataset at once, or none of them.

New files are written to a hidden folder of the dataset's directory, and flushed. Publishing the
journal, one rename, is the commit. Carrying it out (renames, removals) can be interrupted, and is
done again by whoever opens the directory next. Before the journal is published the old dataset is
whole; after it, the new one is.
"""

import errno
import json
import os
import shutil
import warnings
import zlib
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt

from ... import _core
from ..._files import locked
from . import disk
from .array import ArrayWriter
from .layout import ARRAY, GENERATING, JOURNAL, METADATA, PLAN, STAGING, DatasetError, sound_name
from .metadata import Header, encode


class Transaction:
    """New files of a dataset, staged in a hidden folder until they become the dataset's.

    Attributes:
        directory: of the dataset.
        path: the hidden folder.
        clipped: how many samples were clipped, in how many sounds.
    """

    def __init__(
        self,
        directory: Path,
        folder: str = STAGING,
        *,
        shard_size: int | None = None,
        resume: bool = False,
    ) -> None:
        """Begin with an empty folder, or with what is in it already (`resume`)."""
        self.directory = directory
        self.path = directory / folder
        self.clipped = np.zeros(2, dtype=np.int64)
        self._shard_size = shard_size
        self._checksums: dict[str, int] = {}
        if not resume:
            # A worker of a cluster may still be writing there, for a plan that was replaced.
            plan = self.path / PLAN
            with locked(plan) if plan.exists() else nullcontext():
                # Without its plan, nobody takes the rest for a generation to be resumed.
                disk.remove_folder(self.path, first=PLAN)
        disk.make_folder(self.path)

    def sound_names(self, indices: Iterable[int]) -> list[str]:
        """Return the names that the sounds of these samples have in the dataset."""
        return [sound_name(i, self._shard_size) for i in indices]

    def write_sounds(
        self,
        indices: Iterable[int],
        sounds: npt.NDArray[np.float64],
        sample_rate: int,
        threads: int,
    ) -> list[int]:
        """Write the sounds of these samples, shape (n, length), as PCM 24; return their CRC-32."""
        paths = [self.path / name for name in self.sound_names(indices)]
        for folder in sorted({path.parent for path in paths}):
            disk.make_folder(folder)
        clipped, checksums = disk.write_sounds(paths, sounds, sample_rate, threads)
        self.clipped += [int(clipped.sum()), int(np.count_nonzero(clipped))]
        return [int(checksum) for checksum in checksums]

    def array(self, shape: tuple[int, ...]) -> ArrayWriter:
        """Open x.npy for an array of this shape."""
        return ArrayWriter(self.path / ARRAY, shape)

    def write_metadata(self, header: Header, label_lines: Iterable[str]) -> None:
        """Write metadata.json; it is committed with the x that its header has the checksum of."""
        checksum = 0
        with (self.path / METADATA).open("wb", buffering=0) as file:
            for block in encode(header, label_lines):
                disk.write(file, block)
                checksum = zlib.crc32(block, checksum)
        self._checksums = header.checksums | {METADATA: checksum}

    def commit(
        self,
        sounds: Iterable[int] = (),
        removed: Iterable[str] = (),
        others: Iterable[str] = (),
    ) -> None:
        """Make the staged files the dataset's, all at once, and remove some of its old ones.

        Args:
            sounds: the samples whose sounds are staged; the others keep theirs. Metadata and x are
                taken over if the metadata was written.
            removed: names of files of the old dataset that the new one lacks.
            others: names of further files that are staged.

        Raises:
            FileNotFoundError: one of the files is not staged; nothing was changed.
            OSError: a folder cannot take its files; nothing was changed.
        """
        names, removed = [*others, *self.sound_names(sounds)], list(removed)
        if self._checksums:
            # metadata.json last: who opens an older dataset meanwhile sees it old, or all new.
            names = [ARRAY, *names, METADATA]
        for folder in _folders(self.directory, [*names, *removed]):
            _check_writable(folder, self.path)
        for folder in _folders(self.path, names):
            disk.sync_folder(folder)
        sizes = {name: (self.path / name).stat().st_size for name in names}
        journal = Journal(self.path.name, sizes, self._checksums, removed)
        with locked(self.directory):
            content = disk.sealed(json.dumps(asdict(journal)).encode())
            disk.publish(self.directory / JOURNAL, content)
            _carry_out(self.directory, journal)

    def discard(self) -> None:
        """Remove the staged files, as far as that is possible."""
        shutil.rmtree(self.path, ignore_errors=True)

    def warn_clipped(self) -> None:
        """Warn, on behalf of the caller's caller, of samples that were clipped."""
        samples, sounds = self.clipped.tolist()
        if samples:
            warnings.warn(
                f"{samples} samples beyond [-1, 1] were clipped in {sounds} sounds.", stacklevel=3
            )


@dataclass(frozen=True)
class Journal:
    """A commit.

    Attributes:
        stage: name of the folder that holds the new files.
        sizes: the new files and their sizes in bytes.
        checksums: CRC-32 of those that every sample depends on.
        removed: files of the old dataset that the new one lacks.
    """

    stage: str
    sizes: dict[str, int]
    checksums: dict[str, int]
    removed: list[str]

    def current_path(self, directory: Path, name: str) -> Path:
        """Return where a file of the new dataset is now: still staged, or in its place."""
        staged = directory / self.stage / name
        return staged if name in self.sizes and staged.exists() else directory / name


def read_journal(directory: Path) -> Journal | None:
    """Read the published journal of a directory, if there is one.

    Raises:
        DatasetError: it is damaged, or names files outside of the directory.
    """
    path = directory / JOURNAL
    try:
        content = disk.unsealed(path.read_bytes())
    except FileNotFoundError:
        return None
    try:
        journal = Journal(**json.loads(content or b""))
        names = [*journal.sizes, *journal.removed]
        if journal.stage in (STAGING, GENERATING) and not any(map(_leads_outside, names)):
            return journal
    except (ValueError, TypeError, AttributeError):
        pass
    raise DatasetError(
        f"{path} is damaged, so it cannot be known which files of {directory} are the new ones: "
        "restore the directory from a copy, or generate it again in another one."
    )


def roll_forward(directory: Path) -> None:
    """Finish a published commit; if another process is doing so, wait for it.

    Raises:
        DatasetError: a staged file is missing or was changed.
    """
    with locked(directory):
        journal = read_journal(directory)
        if journal is None:
            return
        for name, checksum in journal.checksums.items():
            path = journal.current_path(directory, name)
            if path.exists() and _core.file_checksums([str(path)])[0][0] != checksum:
                raise DatasetError(f"{path} is not the file that was committed: generate it again.")
        _carry_out(directory, journal)


def _carry_out(directory: Path, journal: Journal) -> None:
    """Carry out a published commit; doing it twice does no harm."""
    stage = directory / journal.stage
    for name, size in journal.sizes.items():
        path = journal.current_path(directory, name)
        found = path.stat().st_size if path.exists() else None
        if found != size:
            state = "is missing" if found is None else f"holds {found} bytes"
            raise DatasetError(
                f"{path} {state} where {size} bytes were committed: generate it again."
            )
    for folder in _folders(directory, journal.sizes):
        disk.make_folder(folder)
    for name in journal.sizes:
        if (stage / name).exists():
            disk.replace(stage / name, directory / name)
    for name in journal.removed:
        disk.remove(directory / name)
    for folder in _folders(directory, journal.removed):
        if folder != directory:
            disk.remove_empty(folder)
    for folder in _folders(directory, journal.sizes):
        disk.sync_folder(folder)
    disk.remove_folder(stage)
    disk.remove(directory / JOURNAL)
    disk.sync_folder(directory)


def _check_writable(folder: Path, stage: Path) -> None:
    """Raise OSError for a folder that nothing can be renamed into."""
    if not folder.exists():
        return
    if _device(folder) != _device(stage):
        raise OSError(
            errno.EXDEV,
            "a folder of the dataset is on another disk: move it into its place instead of linking "
            "to it, and call again",
            str(folder),
        )
    if not os.access(folder, os.W_OK):
        raise PermissionError(
            errno.EACCES,
            "a folder of the dataset cannot be written: have that allowed, and call again",
            str(folder),
        )


def _device(path: Path) -> int:
    return path.stat().st_dev


def _folders(root: Path, names: Iterable[str]) -> list[Path]:
    """Return the folders of these files, the one of metadata.json, `root`, last."""
    within = {name.rpartition("/")[0] for name in names} - {""}
    return [*(root / folder for folder in sorted(within)), root]


def _leads_outside(name: str) -> bool:
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts or "\\" in name
