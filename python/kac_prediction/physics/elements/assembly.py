"""The lowest Dirichlet eigenvalues of the Laplacian on a shape, by finite elements of degree 4."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.sparse import csc_array
from skfem import Basis, Dofs, ElementTriP4, MeshTri, MeshTri2
from skfem.models.poisson import laplace, mass

from ...geometry import Shape
from ...geometry.shape import Float64
from .boundary import Boundary
from .mesh import graded, triangulate
from .spectrum import lowest_eigenpairs

# Measured: the highest mode of n loses 3e-7 of its eigenvalue with 4 edges to a wave, 3e-6 with 3,
# and the cost of hundreds grows with the square of the edges.
_MODES = (30, 100)
_EDGES_PER_WAVE = (4.0, 3.0)
_TOLERANCE = 1e-8


@dataclass(repr=False)
class _CurvedMesh(MeshTri2):  # type: ignore[misc]
    """Triangles whose edges are curves of degree 4."""

    elem: type = ElementTriP4


def element_eigenvalues(shape: Shape, n: int) -> Float64:
    """Return the n lowest eigenvalues of -laplacian u = lambda u, u = 0 on the boundary.

    Quartic triangles, three or four to a wavelength of the highest mode, their edges bent along a
    curved boundary, in layers that shrink towards corners. Errors relative to the eigenvalue:
    for smooth shapes and polygons with up to ten corners, of any angle, below 2e-6 for the first
    30, for 100 and more below 5e-6; for random polygons with 40 corners and narrow passages below
    1e-5. The shape is scaled to unit area; they ascend, shape (n,).
    """
    boundary = Boundary.of_shape(shape)
    wavenumber = boundary.wavenumber(n)
    edges_per_wave = np.interp(n, _MODES, _EDGES_PER_WAVE)
    mesh = triangulate(boundary, 2 * math.pi / (edges_per_wave * wavenumber))
    mesh = graded(mesh, boundary, wavenumber, _TOLERANCE)
    flat = MeshTri(mesh.points.T.copy(), mesh.triangles.T.copy())
    curved = boundary.curves(mesh.places.mean(axis=1))
    bent = _bent(flat, boundary, mesh.rim[curved], mesh.places[curved]) if curved.any() else flat
    basis = Basis(bent, ElementTriP4(), intorder=10 if curved.any() else 8)
    free = np.setdiff1d(np.arange(basis.N), basis.get_dofs().all())
    stiffness, weight = (
        csc_array(form.assemble(basis))[free][:, free].tocsc() for form in (laplace, mass)
    )
    return lowest_eigenpairs(stiffness, weight, n, wavenumber**2)[0]


def _bent(flat: MeshTri, boundary: Boundary, rim: Any, places: Float64) -> _CurvedMesh:
    """Bend edges of a mesh along a curved boundary.

    The three nodes inside such an edge are put on the boundary; those inside its triangle are moved
    by 4 p q / (1 - (q - p)^2) times what the edge is moved at (1 + q - p)/2, where p and q are the
    barycentric coordinates of its ends.
    Source: Szabo and Babuska, Finite Element Analysis (1991), section 6.1.2.

    The edges `rim`, (from, to), and the places of both ends on the boundary have shape (e, 2).
    """
    mesh = _CurvedMesh.from_mesh(flat)
    order = np.argsort(rim, axis=1)
    rim, places = (np.take_along_axis(pair, order, axis=1) for pair in (rim, places))
    # Which of the mesh's edges these are: both are numbered by their two points.
    size = len(flat.p.T)
    keys = mesh.facets[0].astype(np.int64) * size + mesh.facets[1]
    order = np.argsort(keys)
    edges = order[np.searchsorted(keys, rim[:, 0] * size + rim[:, 1], sorter=order)]
    triangles = mesh.f2t[0, edges]
    dofs: Dofs = mesh.dofs
    inner = ElementTriP4.doflocs[-3:]
    coordinates = np.column_stack([1 - inner.sum(axis=1), inner])
    p, q = (coordinates[:, np.argmax(mesh.t[:, triangles] == end, axis=0)].T for end in rim.T)
    where = (1 + q - p) / 2

    def moved(fractions: Float64) -> Float64:
        along = places[:, :1] + fractions * (places[:, 1:] - places[:, :1])
        start, end = flat.p.T[rim][:, 0, None], flat.p.T[rim][:, 1, None]
        on_edge = start + fractions[..., None] * (end - start)
        return np.asarray(boundary.at(along.ravel()).reshape(on_edge.shape) - on_edge)

    nodes = mesh.doflocs.T.copy()
    quarters = np.broadcast_to([0.25, 0.5, 0.75], p.shape)
    np.add.at(nodes, dofs.facet_dofs[:, edges].T, moved(quarters))
    shift = (p * q / (where * (1 - where)))[..., None] * moved(where)
    np.add.at(nodes, dofs.interior_dofs[:, triangles].T, shift)
    bent: _CurvedMesh = replace(mesh, doflocs=nodes.T.copy())
    return bent
