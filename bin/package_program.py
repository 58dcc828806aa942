"""Make drums, train on them, hear one: what a wheel is tried with, anywhere but in a checkout."""

import os
import tempfile

from kac_prediction.dataset import generateDataset
from kac_prediction.listening import listen, predict
from kac_prediction.routines import SizeOfCircularDrum
from kac_prediction.samplers import BesselModel


def main() -> None:
    """Run in a folder that is removed at the end."""
    settings = {"duration": 0.1, "sample_rate": 48000}
    generateDataset(BesselModel, settings, "drums", 100, {"normalise_input": False}, seed=0)
    result = SizeOfCircularDrum(dataset_dir="drums", parameters={"num_of_epochs": 1})
    drum = BesselModel(duration=0.5, sample_rate=44100, drum_size=0.3)
    drum.generateWaveform()
    print(predict(result.model, drum.waveform, drum.sample_rate))
    heard = listen(drum.waveform, drum.sample_rate)
    print(heard)
    assert heard.family == "circle"
    assert abs(heard.drum_size - 0.3) < 1e-3


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.chdir(folder)
        main()
        os.chdir("/")  # elsewhere than a checkout, a folder cannot be removed from inside
