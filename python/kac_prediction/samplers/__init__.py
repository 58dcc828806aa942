"""What makes the sounds of a dataset: test tones and drums."""

from .bessel_model import BesselModel
from .families import Datasets
from .fdtd_model import FDTDModel
from .lame_model import LaméModel
from .mixed_model import MixedModel
from .poisson_model import PoissonModel
from .test_sweep import TestSweep
from .test_tone import TestTone

__all__ = [
    "BesselModel",
    "Datasets",
    "FDTDModel",
    "LaméModel",
    "MixedModel",
    "PoissonModel",
    "TestSweep",
    "TestTone",
]
