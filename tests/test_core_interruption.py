import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from kac_prediction import _core


class Alarm:
    """A signal every 20 ms that raises when it comes for the third time.

    Were signals only seen once the core is done, there would be one, however many were sent. More
    may come while the other threads end.
    """

    def __init__(self) -> None:
        self.seen = 0

    def __call__(self, *_: object) -> None:
        self.seen += 1
        if self.seen == 3:
            raise KeyboardInterrupt


@pytest.fixture
def alarm() -> Iterator[Alarm]:
    alarm = Alarm()
    before = signal.signal(signal.SIGALRM, alarm)
    signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
    yield alarm
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(("sounds", "threads"), [(1, 0), (1, 1), (2, 1), (2, 2), (3, 2)])
def test_signals_get_through_to_long_sounds(sounds: int, threads: int, alarm: Alarm) -> None:
    # Some ten seconds a sound.
    frequencies = np.full((sounds, 100_000), 440.0)
    ones = np.ones(sounds)
    with pytest.raises(KeyboardInterrupt):
        _core.additive(frequencies, frequencies, ones, ones, 400_000, 48_000, threads=threads)


def test_signals_get_through_to_long_simulations(alarm: Alarm) -> None:
    # Some seconds each.
    grid, fields = _core.Grid(np.ones((350, 350), bool)), np.zeros((2, 350, 350))
    simulation = _core.Simulation(grid, *fields, 0.5, 0.0, 1.0)
    for run in (
        lambda: _core.membranes(
            [grid] * 2, [[0.5, 0, 1]] * 2, [([9], [1])] * 2, [0, 1], [([9], [1])] * 2, 100_000, 1
        ),
        lambda: simulation.step(100_000),
        lambda: _core.fdtd_waveform(grid, *fields, 0.5, 0.0, 1.0, 100_000, [9], [1.0]),
    ):
        alarm.seen = 0
        with pytest.raises(KeyboardInterrupt):
            run()


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no file without end")
@pytest.mark.parametrize("files", [1, 3])
def test_signals_get_through_to_long_files(files: int, alarm: Alarm) -> None:
    with pytest.raises(KeyboardInterrupt):
        _core.file_checksums(["/dev/zero"] * files, threads=2)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no file that waits for a reader")
def test_signals_get_through_to_a_file_that_does_not_open(tmp_path: Path, alarm: Alarm) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(KeyboardInterrupt):
        _core.write_wavs([tmp_path / "pipe"], np.zeros((1, 10)), 48000)


def test_the_core_works_on_after_an_interruption(alarm: Alarm) -> None:
    frequencies = np.full((2, 100_000), 440.0)
    with pytest.raises(KeyboardInterrupt):
        _core.additive(frequencies, frequencies, [1, 1], [1, 1], 400_000, 48_000)
    assert _core.tone("sqr", [0.0, 0.0, 0.0], 5, 48_000).tolist() == [[1.0] * 5] * 3


def test_signals_get_through_to_long_plans_and_spectra(alarm: Alarm) -> None:
    # Half a second each, and more.
    sounds = np.zeros((2, 20_000_000))
    for run in (
        lambda: _core.RealFft(10_000_019),
        lambda: _core.Spectrogram(10_000_019, 9, 9),
        lambda: _core.Spectrogram(64, 64, 8).transform(sounds, threads=2),
    ):
        alarm.seen = 0
        with pytest.raises(KeyboardInterrupt):
            run()
