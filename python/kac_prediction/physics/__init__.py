"""Physics of drums, for people who study them: how they vibrate, mode by mode."""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
