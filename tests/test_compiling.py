"""A compiled forward pass; a stand-in for torch's compiler says what it was asked for."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
import torch

from kac_prediction.pipeline import Model
from kac_prediction.pipeline.training.device import compiled
from models_of_users import Linear

Compiler = Callable[..., Any]


def linear() -> Linear:
    torch.manual_seed(0)
    return Linear(0.01)


def with_compiler(model: Model, compiler: Compiler, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a model be compiled to what a compiler says."""
    monkeypatch.setattr(
        model, "compile", lambda **how: setattr(model, "_compiled_call_impl", compiler)
    )


def test_a_model_learns_from_batches_of_one_shape_as_compiled_while_it_lasts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, seen = linear(), []
    with_compiler(model, lambda x: seen.append(tuple(x.shape)), monkeypatch)
    with compiled(model, True):
        for size in (4, 4, 3, 4):
            model(torch.ones(size, 3))
        assert seen == [(4, 3)] * 3
        model.eval()
        assert model(torch.ones(4, 3)).shape == (4, 1)
        model.train()
    model(torch.ones(4, 3))
    with compiled(model, False):
        model(torch.ones(4, 3))
    assert len(seen) == 3


def test_where_there_is_no_compiler_a_model_computes_as_it_is(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    model, tried = linear(), []

    def broken(x: torch.Tensor) -> torch.Tensor:
        tried.append(x)
        raise RuntimeError("Cannot find a working triton installation.\nRead on.")

    with_compiler(model, broken, monkeypatch)
    x = torch.ones(4, 3)
    with compiled(model, True), caplog.at_level(logging.WARNING):
        torch.manual_seed(1)
        first = model(x)
        torch.manual_seed(1)
        assert model(x).equal(first)
    torch.manual_seed(1)
    assert model(x).equal(first)
    assert len(tried) == 1
    assert [record.getMessage() for record in caplog.records] == [
        "Linear is not compiled, which torch cannot here: Cannot find a working triton"
        " installation."
    ]


def test_a_python_that_torch_cannot_compile_is_no_reason_to_fail(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    model = linear()

    def refused(**how: Any) -> None:
        raise RuntimeError("torch.compile is not supported on Python 3.99+")

    monkeypatch.setattr(model, "compile", refused)
    with compiled(model, True):
        assert model(torch.ones(4, 3)).shape == (4, 1)
    assert "3.99" in caplog.text


def test_a_model_s_own_error_is_its_own(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    model = linear()
    with_compiler(model, model._call_impl, monkeypatch)
    with compiled(model, True), pytest.raises(RuntimeError, match="shapes"):
        model(torch.ones(4, 5))
    assert not caplog.records


def test_a_model_that_its_user_compiled_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    model = linear()
    own = model._compiled_call_impl = lambda x: x  # type: ignore[assignment]
    with compiled(model, True):
        assert model._compiled_call_impl is own
    assert model._compiled_call_impl is own
