"""Fit the vertices of a polygon to partials: the objective, and steps to its minimum."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from .fan_elements import fan_degree, fan_eigenvalues
from .matching import Matching, match_partials
from .vertices import (
    drum_of,
    log_radii,
    log_size,
    outline_of,
    radii_by_vertices,
    simplified,
    size_by_vertices,
)

Float64 = npt.NDArray[np.float64]


class Stage(NamedTuple):
    """How closely the lowest partials are fitted, and by how many of the starts."""

    partials: int
    tolerance: float  # of their distance to the modes, relative standard deviation
    steps: int  # at most
    unknowns: int  # of the elements
    starts: int  # that are followed, the best of those before


# Measured on polygons and stars from a network's outlines.
STAGES: Final = (
    Stage(10, 1e-2, 8, 220, 12),
    Stage(20, 5e-3, 8, 360, 5),
    Stage(40, 2e-3, 12, 560, 2),
)
FITS: Final = 2e-3  # relative misfit of the partials up to which outlines come nearer
_CLOSEST: Final = 3e-4  # relative deviation of partials that other errors hide
_MOST_MODES: Final = 70
_FARTHEST: Final = 0.15  # step of a vertex, in units of the drum's size
_ATTEMPTS: Final = 7
_GOOD: Final = 6e-4  # relative misfit of frequencies at which no other starts are tried
_SETTLED: Final = 5e-3
_BUDGET: Final = 330.0  # drums of as many unknowns as those of the first stage: 1.7 s of one core


class Prior(NamedTuple):
    """What is known before: log radii and log size, with their precisions."""

    outline: Float64
    precision: Float64
    size: float
    size_precision: float


class Place(NamedTuple):
    """Vertices and what an objective says of them."""

    vertices: Float64
    matching: Matching
    cost: float
    known: float  # the part of the cost that is the prior's
    differences: Float64  # of assigned partials, log frequency
    gradient: Float64
    curvature: Float64

    @property
    def misfit(self) -> float:
        """The root mean square of the differences."""
        return float(np.sqrt(np.mean(self.differences**2))) if len(self.differences) else math.inf

    def score(self, partials: int) -> float:
        """Return twice minus the log evidence, about, at whatever deviation explains it best.

        Schwarz's criterion: each number that is fitted costs the logarithm of how many are fitted.
        """
        variance = self.misfit**2 + _CLOSEST**2
        apart = 2 * self.matching.left_out + self.known
        return partials * math.log(variance) + self.vertices.size * math.log(partials) + apart

    def assigned(self, partials: int) -> float:
        """Return the share of so many partials that are assigned to modes."""
        return len(self.differences) / partials


class Objective:
    """Minus the log posterior of vertices, given so many of the lowest partials."""

    def __init__(self, partials: Float64, deviations: Float64, prior: Prior) -> None:
        self.all_partials, self.all_deviations, self.prior = partials, deviations, prior
        self.work = 0.0
        self.stage(STAGES[0])

    def stage(self, stage: Stage) -> None:
        """Fit the lowest partials, up to a tolerance."""
        self.unknowns, count = stage.unknowns, stage.partials
        self.partials = self.all_partials[:count]
        self.deviations = np.hypot(self.all_deviations[:count], stage.tolerance)

    @property
    def spent(self) -> bool:
        """Whether the modes of as many drums were found as there is time for."""
        return self.work >= _BUDGET

    def at(self, vertices: Float64) -> Place | None:
        """Return the place; None where no drum has these vertices."""
        radii, drum = log_radii(vertices), drum_of(vertices)
        if drum is None or not np.isfinite(radii).all():
            return None
        self.work += (self.unknowns / STAGES[0].unknowns) ** 2
        # As many modes as Weyl's law counts up to beyond the last partial, and some more.
        top = 1.03 * math.exp(self.partials[-1])
        count = (drum.area * top**2 - drum.perimeter * top) / (4 * math.pi)
        count = int(np.clip(1.05 * count + 4, len(self.partials), _MOST_MODES))
        degree = fan_degree(len(vertices), self.unknowns)
        found = fan_eigenvalues(vertices, np.array(drum.centroid), count, degree)
        if found is None:
            return None
        values, by_vertices = found
        logs = np.log(values) / 2
        matching = match_partials(self.partials, logs, self.deviations)
        differences = self.partials[matching.partials] - logs[matching.modes]
        slopes = by_vertices.reshape(len(values), -1)[matching.modes]
        slopes /= 2 * values[matching.modes, None]
        weights = 1 / self.deviations[matching.partials] ** 2
        by_radii, by_size = radii_by_vertices(vertices), size_by_vertices(vertices)
        offset, prior = radii - self.prior.outline, self.prior
        larger = float(log_size(vertices)) - prior.size
        known = float(offset @ prior.precision @ offset) + prior.size_precision * larger**2
        return Place(
            vertices,
            matching,
            2 * matching.cost + known,
            known,
            differences,
            -slopes.T @ (weights * differences)
            + by_radii.T @ prior.precision @ offset
            + prior.size_precision * larger * by_size,
            slopes.T @ (weights[:, None] * slopes)
            + by_radii.T @ prior.precision @ by_radii
            + prior.size_precision * np.outer(by_size, by_size),
        )


def fitted(objective: Objective, corners: Sequence[int], outlines: Sequence[Prior]) -> list[Place]:
    """Return where vertices settle, the best first, from each outline on, of each number of them.

    From stage to stage fewer are followed, those that explain the partials best.
    """
    places: list[tuple[Place, float]] = []
    for prior in outlines:
        for number in corners:
            place = objective.at(_nearest_polygon(prior, number))
            if place is not None and len(places) < STAGES[0].starts:
                places.append(_settle(objective, place, 1e-2, STAGES[0].steps))
    for stage in STAGES[1:]:
        objective.stage(stage)
        places.sort(key=lambda each: each[0].cost)
        settled = []
        for place, damping in places[: stage.starts]:
            again = None if objective.spent else objective.at(place.vertices)
            if again is not None:
                settled.append(_settle(objective, again, damping, stage.steps))
            if settled and settled[-1][0].misfit < _GOOD:
                break
        places = settled
    count = len(objective.all_partials)
    found = sorted((place for place, _ in places), key=lambda place: place.score(count))
    if found and found[0].misfit < FITS:
        # What explains the partials is no longer held back by where it began.
        closer = max(_CLOSEST, found[0].misfit / 2)
        objective.stage(STAGES[-1]._replace(tolerance=closer))
        place = objective.at(found[0].vertices) or found[0]
        found[0], _ = _settle(objective, place, 1e-2, STAGES[-1].steps)
    return found


def _settle(objective: Objective, place: Place, damping: float, steps: int) -> tuple[Place, float]:
    """Return a place of lower cost by steps of Levenberg and Marquardt, and the damping then."""
    for _ in range(steps):
        if objective.spent:
            break
        size = math.exp(float(log_size(place.vertices)))
        diagonal = np.diag(place.curvature)
        stiff = np.diag(diagonal + 1e-4 * diagonal.mean())
        for _ in range(_ATTEMPTS):
            step = -np.linalg.solve(place.curvature + damping * stiff, place.gradient)
            step *= min(1, _FARTHEST * size / np.abs(step).max())
            moved = objective.at(place.vertices + step.reshape(-1, 2))
            if moved is not None and moved.cost < place.cost:
                break
            damping *= 4
        else:
            break
        settled = place.cost - moved.cost < _SETTLED * place.cost
        place, damping = moved, max(damping / 4, 1e-5)
        if settled:
            break
    return place, min(damping, 0.1)


def _nearest_polygon(prior: Prior, corners: int) -> Float64:
    """Return the polygon of so many corners that is nearest to the outline, of its size."""
    vertices, damping = simplified(outline_of(prior.outline), corners), 1e-2
    offset = log_radii(vertices) - prior.outline
    for _ in range(10):
        slopes = radii_by_vertices(vertices)
        curvature = slopes.T @ prior.precision @ slopes
        curvature += damping * np.diag(np.diag(curvature) + 1e-4 * np.diag(curvature).mean())
        step = -np.linalg.solve(curvature, slopes.T @ prior.precision @ offset)
        moved = vertices + step.reshape(-1, 2)
        after = log_radii(moved) - prior.outline
        better = np.isfinite(after).all() and drum_of(moved) is not None
        if better and after @ prior.precision @ after < offset @ prior.precision @ offset:
            vertices, offset, damping = moved, after, damping / 3
        else:
            damping *= 4
    return np.asarray(vertices * math.exp(prior.size - float(log_size(vertices))))
