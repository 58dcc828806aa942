"""Files that commit 32ff2b8, before the redesign, wrote: they load, verify, go on and resume.

tests/data/before_redesign.zip holds small datasets (whole, sharded, regenerated, transformed,
converted, unfinished, committed but not carried out) and a training that was interrupted, with
where the uninterrupted one ended. It was made with KAC_ISA=sse2.
"""

import hashlib
import json
import os
import platform
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from kac_prediction.dataset import generateDataset, loadDataset
from kac_prediction.pipeline import ModelInput, Routine, loadModel
from kac_prediction.samplers import TestTone
from models_of_users import Linear, parameters

ARCHIVE = Path(__file__).parent / "data/before_redesign.zip"
TONES: dict[str, Any] = {"duration": 0.005, "sample_rate": 8000}


@pytest.fixture
def before(tmp_path: Path) -> Path:
    with zipfile.ZipFile(ARCHIVE) as archive:
        archive.extractall(tmp_path)
    return tmp_path


def digest(directory: Path) -> str:
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    content = b"".join(path.read_bytes() for path in files)
    return hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("name", "size"),
    [("drums", 5), ("regenerated", 3), ("mel", 2), ("converted", 3), ("tones", 20)],
)
def test_a_dataset_verifies(before: Path, name: str, size: int) -> None:
    written = digest(before / name)
    dataset = loadDataset(str(before / name), verify=True)
    assert len(dataset) == len(dataset.Y) == size
    assert digest(before / name) == written


def test_its_values_are_those_of_its_sounds(before: Path) -> None:
    dataset = loadDataset(str(before / "drums"))
    for i in range(5):
        sound, rate = soundfile.read(before / f"drums/shard_{i // 2:05d}/sample_{i:05d}.wav")
        assert rate == 8000
        np.testing.assert_array_equal(dataset.X[i].numpy(), sound)
        assert 0.2 <= dataset.Y[i]["drum_size"].item() <= 0.4


def test_a_converted_set_holds_what_its_text_held(before: Path) -> None:
    rows = np.random.default_rng(1).uniform(-1, 1, (3, 8))
    np.testing.assert_array_equal(loadDataset(str(before / "converted")).X.numpy(), rows)


def test_the_same_arguments_return_it_untouched(before: Path) -> None:
    written = digest(before / "mel")
    settings: dict[str, Any] = {
        "output_type": "mel",
        "n_bins": 64,
        "window_length": 64,
        "hop_length": 32,
        "n_mels": 4,
    }
    sampler: dict[str, Any] = {"duration": 0.02, "sample_rate": 8000}
    dataset = generateDataset(TestTone, sampler, str(before / "mel"), 2, settings, seed=2)  # type: ignore[arg-type]
    assert dataset.X.shape == (2, 4, 6)
    assert digest(before / "mel") == written


@pytest.mark.skipif(platform.machine() != "x86_64", reason="begun with the instructions of x86-64")
def test_an_unfinished_one_goes_on_to_the_same_bytes(before: Path) -> None:
    program = (
        "from kac_prediction.dataset import generateDataset\n"
        "from kac_prediction.samplers import TestTone\n"
        f"for name in ('unfinished', 'fresh'): generateDataset(TestTone, {TONES}, name, 4, seed=3)"
    )
    notes = (before / "unfinished/.generating/done.txt").read_text()
    assert notes.count("\n") >= 2  # samples that are not made again
    subprocess.run(
        [sys.executable, "-c", program],
        cwd=before,
        env=os.environ | {"KAC_ISA": "sse2"},
        check=True,
        capture_output=True,
    )
    assert digest(before / "unfinished") == digest(before / "fresh")
    loadDataset(str(before / "unfinished"), verify=True)


def test_a_published_journal_is_carried_out(before: Path) -> None:
    directory = before / "committed"
    assert (directory / "sample_00002.wav").exists()
    dataset = loadDataset(str(directory), verify=True)
    assert (len(dataset), dataset.seed) == (2, 4)
    files = {path.name for path in directory.iterdir()} - {".lock"}
    assert files == {"metadata.json", "x.npy", "sample_00000.wav", "sample_00001.wav"}


def test_a_model_predicts(before: Path) -> None:
    model = loadModel(before / "run", Linear)
    assert model.model_input == ModelInput(8000, 8, ("f_0",), ("Hz",), scales=("log",))
    assert model(torch.zeros(1, 8)).item() == pytest.approx(model.linear.bias.item())


def test_an_interrupted_training_resumes_to_the_same_end(before: Path) -> None:
    routine = Routine(str(before / "model"), device="cpu")
    routine.resume(before / "run")
    routine.setParameters(
        parameters(
            num_of_epochs=6,
            seed=11,
            learning_rate=0.05,
            schedule="one_cycle",
            gradient_clip=0.5,
            patience=50,
            with_early_stopping=True,
            augment_noise=-20.0,
        )
    )
    routine.importDataset(str(before / "tones"))
    routine.use_input(ModelInput(8000, 8, labels=("f_0",), units=("Hz",), scales=("log",)))
    routine.M = Linear(**routine.P, inputs=8)

    def score(i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        loss = routine.M.criterion(routine.M(x), y) / loop_length
        routine.M.testing_loss["aggregate"] += loss

    routine.train(score)
    end = json.loads((before / "end.json").read_text())
    for name, weights in routine.M.state_dict().items():
        np.testing.assert_allclose(weights.numpy(), end["weights"][name], rtol=1e-5)
    losses = [record["selection_loss"]["aggregate"] for record in routine.history]
    np.testing.assert_allclose(losses, end["history"], rtol=1e-5)
    assert [record["epoch"] for record in routine.history] == list(range(6))
