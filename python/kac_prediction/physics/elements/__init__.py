"""Eigenvalues of shapes by finite elements; only `frequencies` imports this."""
