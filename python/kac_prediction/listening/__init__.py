"""From a sound to the drum that made it."""

from .audio import onset, prepare, read_sound
from .predict import Prediction, drum_heard, predict, predict_file

__all__ = [
    "Prediction",
    "drum_heard",
    "onset",
    "predict",
    "predict_file",
    "prepare",
    "read_sound",
]
