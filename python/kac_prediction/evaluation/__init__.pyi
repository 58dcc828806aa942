from .baselines import classical_estimator, mean_predictor
from .comparison import compare_conditions
from .condition_table import ConditionTable
from .conditions import CONDITIONS, Condition
from .outlines import overlap
from .report import MEAN, MODEL, ConfusionMatrix, LabelReport, Report
from .sounds import LabelledSounds

__all__ = [
    "CONDITIONS",
    "MEAN",
    "MODEL",
    "Condition",
    "ConditionTable",
    "ConfusionMatrix",
    "LabelReport",
    "LabelledSounds",
    "Report",
    "classical_estimator",
    "compare_conditions",
    "mean_predictor",
    "overlap",
]
