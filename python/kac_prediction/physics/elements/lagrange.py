"""Elements of any degree, straight or bent along a curved boundary: nodes, matrices, values."""

from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.sparse import csc_array, csr_array, vstack

from ..._arrays import Float64
from .boundary import Boundary
from .mesh import Mesh

_Int64 = npt.NDArray[np.int64]

_EDGES = np.array([[0, 1], [0, 2], [1, 2]])
_OUTSIDE = 1e-9  # how far beyond a triangle a point still belongs to it, in barycentric coordinates
_AT_ONCE = 256  # points, whose coordinates in all triangles stay in the cache
_ITERATIONS = 30  # towards a point in a bent triangle; six are mostly enough


class _Basis:
    """The Lagrange basis of one degree on the triangle (0, 0), (1, 0), (0, 1), of b functions.

    Its `nodes`, shape (b, 2), are the vertices; then those on each of `_EDGES`, from the lower
    vertex on; then those inside. Equally spaced as they are, they do for degrees up to about 7.
    """

    def __init__(self, degree: int) -> None:
        steps, corners = np.arange(1, degree), degree * np.eye(3)
        ways = [corners[a] + steps[:, None] / degree * (corners[b] - corners[a]) for a, b in _EDGES]
        inner = [(degree - i - j, i, j) for i in steps for j in steps if i + j < degree]
        self.nodes = np.vstack([corners, *ways, np.reshape(inner, (-1, 3))])[:, 1:] / degree
        # Function j is the sum of monomials i times coefficient [i, j].
        self.powers = np.array([(i, j) for i in range(degree + 1) for j in range(degree + 1 - i)])
        self.coefficients = np.linalg.inv(_monomials(self.nodes, self.powers))
        # Gauss's rule on the square, of which one side is drawn together into a point: q points,
        # exact for products of two functions.
        x, w = np.polynomial.legendre.leggauss(degree + 1)
        u, v = (grid.ravel() for grid in np.meshgrid((1 + x) / 2, (1 + x) / 2))
        points = np.stack([u, (1 - u) * v], axis=-1)
        self.weights = np.outer(w, w).ravel() / 4 * (1 - u)
        values = _monomials(points, self.powers) @ self.coefficients
        self.gradients, size = self._gradients(points), len(self.nodes)  # (q, 2, b)
        by_x, by_y = self.gradients.transpose(1, 0, 2)

        def products(one: Float64, other: Float64) -> Float64:
            return np.asarray((one[:, :, None] * other[:, None]).reshape(len(points), -1))

        # Of all pairs of functions, and of their derivatives: by x x, by x y and y x, by y y.
        mixed = products(by_x, by_y) + products(by_y, by_x)
        self.mass = products(values, values)  # (q, b b)
        self.stiffness = np.vstack([products(by_x, by_x), mixed, products(by_y, by_y)])
        # Gauss's rule on each of `_EDGES`, and derivatives there, shape (3, 2 degree + 2, 2, b):
        # twice as many points as these need, for what varies along an edge and is integrated too.
        x, w = np.polynomial.legendre.leggauss(2 * degree + 2)
        self.edge_weights = w / 2
        start, end = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])[_EDGES.T]
        along = (start[:, None] + (1 + x[:, None]) / 2 * (end - start)[:, None]).reshape(-1, 2)
        self.edge_values = (_monomials(along, self.powers) @ self.coefficients).reshape(3, -1, size)
        self.edge_gradients = self._gradients(along).reshape(3, -1, 2, size)

    def _gradients(self, points: Float64) -> Float64:
        """Return the functions' derivatives at points, shape (p, 2): shape (p, 2, b)."""
        lowered = np.maximum(self.powers[:, None] - np.eye(2, dtype=np.int64), 0)
        return np.stack(
            [
                (_monomials(points, lowered[:, i]) * self.powers[:, i]) @ self.coefficients
                for i in range(2)
            ],
            axis=1,
        )

    def at(self, points: Float64) -> Float64:
        """Return the functions at points, shape (p, 2): shape (p, b)."""
        # Not by a matrix product, whose bits depend on threads and on how many points there are.
        monomials = _monomials(points, self.powers)[..., None]
        return np.asarray((monomials * self.coefficients).sum(axis=1))


_basis = cache(_Basis)


def _monomials(points: Float64, powers: _Int64) -> Float64:
    """Return x^i y^j at points, shape (p, 2), for powers (i, j), shape (m, 2): shape (p, m)."""
    x, y = (np.vander(each, powers.max() + 1, increasing=True) for each in points.T)
    return np.asarray(x[:, powers[:, 0]] * y[:, powers[:, 1]])


class LagrangeSpace:
    """Continuous functions that vanish on a boundary, polynomials on each triangle of a mesh.

    Triangles along a curved boundary are bent with it (isoparametric elements). A function is given
    by its values at the `nodes`, shape (nodes, 2), that do not lie on the boundary.
    """

    def __init__(self, mesh: Mesh, boundary: Boundary, degree: int) -> None:
        self._basis = _basis(degree)
        # From the lower vertex to the higher one an edge runs alike in both of its triangles.
        triangles, points = np.sort(mesh.triangles, axis=1), mesh.points
        ends, count, inner = triangles[:, _EDGES], len(points), degree - 1
        edges, edge = np.unique(ends[..., 0] * count + ends[..., 1], return_inverse=True)
        edge = edge.reshape(-1, 3)
        on_edges = count + edge[..., None] * inner + np.arange(inner)
        inside = np.arange(len(triangles) * (inner * (inner - 1) // 2)).reshape(len(triangles), -1)
        first = count + len(edges) * inner
        numbers = np.hstack([triangles, on_edges.reshape(len(triangles), -1), first + inside])
        # Nodes on the boundary share one number, beyond all others.
        order = np.argsort(mesh.rim, axis=1)
        low, high = np.take_along_axis(mesh.rim, order, axis=1).T
        rim = np.searchsorted(edges, low * count + high)
        free = np.ones(first + inside.size, dtype=np.bool_)
        free[mesh.rim] = free[count + rim[:, None] * inner + np.arange(inner)] = False
        self._numbers = np.where(free, np.cumsum(free) - 1, np.count_nonzero(free))[numbers]
        self._origins = points[triangles[:, 0]]
        self._maps = np.stack([points[triangles[:, k]] - self._origins for k in (1, 2)], axis=-1)
        self._places = self._origins[:, None] + self._basis.nodes @ self._maps.transpose(0, 2, 1)
        self._bent = np.zeros(len(triangles), dtype=np.bool_)
        curved = boundary.curves(mesh.places.mean(axis=1))
        owner = np.empty(len(edges), dtype=np.int64)
        owner[edge.ravel()] = np.arange(edge.size)
        self._sides = owner[rim]  # 3 triangle + edge
        along = np.take_along_axis(mesh.places, order, axis=1)[curved]
        self._bend(self._sides[curved], along, boundary)
        self.nodes = np.empty((np.count_nonzero(free) + 1, 2))
        self.nodes[self._numbers] = self._places
        self.nodes = self.nodes[:-1]

    def _bend(self, sides: _Int64, places: Float64, boundary: Boundary) -> None:
        """Bend sides of triangles, 3 triangle + edge, to where their ends have places (s, 2).

        A node is moved by 4 p q / (1 - (q - p)^2) times what the edge is moved at (1 + q - p)/2,
        where p and q are the barycentric coordinates of its ends.
        Source: Szabo and Babuska, Finite Element Analysis (1991), section 6.1.2.
        """
        triangles, edges = np.divmod(sides, 3)
        coordinates = np.column_stack([1 - self._basis.nodes.sum(axis=1), self._basis.nodes])
        p, q = coordinates.T[_EDGES[edges]].transpose(1, 0, 2)
        share = (1 + q - p) / 2
        start, end = self._places[triangles[:, None], _EDGES[edges]].transpose(1, 0, 2)
        way = places[:, :1] + share * (places[:, 1:] - places[:, :1])
        moved = boundary.at(way.ravel()).reshape(*way.shape, 2)
        moved -= start[:, None] + share[..., None] * (end - start)[:, None]
        weight = p * q / np.where(p * q > 0, share * (1 - share), 1)
        np.add.at(self._places, triangles, weight[..., None] * moved)
        self._bent[triangles] = True

    def matrices(self) -> tuple[csc_array, csc_array]:
        """Return the integrals of grad u . grad v and of u v over all pairs of the basis."""
        basis, (count, size) = self._basis, self._numbers.shape
        # Derivatives of the place, (x, y), by the place on the reference triangle, shape (t, q).
        jacobian = basis.gradients.reshape(-1, size) @ self._places
        a, b, c, d = jacobian.reshape(count, -1, 4).transpose(2, 0, 1)
        area = np.abs(a * d - b * c)
        metric = np.stack([c * c + d * d, -(a * c + b * d), a * a + b * b], axis=1)
        metric = (metric * (basis.weights / area)[:, None]).reshape(count, -1)
        rows, columns = np.broadcast_arrays(self._numbers[:, :, None], self._numbers[:, None])
        nodes = len(self.nodes)
        kept = (rows < nodes) & (columns < nodes)
        where, shape = (rows[kept], columns[kept]), (nodes, nodes)
        stiffness = (metric @ basis.stiffness).reshape(rows.shape)[kept]
        mass = (area * basis.weights @ basis.mass).reshape(rows.shape)[kept]
        return csc_array((stiffness, where), shape), csc_array((mass, where), shape)

    def slopes(self) -> tuple[Float64, Float64, csr_array]:
        """Return points of the boundary, normals, and the matrix to normal derivatives there.

        The points have the shape (p, 2); the normals, outwards and as long as the part of the
        boundary that a point stands for in integrals, too; the matrix (p, nodes).
        """
        basis, (triangles, edges) = self._basis, np.divmod(self._sides, 3)
        places = self._places[triangles][:, None]
        points = basis.edge_values[edges] @ places[:, 0]
        gradients = basis.edge_gradients[edges]
        # Derivatives of the place (last axis) by the place on the reference, shape (s, q, 2, 2).
        jacobian = gradients @ places
        way = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 1.0]])[edges][:, None, None]
        along = (way @ jacobian)[:, :, 0] * basis.edge_weights[:, None]
        normals = np.stack([along[..., 1], -along[..., 0]], axis=-1)
        middle = self._places[triangles][:, :3].mean(axis=1)
        inwards = (normals * (points - middle[:, None])).sum(axis=2).mean(axis=1) < 0
        normals[inwards] *= -1
        unit = normals / np.hypot(*np.moveaxis(normals, 2, 0))[..., None]
        weights = (unit[:, :, None] @ np.linalg.inv(jacobian) @ gradients)[:, :, 0]
        count, size = points[..., 0].size, weights.shape[2]
        numbers = np.repeat(self._numbers[triangles], weights.shape[1], axis=0).ravel()
        starts = size * np.arange(count + 1)
        matrix = csr_array((weights.ravel(), numbers, starts), (count, len(self.nodes) + 1))
        return points.reshape(-1, 2), normals.reshape(-1, 2), csr_array(matrix[:, :-1])

    def interpolation(self, points: Float64) -> csr_array:
        """Return the matrix that takes values at the nodes to values at points, 0 outside.

        The points have the shape (p, 2), the matrix (p, nodes).
        """
        if len(points) > _AT_ONCE:
            parts = [points[k : k + _AT_ONCE] for k in range(0, len(points), _AT_ONCE)]
            return csr_array(vstack([self.interpolation(part) for part in parts]))
        triangle, where = self._located(points)
        inside = np.minimum(where.min(axis=1), 1 - where.sum(axis=1)) >= -_OUTSIDE
        weights = np.where(inside[:, None], self._basis.at(where), 0.0)
        count, size = weights.shape
        numbers, starts = self._numbers[triangle].ravel(), size * np.arange(count + 1)
        matrix = csr_array((weights.ravel(), numbers, starts), (count, len(self.nodes) + 1))
        return csr_array(matrix[:, :-1])

    def _located(self, points: Float64) -> tuple[_Int64, Float64]:
        """Return the triangle of each point, or a near one, and where on the reference it lies."""
        inverse = np.linalg.inv(self._maps)
        # The last two barycentric coordinates in a triangle are its inverse map, and all add to 1.
        last = np.concatenate([inverse, -(inverse @ self._origins[..., None])], axis=-1)
        first = np.array([0.0, 0.0, 1.0]) - last.sum(axis=1, keepdims=True)
        planes, (x, y) = np.concatenate([last, first], axis=1), points.T
        coordinates = planes[..., :1] * x + planes[..., 1:2] * y + planes[..., 2:]
        triangle = np.argmax(coordinates.min(axis=1), axis=0)
        where = coordinates[triangle, :2, np.arange(len(points))]
        bent = np.flatnonzero(self._bent[triangle])
        for _ in range(_ITERATIONS):
            values = self._basis.at(where[bent])[..., None]
            here = (values * self._places[triangle[bent]]).sum(axis=1)
            step = (inverse[triangle[bent]] * (points[bent] - here)[:, None]).sum(axis=2)
            where[bent] += step
            bent = bent[np.abs(step).max(axis=1) > _OUTSIDE]
            if not len(bent):
                break
        return triangle, where
