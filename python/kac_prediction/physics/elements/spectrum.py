"""The lowest eigenpairs of sparse symmetric matrices, none missed."""

import math
from typing import Any

import numpy as np
from scipy.linalg import eigh
from scipy.sparse import csc_array
from scipy.sparse.linalg import SuperLU, splu

from ..._arrays import Float64

# Measured, for shapes: where the shift lies, and how many vectors and in what blocks make
# eigenvalues settle soonest.
_SHIFT = 0.62  # of the n-th eigenvalue
_VECTORS = 1.65  # for each eigenpair; and a block more for each digit of accuracy
_BLOCK = (4, 8)
_ATTEMPTS = 5
_CROWD = 5  # values, at least, that tell how close together they lie
_MOST_BYTES = 2**33  # of the space


def lowest_eigenpairs(
    stiffness: csc_array, mass: csc_array, n: int, guess: float, accuracy: float = 1e-10
) -> tuple[Float64, Float64]:
    """Return the n lowest eigenvalues of stiffness u = lambda mass u, ascending, and the u.

    Ritz values in a Krylov space of (stiffness - x mass)^-1 mass, from a block of vectors: about x,
    a part of the n-th eigenvalue, they settle soonest. They lie above the eigenvalues, and are
    compared with those of a smaller space; the number below x is compared with that of negative
    pivots, which by Sylvester's law of inertia is the number of eigenvalues there.
    Source: Grimes, Lewis and Simon, SIAM J. Matrix Anal. Appl. 15 (1994) 228,
    10.1137/S0895479888151111.

    Both matrices are symmetric and positive definite, and have at least n rows. `guess` is about
    the n-th eigenvalue: a bad one costs time; where eigenvalues crowd far from 0, as those of a
    needle do, later attempts take them about a number as far below the first as the last is above
    it. The vectors are rows, shape (n, rows), orthonormal
    with respect to the mass.

    Raises:
        ValueError: the space would be too large; or eigenvalues have not settled in it.
    """
    size, block = stiffness.shape[0], int(np.clip(n // 25, *_BLOCK))
    if 16 * _VECTORS * n * size > _MOST_BYTES:
        raise ValueError(
            f"{n} modes on {size} nodes would take {16 * _VECTORS * n * size / 2**30:.3g} GiB: "
            f"take fewer than {int(_MOST_BYTES / (16 * _VECTORS * size))}"
        )
    shift = _SHIFT * guess
    for attempt in range(_ATTEMPTS):
        steps = int((_VECTORS * n / block + 1 - math.log10(accuracy)) * 1.5**attempt)
        if 2 * steps * block > size:
            values, vectors = eigh(stiffness.toarray(), mass.toarray(), subset_by_index=(0, n - 1))
            return values, vectors.T
        factor = _factor(stiffness - shift * mass)
        start = np.random.default_rng(attempt).standard_normal((block, size))
        basis = _krylov_basis(factor, mass, start, steps)
        projected = basis @ (stiffness @ basis.T)
        values, vectors = np.linalg.eigh(projected)
        before = np.linalg.eigvalsh(projected[: -2 * block, : -2 * block])[:n]
        settled = (before <= values[:n] * (1 + accuracy)).all()
        if settled and (values < shift).sum() == (factor.U.diagonal() < 0).sum():
            return values[:n], vectors[:, :n].T @ basis
        shift = max(_SHIFT * values[n - 1], 2 * values[0] - values[max(n, _CROWD) - 1])
    raise ValueError(f"{n} modes did not settle in {_ATTEMPTS} attempts: take fewer, or simplify")


def _krylov_basis(factor: SuperLU, mass: csc_array, start: Float64, steps: int) -> Float64:
    """Return rows that are orthonormal with respect to the mass, a block of them for each step."""
    block, size = start.shape
    basis, weighted = np.empty((2, steps * block, size))
    for k in range(0, steps * block, block):
        # The last two blocks take away the most, so that after them rounding is small.
        for first in (max(0, k - 2 * block), 0):
            start = start - (start @ weighted[first:k].T) @ basis[first:k]
        heavy = (mass @ start.T).T
        scale = np.linalg.inv(np.linalg.cholesky(start @ heavy.T))
        basis[k : k + block], weighted[k : k + block] = scale @ start, scale @ heavy
        start = factor.solve(weighted[k : k + block].T).T
    return np.asarray(basis)


def _factor(matrix: Any) -> SuperLU:
    """Factor a symmetric sparse matrix, its pivots on the diagonal."""
    return splu(
        matrix.tocsc(),
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
