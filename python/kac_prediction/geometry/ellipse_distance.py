"""How far points lie from an ellipse."""

import numpy as np

from .shape import Float64

_ITERATIONS = 100
_NEGLIGIBLE = 1e-14
_ROUNDED = 16 * np.finfo(np.float64).eps


def distance_to_ellipse(points: Float64, major: float, minor: float) -> Float64:
    """Return the distance of points to the boundary of an ellipse about the origin.

    With z = (|x| / major, |y| / minor) and rho = (major / minor)^2 the nearest point of the
    boundary is (rho |x| / (s + rho - 1), |y| / s), where s > 0 is the one root of

        F(s) = (rho z_x / (s + rho - 1))^2 + (z_y / s)^2 - 1.

    F falls and is convex, so Newton's iteration climbs to the root from any s below it; at a root
    neither term is above 1, hence the first s. As -1 + s is how far the foot lies along the
    normal, the distance needs no difference of nearly equal points.
    Source: D. Eberly, "Distance from a Point to an Ellipse, an Ellipsoid, or a Hyperellipsoid",
    Geometric Tools, 2013 (there with bisection).

    Args:
        points: shape (n, 2).
        major: semi-axis along x, at least `minor`.
        minor: semi-axis along y, above 0.

    Returns:
        Shape (n,), unsigned; exact to rounding, about 1e-14 of `major`.
    """
    x, y = np.abs(points).T
    rho = (major / minor) ** 2
    excess = (major - minor) * (major + minor) / minor**2
    # On the longer axis s would be 0 and the foot 0 / 0: a height of 1e-14 of minor stands in.
    y = np.maximum(y, _NEGLIGIBLE * minor)
    z_x, z_y = rho * (x / major), y / minor
    s = np.maximum(z_y, z_x - excess)
    for _ in range(_ITERATIONS):
        across, up = (z_x / (s + excess)) ** 2, (z_y / s) ** 2
        above = across + up - 1
        s += above / (2 * (across / (s + excess) + up / s))
        if (above <= _ROUNDED).all():
            break
    distance: Float64 = np.abs(s - 1) * np.hypot(x / (s + excess), y / s)
    return distance
