"""Trainings: one for each published dataset, and one for drums of any shape."""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
