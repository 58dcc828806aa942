"""What makes the sounds of a dataset: test tones and drums."""

from .bessel_model import BesselModel
from .families import Datasets
from .test_sweep import TestSweep
from .test_tone import TestTone

__all__ = ["BesselModel", "Datasets", "TestSweep", "TestTone"]
