"""The scale of legacy labels."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kac_prediction.dataset import SamplerInfo, TorchDataset, generateDataset
from kac_prediction.dataset.legacy import current_labels, legacy_scale
from kac_prediction.routines import SizeOfCircularDrum
from kac_prediction.samplers import BesselModel
from legacy_text import write

BESSEL = SamplerInfo(name="BesselModel", version="1.2.3")


def dataset(
    sampler: SamplerInfo, legacy: list[bool] | None = None, settings: dict[str, Any] | None = None
) -> TorchDataset:
    labels = [{"drum_size": [0.7], "strike_location": [0.0, 0.0]}, {"drum_size": [0.3]}]
    return TorchDataset(
        "nowhere",
        {},
        sampler,
        settings or {},
        torch.zeros(2, 4),
        [{k: torch.tensor(v, dtype=torch.float64) for k, v in y.items()} for y in labels],
        legacy=None if legacy is None else torch.tensor(legacy),
    )


def test_a_circle_has_the_fundamental_that_it_was_rendered_with() -> None:
    # Older software: f = z c / L_old; ours: f = z c / (2 pi a), where L = sqrt(pi) a.
    size = current_labels(dataset(BESSEL, [True, True]))[0]["drum_size"].item()
    radius = size / math.sqrt(math.pi)
    z, c = 2.404825557695773, 100.0
    assert z * c / (2 * math.pi * radius) == pytest.approx(z * c / 0.7, rel=1e-14)
    assert size == pytest.approx(0.19747, abs=1e-5)


@pytest.mark.parametrize("version", ["", "0.1.0", "1.0", "1.12.3", "2.0", "2.0.5"])
def test_versions_that_are_known(version: str) -> None:
    circle, rectangle = (
        legacy_scale({"name": name, "version": version}, {"M": 10})
        for name in ("BesselModel", "PoissonModel")
    )
    assert circle == pytest.approx(0.28209479177387814, rel=1e-15)
    assert rectangle == 0.5


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("FDTDModel", "1.0"),
        ("LaméModel", ""),
        ("BesselModel", "2.1"),
        ("BesselModel", "10.0"),
        ("PoissonModel", "new"),
    ],
)
def test_what_is_not_known_is_refused(name: str, version: str) -> None:
    sampler = SamplerInfo(name=name, version=version)
    with pytest.raises(ValueError, match=f"{name} of version"):
        current_labels(dataset(sampler, [True, False]))
    assert len(current_labels(dataset(sampler))) == 2


@pytest.mark.parametrize("version", ["1.2.0", "2.3.0"])
@pytest.mark.parametrize(
    ("name", "rim"), [("BesselModel", True), ("PoissonModel", [True, False, True, True])]
)
def test_sizes_of_the_corrected_samplers_are_ours(name: str, rim: Any, version: str) -> None:
    sampler = SamplerInfo(name=name, version=version)
    settings = {"boundary_conditions": rim}
    sizes = current_labels(dataset(sampler, [True, True], settings))
    assert [size["drum_size"].item() for size in sizes] == [0.7, 0.3]
    for wrong in (None, 1, [rim, rim], "True"):
        with pytest.raises(ValueError, match=f"{name} of version {version} .*boundary_conditions"):
            legacy_scale(sampler, {"boundary_conditions": wrong})
    # There were none in 2022.
    with pytest.raises(ValueError, match="unknown"):
        legacy_scale(SamplerInfo(name=name, version=""), settings)


def test_samples_of_ours_stay_as_they_are(tmp_path: Path) -> None:
    ours = generateDataset(BesselModel, {"duration": 0.01, "sample_rate": 8000}, str(tmp_path), 2)
    assert current_labels(ours) is ours.Y
    mixed = dataset(BESSEL, [False, True])
    sizes = [y["drum_size"].item() for y in current_labels(mixed)]
    assert sizes == [0.7, pytest.approx(0.3 / (2 * math.sqrt(math.pi)))]
    assert mixed.Y[1]["drum_size"].item() == 0.3


def test_other_labels_stay_as_they_are() -> None:
    converted = current_labels(dataset(BESSEL, [True, True]))
    assert converted[0]["strike_location"].tolist() == [0.0, 0.0]
    assert list(converted[1]) == ["drum_size"]


def test_shaped_labels_are_refused() -> None:
    shaped = dataset(BESSEL, [True, True])
    labels: Any = torch.ones(2, 1)
    shaped.Y = labels
    with pytest.raises(TypeError, match="shaped"):
        current_labels(shaped)


def test_a_routine_learns_metres_of_ours_from_circles_of_old(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    legacy = rng.uniform(0.3, 1.0, 8).repeat(5)
    write(
        tmp_path / "data",
        rng.normal(size=(40, 1440)).clip(-1, 1).tolist(),
        [f'{{"drum_size": [{size}], "strike_location": [0.1, 0.2]}}' for size in legacy],
        sampler='"BesselModel"',
        settings='{"duration": 0.03, "sample_rate": 48000}',
    )
    result = SizeOfCircularDrum(
        exports_dir=str(tmp_path / "model"),
        dataset_dir=str(tmp_path / "data"),
        parameters={"num_of_epochs": 1, "batch_size": 14},
    )
    assert len(result.evaluated) > 0
    expected = legacy[result.evaluated] / (2 * math.sqrt(math.pi))
    assert result.true["drum_size"] == pytest.approx(expected, rel=1e-6)
