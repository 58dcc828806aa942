"""Score: strikes on drums in time, which can be rendered, stored and arranged."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Self, overload

from .._arrays import Float64
from .._checks import brief, check_choice, check_count, check_flag, check_number, check_numbers
from .._files import replacing, reporting
from . import render, shown, stored
from .distance import spectral_distance
from .drum import Drum

if TYPE_CHECKING:
    from ..listening.listener import Sound

_WAV: Final = 2**32 - 64  # bytes of the samples of a wav

_BLOCK: Final = 2**20  # samples of a target that are held at once

LONGEST: Final = 86400.0
"""Seconds of a score: a day."""


@dataclass(frozen=True)
class Strike:
    """One strike of a score.

    Args:
        time: when it falls, seconds from the start of the score.
        drum: which of the score's drums is struck, from 0.
        location: where, in the coordinates of that drum.
        level: peak of its sound, above 0.
        decay_time: T60, seconds.

    Raises:
        TypeError, ValueError: a number is not finite or out of range.
    """

    time: float
    drum: int
    location: tuple[float, ...]
    level: float
    decay_time: float

    def __post_init__(self) -> None:
        """Check and freeze the fields."""
        values: dict[str, Any] = {
            "time": check_number("time", self.time, least=0),
            "drum": check_count("drum", self.drum, 0),
            "location": check_numbers("location", self.location, 2, 3),
            "level": check_number("level", self.level, above=0),
            "decay_time": check_number("decay_time", self.decay_time, above=0),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)


@dataclass(frozen=True, repr=False)
class Score(Sequence[Strike]):
    """Strikes on drums; a sequence of its strikes, in the order of time.

    Two are equal if all their drums and strikes are. It is immutable, and may be pickled.

    Args:
        drums: those that are struck, any number; one may rest. They are kept as a tuple.
        strikes: any number, in any order; they are kept as a tuple, sorted by time, those of one
            time in the order that is given.
        duration: of the whole score, seconds, at most a day; all strikes fall before it ends.

    Raises:
        TypeError: a drum is no `Drum`, or a strike no `Strike`.
        ValueError: the duration is out of range, or a strike falls after its end, on a drum that is
            not there, or outside its drum.

    Example:
        >>> from kac_prediction.orchestration import Drum, Score, Strike
        >>> drum = Drum("circle", 0.3)
        >>> strikes = [Strike(k / 4, 0, (0.4, 0.1 * k), 0.5, 1.2) for k in range(8)]
        >>> score = Score([drum], strikes, duration=3.0)
        >>> score.render(48000).shape
        (144000,)
    """

    drums: Sequence[Drum]
    strikes: Sequence[Strike]
    duration: float

    def __post_init__(self) -> None:
        """Check and freeze the fields."""
        duration = check_number("duration", self.duration, above=0, most=LONGEST)
        drums = check_each("drums", self.drums, Drum)
        strikes = check_each("strikes", self.strikes, Strike)
        for k, strike in enumerate(strikes):
            place = f"strike {k}"
            check_number(f"time of {place} (duration {duration:g} s)", strike.time, below=duration)
            if strike.drum >= len(drums):
                raise ValueError(f"{place} falls on drum {strike.drum}, of {len(drums)} from 0")
            drums[strike.drum].check_inside(f"location of {place}", strike.location)
        object.__setattr__(self, "duration", duration)
        object.__setattr__(self, "drums", drums)
        object.__setattr__(self, "strikes", tuple(sorted(strikes, key=lambda strike: strike.time)))

    def __len__(self) -> int:
        return len(self.strikes)

    @overload
    def __getitem__(self, index: int) -> Strike: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Strike]: ...
    def __getitem__(self, index: int | slice) -> Strike | Sequence[Strike]:
        """Return a strike, or a tuple of some."""
        return self.strikes[index]

    def render(self, sample_rate: int = 48000) -> Float64:
        """Return the sound of the score, shape (round(duration * sample_rate),).

        It is the sum, in the order of time, of the sounds of its strikes (`sound`), strike k laid
        at the sample round(time * sample_rate); the same bits for any number of threads.

        Args:
            sample_rate: Hz.

        Raises:
            TypeError, ValueError: the sample rate is out of range, or no partial of a drum lies
                below half of it.
        """
        return render.rendered(self, sample_rate)

    def sound(self, k: int, sample_rate: int = 48000) -> Float64:
        """Return the sound of strike k alone, from its first sample on, shape (n,).

        It is that of the drum's sampler, of the strike's level, until it has fallen by 90 dB
        (1.5 T60) or the score ends. The level is its peak within that time, or within a second
        where the score ends before.

        Args:
            k: of the strikes in the order of time; negative: from the end.
            sample_rate: Hz.

        Raises:
            IndexError: there is no such strike.
            TypeError, ValueError: as `render`.
        """
        return render.sound(self, self.strikes[k], sample_rate)

    def export(
        self, path: str | Path, sample_rate: int = 48000, bit_depth: Literal[16, 24, 32] = 24
    ) -> None:
        """Write its sound as a mono PCM wav; a file that is there is replaced as a whole.

        It is softer where it would go beyond -1 to 1. The memory does not grow with its length.

        Args:
            path: the file, in a directory that exists.
            sample_rate: Hz.
            bit_depth: of a sample.

        Raises:
            OSError: the file cannot be written.
            TypeError, ValueError: as `render`; another bit depth; or it is too long for a wav, of
                4 GB.
        """
        depth = check_choice("bit_depth", bit_depth, (16, 24, 32))
        rate = check_count("sample_rate", sample_rate)
        if round(self.duration * rate) > (most := _WAV * 8 // depth):
            raise ValueError(f"a wav of {rate} Hz lasts at most {most // rate} s: export parts")
        with reporting("writing a sound", path), replacing(Path(path)) as staged:
            peak = render.write_wav(self, staged, rate, depth)
            if peak > 1:
                render.write_wav(self, staged, rate, depth, 1 / peak)

    def distance(self, target: "Sound", sample_rate: int | None = None) -> float:
        """Return how far its sound lies from a target: `spectral_distance`, 0 where they are equal.

        It is rendered at the target's sample rate; the shorter of both is followed by silence. Of a
        file no more than a part is held.

        Args:
            target: samples, shape (length,) or (length, channels), which are mixed as `listen`
                does; or the path of a sound file.
            sample_rate: of samples, Hz; a file has its own.

        Raises:
            FileNotFoundError, OSError: the file is not there, or cannot be read.
            TypeError: `target` is neither real numbers nor a path, or its rate is missing.
            ValueError: it is empty, not finite, or of another shape; the sample rate is impossible,
                or no partial of a drum lies below half of it.
        """
        from .target import open_target  # torch, which a score sounds without

        opened = open_target(target, sample_rate)
        starts = range(0, opened.length, _BLOCK)
        parts = (opened.read(start, _BLOCK) for start in starts)
        return spectral_distance(render.blocks(self, opened.sample_rate), parts)

    def to_json(self) -> str:
        """Return it as JSON, from which `from_json` reads the same numbers, bit for bit."""
        return stored.document(drums=self.drums, strikes=self.strikes, duration=self.duration)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the score that `to_json` wrote.

        Raises:
            ValueError: it is no JSON of a score; the message says what is missing or wrong.
        """
        with stored.refusing("a Score"):
            read = stored.read(text)
            drums = stored.each(Drum, "drum", read["drums"])
            strikes = stored.each(Strike, "strike", read["strikes"])
            return cls(drums, strikes, read["duration"])

    def write(self, path: str | Path) -> None:
        """Write it as JSON; a file that is there is replaced as a whole, or not at all.

        Raises:
            OSError: it cannot be written.
        """
        stored.write(self.to_json() + "\n", path, "a score")

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Return the score of a file that `write` wrote.

        Raises:
            OSError: it cannot be read.
            ValueError: it is no JSON of a score; the message names the file.
        """
        return stored.read_from(path, "a score", cls.from_json)

    def to_csv(self) -> str:
        """Return it as CSV, a header and a row for each strike, numbers in full.

        The columns are time, drum (its number), name, family, drum_size, aspect_ratio,
        strike_width, location_1 to location_3 in the coordinates of the drum, level and decay_time.
        """
        return stored.table(self)

    def to_midi(self, path: str | Path, tracks: bool = False) -> None:
        """Write it as a MIDI file; one that is there is replaced as a whole, or not at all.

        It has 480 ticks a beat, at 120 beats a minute. Velocities follow the levels: the loudest
        strike has 127, and 20 log10(127^2 / v^2) dB below it lies velocity v, from 1, as in the
        Downloadable Sounds of the MIDI association. A note lasts for T60, at most until its drum is
        struck again or the score ends; strikes of a drum on one tick (1 ms) are one note, that of
        the loudest.

        Args:
            path: the file.
            tracks: False: all drums on channel 10, one key each, from 35 by falling size upwards
                through the percussion of General MIDI; a text at the start says which drum has
                which key. True: a track for each drum, of its name and lowest partial, on the key
                nearest to that.

        Raises:
            TypeError: `tracks` is not True or False.
            ValueError: there are more than 47 drums, for channel 10.
            OSError: the file cannot be written.
        """
        from .midi import midi_file  # mido takes long to import

        file = midi_file(self, check_flag("tracks", tracks))
        with reporting("writing a score", path), replacing(Path(path)) as staged:
            file.save(staged)

    def __repr__(self) -> str:
        return f"<Score: {self}>"

    def __str__(self) -> str:
        counts = f"{_counted(len(self.strikes), 'strike')} on {_counted(len(self.drums), 'drum')}"
        return f"{counts} in {self.duration:.4g} s"

    def _repr_html_(self) -> str:
        """Return the drums, a table of the strikes and a player, for notebooks."""
        return shown.shown(self)


def _counted(count: int, name: str) -> str:
    return f"{count} {name}{'' if count == 1 else 's'}"


def check_each(name: str, values: Any, kind: type[Any]) -> tuple[Any, ...]:
    """Return a sequence of one type as a tuple.

    Raises:
        TypeError: it is none, or holds something else.
    """
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise TypeError(f"{name} must be a sequence of {kind.__name__}, got {brief(values)}")
    made = tuple(values)
    for k, value in enumerate(made):
        if not isinstance(value, kind):
            raise TypeError(f"{name} must be of {kind.__name__}, got {brief(value)} as number {k}")
    return made
