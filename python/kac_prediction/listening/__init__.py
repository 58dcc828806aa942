"""From a sound to the drum that made it."""

from typing import TYPE_CHECKING

from .._lazy import lazy_names

if TYPE_CHECKING:
    from .audio import onset, prepare, read_sound
    from .prediction import Prediction, drum_heard, predict, predict_file
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "audio": "onset prepare read_sound",
            "prediction": "Prediction drum_heard predict predict_file",
        },
    )

__all__ = [
    "Prediction",
    "drum_heard",
    "onset",
    "predict",
    "predict_file",
    "prepare",
    "read_sound",
]
