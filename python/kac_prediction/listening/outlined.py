"""What the measured partials of a polygon or star add to a network's outline."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from ..geometry import Polygon
from ..samplers.shapes import elongation
from .classical.partials import weyl_series
from .measurement import measure_partials
from .network import SPEED, Answer, outline_of
from .outline_refinement import refine_outline
from .prediction import Prediction, Spread

_MODES: Final = 40  # the lowest, whose frequencies are fitted
_FEWEST: Final = 8  # of them that must be heard
_RAREST: Final = 1e-3  # probability of what a network rules out
# Standard deviations of logarithms that no fit is surer than.
_SIZE, _ASPECT = 5e-4, 5e-3
# And what they grow by with the misfit: 90 % of the fits lie within.
_SIZE_BY, _ASPECT_BY = 2.0, 13.0


# A star has 0.9 of the area of its convex hull at most, a convex polygon all of it: by how much a
# fitted one may be off.
_BETWEEN, _OFF = 0.95, 0.01
# The odds of a polygon where the outline does not fit so many partials (`_ENOUGH`), though a convex
# one is likely to, and by how much it may be off then. Of 60 simulated sounds, half of them at
# 20 dB, 53 were named rightly by all of this, 49 by the network.
_UNFIT, _UNFIT_OFF = 0.4, 0.03
# Relative misfit up to which, so many partials given, the size is that of an outline that does not
# fit, and what its Laplace scale is at least, else that of the network: of 21 such sizes 17
# came nearer.
_NEAR, _ENOUGH, _ASSIGNED = 4.5e-3, 20, 0.8
_NEAR_SIZE = 0.02


def with_outline(
    found: Prediction, answer: Answer, sound: npt.NDArray[np.float64], sample_rate: int
) -> Prediction:
    """Return a prediction with the outline, size and elongation that its partials tell.

    The fit of vertices to the partials of a sound, from the strike on, begins with the network's
    outline, which is kept where too few partials are heard, or they do not fit.
    """
    log_size, size_scale = float(answer.logarithms[0]), float(answer.scales[0])
    size = math.exp(log_size)
    highest = float(weyl_series(_MODES)[-1]) * SPEED / (2 * size)
    partials = measure_partials(sound, sample_rate, _MODES, highest)
    if len(partials) < _FEWEST:
        return found
    fit = refine_outline(
        partials.frequencies,
        partials.deviations,
        answer.log_radii,
        size,
        family="star",  # a fit of one that turns out convex is one of a polygon
        size_spread=math.sqrt(2) * size_scale,  # of a Laplace distribution
        wave_speed=SPEED,
    )
    drum = Polygon(fit.vertices)
    if not fit.fits and len(partials) < _ENOUGH:
        return found  # so few say nothing by not fitting
    if not fit.fits:
        odds = _UNFIT * math.exp((drum.solidity - _BETWEEN) / _UNFIT_OFF)
        found = replace(found, probabilities=_with_odds(found.probabilities, odds))
        near = fit.misfit < _NEAR and fit.assigned >= _ASSIGNED
        return _of_size(found, math.sqrt(drum.area), size_scale) if near else found
    return replace(
        found,
        probabilities=_by_convexity(found.probabilities, drum),
        drum_size=fit.drum_size,
        aspect_ratio=max(1.0, elongation(drum)),
        outline=fit.drum_size * outline_of(found.family, 1.0, fit.log_radii),
        spreads={
            **found.spreads,
            "drum_size": Spread(
                "normal", math.hypot(_SIZE, fit.size_deviation, _SIZE_BY * fit.misfit)
            ),
            "aspect_ratio": Spread("normal", math.hypot(_ASPECT, _ASPECT_BY * fit.misfit)),
        },
    )


def _of_size(found: Prediction, drum_size: float, scale: float) -> Prediction:
    """Return a prediction with the size of an outline that is near, though it does not fit."""
    spread = Spread("laplace", max(_NEAR_SIZE, scale))
    return replace(
        found,
        drum_size=drum_size,
        outline=found.outline * (drum_size / found.drum_size),
        spreads={**found.spreads, "drum_size": spread},
    )


def _by_convexity(probabilities: Mapping[str, float], drum: Polygon) -> dict[str, float]:
    """Return probabilities of which the share of polygons and stars goes by a fitted outline."""
    return _with_odds(probabilities, math.exp((drum.solidity - _BETWEEN) / _OFF))


def _with_odds(probabilities: Mapping[str, float], odds: float) -> dict[str, float]:
    """Return probabilities, the odds of a polygon against a star multiplied."""
    both = probabilities["polygon"] + probabilities["star"]
    odds *= max(probabilities["polygon"] / max(probabilities["star"], _RAREST), _RAREST)
    polygon = both * odds / (1 + odds)
    return {**probabilities, "polygon": polygon, "star": both - polygon}
