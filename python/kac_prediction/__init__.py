"""Which drum makes this sound? Synthesise drums, make datasets, train a network to hear them."""

from importlib.metadata import version

__version__ = version("kac_prediction")
