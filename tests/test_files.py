"""Atomic replacement of files, lines of JSON, and the plain values that files hold."""

import enum
import errno
import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kac_prediction._files import (
    append_records,
    locked,
    plain,
    read_records,
    replacing,
    reporting,
)


@pytest.mark.parametrize("durable", [True, False])
def test_a_file_is_replaced_as_a_whole(tmp_path: Path, durable: bool) -> None:
    file = tmp_path / "x.json"
    file.write_text("old")
    with replacing(file, durable=durable) as staged:
        staged.write_text("new")
        assert file.read_text() == "old"
    assert file.read_text() == "new"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.skipif(os.name != "posix", reason="there are no such locks")
@pytest.mark.parametrize("folder", [False, True])
def test_a_lock_is_held_alone_or_shared(tmp_path: Path, folder: bool) -> None:
    path = tmp_path / "held"
    path.mkdir() if folder else path.touch()
    with locked(path):
        for shared in (False, True):
            with pytest.raises(BlockingIOError), locked(path, shared=shared, wait=False):
                pass
    with (
        locked(path, shared=True),
        locked(path, shared=True, wait=False),
        pytest.raises(BlockingIOError),
        locked(path, wait=False),
    ):
        pass
    with locked(path, wait=False):
        pass
    with pytest.raises(FileNotFoundError), locked(tmp_path / "nothing"):
        pass


def test_where_no_lock_can_be_had_that_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fcntl = pytest.importorskip("fcntl")

    def flock(*_: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", flock)
    for _ in range(2):
        with locked(tmp_path), locked(tmp_path, wait=False):
            pass
    assert [record.message for record in caplog.records] == [
        f"no lock can be had ({tmp_path}: No locks available): let no other process write to the "
        "same dataset or run"
    ]


def test_a_failure_changes_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text("old")

    def fail() -> None:
        with replacing(file) as staged:
            staged.write_text("ne")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_what_was_not_written_replaces_nothing(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    with pytest.raises(OSError, match=r"x\.json"), replacing(file):
        pass
    assert not list(tmp_path.iterdir())


def test_content_and_name_are_flushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[bool] = []
    fsync = os.fsync

    def record(descriptor: int) -> None:
        flushed.append(Path(f"/proc/self/fd/{descriptor}").is_dir())
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", record)
    with replacing(tmp_path / "x") as staged:
        staged.write_bytes(b"x")
    assert flushed == [False, True]


class Colour(enum.StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(0.5), 0.5),
        (np.array([1, 2]), [1, 2]),
        (torch.tensor([[1.0]]), [[1.0]]),
        ((1, [np.int64(2)]), (1, [2])),
        ({"a": Colour.RED, "b": None, "c": True}, {"a": "red", "b": None, "c": True}),
    ],
)
def test_values_become_plain(value: Any, expected: Any) -> None:
    found = plain(value)
    assert found == expected
    assert type(found) is type(expected)


def test_what_is_not_plain_is_refused() -> None:
    with pytest.raises(TypeError, match="object"):
        plain({"a": object()})


def test_numbers_of_every_kind_become_plain_json(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    record = {
        "epoch": np.int64(3),
        "loss": torch.tensor(0.5),
        "each": {"a": np.float32(0.25), "none": None, "nan": math.nan, 7: (1, True)},
        "array": np.arange(3),
        "infinite": np.float64("inf"),
        "note": Path("x"),
    }
    append_records(file, [record])
    assert json.loads(file.read_text()) == {
        "epoch": 3,
        "loss": 0.5,
        "each": {"a": 0.25, "none": None, "nan": None, "7": [1, True]},
        "array": [0, 1, 2],
        "infinite": None,
        "note": "x",
    }


def test_half_a_line_spoils_no_other(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    append_records(file, [{"epoch": 0}, {"epoch": 1}])
    with file.open("ab") as stream:
        stream.write('{"epoch": 2, "note": "é'.encode()[:-1])
    assert read_records(file) == [{"epoch": 0}, {"epoch": 1}]
    append_records(file, [{"epoch": 2}])
    assert read_records(file) == [{"epoch": 0}, {"epoch": 1}, {"epoch": 2}]
    assert file.read_bytes().endswith(b'\xc3\n{"epoch": 2}\n')
    assert list(tmp_path.iterdir()) == [file]


def test_there_may_be_nothing(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    assert read_records(file) == []
    file.write_text("[1]\n\nnull\n")
    assert read_records(file) == []


def test_a_full_disk_leaves_the_lines_there_are(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="no limits to the size of a file here")
    file = tmp_path / "log.jsonl"
    append_records(file, [{"epoch": 0}])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            append_records(file, [{"epoch": 1, "note": "x" * 40}])
        assert file.read_text() == '{"epoch": 0}\n'
        append_records(file, [{"epoch": 1}])
        with pytest.raises(OSError, match="File too large"), replacing(file) as staged:
            append_records(staged, [{"epoch": 2, "note": "x" * 40}])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert read_records(file) == [{"epoch": 0}, {"epoch": 1}]
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("raised", "text"),
    [
        (
            OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
            f"[Errno {errno.ENOSPC}] No space left on device (copying a file; make room, or name "
            "another directory and call again): '/a'",
        ),
        (
            FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "/b"),
            "(copying a file): '/b'",
        ),
        (
            OSError(errno.ENOSPC, "make room for 3 GB"),
            f"[Errno {errno.ENOSPC}] make room for 3 GB: '/a'",
        ),
        (FileExistsError("/b is there: name another"), "/b is there: name another"),
        (MemoryError(), "copying a file, /a: there is too little memory: end other programs"),
    ],
)
def test_an_error_of_the_system_names_operation_file_and_remedy(
    raised: Exception, text: str
) -> None:
    with (
        pytest.raises(type(raised)) as error,
        reporting("moving", "/c"),
        reporting("copying a file", "/a"),
    ):
        raise raised
    assert text in str(error.value)
    assert isinstance(raised, MemoryError) or "moving" not in str(error.value)
