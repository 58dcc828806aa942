"""Change several files of a dataset at once, or none of them.

New files are written to a hidden folder of the dataset's directory, and flushed. Publishing the
journal, one rename, is the commit. Carrying it out (renames, removals) can be interrupted, and is
done again by whoever opens the directory next. Before the journal is published the old dataset is
whole; after it, the new one is.
"""

import errno
import json
import os
import re
import shutil
import warnings
import zlib
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ... import _core
from ..._checks import MALFORMED
from ..._files import locked
from . import disk
from .disk import ArrayWriter
from .layout import (
    ARRAY,
    GENERATING,
    JOURNAL,
    LARGEST_TEXT,
    LEGACY,
    METADATA,
    PLAN,
    SOUND,
    STAGING,
    DatasetError,
    check_folder,
    check_regular,
    check_tree,
    open_regular,
    sound_name,
)
from .metadata import Header, decode, encode

_OWN = re.compile(f"{re.escape(METADATA)}|{re.escape(LEGACY)}|{re.escape(ARRAY)}|{SOUND.pattern}")


class Transaction(AbstractContextManager["Transaction"]):
    """New files of a dataset, staged in a hidden folder until `commit` makes them the dataset's.

    An error that leaves a `with` block around it discards them.

    Attributes:
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
        self.path = directory / folder
        self.clipped = np.zeros(2, dtype=np.int64)
        self._directory, self._shard_size = directory, shard_size
        self._checksums: dict[str, int] = {}
        if not resume:
            check_tree(self.path)
            # A worker of a cluster may still be writing there, for a plan that was replaced.
            plan = self.path / PLAN
            with locked(plan) if plan.exists() else nullcontext():
                # Without its plan, nobody takes the rest for a generation to be resumed.
                disk.remove_folder(self.path, first=PLAN)
        disk.make_folder(self.path)

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

    def sound_names(self, indices: Iterable[int]) -> list[str]:
        """Return the names that the sounds of these samples have in the dataset."""
        return [sound_name(i, self._shard_size) for i in indices]

    def array(self, shape: tuple[int, ...]) -> ArrayWriter:
        """Open x.npy for an array of this shape."""
        return ArrayWriter(self.path / ARRAY, shape)

    def write_metadata(self, header: Header, label_lines: Iterable[str]) -> None:
        """Write metadata.json, which is committed together with x."""
        checksum = 0
        with open_regular(self.path / METADATA, "wb", buffering=0) as file:
            for block in encode(header, label_lines):
                disk.write(file, block)
                checksum = zlib.crc32(block, checksum)
        self._checksums = header.checksums | {METADATA: checksum}

    def commit(
        self, sounds: Iterable[int] = (), removed: Iterable[str] = (), others: Iterable[str] = ()
    ) -> None:
        """Make the staged files the dataset's, all at once, and remove some of its old ones.

        Metadata and x are among them if they were written, and the sounds of these samples, and
        `others`. Where OSError is raised before the commit, nothing was changed.
        """
        names, removed = [*others, *self.sound_names(sounds)], list(removed)
        if self._checksums:
            # metadata.json last: who opens a legacy dataset meanwhile sees it old, or all new.
            names = [ARRAY, *names, METADATA]
        for folder in _folders(self._directory, [*names, *removed]):
            _check_writable(folder, self.path)
        for folder in _folders(self.path, names):
            disk.sync_folder(folder)
        sizes = {name: (self.path / name).stat().st_size for name in names}
        journal = Journal(self.path.name, sizes, self._checksums, removed)
        with locked(self._directory):
            content = disk.sealed(json.dumps(asdict(journal)).encode())
            disk.publish(self._directory / JOURNAL, content)
            _carry_out(self._directory, journal)

    def discard(self) -> None:
        """Remove the staged files, as far as possible, unless a published commit needs them."""
        try:
            (self._directory / JOURNAL).lstat()
        except FileNotFoundError:
            shutil.rmtree(self.path, ignore_errors=True)

    def __exit__(self, _: object, error: BaseException | None, trace: object) -> None:
        if error is not None:
            self.discard()

    def warn_clipped(self) -> None:
        """Warn, on behalf of the caller's caller, of samples that were clipped."""
        samples, sounds = self.clipped.tolist()
        if samples:
            warnings.warn(
                f"{samples} samples beyond [-1, 1] were clipped in {sounds} sounds.", stacklevel=3
            )


@dataclass(frozen=True)
class Journal:
    """A commit, as it is stored."""

    stage: str  # name of the folder that holds the new files
    sizes: dict[str, int]  # of the new files, in bytes
    checksums: dict[str, int]  # CRC-32 of those that every sample depends on
    removed: list[str]  # files of the old dataset that the new one lacks

    def current_path(self, directory: Path, name: str) -> Path:
        """Return where a file of the new dataset is now: still staged, or in its place."""
        staged = directory / self.stage / name
        return staged if name in self.sizes and staged.exists() else directory / name


def read_journal(directory: Path) -> Journal | None:
    """Read the published journal of a directory, if there is one; raise DatasetError for damage."""
    path = directory / JOURNAL
    try:
        with open_regular(path, most=LARGEST_TEXT) as file:
            content = disk.unsealed(file.read())
    except FileNotFoundError:
        return None
    try:
        journal = Journal(**json.loads(content or b""))
        names = [*journal.sizes, *journal.checksums, *journal.removed]
        numbers = {type(n) for n in [*journal.sizes.values(), *journal.checksums.values()]}
        known = journal.stage in (STAGING, GENERATING) and numbers <= {int}
        if known and all(map(_OWN.fullmatch, names)):
            return journal
    except MALFORMED:
        pass
    raise DatasetError(
        f"{path} is damaged, so it cannot be known which files of {directory} are the new ones: "
        "restore the directory from a copy, or generate it again in another one."
    )


def roll_forward(directory: Path) -> None:
    """Finish a published commit; if another process is doing so, wait for it."""
    with locked(directory):
        journal = read_journal(directory)
        if journal is None:
            return
        _check_owned(directory, journal)
        for name, checksum in journal.checksums.items():
            path = journal.current_path(directory, name)
            if path.exists() and _core.file_checksums([str(path)])[0][0] != checksum:
                raise DatasetError(f"{path} is not the file that was committed: generate it again.")
        _carry_out(directory, journal)


def _check_owned(directory: Path, journal: Journal) -> None:
    """Raise DatasetError for a journal of files that are not the dataset's, or are links.

    New files are those that the new metadata owns. The old metadata may be gone already: files to
    be removed are sounds, and none of the new ones.
    """
    check_tree(directory / journal.stage)
    check_regular(directory / METADATA)
    header = decode(journal.current_path(directory, METADATA))[0]
    sounds = {sound_name(i, header.shard_size) for i in range(header.dataset_size)}
    foreign = journal.sizes.keys() - {METADATA, LEGACY, ARRAY} - sounds
    foreign |= {name for name in journal.removed if name in sounds or not SOUND.fullmatch(name)}
    if foreign:
        raise DatasetError(
            f"{directory / JOURNAL} names {min(foreign)}, which it may not change: the directory "
            "is damaged, or not from whom you trust; nothing was changed."
        )
    for folder in _folders(directory, [*journal.sizes, *journal.removed])[:-1]:
        check_folder(folder)
    for name in journal.sizes:
        check_regular(journal.current_path(directory, name))


def _carry_out(directory: Path, journal: Journal) -> None:
    """Carry out a published commit; doing it twice does no harm."""
    for name, size in journal.sizes.items():
        path = journal.current_path(directory, name)
        if not path.exists() or path.stat().st_size != size:
            raise DatasetError(f"{path} has not the {size} bytes committed: generate it again.")
    new_folders = _folders(directory, journal.sizes)
    for folder in new_folders:
        disk.make_folder(folder)
    for name in journal.sizes:
        if (staged := directory / journal.stage / name).exists():
            disk.replace(staged, directory / name)
    for name in journal.removed:
        disk.remove(directory / name)
    for folder in _folders(directory, journal.removed)[:-1]:
        disk.remove_empty(folder)
    for folder in new_folders:
        disk.sync_folder(folder)
    disk.remove_folder(directory / journal.stage)
    disk.remove(directory / JOURNAL)
    disk.sync_folder(directory)


def _folders(root: Path, names: Iterable[str]) -> list[Path]:
    """Return the folders of these files, the one of metadata.json, `root`, last."""
    within = {name.rpartition("/")[0] for name in names} - {""}
    return [*(root / folder for folder in sorted(within)), root]


def _check_writable(folder: Path, stage: Path) -> None:
    """Raise OSError for a folder that no staged file can be renamed into."""
    check_folder(folder)
    if not folder.exists():
        return
    code, reason = 0, ""
    if folder.stat().st_dev != stage.stat().st_dev:
        code, reason = errno.EXDEV, "is on another disk: move it into its place, without a link,"
    elif not os.access(folder, os.W_OK):
        code, reason = errno.EACCES, "cannot be written: have that allowed,"
    if code:
        raise OSError(code, f"a folder of the dataset {reason} and call again", str(folder))
