"""Reading a checkpoint: verified, within bounds, and without running code."""

import errno
import io
import logging
import re
import warnings
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import torch

from .._checks import brief
from .._files import reporting
from .checkpoint import BEST, FORMAT_VERSION, ExportedModel

logger = logging.getLogger(__name__)

_NEEDED = ("hyperparameters", "model_state_dict", "run_info")
_PLAIN = ("hyperparameters", "run_info", "dataset", "model_input")  # without tensors
_DEEPEST: Final = 50  # levels of lists and dictionaries; a training writes six
_OTHER = f"Give a file that a training wrote, such as {BEST} or last.pt"
_AGAIN = "Copy or download it again"


def read_checkpoint(path: str | Path) -> ExportedModel:
    """Read a checkpoint to the memory of the CPU; the directory of a run means its `best.pt`.

    Every byte that counts is compared with the checksums (CRC-32) that a file of torch holds. What
    is read takes no more memory than the file is large, and as much again while it is read.

    Raises:
        FileNotFoundError: there is nothing.
        ValueError: the file is not a checkpoint of this package, is damaged, or was written by a
            newer version.
    """
    file = Path(path)
    if file.is_dir():
        file /= BEST
    if not file.is_file():
        names = ", ".join(sorted(path.name for path in file.parent.glob("*.pt")))
        beside = f"; beside it are {names}" if names else ": name a file, such as best.pt, or a run"
        raise FileNotFoundError(f"there is no checkpoint {str(file)!r}{beside}")
    try:
        with (
            reporting("reading a checkpoint", file),
            warnings.catch_warnings(action="ignore"),
            file.open("rb") as stream,
        ):
            content: Any = torch.load(_verified(stream), map_location="cpu", weights_only=True)
            size = stream.seek(0, 2)
    except MemoryError:
        raise
    except Exception as error:  # whatever zipfile, pickle and torch make of other files
        # zipfile takes a read that fails for damage; EINVAL is that of a file cut short.
        cause = error if isinstance(error, OSError) else error.__context__
        if isinstance(cause, OSError) and cause.errno != errno.EINVAL:
            with reporting("reading a checkpoint", file):
                raise cause from None
        logger.debug("torch cannot read %s", file, exc_info=True)
        reason = _unreadable(file, str(error))
        raise ValueError(f"{file} is not a checkpoint that can be read: {reason}") from None
    found = content if isinstance(content, dict) else {}
    if missing := [key for key in _NEEDED if not isinstance(found.get(key), Mapping)]:
        raise ValueError(
            f"{file} is not a checkpoint of kac_prediction: it lacks {', '.join(missing)}. {_OTHER}"
        )
    if reason := _wrong_version(found) or _beyond_bounds(found, size):
        raise ValueError(f"{file} is not a checkpoint that can be read: {reason}")
    return cast("ExportedModel", found)


def _verified(stream: BinaryIO) -> BinaryIO:
    """Return what torch may load: a new archive of the entries that fit their checksums.

    torch compares no checksums, and other headers than zipfile: where one bit marks an entry as a
    directory, it takes memory that nobody wrote for weights. Files before torch 1.6 have no
    checksums. Raises BadZipFile for damage, and for a zip bomb.
    """
    start, size = stream.read(2), stream.seek(0, 2)
    if start != b"PK":
        stream.seek(0)
        return stream
    verified = io.BytesIO()
    with zipfile.ZipFile(stream) as archive, zipfile.ZipFile(verified, "w") as copy:
        if sum(entry.file_size for entry in archive.infolist()) > size:
            raise zipfile.BadZipFile("it is compressed")
        for entry in archive.infolist():
            if entry.is_dir():
                raise zipfile.BadZipFile(f"{entry.filename} is a directory")
            copy.writestr(entry.filename, archive.read(entry))
    verified.seek(0)
    return verified


def _wrong_version(content: Mapping[str, Any]) -> str:
    """Return why the format of a checkpoint cannot be read; '' where it can, or is a legacy one."""
    version = content.get("format_version", FORMAT_VERSION)
    if type(version) is not int or version < 1:
        return f"its format_version is {brief(version)}, not a number from 1. {_OTHER}"
    if version > FORMAT_VERSION:
        return (
            f"it has the format {brief(version)}, and this version of kac_prediction knows those up"
            f" to {FORMAT_VERSION}. Update kac_prediction"
        )
    return ""


def _beyond_bounds(content: Mapping[str, Any], size: int) -> str:
    """Return why the content of a file of `size` bytes is refused; '' where it is not.

    A few bytes can stand for lists of themselves without end, and for tensors of any size. What
    describes model, run and dataset holds plain values alone, which can be compared and shown.
    """
    left = 10_000 + 4 * size
    parts = [(value, 1, key in _PLAIN, key) for key, value in content.items()]
    while parts:
        value, depth, plain, place = parts.pop()
        inside: list[Any] = []
        if isinstance(value, torch.Tensor) and not plain:
            if value.layout != torch.strided or value.is_quantized or value.is_meta:
                return f"{brief(place)} holds a tensor of a kind that no training writes. {_OTHER}"
            left -= value.numel() * value.element_size()
        elif isinstance(value, Mapping):
            inside = [*value, *value.values()]
        elif isinstance(value, list | tuple | set):
            inside = [*value]
        elif plain and not isinstance(value, str | int | float | None):
            return f"{brief(place)} holds {brief(value)}, which is no plain value. {_OTHER}"
        left -= 1 + len(inside)
        if depth > _DEEPEST or left < 0:
            return f"{brief(place)} is nested too deeply, or larger than the file. {_OTHER}"
        parts += [(each, depth + 1, plain, place) for each in inside]
    return ""


def _unreadable(file: Path, error: str) -> str:
    """Say what a file is that torch failed to read with this error, and what to do."""
    with file.open("rb") as stream:
        start = stream.read(2)
    # The name alone is taken from torch's text, which advises to run the code of such files.
    if found := re.search(r"GLOBAL ([\w.]{1,100})", error):
        return (
            f"it holds an object, {found[1]}, and reading objects may run foreign code. Save plain "
            "numbers, texts, lists and tensors instead"
        )
    if not start:
        return f"it is empty. {_AGAIN}"
    if start == b"PK":
        with suppress(Exception), zipfile.ZipFile(file) as archive:  # which may be damaged
            names = {name.rpartition("/")[2] for name in archive.namelist()}
            if "data.pkl" not in names or "constants.pkl" in names:  # the latter: of TorchScript
                return f"it is a zip archive of another kind. {_OTHER}"
        return f"it is damaged, or breaks off before its end. {_AGAIN}"
    kind = "a pickle of another kind" if start[:1] == b"\x80" else "of another format"
    return f"it is {kind}. {_OTHER}"
