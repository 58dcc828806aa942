from .audio import onset, prepare, read_sound
from .prediction import Prediction, drum_heard, predict, predict_file

__all__ = [
    "Prediction",
    "drum_heard",
    "onset",
    "predict",
    "predict_file",
    "prepare",
    "read_sound",
]
