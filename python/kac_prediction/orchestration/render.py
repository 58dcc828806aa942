"""The sound of a score: a sum of the sounds of its strikes."""

import wave
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from .._arrays import Float64
from .._checks import check_whole
from ..samplers.drum import Drum as Sampler
from .drum import Drum

if TYPE_CHECKING:
    from .score import Score, Strike

_DECAYS: Final = 1.5  # T60: 90 dB
_LEAST: Final = 1.0  # s that are made of a sound, so that its peak is among them
_BLOCK: Final = 2**18  # samples
_DRUMS: Final = 64  # whose modes are kept


def rendered(score: "Score", sample_rate: int) -> Float64:
    """Return the sound of a score, shape (length,)."""
    total, begin = np.empty(round(score.duration * check_whole("sample_rate", sample_rate))), 0
    for block in blocks(score, sample_rate):
        total[begin : begin + len(block)] = block
        begin += len(block)
    return total


def blocks(score: "Score", sample_rate: int) -> Iterator[Float64]:
    """Yield the sound of a score in blocks, one strike after the other added."""
    rate = check_whole("sample_rate", sample_rate)
    for drum in {score.drums[strike.drum] for strike in score}:
        _sampler(drum, rate)  # what cannot sound is refused before the others do
    strikes = [(round(strike.time * rate), strike) for strike in score]
    length, ahead, done = round(score.duration * rate), np.zeros(0), 0
    for begin in range(0, length, _BLOCK):
        end = min(begin + _BLOCK, length)
        ahead = _longer(ahead, end - begin)
        while done < len(strikes) and strikes[done][0] < end:
            start = strikes[done][0] - begin
            made = sound(score, strikes[done][1], rate)
            ahead = _longer(ahead, start + len(made))
            ahead[start : start + len(made)] += made
            done += 1
        yield ahead[: end - begin]
        ahead = ahead[end - begin :].copy()


def write_wav(
    score: "Score", path: Path, sample_rate: int, bit_depth: int, scale: float = 1.0
) -> float:
    """Write a score as a wav, so many times as loud, and return its peak."""
    peak, size, full = 0.0, bit_depth // 8, 2.0 ** (bit_depth - 1) - 1
    with wave.open(str(path), "wb") as file:
        file.setparams((1, size, sample_rate, 0, "NONE", ""))
        for block in blocks(score, sample_rate):
            peak = max(peak, float(np.abs(block).max(initial=0.0)))
            levels = np.clip(np.rint(full * scale * block), -full, full).astype("<i4")
            file.writeframesraw(levels.view(np.uint8).reshape(-1, 4)[:, :size].tobytes())
    return peak


def _longer(samples: Float64, length: int) -> Float64:
    """Return samples, with silence after them where there are fewer."""
    return np.pad(samples, (0, max(0, length - len(samples))))


def sound(score: "Score", strike: "Strike", sample_rate: int) -> Float64:
    """Return the sound of a strike until it is 90 dB down, or its score ends."""
    rate = check_whole("sample_rate", sample_rate)
    left = round(score.duration * rate) - round(strike.time * rate)
    made = min(_DECAYS * strike.decay_time * rate, max(left, _LEAST * rate))
    sampler = _sampler(score.drums[strike.drum], rate)
    struck = sampler.strike(
        at=strike.location, decay=strike.decay_time, duration=max(round(made), 1) / rate
    )
    return strike.level * struck[:left]


@lru_cache(maxsize=_DRUMS)
def _sampler(drum: Drum, sample_rate: int) -> Sampler:
    """Return the sampler of a drum, whose strikes leave it as it is."""
    try:
        return drum.sampler(1.0, sample_rate)
    except ValueError as error:
        raise ValueError(f"{drum}: {error}") from error
