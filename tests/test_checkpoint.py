import os
from pathlib import Path
from typing import Any

import pytest
import torch

from kac_prediction.pipeline import ExportedModel, Model, ModelInput, loadModel, read_checkpoint
from kac_prediction.pipeline.checkpoint import Checkpoints, save_checkpoint
from kac_prediction.pipeline.info import plain
from models_of_users import Linear, parameters


def exported(model: Model, epoch: int = 0, **changes: Any) -> ExportedModel:
    checkpoint = {
        "dataset": {"dataset_size": 10},
        "hyperparameters": {**parameters(), **model.hyperparameters},
        "evaluation_loss": None,
        "model_state_dict": model.state_dict(),
        "optimizer_state_dict": model.optimiser.state_dict(),
        "run_info": {
            "epoch": epoch,
            "exports_dir": "/somewhere",
            "id": "abc",
            "model": {"name": type(model).__name__, "version": "0.1.0"},
        },
        "testing_loss": None,
        "training_loss": 0.5,
        "format_version": 1,
        **changes,
    }
    return {key: value for key, value in checkpoint.items() if value != "absent"}  # type: ignore[return-value]


@pytest.fixture
def model() -> Linear:
    torch.manual_seed(0)
    return Linear(0.1, inputs=4, outputs=2)


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def test_a_model_comes_back(model: Linear, tmp_path: Path) -> None:
    model_input = ModelInput(sample_rate=8000, length=4, labels=("a", "b"), units=("m", ""))
    save_checkpoint(tmp_path / "best.pt", exported(model, 7, model_input=model_input.to_dict()))
    x = torch.randn(5, 4)
    for path in (tmp_path, tmp_path / "best.pt", str(tmp_path)):
        loaded = loadModel(path)
        assert isinstance(loaded, Linear)
        assert not loaded.training
        assert loaded(x).equal(model.eval()(x))
        assert loaded.hyperparameters == model.hyperparameters
        assert loaded.model_input == model_input
        assert loaded.run_info is not None
        assert loaded.run_info["epoch"] == 7
        assert loaded.dataset == {"dataset_size": 10}


def test_what_was_saved_as_float64_stays_so(model: Linear, tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "a.pt", exported(model.double()))
    loaded = loadModel(tmp_path / "a.pt", Linear, device="cpu")
    assert loaded.linear.weight.equal(model.linear.weight)


def test_an_older_file_loads_as_float32_without_outputs(model: Linear, tmp_path: Path) -> None:
    old = exported(model.double(), format_version="absent", evaluation_loss=0.25)
    del old["hyperparameters"]["outputs"]
    old["hyperparameters"]["lr"] = 0.3
    save_checkpoint(tmp_path / "epoch_005.pt", old)
    loaded = loadModel(tmp_path / "epoch_005.pt")
    assert isinstance(loaded, Linear)
    assert loaded.linear.weight.dtype == torch.float32
    assert loaded.linear.weight.shape == (2, 4)
    assert loaded.model_input is None


def test_a_model_may_convert_its_older_files(model: Linear, tmp_path: Path) -> None:
    class Converted(Linear):
        @classmethod
        def from_checkpoint(cls, checkpoint: ExportedModel) -> "Converted":
            return cls(0.1, inputs=4, outputs=int(checkpoint["training_loss"]))

    checkpoint = exported(model, training_loss=3.0)
    info = checkpoint["run_info"]["model"]
    assert info is not None
    info["name"] = "Converted"
    save_checkpoint(tmp_path / "a.pt", checkpoint)
    assert loadModel(tmp_path / "a.pt", Converted).linear.out_features == 3


def test_a_class_defined_twice_is_the_last_one(model: Linear, tmp_path: Path) -> None:
    def define(number: int) -> type[Model]:
        class Again(Linear):
            which = number

        return Again

    kept = [define(1), define(2)]
    checkpoint = exported(model)
    info = checkpoint["run_info"]["model"]
    assert info is not None
    info["name"] = "Again"
    save_checkpoint(tmp_path / "a.pt", checkpoint)
    assert type(loadModel(tmp_path / "a.pt")) is kept[1]


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"run_info": {"model": {"name": "Nobody", "version": "1"}}}, None, "Nobody.*not imported"),
        (
            {"run_info": {"model": {"name": "Nobody", "version": "1"}}},
            Linear,
            "Nobody, not a Linear",
        ),
        ({"run_info": {"model": None}}, None, "does not name its model"),
        (
            {"model_state_dict": {"linear.bias": torch.ones(2)}},
            None,
            "does not fit Linear.*Missing",
        ),
        ({"hyperparameters": {"inputs": 4}}, None, "does not fit Linear.*learning_rate"),
        ({"hyperparameters": {"learning_rate": 1.0}}, None, "does not fit Linear.*size mismatch"),
        ({"model_input": {"length": 3}}, None, "does not fit Linear.*ModelInput"),
        ({"model_state_dict": "absent"}, None, "lacks model_state_dict"),
    ],
)
def test_what_does_not_fit_is_named(
    changes: dict[str, Any], kind: type[Model] | None, message: str, model: Linear, tmp_path: Path
) -> None:
    save_checkpoint(tmp_path / "odd.pt", exported(model, **changes))
    with pytest.raises(ValueError, match=rf"(?s)odd\.pt.*{message}"):
        loadModel(tmp_path / "odd.pt", kind) if kind else loadModel(tmp_path / "odd.pt")


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.pt").write_text("this is no checkpoint")
    (tmp_path / "empty.pt").touch()
    torch.save([1, 2], tmp_path / "list.pt")
    torch.save({"model_state_dict": Path("x")}, tmp_path / "code.pt")
    for name in ("text.pt", "empty.pt", "list.pt", "code.pt"):
        with pytest.raises(ValueError, match=name):
            read_checkpoint(tmp_path / name)


def test_a_missing_file_is_named_with_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "epoch_005.pt").touch()
    with pytest.raises(FileNotFoundError, match=r"best\.pt.*beside it are epoch_005\.pt"):
        loadModel(tmp_path)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        loadModel("/nowhere/model.pt")


def test_a_failed_write_leaves_the_old_file(
    model: Linear, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_checkpoint(tmp_path / "best.pt", exported(model, 1))

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        save_checkpoint(tmp_path / "best.pt", exported(model, 2))
    assert read_checkpoint(tmp_path)["run_info"]["epoch"] == 1
    assert names(tmp_path) == {"best.pt"}


def test_the_last_finished_epoch_is_saved_as_it_was(model: Linear, tmp_path: Path) -> None:
    weight = model.linear.weight.detach().clone()

    def interrupted() -> None:
        with Checkpoints(tmp_path) as checkpoints:
            checkpoints.keep(exported(model, 0), due=True, best=True)
            checkpoints.keep(exported(model, 1), due=False, best=False)
            with torch.no_grad():
                model.linear.weight += 1
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert names(tmp_path) == {"best.pt", "epoch_000.pt", "epoch_001.pt"}
    saved = read_checkpoint(tmp_path / "epoch_001.pt")
    assert saved["model_state_dict"]["linear.weight"].equal(weight)


def test_only_what_is_due_or_best_is_written(model: Linear, tmp_path: Path) -> None:
    with Checkpoints(tmp_path) as checkpoints:
        assert checkpoints.rescue() is None
        checkpoints.keep(exported(model, 3), due=False, best=True)
        checkpoints.keep(exported(model, 4), due=False, best=False)
    assert names(tmp_path) == {"best.pt"}
    assert checkpoints.rescue() == checkpoints.rescue() == tmp_path / "epoch_004.pt"


def test_plain_refuses_what_a_checkpoint_cannot_hold() -> None:
    with pytest.raises(TypeError, match="Path"):
        plain({"a": [Path("x")]})
