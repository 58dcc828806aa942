"""Finite elements; only `frequencies` and `eigenmodes` import them."""
