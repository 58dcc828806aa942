# ruff: noqa: F401, F403
from . import (
    architecture,
    dataset,
    evaluation,
    exporting,
    geometry,
    listening,
    orchestration,
    physics,
    pipeline,
    plot,
    routines,
    samplers,
)
from .architecture import *
from .dataset import *
from .evaluation import *
from .exporting import *
from .geometry import *
from .listening import *
from .orchestration import *
from .physics import *
from .pipeline import *
from .plot import *
from .routines import *
from .samplers import *

__version__: str
