"""Unpack a published dataset from an archive, or copy it from a directory, that is not trusted."""

import os
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from io import FileIO
from pathlib import Path, PurePosixPath
from typing import IO, TypeAlias

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
    try:
        with zipfile.ZipFile(source) as archive:
            _write(_members(archive, published), directory, published)
    except zipfile.BadZipFile as error:
        raise ValueError(f"{source} is not a whole zip archive: {error}") from error


def _members(archive: zipfile.ZipFile, published: PublishedDataset) -> dict[str, _Source]:
    """Return the files of the dataset by name; raise ValueError if any member is unsafe."""
    every, place = archive.infolist(), archive.filename
    if len(every) > 4 * published.size + _MEMBERS_BESIDE:
        raise ValueError(
            f"{place} has {len(every)} members, far more than {published.size} samples need:"
            " nothing was unpacked"
        )
    seen: dict[PurePosixPath, str] = {}
    for member in every:
        name, kind = member.filename, stat.S_IFMT(member.external_attr >> 16)
        outside = name.startswith("/") or ".." in PurePosixPath(name).parts
        if outside or "\\" in name or ":" in name or kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise ValueError(
                f"{place} holds {name!r}, a link or a path that leads elsewhere: nothing was"
                " unpacked"
            )
        other = seen.setdefault(PurePosixPath(name.casefold()), name)  # as some file systems do
        if other is not name:
            raise ValueError(
                f"{place} holds {name!r} twice (the other is {other!r}): nothing was unpacked"
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
        what = f"{member.filename!r} of {place}"
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
        try:
            with open_file() as source, (directory / name).open("xb") as target:
                while written <= size and (block := source.read(_BLOCK)):
                    written += len(block)
                    target.write(block[: len(block) - max(0, written - size)])
                target.flush()
                os.fsync(target.fileno())
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as e:
            raise ValueError(f"{place} is damaged: {str(e) or 'it ends too early'}") from e
        if written != size:
            raise ValueError(f"{place} is damaged: it has {written} bytes, not the {size} it says")
