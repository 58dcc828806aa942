"""loadModel: what it loads, from a file or a directory."""

import hashlib
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from kac_prediction.architecture import CRePE
from kac_prediction.pipeline import ExportedModel, Model, ModelInput, loading, loadModel
from models_of_users import Linear
from saved_models import exported, save

NAN = float("nan")
ONES = torch.ones(2)


@pytest.fixture
def model() -> Linear:
    torch.manual_seed(0)
    return Linear(0.1, inputs=4, outputs=2)


def named(checkpoint: ExportedModel, name: str) -> ExportedModel:
    """The same of a model of another class."""
    info = checkpoint["run_info"]["model"]
    assert info is not None
    info["name"] = name
    return checkpoint


def test_a_model_comes_back(model: Linear, tmp_path: Path) -> None:
    model_input = ModelInput(sample_rate=8000, length=4, labels=("a", "b"), units=("m", ""))
    save(tmp_path / "best.pt", exported(model, 7, model_input=model_input.to_dict()))
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


def test_the_order_of_legacy_programs_is_taken(
    model: Linear, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "best.pt", exported(model))
    for where in (tmp_path, str(tmp_path / "best.pt")):
        found = loadModel(Linear, where)
        assert found.linear.weight.equal(model.linear.weight)
    found = loadModel(Linear, tmp_path / "best.pt", "https://example.org/a.pt")
    assert found.linear.weight.equal(model.linear.weight)
    monkeypatch.setattr(loading, "_fetch", lambda url, sha256: tmp_path / url.rpartition("/")[2])
    loadModel(Linear, tmp_path / "nowhere.pt", "https://example.org/best.pt")
    for arguments in [(Linear,), (Linear, Linear), ("a.pt", "b.pt")]:
        with pytest.raises(TypeError, match=r"must be a class|needs the path"):
            loadModel(*arguments)  # type: ignore[call-overload]


def test_what_was_saved_as_float64_stays_so(model: Linear, tmp_path: Path) -> None:
    save(tmp_path / "a.pt", exported(model.double()))
    loaded = loadModel(tmp_path / "a.pt", Linear, device="cpu")
    assert loaded.linear.weight.equal(model.linear.weight)


def test_a_legacy_file_of_a_users_model_loads_as_float32(model: Linear, tmp_path: Path) -> None:
    old = exported(model.double(), format_version="absent", evaluation_loss=0.25)
    del old["hyperparameters"]["outputs"]
    old["hyperparameters"]["lr"] = 0.3
    save(tmp_path / "epoch_005.pt", old)
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

    save(tmp_path / "a.pt", named(exported(model, training_loss=3.0), "Converted"))
    assert loadModel(tmp_path / "a.pt", Converted).linear.out_features == 3


def test_a_network_of_this_package_is_found_without_importing_it(tmp_path: Path) -> None:
    """In a fresh process, which has imported nothing else."""
    torch.manual_seed(0)
    model = CRePE("tiny", 0.25, 1e-3, "adam", 1).eval()
    save(tmp_path / "best.pt", exported(model))
    program = (
        "import sys, torch\n"
        "from kac_prediction.pipeline import loadModel\n"
        "assert 'kac_prediction.architecture' not in sys.modules\n"
        "model = loadModel(sys.argv[1])\n"
        "print(type(model).__name__, model(torch.linspace(-1, 1, 1024)[None]).item())\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    name, said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert name == "CRePE"
    assert float(said) == pytest.approx(model(torch.linspace(-1, 1, 1024)[None]).item())


def test_a_class_defined_twice_is_the_last_one(model: Linear, tmp_path: Path) -> None:
    def define(number: int) -> type[Model]:
        class Again(Linear):
            which = number

        return Again

    kept = [define(1), define(2)]
    save(tmp_path / "a.pt", named(exported(model), "Again"))
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
            "does not fit Linear: the weights are.*network: linear.weight is missing. Load it",
        ),
        (
            {"hyperparameters": {"inputs": 4}},
            None,
            "not fit Linear.*lacks the hyperparameters learning_rate",
        ),
        (
            {"hyperparameters": {"learning_rate": 1.0}},
            None,
            r"does not fit.*network: linear.weight has the shape \(2, 4\), not \(2, 3\)\.",
        ),
        (
            {"model_state_dict": {"linear.weight": torch.ones(2, 4), "b": torch.ones(2)}},
            None,
            r"does not fit Linear.* network: b is unknown; linear.bias is missing\.",
        ),
        ({"run_info": {"model": "Linear"}}, None, "does not name its model"),
        ({"run_info": {"model": {"name": ["Linear"]}}}, None, "does not name its model"),
        ({"hyperparameters": {"learning_rate": "much", "inputs": 4}}, None, "does not fit Linear"),
        (
            {"hyperparameters": {"learning_rate": 0.1, "inputs": 4, "outputs": 10**12}},
            None,
            r"has 10 weights, too few for 1000000000000 outputs\.",
        ),
        (
            {"model_state_dict": {"linear.weight": NAN * torch.ones(2, 4), "linear.bias": ONES}},
            None,
            r"the weights of linear.weight are not finite numbers\.",
        ),
        (
            {"model_state_dict": {"linear.weight": torch.ones(2, 4), 3: ONES}},
            None,
            r"not fit Linear.* network: 3 is unknown; linear.bias is missing\.",
        ),
        ({"model_input": 3}, None, "does not fit Linear.*ModelInput"),
        ({"model_input": {"length": 3}}, None, "does not fit Linear.*ModelInput"),
        ({"model_state_dict": "absent"}, None, "lacks model_state_dict"),
    ],
)
def test_what_does_not_fit_is_named(
    changes: dict[str, Any], kind: type[Model] | None, message: str, model: Linear, tmp_path: Path
) -> None:
    save(tmp_path / "odd.pt", exported(model, **changes))
    with pytest.raises(ValueError, match=rf"(?s)odd\.pt.*{message}"):
        loadModel(tmp_path / "odd.pt", kind) if kind else loadModel(tmp_path / "odd.pt")


def test_a_missing_file_is_named_with_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "epoch_005.pt").touch()
    with pytest.raises(FileNotFoundError, match=r"epoch_006\.pt.*beside it are epoch_005\.pt"):
        loadModel(tmp_path / "epoch_006.pt")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        loadModel("/nowhere/model.pt")


def test_the_sha256_of_a_file_is_compared(model: Linear, tmp_path: Path) -> None:
    save(tmp_path / "best.pt", exported(model))
    sha256 = hashlib.sha256((tmp_path / "best.pt").read_bytes()).hexdigest()
    assert isinstance(loadModel(tmp_path, sha256=f"SHA256:{sha256.upper()}"), Linear)
    for wrong, message in (("0" * 64, f"best.pt has the sha256 {sha256}"), ("abc", "64 hexa")):
        with pytest.raises(ValueError, match=message):
            loadModel(tmp_path, sha256=wrong)


def run(directory: Path, model: Model, losses: dict[str, Any]) -> Path:
    """A directory of checkpoints with these losses, in the order of their epochs."""
    directory.mkdir(exist_ok=True)
    for epoch, (name, loss) in enumerate(losses.items()):
        changes = loss if isinstance(loss, dict) else {"selection_loss": {"aggregate": loss}}
        save(directory / name, exported(model, epoch, **changes))
    return directory


def epoch_of(path: Path) -> int:
    info = loadModel(path).run_info
    assert info is not None
    return info["epoch"]


def test_a_directory_is_its_best(model: Linear, tmp_path: Path) -> None:
    losses = {"epoch_000.pt": 0.1, "best.pt": 0.5, "last.pt": 0.2}
    assert epoch_of(run(tmp_path, model, losses)) == 1
    (tmp_path / "best.pt").unlink()
    assert epoch_of(tmp_path) == 0


@pytest.mark.parametrize(
    ("losses", "epoch"),
    [
        ({"epoch_000.pt": 0.3, "epoch_005.pt": 0.1, "last.pt": 0.2}, 1),
        ({"epoch_000.pt": 0.3, "epoch_005.pt": 0.2, "last.pt": 0.1}, 2),
        ({"epoch_000.pt": NAN, "epoch_005.pt": 0.2, "epoch_010.pt": float("inf")}, 1),
        ({"epoch_000.pt": 0.2, "epoch_005.pt": 0.2}, 0),
        # Of legacy programs, numbers or dictionaries.
        ({"epoch_0.pt": {"testing_loss": 0.3}, "epoch_5.pt": {"testing_loss": 0.2}}, 1),
        (
            {
                "epoch_0.pt": {"evaluation_loss": {"aggregate": 0.3, "size": 0.0}},
                "epoch_5.pt": {"evaluation_loss": {"aggregate": 0.2, "size": 1.0}},
            },
            1,
        ),
        ({"epoch_0.pt": {"training_loss": 0.2}, "epoch_5.pt": {"training_loss": 0.3}}, 0),
        # What chose is what counts, where there is any.
        (
            {
                "a.pt": {"training_loss": 0.1, "evaluation_loss": 0.1, "testing_loss": 0.3},
                "b.pt": {"training_loss": 0.2, "evaluation_loss": 0.2, "testing_loss": 0.2},
                "c.pt": {"training_loss": 0.0, "evaluation_loss": 0.0},
            },
            1,
        ),
    ],
)
def test_without_a_best_the_lowest_loss_counts(
    losses: dict[str, Any], epoch: int, model: Linear, tmp_path: Path
) -> None:
    assert epoch_of(run(tmp_path, model, losses)) == epoch


def test_other_files_are_ignored_and_named_in_one_line(
    model: Linear, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run(tmp_path, model, {"epoch_000.pt": 0.2, "odd.pt": {"training_loss": None}})
    (tmp_path / "log.jsonl").write_text("{}")
    (tmp_path / "wandb").mkdir()
    caplog.set_level(logging.INFO, "kac_prediction")
    for others in ("log.jsonl, odd.pt", "empty.pt, list.pt, log.jsonl, odd.pt"):
        caplog.clear()
        assert epoch_of(tmp_path) == 0
        assert caplog.messages == [
            f"{tmp_path}: took epoch_000.pt, of the lowest selection loss, 0.2; ignored: {others}"
        ]
        (tmp_path / "empty.pt").touch()
        torch.save([1, 2], tmp_path / "list.pt")


def test_a_directory_without_checkpoints_says_what_is_there(model: Linear, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"it holds no file$"):
        loadModel(tmp_path)
    (tmp_path / "epoch_005.pt").touch()
    run(tmp_path / "abc", model, {"best.pt": 0.2})
    with pytest.raises(FileNotFoundError, match=r"epoch_005\.pt, none can.*its folders: abc$"):
        loadModel(tmp_path)
