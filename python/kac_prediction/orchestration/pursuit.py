"""From a sound to strikes on drums: matching pursuit, one strike after the other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from .._arrays import Float64
from .discovery import Listener
from .fitting import Amplitudes, audible, lower_band, rates_of
from .onsets import onsets_in
from .placing import Placed, Struck, find_pick_up, place, refine_pick_up
from .remainder import Remainder
from .voice import Voice
from .voices import Voices

_LONGEST: Final = 0.5  # seconds of a strike that are fitted
_NEW_DRUM: Final = 0.04  # seconds of a strike in which a new drum is looked for
_CLOSEST: Final = 0.012  # seconds between two strikes
_PLACED: Final = 64  # samples, by which a strike is placed
_MOVES: Final = 2  # of a strike to the sample at which its partials start as sines
_SILENT: Final = 1e-3  # of the energy that sounds: what is left is none
_EXPLAINED: Final = (0.9, 0.9, 0.7, 0.5, 0.5)  # least share of a band: pass after pass
_SEEDED: Final = 0.95  # least share that a drum explains of a strike that stands alone
_KNOWN: Final = (0.7, 300.0)  # share and gain from which an outline is taken for known
_WORSE: Final = (2.0, 0.01)  # what a placed strike may leave, times what free amplitudes leave
_POOR: Final = 0.1  # share of the energy left by a strike on a drum heard elsewhere, perhaps
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


@dataclass(eq=False)
class Hit:
    """A strike that is found.

    Attributes:
        sample: where it falls.
        voice: index of the drum.
        struck: its partials in what was left.
        placed: where on the drum, and how loud.
        sound: what is taken for it, from the sample on.
        left: share of the lower band's energy that it leaves where it is placed.
    """

    sample: int
    voice: int
    struck: Struck
    placed: Placed
    sound: Float64
    left: float


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
        self.unknown = np.zeros(0, int)  # samples at which something begins that is not known

    def run(self, step: Callable[[], object]) -> None:
        """Find the strikes; a step is called after each of the PASSES."""
        segments = self._segments(self.rest.sound)
        if self.voices.may_grow:
            self._seed(segments)
        step()
        for start, end in segments:
            self._consider(start, end, _EXPLAINED[0])
        step()
        new = True
        for least in _EXPLAINED[1:]:
            if new:
                self._refine()
            new = self._more(least)
            step()
        self._refine()
        step()

    def _segments(self, sound: Float64) -> list[tuple[float, float]]:
        """Return the onsets in a sound, and for each the next clear one or the end, in seconds."""
        times, strengths = onsets_in(sound, self.rate)
        clear = np.append(times[strengths > _CLEAR], len(sound) / self.rate)
        ends = clear[np.searchsorted(clear, times, side="right").clip(max=len(clear) - 1)]
        return list(zip(times.tolist(), ends.tolist(), strict=True))

    def _seed(self, segments: Sequence[tuple[float, float]]) -> None:
        """Find the drums of the strikes that stand alone, before others hide them."""
        found = [each for each in (self.rest.strike_near(*segment) for segment in segments) if each]
        tries = 2 * self.most
        for first, last in sorted(found, key=self.rest.clearness, reverse=True):
            segment = self.rest.sound[first:last]
            best = self.voices.best(segment)[1]
            if best.explained > _EXPLAINED[0] or (
                best.explained > _KNOWN[0] and best.gain > _KNOWN[1]
            ):
                continue
            tries -= 1
            if tries < 0 or not self.voices.may_grow:
                break
            self.voices.hear(segment, best, _SEEDED, outlines=False)

    def _consider(self, start: float, end: float, least: float) -> bool:
        """Take what is left near an onset for a strike, if a drum explains it."""
        if (bounds := self.rest.strike_near(start, end)) is None:
            return False
        first, last = bounds
        segment, sounding = self.rest.left[first:last], self.rest.sound[first:last]
        near = any(abs(hit.sample - first) < _CLOSEST * self.rate for hit in self.hits)
        if near or float(segment @ segment) < _SILENT * float(sounding @ sounding):
            return False
        index, best = self.voices.best(segment)
        long = len(segment) > _NEW_DRUM * self.rate
        if best.explained < least and long and self.voices.may_grow:
            heard = self.voices.hear(segment, best, max(least, _EXPLAINED[2]))
            if heard is not None:
                index, best = len(self.voices) - 1, heard
        if index < 0 or best.explained < least:
            return False
        self._add(first, index, last)
        return self._prune(self.hits[-1], last)

    def _struck(self, voice: Voice, sample: int, last: int) -> tuple[int, Struck]:
        """Return the sound of a strike, and the sample on which it falls."""
        rates = audible(rates_of(voice.vibration.series, voice.slowness, voice.decay), self.rate)
        last = min(last, sample + int(_LONGEST * self.rate))
        sound = Amplitudes.of(self.rest.left[sample:last], self.rate, rates)
        for _ in range(_MOVES):
            moved = {sample + round(delay * self.rate) for delay in sound.delays()} - {sample}
            tried = {
                first: Amplitudes.of(self.rest.left[first:last], self.rate, rates)
                for first in sorted(moved)
                if 0 <= first < last - _PLACED
            } | {sample: sound}
            best = max(tried, key=lambda first: tried[first].explained())
            if best == sample:
                break
            sample, sound = best, tried[best]
        return sample, Struck.of(sound)

    def _add(self, sample: int, index: int, last: int) -> None:
        """Fit a strike on a drum to what is left, and take it away.

        The sound of the strike where it is placed, or, where that leaves much more than partials of
        any amplitudes do, as of a drum whose outline is known roughly, the latter.
        """
        voice = self.voices[index]
        if voice.fixed and not self._hits_of(index):
            for _ in range(_DECAYS):
                voice.fit([self.rest.left[sample:last]], self.rate)
        sample, struck = self._struck(voice, sample, last)
        if voice.pick_up is None:
            voice.pick_up = find_pick_up(voice.vibration, [struck], voice.width)
        placed = place(voice.vibration, voice.pick_up, struck, voice.width)
        others = [hit.struck for hit in self._hits_of(index)]
        several = 0 < len(others) < _FITTED
        if placed.left > _POOR and several and not (voice.fixed or voice.outlined):
            # Of one strike alone, it is not told which is the strike and which the pick-up.
            pick_up = find_pick_up(voice.vibration, [*others, struck], voice.width)
            other = place(voice.vibration, pick_up, struck, voice.width)
            if other.left < placed.left:
                voice.pick_up, placed = pick_up, other
        sound = voice.render(placed, self.rate)
        segment = self.rest.left[sample : min(last, sample + int(_LONGEST * self.rate))]
        free, without = voice.match(segment, self.rate), segment.copy()
        without[: len(sound)] -= sound[: len(segment)]
        bands = [lower_band(each, self.rate, voice.slowness) for each in (without, segment)]
        left = bands[0].samples.energy / max(bands[1].samples.energy, 1e-300)
        if left > _WORSE[0] * (1 - free.explained) + _WORSE[1]:
            sound = free.render(len(sound), self.rate)
        hit = Hit(sample, index, struck, placed, sound, left)
        self.rest.add(hit.sample, -hit.sound)
        self.hits.append(hit)

    def _until(self, hit: Hit) -> int:
        """Return where the next strike on the same drum falls, or what is not known begins."""
        later = [o.sample for o in self.hits if o.voice == hit.voice and o.sample > hit.sample]
        unknown = self.unknown[self.unknown > hit.sample + _UNKNOWN * self.rate]
        ends = hit.sample + int(_LONGEST * self.rate), len(self.rest.left)
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
                last = self._until(hit)
                self.rest.add(hit.sample, hit.sound)
                segment = self.rest.left[hit.sample : last].copy()
                self.rest.add(hit.sample, -hit.sound)
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

    def _refine_voice(self, index: int) -> None:
        """Fit a drum and where it is heard again, to the strikes on it that sound most."""
        voice, sounds, places = self.voices[index], [], []
        for hit in sorted(self._hits_of(index), key=self._energy, reverse=True)[:_FITTED]:
            last = self._until(hit)
            self.rest.add(hit.sample, hit.sound)
            sounds.append(self.rest.left[hit.sample : last].copy())
            places.append((hit, last))
            self.rest.add(hit.sample, -hit.sound)
        voice.fit(sounds, self.rate)
        if voice.fixed or not places:
            return
        struck = []
        for hit, last in places:
            self.rest.add(hit.sample, hit.sound)
            struck.append(self._struck(voice, hit.sample, last)[1])
            self.rest.add(hit.sample, -hit.sound)
        if voice.pick_up is not None and all(hit.left < _POOR for hit, _ in places):
            points = [hit.placed.point for hit, _ in places]
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

    def _more(self, least: float) -> bool:
        """Look for strikes in what is left; return whether there are any."""
        new = False
        starts = np.array(sorted(hit.sample for hit in self.hits)) / self.rate
        for start, end in self._segments(self.rest.left + _KEPT * self.rest.sound):
            last = min([end, *starts[starts > start + _CLOSEST][:1]])
            new = self._consider(start, last, least) or new
        return new


PASSES: Final = len(_EXPLAINED) + 2
"""How often `Pursuit.run` steps."""
