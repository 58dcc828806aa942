"""Refine estimates of drums: fit the partials of families of drums to the whole sound.

From coarse to fine: a short beginning of the lowest band, in which the likelihood has wide
maxima, is scanned about the estimates; the likeliest hypotheses climb, and climb on in ever longer
beginnings of wider bands. Amplitudes, phases, decay and noise are estimated, and nothing is known
of strike, pick-up or gain.
"""

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from .._arrays import ArrayLike, Float64
from .._blas import one_thread
from .._checks import check_choice, check_number
from ..geometry.families import ANALYTIC, ELONGATED, OUTLINED
from ..physics.ellipse_series import MOST_ELONGATED
from ..physics.weyl import weyl_series
from ..samplers.drum import WAVE_SPEED
from .bands import Band, band, normalised, rough_decay
from .fits import Fit, Start
from .partial_fit import Fitted, Setting, climb, deviations, energies, log_evidence, scan


class _Level(NamedTuple):
    """The band up to the n-th mode for so many cycles, what is kept of it, and steps to climb."""

    modes: int
    cycles: float
    kept: int
    rounds: tuple[int, ...]


_LEVELS: Final = (
    _Level(8, 40.0, 5, (3, 3)),
    _Level(15, 120.0, 3, (2, 2)),
    _Level(30, 500.0, 2, (2, 2)),
    _Level(60, 5000.0, 1, (2, 3, 3)),
)
_WIDE: Final = _Level(8, 20.0, 6, (2, 2))
_NOISE: Final = (0.03, 0.01)  # of the power, at first: of the first level, of later ones
_SPREADS: Final = 4.0  # to scan about a start
_SHARPEST: Final = 0.003  # spread that is believed
_NARROWEST: Final = (0.03, 0.06)  # logarithm of size and of aspect ratio to scan, to either side
_WIDEST: Final = (0.12, 0.25)
_LOST: Final = (0.25, 0.4)  # the same where nothing nearby explains the sound
_POOR: Final = 0.8  # explained of the second level
_HOPELESS: Final = 0.25  # explained less than the best family by so much
_LEAST: Final = 0.2  # explained of a sound that is worth more steps
_ROUND: Final = (math.log(1.1), 0.03)  # an ellipse no longer than that is a circle, if one explains


def refine(
    sound: ArrayLike,
    sample_rate: float,
    starts: Iterable[Start],
    wave_speed: float = WAVE_SPEED,
) -> list[Fit]:
    """Fit drums to a sound, beginning with estimates of them.

    Each family that starts name is fitted: the best fit of each is returned, the best first. Of a
    second of sound four families take a quarter of a second of one core; the first ellipse of a
    process half a second more. The result does not depend on the number of threads.

    Args:
        sound: mono, from the strike on (to 2 ms or so), shape (n,); 20 ms of it or more.
        sample_rate: Hz.
        starts: estimates, as of a network, any number.
        wave_speed: c, m/s. Sizes are proportional to it.

    Raises:
        TypeError: a number of the wrong type, or complex sound.
        ValueError: the sound has another shape, is not finite, silent or too short; a number is out
            of range; or another family.
    """
    starts = [_checked(start) for start in starts]
    rate = check_number("sample_rate", sample_rate, above=0)
    speed = check_number("wave_speed", wave_speed, above=0)
    values = normalised(sound)
    if not starts:
        return []
    with one_thread():
        return _refine(values, rate, starts, speed)


def _refine(values: Float64, rate: float, starts: list[Start], speed: float) -> list[Fit]:
    """Return the best fit of each family, the best first."""
    size = math.exp(float(np.median([math.log(start.drum_size) for start in starts])))
    bands = [_band(values, rate, level, size, speed) for level in _LEVELS]
    decay = rough_decay(bands[-1].samples)
    settings = {
        family: [
            Setting(family, each, speed, decay, size, _estimates(family, starts)) for each in bands
        ]
        for family in ANALYTIC
        if any(start.family == family for start in starts)
    }
    found = {family: _begin(of[0], of[1], starts) for family, of in settings.items()}
    if found and max(_explained(fitted, bands[1]).max() for fitted in found.values()) < _POOR:
        wide = _band(values, rate, _WIDE, size, speed)
        for family, of in settings.items():
            more = _search(of[0], of[1], of[0]._replace(band=wide), starts)
            found[family] = _kept(found[family], more)
    for level in (2, 3):
        most = max((_explained(f, bands[level - 1])[0] for f in found.values()), default=0.0)
        for family, fitted in found.items():
            kept, rounds = _LEVELS[level - 1].kept, _LEVELS[level].rounds
            if _explained(fitted, bands[level - 1])[0] < max(most - _HOPELESS, _LEAST):
                kept, rounds = 1, rounds[:1]
            found[family] = _climb(settings[family][level], fitted.hypotheses[:kept], rounds)
    fits = [_fit(of[-1], found[family]) for family, of in settings.items()]
    return sorted(_circles_first(fits), key=lambda fit: -fit.score)


def _checked(start: Start) -> Start:
    """Return a start, or raise."""
    check_choice("family of a start", start.family, (*ANALYTIC, *OUTLINED))
    check_number("drum_size of a start", start.drum_size, above=0)
    check_number("aspect_ratio of a start", start.aspect_ratio, above=0)
    check_number("size_spread of a start", start.size_spread, least=0)
    check_number("aspect_spread of a start", start.aspect_spread, least=0)
    return start


def _band(sound: Float64, rate: float, level: _Level, size: float, speed: float) -> Band:
    """Return the band of a level for a drum of a size."""
    highest = float(weyl_series(level.modes)[-1]) * speed / (2 * size)
    return band(sound, rate, highest, level.cycles)


def _begin(first: Setting, second: Setting, starts: list[Start]) -> Fitted:
    """Return the likeliest hypotheses near the starts, fitted up to the second level."""
    points = np.concatenate(
        [_grid(first, start, _near(start)) for start in starts if start.family == first.family]
        + [_grid(first, start, _near(start)) for start in starts if _is_hint(start, first.family)]
    )
    return _from(points, first, first, second, _LEVELS[0])


def _search(first: Setting, second: Setting, wide: Setting, starts: list[Start]) -> Fitted:
    """Return the likeliest hypotheses far around the starts, fitted up to the second level."""
    points = np.concatenate(
        [_grid(wide, start, _LOST) for start in starts if start.family == first.family][:2]
    )
    return _from(points, wide, first, second, _WIDE)


def _from(
    points: Float64, setting: Setting, first: Setting, second: Setting, level: _Level
) -> Fitted:
    """Return the best hypotheses of a grid, fitted up to the second level."""
    decay = np.broadcast_to([setting.decay, 0.0], points.shape)
    hypotheses = np.concatenate([points, decay], axis=1)
    cost = scan(setting, hypotheses, _NOISE[0])
    hypotheses = hypotheses[_distinct(hypotheses, cost, level.kept, 1.5 * setting.width)]
    if setting is not first:
        hypotheses = _climb(setting, hypotheses, level.rounds[:1], _NOISE[0]).hypotheses
    hypotheses = _climb(first, hypotheses, level.rounds, _NOISE[0]).hypotheses
    return _climb(second, hypotheses[: level.kept // 2 + 1], _LEVELS[1].rounds)


def _climb(
    setting: Setting, hypotheses: Float64, rounds: tuple[int, ...], noise: float = _NOISE[1]
) -> Fitted:
    """Return where hypotheses climb to, the best first, no two on one maximum."""
    fitted = climb(setting, hypotheses, noise, rounds)
    order = _distinct(fitted.hypotheses, fitted.cost, len(hypotheses), setting.width)
    return fitted.take(order)


def _kept(some: Fitted, more: Fitted) -> Fitted:
    """Return the better ones of hypotheses of one band."""
    return some if some.cost[0] <= more.cost[0] else more


def _is_hint(start: Start, family: str) -> bool:
    """Return whether only the size of a start is taken, and by a family."""
    return start.family in OUTLINED and family not in ELONGATED


def _estimates(family: str, starts: list[Start]) -> Float64:
    """Return what starts say of a family: log size, log aspect ratio, and their variances."""
    rows = []
    for start in starts:
        if start.family == family or _is_hint(start, family):
            aspect = math.log(max(start.aspect_ratio, 1 / start.aspect_ratio))
            size_variance = 2 * max(start.size_spread, _SHARPEST) ** 2
            aspect_variance = 2 * max(start.aspect_spread, _SHARPEST) ** 2
            if family not in ELONGATED:
                aspect, aspect_variance = 0.0, 1.0
            rows.append((math.log(start.drum_size), aspect, size_variance, aspect_variance))
    return np.array(rows)


def _near(start: Start) -> tuple[float, float]:
    """Return how far to scan about a start, to either side."""
    size, aspect = np.clip(
        _SPREADS * np.array([start.size_spread, start.aspect_spread]), _NARROWEST, _WIDEST
    ).tolist()
    return size, aspect


def _grid(setting: Setting, start: Start, reach: tuple[float, float]) -> Float64:
    """Return logarithms of sizes and aspect ratios about a start, shape (n, 2)."""
    steps = math.ceil(reach[0] / setting.width)
    sizes = math.log(start.drum_size) + np.linspace(-reach[0], reach[0], 2 * steps + 1)
    if setting.family not in ELONGATED:
        return np.stack([sizes, np.zeros(len(sizes))], axis=1)
    # An aspect ratio moves a partial by half its logarithm at most.
    steps = math.ceil(reach[1] / (2 * setting.width))
    aspects = math.log(start.aspect_ratio) + np.linspace(-reach[1], reach[1], 2 * steps + 1)
    aspects = np.unique(np.minimum(np.abs(aspects), math.log(MOST_ELONGATED)))
    return np.stack(np.meshgrid(sizes, aspects), axis=-1).reshape(-1, 2)


def _distinct(hypotheses: Float64, cost: Float64, count: int, width: float) -> list[int]:
    """Return the indices of the best hypotheses that stand a width apart, the best first."""
    kept: list[int] = []
    for i in np.argsort(cost, kind="stable").tolist():
        away = np.abs(hypotheses[kept, :2] - hypotheses[i, :2]) @ (1.0, 0.5)
        if (away > width).all():
            kept.append(i)
        if len(kept) == count:
            break
    return kept


def _explained(fitted: Fitted, of: Band) -> Float64:
    """Return the share of the energy that each hypothesis explains."""
    return 1 - fitted.evidence.residual / of.samples.energy


def _fit(setting: Setting, fitted: Fitted) -> Fit:
    """Return the best hypothesis as a drum."""
    best = fitted.take([0])
    samples, found = setting.band.samples, best.evidence
    elongated = setting.family in ELONGATED
    log_size, log_aspect, decay, _ = best.hypotheses[0].tolist()
    size_deviation, aspect_deviation = deviations(setting, best)[0].tolist()
    residual = float(found.residual[0]) / samples.energy
    dimensions = 2 if elongated else 1
    strongest = np.sort(energies(setting, best)[0])[::-1][:dimensions].sum() / samples.energy
    left = max(1 - float(strongest), residual, 1e-9)
    return Fit(
        family=setting.family,
        drum_size=math.exp(log_size),
        aspect_ratio=math.exp(log_aspect) if elongated else 1.0,
        decay_time=3 * math.log(10) / decay,
        size_deviation=size_deviation,
        aspect_deviation=aspect_deviation if elongated else 0.0,
        explained=max(0.0, 1 - residual),
        confirmed=max(0.0, 1 - residual / left),
        score=log_evidence(setting, best),
    )


def _circles_first(fits: list[Fit]) -> list[Fit]:
    """Return fits with nearly circular ellipses behind a circle that explains the sound as well."""
    circle = next((fit for fit in fits if fit.family == "circle"), None)
    if circle is None:
        return fits
    longest, share = _ROUND
    return [
        replace(fit, score=min(fit.score, circle.score - 1))
        if fit.family == "ellipse"
        and math.log(fit.aspect_ratio) < longest
        and fit.explained < circle.explained + share
        else fit
        for fit in fits
    ]
