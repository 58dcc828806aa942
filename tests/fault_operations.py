"""What is done in a folder while calls of the system fail, and what that folder holds before."""

import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from click.testing import CliRunner

import kac_prediction
from kac_prediction.cli import deploy as deploy_command
from kac_prediction.dataset import (
    exportDataset,
    generateDataset,
    loadDataset,
    regenerateDataPoints,
    transformDataset,
)
from kac_prediction.listening import listen as listen_to
from kac_prediction.pipeline import ModelInput, Routine
from kac_prediction.pipeline.datasets.install import download_dataset
from kac_prediction.pipeline.tracking import local
from kac_prediction.pipeline.training import run
from kac_prediction.plot import curve
from kac_prediction.samplers import BesselModel
from legacy_text import write
from models_of_users import Linear, parameters
from published import FILE, NAME, archive, md5
from routines_of_users import squared

SETTINGS: Any = {"duration": 0.05, "sample_rate": 8000}
OTHER: Any = {"normalise_input": False}
EPOCHS = 3
CHECKSUMS: dict[str, str] = {}  # of the archive
Operation = Callable[[Path], object]

# Trainings write their pictures, but draw none: that takes longer than all else.
curve.curve_figure = lambda *_: None  # type: ignore[assignment]
local.png = run.png = lambda _: b"a picture"


def generate(folder: Path, settings: Any = None) -> None:
    generateDataset(BesselModel, SETTINGS, str(folder / "drums"), 6, settings, 1, 2)


def restore(folder: Path) -> None:
    generate(folder)  # of a dataset that has lost a sound


def transform(folder: Path) -> None:
    transformDataset(loadDataset(str(folder / "drums")), OTHER)


def regenerate(folder: Path) -> None:
    dataset = loadDataset(str(folder / "drums"))
    # Once: what an earlier call has committed is not drawn anew.
    if not any(dataset._header.revisions):  # type: ignore[union-attr]
        regenerateDataPoints(dataset, BesselModel, [2, 4])


def load(folder: Path) -> object:
    dataset = loadDataset(str(folder / "drums"))
    return dataset.X.numpy().tobytes(), str(dataset.Y)


def verify(folder: Path) -> None:
    loadDataset(str(folder / "drums"), verify=True)


def export(folder: Path) -> None:
    if not (folder / "export").exists():
        exportDataset(loadDataset(str(folder / "drums")), folder / "export")


def export_tar(folder: Path) -> None:
    if not (folder / "export").exists():
        exportDataset(loadDataset(str(folder / "drums")), folder / "export", "webdataset")


def convert(folder: Path) -> None:
    transformDataset(loadDataset(str(folder / "legacy"), verify=True), OTHER)


def train(folder: Path, stop: int = EPOCHS) -> None:
    """Train a model, or resume a run that has a checkpoint; press Ctrl-C in the epoch `stop`."""
    routine = Routine(str(folder / "runs"), device="cpu")
    for last in folder.glob("runs/*/last.pt"):
        routine.resume(last.parent)
    routine.setParameters(parameters(seed=1, dataset_split=(0.5, 0.25, 0.25)))
    routine.importDataset(str(folder / "sounds"))
    routine.use_input(ModelInput(8000, 256, labels=("drum_size",), units=("m",)))
    torch.manual_seed(0)
    routine.M = Linear(**routine.P, inputs=256)
    score = squared(routine)

    def scored(*batch: Any) -> None:
        if routine.R["epoch"] == stop:
            raise KeyboardInterrupt
        score(*batch)

    routine.train(scored)


def resume(folder: Path) -> None:
    train(folder)  # where a run was interrupted after its first epoch


def install(folder: Path) -> None:
    place = folder / "installed"
    if not (place / "metadata.json").exists():
        download_dataset(NAME, place, folder / FILE, CHECKSUMS[FILE])


def listen(folder: Path) -> object:
    return listen_to(folder / "drum.wav", None, str(folder / "any_drum.pt"), refine=False).to_json()


def deploy(folder: Path) -> object:
    files = [str(folder / name) for name in ("any_drum.pt", "drum.wav", "drum.flac")]
    options = ["--no-refine", "--out", str(folder / "out")]
    result = CliRunner().invoke(deploy_command, [*files, *options])
    if result.exit_code == 0:
        return result.output
    if isinstance(result.exception, SystemExit):  # in lines, which it has printed
        raise OSError(result.output)
    raise RuntimeError("a traceback") from result.exception


OPERATIONS: dict[str, Operation] = {
    each.__name__: each
    for each in (
        generate, restore, transform, regenerate, load, verify, export, export_tar, convert,
        train, resume, install, listen, deploy,
    )
}  # fmt: skip
NEEDS = {  # of what `make_source` makes; the others need the drums
    "generate": (),
    "convert": ("legacy",),
    "train": ("sounds",),
    "resume": ("sounds", "runs"),
    "install": (FILE,),
    "listen": ("any_drum.pt", "drum.wav"),
    "deploy": ("any_drum.pt", "drum.wav", "drum.flac"),
}


def make_source(folder: Path) -> None:
    """Datasets, a run that was interrupted, an archive, a model and sounds."""
    generate(folder)
    generateDataset(BesselModel, SETTINGS, str(folder / "sounds"), 20, OTHER, 1, 2)
    sounds = np.random.default_rng(1).uniform(-1, 1, (3, 400))
    write(folder / "legacy", sounds.tolist(), settings=json.dumps(SETTINGS))
    for i, sound in enumerate(sounds):  # one of which another program wrote
        path = folder / f"legacy/sample_{i:05d}.wav"
        soundfile.write(path, sound, 8000, "PCM_24" if i else "FLOAT")
    CHECKSUMS[FILE] = md5(archive(folder).read_bytes())
    shutil.rmtree(folder / "source")
    shutil.copy(Path(kac_prediction.__file__).parent / "weights/any_drum.pt", folder)
    drum = BesselModel(duration=0.5, sample_rate=48000, drum_size=0.3, decay_time=1.0)
    strike = drum.render([0])[0][0]
    for name in ("drum.wav", "drum.flac"):
        soundfile.write(folder / name, strike, 48000)
    with suppress(KeyboardInterrupt):
        train(folder, 1)


def prepare(name: str, source: Path, folder: Path) -> None:
    """Copy what an operation works on into a new folder, and nothing that it is to make."""
    folder.mkdir()
    for part in NEEDS.get(name, ("drums",)):
        copy = shutil.copytree if (source / part).is_dir() else shutil.copy
        copy(source / part, folder / part)
    if name == "restore":
        (folder / "drums/sample_00003.wav").unlink()
