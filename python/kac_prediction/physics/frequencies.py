"""The frequencies at which a drum of any shape sounds."""

import math
from typing import Literal

import numpy as np

from .._arrays import Float64
from .._blas import one_thread
from .._checks import check_choice, check_count, check_number
from ..geometry import Shape
from ..geometry.shape import check_shape


def eigenfrequencies(
    shape: Shape,
    n: int,
    drum_size: float = 1.0,
    wave_speed: float = 100.0,
    *,
    method: Literal["elements", "grid"] = "elements",
    sample_rate: float = 48000.0,
) -> Float64:
    """Return the lowest n frequencies at which a drum of any shape sounds, undamped.

    f = c sqrt(lambda) / (2 pi L), where lambda is a Dirichlet eigenvalue of the shape scaled to
    unit area. Ten take about a tenth of a second, 200 a second; from there the time grows with
    the square of their number and more, with the number of corners and in very long shapes: half a
    minute for a needle of 1 to 1000. What would take much longer is refused.

    Args:
        shape: any shape, of any size, anywhere; only its proportions matter.
        n: how many, from 1. Frequencies that coincide are counted as often as they occur.
        drum_size: L, the square root of the area, metres.
        wave_speed: c, m/s.
        method: the solver. "elements": finite elements, with a relative error below 1e-6 for the
            first 30 frequencies of smooth shapes and of polygons, also with re-entrant corners,
            below 3e-6 for hundreds, and below 1e-5 for polygons with dozens of corners and narrow
            passages. "grid": the finite difference scheme at `sample_rate`, of the five-point
            Laplacian on its `drum_grid` with the smallest stable step, and of its leapfrog in time;
            mostly within 0.2 % of the truth at L = 0.3 m and 48 kHz.
        sample_rate: of the grid's scheme, 1/s; elements do without.

    Returns:
        Hz, ascending, shape (n,).

    Raises:
        ValueError: a number is out of range, `method` is unknown, the shape's outline is not usable
            or meets itself, the shape is too thin or the modes are too many for the elements, or
            the grid has fewer than n nodes.
        TypeError: `n` is not an integer, or `shape` not a shape.
    """
    check_shape("shape", shape)
    n = check_count("n", n)
    check_choice("method", method, ("elements", "grid"))
    drum_size = check_number("drum_size", drum_size, above=0)
    wave_speed = check_number("wave_speed", wave_speed, above=0)
    sample_rate = check_number("sample_rate", sample_rate, above=0)
    with one_thread():
        if method == "elements":
            # Imported where it is used: SciPy's solvers take as long to load as drums to solve.
            from .elements.eigenvalues import element_eigenvalues

            return wave_speed / (2 * math.pi * drum_size) * np.sqrt(element_eigenvalues(shape, n))
        from scipy.sparse import csc_array, identity

        from .elements.spectrum import lowest_eigenpairs
        from .grid import drum_grid

        step_in_time = wave_speed / sample_rate
        scale = math.sqrt(shape.area) / drum_size
        laplacian = drum_grid(shape, math.sqrt(2) * step_in_time * scale).laplacian() * scale**2
        count = laplacian.shape[0]
        if count < n:
            raise ValueError(
                f"a grid of {count} nodes has no {n} modes: take a smaller n, a larger drum_size "
                "or a higher sample_rate"
            )
        # On an eigenvector of the five-point Laplacian, eigenvalue -mu, u_next - 2 u + u_prev
        # = -(c k)^2 mu u, with k = 1 / sample rate: it swings at sin(pi f k) = c k sqrt(mu) / 2.
        guess = 4 * math.pi * n / drum_size**2  # by Weyl's law
        mu = lowest_eigenpairs(csc_array(-laplacian), csc_array(identity(count)), n, guess)[0]
        return sample_rate / math.pi * np.arcsin(np.minimum(step_in_time / 2 * np.sqrt(mu), 1))
