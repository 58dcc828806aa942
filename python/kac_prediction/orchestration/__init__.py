"""From a sound to drums that play it: scores of strikes, and what is made of them."""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
