"""What can be known before drums are made is refused before drums are made."""

import gc
from pathlib import Path
from typing import Any

import pytest

from kac_prediction.dataset import generateDataset
from kac_prediction.pipeline import ModelInput, Routine
from kac_prediction.routines import DimOfRectangularDrum, SizeOfCircularDrum, SizeOfPolygonalDrum
from kac_prediction.samplers import PoissonModel
from models_of_users import Linear, parameters
from routines_of_users import squared
from samplers_of_users import Click

INPUT = ModelInput(8000, 3, labels=("pitch",), units=("Hz",))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"learning_rat": 0.1}, r"learning_rat in parameters .*did you mean learning_rate\?"),
        ({"shedule": "cosine"}, r"shedule in parameters .*did you mean schedule\?"),
        ({"schedule": "one_circle"}, r"did you mean one_cycle\?"),
        ({"depth": "tny"}, "depth must be one of full"),
        ({"dropout": 1.5}, "dropout must be below 1, got 1.5"),
        ({"batch_size": 0, "stream": True}, "streaming needs a batch_size from 1"),
        ({"augment_onset": 0.1}, "less than the 1024 samples"),
        ({"num_of_epochs": 0}, "num_of_epochs = 0 .* means until early stopping"),
    ],
)
def test_parameters_that_are_unknown_or_wrong(
    given: dict[str, Any], message: str, tmp_path: Path
) -> None:
    drums, stream = tmp_path / "drums", given.pop("stream", False)
    place: Any = {"dataset_dir": str(drums), "exports_dir": str(tmp_path / "model")}
    changes = {"schedule": "constant", **given}
    with pytest.raises(ValueError, match=message):
        SizeOfCircularDrum(parameters=changes, stream=stream, **place)
    gc.collect()
    assert not any(tmp_path.iterdir())


def test_a_file_with_an_unknown_key(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("bach_size: 2\n")
    routine = Routine(str(tmp_path))
    with pytest.raises(ValueError, match=r"bach_size in .*config\.yaml .*did you mean batch_size"):
        routine.setParameters(parameters(), config_path=str(tmp_path / "config.yaml"))


@pytest.fixture(scope="module")
def rectangles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of a short training."""
    home = tmp_path_factory.mktemp("rectangles")
    sound = {"duration": 0.03, "sample_rate": 48000, "M": 3, "N": 3}
    generateDataset(PoissonModel, sound, str(home / "drums"), 40, {"normalise_input": False})
    result = DimOfRectangularDrum(
        dataset_dir=str(home / "drums"),
        exports_dir=str(home / "model"),
        parameters={"num_of_epochs": 1, "dataset_size": 40, "batch_size": 14},
        device="cpu",
    )
    return result.best.parent


@pytest.mark.parametrize(
    ("routine", "options", "message"),
    [
        (
            SizeOfCircularDrum,
            {},
            "cannot be resumed by SizeOfCircularDrum, which predicts drum_size",
        ),
        (
            SizeOfPolygonalDrum,
            {},
            "by PoissonModel.* cannot be resumed by SizeOfPolygonal",
        ),
        (DimOfRectangularDrum, {"stream": True}, "learnt from the dataset, which this one"),
        (DimOfRectangularDrum, {"parameters": {"depth": "small"}}, None),
    ],
)
def test_the_checkpoint_of_another_training(
    routine: Any, options: dict[str, Any], message: str | None, rectangles: Path, tmp_path: Path
) -> None:
    drums = tmp_path / "drums"
    config = tmp_path / "config.yaml"
    config.write_text("depth: small\n" if message is None else "")
    with pytest.raises(ValueError, match=message or r"does not fit routine\.M"):
        routine(str(config), resume=str(rectangles), dataset_dir=str(drums), **options)
    assert not drums.exists()
    assert (rectangles / "last.pt").is_file()


def test_a_checkpoint_of_other_inputs(tmp_path: Path) -> None:
    def routine(model_input: ModelInput, resume: str = "") -> Routine:
        made = Routine(str(tmp_path), device="cpu")
        if resume:
            made.resume(resume)
        made.setParameters(parameters(num_of_epochs=1))
        made.M = Linear(**made.P, outputs=2)
        made.check(model_input)
        made.importDataset(
            str(tmp_path / "clicks"),
            LocalSampler=Click,
            representation_settings={"normalise_input": False},
            sampler_settings={"duration": 0.01, "sample_rate": 8000},
            dataset_size=20,
        )
        made.use_input(model_input)
        return made

    first = routine(INPUT)
    first.train(squared(first))
    other = ModelInput(8000, 3, labels=("level",), units=("",))
    with pytest.raises(ValueError, match=r"other inputs: labels was \('pitch',\) and now is"):
        routine(other, first.R["exports_dir"])
