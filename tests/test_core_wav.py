import errno
import os
import resource
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kac_prediction import _core

DEPTHS = [16, 24, 32]


def paths_in(folder: Path, count: int) -> list[str]:
    return [str(folder / f"{i}.wav") for i in range(count)]


def some_signals(sounds: int = 3, length: int = 1001) -> np.ndarray:
    signals = np.random.default_rng(5).uniform(-1.2, 1.2, (sounds, length))
    signals[0, :6] = [0.0, -0.0, 1.0, -1.0, 1e-300, -1e-9]
    return signals


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("length", [1001, 1000, 1, 0])
def test_what_is_read_is_what_quantise_says(depth: int, length: int, tmp_path: Path) -> None:
    signals = some_signals(3, 1001)[:, :length]
    paths = paths_in(tmp_path, 3)
    _core.write_wavs(paths, signals, 44100, depth)
    quantised = _core.quantise(signals, depth)
    for path, expected in zip(paths, quantised, strict=True):
        read, rate = soundfile.read(path)
        assert rate == 44100
        assert read.tobytes() == expected.tobytes()
        info = soundfile.info(path)
        assert (info.format, info.subtype, info.channels) == ("WAV", f"PCM_{depth}", 1)
        assert info.frames == length
        assert Path(path).stat().st_size % 2 == 0


@pytest.mark.parametrize("depth", DEPTHS)
def test_quantise_rounds_to_the_nearest_and_clips(depth: int) -> None:
    signals = some_signals()
    full = 2.0 ** (depth - 1)
    expected = np.clip(np.rint(signals * full), -full, full - 1) / full
    assert np.array_equal(_core.quantise(signals, depth), expected)
    ties = np.array([[0.5, 1.5, 2.5, -0.5, -1.5]]) / full
    assert (_core.quantise(ties, depth) * full).tolist() == [[0, 2, 2, 0, -2]]
    assert not np.signbit(_core.quantise([[-0.0, -1e-12]], depth)).any()
    assert _core.quantise([[1e300, -1e300]], depth).tolist() == [[1 - 1 / full, -1.0]]


def checksums_of(paths: list[str]) -> list[int]:
    return [zlib.crc32(Path(path).read_bytes()) for path in paths]


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_clipped_samples_are_counted(tmp_path: Path) -> None:
    signals = np.array([[0.0, 1.0, -1.0], [1.1, -1.1, 0.0], [2.0, 2.0, 2.0]])
    clipped, _ = _core.write_wavs(paths_in(tmp_path, 3), signals, 8000)
    assert clipped.dtype == np.int64
    assert clipped.tolist() == [0, 2, 3]


def test_threads_never_change_a_bit(tmp_path: Path) -> None:
    signals = some_signals(9)
    quantised = [_core.quantise(signals, 24, threads).tobytes() for threads in (1, 2, 7)]
    assert len(set(quantised)) == 1
    contents = set()
    for threads in (1, 2, 7):
        folder = tmp_path / str(threads)
        folder.mkdir()
        paths = paths_in(folder, 9)
        clipped, _ = _core.write_wavs(paths, signals, 48000, 24, threads=threads)
        contents.add((tuple(Path(path).read_bytes() for path in paths), tuple(clipped)))
    assert len(contents) == 1


def test_a_shorter_file_replaces_a_longer_one(tmp_path: Path) -> None:
    path = tmp_path / "Lamé drum.wav"
    for length in (500, 20):
        for sync in (False, True):
            _core.write_wavs([path], some_signals(1, 500)[:, :length], 48000, 16, sync)
            assert path.stat().st_size == 44 + 2 * length


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_finite_are_refused_with_their_place(bad, tmp_path: Path) -> None:
    signals = some_signals()
    signals[1, 17] = bad
    paths = paths_in(tmp_path, 3)
    with pytest.raises(ValueError, match=f"sound 1: sample 17 .*{bad}"):
        _core.write_wavs(paths, signals, 48000)
    assert not Path(paths[1]).exists()
    with pytest.raises(ValueError, match=f"sound 1: sample 17 .*{bad}"):
        _core.quantise(signals)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "ë.wav"
    with pytest.raises(FileNotFoundError) as error:
        _core.write_wavs([path], np.zeros((1, 10)), 48000)
    assert error.value.errno == errno.ENOENT
    assert error.value.filename == str(path)


def test_a_folder_in_place_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError) as error:
        _core.write_wavs([tmp_path], np.zeros((1, 10)), 48000)
    assert error.value.filename == str(tmp_path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("threads", [1, 3])
def test_a_full_disk(threads: int, tmp_path: Path) -> None:
    paths = [*paths_in(tmp_path, 4), "/dev/full"]
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)) as error:
        _core.write_wavs(paths, np.zeros((5, 10)), 48000, threads=threads)
    assert (error.value.errno, error.value.filename) == (errno.ENOSPC, "/dev/full")


@pytest.mark.parametrize("sync", [False, True])
@pytest.mark.parametrize("threads", [1, 3])
def test_a_file_that_is_written_in_part_is_an_error(
    sync: bool, threads: int, tmp_path: Path
) -> None:
    paths = paths_in(tmp_path, 1)
    signals = some_signals(1, 40_000)
    with (
        no_file_longer_than(100_000),
        pytest.raises(OSError, match=os.strerror(errno.EFBIG)) as error,
    ):
        _core.write_wavs(paths, signals, 48000, 24, sync, threads)
    assert (error.value.errno, error.value.filename) == (errno.EFBIG, paths[0])
    assert Path(paths[0]).stat().st_size == 100_000
    assert not _core.read_wavs(paths, 40_000)[1].any()


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("sync", [False, True])
def test_checksums_are_those_of_the_files(depth: int, sync: bool, tmp_path: Path) -> None:
    paths = paths_in(tmp_path, 20)
    for length in (1, 1001, 20_001):
        signals = some_signals(20, length + 5)[:, :length]
        _, written = _core.write_wavs(paths, signals, 44100, depth, sync)
        sounds, read, found = _core.read_wavs(paths, length)
        assert written.dtype == found.dtype == np.uint32
        assert read.all()
        assert written.tolist() == found.tolist() == checksums_of(paths)
        assert sounds.tobytes() == _core.quantise(signals, depth).tobytes()


def test_the_checksum_of_another_content_is_another(tmp_path: Path) -> None:
    paths = paths_in(tmp_path, 2)
    _, written = _core.write_wavs(paths, some_signals(2, 100), 44100)
    content = bytearray(Path(paths[1]).read_bytes())
    content[200] ^= 1
    Path(paths[1]).write_bytes(content)
    Path(paths[0]).write_bytes(b"RIFF")
    _, read, found = _core.read_wavs(paths, 100)
    assert read.tolist() == [False, True]
    assert found.tolist() == [0, zlib.crc32(content)]
    assert found[1] != written[1]


def test_impossible_formats_are_refused(tmp_path: Path) -> None:
    signals = np.zeros((1, 10))
    paths = paths_in(tmp_path, 1)
    for depth in (0, 8, 12, 64, -16):
        with pytest.raises(ValueError, match=f"bit depth.*{depth}"):
            _core.write_wavs(paths, signals, 48000, depth)
        with pytest.raises(ValueError, match=f"bit depth.*{depth}"):
            _core.quantise(signals, depth)
    for rate in (0, -48000, 2**31):
        with pytest.raises(ValueError, match=f"sample rate.*{rate}"):
            _core.write_wavs(paths, signals, rate)
    assert not Path(paths[0]).exists()


def test_paths_of_a_sequence_that_makes_them_as_they_are_asked_for(tmp_path: Path) -> None:
    paths = np.array(paths_in(tmp_path, 200))
    _core.write_wavs(paths, np.zeros((200, 10)), 48000)
    assert len(list(tmp_path.iterdir())) == 200
    assert _core.read_wavs(paths, 10)[1].all()


def test_every_sound_needs_a_path_of_its_own(tmp_path: Path) -> None:
    one, other = paths_in(tmp_path, 2)
    with pytest.raises(ValueError, match=r"3 sound.*2 path"):
        _core.write_wavs([one, other], np.zeros((3, 10)), 48000)
    with pytest.raises(ValueError, match="twice"):
        _core.write_wavs([one, one], np.zeros((2, 10)), 48000)
    with pytest.raises(ValueError, match=r"twice: b'\\xff'"):
        _core.write_wavs([b"\xff"] * 2, np.zeros((2, 10)), 48000)
    with pytest.raises(ValueError, match="null"):
        _core.write_wavs(["a\0b"], np.zeros((1, 10)), 48000)
    with pytest.raises(TypeError, match="sequence of paths"):
        _core.write_wavs("abc", np.zeros((3, 10)), 48000)
    with pytest.raises(ValueError, match="signals"):
        _core.write_wavs([one], np.zeros(10), 48000)
    assert _core.write_wavs([], np.zeros((0, 10)), 48000)[0].shape == (0,)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("length", [1, 2, 1001, 20_001])
def test_reading_gives_what_quantise_says(depth: int, length: int, tmp_path: Path) -> None:
    signals = some_signals(5, 20_001)[:, :length]
    paths = paths_in(tmp_path, 5)
    _core.write_wavs(paths, signals, 44100, depth)
    quantised = _core.quantise(signals, depth)
    for threads in (1, 2, 7):
        sounds, read, _ = _core.read_wavs(paths, length, threads)
        assert sounds.tobytes() == quantised.tobytes()
        assert read.tolist() == [True] * 5


def test_files_that_are_not_read_are_said(tmp_path: Path) -> None:
    paths = paths_in(tmp_path, 6)
    signals = some_signals(6, 100)
    _core.write_wavs(paths, signals, 44100)
    Path(paths[0]).unlink()
    Path(paths[1]).write_bytes(b"RIFF")
    soundfile.write(paths[2], signals[2], 44100, "FLOAT")
    soundfile.write(paths[3], signals[[3, 3]].T, 44100, "PCM_24")
    soundfile.write(paths[4], signals[4], 48000, "PCM_24")
    sounds, read, found = _core.read_wavs(paths[1:], 100)
    assert read.tolist() == [False, False, False, True, True]
    assert np.array_equal(sounds[3:], [soundfile.read(path)[0] for path in paths[4:]])
    assert np.isnan(sounds[:3]).all()
    assert not found[:3].any()
    assert not _core.read_wavs(paths[1:], 99)[1].any()
    for path, kind in ((paths[0], FileNotFoundError), (str(tmp_path), IsADirectoryError)):
        with pytest.raises(kind) as error:
            _core.read_wavs([*paths[1:], path], 100)
        assert error.value.filename == path
    assert _core.read_wavs([], 99)[0].shape == (0, 99)


def test_reading_needs_paths_and_a_length() -> None:
    with pytest.raises(ValueError, match="length must be at least 1, got 0"):
        _core.read_wavs([], 0)
    with pytest.raises(TypeError, match="sequence of paths"):
        _core.read_wavs("abc", 10)
