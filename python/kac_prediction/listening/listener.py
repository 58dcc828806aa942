"""listen: from a recording of a drum to the drum."""

import math
import os
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from typing_extensions import TypeAliasType

from .._arrays import ArrayLike, Float64
from .._checks import check_flag, check_number
from ..geometry.families import ANALYTIC
from ..pipeline import Model, ModelInput, loadModel
from ..samplers.drum import WAVE_SPEED
from .audio import check_rate, high_passed, mixed_down, resampled
from .fitted import refined, starts
from .hum import without_hum
from .network import Answer, ask, check_model
from .outlined import fit_outline, with_outline
from .prediction import Prediction, Spread
from .refinement import refine as fit_partials
from .sound_file import read_mono
from .strike import find_strike, middle_of

Sound = TypeAliasType("Sound", ArrayLike | torch.Tensor | str | os.PathLike[str])
"""A recording: samples, shape (length,) or (length, channels), or the path of a file."""

_SHIPPED: Final = "any-drum"  # the model that comes with the package
_SHORTEST: Final = 0.005  # seconds of sound after the strike
_LEAST_FITTED: Final = 0.02  # seconds of sound after the strike
_LEAD: Final = 0.001  # seconds before the strike that the network hears too
_LONGEST: Final = 4.0  # seconds after the strike that count
# Metres, in which a network is trained, and in which it is sure not to mistake a drum from outside;
# the score below which a sound is not heard again, as no drum; and how often it may be made twice
# as fast or slow, so that it comes to lie inside.
_TRAINED: Final = (0.1, 1.0)
_INSIDE: Final = (0.15, 0.75)
_DOUBTFUL: Final = 0.3
_DOUBLINGS: Final = 2
_SURE, _SCORE = 0.05, 0.9  # Laplace scale of a logarithm, and score: of what lies outside
_PROPORTIONAL: Final = np.array([1.0, 0.0, 1.0])  # to the time, of drum_size, aspect_ratio, ...


class Strike(NamedTuple):
    """A sound, its peak at 1, of which the first `lead` samples precede the strike."""

    waveform: Float64
    sample_rate: int
    lead: int


def listen(
    sound: Sound | Sequence[Sound],
    sample_rate: int | None = None,
    model: Model | str | os.PathLike[str] | None = None,
    wave_speed: float = WAVE_SPEED,
    refine: bool = True,
    drum_size: float | None = None,
) -> Prediction:
    """Say which drum is heard in a recording, and how sure that is.

    The strike after which most energy is left is searched for (`find_strike`), and what sounds from
    there on is heard: noise, silence and clicks before it do not matter, nor do sample rate, gain,
    polarity, an offset, drift or rumble below 25 Hz, or mains hum where 50 ms of it or more precede
    the strike. Channels are mixed; of channels that cancel, the loudest is heard. Of a long
    recording the first 28 800 000 samples, 10 minutes at 48 kHz, are searched.

    A sound tells L / c, the size over the wave speed, and nothing else of the two: sizes are right
    if `wave_speed` is. Given the size, it tells the wave speed, hence the tension.

    Args:
        sound: samples, shape (length,) or (length, channels); or the path of a sound file; or a
            list of these, of strikes on one drum, which are listened to together.
        sample_rate: of samples, Hz; a file has its own.
        model: of the routine AnyDrum, or what `loadModel` takes; None: the one that comes with the
            package.
        wave_speed: of the membrane, m/s, the square root of its tension over its density.
        refine: fit the partials of the drum to the sound, from the network's answer on, unless that
            is no drum: 0.2 s of one core for a circle, an ellipse, a rectangle or a triangle, 2 s
            for the outline of a polygon or a star.
        drum_size: square root of the drum's area in metres, if it is known: the wave speed is found
            in its place, `prediction.wave_speed`.

    Raises:
        FileNotFoundError: there is no such file.
        TypeError: `sound` is neither numbers nor a path, or complex; another argument is of a wrong
            type.
        ValueError: the sound is silent, not finite, shorter than 5 ms after the strike, of another
            shape or an impossible sample rate; or the model does not hear drums of all families.

    Example:
        >>> from kac_prediction.listening import listen
        >>> print(listen("drum.wav"))  # doctest: +SKIP
        circle (98 %), drum_size 0.312 m (0.310 to 0.314), decay_time 1.21 s (1.10 to 1.33); ...
    """
    speed = check_number("wave_speed", wave_speed, above=0)
    size = None if drum_size is None else check_number("drum_size", drum_size, above=0)
    if size is not None and speed != WAVE_SPEED:
        raise ValueError("of wave_speed and drum_size give one: the sound tells the other")
    check_flag("refine", refine)
    network = network_of(model)
    strikes = [_struck(each, sample_rate) for each in _sounds(sound)]
    answer = answer_of(network, strikes)
    heard = answer.prediction()
    if refine and heard.is_drum:
        heard = refined_answer(answer, strikes)
    return at_speed(heard, speed) if size is None else of_size(heard, size)


def answer_of(network: Model, strikes: Sequence[Strike]) -> Answer:
    """Return what a network says, which hears drums beyond its sizes at another speed."""
    speed, lowest = Fraction(1), check_model(network).sample_rate
    answer = _at_speed_of(network, strikes, speed)
    for _ in range(_DOUBLINGS):
        heard = math.exp(answer.logarithms[0]) / speed
        large = heard > _INSIDE[1]
        faster = speed * (2 if large else Fraction(1, 2))
        # Slowed down, a sound of a low rate lacks what a small drum is heard by.
        slow = min(strike.sample_rate for strike in strikes) * faster < lowest
        if _INSIDE[0] <= heard <= _INSIDE[1] or answer.score < _DOUBTFUL or slow:
            break
        other = _at_speed_of(network, strikes, faster)
        size = math.exp(other.logarithms[0]) / speed
        outside = size > _TRAINED[1] if large else size < _TRAINED[0]
        if not outside or other.scales[0] > _SURE or other.score < _SCORE:
            break
        answer, speed = other, faster
    return answer


def _at_speed_of(network: Model, strikes: Sequence[Strike], speed: Fraction) -> Answer:
    """Return the answer to a sound so many times as fast, of a drum so many times smaller."""
    model_input = check_model(network)
    inputs = torch.stack([_input(strike, model_input, speed) for strike in strikes])
    answer = Answer.together(ask(network, inputs))
    scaled = answer.logarithms + math.log(speed) * _PROPORTIONAL
    return replace(answer, logarithms=scaled)


def refined_answer(answer: Answer, strikes: Sequence[Strike], outlines: bool = True) -> Prediction:
    """Return an answer, refined by the strikes that are long enough; perhaps without outlines."""
    begins = starts(answer)
    sounds = [
        (strike.waveform[strike.lead :], strike.sample_rate)
        for strike in strikes
        if len(strike.waveform) - strike.lead >= _LEAST_FITTED * strike.sample_rate
    ]
    fits = [fit_partials(*sound, begins, WAVE_SPEED) for sound in sounds]
    if not sounds or not outlines:
        return refined(answer, fits)
    longest = max(range(len(sounds)), key=lambda i: len(sounds[i][0]) / sounds[i][1])
    outline = fit_outline(answer, fits[longest], *sounds[longest])
    found = refined(answer, fits, 0.0 if outline is None else outline.lead / outline.data)
    return found if outline is None or found.family in ANALYTIC else with_outline(found, outline)


def at_speed(prediction: Prediction, wave_speed: float) -> Prediction:
    """Return a prediction for another wave speed: sizes are proportional to it."""
    factor = wave_speed / prediction.wave_speed
    network = prediction.network
    return replace(
        prediction,
        drum_size=factor * prediction.drum_size,
        outline=factor * prediction.outline,
        wave_speed=wave_speed,
        network=None if network is None else at_speed(network, wave_speed),
    )


def of_size(prediction: Prediction, drum_size: float) -> Prediction:
    """Return a prediction for a drum of known size: as sure as that was, the wave speed is now."""
    network = prediction.network
    found = at_speed(prediction, prediction.wave_speed * drum_size / prediction.drum_size)
    names = {"drum_size": "wave_speed"}
    spreads: dict[str, Spread] = {names.get(k, k): v for k, v in prediction.spreads.items()}
    return replace(
        found,
        drum_size=drum_size,
        spreads=spreads,
        network=None if network is None else of_size(network, drum_size),
    )


def network_of(model: Model | str | os.PathLike[str] | None) -> Model:
    """Return a model that can be listened with."""
    if isinstance(model, Model):
        network: Model = model
    elif model is None or isinstance(model, str | os.PathLike):
        network = _shipped() if model in (None, _SHIPPED) else loadModel(os.fspath(model or ""))
    else:
        raise TypeError(f"model must be a Model, or the path or name of one, got {model!r}")
    check_model(network)
    return network


@cache
def _shipped() -> Model:
    """Return the model that comes with the package, loaded once."""
    return loadModel(_SHIPPED)


def _sounds(sound: Any) -> list[Any]:
    """Return the strikes as a list; numbers in lists are one sound."""
    if not isinstance(sound, list | tuple):
        return [sound]
    several = all(isinstance(each, str | os.PathLike) or np.ndim(each) for each in sound)
    if several and not all(isinstance(each, list | tuple) for each in sound):
        return list(sound)
    return [sound]


def _struck(sound: Any, sample_rate: Any) -> Strike:
    """Return what is heard of a recording; name its file in errors."""
    if not isinstance(sound, str | os.PathLike):
        rate, mono = check_rate(sample_rate), mixed_down(sound)
        return _cut(high_passed(mono, rate), rate)
    if sample_rate is not None:
        raise ValueError(f"{os.fspath(sound)} has a sample rate of its own: give no sample_rate")
    waveform, rate = read_mono(sound)
    try:
        return _cut(high_passed(mixed_down(waveform), check_rate(rate), out=waveform), rate)
    except ValueError as error:
        raise ValueError(f"{os.fspath(sound)}: {error}") from error


def _cut(waveform: Float64, sample_rate: int) -> Strike:
    """Return the sound from a little before the strike on; refuse what is too short."""
    strike = find_strike(waveform, sample_rate)
    cleaned = without_hum(waveform, sample_rate, strike)
    if cleaned is not waveform:
        waveform, strike = cleaned, find_strike(cleaned, sample_rate)
    after = len(waveform) - strike
    if after < _SHORTEST * sample_rate:
        raise ValueError(
            f"the sound is too short: {1000 * after / sample_rate:.1f} ms after the strike, a drum "
            f"needs {1000 * _SHORTEST:.0f} ms."
        )
    lead = min(strike, round(_LEAD * sample_rate))
    heard = waveform[strike - lead : strike + math.ceil(_LONGEST * sample_rate)]
    heard = heard - middle_of(waveform)
    peak = heard[np.argmax(np.abs(heard))]  # with its sign: polarity does not matter
    if peak == 0:
        raise ValueError("the sound is silent from the strike on.")
    return Strike(heard / peak, sample_rate, lead)


def _input(strike: Strike, model_input: ModelInput, speed: Fraction) -> torch.Tensor:
    """Return the input of a model, with silence after a sound that ends early."""
    rate = strike.sample_rate * speed
    sound = resampled(strike.waveform, rate, model_input)[: model_input.length]
    return model_input.inputs(np.pad(sound, (0, model_input.length - len(sound))))
