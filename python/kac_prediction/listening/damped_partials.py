"""Damped partials fitted to a sound: likelihood with the amplitudes solved for, and its slopes.

A sound is z(t) = sum_k exp(-sigma_k t) (a_k cos(omega_k t) + b_k sin(omega_k t)) plus white noise,
and the amplitudes are Gaussian beforehand, so that they integrate out ("variable projection" with a
ridge; the evidence of Bayesian linear regression). Inner products of partials are geometric series,
so that a hypothesis costs what the number of its partials asks for, hardly that of the samples.
Sources: Golub and Pereyra, "Separable nonlinear least squares: the variable projection method and
its applications", Inverse Problems 19 (2003); MacKay, "Bayesian interpolation", Neural Computation
4 (1992).
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from .._arrays import Float64

Complex128 = npt.NDArray[np.complex128]

_BLOCK: Final = 64  # samples; exponentials of a sound are made from those of a block


@dataclass(frozen=True)
class Samples:
    """A sound in a band: the samples, seconds between them, the numbers that it holds in effect."""

    values: Float64  # shape (n,)
    step: float
    freedom: float

    @property
    def energy(self) -> float:
        """The sum of the squares."""
        return float(self.values @ self.values)


class Evidence(NamedTuple):
    """What the data say of each of h hypotheses of k partials (cosines, then sines: 2 k)."""

    cost: Float64  # minus the log evidence, shape (h,)
    amplitudes: Float64  # shape (h, 2 k)
    residual: Float64  # energy of what is left, shape (h,)
    effective: Float64  # how many of the amplitudes the data determine, shape (h,)
    slope: Float64  # of the cost by omega and sigma of each partial, shape (h, 2 k)
    curvature: Float64  # shape (h, 2 k, 2 k), that of Gauss and Newton


def evidence(
    samples: Samples,
    rates: Complex128,
    prior: Float64,
    noise: Float64,
    *,
    slopes: bool = True,
) -> Evidence:
    """Return the evidence of hypotheses.

    Args:
        samples: the sound.
        rates: -sigma + i omega of each partial, 1/s, shape (h, k); sigma above 0.
        prior: variance of the amplitudes, shape (h, k); 0: there is no such partial.
        noise: variance of a sample's noise, shape (h,).
        slopes: also compute slope and curvature, else 0.
    """
    hypotheses, partials = rates.shape
    scale = np.sqrt(np.concatenate([prior, prior], axis=1))
    gram = _gram(rates, samples, 2 if slopes else 0)
    heard = _projections(rates, samples, 1 if slopes else 0)
    shrunk = scale[:, :, None] * gram[0] * scale[:, None, :] / noise[:, None, None]
    shrunk += np.eye(2 * partials)
    inverse = np.linalg.inv(shrunk)
    inverse = (inverse + inverse.transpose(0, 2, 1)) / 2
    # The covariance of the amplitudes is inverse scaled; the amplitudes are that times heard.
    covariance = scale[:, :, None] * inverse * scale[:, None, :] / noise[:, None, None]
    amplitudes = _times(covariance, heard[0])
    misfit = samples.energy - _dot(heard[0], amplitudes)
    explained = _dot(amplitudes, _times(gram[0], amplitudes))
    residual = np.maximum(samples.energy - 2 * _dot(heard[0], amplitudes) + explained, 0)
    logarithm = 2 * np.log(np.diagonal(np.linalg.cholesky(shrunk), axis1=1, axis2=2)).sum(axis=1)
    cost = (misfit / noise + logarithm + samples.freedom * np.log(noise)) / 2
    effective = 2 * partials - np.trace(inverse, axis1=1, axis2=2)
    if slopes:
        slope, bend = _slopes(gram, heard[1], amplitudes, covariance, noise)
    else:
        slope, bend = np.zeros((hypotheses, 2 * partials)), np.zeros((hypotheses, 0, 0))
    return Evidence(cost, amplitudes, residual, effective, slope, bend)


def inner_products(rates: Complex128, samples: Samples) -> tuple[Float64, Float64]:
    """Return those of the partials with each other, (h, 2 k, 2 k), and with the sound, (h, 2 k)."""
    return _gram(rates, samples, 0)[0], _projections(rates, samples, 0)[0]


def _slopes(
    gram: list[Float64], late: Float64, amplitudes: Float64, covariance: Float64, noise: Float64
) -> tuple[Float64, Float64]:
    """Return slope and curvature of the cost; `late` is the sound's projection, weighted by t."""
    hypotheses, n = len(amplitudes), amplitudes.shape[1] // 2
    left = late - _times(gram[1], amplitudes)
    turned = covariance @ gram[1]
    a, b, p, q = amplitudes[:, :n], amplitudes[:, n:], left[:, :n], left[:, n:]
    cc, cs, sc, ss = (_diagonals(turned, n, quarter) for quarter in range(4))
    by_omega = (q * a - p * b) / noise[:, None] + sc - cs
    by_sigma = (p * a + q * b) / noise[:, None] - cc - ss
    rest = (gram[2] - gram[1] @ turned) / noise[:, None, None]
    r = [[rest[:, :n, :n], rest[:, :n, n:]], [rest[:, n:, :n], rest[:, n:, n:]]]
    # Movements of each partial: by omega (b, -a) on t cos and t sin, by sigma (-a, -b).
    moves = ((b, -a), (-a, -b))
    bend = np.empty((hypotheses, 2 * n, 2 * n))
    for i in range(2):
        for j in range(2):
            bend[:, i * n : (i + 1) * n, j * n : (j + 1) * n] = sum(
                moves[i][u][:, :, None] * r[u][v] * moves[j][v][:, None, :]
                for u in range(2)
                for v in range(2)
            )
    return np.concatenate([by_omega, by_sigma], axis=1), bend


def _times(matrix: Float64, vector: Float64) -> Float64:
    """Return matrices times vectors, (h, n, n) by (h, n)."""
    product: Float64 = (matrix @ vector[:, :, None])[:, :, 0]
    return product


def _dot(x: Float64, y: Float64) -> Float64:
    """Return the inner product of each row."""
    product: Float64 = (x * y).sum(axis=1)
    return product


def _diagonals(matrix: Float64, n: int, quarter: int) -> Float64:
    """Return the diagonal of a quarter of matrices (h, 2 n, 2 n)."""
    row, column = divmod(quarter, 2)
    part = matrix[:, row * n : (row + 1) * n, column * n : (column + 1) * n]
    return np.diagonal(part, axis1=1, axis2=2)


def _gram(rates: Complex128, samples: Samples, moments: int) -> list[Float64]:
    """Return inner products of partials weighted by t^0 ... t^moments, each (h, 2 k, 2 k).

    With x = exp((s_j + s_k) step), sum_n x^n = (1 - x^N) / (1 - x), and x d/dx gives the moments.
    """
    step, count = samples.step, len(samples.values)
    each, last = np.exp(rates * step), np.exp(rates * (step * count))
    sums = []
    for other, end in ((each, last), (each.conj(), last.conj())):
        x = each[:, :, None] * other[:, None, :]
        p = last[:, :, None] * end[:, None, :]
        y = 1 / (1 - x)
        q = 1 - p
        series = [q * y]
        if moments:
            y1 = x * y * y
            y2 = y1 * (2 * y - 1)
            p *= count
            series.append((q * y1 - p * y) * step)
            series.append((q * y2 - 2 * p * y1 - count * p * y) * step**2)
        sums.append(series)
    partials = rates.shape[1]
    grams = []
    for plus, minus in zip(*sums, strict=True):
        gram = np.empty((len(rates), 2 * partials, 2 * partials))
        gram[:, :partials, :partials] = (minus.real + plus.real) / 2
        gram[:, partials:, partials:] = (minus.real - plus.real) / 2
        gram[:, :partials, partials:] = cross = (plus.imag - minus.imag) / 2
        gram[:, partials:, :partials] = cross.transpose(0, 2, 1)
        grams.append(gram)
    return grams


def _projections(rates: Complex128, samples: Samples, moments: int) -> list[Float64]:
    """Return inner products of partials and t^0 ... t^moments times the sound, each (h, 2 k)."""
    blocks = -(-len(samples.values) // _BLOCK)
    padded = np.zeros(blocks * _BLOCK)
    padded[: len(samples.values)] = samples.values
    sound = padded.reshape(blocks, _BLOCK).T
    s = rates.reshape(-1, 1)
    within, begin = np.arange(_BLOCK) * samples.step, np.arange(blocks) * (_BLOCK * samples.step)
    inner, outer = np.exp(s * within), np.exp(s * begin)

    def project(weighted: Float64) -> Complex128:
        product: Complex128 = inner.real @ weighted + 1j * (inner.imag @ weighted)
        return product

    first = project(sound)
    sums = [(first * outer).sum(axis=1)]
    if moments:
        second = project(within[:, None] * sound)
        sums.append(((second + first * begin) * outer).sum(axis=1))
    return [
        np.concatenate([part.real, part.imag], axis=1)
        for part in (each.reshape(rates.shape) for each in sums)
    ]
