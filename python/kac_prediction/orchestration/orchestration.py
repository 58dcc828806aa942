"""orchestrate: from a sound to a score of drums."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from .._arrays import Float64
from .._blas import one_thread
from .._checks import brief, check_count, check_flag, check_number, check_seed
from .._progress import progress_bar
from ..listening.listener import Sound
from ..samplers.drum import WAVE_SPEED
from .discovery import Listener
from .distance import spectral_distance
from .drum import Drum
from .hit import Hit
from .kit import Family, Kit
from .nearest import Nearest, dictionary, is_no_drum
from .pursuit import PASSES, Pursuit
from .score import LONGEST, Score, Strike
from .target import Target, check_finite, open_target
from .voice import Voice

_WINDOW: Final = 30.0  # seconds of a sound that are orchestrated at once
_AHEAD: Final = 1.0  # seconds after them that are heard too
_BEFORE: Final = 0.1  # seconds before them
_INWARDS: Final = 0.99  # towards the centroid
_FAINTEST: Final = 1e-3  # of the level of the loudest strike: what is fainter is none
_DECAY_TIME: Final = 1.0  # seconds, of the drums of a kit, before they are heard


def orchestrate(
    target: Sound,
    sample_rate: int | None = None,
    *,
    instruments: str | Family | Kit = "free",
    max_drums: int = 6,
    wave_speed: float = WAVE_SPEED,
    seed: int = 0,
    progress: bool = True,
) -> Score:
    """Find the drums that a sound is made of, and the strikes on them.

    Matching pursuit, in five passes over what is left. First new drums are looked for, as by
    `listen`, where a strike stands out most that no known drum explains. Then each onset is given
    to the drum whose partials explain most of it, if they explain enough, from nine tenths down to
    a half. Each strike is placed on its drum by the amplitudes of its partials, which tell where it
    is struck and where it is heard, and its sound is taken away. At the end of a pass drums and
    strikes are fitted again, each with all others taken away. On ellipses, polygons and stars, how
    wide strikes are is told by where the spectrum falls off. Polygons and stars are known again by
    partials that are measured; their outlines are fitted once, at the end, to the strikes on them.

    A sound tells L / c, the size over the wave speed, not the two of them; of a circle it tells
    angles from the pick-up and up to their sign, of other shapes places up to their symmetries, and
    of strike and pick-up not which is which, unless a drum is struck at several places.

    A sound that is no drum gets the drums that are nearest: many strikes on them, whose levels,
    places, decays and sizes descend along the slope of the spectral distance.

    What is longer than 30 s is orchestrated in windows of that length, so that of a file no more is
    held; drums stay the same throughout.

    Args:
        target: samples, shape (length,) or (length, channels), or the path of a sound file.
            Channels are mixed; of channels that cancel, the loudest is taken.
        sample_rate: of samples, Hz; a file has its own.
        instruments: what may sound: "free", any drum; the name of a family, such as "circle", or a
            `Family` with ranges; or a `Kit` of given drums, of which is found which, when, where
            and how loud.
        max_drums: drums, at most; those that sound most are kept. A kit is not limited.
        wave_speed: of the membranes, m/s; those of a kit have their own.
        seed: draws where drums are struck first, of a sound that is no drum.
        progress: show a bar.

    Returns:
        The score: where nothing is heard, one without strikes.

    Raises:
        FileNotFoundError, OSError: the file is not there, or cannot be read.
        TypeError, ValueError: the target is no sound, is empty, not finite, beyond 1e15 or longer
            than a day, or an argument is of another type or out of range.

    Example:
        >>> from kac_prediction.orchestration import orchestrate
        >>> score = orchestrate("groove.wav", max_drums=4)  # doctest: +SKIP
        >>> print(score)  # doctest: +SKIP
        37 strikes on 4 drums in 10 s
    """
    most = check_count("max_drums", max_drums)
    speed = check_number("wave_speed", wave_speed, above=0)
    check_seed("seed", seed)
    check_flag("progress", progress)
    family = _family(instruments)
    opened = open_target(target, sample_rate)
    duration = opened.length / opened.sample_rate
    check_number("the duration of the target, seconds,", duration, most=LONGEST)
    voices: list[Voice] = []
    listener = None
    if isinstance(instruments, Kit):
        voices, most = [_voice_of(drum) for drum in instruments], len(instruments)
    else:
        listener = Listener(opened.sample_rate, speed, family)
    windows = _windows(opened)
    bar = progress_bar(
        hidden=not progress, total=PASSES * len(windows), desc="orchestrating", unit="pass"
    )
    with one_thread(), bar:
        found = _Orchestration(opened, voices, listener, most, family, speed, seed)
        for start, end in windows:
            found.add(start, end, bar.update)
    return found.score()


def _family(instruments: object) -> Family | None:
    """Return the family of which drums are to be, None: any, or those of a kit."""
    if isinstance(instruments, Family):
        return instruments
    if isinstance(instruments, Kit) or instruments == "free":
        return None
    if isinstance(instruments, str):
        try:
            return Family(instruments)
        except ValueError as error:
            raise ValueError(f"instruments must be 'free' or a family: {error}") from error
    raise TypeError(
        f"instruments must be 'free', the name of a family, a Family or a Kit, got "
        f"{brief(instruments)}"
    )


def _windows(target: Target) -> list[tuple[int, int]]:
    """Return where windows of a target begin and end, in samples."""
    step = round(_WINDOW * target.sample_rate)
    return [(start, min(start + step, target.length)) for start in range(0, target.length, step)]


class _Orchestration:
    """Strikes that are found, window after window."""

    def __init__(
        self,
        target: Target,
        voices: list[Voice],
        listener: Listener | None,
        most: int,
        family: Family | None = None,
        wave_speed: float = WAVE_SPEED,
        seed: int = 0,
    ) -> None:
        self.target, self.voices, self.listener, self.most = target, voices, listener, most
        self.family, self.wave_speed, self.seed = family, wave_speed, seed
        self.strikes: list[_Found] = []
        self.tail = np.zeros(0)  # what strikes of earlier windows sound in the next one
        self.before = np.zeros(round(_BEFORE * target.sample_rate))  # what was left of them

    def add(self, start: int, end: int, step: Callable[[], object]) -> None:
        """Find the strikes of a window."""
        rate = self.target.sample_rate
        sound = self.target.read(start, end - start + round(_AHEAD * rate)).copy()
        check_finite(sound, start)
        rest = self.tail[: len(sound)]
        sound[: len(rest)] -= rest
        lead = len(self.before)
        tail, last = self.tail[end - start :].copy(), lead + end - start
        sound = np.concatenate([self.before, sound])
        if np.any(sound):
            found = Pursuit(sound, rate, self.voices, self.listener, self.most)
            found.run(step)
            nearest = self._nearest(found, lead, last)
            if nearest is not None:
                self._add_nearest(nearest, start - lead)
                made = nearest.total(len(sound) + rate).astype(np.float64)
                tail, sound = _sum(tail, made[last:]), sound - made[: len(sound)]
            else:
                self.voices, sound = found.voices, found.rest.left
                for hit in found.hits:
                    if lead <= hit.sample < last and hit.placed.weight:
                        self.strikes.append(_Found.of(found, hit, start - lead))
                        tail = _sum(tail, hit.sound[last - hit.sample :])
            self._forget_unstruck()
        self.tail, self.before = tail, sound[last - lead : last].copy()

    def _nearest(self, found: Pursuit, first: int, last: int) -> Nearest | None:
        """Return strikes that come nearest to a sound of no drum, if nearer than what is found."""
        sound, rate, drums = found.rest.sound, found.rate, np.zeros(len(found.rest.sound))
        for hit in found.hits:
            placed = found.voices[hit.voice].render(hit.placed, rate)
            rest = drums[hit.sample : hit.sample + len(placed)]
            rest += placed[: len(rest)]
        if not is_no_drum(sound, found.rest.left, drums, rate):
            return None
        known = [voice for voice in self.voices if voice.pick_up is not None]
        tried = []
        if self.listener is not None and len(known) < self.most:
            tried = dictionary(self.family, rate, self.wave_speed, self.seed)
        nearest = Nearest(
            sound, rate, (first, last), known, tried, self.most, self.family, self.seed
        )
        return nearest if nearest.distance < spectral_distance(drums, sound) else None

    def _add_nearest(self, nearest: Nearest, start: int) -> None:
        """Keep strikes that come nearest, in a window that starts at a sample."""
        for swarm in nearest.swarms:
            voice = swarm.voice()
            index = next((k for k, each in enumerate(self.voices) if each is voice), -1)
            if index < 0:  # it stays as it is in later windows
                drum, index = _drum_of(voice), len(self.voices)
                self.voices.append(Voice(drum, voice.decay, fixed=True, pick_up=voice.pick_up))
            for sample, point, sound in zip(
                swarm.samples.tolist(), swarm.points, swarm.sounds(), strict=True
            ):
                level, energy = float(np.abs(sound).max()), float(sound @ sound)
                if level > 0:
                    found = _Found(start + sample, index, point, level, swarm.decay, energy)
                    self.strikes.append(found)

    def _forget_unstruck(self) -> None:
        """Leave out drums that were heard but have no strikes, which keep others from being found.

        Those of a kit stay.
        """
        struck = {each.voice for each in self.strikes}
        kept = [k for k, voice in enumerate(self.voices) if voice.fixed or k in struck]
        if len(kept) < len(self.voices):
            self.voices = [self.voices[k] for k in kept]
            self.strikes = [replace(each, voice=kept.index(each.voice)) for each in self.strikes]

    def score(self) -> Score:
        """Return the score of the drums that sound most."""
        rate = self.target.sample_rate
        loudest = max((each.level for each in self.strikes), default=0.0)
        self.strikes = [each for each in self.strikes if each.level > _FAINTEST * loudest]
        energies: dict[int, float] = {}
        for each in self.strikes:
            energies[each.voice] = energies.get(each.voice, 0.0) + each.energy
        kept = sorted(sorted(energies, key=lambda k: -energies[k])[: self.most])
        drums = [_drum_of(self.voices[k]) for k in kept]
        strikes = [
            Strike(
                each.sample / rate,
                kept.index(each.voice),
                _location(self.voices[each.voice].drum, each.point),
                each.level,
                3 * math.log(10) / each.decay,
            )
            for each in self.strikes
            if each.voice in kept
        ]
        return Score(drums, strikes, self.target.length / rate)


@dataclass(frozen=True, eq=False)
class _Found:
    """A strike: sample, drum, place in the coordinates of its vibration, peak, rate, energy."""

    sample: int
    voice: int
    point: Float64
    level: float
    decay: float
    energy: float

    @classmethod
    def of(cls, found: Pursuit, hit: Hit, start: int) -> "_Found":
        """Return a strike of a window that starts at a sample."""
        voice, energy = found.voices[hit.voice], float(hit.sound @ hit.sound)
        level = voice.level(hit.placed, found.rate)
        return cls(start + hit.sample, hit.voice, hit.placed.point, level, voice.decay, energy)


def _sum(x: Float64, y: Float64) -> Float64:
    """Return the sum of two sounds of different lengths."""
    total = np.zeros(max(len(x), len(y)))
    total[: len(x)] += x
    total[: len(y)] += y
    return total


def _voice_of(drum: Drum) -> Voice:
    """Return a drum of a kit, which is heard where it is."""
    point = np.array(drum.heard_at) / (drum.drum_size if drum.in_metres else 1.0)
    return Voice(drum, 3 * math.log(10) / _DECAY_TIME, fixed=True, pick_up=point)


def _drum_of(voice: Voice) -> Drum:
    """Return the drum of a score, with the place where it is heard."""
    if voice.fixed or voice.pick_up is None:
        return voice.drum
    return replace(voice.drum, sample_location=_location(voice.drum, voice.pick_up))


def _location(drum: Drum, point: Sequence[float] | Float64) -> tuple[float, ...]:
    """Return a place in the coordinates of a drum's sampler, inside the drum as it is known now."""
    place = np.asarray(point) * (drum.drum_size if drum.in_metres else 1.0)
    while drum.family == "ellipse" and not drum.holds(tuple(place.tolist())):
        place = _INWARDS * place  # it lay inside one of another aspect ratio
    return tuple(place.tolist())
