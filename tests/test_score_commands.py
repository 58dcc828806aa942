"""The commands orchestrate and arrange: what they write, replace, and leave alone."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

from kac_prediction import orchestration
from kac_prediction.cli import main, score_page, scores
from kac_prediction.orchestration import Comparison, Drum, Family, Kit, Score, Strike
from kac_prediction.samplers import ModeBank

RATE = 8000
SCORE = Score(
    [Drum("circle", 0.3, name="<b>"), Drum("triangle", 0.4)],
    [
        Strike(0.1, 0, (0.4, 0.1), 0.5, 0.3),
        Strike(0.26, 1, (0.5, 0.3, 0.2), 0.05, 0.2),
        Strike(0.5, 0, (0.2, 0.1), 0.4, 0.3),
    ],
    0.8,
)
WRITTEN = ["heard.wav", "page.html", "score.csv", "score.json", "score.mid"]


def run(*words: str | Path, status: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == status, result.output
    return result


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A sound file, from which the score above is always found."""
    soundfile.write(tmp_path / "target.wav", SCORE.render(RATE), RATE, "FLOAT")
    return tmp_path / "target.wav"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What is asked of an orchestration, which takes no time."""
    found: dict[str, Any] = {}

    def orchestrate(target: Path, **options: Any) -> Score:
        assert target.is_file()
        found.clear()
        found.update(options)
        return SCORE

    def compare(score: Score, target: Path, **options: Any) -> Comparison:
        assert options == {"instruments": found["instruments"], "seed": found["seed"]}
        return Comparison(score.distance(target), 1.0, 2.0, 3.0)

    monkeypatch.setattr(orchestration, "orchestrate", orchestrate)
    monkeypatch.setattr(orchestration, "compare", compare)
    return found


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def test_a_score_is_written_with_its_page(
    tmp_path: Path, target: Path, asked: dict[str, Any]
) -> None:
    out = tmp_path / "new/out"
    answer = json.loads(run("orchestrate", target, "--out", out, "--json").stdout)
    assert asked == {"instruments": "free", "max_drums": 6, "wave_speed": 100.0, "seed": 0}
    assert names(out) == WRITTEN
    assert Score.read(out / "score.json") == SCORE
    assert (out / "score.csv").read_text() == SCORE.to_csv()
    assert len(mido.MidiFile(out / "score.mid").tracks) == 2
    sound, rate = soundfile.read(out / "heard.wav")
    assert rate == RATE
    assert sound == pytest.approx(SCORE.render(RATE), abs=2**-22)
    assert (answer["out"], answer["drums"], answer["strikes"]) == (str(out), 2, 3)
    others = {"silence": 1.0, "noise": 2.0, "dictionary": 3.0}
    assert answer["distance"] == {"score": SCORE.distance(target), **others}
    page = (out / "page.html").read_text()
    assert page.count("<audio") == page.count("<img") == 2
    assert page.count("<svg") == 4
    assert "Distance to the target" in page
    assert "<b>," not in page
    assert not re.findall(r'(?:src|href)="(?!data:)', page)


def test_what_may_sound(tmp_path: Path, target: Path, asked: dict[str, Any]) -> None:
    out, kit = tmp_path / "out", tmp_path / "kit.json"
    Kit(SCORE.drums).write(kit)
    common = ["orchestrate", target, "--out", out, "--no-page"]
    text = run(*common, "--kit", kit, "--drums", 3, "--seed", 7).stdout
    assert asked == {"instruments": Kit(SCORE.drums), "max_drums": 3, "wave_speed": 100, "seed": 7}
    assert text.startswith(f"{out}: 3 strikes on 2 drums in 0.8 s; distance ")
    run(*common, "--family", "Polygon", "--size", "0.1,0.5", "--aspect-ratio", "2", "--tracks")
    assert asked["instruments"] == Family("polygon", (0.1, 0.5), (2.0, 2.0))
    assert len(mido.MidiFile(out / "score.mid").tracks) == 3
    assert tuple(ModeBank.families) == scores.FAMILIES


def test_nothing_of_others_is_replaced(tmp_path: Path, target: Path, asked: dict[str, Any]) -> None:
    out = tmp_path / "out"
    run("orchestrate", target, "--out", out)
    run("orchestrate", target, "--out", out, "--no-page")
    assert names(out) == [name for name in WRITTEN if name != "page.html"]  # that of an earlier one
    for words in (
        ["orchestrate", out / "heard.wav"],
        ["orchestrate", target, "--kit", out / "score.json"],
        ["arrange", out / "score.json"],
    ):
        said = run(*words, "--out", out, status=1).stderr
        assert said == f"Error: {words[-1]} would be replaced: name another folder with --out\n"
    (out / "score.json").write_text("{}")
    said = run("orchestrate", target, "--out", out, status=1).stderr
    assert said == f"Error: {out} holds a score.json of something else: name another folder\n"
    assert (out / "score.json").read_text() == "{}"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/heard.wav").write_text("mine")
    said = run("orchestrate", target, "--out", tmp_path / "mine", status=1).stderr
    assert "mine holds a heard.wav of something else" in said
    assert asked


def test_what_cannot_be_orchestrated_leaves_no_folder(
    tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = [KeyboardInterrupt(), ValueError("no")]

    def orchestrate(target: Path, **options: Any) -> Score:
        assert (tmp_path / "new/out").is_dir()
        raise errors.pop()

    monkeypatch.setattr(orchestration, "orchestrate", orchestrate)
    for status in (1, 130):
        run("orchestrate", target, "--out", tmp_path / "new/out", status=status)
        assert names(tmp_path) == ["target.wav"]


def test_a_score_is_arranged(tmp_path: Path) -> None:
    source, out = tmp_path / "first.json", tmp_path / "out"
    SCORE.write(source)
    changes = ["--transpose", "-12", "--stretch", "2", "--quantise", "120,4", "--most-drums", "1"]
    answer = json.loads(run("arrange", source, "--out", out, *changes, "--json").stdout)
    made = orchestration.arrange(SCORE, transpose=-12, stretch=2, grid=(120, 4), most_drums=1)
    assert Score.read(out / "score.json") == made
    assert answer["drum_sizes"] == [0.6]
    assert names(out) == WRITTEN
    assert soundfile.info(out / "heard.wav").samplerate == 48000
    assert (out / "page.html").read_text().count("<audio") == 1
    run("arrange", source, "--out", out, "--kit", source, "--quantise", "0.1", "--no-page")
    assert Score.read(out / "score.json") == orchestration.arrange(
        SCORE, kit=Kit(SCORE.drums), grid=0.1
    )


def test_the_page_of_a_long_score_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(score_page, "_LONGEST", RATE)
    replace(SCORE, duration=60.0).write(tmp_path / "long.json")
    run("arrange", tmp_path / "long.json", "--out", tmp_path / "out", "--sample-rate", RATE)
    page = (tmp_path / "out/page.html").read_text()
    assert "the score, its first 1 s: the whole is heard.wav" in page
    assert len(page) < 200_000
    assert soundfile.info(tmp_path / "out/heard.wav").frames == 60 * RATE


def test_short_and_silent_targets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for k, sound in enumerate((np.ones(1), np.zeros(2), np.zeros((800, 2)))):
        score = Score([], [], len(sound) / RATE)
        monkeypatch.setattr(orchestration, "orchestrate", lambda target, score=score, **_: score)
        soundfile.write(tmp_path / "target.wav", sound, RATE)
        run("orchestrate", tmp_path / "target.wav", "--out", tmp_path / str(k))
        assert names(tmp_path / str(k)) == WRITTEN
