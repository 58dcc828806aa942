from .any_shape_model import AnyShapeModel
from .bank_model import BankModel
from .bessel_model import BesselModel
from .fdtd_model import FDTDModel
from .finite_element_model import FiniteElementModel
from .lame_model import LaméModel
from .linear_model import LinearModel
from .mixed_model import MixedModel
from .mode_bank import ModeBank
from .other_sounds import OtherSounds
from .poisson_model import PoissonModel
from .published import Datasets
from .shapes import FAMILIES
from .test_signals import TestSweep, TestTone

__all__ = [
    "FAMILIES",
    "AnyShapeModel",
    "BankModel",
    "BesselModel",
    "Datasets",
    "FDTDModel",
    "FiniteElementModel",
    "LaméModel",
    "LinearModel",
    "MixedModel",
    "ModeBank",
    "OtherSounds",
    "PoissonModel",
    "TestSweep",
    "TestTone",
]
