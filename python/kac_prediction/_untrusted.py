"""Files in folders that a stranger may have made.

What is opened there is a regular file of its own, never a link to something elsewhere, nor a FIFO
or device, which could wait for ever.
"""

import os
import stat
from pathlib import Path
from typing import BinaryIO, NoReturn, cast

_NEVER_ELSEWHERE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_DEEPEST = 8  # folders in folders


def open_regular(
    path: Path,
    mode: str = "rb",
    *,
    buffering: int = -1,
    most: int | None = None,
    refuse: type[Exception] = ValueError,
) -> BinaryIO:
    """Open a file as `open` does, if `check_regular` allows it; the folder is to be checked too."""
    check_regular(path, most=most, alone=mode != "rb", refuse=refuse)

    def opener(name: str, flags: int) -> int:
        return os.open(name, flags | _NEVER_ELSEWHERE, 0o666)

    return cast(BinaryIO, open(path, mode, buffering, opener=opener))


def check_regular(
    path: Path,
    *,
    most: int | None = None,
    alone: bool = False,
    refuse: type[Exception] = ValueError,
) -> None:
    """Raise `refuse` if something is there that is not a regular file, or is too large.

    Args:
        path: the file, which need not exist.
        most: the bytes that it may have; None: any number.
        alone: whether it must have no other name (a hard link), as what is written to must not.
        refuse: the class of the error.
    """
    status = _status(path)
    if status is None:
        return
    if not stat.S_ISREG(status.st_mode):
        _refuse_kind(path, status, "a file", refuse)
    if most is not None and status.st_size > most:
        raise refuse(
            f"{path} has {status.st_size} bytes where at most {most} are expected: it is something "
            "else, or damaged."
        )
    if alone and status.st_nlink > 1:
        raise refuse(f"{path} is another file too (a hard link): put a copy in its place.")


def check_folder(path: Path, refuse: type[Exception] = ValueError) -> None:
    """Raise `refuse` if something is there that is not a folder, such as a link to one."""
    status = _status(path)
    if status is not None and not stat.S_ISDIR(status.st_mode):
        _refuse_kind(path, status, "a folder", refuse)


def check_tree(folder: Path, refuse: type[Exception] = ValueError, depth: int = _DEEPEST) -> None:
    """Raise `refuse` unless a folder, if it exists, holds only regular files and such folders."""
    check_folder(folder, refuse)
    if depth == 0:
        raise refuse(f"{folder} is nested too deeply: delete it.")
    for entry in list(os.scandir(folder)) if folder.exists() else []:
        if entry.is_dir(follow_symlinks=False):
            check_tree(Path(entry.path), refuse, depth - 1)
        elif not entry.is_file(follow_symlinks=False):
            check_regular(Path(entry.path), refuse=refuse)


def _status(path: Path) -> os.stat_result | None:
    """Return what is there under a name, a link itself; None: nothing."""
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _refuse_kind(
    path: Path, status: os.stat_result, expected: str, refuse: type[Exception]
) -> NoReturn:
    """Raise `refuse` for what is there in place of a file or a folder."""
    if stat.S_ISLNK(status.st_mode):
        raise refuse(
            f"{path} is a symbolic link where {expected} is expected, and is not followed: put "
            "there what it leads to, or delete it."
        )
    raise refuse(f"{path} is not {expected}, but something else: delete it.")
