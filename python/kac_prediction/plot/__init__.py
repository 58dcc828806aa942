"""Pictures of drums and of trainings, through matplotlib's objects alone: no global state."""

from .drums import drums
from .report import report_figure

__all__ = ["drums", "report_figure"]
