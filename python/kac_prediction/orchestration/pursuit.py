"""From a sound to strikes on drums: matching pursuit, one strike after the other."""

import math
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from .._arrays import Float64
from .discovery import Listener
from .fitting import lower_band
from .hit import LONGEST_FITTED, Hit, struck_near
from .onsets import onsets_in
from .placing import find_pick_up, place, refine_pick_up
from .remainder import Remainder
from .voice import Voice
from .voices import Voices

_CLOSEST: Final = 0.012  # seconds between two strikes
_SILENT: Final = 1e-3  # of the energy that sounds: what is left is none
_EXPLAINED: Final = (0.9, 0.9, 0.7, 0.5, 0.5)  # least share of a band: pass after pass
_SEEDED: Final = 0.95  # least share that a drum explains of a strike that stands alone
_ROUGH: Final = 0.7  # least share that a new drum explains
_OUTLINED: Final = 2  # passes before outlines are looked for: they explain mixtures as well
_LISTENS: Final = 2  # times the number of drums: how often a new one is looked for in a pass
_SAME: Final = 0.01  # seconds by which a strike that is heard again is moved
_WORSE: Final = (2.0, 0.01)  # what a placed strike may leave, times what free amplitudes leave
_POOR: Final = 0.1  # share of the energy that is left if a drum is heard elsewhere, perhaps
_GAIN: Final = (20.0, 0.3)  # of a strike, and the share, below which it is none
_MASKED: Final = (0.03, 0.4)  # share of the energy, and of that, what the place leaves
_DECAYS: Final = 6  # fits of the decay of a drum of a kit, by its first strike
_FITTED: Final = 4  # strikes that a drum is refined by
_KEPT: Final = 1e-4  # of the sound, beside what is left of it: what is fainter is no onset
_NOWHERE: Final = 0.95  # share of its energy that a strike on an exact drum leaves: it is none
_BEGINNING, _RISEN = 0.03, 1.2  # seconds, and least power of them over that of those before
_CLEAR: Final = 0.25  # strength of an onset that ends a strike before: reflections are fainter
_UNKNOWN, _AHEAD = 0.06, 0.003  # seconds to what begins but is not known, and before its onset
_SIZES: Final = 1.25  # ratio of the sizes of two drums that may be one
_ALIKE: Final = (1.5, 0.05)  # what a drum leaves of strikes, times what its double leaves


class Pursuit:
    """The strikes in a sound, and what is left of it.

    Args:
        sound: mono, shape (n,).
        sample_rate: Hz.
        voices: drums that are known.
        listener: which hears new ones; None: there are no others.
        most: drums, at most.
    """

    def __init__(
        self,
        sound: Float64,
        sample_rate: int,
        voices: Sequence[Voice],
        listener: Listener | None,
        most: int,
    ) -> None:
        self.rate, self.rest, self.most = sample_rate, Remainder(sound, sample_rate), most
        self.voices = Voices(voices, sample_rate, listener, most)
        self.hits: list[Hit] = []
        self._heard: set[tuple[int, int, bool]] = set()  # where, how loud, outlines
        self.unknown = np.zeros(0, int)  # samples at which something begins that is not known

    def run(self, step: Callable[[], object]) -> None:
        """Find the strikes; a step is called after each of the PASSES."""
        new = True
        for k, least in enumerate(_EXPLAINED):
            segments = self._segments()
            if new or self.voices.may_grow:
                share = max(least, _ROUGH) if k else _SEEDED
                self._discover(segments, share, outlines=k >= _OUTLINED)
            step()
            found = [self._consider(*segment, least) for segment in segments]
            new = any(found)
            if new:
                self._refine()
            step()
        self._reshape()
        self._refine()
        step()

    def _segments(self) -> list[tuple[float, float]]:
        """Return the onsets in what is left, and for each where its strike ends, in seconds.

        That is the next strike that is found, the next clear onset, or the end.
        """
        left = self.rest.left + _KEPT * self.rest.sound if self.hits else self.rest.sound
        times, strengths = onsets_in(left, self.rate)
        starts = np.array([hit.sample for hit in self.hits]) / self.rate
        clear = np.sort([*times[strengths > _CLEAR], *starts, len(left) / self.rate])
        after = np.searchsorted(clear, times + _CLOSEST, side="right").clip(max=len(clear) - 1)
        return list(zip(times.tolist(), clear[after].tolist(), strict=True))

    def _discover(
        self, segments: Sequence[tuple[float, float]], least: float, outlines: bool
    ) -> None:
        """Find drums in what is left, those of the strikes that stand out most first."""
        found = [each for each in (self._strike_near(*segment) for segment in segments) if each]
        tries = _LISTENS * self.most
        for first, last in sorted(found, key=self.rest.clearness, reverse=True):
            if tries == 0 or not self.voices.may_grow:
                break
            segment = self.rest.left[first:last]
            best = self.voices.best(segment)[1]
            if best.explained > min(least, _EXPLAINED[0]):
                continue
            level = round(10 * math.log10(float(segment @ segment)))
            same = round(first / (_SAME * self.rate)), level, outlines
            if same not in self._heard:
                self._heard.add(same)
                self.voices.hear(segment, best, least, outlines)
                tries -= 1

    def _strike_near(self, start: float, end: float) -> tuple[int, int] | None:
        """Return the samples of what is left of a strike near an onset; None: there is none."""
        if (bounds := self.rest.strike_near(start, end)) is None:
            return None
        segment, sounding = (x[slice(*bounds)] for x in (self.rest.left, self.rest.sound))
        near = any(abs(hit.sample - bounds[0]) < _CLOSEST * self.rate for hit in self.hits)
        silent = float(segment @ segment) < _SILENT * float(sounding @ sounding)
        return None if near or silent else bounds

    def _consider(self, start: float, end: float, least: float) -> bool:
        """Take what is left near an onset for a strike, if a drum explains it."""
        if (bounds := self._strike_near(start, end)) is None:
            return False
        first, last = bounds
        index, best = self.voices.best(self.rest.left[first:last])
        if index < 0 or best.explained < least:
            return False
        self._add(first, index, last)
        return self._prune(self.hits[-1], last)

    def _add(self, sample: int, index: int, last: int) -> None:
        """Fit a strike on a drum to what is left, and take it away.

        The sound of the strike where it is placed, or, where that leaves much more than partials of
        any amplitudes do, as of a drum whose outline is known roughly, the latter.
        """
        voice = self.voices[index]
        if voice.fixed and not self._hits_of(index):
            for _ in range(_DECAYS):
                voice.fit([self.rest.left[sample:last]], self.rate)
        sample, struck = struck_near(self.rest.left, self.rate, voice, sample, last)
        if voice.pick_up is None:
            voice.pick_up = find_pick_up(voice.vibration, [struck], voice.width)
        placed = place(voice.vibration, voice.pick_up, struck, voice.width)
        others = [hit.struck for hit in self._hits_of(index)]
        several = 0 < len(others) < _FITTED
        if placed.left > struck.least + _POOR and several and not (voice.fixed or voice.outlined):
            # Of one strike alone, it is not told which is the strike and which the pick-up.
            pick_up = find_pick_up(voice.vibration, [*others, struck], voice.width)
            other = place(voice.vibration, pick_up, struck, voice.width)
            if other.left < placed.left:
                voice.pick_up, placed = pick_up, other
        sound = voice.render(placed, self.rate)
        segment = self.rest.left[sample : min(last, sample + int(LONGEST_FITTED * self.rate))]
        free, without = voice.match(segment, self.rate), segment.copy()
        without[: len(sound)] -= sound[: len(segment)]
        bands = [lower_band(each, self.rate, voice.slowness) for each in (without, segment)]
        left = bands[0].samples.energy / max(bands[1].samples.energy, 1e-300)
        if left > _WORSE[0] * (1 - free.explained) + _WORSE[1]:
            sound = free.render(len(sound), self.rate)
        hit = Hit(sample, index, struck, placed, sound, left, left - (1 - free.explained))
        self.rest.add(hit.sample, -hit.sound)
        self.hits.append(hit)

    def _until(self, hit: Hit) -> int:
        """Return where the next strike on the same drum falls, or what is not known begins."""
        later = [o.sample for o in self.hits if o.voice == hit.voice and o.sample > hit.sample]
        unknown = self.unknown[self.unknown > hit.sample + _UNKNOWN * self.rate]
        ends = hit.sample + int(LONGEST_FITTED * self.rate), len(self.rest.left)
        return int(min([*later, *unknown[:1], *ends]))

    def _refine(self) -> None:
        """Fit drums and strikes again, each with all others taken away; leave out what is none."""
        times, strengths = onsets_in(self.rest.left + _KEPT * self.rest.sound, self.rate)
        self.unknown = np.round((times[strengths > _CLEAR] - _AHEAD) * self.rate).astype(int)
        self._unite()
        for index in range(len(self.voices)):
            self._refine_voice(index)
        for hit in sorted(self.hits, key=lambda hit: hit.sample):
            last = self._until(hit)
            self.rest.add(hit.sample, hit.sound)
            self.hits.remove(hit)
            self._add(hit.sample, hit.voice, last)
        self.hits.sort(key=lambda hit: hit.sample)
        # The faintest first, which may be what others do not explain, and end before them.
        for hit in sorted(self.hits, key=self._energy):
            self._prune(hit, self._until(hit))

    def _unite(self) -> None:
        """Give the strikes on drums that others explain as well, fewest first, to those."""
        for index in sorted(range(len(self.voices)), key=lambda k: len(self._hits_of(k))):
            hits = self._hits_of(index)
            if self.voices[index].fixed or not hits:
                continue
            size = self.voices[index].slowness
            others = {
                k
                for k, other in enumerate(self.voices)
                if len(self._hits_of(k)) >= len(hits)
                and 1 / _SIZES < other.slowness / size < _SIZES
            }
            for hit in hits:
                segment = self._alone(hit)
                own = self.voices[index].match(segment, self.rate)
                least = 1 - _ALIKE[0] * (1 - own.explained) - _ALIKE[1]
                others = {
                    k
                    for k in others - {index}
                    if self.voices[k].match(segment, self.rate).explained > least
                }
            if others:
                for hit in hits:
                    hit.voice = max(others, key=lambda k: len(self._hits_of(k)))

    def _reshape(self) -> None:
        """Fit the outlines of drums to the strikes on them, all others taken away."""
        for index, voice in enumerate(self.voices):
            if not voice.outlined or voice.shaped or voice.fixed or self.voices.listener is None:
                continue
            sounds = [sound for _, sound in self._loudest(index)]
            drum = self.voices.listener.outline(sounds) if sounds else None
            if drum is not None:
                voice.reshape(drum, sounds, self.rate)
                voice.shaped = True

    def _loudest(self, index: int) -> list[tuple[Hit, Float64]]:
        """Return the strikes on a drum that sound most, and their sounds, all others taken away."""
        hits = sorted(self._hits_of(index), key=self._energy, reverse=True)[:_FITTED]
        return [(hit, self._alone(hit)) for hit in hits]

    def _alone(self, hit: Hit) -> Float64:
        """Return what sounds from a strike on, until the next, all others taken away."""
        segment = self.rest.left[hit.sample : self._until(hit)].copy()
        segment[: len(hit.sound)] += hit.sound[: len(segment)]
        return segment

    def _refine_voice(self, index: int) -> None:
        """Fit a drum and where it is heard again, to the strikes on it that sound most."""
        voice, loudest = self.voices[index], self._loudest(index)
        voice.fit([sound for _, sound in loudest], self.rate)
        if voice.fixed or not loudest:
            return
        struck = []
        for hit, _ in loudest:
            self.rest.add(hit.sample, hit.sound)
            struck.append(
                struck_near(self.rest.left, self.rate, voice, hit.sample, self._until(hit))[1]
            )
            self.rest.add(hit.sample, -hit.sound)
        if voice.pick_up is not None and all(hit.worse < _POOR for hit, _ in loudest):
            points = [hit.placed.point for hit, _ in loudest]
            near = voice.vibration, voice.pick_up, struck, points, voice.width
            voice.pick_up = refine_pick_up(*near)
        else:
            voice.pick_up = find_pick_up(voice.vibration, struck, voice.width)

    def _hits_of(self, index: int) -> list[Hit]:
        return [hit for hit in self.hits if hit.voice == index]

    def _energy(self, hit: Hit) -> float:
        """Return the energy of a strike until the next one on the same drum."""
        sound = hit.sound[: self._until(hit) - hit.sample]
        return float(sound @ sound)

    def _prune(self, hit: Hit, last: int) -> bool:
        """Leave out a strike that explains nothing; return whether it stays."""
        self.rest.add(hit.sample, hit.sound)
        segment, sounding = self.rest.left[hit.sample : last], self.rest.sound[hit.sample : last]
        found = self.voices[hit.voice].match(segment, self.rate)
        near = int(_BEGINNING * self.rate)
        before = self.rest.left[max(0, hit.sample - near) : hit.sample]
        risen = float(np.square(segment[:near]).mean()) > _RISEN * float(np.square(before).mean())
        # What others leave, where they are not known well, is hardly placed anywhere.
        masked = float(segment @ segment) < _MASKED[0] * float(sounding @ sounding)
        poor = found.gain < _GAIN[0] or found.explained < _GAIN[1]
        nowhere = hit.left > _NOWHERE and not self.voices[hit.voice].outlined
        if poor or not risen or nowhere or (masked and hit.left > _MASKED[1]):
            self.hits.remove(hit)
            return False
        self.rest.add(hit.sample, -hit.sound)
        return True


PASSES: Final = 2 * len(_EXPLAINED) + 1
"""How often `Pursuit.run` steps."""
