"""MIDI files of scores: on channel 10, as percussion, or a track for each drum."""

import math
from typing import Final

import mido

from .drum import Drum
from .score import LONGEST, Score

_BEAT: Final = 480  # ticks
_TEMPO: Final = 500_000  # microseconds of a beat: 120 a minute
_SECOND: Final = _BEAT * 1_000_000 / _TEMPO  # ticks
PERCUSSION: Final = range(35, 82)
"""Keys of General MIDI, on channel 10."""

_CHANNEL: Final = 9  # is the tenth
_LOUDEST: Final = 127

Note = tuple[int, int, int, int]  # first tick, last tick, key and velocity


def midi_file(score: Score, tracks: bool) -> mido.MidiFile:
    """Return a score as a MIDI file of type 1, its tempo in the first track."""
    file = mido.MidiFile(ticks_per_beat=_BEAT, charset="utf-8")
    end = round(score.duration * _SECOND)
    file.tracks.append(_track([mido.MetaMessage("set_tempo", tempo=_TEMPO)], [], 0, end))
    if not tracks:
        file.tracks.append(_track(*_percussion(score), _CHANNEL, end))
        return file
    for k, drum in enumerate(score.drums):
        heading = [mido.MetaMessage("track_name", name=_tuned(drum))]
        file.tracks.append(_track(heading, _notes(score, k, _nearest_key(drum)), _channel(k), end))
    return file


def _tuned(drum: Drum) -> str:
    """Return a drum's name, size and lowest partial."""
    return f"{drum}, {drum.fundamental:.1f} Hz"


def _percussion(score: Score) -> tuple[list[mido.MetaMessage], list[Note]]:
    """Return texts that say which key is which drum, and the notes of all drums."""
    if len(score.drums) > len(PERCUSSION):
        raise ValueError(
            f"channel 10 has {len(PERCUSSION)} keys, and the score {len(score.drums)} drums: "
            "give each drum a track (tracks=True), or take fewer (thin)"
        )
    by_size = sorted(range(len(score.drums)), key=lambda k: -score.drums[k].drum_size)
    heading, notes = [mido.MetaMessage("track_name", name="drums")], []
    for key, k in zip(PERCUSSION, by_size, strict=False):
        text = f"{key}: {_tuned(score.drums[k])}"
        heading.append(mido.MetaMessage("text", text=text))
        notes += _notes(score, k, key)
    return heading, notes


def _nearest_key(drum: Drum) -> int:
    """Return the key, of those there are, nearest to the lowest partial; 69 is A at 440 Hz."""
    return min(max(round(69 + 12 * math.log2(drum.fundamental / 440)), 0), 127)


def _channel(track: int) -> int:
    """Return the channel of a drum's track, any but the tenth; there are 15."""
    others = [channel for channel in range(16) if channel != _CHANNEL]
    return others[track % len(others)]


def _notes(score: Score, drum: int, key: int) -> list[Note]:
    """Return the strikes on a drum as notes, each until the next or for T60; of a tick, one."""
    strikes = {}
    for strike in sorted(score, key=lambda strike: strike.level):
        if strike.drum == drum:
            strikes[round(strike.time * _SECOND)] = strike
    loudest = max((strike.level for strike in score), default=1.0)
    notes, next_tick = [], round(score.duration * _SECOND)
    for tick in sorted(strikes, reverse=True):
        strike = strikes[tick]
        last = min(tick + round(min(strike.decay_time, LONGEST) * _SECOND), next_tick)
        velocity = round(_LOUDEST * math.sqrt(strike.level / loudest))
        notes.append((tick, max(last, tick + 1), key, max(velocity, 1)))
        next_tick = tick
    return notes


def _track(
    heading: list[mido.MetaMessage], notes: list[Note], channel: int, end: int
) -> mido.MidiTrack:
    """Return a track of what it begins with, and notes; of a tick, those that end come first."""
    events = [(first, True, key, velocity) for first, _, key, velocity in notes]
    events += [(last, False, key, 0) for _, last, key, _ in notes]
    track, now = mido.MidiTrack(heading), 0
    for tick, begins, key, velocity in sorted(events):
        kind, wait = "note_on" if begins else "note_off", tick - now
        track.append(mido.Message(kind, channel=channel, note=key, velocity=velocity, time=wait))
        now = tick
    track.append(mido.MetaMessage("end_of_track", time=max(0, end - now)))
    return track
