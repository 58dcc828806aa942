"""Scores as tables, MIDI files and HTML: what other programs read of them."""

import csv
import io
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
import soundfile

from kac_prediction.orchestration import Drum, Kit, Score, Strike
from test_score import ALL, drum_of, score_of

DRUMS = (Drum("circle", 0.2), Drum("circle", 0.4, name="große"), Drum("triangle", 0.3))
STRIKES = (
    Strike(0.5, 0, (0.1, 0.0), 1.0, 1.0),
    Strike(0.5, 0, (0.2, 0.0), 0.5, 1.0),  # on the same tick: one note
    Strike(1.0, 0, (0.1, 0.0), 0.1, 0.25),
    Strike(1.5, 1, (0.1, 0.0), 0.01, 9.0),
)
SCORE = Score(DRUMS, STRIKES, 2.0)


def notes(track: mido.MidiTrack) -> list[tuple[float, str, int, int, int]]:
    """Return (second, kind, channel, key, velocity) of the notes, at 960 ticks a second."""
    found, tick = [], 0
    for message in track:
        tick += message.time
        if message.type in ("note_on", "note_off"):
            velocity = message.velocity if message.type == "note_on" else 0
            found.append((tick / 960, message.type, message.channel, message.note, velocity))
    return found


def test_a_table_has_a_row_for_each_strike() -> None:
    named = replace(ALL, drums=[replace(ALL.drums[0], name='a, "b"\nc'), *ALL.drums[1:]])
    rows = list(csv.DictReader(io.StringIO(named.to_csv())))
    assert len(rows) == len(named)
    for row, strike in zip(rows, named, strict=True):
        drum = named.drums[strike.drum]
        assert (float(row["time"]), int(row["drum"])) == (strike.time, strike.drum)
        assert (row["name"], row["family"], float(row["drum_size"])) == (
            drum.name,
            drum.family,
            0.3,
        )
        location = [row[f"location_{k}"] for k in (1, 2, 3)]
        assert tuple(float(x) for x in location if x) == strike.location
        assert (float(row["level"]), float(row["decay_time"])) == (strike.level, strike.decay_time)
    assert Score([], [], 1.0).to_csv().count("\n") == 1


def test_a_midi_file_has_all_drums_on_channel_10(tmp_path: Path) -> None:
    path = tmp_path / "score.mid"
    SCORE.to_midi(path)
    assert path.read_bytes().startswith(b"MThd\0\0\0\6\0\1\0\2\x01\xe0")  # type 1, 2 tracks, 480
    assert [each.name for each in tmp_path.iterdir()] == ["score.mid"]
    file = mido.MidiFile(path, charset="utf-8")
    assert file.length == pytest.approx(2.0)
    # 0.4, 0.3 and 0.2 m have the keys 35, 36 and 37; v = 127 sqrt(level), rounded.
    assert notes(file.tracks[1]) == [
        (0.5, "note_on", 9, 37, 127),
        (1.0, "note_off", 9, 37, 0),
        (1.0, "note_on", 9, 37, 40),
        (1.25, "note_off", 9, 37, 0),
        (1.5, "note_on", 9, 35, 13),
        (2.0, "note_off", 9, 35, 0),
    ]
    texts = [message.text for message in file.tracks[1] if message.type == "text"]
    # The fundamental of a disc is 0.678389 c / L.
    assert texts[0] == "35: große, circle 0.4 m, 169.6 Hz"
    assert [text[:2] for text in texts] == ["35", "36", "37"]


def test_a_midi_file_has_a_track_for_each_drum(tmp_path: Path) -> None:
    SCORE.to_midi(tmp_path / "score.mid", tracks=True)
    file = mido.MidiFile(tmp_path / "score.mid", charset="utf-8")
    assert [track.name for track in file.tracks[1:3]] == [
        "circle 0.2 m, 339.2 Hz",
        "große, circle 0.4 m, 169.6 Hz",
    ]
    key = round(69 + 12 * math.log2(339.2 / 440))
    assert [note[2:4] for note in notes(file.tracks[1])] == [(0, key)] * 4
    assert notes(file.tracks[2])[0] == (1.5, "note_on", 1, key - 12, 13)
    assert notes(file.tracks[3]) == []


def test_many_drums_need_tracks(tmp_path: Path) -> None:
    many = Score([DRUMS[0]] * 48, [replace(STRIKES[0], drum=k) for k in range(48)], 1.0)
    with pytest.raises(ValueError, match="channel 10 has 47 keys, and the score 48 drums"):
        many.to_midi(tmp_path / "score.mid")
    many.to_midi(tmp_path / "score.mid", tracks=True)
    channels = [notes(track)[0][2] for track in mido.MidiFile(tmp_path / "score.mid").tracks[1:]]
    assert channels[:16] == [*range(9), *range(10, 16), 0]
    with pytest.raises(TypeError, match="tracks must be True or False"):
        many.to_midi(tmp_path / "score.mid", tracks=3)  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError, match="writing a score"):
        SCORE.to_midi(tmp_path / "none" / "score.mid")
    Score([], [], 1.0).to_midi(tmp_path / "empty.mid")
    assert mido.MidiFile(tmp_path / "empty.mid").length == pytest.approx(1.0)


def test_a_notebook_shows_drums_strikes_and_a_player() -> None:
    score = score_of(drum_of("circle", name="<b>"), drum_of("triangle"))
    page = score._repr_html_()
    assert page.count("<svg") == 4  # strikes, drums, a scale
    assert page.count("<audio") == 1
    assert "&lt;b&gt;, circle 0.3 m" in page
    assert "<b>," not in page
    assert Kit(score.drums)._repr_html_().count("<svg") == 3
    assert "<audio" not in replace(score, duration=11.0)._repr_html_()
    assert "<audio" not in score_of(drum_of("circle", drum_size=0.001))._repr_html_()


def test_a_score_is_written_and_read(tmp_path: Path) -> None:
    path = tmp_path / "score.json"
    ALL.write(path)
    assert Score.read(path) == ALL
    assert Kit.read(path) == Kit(ALL.drums)
    path.write_bytes(b"\xff")
    for kind in (Score, Kit):
        with pytest.raises(ValueError, match=r"score.json: "):
            kind.read(path)
        with pytest.raises(FileNotFoundError, match=r"none\.json"):
            kind.read(tmp_path / "none.json")


@pytest.mark.parametrize("bits", [16, 24, 32])
def test_its_sound_is_exported(tmp_path: Path, bits: Any) -> None:
    path = tmp_path / "heard.wav"
    for strikes in (SCORE.strikes, [replace(strike, level=4.0) for strike in SCORE]):
        score = replace(SCORE, strikes=strikes)
        score.export(path, 8000, bits)
        sound, rate = soundfile.read(path)
        assert soundfile.info(path).subtype == f"PCM_{bits}"
        rendered = score.render(8000)
        assert rate == 8000
        assert sound == pytest.approx(
            rendered / max(1.0, np.abs(rendered).max()), abs=2.0 ** (2 - bits)
        )
    with pytest.raises(ValueError, match=r"a wav of 48000 Hz lasts at most 29826 s: export parts"):
        replace(score, duration=30000.0).export(path)
    with pytest.raises(ValueError, match=r"bit_depth must be one of 16, 24, 32, got 8"):
        score.export(path, 8000, 8)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="sample_rate must be at least 1, got 0"):
        score.export(path, 0)
    assert [each.name for each in tmp_path.iterdir()] == ["heard.wav"]
