"""Pictures of drums and of trainings, through matplotlib's objects alone: no global state.

A figure that is returned is attached to no window: `figure.savefig(path)`.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
