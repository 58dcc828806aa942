import copy
import inspect
import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from kac_prediction.pipeline import Model, Parameters
from models_of_users import Counter, Linear, parameters


def test_common_parameters_are_dropped_and_own_ones_remembered() -> None:
    model = Linear(**parameters(seed=1, patience=2), outputs=2)
    assert model.hyperparameters == {"learning_rate": 0.01, "inputs": 3, "outputs": 2}
    assert Linear(0.5).hyperparameters == {"learning_rate": 0.5, "inputs": 3, "outputs": 1}


def test_other_unknown_arguments_are_refused_as_ever() -> None:
    with pytest.raises(TypeError, match="depth"):
        Linear(0.5, depth=3)


def test_the_signature_stays() -> None:
    assert str(inspect.signature(Linear)) == (
        "(learning_rate: float, inputs: int = 3, outputs: int = 1) -> None"
    )


def test_a_model_that_takes_a_common_parameter_gets_it() -> None:
    class Greedy(Counter):
        def __init__(self, batch_size: int, **rest: Any) -> None:
            super().__init__()

    model = Greedy(**parameters(seed=5))
    assert model.hyperparameters == parameters(seed=5)


def test_what_is_remembered_is_plain(caplog: pytest.LogCaptureFixture) -> None:
    class Rich(Counter):
        def __init__(self, a: Any, b: Any, c: Callable[[], None] | None = None) -> None:
            super().__init__()

    with caplog.at_level(logging.WARNING):
        model = Rich(np.float64(0.5), [torch.tensor([1, 2]), (np.int64(3),)], c=print)
    assert model.hyperparameters == {"a": 0.5, "b": [[1, 2], (3,)]}
    assert type(model.hyperparameters["a"]) is float
    assert "Rich does not record c" in caplog.text


def test_a_subclass_must_define_its_parameters() -> None:
    class Incomplete(Model):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x

        def innerTrainingLoop(self, *batch: Any) -> None:
            pass

    with pytest.raises(TypeError, match="ModelHyperParameters"):
        Incomplete()
    with pytest.raises(TypeError, match="abstract"):
        Model()


def test_parameters_of_a_model_are_common_ones_and_its_own() -> None:
    assert Linear.ModelHyperParameters.__required_keys__ == {
        *Parameters.__required_keys__,
        "learning_rate",
    }
    assert {"seed", "patience"} <= Linear.ModelHyperParameters.__optional_keys__


def test_a_copy_is_a_model_too() -> None:
    model = Linear(0.1)
    twin = copy.deepcopy(model)
    assert twin.hyperparameters == model.hyperparameters
    assert twin.linear.weight.equal(model.linear.weight)
