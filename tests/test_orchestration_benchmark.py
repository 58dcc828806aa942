"""The benchmark of orchestration: its targets, its figures worked out by hand, its table."""

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from kac_prediction.orchestration import Drum, Score, Strike
from kac_prediction.orchestration.benchmark import (
    CONDITIONS,
    MATERIALS,
    Arrangement,
    Figures,
    Table,
    arrangement,
    orchestrate_targets,
    other_target,
    runs,
)
from programs import load_program

SHORT: dict[str, Any] = {"duration": 2.0, "drums": 2, "strikes": 8, "sample_rate": 8000}
TIMES = np.array([0.1, 0.5, 0.9, 1.3])


def truth(times: Any = TIMES, which: Any = (0, 1, 0, 1), sizes: Any = (0.4, 0.2)) -> Arrangement:
    """An arrangement of circles, without its sound."""
    n = len(times)
    return Arrangement(
        np.zeros(16000),
        8000,
        tuple(Drum("circle", size) for size in sizes),
        np.array(times),
        np.array(which),
        np.ones(n),
        np.ones(n),
        ((0.5, 0.0),) * n,
    )


def score(times: Any = TIMES, which: Any = (0, 1, 0, 1), sizes: Any = (0.4, 0.2)) -> Score:
    drums = [Drum("circle", size) for size in sizes]
    strikes = [Strike(t, k, (0.5, 0.0), 1.0, 1.0) for t, k in zip(times, which, strict=True)]
    return Score(drums, strikes, 2.0)


def test_the_truth_is_worth_everything() -> None:
    assert Figures.of(truth(), score()) == Figures(1.0, (2, 2), (0.0, 0.0), 1.0)
    # Whatever the order of the drums.
    turned = score(which=(1, 0, 1, 0), sizes=(0.2, 0.4))
    assert Figures.of(truth(), turned) == Figures(1.0, (2, 2), (0.0, 0.0), 1.0)


def test_a_strike_on_the_wrong_drum() -> None:
    found = Figures.of(truth(), score(which=(0, 1, 0, 0)))
    assert found == Figures(1.0, (2, 2), (0.0, 0.0), 0.75)


def test_a_missing_strike_and_late_ones() -> None:
    assert Figures.of(truth(), score(TIMES[1:], (1, 0, 1))) == Figures(
        6 / 7, (2, 2), (0.0, 0.0), 0.75
    )
    late = Figures.of(truth(), score(TIMES + np.array([0.01, 0.011, -0.01, -0.011])))
    assert (late.onsets, late.strikes) == (0.5, 0.5)
    assert late.sizes == (0.0,)  # nothing in common tells which drum the other one is


def test_double_onsets_count_once() -> None:
    times = np.sort(np.concatenate([TIMES, TIMES + 0.004]))
    found = Figures.of(truth(), score(times, np.repeat([0, 1, 0, 1], 2)))
    assert found.onsets == pytest.approx(2 * 4 / 12)
    assert found.strikes == 1.0


def test_strikes_within_the_tolerance_of_two_are_matched_one_to_one() -> None:
    near = truth([0.100, 0.112], (0, 1))
    # The first found strike could be either's; only if it is the first's is there one for each.
    assert Figures.of(near, score([0.106, 0.119], (0, 1))).onsets == 1.0
    assert Figures.of(near, score([0.106], (0,))).onsets == pytest.approx(2 / 3)
    # Two drums struck in the wrong order, a few milliseconds apart, are still those two.
    assert Figures.of(near, score([0.104, 0.108], (1, 0))).strikes == 1.0


def test_drums_are_matched_by_their_strikes() -> None:
    split = score([*TIMES, 1.6], (0, 1, 2, 1, 0), (0.41, 0.22, 0.404))
    found = Figures.of(truth(), split)
    assert found.drums == (2, 3)
    # Both 0.41 and 0.404 have one strike in common with 0.4, but 0.41 has another.
    assert found.sizes == pytest.approx((0.01, 0.1))
    assert found.strikes == 0.75
    one = Figures.of(truth(), score(which=(0,) * 4, sizes=(0.3,)))
    assert one.drums == (2, 1)
    assert one.sizes == pytest.approx((0.25,))
    assert one.strikes == 0.5
    rests = score(which=(0,) * 4)
    assert Figures.of(truth(), rests).drums == (2, 1)


def test_an_empty_score() -> None:
    assert Figures.of(truth(), Score([], [], 2.0)) == Figures(0.0, (2, 0), (), 0.0)


def test_an_arrangement_is_the_sum_of_its_strikes() -> None:
    exact = ("circle", "rectangle", "triangle")
    made = arrangement(3, exact, **{**SHORT, "drums": 4, "sample_rate": 16000})
    assert {drum.family for drum in made.drums} == {*exact}
    total = np.zeros(32000)
    for k, strike in enumerate(made.score):
        begin, sound = round(strike.time * 16000), made.score.sound(k, 16000)
        total[begin : begin + len(sound)] += sound
    assert np.abs(made.sound - total).max() < 1e-9


def test_a_simulated_drum_sounds_at_its_own_frequency() -> None:
    made = arrangement(5, ("star",), duration=1.0, drums=1, strikes=2, closest=0.3)
    (drum,) = made.drums
    lowest = drum.fundamental
    begin = round(made.times[0] * 48000)
    part = made.sound[begin : begin + 14400]
    assert not made.sound[:begin].any()
    assert np.abs(part).max() == pytest.approx(made.levels[0])
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part)), 1 << 18))
    near = slice(*(round(lowest * k / 48000 * (1 << 18)) for k in (0.9, 1.1)))
    peak = near.start + int(np.argmax(spectrum[near]))
    assert peak * 48000 / (1 << 18) == pytest.approx(lowest, rel=5e-3)


def test_arrangements_keep_what_they_promise() -> None:
    for seed in (*range(4), 20261132):  # of which the last draws 6 drums and 11 strikes
        made = arrangement(seed, ("circle",), duration=10.0, sample_rate=4000)
        assert 1 <= len(made.drums) <= 6
        assert 10 <= len(made.times) <= 60
        assert np.diff(made.times).min() >= 0.1 - 1e-12
        assert np.bincount(made.which, minlength=len(made.drums)).min() >= 2
        sizes = np.array([drum.drum_size for drum in made.drums])
        assert (sizes[:-1] / sizes[1:] >= 1.08 - 1e-12).all()
        assert ((sizes >= 0.1) & (sizes <= 0.6)).all()
        assert ((made.levels >= 0.1) & (made.levels <= 1)).all()
        for k in range(len(made.drums)):
            assert len(set(made.decay_times[made.which == k])) == 1


def test_overlaps() -> None:
    made = arrangement(1, ("circle",), **{**SHORT, "strikes": 9}, overlaps=True)
    gaps = np.diff(made.times)
    follows = np.arange(1, 9) % 3 == 2
    assert ((gaps[follows] >= 0.005) & (gaps[follows] <= 0.03)).all()
    assert gaps[~follows].min() >= 0.1 - 1e-12
    assert (made.which[1:][follows] != made.which[:-1][follows]).all()


def test_targets_are_the_same_of_a_seed() -> None:
    first, again, other = (arrangement(seed, ("circle", "triangle"), **SHORT) for seed in (7, 7, 8))
    assert first.sound.tobytes() == again.sound.tobytes()
    assert first.locations == again.locations
    assert first.sound.tobytes() != other.sound.tobytes()
    sounds = [other_target(seed, "speech", 1.0, 8000) for seed in (1, 1, 2)]
    assert np.array_equal(sounds[0], sounds[1])
    assert not np.array_equal(sounds[0], sounds[2])
    noise = [CONDITIONS["20 dB"].recorded(first.sound, 8000, (k,)) for k in (1, 1, 2)]
    assert np.array_equal(noise[0], noise[1])
    ratio = np.mean(first.sound**2) / np.mean((noise[0] - first.sound) ** 2)
    assert 10 * np.log10(ratio) == pytest.approx(20, abs=0.01)
    assert CONDITIONS["room"].recorded(first.sound, 8000, (1,)).shape == first.sound.shape


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"strikes": 60, "duration": 2.0}, "60 strikes 0.1 s apart do not fit into 2"),
        ({"drums": 6, "strikes": 11}, "6 drums take 12 strikes or more, got 11"),
        ({"families": ("square",)}, "family must be"),
        ({"closest": 0}, "closest must be"),
    ],
)
def test_what_cannot_be_arranged_is_refused(options: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        arrangement(0, **options)
    with pytest.raises(ValueError, match="kind of a target"):
        other_target(0, "bell")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Targets of 2 s at 8 kHz, and distances that take no time."""

    def compare(*_: Any) -> Any:
        return SimpleNamespace(score=0.2, silence=2.0, noise=1.0, dictionary=0.8)

    def make(material: Any, seed: int) -> Any:
        made.append(material.name)
        return np.zeros(16000), truth() if material.drums is not None else None

    made: list[str] = []
    monkeypatch.setattr(runs, "compare", compare)
    monkeypatch.setattr(type(MATERIALS["circles"]), "make", make)
    monkeypatch.setattr(Score, "distance", lambda *_: 0.1)
    runs._made.cache_clear()
    return made


def heard(times: list[int]) -> Any:
    """An orchestrator that counts, and gives every second target one drum too few."""

    def orchestrator(*_: Any) -> Score:
        times.append(0)
        return score() if len(times) % 2 else score(which=(0,) * 4, sizes=(0.44,))

    return orchestrator


def test_the_table_goes_on_where_it_was_interrupted(tmp_path: Path, quick: list[str]) -> None:
    counts: list[int] = []
    chosen: dict[str, Any] = {"materials": ("any family", "no drums"), "targets": 2}
    whole = orchestrate_targets(tmp_path / "new", heard(counts), **chosen)
    assert len(whole.rows) == len(counts) == 2 * 3 + 2
    assert quick == ["any family"] * 2 + ["no drums"] * 2  # once for all conditions
    file = tmp_path / "new" / "orchestration.jsonl"
    lines = file.read_text().splitlines()
    assert orchestrate_targets(tmp_path / "new", heard(counts), **chosen) == whole
    assert len(counts) == 8
    file.write_text("\n".join([*lines[1:-1], lines[-1][:40]]))
    again = orchestrate_targets(tmp_path / "new", heard(counts), **chosen)
    assert len(counts) == 10
    assert [dataclasses.replace(row, seconds=0) for row in again.rows[1:-1]] == [
        dataclasses.replace(row, seconds=0) for row in whole.rows[1:-1]
    ]
    wrong: dict[str, Any]
    for wrong in ({"targets": 0}, {"materials": ("squares",)}):
        with pytest.raises(ValueError, match=r"targets must be|each of materials"):
            orchestrate_targets(tmp_path / "none", heard(counts), **wrong)
    assert not (tmp_path / "none").exists()


def test_the_page(tmp_path: Path, quick: list[str]) -> None:
    rows = orchestrate_targets(tmp_path, heard([]), targets=2).rows
    page = Table(tuple(dataclasses.replace(row, seconds=12.3) for row in rows)).to_markdown()
    arranged, others = page.split("Targets that are no drums:")
    assert "|  | circles | any family | circles, overlaps | any family, overlaps |" in arranged
    # Rows alternate: of three conditions and two targets each has a right and a wrong one.
    assert "| onsets within 10 ms, F1 | 1.000 / 1.000 / 1.000 |" in arranged
    assert "| number of drums right, per cent | 50 / 50 / 50 |" in arranged
    assert "| drums found, per cent | 75 / 75 / 75 |" in arranged
    assert "| strikes given to the right drum, per cent | 75 / 75 / 75 |" in arranged
    assert "| distance, of that of the dictionary | 0.25 / 0.25 / 0.25 |" in arranged
    assert (
        "| distance of the true score, of that of the dictionary | 0.12 / 0.12 / 0.12 |" in arranged
    )
    assert "| time for 10 s of sound, s | 12 / 12 / 12 |" in arranged
    assert "of 2 seeds from 20261130" in page
    assert "|  | burst | speech |" in others
    assert "| distance, of that of silence | 0.10 | 0.10 |" in others


def test_the_command(tmp_path: Path, quick: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    report = load_program("report")
    given: list[Any] = []

    def orchestrate(target: Any, sample_rate: int, **options: Any) -> Score:
        given.append((len(target), sample_rate, options))
        return score()

    monkeypatch.setattr(report, "orchestrate", orchestrate)
    arguments = ["--out", str(tmp_path), "--drums", "2", "--only", "orchestration, circles"]
    result = CliRunner().invoke(report.report, arguments)
    assert result.exit_code == 0, result.output
    page = (tmp_path / "orchestration.md").read_text()
    assert page in result.output
    assert "any family" not in page
    assert given == [(16000, 48000, {"progress": False})] * 6
    result = CliRunner().invoke(report.report, [*arguments, "--only", "circles"])
    assert result.exit_code == 2
