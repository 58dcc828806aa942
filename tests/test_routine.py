import json
import logging
import random
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kac_prediction.dataset import TorchDataset
from kac_prediction.pipeline import Model, ModelInput, Routine, loadModel, read_checkpoint
from kac_prediction.samplers import TestTone
from models_of_users import Counter, Linear, parameters
from samplers_of_users import Click

Loop = Callable[[int, int, torch.Tensor, torch.Tensor], None]


def dataset(size: int = 20, group_size: int = 1, inputs: int = 3) -> TorchDataset:
    """A line through the origin, in `inputs` dimensions."""
    X = torch.randn(size, inputs, generator=torch.Generator().manual_seed(0)).double()
    return TorchDataset(
        dataset_dir="/nowhere",
        representation_settings={"output_type": "end2end", "normalise_input": False},
        sampler={"name": "Line", "version": "0.1.0"},
        sampler_settings={"duration": 1.0, "sample_rate": inputs},
        X=X,
        Y=[{"sum": x.sum()[None]} for x in X],
        groups=torch.arange(size) // group_size,
        seed=0,
    )


def ready(tmp_path: Path, model: Model | None = None, **changes: Any) -> Routine:
    """A routine that could train now."""
    routine = Routine(str(tmp_path))
    routine.device = torch.device("cpu")  # the same numbers on every machine
    routine.setParameters(parameters(**changes))
    routine.D = dataset()
    torch.manual_seed(0)
    routine.M = Linear(**routine.P) if model is None else model
    return routine


def squared(routine: Routine) -> Loop:
    def score(i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        loss = routine.M.criterion(routine.M(x), y) / loop_length
        routine.M.testing_loss["aggregate"] += loss

    return score


def scripted(routine: Routine, losses: list[float]) -> Loop:
    """Losses by epoch, whatever the model says."""

    def score(i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        routine.M.testing_loss["aggregate"] += losses[routine.R["epoch"]] / loop_length

    return score


def files(routine: Routine) -> list[str]:
    return sorted(path.name for path in Path(routine.R["exports_dir"]).iterdir())


def test_a_new_routine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    state = random.getstate(), torch.get_rng_state(), np.random.get_state()  # noqa: NPY002
    routines = [Routine(), Routine("runs"), Routine(str(tmp_path / "runs"), {})]
    assert random.getstate() == state[0]
    assert torch.get_rng_state().equal(state[1])
    assert str(np.random.get_state()) == str(state[2])  # noqa: NPY002
    assert len({routine.R["id"] for routine in routines}) == 3
    for routine, parent in zip(routines, ["", "runs", "runs"], strict=True):
        assert routine.R["exports_dir"] == str(tmp_path / parent / routine.R["id"])
        assert Path(routine.R["exports_dir"]).is_dir()
        assert routine.R["model"] is None
        assert not routine.using_wandb
        assert isinstance(routine.device, torch.device)


@pytest.mark.parametrize("testing", [True, False])
def test_a_model_without_parameters_counts_batches(testing: bool, tmp_path: Path) -> None:
    routine = ready(tmp_path, Counter(), batch_size=1, testing=testing, num_of_epochs=1)

    def count(i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        assert 0 <= i < loop_length
        assert x.dtype == y.dtype == torch.float32
        assert not routine.M.training
        assert not torch.is_grad_enabled()
        routine.M.testing_loss["aggregate"] += 1.0

    routine.train(count)
    checkpoint = torch.load(Path(routine.R["exports_dir"]) / "best.pt", weights_only=True)
    assert checkpoint["training_loss"] == 12.0
    assert checkpoint["selection_loss"] == {"aggregate": 4.0}
    assert checkpoint["testing_loss"] == ({"aggregate": 4.0} if testing else None)
    assert checkpoint["evaluation_loss"] == (None if testing else {"aggregate": 4.0})
    assert checkpoint["hyperparameters"] == routine.P
    assert checkpoint["dataset"] == routine.D.info
    assert checkpoint["run_info"] == routine.R
    assert checkpoint["run_info"]["model"]["name"] == "Counter"
    assert "model_input" not in checkpoint


def test_the_parts_are_disjoint_and_the_third_is_untouched_while_testing(tmp_path: Path) -> None:
    seen: dict[str, set[float]] = {"train": set(), "score": set()}

    class Watching(Counter):
        def innerTrainingLoop(
            self, i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor
        ) -> None:
            seen["train"] |= set(y.flatten().tolist())

    routine = ready(tmp_path, Watching(), testing=True)
    routine.D = dataset(40, group_size=5)
    routine.D.Y = routine.D.groups[:, None]  # type: ignore[assignment]

    def score(i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        seen["score"] |= set(y.flatten().tolist())
        routine.M.testing_loss["aggregate"] += 1.0

    routine.train(score)
    assert not seen["train"] & seen["score"]
    assert len(seen["train"]) + len(seen["score"]) < 8
    tested = seen["score"]
    seen["score"] = set()
    routine.P["testing"] = False
    routine.train(score)
    assert tested < seen["score"]
    assert seen["train"] | seen["score"] == set(range(8))


def test_it_learns(tmp_path: Path) -> None:
    routine = ready(tmp_path, num_of_epochs=40, learning_rate=0.1, dataset_split=(0.8, 0.1, 0.1))
    routine.train(squared(routine))
    first, last = routine.history[0], routine.history[-1]
    assert last["selection_loss"]["aggregate"] < 0.1 * first["selection_loss"]["aggregate"]
    assert last["training_loss"] < first["training_loss"]


def test_checkpoints_every_fifth_epoch_the_last_and_the_best(tmp_path: Path) -> None:
    routine = ready(tmp_path, num_of_epochs=8)
    routine.train(scripted(routine, [5, 4, 3, 6, 6, 6, 6, 6]))
    assert files(routine) == [
        "best.pt",
        "epoch_000.pt",
        "epoch_005.pt",
        "epoch_007.pt",
        "log.jsonl",
    ]
    run = Path(routine.R["exports_dir"])
    found = {name: read_checkpoint(run / name) for name in files(routine) if name != "log.jsonl"}
    epochs = {name: file["run_info"]["epoch"] for name, file in found.items()}
    assert epochs == {"best.pt": 2, "epoch_000.pt": 0, "epoch_005.pt": 5, "epoch_007.pt": 7}
    assert all(file["evaluation_loss"] is not None for file in found.values())
    scored = [record["epoch"] for record in routine.history if "evaluation_loss" in record]
    assert scored == [0, 1, 2, 5, 7]
    best = loadModel(run)
    assert isinstance(best, Linear)
    assert best.run_info is not None
    assert best.run_info["epoch"] == 2


def test_early_stopping(tmp_path: Path) -> None:
    routine = ready(tmp_path, num_of_epochs=0, with_early_stopping=True, patience=3)
    routine.train(scripted(routine, [5, 4, 6, 3, 3, 7, 4, 0]))
    assert [record["epoch"] for record in routine.history] == list(range(7))
    assert "epoch_006.pt" in files(routine)
    assert read_checkpoint(routine.R["exports_dir"])["run_info"]["epoch"] == 3


def test_without_early_stopping_the_epochs_are_counted(tmp_path: Path) -> None:
    routine = ready(tmp_path, num_of_epochs=6, patience=1)
    routine.train(scripted(routine, [1, 2, 3, 4, 5, 6]))
    assert len(routine.history) == 6


def test_without_a_second_part_the_training_loss_chooses(tmp_path: Path) -> None:
    routine = ready(tmp_path, dataset_split=(1, 0, 0), num_of_epochs=2)
    routine.train(squared(routine))
    checkpoint = read_checkpoint(routine.R["exports_dir"])
    assert "selection_loss" not in checkpoint
    assert checkpoint["evaluation_loss"] is None
    assert checkpoint["training_loss"] == min(r["training_loss"] for r in routine.history)


def test_history_log_and_lines_agree(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    routine = ready(tmp_path)
    with caplog.at_level(logging.INFO, "kac_prediction"):
        routine.train(squared(routine))
    lines = (Path(routine.R["exports_dir"]) / "log.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == routine.history
    assert [record["epoch"] for record in routine.history] == [0, 1, 2]
    assert all(record["seconds"] > 0 for record in routine.history)
    assert len([line for line in caplog.messages if line.startswith("epoch ")]) == 3


def test_a_seed_gives_the_same_weights_and_leaves_the_generator_alone(tmp_path: Path) -> None:
    weights = []
    for noise in range(2):
        routine = ready(tmp_path, seed=3)
        torch.manual_seed(noise)
        state = torch.get_rng_state()
        routine.train(squared(routine))
        assert torch.get_rng_state().equal(state)
        weights.append(read_checkpoint(routine.R["exports_dir"])["model_state_dict"])
    assert weights[0]["linear.weight"].equal(weights[1]["linear.weight"])
    other = ready(tmp_path, seed=4)
    other.train(squared(other))
    weight = read_checkpoint(other.R["exports_dir"])["model_state_dict"]["linear.weight"]
    assert not weight.equal(weights[0]["linear.weight"])


def test_without_a_seed_dropout_draws_from_the_generator_as_it_is(tmp_path: Path) -> None:
    weights, parts = [], []
    for noise in (0, 0, 1):
        routine = ready(tmp_path)
        torch.manual_seed(noise)
        state = torch.get_rng_state()
        routine.train(squared(routine))
        assert not torch.get_rng_state().equal(state)
        weights.append(routine.M.state_dict()["linear.weight"])
        parts.append(torch.cat(routine.parts()))
    assert weights[0].equal(weights[1])
    assert not weights[0].equal(weights[2])
    assert parts[0].equal(parts[2])


def test_nothing_global_changes(tmp_path: Path) -> None:
    def state() -> tuple[Any, ...]:
        return (
            torch.get_default_dtype(),
            torch.get_num_threads(),
            torch.is_grad_enabled(),
            list(warnings.filters),
            random.getstate(),
        )

    before = state()
    routine = ready(tmp_path, seed=1)
    routine.train(squared(routine))
    assert state() == before


def test_a_float64_model_trains_in_float64(tmp_path: Path) -> None:
    routine = ready(tmp_path, Linear(0.1).double())

    def score(i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        assert x.dtype == y.dtype == torch.float64
        squared(routine)(i, loop_length, x, y)

    routine.train(score)
    assert next(loadModel(routine.R["exports_dir"]).parameters()).dtype == torch.float64


class Lazy(Linear):
    """Finds out how many inputs there are."""

    def __init__(self, learning_rate: float) -> None:
        super().__init__(learning_rate)
        self.linear = torch.nn.LazyLinear(1)
        self.optimiser = torch.optim.Adam(self.parameters(), lr=learning_rate)


class Frozen(Linear):
    """Learns an offset and leaves the rest alone."""

    def __init__(self, learning_rate: float) -> None:
        super().__init__(learning_rate)
        self.linear.weight.requires_grad_(False)


@pytest.mark.parametrize("kind", [Lazy, Frozen])
def test_layers_that_are_lazy_or_frozen(kind: type[Linear], tmp_path: Path) -> None:
    model = kind(0.1)
    before = {key: value.clone() for key, value in model.state_dict().items() if kind is Frozen}
    routine = ready(tmp_path, model)
    routine.train(squared(routine))
    stored = loadModel(Path(routine.R["exports_dir"]) / "epoch_002.pt", kind).state_dict()
    for key, value in model.state_dict().items():
        assert stored[key].equal(value)
    assert kind is Lazy or before["linear.weight"].equal(stored["linear.weight"])
    assert kind is Lazy or not before["linear.bias"].equal(stored["linear.bias"])


def test_ctrl_c_saves_the_last_finished_epoch_and_is_raised(tmp_path: Path) -> None:
    class Impatient(Linear):
        def innerTrainingLoop(
            self, i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor
        ) -> None:
            super().innerTrainingLoop(i, loop_length, x, y)
            if routine.R["epoch"] == 2 and i == 1:
                raise KeyboardInterrupt

    routine = ready(tmp_path, Impatient(0.1), num_of_epochs=10)
    kept = []

    def score(i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        if i == 0:
            kept.append(routine.M.state_dict()["linear.weight"].clone())
        scripted(routine, [1, 2])(i, loop_length, x, y)

    with pytest.raises(KeyboardInterrupt):
        routine.train(score)
    assert files(routine) == ["best.pt", "epoch_000.pt", "epoch_001.pt", "log.jsonl"]
    saved = read_checkpoint(Path(routine.R["exports_dir"]) / "epoch_001.pt")
    assert saved["run_info"]["epoch"] == 1
    assert saved["model_state_dict"]["linear.weight"].equal(kept[-1])
    assert not saved["model_state_dict"]["linear.weight"].equal(routine.M.linear.weight)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_names_epoch_and_checkpoint(value: float, tmp_path: Path) -> None:
    routine = ready(tmp_path, num_of_epochs=5)
    with pytest.raises(ValueError, match=r"epoch 2: testing_loss.*lower learning.*epoch_001\.pt"):
        routine.train(scripted(routine, [1, 1, value, 1, 1]))
    model = Linear(0.1)
    with torch.no_grad():
        model.linear.weight[0, 0] = value
    broken = ready(tmp_path, model)
    with pytest.raises(ValueError, match=r"epoch 0: training_loss is .*none yet"):
        broken.train(squared(broken))


def test_a_loop_without_an_aggregate_is_an_error(tmp_path: Path) -> None:
    routine = ready(tmp_path)
    with pytest.raises(ValueError, match=r"must add to routine\.M\.testing_loss"):
        routine.train(lambda i, loop_length, x, y: None)


@pytest.mark.parametrize(
    ("missing", "call"), [("P", "setParameters"), ("D", "importDataset"), ("M", "setModel")]
)
def test_what_is_missing_is_named_with_its_call(missing: str, call: str, tmp_path: Path) -> None:
    routine = Routine(str(tmp_path))
    for name, value in {"P": parameters(), "D": dataset(), "M": Linear(0.1)}.items():
        if name != missing:
            setattr(routine, name, value)
    with pytest.raises(ValueError, match=rf"routine\.{missing} is missing: call routine\.{call}"):
        routine.train(squared(routine))


def test_data_that_does_not_fit_together_is_refused(tmp_path: Path) -> None:
    routine = ready(tmp_path)
    routine.D.X = routine.D.X[:7]
    with pytest.raises(ValueError, match=r"D\.X holds 7 samples, D\.Y 20 and D\.groups 20"):
        routine.train(squared(routine))


def test_labels_that_hold_no_numbers_are_refused(tmp_path: Path) -> None:
    routine = ready(tmp_path)
    routine.D.Y = ["loud"] * 20  # type: ignore[list-item]
    with pytest.raises(TypeError, match=r"sample 0 of routine\.D\.Y is 'loud', a str"):
        routine.train(squared(routine))


def test_the_parts_are_those_that_are_trained_and_scored(tmp_path: Path) -> None:
    seen: dict[str, set[float]] = {"learned": set(), "scored": set()}

    class Watching(Counter):
        def innerTrainingLoop(
            self, i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor
        ) -> None:
            seen["learned"] |= set(y.flatten().tolist())

    def score(i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        seen["scored"] |= set(y.flatten().tolist())
        routine.M.testing_loss["aggregate"] += 1.0

    routine = ready(tmp_path, Watching(), num_of_epochs=1, seed=5)
    routine.D = dataset(40, group_size=5)
    routine.D.Y = list(range(40))  # type: ignore[arg-type]
    first, second, third = routine.parts()
    assert sorted(torch.cat([first, second, third]).tolist()) == list(range(40))
    groups = [set(routine.D.groups[part].tolist()) for part in (first, second, third)]
    assert sum(map(len, groups)) == len(set.union(*groups)) == 8
    routine.train(score)
    assert seen == {"learned": set(first.tolist()), "scored": {*second.tolist(), *third.tolist()}}
    routine.P["testing"] = True
    assert [len(part) for part in routine.parts()] == [len(first), len(second), 0]


@pytest.mark.parametrize(("missing", "call"), [("P", "setParameters"), ("D", "importDataset")])
def test_parts_need_parameters_and_a_dataset(missing: str, call: str, tmp_path: Path) -> None:
    routine = ready(tmp_path)
    delattr(routine, missing)
    with pytest.raises(ValueError, match=rf"routine\.{missing} is missing: call routine\.{call}"):
        routine.parts()


def test_assigning_a_model_is_setting_it(tmp_path: Path) -> None:
    routine = Routine(str(tmp_path))
    with pytest.raises(AttributeError, match="setModel"):
        _ = routine.M
    model = Linear(0.1)
    routine.M = model
    assert routine.M is model
    assert routine.R["model"] is not None
    assert routine.R["model"]["name"] == "Linear"
    routine.setModel(Counter())
    assert routine.R["model"]["name"] == "Counter"
    with pytest.raises(TypeError, match="must be a kac_prediction Model"):
        routine.setModel(torch.nn.Linear(1, 1))  # type: ignore[arg-type]


def test_training_again_is_a_run_of_its_own(tmp_path: Path) -> None:
    routine = ready(tmp_path, num_of_epochs=1)
    routine.train(squared(routine))
    first = dict(routine.R)
    content = (Path(str(first["exports_dir"])) / "best.pt").read_bytes()
    routine.train(squared(routine))
    assert routine.R["id"] != first["id"]
    assert routine.R["model"] == first["model"]
    assert (Path(str(first["exports_dir"])) / "best.pt").read_bytes() == content
    assert "best.pt" in files(routine)


def test_a_run_that_failed_is_over_too(tmp_path: Path) -> None:
    routine = ready(tmp_path, num_of_epochs=1)
    with pytest.raises(ValueError, match="none yet"):
        routine.train(scripted(routine, [float("nan")]))
    failed = routine.R["exports_dir"]
    routine.train(scripted(routine, [1.0]))
    assert routine.R["exports_dir"] != failed
    assert files(routine) == ["best.pt", "epoch_000.pt", "log.jsonl"]


def test_parameters_come_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("batch_size: 2\ndataset_split: !!python/tuple [1, 0, 0]\n")
    routine = Routine(str(tmp_path))
    routine.setParameters(parameters(), config_path=str(tmp_path / "p.yaml"))
    assert parameters(batch_size=2, dataset_split=(1.0, 0.0, 0.0)) == routine.P


def test_a_recipe_shapes_the_data_and_travels_with_the_model(tmp_path: Path) -> None:
    routine = Routine(str(tmp_path))
    routine.setParameters(parameters(num_of_epochs=1))
    routine.importDataset(
        str(tmp_path / "clicks"),
        LocalSampler=Click,
        representation_settings={"normalise_input": False},
        sampler_settings={"duration": 0.01, "sample_rate": 8000},
        dataset_size=20,
    )
    raw, labels = routine.D.X.clone(), routine.D.Y
    recipe = ModelInput(sample_rate=8000, length=3, labels=("pitch",), units=("Hz",))
    routine.use_input(recipe)
    assert routine.D.X.equal(recipe.waveforms(raw))
    assert torch.equal(torch.as_tensor(routine.D.Y), recipe.targets(labels))
    routine.M = Linear(**routine.P, outputs=2)
    assert routine.M.model_input == recipe
    routine.train(squared(routine))
    assert loadModel(routine.R["exports_dir"]).model_input == recipe


def test_labels_become_columns_in_their_order(tmp_path: Path) -> None:
    routine = ready(tmp_path, Linear(0.1, outputs=3))
    routine.importDataset(
        str(tmp_path / "clicks"), "", Click, None, {"duration": 0.01, "sample_rate": 8000}, 20
    )
    routine.D.X = routine.D.X[:, :3]

    def score(i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        assert y.shape == (len(x), 3)
        assert y[:, 0].max() < 1
        assert torch.allclose(y[:, 1], 2 * y[:, 2])
        routine.M.testing_loss["aggregate"] += 1.0

    routine.train(score)


def test_bars_are_silent_where_nobody_looks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    routine = ready(tmp_path)
    routine.train(squared(routine))
    assert capsys.readouterr() == ("", "")


def test_the_tone_that_spec_trains_on(tmp_path: Path) -> None:
    split = (0.7, 0.15, 0.15)
    routine = ready(tmp_path, Counter(), batch_size=1, dataset_split=split, num_of_epochs=1)
    routine.importDataset(
        str(tmp_path / "tones"),
        LocalSampler=TestTone,
        sampler_settings={"duration": 0.01, "sample_rate": 8000},
    )
    Y = torch.tensor([[y["f_0"][0]] for y in routine.D.Y])
    routine.D.Y = Y  # type: ignore[assignment]
    assert Y.shape == (200, 1)

    def score(i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        assert y.shape == (1, 1)
        routine.M.testing_loss["aggregate"] += 1.0

    routine.train(score)
    checkpoint = read_checkpoint(routine.R["exports_dir"])
    assert checkpoint["training_loss"] == 140.0
    assert checkpoint["selection_loss"] == checkpoint["evaluation_loss"] == {"aggregate": 30.0}
    assert checkpoint["hyperparameters"] == routine.P
