from .audio import prepare
from .fits import Fit, Start
from .listener import listen
from .outline_refinement import OutlineFit, refine_outline
from .predicted_labels import PredictedLabels, drum_heard, predict, predict_file
from .prediction import Prediction, Spread
from .refinement import refine
from .sound_file import read_sound
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
