"""What a training sets of the machine, and that it is as before in the end."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from kac_prediction.pipeline.training.device import compute_settings, select_device
from kac_prediction.pipeline.training.options import TrainingPrecision

PRECISIONS: list[TrainingPrecision] = ["float32", "tf32", "bfloat16"]
NEWER = hasattr(torch.backends.cudnn, "conv")


def places() -> list[Any]:
    """Where torch has kept the precision since 2.9."""
    backends: Any = torch.backends
    matmul = [backends.cuda.matmul, backends.mkldnn.matmul]
    return [*matmul, backends.cudnn.conv, backends.cudnn.rnn] if NEWER else []


def newer() -> list[str]:
    """The settings there."""
    return [place.fp32_precision for place in places()]


@pytest.fixture
def newer_ways() -> Iterator[None]:
    """Products in TF32 and convolutions not, said in the newer way."""
    before = newer()
    for place, value in zip(places(), ("tf32", "ieee", "ieee", "tf32"), strict=True):
        place.fp32_precision = value
    yield
    for place, value in zip(places(), before, strict=True):
        place.fp32_precision = value


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_precision_holds_for_a_while(precision: TrainingPrecision) -> None:
    before = newer(), torch.get_float32_matmul_precision(), torch.get_num_threads()
    with compute_settings(precision, 1):
        assert torch.get_num_threads() == 1
        assert (torch.get_float32_matmul_precision() == "high") == (precision == "tf32")
        assert torch.backends.cudnn.allow_tf32 == (precision == "tf32")
    assert (newer(), torch.get_float32_matmul_precision(), torch.get_num_threads()) == before


@pytest.mark.skipif(not NEWER, reason="this torch has the older settings alone")
@pytest.mark.usefixtures("newer_ways")
@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_precision_set_in_the_newer_way_is_kept(precision: TrainingPrecision) -> None:
    before = newer()
    with pytest.raises(RuntimeError, match="mix of the legacy and new"):
        torch.get_float32_matmul_precision()
    with compute_settings(precision, 1):
        assert (torch.get_float32_matmul_precision() == "high") == (precision == "tf32")
        assert torch.backends.cudnn.allow_tf32 == (precision == "tf32")
    assert newer() == before


def test_a_device_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match="no device 'cuda:99' here, but cpu"):
        select_device("cuda:99")
