"""Learning rates, beside those of torch's own schedulers."""

from typing import Any

import pytest
import torch

from kac_prediction.pipeline.training.schedule import LearningRate

STEPS = 40


def optimiser(rate: float = 0.5) -> torch.optim.Optimizer:
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=rate)


def rates_of_torch(scheduler: torch.optim.lr_scheduler.LRScheduler) -> list[float]:
    rates = []
    for _ in range(STEPS):
        rates.append(scheduler.optimizer.param_groups[0]["lr"])
        scheduler.optimizer.step()
        scheduler.step()
    return rates


def rates_of_ours(*schedule: Any, rate: float = 0.5) -> list[float]:
    own = optimiser(rate)
    setter = LearningRate(own, *schedule)
    rates = []
    for step in range(STEPS):
        setter.set(step)
        rates.append(own.param_groups[0]["lr"])
        assert setter.at(step) == rates[-1]
    return rates


def test_cosine() -> None:
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser(), STEPS)
    assert rates_of_ours("cosine", STEPS) == pytest.approx(rates_of_torch(scheduler))


@pytest.mark.parametrize("warm_up", [0.25, 0.1, 0.6])
def test_one_cycle(warm_up: float) -> None:
    # torch counts one step more in the rise: its peak is at pct_start * steps - 1.
    peak = (warm_up * (STEPS - 1) + 1) / STEPS
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimiser(), 0.5, STEPS, pct_start=peak, final_div_factor=1e4 / 25
    )
    assert rates_of_ours("one_cycle", STEPS, warm_up) == pytest.approx(rates_of_torch(scheduler))


def test_constant_is_what_the_optimiser_asks_for() -> None:
    assert rates_of_ours(rate=0.3) == [0.3] * STEPS


@pytest.mark.parametrize("kind", ["constant", "cosine", "one_cycle"])
@pytest.mark.parametrize("steps", [1, 2])
def test_the_shortest_trainings_have_rates_above_0(kind: Any, steps: int) -> None:
    schedule = LearningRate(optimiser(), kind, steps, 0.0)
    assert all(0 < schedule.factor(step) <= 1 for step in range(steps))


def test_a_rate_in_memory_is_changed_there() -> None:
    own = optimiser()
    rate = torch.tensor(0.5)
    own.param_groups[0]["lr"] = rate
    setter = LearningRate(own, "cosine", 10)
    setter.set(5)
    assert own.param_groups[0]["lr"] is rate
    assert rate.item() == pytest.approx(0.25)


def test_resuming_keeps_the_initial_rate() -> None:
    first = optimiser()
    LearningRate(first, "cosine", 10).set(9)
    second = optimiser(7.0)
    second.load_state_dict(first.state_dict())
    setter = LearningRate(second, "cosine", 10)
    setter.set(0)
    assert second.param_groups[0]["lr"] == 0.5


def test_an_optimiser_without_a_rate_has_none() -> None:
    setter = LearningRate(torch.optim.Optimizer([torch.empty(0)], {}))
    setter.set(0)
    assert setter.at(0) is None
