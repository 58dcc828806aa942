"""Lines of JSON that survive a killed process and a full disk."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from kac_prediction.pipeline.tracking.records import (
    append_records,
    read_records,
    rewrite_records,
    write_atomically,
)


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
    rewrite_records(file, read_records(file)[1:])
    assert file.read_text() == '{"epoch": 1}\n{"epoch": 2}\n'
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
        with pytest.raises(OSError, match="File too large"):
            rewrite_records(file, [{"epoch": 2, "note": "x" * 40}])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert read_records(file) == [{"epoch": 0}, {"epoch": 1}]
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "curve.png"
    write_atomically(file, lambda staged: staged.write_bytes(b"first"))

    def interrupted(staged: Path) -> None:
        assert staged.suffix == ".png"
        staged.write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(file, interrupted)
    assert file.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [file]
