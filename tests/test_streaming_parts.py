"""Chunks of a stream are made in parts, so that they can be cancelled: no bit depends on those."""

from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch

from kac_prediction.dataset import StreamingDataset, streaming
from kac_prediction.dataset.rendering import Renderer
from kac_prediction.samplers import BesselModel, FDTDModel
from samplers_of_users import Click

AS_IT_IS: Any = {"normalise_input": False}
SHORT: Any = {"duration": 0.004, "sample_rate": 8000}


@pytest.mark.parametrize("seconds", [0.0, 1e9])
@pytest.mark.parametrize("one_per_group", [False, True])
@pytest.mark.parametrize("Sampler", [FDTDModel, BesselModel, Click])
def test_into_which_parts_a_chunk_is_cut_changes_no_bit(
    monkeypatch: pytest.MonkeyPatch, Sampler: Any, one_per_group: bool, seconds: float
) -> None:
    monkeypatch.setattr(streaming, "_PART_SECONDS", seconds)
    settings = SHORT | ({"arbitrary_shape": "ConvexPolygon"} if Sampler is FDTDModel else {})
    sampler, size = Sampler(**settings), Sampler.group_size
    sampler.seed(1)
    indices = [k * size + k % size if one_per_group else k for k in range(3, 25)]
    sounds, labels = sampler.render(indices)
    stream = StreamingDataset(
        Sampler, settings, 1, AS_IT_IS, one_per_group=one_per_group, chunk=11, start=3
    )
    xs, ys = zip(*islice(stream, 22), strict=True)
    assert np.array_equal(torch.stack(xs).numpy(), sounds)
    assert [{name: value.tolist() for name, value in y.items()} for y in ys] == labels


def test_parts_are_whole_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "_PART_SECONDS", 0.0)
    parts: list[list[int]] = []
    make = Renderer.__call__

    def noted(render: Renderer, indices: Any) -> Any:
        parts.append(list(indices))
        return make(render, indices)

    monkeypatch.setattr(Renderer, "__call__", noted)
    next(iter(StreamingDataset(BesselModel, SHORT, 1, batch_size=10, start=3, threads=1)))
    assert parts[:3] == [[3, 4], [5, 6, 7, 8, 9], [10, 11, 12]]
