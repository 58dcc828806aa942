"""Fit the vertices of a polygon to partials: the objective, and steps to its minimum."""

import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from ..physics import modes
from .matching import Matching, match_partials
from .vertices import (
    drum_of,
    log_radii,
    log_size,
    outline_of,
    radii_by_vertices,
    simplified,
    size_by_vertices,
    wall_shares,
)

Float64 = npt.NDArray[np.float64]

# Measured on convex polygons from a network's outlines: how many of the lowest partials are fitted,
# how far they may lie from the modes (relative standard deviation), in at most how many steps.
STAGES: Final = ((10, 1e-2, 8), (20, 5e-3, 8), (40, 2e-3, 12))
FITS: Final = 2e-3  # relative misfit of the partials up to which outlines come nearer
_CLOSEST: Final = 3e-4  # relative deviation of partials that other errors hide
_MOST_MODES: Final = 100
_FARTHEST: Final = 0.15  # step of a vertex, in units of the drum's size
_ATTEMPTS: Final = 7
_SETTLED: Final = 5e-3
_BUDGET: Final = 130  # convex drums whose modes are found


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
        self.drums = 0
        self.stage(*STAGES[0][:2])

    def stage(self, count: int, tolerance: float) -> None:
        """Fit the lowest partials, up to a tolerance."""
        self.partials = self.all_partials[:count]
        self.deviations = np.hypot(self.all_deviations[:count], tolerance)

    @property
    def spent(self) -> bool:
        """Whether the modes of as many drums were found as there is time for."""
        return self.drums >= _BUDGET

    def at(self, vertices: Float64) -> Place | None:
        """Return the place; None where no drum has these vertices."""
        radii, drum = log_radii(vertices), drum_of(vertices)
        if drum is None or not np.isfinite(radii).all():
            return None
        self.drums += 1 if drum.convex else 2  # re-entrant corners take as long again
        # As many modes as Weyl's law counts up to beyond the last partial, and some more.
        top = 1.03 * math.exp(self.partials[-1])
        count = (drum.area * top**2 - drum.perimeter * top) / (4 * math.pi)
        try:
            found = modes(drum, int(np.clip(1.05 * count + 4, len(self.partials), _MOST_MODES)))
        except (ValueError, ArithmeticError):
            return None
        logs = np.log(found.eigenvalues) / 2 - math.log(drum.area) / 2
        matching = match_partials(self.partials, logs, self.deviations)
        differences = self.partials[matching.partials] - logs[matching.modes]

        def displacements(points: Float64) -> Float64:
            shares = wall_shares(vertices, points)
            return (shares[:, None, :, None] * np.eye(2)[:, None]).reshape(len(points), 2, -1)

        slopes = found.derivatives(displacements)[matching.modes]
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


def fitted(objective: Objective, corners: int) -> Place | None:
    """Return where the vertices settle, from the outline of the prior on."""
    vertices: Float64 | None = _nearest_polygon(objective.prior, corners)
    place, damping = None, 1e-2
    for count, tolerance, steps in STAGES:
        if vertices is None:
            return None
        objective.stage(count, tolerance)
        if place is None:
            vertices = _rescaled(objective, vertices)
        place = objective.at(vertices)
        if place is None:
            return None
        place, damping = _settle(objective, place, damping, steps)
        vertices = place.vertices
    if place is not None and place.misfit < FITS:
        # What explains the partials is no longer held back by where it began.
        objective.stage(STAGES[-1][0], max(_CLOSEST, place.misfit / 2))
        place = objective.at(place.vertices) or place
        place, _ = _settle(objective, place, damping, STAGES[-1][2])
    return place


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


def _rescaled(objective: Objective, vertices: Float64) -> Float64:
    """Return the vertices at the size at which the lowest partials are explained best."""
    drum = drum_of(vertices)
    if drum is None:
        return vertices
    found = modes(drum, 3 * len(objective.partials))
    logs = np.log(found.eigenvalues) / 2 - math.log(drum.area) / 2
    sizes = np.linspace(-3, 3, 61) / math.sqrt(objective.prior.size_precision)
    costs = [
        2 * match_partials(objective.partials, logs - size, objective.deviations).cost
        + objective.prior.size_precision * size**2
        for size in sizes
    ]
    return np.asarray(vertices * math.exp(sizes[np.argmin(costs)]))
