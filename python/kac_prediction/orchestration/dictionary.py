"""The baseline of an orchestration: strikes from a fixed dictionary, without refinement."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import nnls

from .._arrays import ArrayLike, Float64
from .._blas import one_thread
from .._checks import brief, check_count, check_number, check_samples, check_seed
from ..listening.listener import Sound
from ..samplers.drum import WAVE_SPEED
from .atoms import Atom, draw_atoms
from .distance import spectral_distance
from .drum import Drum
from .kit import Family, Kit
from .score import Score, Strike
from .target import read_target
from .vibration import vibration_of

Float32 = npt.NDArray[np.float32]

SIZE: Final = 500
"""Atoms of a dictionary."""

_WINDOW: Final = 0.085  # s: 4096 samples at 48 kHz
_FRAMES: Final = 12  # of an atom, half a window apart: half a second
_HIGHEST: Final = 10_000.0  # Hz that are compared
_CANDIDATES: Final = 60  # atoms that lie nearest to a segment, of which it is composed
_MOST: Final = (1, 2, 4)  # atoms an onset
_JOINED: Final = 600  # strikes whose levels are found at once
_RIDGE: Final = 1e-9  # of the mean square of a strike, so that equal ones are told apart


@dataclass(frozen=True, eq=False)
class _Placed:
    """An atom in a score."""

    start: int  # sample
    atom: int
    level: float


@dataclass(frozen=True, eq=False)
class _Dictionary:
    """Atoms, and their magnitude spectra at a sample rate, shape (atoms, frames, bins)."""

    atoms: list[Atom]
    spectra: Float32
    sample_rate: int

    @classmethod
    def of(cls, atoms: list[Atom], sample_rate: int) -> "_Dictionary":
        """Return the dictionary of the atoms that sound."""
        atoms = [atom for atom in atoms if _lowest(atom) < sample_rate / 2]
        sounds = (atom.sound(sample_rate) for atom in atoms)
        spectra = [_spectra(sound, 0, _FRAMES, sample_rate) for sound in sounds]
        return cls(atoms, np.array(spectra, np.float32), sample_rate)

    def sounds(self, placed: Sequence[_Placed]) -> dict[int, Float64]:
        """Return the sounds of the atoms that are placed."""
        return {k: self.atoms[k].sound(self.sample_rate) for k in {each.atom for each in placed}}


def dictionary_score(
    target: Sound,
    sample_rate: int | None,
    onsets: ArrayLike,
    *,
    instruments: str | Family | Kit = "free",
    size: int = SIZE,
    seed: int = 0,
    wave_speed: float = WAVE_SPEED,
) -> Score:
    """Compose a sound of single strikes from a fixed dictionary, as assisted orchestration does.

    The dictionary holds strikes on drums of 0.08 to 1 m with a T60 of 0.2 to 3 s, both log-uniform,
    struck and heard anywhere. From each onset to the next, what the magnitude spectra of the target
    exceed those of the strikes before by is composed of the spectra of atoms, by non-negative least
    squares, and of these the greatest 1, 2 or 4 are kept; or all levels are found again at once,
    by non-negative least squares over the whole magnitude spectrogram. Of these scores the one
    nearest to the target by `spectral_distance` is returned. No drum is refined. Drums that have no
    partial below half the sample rate are left out.

    Source: Carpentier, Assayag and Saint-James, "Solving the musical orchestration problem using
    multiobjective constrained optimization with a genetic local search approach", Journal of
    Heuristics 16 (2010), 681-714: features of a target composed of those of recorded sounds.

    Args:
        target: samples, shape (length,) or (length, channels); or the path of a sound file.
        sample_rate: of samples, Hz.
        onsets: seconds, shape (n,).
        instruments: "free" for all families in equal shares, the name of one, a `Family`, or a
            `Kit`, whose drums are struck anywhere.
        size: atoms of the dictionary.
        seed: draws them.
        wave_speed: of drums that are drawn, m/s.

    Raises:
        FileNotFoundError, OSError: the file is not there, or cannot be read.
        TypeError, ValueError: an argument is not as described, or an onset lies outside the target.
    """
    mono, rate = read_target(target, sample_rate)
    score, _ = nearest_score(mono, rate, onsets, instruments, size, seed, wave_speed)
    return score


def nearest_score(
    target: Float64,
    sample_rate: int,
    onsets: ArrayLike,
    instruments: str | Family | Kit,
    size: int = SIZE,
    seed: int = 0,
    wave_speed: float = WAVE_SPEED,
) -> tuple[Score, float]:
    """Return `dictionary_score` of a mono sound, shape (length,), and its distance.

    The distance is that of the atoms' sounds; to find the modes of all drums again, as the score
    does when it is rendered, takes longer.
    """
    duration = len(target) / sample_rate
    times = check_samples("onsets", onsets)
    if times.ndim != 1 or not ((times >= 0) & (times < duration)).all():
        raise ValueError(
            f"onsets must be seconds from 0 to below {duration:g}, shape (n,), got {brief(onsets)}"
        )
    if not isinstance(instruments, str | Family | Kit):
        raise TypeError(f"instruments must be a name, a Family or a Kit, got {brief(instruments)}")
    if not len(times):
        return Score([], [], duration), spectral_distance(np.zeros(1), target)
    with one_thread():
        dictionary = _dictionary(
            instruments,
            check_count("size", size),
            check_seed("seed", seed),
            sample_rate,
            check_number("wave_speed", wave_speed, above=0),
        )
        if not dictionary.atoms:
            return Score([], [], duration), spectral_distance(np.zeros(1), target)
        starts = np.unique(np.minimum(np.rint(times * sample_rate), len(target) - 1))
        found = [_composed(dictionary, target, starts.astype(int).tolist(), k) for k in _MOST]
        found += [_joined(dictionary, target, each) for each in found if len(each) <= _JOINED]
    distances = [spectral_distance(_sum(dictionary, each, len(target)), target) for each in found]
    best = int(np.argmin(distances))
    return _score(dictionary, found[best], duration), distances[best]


@lru_cache(maxsize=2)
def _dictionary(
    instruments: str | Family | Kit, size: int, seed: int, sample_rate: int, wave_speed: float
) -> _Dictionary:
    """Return the dictionary of a seed, which is kept for the next target."""
    atoms = draw_atoms(instruments, size, seed, sample_rate, wave_speed)
    return _Dictionary.of(atoms, sample_rate)


def _lowest(atom: Atom) -> float:
    """Return the frequency of the lowest partial of an atom, Hz."""
    if atom.partials is not None:
        return float(atom.partials[0][0])
    drum = atom.drum
    return float(vibration_of(drum).series[0]) * drum.wave_speed / (2 * drum.drum_size)


def _composed(
    dictionary: _Dictionary, target: Float64, starts: Sequence[int], most: int
) -> list[_Placed]:
    """Place at most so many atoms at each onset, one onset after the other."""
    rate, hop = dictionary.sample_rate, _window(dictionary.sample_rate) // 2
    placed: list[_Placed] = []
    so_far = np.zeros(len(target))
    for start, end in zip(starts, [*starts[1:], len(target)], strict=True):
        frames = min(1 + (end - start) // hop, _FRAMES)
        there, left = (_spectra(each, start, frames, rate) for each in (so_far, target))
        levels = _levels(dictionary.spectra[:, :frames], np.maximum(left - there, 0), most)
        here = [_Placed(start, k, level) for k, level in levels.items()]
        placed += here
        _add(dictionary, here, so_far)
    return placed


def _levels(spectra: Float32, wanted: Float64, most: int) -> dict[int, float]:
    """Return the levels of the few atoms that spectra are composed of."""
    atoms, rows = spectra.reshape(len(spectra), -1), wanted.ravel()
    norms = np.sqrt(np.einsum("ij,ij->i", atoms, atoms)) + np.finfo(np.float32).tiny
    near = np.argsort(-(atoms @ rows.astype(np.float32)) / norms, kind="stable")[:_CANDIDATES]
    shares = nnls(atoms[near].T.astype(np.float64), rows)[0] * norms[near]
    kept = near[np.argsort(-shares, kind="stable")[:most]]
    levels = nnls(atoms[kept].T.astype(np.float64), rows)[0]
    return {int(k): float(level) for k, level in zip(kept, levels, strict=True) if level > 0}


def _joined(dictionary: _Dictionary, target: Float64, placed: Sequence[_Placed]) -> list[_Placed]:
    """Find the levels of all strikes at once, over the whole magnitude spectrogram."""
    rate, hop = dictionary.sample_rate, _window(dictionary.sample_rate) // 2
    frames = len(target) // hop + 2
    wanted = _spectra(target, 0, frames, rate)
    sounds, spectra, firsts = dictionary.sounds(placed), [], []
    for each in placed:
        first, rest = divmod(each.start, hop)
        sound = np.concatenate([np.zeros(rest), sounds[each.atom]])
        count = min(len(sound) // hop + 2, frames - first)
        spectra.append(_spectra(sound, 0, count, rate).astype(np.float32))
        firsts.append(first)
    gram, products = np.zeros((len(placed), len(placed))), np.zeros(len(placed))
    for frame in range(frames):
        active = [j for j, each in enumerate(spectra) if 0 <= frame - firsts[j] < len(each)]
        if active:
            rows = np.array([spectra[j][frame - firsts[j]] for j in active], np.float64)
            gram[np.ix_(active, active)] += rows @ rows.T
            products[active] += rows @ wanted[frame]
    if not products.any():
        return list(placed)
    ridge = _RIDGE * np.trace(gram) / len(gram)
    root = cholesky(gram + ridge * np.eye(len(gram)), lower=True)
    levels = nnls(root.T, solve_triangular(root, products, lower=True))[0].tolist()
    pairs = zip(placed, levels, strict=True)
    return [_Placed(each.start, each.atom, level) for each, level in pairs if level > 0]


def _window(sample_rate: int) -> int:
    """Return the length of a window, a power of two."""
    return 1 << round(math.log2(_WINDOW * sample_rate))


def _spectra(sound: Float64, start: int, count: int, sample_rate: int) -> Float64:
    """Return magnitude spectra, the middle of frame k half a window times k behind the start."""
    window = _window(sample_rate)
    hop = window // 2
    part = np.zeros((count + 1) * hop)
    begin, end = max(start - hop, 0), min(start + count * hop, len(sound))
    part[begin - start + hop :][: end - begin] = sound[begin:end]
    frames = np.lib.stride_tricks.sliding_window_view(part, window)[::hop]
    hann = np.sin(np.pi * np.arange(window) / window) ** 2
    bins = min(hop + 1, 1 + int(_HIGHEST * window / sample_rate))
    return np.asarray(np.abs(np.fft.rfft(frames * hann))[:, :bins])


def _sum(dictionary: _Dictionary, placed: Sequence[_Placed], length: int) -> Float64:
    """Return the sound of strikes."""
    total = np.zeros(length)
    _add(dictionary, placed, total)
    return total


def _add(dictionary: _Dictionary, placed: Sequence[_Placed], total: Float64) -> None:
    """Add strikes to a sound."""
    sounds = dictionary.sounds(placed)
    for each in placed:
        rest = total[each.start :]
        sound = sounds[each.atom][: len(rest)]
        rest[: len(sound)] += each.level * sound


def _score(dictionary: _Dictionary, placed: Sequence[_Placed], duration: float) -> Score:
    """Return strikes as a score."""
    drums: dict[Drum, int] = {}
    strikes = []
    for each in placed:
        atom = dictionary.atoms[each.atom]
        drum = drums.setdefault(atom.drum, len(drums))
        time = each.start / dictionary.sample_rate
        strikes.append(Strike(time, drum, atom.location, each.level, atom.decay_time))
    return Score(list(drums), strikes, duration)
