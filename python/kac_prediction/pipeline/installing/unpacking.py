"""Taking a published dataset out of an archive, or out of a directory, that nobody vouches for."""

import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from tqdm import tqdm

from ...samplers.published import PublishedDataset
from .fetching import require_space

METADATA, ARRAY, LEGACY = "metadata.json", "x.npy", "metadata.legacy.json"

_SOUND = re.compile(r"sample_(\d{5,9})\.wav")
_BLOCK = 2**20
# In bytes. Python writes a number in at most 24 characters, and two between it and the next; a
# wav has at most 64 bits a value; a representation has at most some values more than the sound.
_TEXT_OF_NUMBER = 32
_VALUE = 8
_BESIDE = 4096  # labels and headers, a sample
_MEMBERS_BESIDE = 1000  # of an archive: folders and what systems leave there
_PLAIN = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


@dataclass(frozen=True)
class Limits:
    """How large the files of a dataset may be.

    Attributes:
        samples: number of samples of the dataset.
        length: values of each sound.
    """

    samples: int
    length: int

    @classmethod
    def of(cls, family: PublishedDataset) -> "Limits":
        """The limits of a published dataset."""
        return cls(family.size, family.length)

    def of_file(self, name: str) -> int:
        """Bytes that the file of this name may have; 0: it has no place in the dataset."""
        sound = _SOUND.fullmatch(name)
        if sound is not None:
            known = int(sound[1]) < self.samples
            return (self.length * _VALUE + _BESIDE) * known
        if name in {METADATA, LEGACY}:
            return self.samples * (self.length * _TEXT_OF_NUMBER + _BESIDE)
        return (self.samples * (2 * self.length * _VALUE) + _BESIDE) * (name == ARRAY)

    @property
    def total(self) -> int:
        """Bytes that metadata.json, x.npy and all sounds may have together."""
        sounds = self.samples * self.of_file("sample_00000.wav")
        return self.of_file(METADATA) + self.of_file(ARRAY) + sounds

    @property
    def array(self) -> int:
        """Bytes of the x.npy that the dataset is converted to."""
        return self.samples * self.length * _VALUE + _BESIDE


def unpack(archive: Path, directory: Path, limits: Limits) -> None:
    """Unpack the folder of a zip archive that holds `metadata.json`, wherever it is.

    Everything is checked before anything is written: an archive with one member that is unsafe is
    refused whole. Only metadata.json, x.npy and sounds are taken, into one new directory.

    Raises:
        OSError: the disk is too small; the message says how much is needed.
        ValueError: the archive is no zip, is damaged, holds no dataset or several, is larger than
            the limits, or has a member that leads out of the directory, is a link, or is there
            twice. The message names the member.
    """
    try:
        with zipfile.ZipFile(archive) as content:
            members = _dataset_members(content, archive, limits)
            sizes = {_name(member): member.file_size for member in members}
            _require_room(directory.parent, sizes, limits)
            directory.mkdir()
            for member in tqdm(members, desc="unpacking", unit=" files", disable=None):
                _extract(content, member, directory / _name(member), archive)
    except zipfile.BadZipFile as error:
        raise ValueError(f"{archive} is not a whole zip archive: {error}") from error


def copy(source: Path, directory: Path, limits: Limits) -> None:
    """Copy the files of an unpacked dataset, and nothing else, into a new directory.

    Raises:
        OSError: the disk is too small; the message says how much is needed.
        ValueError: a file is larger than the limits, or no regular file.
    """
    names = sorted(entry.name for entry in os.scandir(source) if limits.of_file(entry.name))
    sizes = {}
    for name in names:
        if not (source / name).is_file():
            raise ValueError(f"{source / name} is no file, but something else: nothing was copied")
        sizes[name] = (source / name).stat().st_size
        _check_size(f"{source / name}", sizes[name], limits.of_file(name))
    _require_room(directory.parent, sizes, limits)
    directory.mkdir()
    for name in tqdm(names, desc="copying", unit=" files", disable=None):
        with (source / name).open("rb") as file:
            _write(file, directory / name, limits.of_file(name))


def find_dataset(directory: Path, name: str) -> Path | None:
    """The folder of an unpacked archive that holds its `metadata.json`, if any."""
    for place in ("", "data", name, f"{name}/data"):
        if (directory / place / METADATA).is_file():
            return directory / place
    return None


def _name(member: zipfile.ZipInfo) -> str:
    return PurePosixPath(member.filename).name


def _dataset_members(
    content: zipfile.ZipFile, archive: Path, limits: Limits
) -> list[zipfile.ZipInfo]:
    """The files of the dataset in an archive, whose members are all safe to unpack."""
    every = content.infolist()
    if len(every) > 4 * limits.samples + _MEMBERS_BESIDE:
        raise ValueError(
            f"{archive} has {len(every)} members, far more than {limits.samples} samples need:"
            " nothing was unpacked"
        )
    for member in every:
        _refuse_unsafe(member, archive)
    _refuse_twice((member.filename for member in every), archive)
    folder = _dataset_folder(every, archive)
    members = [
        member
        for member in every
        if not member.is_dir()
        and PurePosixPath(member.filename).parent == folder
        and limits.of_file(_name(member))
        and _name(member) != LEGACY
    ]
    for member in members:
        place = f"{member.filename!r} of {archive}"
        _refuse_unreadable(member, place)
        _check_size(place, member.file_size, limits.of_file(_name(member)))
    return members


def _dataset_folder(members: Iterable[zipfile.ZipInfo], archive: Path) -> PurePosixPath:
    places = (PurePosixPath(member.filename) for member in members)
    found = [p.parent for p in places if p.name == METADATA and "__MACOSX" not in p.parts]
    if len(found) != 1:
        raise ValueError(
            f"{archive} must hold one {METADATA}, but holds {len(found)}: it is not a dataset"
        )
    return found[0]


def _refuse_unsafe(member: zipfile.ZipInfo, archive: Path) -> None:
    name = member.filename
    parts = PurePosixPath(name).parts
    outside = name.startswith("/") or ".." in parts or "\\" in name or ":" in name
    kind = stat.S_IFMT(member.external_attr >> 16)
    if outside or kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise ValueError(
            f"{archive} holds {name!r}, a link or a path that leads elsewhere: nothing was unpacked"
        )


def _refuse_twice(names: Iterable[str], archive: Path) -> None:
    """Refuse names that are one on a file system that takes large letters for small ones."""
    seen: dict[PurePosixPath, str] = {}
    for name in names:
        other = seen.setdefault(PurePosixPath(name.casefold()), name)
        if other is not name:
            raise ValueError(
                f"{archive} holds {name!r} twice (the other is {other!r}): nothing was unpacked"
            )


def _refuse_unreadable(member: zipfile.ZipInfo, place: str) -> None:
    if member.flag_bits & 1:
        raise ValueError(f"{place} is encrypted: nothing was unpacked")
    if member.compress_type not in _PLAIN:
        raise ValueError(
            f"{place} is compressed by method {member.compress_type}, not stored or deflated:"
            " nothing was unpacked"
        )


def _check_size(place: str, size: int, limit: int) -> None:
    if size > limit:
        raise ValueError(
            f"{place} has {size} bytes, where a published dataset of this name has at most {limit}:"
            " it is something else, and nothing of it was taken"
        )


def _require_room(directory: Path, sizes: dict[str, int], limits: Limits) -> None:
    """Ask for the space of the files and, where there is none, of the array made of their text."""
    array = 0 if ARRAY in sizes else limits.array
    require_space(directory, sum(sizes.values()) + array, "the unpacked dataset")


def _extract(
    content: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, archive: Path
) -> None:
    try:
        with content.open(member) as source:
            written = _write(source, target, member.file_size)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        reason = str(error) or "it ends too early"
        raise ValueError(f"{member.filename!r} of {archive} is damaged: {reason}") from error
    if written != member.file_size:
        raise ValueError(
            f"{member.filename!r} of {archive} is damaged: it has {written} bytes, not the"
            f" {member.file_size} it says"
        )


def _write(source: IO[bytes], target: Path, limit: int) -> int:
    """Write a new file and flush it to the disk; return its size.

    Raises:
        ValueError: there is more than the limit, beyond which nothing was written.
    """
    written = 0
    with target.open("xb") as sink:
        while block := source.read(_BLOCK):
            written += len(block)
            _check_size(f"what should be {target.name}", written, limit)
            sink.write(block)
        sink.flush()
        os.fsync(sink.fileno())
    return written
