"""orchestrate within bounds: Ctrl-C, threads, memory and odd sounds."""

import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from interruptions import interrupted_at
from kac_prediction._arrays import Float64
from kac_prediction.architecture import spectral_cnn
from kac_prediction.orchestration import (
    Drum,
    Kit,
    Score,
    Strike,
    compare,
    orchestrate,
    orchestration,
    slope,
    spectral_distance,
    target,
)
from kac_prediction.orchestration.swarm import Swarm
from kac_prediction.orchestration.target import open_target
from kac_prediction.orchestration.voice import Voice
from waiting import wait_until

RATE = 8000
DRUM = Drum("circle", 0.3, sample_location=(0.6, 0.0))
KIT = Kit([DRUM, Drum("triangle", 0.2)])


def struck(*times: float, duration: float) -> Float64:
    strikes = [Strike(t, 0, (0.2 + 0.1 * k, 0.5 * k), 0.5, 0.4) for k, t in enumerate(times)]
    return Score([DRUM], strikes, duration).render(RATE)


def noise(length: int) -> Float64:
    return np.random.default_rng(0).standard_normal(length)


def heard(sound: Any, instruments: Any = KIT) -> Score:
    return orchestrate(sound, RATE, instruments=instruments, progress=False)


@pytest.mark.slow
@pytest.mark.parametrize("sound", [struck(0.05, duration=0.3), noise(1600)], ids=["drum", "noise"])
def test_ctrl_c_ends_it_anywhere(sound: Float64) -> None:
    """And leaves threads, limits and what is kept for the next call as they were."""
    score, call = heard(sound), lambda: heard(sound)
    threads, limits = threading.active_count(), [each["num_threads"] for each in threadpool_info()]
    for place in np.linspace(1, interrupted_at(0, call), 14).astype(int)[:-1].tolist():
        with pytest.raises(KeyboardInterrupt):
            interrupted_at(place, call)
        wait_until(lambda: threading.active_count() <= threads)  # of others, some may end
        assert [each["num_threads"] for each in threadpool_info()] == limits
    assert heard(sound) == score


def test_spectra_are_transformed_part_by_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C waits for the part, not for the whole of a window of 30 s."""
    sizes = []
    for name in ("rfft", "irfft"):
        original = getattr(slope, name)

        def counted(x: Any, *args: Any, original: Any = original, **options: Any) -> Any:
            sizes.append(x.size)
            return original(x, *args, **options)

        monkeypatch.setattr(slope, name, counted)
    slope.Slope(noise(400_000)).of(noise(400_000).astype(np.float32))
    assert max(sizes) <= 2**18
    assert sum(sizes) > 50 * 2**18 / 3


def peak(call: Callable[[], object]) -> int:
    """Return the bytes that a call holds at once, beyond what was there."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_strikes_are_summed_part_by_part() -> None:
    def descend(strikes: int) -> None:
        samples = np.arange(strikes) * 10
        points = np.full((strikes, 2), 0.3)
        voice = Voice(DRUM, 11.0, pick_up=np.array([0.6, 0.0]))
        swarm = Swarm(voice, samples, points, np.ones(strikes), RATE, None)
        swarm.add(np.zeros(30_000, np.float32))
        swarm.descend(np.ones(30_000, np.float32), 1.0)

    descend(1)
    few, many = (peak(lambda n=n: descend(n)) for n in (64, 512))
    assert many < few + 512 * 100 * 8 * 12  # some numbers a strike and partial: not all samples


def test_waves_of_the_network_are_made_part_by_part() -> None:
    kept = sum(each.nbytes for each in spectral_cnn._constants.__wrapped__().values())
    assert peak(spectral_cnn._constants.__wrapped__) < kept + 30e6


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sound", "instruments"), [(struck(0.05, 0.2, duration=0.5), "free"), (noise(2400), "circle")]
)
def test_threads_change_no_bit(sound: Float64, instruments: str) -> None:
    expected, before = heard(sound, instruments).to_json(), torch.get_num_threads()
    for threads in (1, 2, 3, 8):
        torch.set_num_threads(threads)
        try:
            with threadpool_limits(threads):
                assert heard(sound, instruments).to_json() == expected, threads
        finally:
            torch.set_num_threads(before)


def test_of_a_file_no_more_than_a_window_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orchestration, "_AHEAD", 0.1)
    read, held, original = [], [], target.read_part

    def read_part(path: Path, start: int, count: int) -> Float64:
        read.append((start, count))
        return original(path, start, count)

    monkeypatch.setattr(target, "read_part", read_part)
    times, step = np.arange(0.1, 2).tolist(), RATE // 2
    soundfile.write(tmp_path / "x.wav", struck(*times, duration=2), RATE, "FLOAT")
    voice = Voice(DRUM, 17.0, fixed=True, pick_up=np.array([0.6, 0.0]))
    found = orchestration._Orchestration(open_target(tmp_path / "x.wav", None), [voice], None, 1)
    for start in range(0, 2 * RATE, step):
        found.add(start, start + step, lambda: None)
        held.append(len(found.tail) + len(found.before))
    assert [strike.time for strike in found.score()] == pytest.approx(times, abs=1e-3)
    assert read == [(start, step + RATE // 10) for start in range(0, 2 * RATE, step)]
    assert max(held) <= 0.1 * RATE + 0.7 * RATE  # before a window, and a strike until 90 dB down


def test_a_file_is_compared_part_by_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = noise(10_000).reshape(-1, 2)
    soundfile.write(tmp_path / "x.wav", sound, RATE, "DOUBLE")
    score = Score([DRUM], [Strike(0.1, 0, (0.2, 0.5), 0.5, 0.4)], 0.5)
    expected = spectral_distance(score.render(RATE), sound.mean(axis=1))
    monkeypatch.setattr("kac_prediction.orchestration.score._BLOCK", 900)
    assert score.distance(tmp_path / "x.wav") == pytest.approx(expected, rel=1e-12)


CLICK, STEP = np.zeros((2, RATE // 2))
CLICK[0] = 1
STEP[RATE // 4 :] = 1
ODD = {
    "one sample": np.ones(1),
    "two samples": np.array([0.0, 1.0]),
    "few samples": noise(31),
    "a click at the start": CLICK,
    "a click at the end": CLICK[::-1],
    "constant": np.full(RATE // 2, -0.3),
    "a step": STEP,
    "half the sample rate": np.cos(np.pi * np.arange(RATE // 2)),
    "clipped": np.clip(10 * struck(0.1, duration=0.4), -1, 1),
    "too faint": 1e-200 * struck(0.1, duration=0.4),
    "as loud as may be": 1e15 * noise(1000) / 5,
    "of channels that cancel": struck(0.1, duration=0.4)[:, None] * [1, -1],
    "whole numbers": (20000 * struck(0.1, duration=0.4)).astype(np.int16),
    "truths": struck(0.1, duration=0.4) > 0,
}


@pytest.mark.parametrize("name", ODD)
def test_odd_sounds_have_scores_that_can_be_written(name: str, tmp_path: Path) -> None:
    score = heard(ODD[name])
    assert score.duration == len(ODD[name]) / RATE
    assert Score.from_json(score.to_json()) == score
    assert score.to_csv().count("\n") == 1 + len(score)
    assert len(score._repr_html_()) > 100
    score.to_midi(tmp_path / "x.mid")
    score.export(tmp_path / "x.wav", RATE)
    assert soundfile.info(tmp_path / "x.wav").frames == len(ODD[name])
    assert score.distance(ODD[name], RATE) <= Score([], [], score.duration).distance(
        ODD[name], RATE
    )


def test_how_loud_a_sound_is_changes_levels_alone() -> None:
    sound = struck(0.05, 0.25, duration=0.5)
    score = heard(sound)
    assert len(score) == 2
    for factor in (1e-6, 1e6):
        other = heard(factor * sound)
        assert other.drums == score.drums
        assert [strike.time for strike in other] == [strike.time for strike in score]
        levels = [strike.level / factor for strike in other]
        assert levels == pytest.approx([strike.level for strike in score], rel=1e-3)


@pytest.mark.parametrize(("value", "what"), [(np.nan, "not a finite"), (-2e15, "beyond 1e.15")])
def test_what_no_sound_can_hold_is_refused(value: float, what: str, tmp_path: Path) -> None:
    sound = np.r_[struck(0.1, duration=0.3), value, np.inf]
    soundfile.write(tmp_path / "x.wav", sound, RATE, "DOUBLE")
    for refused, rate in ((sound, RATE), (tmp_path / "x.wav", None)):
        with pytest.raises(ValueError, match=f"^sample 2400 of the target is {what}[^\n]*$"):
            orchestrate(refused, rate, instruments=KIT, progress=False)


def test_drums_that_do_not_sound_are_left_out_of_a_comparison() -> None:
    sound = struck(0.1, duration=0.4)
    kit = Kit([DRUM, Drum("circle", 0.0005)])
    compared = compare(heard(sound, kit), sound, RATE, instruments=kit)
    assert compared.score < compared.dictionary < compared.silence
    silent = Kit([Drum("circle", 0.0005)])
    compared = compare(heard(sound), sound, RATE, instruments=silent)
    assert compared.dictionary == compared.silence
