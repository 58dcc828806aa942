"""Fit the vertices of a polygon to a band of a sound: the objective, and steps to its minimum."""

import math
from typing import Final, NamedTuple

import numpy as np

from .._arrays import Float64
from ..geometry.radii import points_at, polygon_log_radii
from .bands import EDGE, SLOWEST, Band, expected
from .damped_partials import Evidence, evidence
from .fan_elements import fan_degree, fan_eigenvalues
from .vertices import (
    drum_of,
    log_size,
    radii_by_vertices,
    simplified,
    size_by_vertices,
)

_MOST_MODES: Final = 90
_FARTHEST: Final = 0.15  # step of a vertex, in units of the drum's size
_ATTEMPTS: Final = 6
_SETTLED: Final = 0.05  # of a unit of log likelihood
_LEAST_NOISE: Final = 1e-8  # of the power


class Prior(NamedTuple):
    """What is known before: log radii and log size, with their precisions."""

    outline: Float64
    precision: Float64
    size: float
    size_precision: float


class Place(NamedTuple):
    """A drum, and what an objective says of it.

    Vertices, shape (n, 2); decay rate at 0 Hz and its growth to the band's edge; minus the log
    posterior; what the data say; gradient and curvature by vertices and decays, 2 n + 2 of them;
    and the variance of the noise.
    """

    vertices: Float64
    decays: Float64
    cost: float
    evidence: Evidence
    gradient: Float64
    curvature: Float64
    noise: float


class Objective:
    """Minus the log posterior of polygons and decay rates, given a band of a sound.

    Args:
        band: of the sound.
        prior: of the outline.
        decay: a rough decay rate, 1/s.
        unknowns: of the elements that find the modes.
        wave_speed: m/s.
    """

    def __init__(
        self, band: Band, prior: Prior, decay: float, unknowns: int, wave_speed: float
    ) -> None:
        self.band, self.prior, self.decay = band, prior, decay
        self.unknowns, self.wave_speed = unknowns, wave_speed

    def share(self, noise: float) -> float:
        """Return the variance of a sample, of noise that is such a share of the power."""
        return noise * self.band.samples.energy / self.band.samples.freedom

    def at(self, vertices: Float64, decays: Float64, noise: float) -> Place | None:
        """Return the place; None where no drum has these vertices."""
        radii = polygon_log_radii(vertices)
        found = self._modes(vertices) if np.isfinite(radii).all() else None
        if found is None:
            return None
        frequencies, by_vertices = found
        slowness = np.exp(log_size(vertices)).reshape(1, 1) / self.wave_speed
        rates, prior, growth = expected(
            self.band, frequencies[None], decays[None], slowness, np.ones((1, len(frequencies)))
        )
        said = evidence(self.band.samples, rates, prior, np.array([noise]))
        k, n = by_vertices.shape
        jacobian = np.zeros((2 * k + 2, n + 2))
        omega = 2 * math.pi * frequencies
        jacobian[:k, :n] = 2 * math.pi * by_vertices * (omega / rates.imag[0, :k])[:, None]
        jacobian[k + 1 : -1, n], jacobian[k + 1 : -1, n + 1] = 1, growth[0]
        known, gradient, curvature = self._beforehand(vertices, radii, decays)
        return Place(
            vertices,
            decays,
            float(said.cost[0]) + known,
            said,
            gradient + jacobian.T @ said.slope[0],
            curvature + jacobian.T @ said.curvature[0] @ jacobian,
            noise,
        )

    def _modes(self, vertices: Float64) -> tuple[Float64, Float64] | None:
        """Return the frequencies in the band, Hz, and their derivatives, shapes (k,), (k, 2 n)."""
        drum = drum_of(vertices)
        if drum is None:
            return None
        # As many modes as Weyl's law counts up to there, and some more.
        top = 2 * math.pi * EDGE * self.band.highest / self.wave_speed
        count = (drum.area * top**2 - drum.perimeter * top) / (4 * math.pi)
        count = int(np.clip(1.05 * count + 5, 6, _MOST_MODES))
        degree = fan_degree(len(vertices), self.unknowns)
        found = fan_eigenvalues(vertices, np.array(drum.centroid), count, degree)
        if found is None:
            return None
        values, by_vertices = found
        values = values[values <= top**2]
        if not len(values):
            return None
        scale = self.wave_speed / (2 * math.pi)
        roots = np.sqrt(values)
        slopes = by_vertices[: len(values)].reshape(len(values), -1) / (2 * roots[:, None])
        return scale * roots, scale * slopes

    def _beforehand(
        self, vertices: Float64, radii: Float64, decays: Float64
    ) -> tuple[float, Float64, Float64]:
        """Return minus the log prior, its gradient and curvature by vertices and decays."""
        prior, n = self.prior, vertices.size
        by_radii, by_size = radii_by_vertices(vertices), size_by_vertices(vertices)
        offset, larger = radii - prior.outline, float(log_size(vertices)) - prior.size
        precision = 1 / (0.5 * self.decay + 1 / self.band.duration) ** 2
        faster = decays - (self.decay, 0.0)
        cost = offset @ prior.precision @ offset + prior.size_precision * larger**2
        gradient, curvature = np.empty(n + 2), precision * np.eye(n + 2)
        gradient[:n] = by_radii.T @ prior.precision @ offset
        gradient[:n] += prior.size_precision * larger * by_size
        gradient[n:] = precision * faster
        curvature[:n, :n] = by_radii.T @ prior.precision @ by_radii
        curvature[:n, :n] += prior.size_precision * np.outer(by_size, by_size)
        return float(cost + precision * faster @ faster) / 2, gradient, curvature


def climb(
    objective: Objective, vertices: Float64, decays: Float64, noise: float, rounds: tuple[int, ...]
) -> Place | None:
    """Return the nearest maximum of the posterior; None where no drum has these vertices.

    Steps of Levenberg and Marquardt; after each round of so many steps, the variance of the noise
    follows the residual. At first it is a share of the power.
    """
    samples = objective.band.samples
    place, damping = objective.at(vertices, decays, objective.share(noise)), 1e-2
    for i, steps in enumerate(rounds):
        if place is not None and i:
            left = samples.freedom - float(place.evidence.effective[0])
            variance = float(place.evidence.residual[0]) / max(left, 0.1 * samples.freedom)
            variance = max(variance, objective.share(_LEAST_NOISE))
            place = objective.at(place.vertices, place.decays, variance)
        if place is None:
            return None
        place, damping = _steps(objective, place, damping, steps)
    return place


def _steps(objective: Objective, place: Place, damping: float, steps: int) -> tuple[Place, float]:
    """Return where so many steps lead, less where they settle, and the damping then."""
    fastest = max(objective.decay, 1 / objective.band.duration)
    slowest = np.array([SLOWEST / objective.band.duration, 0])
    n = place.vertices.size
    for _ in range(steps):
        size = math.exp(float(log_size(place.vertices)))
        diagonal = np.maximum(np.diag(place.curvature), 0)
        diagonal[:n] += 1e-4 * diagonal[:n].mean()
        for _ in range(_ATTEMPTS):
            bend = place.curvature + damping * np.diag(diagonal)
            step = -np.linalg.solve(bend, place.gradient)
            far = np.abs(step[:n]).max() / (_FARTHEST * size), np.abs(step[n:]).max() / fastest
            step /= max(1.0, *far)
            moved = objective.at(
                place.vertices + step[:n].reshape(-1, 2),
                np.maximum(place.decays + step[n:], slowest),
                place.noise,
            )
            if moved is not None and moved.cost < place.cost:
                break
            damping *= 4
        else:
            break
        settled = place.cost - moved.cost < _SETTLED
        place, damping = moved, max(damping / 4, 1e-5)
        if settled:
            break
    return place, min(damping, 0.1)


def nearest_polygon(prior: Prior, corners: int) -> Float64:
    """Return the polygon of so many corners that is nearest to the outline, of its size."""
    vertices, damping = simplified(points_at(prior.outline), corners), 1e-2
    offset = polygon_log_radii(vertices) - prior.outline
    for _ in range(10):
        slopes = radii_by_vertices(vertices)
        curvature = slopes.T @ prior.precision @ slopes
        curvature += damping * np.diag(np.diag(curvature) + 1e-4 * np.diag(curvature).mean())
        step = -np.linalg.solve(curvature, slopes.T @ prior.precision @ offset)
        moved = vertices + step.reshape(-1, 2)
        after = polygon_log_radii(moved) - prior.outline
        better = np.isfinite(after).all() and drum_of(moved) is not None
        if better and after @ prior.precision @ after < offset @ prior.precision @ offset:
            vertices, offset, damping = moved, after, damping / 3
        else:
            damping *= 4
    return np.asarray(vertices * math.exp(prior.size - float(log_size(vertices))))
