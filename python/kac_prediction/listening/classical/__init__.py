"""A classical estimator of drums: spectral peaks fitted to known partials, without learning."""

from .estimator import estimate, identify

__all__ = ["estimate", "identify"]
