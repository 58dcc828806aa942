"""The commands orchestrate and arrange: what they write, replace, and leave alone."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import soundfile
from click.testing import CliRunner, Result

from kac_prediction import orchestration
from kac_prediction.cli import main, score_page
from kac_prediction.orchestration import Drum, Kit, Score, Strike

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


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


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
