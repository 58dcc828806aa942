from .audio import prepare, read_sound
from .fits import Fit, Start
from .listener import listen
from .outline_refinement import OutlineFit, refine_outline
from .predicted_labels import PredictedLabels, drum_heard, predict, predict_file
from .prediction import Prediction, Spread
from .refinement import refine
from .strike import find_strike, onset

__all__ = [
    "Fit",
    "OutlineFit",
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
    "refine_outline",
]
