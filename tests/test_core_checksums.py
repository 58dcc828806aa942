import errno
import os
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kac_prediction import _core

PART = 1 << 20  # what a thread takes at once
BYTES = np.random.default_rng(11).bytes(3 * PART + 1000)
WORD = st.integers(0, 2**32 - 1)


def test_the_published_check_value() -> None:
    assert _core.crc32(b"123456789") == 0xCBF43926
    assert _core.crc32(b"") == 0
    assert _core.crc32(b"", 7) == 7


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    size=st.one_of(
        st.integers(0, 300),
        st.integers(0, len(BYTES) - 100),
        st.sampled_from([PART - 1, PART, PART + 1, 2 * PART, 3 * PART]),
    ),
    begin=st.integers(0, 100),
    start=WORD,
    threads=st.sampled_from([1, 2, 7]),
)
def test_it_is_what_zlib_says(size: int, begin: int, start: int, threads: int) -> None:
    data = memoryview(BYTES)[begin : begin + size]
    assert _core.crc32(data, start, threads) == zlib.crc32(data, start)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(size=st.integers(0, 100_000), split=st.floats(0, 1))
def test_the_parts_make_the_whole(size: int, split: float) -> None:
    front, back = BYTES[: int(size * split)], BYTES[int(size * split) : size]
    first, second = zlib.crc32(front), zlib.crc32(back)
    assert _core.crc32_combine(first, second, len(back)) == zlib.crc32(front + back)
    assert _core.crc32(back, first) == zlib.crc32(front + back)


@settings(derandomize=True, deadline=None, max_examples=30)
@given(a=WORD, b=WORD, c=WORD, lengths=st.tuples(*2 * [st.integers(0, 2**63 - 1)]))
def test_combining_is_associative(a: int, b: int, c: int, lengths: tuple[int, int]) -> None:
    """Of lengths, too, that no memory holds."""
    combine, (m, n) = _core.crc32_combine, lengths
    assert combine(combine(a, b, m), c, n) == combine(a, combine(b, c, n), m + n)


def test_whatever_shows_its_memory() -> None:
    array = np.random.default_rng(2).standard_normal((7, 5))
    expected = zlib.crc32(array.tobytes())
    assert _core.crc32(array) == expected
    assert _core.crc32(memoryview(array)) == expected
    assert _core.crc32(bytearray(array.tobytes())) == expected
    assert _core.crc32(array[2:4]) == zlib.crc32(array[2:4].tobytes())
    assert _core.crc32(array[:0]) == 0
    assert _core.crc32(np.float64(1.0)) == zlib.crc32(np.float64(1.0).tobytes())
    array.flags.writeable = False
    assert _core.crc32(array) == expected


def test_data_with_gaps_are_refused() -> None:
    array = np.zeros((7, 5))
    for strided in (array[:, 1:], array.T, array[::-1], memoryview(b"abcdef")[::2]):
        with pytest.raises(ValueError, match="without gaps"):
            _core.crc32(strided)
    for other in ("text", 3, [1, 2], None):
        with pytest.raises(TypeError):
            _core.crc32(other)
    for start in (-1, 2**32):
        with pytest.raises(TypeError):
            _core.crc32(b"", start)


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_files(threads: int, tmp_path: Path) -> None:
    sizes = [0, 1, 65_535, 65_536, 65_537, len(BYTES)]
    paths = [tmp_path / f"ë {size}" for size in sizes]
    for path, size in zip(paths, sizes, strict=True):
        path.write_bytes(BYTES[:size])
    checksums, found = _core.file_checksums(paths, threads)
    assert (checksums.dtype, found.dtype) == (np.uint32, np.int64)
    assert found.tolist() == sizes
    assert checksums.tolist() == [zlib.crc32(BYTES[:size]) for size in sizes]


def test_no_files() -> None:
    checksums, sizes = _core.file_checksums([])
    assert checksums.shape == sizes.shape == (0,)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.write_bytes(b"abc")
    for path, kind, number in (
        (tmp_path / "ë", FileNotFoundError, errno.ENOENT),
        (tmp_path, IsADirectoryError, errno.EISDIR),
        (there / "below", NotADirectoryError, errno.ENOTDIR),
    ):
        with pytest.raises(kind, match=os.strerror(number)) as error:
            _core.file_checksums([str(there), str(path)])
        assert (error.value.errno, error.value.filename) == (number, str(path))
    with pytest.raises(TypeError, match="sequence of paths"):
        _core.file_checksums(str(there))
