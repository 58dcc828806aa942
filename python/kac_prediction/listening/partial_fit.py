"""Fit size, aspect ratio and decay of drums to a band of a sound, many hypotheses at a time.

Hypotheses are rows (log size, log aspect ratio, decay rate at 0 Hz, its growth to the band's edge).
"""

import math
from typing import Final, NamedTuple

import numpy as np

from .._arrays import Float64
from ..geometry.families import ELONGATED
from ..physics.ellipse_series import MOST_ELONGATED
from ..physics.partials import series
from .bands import EDGE, SLOWEST, Band, expected
from .damped_partials import Complex128, Evidence, evidence
from .fits import Fit

_CONVERGED: Final = 1e-3  # of a unit of log likelihood
_LARGEST_STEP: Final = (1.5, 3.0)  # in size and aspect ratio, in widths of a maximum
_WIDTH: Final = 0.4  # of a maximum, in cycles of the highest partial
_WIDEST: Final = 0.1
_DOUBT: Final = 8.0  # log likelihood: what a hypothesis far from all estimates costs, at most
_HUBER: Final = 1.5  # times Huber's deviations: measured on drums in rooms
_BEST: Final = 16  # partials whose frequencies are compared
_AGREEMENT: Final = 3e-5  # relative, up to which they agree, as in a room
_SYSTEMATIC: Final = (1.0, 2.0)  # deviation of size and aspect ratio over that: measured on FDTD
_LEAST_NOISE: Final = 1e-8  # of the power
# Of a fit in another band: noise at first, steps, and variance of size and aspect ratio beforehand.
_NOISE, _ROUNDS, _NEAR = 0.01, (3, 3, 3), 1.0


class Setting(NamedTuple):
    """What is fitted to what: a family, a band, and what is known beforehand.

    The wave speed is in m/s, the decay rate, a rough one, in 1/s, the size in metres; sizes found
    are from half to twice that. Estimates are rows of log size, log aspect ratio and the variances
    of both, shape (s, 4).
    """

    family: str
    band: Band
    wave_speed: float
    decay: float
    size: float
    estimates: Float64

    @property
    def width(self) -> float:
        """How wide a maximum of the likelihood is in the logarithm of the size."""
        return min(_WIDTH / (self.band.highest * self.band.duration), _WIDEST)


class Fitted(NamedTuple):
    """Hypotheses (h, 4), their cost (h,), evidence, slopes of rates by them (h, 2 k, 4), ..."""

    hypotheses: Float64
    cost: Float64
    evidence: Evidence
    jacobian: Float64
    noise: Float64
    rates: Complex128

    def take(self, rows: list[int]) -> "Fitted":
        """Return some of the hypotheses."""
        found = Evidence(*(each[rows] for each in self.evidence))
        rest = (self.hypotheses, self.cost, self.jacobian, self.noise)
        hypotheses, cost, jacobian, noise = (each[rows] for each in rest)
        return Fitted(hypotheses, cost, found, jacobian, noise, self.rates[rows])


class _Partials(NamedTuple):
    """Rates and prior variances of partials and a constant (h, k), slopes of rates (h, 2 k, 4)."""

    rates: Complex128
    prior: Float64
    jacobian: Float64


def scan(setting: Setting, hypotheses: Float64, noise: float) -> Float64:
    """Return the cost of hypotheses, shape (h,); the noise is a share of the power."""
    samples = setting.band.samples
    variance = np.full(len(hypotheses), noise * samples.energy / samples.freedom)
    partials = _partials(setting, hypotheses)
    found = evidence(samples, partials.rates, partials.prior, variance, slopes=False)
    return found.cost + _beforehand(setting, hypotheses).cost


def climb(setting: Setting, hypotheses: Float64, noise: float, rounds: tuple[int, ...]) -> Fitted:
    """Return hypotheses at the nearest maxima of the evidence.

    Steps of Gauss and Newton, damped as Levenberg and Marquardt do; after each round of so many
    steps, the variance of the noise follows the residual. At first it is a share of the power.
    """
    samples = setting.band.samples
    variance = np.full(len(hypotheses), noise * samples.energy / samples.freedom)
    fitted = _at(setting, _within(setting, hypotheses), variance)
    for i, steps in enumerate(rounds):
        if i:
            left = np.maximum(samples.freedom - fitted.evidence.effective, 0.1 * samples.freedom)
            least = _LEAST_NOISE * samples.energy / samples.freedom
            variance = np.maximum(fitted.evidence.residual / left, least)
            fitted = _at(setting, fitted.hypotheses, variance)
        fitted = _steps(setting, fitted, steps)
    return fitted


def deviations(setting: Setting, fitted: Fitted) -> Float64:
    """Return standard deviations of log size and log aspect ratio, shape (h, 2).

    The larger of what white noise leaves (the inverse curvature) and of what the disagreement of
    the partials says (Huber's estimate, each partial an observation); and where their frequencies
    disagree much, by that too: then the drum is none of the family exactly, and all may be wrong.
    """
    free = [0, 1, 2, 3] if setting.family in ELONGATED else [0, 2, 3]
    precision = _beforehand(setting, fitted.hypotheses).precision
    bend = _curvature(fitted) + precision[:, :, None] * np.eye(4)
    inverse = np.zeros(bend.shape)
    inner = np.ix_(range(len(bend)), free, free)
    inverse[inner] = np.linalg.inv(bend[inner] + 1e-9 * np.eye(len(free)))
    pulls = fitted.jacobian * fitted.evidence.slope[:, :, None]
    half = pulls.shape[1] // 2
    pulls = pulls[:, :half] + pulls[:, half:]
    spread = _HUBER**2 * inverse @ pulls.transpose(0, 2, 1) @ pulls @ inverse
    variances = [np.diagonal(each, axis1=1, axis2=2)[:, :2] for each in (inverse, spread)]
    systematic = _disagreement(fitted)[:, None] * np.array(_SYSTEMATIC)
    return np.asarray(np.sqrt(np.maximum(variances[0], variances[1]) + systematic**2))


def _disagreement(fitted: Fitted) -> Float64:
    """Return by how much the best determined frequencies want to move, above a threshold, (h,)."""
    count = fitted.rates.shape[1] - 1
    slope = fitted.evidence.slope[:, :count]
    bend = np.diagonal(fitted.evidence.curvature, axis1=1, axis2=2)[:, :count]
    omega = fitted.rates[:, :count].imag
    information = np.maximum(bend, 1e-300) * omega**2
    move = np.abs(slope) * omega / information
    best = np.argsort(-information, axis=1, kind="stable")[:, :_BEST]
    median = np.median(np.take_along_axis(move, best, axis=1), axis=1)
    noise = 1 / np.median(np.take_along_axis(information, best, axis=1), axis=1)
    excess = np.sqrt(np.maximum((1.48 * median) ** 2 - noise, 0))
    return np.asarray(np.maximum(excess - _AGREEMENT, 0))


def log_evidence_in(band: Band, fit: Fit, decay: float, wave_speed: float, noise: float) -> float:
    """Return the log evidence of a fit in another band, with a least variance of the noise.

    The decay rate, a rough one, is in 1/s, the wave speed in m/s.
    """
    place = [math.log(fit.drum_size), math.log(fit.aspect_ratio)]
    near = np.array([[*place, _NEAR, _NEAR]])
    setting = Setting(fit.family, band, wave_speed, decay, fit.drum_size, near)
    fitted = climb(setting, np.array([[*place, decay, 0.0]]), _NOISE, _ROUNDS)
    return log_evidence(setting, _at(setting, fitted.hypotheses, np.maximum(fitted.noise, noise)))


def log_evidence(setting: Setting, fitted: Fitted) -> float:
    """Return the log evidence of the first hypothesis, less half a logarithm for each parameter."""
    dimensions = 2 if setting.family in ELONGATED else 1
    return -float(fitted.cost[0]) - (dimensions + 2) / 2 * math.log(setting.band.samples.freedom)


def energies(setting: Setting, fitted: Fitted) -> Float64:
    """Return the energy of each partial alone, shape (h, k)."""
    decay = -fitted.rates[:, :-1].real
    step = setting.band.samples.step
    unit = -np.expm1(-2 * decay * setting.band.duration) / (4 * decay * step)
    cosines, sines = np.split(fitted.evidence.amplitudes, 2, axis=1)
    energy: Float64 = (cosines**2 + sines**2)[:, :-1] * unit
    return energy


def _curvature(fitted: Fitted) -> Float64:
    """Return the curvature of the cost by the hypotheses, shape (h, 4, 4)."""
    jacobian = fitted.jacobian
    return jacobian.transpose(0, 2, 1) @ fitted.evidence.curvature @ jacobian


def _steps(setting: Setting, fitted: Fitted, steps: int) -> Fitted:
    """Return where so many steps lead, less where they converge."""
    fixed = np.array([False, setting.family not in ELONGATED, False, False])
    decay = max(setting.decay, 1 / setting.band.duration)
    limit = np.array([*(setting.width * np.array(_LARGEST_STEP)), decay, decay])
    damping = np.full(len(fitted.hypotheses), 1e-3)
    for _ in range(steps):
        slope = (fitted.jacobian * fitted.evidence.slope[:, :, None]).sum(axis=1)
        prior = _beforehand(setting, fitted.hypotheses)
        slope = np.where(fixed, 0, slope + prior.precision * (fitted.hypotheses - prior.mean))
        bend = _curvature(fitted) + prior.precision[:, :, None] * np.eye(4)
        bend[:, fixed, :] = bend[:, :, fixed] = 0
        diagonal = np.maximum(np.diagonal(bend, axis1=1, axis2=2), 1e-12)
        bend += (diagonal * damping[:, None] + fixed)[:, :, None] * np.eye(4)
        step = -np.linalg.solve(bend, slope[:, :, None])[:, :, 0]
        gain = -(step * slope).sum(axis=1)
        if (gain < _CONVERGED).all():
            break
        step *= np.minimum(1, (limit / np.maximum(np.abs(step), 1e-300)).min(axis=1))[:, None]
        moved = _within(setting, fitted.hypotheses + step)
        tried = _at(setting, moved, fitted.noise)
        better = tried.cost < fitted.cost
        damping = np.where(better, damping / 5, damping * 8)
        if better.all():
            fitted = tried
        elif better.any():
            fitted = _at(setting, np.where(better[:, None], moved, fitted.hypotheses), fitted.noise)
    return fitted


def _within(setting: Setting, hypotheses: Float64) -> Float64:
    """Return hypotheses with sizes, aspect ratios and decay rates in their ranges."""
    moved = hypotheses.copy()
    middle = math.log(setting.size)
    moved[:, 0] = np.clip(moved[:, 0], middle - math.log(2), middle + math.log(2))
    moved[:, 1] = np.minimum(np.abs(moved[:, 1]), math.log(MOST_ELONGATED))
    moved[:, 2] = np.maximum(moved[:, 2], SLOWEST / setting.band.duration)
    moved[:, 3] = np.maximum(moved[:, 3], 0)
    return moved


class _Prior(NamedTuple):
    """Gaussians about hypotheses, mean and precision (h, 4), and what they cost them (h,)."""

    mean: Float64
    precision: Float64
    cost: Float64


def _beforehand(setting: Setting, hypotheses: Float64) -> _Prior:
    """Return what the nearest estimate and the decay say of hypotheses.

    Far from all estimates there is no slope, and a cost that a tenth of a second of sound outweighs
    by far: estimates may be wrong altogether.
    """
    estimates = setting.estimates
    away = hypotheses[:, None, :2] - estimates[:, :2]
    cost = (away**2 / estimates[:, 2:]).sum(axis=2) / 2
    nearest, rows = cost.argmin(axis=1), np.arange(len(hypotheses))
    cost = cost[rows, nearest]
    mean, precision = np.zeros((2, len(hypotheses), 4))
    mean[:, :2] = estimates[nearest, :2]
    precision[:, :2] = np.where(cost < _DOUBT, 1, 0)[:, None] / estimates[nearest, 2:]
    mean[:, 2] = setting.decay
    precision[:, 2:] = 1 / (0.5 * setting.decay + 1 / setting.band.duration) ** 2
    decay = (precision[:, 2:] * (hypotheses - mean)[:, 2:] ** 2).sum(axis=1) / 2
    return _Prior(mean, precision, np.minimum(cost, _DOUBT) + decay)


def _at(setting: Setting, hypotheses: Float64, noise: Float64) -> Fitted:
    """Return hypotheses with what the data say of them."""
    partials = _partials(setting, hypotheses)
    found = evidence(setting.band.samples, partials.rates, partials.prior, noise)
    cost = found.cost + _beforehand(setting, hypotheses).cost
    return Fitted(hypotheses, cost, found, partials.jacobian, noise, partials.rates)


def _partials(setting: Setting, hypotheses: Float64) -> _Partials:
    """Return the partials of hypotheses in the band."""
    band, slowness = setting.band, np.exp(hypotheses[:, :1]) / setting.wave_speed
    top = EDGE * band.highest
    found = series(setting.family, hypotheses[:, 1], float(2 * slowness.max() * top))
    frequencies = found.numbers / (2 * slowness)
    rates, prior, growth = expected(band, frequencies, hypotheses[:, 2:], slowness, found.modes)
    h, k = growth.shape
    omega, jacobian = rates.imag[:, :k], np.zeros((h, 2 * k + 2, 4))
    jacobian[:, :k, 0], jacobian[:, :k, 1] = -omega, omega * found.slopes
    jacobian[:, k + 1 : -1, 2], jacobian[:, k + 1 : -1, 3] = 1, growth
    return _Partials(rates, prior, jacobian)
