import gc
import random
from pathlib import Path

import numpy as np
import pytest
import torch

from kac_prediction.pipeline import ModelInput, Routine, loadModel, read_checkpoint
from kac_prediction.samplers import TestTone
from models_of_users import Counter, Linear, parameters
from routines_of_users import dataset, files, ready, scripted, squared
from samplers_of_users import Click


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


def test_a_schedule_that_gives_way_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "endless.yaml").write_text("num_of_epochs: 0\nwith_early_stopping: True")
    routine = Routine(str(tmp_path / "runs"))
    with caplog.at_level("INFO"):
        routine.setParameters(parameters(schedule="cosine"), str(tmp_path / "endless.yaml"))
    assert routine.P["schedule"] == "constant"
    assert caplog.text.count("schedule: constant") == 1


def test_a_run_that_fails_before_its_training_leaves_no_directory(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"missing\.yaml"):
        Routine(str(tmp_path / "runs")).setParameters(parameters(), str(tmp_path / "missing.yaml"))
    gc.collect()
    assert list(tmp_path.iterdir()) == []
    kept = tmp_path / "kept"
    kept.mkdir()
    with pytest.raises(FileNotFoundError, match="no dataset"):
        Routine(str(kept)).importDataset(str(tmp_path / "drums"))
    with pytest.raises(ValueError, match="watch must be one of"):
        Routine(str(tmp_path / "runs"), {"watch": "weights"})
    gc.collect()
    assert [*tmp_path.rglob("*")] == [kept]


def test_a_run_that_is_replaced_before_its_training_leaves_no_directory(tmp_path: Path) -> None:
    trained = ready(tmp_path / "first", num_of_epochs=1)
    trained.train(squared(trained))
    other = Routine(str(tmp_path / "runs" / "of" / "mine"))
    other.resume(trained.R["exports_dir"])
    assert [path.name for path in tmp_path.iterdir()] == ["first"]


def test_a_gain_without_an_effect_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    routine = ready(tmp_path, num_of_epochs=1, augment_gain=6.0)
    model_input = ModelInput(8000, 4, labels=("tone",), units=("Hz",))
    routine.check(model_input)
    assert "no effect" not in caplog.text
    routine.model_input = model_input
    routine.train(squared(routine))
    assert caplog.text.count("augment_gain = 6 has no effect") == 1


@pytest.mark.parametrize("testing", [True, False])
def test_a_model_without_parameters_counts_batches(testing: bool, tmp_path: Path) -> None:
    routine = ready(tmp_path, Counter(), batch_size=1, testing=testing, num_of_epochs=1)
    seen: list[tuple[int, int]] = []

    def count(i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        seen.append((i, loop_length))
        assert x.dtype == y.dtype == torch.float32
        assert not routine.M.training
        assert not torch.is_grad_enabled()
        routine.M.testing_loss["aggregate"] += 1.0

    routine.train(count)
    assert seen == [(0, 4), (1, 4), (2, 4), (3, 4)] * (1 if testing else 2)
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
    assert {"best.pt", "epoch_000.pt", "last.pt", "log.jsonl"} <= set(files(routine))


def test_parameters_come_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("batch_size: 2\ndataset_split: !!python/tuple [1, 0, 0]\n")
    routine = Routine(str(tmp_path))
    routine.setParameters(parameters(), config_path=str(tmp_path / "p.yaml"))
    assert parameters(batch_size=2, dataset_split=(1.0, 0.0, 0.0)) == routine.P
    overrides = {"batch_size": 3, "seed": 4}
    routine.setParameters(parameters(), str(tmp_path / "p.yaml"), overrides)
    assert parameters(batch_size=3, seed=4, dataset_split=(1.0, 0.0, 0.0)) == routine.P
    with pytest.raises(ValueError, match="sead in the overrides is not a parameter of this model"):
        routine.setParameters(parameters(), overrides={"sead": 4})


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
