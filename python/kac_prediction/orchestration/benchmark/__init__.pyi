from .figures import Figures
from .material import Arrangement, arrangement
from .runs import orchestrate_targets
from .table import Row, Table
from .targets import CONDITIONS, MATERIALS, other_target

__all__ = [
    "CONDITIONS",
    "MATERIALS",
    "Arrangement",
    "Figures",
    "Row",
    "Table",
    "arrangement",
    "orchestrate_targets",
    "other_target",
]
