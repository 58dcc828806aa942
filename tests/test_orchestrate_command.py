"""The command orchestrate, when it is interrupted, the disk is full, or nothing is found."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from interruptions import DONE, in_child, interrupted_at, limited
from kac_prediction.cli import main
from kac_prediction.orchestration import Drum, Kit, Score, Strike

RATE = 8000
DRUM = Drum("circle", 0.3, sample_location=(0.6, 0.0))
WRITTEN = ["heard.wav", "score.csv", "score.json", "score.mid"]


def run(*words: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["orchestrate", *(str(word) for word in words)])
    return result.exit_code, result.stderr


def contents(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


@pytest.fixture
def words(tmp_path: Path) -> list[str | Path]:
    """A command for a sound in which little is to be found."""
    sound = Score([DRUM], [Strike(0.05, 0, (0.2, 0.5), 0.5, 0.4)], 0.2).render(RATE)
    soundfile.write(tmp_path / "target.wav", sound, RATE, "FLOAT")
    Kit([DRUM, Drum("triangle", 0.2)]).write(tmp_path / "kit.json")
    return [tmp_path / "target.wav", "--kit", tmp_path / "kit.json", "--no-page"]


def test_a_sound_in_which_nothing_is_found(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silence.wav", np.zeros(800), RATE)
    status, _ = run(tmp_path / "silence.wav", "--out", tmp_path / "out")
    assert status == 0
    assert sorted(contents(tmp_path / "out")) == sorted([*WRITTEN, "page.html"])


@pytest.mark.slow
def test_ctrl_c_leaves_nothing_of_the_command(tmp_path: Path, words: list[str | Path]) -> None:
    out = tmp_path / "new/out"
    answers: list[tuple[int, str]] = []

    def call() -> None:
        answers.append(run(*words, "--out", out))

    run(*words, "--out", tmp_path / "first")  # all is imported
    count = interrupted_at(0, call)
    for path in (*out.iterdir(), out, out.parent):
        path.rmdir() if path.is_dir() else path.unlink()
    for place in (np.linspace(0.02, 0.9, 9) * count).astype(int).tolist():
        interrupted_at(place, call)
        assert answers[-1] == (130, "interrupted\n")
        assert not out.parent.exists()


def test_ctrl_c_while_files_are_put_in_place(
    tmp_path: Path, words: list[str | Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    out, original = tmp_path / "out", Path.replace
    run(*words, "--out", out)
    before, moved = contents(out), []

    def replace(self: Path, target: Path) -> Path:
        if target.parent == out:
            moved.append(target)
            if len(moved) == 2:
                raise KeyboardInterrupt
        return original(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    status, _ = run(*words, "--tracks", "--wave-speed", "50", "--drums", "1", "--out", out)
    assert status == 130
    after = contents(out)
    assert sorted(after) == WRITTEN
    assert after["score.mid"] != before["score.mid"]
    assert Score.from_json(after["score.json"].decode()).to_csv() == after["score.csv"].decode()


@pytest.mark.skipif(os.name != "posix", reason="needs fork")
@pytest.mark.parametrize("size", [0, 200, 2000])
def test_a_full_disk_keeps_an_earlier_score(
    size: int, tmp_path: Path, words: list[str | Path]
) -> None:
    out = tmp_path / "out"
    run(*words, "--out", out)
    before = contents(out)

    def full() -> None:
        status, said = run(*words, "--out", out)
        assert status == 1
        assert said.startswith("Error: ")
        assert said.count("\n") == 1
        assert "writing a" in said

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    assert in_child(limited(full, size)) == DONE
    assert contents(out) == before
