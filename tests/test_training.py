import json
import logging
import os
import random
import signal
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kac_prediction.pipeline import Routine, loadModel, read_checkpoint
from models_of_users import Linear, parameters
from routines_of_users import dataset, files, ready, scripted, squared


def test_it_learns(tmp_path: Path) -> None:
    routine = ready(tmp_path, num_of_epochs=40, learning_rate=0.1, dataset_split=(0.8, 0.1, 0.1))
    routine.train(squared(routine))
    first, last = routine.history[0], routine.history[-1]
    assert last["selection_loss"]["aggregate"] < 0.5 * first["selection_loss"]["aggregate"]
    assert last["training_loss"] < first["training_loss"]


def test_checkpoints_every_fifth_epoch_the_last_and_the_best(tmp_path: Path) -> None:
    routine = ready(tmp_path, num_of_epochs=8)
    routine.train(scripted(routine, [5, 4, 3, 6, 6, 6, 6, 6]))
    run = Path(routine.R["exports_dir"])
    found = {path.name: read_checkpoint(path) for path in sorted(run.glob("*.pt"))}
    epochs = {name: file["run_info"]["epoch"] for name, file in found.items()}
    numbered = {"epoch_000.pt": 0, "epoch_005.pt": 5, "epoch_007.pt": 7}
    assert epochs == {"best.pt": 2, "last.pt": 7} | numbered
    assert set(files(routine)) == {*epochs, "curve.png", "log.jsonl"}
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
    assert routine.R["epoch"] == 6
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


def test_without_a_seed_dropout_begins_with_the_generator_as_it_is(tmp_path: Path) -> None:
    weights, parts = [], []
    for noise in (0, 0, 1):
        routine = ready(tmp_path)
        torch.manual_seed(noise)
        state = torch.get_rng_state()
        routine.train(squared(routine))
        assert torch.get_rng_state().equal(state)
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
            torch.get_float32_matmul_precision(),
            torch.backends.cudnn.allow_tf32,
            torch.is_autocast_enabled("cpu"),
            torch.get_rng_state().tolist(),
            str(np.random.get_state()),  # noqa: NPY002
            list(warnings.filters),
            random.getstate(),
            dict(os.environ),
            signal.getsignal(signal.SIGINT),
            [logging.getLogger(name).handlers[:] for name in ("", "kac_prediction")],
        )

    for changes in ({"seed": 1}, {"precision": "auto"}, {"precision": "tf32"}):
        routine = ready(tmp_path, **changes)
        before = state()
        routine.train(squared(routine))
        assert state() == before


@pytest.mark.parametrize("threads", [1, 2])
def test_no_more_threads_are_used_than_the_process_may(threads: int, tmp_path: Path) -> None:
    seen = set()

    class Watching(Linear):
        def innerTrainingLoop(
            self, i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor
        ) -> None:
            seen.add(torch.get_num_threads())
            super().innerTrainingLoop(i, loop_length, x, y)

    before, allowed = torch.get_num_threads(), os.sched_getaffinity(0)
    torch.set_num_threads(threads)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        routine = ready(tmp_path, Watching(0.1))
        routine.train(squared(routine))
        assert torch.get_num_threads() == threads
    finally:
        os.sched_setaffinity(0, allowed)
        torch.set_num_threads(before)
    assert seen == {1}


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

    with pytest.raises(KeyboardInterrupt) as caught:
        routine.train(score)
    (note,) = caught.value.__notes__
    run = routine.R["exports_dir"]
    assert f"run {routine.R['id']} was interrupted in epoch 2: its last checkpoint is" in note
    assert f"{run}/last.pt; resume with --resume {run}, or routine.resume({run!r})" in note
    assert {"best.pt", "epoch_000.pt", "last.pt"} < set(files(routine))
    saved = read_checkpoint(Path(routine.R["exports_dir"]) / "last.pt")
    assert saved["run_info"]["epoch"] == 1
    assert saved["model_state_dict"]["linear.weight"].equal(kept[-1])
    assert not saved["model_state_dict"]["linear.weight"].equal(routine.M.linear.weight)


def test_ctrl_c_before_the_first_checkpoint_says_so(tmp_path: Path) -> None:
    routine = ready(tmp_path)

    def score(i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        routine.train(score)
    assert "before its first checkpoint" in caught.value.__notes__[0]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_names_epoch_and_checkpoint(value: float, tmp_path: Path) -> None:
    routine = ready(tmp_path, num_of_epochs=5)
    with pytest.raises(ValueError, match=r"epoch 2: testing_loss.*lower learning.*last\.pt"):
        routine.train(scripted(routine, [1, 1, value, 1, 1]))
    model = Linear(0.1)
    with torch.no_grad():
        model.linear.weight[0, 0] = value
    broken = ready(tmp_path, model)
    words = r"epoch 0: training_loss is not finite from batch 0 of 3 on.*none yet"
    with pytest.raises(ValueError, match=words):
        broken.train(squared(broken))


def test_the_batch_from_which_on_the_loss_is_not_finite_is_named(tmp_path: Path) -> None:
    routine = ready(tmp_path, num_of_epochs=5, batch_size=2)

    class Exploding(Linear):
        def innerTrainingLoop(
            self, i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor
        ) -> None:
            broken = routine.R["epoch"] == 3 and i == 4
            super().innerTrainingLoop(i, loop_length, x * float("inf") if broken else x, y)

    routine.M = Exploding(0.1)
    with pytest.raises(ValueError, match=r"epoch 3: .* from batch 4 of 6 on.*last\.pt"):
        routine.train(squared(routine))
    saved = read_checkpoint(Path(routine.R["exports_dir"]) / "last.pt")
    assert saved["run_info"]["epoch"] == 2
    assert all(value.isfinite().all() for value in saved["model_state_dict"].values())


@pytest.mark.parametrize("where", ["training", "scoring"])
@pytest.mark.parametrize("kind", ["torch", "really", "python"])
def test_a_memory_too_small_names_the_batch_size(kind: str, where: str, tmp_path: Path) -> None:
    def run_out() -> None:
        if kind == "torch":
            raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        if kind == "python":
            raise MemoryError
        torch.empty(2**60)

    class Large(Linear):
        def innerTrainingLoop(
            self, i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor
        ) -> None:
            if where == "training":
                run_out()
            super().innerTrainingLoop(i, loop_length, x, y)

    def score(i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        run_out()

    routine = ready(tmp_path, Large(0.1))
    with pytest.raises(
        MemoryError, match=r"memory of cpu is too small for a batch_size of 4: .* 2"
    ):
        routine.train(score)


def test_inputs_of_another_shape_than_the_models_are_named(tmp_path: Path) -> None:
    routine = ready(tmp_path, Linear(0.1, inputs=5))
    with pytest.raises(RuntimeError, match=r"4x3 and 5x1") as caught:
        routine.train(squared(routine))
    assert caught.value.__notes__ == ["The inputs of this batch had the shape (4, 3)."]


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


def test_a_model_without_an_optimiser_is_refused_before_it_learns(tmp_path: Path) -> None:
    routine = ready(tmp_path)
    del routine.M.optimiser
    with pytest.raises(ValueError, match=r"Linear has no optimiser.*self\.optimiser"):
        routine.train(squared(routine))
    assert files(routine) == []
    routine.M = Linear(**routine.P)
    routine.train(squared(routine))
    assert len(routine.history) == 3
