from .audio import onset, prepare, read_sound
from .listener import listen
from .predicted_labels import PredictedLabels, drum_heard, predict, predict_file
from .prediction import Prediction, Spread
from .refinement import Fit, Start, refine
from .strike import find_strike

__all__ = [
    "Fit",
    "PredictedLabels",
    "Prediction",
    "Spread",
    "Start",
    "drum_heard",
    "find_strike",
    "listen",
    "onset",
    "predict",
    "predict_file",
    "prepare",
    "read_sound",
    "refine",
]
