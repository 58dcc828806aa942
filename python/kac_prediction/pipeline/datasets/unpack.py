"""Unpack a published dataset from an archive, or copy it from a directory, that is not trusted."""

import errno
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from io import FileIO
from pathlib import Path, PurePosixPath
from typing import IO, TypeAlias

from ..._checks import brief, shorten
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
_BYTES_A_MEMBER = 2**10  # in the list of an archive's members
_PLAIN = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}

# What zipfile raises for archives of any other content.
_DAMAGE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)

_Source: TypeAlias = tuple[str, int, Callable[[], IO[bytes]]]
"""Where a file lies, for messages; the size that it declares; and what opens it."""


def size_limit(published: PublishedDataset, name: str) -> int:
    """Return the bytes that a file of this name may have; 0: it is none of the dataset's."""
    size, length = published.size, published.length
    if sound := _SOUND.fullmatch(name):
        return (length * _VALUE + _BESIDE) * (int(sound[1]) < size)
    if name in {METADATA, LEGACY}:
        return size * (length * _TEXT_OF_NUMBER + _BESIDE)
    return (size * (2 * length * _VALUE) + _BESIDE) * (name == ARRAY)


def archive_limit(published: PublishedDataset) -> int:
    """Return the bytes that metadata.json, x.npy and all sounds may have together."""
    sounds = published.size * size_limit(published, "sample_00000.wav")
    return size_limit(published, METADATA) + size_limit(published, ARRAY) + sounds


def unpack(source: Path, directory: Path, published: PublishedDataset) -> None:
    """Write the files of a dataset, and nothing else, to a new directory.

    Everything is checked before anything is written: an archive with one member that leads out of
    the directory, is a link, encrypted, too large or there twice is refused whole. The source is a
    zip archive, with `metadata.json` in any of its folders, or the directory of an unpacked one.
    """
    if source.is_dir():
        names = [entry.name for entry in os.scandir(source) if size_limit(published, entry.name)]
        files: dict[str, _Source] = {}
        for name in sorted(names):
            file = source / name
            if not file.is_file():
                raise ValueError(f"{file} is no file, but something else: nothing was copied")
            files[name] = str(file), file.stat().st_size, partial(FileIO, file)
        _write(files, directory, published)
        return
    with _Archive(source) as opened:
        opened.most = _most_members(published) * _BYTES_A_MEMBER
        with _refused(f"{source} is not a whole zip archive"):
            archive = zipfile.ZipFile(opened)
        with archive:
            _write(_members(archive, published), directory, published)


class _Archive(FileIO):
    """A file that refuses to read more than `most` bytes at once, as a list of members may ask."""

    most = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as files do; raise ValueError for more than `most` bytes."""
        if size is None or size < 0:
            size = os.fstat(self.fileno()).st_size - self.tell()
        if size > max(self.most, _BLOCK):
            raise ValueError(f"it asks for {size} bytes at once")
        return super().read(size) or b""


@contextmanager
def _refused(message: str) -> Iterator[None]:
    """Raise ValueError, which begins with this message, for whatever damage raises."""
    try:
        yield
    except (*_DAMAGE, OSError) as error:
        # zipfile takes a read that fails for damage; EINVAL is that of a negative place.
        cause = error if isinstance(error, OSError) else error.__context__
        if isinstance(cause, OSError) and cause.errno not in (None, errno.EINVAL):
            raise cause from None
        raise ValueError(f"{message}: {shorten(str(error)) or 'it ends too early'}") from error


def _most_members(published: PublishedDataset) -> int:
    """Return how many members an archive may have."""
    return 4 * published.size + _MEMBERS_BESIDE


def _members(archive: zipfile.ZipFile, published: PublishedDataset) -> dict[str, _Source]:
    """Return the files of the dataset by name; raise ValueError if any member is unsafe."""
    every, place = archive.infolist(), archive.filename
    if len(every) > _most_members(published):
        raise ValueError(
            f"{place} has {len(every)} members, far more than {published.size} samples need:"
            " nothing was unpacked"
        )
    seen: dict[PurePosixPath, str] = {}
    for member in every:
        name, kind = member.filename, stat.S_IFMT(member.external_attr >> 16)
        outside = name[:1] in ("", "/") or ".." in PurePosixPath(name).parts
        if outside or "\\" in name or ":" in name or kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise ValueError(
                f"{place} holds {brief(name)}, a link or a path that leads elsewhere: nothing was"
                " unpacked"
            )
        other = seen.setdefault(PurePosixPath(name.casefold()), name)  # as some file systems do
        if other is not name:
            raise ValueError(
                f"{place} holds {brief(name)} twice (the other is {brief(other)}): nothing was"
                " unpacked"
            )
    paths = {PurePosixPath(member.filename): member for member in every if not member.is_dir()}
    folders = [p.parent for p in paths if p.name == METADATA and "__MACOSX" not in p.parts]
    if len(folders) != 1:
        raise ValueError(
            f"{place} must hold one {METADATA}, but holds {len(folders)}: it is not a dataset"
        )
    files: dict[str, _Source] = {}
    for path, member in paths.items():
        if path.parent != folders[0] or path.name == LEGACY or not size_limit(published, path.name):
            continue
        what = f"{brief(member.filename)} of {place}"
        if member.flag_bits & 1:
            raise ValueError(f"{what} is encrypted: nothing was unpacked")
        if member.compress_type not in _PLAIN:
            raise ValueError(
                f"{what} is compressed by method {member.compress_type}, not stored or deflated:"
                " nothing was unpacked"
            )
        files[path.name] = what, member.file_size, partial(archive.open, member)
    return files


def _write(files: Mapping[str, _Source], directory: Path, published: PublishedDataset) -> None:
    """Write files to a new directory, none larger than is allowed, nor than it declares."""
    for name, (place, size, _) in files.items():
        if size > (limit := size_limit(published, name)):
            raise ValueError(
                f"{place} has {size} bytes, where a published dataset of this name has at most"
                f" {limit}: it is something else, and nothing of it was taken"
            )
    # Without an array, one will be made of the text of metadata.json.
    array = 0 if ARRAY in files else published.size * published.length * _VALUE + _BESIDE
    needed = sum(size for _, size, _ in files.values()) + array
    require_space(directory.parent, needed, "the unpacked dataset")
    directory.mkdir()
    bar = progress_bar(files.items(), desc="unpacking", unit=" files")
    for name, (place, size, open_file) in bar:
        written = 0
        with (directory / name).open("xb") as target:
            for block in _blocks(place, open_file):
                written += len(block)
                target.write(block[: len(block) - max(0, written - size)])
                if written > size:
                    break
            target.flush()
            os.fsync(target.fileno())
        if written != size:
            raise ValueError(f"{place} is damaged: it has {written} bytes, not the {size} it says")


def _blocks(place: str, open_file: Callable[[], IO[bytes]]) -> Iterator[bytes]:
    """Read a file block by block; raise ValueError for damage."""
    with _refused(f"{place} is damaged"), open_file() as source:
        while block := source.read(_BLOCK):
            yield block
