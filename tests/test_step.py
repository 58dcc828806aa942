"""A training step, eager and recorded; a stand-in on the CPU replays the recording."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from kac_prediction.architecture import CRePE
from kac_prediction.pipeline import Model, TrainingOptions
from kac_prediction.pipeline.training.distributed import ProcessGroup
from kac_prediction.pipeline.training.options import TrainingPrecision
from kac_prediction.pipeline.training.schedule import LearningRate
from kac_prediction.pipeline.training.step import (
    WARM_UP,
    CudaGraphs,
    TrainingStep,
    capturable,
    optimiser_state,
    training_step,
)
from models_of_users import Linear, parameters
from routines_of_users import ready, squared

CPU = torch.device("cpu")


class Recorder(CudaGraphs):
    """Records as a CUDA graph does: nothing is done until it is played, in the same memory."""

    def __init__(self) -> None:
        self.warmed_up = self.recorded = self.played = 0

    def warm_up(self, work: Callable[[], None]) -> None:
        self.warmed_up += 1
        work()

    def record(self, work: Callable[[], None]) -> Callable[[], None]:
        self.recorded += 1

        def play() -> None:
            self.played += 1
            work()

        return play


def crepe() -> CRePE:
    torch.manual_seed(0)
    return CRePE("tiny", 0.0, 1e-3, "adam", 1)


def options(**changes: Any) -> TrainingOptions:
    return TrainingOptions.read(parameters(**changes))


def trained(model: Model, step: TrainingStep, sizes: list[int], epochs: int = 2) -> list[float]:
    """Losses of a few epochs on batches of these sizes."""
    draws = torch.Generator().manual_seed(1)
    rate = LearningRate(model.optimiser, "cosine", epochs * len(sizes))
    losses = []
    for epoch in range(epochs):
        step.begin_epoch()
        for i, size in enumerate(sizes):
            rate.set(epoch * len(sizes) + i)
            x = torch.randn(size, 1024, generator=draws)
            step(i, len(sizes), x, torch.rand(size, 1, generator=draws))
        losses.append(float(model.training_loss))
    return losses


def test_a_recorded_step_learns_what_a_plain_one_learns() -> None:
    sizes = [4, 4, 4, 4, 4, 2]
    first, second = crepe(), crepe()
    plain = trained(first, TrainingStep(first, CPU), sizes)
    recorder = Recorder()
    step = TrainingStep(second, CPU, graphs=recorder)
    assert trained(second, step, sizes) == plain
    assert (recorder.warmed_up, recorder.recorded) == (WARM_UP, 1)
    # All but the first few and the smaller ones, whose shape was not recorded.
    assert recorder.played == 2 * 5 - WARM_UP
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        assert one.equal(other)


def test_what_is_recorded_was_met_before_in_the_same_memory() -> None:
    # A compiled model would be compiled again for tensors that lie otherwise, amid the recording.
    model, met = crepe(), []

    class Watching(TrainingStep):
        def _train(self, i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
            met.append((x.data_ptr(), x.stride()))
            super()._train(i, loop_length, x, y)

    step = Watching(model, CPU, graphs=Recorder())
    step.begin_epoch()
    for i in range(WARM_UP + 2):
        step(i, WARM_UP + 2, torch.randn(2, 2048)[:, ::2], torch.rand(2, 1))
    assert len(met) == WARM_UP + 2
    assert len(set(met)) == 1


def test_a_batch_that_processes_share_unevenly_is_not_replayed() -> None:
    model, recorder = crepe(), Recorder()
    step = TrainingStep(model, CPU, graphs=recorder)
    trained(model, step, [2] * (WARM_UP + 1), 1)
    assert recorder.played == 1
    x, y = torch.randn(2, 1024), torch.rand(2, 1)
    step(0, WARM_UP + 1, x, y, weight=1.2)
    assert recorder.played == 1
    step(1, WARM_UP + 1, x, y, weight=1.0)
    assert recorder.played == 2


def test_the_loss_of_a_recorded_step_stays_in_its_place() -> None:
    model = crepe()
    step = TrainingStep(model, CPU, graphs=Recorder())
    step.begin_epoch()
    place = model.training_loss
    trained(model, step, [2, 2, 2, 2, 2])
    assert model.training_loss is place


def test_on_the_cpu_nothing_is_recorded() -> None:
    assert CRePE.capturable
    assert not Linear.capturable
    model = crepe()
    model._compiled_call_impl = model._call_impl  # type: ignore[assignment]  # by its user
    with training_step(model, CPU, options(compile=True), ProcessGroup()) as step:
        trained(model, step, [2] * (WARM_UP + 1), 1)
        assert isinstance(model.optimiser.param_groups[0]["lr"], float)
        assert not model.optimiser.param_groups[0]["capturable"]


def test_the_state_of_a_recorded_optimiser_suits_any_device() -> None:
    model = crepe()
    trained(model, TrainingStep(model, CPU), [2], 1)
    group = model.optimiser.param_groups[0]
    group |= {"capturable": True, "lr": torch.tensor(0.25)}
    state = optimiser_state(model.optimiser)
    assert state["param_groups"][0]["lr"] == 0.25
    assert state["param_groups"][0]["capturable"] is False
    assert group["capturable"] is True


def test_an_optimiser_is_capturable_until_the_end_of_a_recorded_training() -> None:
    model = crepe()
    trained(model, TrainingStep(model, CPU), [2], 1)
    (group,) = model.optimiser.param_groups
    with capturable(model.optimiser, CPU) as ready:
        assert ready
        assert group["capturable"]
        assert isinstance(group["lr"], torch.Tensor)
    assert group["capturable"] is False
    assert group["lr"] == pytest.approx(1e-3)
    with capturable(torch.optim.SGD(model.parameters(), 0.1), CPU) as ready:
        assert not ready


def test_gradients_are_clipped_while_it_lasts() -> None:
    model = Linear(0.1)
    weight = torch.nn.Parameter(torch.zeros(2))
    model.optimiser = optimiser = torch.optim.SGD([weight], lr=1.0)
    for clip, expected in ((0.5, [0.3, 0.4]), (0.0, [3.0, 4.0]), (100.0, [3.0, 4.0])):
        asked = options(gradient_clip=clip)
        with training_step(model, CPU, asked, ProcessGroup()), torch.no_grad():
            weight.zero_()
            weight.grad = torch.tensor([-3.0, -4.0])
            optimiser.step()
        assert weight.tolist() == pytest.approx(expected, rel=1e-5)
    assert not optimiser._optimizer_step_pre_hooks


@pytest.mark.parametrize("precision", ["float32", "tf32", "bfloat16"])
def test_numbers_are_cast_only_in_bfloat16(precision: TrainingPrecision) -> None:
    class Multiplying(Linear):
        def innerTrainingLoop(
            self, i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor
        ) -> None:
            product = torch.ones(2, 2) @ torch.ones(2, 2)
            assert (product.dtype == torch.bfloat16) == (precision == "bfloat16")

    model, batch = Multiplying(0.1), torch.ones(2, 3)
    TrainingStep(model, CPU, precision)(0, 1, batch, batch)
    # Older torch knows no autocast of some devices, not even one that is off.
    if precision == "float32":
        TrainingStep(model, torch.device("meta"), precision)(0, 1, batch, batch)


@pytest.mark.parametrize("precision", ["auto", "bfloat16", "tf32"])
def test_a_training_in_another_precision_learns_and_puts_everything_back(
    precision: str, tmp_path: Path
) -> None:
    products, convolutions = (
        torch.get_float32_matmul_precision(),
        torch.backends.cudnn.allow_tf32,
    )
    routine = ready(tmp_path, num_of_epochs=20, learning_rate=0.1, precision=precision)
    routine.train(squared(routine))
    losses = [record["selection_loss"]["aggregate"] for record in routine.history]
    assert losses[-1] < 0.2 * losses[0]
    assert torch.get_float32_matmul_precision() == products
    assert torch.backends.cudnn.allow_tf32 is convolutions
    assert next(routine.M.parameters()).dtype == torch.float32
