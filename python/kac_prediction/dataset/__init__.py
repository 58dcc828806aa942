"""Datasets of labelled sounds: samplers, representations, and what is done with them."""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
