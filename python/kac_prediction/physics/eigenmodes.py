"""The modes of a drum of any shape: its frequencies and in what patterns it swings."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from .._arrays import ArrayLike, Float64
from .._blas import one_thread
from .._checks import check_count, check_number
from ..geometry import Shape
from ..geometry.shape import check_points, check_shape
from .excitation import mean_of_waves

if TYPE_CHECKING:
    from .elements.lagrange import LagrangeSpace

# Measured: what `modes` promises costs least with these.
_DEGREE = 5
_EDGES_PER_WAVE = 1.05
_FEWEST = 8  # modes that the mesh is made for
_CORNER_LOSS = 1e-4  # of an eigenvalue, at each re-entrant corner
_ACCURACY = 1e-6  # of the eigenvalues of the matrices
_COINCIDE = 5e-4  # of an eigenvalue: what the elements may part eigenvalues that are equal


@dataclass(frozen=True, eq=False, repr=False)
class Modes:
    """The lowest n modes of a shape: -laplacian phi_k = lambda_k phi_k, phi_k = 0 on the boundary.

    Both are of the shape scaled to unit area: the mean over it of phi_j phi_k is 1 for j = k, else
    0. The sign of each phi_k is fixed by its integral with a fixed function. Modes of one frequency
    are an orthonormal basis of all there are, no particular one.

    Attributes:
        eigenvalues: lambda_k, ascending, shape (n,); a drum of size L has lambda_k / L^2.
    """

    eigenvalues: Float64
    _values: Float64  # at the nodes of the space, shape (nodes, n)
    _space: "LagrangeSpace"
    _origin: Float64  # of the space, in the shape's own coordinates
    _size: float  # square root of the shape's area, metres

    def __len__(self) -> int:
        return len(self.eigenvalues)

    def frequencies(self, drum_size: float = 1.0, wave_speed: float = 100.0) -> Float64:
        """Return the frequencies c sqrt(lambda) / (2 pi L), undamped, in Hz, shape (n,).

        Args:
            drum_size: L, the square root of the drum's area, metres.
            wave_speed: c, m/s.

        Raises:
            TypeError, ValueError: what is not a finite number above 0.
        """
        drum_size = check_number("drum_size", drum_size, above=0)
        wave_speed = check_number("wave_speed", wave_speed, above=0)
        return wave_speed / (2 * math.pi * drum_size) * np.sqrt(self.eigenvalues)

    def __call__(self, points: ArrayLike, width: float = 0.0) -> Float64:
        """Return the eigenfunctions at points, or their means around them, shape (p, n).

        Args:
            points: (x, y) in the coordinates of the shape, metres, shape (p, 2). Outside of it
                eigenfunctions are 0.
            width: diameter of a raised cosine (1 + cos(2 pi d / width)) / 2 to take means under,
                metres. They are phi_k times an integral of J_0, by the mean value property of
                solutions of Helmholtz's equation, which continues them beyond straight walls.

        Raises:
            TypeError, ValueError: points of another shape, or what is not finite, or a width
                below 0.
        """
        where = (check_points("points", points) - self._origin) / self._size
        radius = check_number("width", width, least=0) / (2 * self._size)
        values = np.asarray(self._space.interpolation(where) @ self._values)
        if radius == 0:
            return values
        return values * mean_of_waves(radius * np.sqrt(self.eigenvalues))

    def derivatives(self, displacements: Callable[[Float64], ArrayLike]) -> Float64:
        """Return how frequencies change with the boundary: d log(f_k) / d parameter, shape (n, m).

        Hadamard's formula: d lambda_k = - integral over the boundary of (d phi_k / d normal)^2
        times the outward displacement. Modes that coincide part into those of the matrix of the
        integrals of d phi_j / d normal d phi_k / d normal: their derivatives ascend, and hold for
        one parameter at a time. Of the lower half of the modes they are up to 0.01 off for a unit
        displacement of a drum of unit area, of the highest up to 0.05.
        Source: Henry, Perturbation of the Boundary in Boundary-Value Problems (2005), example 3.5.

        Args:
            displacements: of points on the boundary, shape (p, 2), in the coordinates of the shape,
                the derivatives of their places by each parameter, shape (p, 2, m), metres each.

        Raises:
            ValueError: displacements of another shape, or not finite.
        """
        points, normals, slopes = self._slopes()
        moved = np.asarray(displacements(points), dtype=np.float64)
        if moved.ndim != 3 or moved.shape[:2] != points.shape or not np.isfinite(moved).all():
            raise ValueError(
                f"displacements must give finite numbers of shape ({len(points)}, 2, m) for "
                f"{len(points)} points, got shape {moved.shape}"
            )
        outwards = np.einsum("pi,pim->pm", normals, moved)
        result = -(slopes * slopes).T @ outwards
        gaps = np.diff(self.eigenvalues) > _COINCIDE * self.eigenvalues[1:]
        for group in np.split(np.arange(len(self)), np.flatnonzero(gaps) + 1):
            if len(group) > 1:
                part = slopes[:, group]
                matrices = np.einsum("pj,pk,pm->mjk", part, part, outwards)
                result[group] = np.linalg.eigvalsh(-matrices).T
        return np.asarray(result)

    def outline_derivatives(self, angles: int = 64) -> Float64:
        """Return d log(f_k) / d log(r_j) of a star-shaped drum, shape (n, angles).

        r_j is the radius from the centroid at 2 pi j / `angles` radians to the x axis; log radii
        between change linearly with the angle. Each row sums to -1 where no modes coincide.
        `derivatives` says how accurate they are.

        Raises:
            TypeError, ValueError: `angles` is not an integer from 3.
        """
        angles = check_count("angles", angles, 3)
        points, normals, _ = self._slopes()
        beyond = (points * normals).sum(axis=1)
        centroid = 2 / 3 * (points * beyond[:, None]).sum(axis=0) / beyond.sum()

        def displacements(points: Float64) -> Float64:
            offset = points - centroid
            turn = np.arctan2(offset[:, 1], offset[:, 0]) * angles / (2 * math.pi)
            away = np.abs(np.mod(turn[:, None] - np.arange(angles) + angles / 2, angles))
            share = np.maximum(1 - np.abs(away - angles / 2), 0)
            return np.asarray(offset[..., None] * share[:, None])

        return self.derivatives(displacements)

    def _slopes(self) -> tuple[Float64, Float64, Float64]:
        """Return points of the boundary, normals as long as their part of it, and slopes.

        The squares of a mode's slopes, shape (points, n), are the densities of -d log(f) along
        the boundary: Rellich's identity makes that of a scaling -1.
        Source: Rellich, Mathematische Zeitschrift 46 (1940) 635, 10.1007/BF01181459.
        """
        points, normals, matrix = self._space.slopes()
        slopes = np.asarray(matrix @ self._values)
        scaling = (points * normals).sum(axis=1) @ slopes**2
        points = points * self._size + self._origin
        return points, normals / self._size, slopes / np.sqrt(scaling)


def modes(shape: Shape, n: int) -> Modes:
    """Return the lowest n modes of a drum of any shape.

    Finite elements of degree 5, about one to a wavelength of the n-th mode: frequencies are at most
    0.05 % too high, the first tenth of them 0.003 %; the root mean square error of eigenfunctions
    that stand apart is at most 1.5 % of theirs, 0.1 % for the first third. On one core 60 modes of
    a convex drum take 20 ms, 200 take 150 ms; each re-entrant corner costs several ms. The result
    does not depend on the number of threads. `eigenfrequencies` is more accurate and slower.

    Args:
        shape: any shape, of any size, anywhere.
        n: how many, from 1. Frequencies that coincide are counted as often as they occur.

    Raises:
        TypeError: `n` is not an integer, or `shape` not a shape.
        ValueError: `n` is below 1, the shape's outline is not usable or meets itself, or it is too
            thin, or the modes too many, for the elements.
    """
    # Imported where they are used: SciPy's solvers take as long to load as drums to solve.
    from .elements.boundary import Boundary
    from .elements.lagrange import LagrangeSpace
    from .elements.layers import graded
    from .elements.mesh import triangulate
    from .elements.spectrum import lowest_eigenpairs

    check_shape("shape", shape)
    n = check_count("n", n)
    with one_thread():
        boundary = Boundary.of_shape(shape)
        wavenumber = boundary.wavenumber(max(n, _FEWEST))
        # Of all corners only re-entrant ones need small elements, in layers.
        smooth = replace(boundary, angles=np.full_like(boundary.angles, np.pi))
        mesh = triangulate(smooth, 2 * math.pi / (_EDGES_PER_WAVE * wavenumber))
        inwards = replace(boundary, angles=np.maximum(boundary.angles, np.pi))
        mesh = graded(mesh, inwards, wavenumber, _CORNER_LOSS)
        space = LagrangeSpace(mesh, boundary, _DEGREE)
        stiffness, mass = space.matrices()
        guess = boundary.wavenumber(n) ** 2
        eigenvalues, vectors = lowest_eigenpairs(stiffness, mass, n, guess, _ACCURACY)
        signs = np.sign(vectors @ (mass @ np.exp(space.nodes @ (1.0, 2.0))))
        values = np.ascontiguousarray((signs[:, None] * vectors).T)
        return Modes(eigenvalues, values, space, boundary.origin, boundary.size)
