"""The lowest eigenvalues of sparse symmetric matrices, none missed."""

import math
from typing import Any

import numpy as np
from scipy.linalg import eigh
from scipy.sparse import csc_array
from scipy.sparse.linalg import LinearOperator, SuperLU, eigsh, splu

from ...geometry.shape import Float64

_MORE = 3
_DENSE = 300
_ACCURACY = 1e-10
_ATTEMPTS = 4


def lowest_eigenvalues(stiffness: csc_array, mass: csc_array, n: int) -> Float64:
    """Return the n lowest eigenvalues of stiffness u = lambda mass u, ascending.

    Lanczos iterations on the inverse. They may miss an eigenvalue that stands near another, so
    their count is compared with that of negative pivots of stiffness - x mass, which by Sylvester's
    law of inertia is the number of eigenvalues below x, for an x above the n-th. Both matrices are
    symmetric and positive definite, and have more than n rows.

    Raises:
        ArithmeticError: eigenvalues are missed however often it is tried.
    """
    size = stiffness.shape[0]
    if size < max(_DENSE, 3 * n):
        return np.asarray(eigh(stiffness.toarray(), mass.toarray(), eigvals_only=True)[:n])
    inverse = LinearOperator(stiffness.shape, matvec=_factor(stiffness).solve, dtype=np.float64)
    for attempt in range(_ATTEMPTS):
        wanted = n + _MORE * (attempt + 1)
        found = np.sort(
            eigsh(
                stiffness,
                wanted,
                mass,
                sigma=0,
                OPinv=inverse,
                v0=np.random.default_rng(attempt).random(size),
                ncv=min(size - 1, wanted + min(wanted + 20, 60)),
                tol=_ACCURACY,
                return_eigenvectors=False,
            )
        )
        # The widest gap above the n-th: pivots are surest far from any eigenvalue.
        below = n + int(np.argmax(np.diff(np.log(found[n - 1 :]))))
        x = math.sqrt(found[below - 1] * found[below])
        if np.count_nonzero(_factor(stiffness - x * mass).U.diagonal() < 0) == below:
            return found[:n]
    raise ArithmeticError(f"eigenvalues below {x} were missed in {_ATTEMPTS} attempts.")


def _factor(matrix: Any) -> SuperLU:
    """Factor a symmetric sparse matrix, its pivots on the diagonal."""
    return splu(
        matrix.tocsc(),
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
