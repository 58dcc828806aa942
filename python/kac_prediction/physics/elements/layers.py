"""Layers of ever smaller triangles around the corners of a mesh."""

import math

import numpy as np

from .boundary import Boundary
from .mesh import Mesh

_SHRINK = 0.5  # of a layer at a corner, to the one outside it


def graded(mesh: Mesh, boundary: Boundary, wavenumber: float, tolerance: float) -> Mesh:
    """Return a mesh with layers of ever smaller triangles around corners.

    In the innermost layer, of size h, an eigenfunction is about (wavenumber r)^a, which is smooth
    for a = 1: an eigenvalue loses about (a - 1)^2 (wavenumber h)^(2 a) of itself there. Layers,
    each half as large as the one before, are added until that is the tolerance.
    Source: Schwab, p- and hp-Finite Element Methods (1998), section 4.5.
    """
    for corner, exponent in enumerate(boundary.exponents()):
        if not math.isnan(exponent):
            size = (math.sqrt(tolerance) / abs(exponent - 1)) ** (1 / exponent) / wavenumber
            mesh = _with_layers(mesh, boundary, corner, size)
    return mesh


def _with_layers(mesh: Mesh, boundary: Boundary, corner: int, size: float) -> Mesh:
    """Divide the triangles at a corner until the innermost are no larger than `size`.

    Every edge (spoke) that leaves the corner is divided alike, so the triangle between two spokes
    becomes a smaller one at the corner and two for each layer outside it.
    """
    middle = mesh.rim[mesh.places[:, 0] == corner][0, 0]
    at_corner = (mesh.triangles == middle).any(axis=1)
    # The triangles there, with their vertices in the same order, from the corner on.
    fan = mesh.triangles[at_corner]
    first = np.argmax(fan == middle, axis=1)[:, None]
    fan = np.take_along_axis(fan, (first + np.arange(3)) % 3, axis=1)
    spokes = np.unique(fan[:, 1:])
    reach = np.hypot(*(mesh.points[spokes] - mesh.points[middle]).T).max()
    count = math.ceil(math.log(size / reach) / math.log(_SHRINK))
    if count < 1:
        return mesh
    shrink = _SHRINK ** np.arange(1, count + 1)
    way = mesh.points[spokes] - mesh.points[middle]
    points = mesh.points[middle] + shrink[:, None, None] * way
    added = len(mesh.points) + np.arange(points[..., 0].size).reshape(count, -1)
    numbers = np.vstack([spokes, added])
    ends = (mesh.rim == middle).any(axis=1)
    rims, places = [mesh.rim[~ends]], [mesh.places[~ends]]
    for (start, end), between in zip(mesh.rim[ends], mesh.places[ends], strict=True):
        spoke = np.searchsorted(spokes, end if start == middle else start)
        chain = np.append(numbers[:, spoke], middle)
        far, near = between[::-1] if start == middle else between
        along = np.concatenate([[far], near + shrink * (far - near), [near]])
        points[:, spoke] = boundary.at(along[1:-1])
        inwards = slice(None, None, -1) if start == middle else slice(None)
        rims.append(np.column_stack([chain[:-1], chain[1:]])[:, inwards])
        places.append(np.column_stack([along[:-1], along[1:]])[:, inwards])
    # The triangles between two spokes, whose points are numbered from the outside inwards.
    right, left = (numbers[:, np.searchsorted(spokes, fan[:, k])] for k in (1, 2))
    tips = np.stack([fan[:, 0], right[-1], left[-1]], axis=-1)
    outer = np.stack([right[1:], right[:-1], left[:-1]], axis=-1).reshape(-1, 3)
    inner = np.stack([right[1:], left[:-1], left[1:]], axis=-1).reshape(-1, 3)
    return Mesh(
        np.concatenate([mesh.points, points.reshape(-1, 2)]),
        np.concatenate([mesh.triangles[~at_corner], tips, outer, inner]),
        np.concatenate(rims),
        np.concatenate(places),
    )
