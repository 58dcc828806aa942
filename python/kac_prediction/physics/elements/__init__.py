"""Eigenvalues of shapes by finite elements; only `frequencies` imports this."""

from .assembly import element_eigenvalues
from .spectrum import lowest_eigenvalues

__all__ = ["element_eigenvalues", "lowest_eigenvalues"]
