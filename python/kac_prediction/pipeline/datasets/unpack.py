"""Unpack a published dataset from an archive, or copy it from a directory, that is not trusted."""

import os
import re
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from ..._progress import progress_bar
from ...dataset.storage.layout import ARRAY, LEGACY, METADATA
from ...samplers.published import PublishedDataset
from .download import require_space

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
    """How large the files of a dataset of so many samples, each of so many values, may be."""

    samples: int
    length: int

    @classmethod
    def of(cls, published: PublishedDataset) -> "Limits":
        """Return the limits of a published dataset."""
        return cls(published.size, published.length)

    def of_file(self, name: str) -> int:
        """Return the bytes that a file of this name may have; 0: it is none of the dataset's."""
        sound = _SOUND.fullmatch(name)
        if sound is not None:
            return (self.length * _VALUE + _BESIDE) * (int(sound[1]) < self.samples)
        if name in {METADATA, LEGACY}:
            return self.samples * (self.length * _TEXT_OF_NUMBER + _BESIDE)
        return (self.samples * (2 * self.length * _VALUE) + _BESIDE) * (name == ARRAY)

    @property
    def total(self) -> int:
        """Bytes that metadata.json, x.npy and all sounds may have together."""
        sounds = self.samples * self.of_file("sample_00000.wav")
        return self.of_file(METADATA) + self.of_file(ARRAY) + sounds

    def require(self, place: str, size: int, name: str) -> None:
        """Raise ValueError if a file of this name is larger than allowed."""
        if size > self.of_file(name):
            raise ValueError(
                f"{place} has {size} bytes, where a published dataset of this name has at most"
                f" {self.of_file(name)}: it is something else, and nothing of it was taken"
            )

    def require_room(self, directory: Path, sizes: dict[str, int]) -> None:
        """Require the space of the files and, without an array, of the one made of their text."""
        array = 0 if ARRAY in sizes else self.samples * self.length * _VALUE + _BESIDE
        require_space(directory, sum(sizes.values()) + array, "the unpacked dataset")


def unpack(archive: Path, directory: Path, limits: Limits) -> None:
    """Unpack the folder of a zip archive that holds `metadata.json`, wherever it is.

    Everything is checked before anything is written: an archive with one member that leads out of
    the directory, is a link, encrypted, too large or there twice is refused whole. Only
    metadata.json, x.npy and sounds are taken, into one new directory.
    """
    try:
        with zipfile.ZipFile(archive) as content:
            members = _members(content.infolist(), archive, limits)
            sizes = {name: member.file_size for name, member in members.items()}
            limits.require_room(directory.parent, sizes)
            directory.mkdir()
            for name in progress_bar(members, desc="unpacking", unit=" files"):
                _extract(content, members[name], directory / name)
    except zipfile.BadZipFile as error:
        raise ValueError(f"{archive} is not a whole zip archive: {error}") from error


def copy(source: Path, directory: Path, limits: Limits) -> None:
    """Copy the files of an unpacked dataset, and nothing else, into a new directory."""
    names = sorted(entry.name for entry in os.scandir(source) if limits.of_file(entry.name))
    for name in names:
        if not (source / name).is_file():
            raise ValueError(f"{source / name} is no file, but something else: nothing was copied")
    sizes = {name: (source / name).stat().st_size for name in names}
    for name, size in sizes.items():
        limits.require(f"{source / name}", size, name)
    limits.require_room(directory.parent, sizes)
    directory.mkdir()
    for name in progress_bar(names, desc="copying", unit=" files"):
        with (source / name).open("rb") as file:
            written = _write(file, directory / name, limits.of_file(name))
        limits.require(f"{source / name}", written, name)


def find_dataset(directory: Path, name: str) -> Path | None:
    """Return the folder of an unpacked archive that holds its `metadata.json`, if any."""
    places = (directory / place for place in ("", "data", name, f"{name}/data"))
    return next((place for place in places if (place / METADATA).is_file()), None)


def _members(
    every: list[zipfile.ZipInfo], archive: Path, limits: Limits
) -> dict[str, zipfile.ZipInfo]:
    """Return the files of the dataset by name; raise ValueError if any member is unsafe."""
    if len(every) > 4 * limits.samples + _MEMBERS_BESIDE:
        raise ValueError(
            f"{archive} has {len(every)} members, far more than {limits.samples} samples need:"
            " nothing was unpacked"
        )
    seen: dict[PurePosixPath, str] = {}
    for member in every:
        name, kind = member.filename, stat.S_IFMT(member.external_attr >> 16)
        outside = name.startswith("/") or ".." in PurePosixPath(name).parts
        if outside or "\\" in name or ":" in name or kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise ValueError(
                f"{archive} holds {name!r}, a link or a path that leads elsewhere: nothing was"
                " unpacked"
            )
        other = seen.setdefault(PurePosixPath(name.casefold()), name)  # as some file systems do
        if other is not name:
            raise ValueError(
                f"{archive} holds {name!r} twice (the other is {other!r}): nothing was unpacked"
            )
    paths = {PurePosixPath(member.filename): member for member in every if not member.is_dir()}
    folders = [p.parent for p in paths if p.name == METADATA and "__MACOSX" not in p.parts]
    if len(folders) != 1:
        raise ValueError(
            f"{archive} must hold one {METADATA}, but holds {len(folders)}: it is not a dataset"
        )
    members = {
        path.name: member
        for path, member in paths.items()
        if path.parent == folders[0] and limits.of_file(path.name) and path.name != LEGACY
    }
    for name, member in members.items():
        place = f"{member.filename!r} of {archive}"
        if member.flag_bits & 1:
            raise ValueError(f"{place} is encrypted: nothing was unpacked")
        if member.compress_type not in _PLAIN:
            raise ValueError(
                f"{place} is compressed by method {member.compress_type}, not stored or deflated:"
                " nothing was unpacked"
            )
        limits.require(place, member.file_size, name)
    return members


def _extract(content: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    """Write a member to a new file, never more of it than it declares."""
    place = f"{member.filename!r} of {content.filename}"
    try:
        with content.open(member) as source:
            written = _write(source, target, member.file_size)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        reason = str(error) or "it ends too early"
        raise ValueError(f"{place} is damaged: {reason}") from error
    if written != member.file_size:
        raise ValueError(
            f"{place} is damaged: it has {written} bytes, not the {member.file_size} it says"
        )


def _write(source: IO[bytes], target: Path, limit: int) -> int:
    """Write a new file of at most `limit` bytes to the disk; return the bytes there were."""
    size = 0
    with target.open("xb") as sink:
        while size <= limit and (block := source.read(_BLOCK)):
            size += len(block)
            sink.write(block[: len(block) - max(0, size - limit)])
        sink.flush()
        os.fsync(sink.fileno())
    return size
