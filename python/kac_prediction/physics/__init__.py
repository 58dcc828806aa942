"""Physics of drums, for people who study them: how they vibrate, mode by mode.

A number of the wrong type raises TypeError, one out of range or not finite ValueError, where a
function does not say otherwise.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
