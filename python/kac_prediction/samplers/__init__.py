"""What makes the sounds of a dataset: test tones and drums."""

from typing import TYPE_CHECKING

from .._lazy import lazy_names

if TYPE_CHECKING:
    from .bessel_model import BesselModel
    from .fdtd_model import FDTDModel
    from .lame_model import LaméModel
    from .mixed_model import MixedModel
    from .poisson_model import PoissonModel
    from .published import Datasets
    from .shapes import FAMILIES
    from .test_sweep import TestSweep
    from .test_tone import TestTone
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "bessel_model": "BesselModel",
            "fdtd_model": "FDTDModel",
            "lame_model": "LaméModel",
            "mixed_model": "MixedModel",
            "poisson_model": "PoissonModel",
            "published": "Datasets",
            "shapes": "FAMILIES",
            "test_sweep": "TestSweep",
            "test_tone": "TestTone",
        },
    )

__all__ = [
    "FAMILIES",
    "BesselModel",
    "Datasets",
    "FDTDModel",
    "LaméModel",
    "MixedModel",
    "PoissonModel",
    "TestSweep",
    "TestTone",
]
